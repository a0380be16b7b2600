//! Model bundles.

use std::{
    borrow::Cow,
    ffi::{CStr, CString, c_char, c_void},
    path::Path,
    slice,
    sync::Arc,
};

use super::{
    bundle_parts::Parts,
    error::sam2lung_error,
    guard::guard,
    pointers::{c_text, check_output, getter, hand_over, refuse, release, text},
    status::sam2lung_status,
};
use crate::{
    contract::{
        bundle::Bundle,
        classes::Output,
        signature::{SIGNATURE_FILE, Signature, Trust},
    },
    error::{Error, Result},
    models::Installed,
};

/// A checked model: its contract and its graphs. Never changes; several engines may be made from one.
pub struct sam2lung_bundle {
    pub(super) bundle: Arc<Bundle>,
    name: CString,
    version: CString,
    origin: CString,
    contract: CString,
    sha256: CString,
    signature: CString,
    pub(super) parts: Parts,
}

/// What the numbers of a label map are.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum sam2lung_output {
    /// Findings, 1 to N.
    Instances = 0,
    /// Classes, 1 to sam2lung_bundle_class_count().
    Regions = 1,
}

/// What the signature of a bundle is worth. Values of sam2lung_bundle_signature() and sam2lung_bundle_list_signature().
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum sam2lung_signature {
    /// There is none.
    Missing = 0,
    /// There is one, and no key was chosen to check it with.
    NotChecked = 1,
    /// It is that of model.json, by one of the chosen keys.
    Right = 2,
    /// The bundle is a part of the library.
    BuiltIn = 3,
    /// It is not that of model.json by any of the chosen keys: the bundle can't be opened.
    Wrong = 4,
}

impl From<&Signature> for sam2lung_signature {
    fn from(signature: &Signature) -> Self {
        match signature {
            Signature::Missing => sam2lung_signature::Missing,
            Signature::NotChecked => sam2lung_signature::NotChecked,
            Signature::By(_) => sam2lung_signature::Right,
            Signature::BuiltIn => sam2lung_signature::BuiltIn,
            Signature::Wrong(_) => sam2lung_signature::Wrong,
        }
    }
}

impl sam2lung_bundle {
    fn new(bundle: Bundle) -> Self {
        sam2lung_bundle {
            name: c_text(&bundle.model.name),
            version: c_text(&bundle.model.version),
            origin: c_text(&bundle.origin.display().to_string()),
            contract: c_text(&bundle.contract),
            sha256: c_text(&bundle.contract_sha256),
            signature: c_text(&bundle.signature.to_string()),
            parts: Parts::of(&bundle.model),
            bundle: Arc::new(bundle),
        }
    }
}

/// Makes the object that `open` gives.
unsafe fn make(
    bundle: *mut *mut sam2lung_bundle,
    error: *mut *mut sam2lung_error,
    open: impl FnOnce() -> Result<Bundle>,
) -> sam2lung_status {
    let work = || -> Result<()> {
        check_output(bundle, "bundle")?;
        let opened = sam2lung_bundle::new(open()?);
        // SAFETY: it isn't NULL, so it can be written.
        unsafe { hand_over(bundle, opened) };
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, |_| work()) }
}

/// Reads and checks the bundle in a folder, or an installed one by its name; no file outside its folder is opened, and the
/// folder isn't needed afterwards.
///
/// A signature (model.json.sig) is checked with the public keys in the folder that the environment variable SAM2LUNG_KEYS
/// names, else in the folder keys beside the usual folder of installed bundles (sam2lung_bundle_list_create()). A wrong one is
/// refused (E_SIGNATURE), and where SAM2LUNG_REQUIRE_SIGNATURE is 1 a missing one too. Any thread.
///
/// @param folder path of the folder that holds model.json; where nothing lies at that path the name of an installed bundle,
///   `NAME` (its newest version) or `NAME@VERSION`, since version 5 of the interface; UTF-8, not NULL
/// @param bundle where the bundle goes, not NULL; belongs to the caller, who frees it with sam2lung_bundle_free()
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_open(
    folder: *const c_char,
    bundle: *mut *mut sam2lung_bundle,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    // SAFETY: the contract of the C ABI.
    unsafe { make(bundle, error, || Installed::usual(Trust::usual()?).open(Path::new(text(folder, "folder")?))) }
}

