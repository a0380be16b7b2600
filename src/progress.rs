//! Progress and cancelling: one monitor travels through every stage of a run.
//!
//! Progress is reported on the caller's thread. A [`CancelToken`] may be cancelled from any thread; the stage that
//! runs notices it at its next step and ends with [`Error::Cancelled`].

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::error::{Error, Result};

/// The parts of a run, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Reading and checking the input.
    Read,
    /// Finding the lungs.
    Lungs,
    /// The detector over the search region; only with models that have one.
    Detect,
    /// The segmenter over the search region, or around what was detected.
    Segment,
    /// The same once more around clicks, with the clicks.
    Click,
    /// Components, classification and measurement.
    Nodules,
    /// Writing volumes, tables and pictures.
    Write,
    /// Before all runs: a model's networks are loaded and tried.
    Load,
    /// Between two runs: the lungs of two CTs are laid over each other.
    Register,
}

impl Stage {
    /// All stages of a run, in their order.
    pub const ALL: [Stage; 7] =
        [Stage::Read, Stage::Lungs, Stage::Detect, Stage::Segment, Stage::Click, Stage::Nodules, Stage::Write];

    /// What a person is told.
    pub fn title(self) -> &'static str {
        match self {
            Stage::Read => "Reading the CT",
            Stage::Lungs => "Finding the lungs",
            Stage::Detect => "Looking for nodules",
            Stage::Segment => "Segmenting slices",
            Stage::Click => "Outlining at clicks",
            Stage::Nodules => "Measuring nodules",
            Stage::Write => "Writing results",
            Stage::Load => "Loading the model",
            Stage::Register => "Laying the lungs over each other",
        }
    }

    /// The usual share of a run's time; loading and registering are no part of a run.
    fn weight(self) -> f64 {
        match self {
            Stage::Load | Stage::Register => 1.0,
            Stage::Read => 0.06,
            Stage::Lungs => 0.06,
            Stage::Detect => 0.3,
            Stage::Segment => 0.71,
            Stage::Click => 0.05,
            Stage::Nodules => 0.04,
            Stage::Write => 0.08,
        }
    }
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// The stage that runs.
    pub stage: Stage,
    /// Steps of the stage that are done.
    pub done: usize,
    /// Steps that the stage has.
    pub total: usize,
    /// Part of the whole run that is done, 0 to 1, never falling.
    pub fraction: f64,
    /// Estimated time to the end; `None` until there is something to estimate from.
    pub remaining: Option<Duration>,
}

/// Asks a run to stop; clones share one state. Several runs may go by one token.
#[derive(Clone, Default)]
pub struct CancelToken(Arc<Inner>);

#[derive(Default)]
struct Inner {
    cancelled: AtomicBool,
    /// A token that cancels this one as well.
    parent: Option<CancelToken>,
    /// What a cancel has to call besides, by number.
    interrupts: Mutex<BTreeMap<u64, Interrupt>>,
}

/// Interrupts a call that can't look at a token by itself.
type Interrupt = Arc<dyn Fn() + Send + Sync>;

/// An interrupt of a token, until it is dropped.
pub(crate) struct Interruptible<'a> {
    token: &'a CancelToken,
    number: u64,
}

impl Drop for Interruptible<'_> {
    fn drop(&mut self) {
        self.token.chain().for_each(|token| drop(token.interrupts().remove(&self.number)));
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CancelToken").field(&self.is_cancelled()).finish()
    }
}

impl CancelToken {
    /// A token that isn't cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// A token that this one cancels, and that can be cancelled without it.
    pub fn child(&self) -> Self {
        CancelToken(Arc::new(Inner { parent: Some(self.clone()), ..Inner::default() }))
    }

    /// Asks the run to stop, from any thread; a second call changes nothing.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::SeqCst);
        self.interrupts().values().for_each(|interrupt| interrupt());
    }

    /// True once [`CancelToken::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.chain().any(|token| token.0.cancelled.load(Ordering::SeqCst))
    }

    /// This token and those that cancel it.
    fn chain(&self) -> impl Iterator<Item = &CancelToken> {
        std::iter::successors(Some(self), |token| token.0.parent.as_ref())
    }

    fn interrupts(&self) -> MutexGuard<'_, BTreeMap<u64, Interrupt>> {
        self.0.interrupts.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Ends with [`Error::Cancelled`] once the token is cancelled.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// What a cancel has to call besides, to interrupt a call that can't look by itself; called at once when the token
    /// is cancelled already. It holds until the value that is returned is dropped.
    pub(crate) fn interruptible(&self, interrupt: impl Fn() + Send + Sync + 'static) -> Interruptible<'_> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let (number, interrupt) = (NEXT.fetch_add(1, Ordering::Relaxed), Arc::new(interrupt));
        self.chain().for_each(|token| drop(token.interrupts().insert(number, interrupt.clone())));
        // Looked at after it was put in: a cancel in between calls it twice rather than never.
        if self.is_cancelled() {
            interrupt();
        }
        Interruptible { token: self, number }
    }
}

