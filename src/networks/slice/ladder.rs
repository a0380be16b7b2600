//! Slices that lie apart, put back linearly along k: what lies between two of them is between what their samples say, what
//! lies beyond the last is what that says. Each slice answers for the planes between its neighbours.

use std::collections::BTreeMap;

use ndarray::{Array2, Array3, ArrayView2, ArrayView3, Axis};

use super::{
    plan,
    ready::{Asked, Hand, Ready, Slices, native},
};
use crate::{
    error::{Error, Result},
    networks::{
        answers::Answers,
        blending::{Plane, Planes, gather, sweep},
        job::Job,
        meter::Meter,
        network::Network,
        runner::Runner,
    },
    progress::{CancelToken, Monitor, Stage},
    space::volume::Voi,
    threads::share,
};

/// Positions closer than this, in slices of the CT, are one: a header's rounding must not cost a slice.
const SAME: f64 = 1e-6;

/// The planes between slices.
pub struct Ladder<'a, N: Network> {
    slices: Slices<'a, N>,
    /// Slices that were made ready with an earlier one, each with what its deterministic pass says.
    ahead: BTreeMap<usize, (Ready<N::Encoded>, Plane)>,
    /// In rising order.
    rungs: Vec<Rung>,
    /// Voxels that are answered for.
    wanted: &'a Array3<bool>,
    held: BTreeMap<usize, Plane>,
}

/// A slice of the ladder.
struct Rung {
    /// Its number among those that the network answers for.
    slice: usize,
    /// Where it lies, in slices of the CT.
    position: f64,
    /// The box in the plane of all that is asked for between its neighbours; `None`: nothing is.
    voi: Option<Voi>,
}

impl<'a, N: Network> Ladder<'a, N> {
    /// The slices with these numbers, rising, for the voxels `wanted`. `hand`: for a hybrid's fine network.
    pub fn new(
        runner: Runner<'a, N>,
        job: Job<'a>,
        numbers: &[usize],
        wanted: &'a Array3<bool>,
        hand: Option<&'a Hand<'a>>,
    ) -> Self {
        let slices = Slices::new(runner, job, hand);
        let rung = |slice: &usize| Rung { slice: *slice, position: snapped(slices.axis.position(*slice)), voi: None };
        let rungs: Vec<Rung> = numbers.iter().map(rung).collect();
        let mut ladder = Ladder { slices, ahead: BTreeMap::new(), rungs, wanted, held: BTreeMap::new() };
        for n in 0..ladder.rungs.len() {
            ladder.rungs[n].voi = Voi::around(&between(&ladder.rungs, wanted, n).insert_axis(Axis(0)));
        }
        ladder
    }

    /// Number of slices that are asked for, and their samples' pixels: what [`Meter`] wants.
    pub fn work(&self) -> (usize, f64) {
        let asked = self.rungs.iter().filter_map(|rung| rung.voi.as_ref());
        asked.fold((0, 0.0), |(count, work), voi| (count + 1, work + sweep::work(voi, self.slices.job.samples())))
    }

    /// The slices next to plane `k`, the lower one first, and the share of the upper.
    fn around(&self, k: usize) -> (usize, usize, f32) {
        let above = self.rungs.partition_point(|rung| rung.position <= k as f64);
        let low = above.saturating_sub(1);
        if above == 0 || above == self.rungs.len() || self.rungs[low].position == k as f64 {
            return (low, low, 0.0);
        }
        let (from, to) = (self.rungs[low].position, self.rungs[above].position);
        (low, above, ((k as f64 - from) / (to - from)) as f32)
    }

    /// Slice `n` of the ladder, which is asked for; the next ones are made ready with it.
    fn ready(&mut self, n: usize, cancel: &CancelToken) -> Result<(Ready<N::Encoded>, Plane)> {
        if !self.ahead.contains_key(&n) {
            let region = self.slices.job.region;
            let some = (n..self.rungs.len()).filter_map(|n| Some((n, self.rungs[n].voi?)));
            let some: Vec<(usize, Voi)> = some.take(self.slices.at_once()).collect();
            let rungs = &self.rungs;
            let asked = |(n, voi): &(usize, Voi)| Asked {
                slice: rungs[*n].slice,
                voi: *voi,
                wanted: between(rungs, region, *n),
            };
            let ready = self.slices.ready(&some.iter().map(asked).collect::<Vec<_>>(), cancel)?;
            let (wanted, job) = (self.wanted, self.slices.job);
            let settled = ready.iter().map(|ready| (ready.area, ready.settled.as_ref().map(|logits| logits.view())));
            let planes = share(some.iter().zip(settled), |((n, voi), (area, logits))| {
                let mut plane = Plane::new(between(rungs, wanted, *n).view(), job.channels() * job.samples())?;
                if let Some(logits) = logits {
                    let [rows, columns] = area.taps(voi);
                    let logits = native(logits, &rows, &columns);
                    let at = [voi.start[1], voi.start[0]];
                    (0..job.samples()).for_each(|sample| set(&mut plane, sample, at, logits.view()));
                }
                Ok::<_, Error>(plane)
            })?;
            self.ahead = some.into_iter().map(|(n, _)| n).zip(ready.into_iter().zip(planes)).collect();
        }
        self.ahead.remove(&n).ok_or_else(|| Error::Internal { what: "a slice was not made ready".into() })
    }

