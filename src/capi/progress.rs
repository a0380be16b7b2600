//! Progress on its way to a C callback.

use std::ffi::{CStr, c_char, c_void};

use super::{
    guard::{Call, as_host},
    structs::Abi,
};
use crate::progress::{CancelToken, Progress, Stage};

/// The parts of a run, in order, and what comes before all runs.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum sam2lung_stage {
    /// Reading and checking the input.
    Read = 0,
    /// Finding the lungs.
    Lungs = 1,
    /// Encoder and decoder over the slices.
    Segment = 2,
    /// The same once more around clicks, with the clicks.
    Prompt = 3,
    /// Candidates, classification and measures.
    Nodules = 4,
    /// Writing files.
    Write = 5,
    /// Loading and trying the networks: sam2lung_engine_create().
    Load = 6,
    /// The detector over the search region, between Lungs and Segment; only with bundles that have one. Since version 4 of the
    /// interface.
    Detect = 7,
    /// Laying the lungs of two scans over each other: sam2lung_compare(). Since version 5 of the interface.
    Register = 8,
}

/// How far a call or a job is. Filled by the library: for a callback, valid while that runs, or by sam2lung_job_poll().
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct sam2lung_progress {
    /// In a callback the size of the struct in the library, beyond which no fields exist; for sam2lung_job_poll()
    /// sizeof(sam2lung_progress), set by the caller.
    pub struct_size: usize,
    /// The stage that runs, a sam2lung_stage.
    pub stage: i32,
    /// The stage in words, for example "Segmenting slices"; UTF-8, valid as long as the library is loaded.
    pub stage_title: *const c_char,
    /// Steps of the stage that are done.
    pub done: u64,
    /// Steps that the stage has.
    pub total: u64,
    /// Part of the whole call that is done, 0 to 1, never falling.
    pub fraction: f64,
    /// Estimated time to the end in seconds; negative: not known yet.
    pub seconds_left: f64,
}

/// Is told how far a call is, on the thread that made the call.
///
/// Returns true to go on and false to cancel. It may use any object but the engine that runs (SAM2LUNG_STATUS_BUSY). No
/// C++ exception and no longjmp may leave it: there are frames of Rust below it.
pub type sam2lung_progress_fn =
    Option<unsafe extern "C" fn(progress: *const sam2lung_progress, user_data: *mut c_void) -> bool>;

/// The C number and title of a stage.
fn words(stage: Stage) -> (sam2lung_stage, &'static CStr) {
    match stage {
        Stage::Read => (sam2lung_stage::Read, c"Reading the CT"),
        Stage::Lungs => (sam2lung_stage::Lungs, c"Finding the lungs"),
        Stage::Segment => (sam2lung_stage::Segment, c"Segmenting slices"),
        Stage::Detect => (sam2lung_stage::Detect, c"Looking for nodules"),
        Stage::Click => (sam2lung_stage::Prompt, c"Outlining at clicks"),
        Stage::Nodules => (sam2lung_stage::Nodules, c"Measuring nodules"),
        Stage::Write => (sam2lung_stage::Write, c"Writing results"),
        Stage::Load => (sam2lung_stage::Load, c"Loading the model"),
        Stage::Register => (sam2lung_stage::Register, c"Laying the lungs over each other"),
    }
}

impl From<Progress> for sam2lung_progress {
    fn from(progress: Progress) -> Self {
        let (stage, title) = words(progress.stage);
        sam2lung_progress {
            struct_size: size_of::<sam2lung_progress>(),
            stage: stage as i32,
            stage_title: title.as_ptr(),
            done: progress.done as u64,
            total: progress.total as u64,
            fraction: progress.fraction,
            seconds_left: progress.remaining.map_or(-1.0, |left| left.as_secs_f64()),
        }
    }
}

// SAFETY: repr(C), its size first, no bool; any pointer is valid until it is followed.
unsafe impl Abi for sam2lung_progress {
    const NAME: &'static str = "sam2lung_progress";
    const FIRST_SIZE: usize = size_of::<Self>();
    const BOOLS: &'static [(&'static str, usize)] = &[];
    const DEFAULT: Self = sam2lung_progress {
        struct_size: size_of::<Self>(),
        stage: 0,
        stage_title: c"".as_ptr(),
        done: 0,
        total: 0,
        fraction: 0.0,
        seconds_left: -1.0,
    };
}

/// What a [`crate::progress::Monitor`] reports to: notes the stage, tells the caller, and cancels `token` when the caller
/// says so.
///
/// # Safety
/// `callback` is a function of that type, for which `user_data` is meant.
pub unsafe fn sink(
    call: &Call,
    callback: sam2lung_progress_fn,
    user_data: *mut c_void,
    token: CancelToken,
) -> impl FnMut(Progress) {
    move |progress| {
        call.enter(progress.stage);
        let Some(callback) = callback else { return };
        let report = sam2lung_progress::from(progress);
        // SAFETY: as this function's own; `report` lives until it returns.
        if !as_host(|| unsafe { callback(&report, user_data) }) {
            token.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_stage_and_numbers_are_never_given_twice() {
        // By their numbers, which never change: the detector's stage and the registration came later.
        let stages = Stage::ALL.into_iter().filter(|stage| *stage != Stage::Detect).chain([
            Stage::Load,
            Stage::Detect,
            Stage::Register,
        ]);
        for (number, stage) in stages.enumerate() {
            let (value, title) = words(stage);
            assert_eq!((value as usize, title.to_str().unwrap()), (number, stage.title()));
        }
    }
}
