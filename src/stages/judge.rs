//! The three-dimensional judgement of a finding: the patch that the judge sees.
//!
//! A patch is centred on the finding's centroid, axes along k, j, i, spacing and size from the bundle. Positions more
//! than `z_margin_slices` beyond the finding's first or last slice repeat that slice, so that a patch holds the same
//! kind of context in a whole CT as in the thin crops that readers outlined.

use ndarray::{Array3, Array5, s};

use super::{
    components::Component,
    resample::{Tap, trilinear},
    windowing::HuWindow,
};
use crate::{model::bundle::JudgeSpec, volume::Volume};

/// The two channels (windowed HU, mean probability) around `centre_ijk`: shape (1, 2, D, H, W).
pub fn patch(
    spec: &JudgeSpec,
    window: HuWindow,
    ct: &Volume<f32>,
    probability: &Array3<f32>,
    component: &Component,
    centre_ijk: [f64; 3],
) -> Array5<f32> {
    let grid = &ct.grid;
    let [depth, height, width] = spec.size;
    let steps = |n: usize, spacing: f64| (0..n).map(move |m| (m as f64 - (n as f64 - 1.0) / 2.0) * spacing);
    let taps = |axis: usize, n: usize, spacing_mm: f64| -> Vec<Tap> {
        let index = |offset_mm: f64| centre_ijk[axis] + offset_mm / grid.spacing_mm[axis];
        steps(n, spacing_mm).map(|offset| Tap::at(index(offset), grid.dims[axis])).collect()
    };
    let first = component.voi.start[2] as f64 - spec.z_margin_slices;
    let last = (component.voi.end[2] - 1) as f64 + spec.z_margin_slices;
    let slices: Vec<Tap> = steps(depth, spec.spacing_mm[0])
        .map(|offset| (centre_ijk[2] + offset / grid.spacing_mm[2]).clamp(first, last))
        .map(|k| Tap::at(k, grid.dims[2]))
        .collect();
    let (rows, columns) = (taps(1, height, spec.spacing_mm[1]), taps(0, width, spec.spacing_mm[2]));
    let mut patch = Array5::zeros((1, 2, depth, height, width));
    let hu = trilinear(ct.voxels.view(), &slices, &rows, &columns).mapv_into(|hu| window.apply(hu));
    patch.slice_mut(s![0, 0, .., .., ..]).assign(&hu);
    patch.slice_mut(s![0, 1, .., .., ..]).assign(&trilinear(probability.view(), &slices, &rows, &columns));
    patch
}
