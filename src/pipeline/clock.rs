//! Times the stages of a run.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Runs from one stage to the next.
#[derive(Debug)]
pub struct Clock {
    last: Instant,
    /// Time a stage took.
    pub laps: BTreeMap<&'static str, Duration>,
}

impl Clock {
    /// Starts it.
    pub fn start() -> Self {
        Clock { last: Instant::now(), laps: BTreeMap::new() }
    }

    /// The stage of this name has ended.
    pub fn lap(&mut self, name: &'static str) {
        let now = Instant::now();
        self.laps.insert(name, now - std::mem::replace(&mut self.last, now));
    }
}
