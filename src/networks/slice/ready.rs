//! One slice on its way through the network: scouted, cut into rectangles, sampled.

use std::ops::Range;

use ndarray::{Array2, Array3, ArrayView3, ArrayView4, Axis, stack};

use super::{
    area::{Area, Reading},
    input::input,
    neighbours::SliceAxis,
    scout::suspicious,
};
use crate::{
    error::{Error, Result},
    networks::{
        handed::Handed,
        job::Job,
        meter::Meter,
        network::Network,
        runner::{Calls, Input, Runner, Seen, seen_before},
        sampler::Pass,
    },
    progress::CancelToken,
    space::volume::Voi,
    steps::resample::{Tap, bilinear},
    threads::share,
};

/// Answers for slices.
pub struct Slices<'a, N> {
    runner: Runner<'a, N>,
    /// What is asked.
    pub job: Job<'a>,
    /// The slices that the network answers for.
    pub axis: SliceAxis,
    passes: Vec<Pass>,
    hand: Option<&'a Hand<'a>>,
}

/// What the network is handed for slice k of the CT, over an area of it.
pub type Hand<'a> = dyn Fn(usize, &Area) -> Handed + 'a;

/// Takes a rectangle's number, a sample's, and its logits (K, rows, columns).
type Put<'a> = dyn FnMut(usize, usize, ArrayView3<'_, f32>) -> Result<()> + 'a;

/// A slice that is asked for.
pub struct Asked {
    /// Its number among those that the network answers for.
    pub slice: usize,
    /// The box whose voxels are answered for, in the plane.
    pub voi: Voi,
    /// Voxels of the plane that are asked for.
    pub wanted: Array2<bool>,
}

/// A slice whose rectangles are to be sampled.
pub struct Ready<E> {
    /// What is answered.
    pub area: Area,
    /// Logits (K, H, W) of the deterministic pass over all of it; `None` where all of it is sampled.
    pub settled: Option<Array3<f32>>,
    /// What is sampled.
    pub readings: Vec<Reading>,
    input: Input,
    seen: Vec<Option<Seen<E>>>,
}

impl<'a, N: Network> Slices<'a, N> {
    /// Answers for slices by `runner`. `hand`: for a hybrid's fine network.
    pub fn new(runner: Runner<'a, N>, job: Job<'a>, hand: Option<&'a Hand<'a>>) -> Self {
        let axis = SliceAxis::new(runner.spec, job.images.grid);
        let passes = job.passes(&runner.sampler);
        Slices { runner, job, axis, passes, hand }
    }

    /// How many slices are worth making ready at once.
    pub fn at_once(&self) -> usize {
        self.runner.images_at_once()
    }

    /// Makes slices ready.
    ///
    /// # Errors
    /// As [`Network::encode`].
    pub fn ready(&mut self, asked: &[Asked], cancel: &CancelToken) -> Result<Vec<Ready<N::Encoded>>> {
        let Job { images, clicks, sampling, calibration, .. } = self.job;
        let spec = self.runner.spec;
        let axis = &self.axis;
        let mut looked = share(asked, |asked| {
            let area = Area::around(&asked.voi, images.grid, spec);
            let input = input(spec, images, clicks, (axis, asked.slice), &area);
            Ok::<_, Error>((area, input))
        })?;
        for (asked, (area, input)) in asked.iter().zip(&mut looked) {
            input.handed = self.hand.map(|hand| hand(asked.slice, area));
        }
        if !self.passes.is_empty() && spec.scout.threshold.is_none() {
            let all = |(area, input): (Area, Input)| {
                let readings = vec![area.reading(area.whole(), spec)];
                Ready { area, settled: None, readings, input, seen: Vec::new() }
            };
            return Ok(looked.into_iter().map(all).collect());
        }
        let seen = looked.iter().map(|(_, input)| self.runner.encode_all(input, cancel));
        let seen: Vec<Vec<Seen<N::Encoded>>> = seen.collect::<Result<_>>()?;
        let windows = looked.iter().map(|(area, _)| Some(area.window(area.whole())));
        let images_seen: Vec<_> = seen.iter().map(Vec::as_slice).zip(windows).collect();
        let logits = self.runner.settled_each(&images_seen, cancel)?;
        let each = asked.iter().zip(looked).zip(seen).zip(logits);
        let ready = each.map(|(((asked, (area, input)), seen), logits)| {
            let settled = logits.index_axis_move(Axis(0), 0).index_axis_move(Axis(1), 0);
            let rects = if self.passes.is_empty() {
                Vec::new()
            } else {
                let (wanted, threshold) = (asked.wanted.view(), sampling.threshold);
                suspicious(settled.view(), (spec, calibration), images.grid, wanted, &area, threshold)
            };
            let readings = rects.into_iter().map(|rect| area.reading(rect, spec)).collect();
            Ready { area, settled: Some(settled), readings, input, seen: seen.into_iter().map(Some).collect() }
        });
        Ok(ready.collect())
    }