    /// Logits of slice `n` of the ladder, at the CT's pixels.
    fn answer(&mut self, n: usize, meter: &mut Meter<'_, '_>) -> Result<Plane> {
        let job = self.slices.job;
        let Some(voi) = self.rungs[n].voi else {
            return Plane::new(between(&self.rungs, self.wanted, n).view(), job.channels() * job.samples());
        };
        meter.begin(sweep::work(&voi, job.samples()))?;
        let (ready, mut plane) = self.ready(n, meter.cancel())?;
        let corners: Vec<[usize; 2]> = ready.readings.iter().map(|r| [r.rows.start, r.columns.start]).collect();
        self.slices.sample(ready, meter, &mut |rect, sample, logits| {
            set(&mut plane, sample, corners[rect], logits);
            Ok(())
        })?;
        meter.end();
        Ok(plane)
    }
}

/// Where any plane between a rung's neighbours is true.
fn between(rungs: &[Rung], mask: &Array3<bool>, n: usize) -> Array2<bool> {
    let start = n.checked_sub(1).map_or(0, |before| rungs[before].position.floor() as usize + 1);
    let end = rungs.get(n + 1).map_or(mask.dim().0, |after| after.position.ceil() as usize);
    let (depth, height, width) = mask.dim();
    let mut any = Array2::from_elem((height, width), false);
    for k in start..end.min(depth) {
        any.zip_mut_with(&mask.index_axis(Axis(0), k), |any, here| *any |= here);
    }
    any
}

/// Lets a sample's logits (K, rows, columns) take their place.
fn set(plane: &mut Plane, sample: usize, at: [usize; 2], logits: ArrayView3<'_, f32>) {
    let channels = logits.dim().0;
    let each = logits.outer_iter().enumerate();
    each.for_each(|(n, logits): (usize, ArrayView2<'_, f32>)| plane.set(sample * channels + n, at, logits));
}

fn snapped(position: f64) -> f64 {
    if (position - position.round()).abs() < SAME { position.round() } else { position }
}

impl<N: Network> Planes for Ladder<'_, N> {
    fn plane(&mut self, k: usize, meter: &mut Meter<'_, '_>) -> Result<Plane> {
        let (low, high, weight) = self.around(k);
        self.held = self.held.split_off(&low);
        for n in [low, high] {
            if !self.held.contains_key(&n) {
                let plane = self.answer(n, meter)?;
                self.held.insert(n, plane);
            }
        }
        let job = self.slices.job;
        let mut plane = Plane::new(self.wanted.index_axis(Axis(0), k), job.channels() * job.samples())?;
        plane.mix(&self.held[&low], &self.held[&high], weight);
        Ok(plane)
    }
}

/// Answers for a network whose slices lie at multiples of its own spacing along k: for the voxels that a network on the CT's
/// slices would answer for.
///
/// # Errors
/// [`crate::Error::Inference`], [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
pub fn answer<N: Network>(
    runner: Runner<'_, N>,
    job: Job<'_>,
    stage: Stage,
    monitor: &mut Monitor<'_>,
) -> Result<Answers> {
    let grid = job.images.grid;
    let mut wanted = Array3::from_elem(grid.shape(), false);
    let boxes = plan(runner.spec, grid, job.region);
    boxes.iter().for_each(|voi| voi.fill(&mut wanted));
    let order = job.order(&runner.sampler);
    let slices = super::neighbours::SliceAxis::new(runner.spec, grid).count();
    let mut ladder = Ladder::new(runner, job, &(0..slices).collect::<Vec<_>>(), &wanted, None);
    let (steps, work) = ladder.work();
    let mut meter = Meter::new(monitor, stage, steps, work);
    let answers = gather(&mut ladder, Job { region: &wanted, ..job }, &order, &mut meter)?;
    meter.finish()?;
    Ok(answers)
}
