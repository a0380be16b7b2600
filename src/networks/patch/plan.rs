//! Which boxes a region is cut into, on the network's grid.
//!
//! Each group of voxels of the region that hang together is planned by the box around it; groups whose boxes meet are one.
//! Along an axis on which that box fits into the network's, there is one place, centred on it and moved into the volume.
//! Along others boxes begin at its first voxel and follow each other by size · (1 − overlap), rounded down, one at least; the
//! last one is moved back so that it ends with it. That is MONAI's order where the region is the whole volume. Boxes that hold
//! no voxel of the region are left out. So a finding that fits into one box is seen by one box, with it in the middle.

use std::ops::Range;

use ndarray::{Array3, s};

use crate::{
    contract::network::{Blend, Network},
    error::{Error, Result},
    networks::blending::sweep::Placed,
    progress::CancelToken,
    space::{grid::Grid, volume::Voi},
    steps::{
        components::{Neighbourhood, connected_components},
        resample::PixelAxis,
    },
};

/// Least weight of a voxel in a box with Gaussian weights, as MONAI has it.
const MIN_WEIGHT: f32 = 1e-3;

/// The network's grid over the volume, along k, j, i.
#[derive(Debug, Clone)]
pub struct BoxGrid {
    /// Network voxels over the CT's.
    pub axes: [PixelAxis; 3],
    /// Size of a box in network voxels.
    pub size: [usize; 3],
    /// From one box to the next.
    stride: [usize; 3],
    blend: Blend,
}

/// A box on the network's grid and over the CT's voxels.
#[derive(Debug, Clone, PartialEq)]
pub struct Spot {
    /// First network voxel along k, j, i.
    pub start: [usize; 3],
    /// The CT's voxels and how they count.
    pub placed: Placed,
}

impl BoxGrid {
    /// The grid of the network `name` over a CT on `grid`.
    ///
    /// # Errors
    /// [`Error::Box`] where a box is larger than the volume.
    pub fn new(name: &str, spec: &Network, grid: &Grid) -> Result<Self> {
        let axis = |a: usize| PixelAxis::new(grid.dims[2 - a], grid.spacing_mm[2 - a], spec.grid.spacing_mm[a]);
        let axes = [0, 1, 2].map(axis);
        let size = spec.grid.size.unwrap_or([1; 3]);
        let overlap = spec.grid.overlap.unwrap_or(0.0);
        // A rounding of 0.7 or the like must not cost a voxel.
        let stride = size.map(|size| ((size as f64 * (1.0 - overlap) + 1e-9) as usize).max(1));
        let whole = axes.map(|axis| axis.pixels());
        if (0..3).any(|a| size[a] > whole[a]) {
            let spacing = |a: usize| spec.grid.spacing_mm[a].unwrap_or(grid.spacing_mm[2 - a]);
            let told = |voxels: [usize; 3]| {
                let mm = [0, 1, 2].map(|a| format!("{:.1}", voxels[a] as f64 * spacing(a)));
                format!("{} x {} x {} voxels ({} mm)", voxels[0], voxels[1], voxels[2], mm.join(" x "))
            };
            return Err(Error::Box { network: name.into(), size: told(size), volume: told(whole) });
        }
        Ok(BoxGrid { axes, size, stride, blend: spec.grid.blend.unwrap_or(Blend::Constant) })
    }

