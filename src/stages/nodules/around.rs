//! Probability that lies around a nodule and belongs to none: what an outline may have left out.

use ndarray::Array3;

use super::Maps;
use crate::{error::Result, progress::CancelToken, stages::distance::squared_distance, volume::Voi};

/// How far from a nodule's voxels "around" reaches, in mm.
const AROUND_MM: f64 = 4.0;
/// A voxel at just that distance counts, whatever single precision makes of the spacing.
const ROUNDING_MM: f64 = 1e-3;

/// Sum of the mean probability over voxels that lie within [`AROUND_MM`] of nodule `id` and belong to no nodule, over
/// the nodule's number of voxels. `voi`: the box around the nodule.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub fn probability_around(maps: &Maps<'_>, id: u16, voi: &Voi, cancel: &CancelToken) -> Result<f64> {
    let grid = &maps.ct.grid;
    let near = voi.grown(grid.steps(AROUND_MM + ROUNDING_MM), grid.dims);
    let [width, height, depth] = near.size();
    let labels = near.indices().map(|index| maps.labels[index]).collect();
    let labels = Array3::from_shape_vec((depth, height, width), labels).expect("one label a voxel of the box");
    let own = labels.mapv(|label| label == id);
    let [x_mm, y_mm, z_mm] = grid.spacing_mm;
    let distance = squared_distance(&own, [z_mm, y_mm, x_mm], cancel)?;
    let limit = ((AROUND_MM + ROUNDING_MM).powi(2)) as f32;
    let around =
        near.indices().zip(labels.iter().zip(&distance)).filter(|(_, (label, d2))| **label == 0 && **d2 <= limit);
    let sum: f64 = around.map(|(index, _)| f64::from(maps.probability[index])).sum();
    Ok(sum / own.iter().filter(|inside| **inside).count() as f64)
}
