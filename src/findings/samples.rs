//! A nodule under each sample: its volume and axes, how often it is found, how far the outlines agree.
//!
//! A sample's outline of a nodule is made of the voxels that the sample calls a nodule within [`REACH_MM`] of the
//! label, 26-connected (under that sample) to a voxel of the label. Voxels of another nodule's label never count.

use crate::findings::{
    axes::{Axes, RowEnds},
    canonical::Canonical,
};
use crate::limits::MAX_PAIRED;
use crate::{
    error::Result,
    memory,
    progress::CancelToken,
    space::{grid::Grid, volume::Voi},
    steps::{
        components::{Neighbourhood, connected_components},
        sample_masks::SampleMasks,
    },
};
use ndarray::{Array3, Dimension};

/// How far from the label a sample's outline may reach, in mm; what lies farther has nothing to do with a nodule.
pub const REACH_MM: f64 = 10.0;
/// What outlines of one sample take for each voxel around the label while they are made: mask, numbers, and a list of
/// them.
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
    /// Its axial axes under each sample, in their order; their slices are numbered within the territory.
    axes: Vec<Axes>,
    mean_dice: f64,
    label_dice: f64,
}

impl SampleVolumes {
    /// Nodule `id`, whose label lies in `voi`, under every sample.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
    pub fn of(maps: &Canonical<'_>, id: u16, voi: &Voi, cancel: &CancelToken) -> Result<Self> {
        let grid = &maps.ct.grid;
        let territory = Territory::around(maps.labels, id, voi, grid);
        let held = territory.held(maps.samples);
        let (mut voxels, mut axes, mut paired, mut label_dice) = (Vec::new(), Vec::new(), Vec::new(), 0.0);
        for sample in 0..maps.samples.samples() {
            let outline = held.outline(sample, cancel)?;
            voxels.push(outline.len());
            axes.push(RowEnds::of(outline.iter().map(|voxel| territory.index(*voxel))).axial(grid.spacing_mm));
            label_dice += dice(&held.own, &outline);
            if paired.len() < MAX_PAIRED {
                paired.push(outline);
            }
        }
        label_dice /= voxels.len().max(1) as f64;
        let (voxel_mm3, mean_dice) = (grid.voxel_mm3(), mean_dice(&paired, cancel)?);
        Ok(SampleVolumes { axes, mean_dice, label_dice, ..Self::of_voxels(voxel_mm3, voxels) })
    }

    /// With these numbers of voxels under the samples, `voxel_mm3` each; nothing is known of the outlines' axes and of
    /// how they agree.
    pub(super) fn of_voxels(voxel_mm3: f64, voxels: Vec<usize>) -> Self {
        let mut sorted = voxels.clone();
        sorted.sort_unstable();
        SampleVolumes { voxel_mm3, voxels, sorted, axes: Vec::new(), mean_dice: f64::NAN, label_dice: f64::NAN }
    }

    /// The volume under each sample in mm³, in the samples' order.
    pub fn volumes_mm3(&self) -> Vec<f64> {
        self.voxels.iter().map(|voxels| *voxels as f64 * self.voxel_mm3).collect()
    }

    /// The axial axes under each sample, in the samples' order; 0 where one misses the nodule.
    pub fn axes(&self) -> &[Axes] {
        &self.axes
    }

    /// Quantile of the volume in mm³, linear between samples (Hyndman and Fan's type 7, NumPy's default).
    pub fn quantile_mm3(&self, q: f64) -> f64 {
        self.quantile(q, |voxels| voxels as f64)
    }

    /// The same where a sample without a voxel counts as one voxel.
    pub fn quantile_mm3_with_a_voxel(&self, q: f64) -> f64 {
        self.quantile(q, |voxels| voxels.max(1) as f64)
    }

    fn quantile(&self, q: f64, counted: impl Fn(usize) -> f64) -> f64 {
        let counted: Vec<f64> = self.sorted.iter().map(|voxels| counted(*voxels)).collect();
        quantile(&counted, q) * self.voxel_mm3
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

    /// Mean Dice of the label with the outline of each sample; 0 with one that is empty.
    pub fn label_dice(&self) -> f64 {
        self.label_dice
    }
}

/// Quantile of sorted values, one at least, linear between them (Hyndman and Fan's type 7, NumPy's default).
pub(super) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let position = q * (sorted.len() - 1) as f64;
    let (low, part) = (position.floor() as usize, position.fract());
    let value = |n: usize| sorted[n.min(sorted.len() - 1)];
    value(low) + part * (value(low + 1) - value(low))
}

/// Whose a voxel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The label's.
    Own,
    /// No label's.
    Nobody,
    /// Another label's.
    Other,
}

/// The surroundings of a label: where its outlines under samples are made. Voxels are numbered within it, from 0, i
/// fastest.
#[derive(Debug)]
pub struct Territory {
    /// The box: the label's, [`REACH_MM`] larger on each side.
    pub voi: Voi,
    /// Whose each voxel is.
    pub owners: Array3<Owner>,
    /// Voxels of the whole volume along i and j.
    row_and_column: [usize; 2],
}

impl Territory {
    /// The box of a label that lies in `voi`.
    pub fn reach(voi: &Voi, grid: &Grid) -> Voi {
        voi.grown(grid.spacing_mm.map(|mm| (REACH_MM / mm).ceil() as usize), grid.dims)
    }

