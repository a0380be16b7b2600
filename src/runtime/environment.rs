//! Finds and starts ONNX Runtime, once a process.
//!
//! ONNX Runtime is loaded when the first engine needs it, from the first place that has it:
//! 1. the path in the environment variable `SAM2LUNG_ONNXRUNTIME`;
//! 2. beside the file this code is in (shared library or program), or in `../lib` or `../lib64` from there, by the name
//!    [`OWN_SONAME`] or its own;
//! 3. `.deps/onnxruntime-cuda` and `.deps/onnxruntime`, where `cargo xtask setup` puts it, in the checkout that this code was
//!    built in ([`checkout`]); an installed copy lies in none;
//! 4. wherever the system's loader finds `libonnxruntime.so.1` (Windows and macOS: the file of that name there).
//!
//! Telemetry is off: the pinned version has none, and a newer one is told by its environment variable.

use std::{
    env,
    ffi::CStr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use log::Level;
use ort::{environment::Environment, logging::LogLevel};

use crate::error::{Error, Result};
use crate::runtime::{checkout, library, messages};

/// Names the file to load ONNX Runtime from.
pub const PATH_VARIABLE: &str = "SAM2LUNG_ONNXRUNTIME";
/// The oldest version whose interface is used.
const OLDEST: &str = "1.24";
/// The file that `cargo xtask setup` fetches.
const FILE: &str = NAMES[0];
/// What the system's loader is asked for at last.
const SONAME: &str = NAMES[1];
/// What our copy of ONNX Runtime is called by the loader: under its usual name a plugin of the host that needs another
/// version would be given ours (`xtask/src/soname.rs`).
const OWN_SONAME: &str = "libsam2lung_ort.so";
/// What ONNX Runtime calls its library, with its whole version and with what has to fit.
const NAMES: [&str; 2] = if cfg!(target_os = "windows") {
    ["onnxruntime.dll", "onnxruntime.dll"]
} else if cfg!(target_os = "macos") {
    ["libonnxruntime.1.28.0.dylib", "libonnxruntime.1.dylib"]
} else {
    ["libonnxruntime.so.1.28.0", "libonnxruntime.so.1"]
};

/// ONNX Runtime as it was loaded.
#[derive(Debug, Clone)]
pub struct Runtime {
    pub(super) environment: Environment,
    /// The file it came from.
    pub library: PathBuf,
    /// What it says of itself: version, commit, flags.
    pub build: String,
}

/// One environment a process: ONNX Runtime refuses a second.
static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);

impl Runtime {
    /// The process's ONNX Runtime, loaded at the first call. A failure may be retried.
    ///
    /// # Errors
    /// [`Error::Runtime`] with a line for each place that was tried.
    pub fn get() -> Result<Runtime> {
        locked(|slot| match slot {
            Some(loaded) => Ok(loaded.clone()),
            None => Ok(slot.insert(load(candidates())?).clone()),
        })
    }

    /// The process's ONNX Runtime, which has to come from `library`.
    ///
    /// # Errors
    /// [`Error::Runtime`], or [`Error::RuntimeLoaded`] when it was loaded from another file before.
    pub fn load(library: &Path) -> Result<Runtime> {
        let asked = env::current_dir().unwrap_or_default().join(library);
        locked(|slot| match slot {
            Some(loaded) if same_file(&asked, &loaded.library) => Ok(loaded.clone()),
            Some(loaded) => Err(Error::RuntimeLoaded { asked, loaded: loaded.library.clone() }),
            None => Ok(slot.insert(load(vec![asked])?).clone()),
        })
    }

    /// The folder that holds this library's execution providers.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.library.parent().filter(|p| p.is_absolute())
    }
}

/// Works on what is loaded, one thread at a time. What is said meanwhile is said afterwards: who is told may ask for ONNX
/// Runtime as well.
fn locked(work: impl FnOnce(&mut Option<Runtime>) -> Result<Runtime>) -> Result<Runtime> {
    messages::hold_back(|| work(&mut RUNTIME.lock().unwrap_or_else(|e| e.into_inner())))
}

fn same_file(one: &Path, other: &Path) -> bool {
    one.canonicalize().ok().is_some_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

fn load(candidates: Vec<PathBuf>) -> Result<Runtime> {
    // SAFETY: the lock in `Runtime::get` keeps this crate from doing it twice at once; ONNX Runtime reads the
    // variable when its environment is created, right below.
    unsafe { env::set_var("ORT_DISABLE_TELEMETRY", "1") };
    let mut tried = Vec::new();
    for library in candidates {
        match start(&library) {
            Ok(environment) => {
                messages::say(Level::Info, module_path!(), format!("ONNX Runtime: {}", library.display()));
                return Ok(Runtime { environment, library, build: ort::info().to_owned() });
            }
            Err(reason) => tried.push(format!("  {}: {reason}", library.display())),
        }
    }
    Err(Error::Runtime { needed: OLDEST, tried: tried.join("\n") })
}

fn start(library: &Path) -> Result<Environment, String> {
    library::check(library, ort::MINOR_VERSION)?;
    let builder = ort::init_from(library).map_err(|e| e.to_string())?;
    let builder = builder.with_name("sam2lung").with_telemetry(false).with_logger(Arc::new(messages::receive));
    let environment = builder.build().map_err(|e| e.to_string())?;
    environment.set_log_level(LogLevel::Warning);
    Ok(environment)
}

/// Where to look, in order.
fn candidates() -> Vec<PathBuf> {
    if let Some(path) = env::var_os(PATH_VARIABLE).filter(|p| !p.is_empty()) {
        // Someone who names a file wants that one or an error.
        return vec![env::current_dir().unwrap_or_default().join(path)];
    }
    let mut list = Vec::new();
    if let Some(folder) = own_folder() {
        for place in [folder.clone(), folder.join("../lib"), folder.join("../lib64")] {
            list.extend([OWN_SONAME, FILE, SONAME].map(|name| place.join(name)));
        }
        list.extend(checkout::runtime_folders(&folder).into_iter().map(|fetched| fetched.join(FILE)));
    }
    list.push(SONAME.into());
    list
}

/// The folder of the shared library or program that holds this code.
fn own_folder() -> Option<PathBuf> {
    let here = own_folder as fn() -> Option<PathBuf> as *const libc::c_void;
    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: `here` points into this library, `info` is writable; dladdr fills it when it returns non-zero.
    let name = unsafe {
        if libc::dladdr(here, info.as_mut_ptr()) == 0 || (*info.as_ptr()).dli_fname.is_null() {
            return None;
        }
        CStr::from_ptr((*info.as_ptr()).dli_fname)
    };
    let path = Path::new(name.to_str().ok()?).canonicalize().or_else(|_| env::current_exe()).ok()?;
    path.parent().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_without_any_library_names_every_place_it_tried() {
        let folder = tempfile::tempdir().unwrap();
        let garbage = folder.path().join("garbage.so");
        std::fs::write(&garbage, b"not a library").unwrap();
        let missing = folder.path().join("missing.so");
        let error = load(vec![missing.clone(), garbage.clone(), folder.path().into()]).unwrap_err();
        let text = error.to_string();
        assert_eq!(error.name(), "E_RUNTIME");
        for path in [&missing, &garbage] {
            assert!(text.contains(&path.display().to_string()), "{text}");
        }
        assert!(text.contains("cargo xtask setup"), "{text}");
    }
}
