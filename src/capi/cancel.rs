//! Cancel tokens.

use super::{
    guard::guard,
    pointers::{check_output, getter, hand_over, release},
    status::sam2lung_status,
};
use crate::{capi::error::sam2lung_error, error::Result, progress::CancelToken};

/// Asks calls to stop, from any thread. One token may be given to several calls.
pub struct sam2lung_cancel(CancelToken);

/// The token of a call: cancelled with the one of the caller, and without it by the callback.
///
/// # Safety
/// `cancel` is NULL or a token that wasn't freed.
pub(super) unsafe fn token_of(cancel: *const sam2lung_cancel) -> CancelToken {
    // SAFETY: as this function's own.
    unsafe { cancel.as_ref() }.map_or_else(CancelToken::new, |cancel| cancel.0.child())
}

/// Makes a token that isn't cancelled.
///
/// Any thread.
///
/// @param cancel where the token goes, not NULL; belongs to the caller, who frees it with sam2lung_cancel_free()
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_cancel_create(
    cancel: *mut *mut sam2lung_cancel,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = || -> Result<()> {
        check_output(cancel, "cancel")?;
        // SAFETY: it isn't NULL, so it can be written.
        unsafe { hand_over(cancel, sam2lung_cancel(CancelToken::new())) };
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, |_| work()) }
}

/// Asks every call that has this token to stop, and every later one not to begin; asking again changes nothing.
///
/// Returns at once; the calls end soon after with SAM2LUNG_STATUS_CANCELLED. Any thread, but no signal handler: it takes a
/// lock.
///
/// @param cancel the token, may be NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_cancel_request(cancel: *const sam2lung_cancel) {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(cancel, (), |cancel| cancel.0.cancel()) }
}

/// Whether sam2lung_cancel_request() was called.
///
/// Any thread.
///
/// @param cancel the token, may be NULL
/// @return true once it was called; false for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_cancel_is_requested(cancel: *const sam2lung_cancel) -> bool {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(cancel, false, |cancel| cancel.0.is_cancelled()) }
}

/// Frees a token. Calls that were given it may still run; they can't be cancelled by it any more.
///
/// Any thread; not while another one is about to use it.
///
/// @param cancel the token, may be NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_cancel_free(cancel: *mut sam2lung_cancel) {
    // SAFETY: NULL, or an object of this library that the caller gives up.
    unsafe { release(cancel) }
}
