//! The slice kind: an axial slice with its neighbours in, that slice out.
//!
//! Enters: a region of the volume. Leaves: what each slice's samples say of the box around the region in that slice, grown by
//! the scout's margin. Not known here: roles, findings, other kinds.
//!
//! A slice is encoded once a pass. One deterministic decode scouts it (the mean over the members' logits); windows around what
//! it finds are decoded once a sample. Where it finds nothing, its own probability stands and there is no variance: every
//! sample equals it there. A network that has one deterministic answer alone is scouted and never sampled.
//!
//! A network on the CT's own slices is answered slice by slice, without blending ([`answer`]). One with a spacing along k has
//! slices of its own: logits of the same sample are put back linearly along k, then statistics are taken ([`ladder`]).

pub mod area;
mod input;
pub mod ladder;
pub mod neighbours;
mod ready;
mod scout;
mod windows;

use ndarray::{Array2, Array3, ArrayView3, Axis};
use ready::{Asked, Ready, Slices, native};

use super::{
    answers::{Answers, ClassAnswer},
    job::Job,
    meter::Meter,
    network::Network,
    runner::Runner,
};
use crate::{
    contract::network,
    error::Result,
    progress::{Monitor, Stage},
    space::{grid::Grid, volume::Voi},
    steps::{sample_masks::SampleMasks, statistics::Accumulator},
};

/// The box around the region in each slice that holds some of it, grown by the scout's margin in the plane.
pub fn plan(spec: &network::Network, grid: &Grid, region: &Array3<bool>) -> Vec<Voi> {
    let margin = |axis: usize| (spec.scout.margin_mm / grid.spacing_mm[axis]).ceil() as usize;
    let slices = region.axis_chunks_iter(Axis(0), 1).enumerate();
    let boxes = slices.filter_map(|(k, slice)| {
        let mut voi = Voi::around(&slice.to_owned())?;
        (voi.start[2], voi.end[2]) = (k, k + 1);
        Some(voi.grown([margin(0), margin(1), 0], grid.dims))
    });
    boxes.collect()
}

/// Answers for the CT's own slices, one after the other.
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
    let plan = plan(runner.spec, grid, job.region);
    let mut answers = Answers::zeros(grid.shape(), job.classes, job.samples(), job.sampling.kinds.len());
    let mut slices = Slices::new(runner, job, None);
    // Voxels tell better than slices how long the rest takes: slices are small where the lungs begin and end.
    let voxels = |voi: &Voi| voi.voxels() as f64;
    let mut meter = Meter::new(monitor, stage, plan.len(), plan.iter().map(voxels).sum());
    for some in plan.chunks(slices.at_once()) {
        meter.begin(voxels(&some[0]))?;
        let asked = |voi: &Voi| {
            let k = voi.start[2];
            Asked { slice: k, voi: *voi, wanted: job.region.index_axis(Axis(0), k).to_owned() }
        };
        let ready = slices.ready(&some.iter().map(asked).collect::<Vec<_>>(), meter.cancel())?;
        for (voi, ready) in some.iter().zip(ready) {
            meter.begin(voxels(voi))?;
            answer_one(&mut slices, voi, ready, &mut answers, &mut meter)?;
            meter.end();
        }
    }
    meter.finish()?;
    answers.finish();
    Ok(answers)
}

/// Answers for the voxels of `voi`, which is one slice deep.
fn answer_one<N: Network>(
    slices: &mut Slices<'_, N>,
    voi: &Voi,
    ready: Ready<N::Encoded>,
    answers: &mut Answers,
    meter: &mut Meter<'_, '_>,
) -> Result<()> {
    let job = slices.job;
    let k = voi.start[2];
    if let Some(logits) = &ready.settled {
        let [rows, columns] = ready.area.taps(voi);
        settle(&native(logits.view(), &rows, &columns), voi, job, answers);
    }
    let mut places = Vec::new();
    let mut sums: Vec<Vec<Accumulator>> = Vec::new();
    for reading in &ready.readings {
        let voxels = reading.rows.len() * reading.columns.len();
        SampleMasks::check_room(voxels * job.classes, job.samples())?;
        sums.push((0..job.classes).map(|_| job.sampling.accumulator(voxels, job.samples())).collect());
        places.push((reading.rows.clone(), reading.columns.clone()));
    }
    slices.sample(ready, meter, &mut |rect, sample, logits| {
        for (sums, p) in sums[rect].iter_mut().zip(probabilities(logits, job)) {
            sums.push(sample, &p);
        }
        Ok(())
    })?;
    let mut sampled = Array2::from_elem((voi.end[1] - voi.start[1], voi.end[0] - voi.start[0]), false);
    for ((rows, columns), sums) in places.into_iter().zip(&sums) {
        let across = columns.len();
        let voxels = rows.enumerate().flat_map(|(r, j)| columns.clone().enumerate().map(move |(c, i)| (r, j, c, i)));
        let held =
            |j: usize, i: usize| (voi.start[1]..voi.end[1]).contains(&j) && (voi.start[0]..voi.end[0]).contains(&i);
        let own = voxels.filter(|(_, j, _, i)| held(*j, *i));
        own.clone().for_each(|(_, j, _, i)| sampled[[j - voi.start[1], i - voi.start[0]]] = true);
        let indexed = own.map(|(r, j, c, i)| ([j, i], r * across + c));
        for (class, sums) in answers.classes.iter_mut().zip(sums) {
            let mut plane = class.plane(k);
            plane.put(sums, indexed.clone(), job.sampling)?;
            let samples = plane.into_samples();
            class.take(&samples)?;
        }
    }
    answers.classes.iter_mut().try_for_each(|class| give_unsampled(class, voi, &sampled, job.sampling.threshold))
}

/// Probabilities of each class, one row a class, of logits (K, rows, columns).
fn probabilities(logits: ArrayView3<'_, f32>, job: Job<'_>) -> Vec<Vec<f32>> {
    let logits = logits.as_standard_layout();
    let rows: Vec<_> = logits.outer_iter().map(|row| row.to_slice().expect("it is contiguous")).collect();
    job.calibration.probabilities(&rows)
}

/// Puts what the deterministic pass says of the voxels of `voi`.
fn settle(logits: &Array3<f32>, voi: &Voi, job: Job<'_>, answers: &mut Answers) {
    for (class, row) in answers.classes.iter_mut().zip(probabilities(logits.view(), job)) {
        voi.indices().zip(row).for_each(|(index, p)| class.settle(index, p, job.sampling));
    }
}

/// Groups that don't touch the search region aren't sampled, yet may be a part of a nodule that does: what the deterministic
/// pass gives to a class there, every sample gives.
fn give_unsampled(class: &mut ClassAnswer, voi: &Voi, sampled: &Array2<bool>, threshold: f64) -> Result<()> {
    let above = |index: &[usize; 3]| f64::from(class.probability[*index]) > threshold;
    let rest = voi.indices().zip(sampled).filter(|(_, sampled)| !**sampled).map(|(index, _)| index);
    let given: Vec<[usize; 3]> = rest.filter(above).collect();
    class.give_to_all_samples(&given)
}
