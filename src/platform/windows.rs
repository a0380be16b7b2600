//! Windows.

use std::{
    ffi::{CStr, OsString, c_void},
    fs::{self, File, Metadata, OpenOptions, TryLockError},
    io,
    os::windows::{ffi::OsStringExt, fs::OpenOptionsExt},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use libloading::{Library, os::windows};
use windows_sys::{
    Win32::{
        Foundation::{
            ERROR_ACCESS_DENIED, ERROR_BAD_EXE_FORMAT, ERROR_MOD_NOT_FOUND, ERROR_SHARING_VIOLATION, ERROR_SUCCESS,
            GENERIC_WRITE, HMODULE, MAX_PATH,
        },
        Storage::FileSystem::{DELETE, FILE_ATTRIBUTE_HIDDEN, FILE_FLAG_DELETE_ON_CLOSE},
        System::{
            Diagnostics::Debug::{IMAGE_DIRECTORY_ENTRY_IMPORT, IMAGE_NT_HEADERS64},
            LibraryLoader::{
                GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN,
                GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, GetModuleFileNameW, GetModuleHandleExW,
                LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR, LOAD_LIBRARY_SEARCH_SYSTEM32,
            },
            Memory::{PAGE_READWRITE, VirtualProtect},
            ProcessStatus::{K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS},
            SystemServices::{IMAGE_DOS_HEADER, IMAGE_IMPORT_BY_NAME, IMAGE_IMPORT_DESCRIPTOR},
            Threading::GetCurrentProcess,
        },
    },
    core::GUID,
};

use super::{CudaNames, RuntimeNames, is_windows_device};

/// ONNX Runtime's names. The loader isn't asked: Windows has an `onnxruntime.dll` of its own in its system's folder, for other
/// programs, of a version that changes with updates.
pub const RUNTIME: RuntimeNames = RuntimeNames { own: "sam2lung_ort.dll", file: "onnxruntime.dll", by_loader: None };
/// Where libraries lie, from the folder of the running code.
pub const LIBRARY_FOLDERS: &[&str] = &["", r"..\bin"];
/// CUDA's names.
pub const CUDA: CudaNames = CudaNames { provider: "onnxruntime_providers_cuda.dll", driver: "nvcuda.dll" };
/// The loader refuses a truncated library itself.
pub const LOADER_TAKES_TRUNCATED: bool = false;
/// Two names that differ in the case of letters alone are one file.
pub const NAMES_IGNORE_CASE: bool = true;
/// The file that stands for a folder's lock.
const LOCK: &str = ".part-lock";
/// How often a lock is tried that is refused though no file of one is there.
const LOCK_TRIES: usize = 3;
/// How long a folder may be kept from being renamed by programs that look into every new file.
const RENAME_WAIT: Duration = Duration::from_secs(3);

/// The file that holds this code: shared library or program.
pub fn own_file() -> Option<PathBuf> {
    let module = own_module(GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT)?;
    let mut name = vec![0u16; MAX_PATH as usize];
    loop {
        // SAFETY: `module` is loaded, and `name` has the length that is told.
        let len = unsafe { GetModuleFileNameW(module, name.as_mut_ptr(), name.len() as u32) } as usize;
        match len {
            0 => return None,
            // What doesn't fit is cut off; the longest path of all has 32767 units.
            _ if len == name.len() && len < 1 << 16 => name.resize(2 * len, 0),
            _ => return Some(OsString::from_wide(&name[..len]).into()),
        }
    }
}

/// The module that holds this code.
fn own_module(flag: u32) -> Option<HMODULE> {
    let here = own_file as fn() -> Option<PathBuf> as *const u16;
    let mut module = std::ptr::null_mut();
    // SAFETY: with this flag the name is an address, here one in this module; `module` is writable.
    let found = unsafe { GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | flag, here, &mut module) };
    (found != 0).then_some(module)
}

/// The path by which a library can be loaded: whole, with backslashes, and of a long one the verbatim form, which has no limit
/// of 260 letters. With any other the loader wouldn't look into the library's own folder.
pub fn loadable(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let long = path.as_os_str().len() >= MAX_PATH as usize;
    long.then(|| path.canonicalize().ok()).flatten().unwrap_or(path)
}

