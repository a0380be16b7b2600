//! Which boxes a region is cut into, on the network's grid.
//!
//! Each group of voxels of the region that hang together is planned by the box around it; groups whose boxes meet are one.
//! Along an axis on which that box fits into the network's, there is one place, centred on it and moved into the volume.
//! Along others boxes begin at its first voxel and follow each other by size · (1 − overlap), rounded down, one at least; the
//! last one is moved back so that it ends with it. That is MONAI's order where the region is the whole volume. Boxes that hold
//! no voxel of the region are left out. So a finding that fits into one box is seen by one box, with it in the middle.
//!
//! Boxes that grow: each group has one box, whatever its size. All its spacings are the network's times one factor, the
//! smallest from 1 on with which the group fits between the box's first and last voxel. Its middle is the group's, with the
//! fraction of a voxel; then it is moved into the volume along axes on which that is larger.
//!
//! A volume smaller than a box is refused; or goes on beyond its edge with the edge's values, and the box's middle is the
//! group's; or lies in the middle of a box of zeros, the odd voxel behind it, as MONAI and nnU-Net pad it.

use std::ops::Range;

use ndarray::{Array3, ArrayView3, s};

use crate::{
    contract::network::{Beyond, Blend, Network},
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
/// Positions closer than this, in voxels of the CT, are one: a rounding must not cost a voxel.
const SAME: f64 = 1e-6;

/// The network's grid over the volume, along k, j, i.
#[derive(Debug, Clone)]
pub struct BoxGrid {
    /// Network voxels over the CT's.
    axes: [PixelAxis; 3],
    /// Size of a box in network voxels.
    pub size: [usize; 3],
    /// From one box to the next.
    stride: [usize; 3],
    blend: Blend,
    beyond: Beyond,
    grows: bool,
}

/// A box on a grid of the network and over the CT's voxels.
#[derive(Debug, Clone, PartialEq)]
pub struct Spot {
    /// The box's network voxels over the CT's.
    pub axes: [PixelAxis; 3],
    /// Where its first voxel lies on these axes, along k, j, i. Beyond the volume where that is smaller.
    pub start: [f64; 3],
    /// The CT's voxels and how they count.
    pub placed: Placed,
}

impl BoxGrid {
    /// The grid of the network `name` over a CT on `grid`.
    ///
    /// # Errors
    /// [`Error::Box`] where a box is larger than the volume and that is to be refused.
    pub fn new(name: &str, spec: &Network, grid: &Grid) -> Result<Self> {
        let axis = |a: usize| PixelAxis::new(grid.dims[2 - a], grid.spacing_mm[2 - a], spec.grid.spacing_mm[a]);
        let axes = [0, 1, 2].map(axis);
        let size = spec.grid.size.unwrap_or([1; 3]);
        let overlap = spec.grid.overlap.unwrap_or(0.0);
        // A rounding of 0.7 or the like must not cost a voxel.
        let stride = size.map(|size| ((size as f64 * (1.0 - overlap) + 1e-9) as usize).max(1));
        let whole = axes.map(|axis| axis.pixels());
        if spec.grid.beyond == Beyond::Refuse && (0..3).any(|a| size[a] > whole[a]) {
            let spacing = |a: usize| spec.grid.spacing_mm[a].unwrap_or(grid.spacing_mm[2 - a]);
            let told = |voxels: [usize; 3]| {
                let mm = [0, 1, 2].map(|a| format!("{:.1}", voxels[a] as f64 * spacing(a)));
                format!("{} x {} x {} voxels ({} mm)", voxels[0], voxels[1], voxels[2], mm.join(" x "))
            };
            return Err(Error::Box { network: name.into(), size: told(size), volume: told(whole) });
        }
        let blend = spec.grid.blend.unwrap_or(Blend::Constant);
        Ok(BoxGrid { axes, size, stride, blend, beyond: spec.grid.beyond, grows: spec.grid.grows })
    }

    /// The boxes for `region`, in rising order of their first plane, row and column.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub fn plan(&self, region: &Array3<bool>, cancel: &CancelToken) -> Result<Vec<Spot>> {
        let groups = groups(region, cancel)?;
        if self.grows {
            let mut spots: Vec<Spot> = groups.iter().map(|group| self.grown(group)).collect();
            spots.iter_mut().for_each(|spot| spot.placed.trim(region));
            spots.sort_by_key(|spot| [2, 1, 0].map(|axis: usize| spot.placed.voi.start[axis]));
            return Ok(spots);
        }
        let starts = self.starts_for(&groups).into_iter();
        let spots = starts.map(|start| self.spot(self.axes, start.map(|n| n as f64)));
        Ok(spots.filter(|spot| meets(region, &spot.placed.voi)).collect())
    }

    /// First network voxels of the boxes for all groups, each once.
    fn starts_for(&self, groups: &[Voi]) -> Vec<[isize; 3]> {
        let mut starts = Vec::new();
        for around in groups {
            let [k, j, i] = [0, 1, 2].map(|axis| self.starts(axis, around.start[2 - axis]..around.end[2 - axis]));
            for k in k {
                starts.extend(j.iter().flat_map(|j| i.iter().map(move |i| [k, *j, *i])));
            }
        }
        starts.sort_unstable();
        starts.dedup();
        starts
    }

    /// First network voxels of the boxes that hold the CT's voxels `voxels` of an axis.
    fn starts(&self, axis: usize, voxels: Range<usize>) -> Vec<isize> {
        let (pixels, size, stride) = (self.axes[axis], self.size[axis] as isize, self.stride[axis]);
        let whole = pixels.pixels() as isize;
        if size > whole && self.beyond == Beyond::Zero {
            return vec![-((size - whole) / 2)];
        }
        let low = (pixels.to_pixel(voxels.start as f64) + 1e-9).floor() as isize;
        let high = ((pixels.to_pixel((voxels.end - 1) as f64) - 1e-9).ceil() as isize + 1).min(whole);
        if high - low <= size {
            let centred = (low + high - size).div_euclid(2);
            return vec![if size > whole { centred } else { centred.clamp(0, whole - size) }];
        }
        let last = high - size;
        (low..last).step_by(stride).chain([last]).collect()
    }

    /// Makes 0 of the box's voxels beyond the volume, where the contract says so.
    pub fn clear_beyond(&self, spot: &Spot, voxels: &mut Array3<f32>) {
        if self.beyond != Beyond::Zero {
            return;
        }
        let last = spot.axes.map(|axis| (axis.pixels() - 1) as f64);
        let inside = |axis: usize, n: usize| (0.0..=last[axis]).contains(&(spot.start[axis] + n as f64));
        for ((k, j, i), value) in voxels.indexed_iter_mut() {
            if !(inside(0, k) && inside(1, j) && inside(2, i)) {
                *value = 0.0;
            }
        }
    }

    /// The one box of a group, as large as it has to be.
    fn grown(&self, group: &Voi) -> Spot {
        let ends = |axis: usize| [group.start[2 - axis] as f64, (group.end[2 - axis] - 1) as f64];
        let steps = |axis: usize| (self.size[axis] - 1) as f64;
        let wanted = |axis: usize| {
            let [first, last] = ends(axis);
            self.axes[axis].to_pixel(last - first) / steps(axis)
        };
        let factor = (0..3).map(wanted).fold(1.0, f64::max);
        let axes = self.axes.map(|axis| axis.coarser(factor));
        let start = [0, 1, 2].map(|axis| {
            let [first, last] = ends(axis);
            let centred = axes[axis].to_pixel((first + last) / 2.0) - steps(axis) / 2.0;
            let room = axes[axis].to_pixel((axes[axis].voxels() - 1) as f64) - steps(axis);
            if room < 0.0 { centred } else { centred.clamp(0.0, room) }
        });
        self.spot(axes, start)
    }

    fn spot(&self, axes: [PixelAxis; 3], start: [f64; 3]) -> Spot {
        let covered = [0, 1, 2].map(|axis| self.covered(axis, axes[axis], start[axis]));
        let weights = [0, 1, 2].map(|axis| self.weights(axis, axes[axis], start[axis], covered[axis].clone()));
        let [k, j, i] = covered;
        let voi = Voi { start: [i.start, j.start, k.start], end: [i.end, j.end, k.end] };
        let least_weight = if self.blend == Blend::Gaussian { MIN_WEIGHT } else { 0.0 };
        Spot { axes, start, placed: Placed { voi, weights, least_weight } }
    }

    /// The CT's voxels that a box covers along an axis: those between its first and last network voxel, and where boxes stand
    /// side by side also those that lie no nearer to another box.
    fn covered(&self, axis: usize, pixels: PixelAxis, start: f64) -> Range<usize> {
        let size = self.size[axis];
        if self.stride[axis] == size && !self.grows {
            return pixels.natives(start..start + size as f64);
        }
        let first = (pixels.to_native(start) - SAME).ceil().max(0.0) as usize;
        let last = (pixels.to_native(start + (size - 1) as f64) + SAME).floor() as usize;
        first..(last + 1).min(pixels.voxels())
    }

    /// Weights of the CT's voxels `voxels` at their places in the box.
    fn weights(&self, axis: usize, pixels: PixelAxis, start: f64, voxels: Range<usize>) -> Vec<f32> {
        let size = self.size[axis] as f64;
        let (middle, deviation) = ((size - 1.0) / 2.0, size / 8.0);
        let weight = |voxel: usize| match self.blend {
            Blend::Constant => 1.0,
            Blend::Gaussian => {
                let off = pixels.to_pixel(voxel as f64) - start - middle;
                (-off * off / (2.0 * deviation * deviation)).exp() as f32
            }
        };
        voxels.map(weight).collect()
    }
}

