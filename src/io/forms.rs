//! The forms of a NIfTI-1 header, qform and sform, and which of them places a volume (nifti1.h, methods 1 to 3).
//!
//! The two may disagree, and programs differ in which they take: nibabel and FSL the sform. What is taken here is what ITK
//! takes from version 5 on, and with it SimpleITK and 3D Slicer (itkNiftiImageIO.cxx, SetImageIOOrientationFromNIfTI): the
//! sform if it is the scanner's (code 1) or alone, and at right angles; else the qform. The spacing is that of pixdim. Written
//! volumes carry both forms as they were: whatever a program takes, it lays them over the CT.

use std::path::Path;

use nifti::NiftiHeader;
use serde::Serialize;

use crate::{
    error::{Error, Result},
    limits::{MAX_SPACING_MM, MIN_SPACING_MM},
    space::grid::{Affine, Frame, Grid, cross, dot, norm, shear_degrees},
    warning::Warning,
};

/// Deviation from a right angle up to which ITK takes an sform (1e-4 in the product of its directions), in degrees.
const ITK_SHEAR_DEGREES: f64 = 0.0057;
/// From here on a scanner's sform is the truth about a tilted gantry, whatever the qform beside it, which can't tell of it.
const REAL_SHEAR_DEGREES: f64 = 0.5;
/// Forms that lie closer than this are one but for rounding: the sform is the more precise one.
const ROUNDING_MM: f64 = 0.01;
/// How far two forms may lie apart without a warning, in voxels.
const UNSEEN_VOXELS: f64 = 0.1;
/// nifti1.h, NIFTI_XFORM_SCANNER_ANAT.
const SCANNER: i16 = 1;
/// nifti1.h, NIFTI_UNITS_MM.
const MILLIMETRES: u8 = 2;

/// The geometry of a NIfTI-1 header as it was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NiftiForms {
    /// Handedness of the qform (qfac), then the spacing along i, j, k.
    pub pixdim: [f32; 4],
    /// Unit of length: 1 m, 2 mm, 3 µm, 0 unknown.
    pub xyz_units: u8,
    /// What the qform leads to; 0: nowhere.
    pub qform_code: i16,
    /// What the sform leads to; 0: nowhere.
    pub sform_code: i16,
    /// b, c, d of the qform's quaternion.
    pub quatern: [f32; 3],
    /// Where the qform puts the first voxel.
    pub qoffset: [f32; 3],
    /// Rows of the sform.
    pub srow: [[f32; 4]; 3],
}

/// Where a volume lies, and by what.
pub struct Placed {
    pub grid: Grid,
    /// "qform (code 1)", "sform (code 2)" or "assumed LPS".
    pub by: String,
    pub warnings: Vec<Warning>,
}

impl NiftiForms {
    pub(super) fn of(header: &NiftiHeader) -> Self {
        let h = header;
        NiftiForms {
            pixdim: std::array::from_fn(|n| h.pixdim[n]),
            xyz_units: h.xyzt_units & 7,
            qform_code: h.qform_code,
            sform_code: h.sform_code,
            quatern: [h.quatern_b, h.quatern_c, h.quatern_d],
            qoffset: [h.quatern_x, h.quatern_y, h.quatern_z],
            srow: [h.srow_x, h.srow_y, h.srow_z],
        }
    }

    /// Both forms set to the grid, in scanner coordinates: readers differ in which they take.
    pub(super) fn of_grid(grid: &Grid) -> Self {
        let (quaternion, handed) = quaternion(grid);
        let [x, y, z] = grid.spacing_mm;
        let rows = grid.ijk_to_ras();
        NiftiForms {
            pixdim: [handed, x, y, z].map(|v| v as f32),
            xyz_units: MILLIMETRES,
            qform_code: SCANNER,
            sform_code: SCANNER,
            quatern: quaternion.map(|v| v as f32),
            qoffset: grid.origin_ras.map(|v| v as f32),
            srow: [rows[0], rows[1], rows[2]].map(|row| row.map(|v| v as f32)),
        }
    }