    /// The boxes for `region`, in rising order of their first plane, row and column.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub fn plan(&self, region: &Array3<bool>, cancel: &CancelToken) -> Result<Vec<Spot>> {
        let mut starts = Vec::new();
        for around in groups(region, cancel)? {
            let [k, j, i] = [0, 1, 2].map(|axis| self.starts(axis, around.start[2 - axis]..around.end[2 - axis]));
            for k in k {
                starts.extend(j.iter().flat_map(|j| i.iter().map(move |i| [k, *j, *i])));
            }
        }
        starts.sort_unstable();
        starts.dedup();
        let spots = starts.into_iter().map(|start| Spot { start, placed: self.placed(start) });
        Ok(spots.filter(|spot| meets(region, &spot.placed.voi)).collect())
    }

    /// First network voxels of the boxes that hold the CT's voxels `voxels` of an axis.
    fn starts(&self, axis: usize, voxels: Range<usize>) -> Vec<usize> {
        let (pixels, size, stride) = (self.axes[axis], self.size[axis], self.stride[axis]);
        let whole = pixels.pixels();
        let low = (pixels.to_pixel(voxels.start as f64) + 1e-9).floor() as usize;
        let high = ((pixels.to_pixel((voxels.end - 1) as f64) - 1e-9).ceil() as usize + 1).min(whole);
        if high - low <= size {
            let centred = (low + high).saturating_sub(size) / 2;
            return vec![centred.min(whole - size)];
        }
        let last = high - size;
        (low..last).step_by(stride).chain([last]).collect()
    }

    fn placed(&self, start: [usize; 3]) -> Placed {
        let covered = [0, 1, 2].map(|axis| self.covered(axis, start[axis]));
        let weights = [0, 1, 2].map(|axis| self.weights(axis, start[axis], covered[axis].clone()));
        let [k, j, i] = covered;
        let voi = Voi { start: [i.start, j.start, k.start], end: [i.end, j.end, k.end] };
        let least_weight = if self.blend == Blend::Gaussian { MIN_WEIGHT } else { 0.0 };
        Placed { voi, weights, least_weight }
    }

    /// The CT's voxels that a box covers along an axis: those between its first and last network voxel, and where boxes don't
    /// overlap also those that lie no nearer to another box.
    fn covered(&self, axis: usize, start: usize) -> Range<usize> {
        let (pixels, size) = (self.axes[axis], self.size[axis]);
        if self.stride[axis] == size {
            return pixels.natives(start..start + size);
        }
        let first = (pixels.to_native(start) - 1e-6).ceil().max(0.0) as usize;
        let last = (pixels.to_native(start + size - 1) + 1e-6).floor() as usize;
        first..(last + 1).min(pixels.voxels())
    }

    /// Weights of the CT's voxels `voxels` at their places in the box.
    fn weights(&self, axis: usize, start: usize, voxels: Range<usize>) -> Vec<f32> {
        let size = self.size[axis] as f64;
        let (middle, deviation) = ((size - 1.0) / 2.0, size / 8.0);
        let weight = |voxel: usize| match self.blend {
            Blend::Constant => 1.0,
            Blend::Gaussian => {
                let off = self.axes[axis].to_pixel(voxel as f64) - start as f64 - middle;
                (-off * off / (2.0 * deviation * deviation)).exp() as f32
            }
        };
        voxels.map(weight).collect()
    }
}

/// Boxes around the groups of voxels that hang together; those that meet are one.
fn groups(region: &Array3<bool>, cancel: &CancelToken) -> Result<Vec<Voi>> {
    let components = connected_components(region, Neighbourhood::All26, cancel)?;
    let mut open: Vec<Voi> = components.list.iter().map(|component| component.voi).collect();
    let mut apart: Vec<Voi> = Vec::new();
    while let Some(mut voi) = open.pop() {
        cancel.check()?;
        match apart.iter().position(|other| meet(&voi, other)) {
            Some(n) => {
                let other = apart.swap_remove(n);
                voi.include(other.start);
                voi.include(other.end.map(|end| end - 1));
                open.push(voi);
            }
            None => apart.push(voi),
        }
    }
    Ok(apart)
}

fn meet(one: &Voi, other: &Voi) -> bool {
    (0..3).all(|axis| one.start[axis] < other.end[axis] && other.start[axis] < one.end[axis])
}

