//! What a result can't be trusted for, as far as the volumes themselves show it.

use super::options::Search;
use crate::{contract::model::Model, space::grid::Grid, steps::hu::Densities, warning::Warning};

/// Share of voxels as dark as air or lung below which a volume may hold no lung: in 3000 crops of real chest CTs of 64 voxels
/// a side, only those of the belly have less.
const LITTLE_LUNG: f64 = 0.003;

/// A warning where nobody looked for lungs and there are hardly any. `densities`: of the channel in HU, if there is one.
pub fn little_lung(densities: Option<Densities>, search: &Search) -> Option<Warning> {
    let share = densities?.air;
    (!matches!(search, Search::Lungs) && share < LITTLE_LUNG).then_some(Warning::LittleLung { percent: 100.0 * share })
}

/// A warning where slices, along whatever axis, lie further apart than those that the model was tried on.
pub fn thick_slices(model: &Model, grid: &Grid) -> Option<Warning> {
    // A header's rounding doesn't count.
    const ROUNDING: f64 = 1e-3;
    let tried_mm = model.tried?.slice_mm;
    let spacing_mm = grid.spacing_mm.into_iter().fold(0.0, f64::max);
    (spacing_mm > tried_mm * (1.0 + ROUNDING)).then_some(Warning::ThickSlices { spacing_mm, tried_mm })
}
