//! What a kind is asked to answer for.

use ndarray::Array3;

use super::{
    clicks::Clicks,
    images::Images,
    sampler::{Pass, Sampler},
    sampling::Sampling,
};
use crate::contract::network::Calibration;

/// What is asked of a network, whatever its kind.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// What it sees.
    pub images: &'a Images<'a>,
    /// The voxels that it answers for.
    pub region: &'a Array3<bool>,
    /// For networks that take clicks.
    pub clicks: &'a Clicks,
    /// How samples are drawn and kept; `samples` of them are different.
    pub sampling: &'a Sampling,
    /// From logits to probabilities.
    pub calibration: &'a Calibration,
    /// Number of classes.
    pub classes: usize,
    /// True: one deterministic pass instead of samples; nobody asks for uncertainty.
    pub settled: bool,
}

impl Job<'_> {
    /// The passes of a network; none where its one deterministic answer is all there is to draw. A hybrid's network that is
    /// always the same gives that answer for each sample of the other.
    pub fn passes(&self, sampler: &Sampler<'_>) -> Vec<Pass> {
        let alone = self.settled || self.samples() == 1 && sampler.different() == Some(1);
        if alone { Vec::new() } else { sampler.passes(self.sampling.samples) }
    }

    /// All samples, in the order in which they are added up: pass by pass.
    pub fn order(&self, sampler: &Sampler<'_>) -> Vec<usize> {
        let passes = self.passes(sampler);
        if passes.is_empty() { vec![0] } else { passes.into_iter().flat_map(|pass| pass.samples).collect() }
    }

    /// Number of samples that come out.
    pub fn samples(&self) -> usize {
        if self.settled { 1 } else { self.sampling.samples }
    }

    /// Channels of the logits.
    pub fn channels(&self) -> usize {
        self.calibration.channels(self.classes)
    }
}