/// Checks a bundle that lies in memory: what model.json holds, and the files that it names.
///
/// Everything is copied; nothing is needed after the call. Files that model.json doesn't name are left aside, but for
/// model.json.sig: its signature is checked as sam2lung_bundle_open() does. Any thread.
///
/// @param contract the bytes of model.json, not NULL
/// @param contract_bytes how many
/// @param names `count` names of files, as model.json has them, UTF-8, none NULL; may be NULL where count is 0
/// @param files where the bytes of each file begin, none NULL; may be NULL where count is 0
/// @param sizes how many bytes each file has; may be NULL where count is 0
/// @param count how many files
/// @param bundle where the bundle goes, not NULL; belongs to the caller, who frees it with sam2lung_bundle_free()
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_from_memory(
    contract: *const c_void,
    contract_bytes: usize,
    names: *const *const c_char,
    files: *const *const c_void,
    sizes: *const usize,
    count: usize,
    bundle: *mut *mut sam2lung_bundle,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let open = || {
        // SAFETY: the contract of the C ABI.
        let json = unsafe { bytes(contract, contract_bytes, "contract") }?;
        // SAFETY: the contract of the C ABI.
        let given = unsafe { given_files(names, files, sizes, count) }?;
        let signature = given.iter().find(|(name, _)| *name == SIGNATURE_FILE).map(|(_, bytes)| *bytes);
        let trust = Trust::usual()?;
        let signature = trust.accept(Path::new(IN_MEMORY), trust.look(json, signature))?;
        let mut bundle = Bundle::from_parts(IN_MEMORY.into(), json, |wanted| {
            let found = given.iter().find(|(name, _)| *name == wanted);
            let lacks = || Error::ModelBundle {
                bundle: IN_MEMORY.into(),
                reason: format!("{wanted}, which model.json names, isn't among the {count} file(s)"),
                remedy: "Give every file that model.json names".into(),
            };
            found.map(|(_, bytes)| Cow::Owned(bytes.to_vec())).ok_or_else(lacks)
        })?;
        bundle.signature = signature;
        Ok(bundle)
    };
    // SAFETY: the contract of the C ABI.
    unsafe { make(bundle, error, open) }
}

/// Origin of a bundle that came from no folder.
const IN_MEMORY: &str = "<in memory>";

/// # Safety
/// The arrays are NULL or have `count` entries each, which are NULL or point to what they say for `'a`.
unsafe fn given_files<'a>(
    names: *const *const c_char,
    files: *const *const c_void,
    sizes: *const usize,
    count: usize,
) -> Result<Vec<(&'a str, &'a [u8])>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    for (array, argument) in [(names.cast::<c_void>(), "names"), (files.cast(), "files"), (sizes.cast(), "sizes")] {
        if array.is_null() {
            return Err(refuse(argument, "NULL", format!("an array of {count}")));
        }
    }
    let entry = |n: usize| {
        // SAFETY: none is NULL, and the caller says that each has `count` entries.
        let (name, file, size) = unsafe { (*names.add(n), *files.add(n), *sizes.add(n)) };
        // SAFETY: the caller says what they point to.
        unsafe { Ok((text(name, &format!("names[{n}]"))?, bytes(file, size, &format!("files[{n}]"))?)) }
    };
    (0..count).map(entry).collect()
}

/// # Safety
/// `pointer` is NULL or points to `count` bytes that stay for `'a`.
unsafe fn bytes<'a>(pointer: *const c_void, count: usize, argument: &str) -> Result<&'a [u8]> {
    if pointer.is_null() {
        return Err(refuse(argument, "NULL", "a pointer to the first byte"));
    }
    if isize::try_from(count).is_err() {
        return Err(refuse(argument, format!("{count} bytes"), "as many as memory can hold"));
    }
    // SAFETY: it isn't NULL, and the caller says that it has as many bytes.
    Ok(unsafe { slice::from_raw_parts(pointer.cast(), count) })
}

/// Gives the bundle that is compiled into the library.
///
/// Any thread.
///
/// @param bundle where the bundle goes, not NULL; belongs to the caller, who frees it with sam2lung_bundle_free()
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_builtin(
    bundle: *mut *mut sam2lung_bundle,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    // SAFETY: the contract of the C ABI.
    unsafe { make(bundle, error, Bundle::builtin) }
}

/// A text of a bundle; "" for NULL.
pub(super) unsafe fn words(
    bundle: *const sam2lung_bundle,
    of: impl FnOnce(&sam2lung_bundle) -> &CStr,
) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(bundle, c"".as_ptr(), |bundle| of(bundle).as_ptr()) }
}

/// The model's name.
///
/// Belongs to the bundle, valid until it is freed. Any thread.
///
/// @param bundle the bundle, may be NULL
/// @return UTF-8; "" for NULL; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_name(bundle: *const sam2lung_bundle) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { words(bundle, |bundle| &bundle.name) }
}

/// The model's version.
///
/// Belongs to the bundle, valid until it is freed. Any thread.
///
/// @param bundle the bundle, may be NULL
/// @return UTF-8; "" for NULL; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_version(bundle: *const sam2lung_bundle) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { words(bundle, |bundle| &bundle.version) }
}