    /// Samples the rectangles of a slice: for each rectangle and sample `put` takes the rectangle's number, the sample's, and its
    /// logits (K, rows, columns) at the voxels of the reading.
    ///
    /// # Errors
    /// As [`Network::decode`], or what `put` says.
    pub fn sample(&mut self, mut ready: Ready<N::Encoded>, meter: &mut Meter<'_, '_>, put: &mut Put<'_>) -> Result<()> {
        if ready.readings.is_empty() {
            return Ok(());
        }
        let cancel = meter.cancel().clone();
        let mut work = Work::of(&ready);
        for pass in &self.passes {
            let seen = match seen_before(pass, &mut ready.seen) {
                Some(seen) => seen,
                None => self.runner.encode(&ready.input, pass.member, pass.flip, &cancel)?,
            };
            for (n, reading) in ready.readings.iter().enumerate() {
                let part = work.next(reading.read.pixels(), pass.samples.len(), self.job.samples());
                let mut tell = |done: f64| meter.tell(part.start + (part.end - part.start) * done);
                let mut read = |sample: usize, logits: ArrayView4<'_, f32>| {
                    put(n, sample, reading.native(logits.index_axis(Axis(1), 0)).view())
                };
                let window = Some(ready.area.window(reading.read));
                let calls =
                    Calls { samples: &pass.samples, sampling: self.job.sampling, tell: &mut tell, put: &mut read };
                self.runner.sample(&seen, window, reading.read.pixels(), calls, &cancel)?;
            }
        }
        Ok(())
    }
}

impl Reading {
    /// Logits (K, H, W) of what is read, at the voxels: (K, rows, columns).
    fn native(&self, logits: ArrayView3<'_, f32>) -> Array3<f32> {
        native(logits, &self.row_taps, &self.column_taps)
    }
}

/// Each channel of `logits` (K, H, W) at the crossings of `rows` and `columns`.
pub fn native(logits: ArrayView3<'_, f32>, rows: &[Tap], columns: &[Tap]) -> Array3<f32> {
    let channels: Vec<_> = logits.outer_iter().map(|channel| bilinear(channel, rows, columns)).collect();
    let views: Vec<_> = channels.iter().map(|channel| channel.view()).collect();
    stack(Axis(0), &views).expect("all of one size")
}

/// Decoded pixels tell how long the rest of a slice takes: those of the deterministic pass, then of each rectangle for each
/// sample.
struct Work {
    done: f64,
    settled: f64,
    rects: f64,
}

impl Work {
    fn of<E>(ready: &Ready<E>) -> Self {
        let settled = if ready.settled.is_some() { ready.area.whole().pixels() as f64 } else { 0.0 };
        let rects = ready.readings.iter().map(|reading| reading.read.pixels() as f64).sum();
        Work { done: settled, settled, rects }
    }

    /// The part of the work that `samples` of `all` samples of so many pixels are.
    fn next(&mut self, pixels: usize, samples: usize, all: usize) -> Range<f64> {
        let whole = self.settled + self.rects * all as f64;
        let start = self.done / whole;
        self.done += pixels as f64 * samples as f64;
        start..self.done / whole
    }
}
