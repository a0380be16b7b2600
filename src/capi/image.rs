//! Images read from files, and the phantom.

use std::{
    ffi::{CString, c_char},
    path::Path,
};

use serde_json::json;

use super::{
    cancel::{sam2lung_cancel, token_of},
    error::sam2lung_error,
    guard::{Call, guard},
    pointers::{c_text, check_output, getter, hand_over, input, optional_text, release, text},
    progress::sink,
    status::sam2lung_status,
    volume::{fill, sam2lung_volume, view_of},
    warnings::Warnings,
};
use crate::{
    error::Result,
    io::{self, Ct, DicomSeries, NiftiForms, ReadOptions, Source},
    phantom::chest_phantom,
    progress::{CancelToken, Monitor},
    space::volume::Volume,
    warning::Warning,
};

/// A volume of this library's own. Never changes: any thread may read it, several at once.
pub struct sam2lung_image {
    pub(super) volume: Volume<f32>,
    /// What else is known of it; none for the phantom.
    pub(super) read: Option<ReadFacts>,
    facts: CString,
    warnings: Warnings,
}

/// What is known of a file or folder that was read. It names the patient.
#[derive(Clone)]
pub(super) struct ReadFacts {
    pub source: Source,
    pub warnings: Vec<Warning>,
    pub forms: Option<NiftiForms>,
    pub dicom: Option<DicomSeries>,
}

impl sam2lung_image {
    fn read(ct: Ct) -> Self {
        let facts = serde_json::to_string_pretty(&ct.source).expect("texts and numbers");
        let Ct { volume, source, warnings, forms, dicom } = ct;
        let told = Warnings::of(&warnings);
        let read = Some(ReadFacts { source, warnings, forms, dicom });
        sam2lung_image { volume, read, facts: c_text(&facts), warnings: told }
    }

    fn phantom(seed: u64) -> Self {
        let phantom = chest_phantom(seed);
        let facts = json!({ "format": "phantom", "seed": seed, "nodules": phantom.nodules });
        sam2lung_image {
            volume: phantom.ct,
            read: None,
            facts: c_text(&format!("{facts:#}")),
            warnings: Warnings::of(&[]),
        }
    }
}

