//! What the library says besides.

use std::{
    cell::Cell,
    ffi::{c_char, c_void},
    sync::{Mutex, OnceLock},
};

use log::{Level, LevelFilter, Log, Metadata, Record};

use super::{
    error::sam2lung_error,
    guard::{as_host, guard},
    pointers::{c_text, refuse},
    status::sam2lung_status,
};
use crate::error::Result;

/// How much is said. Values of the parameter `level`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum sam2lung_log_level {
    /// Nothing.
    Off = 0,
    /// What went wrong; a call that fails for it says so by its status as well.
    Error = 1,
    /// What may be wrong.
    Warn = 2,
    /// What happens: the ONNX Runtime that was loaded, the device that is used.
    Info = 3,
    /// Details for those who look for a mistake.
    Debug = 4,
    /// All details.
    Trace = 5,
}

/// Is told what the library and ONNX Runtime say, on any thread and possibly on several at once.
///
/// `level` is a sam2lung_log_level; `target` names the part of the library, or is "onnxruntime"; `message` is the text, both
/// UTF-8 and valid during the callback. It may call sam2lung_log_set() and use every object but the engine that runs; what it
/// makes the library say is dropped. No C++ exception and no
/// longjmp may leave it.
pub type sam2lung_log_fn =
    Option<unsafe extern "C" fn(level: i32, target: *const c_char, message: *const c_char, user_data: *mut c_void)>;

type Callback = unsafe extern "C" fn(i32, *const c_char, *const c_char, *mut c_void);

/// Who is told.
#[derive(Clone, Copy)]
struct Receiver {
    callback: Callback,
    user_data: *mut c_void,
    level: LevelFilter,
}

// SAFETY: the pointer is only handed to the callback, which may be called on any thread, as its documentation says.
unsafe impl Send for Receiver {}

static RECEIVER: Mutex<Option<Receiver>> = Mutex::new(None);

thread_local! {
    /// True while this thread is in the callback. No destructor, so that a thread may end after the library was closed.
    static TELLING: Cell<bool> = const { Cell::new(false) };
}

/// Hands records on.
struct Logger;

impl Log for Logger {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        // The lock isn't held while calling out: the callback may set another receiver.
        let receiver = *RECEIVER.lock().unwrap_or_else(|e| e.into_inner());
        let Some(receiver) = receiver.filter(|r| record.level() <= r.level && !TELLING.get()) else { return };
        let (target, message) = (c_text(record.target()), c_text(&record.args().to_string()));
        TELLING.set(true);
        let level = number(record.level()) as i32;
        // SAFETY: the caller of `sam2lung_log_set` says what it is and what it wants.
        as_host(|| unsafe { (receiver.callback)(level, target.as_ptr(), message.as_ptr(), receiver.user_data) });
        TELLING.set(false);
    }

    fn flush(&self) {}
}

fn number(level: Level) -> sam2lung_log_level {
    match level {
        Level::Error => sam2lung_log_level::Error,
        Level::Warn => sam2lung_log_level::Warn,
        Level::Info => sam2lung_log_level::Info,
        Level::Debug => sam2lung_log_level::Debug,
        Level::Trace => sam2lung_log_level::Trace,
    }
}

fn filter(level: i32) -> Result<LevelFilter> {
    Ok(match level {
        0 => LevelFilter::Off,
        1 => LevelFilter::Error,
        2 => LevelFilter::Warn,
        3 => LevelFilter::Info,
        4 => LevelFilter::Debug,
        5 => LevelFilter::Trace,
        other => return Err(refuse("level", other.to_string(), "a sam2lung_log_level, 0 to 5")),
    })
}

/// Sets who is told what the library says; there is one receiver a process, and none at first.
///
/// Any thread. A callback of the receiver before may still be running on another thread when this returns.
///
/// @param callback the receiver; NULL: nobody
/// @param user_data handed to the callback; has to stay valid as long as that can be called
/// @param level a sam2lung_log_level: what is less important isn't told; SAM2LUNG_LOG_LEVEL_OFF: nothing is
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_log_set(
    callback: sam2lung_log_fn,
    user_data: *mut c_void,
    level: i32,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = || -> Result<()> {
        let level = filter(level)?;
        let receiver = callback.map(|callback| Receiver { callback, user_data, level });
        let receiver = receiver.filter(|receiver| receiver.level != LevelFilter::Off);
        *RECEIVER.lock().unwrap_or_else(|e| e.into_inner()) = receiver;
        static SET: OnceLock<bool> = OnceLock::new();
        // In a Rust program that links this crate as Rust and has a logger of its own, that one goes on.
        if *SET.get_or_init(|| log::set_logger(&Logger).is_ok()) {
            log::set_max_level(receiver.map_or(LevelFilter::Off, |receiver| receiver.level));
        }
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, |_| work()) }
}
