//! The outline of a finding that agrees best with those of its samples.
//!
//! Enters: the label map with the findings as the usual threshold outlines them, the mean probability, the samples. Leaves: one
//! finding's label changed to {mean probability > t}, with the t whose mean Dice with the samples' outlines is the highest.
//!
//! - A lower t than the usual one adds voxels that hang together with the finding (26 neighbours) at that t. They lie where
//!   samples' outlines may ([`Territory`]), are no other finding's and of no other class.
//! - A higher t takes voxels away; of parts that fall asunder the largest stays.
//!
//! So the outlines of rising thresholds lie within each other, and one number a voxel, its *level*, tells all of them apart: how
//! many of the thresholds, in their order, the voxel is within.

use ndarray::Array3;

use super::outlines::ProbabilityMaps;
use crate::{
    error::Result,
    findings::samples::{Owner, Territory},
    progress::CancelToken,
    space::volume::Voi,
    steps::sample_masks::SampleMasks,
    threads::share,
};

/// The thresholds that are tried are the multiples of 1 / STEPS between 0 and 1, and the usual one.
const STEPS: u8 = 40;

/// What outlines are chosen by.
#[derive(Debug)]
pub struct Sampled<'a> {
    /// Mean probability of each class, and the usual threshold.
    pub maps: ProbabilityMaps<'a>,
    /// The samples of each class.
    pub samples: Vec<&'a SampleMasks>,
    /// Where samples are known; `None`: wherever the mean probability isn't 0.
    pub known: Option<&'a Array3<bool>>,
}

/// The outline that was chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Best {
    /// Mean probability above which it lies.
    pub threshold: f64,
    /// Number of its voxels.
    pub voxels: usize,
}

impl Sampled<'_> {
    /// Changes label `id`, a finding of `class` that lies in `voi`, to the outline that agrees best with its samples. `None`
    /// where no sample has a voxel of it: then it stays as it is.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
    pub fn outline(
        &self,
        labels: &mut Array3<u16>,
        (id, class): (u16, usize),
        voi: &Voi,
        cancel: &CancelToken,
    ) -> Result<Option<Best>> {
        let territory = Territory::around(labels, id, voi, self.maps.grid);
        let thresholds = thresholds(self.maps.threshold);
        let heights = self.heights(&territory, class, &thresholds);
        let levels = Nested { territory: &territory, heights: &heights }.levels(thresholds.len(), cancel)?;
        let sizes = counts_above(levels.iter().copied(), thresholds.len());
        let agreement = agreement(&territory, self.samples[class], &levels, &sizes, cancel)?;
        let off = |n: usize| (thresholds[n] - self.maps.threshold).abs();
        let better = |a: usize, b: usize| agreement[b].total_cmp(&agreement[a]).then(off(a).total_cmp(&off(b))).is_lt();
        let best = (0..thresholds.len()).reduce(|best, n| if better(n, best) { n } else { best });
        let Some(best) = best.filter(|best| agreement[*best] > 0.0) else { return Ok(None) };
        for ((index, owner), level) in territory.voi.indices().zip(&territory.owners).zip(&levels) {
            match (usize::from(*level) > best, owner) {
                (true, _) => labels[index] = id,
                (false, Owner::Own) => labels[index] = 0,
                (false, _) => {}
            }
        }
        Ok(Some(Best { threshold: thresholds[best], voxels: sizes[best] }))
    }

    /// Above how many of the thresholds the mean probability of each voxel lies; 0 where none may be taken.
    fn heights(&self, territory: &Territory, class: usize, thresholds: &[f64]) -> Vec<u8> {
        let may_grow = |index: [usize; 3]| {
            self.known.is_none_or(|known| known[index]) && self.maps.class_at(index, 0.0) == Some(class)
        };
        let height = |(index, owner): ([usize; 3], &Owner)| match owner {
            Owner::Other => 0,
            Owner::Nobody if !may_grow(index) => 0,
            Owner::Own | Owner::Nobody => {
                let p = f64::from(self.maps.classes[class][index]);
                thresholds.partition_point(|threshold| *threshold < p) as u8
            }
        };
        territory.voi.indices().zip(&territory.owners).map(height).collect()
    }
}

/// The thresholds that are tried, rising.
fn thresholds(usual: f64) -> Vec<f64> {
    let mut all: Vec<f64> = (1..STEPS).map(|n| f64::from(n) / f64::from(STEPS)).chain([usual]).collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    all
}

/// Of each threshold, how many of the levels are within its outline.
fn counts_above(levels: impl Iterator<Item = u8>, thresholds: usize) -> Vec<usize> {
    let mut counts = vec![0; thresholds + 1];
    levels.for_each(|level| counts[usize::from(level)] += 1);
    let mut above = vec![0; thresholds];
    (0..thresholds).rev().fold(0, |sum, n| {
        above[n] = sum + counts[n + 1];
        above[n]
    });
    above
}

