//! Where nodules are searched.

use ndarray::Array3;

use super::options::{Options, Search};
use crate::{
    error::{Error, Result},
    progress::Monitor,
    space::{
        grid::Grid,
        orientation::Orientation,
        volume::{Voi, Volume},
    },
    steps::lungs,
    warning::Warning,
};

/// Half the side of the box that is searched around a voxel that was asked for, in mm.
const AT_BOX_MM: f64 = 20.0;

/// Where is searched, on the canonical grid, and what has to be said about that.
pub struct Chosen {
    /// True where nodules are searched.
    pub search: Array3<bool>,
    /// What of the lungs was not searched, or not checked.
    pub warnings: Vec<Warning>,
}

/// The choice of the options. A mask of the caller's is taken as it is: it may be meant to hold one lobe only, so that it
/// isn't compared with the lungs; a warning says so.
///
/// # Errors
/// [`Error::NoLung`] or [`Error::Cancelled`].
pub fn chosen(
    ct: &Volume<f32>,
    orientation: &Orientation,
    options: &Options,
    monitor: &mut Monitor<'_>,
) -> Result<Chosen> {
    Ok(match &options.search {
        Search::Lungs => {
            let found = lungs::find_lungs(ct, monitor)?;
            Chosen { search: found.search, warnings: found.warnings }
        }
        Search::Everywhere => {
            Chosen { search: Array3::from_elem(ct.voxels.raw_dim(), true), warnings: vec![Warning::NoLungMask] }
        }
        Search::Mask(mask) => {
            let search = orientation.array_to_canonical(mask.clone(), monitor.cancel_token())?;
            let voxels = search.iter().filter(|inside| **inside).count();
            if voxels == 0 && options.at.is_empty() {
                return Err(Error::NoLung { reason: "the lung mask has no voxel above 0.5".into() });
            }
            let ml = voxels as f64 * ct.grid.voxel_mm3() / 1000.0;
            Chosen { search, warnings: vec![Warning::OwnMask { ml }] }
        }
    })
}

/// Adds a box around each voxel asked for.
pub fn add_boxes(search: &mut Array3<bool>, grid: &Grid, at: &[[usize; 3]]) {
    for voxel in at {
        let voi = Voi::voxel(*voxel).grown(grid.steps(AT_BOX_MM), grid.dims);
        voi.indices().for_each(|index| search[index] = true);
    }
}