/// True when the box holds a voxel of the region.
fn meets(region: &Array3<bool>, voi: &Voi) -> bool {
    let [i, j, k] = [0, 1, 2].map(|axis: usize| voi.start[axis]..voi.end[axis]);
    region.slice(s![k, j, i]).iter().any(|inside| *inside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::made;

    fn grid_of(spec: &Network, dims: [usize; 3], spacing_mm: [f64; 3]) -> BoxGrid {
        BoxGrid::new("segment", spec, &Grid::axial(dims, spacing_mm)).unwrap()
    }

    fn starts(spec: &Network, dims: [usize; 3], region: impl Fn(usize, usize, usize) -> bool) -> Vec<[usize; 3]> {
        let grid = grid_of(spec, dims, [1.0; 3]);
        let region = Array3::from_shape_fn([dims[2], dims[1], dims[0]], |(k, j, i)| region(k, j, i));
        grid.plan(&region, &CancelToken::new()).unwrap().into_iter().map(|spot| spot.start).collect()
    }

    #[test]
    fn plan_of_the_whole_volume_slides_by_the_stride_and_ends_with_the_volume() {
        // Boxes of 4, 6, 8 with half of them overlapping over 9, 6, 10 voxels along k, j, i.
        let found = starts(&made::patch([4, 6, 8]), [10, 6, 9], |_, _, _| true);
        assert_eq!(found, [[0, 0, 0], [0, 0, 2], [2, 0, 0], [2, 0, 2], [4, 0, 0], [4, 0, 2], [5, 0, 0], [5, 0, 2]]);
        let mut spec = made::patch([4, 6, 10]);
        spec.grid.overlap = Some(0.7);
        // 4 · 0.3 = 1.2: every voxel.
        assert_eq!(starts(&spec, [10, 6, 7], |_, _, _| true), [0, 1, 2, 3].map(|k| [k, 0, 0]));
        spec.grid.overlap = Some(0.0);
        assert_eq!(starts(&spec, [10, 6, 8], |_, _, _| true), [[0, 0, 0], [4, 0, 0]]);
    }

    #[test]
    fn plan_of_a_region_that_fits_into_one_box_is_one_box_around_it_moved_into_the_volume() {
        let spec = made::patch([5; 3]);
        let region = |k: usize, j: usize, i: usize| (8..11).contains(&k) && (0..2).contains(&j) && i == 19;
        // Middle of k is 9, so 7 to 11; j and i would begin before the volume or end after it.
        assert_eq!(starts(&spec, [20; 3], region), [[7, 0, 15]]);
    }

    #[test]
    fn plan_of_two_findings_far_apart_is_a_box_for_each_and_none_between() {
        let spec = made::patch([5; 3]);
        let near = |at: usize| move |n: usize| n.abs_diff(at) <= 1;
        let region =
            |k: usize, j: usize, i: usize| [3, 16].into_iter().any(|at| near(at)(k) && near(at)(j) && near(at)(i));
        assert_eq!(starts(&spec, [20; 3], region), [[1, 1, 1], [14, 14, 14]]);
    }

    #[test]
    fn plan_leaves_out_boxes_that_hold_no_voxel_of_the_region() {
        // A diagonal: the boxes of its corners hold nothing.
        let found = starts(&made::patch([4; 3]), [12; 3], |k, j, i| k == j && j == i);
        assert!(found.contains(&[0, 0, 0]) && found.contains(&[8, 8, 8]) && !found.contains(&[0, 0, 8]), "{found:?}");
    }

    #[test]
    fn plan_covers_every_voxel_of_the_region_on_any_grid() {
        for (spacing, overlap) in [(0.7, 0.0), (0.7, 0.25), (1.6, 0.5), (1.0, 0.0)] {
            let mut spec = made::patch([6; 3]);
            spec.grid.spacing_mm = [Some(spacing), Some(1.1), None];
            spec.grid.overlap = Some(overlap);
            let grid = grid_of(&spec, [23, 19, 21], [1.0, 0.8, 1.3]);
            let region = Array3::from_shape_fn([21, 19, 23], |(k, j, i)| (k + 2 * j + 3 * i) % 11 > 3 && i > 2);
            let mut left = region.clone();
            for spot in grid.plan(&region, &CancelToken::new()).unwrap() {
                spot.placed.voi.indices().for_each(|index| left[index] = false);
                let size = spot.placed.voi.size();
                assert_eq!(spot.placed.weights.each_ref().map(Vec::len), [size[2], size[1], size[0]]);
                assert!((0..3).all(|axis| spot.start[axis] + 6 <= grid.axes[axis].pixels()));
            }
            assert!(!left.iter().any(|left| *left), "{spacing} mm, overlap {overlap}");
        }
    }

    #[test]
    fn weights_of_a_gaussian_fall_off_by_an_eighth_of_the_box_from_its_middle() {
        let mut spec = made::patch([8, 8, 8]);
        spec.grid.blend = Some(Blend::Gaussian);
        spec.grid.spacing_mm = [Some(2.0), None, None];
        let grid = grid_of(&spec, [20; 3], [1.0; 3]);
        let placed = grid.placed([1, 0, 4]);
        // Network voxels 1 to 8 along k lie at voxels 2 to 16; the middle at network voxel 4.5, which is voxel 9.
        assert_eq!((placed.voi.start, placed.voi.end), ([4, 0, 2], [12, 8, 17]));
        let gauss = |off: f64| (-off * off / 2.0).exp() as f32;
        assert_eq!(placed.weights[0][7], 1.0);
        assert_eq!((placed.weights[0][8], placed.weights[0][9]), (gauss(0.5), gauss(1.0)));
        assert_eq!((placed.weights[2][0], placed.weights[2][4]), (gauss(3.5), gauss(0.5)));
        assert_eq!(placed.least_weight, 1e-3);
    }

    #[test]
    fn box_larger_than_the_volume_is_refused_by_name() {
        let mut spec = made::patch([16, 32, 32]);
        spec.grid.spacing_mm = [Some(2.0), None, None];
        let error = BoxGrid::new("segment", &spec, &Grid::axial([40, 40, 20], [0.5, 0.5, 1.0])).unwrap_err();
        assert_eq!(error.name(), "E_BOX");
        let text = error.to_string();
        for part in
            ["segment", "16 x 32 x 32 voxels (32.0 x 16.0 x 16.0 mm)", "11 x 40 x 40 voxels (22.0 x 20.0 x 20.0 mm)"]
        {
            assert!(text.contains(part), "{text}");
        }
    }
}
