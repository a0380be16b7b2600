//! One CT, or many at a time: in a lane one CT is read while the one before it is segmented and the one before that is written.
//!
//! A lane has an engine of its own; lanes take their inputs from one list. What a thread has done it hands over only to one that
//! waits for it, so that a lane holds three CTs at most: one that was read, one in the networks, one that is written. Which
//! lane a CT goes through, and beside which others, changes no bit of its result.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::sync_channel,
    },
    thread,
    time::Instant,
};

use sam2lung::{
    Error, Result,
    pipeline::Engine,
    progress::{CancelToken, Monitor, Progress, Stage},
    report::summary::Counts,
    threads,
};

use crate::{
    input::Input,
    one_ct::{Found, Read, Segmenting},
    outcomes::Outcomes,
    terminal::Bar,
};

/// The stages that a bar shows while other threads read and write.
const SHOWN: &[Stage] = &[Stage::Lungs, Stage::Detect, Stage::Segment, Stage::Click, Stage::Nodules];

/// The inputs of a run, and what all lanes share.
pub struct Run<'a> {
    /// What is asked.
    pub segmenting: Segmenting<'a>,
    /// The inputs.
    pub inputs: &'a [Input],
    /// Stops all lanes.
    pub cancel: CancelToken,
}

impl Run<'_> {
    /// Runs all inputs on these engines, one at least. What became of them is told to `outcomes`.
    pub fn all(&self, engines: Vec<Engine>, outcomes: &mut Outcomes<'_>) {
        let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(outcomes));
        let lane = |engine: &mut Engine| self.lane(engine, &next, &outcomes);
        let mut engines = engines.into_iter();
        let first = engines.next();
        thread::scope(|scope| {
            for mut engine in engines {
                // Where no thread can be started for a lane, the others take its inputs.
                let _ = thread::Builder::new().spawn_scoped(scope, move || lane(&mut engine));
            }
            first.into_iter().for_each(|mut engine| lane(&mut engine));
        });
    }

    /// Runs the only input, step by step, with one bar for all of them, on the engine that `load` makes.
    ///
    /// # Errors
    /// Those of `load`.
    pub fn alone(
        &self,
        threads: usize,
        load: impl FnOnce() -> Result<Engine> + Send,
        outcomes: &mut Outcomes<'_>,
    ) -> Result<()> {
        let (started, segmenting, input) = (Instant::now(), &self.segmenting, &self.inputs[0]);
        let bar = Bar::new(&input.name, segmenting.args.run.quiet);
        let (engine, read) = self.begin(input, &bar, threads, load);
        let mut show = |progress: Progress| bar.show(progress);
        let mut monitor = Monitor::new(self.cancel.clone(), &mut show);
        // Of both that fail the model is told of, whichever failed first.
        let mut engine = engine?;
        let written = read.and_then(|read| match read {
            Read::DoneBefore(counts) => Ok(Err(counts)),
            Read::Ready(ready) => {
                let found = segmenting.find(input, *ready, &mut engine, &mut monitor)?;
                segmenting.write(found, &mut monitor).map(Ok)
            }
        });
        drop(bar);
        match written {
            Ok(Err(counts)) => outcomes.done_before(0, counts),
            Ok(Ok(written)) => outcomes.done(0, started.elapsed(), Ok(written)),
            Err(error) => outcomes.done(0, started.elapsed(), Err(error)),
        }
        Ok(())
    }

    /// Loads the model while the input is read, where there are threads for both. Where the model can't be loaded, reading
    /// is cancelled.
    fn begin(
        &self,
        input: &Input,
        bar: &Bar,
        threads: usize,
        load: impl FnOnce() -> Result<Engine> + Send,
    ) -> (Result<Engine>, Result<Read>) {
        let reading = &self.cancel.child();
        let (mut loaded, mut done) = (None, None);
        let (to_loaded, to_done) = (&mut loaded, &mut done);
        let load: Box<dyn FnOnce() + Send + '_> = Box::new(move || {
            let engine = load();
            engine.is_err().then(|| reading.cancel());
            *to_loaded = Some(engine);
        });
        let read: Box<dyn FnOnce() + Send + '_> = Box::new(move || {
            let mut show = |progress: Progress| bar.show(progress);
            let mut monitor = Monitor::new(reading.clone(), &mut show);
            // A model is loaded sooner than a CT is read, mostly.
            *to_done = Some(threads::with(threads, || self.segmenting.read(input, &mut monitor)));
        });
        threads::with(threads, || threads::each([load, read], |half| half()));
        (loaded.expect("it was loaded or refused"), done.expect("it was read or refused"))
    }

    /// One lane, with threads that read and write beside it; where they can't be started it does all by itself.
    fn lane(&self, engine: &mut Engine, next: &AtomicUsize, outcomes: &Mutex<&mut Outcomes<'_>>) {
        let (to_networks, read) = sync_channel(0);
        let (to_writer, found) = sync_channel::<(usize, Instant, Found)>(0);
        let is_staffed = thread::scope(|scope| {
            let writes = move || {
                for (n, started, found) in found {
                    let written = self.silently(|monitor| self.segmenting.write(found, monitor));
                    locked(outcomes).done(n, started.elapsed(), written);
                }
            };
            let reads = move || {
                while let Some(n) = self.take(next) {
                    let started = Instant::now();
                    let read = self.silently(|monitor| self.segmenting.read(&self.inputs[n], monitor));
                    if to_networks.send((n, started, read)).is_err() {
                        return;
                    }
                }
            };
            // The one that takes inputs comes last: then none is lost.
            let writer = thread::Builder::new().spawn_scoped(scope, writes);
            if writer.and_then(|_| thread::Builder::new().spawn_scoped(scope, reads)).is_err() {
                return false;
            }
            for (n, started, read) in read {
                match read.and_then(|read| self.found(n, read, engine)) {
                    Ok(Ok(found)) => to_writer.send((n, started, found)).expect("the writer ends after this"),
                    Ok(Err(counts)) => locked(outcomes).done_before(n, counts),
                    Err(error) => locked(outcomes).done(n, started.elapsed(), Err(error)),
                }
            }
            drop(to_writer);
            true
        });
        if !is_staffed {
            self.lane_alone(engine, next, outcomes);
        }
    }

    fn lane_alone(&self, engine: &mut Engine, next: &AtomicUsize, outcomes: &Mutex<&mut Outcomes<'_>>) {
        while let Some(n) = self.take(next) {
            let started = Instant::now();
            let read = self.silently(|monitor| self.segmenting.read(&self.inputs[n], monitor));
            let written = match read.and_then(|read| self.found(n, read, engine)) {
                Ok(Ok(found)) => self.silently(|monitor| self.segmenting.write(found, monitor)),
                Ok(Err(counts)) => {
                    locked(outcomes).done_before(n, counts);
                    continue;
                }
                Err(error) => Err(error),
            };
            locked(outcomes).done(n, started.elapsed(), written);
        }
    }

    /// What the networks find in input `n`; as the inner error the numbers of an earlier result, which stays.
    fn found(&self, n: usize, read: Read, engine: &mut Engine) -> Result<std::result::Result<Found, Counts>> {
        let ready = match read {
            Read::Ready(ready) => ready,
            Read::DoneBefore(counts) => return Ok(Err(counts)),
        };
        let input = &self.inputs[n];
        let bar = Bar::new(&input.name, self.segmenting.args.run.quiet);
        let mut show = |progress: Progress| bar.show(progress);
        let mut monitor = Monitor::new(self.cancel.clone(), &mut show).over(SHOWN);
        guarded(|| self.segmenting.find(input, *ready, engine, &mut monitor)).map(Ok)
    }

    /// The next input, until none is left or the run is stopped.
    fn take(&self, next: &AtomicUsize) -> Option<usize> {
        if self.cancel.is_cancelled() {
            return None;
        }
        Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < self.inputs.len())
    }

    fn silently<T>(&self, work: impl FnOnce(&mut Monitor<'_>) -> Result<T>) -> Result<T> {
        let mut show = |_: Progress| ();
        guarded(|| work(&mut Monitor::new(self.cancel.clone(), &mut show)))
    }
}

/// A mistake of ours in one CT is that CT's error: the others go on. The panic's own message has been told.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let internal = |_| Err(Error::Internal { what: "a panic, told above".into() });
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(internal)
}

/// What another thread has told stands, whatever became of that thread.
fn locked<'a, T>(mutex: &'a Mutex<T>) -> MutexGuard<'a, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
