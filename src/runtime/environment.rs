//! Finds and starts ONNX Runtime, once a process.
//!
//! ONNX Runtime is loaded when the first engine needs it, from the first place that has it:
//! 1. the path in the environment variable `SAM2LUNG_ONNXRUNTIME`;
//! 2. beside the file this code is in (shared library or program), or in `../lib` or `../lib64` from there (Windows: `../bin`),
//!    under our own name or under its own ([`RuntimeNames`](platform::RuntimeNames));
//! 3. `.deps/onnxruntime-cuda` and `.deps/onnxruntime`, where `cargo xtask setup` puts it, in the checkout that this code was
//!    built in ([`checkout`]); an installed copy lies in none;
//! 4. wherever the system's loader finds `libonnxruntime.so.1` (macOS: `libonnxruntime.1.dylib`; Windows: nowhere).
//!
//! Telemetry is off: on Linux the pinned version has none, and a newer one is told by its environment variable; on Windows it
//! is kept from sending any ([`platform::keep_runtime`]).

use std::{
    env,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use log::Level;
use ort::{environment::Environment, logging::LogLevel};

use crate::error::{Error, Result};
use crate::platform::{self, LIBRARY_FOLDERS, RUNTIME as NAMES};
use crate::runtime::{checkout, library, messages};

/// Names the file to load ONNX Runtime from.
pub const PATH_VARIABLE: &str = "SAM2LUNG_ONNXRUNTIME";
/// The oldest version whose interface is used.
const OLDEST: &str = "1.24";

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
    let library = &platform::loadable(library);
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
        for place in LIBRARY_FOLDERS.iter().map(|from| folder.join(from)) {
            list.extend([NAMES.own, NAMES.file].iter().chain(&NAMES.by_loader).map(|name| place.join(name)));
        }
        list.extend(checkout::runtime_folders(&folder).into_iter().map(|fetched| fetched.join(NAMES.file)));
    }
    list.extend(NAMES.by_loader.map(PathBuf::from));
    list
}

/// The folder of the shared library or program that holds this code.
fn own_folder() -> Option<PathBuf> {
    platform::own_file()?.parent().map(Into::into)
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
