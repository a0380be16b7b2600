//! What goes into a bundle's run and what comes out: channels, classes, and regions that are made of classes.

use std::ffi::{CStr, CString, c_char};

use super::{
    bundle::{sam2lung_bundle, words},
    pointers::{c_text, getter},
};
use crate::contract::{
    classes::{Code, Unit},
    model::Model,
};

/// Which part of a code, as DICOM has them (PS3.3 section 8). Values of sam2lung_bundle_class_code() and
/// sam2lung_bundle_region_code().
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum sam2lung_code_part {
    /// The coding scheme, as SCT.
    Scheme = 0,
    /// The value, as 27925004.
    Value = 1,
    /// The meaning, as Nodule.
    Meaning = 2,
}

/// The texts of a bundle's parts, as C has them.
pub(super) struct Parts {
    channels: Vec<CString>,
    classes: Vec<Part>,
    regions: Vec<Part>,
}

/// A class or a region.
struct Part {
    name: CString,
    /// In the order of [`sam2lung_code_part`].
    code: Option<[CString; 3]>,
}

impl Parts {
    /// Those of a model.
    pub fn of(model: &Model) -> Self {
        Parts {
            channels: model.channels.iter().map(|channel| c_text(&channel.name)).collect(),
            classes: model.classes.iter().map(|class| Part::of(&class.name, class.code.as_ref())).collect(),
            regions: model.regions.iter().map(|region| Part::of(&region.name, region.code.as_ref())).collect(),
        }
    }

    fn class(&self, index: usize) -> Option<&Part> {
        self.classes.get(index)
    }
}

impl Part {
    fn of(name: &str, code: Option<&Code>) -> Self {
        let code = code.map(|Code(scheme, value, meaning)| [scheme, value, meaning].map(|text| c_text(text)));
        Part { name: c_text(name), code }
    }

    fn code(&self, part: i32) -> &CStr {
        let part = usize::try_from(part).ok();
        self.code.as_ref().zip(part).and_then(|(code, part)| code.get(part)).map_or(c"", |text| text.as_c_str())
    }
}

/// Red, green and blue in one number.
fn packed([red, green, blue]: [u8; 3]) -> u32 {
    u32::from_be_bytes([0, red, green, blue])
}

/// How many volumes a run takes: the channels of the model's input, all on one grid.
///
/// Any thread.
///
/// @param bundle the bundle, may be NULL
/// @return at least 1; 0 for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_channels(bundle: *const sam2lung_bundle) -> u32 {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(bundle, 0, |bundle| bundle.bundle.model.channels() as u32) }
}

/// The name of a volume that a run takes, such as CT or PET. Since version 5 of the interface.
///
/// Belongs to the bundle, valid until it is freed. Any thread.
///
/// @param bundle the bundle, may be NULL
/// @param index which one, from 0: its place among the volumes of a run
/// @return ASCII letters, digits, `-`, `_`; "" for NULL and where there is no such channel; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_channel_name(bundle: *const sam2lung_bundle, index: usize) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { words(bundle, |bundle| bundle.parts.channels.get(index).map_or(c"", |name| name.as_c_str())) }
}

/// Whether a volume has to be a CT in Hounsfield units; a run refuses another one. Since version 5 of the interface.
///
/// Any thread.
///
/// @param bundle the bundle, may be NULL
/// @param index which one, from 0
/// @return whether it has to; false for NULL and where there is no such channel
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_channel_is_hu(bundle: *const sam2lung_bundle, index: usize) -> bool {
    let of = |bundle: &sam2lung_bundle| {
        bundle.bundle.model.channels.get(index).is_some_and(|channel| channel.unit == Unit::Hounsfield)
    };
    // SAFETY: the contract of the C ABI.
    unsafe { getter(bundle, false, of) }
}

/// How many classes the model tells apart, without the background. Since version 4 of the interface.
///
/// Any thread.
///
/// @param bundle the bundle, may be NULL
/// @return at least 1; 0 for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_class_count(bundle: *const sam2lung_bundle) -> usize {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(bundle, 0, |bundle| bundle.parts.classes.len()) }
}

/// The name of a class (sam2lung_nodule::class_name). Since version 4 of the interface.
///
/// Belongs to the bundle, valid until it is freed. Any thread.
///
/// @param bundle the bundle, may be NULL
/// @param index which one, from 0; with SAM2LUNG_OUTPUT_REGIONS its number in the label map is one more
/// @return UTF-8; "" for NULL and where there is no such class; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_class_name(bundle: *const sam2lung_bundle, index: usize) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { words(bundle, |bundle| bundle.parts.class(index).map_or(c"", |class| class.name.as_c_str())) }
}