/// Travels through a run: stages report to it and ask it whether to go on.
pub struct Monitor<'a> {
    cancel: CancelToken,
    sink: Option<&'a mut dyn FnMut(Progress)>,
    stages: &'static [Stage],
    /// Those of them that this run doesn't have.
    without: &'static [Stage],
    stage: Stage,
    fraction: f64,
    pace: Pace,
}

/// How long a run takes, told by its longest stage: others are over too soon to tell anything.
#[derive(Default)]
struct Pace {
    /// When the longest stage began.
    began: Option<Instant>,
    /// Seconds for the whole run's worth of work.
    seconds_a_run: Option<f64>,
}

impl Pace {
    /// `share` of the run's work lies in its longest stage, `within` of which is done.
    fn note(&mut self, now: Instant, within: f64, share: f64) {
        let elapsed = now.duration_since(*self.began.get_or_insert(now)).as_secs_f64();
        if within > 0.02 && elapsed > 0.5 {
            self.seconds_a_run = Some(elapsed / (within * share));
        }
    }
}

impl fmt::Debug for Monitor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("stage", &self.stage).field("fraction", &self.fraction).finish()
    }
}

impl<'a> Monitor<'a> {
    /// A monitor that reports to `sink` and obeys `cancel`.
    pub fn new(cancel: CancelToken, sink: &'a mut dyn FnMut(Progress)) -> Self {
        Monitor { sink: Some(sink), cancel, ..Monitor::silent() }
    }

    /// The same for a run that has these stages only: its fraction ends at 1 with the last of them.
    pub fn over(self, stages: &'static [Stage]) -> Self {
        Monitor { stages, ..self }
    }

    /// The run that goes on from here doesn't have these stages: their share of the work goes to the others.
    pub fn leave_out(&mut self, stages: &'static [Stage]) {
        self.without = stages;
    }

    /// A monitor that reports to nobody and is never cancelled.
    pub fn silent() -> Self {
        let (cancel, stage) = (CancelToken::new(), Stage::Read);
        let (stages, pace) = (&Stage::ALL, Pace::default());
        Monitor { cancel, sink: None, stages, without: &[], stage, fraction: 0.0, pace }
    }

    /// A monitor of a model that is loaded, which reports to `sink` and obeys `cancel`.
    pub fn loading(cancel: CancelToken, sink: &'a mut dyn FnMut(Progress)) -> Self {
        Monitor::new(cancel, sink).over(&[Stage::Load])
    }

    /// The token that cancels this run.
    pub fn cancel_token(&self) -> &CancelToken {
        &self.cancel
    }