/// Where the bundle came from.
///
/// Belongs to the bundle, valid until it is freed. Any thread.
///
/// @param bundle the bundle, may be NULL
/// @return the folder as it was given, `<built in>` or `<in memory>`; "" for NULL; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_origin(bundle: *const sam2lung_bundle) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { words(bundle, |bundle| &bundle.origin) }
}

/// The whole contract: model.json as it was read.
///
/// Belongs to the bundle, valid until it is freed. Any thread.
///
/// @param bundle the bundle, may be NULL
/// @return JSON, UTF-8; "" for NULL; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_contract(bundle: *const sam2lung_bundle) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { words(bundle, |bundle| &bundle.contract) }
}

/// The sha256 of model.json, which in turn names that of each graph.
///
/// Belongs to the bundle, valid until it is freed. Any thread.
///
/// @param bundle the bundle, may be NULL
/// @return 64 lower-case hexadecimal digits; "" for NULL; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_sha256(bundle: *const sam2lung_bundle) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { words(bundle, |bundle| &bundle.sha256) }
}

/// What the bundle's signature is worth. Since version 5 of the interface.
///
/// Any thread.
///
/// @param bundle the bundle, may be NULL
/// @return a sam2lung_signature; SAM2LUNG_SIGNATURE_MISSING for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_signature(bundle: *const sam2lung_bundle) -> i32 {
    let of = |bundle: &sam2lung_bundle| sam2lung_signature::from(&bundle.bundle.signature) as i32;
    // SAFETY: the contract of the C ABI.
    unsafe { getter(bundle, sam2lung_signature::Missing as i32, of) }
}

/// The same in words, to be shown: "not signed", "signed, checked with hospital.pem". Since version 5 of the interface.
///
/// Belongs to the bundle, valid until it is freed. Any thread.
///
/// @param bundle the bundle, may be NULL
/// @return UTF-8, in English; "" for NULL; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_signature_text(bundle: *const sam2lung_bundle) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { words(bundle, |bundle| &bundle.signature) }
}

/// How many samples a run draws unless its options say otherwise.
///
/// Any thread.
///
/// @param bundle the bundle, may be NULL
/// @return the number; 0 for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_samples(bundle: *const sam2lung_bundle) -> u32 {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(bundle, 0, |bundle| bundle.bundle.model.sampling.samples as u32) }
}

/// Mean probability above which a voxel belongs to a nodule, unless the options of a run say otherwise.
///
/// Any thread.
///
/// @param bundle the bundle, may be NULL
/// @return above 0 and below 1; NaN for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_threshold(bundle: *const sam2lung_bundle) -> f64 {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(bundle, f64::NAN, |bundle| bundle.bundle.model.decision.threshold) }
}

/// Whether the model takes clicks: points of sam2lung_engine_run_at() then shape the outline, and points outside can be
/// given. Without clicks such points make sure that something is searched and outlined there.
///
/// Any thread.
///
/// @param bundle the bundle, may be NULL
/// @return whether it does; false for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_takes_clicks(bundle: *const sam2lung_bundle) -> bool {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(bundle, false, |bundle| bundle.bundle.model.takes_clicks()) }
}

/// The share of the slices that the fine network of a hybrid sees, unless the options of a run say otherwise
/// (sam2lung_run_options::share_of_slices). Since version 5 of the interface.
///
/// Any thread.
///
/// @param bundle the bundle, may be NULL
/// @return 0 to 1; NaN for a model that outlines with one network, and for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_share_of_slices(bundle: *const sam2lung_bundle) -> f64 {
    let of = |bundle: &sam2lung_bundle| {
        bundle.bundle.model.segment.hybrid.as_ref().map_or(f64::NAN, |hybrid| hybrid.share_of_slices)
    };
    // SAFETY: the contract of the C ABI.
    unsafe { getter(bundle, f64::NAN, of) }
}

/// What the numbers of the label map are. Since version 4 of the interface.
///
/// Any thread.
///
/// @param bundle the bundle, may be NULL
/// @return a sam2lung_output; SAM2LUNG_OUTPUT_INSTANCES for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_output(bundle: *const sam2lung_bundle) -> i32 {
    let of = |bundle: &sam2lung_bundle| match bundle.bundle.model.output {
        Output::Instances => sam2lung_output::Instances as i32,
        Output::Regions => sam2lung_output::Regions as i32,
    };
    // SAFETY: the contract of the C ABI.
    unsafe { getter(bundle, sam2lung_output::Instances as i32, of) }
}

/// Frees a bundle; engines that were made from it go on.
///
/// Any thread; not while another one uses it.
///
/// @param bundle the bundle, may be NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_free(bundle: *mut sam2lung_bundle) {
    // SAFETY: NULL, or an object of this library that the caller gives up.
    unsafe { release(bundle) }
}
