//! What a picture of a nodule shows: which slice, and how much around the nodule.

use std::cmp::Reverse;

use ndarray::{Array3, ArrayView2, Axis, s};

use crate::{
    findings::{canonical::Canonical, nodule::Nodule},
    space::volume::Voi,
};

/// Sides of a picture in mm, the smallest and the largest: lung around a small nodule, no whole chest around a large one.
const SIDES_MM: [f64; 2] = [50.0, 140.0];

/// Side of a square picture around a nodule, in mm.
pub fn side_mm(nodule: &Nodule) -> f64 {
    (nodule.long_axis_mm * 3.0).clamp(SIDES_MM[0], SIDES_MM[1])
}

/// The axial slice of the nodule's long axis, whose size is told beside it; where that isn't known the one with most voxels.
pub fn shown_slice(maps: &Canonical<'_>, nodule: &Nodule) -> usize {
    if let Some(slice) = nodule.long_axis_slice {
        return slice as usize;
    }
    let grid = &maps.ct.grid;
    let middle = nodule.centroid_ijk[2].round() as usize;
    let reach = (nodule.long_axis_mm / grid.spacing_mm[2]).ceil() as usize + 1;
    let mut slices = Voi::whole(grid);
    (slices.start[2], slices.end[2]) = (middle.saturating_sub(reach), (middle + reach + 1).min(grid.dims[2]));
    fullest(maps.labels, nodule.id, &slices, 2, middle)
}

/// Where along `axis` (i, j, k) within `voi` most voxels of number `id` are; of equal ones the nearest to `middle`.
pub fn fullest(labels: &Array3<u16>, id: u16, voi: &Voi, axis: usize, middle: usize) -> usize {
    let [i, j, k] = [0, 1, 2].map(|axis| voi.start[axis]..voi.end[axis]);
    let part = labels.slice(s![k, j, i]);
    let planes = part.axis_iter(Axis(2 - axis)).zip(voi.start[axis]..);
    let voxels = |plane: ArrayView2<'_, u16>| plane.iter().filter(|label| **label == id).count();
    planes.map(|(plane, at)| (voxels(plane), Reverse(at.abs_diff(middle)), at)).max().map_or(middle, |(_, _, at)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fullest_has_most_voxels_and_of_equal_ones_the_nearest() {
        let mut labels = Array3::<u16>::zeros((3, 4, 5));
        for index in [[0, 1, 1], [0, 2, 1], [2, 1, 3], [2, 2, 3], [1, 0, 4]] {
            labels[index] = 7;
        }
        labels[[1, 3, 0]] = 8;
        let whole = Voi { start: [0; 3], end: [5, 4, 3] };
        assert_eq!([0, 1, 2].map(|axis| fullest(&labels, 7, &whole, axis, 2)), [3, 2, 2]);
        assert_eq!([0, 2].map(|axis| fullest(&labels, 7, &whole, axis, 0)), [1, 0]);
    }
}
