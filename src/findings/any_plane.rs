//! Long and short axis in any plane: Lung-RADS v2022 lets both be measured in any plane that reflects the true size.
//!
//! - The long axis is the longest diameter in space: over all directions the extent of the outline along one.
//! - The short axis lies in a plane that holds the long axis, the line through the middle between its ends: of all
//!   these planes in the one where the extent at right angles to it is longest. A plane holds the voxels that it passes
//!   through.
//!
//! Both are drawn as lines that are as long as the axes.
//!
//! A voxel counts as the ellipsoid that fits into it, as a pixel does in [`super::axes`]. Of a digital ball both axes
//! are at most a voxel's diagonal too long.

use super::axes::{DIRECTIONS, RowEnds, centre_mm};
use crate::{
    error::Result,
    progress::CancelToken,
    space::grid::{dot, norm},
};

/// Directions that are tried over half a sphere, besides the axes of the grid: none is farther than 3 degrees from one
/// of them, so that the long axis is at most 0.15 % short; and it is drawn out between the ends that were found.
const ON_HALF_SPHERE: usize = 1200;
/// What rounding may add to a distance.
const ROUNDING_MM: f64 = 1e-9;

type Point = [f64; 3];

/// Long and short axis in any plane, in mm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AnyPlane {
    /// Longest diameter in space.
    pub long_mm: f64,
    /// Longest extent at right angles to it, in a plane that holds it.
    pub short_mm: f64,
    /// Where the long axis is drawn: from one end to the other, in mm along i, j, k from the centre of voxel (0, 0, 0).
    pub long_ends: [Point; 2],
    /// The same of the short axis. It lies in its plane at right angles to the long one, midway between the voxels at its ends.
    pub short_ends: [Point; 2],
}

impl AnyPlane {
    /// The axes of the outline of these voxels `[k, j, i]`, one at least; `spacing_mm` along i, j, k.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn of(voxels: &[[usize; 3]], ends: &RowEnds, spacing_mm: [f64; 3], cancel: &CancelToken) -> Result<Self> {
        let long = Long::of(&ends.centres_mm(spacing_mm), spacing_mm, cancel)?;
        let centres: Vec<Point> = voxels.iter().map(|voxel| centre_mm(*voxel, spacing_mm)).collect();
        // Where the plane of no turn holds a voxel, others may hold none: they are no longer.
        let mut short = Line { middle: long.middle(), along: at_right_angles(long.along)[0], mm: 0.0 };
        for n in 0..DIRECTIONS {
            cancel.check()?;
            let turn = n as f64 * std::f64::consts::PI / DIRECTIONS as f64;
            let other = long.across(&centres, turn, spacing_mm);
            short = other.filter(|other| other.mm > short.mm).unwrap_or(short);
        }
        let drawn = Line { middle: long.middle(), along: long.along, mm: long.extent.mm };
        Ok(AnyPlane { long_mm: drawn.mm, short_mm: short.mm, long_ends: drawn.ends(), short_ends: short.ends() })
    }
}

/// The extent of points along a direction, and its ends.
#[derive(Debug, Clone, Copy)]
struct Extent {
    mm: f64,
    ends: [Point; 2],
}

impl Extent {
    fn of(points: &[Point], along: Point, spacing_mm: [f64; 3]) -> Self {
        let (mut low, mut high) = ((f64::MAX, points[0]), (f64::MIN, points[0]));
        for point in points {
            let at = dot(*point, along);
            if at < low.0 {
                low = (at, *point);
            }
            if at > high.0 {
                high = (at, *point);
            }
        }
        Extent { mm: high.0 - low.0 + voxel_mm(along, spacing_mm), ends: [low.1, high.1] }
    }
}

/// A line of some length about its middle; `along` is of length 1.
#[derive(Debug, Clone, Copy)]
struct Line {
    middle: Point,
    along: Point,
    mm: f64,
}

impl Line {
    fn ends(self) -> [Point; 2] {
        [-0.5, 0.5].map(|part| moved(self.middle, self.along, part * self.mm))
    }
}

/// The long axis.
#[derive(Debug, Clone, Copy)]
struct Long {
    along: Point,
    extent: Extent,
}

impl Long {
    fn of(points: &[Point], spacing_mm: [f64; 3], cancel: &CancelToken) -> Result<Self> {
        let of = |along: Point| Long { along, extent: Extent::of(points, along, spacing_mm) };
        let mut best = of([1.0, 0.0, 0.0]);
        for along in directions() {
            cancel.check()?;
            let other = of(along);
            if other.extent.mm > best.extent.mm {
                best = other;
            }
        }
        // Along the line between the ends they lie farther apart than along any direction near it.
        while let Some(along) = unit(minus(best.extent.ends[1], best.extent.ends[0])) {
            let other = of(along);
            if other.extent.mm <= best.extent.mm + ROUNDING_MM {
                break;
            }
            best = other;
        }
        Ok(best)
    }

