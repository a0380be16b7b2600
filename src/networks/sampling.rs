//! How samples are drawn, and how many go through a decoder at once.

use crate::{contract::uncertainty::Uncertainty, steps::statistics::Accumulator};

/// Pixels (voxels, for boxes) decoded in one call, over all samples of a batch: bounds memory and the wait for a cancel.
const PIXELS_PER_CALL: usize = 1 << 19;
/// ONNX Runtime adds up a lone sample in another order than several (ReduceSum, MatMul), so its last bits would depend
/// on the batch: no call has fewer.
pub const MIN_SAMPLES_PER_CALL: usize = 2;

/// How samples are drawn and kept.
#[derive(Debug, Clone)]
pub struct Sampling {
    /// Seed of all that is random.
    pub seed: u64,
    /// Number of samples that are asked for; fewer are drawn where fewer differ ([`super::sampler::drawn`]).
    pub samples: usize,
    /// Samples decoded in one call at most, two at least; any number gives the same bits.
    pub batch: usize,
    /// Probability above which a voxel belongs to its class.
    pub threshold: f64,
    /// Which uncertainty is kept.
    pub uncertainty: Uncertainty,
    /// Kinds of uncertainty that are kept besides: all of them or none.
    pub kinds: &'static [Uncertainty],
}

impl Sampling {
    /// Sums for `voxels` voxels of `samples` samples, of what is kept and no more.
    pub fn accumulator(&self, voxels: usize, samples: usize) -> Accumulator {
        let sums = Accumulator::new(voxels, samples, self.threshold);
        let mut kept = self.kinds.iter().chain([&self.uncertainty]);
        if kept.any(|kind| *kind == Uncertainty::MutualInformation) { sums } else { sums.without_information() }
    }

    /// Of `samples` samples, how many go through a decoder at once, `pixels` each: as many as asked for and as memory allows,
    /// shared out evenly so that no call is nearly empty.
    pub fn at_once(&self, samples: usize, pixels: usize) -> usize {
        let most = self.batch.min(PIXELS_PER_CALL / pixels.max(1)).max(MIN_SAMPLES_PER_CALL);
        samples.div_ceil(samples.div_ceil(most).max(1)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_once_shares_samples_out_evenly_and_bounds_the_pixels_of_a_call() {
        let at_once = |batch: usize, samples: usize, pixels: usize| {
            let (uncertainty, threshold) = (Uncertainty::Entropy, 0.5);
            Sampling { seed: 0, samples, batch, threshold, uncertainty, kinds: &[] }.at_once(samples, pixels)
        };
        assert_eq!(at_once(8, 25, 1), 7); // 7, 7, 7, 4
        assert_eq!(at_once(25, 25, 1), 25);
        assert_eq!(at_once(1, 25, 1), 2);
        assert_eq!(at_once(25, 25, PIXELS_PER_CALL / 4), 4);
        assert_eq!(at_once(25, 25, 2 * PIXELS_PER_CALL), 2);
        assert_eq!(at_once(8, 1, 1), 1);
    }
}
