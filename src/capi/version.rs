//! Which library this is.

use std::ffi::c_char;

/// Version of the binary interface that this header describes.
///
/// Grows by one when functions are added; they are only ever added. A program that was compiled with this header
/// needs a library whose sam2lung_abi_version() is at least this.
pub const SAM2LUNG_ABI_VERSION: u32 = 1;

/// The library's version as text, for example "0.1.0".
///
/// Returns a NUL-terminated UTF-8 string, never NULL, that belongs to the library and stays valid until it is
/// unloaded: don't free it. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn sam2lung_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Version of the binary interface that this library has; compare it with SAM2LUNG_ABI_VERSION. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn sam2lung_abi_version() -> u32 {
    SAM2LUNG_ABI_VERSION
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    #[test]
    fn sam2lung_version_is_the_crates_version() {
        // SAFETY: the function returns a static string that ends with NUL.
        let text = unsafe { CStr::from_ptr(sam2lung_version()) };
        assert_eq!(text.to_str().unwrap(), crate::VERSION);
    }
}
