//! Runs on a thread of the library's own, for hosts that must not block theirs.

use std::{
    process,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    engine::sam2lung_engine,
    error::{sam2lung_error, write_error},
    guard::{Call, guard, neutral, no_panic},
    options::sam2lung_run_options,
    pointers::{check_output, hand_over, input, refuse, release},
    progress::sam2lung_progress,
    result::sam2lung_result,
    run::Prepared,
    status::sam2lung_status,
    structs::{self, Abi},
    volume::sam2lung_volume,
};
use crate::{
    error::{Error, Result},
    progress::{CancelToken, Progress, Stage},
};

/// Stack of a job's thread: that of a program's first thread on Linux.
const STACK_BYTES: usize = 8 << 20;

/// A run that goes on while its caller does something else. Any thread may use it, several at once; one frees it.
pub struct sam2lung_job {
    shared: Arc<Shared>,
    token: CancelToken,
    /// Taken by who joins it.
    thread: Mutex<Option<JoinHandle<()>>>,
    /// The process that started it: its thread doesn't follow into a forked one.
    process: u32,
}

/// What the job's thread and its owner both see.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    progress: Option<Progress>,
    end: Option<End>,
}

/// How a job ended.
enum End {
    /// With a result, until it is handed over.
    Result(Box<Option<sam2lung_result>>),
    Failure(Error, Option<Stage>),
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs to the end, on the job's thread.
    fn run(&self, prepared: Prepared) {
        let call = Call::default();
        let mut report = |progress: Progress| {
            call.enter(progress.stage);
            self.state().progress = Some(progress);
        };
        let end = match no_panic(|| prepared.run(&mut report)) {
            Ok(result) => End::Result(Box::new(Some(result))),
            Err(error) => End::Failure(error, self.state().progress.map(|progress| progress.stage)),
        };
        self.state().end = Some(end);
        self.ended.notify_all();
    }
}

impl Drop for sam2lung_job {
    fn drop(&mut self) {
        // In a forked child the thread isn't there.
        if self.process != process::id() {
            return;
        }
        self.token.cancel();
        self.join();
    }
}

impl sam2lung_job {
    /// The job, in the process that started it: a forked one has neither its thread nor sound locks.
    fn here(&self) -> Result<&Self> {
        if self.process == process::id() {
            return Ok(self);
        }
        let got = format!("of process {}, from which this one ({}) was forked", self.process, process::id());
        Err(refuse("job", got, "a job that was started in this process"))
    }

    /// Waits until the thread is gone. Before a result is handed over, too: tools that watch threads (ThreadSanitizer) see a join,
    /// and not the locks of this library.
    fn join(&self) {
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // A panic on it was caught: it always ends.
            let _ = thread.join();
        }
    }
}

fn start(prepared: Prepared) -> Result<sam2lung_job> {
    let (shared, token) = (Arc::<Shared>::default(), prepared.token.clone());
    let of_thread = shared.clone();
    let named = thread::Builder::new().name("sam2lung-job".into()).stack_size(STACK_BYTES);
    let thread = named.spawn(move || of_thread.run(prepared)).map_err(|reason| Error::Threads {
        wanted: 1,
        started: 0,
        reason: reason.to_string(),
    })?;
    Ok(sam2lung_job { shared, token, thread: Mutex::new(Some(thread)), process: process::id() })
}

