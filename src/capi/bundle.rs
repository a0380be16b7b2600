//! Model bundles.

use std::{
    ffi::{CStr, CString, c_char},
    path::Path,
    sync::Arc,
};

use super::{
    error::sam2lung_error,
    guard::guard,
    pointers::{c_text, check_output, getter, hand_over, release, text},
    status::sam2lung_status,
};
use crate::{error::Result, model::bundle::Bundle};

/// A checked model: its contract and its graphs. Never changes; several engines may be made from one.
pub struct sam2lung_bundle {
    pub(super) bundle: Arc<Bundle>,
    name: CString,
    version: CString,
    origin: CString,
    contract: CString,
    sha256: CString,
}

impl sam2lung_bundle {
    fn new(bundle: Bundle) -> Self {
        sam2lung_bundle {
            name: c_text(&bundle.spec.name),
            version: c_text(&bundle.spec.version),
            origin: c_text(&bundle.origin.display().to_string()),
            contract: c_text(&bundle.contract),
            sha256: c_text(&bundle.contract_sha256),
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

/// Reads and checks the bundle in a folder; no file outside it is opened, and the folder isn't needed afterwards.
///
/// Any thread.
///
/// @param folder path of the folder that holds model.json, UTF-8, not NULL
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
    unsafe { make(bundle, error, || Bundle::open(Path::new(text(folder, "folder")?))) }
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
unsafe fn words(bundle: *const sam2lung_bundle, of: impl FnOnce(&sam2lung_bundle) -> &CStr) -> *const c_char {
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
/// @return the folder as it was given, or `<built in>`; "" for NULL; never NULL
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

/// How many volumes a run takes: the channels of the model's input, all on one grid.
///
/// Any thread.
///
/// @param bundle the bundle, may be NULL
/// @return 1 in this version; 0 for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_channels(bundle: *const sam2lung_bundle) -> u32 {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(bundle, 0, |bundle| bundle.bundle.spec.channels() as u32) }
}

/// How many dropout samples a run draws unless its options say otherwise.
///
/// Any thread.
///
/// @param bundle the bundle, may be NULL
/// @return the number; 0 for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_bundle_samples(bundle: *const sam2lung_bundle) -> u32 {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(bundle, 0, |bundle| bundle.bundle.spec.sampling.samples as u32) }
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
    unsafe { getter(bundle, f64::NAN, |bundle| bundle.bundle.spec.decision.threshold) }
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
    unsafe { getter(bundle, false, |bundle| bundle.bundle.spec.decoder.clicks.is_some()) }
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
