//! The whole chest from the front, as a map to find nodules on.

use crate::{report::colour::lung_grey, space::volume::Volume};

/// Every so many rows of the body's depth go into the mean.
const DEPTH_STEP: usize = 4;

/// The mean of the CT, in canonical orientation, along the body's depth as a picture of `width` and `height` pixels: the grey of
/// each, the top row first. The patient's right is on the left, the head on top.
pub fn from_the_front(ct: &Volume<f32>, [width, height]: [usize; 2]) -> Vec<u8> {
    let [columns, rows, slices] = ct.grid.dims;
    let pixel = |x: usize, y: usize| {
        let k = ((height - 1 - y) * slices / height).min(slices - 1);
        let i = (x * columns / width).min(columns - 1);
        let lane = (0..rows).step_by(DEPTH_STEP).map(|j| ct.voxels[[k, j, i]].clamp(-1000.0, 300.0));
        let mean = lane.sum::<f32>() / rows.div_ceil(DEPTH_STEP) as f32;
        lung_grey(mean * 1.2 - 300.0)
    };
    (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| pixel(x, y)).collect()
}