/// Loads a library, and those that it needs from its own folder or the system's: never from the working folder or from `PATH`.
///
/// # Errors
/// What the loader says.
///
/// # Safety
/// The library's initialisers are sound.
pub unsafe fn open_library(path: &Path) -> Result<Library, String> {
    let flags = LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32;
    // SAFETY: as this function's own.
    unsafe { open(path.as_os_str(), flags) }
}

/// Loads a library of the system by its name, for good.
///
/// # Errors
/// What the loader says.
pub fn keep_system_library(name: &str) -> Result<(), String> {
    // SAFETY: the system's own libraries have sound initialisers.
    unsafe { open(name.as_ref(), LOAD_LIBRARY_SEARCH_SYSTEM32) }.map(std::mem::forget)
}

/// # Safety
/// The library's initialisers are sound.
unsafe fn open(name: &std::ffi::OsStr, flags: u32) -> Result<Library, String> {
    // SAFETY: as this function's own.
    let opened = unsafe { windows::Library::load_with_flags(name, flags) };
    opened.map(Library::from).map_err(|error| {
        let code = io::Error::last_os_error().raw_os_error().unwrap_or_default() as u32;
        let said = std::error::Error::source(&error).map_or_else(|| error.to_string(), |said| said.to_string());
        match code {
            ERROR_BAD_EXE_FORMAT => format!("it is not a shared library of this machine, or truncated ({said})"),
            ERROR_MOD_NOT_FOUND => format!(
                "a library that it needs is missing: install the Microsoft Visual C++ Redistributable for x64 ({said})"
            ),
            _ => said,
        }
    })
}

/// Lets ONNX Runtime stay loaded for good, and the library that holds this code, whose functions it calls.
///
/// ONNX Runtime sends events about models and errors to Windows (ETW), which may pass them on to Microsoft. Its own switch goes
/// on again as soon as someone listens to its events. So it is kept from becoming a source of events at all: it believes that it
/// has registered and that nobody listens.
pub fn keep_runtime(library: Library) {
    let module = windows::Library::from(library).into_raw() as *mut u8;
    // SAFETY: the loader has mapped the module, and nothing of it has run but its initialisers.
    unsafe { replace_import(module, c"EventRegister", register_nowhere as *const c_void as usize) };
    let _ = own_module(GET_MODULE_HANDLE_EX_FLAG_PIN);
}

/// In place of `EventRegister` (evntprov.h): success, with a handle of no registration.
///
/// # Safety
/// `handle` is writable.
unsafe extern "system" fn register_nowhere(
    _provider: *const GUID,
    _callback: *const c_void,
    _context: *const c_void,
    handle: *mut u64,
) -> u32 {
    // SAFETY: as this function's own.
    unsafe { handle.write(0) };
    ERROR_SUCCESS
}

/// Lets a loaded module call `replacement` for every function of this name that it imports (PE format, "The .idata Section").
///
/// # Safety
/// `module` is a whole 64-bit module; `replacement` has the type of the function; nothing calls the function meanwhile.
unsafe fn replace_import(module: *mut u8, function: &CStr, replacement: usize) {
    const BY_NUMBER: u64 = 1 << 63;
    // SAFETY: the headers and tables of a module that the loader has taken are whole and lie in it.
    unsafe {
        let header = module.add((*module.cast::<IMAGE_DOS_HEADER>()).e_lfanew as usize).cast::<IMAGE_NT_HEADERS64>();
        let imports = (*header).OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT as usize].VirtualAddress;
        if imports == 0 {
            return;
        }
        let mut library = module.add(imports as usize).cast::<IMAGE_IMPORT_DESCRIPTOR>();
        while (*library).Name != 0 {
            let names = (*library).Anonymous.OriginalFirstThunk as usize;
            let mut name = module.add(names).cast::<u64>();
            let mut slot = module.add((*library).FirstThunk as usize).cast::<usize>();
            // Old linkers leave no names behind.
            while names != 0 && *name != 0 {
                if *name & BY_NUMBER == 0 {
                    let entry = module.add(*name as usize).cast::<IMAGE_IMPORT_BY_NAME>();
                    if CStr::from_ptr((&raw const (*entry).Name).cast()) == function {
                        write_protected(slot, replacement);
                    }
                }
                (name, slot) = (name.add(1), slot.add(1));
            }
            library = library.add(1);
        }
    }
}

