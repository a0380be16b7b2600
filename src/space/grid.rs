//! Where voxels lie in the patient: the one place that names axes.
//!
//! Voxel indices are **IJK** (column, row, slice), counted from 0 at voxel centres. World coordinates are **RAS**
//! in millimetres (x to the patient's right → left is negative; NIfTI's and Slicer's convention). DICOM, NRRD and
//! MetaImage speak **LPS**: x and y with the other sign ([`flip_lps_ras`]).
//!
//! Arrays of voxels are indexed `[k, j, i]`, `i` fastest.

use crate::error::{Error, Result};
use crate::limits::{MAX_SHEAR_DEGREES, MAX_SPACING_MM, MIN_SPACING_MM};

/// A 4 × 4 matrix in row order that takes homogeneous IJK to world millimetres.
pub type Affine = [[f64; 4]; 4];

/// A rectangular voxel grid in the patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// Number of voxels along i, j, k.
    pub dims: [usize; 3],
    /// Distance of neighbouring voxel centres along i, j, k, in mm.
    pub spacing_mm: [f64; 3],
    /// `direction[a]` is the RAS unit vector along voxel axis `a`; right-angled, either handedness.
    pub direction: [[f64; 3]; 3],
    /// RAS position of the centre of voxel (0, 0, 0), in mm.
    pub origin_ras: [f64; 3],
}

impl Grid {
    /// A grid with axes along LPS (i to the left, j to the back, k to the head: plain axial CT) at the origin.
    pub fn axial(dims: [usize; 3], spacing_mm: [f64; 3]) -> Self {
        Grid {
            dims,
            spacing_mm,
            direction: [[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]],
            origin_ras: [0.0; 3],
        }
    }

    /// Whole voxels in `mm` along i, j, k.
    pub fn steps(&self, mm: f64) -> [usize; 3] {
        self.spacing_mm.map(|spacing| (mm / spacing) as usize)
    }

    /// The grid that `ijk_to_ras` describes.
    ///
    /// # Errors
    /// [`Error::NonFinite`], [`Error::Spacing`] or [`Error::Sheared`].
    pub fn from_ijk_to_ras(dims: [usize; 3], ijk_to_ras: &Affine) -> Result<Self> {
        let column = |a: usize| [ijk_to_ras[0][a], ijk_to_ras[1][a], ijk_to_ras[2][a]];
        Self::from_columns(dims, [column(0), column(1), column(2)], column(3))
    }

    /// The grid with voxel steps `columns[axis]` (RAS, mm a voxel) and first voxel at `origin_ras`.
    ///
    /// # Errors
    /// As [`Grid::from_ijk_to_ras`].
    pub fn from_columns(dims: [usize; 3], columns: [[f64; 3]; 3], origin_ras: [f64; 3]) -> Result<Self> {
        let numbers = columns.iter().flatten().chain(&origin_ras);
        let bad = numbers.filter(|v| !v.is_finite()).count();
        if bad > 0 {
            return Err(Error::NonFinite { what: "the geometry", count: bad, at: "its IJK to RAS matrix".into() });
        }
        let spacing_mm = columns.map(norm);
        if spacing_mm.iter().any(|s| !(MIN_SPACING_MM..=MAX_SPACING_MM).contains(s)) {
            return Err(Error::Spacing {
                got: format!("{:.4} x {:.4} x {:.4}", spacing_mm[0], spacing_mm[1], spacing_mm[2]),
                min: MIN_SPACING_MM,
                max: MAX_SPACING_MM,
            });
        }
        let direction = std::array::from_fn(|a| columns[a].map(|v| v / spacing_mm[a]));
        let degrees = shear_degrees(&direction);
        if degrees > MAX_SHEAR_DEGREES {
            return Err(Error::Sheared { degrees });
        }
        Ok(Grid { dims, spacing_mm, direction, origin_ras })
    }

    /// The matrix that takes IJK to RAS millimetres.
    pub fn ijk_to_ras(&self) -> Affine {
        let mut affine = [[0.0; 4]; 4];
        for (row, line) in affine.iter_mut().enumerate().take(3) {
            for (axis, value) in line.iter_mut().enumerate().take(3) {
                *value = self.direction[axis][row] * self.spacing_mm[axis];
            }
            line[3] = self.origin_ras[row];
        }
        affine[3][3] = 1.0;
        affine
    }