    /// Of label `id`, which lies in `voi`.
    pub fn around(labels: &Array3<u16>, id: u16, voi: &Voi, grid: &Grid) -> Self {
        let voi = Self::reach(voi, grid);
        let [width, height, depth] = voi.size();
        let owner = |index| match labels[index] {
            0 => Owner::Nobody,
            own if own == id => Owner::Own,
            _ => Owner::Other,
        };
        let owners = voi.indices().map(owner).collect();
        let owners = Array3::from_shape_vec((depth, height, width), owners).expect("one owner a voxel of the box");
        Territory { voi, owners, row_and_column: [grid.dims[0], grid.dims[1]] }
    }

    /// Voxels of the label, in rising order.
    pub fn own(&self) -> Vec<u32> {
        self.owners.iter().zip(0u32..).filter(|(owner, _)| **owner == Owner::Own).map(|(_, voxel)| voxel).collect()
    }

    /// Array index `[k, j, i]` within the box of a voxel.
    pub fn index(&self, voxel: u32) -> [usize; 3] {
        let ([width, height, _], voxel) = (self.voi.size(), voxel as usize);
        [voxel / (width * height), voxel / width % height, voxel % width]
    }

    /// What `samples` hold of it.
    pub fn held<'a>(&'a self, samples: &'a SampleMasks) -> Held<'a> {
        let ([width, height, depth], [i0, j0, k0]) = (self.voi.size(), self.voi.start);
        let [row_voxels, rows] = self.row_and_column;
        let mut voxels = Vec::new();
        for (k, j) in (0..depth).flat_map(|k| (0..height).map(move |j| (k, j))) {
            let row = ((k0 + k) * rows + j0 + j) * row_voxels + i0;
            let held = samples.from(row as u32).take_while(|(index, _)| (*index as usize) < row + width);
            let placed = held.map(|(index, bits)| ([k, j, index as usize - row], bits));
            let free = placed.filter(|(index, _)| self.owners[*index] != Owner::Other);
            voxels.extend(free.map(|([k, j, i], bits)| (((k * height + j) * width + i) as u32, bits)));
        }
        Held { territory: self, own: self.own(), voxels }
    }
}

/// What samples say of a territory.
#[derive(Debug)]
pub struct Held<'a> {
    territory: &'a Territory,
    /// The label's voxels.
    own: Vec<u32>,
    /// The voxels, in rising order, that some sample calls a nodule and no other label has; each with a bit a sample.
    voxels: Vec<(u32, &'a [u64])>,
}

impl Held<'_> {
    /// Voxels of the nodule under sample `s`, in rising order.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
    pub fn outline(&self, s: usize, cancel: &CancelToken) -> Result<Vec<u32>> {
        cancel.check()?;
        let shape = self.territory.owners.raw_dim();
        memory::check_free(shape.size() * BYTES_PER_VOXEL, WHAT)?;
        let given =
            || self.voxels.iter().filter(|(_, bits)| bits[s / 64] >> (s % 64) & 1 == 1).map(|(voxel, _)| *voxel);
        let mut mask = vec![false; shape.size()];
        given().for_each(|voxel| mask[voxel as usize] = true);
        let mask = Array3::from_shape_vec(shape, mask).expect("a flag a voxel of the box");
        let parts = connected_components(&mask, Neighbourhood::All26, cancel)?;
        let labels = parts.labels.as_slice().expect("a new array is contiguous");
        let mut touches = vec![false; parts.list.len() + 1];
        self.own.iter().for_each(|voxel| touches[labels[*voxel as usize] as usize] = true);
        touches[0] = false;
        let outline = || given().filter(|voxel| touches[labels[*voxel as usize] as usize]);
        let mut voxels = memory::vec(outline().count(), WHAT)?;
        voxels.extend(outline());
        Ok(voxels)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outline_is_what_hangs_together_with_the_label_in_a_sample_and_is_no_other_labels() {
        let grid = Grid::axial([9, 3, 2], [1.0; 3]);
        let mut labels = Array3::<u16>::zeros(grid.shape());
        // In the row j = 1, k = 0: voxels 2 and 3 are the label's, 6 another one's.
        [2, 3].into_iter().for_each(|i| labels[[0, 1, i]] = 1);
        labels[[0, 1, 6]] = 2;
        let linear = |[k, j, i]: [usize; 3]| ((k * 3 + j) * 9 + i) as u32;
        let mut samples = SampleMasks::new(70);
        // Sample 0 runs from the label into the other one and begins an island at 8; sample 69 touches the label by a corner,
        // one slice on; sample 1 has the island alone.
        let first = |index: [usize; 3]| (index, [1, 0]);
        let voxels = [3, 4, 5, 6].map(|i| first([0, 1, i])).into_iter();
        for (index, bits) in voxels.chain([([0, 1, 8], [0b11, 0]), ([1, 0, 4], [0, 1 << 5]), ([0, 1, 2], [0, 1 << 5])])
        {
            samples.push(linear(index), &bits);
        }
        samples.finish();
        let territory = Territory::around(&labels, 1, &Voi { start: [2, 1, 0], end: [4, 2, 1] }, &grid);
        let held = territory.held(&samples);
        let outline = |s| -> Vec<[usize; 3]> {
            let outline = held.outline(s, &CancelToken::new()).unwrap();
            outline.into_iter().map(|voxel| territory.index(voxel)).collect()
        };
        assert_eq!(outline(0), [[0, 1, 3], [0, 1, 4], [0, 1, 5]]);
        assert_eq!(outline(69), [[0, 1, 2]], "the corner touches voxel 3, which this sample leaves out");
        assert!(outline(1).is_empty() && outline(2).is_empty());
    }
}
