//! What a coarse network gives beside its logits, at the places of a slice that another network is fed.
//!
//! Enters: features of each box (1, channels, d, h, w), on the box's own grid in steps of their stride. Leaves: features
//! (channels, H / stride, W / stride) over an area of a slice. Step n of a stride s stands for the middle of the s voxels or
//! pixels from n · s on. Features are read trilinearly, with the edge repeated; where boxes overlap they count as their logits
//! do; where no box lies they are 0.
//!
//! *Memory.* All boxes are held until the fine network has seen its slices, since which slices these are is known last.
//! It is asked for before anything runs ([`Features::new`]).

use ndarray::{Array2, Array3, Array4, Array5, Axis, s};

use super::{Plan, plan::Spot};
use crate::{
    contract::hybrid::Feature,
    error::Result,
    memory,
    networks::slice::area::Area,
    steps::resample::{PixelAxis, Tap, trilinear},
};

/// Features of all boxes of a plan.
#[derive(Debug)]
pub struct Features {
    /// For each box, in the plan's order, one entry a feature.
    of_boxes: Vec<Vec<Array4<f32>>>,
}

impl Features {
    /// Room for `features` of each box of `plan`.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`].
    pub fn new(plan: &Plan, features: &[Feature]) -> Result<Self> {
        let of_box = |feature: &Feature| {
            let steps = plan.grid.size.iter().zip(feature.stride.along()).map(|(n, stride)| n / stride);
            steps.fold(feature.channels * size_of::<f32>(), usize::saturating_mul)
        };
        let bytes = features.iter().map(of_box).fold(0, usize::saturating_add).saturating_mul(plan.spots.len());
        memory::check_free(bytes, "what the coarse network hands to the fine one")?;
        Ok(Features { of_boxes: vec![Vec::new(); plan.spots.len()] })
    }

    /// Takes what box `n` gives.
    pub fn keep(&mut self, n: usize, given: Vec<Array5<f32>>) {
        self.of_boxes[n] = given.into_iter().map(|one| one.index_axis_move(Axis(0), 0)).collect();
    }

    /// Feature number `n`, which is as `feature` says, for slice `k` of the CT over `area`.
    pub fn over(&self, plan: &Plan, (n, feature): (usize, &Feature), k: usize, area: &Area) -> Array3<f32> {
        let (top, left) = (area.encoded.top, area.encoded.left);
        let rows = places(area.rows, top, area.encoded.bottom, feature.fine_stride);
        let columns = places(area.columns, left, area.encoded.right, feature.fine_stride);
        let mut sum = Array3::zeros((feature.channels, rows.len(), columns.len()));
        let mut weights = Array2::<f32>::zeros((rows.len(), columns.len()));
        for (spot, given) in plan.spots.iter().zip(&self.of_boxes) {
            let slices = spot.placed.voi.start[2]..spot.placed.voi.end[2];
            let Some(given) = given.get(n).filter(|_| slices.contains(&k)) else { continue };
            add(spot, (given, feature), (k, &rows, &columns), (&mut sum, &mut weights));
        }
        for mut channel in sum.outer_iter_mut() {
            channel.zip_mut_with(&weights, |value, weight| {
                if *weight > 0.0 {
                    *value /= weight;
                }
            });
        }
        sum
    }
}

/// Where the steps of a stride lie along an axis, from network pixel `first` to `past`: in voxels of the CT, in which the volume
/// ends.
fn places(axis: PixelAxis, first: usize, past: usize, stride: usize) -> Vec<f64> {
    let last = (axis.voxels() - 1) as f64;
    let middle = |step: usize| (first + step * stride) as f64 + (stride - 1) as f64 / 2.0;
    (0..(past - first) / stride).map(|step| axis.to_native(middle(step)).clamp(0.0, last)).collect()
}

/// Adds what one box gives at the places that it holds, and how it counts there.
fn add(
    spot: &Spot,
    (given, feature): (&Array4<f32>, &Feature),
    (k, rows, columns): (usize, &[f64], &[f64]),
    (sum, weights): (&mut Array3<f32>, &mut Array2<f32>),
) {
    let stride = feature.stride.along();
    let (first_row, rows) = held(spot, 1, rows);
    let (first_column, columns) = held(spot, 2, columns);
    if rows.is_empty() || columns.is_empty() {
        return;
    }
    let taps = |axis: usize, places: &[f64]| -> Vec<Tap> {
        let len = given.shape()[1 + axis];
        let at = |place: &f64| {
            let voxel = spot.axes[axis].to_pixel(*place) - spot.start[axis];
            Tap::at((voxel + 0.5) / stride[axis] as f64 - 0.5, len)
        };
        places.iter().map(at).collect()
    };
    let taps = [taps(0, &[k as f64]), taps(1, rows), taps(2, columns)];
    let counts =
        |axis: usize, place: f64| spot.placed.weights[axis][place.round() as usize - spot.placed.voi.start[2 - axis]];
    let of_slice = counts(0, k as f64);
    let own = Array2::from_shape_fn((rows.len(), columns.len()), |(row, column)| {
        (of_slice * counts(1, rows[row]) * counts(2, columns[column])).max(spot.placed.least_weight)
    });
    let window = s![first_row..first_row + rows.len(), first_column..first_column + columns.len()];
    let mut into = weights.slice_mut(window);
    into += &own;
    for (channel, mut sum) in given.outer_iter().zip(sum.outer_iter_mut()) {
        let values = trilinear(channel, &taps[0], &taps[1], &taps[2]).index_axis_move(Axis(0), 0) * &own;
        let mut into = sum.slice_mut(window);
        into += &values;
    }
}

/// Those of the rising places along an axis whose nearest voxel the box covers, and the number of the first of them.
fn held<'a>(spot: &Spot, axis: usize, places: &'a [f64]) -> (usize, &'a [f64]) {
    let voi = &spot.placed.voi;
    let (start, end) = (voi.start[2 - axis], voi.end[2 - axis]);
    let first = places.partition_point(|place| (place.round() as usize) < start);
    let past = places.partition_point(|place| (place.round() as usize) < end);
    (first, &places[first..past])
}
