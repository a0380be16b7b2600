//! Long and short axis as a reader measures them (RECIST 1.1; Lung-RADS v2022; Fleischner 2017): the longest diameter
//! in any axial slice, and the longest extent at right angles to it in the same slice. In any plane:
//! [`super::any_plane`].
//!
//! A pixel counts as the ellipse that fits into it, and lengths are taken between the far sides of these: a one-pixel
//! nodule has the size of a pixel, whatever the direction. Of a digital disc the long axis, which is the longest of all
//! directions, is too long by half a pixel on average and by one at most.

/// Directions that are tried, evenly over half a turn: the long axis is at most 0.1 % short.
pub(super) const DIRECTIONS: usize = 72;

/// Long and short axis in mm.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Axes {
    /// Longest diameter; 0 of an outline without a voxel.
    pub long_mm: f64,
    /// Longest extent at right angles to it, in the same slice.
    pub short_mm: f64,
    /// The slice (k), the first where several hold so long an axis.
    pub slice: usize,
}

impl Axes {
    /// The mean diameter as Lung-RADS v2022 has it: both axes measured to 0.1 mm, their mean given to 0.1 mm, halves
    /// upwards.
    pub fn mean_mm(self) -> f64 {
        let tenths = |mm: f64| (10.0 * mm).round();
        ((tenths(self.long_mm) + tenths(self.short_mm)) / 2.0).round() / 10.0
    }

    /// The axes of the pixels of slice k with these centres and this size.
    fn of_slice(slice: usize, points: &[[f64; 2]], pixel_mm: [f64; 2]) -> Self {
        let direction = |n: usize| (n as f64 * std::f64::consts::PI / DIRECTIONS as f64).sin_cos();
        let widths: Vec<f64> = (0..DIRECTIONS).map(|n| extent(points, pixel_mm, direction(n))).collect();
        let longest = (0..DIRECTIONS).fold(0, |best, n| if widths[n] > widths[best] { n } else { best });
        Axes { long_mm: widths[longest], short_mm: widths[(longest + DIRECTIONS / 2) % DIRECTIONS], slice }
    }
}

/// The first and last voxel of each row (along i) of an outline, as `[k, j, i]` in array order: all that a longest
/// diameter can end at.
#[derive(Debug, Clone, PartialEq)]
pub struct RowEnds(Vec<[usize; 3]>);

impl RowEnds {
    /// Of voxels `[k, j, i]` in array order.
    pub fn of(voxels: impl IntoIterator<Item = [usize; 3]>) -> Self {
        let mut ends: Vec<[usize; 3]> = Vec::new();
        for voxel in voxels {
            let same_row = |other: &[usize; 3]| other[..2] == voxel[..2];
            match ends.as_mut_slice() {
                [.., first, last] if same_row(first) && same_row(last) => *last = voxel,
                _ => ends.push(voxel),
            }
        }
        RowEnds(ends)
    }

    /// The axes in the axial slice with the longest one; `spacing_mm` along i, j, k.
    pub fn axial(&self, [x_mm, y_mm, _]: [f64; 3]) -> Axes {
        let slices = self.0.chunk_by(|one, next| one[0] == next[0]).map(|slice| {
            let points: Vec<[f64; 2]> = slice.iter().map(|[_, j, i]| [*i as f64 * x_mm, *j as f64 * y_mm]).collect();
            Axes::of_slice(slice[0][0], &points, [x_mm, y_mm])
        });
        slices.fold(Axes::default(), |best, axes| if axes.long_mm > best.long_mm { axes } else { best })
    }

    /// Their centres in mm along i, j, k; `spacing_mm` in the same order.
    pub fn centres_mm(&self, spacing_mm: [f64; 3]) -> Vec<[f64; 3]> {
        self.0.iter().map(|voxel| centre_mm(*voxel, spacing_mm)).collect()
    }
}

/// Centre of voxel `[k, j, i]` in mm along i, j, k.
pub(super) fn centre_mm([k, j, i]: [usize; 3], spacing_mm: [f64; 3]) -> [f64; 3] {
    [i as f64 * spacing_mm[0], j as f64 * spacing_mm[1], k as f64 * spacing_mm[2]]
}

/// Extent of pixels along a direction (sine, cosine), between the far sides of the ellipses in them.
fn extent(points: &[[f64; 2]], pixel_mm: [f64; 2], (sin, cos): (f64, f64)) -> f64 {
    let along = points.iter().map(|[x, y]| x * cos + y * sin);
    let (low, high) = along.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
    high - low + 1.0 / (cos / pixel_mm[0]).hypot(sin / pixel_mm[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_diameter_is_that_of_axes_to_a_tenth_and_halves_go_upwards() {
        let mean = |long_mm, short_mm| Axes { long_mm, short_mm, slice: 0 }.mean_mm();
        assert_eq!(mean(8.0, 6.0), 7.0);
        // To a tenth first: 8.0 and 5.9 (their mean, unrounded, would be 6.92).
        assert_eq!(mean(7.96, 5.88), 7.0);
        assert_eq!(mean(6.04, 5.94), 6.0);
        assert_eq!(Axes::default().mean_mm(), 0.0);
    }

    #[test]
    fn row_ends_are_the_first_and_last_voxel_of_each_row() {
        let row = |k, j, columns: std::ops::Range<usize>| columns.map(move |i| [k, j, i]);
        let voxels = row(0, 0, 3..4).chain(row(0, 1, 2..6)).chain(row(1, 1, 2..4)).chain(row(1, 1, 7..9));
        let ends = [[0, 0, 3], [0, 1, 2], [0, 1, 5], [1, 1, 2], [1, 1, 8]];
        assert_eq!(RowEnds::of(voxels), RowEnds(ends.to_vec()));
    }

    #[test]
    fn axial_axes_are_those_of_the_slice_with_the_longest_and_name_it() {
        let row = |k, j, columns: std::ops::Range<usize>| columns.map(move |i| [k, j, i]);
        let voxels = row(4, 0, 0..3).chain(row(5, 0, 0..4)).chain(row(5, 1, 0..4)).chain(row(6, 0, 0..4));
        // A row of four pixels of 2 mm and 1 mm: 8 mm long. Two of them: longer askew.
        let one = RowEnds::of(row(6, 0, 0..4)).axial([2.0, 1.0, 3.0]);
        assert_eq!((one.long_mm, one.slice), (8.0, 6));
        assert!((one.short_mm - 1.0).abs() < 1e-12, "{one:?}");
        assert_eq!(RowEnds::of(voxels).axial([2.0, 1.0, 3.0]).slice, 5);
        assert_eq!(RowEnds::of([]).axial([1.0; 3]), Axes::default());
    }
}
