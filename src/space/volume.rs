//! A scalar volume and the box of voxels that work is bounded to.

use std::ops::BitOr;

use ndarray::{Array3, ArrayView1, ArrayView3, s};

use crate::space::grid::Grid;

/// Voxels on a grid. A CT is a `Volume<f32>` in HU; a label map a `Volume<u16>`; a mask a `Volume<bool>`.
#[derive(Debug, Clone, PartialEq)]
pub struct Volume<T> {
    /// Where the voxels lie.
    pub grid: Grid,
    /// Values, `[k, j, i]`, standard layout (`i` fastest).
    pub voxels: Array3<T>,
}

impl<T> Volume<T> {
    /// Joins voxels and grid.
    ///
    /// # Panics
    /// When the array's shape is not the grid's: a mistake in this library, never in its input.
    pub fn new(grid: Grid, voxels: Array3<T>) -> Self {
        assert_eq!(voxels.shape(), grid.shape(), "voxels and grid disagree");
        Volume { grid, voxels }
    }

    /// Its voxels, to look at.
    pub fn view(&self) -> VolumeView<'_, T> {
        VolumeView { grid: &self.grid, voxels: self.voxels.view() }
    }

    /// A volume on the same grid with other voxels.
    pub fn like<U>(&self, voxels: Array3<U>) -> Volume<U> {
        Volume::new(self.grid.clone(), voxels)
    }
}

/// Voxels that belong to something else, on a grid; in memory they may lie in any order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VolumeView<'a, T> {
    /// Where the voxels lie.
    pub grid: &'a Grid,
    /// Values, `[k, j, i]`.
    pub voxels: ArrayView3<'a, T>,
}

/// A box of voxels: first index included, last excluded, along i, j, k.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voi {
    /// First voxel.
    pub start: [usize; 3],
    /// One past the last voxel.
    pub end: [usize; 3],
}

impl Voi {
    /// The box of the whole grid.
    pub fn whole(grid: &Grid) -> Self {
        Voi { start: [0; 3], end: grid.dims }
    }

    /// The box of one voxel (i, j, k).
    pub fn voxel(ijk: [usize; 3]) -> Self {
        Voi { start: ijk, end: ijk.map(|index| index + 1) }
    }

    /// Size along i, j, k.
    pub fn size(&self) -> [usize; 3] {
        std::array::from_fn(|axis| self.end[axis] - self.start[axis])
    }

    /// Number of voxels.
    pub fn voxels(&self) -> usize {
        self.size().into_iter().product()
    }

    /// The smallest box around the voxels for which `mask` is true; `None` when there is none.
    pub fn around(mask: &Array3<bool>) -> Option<Self> {
        let mut bounds: Option<Voi> = None;
        for (k, slice) in mask.outer_iter().enumerate() {
            for (j, row) in slice.outer_iter().enumerate().filter(|(_, row)| !is_blank(row)) {
                // The ends of a row are enough, and soon found where most of it is true.
                let ends = [row.iter().position(|inside| *inside), row.iter().rposition(|inside| *inside)];
                for i in ends.into_iter().flatten() {
                    let voxel = Voi::voxel([i, j, k]);
                    bounds.get_or_insert(voxel).include(voxel.start);
                }
            }
        }
        bounds
    }

    /// Grows the box until it holds the voxel (i, j, k).
    pub fn include(&mut self, ijk: [usize; 3]) {
        for (axis, index) in ijk.into_iter().enumerate() {
            self.start[axis] = self.start[axis].min(index);
            self.end[axis] = self.end[axis].max(index + 1);
        }
    }

    /// True where both boxes hold a voxel.
    pub fn meets(&self, other: &Voi) -> bool {
        (0..3).all(|axis| self.start[axis] < other.end[axis] && other.start[axis] < self.end[axis])
    }

    /// The box around both.
    pub fn joined(&self, other: &Voi) -> Self {
        Voi {
            start: std::array::from_fn(|axis| self.start[axis].min(other.start[axis])),
            end: std::array::from_fn(|axis| self.end[axis].max(other.end[axis])),
        }
    }

    /// Boxes of which no two meet: those that do are one, the box around them.
    pub fn apart(mut open: Vec<Voi>) -> Vec<Voi> {
        let mut apart: Vec<Voi> = Vec::new();
        while let Some(voi) = open.pop() {
            match apart.iter().position(|other| voi.meets(other)) {
                Some(n) => open.push(voi.joined(&apart.swap_remove(n))),
                None => apart.push(voi),
            }
        }
        apart
    }

    /// Makes true what of `mask` lies in the box.
    pub fn fill(&self, mask: &mut Array3<bool>) {
        let [i, j, k] = [0, 1, 2].map(|axis: usize| self.start[axis]..self.end[axis]);
        mask.slice_mut(s![k, j, i]).fill(true);
    }

