//! The maps that nodules are measured from and drawn by.

use ndarray::Array3;

use crate::{space::volume::Volume, steps::sample_masks::SampleMasks};

/// A result in canonical orientation (k along the patient, slices axial), as measuring and drawing want it: one grid, arrays
/// `[k, j, i]`.
#[derive(Debug, Clone, Copy)]
pub struct Canonical<'a> {
    /// HU.
    pub ct: &'a Volume<f32>,
    /// Mean probability over samples.
    pub probability: &'a Array3<f32>,
    /// Uncertainty of the kind asked for.
    pub uncertainty: &'a Array3<f32>,
    /// Nodule numbers, 0 elsewhere.
    pub labels: &'a Array3<u16>,
    /// Which samples called which voxel a nodule.
    pub samples: &'a SampleMasks,
}
