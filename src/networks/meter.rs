//! How far a kind is with a region. A step is a slice or a box; steps differ in length, and each has parts.

use crate::{
    error::Result,
    progress::{CancelToken, Monitor, Stage},
};

/// Reports progress within one stage and notices a cancel. A slice through a large mass takes seconds, so parts of a step
/// are told as well.
pub struct Meter<'m, 'a> {
    monitor: &'m mut Monitor<'a>,
    cancel: CancelToken,
    stage: Stage,
    steps: usize,
    done: usize,
    /// Work of all steps, of those that are done, and of the one that is under way.
    work: f64,
    behind: f64,
    current: f64,
}

impl<'m, 'a> Meter<'m, 'a> {
    /// For `steps` steps which are `work` together, in any unit.
    pub fn new(monitor: &'m mut Monitor<'a>, stage: Stage, steps: usize, work: f64) -> Self {
        let cancel = monitor.cancel_token().clone();
        Meter { monitor, cancel, stage, steps, done: 0, work, behind: 0.0, current: 0.0 }
    }

    /// A step that is `work` begins.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn begin(&mut self, work: f64) -> Result<()> {
        self.current = work;
        self.tell(0.0)
    }

    /// A part of the step, 0 to 1, is done.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn tell(&mut self, part: f64) -> Result<()> {
        let within = if self.work > 0.0 { (self.behind + part * self.current) / self.work } else { 1.0 };
        self.monitor.step_within(self.stage, self.done.min(self.steps), self.steps, within.min(1.0))
    }

    /// The step is done.
    pub fn end(&mut self) {
        self.done += 1;
        self.behind += std::mem::take(&mut self.current);
    }

    /// All is done.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn finish(self) -> Result<()> {
        self.monitor.step(self.stage, self.steps, self.steps)
    }

    /// The token that cancels the run.
    pub fn cancel(&self) -> &CancelToken {
        &self.cancel
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Progress;

    #[test]
    fn meter_tells_steps_by_their_work_and_their_parts() {
        let mut told: Vec<(usize, usize, f64)> = Vec::new();
        let mut sink = |p: Progress| told.push((p.done, p.total, p.fraction));
        let mut monitor = Monitor::new(CancelToken::new(), &mut sink).over(&[Stage::Segment]);
        let mut meter = Meter::new(&mut monitor, Stage::Segment, 2, 4.0);
        meter.begin(1.0).unwrap();
        meter.end();
        meter.begin(3.0).unwrap();
        meter.tell(0.5).unwrap();
        meter.end();
        meter.finish().unwrap();
        assert_eq!(told, [(0, 2, 0.0), (1, 2, 0.25), (1, 2, 0.625), (2, 2, 1.0)]);
    }

    #[test]
    fn meter_of_a_cancelled_run_ends_it() {
        let token = CancelToken::new();
        token.cancel();
        let mut sink = |_: Progress| {};
        let mut monitor = Monitor::new(token, &mut sink);
        assert_eq!(Meter::new(&mut monitor, Stage::Segment, 1, 1.0).begin(1.0).unwrap_err().name(), "E_CANCELLED");
    }
}
