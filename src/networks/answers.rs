//! What a network says of a volume after all samples.

use ndarray::Array3;

use crate::steps::sample_masks::SampleMasks;

/// What is said of one class: arrays `[k, j, i]` over the whole volume, zero where no box answered.
#[derive(Debug, Clone)]
pub struct ClassAnswer {
    /// Mean probability over samples.
    pub probability: Array3<f32>,
    /// Uncertainty of the kind asked for.
    pub uncertainty: Array3<f32>,
    /// Uncertainty of each of [`crate::contract::uncertainty::Uncertainty::ALL`], where that was asked for as well; else none.
    pub kinds: Vec<Array3<f32>>,
    /// Which samples gave which voxel to the class.
    pub samples: SampleMasks,
}

/// One entry a class.
#[derive(Debug, Clone)]
pub struct Answers {
    /// In the contract's order.
    pub classes: Vec<ClassAnswer>,
}