    /// Array indices `[k, j, i]` of all voxels in the box, `i` fastest.
    pub fn indices(&self) -> Indices {
        let left = self.voxels();
        Indices { voi: *self, next: [2, 1, 0].map(|axis: usize| self.start[axis]), left }
    }

    /// The box grown by `margin` voxels along i, j, k, kept inside `dims`.
    pub fn grown(&self, margin: [usize; 3], dims: [usize; 3]) -> Self {
        Voi {
            start: std::array::from_fn(|axis| self.start[axis].saturating_sub(margin[axis])),
            end: std::array::from_fn(|axis| (self.end[axis] + margin[axis]).min(dims[axis])),
        }
    }
}

/// True where all voxels of a row, side by side in memory, are false or 0. Most rows of a mask or a label map are, and many
/// voxels at a time are seen to be.
pub fn is_blank<T: Copy + Default + PartialEq + BitOr<Output = T>>(row: &ArrayView1<'_, T>) -> bool {
    row.as_slice().is_some_and(|row| row.iter().fold(T::default(), |any, value| any | *value) == T::default())
}

/// Walks through a box of voxels. Nested ranges would do the same, but valgrind takes what the compiler makes of them for
/// the use of uninitialised memory.
#[derive(Debug, Clone)]
pub struct Indices {
    voi: Voi,
    /// Array index `[k, j, i]` that comes next.
    next: [usize; 3],
    left: usize,
}

impl Iterator for Indices {
    type Item = [usize; 3];

    fn next(&mut self) -> Option<[usize; 3]> {
        self.left = self.left.checked_sub(1)?;
        let here = self.next;
        for axis in 0..3 {
            let index = &mut self.next[2 - axis];
            *index += 1;
            if *index < self.voi.end[axis] {
                break;
            }
            *index = self.voi.start[axis];
        }
        Some(here)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voi_indices_are_all_in_array_order() {
        let voi = Voi { start: [4, 2, 1], end: [6, 5, 3] };
        let expected: Vec<[usize; 3]> =
            (1..3).flat_map(|k| (2..5).flat_map(move |j| (4..6).map(move |i| [k, j, i]))).collect();
        assert_eq!(voi.indices().collect::<Vec<_>>(), expected);
        assert_eq!(voi.indices().size_hint(), (12, Some(12)));
        assert_eq!(Voi { start: [1; 3], end: [1, 4, 4] }.indices().next(), None);
    }

    #[test]
    fn voi_fill_makes_true_what_lies_in_the_box() {
        let voi = Voi { start: [4, 2, 1], end: [6, 5, 3] };
        let mut mask = Array3::from_elem((4, 6, 7), false);
        voi.fill(&mut mask);
        let filled = mask.indexed_iter().filter(|(_, inside)| **inside).map(|((k, j, i), _)| [k, j, i]);
        assert_eq!(filled.collect::<Vec<_>>(), voi.indices().collect::<Vec<_>>());
    }

    #[test]
    fn is_blank_of_a_row_that_lies_side_by_side_says_whether_all_is_0() {
        let mut labels = Array3::<u16>::zeros((2, 3, 40));
        labels[[1, 2, 39]] = 7;
        let blank: Vec<bool> = labels.rows().into_iter().map(|row| is_blank(&row)).collect();
        assert_eq!(blank, [true, true, true, true, true, false]);
        // Of voxels that lie apart nothing is said.
        assert!(!is_blank(&labels.slice(s![0, .., 0])));
    }

    #[test]
    fn voi_apart_joins_boxes_that_meet_until_none_do() {
        let along_i = |start: usize, end: usize| Voi { start: [start, 0, 0], end: [end, 2, 2] };
        // The last meets the first only once it is joined with the second; side by side is apart.
        let mut apart = Voi::apart(vec![along_i(0, 4), along_i(6, 9), along_i(9, 12), along_i(3, 7)]);
        apart.sort_by_key(|voi| voi.start);
        assert_eq!(apart, [along_i(0, 9), along_i(9, 12)]);
    }

    #[test]
    fn voi_around_holds_the_true_voxels_and_no_more() {
        let mut mask = Array3::from_elem((4, 5, 6), false);
        assert_eq!(Voi::around(&mask), None);
        for index in [[1, 3, 4], [2, 2, 1], [2, 2, 3]] {
            mask[index] = true;
        }
        assert_eq!(Voi::around(&mask), Some(Voi { start: [1, 2, 1], end: [5, 4, 3] }));
        mask.fill(true);
        assert_eq!(Voi::around(&mask), Some(Voi { start: [0; 3], end: [6, 5, 4] }));
    }
}
