//! Where nodules are searched.
//!
//! In: a CT in HU, axes along the patient (i to the left, j to the back, k to the head). Out: a mask on the CT's grid
//! that holds the lungs with the nodules in them and on the pleura, without trachea, main bronchi, mediastinum and the
//! outside. It bounds the work and takes away most of what a network mistakes for a nodule. It is no measurement of the
//! lungs.
//!
//! Everything is done on blocks of about 2 mm ([`coarse`]): air by threshold, airways taken away ([`airway`]), lung told
//! from other air ([`air`]), surface closed ([`surface`]).

mod air;
mod airway;
mod body;
mod circle;
mod coarse;
mod pockets;
mod surface;
mod whole;

use ndarray::{Array3, Axis};

use crate::steps::lungs::coarse::Coarse;
use crate::{
    error::{Error, Result},
    progress::{Monitor, Stage},
    space::volume::{Voi, Volume},
    warning::Warning,
};

/// Less lung than this is none; in small crops the second counts, as a part of the volume.
const MIN_LUNG_ML: f64 = 60.0;
const MIN_LUNG_PART: f64 = 0.04;
/// The surface moves out to this level of the interpolated mask, so that the blurred rim of a nodule stays inside.
const SURFACE_LEVEL: f32 = 0.3;
/// Steps reported while the lungs are searched.
const STEPS: usize = 5;

/// The lungs as the search sees them.
#[derive(Debug, Clone, PartialEq)]
pub struct LungMask {
    /// `[k, j, i]`: true where nodules are searched.
    pub search: Array3<bool>,
    /// The smallest box around it.
    pub voi: Voi,
    /// Volume of the aerated lung, in ml (lungs cut off by the image included as far as they are seen).
    pub volume_ml: f64,
    /// True when lung reaches the image's border in the axial plane: a crop, not a whole chest.
    pub partial: bool,
    /// What of the chest was not searched.
    pub warnings: Vec<Warning>,
}

/// Finds the lungs of `ct` (HU; i to the patient's left, j to the back, k to the head).
///
/// # Errors
/// [`Error::NoLung`] when nothing looks like lung, [`Error::Cancelled`].
pub fn find_lungs(ct: &Volume<f32>, monitor: &mut Monitor<'_>) -> Result<LungMask> {
    let mut step = 0;
    let mut next = |monitor: &mut Monitor<'_>| {
        step += 1;
        monitor.step(Stage::Lungs, step - 1, STEPS)
    };
    next(monitor)?;
    let coarse = Coarse::of(ct, monitor)?;
    next(monitor)?;
    let airway = airway::find_airway(&coarse, monitor)?;
    next(monitor)?;
    let air::Aerated { lung, pockets } = air::aerated_lung(&coarse, &airway.tubes, monitor)?;
    let volume_ml = enough_lung(&coarse, &lung)?;
    next(monitor)?;
    let region = surface::search_region(&lung, airway.column, coarse.spacing_mm, monitor)?;
    let warnings = whole::check(&coarse, &lung, &region, &pockets);
    next(monitor)?;
    let search = coarse.refine(&region, ct.grid.shape(), SURFACE_LEVEL, monitor)?;
    let voi =
        Voi::around(&search).ok_or_else(|| Error::NoLung { reason: "the lung is thinner than a voxel".into() })?;
    monitor.step(Stage::Lungs, STEPS, STEPS)?;
    Ok(LungMask { search, voi, volume_ml, partial: touches_sides(&lung), warnings })
}

/// The volume of `lung` in ml, when that is enough to be one.
fn enough_lung(coarse: &Coarse, lung: &Array3<bool>) -> Result<f64> {
    let volume_ml = lung.iter().filter(|&&inside| inside).count() as f64 * coarse.voxel_ml();
    let needed = MIN_LUNG_ML.min(MIN_LUNG_PART * lung.len() as f64 * coarse.voxel_ml());
    if volume_ml > 0.0 && volume_ml >= needed {
        return Ok(volume_ml);
    }
    Err(Error::NoLung {
        reason: format!("{volume_ml:.1} ml of air that looks like lung, at least {needed:.1} ml needed"),
    })
}

fn touches_sides(mask: &Array3<bool>) -> bool {
    [1, 2].into_iter().any(|axis| {
        let last = mask.shape()[axis] - 1;
        [0, last].into_iter().any(|at| mask.index_axis(Axis(axis), at).iter().any(|&inside| inside))
    })
}

#[cfg(test)]
mod disease_tests;
#[cfg(test)]
mod tests;
