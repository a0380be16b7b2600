//! Which library this is.

use std::ffi::c_char;

/// Version of the binary interface that this header describes.
///
/// Grows by one when functions, fields or values are added; they are only ever added. A program that was compiled with this
/// header needs a library whose sam2lung_abi_version() is at least this.
pub const SAM2LUNG_ABI_VERSION: u32 = 5;

/// The library's version as text, for example "0.4.0".
///
/// Belongs to the library, valid as long as it is loaded. Any thread.
///
/// @return UTF-8; never NULL
#[unsafe(no_mangle)]
pub extern "C" fn sam2lung_version() -> *const c_char {
    // No guard: nothing here can panic.
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Version of the binary interface that this library has; compare it with SAM2LUNG_ABI_VERSION.
///
/// Any thread.
///
/// @return the version
#[unsafe(no_mangle)]
pub extern "C" fn sam2lung_abi_version() -> u32 {
    SAM2LUNG_ABI_VERSION
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    #[test]
    fn changelog_has_notes_of_this_version() {
        let heading = format!("## [{}]", env!("CARGO_PKG_VERSION"));
        assert!(include_str!("../../CHANGELOG.md").contains(&heading), "{heading}");
    }

    #[test]
    fn sam2lung_version_is_the_crates_version() {
        // SAFETY: the function returns a static string that ends with NUL.
        let text = unsafe { CStr::from_ptr(sam2lung_version()) };
        assert_eq!(text.to_str().unwrap(), crate::VERSION);
    }
}
