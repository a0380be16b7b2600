//! What a label map alone says: the box around each number, and what lies near one.

use ndarray::{Array3, ArrayView3};

use super::distance::squared_distance;
use crate::{
    error::Result,
    progress::CancelToken,
    space::{
        grid::Grid,
        volume::{Voi, is_blank},
    },
    threads::share,
};

/// The voxels of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Labelled {
    /// The smallest box around them.
    pub voi: Voi,
    /// How many there are.
    pub voxels: usize,
}

/// For each number 1..=N what has it; `None` where nothing has.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub fn labelled(labels: ArrayView3<'_, u16>, cancel: &CancelToken) -> Result<Vec<Option<Labelled>>> {
    let mut found: Vec<Option<Labelled>> = Vec::new();
    for (k, slice) in labels.outer_iter().enumerate() {
        cancel.check()?;
        for (j, row) in slice.outer_iter().enumerate().filter(|(_, row)| !is_blank(row)) {
            for (i, id) in row.iter().enumerate().filter(|(_, id)| **id > 0) {
                let at = usize::from(*id) - 1;
                if found.len() <= at {
                    found.resize(at + 1, None);
                }
                let first = Labelled { voi: Voi::voxel([i, j, k]), voxels: 0 };
                let labelled = found[at].get_or_insert(first);
                labelled.voi.include([i, j, k]);
                labelled.voxels += 1;
            }
        }
    }
    Ok(found)
}

/// Where a voxel lies within `reach_mm` of one with a number.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub fn near_labels(
    labels: ArrayView3<'_, u16>,
    grid: &Grid,
    reach_mm: f64,
    cancel: &CancelToken,
) -> Result<Array3<bool>> {
    let [x_mm, y_mm, z_mm] = grid.spacing_mm;
    let numbered = labelled(labels, cancel)?.into_iter().zip(1u16..).filter_map(|(found, id)| Some((found?.voi, id)));
    let around = share(numbered, |(voi, id)| {
        let frame = voi.grown(grid.steps(reach_mm), grid.dims);
        let [width, height, depth] = frame.size();
        let own = frame.indices().map(|index| labels[index] == id).collect();
        let own = Array3::from_shape_vec((depth, height, width), own).expect("one flag a voxel of the box");
        Ok((frame, squared_distance(&own, [z_mm, y_mm, x_mm], cancel)?))
    })?;
    let mut near = Array3::from_elem(grid.shape(), false);
    for (frame, squared) in around {
        for (index, squared) in frame.indices().zip(&squared) {
            near[index] |= f64::from(*squared) <= reach_mm * reach_mm;
        }
    }
    Ok(near)
}
