//! Where nodules are searched.

use ndarray::Array3;

use super::options::{Options, Search};
use crate::{
    error::{Error, Result},
    geometry::Grid,
    progress::Monitor,
    stages::{lungs, orient::Orientation},
    volume::{Voi, Volume},
};

/// Half the side of the box that is searched around a voxel that was asked for, in mm.
const AT_BOX_MM: f64 = 20.0;

/// The choice of the options, on the canonical grid.
///
/// # Errors
/// [`Error::NoLung`] or [`Error::Cancelled`].
pub fn chosen(
    ct: &Volume<f32>,
    orientation: &Orientation,
    options: &Options,
    monitor: &mut Monitor<'_>,
) -> Result<Array3<bool>> {
    let search = match &options.search {
        Search::Lungs => lungs::find_lungs(ct, monitor)?.search,
        Search::Everywhere => Array3::from_elem(ct.voxels.raw_dim(), true),
        Search::Mask(mask) => orientation.array_to_canonical(mask.clone(), monitor.cancel_token())?,
    };
    let nothing = matches!(options.search, Search::Mask(_)) && options.at.is_empty();
    if nothing && !search.iter().any(|inside| *inside) {
        return Err(Error::NoLung { reason: "the lung mask has no voxel above 0.5".into() });
    }
    Ok(search)
}

/// Adds a box around each voxel asked for.
pub fn add_boxes(search: &mut Array3<bool>, grid: &Grid, at: &[[usize; 3]]) {
    for voxel in at {
        let voi = Voi::voxel(*voxel).grown(grid.steps(AT_BOX_MM), grid.dims);
        voi.indices().for_each(|index| search[index] = true);
    }
}