    /// RAS position in mm of a (fractional) voxel index.
    pub fn ras(&self, ijk: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|row| {
            let along = |axis: usize| self.direction[axis][row] * self.spacing_mm[axis] * ijk[axis];
            self.origin_ras[row] + along(0) + along(1) + along(2)
        })
    }

    /// The (fractional) voxel index of a RAS position in mm: the way back from [`Grid::ras`].
    pub fn ijk(&self, ras: [f64; 3]) -> [f64; 3] {
        let from_origin: [f64; 3] = std::array::from_fn(|axis| ras[axis] - self.origin_ras[axis]);
        // The axes are at right angles up to MAX_SHEAR_DEGREES: the reciprocal vectors undo what is left of it.
        let [x, y, z] = self.direction;
        let handed = dot(x, cross(y, z));
        let along = [cross(y, z), cross(z, x), cross(x, y)].map(|reciprocal| dot(from_origin, reciprocal) / handed);
        std::array::from_fn(|axis| along[axis] / self.spacing_mm[axis])
    }

    /// Number of voxels.
    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }

    /// True when some dimension is zero.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Array shape `[k, j, i]`.
    pub fn shape(&self) -> [usize; 3] {
        [self.dims[2], self.dims[1], self.dims[0]]
    }

    /// Volume of a voxel in mm³.
    pub fn voxel_mm3(&self) -> f64 {
        self.spacing_mm.iter().product()
    }

    /// How far, in voxels of this grid, a corner of `other` lies from this one's along an axis; `None` where their dimensions
    /// differ.
    pub fn voxels_off(&self, other: &Grid) -> Option<f64> {
        let off = |corner: [f64; 3]| {
            let there = self.ijk(other.ras(corner));
            (0..3).map(|axis| (there[axis] - corner[axis]).abs()).fold(0.0, f64::max)
        };
        (self.dims == other.dims).then(|| self.corners().map(off).fold(0.0, f64::max))
    }

    /// True when `other` has the same dimensions and each corner voxel lies within `tolerance_mm` of this one's.
    pub fn matches(&self, other: &Grid, tolerance_mm: f64) -> bool {
        self.dims == other.dims
            && self.corners().all(|ijk| {
                let (a, b) = (self.ras(ijk), other.ras(ijk));
                norm(std::array::from_fn(|axis| a[axis] - b[axis])) <= tolerance_mm
            })
    }

    /// The indices of the eight corner voxels.
    fn corners(&self) -> impl Iterator<Item = [f64; 3]> {
        let far = self.dims.map(|n| n.saturating_sub(1) as f64);
        (0..8).map(move |bits: usize| std::array::from_fn(|axis| if bits >> axis & 1 == 1 { far[axis] } else { 0.0 }))
    }
}

/// Which way the axes x, y and z of a file's world run in the patient.
///
/// ```
/// # use sam2lung::space::grid::Frame;
/// let frame: Frame = "LPS".parse().unwrap();
/// assert_eq!(frame.to_ras([1.0, 2.0, 3.0]), [-1.0, -2.0, 3.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame([u8; 3]);

impl Frame {
    /// To the patient's left, back and head: DICOM, ITK, NRRD and MetaImage.
    pub const LPS: Frame = Frame(*b"LPS");
    /// To the patient's right, front and head: NIfTI, 3D Slicer.
    pub const RAS: Frame = Frame(*b"RAS");
    /// To the patient's left, front and head.
    pub const LAS: Frame = Frame(*b"LAS");

    /// A point or vector of this world in RAS.
    pub fn to_ras(self, p: [f64; 3]) -> [f64; 3] {
        let mut ras = [0.0; 3];
        for (letter, value) in self.0.into_iter().zip(p) {
            let (axis, sign) = ras_axis(letter).expect("letters of a frame");
            ras[axis] = sign * value;
        }
        ras
    }
}

/// The axis of RAS that a letter names, and its sign.
fn ras_axis(letter: u8) -> Option<(usize, f64)> {
    [*b"RL", *b"AP", *b"SI"].into_iter().enumerate().find_map(|(axis, [plus, minus])| match letter {
        _ if letter == plus => Some((axis, 1.0)),
        _ if letter == minus => Some((axis, -1.0)),
        _ => None,
    })
}

impl std::str::FromStr for Frame {
    type Err = String;