    /// Ends with [`Error::Cancelled`] once the run is cancelled; cheap enough for every slice.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub fn check(&self) -> Result<()> {
        self.cancel.check()
    }

    /// Reports that `done` of `total` steps of `stage` are done.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub fn step(&mut self, stage: Stage, done: usize, total: usize) -> Result<()> {
        let within = if total == 0 { 1.0 } else { done.min(total) as f64 / total as f64 };
        self.step_within(stage, done, total, within)
    }

    /// The same where steps differ in length: `within` of the stage's work is done, 0 to 1.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub fn step_within(&mut self, stage: Stage, done: usize, total: usize, within: f64) -> Result<()> {
        self.check()?;
        self.stage = stage;
        let there = |stage: &&Stage| !self.without.contains(stage);
        let weight = |stages: &[Stage]| -> f64 { stages.iter().filter(there).map(|s| s.weight()).sum() };
        let at = self.stages.iter().position(|s| *s == stage).unwrap_or(self.stages.len());
        let (before, own) = (weight(&self.stages[..at]), weight(self.stages.get(at..=at).unwrap_or_default()));
        let all = weight(self.stages);
        self.fraction = self.fraction.max((before + within * own) / all).min(1.0);
        if self.stages.iter().filter(there).all(|other| other.weight() <= own) {
            self.pace.note(Instant::now(), within, own / all);
        }
        let progress = Progress { stage, done, total, fraction: self.fraction, remaining: self.remaining() };
        if let Some(sink) = &mut self.sink {
            sink(progress);
        }
        self.check()
    }

    fn remaining(&self) -> Option<Duration> {
        self.pace.seconds_a_run.map(|seconds| Duration::from_secs_f64(seconds * (1.0 - self.fraction)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monitor_reports_a_fraction_that_never_falls_and_ends_at_one() {
        let mut seen = Vec::new();
        let mut sink = |p: Progress| seen.push(p.fraction);
        let mut monitor = Monitor::new(CancelToken::new(), &mut sink);
        for stage in Stage::ALL {
            for done in 0..=4 {
                monitor.step(stage, done, 4).unwrap();
            }
        }
        assert!(seen.windows(2).all(|w| w[0] <= w[1]));
        assert!((seen.last().unwrap() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn pace_is_that_of_the_longest_stage_once_it_has_shown_one() {
        let (mut pace, began) = (Pace::default(), Instant::now());
        let mut after = |seconds: f64, within: f64| {
            pace.note(began + Duration::from_secs_f64(seconds), within, 0.8);
            pace.seconds_a_run
        };
        assert_eq!(after(0.0, 0.0), None);
        assert_eq!(after(0.1, 0.1), None); // too soon
        assert_eq!(after(10.0, 0.25), Some(50.0));
        assert_eq!(after(16.0, 0.5), Some(40.0));
    }

    #[test]
    fn monitor_estimates_nothing_before_its_longest_stage() {
        let after = |stages: &[Stage]| {
            let mut last = None;
            let mut sink = |p: Progress| last = Some(p);
            let mut monitor = Monitor::new(CancelToken::new(), &mut sink);
            monitor.pace.began = Some(Instant::now() - Duration::from_secs(60));
            stages.iter().for_each(|stage| monitor.step(*stage, 1, 2).unwrap());
            last.unwrap().remaining
        };
        assert_eq!(after(&[Stage::Read, Stage::Lungs]), None);
        assert!(after(&[Stage::Lungs, Stage::Segment]).is_some());
        assert!(after(&[Stage::Segment, Stage::Nodules]).is_some());
    }

    #[test]
    fn monitor_over_some_stages_ends_at_one_with_the_last_of_them() {
        let mut last = None;
        let mut sink = |p: Progress| last = Some(p);
        let mut monitor = Monitor::new(CancelToken::new(), &mut sink).over(&[Stage::Lungs, Stage::Nodules]);
        monitor.step(Stage::Lungs, 0, 4).unwrap();
        monitor.step(Stage::Nodules, 3, 3).unwrap();
        let last = last.unwrap();
        assert_eq!((last.stage, last.done, last.total), (Stage::Nodules, 3, 3));
        assert!((last.fraction - 1.0).abs() < 1e-9);
    }

    #[test]
    fn monitor_of_a_run_without_a_stage_gives_its_share_to_the_others() {
        let fraction_after = |without: &'static [Stage]| {
            let mut last = 0.0;
            let mut sink = |p: Progress| last = p.fraction;
            let mut monitor =
                Monitor::new(CancelToken::new(), &mut sink).over(&[Stage::Lungs, Stage::Detect, Stage::Segment]);
            monitor.leave_out(without);
            monitor.step(Stage::Lungs, 1, 1).unwrap();
            last
        };
        assert!((fraction_after(&[]) - 0.06 / 1.07).abs() < 1e-9);
        assert!((fraction_after(&[Stage::Detect]) - 0.06 / 0.77).abs() < 1e-9);
    }

    #[test]
    fn cancel_of_a_parent_reaches_its_children_and_their_interrupts_but_not_the_other_way_round() {
        let parent = CancelToken::new();
        let (one, other) = (parent.child(), parent.child());
        let calls = Arc::new(AtomicU64::new(0));
        let count = |calls: &Arc<AtomicU64>| {
            let calls = calls.clone();
            move || {
                calls.fetch_add(1, Ordering::SeqCst);
            }
        };
        let first = one.interruptible(count(&calls));
        let _second = other.interruptible(count(&calls));
        one.cancel();
        assert!(one.is_cancelled() && !parent.is_cancelled() && !other.is_cancelled());
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        drop(first);
        parent.cancel();
        assert!(other.is_cancelled());
        assert_eq!(calls.load(Ordering::SeqCst), 2);
        let _late = other.interruptible(count(&calls));
        assert_eq!(calls.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn monitor_cancelled_from_its_own_callback_ends_the_step() {
        let token = CancelToken::new();
        let from_callback = token.clone();
        let mut sink = |_: Progress| from_callback.cancel();
        let mut monitor = Monitor::new(token, &mut sink);
        assert_eq!(monitor.step(Stage::Lungs, 0, 3).unwrap_err().name(), "E_CANCELLED");
    }
}
