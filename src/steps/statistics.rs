//! Mean and uncertainty over the samples, voxel by voxel, as the samples stream by.
//!
//! Enters: probabilities of one sample after the other, in an order that the caller fixes. Leaves: mean, population variance,
//! predictive entropy and mutual information (both in bits), and which samples gave the voxel to the class. Sums run in that
//! order in double precision, so the result does not depend on how samples are batched.

/// Entropy in bits of a yes/no event with probability `p`; 0 at 0 and 1.
pub fn entropy_bits(p: f64) -> f64 {
    let term = |q: f64| if q > 0.0 { -q * q.log2() } else { 0.0 };
    term(p) + term(1.0 - p)
}

/// Running sums for a block of voxels.
#[derive(Debug, Clone)]
pub struct Accumulator {
    threshold: f64,
    pushed: usize,
    words: usize,
    sum: Vec<f64>,
    sum_of_squares: Vec<f64>,
    sum_of_entropies: Vec<f64>,
    positive: Vec<u64>,
}

impl Accumulator {
    /// For `voxels` voxels and `samples` samples; a sample gives a voxel to the class above `threshold`.
    pub fn new(voxels: usize, samples: usize, threshold: f64) -> Self {
        let words = samples.div_ceil(64);
        Accumulator {
            threshold,
            pushed: 0,
            words,
            sum: vec![0.0; voxels],
            sum_of_squares: vec![0.0; voxels],
            sum_of_entropies: vec![0.0; voxels],
            positive: vec![0; voxels * words],
        }
    }

    /// The same without [`Accumulator::mutual_information`], which takes two logarithms a voxel and sample.
    pub fn without_information(mut self) -> Self {
        self.sum_of_entropies = Vec::new();
        self
    }

    /// Adds a sample's probabilities, one a voxel. Samples may come in any order; sums run in the order in which they come.
    pub fn push(&mut self, sample: usize, probabilities: &[f32]) {
        let (word, bit) = (sample / 64, sample % 64);
        for (voxel, &p) in probabilities.iter().enumerate() {
            let wide = f64::from(p);
            self.sum[voxel] += wide;
            self.sum_of_squares[voxel] += wide * wide;
            if let Some(sum) = self.sum_of_entropies.get_mut(voxel) {
                *sum += entropy_bits(wide);
            }
            self.positive[voxel * self.words + word] |= u64::from(wide > self.threshold) << bit;
        }
        self.pushed += 1;
    }

    /// Mean probability of a voxel.
    pub fn mean(&self, voxel: usize) -> f64 {
        self.sum[voxel] / self.pushed as f64
    }

    /// Population variance of a voxel's probability.
    pub fn variance(&self, voxel: usize) -> f64 {
        let mean = self.mean(voxel);
        (self.sum_of_squares[voxel] / self.pushed as f64 - mean * mean).max(0.0)
    }

    /// Entropy of a voxel's mean probability, in bits.
    pub fn entropy(&self, voxel: usize) -> f64 {
        entropy_bits(self.mean(voxel))
    }

    /// Entropy of a voxel's mean probability less the mean entropy over the samples, in bits.
    ///
    /// # Panics
    /// Of sums without it: a mistake in this library.
    pub fn mutual_information(&self, voxel: usize) -> f64 {
        let expected = self.sum_of_entropies[voxel] / self.pushed as f64;
        (self.entropy(voxel) - expected).max(0.0)
    }

    /// Which samples gave the voxel to the class: bit `s % 64` of word `s / 64`.
    pub fn positive(&self, voxel: usize) -> &[u64] {
        &self.positive[voxel * self.words..(voxel + 1) * self.words]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accumulator_two_samples_give_the_values_worked_out_by_hand() {
        let mut sums = Accumulator::new(2, 2, 0.5);
        sums.push(0, &[0.0, 0.25]);
        sums.push(1, &[1.0, 0.75]);
        // voxel 0: samples 0 and 1. mean 1/2, variance 1/4, entropy 1 bit, all of it mutual information
        assert_eq!((sums.mean(0), sums.variance(0)), (0.5, 0.25));
        assert_eq!(sums.entropy(0), 1.0);
        assert_eq!(sums.mutual_information(0), 1.0);
        // voxel 1: samples 1/4 and 3/4, each with entropy 2 - 3/4 log2(3) bits
        let each = 2.0 - 0.75 * 3f64.log2();
        assert!((sums.variance(1) - 0.0625).abs() < 1e-12);
        assert!((sums.mutual_information(1) - (1.0 - each)).abs() < 1e-12);
        assert_eq!((sums.positive(0), sums.positive(1)), (&[0b10][..], &[0b10][..]));
    }

    #[test]
    fn accumulator_more_than_64_samples_uses_further_words() {
        let mut sums = Accumulator::new(1, 70, 0.5);
        // In the order of three passes.
        for s in (0..3).flat_map(|first| (first..70).step_by(3)) {
            sums.push(s, &[if s == 3 || s == 69 { 0.9 } else { 0.1 }]);
        }
        assert_eq!(sums.positive(0), &[1 << 3, 1 << 5]);
    }

    #[test]
    fn accumulator_probability_just_above_the_threshold_counts_as_its_mean_does() {
        // The float32 next to 0.1 lies above 0.1, as seen in double precision: findings compare the mean in that way.
        let mut sums = Accumulator::new(1, 1, 0.1);
        sums.push(0, &[0.1]);
        assert!(sums.mean(0) > 0.1);
        assert_eq!(sums.positive(0), &[1]);
    }

    #[test]
    fn entropy_ends_are_zero_and_the_middle_is_one_bit() {
        assert_eq!([0.0, 0.5, 1.0].map(entropy_bits), [0.0, 1.0, 0.0]);
    }
}
