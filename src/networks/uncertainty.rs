//! A voxel's uncertainty of the kind asked for.

use crate::{
    contract::uncertainty::Uncertainty,
    steps::statistics::{Accumulator, entropy_bits},
};

impl Uncertainty {
    /// The value of a voxel that was sampled.
    pub fn of(self, sums: &Accumulator, voxel: usize) -> f64 {
        match self {
            Uncertainty::Entropy => sums.entropy(voxel),
            Uncertainty::Variance => sums.variance(voxel),
            Uncertainty::MutualInformation => sums.mutual_information(voxel),
        }
    }

    /// The value of a voxel that was decided without sampling, from its one probability.
    pub fn unsampled(self, probability: f64) -> f64 {
        match self {
            Uncertainty::Entropy => entropy_bits(probability),
            Uncertainty::Variance | Uncertainty::MutualInformation => 0.0,
        }
    }
}
