//! Where the segmenter is run for clicks.
//!
//! Enters: clicks inside, what is outlined there, the segmenter's contract. Leaves: boxes of voxels, which may grow once the new
//! outline is known.
//!
//! - A network whose boxes don't grow is run over [`HALF_MM`] around each click, and [`REACH_MM`] around an earlier outline there.
//! - One whose boxes grow sees a click in one box, at its own spacing. Where the new outline comes near the box's side, the
//!   next box reaches half a box beyond the outline; that has to be run again, [`MOST_RUNS`] times in all.

use ndarray::Array3;

use super::outlines::Outlines;
use crate::{
    contract::network::Network,
    findings::REACH_MM,
    space::{grid::Grid, volume::Voi},
};

/// Half the side of the box around a click that is run, in mm: a nodule (at most 30 mm) fits whatever voxel of it is clicked
/// on.
const HALF_MM: f64 = 30.0;
/// How often boxes that grow are run for one call's clicks.
const MOST_RUNS: usize = 3;
/// An outline is near a box's side when less than this lies between them, in the network's voxels as large as they are there.
const NEAR_VOXELS: f64 = 2.0;

/// The boxes that are run for clicks.
#[derive(Debug)]
pub struct ClickBoxes<'a> {
    grid: &'a Grid,
    inside: &'a [[usize; 3]],
    /// No two meet where they grow: a network sees each in one box.
    boxes: Vec<Voi>,
    /// `None` for a network whose boxes don't grow.
    growing: Option<Growing>,
}

/// Boxes of a network that grow. Arrays run along i, j, k.
#[derive(Debug)]
struct Growing {
    /// Half a box, in mm.
    half_mm: [f64; 3],
    /// The network's spacing.
    spacing_mm: [f64; 3],
    runs: usize,
}

impl<'a> ClickBoxes<'a> {
    /// The first boxes. `outlines`: what is outlined at the clicks.
    pub fn new(spec: &Network, grid: &'a Grid, inside: &'a [[usize; 3]], outlines: &Outlines) -> Self {
        let growing = spec.grid.size.filter(|_| spec.grid.grows).map(|size| Growing::of(spec, size, grid));
        let around = |steps: [usize; 3]| inside.iter().map(move |click| Voi::voxel(*click).grown(steps, grid.dims));
        let boxes = match &growing {
            Some(growing) => Voi::apart(around(growing.half_steps(grid)).collect()),
            None => {
                let outlined = outlines.asked.iter().flatten().map(|label| outlines.parts.component(*label).voi);
                let outlined = outlined.map(|voi| voi.grown(grid.steps(REACH_MM), grid.dims));
                around(grid.steps(HALF_MM)).chain(outlined).collect()
            }
        };
        ClickBoxes { grid, inside, boxes, growing }
    }

    /// The voxels that are run.
    pub fn region(&self) -> Array3<bool> {
        let mut region = Array3::from_elem(self.grid.shape(), false);
        self.boxes.iter().for_each(|voi| voi.fill(&mut region));
        region
    }

    /// Makes boxes larger that `fresh`, the new outlines at the clicks, come near the sides of. False where it is done.
    pub fn grow(&mut self, fresh: &Outlines) -> bool {
        let (grid, Some(growing)) = (self.grid, &mut self.growing) else { return false };
        growing.runs += 1;
        if growing.runs == MOST_RUNS {
            return false;
        }
        let mut grew = false;
        for (click, label) in self.inside.iter().zip(&fresh.asked) {
            let Some(outline) = label.map(|label| fresh.parts.component(label).voi) else { continue };
            let own = self.boxes.iter_mut().find(|own| own.meets(&Voi::voxel(*click)));
            if let Some(own) = own.filter(|own| growing.is_near(&outline, own, grid)) {
                let larger = own.joined(&outline.grown(growing.half_steps(grid), grid.dims));
                grew |= larger != *own;
                *own = larger;
            }
        }
        self.boxes = Voi::apart(std::mem::take(&mut self.boxes));
        grew
    }

    /// True where the region is no more than what the network sees: what earlier outlines hold beyond it, it doesn't outline.
    pub fn tells_beyond(&self) -> bool {
        self.growing.is_some()
    }
}

impl Growing {
    fn of(spec: &Network, size: [usize; 3], grid: &Grid) -> Self {
        let spacing_mm =
            std::array::from_fn(|axis: usize| spec.grid.spacing_mm[2 - axis].unwrap_or(grid.spacing_mm[axis]));
        let half_mm = std::array::from_fn(|axis| (size[2 - axis] - 1) as f64 / 2.0 * spacing_mm[axis]);
        Growing { half_mm, spacing_mm, runs: 0 }
    }

    /// The CT's whole voxels in half a box; a rounding must not cost one.
    fn half_steps(&self, grid: &Grid) -> [usize; 3] {
        std::array::from_fn(|axis| (self.half_mm[axis] / grid.spacing_mm[axis] + 1e-9) as usize)
    }