    /// Puts them into a little-endian header (nifti1.h).
    pub(super) fn put(&self, header: &mut [u8]) {
        let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
        for (n, value) in self.pixdim.iter().enumerate() {
            put(76 + 4 * n, &value.to_le_bytes());
        }
        put(123, &[self.xyz_units]);
        put(252, &self.qform_code.to_le_bytes());
        put(254, &self.sform_code.to_le_bytes());
        let numbers = self.quatern.iter().chain(&self.qoffset).chain(self.srow.iter().flatten());
        for (n, value) in numbers.enumerate() {
            put(256 + 4 * n, &value.to_le_bytes());
        }
    }

    /// The grid of a volume of `dims` voxels. Without a form its axes are those of `assume`.
    ///
    /// # Errors
    /// [`Error::NoOrientation`] with neither form nor `assume`; what [`Grid::from_ijk_to_ras`] refuses.
    pub(super) fn place(&self, path: &Path, dims: [usize; 3], assume: Option<Frame>) -> Result<Placed> {
        let told = self.spacing_mm()?;
        if told.is_none() && self.sform_code <= 0 {
            return Err(self.no_spacing());
        }
        let qform = told.filter(|_| self.qform_code > 0).map(|spacing_mm| self.qform(spacing_mm));
        let sform = (self.sform_code > 0).then(|| self.sform());
        let names = [format!("qform (code {})", self.qform_code), format!("sform (code {})", self.sform_code)];
        let mut warnings = Vec::new();
        let (affine, by) = match (qform, sform) {
            (None, None) => return self.placed_by(path, dims, told, assume),
            (Some(qform), None) => (qform, &names[0]),
            (None, Some(sform)) => (sform, &names[1]),
            (Some(qform), Some(sform)) => {
                let shear = directions(&sform).map(|d| shear_degrees(&d));
                if let Some(degrees) = shear.filter(|s| self.sform_code == SCANNER && *s > REAL_SHEAR_DEGREES) {
                    return Err(Error::Sheared { degrees });
                }
                let apart = apart_mm(&qform, &sform, dims);
                let square = shear.is_some_and(|s| s <= ITK_SHEAR_DEGREES);
                let by_sform = square && (self.sform_code == SCANNER || apart < ROUNDING_MM);
                let (affine, by) = if by_sform { (sform, &names[1]) } else { (qform, &names[0]) };
                let smallest = columns(&qform).map(norm).into_iter().fold(f64::MAX, f64::min);
                if apart.is_nan() || apart > UNSEEN_VOXELS * smallest {
                    let how = disagreement(&qform, &sform, &names, apart);
                    warnings.push(Warning::FormsDisagree { how, used: format!("the {by}") });
                }
                (affine, by)
            }
        };
        let (affine, by_size) = with_spacing(affine, told, dims);
        warnings.extend(by_size);
        Ok(Placed { grid: Grid::from_ijk_to_ras(dims, &affine)?, by: by.clone(), warnings })
    }

    /// A grid along the axes of `assume`, from its origin on (nifti1.h, method 1, which leaves the directions open).
    fn placed_by(
        &self,
        path: &Path,
        dims: [usize; 3],
        told: Option<[f64; 3]>,
        assume: Option<Frame>,
    ) -> Result<Placed> {
        let got = "the NIfTI header has neither a qform nor an sform, so it doesn't say which way its axes run";
        let frame = assume.ok_or_else(|| Error::NoOrientation { path: path.into(), got: got.into() })?;
        let spacing = told.ok_or_else(|| self.no_spacing())?;
        let column = |a: usize| frame.to_ras(std::array::from_fn(|n| if n == a { spacing[a] } else { 0.0 }));
        Ok(Placed {
            grid: Grid::from_columns(dims, [column(0), column(1), column(2)], [0.0; 3])?,
            by: format!("assumed {frame}"),
            warnings: vec![Warning::OrientationAssumed { frame: frame.to_string(), why: "as asked for".into() }],
        })
    }