    fn middle(&self) -> Point {
        let [low, high] = self.extent.ends;
        std::array::from_fn(|axis| (low[axis] + high[axis]) / 2.0)
    }

    /// The extent at right angles to it of what lies in the plane through it that is turned by `turn` about it; `None` where
    /// nothing does.
    fn across(&self, centres: &[Point], turn: f64, spacing_mm: [f64; 3]) -> Option<Line> {
        let [one, other] = at_right_angles(self.along);
        let (sin, cos) = turn.sin_cos();
        let in_plane: Point = std::array::from_fn(|axis| cos * one[axis] + sin * other[axis]);
        let normal: Point = std::array::from_fn(|axis| cos * other[axis] - sin * one[axis]);
        let middle = self.middle();
        let reach = voxel_mm(normal, spacing_mm) / 2.0 + ROUNDING_MM;
        let from_middle = centres.iter().map(|centre| minus(*centre, middle));
        let section: Vec<Point> = from_middle.filter(|point| dot(*point, normal).abs() <= reach).collect();
        let Extent { mm, ends } = section.first().map(|_| Extent::of(&section, in_plane, spacing_mm))?;
        let between = |along: Point| (dot(ends[0], along) + dot(ends[1], along)) / 2.0;
        let middle = moved(moved(middle, self.along, between(self.along)), in_plane, between(in_plane));
        Some(Line { middle, along: in_plane, mm })
    }
}

/// Diameter of the ellipsoid in a voxel along a direction.
fn voxel_mm(along: Point, spacing_mm: [f64; 3]) -> f64 {
    1.0 / norm(std::array::from_fn(|axis| along[axis] / spacing_mm[axis]))
}

/// The axes of the grid, and directions evenly over half a sphere (a Fibonacci lattice).
fn directions() -> impl Iterator<Item = Point> {
    let golden_angle = std::f64::consts::PI * (3.0 - 5f64.sqrt());
    let on_half_sphere = (0..ON_HALF_SPHERE).map(move |n| {
        let z = (n as f64 + 0.5) / ON_HALF_SPHERE as f64;
        let (sin, cos) = (golden_angle * n as f64).sin_cos();
        let radius = (1.0 - z * z).sqrt();
        [radius * cos, radius * sin, z]
    });
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].into_iter().chain(on_half_sphere)
}

/// Two directions at right angles to `along` and to each other.
fn at_right_angles(along: Point) -> [Point; 2] {
    let flattest = (0..3).fold(0, |best, axis| if along[axis].abs() < along[best].abs() { axis } else { best });
    let across: Point =
        std::array::from_fn(|axis| f64::from(u8::from(axis == flattest)) - along[flattest] * along[axis]);
    let one = unit(across).expect("an axis of the grid isn't along a direction that is nearly at right angles to it");
    let [a, b] = [along, one];
    [one, [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]]
}

fn moved(from: Point, along: Point, mm: f64) -> Point {
    std::array::from_fn(|axis| from[axis] + mm * along[axis])
}

fn minus(a: Point, b: Point) -> Point {
    std::array::from_fn(|axis| a[axis] - b[axis])
}

