//! The volumes that a run's networks see: the channels on one grid.

use ndarray::Array3;

use crate::{contract::classes::Normalise, space::grid::Grid};

/// The channels, in canonical orientation; a network is fed their values after `normalise`.
#[derive(Debug, Clone)]
pub struct Images<'a> {
    /// Where their voxels lie.
    pub grid: &'a Grid,
    /// Voxels, and how they become what a network is fed. A z-score is a [`Normalise::Standard`] here: reckoned once, over the
    /// whole volume.
    pub channels: Vec<(&'a Array3<f32>, Normalise)>,
}
