//! What differs between operating systems. Everything else, in the library and in its program, is the same everywhere.
//!
//! A file for each family of systems holds the same constants and functions; who uses them needn't know which one it is.
//! Knows nothing of the other rooms.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub use windows::*;

/// What ONNX Runtime's library is called.
#[derive(Debug, Clone, Copy)]
pub struct RuntimeNames {
    /// Our copy. Under its usual name a plugin of the host that needs another version would be given ours
    /// (docs/linking.md).
    pub own: &'static str,
    /// The file as ONNX Runtime has it, with its whole version where names have one.
    pub file: &'static str,
    /// What the system's loader is asked for at last; none where it isn't asked.
    pub by_loader: Option<&'static str>,
}

/// What CUDA's libraries are called.
#[derive(Debug, Clone, Copy)]
pub struct CudaNames {
    /// ONNX Runtime's execution provider.
    pub provider: &'static str,
    /// The library of NVIDIA's driver.
    pub driver: &'static str,
}

/// Whether `name` is one that Windows keeps for a device, whatever the case of its letters and the ending behind it (Microsoft,
/// "Naming Files, Paths, and Namespaces").
pub fn is_windows_device(name: &str) -> bool {
    const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ').to_ascii_uppercase();
    let is_number = |text: &str| {
        let mut letters = text.chars();
        letters.next().is_some_and(|c| c.is_ascii_digit() || "¹²³".contains(c)) && letters.next().is_none()
    };
    let mut numbered = ["COM", "LPT"].iter().filter_map(|device| stem.strip_prefix(device));
    DEVICES.contains(&stem.as_str()) || numbered.any(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_file_is_the_program_that_holds_these_tests() {
        let program = std::env::current_exe().unwrap();
        assert_eq!(own_file().unwrap().canonicalize().unwrap(), program.canonicalize().unwrap());
    }

    #[test]
    fn lock_folder_is_held_by_one_until_it_goes_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let held = lock_folder(folder.path()).unwrap();
        assert!(matches!(lock_folder(folder.path()), Err(std::fs::TryLockError::WouldBlock)));
        drop(held);
        assert!(lock_folder(folder.path()).is_ok());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn lock_folder_that_many_take_and_leave_is_held_by_another_or_free_and_never_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let taken = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        match lock_folder(folder.path()) {
                            Ok(_lock) => _ = taken.fetch_add(1, std::sync::atomic::Ordering::Relaxed),
                            Err(std::fs::TryLockError::WouldBlock) => {}
                            Err(std::fs::TryLockError::Error(error)) => panic!("{error}"),
                        }
                    }
                });
            }
        });
        assert!(taken.into_inner() > 0);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn rename_folder_moves_it_with_what_it_holds() {
        let root = tempfile::tempdir().unwrap();
        let (from, to) = (root.path().join("from"), root.path().join("to"));
        std::fs::create_dir(&from).unwrap();
        std::fs::write(from.join("file"), "text").unwrap();
        rename_folder(&from, &to).unwrap();
        assert_eq!((from.exists(), std::fs::read_to_string(to.join("file")).unwrap().as_str()), (false, "text"));
    }

    #[test]
    fn peak_memory_is_some_megabytes() {
        assert!(peak_memory_bytes().is_some_and(|bytes| (1 << 20..1 << 40).contains(&bytes)));
    }

    #[test]
    fn is_windows_device_knows_them_by_stem_and_in_any_case() {
        for name in ["con", "AUX", "nul.txt", "nul .txt", "Lpt9.nii.gz", "com1", "COM²", "conin$"] {
            assert!(is_windows_device(name), "{name}");
        }
        for name in ["", "console", "COM", "COM10", "chest.aux", "COMa"] {
            assert!(!is_windows_device(name), "{name}");
        }
    }
}
