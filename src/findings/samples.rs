//! A nodule under each sample: its volume, how often it is found, how far the outlines agree.
//!
//! A sample's outline of a nodule is made of the voxels that the sample calls a nodule within [`REACH_MM`] of the
//! label, 26-connected (under that sample) to a voxel of the label. Voxels of another nodule's label never count.

use crate::findings::canonical::Canonical;
use crate::limits::MAX_PAIRED;
use crate::{
    error::Result,
    memory,
    progress::CancelToken,
    space::volume::Voi,
    steps::components::{Neighbourhood, connected_components},
};
use ndarray::Array3;

/// How far from the label a sample's outline may reach, in mm; what lies farther has nothing to do with a nodule.
pub const REACH_MM: f64 = 10.0;
/// What outlines of one sample take for each voxel around the label while they are made: mask, numbers, and a list of them.
const BYTES_PER_VOXEL: usize = 16;
/// What their memory is wanted for.
const WHAT: &str = "a nodule's outlines under its samples";

/// One nodule under every sample.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleVolumes {
    voxel_mm3: f64,
    /// Voxels of the nodule under each sample, in the samples' order.
    voxels: Vec<usize>,
    /// The same, sorted.
    sorted: Vec<usize>,
    mean_dice: f64,
}

impl SampleVolumes {
    /// Nodule `id`, whose label lies in `voi`, under every sample.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
    pub fn of(maps: &Canonical<'_>, id: u16, voi: &Voi, cancel: &CancelToken) -> Result<Self> {
        let grid = &maps.ct.grid;
        let reach = grid.spacing_mm.map(|mm| (REACH_MM / mm).ceil() as usize);
        let territory = voi.grown(reach, grid.dims);
        let (mut voxels, mut paired) = (Vec::new(), Vec::new());
        for sample in 0..maps.samples.samples() {
            cancel.check()?;
            memory::check_free(territory.size().iter().product::<usize>() * BYTES_PER_VOXEL, WHAT)?;
            let mask = outline(maps, id, &territory, sample, cancel)?;
            voxels.push(mask.len());
            if paired.len() < MAX_PAIRED {
                paired.push(mask);
            }
        }
        let mut sorted = voxels.clone();
        sorted.sort_unstable();
        Ok(SampleVolumes { voxel_mm3: grid.voxel_mm3(), voxels, sorted, mean_dice: mean_dice(&paired, cancel)? })
    }

    /// The volume under each sample in mm³, in the samples' order.
    pub fn volumes_mm3(&self) -> Vec<f64> {
        self.voxels.iter().map(|voxels| *voxels as f64 * self.voxel_mm3).collect()
    }

    /// Quantile of the volume in mm³, linear between samples (Hyndman and Fan's type 7, NumPy's default).
    pub fn quantile_mm3(&self, q: f64) -> f64 {
        let position = q * (self.sorted.len() - 1) as f64;
        let (low, part) = (position.floor() as usize, position.fract());
        let value = |n: usize| self.sorted[n.min(self.sorted.len() - 1)] as f64;
        (value(low) + part * (value(low + 1) - value(low))) * self.voxel_mm3
    }

    /// Standard deviation (of the samples themselves, divided by their number) of the logarithm of the volume; a sample
    /// without a voxel counts as one voxel.
    pub fn log_spread(&self) -> f64 {
        let logs = || self.sorted.iter().map(|n| (*n.max(&1) as f64).ln());
        let count = self.sorted.len() as f64;
        let mean = logs().sum::<f64>() / count;
        (logs().map(|log| (log - mean).powi(2)).sum::<f64>() / count).sqrt()
    }

    /// Share of the samples with at least one voxel of the nodule.
    pub fn detection_rate(&self) -> f64 {
        self.sorted.iter().filter(|n| **n > 0).count() as f64 / self.sorted.len() as f64
    }

    /// Mean Dice over all pairs of the first [`MAX_PAIRED`] samples; two empty outlines agree.
    pub fn mean_dice(&self) -> f64 {
        self.mean_dice
    }
}

/// Voxels (numbered within `territory`) of the nodule under sample `s`, in rising order.
fn outline(maps: &Canonical<'_>, id: u16, territory: &Voi, s: usize, cancel: &CancelToken) -> Result<Vec<u32>> {
    let [width, height, depth] = territory.size();
    let mut mask = Array3::from_elem((depth, height, width), false);
    let dims = maps.ct.grid.dims;
    for k in 0..depth {
        for j in 0..height {
            let row = ((territory.start[2] + k) * dims[1] + territory.start[1] + j) * dims[0] + territory.start[0];
            for (index, bits) in maps.samples.from(row as u32).take_while(|(index, _)| (*index as usize) < row + width)
            {
                mask[[k, j, index as usize - row]] = bits[s / 64] >> (s % 64) & 1 == 1;
            }
        }
    }
    let label = |k: usize, j: usize, i: usize| {
        maps.labels[[territory.start[2] + k, territory.start[1] + j, territory.start[0] + i]]
    };
    for ((k, j, i), inside) in mask.indexed_iter_mut() {
        *inside &= [0, id].contains(&label(k, j, i));
    }
    let parts = connected_components(&mask, Neighbourhood::All26, cancel)?;
    let mut touches = vec![false; parts.list.len() + 1];
    for ((k, j, i), part) in parts.labels.indexed_iter() {
        touches[*part as usize] |= *part > 0 && label(k, j, i) == id;
    }
    let own = || parts.labels.iter().zip(0u32..).filter(|(part, _)| touches[**part as usize]);
    let mut voxels = memory::vec(own().count(), WHAT)?;
    voxels.extend(own().map(|(_, voxel)| voxel));
    Ok(voxels)
}

fn mean_dice(masks: &[Vec<u32>], cancel: &CancelToken) -> Result<f64> {
    let pairs = masks.len() * masks.len().saturating_sub(1) / 2;
    let mut sum = 0.0;
    for (n, a) in masks.iter().enumerate() {
        cancel.check()?;
        sum += masks[..n].iter().map(|b| dice(a, b)).sum::<f64>();
    }
    Ok(if pairs == 0 { 1.0 } else { sum / pairs as f64 })
}

/// Dice of two sorted sets.
fn dice(a: &[u32], b: &[u32]) -> f64 {
    if a.is_empty() && b.is_empty() {
        return 1.0;
    }
    let (mut common, mut n, mut m) = (0, 0, 0);
    while n < a.len() && m < b.len() {
        match a[n].cmp(&b[m]) {
            std::cmp::Ordering::Less => n += 1,
            std::cmp::Ordering::Greater => m += 1,
            std::cmp::Ordering::Equal => {
                common += 1;
                n += 1;
                m += 1;
            }
        }
    }
    2.0 * f64::from(common) / (a.len() + b.len()) as f64
}
