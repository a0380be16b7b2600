//! Linux, macOS and their like.

use std::{
    ffi::{CStr, OsStr},
    fs::{self, File, Metadata, OpenOptions, TryLockError},
    io,
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

use libloading::{
    Library,
    os::unix::{self, RTLD_LOCAL, RTLD_NOW},
};

use super::{CudaNames, RuntimeNames};

/// ONNX Runtime's names.
pub const RUNTIME: RuntimeNames = if cfg!(target_os = "macos") {
    RuntimeNames {
        own: "libsam2lung_ort.dylib",
        file: "libonnxruntime.1.28.0.dylib",
        by_loader: Some("libonnxruntime.1.dylib"),
    }
} else {
    RuntimeNames { own: "libsam2lung_ort.so", file: "libonnxruntime.so.1.28.0", by_loader: Some("libonnxruntime.so.1") }
};
/// Where libraries lie, from the folder of the running code.
pub const LIBRARY_FOLDERS: &[&str] = &["", "../lib", "../lib64"];
/// CUDA's names.
pub const CUDA: CudaNames = CudaNames { provider: "libonnxruntime_providers_cuda.so", driver: "libcuda.so.1" };
/// Whether the loader maps a truncated library as if it were whole (ELF): then its tables have to be looked at first.
pub const LOADER_TAKES_TRUNCATED: bool = cfg!(target_os = "linux");
/// Whether two names that differ in the case of letters alone are one file, as the system comes.
pub const NAMES_IGNORE_CASE: bool = cfg!(target_os = "macos");

/// The file that holds this code: shared library or program.
pub fn own_file() -> Option<PathBuf> {
    let here = own_file as fn() -> Option<PathBuf> as *const libc::c_void;
    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: `here` points into this library, `info` is writable; dladdr fills it when it returns non-zero.
    let name = unsafe {
        if libc::dladdr(here, info.as_mut_ptr()) == 0 || (*info.as_ptr()).dli_fname.is_null() {
            return None;
        }
        CStr::from_ptr((*info.as_ptr()).dli_fname)
    };
    // The loader knows a program by the word that it was started with.
    Path::new(OsStr::from_bytes(name.to_bytes())).canonicalize().or_else(|_| std::env::current_exe()).ok()
}

/// The path by which a library can be loaded.
pub fn loadable(path: &Path) -> PathBuf {
    path.to_path_buf()
}

/// Loads a library. All its symbols are bound now, not when they are called: one that is missing would end the process then.
/// None is open to other libraries.
///
/// # Errors
/// What the loader says.
///
/// # Safety
/// The library's initialisers are sound.
pub unsafe fn open_library(path: &Path) -> Result<Library, String> {
    // SAFETY: as this function's own.
    let opened = unsafe { unix::Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) };
    opened
        .map(Library::from)
        .map_err(|error| std::error::Error::source(&error).map_or_else(|| error.to_string(), |said| said.to_string()))
}

/// Loads a library of the system by its name, for good.
///
/// # Errors
/// What the loader says.
pub fn keep_system_library(name: &str) -> Result<(), String> {
    // SAFETY: the system's own libraries have sound initialisers.
    unsafe { Library::new(name) }.map(std::mem::forget).map_err(|error| error.to_string())
}

/// Lets ONNX Runtime stay loaded for good. The library that holds this code stays by a flag of its linker (build.rs).
pub fn keep_runtime(library: Library) {
    std::mem::forget(library);
}

/// Whether nobody but this user and root may write into a folder.
pub fn owner_alone_writes(about: &Metadata) -> bool {
    const OTHERS_MAY_WRITE: u32 = 0o002;
    // SAFETY: it takes nothing and can't fail.
    let user = unsafe { libc::geteuid() };
    [0, user].contains(&about.uid()) && about.mode() & OTHERS_MAY_WRITE == 0
}

/// What asks a program to end.
const ASKED_TO_END: [libc::c_int; 3] = [libc::SIGHUP, libc::SIGINT, libc::SIGTERM];

/// Does `set`, which gives signals a handler; those that are ignored stay so. `nohup` and a script's background jobs mean that.
pub fn keeping_ignored_signals(set: impl FnOnce()) {
    let is_ignored = |signal: &libc::c_int| {
        let mut now = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: it changes nothing and fills `now` where it returns 0.
        unsafe {
            libc::sigaction(*signal, std::ptr::null(), now.as_mut_ptr()) == 0
                && now.assume_init().sa_sigaction == libc::SIG_IGN
        }
    };
    let ignored: Vec<libc::c_int> = ASKED_TO_END.into_iter().filter(is_ignored).collect();
    set();
    for signal in ignored {
        // SAFETY: a signal may be ignored at any time.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

/// Makes a file that grows beyond the user's limit (`ulimit -f`) an error of writing; else it ends the program.
pub fn survive_file_limits() {
    // SAFETY: as above.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

/// Lets a file be opened at once: a pipe would wait for its other end.
pub fn without_waiting(options: &mut OpenOptions) {
    options.custom_flags(libc::O_NONBLOCK);
}

/// The folder in which programs keep the user's own data; `absolute` gives a variable of the environment that holds an
/// absolute path.
pub fn user_data(absolute: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    if cfg!(target_os = "macos") {
        return absolute("HOME").map(|home| home.join("Library/Application Support"));
    }
    absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
}

/// Locks a folder (`flock`) until the lock goes, or its process ends.
///
/// # Errors
/// [`TryLockError::WouldBlock`] where another one holds it, else the system's: not every file system has locks.
pub fn lock_folder(folder: &Path) -> Result<File, TryLockError> {
    let file = File::open(folder).map_err(TryLockError::Error)?;
    file.try_lock()?;
    Ok(file)
}

/// What of its lock a folder keeps while it is renamed: all of it.
pub fn lock_while_renamed(lock: Option<File>) -> Option<File> {
    lock
}

/// Renames a folder.
///
/// # Errors
/// The system's.
pub fn rename_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// Gives a temporary folder, which is private, the rights of any new folder.
///
/// # Errors
/// The system's.
pub fn share(folder: &Path) -> io::Result<()> {
    let model =
        tempfile::Builder::new().prefix(".rights-").rand_bytes(8).make_in(folder, |path| fs::create_dir(path))?;
    let rights = fs::metadata(model.path())?.permissions().mode();
    fs::remove_dir(model.path())?;
    fs::set_permissions(folder, fs::Permissions::from_mode(rights))
}

/// Whether no file can have this name.
pub fn forbids_name(_name: &str) -> bool {
    false
}

/// The largest resident memory of this process so far.
pub fn peak_memory_bytes() -> Option<u64> {
    if cfg!(target_os = "linux") {
        // Not what getrusage tells, which counts the program before this one in the process as well.
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        return line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib << 10);
    }
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `usage` is writable; it is whole when 0 is returned.
    let usage = unsafe { (libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) == 0).then(|| usage.assume_init()) };
    // In bytes on macOS.
    u64::try_from(usage?.ru_maxrss).ok()
}

/// Gives free memory of the whole process back to the system, where the C library can.
pub fn give_back_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it may be called at any time, on any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Ends the program as others end whose reader has gone: by SIGPIPE.
pub fn end_without_reader() {
    // SAFETY: the default action, which ends the program, runs none of its code.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        libc::raise(libc::SIGPIPE);
    }
}