/// Starts a run on a thread of the library's own and returns. Since version 5 of the interface.
///
/// What a run is told and finds is that of sam2lung_engine_run(). Volumes and mask are copied before this returns (as a run does as
/// well, so that no more memory is taken): the caller may change or free them at once, and options too. That, and the checks
/// that need no network, are what this call takes its time for.
///
/// The engine is busy until the job ends: another call or job on it gets SAM2LUNG_STATUS_BUSY at once, none is queued. The engine
/// may be freed before. Jobs on different engines run at the same time. Wait for jobs or free them before the process ends.
///
/// Any thread.
///
/// @param engine the engine, not NULL
/// @param volumes as many volumes as sam2lung_bundle_channels() says, none NULL, on one grid; copied
/// @param volume_count how many there are
/// @param options options of the run, borrowed for the call; its progress is NULL (sam2lung_job_poll() tells it), its cancel token
///        may be freed before the job ends; NULL: the defaults
/// @param job where the job goes, not NULL; belongs to the caller, who frees it with sam2lung_job_free()
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not: then nothing runs
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_job_start(
    engine: *mut sam2lung_engine,
    volumes: *const *const sam2lung_volume,
    volume_count: usize,
    options: *const sam2lung_run_options,
    job: *mut *mut sam2lung_job,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = |call: &Call| -> Result<()> {
        check_output(job, "job")?;
        // SAFETY: the contract of the C ABI.
        let prepared = unsafe { Prepared::of(call, engine, (volumes, volume_count), None, options) }?;
        // SAFETY: it isn't NULL, so it can be written.
        unsafe { hand_over(job, start(prepared)?) };
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}

/// As sam2lung_job_start(), with clicks as sam2lung_engine_run_clicks() has them. Since version 5 of the interface.
///
/// @param engine the engine, not NULL
/// @param volumes as many volumes as sam2lung_bundle_channels() says, none NULL, on one grid; copied
/// @param volume_count how many there are
/// @param inside voxel indices i, j, k of each click in a nodule, not NULL; copied
/// @param inside_count how many clicks that are, at least 1
/// @param outside voxel indices i, j, k of clicks that don't belong to it; may be NULL when there is none; copied
/// @param outside_count how many clicks that are
/// @param options as for sam2lung_job_start()
/// @param job where the job goes, not NULL; belongs to the caller, who frees it with sam2lung_job_free()
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not: then nothing runs
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_job_start_clicks(
    engine: *mut sam2lung_engine,
    volumes: *const *const sam2lung_volume,
    volume_count: usize,
    inside: *const i64,
    inside_count: usize,
    outside: *const i64,
    outside_count: usize,
    options: *const sam2lung_run_options,
    job: *mut *mut sam2lung_job,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = |call: &Call| -> Result<()> {
        check_output(job, "job")?;
        let clicks = Some([(inside, inside_count), (outside, outside_count)]);
        // SAFETY: the contract of the C ABI.
        let prepared = unsafe { Prepared::of(call, engine, (volumes, volume_count), clicks, options) }?;
        // SAFETY: it isn't NULL, so it can be written.
        unsafe { hand_over(job, start(prepared)?) };
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}

/// How far a job is; returns at once. Since version 5 of the interface.
///
/// Any thread.
///
/// @param job the job, not NULL
/// @param progress where it goes, with struct_size set; no more than that is written; may be NULL. Before the first step all
///        numbers are 0
/// @param ended whether the job has ended, well or not (sam2lung_job_result() tells); may be NULL
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_job_poll(
    job: *const sam2lung_job,
    progress: *mut sam2lung_progress,
    ended: *mut bool,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = |_: &Call| -> Result<()> {
        // SAFETY: the contract of the C ABI.
        let state = unsafe { input(job, "job") }?.here()?.shared.state();
        if !progress.is_null() {
            // SAFETY: it isn't NULL.
            let size = unsafe { structs::check_room(progress, "progress") }?;
            let told = state.progress.map_or(Abi::DEFAULT, sam2lung_progress::from);
            // SAFETY: it has room for `size` bytes, as the caller says.
            unsafe { structs::write(progress, size, &told) };
        }
        if !ended.is_null() {
            // SAFETY: it isn't NULL and has room for a bool, as the caller says.
            unsafe { ended.write(state.end.is_some()) };
        }
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}

/// Waits until a job ends, or for some time. Since version 5 of the interface.
///
/// Any thread, several at once; the job mustn't be freed meanwhile.
///
/// @param job the job, not NULL
/// @param timeout_ms how long at most, in ms; 0: not at all; negative: until it ends
/// @param ended whether the job has ended, well or not (sam2lung_job_result() tells); may be NULL
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, also when the time is over; or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_job_wait(
    job: *const sam2lung_job,
    timeout_ms: i64,
    ended: *mut bool,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = |_: &Call| -> Result<()> {
        // SAFETY: the contract of the C ABI.
        let job = unsafe { input(job, "job") }?.here()?;
        // A time that never comes is none.
        let until = u64::try_from(timeout_ms).ok().and_then(|ms| Instant::now().checked_add(Duration::from_millis(ms)));
        let mut state = job.shared.state();
        while state.end.is_none() {
            state = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => break,
                Some(left) => job.shared.ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None => job.shared.ended.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        if !ended.is_null() {
            // SAFETY: it isn't NULL and has room for a bool, as the caller says.
            unsafe { ended.write(state.end.is_some()) };
        }
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}

/// Hands over what a job found, or says why it failed: with the status and error that sam2lung_engine_run() would have ended with,
/// SAM2LUNG_STATUS_CANCELLED among them. Since version 5 of the interface.
///
/// A result is handed over once; why a job failed is told as often as it is asked. A job that still runs is
/// SAM2LUNG_STATUS_INVALID_ARGUMENT.
///
/// Any thread.
///
/// @param job the job, not NULL
/// @param result where the result goes, not NULL; belongs to the caller, who frees it with sam2lung_result_free(); it outlives job and
///        engine
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_job_result(
    job: *const sam2lung_job,
    result: *mut *mut sam2lung_result,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let mut failed = None;
    let work = |_: &Call| -> Result<()> {
        check_output(result, "result")?;
        // SAFETY: the contract of the C ABI.
        let job = unsafe { input(job, "job") }?.here()?;
        let refuse =
            |got| Err(refuse("job", got, "a job that has ended (sam2lung_job_wait()), asked for its result once"));
        if job.shared.state().end.is_some() {
            job.join();
        }
        match &mut job.shared.state().end {
            None => return refuse("one that still runs"),
            // SAFETY: the contract of the C ABI.
            Some(End::Failure(failure, stage)) => failed = Some(unsafe { write_error(error, failure, *stage) }),
            Some(End::Result(found)) => match found.take() {
                // SAFETY: it isn't NULL, so it can be written.
                Some(found) => unsafe { hand_over(result, found) },
                None => return refuse("one whose result was handed over"),
            },
        }
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    let status = unsafe { guard(error, work) };
    failed.unwrap_or(status)
}

/// Asks a job to stop; asking again, or when it has ended, changes nothing. Returns at once: the job ends soon after, as a run does
/// (sam2lung_cancel_request()). Since version 5 of the interface.
///
/// Any thread, but no signal handler: it takes a lock.
///
/// @param job the job, may be NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_job_cancel(job: *const sam2lung_job) {
    // SAFETY: the contract of the C ABI.
    neutral((), || unsafe { job.as_ref() }.map_or((), |job| job.token.cancel()));
}

/// Frees a job: one that still runs is cancelled and waited for, as long as a cancelled run takes. A result that wasn't handed over
/// goes with it. Since version 5 of the interface.
///
/// Any thread; not while another one uses the job.
///
/// @param job the job, may be NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_job_free(job: *mut sam2lung_job) {
    // SAFETY: NULL, or an object of this library that the caller gives up.
    unsafe { release(job) }
}
