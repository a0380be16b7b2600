//! Engines: a bundle on a device.

use std::{
    ffi::{CString, c_char},
    process,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    bundle::sam2lung_bundle,
    cancel::token_of,
    error::sam2lung_error,
    guard::{Call, guard},
    options::{c_device, read_or_default, sam2lung_device, sam2lung_engine_options},
    pointers::{c_text, check_output, getter, hand_over, input, refuse, release},
    progress::sink,
    status::sam2lung_status,
};
use crate::{
    error::{Error, Result},
    pipeline::Engine,
    progress::Monitor,
};

/// A bundle on a device, ready to segment one CT after the other. It runs one call or job at a time; engines don't know of each
/// other.
pub struct sam2lung_engine {
    held: Arc<Held>,
    device: sam2lung_device,
    device_reason: CString,
    threads: u32,
}

/// What a call or a job holds of an engine, which may be freed before the job ends.
struct Held {
    engine: Mutex<Engine>,
    taken: AtomicBool,
    /// The process that made it: its threads don't follow into a forked one.
    process: u32,
    /// Whether free memory goes back to the system after a run.
    give_back_memory: bool,
}

/// An engine for one call or job. On any thread: a job takes it on one and runs on another.
pub(crate) struct Taken(Arc<Held>);

impl Taken {
    /// The engine.
    pub fn engine(&self) -> MutexGuard<'_, Engine> {
        // A panic left the engine as it was between two slices or boxes: nothing in it is half done.
        self.0.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether free memory goes back to the system after a run.
    pub fn gives_back_memory(&self) -> bool {
        self.0.give_back_memory
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.taken.store(false, Ordering::Release);
    }
}

impl sam2lung_engine {
    pub(crate) fn new(engine: Engine, give_back_memory: bool) -> Self {
        let report = engine.device();
        sam2lung_engine {
            device: c_device(report.used),
            device_reason: c_text(&report.reason),
            threads: engine.threads() as u32,
            held: Arc::new(Held {
                engine: Mutex::new(engine),
                taken: AtomicBool::new(false),
                process: process::id(),
                give_back_memory,
            }),
        }
    }

    /// The engine for one call or job.
    ///
    /// # Errors
    /// [`Error::Busy`] while another one has it, [`Error::Argument`] in a process that was forked from its own.
    pub(crate) fn take(&self) -> Result<Taken> {
        if self.held.process != process::id() {
            let got = format!("of process {}, from which this one ({}) was forked", self.held.process, process::id());
            return Err(refuse("engine", got, "an engine that was made in this process"));
        }
        if self.held.taken.swap(true, Ordering::Acquire) {
            return Err(Error::Busy);
        }
        Ok(Taken(self.held.clone()))
    }
}

/// Loads a bundle onto a device, and ONNX Runtime where this process hasn't loaded it yet (sam2lung_runtime_load()).
///
/// For networks whose calls can't go side by side threads are started, sam2lung_engine_options::threads less one at most. Where one
/// can't be started (a limit of a container), the call ends with E_THREADS; where memory is short, with E_OUT_OF_MEMORY.
///
/// Any thread.
///
/// @param bundle the bundle, not NULL; it may be freed while the engine lives
/// @param options device and threads, progress and cancelling, borrowed for the call; NULL: the defaults
/// @param engine where the engine goes, not NULL; belongs to the caller, who frees it with sam2lung_engine_free()
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_engine_create(
    bundle: *const sam2lung_bundle,
    options: *const sam2lung_engine_options,
    engine: *mut *mut sam2lung_engine,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = |call: &Call| -> Result<()> {
        check_output(engine, "engine")?;
        // SAFETY: the contract of the C ABI.
        let bundle = unsafe { input(bundle, "bundle") }?;
        // SAFETY: the contract of the C ABI.
        let given = unsafe { read_or_default(options) }?;
        let (device, threads) = given.device_and_threads()?;
        // SAFETY: the contract of the C ABI.
        let token = unsafe { token_of(given.cancel) };
        // SAFETY: the contract of the C ABI.
        let mut report = unsafe { sink(call, given.progress, given.progress_data, token.clone()) };
        let mut monitor = Monitor::loading(token, &mut report);
        let loaded = Engine::load(bundle.bundle.clone(), device, threads, &mut monitor)?;
        let made = sam2lung_engine::new(loaded, given.give_back_memory);
        log::info!(
            "engine on {:?} ({}), {} thread(s)",
            made.device,
            made.device_reason.to_string_lossy(),
            made.threads
        );
        // SAFETY: it isn't NULL, so it can be written.
        unsafe { hand_over(engine, made) };
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}

/// Which device runs the networks.
///
/// Any thread, also while a call runs on the engine.
///
/// @param engine the engine, may be NULL
/// @return SAM2LUNG_DEVICE_CPU or SAM2LUNG_DEVICE_CUDA; SAM2LUNG_DEVICE_AUTO for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_engine_device(engine: *const sam2lung_engine) -> i32 {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(engine, sam2lung_device::Auto as i32, |engine| engine.device as i32) }
}

/// Why it runs on that device.
///
/// Belongs to the engine, valid until it is freed. Any thread, also while a call runs on the engine.
///
/// @param engine the engine, may be NULL
/// @return UTF-8, in English; "" for NULL; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_engine_device_reason(engine: *const sam2lung_engine) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(engine, c"".as_ptr(), |engine| engine.device_reason.as_ptr()) }
}

/// CPU threads that work at the same time.
///
/// Any thread, also while a call runs on the engine.
///
/// @param engine the engine, may be NULL
/// @return the number; 0 for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_engine_threads(engine: *const sam2lung_engine) -> u32 {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(engine, 0, |engine| engine.threads) }
}

/// Frees an engine and the memory of its networks; results of its runs stay. In a process that was forked from the engine's
/// own nothing is given back, for the engine's threads aren't there: a static object may free it while the child exits.
///
/// Any thread, but not while a call runs on the engine, and not from its callback. A job (sam2lung_job_start()) keeps what it needs:
/// an engine may be freed before its job ends.
///
/// @param engine the engine, may be NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_engine_free(engine: *mut sam2lung_engine) {
    // SAFETY: NULL, or an object of this library that the caller gives up.
    unsafe { release(engine) }
}
