//! What of a slice is sampled, and what one deterministic pass settles.

use ndarray::{Array2, ArrayView2, ArrayView3};

use super::{
    area::Area,
    windows::{Rect, windows},
};
use crate::{
    contract::network::{Calibration, Network},
    space::grid::Grid,
};

/// Rectangles of the region that are to be sampled, by the logits (K, H, W) of the deterministic pass over all of it; what can
/// belong to a nodule is, whatever the bundle says. `wanted`: voxels of the slice that are asked for.
pub fn suspicious(
    logits: ArrayView3<'_, f32>,
    (spec, calibration): (&Network, &Calibration),
    grid: &Grid,
    wanted: ArrayView2<'_, bool>,
    area: &Area,
    threshold: f64,
) -> Vec<Rect> {
    let Some(scout_threshold) = spec.scout.threshold else {
        return vec![area.whole()];
    };
    let threshold = scout_threshold.min(threshold);
    let (_, height, width) = logits.dim();
    let rows: Vec<Vec<f32>> = logits.outer_iter().map(|channel| channel.iter().copied().collect()).collect();
    let foreground = calibration.foreground(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let above = foreground.into_iter().map(|p| f64::from(p) > threshold).collect();
    let above = Array2::from_shape_vec((height, width), above).expect("one a pixel");
    let Rect { top, bottom, left, right } = area.rect;
    let (rows, columns) = (area.rows.native_taps(top..bottom), area.columns.native_taps(left..right));
    let wanted = Array2::from_shape_fn(above.dim(), |(r, c)| wanted[[rows[r].low, columns[c].low]]);
    windows(&above, wanted.view(), (spec.scout.margin_mm / pixel_mm(spec, grid)).round() as usize)
}

/// The network's pixel size in the plane; the smaller one where it has two.
fn pixel_mm(spec: &Network, grid: &Grid) -> f64 {
    let along = |axis: usize| spec.grid.spacing_mm[2 - axis].unwrap_or(grid.spacing_mm[axis]);
    along(0).min(along(1))
}
