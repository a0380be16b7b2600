//! The patch kind: a box in, the same box out; boxes may overlap.
//!
//! Enters: a region of the volume. Leaves: logits of every sample at each of its voxels, plane by plane, blended where boxes
//! overlap ([`super::blending`]); statistics are taken from there. Not known here: roles, findings, other kinds.
//!
//! A box is read trilinearly on the network's grid, which begins at the CT's first voxel; its logits are read back
//! trilinearly at the CT's voxels. Which boxes there are says [`plan`].

pub mod features;
mod plan;

use features::Features;
use ndarray::{Array4, Array5, ArrayView4, Axis, s, stack};
use plan::{BoxGrid, Spot};

use super::{
    answers::Answers,
    blending::{
        gather,
        sweep::{self, Boxes, Sweep},
    },
    clicks::Pixels,
    job::Job,
    meter::Meter,
    network::Network,
    runner::{Calls, Input, Runner},
    sampler::Pass,
};
use crate::{
    contract::network,
    error::Result,
    progress::{CancelToken, Monitor, Stage},
    steps::resample::{Tap, trilinear},
};

/// The boxes for a region.
#[derive(Debug)]
pub struct Plan {
    grid: BoxGrid,
    spots: Vec<Spot>,
}

impl Plan {
    /// Boxes of the network `name` for the job's region.
    ///
    /// # Errors
    /// [`crate::Error::Box`] or [`crate::Error::Cancelled`].
    pub fn new(name: &str, spec: &network::Network, job: Job<'_>, cancel: &CancelToken) -> Result<Self> {
        let grid = BoxGrid::new(name, spec, job.images.grid)?;
        Ok(Plan { spots: grid.plan(job.region, cancel)?, grid })
    }

    /// Number of boxes, and how much work they are: what [`Meter`] wants.
    pub fn work(&self, job: Job<'_>) -> (usize, f64) {
        (self.spots.len(), self.spots.iter().map(|spot| sweep::work(&spot.placed.voi, job.samples())).sum())
    }

    /// The planes of a network's answers.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`].
    pub fn sweep<'a, N: Network>(&'a self, runner: Runner<'a, N>, job: Job<'a>) -> Result<Sweep<'a, Patches<'a, N>>> {
        self.sweep_keeping(runner, job, None)
    }

    /// The same; of a deterministic pass `kept` takes what the network gives beside its logits.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`].
    pub fn sweep_keeping<'a, N: Network>(
        &'a self,
        runner: Runner<'a, N>,
        job: Job<'a>,
        kept: Option<&'a mut Features>,
    ) -> Result<Sweep<'a, Patches<'a, N>>> {
        let passes = job.passes(&runner.sampler);
        let placed = self.spots.iter().map(|spot| spot.placed.clone()).collect();
        Sweep::new(Patches { runner, job, grid: &self.grid, spots: &self.spots, passes, kept }, placed, job)
    }
}

/// Answers for boxes by a network's members.
pub struct Patches<'a, N> {
    runner: Runner<'a, N>,
    job: Job<'a>,
    grid: &'a BoxGrid,
    spots: &'a [Spot],
    passes: Vec<Pass>,
    kept: Option<&'a mut Features>,
}

