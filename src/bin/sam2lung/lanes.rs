//! One CT, or many at a time: in a lane one CT is read while the one before it is segmented and the one before that is written.
//!
//! A lane has an engine of its own; lanes take their inputs from one list. What a thread has done it hands over only to one that
//! waits for it, so that a lane holds three CTs at most: one that was read, one in the networks, one that is written. Which
//! lane a CT goes through, and beside which others, changes no bit of its result.

use std::{
    convert::Infallible,
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

/// What the two halves of a beginning came to.
enum Begun {
    Loaded(Result<Engine>),
    Read(Result<Read>),
}

impl Run<'_> {
    /// Runs all inputs on these engines, one at least. What became of them is told to `outcomes`.
    pub fn all(&self, engines: Vec<Engine>, outcomes: &mut Outcomes<'_>) {
        let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(outcomes));
        thread::scope(|scope| {
            for mut engine in engines {
                let (next, outcomes) = (&next, &outcomes);
                scope.spawn(move || self.lane(&mut engine, next, outcomes));
            }
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

    /// Loads the model while the input is read, where there are threads for both. Without a model reading ends as well.
    fn begin(
        &self,
        input: &Input,
        bar: &Bar,
        threads: usize,
        load: impl FnOnce() -> Result<Engine> + Send,
    ) -> (Result<Engine>, Result<Read>) {
        let reading = &self.cancel.child();
        let load: Box<dyn FnOnce() -> Begun + Send + '_> = Box::new(move || {
            let engine = load();
            engine.is_err().then(|| reading.cancel());
            Begun::Loaded(engine)
        });
        let read: Box<dyn FnOnce() -> Begun + Send + '_> = Box::new(move || {
            let mut show = |progress: Progress| bar.show(progress);
            let mut monitor = Monitor::new(reading.clone(), &mut show);
            // A model is loaded sooner than a CT is read, mostly.
            Begun::Read(threads::with(threads, || self.segmenting.read(input, &mut monitor)))
        });
        let begun = threads::with(threads, || threads::share([load, read], |half| Ok::<_, Infallible>(half())));
        let (mut engine, mut read) = (Err(Error::Cancelled), Err(Error::Cancelled));
        for half in begun.unwrap_or_else(|never| match never {}) {
            match half {
                Begun::Loaded(loaded) => engine = loaded,
                Begun::Read(done) => read = done,
            }
        }
        (engine, read)
    }

    fn lane(&self, engine: &mut Engine, next: &AtomicUsize, outcomes: &Mutex<&mut Outcomes<'_>>) {
        let (to_networks, read) = sync_channel(0);
        let (to_writer, found) = sync_channel::<(usize, Instant, Found)>(0);
        thread::scope(|scope| {
            scope.spawn(move || {
                while let Some(n) = self.take(next) {
                    let started = Instant::now();
                    let read = self.silently(|monitor| self.segmenting.read(&self.inputs[n], monitor));
                    if to_networks.send((n, started, read)).is_err() {
                        return;
                    }
                }
            });
            scope.spawn(move || {
                for (n, started, found) in found {
                    let written = self.silently(|monitor| self.segmenting.write(found, monitor));
                    locked(outcomes).done(n, started.elapsed(), written);
                }
            });
            for (n, started, read) in read {
                let found = match read {
                    Ok(Read::Ready(ready)) => {
                        let input = &self.inputs[n];
                        let bar = Bar::new(&input.name, self.segmenting.args.run.quiet);
                        let mut show = |progress: Progress| bar.show(progress);
                        let mut monitor = Monitor::new(self.cancel.clone(), &mut show).over(SHOWN);
                        guarded(|| self.segmenting.find(input, *ready, engine, &mut monitor))
                    }
                    Ok(Read::DoneBefore(counts)) => {
                        locked(outcomes).done_before(n, counts);
                        continue;
                    }
                    Err(error) => Err(error),
                };
                match found {
                    Ok(found) => to_writer.send((n, started, found)).expect("the writer ends after this"),
                    Err(error) => locked(outcomes).done(n, started.elapsed(), Err(error)),
                }
            }
            drop(to_writer);
        });
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