/// # Safety
/// `slot` is readable, aligned, and read by nobody meanwhile.
unsafe fn write_protected(slot: *mut usize, value: usize) {
    let mut before = 0;
    // SAFETY: as this function's own; it is written only where that was allowed.
    unsafe {
        if VirtualProtect(slot.cast(), size_of::<usize>(), PAGE_READWRITE, &mut before) != 0 {
            slot.write(value);
            VirtualProtect(slot.cast(), size_of::<usize>(), before, &mut before);
        }
    }
}

/// Whether nobody but this user may write into a folder: access lists aren't read here, so it is never sure.
pub fn owner_alone_writes(_about: &Metadata) -> bool {
    false
}

/// Opening doesn't wait here.
pub fn without_waiting(_options: &mut OpenOptions) {}

/// The folder in which programs keep the user's own data; `absolute` gives a variable of the environment that holds an
/// absolute path.
pub fn user_data(absolute: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    absolute("LOCALAPPDATA")
}

/// Locks a folder until the lock goes, or its process ends: by a file in it that the system takes away then.
///
/// # Errors
/// [`TryLockError::WouldBlock`] where another one holds it, else the system's.
pub fn lock_folder(folder: &Path) -> Result<File, TryLockError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).access_mode(GENERIC_WRITE | DELETE).share_mode(0);
    options.attributes(FILE_ATTRIBUTE_HIDDEN).custom_flags(FILE_FLAG_DELETE_ON_CLOSE);
    let (path, mut tries) = (folder.join(LOCK), 1..=LOCK_TRIES);
    loop {
        tries.next();
        let refused = match options.open(&path) {
            Ok(lock) => return Ok(lock),
            Err(error) => error,
        };
        match refused.raw_os_error().map(|code| code as u32) {
            Some(ERROR_SHARING_VIOLATION) => return Err(TryLockError::WouldBlock),
            // A lock that is going: until it has gone nobody may open its file, or ask about it.
            Some(ERROR_ACCESS_DENIED) if !matches!(path.try_exists(), Ok(false)) => {
                return Err(TryLockError::WouldBlock);
            }
            // There is none: it went since, or nobody may write into the folder.
            Some(ERROR_ACCESS_DENIED) if !tries.is_empty() => {}
            _ => return Err(TryLockError::Error(refused)),
        }
    }
}

/// What of its lock a folder keeps while it is renamed: nothing, for none is renamed that holds an open file.
pub fn lock_while_renamed(_lock: Option<File>) -> Option<File> {
    None
}

/// Renames a folder. Programs that look into every new file (virus scanners, the search index) keep it for a moment: it is tried
/// for some seconds.
///
/// # Errors
/// The system's.
pub fn rename_folder(from: &Path, to: &Path) -> io::Result<()> {
    let begun = Instant::now();
    loop {
        let renamed = fs::rename(from, to);
        let code = renamed.as_ref().err().and_then(io::Error::raw_os_error).unwrap_or_default() as u32;
        if ![ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION].contains(&code) {
            return renamed;
        }
        if begun.elapsed() >= RENAME_WAIT {
            let kept = |error| io::Error::other(format!("{error}; close the programs that have a file of it open"));
            return renamed.map_err(kept);
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Temporary folders have the rights of any new folder here.
///
/// # Errors
/// None.
pub fn share(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Whether no file can have this name.
pub fn forbids_name(name: &str) -> bool {
    is_windows_device(name) || name.ends_with(['.', ' '])
}

/// The largest working set of this process so far.
pub fn peak_memory_bytes() -> Option<u64> {
    let mut counters = PROCESS_MEMORY_COUNTERS::default();
    let size = size_of::<PROCESS_MEMORY_COUNTERS>() as u32;
    // SAFETY: `counters` is writable and has the size that is told.
    let told = unsafe { K32GetProcessMemoryInfo(GetCurrentProcess(), &mut counters, size) } != 0;
    told.then_some(counters.PeakWorkingSetSize as u64)
}

/// The C library keeps nothing back here.
pub fn give_back_memory() {}

/// Nobody hands down here what is ignored.
pub fn keeping_ignored_signals(set: impl FnOnce()) {
    set();
}

/// No signal comes of a file that grows beyond a limit.
pub fn survive_file_limits() {}

/// No signal ends a program whose reader has gone: it says so and fails.
pub fn end_without_reader() {}
