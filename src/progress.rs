//! Progress and cancelling: one monitor travels through every stage of a run.
//!
//! Progress is reported on the caller's thread. A [`CancelToken`] may be cancelled from any thread; the stage that
//! runs notices it at its next step and ends with [`Error::Cancelled`].

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
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
    /// Encoder and decoder over the slices.
    Segment,
    /// The same once more around clicks, with the clicks.
    Prompt,
    /// Components, judgement and measurement.
    Nodules,
    /// Writing volumes, tables and pictures.
    Write,
}

impl Stage {
    /// All stages, in the order in which they run.
    pub const ALL: [Stage; 6] =
        [Stage::Read, Stage::Lungs, Stage::Segment, Stage::Prompt, Stage::Nodules, Stage::Write];

    /// What a person is told.
    pub fn title(self) -> &'static str {
        match self {
            Stage::Read => "Reading the CT",
            Stage::Lungs => "Finding the lungs",
            Stage::Segment => "Segmenting slices",
            Stage::Prompt => "Outlining where asked",
            Stage::Nodules => "Measuring nodules",
            Stage::Write => "Writing results",
        }
    }

    /// The usual share of a run's time.
    fn weight(self) -> f64 {
        match self {
            Stage::Read => 0.06,
            Stage::Lungs => 0.06,
            Stage::Segment => 0.71,
            Stage::Prompt => 0.05,
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
    /// Part of the whole run that is done, 0 to 1, never falling.
    pub fraction: f64,
    /// Estimated time to the end; `None` until there is something to estimate from.
    pub remaining: Option<Duration>,
}

/// Asks a run to stop; clones share one state.
#[derive(Clone, Default)]
pub struct CancelToken(Arc<Inner>);

#[derive(Default)]
struct Inner {
    cancelled: AtomicBool,
    interrupt: Mutex<Option<Box<dyn Fn() + Send>>>,
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

    /// Asks the run to stop, from any thread; a second call changes nothing.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::SeqCst);
        if let Some(interrupt) = &*self.0.interrupt.lock().unwrap_or_else(|e| e.into_inner()) {
            interrupt();
        }
    }

    /// True once [`CancelToken::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    /// Ends with [`Error::Cancelled`] once the token is cancelled.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// What [`CancelToken::cancel`] has to call besides, to interrupt a call that can't look by itself; called at
    /// once when the token is cancelled already. `None` takes it back.
    pub(crate) fn set_interrupt(&self, interrupt: Option<Box<dyn Fn() + Send>>) {
        let mut slot = self.0.interrupt.lock().unwrap_or_else(|e| e.into_inner());
        if let (true, Some(call)) = (self.is_cancelled(), &interrupt) {
            call();
        }
        *slot = interrupt;
    }
}

/// Travels through a run: stages report to it and ask it whether to go on.
pub struct Monitor<'a> {
    cancel: CancelToken,
    sink: Option<&'a mut dyn FnMut(Progress)>,
    started: Instant,
    stage: Stage,
    fraction: f64,
}

impl fmt::Debug for Monitor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("stage", &self.stage).field("fraction", &self.fraction).finish()
    }
}

impl<'a> Monitor<'a> {
    /// A monitor that reports to `sink` and obeys `cancel`.
    pub fn new(cancel: CancelToken, sink: &'a mut dyn FnMut(Progress)) -> Self {
        Monitor { cancel, sink: Some(sink), started: Instant::now(), stage: Stage::Read, fraction: 0.0 }
    }

    /// A monitor that reports to nobody and is never cancelled.
    pub fn silent() -> Self {
        Monitor { cancel: CancelToken::new(), sink: None, started: Instant::now(), stage: Stage::Read, fraction: 0.0 }
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
        self.check()?;
        self.stage = stage;
        let before: f64 = Stage::ALL.iter().take_while(|s| **s != stage).map(|s| s.weight()).sum();
        let within = if total == 0 { 1.0 } else { done.min(total) as f64 / total as f64 };
        self.fraction = self.fraction.max(before + within * stage.weight()).min(1.0);
        let progress = Progress { stage, fraction: self.fraction, remaining: self.remaining() };
        if let Some(sink) = &mut self.sink {
            sink(progress);
        }
        self.check()
    }

    fn remaining(&self) -> Option<Duration> {
        let elapsed = self.started.elapsed().as_secs_f64();
        (self.fraction > 0.02 && elapsed > 0.5)
            .then(|| Duration::from_secs_f64(elapsed * (1.0 - self.fraction) / self.fraction))
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
    fn monitor_cancelled_from_its_own_callback_ends_the_step() {
        let token = CancelToken::new();
        let from_callback = token.clone();
        let mut sink = |_: Progress| from_callback.cancel();
        let mut monitor = Monitor::new(token, &mut sink);
        assert_eq!(monitor.step(Stage::Lungs, 0, 3).unwrap_err().name(), "E_CANCELLED");
    }
}