    /// Three letters, one of each of L or R, A or P, S or I.
    fn from_str(text: &str) -> Result<Self, String> {
        let letters = <[u8; 3]>::try_from(text.to_ascii_uppercase().as_bytes()).ok();
        let all_axes =
            |letters: &[u8; 3]| (0..3).all(|a| letters.iter().any(|l| ras_axis(*l).is_some_and(|x| x.0 == a)));
        letters.filter(all_axes).map(Frame).ok_or_else(|| {
            "expected the directions in which the file's axes run, as three letters: L or R, A or P, S or I, such as LPS".into()
        })
    }
}

impl std::fmt::Display for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

/// Takes a point or vector from LPS to RAS, or back.
pub fn flip_lps_ras(p: [f64; 3]) -> [f64; 3] {
    [-p[0], -p[1], p[2]]
}

/// Length of a vector.
pub fn norm(v: [f64; 3]) -> f64 {
    dot(v, v).sqrt()
}

/// Scalar product.
pub fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Vector product.
pub fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// Largest deviation from a right angle between unit vectors, in degrees.
pub(crate) fn shear_degrees(direction: &[[f64; 3]; 3]) -> f64 {
    [(0, 1), (0, 2), (1, 2)]
        .map(|(a, b)| dot(direction[a], direction[b]).clamp(-1.0, 1.0).asin().abs().to_degrees())
        .into_iter()
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grid_oblique_mirrored_round_trips_through_its_affine() {
        let (c, s) = (20f64.to_radians().cos(), 20f64.to_radians().sin());
        let columns = [[-0.7 * c, 0.7 * s, 0.0], [-0.8 * s, -0.8 * c, 0.0], [0.0, 0.0, -2.5]];
        let grid = Grid::from_columns([5, 7, 4], columns, [91.25, -126.5, -72.125]).unwrap();
        let again = Grid::from_ijk_to_ras([5, 7, 4], &grid.ijk_to_ras()).unwrap();
        assert!(grid.matches(&again, 1e-9));
        let p = grid.ras([1.0, 2.0, 3.0]);
        let expected = [91.25 - 0.7 * c - 1.6 * s, -126.5 + 0.7 * s - 1.6 * c, -72.125 - 7.5];
        assert!(norm(std::array::from_fn(|a| p[a] - expected[a])) < 1e-9);
    }

    #[test]
    fn grid_shifted_is_off_by_its_share_of_a_voxel() {
        let grid = Grid::axial([10, 10, 4], [0.6, 0.6, 3.0]);
        let moved = Grid { origin_ras: [0.06, 0.0, 0.0], ..grid.clone() };
        assert!((grid.voxels_off(&moved).unwrap() - 0.1).abs() < 1e-9);
        let stretched = Grid { spacing_mm: [0.6, 0.6, 3.1], ..grid.clone() };
        assert!((grid.voxels_off(&stretched).unwrap() - 0.1).abs() < 1e-9);
        assert_eq!(grid.voxels_off(&Grid::axial([10, 10, 5], [0.6, 0.6, 3.0])), None);
    }

    #[test]
    fn frame_takes_each_axis_where_its_letter_says_and_refuses_what_is_none() {
        assert_eq!("las".parse::<Frame>().unwrap().to_ras([1.0, 2.0, 3.0]), [-1.0, 2.0, 3.0]);
        assert_eq!("PSR".parse::<Frame>().unwrap().to_ras([1.0, 2.0, 3.0]), [3.0, -1.0, 2.0]);
        assert_eq!("psr".parse::<Frame>().unwrap().to_string(), "PSR");
        for text in ["", "LP", "LPSS", "LRS", "LPX", "L\u{e9}"] {
            assert!(text.parse::<Frame>().unwrap_err().contains("such as LPS"), "{text}");
        }
    }

    #[test]
    fn grid_sheared_is_refused_by_name() {
        let columns = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.1, 1.0]];
        let error = Grid::from_columns([4, 4, 4], columns, [0.0; 3]).unwrap_err();
        assert_eq!(error.name(), "E_SHEARED");
        assert!(error.to_string().contains("5.7"), "{error}");
    }

    #[test]
    fn grid_zero_spacing_is_refused_by_name() {
        let columns = [[0.0; 3], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        assert_eq!(Grid::from_columns([4, 4, 4], columns, [0.0; 3]).unwrap_err().name(), "E_SPACING");
    }

    #[test]
    fn grid_non_finite_is_refused_by_name() {
        let columns = [[f64::NAN, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        assert_eq!(Grid::from_columns([4, 4, 4], columns, [0.0; 3]).unwrap_err().name(), "E_NON_FINITE");
    }
}