/// Of length 1; `None` of a vector without length.
fn unit(vector: Point) -> Option<Point> {
    let length = norm(vector);
    (length > 0.0).then(|| vector.map(|part| part / length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes(voxels: &[[usize; 3]], spacing_mm: [f64; 3]) -> AnyPlane {
        let ends = RowEnds::of(voxels.iter().copied());
        AnyPlane::of(voxels, &ends, spacing_mm, &CancelToken::new()).unwrap()
    }

    /// Voxels whose centre, in mm from the middle of a box of `dims` (k, j, i), is inside.
    fn voxels(dims: [usize; 3], spacing_mm: [f64; 3], inside: impl Fn(Point) -> bool) -> Vec<[usize; 3]> {
        let middle = centre_mm(dims.map(|n| n / 2), spacing_mm);
        let all = (0..dims[0]).flat_map(|k| (0..dims[1]).flat_map(move |j| (0..dims[2]).map(move |i| [k, j, i])));
        all.filter(|voxel| inside(minus(centre_mm(*voxel, spacing_mm), middle))).collect()
    }

    #[test]
    fn any_plane_of_one_voxel_are_its_longest_sides() {
        let AnyPlane { long_mm, short_mm, long_ends, short_ends } = axes(&[[3, 4, 5]], [0.7, 0.8, 2.0]);
        assert_eq!(long_mm, 2.0);
        assert!((short_mm - 0.8).abs() < 1e-12, "{short_mm}");
        // The voxel's centre lies at (3.5, 3.2, 6.0) mm.
        assert_near(long_ends, [[3.5, 3.2, 5.0], [3.5, 3.2, 7.0]]);
        assert_near(short_ends, [[3.5, 2.8, 6.0], [3.5, 3.6, 6.0]]);
    }

    #[test]
    fn any_plane_of_a_diagonal_is_its_length_in_space() {
        let diagonal: Vec<[usize; 3]> = (0..9).map(|n| [n, n, n]).collect();
        let AnyPlane { long_mm, short_mm, long_ends, .. } = axes(&diagonal, [1.0; 3]);
        assert!((long_mm - (8.0 * 3f64.sqrt() + 1.0)).abs() < 1e-9, "{long_mm}");
        assert!((short_mm - 1.0).abs() < 1e-9, "{short_mm}");
        // Half a voxel, along the diagonal, beyond the centres of the voxels at the ends.
        let beyond = 0.5 / 3f64.sqrt();
        assert_near(long_ends, [[-beyond; 3], [8.0 + beyond; 3]]);
    }

    #[test]
    fn any_plane_ends_are_those_of_lines_of_that_length_at_right_angles_in_one_plane() {
        for tilt in [0.0f64, 30.0, 70.0] {
            let (t, d) = tilt.to_radians().sin_cos();
            let inside = |p: Point| {
                let [x, y, z] = [d * p[0] + t * p[2], p[1], d * p[2] - t * p[0]];
                // Thicker on one side: the short axis doesn't go through the middle of the long one.
                (x / 9.0).powi(2) + (y / (4.0 + x / 6.0)).powi(2) + (z / 3.0).powi(2) <= 1.0
            };
            let found = axes(&voxels([26, 40, 32], [0.6, 0.5, 0.8], inside), [0.6, 0.5, 0.8]);
            let [long, short] = [found.long_ends, found.short_ends].map(|[from, to]| minus(to, from));
            assert!((norm(long) - found.long_mm).abs() < 1e-9, "{found:?}");
            assert!((norm(short) - found.short_mm).abs() < 1e-9, "{found:?}");
            assert!(dot(long, short).abs() < 1e-9, "{found:?}");
            // All four ends lie in one plane.
            let [a, b] = [long, short].map(|line| unit(line).unwrap());
            let normal = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
            let off = dot(minus(found.short_ends[0], found.long_ends[0]), normal);
            assert!(off.abs() < 1e-9, "{off}: {found:?}");
        }
    }

    fn assert_near(ends: [Point; 2], expected: [Point; 2]) {
        let off = ends.as_flattened().iter().zip(expected.as_flattened()).map(|(a, b)| (a - b).abs());
        assert!(off.fold(0.0, f64::max) < 1e-9, "got {ends:?}, expected {expected:?}");
    }

    #[test]
    fn any_plane_of_a_column_across_thick_slices_is_as_long_as_the_slices_are_thick() {
        let column = [[0, 0, 0], [1, 0, 0], [2, 0, 0], [2, 0, 1]];
        let AnyPlane { long_mm, .. } = axes(&column[..3], [0.5, 0.5, 5.0]);
        assert_eq!(long_mm, 15.0);
        assert!(axes(&column, [0.5, 0.5, 5.0]).short_mm >= 0.5);
    }

    #[test]
    fn any_plane_of_an_ellipsoid_in_any_pose_are_its_two_longest_diameters() {
        for (yaw, tilt) in [(0.0f64, 0.0f64), (25.0, 40.0), (100.0, 75.0), (60.0, 90.0)] {
            let ((s, c), (t, d)) = (yaw.to_radians().sin_cos(), tilt.to_radians().sin_cos());
            // Semi-axes 9, 6 and 3 mm along three directions at right angles.
            let frame = [[c * d, s * d, t], [-s, c, 0.0], [-c * t, -s * t, d]];
            let inside = |p: Point| {
                frame.iter().zip([9.0, 6.0, 3.0]).map(|(axis, mm)| (dot(*axis, p) / mm).powi(2)).sum::<f64>() <= 1.0
            };
            let found = axes(&voxels([26, 40, 32], [0.6, 0.5, 0.8], inside), [0.6, 0.5, 0.8]);
            // A voxel's diagonal is 1.1 mm; ends of a digital ellipsoid are off by half a voxel on average.
            assert!((found.long_mm - 18.0).abs() < 0.8, "{yaw} {tilt}: {found:?}");
            assert!((found.short_mm - 12.0).abs() < 1.1, "{yaw} {tilt}: {found:?}");
        }
    }

    #[test]
    fn any_plane_short_axis_is_that_of_a_section_and_not_of_the_whole_shadow() {
        // A rod of 21 voxels along i with an arm at one end along j and another at the other end along k: no plane
        // through the rod holds both.
        let mut voxels: Vec<[usize; 3]> = (0..21).map(|i| [0, 0, i]).collect();
        voxels.extend((1..6).map(|j| [0, j, 0]));
        voxels.extend((1..6).map(|k| [k, 0, 20]));
        voxels.sort_unstable();
        let found = axes(&voxels, [1.0; 3]);
        // The long axis runs between the arms' ends.
        assert!((found.long_mm - (20f64.powi(2) + 25.0 + 25.0).sqrt() - 1.0).abs() < 1e-9, "{found:?}");
        assert!(found.short_mm < 5.0 + 1.0, "{found:?}");
    }
}