impl<N: Network> Patches<'_, N> {
    /// Box `spot` as the network is fed it.
    fn input(&self, spot: &Spot) -> Input {
        let images = self.job.images;
        let Spot { axes, start, .. } = spot;
        let size = self.grid.size;
        let [slices, rows, columns] = [0, 1, 2].map(|axis| axes[axis].native_taps_from(start[axis], size[axis]));
        let [depth, height, width] = size;
        let mut image = Array5::zeros((1, images.channels.len(), depth, height, width));
        for (n, channel) in images.channels.iter().enumerate() {
            let mut voxels = trilinear(channel.voxels.view(), &slices, &rows, &columns);
            channel.scale.apply_to(&mut voxels);
            self.grid.clear_beyond(spot, &mut voxels);
            image.slice_mut(s![0, n, .., .., ..]).assign(&voxels);
        }
        let spacing_mm = images.grid.spacing_mm;
        let clicks = self.runner.spec.clicks.as_ref().map(|wanted| {
            let mm = |axis: usize, n: usize| axes[axis].to_native(start[axis] + n as f64) * spacing_mm[2 - axis];
            let pixels = |k: usize| Pixels {
                slice_mm: mm(0, k),
                rows_mm: (0..height).map(|j| mm(1, j)).collect(),
                columns_mm: (0..width).map(|i| mm(2, i)).collect(),
            };
            let slices: Vec<_> =
                (0..depth).map(|k| self.job.clicks.maps(&pixels(k), spacing_mm, wanted.decay_mm)).collect();
            let views: Vec<_> = slices.iter().map(|slice| slice.view()).collect();
            stack(Axis(1), &views).expect("all of one size").insert_axis(Axis(0))
        });
        Input { image, offsets_mm: Vec::new(), clicks, handed: None }
    }

    /// Taps from the CT's voxels that the box covers to its own, along k, j, i.
    fn taps(&self, spot: &Spot) -> [Vec<Tap>; 3] {
        let voi = &spot.placed.voi;
        [0, 1, 2].map(|axis| {
            let voxels = voi.start[2 - axis]..voi.end[2 - axis];
            spot.axes[axis].pixel_taps(voxels, spot.start[axis], self.grid.size[axis])
        })
    }
}

/// Each channel of `logits` (K, D, H, W) at the crossings of the taps.
fn native(logits: ArrayView4<'_, f32>, [slices, rows, columns]: &[Vec<Tap>; 3]) -> Array4<f32> {
    let channels: Vec<_> = logits.outer_iter().map(|channel| trilinear(channel, slices, rows, columns)).collect();
    let views: Vec<_> = channels.iter().map(|channel| channel.view()).collect();
    stack(Axis(0), &views).expect("all of one size")
}

impl<N: Network> Boxes for Patches<'_, N> {
    fn answer(
        &mut self,
        n: usize,
        put: &mut dyn FnMut(usize, ArrayView4<'_, f32>) -> Result<()>,
        meter: &mut Meter<'_, '_>,
    ) -> Result<()> {
        let cancel = meter.cancel().clone();
        let spot = &self.spots[n];
        let (input, taps) = (self.input(spot), self.taps(spot));
        if self.passes.is_empty() {
            let seen = self.runner.encode_all(&input, &cancel)?;
            let logits = match &mut self.kept {
                Some(kept) => {
                    let (logits, features) = self.runner.settled_with_features(&seen, &cancel)?;
                    kept.keep(n, features);
                    logits
                }
                None => self.runner.settled(&seen, None, &cancel)?,
            };
            return put(0, native(logits.index_axis(Axis(0), 0), &taps).view());
        }
        let mut done = 0.0;
        for some in self.passes.chunks(self.runner.members_at_once()) {
            let as_seen: Vec<_> = some.iter().map(|pass| (pass.member, pass.flip)).collect();
            let all = self.runner.encode_each(&input, &as_seen, &cancel)?;
            for (pass, seen) in some.iter().zip(&all) {
                let part = pass.samples.len() as f64 / self.job.samples() as f64;
                let mut tell = |within: f64| meter.tell(done + part * within);
                let mut read = |sample: usize, logits: ArrayView4<'_, f32>| put(sample, native(logits, &taps).view());
                let calls =
                    Calls { samples: &pass.samples, sampling: self.job.sampling, tell: &mut tell, put: &mut read };
                self.runner.sample(seen, None, self.grid.size.iter().product(), calls, &cancel)?;
                done += part;
            }
        }
        Ok(())
    }
}

/// Answers for every voxel of the job's region. `name`: the network's, for an error.
///
/// # Errors
/// [`crate::Error::Box`], [`crate::Error::Inference`], [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
pub fn answer<N: Network>(
    name: &str,
    runner: Runner<'_, N>,
    job: Job<'_>,
    stage: Stage,
    monitor: &mut Monitor<'_>,
) -> Result<Answers> {
    let order = job.order(&runner.sampler);
    let plan = Plan::new(name, runner.spec, job, monitor.cancel_token())?;
    let mut sweep = plan.sweep(runner, job)?;
    let (steps, work) = plan.work(job);
    let mut meter = Meter::new(monitor, stage, steps, work);
    let answers = gather(&mut sweep, job, &order, &mut meter)?;
    meter.finish()?;
    Ok(answers)
}