    /// True where `outline` comes near a side of `own` that isn't the volume's.
    fn is_near(&self, outline: &Voi, own: &Voi, grid: &Grid) -> bool {
        let mm = |axis: usize, voxels: usize| voxels as f64 * grid.spacing_mm[axis];
        // Boxes side by side: an outline may reach from one into the other.
        let between = |low: usize, high: usize| high.saturating_sub(low);
        let factor = |axis: usize| mm(axis, own.size()[axis] - 1) / (2.0 * self.half_mm[axis]);
        let factor = (0..3).map(factor).fold(1.0, f64::max);
        (0..3).any(|axis| {
            let near_mm = NEAR_VOXELS * self.spacing_mm[axis] * factor;
            let before = own.start[axis] > 0 && mm(axis, between(own.start[axis], outline.start[axis])) < near_mm;
            let behind =
                own.end[axis] < grid.dims[axis] && mm(axis, between(outline.end[axis], own.end[axis])) < near_mm;
            before || behind
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{networks::made, pipeline::outlines::ProbabilityMaps, progress::CancelToken};

    /// A row of voxels of 2 mm.
    fn grid(len: usize) -> Grid {
        Grid::axial([len, 1, 1], [2.0; 3])
    }

    /// Outlines of a row that is 0.9 in these columns, with clicks.
    fn outlines(grid: &Grid, columns: std::ops::Range<usize>, inside: &[[usize; 3]]) -> Outlines {
        let probability = Array3::from_shape_fn(grid.shape(), |(_, _, i)| if columns.contains(&i) { 0.9 } else { 0.0 });
        let maps = ProbabilityMaps { grid, classes: vec![&probability], threshold: 0.5 };
        maps.outlines(inside, &CancelToken::new()).unwrap()
    }

    fn held(boxes: &ClickBoxes<'_>) -> Vec<usize> {
        boxes.region().indexed_iter().filter(|(_, inside)| **inside).map(|((_, _, i), _)| i).collect()
    }

    /// Boxes of eleven voxels of 2 mm: 10 mm on each side, five of the CT's.
    fn growing() -> Network {
        let mut spec = made::patch([11; 3]);
        spec.grid.grows = true;
        spec
    }

    #[test]
    fn region_holds_the_box_and_the_automatic_outline_that_reaches_beyond_it() {
        let (grid, clicks) = (grid(60), [[30, 0, 0]]);
        let outlines = outlines(&grid, 30..50, &clicks);
        let mut boxes = ClickBoxes::new(&made::slice(), &grid, &clicks, &outlines);
        // 30 mm are 15 voxels; the outline ends at 49, and 10 mm are 5 voxels.
        assert_eq!(held(&boxes), (15..55).collect::<Vec<_>>());
        assert!(!boxes.grow(&outlines) && !boxes.tells_beyond());
    }

    #[test]
    fn grow_of_an_outline_in_the_middle_of_its_box_is_done_at_once() {
        let (grid, clicks) = (grid(60), [[30, 0, 0]]);
        let mut boxes = ClickBoxes::new(&growing(), &grid, &clicks, &outlines(&grid, 10..50, &clicks));
        assert_eq!(held(&boxes), (25..36).collect::<Vec<_>>(), "one box, whatever was outlined");
        // Two voxels, 4 mm, lie between 27 and 25, and between 33 and 35.
        assert!(!boxes.grow(&outlines(&grid, 27..34, &clicks)));
        assert!(boxes.tells_beyond());
    }

    #[test]
    fn grow_reaches_half_a_box_beyond_an_outline_near_the_side_and_ends_after_three_runs() {
        let (grid, clicks) = (grid(60), [[30, 0, 0]]);
        let mut boxes = ClickBoxes::new(&growing(), &grid, &clicks, &outlines(&grid, 0..0, &clicks));
        assert!(boxes.grow(&outlines(&grid, 26..36, &clicks)));
        assert_eq!(held(&boxes), (21..41).collect::<Vec<_>>());
        // The box is 38 mm where the network's has 20: voxels of 3.8 mm, so that less than 7.6 mm is near.
        assert!(boxes.grow(&outlines(&grid, 24..37, &clicks)));
        assert_eq!(held(&boxes), (19..42).collect::<Vec<_>>());
        assert!(!boxes.grow(&outlines(&grid, 19..42, &clicks)), "the third run is the last");
    }

    #[test]
    fn grow_does_not_leave_the_volume_and_leaves_other_boxes_as_they_are() {
        let (grid, clicks) = (grid(60), [[2, 0, 0], [30, 0, 0]]);
        let mut boxes = ClickBoxes::new(&growing(), &grid, &clicks, &outlines(&grid, 0..0, &clicks));
        assert_eq!(held(&boxes), (0..8).chain(25..36).collect::<Vec<_>>());
        assert!(!boxes.grow(&outlines(&grid, 0..5, &clicks)), "the volume's side is no box's");
        assert!(boxes.grow(&outlines(&grid, 0..7, &clicks)));
        assert_eq!(held(&boxes), (0..12).chain(25..36).collect::<Vec<_>>());
    }
}