    /// The spacing by pixdim; `None` where it says nothing.
    fn spacing_mm(&self) -> Result<Option<[f64; 3]>> {
        let spacing: [f64; 3] = std::array::from_fn(|n| f64::from(self.pixdim[n + 1]) * self.unit_mm());
        // Some readers mirror the axis then, others don't.
        if spacing.iter().any(|mm| *mm < 0.0) {
            return Err(self.no_spacing());
        }
        Ok(spacing.iter().all(|mm| mm.is_finite() && *mm > 0.0).then_some(spacing))
    }

    fn no_spacing(&self) -> Error {
        let [_, x, y, z] = self.pixdim.map(|v| f64::from(v) * self.unit_mm());
        Error::Spacing { got: format!("{x:.4} x {y:.4} x {z:.4}"), min: MIN_SPACING_MM, max: MAX_SPACING_MM }
    }

    fn unit_mm(&self) -> f64 {
        match self.xyz_units {
            1 => 1000.0,
            3 => 0.001,
            _ => 1.0,
        }
    }

    fn sform(&self) -> Affine {
        let [x, y, z] = self.srow.map(|row| row.map(|v| f64::from(v) * self.unit_mm()));
        [x, y, z, [0.0, 0.0, 0.0, 1.0]]
    }

    /// nifti1.h, method 2.
    fn qform(&self, spacing_mm: [f64; 3]) -> Affine {
        let [mut b, mut c, mut d] = self.quatern.map(f64::from);
        let square = 1.0 - (b * b + c * c + d * d);
        let a = if square < 1e-7 {
            // A half turn, whose a is 0 but for rounding.
            [b, c, d] = [b, c, d].map(|v| v / (1.0 - square).sqrt());
            0.0
        } else {
            square.sqrt()
        };
        let rotation = [
            [a * a + b * b - c * c - d * d, 2.0 * (b * c - a * d), 2.0 * (b * d + a * c)],
            [2.0 * (b * c + a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d - a * b)],
            [2.0 * (b * d - a * c), 2.0 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ];
        let [x, y, z] = spacing_mm;
        let handed = if self.pixdim[0] < 0.0 { -1.0 } else { 1.0 };
        let offset = self.qoffset.map(|v| f64::from(v) * self.unit_mm());
        let row = |r: usize| [rotation[r][0] * x, rotation[r][1] * y, rotation[r][2] * z * handed, offset[r]];
        [row(0), row(1), row(2), [0.0, 0.0, 0.0, 1.0]]
    }
}

fn columns(affine: &Affine) -> [[f64; 3]; 3] {
    [0, 1, 2].map(|a: usize| [affine[0][a], affine[1][a], affine[2][a]])
}

/// Unit vectors along the axes; `None` where there are none.
fn directions(affine: &Affine) -> Option<[[f64; 3]; 3]> {
    let columns = columns(affine);
    let lengths = columns.map(norm);
    let whole = lengths.iter().all(|mm| mm.is_finite() && *mm > 0.0);
    whole.then(|| std::array::from_fn(|a| columns[a].map(|v| v / lengths[a])))
}

/// Largest distance of a corner voxel under both.
fn apart_mm(one: &Affine, other: &Affine, dims: [usize; 3]) -> f64 {
    let far = dims.map(|n| n.saturating_sub(1) as f64);
    let apart = |bits: usize| {
        let ijk = [0, 1, 2].map(|a: usize| if bits >> a & 1 == 1 { far[a] } else { 0.0 });
        norm([0, 1, 2].map(|r: usize| {
            let along: f64 = (0..3).map(|a| (one[r][a] - other[r][a]) * ijk[a]).sum();
            along + one[r][3] - other[r][3]
        }))
    };
    // Unlike f64::max, this keeps what is no number.
    (0..8).map(apart).fold(0.0, |most: f64, mm| if most.is_nan() || mm <= most { most } else { mm })
}

/// Largest angle between an axis under one and under the other.
fn degrees_between(one: &Affine, other: &Affine) -> Option<f64> {
    let (one, other) = (directions(one)?, directions(other)?);
    let angle = |a: usize| norm(cross(one[a], other[a])).atan2(dot(one[a], other[a])).to_degrees();
    Some((0..3).map(angle).fold(0.0, f64::max))
}

/// How far two forms of these names lie apart, in words.
fn disagreement(qform: &Affine, sform: &Affine, names: &[String; 2], apart_mm: f64) -> String {
    let [q, s] = names;
    match degrees_between(qform, sform) {
        Some(degrees) => format!("its {q} and its {s} lie up to {apart_mm:.2} mm and {degrees:.2} degrees apart"),
        None if directions(sform).is_none() => format!("its {s} is not a grid of voxels; its {q} is one"),
        None => format!("its {q} is not a grid of voxels; its {s} is one"),
    }
}

/// The affine with the spacing that pixdim tells, and a warning where its own was another.
fn with_spacing(affine: Affine, told: Option<[f64; 3]>, dims: [usize; 3]) -> (Affine, Option<Warning>) {
    let own = columns(&affine).map(norm);
    let words = |mm: [f64; 3]| format!("{:.4} x {:.4} x {:.4} mm", mm[0], mm[1], mm[2]);
    let Some(told) = told else {
        let how = format!("its sform has voxels of {}, its pixdim none", words(own));
        return (affine, Some(Warning::FormsDisagree { how, used: "the sform's".into() }));
    };
    let Some(directions) = directions(&affine) else { return (affine, None) };
    let off = |a: usize| (own[a] - told[a]).abs() * dims[a].saturating_sub(1) as f64 > UNSEEN_VOXELS * told[a];
    let warning = (0..3).any(off).then(|| Warning::FormsDisagree {
        how: format!("its sform has voxels of {}, its pixdim of {}", words(own), words(told)),
        used: "pixdim".into(),
    });
    let cell = |r: usize, a: usize| if a < 3 { directions[a][r] * told[a] } else { affine[r][3] };
    let row = |r: usize| std::array::from_fn(|a| cell(r, a));
    ([row(0), row(1), row(2), affine[3]], warning)
}

/// The rotation as b, c, d of a unit quaternion with a ≥ 0, and the handedness (nifti1.h, "qfac").
fn quaternion(grid: &Grid) -> ([f64; 3], f64) {
    let [x, y, z] = grid.direction;
    let handed = if dot(cross(x, y), z) < 0.0 { -1.0 } else { 1.0 };
    let z = z.map(|v| v * handed);
    // Column vectors x, y, z: the matrix element in row r, column c is [x, y, z][c][r].
    let m = |r: usize, c: usize| [x, y, z][c][r];
    // The largest of the four squares is taken first, so that no small number is divided by.
    let squares = [
        1.0 + m(0, 0) + m(1, 1) + m(2, 2),
        1.0 + m(0, 0) - m(1, 1) - m(2, 2),
        1.0 - m(0, 0) + m(1, 1) - m(2, 2),
        1.0 - m(0, 0) - m(1, 1) + m(2, 2),
    ];
    let largest = (0..4).fold(0, |best, n| if squares[n] > squares[best] { n } else { best });
    let root = squares[largest].sqrt();
    let part = |value: f64| value / (2.0 * root);
    let [a, b, c, d] = match largest {
        0 => [root / 2.0, part(m(2, 1) - m(1, 2)), part(m(0, 2) - m(2, 0)), part(m(1, 0) - m(0, 1))],
        1 => [part(m(2, 1) - m(1, 2)), root / 2.0, part(m(0, 1) + m(1, 0)), part(m(0, 2) + m(2, 0))],
        2 => [part(m(0, 2) - m(2, 0)), part(m(0, 1) + m(1, 0)), root / 2.0, part(m(1, 2) + m(2, 1))],
        _ => [part(m(1, 0) - m(0, 1)), part(m(0, 2) + m(2, 0)), part(m(1, 2) + m(2, 1)), root / 2.0],
    };
    let sign = if a < 0.0 { -1.0 } else { 1.0 };
    ([b, c, d].map(|v| v * sign), handed)
}

#[cfg(test)]
mod tests;
