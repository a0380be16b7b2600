//! The error object.

use std::ffi::{CStr, CString, c_char};

use super::{
    guard::neutral,
    pointers::{c_text, release},
    status::sam2lung_status,
};
use crate::{error::Error, progress::Stage};

/// Why a call failed. Belongs to the caller, who frees it with sam2lung_error_free().
pub struct sam2lung_error {
    status: sam2lung_status,
    name: CString,
    message: CString,
    stage: CString,
    remedy: CString,
}

/// Writes an error object to `error`, unless that is NULL, and returns its status.
///
/// # Safety
/// `error` is NULL or can be written.
pub(super) unsafe fn write_error(
    error: *mut *mut sam2lung_error,
    failure: &Error,
    stage: Option<Stage>,
) -> sam2lung_status {
    let status = sam2lung_status::from(failure);
    if !error.is_null() {
        let object = Box::new(sam2lung_error {
            status,
            name: c_text(failure.name()),
            message: c_text(&failure.to_string()),
            stage: c_text(stage.map_or("", Stage::title)),
            remedy: c_text(failure.remedy()),
        });
        // SAFETY: it isn't NULL, and the caller says that it can be written.
        unsafe { error.write(Box::into_raw(object)) };
    }
    status
}

/// A text of `error`; "" for NULL.
unsafe fn text(error: *const sam2lung_error, of: impl FnOnce(&sam2lung_error) -> &CStr) -> *const c_char {
    // SAFETY: an error pointer is NULL or an object of this library that wasn't freed.
    neutral(c"".as_ptr(), || unsafe { error.as_ref() }.map_or(c"", of).as_ptr())
}

/// Status of an error, the same that the failed call returned.
///
/// Any thread.
///
/// @param error the error, may be NULL
/// @return its status; SAM2LUNG_STATUS_OK for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_error_status(error: *const sam2lung_error) -> sam2lung_status {
    // SAFETY: as in `text`.
    neutral(sam2lung_status::Ok, || unsafe { error.as_ref() }.map_or(sam2lung_status::Ok, |error| error.status))
}

/// Name of an error, which never changes once released: programs match on it, people search for it.
///
/// Belongs to the error, valid until it is freed. Any thread.
///
/// @param error the error, may be NULL
/// @return for example "E_NOT_HU"; "" for NULL; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_error_name(error: *const sam2lung_error) -> *const c_char {
    // SAFETY: as in `text`.
    unsafe { text(error, |error| &error.name) }
}

/// The whole text: what was got, what was expected and what to do.
///
/// Belongs to the error, valid until it is freed. Any thread.
///
/// @param error the error, may be NULL
/// @return UTF-8, in English; "" for NULL; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_error_message(error: *const sam2lung_error) -> *const c_char {
    // SAFETY: as in `text`.
    unsafe { text(error, |error| &error.message) }
}

/// The stage of a run that failed.
///
/// Belongs to the error, valid until it is freed. Any thread.
///
/// @param error the error, may be NULL
/// @return for example "Segmenting slices"; "" for NULL and where no stage had begun; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_error_stage(error: *const sam2lung_error) -> *const c_char {
    // SAFETY: as in `text`.
    unsafe { text(error, |error| &error.stage) }
}

/// What to do: the part of the message that can be shown by itself.
///
/// Belongs to the error, valid until it is freed. Any thread.
///
/// @param error the error, may be NULL
/// @return UTF-8, in English; "" for NULL and where the message has no more to say than what was expected; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_error_remedy(error: *const sam2lung_error) -> *const c_char {
    // SAFETY: as in `text`.
    unsafe { text(error, |error| &error.remedy) }
}

/// Frees an error and its texts.
///
/// Any thread; not while another one reads it.
///
/// @param error the error, may be NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_error_free(error: *mut sam2lung_error) {
    // SAFETY: NULL, or an object of this library that the caller gives up.
    unsafe { release(error) }
}
