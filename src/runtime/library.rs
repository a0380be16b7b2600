//! A look into a file before it is loaded for good as ONNX Runtime.
//!
//! The loader maps a truncated library as if it were whole, and the process dies at the first page that isn't there; and
//! what was once taken as ONNX Runtime stays. So the file's own tables are compared with its length, and its version is
//! asked for, first.

use std::{
    ffi::{CStr, c_char, c_void},
    fs::{self, File},
    io::Read,
    path::Path,
};

use crate::platform::{self, LOADER_TAKES_TRUNCATED};

/// Refuses a file that isn't a whole ONNX Runtime of API version `api` or newer; the reason fits behind its path.
///
/// # Errors
/// Says what is wrong.
pub fn check(path: &Path, api: u32) -> Result<(), String> {
    // A bare name is the loader's to find: there is no file to look into.
    if path.is_absolute() {
        check_file(path)?;
    }
    check_version(path, api)
}

fn check_file(path: &Path) -> Result<(), String> {
    let about = fs::metadata(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_owned(),
        _ => e.to_string(),
    })?;
    if about.is_dir() {
        return Err("it is a folder; expected the file libonnxruntime".into());
    }
    if !about.is_file() {
        return Err("it is not a regular file".into());
    }
    if LOADER_TAKES_TRUNCATED { check_elf(path, about.len()) } else { Ok(()) }
}

/// Compares the ends of all parts that an ELF file (System V ABI, "Object Files") lists with its length.
fn check_elf(path: &Path, len: u64) -> Result<(), String> {
    const HEADER: usize = 64;
    const PROGRAM: usize = 56;
    let mut file = File::open(path).map_err(|e| e.to_string())?;
    let mut bytes = Vec::new();
    // The program headers follow the file header; those of a real library fit many times over.
    file.by_ref().take(1 << 16).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    let foreign = || "it is not a shared library of this machine (64-bit ELF)".to_owned();
    let truncated = || format!("it is truncated: its {len} bytes are fewer than its header promises");
    if bytes.len() < HEADER || bytes[..6] != *b"\x7fELF\x02\x01" {
        return Err(foreign());
    }
    let short = |at: usize| u64::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    let sections_end = long(40).checked_add(short(58) * short(60)).ok_or_else(foreign)?;
    if sections_end > len {
        return Err(truncated());
    }
    let (first, size, count) = (usize::try_from(long(32)).map_err(|_| foreign())?, short(54), short(56));
    for n in 0..count as usize {
        let at = first.checked_add(n * size as usize).filter(|at| at.saturating_add(PROGRAM) <= bytes.len());
        let at = at.ok_or_else(truncated)?;
        if long(at + 8).checked_add(long(at + 32)).is_none_or(|end| end > len) {
            return Err(truncated());
        }
    }
    Ok(())
}

/// The first thing that every ONNX Runtime gives (onnxruntime_c_api.h).
#[repr(C)]
struct ApiBase {
    get_api: unsafe extern "C" fn(version: u32) -> *const c_void,
    get_version: unsafe extern "C" fn() -> *const c_char,
}

fn check_version(path: &Path, api: u32) -> Result<(), String> {
    // SAFETY: the file is whole, as far as its header tells; that its initialisers are sound is what loading it means.
    let library = unsafe { platform::open_library(path) }?;
    // SAFETY: a function of this name is ONNX Runtime's, and this is its type in every version.
    let getter = unsafe { library.get::<unsafe extern "C" fn() -> *const ApiBase>(c"OrtGetApiBase") };
    let getter = getter.map_err(|_| "it is not ONNX Runtime: it lacks the function OrtGetApiBase")?;
    // SAFETY: as above.
    unsafe { ask(getter().as_ref(), api) }?;
    // A good one stays open: it is started right after.
    platform::keep_runtime(library);
    Ok(())
}

/// # Safety
/// `base` is what OrtGetApiBase gave.
unsafe fn ask(base: Option<&ApiBase>, api: u32) -> Result<(), String> {
    let base = base.ok_or("it is not ONNX Runtime: OrtGetApiBase gives nothing")?;
    // SAFETY: as this function's own; the version is a static text.
    let version = unsafe {
        let version = (base.get_version)();
        if version.is_null() { "unknown".into() } else { CStr::from_ptr(version).to_string_lossy() }
    };
    // "1.28.0": the minor version is that of the API.
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    // ONNX Runtime says on stderr what it thinks of a version that it doesn't have, so it is asked only where it fits.
    // SAFETY: as this function's own.
    if minor.is_some_and(|minor| minor >= api) && unsafe { !(base.get_api)(api).is_null() } {
        return Ok(());
    }
    Err(format!("it is ONNX Runtime {version}; expected 1.{api} or newer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_what_is_no_whole_library_is_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        };
        let own = fs::read(std::env::current_exe().unwrap()).unwrap();
        let cases = [
            (folder.path().join("missing.so"), "no such file"),
            (folder.path().to_owned(), "a folder"),
            (file("empty.so", b""), "not a shared library"),
            (file("garbage.so", &[7; 4096]), "not a shared library"),
            (file("half.so", &own[..own.len() / 2]), "truncated"),
            (file("short.so", &own[..own.len() - 1]), "truncated"),
            (file("header.so", &own[..64]), "truncated"),
        ];
        for (path, reason) in cases {
            let got = check(&path, 24).unwrap_err();
            assert!(got.contains(reason), "{}: {got}", path.display());
        }
    }

    #[test]
    fn check_library_that_is_no_onnx_runtime_is_refused() {
        let system = if cfg!(windows) { r"C:\windows\system32\kernel32.dll" } else { "libc.so.6" };
        let got = check(Path::new(system), 24).unwrap_err();
        assert!(got.contains("OrtGetApiBase"), "{got}");
    }
}
