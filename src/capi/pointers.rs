//! Pointers and texts of C, looked at before they are used; each refusal names the parameter.

use std::ffi::{CStr, CString, c_char};

use super::guard::neutral;
use crate::error::{Error, Result};

/// An argument that can't be.
pub fn refuse(argument: impl Into<String>, got: impl Into<String>, expected: impl Into<String>) -> Error {
    Error::Argument { argument: argument.into(), got: got.into(), expected: expected.into() }
}

/// What an input points to.
///
/// # Safety
/// `pointer` is NULL or points to a `T` that stays for `'a`.
///
/// # Errors
/// [`Error::Argument`] for NULL.
pub unsafe fn input<'a, T>(pointer: *const T, argument: &str) -> Result<&'a T> {
    // SAFETY: as this function's own.
    unsafe { pointer.as_ref() }.ok_or_else(|| refuse(argument, "NULL", "a pointer to an object"))
}

/// Refuses an output that can't be written, before anything is done.
///
/// # Errors
/// [`Error::Argument`] for NULL.
pub fn check_output<T>(pointer: *mut T, argument: &str) -> Result<()> {
    if pointer.is_null() { Err(refuse(argument, "NULL", "a pointer to where the output goes")) } else { Ok(()) }
}

/// Hands an object over to the caller.
///
/// # Safety
/// `place` went through [`check_output`] and can be written.
pub unsafe fn hand_over<T>(place: *mut *mut T, object: T) {
    // SAFETY: as this function's own.
    unsafe { place.write(Box::into_raw(Box::new(object))) };
}

/// Takes an object back and drops it; NULL is nothing.
///
/// # Safety
/// `object` is NULL or came from [`hand_over`] and isn't used any more.
pub unsafe fn release<T>(object: *mut T) {
    neutral((), || {
        if !object.is_null() {
            // SAFETY: as this function's own.
            drop(unsafe { Box::from_raw(object) });
        }
    });
}

/// A text.
///
/// # Safety
/// `pointer` is NULL or points to bytes that end with NUL and stay for `'a`.
///
/// # Errors
/// [`Error::Argument`] for NULL and for bytes that are no UTF-8.
pub unsafe fn text<'a>(pointer: *const c_char, argument: &str) -> Result<&'a str> {
    // SAFETY: as this function's own.
    unsafe { optional_text(pointer, argument) }?
        .ok_or_else(|| refuse(argument, "NULL", "a text (UTF-8, NUL-terminated)"))
}

/// A text that may be left out.
///
/// # Safety
/// As [`text`].
///
/// # Errors
/// [`Error::Argument`] for bytes that are no UTF-8.
pub unsafe fn optional_text<'a>(pointer: *const c_char, argument: &str) -> Result<Option<&'a str>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: it isn't NULL, and the caller says that it ends with NUL.
    let bytes = unsafe { CStr::from_ptr(pointer) };
    bytes.to_str().map(Some).map_err(|e| {
        let got = format!("'{}', whose byte {} is not UTF-8", bytes.to_string_lossy(), e.valid_up_to());
        refuse(argument, got, "a text in UTF-8")
    })
}

/// A text for C; a NUL in it, which would end it, becomes a space.
pub fn c_text(text: &str) -> CString {
    CString::new(text.replace('\0', " ")).expect("no NUL is left")
}

/// What `of` says of an object; `value` for NULL.
///
/// # Safety
/// `object` is NULL or points to a `T`.
pub unsafe fn getter<T, V>(object: *const T, value: V, of: impl FnOnce(&T) -> V) -> V
where
    V: Copy,
{
    // SAFETY: as this function's own.
    neutral(value, || unsafe { object.as_ref() }.map_or(value, of))
}