/// Boxes around the groups of voxels that hang together; those that meet are one.
fn groups(region: &Array3<bool>, cancel: &CancelToken) -> Result<Vec<Voi>> {
    let components = connected_components(region, Neighbourhood::All26, cancel)?;
    Ok(Voi::apart(components.list.iter().map(|component| component.voi).collect()))
}

/// True when the box holds a voxel of the region.
fn meets(region: &Array3<bool>, voi: &Voi) -> bool {
    within(region, voi).iter().any(|inside| *inside)
}

fn within<'a>(region: &'a Array3<bool>, voi: &Voi) -> ArrayView3<'a, bool> {
    let [i, j, k] = [0, 1, 2].map(|axis: usize| voi.start[axis]..voi.end[axis]);
    region.slice(s![k, j, i])
}

impl Placed {
    /// Answers for the box around the region's voxels alone, all that is read of it.
    fn trim(&mut self, region: &Array3<bool>) {
        let Some(own) = Voi::around(&within(region, &self.voi).to_owned()) else { return };
        for (axis, before) in self.voi.start.into_iter().enumerate() {
            let (first, past) = (own.start[axis], own.end[axis]);
            self.weights[2 - axis] = self.weights[2 - axis][first..past].to_vec();
            (self.voi.start[axis], self.voi.end[axis]) = (before + first, before + past);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::made;

    fn grid_of(spec: &Network, dims: [usize; 3], spacing_mm: [f64; 3]) -> BoxGrid {
        BoxGrid::new("segment", spec, &Grid::axial(dims, spacing_mm)).unwrap()
    }

    fn starts(spec: &Network, dims: [usize; 3], region: impl Fn(usize, usize, usize) -> bool) -> Vec<[f64; 3]> {
        let grid = grid_of(spec, dims, [1.0; 3]);
        let region = Array3::from_shape_fn([dims[2], dims[1], dims[0]], |(k, j, i)| region(k, j, i));
        grid.plan(&region, &CancelToken::new()).unwrap().into_iter().map(|spot| spot.start).collect()
    }

    #[test]
    fn plan_of_the_whole_volume_slides_by_the_stride_and_ends_with_the_volume() {
        // Boxes of 4, 6, 8 with half of them overlapping over 9, 6, 10 voxels along k, j, i.
        let found = starts(&made::patch([4, 6, 8]), [10, 6, 9], |_, _, _| true);
        let wanted = [[0, 0, 0], [0, 0, 2], [2, 0, 0], [2, 0, 2], [4, 0, 0], [4, 0, 2], [5, 0, 0], [5, 0, 2]];
        assert_eq!(found, wanted.map(|start| start.map(f64::from)));
        let mut spec = made::patch([4, 6, 10]);
        spec.grid.overlap = Some(0.7);
        // 4 · 0.3 = 1.2: every voxel.
        assert_eq!(starts(&spec, [10, 6, 7], |_, _, _| true), [0.0, 1.0, 2.0, 3.0].map(|k| [k, 0.0, 0.0]));
        spec.grid.overlap = Some(0.0);
        assert_eq!(starts(&spec, [10, 6, 8], |_, _, _| true), [[0.0; 3], [4.0, 0.0, 0.0]]);
    }

    #[test]
    fn plan_of_a_region_that_fits_into_one_box_is_one_box_around_it_moved_into_the_volume() {
        let spec = made::patch([5; 3]);
        let region = |k: usize, j: usize, i: usize| (8..11).contains(&k) && (0..2).contains(&j) && i == 19;
        // Middle of k is 9, so 7 to 11; j and i would begin before the volume or end after it.
        assert_eq!(starts(&spec, [20; 3], region), [[7.0, 0.0, 15.0]]);
    }

    #[test]
    fn plan_of_two_findings_far_apart_is_a_box_for_each_and_none_between() {
        let spec = made::patch([5; 3]);
        let near = |at: usize| move |n: usize| n.abs_diff(at) <= 1;
        let region =
            |k: usize, j: usize, i: usize| [3, 16].into_iter().any(|at| near(at)(k) && near(at)(j) && near(at)(i));
        assert_eq!(starts(&spec, [20; 3], region), [[1.0; 3], [14.0; 3]]);
    }

    #[test]
    fn plan_leaves_out_boxes_that_hold_no_voxel_of_the_region() {
        // A diagonal: the boxes of its corners hold nothing.
        let found = starts(&made::patch([4; 3]), [12; 3], |k, j, i| k == j && j == i);
        assert!(
            found.contains(&[0.0; 3]) && found.contains(&[8.0; 3]) && !found.contains(&[0.0, 0.0, 8.0]),
            "{found:?}"
        );
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
                assert!((0..3).all(|axis| spot.start[axis] + 6.0 <= grid.axes[axis].pixels() as f64));
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
        let placed = grid.spot(grid.axes, [1.0, 0.0, 4.0]).placed;
        // Network voxels 1 to 8 along k lie at voxels 2 to 16; the middle at network voxel 4.5, which is voxel 9.
        assert_eq!((placed.voi.start, placed.voi.end), ([4, 0, 2], [12, 8, 17]));
        let gauss = |off: f64| (-off * off / 2.0).exp() as f32;
        assert_eq!(placed.weights[0][7], 1.0);
        assert_eq!((placed.weights[0][8], placed.weights[0][9]), (gauss(0.5), gauss(1.0)));
        assert_eq!((placed.weights[2][0], placed.weights[2][4]), (gauss(3.5), gauss(0.5)));
        assert_eq!(placed.least_weight, 1e-3);
    }

    /// Boxes of 5 network voxels of 2, 1 and 1 mm, which grow, over a volume of 1 mm.
    fn growing(dims: [usize; 3], region: impl Fn(usize, usize, usize) -> bool) -> Vec<Spot> {
        let mut spec = made::patch([5; 3]);
        spec.grid = crate::contract::network::Grid {
            spacing_mm: [Some(2.0), None, None],
            overlap: None,
            beyond: Beyond::Repeat,
            grows: true,
            ..spec.grid
        };
        let region = Array3::from_shape_fn([dims[2], dims[1], dims[0]], |(k, j, i)| region(k, j, i));
        grid_of(&spec, dims, [1.0; 3]).plan(&region, &CancelToken::new()).unwrap()
    }

    /// Where the box's first and last network voxel lie, in the CT's voxels, along k, j, i.
    fn ends(spot: &Spot) -> [[f64; 2]; 3] {
        [0, 1, 2].map(|axis| [0.0, 4.0].map(|n| spot.axes[axis].to_native(spot.start[axis] + n)))
    }

    #[test]
    fn plan_of_boxes_that_grow_centres_a_group_that_fits_and_keeps_the_network_s_spacing() {
        // Voxels 9 to 12 along k, 7 to 9 along j, 0 along i.
        let inside = |k: usize, j: usize, i: usize| (9..13).contains(&k) && (7..10).contains(&j) && i == 0;
        let spots = growing([20; 3], inside);
        // Middles 10.5, 8 and 0; four steps of 2, 1 and 1 mm; the last would begin before the volume.
        assert_eq!(spots.iter().map(ends).collect::<Vec<_>>(), [[[6.5, 14.5], [6.0, 10.0], [0.0, 4.0]]]);
        assert_eq!(spots[0].placed.voi, Voi { start: [0, 7, 9], end: [1, 10, 13] }, "what is read of it");
    }

    #[test]
    fn plan_of_boxes_that_grow_stretches_all_spacings_until_the_group_fits() {
        // Thirteen voxels along i, which are 12 mm where a box has 4: three times as large, also along k and j.
        let far = |i: usize| (4..17).contains(&i);
        let spots = growing([30; 3], |k, j, i| k == 15 && j == 14 && far(i) || [k, j, i] == [2, 2, 2]);
        let wanted = [[[0.0, 8.0], [0.0, 4.0], [0.0, 4.0]], [[3.0, 27.0], [8.0, 20.0], [4.0, 16.0]]];
        assert_eq!(spots.iter().map(ends).collect::<Vec<_>>(), wanted);
        // The group's own voxels; each of it is read.
        assert_eq!(spots[1].placed.voi, Voi { start: [4, 14, 15], end: [17, 15, 16] });
    }

    #[test]
    fn plan_of_a_volume_smaller_than_a_box_goes_on_beyond_it_around_the_group() {
        // Five slices where a box has 8 mm; a group in the last.
        let spots = growing([20, 20, 5], |k, j, i| [k, j, i] == [4, 10, 10]);
        assert_eq!(spots.iter().map(ends).collect::<Vec<_>>(), [[[0.0, 8.0], [8.0, 12.0], [8.0, 12.0]]]);
        let taps = spots[0].axes[0].native_taps_from(spots[0].start[0], 5);
        assert_eq!(taps.iter().map(|tap| tap.low).collect::<Vec<_>>(), [0, 2, 4, 4, 4], "the edge is repeated");
        let mut spec = made::patch([8, 4, 4]);
        spec.grid.beyond = Beyond::Repeat;
        // Five slices lie in the middle of eight; along j and i boxes follow each other.
        let found = starts(&spec, [6, 4, 5], |_, _, _| true);
        assert_eq!(found, [[-2.0, 0.0, 0.0], [-2.0, 0.0, 2.0]]);
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