/// Makes the object that `read` gives.
unsafe fn make(
    image: *mut *mut sam2lung_image,
    error: *mut *mut sam2lung_error,
    read: impl FnOnce(&Call) -> Result<sam2lung_image>,
) -> sam2lung_status {
    let work = |call: &Call| -> Result<()> {
        check_output(image, "image")?;
        let made = read(call)?;
        // SAFETY: it isn't NULL, so it can be written.
        unsafe { hand_over(image, made) };
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}

/// Lets `read` read under `token`.
fn monitored(
    call: &Call,
    token: CancelToken,
    read: impl FnOnce(&mut Monitor<'_>) -> Result<Ct>,
) -> Result<sam2lung_image> {
    // SAFETY: there is no callback.
    let mut report = unsafe { sink(call, None, std::ptr::null_mut(), token.clone()) };
    read(&mut Monitor::new(token, &mut report)).map(sam2lung_image::read)
}

/// Reads a CT: a folder with a DICOM series, NIfTI (.nii, .nii.gz), NRRD (.nrrd, .nhdr) or MetaImage (.mha, .mhd). What
/// can't be HU is refused.
///
/// Any thread.
///
/// @param path the folder or file, UTF-8, not NULL
/// @param series which of several CT series in the folder: its UID, "thinnest" or "first" (series number); may be NULL
/// @param cancel cancels the call from any thread, may be NULL
/// @param image where the image goes, not NULL; belongs to the caller, who frees it with sam2lung_image_free()
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_image_read_ct(
    path: *const c_char,
    series: *const c_char,
    cancel: *const sam2lung_cancel,
    image: *mut *mut sam2lung_image,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let read = |call: &Call| {
        // SAFETY: the contract of the C ABI.
        let (path, series) = unsafe { (text(path, "path")?, optional_text(series, "series")?) };
        // SAFETY: the contract of the C ABI.
        let token = unsafe { token_of(cancel) };
        let options = ReadOptions { series, ..ReadOptions::default() };
        monitored(call, token, |monitor| io::read_ct(Path::new(path), options, monitor))
    };
    // SAFETY: the contract of the C ABI.
    unsafe { make(image, error, read) }
}

/// Reads any scalar volume in these formats, such as a mask or a map, whatever its values mean.
///
/// Any thread.
///
/// @param path the folder or file, UTF-8, not NULL
/// @param image where the image goes, not NULL; belongs to the caller, who frees it with sam2lung_image_free()
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_image_read(
    path: *const c_char,
    image: *mut *mut sam2lung_image,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let read = |call: &Call| {
        // SAFETY: the contract of the C ABI.
        let path = unsafe { text(path, "path") }?;
        monitored(call, CancelToken::new(), |monitor| io::read_volume(Path::new(path), ReadOptions::default(), monitor))
    };
    // SAFETY: the contract of the C ABI.
    unsafe { make(image, error, read) }
}

/// Makes a chest CT by arithmetic, to try things out: 336 x 272 x 100 voxels with nodules that sam2lung_image_facts()
/// lists.
///
/// Any thread.
///
/// @param seed another seed gives another chest
/// @param image where the image goes, not NULL; belongs to the caller, who frees it with sam2lung_image_free()
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_image_phantom(
    seed: u64,
    image: *mut *mut sam2lung_image,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    // SAFETY: the contract of the C ABI.
    unsafe { make(image, error, |_| Ok(sam2lung_image::phantom(seed))) }
}

/// The voxels: SAM2LUNG_VOXEL_TYPE_FLOAT32, packed; HU for a CT.
///
/// They belong to the image and stay valid until it is freed; don't write to them. Any thread.
///
/// @param image the image, not NULL
/// @param volume where the view goes, not NULL, with struct_size set; no more than that is written
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_image_volume(
    image: *const sam2lung_image,
    volume: *mut sam2lung_volume,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    // SAFETY: the contract of the C ABI.
    let view = || unsafe { input(image, "image") }.map(|i| view_of(i.volume.view()));
    // SAFETY: the contract of the C ABI.
    unsafe { fill(volume, error, view) }
}

/// Where an image came from, as a JSON object; nothing in it names the patient.
///
/// Belongs to the image, valid until it is freed. Any thread.
///
/// @param image the image, may be NULL
/// @return UTF-8; "" for NULL; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_image_facts(image: *const sam2lung_image) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(image, c"".as_ptr(), |image| image.facts.as_ptr()) }
}

/// How many warnings an image has: what it can't be trusted for.
///
/// Any thread.
///
/// @param image the image, may be NULL
/// @return the number; 0 for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_image_warning_count(image: *const sam2lung_image) -> usize {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(image, 0, |image| image.warnings.count()) }
}

/// The name of a warning, `W_…`; it never changes once released.
///
/// Belongs to the image, valid until it is freed. Any thread.
///
/// @param image the image, may be NULL
/// @param index from 0, less than sam2lung_image_warning_count()
/// @return UTF-8; "" where there is none and for NULL; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_image_warning_name(image: *const sam2lung_image, index: usize) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(image, c"".as_ptr(), |image| image.warnings.name(index)) }
}

/// What a warning says, in English; show it beside the image.
///
/// Belongs to the image, valid until it is freed. Any thread.
///
/// @param image the image, may be NULL
/// @param index from 0, less than sam2lung_image_warning_count()
/// @return UTF-8; "" where there is none and for NULL; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_image_warning_text(image: *const sam2lung_image, index: usize) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(image, c"".as_ptr(), |image| image.warnings.text(index)) }
}

/// Frees an image and its voxels.
///
/// Any thread; not while another one reads it or a view of it.
///
/// @param image the image, may be NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_image_free(image: *mut sam2lung_image) {
    // SAFETY: NULL, or an object of this library that the caller gives up.
    unsafe { release(image) }
}