/// Of each threshold's outline, the mean Dice with the outlines of the samples; 0 of an outline without a voxel.
fn agreement(
    territory: &Territory,
    samples: &SampleMasks,
    levels: &[u8],
    sizes: &[usize],
    cancel: &CancelToken,
) -> Result<Vec<f64>> {
    let held = territory.held(samples);
    let outlined = share(0..samples.samples(), |sample| {
        let outline = held.outline(sample, cancel)?;
        let common = counts_above(outline.iter().map(|voxel| levels[*voxel as usize]), sizes.len());
        Ok((outline.len(), common))
    })?;
    let mut sums = vec![0.0; sizes.len()];
    for (outline, common) in outlined {
        for (sum, (common, size)) in sums.iter_mut().zip(common.iter().zip(sizes)).filter(|(_, (_, size))| **size > 0) {
            *sum += 2.0 * *common as f64 / (outline + size) as f64;
        }
    }
    let samples = samples.samples().max(1) as f64;
    Ok(sums.into_iter().map(|sum| sum / samples).collect())
}

/// The outlines of one finding, each within that of the next lower threshold.
struct Nested<'a> {
    territory: &'a Territory,
    heights: &'a [u8],
}

impl Nested<'_> {
    /// The level of each voxel.
    fn levels(&self, thresholds: usize, cancel: &CancelToken) -> Result<Vec<u8>> {
        let own = self.territory.own();
        // Below so many thresholds the finding stays whole.
        let whole = own.iter().map(|voxel| self.heights[*voxel as usize]).min().unwrap_or(0);
        let mut levels = self.grown(&own, whole, cancel)?;
        let mut left = own;
        for level in usize::from(whole) + 1..=thresholds {
            cancel.check()?;
            left.retain(|voxel| usize::from(self.heights[*voxel as usize]) >= level);
            left = self.largest_part(&left);
            left.iter().for_each(|voxel| levels[*voxel as usize] = level as u8);
        }
        Ok(levels)
    }

    /// Levels of the finding, `whole`, and of what hangs together with it: of all ways from it to a voxel the highest that the
    /// lowest height on the way can be. The voxels of the highest level come first, so that a voxel is reached at its own.
    fn grown(&self, own: &[u32], whole: u8, cancel: &CancelToken) -> Result<Vec<u8>> {
        let mut levels = vec![0; self.heights.len()];
        let mut waiting: Vec<Vec<u32>> = vec![Vec::new(); usize::from(whole) + 1];
        own.iter().for_each(|voxel| levels[*voxel as usize] = whole);
        waiting[usize::from(whole)].extend(own);
        for level in (1..=whole).rev() {
            cancel.check()?;
            while let Some(voxel) = waiting[usize::from(level)].pop() {
                for next in self.neighbours(voxel) {
                    let reached = self.heights[next as usize].min(level);
                    if levels[next as usize] == 0 && reached > 0 {
                        levels[next as usize] = reached;
                        waiting[usize::from(reached)].push(next);
                    }
                }
            }
        }
        Ok(levels)
    }

    /// The largest part of `voxels`, which rise, that hangs together; of equal ones that of the first voxel.
    fn largest_part(&self, voxels: &[u32]) -> Vec<u32> {
        let mut largest = Vec::new();
        let mut open = vec![false; if voxels.is_empty() { 0 } else { self.heights.len() }];
        voxels.iter().for_each(|voxel| open[*voxel as usize] = true);
        for first in voxels {
            if !std::mem::take(&mut open[*first as usize]) {
                continue;
            }
            let (mut part, mut seen) = (vec![*first], 0);
            while let Some(voxel) = part.get(seen).copied() {
                let fresh = self.neighbours(voxel).filter(|next| std::mem::take(&mut open[*next as usize]));
                part.extend(fresh);
                seen += 1;
            }
            if part.len() > largest.len() {
                largest = part;
            }
        }
        largest.sort_unstable();
        largest
    }

    /// The 26 neighbours of a voxel, and itself.
    fn neighbours(&self, voxel: u32) -> impl Iterator<Item = u32> + use<> {
        let [width, height, depth] = self.territory.voi.size();
        let voxel = voxel as usize;
        let place = [voxel % width, voxel / width % height, voxel / (width * height)];
        let near = Voi::voxel(place).grown([1; 3], [width, height, depth]);
        near.indices().map(move |[k, j, i]| ((k * height + j) * width + i) as u32)
    }
}

#[cfg(test)]
mod tests;
