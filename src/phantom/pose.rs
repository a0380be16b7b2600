//! How the patient lies on the table and has breathed.

use super::anatomy::{FIELD_MM, Point};

/// A rotation, a stretch and a shift of the chest about its middle.
///
/// With `stretch` a breath is made: lungs, heart and bones stretch alike, vessels and nodules move along and keep their calibre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pose {
    /// Rotations around the axes to the left, to the back and to the head, one after the other, in degrees.
    pub rotate_degrees: [f64; 3],
    /// How many times larger the chest is along those axes.
    pub stretch: [f64; 3],
    /// Shift along those axes, in mm.
    pub shift_mm: [f64; 3],
}

impl Default for Pose {
    /// As the chest is made.
    fn default() -> Self {
        Pose { rotate_degrees: [0.0; 3], stretch: [1.0; 3], shift_mm: [0.0; 3] }
    }
}

/// What the chest turns and stretches about.
const MIDDLE: Point = [0.0, 0.0, FIELD_MM[2] / 2.0];

impl Pose {
    /// Where a point of the chest lies in the scanner.
    pub(super) fn to_scanner(self, p: Point) -> Point {
        if self == Pose::default() {
            return p;
        }
        let mut q: Point = std::array::from_fn(|a| (p[a] - MIDDLE[a]) * self.stretch[a]);
        (0..3).for_each(|axis| q = turned(q, axis, self.rotate_degrees[axis]));
        std::array::from_fn(|a| q[a] + MIDDLE[a] + self.shift_mm[a])
    }

    /// Which point of the chest lies at a point of the scanner.
    pub(super) fn to_chest(self, q: Point) -> Point {
        if self == Pose::default() {
            return q;
        }
        let mut p: Point = std::array::from_fn(|a| q[a] - MIDDLE[a] - self.shift_mm[a]);
        (0..3).rev().for_each(|axis| p = turned(p, axis, -self.rotate_degrees[axis]));
        std::array::from_fn(|a| p[a] / self.stretch[a] + MIDDLE[a])
    }
}

fn turned(p: Point, axis: usize, degrees: f64) -> Point {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (a, b) = ((axis + 1) % 3, (axis + 2) % 3);
    let mut q = p;
    (q[a], q[b]) = (cos * p[a] - sin * p[b], sin * p[a] + cos * p[b]);
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pose_to_the_scanner_and_back_is_where_it_was() {
        let pose = Pose { rotate_degrees: [4.0, -7.0, 12.0], stretch: [1.02, 0.95, 1.1], shift_mm: [3.0, -8.0, 15.0] };
        let point = [40.0, -22.0, 130.0];
        let there = pose.to_scanner(point);
        assert!((0..3).any(|a| (there[a] - point[a]).abs() > 5.0));
        let back = pose.to_chest(there);
        assert!((0..3).all(|a| (back[a] - point[a]).abs() < 1e-9), "{back:?}");
        assert_eq!(Pose::default().to_scanner(point), point);
    }
}