/// The colour in which a class is to be shown. Since version 4 of the interface.
///
/// Any thread.
///
/// @param bundle the bundle, may be NULL
/// @param index which one, from 0
/// @return red, green and blue, 0 to 255 each: red * 65536 + green * 256 + blue; 0 for NULL and where there is no such class
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_class_colour(bundle: *const sam2lung_bundle, index: usize) -> u32 {
    let of = |bundle: &sam2lung_bundle| bundle.bundle.model.classes.get(index).map_or(0, |class| packed(class.colour));
    // SAFETY: the contract of the C ABI.
    unsafe { getter(bundle, 0, of) }
}

/// A part of the code of a class. Since version 5 of the interface.
///
/// Belongs to the bundle, valid until it is freed. Any thread.
///
/// @param bundle the bundle, may be NULL
/// @param index which one, from 0
/// @param part a sam2lung_code_part
/// @return UTF-8; "" for NULL, where there is no such class or part, and where the class has no code; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_class_code(
    bundle: *const sam2lung_bundle,
    index: usize,
    part: i32,
) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { words(bundle, |bundle| bundle.parts.class(index).map_or(c"", |class| class.code(part))) }
}

/// How many regions the model makes of its classes, such as a whole of core and rim. Since version 5 of the interface.
///
/// With SAM2LUNG_OUTPUT_REGIONS a result measures them behind the classes: region n is the "nodule" with the number
/// sam2lung_bundle_class_count() + n + 1. They have no number in the label map: a voxel belongs to a region if it belongs to one
/// of its classes. Any thread.
///
/// @param bundle the bundle, may be NULL
/// @return the number, often 0; 0 for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_region_count(bundle: *const sam2lung_bundle) -> usize {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(bundle, 0, |bundle| bundle.parts.regions.len()) }
}

/// The name of a region. Since version 5 of the interface.
///
/// Belongs to the bundle, valid until it is freed. Any thread.
///
/// @param bundle the bundle, may be NULL
/// @param index which one, from 0
/// @return UTF-8; "" for NULL and where there is no such region; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_region_name(bundle: *const sam2lung_bundle, index: usize) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { words(bundle, |bundle| bundle.parts.regions.get(index).map_or(c"", |region| region.name.as_c_str())) }
}

/// The colour in which a region is to be shown. Since version 5 of the interface.
///
/// Any thread.
///
/// @param bundle the bundle, may be NULL
/// @param index which one, from 0
/// @return as sam2lung_bundle_class_colour(); 0 for NULL and where there is no such region
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_region_colour(bundle: *const sam2lung_bundle, index: usize) -> u32 {
    let of =
        |bundle: &sam2lung_bundle| bundle.bundle.model.regions.get(index).map_or(0, |region| packed(region.colour));
    // SAFETY: the contract of the C ABI.
    unsafe { getter(bundle, 0, of) }
}

/// A part of the code of a region. Since version 5 of the interface.
///
/// Belongs to the bundle, valid until it is freed. Any thread.
///
/// @param bundle the bundle, may be NULL
/// @param index which one, from 0
/// @param part a sam2lung_code_part
/// @return UTF-8; "" for NULL, where there is no such region or part, and where the region has no code; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_region_code(
    bundle: *const sam2lung_bundle,
    index: usize,
    part: i32,
) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { words(bundle, |bundle| bundle.parts.regions.get(index).map_or(c"", |region| region.code(part))) }
}

/// Whether a class belongs to a region. Since version 5 of the interface.
///
/// Any thread.
///
/// @param bundle the bundle, may be NULL
/// @param index which region, from 0
/// @param class_index which class, from 0
/// @return whether it does; false for NULL and where there is no such region or class
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_region_has_class(
    bundle: *const sam2lung_bundle,
    index: usize,
    class_index: usize,
) -> bool {
    let of = |bundle: &sam2lung_bundle| {
        let model = &bundle.bundle.model;
        let both = model.regions.get(index).zip(model.classes.get(class_index));
        both.is_some_and(|(region, class)| region.of.contains(&class.name))
    };
    // SAFETY: the contract of the C ABI.
    unsafe { getter(bundle, false, of) }
}
