//! The slices of a series in order, on their grid: geometry only, no pixels.
//!
//! Slices are ordered by position along the normal of the image plane (PS3.3 C.7.6.2.1.1), never by file name or
//! instance number.

use std::{collections::BTreeMap, path::Path};

use super::slice::Slice;
use crate::{
    error::{Error, Result},
    space::grid::{Grid, cross, dot, flip_lps_ras, norm},
};

/// A step may differ from the usual one by this part of it.
const STEP_TOLERANCE: f64 = 0.05;
/// In a stack that is even as a whole it may differ by this: some headers hold positions rounded to 0.1 mm.
const STEP_ROUNDING_MM: f64 = 0.11;
/// The stack is even as a whole while no slice lies farther from its place than this part of a step.
const PLACE_TOLERANCE: f64 = 0.25;
/// Components of a direction may differ by this within a series.
const DIRECTION_TOLERANCE: f64 = 1e-3;
/// Positions nearer than this, in mm, are one position.
const SAME_POSITION_MM: f64 = 1e-3;
/// A slice may be shifted against the normal by this, in mm a mm of travel, before it is gantry tilt (0.3 degrees).
const TILT_TOLERANCE: f64 = 0.005;
/// An image whose normal lies farther than this from that of the series is in another plane (cosine of 30 degrees).
const OTHER_PLANE_COSINE: f64 = 0.866;
/// At most this part of a series is left aside for lying in another plane.
const MAX_ACROSS: f64 = 0.25;

/// A series in order, on its grid.
#[derive(Debug)]
pub struct Stack {
    pub slices: Vec<Slice>,
    pub grid: Grid,
}

/// At how many places along their normal the images of a series lie; those across the first don't count. An image of
/// several frames may be a volume by itself.
pub fn places(slices: &[Slice]) -> usize {
    let frames = slices.iter().map(|slice| slice.frames as usize).max().unwrap_or(0);
    (steps(slices).len() + 1).min(slices.len()).max(if frames > 1 { frames } else { 0 })
}

/// The usual distance of neighbouring slices, in mm; infinite without two places.
pub fn usual_step(slices: &[Slice]) -> f64 {
    let steps = steps(slices);
    if steps.is_empty() { f64::INFINITY } else { median(steps) }
}

/// Distances of neighbouring places, in mm.
fn steps(slices: &[Slice]) -> Vec<f64> {
    let placed: Vec<_> = slices.iter().filter_map(Slice::place).collect();
    let Some(first) = placed.first().map(|(_, orientation, _)| normal(orientation)) else { return Vec::new() };
    let along = placed.iter().filter(|(_, orientation, _)| dot(normal(orientation), first).abs() >= OTHER_PLANE_COSINE);
    let mut heights: Vec<f64> = along.map(|(position, ..)| dot(*position, first)).collect();
    heights.sort_by(f64::total_cmp);
    heights.windows(2).map(|w| w[1] - w[0]).filter(|step| *step > SAME_POSITION_MM).collect()
}

/// Parts a series from the few images that lie across it, such as a scout that doesn't say so.
pub fn split_by_plane(slices: Vec<Slice>) -> (Vec<Slice>, Vec<Slice>) {
    let of = |slice: &Slice| slice.orientation.map(|o| normal(&o));
    let along = |a: &Slice, b: &Slice| match (of(a), of(b)) {
        (Some(a), Some(b)) => dot(a, b).abs() >= OTHER_PLANE_COSINE,
        _ => true,
    };
    let most = (MAX_ACROSS * slices.len() as f64) as usize;
    // The first image lies in the plane of most, or the first beside it does.
    let Some(first) = slices.first().cloned() else { return (slices, Vec::new()) };
    let other = slices.iter().find(|slice| !along(slice, &first)).cloned();
    for plane in [Some(first), other].into_iter().flatten() {
        if slices.iter().filter(|slice| !along(slice, &plane)).count() <= most {
            return slices.into_iter().partition(|slice| along(slice, &plane));
        }
    }
    (slices, Vec::new())
}

fn normal(orientation: &[f64; 6]) -> [f64; 3] {
    let [a, b, c, d, e, f] = *orientation;
    cross([a, b, c], [d, e, f])
}

/// Orders the slices and refuses what is no evenly stacked, upright box.
///
/// # Errors
/// A named error for each thing that keeps them from being one.
pub fn order(mut slices: Vec<Slice>, folder: &Path) -> Result<Stack> {
    let source_name = folder.display().to_string();
    if let Some(many) = slices.iter().find(|s| s.frames > 1) {
        return Err(Error::Format {
            path: many.path.clone(),
            got: format!("a multi-frame image ({} frames)", many.frames),
            expected:
                "one image a file, or functional groups that place each frame (enhanced CT). Convert it to classic CT \
                       or to NIfTI"
                    .into(),
        });
    }
    if slices.len() < 2 {
        return Err(Error::OneSlice { got: slices.len(), axis: "k" });
    }
    let placed: Option<Vec<_>> = slices.iter().map(Slice::place).collect();
    let Some(placed) = placed else { return Err(unplaced(&slices, folder)) };
    same("size", &slices, |s| [f64::from(s.columns), f64::from(s.rows)], 0.0, &source_name)?;
    same("orientation", &slices, |s| s.orientation.unwrap_or_default(), DIRECTION_TOLERANCE, &source_name)?;
    same("pixel spacing", &slices, |s| s.pixel_mm.unwrap_or_default(), 1e-4, &source_name)?;

    let orientation = placed[0].1;
    let along_row = [orientation[0], orientation[1], orientation[2]];
    let along_column = [orientation[3], orientation[4], orientation[5]];
    let normal = cross(along_row, along_column);
    let height = |slice: &Slice| slice.position.map_or(0.0, |p| dot(p, normal));
    slices.sort_by(|a, b| height(a).total_cmp(&height(b)));
    let heights: Vec<f64> = slices.iter().map(height).collect();
    one_scan(&slices, &source_name)?;
    let step_mm = even_step(&slices, &heights, &source_name)?;
    upright(&slices, normal, &source_name)?;

    let [row_mm, column_mm] = placed[0].2; // between rows, between columns (PS3.3 10.7.1.3)
    let scaled = |direction: [f64; 3], mm: f64| flip_lps_ras(direction.map(|v| v * mm));
    let columns = [scaled(along_row, column_mm), scaled(along_column, row_mm), scaled(normal, step_mm)];
    let dims = [slices[0].columns as usize, slices[0].rows as usize, slices.len()];
    let origin = flip_lps_ras(slices[0].position.unwrap_or_default());
    Ok(Stack { grid: Grid::from_columns(dims, columns, origin)?, slices })
}

impl Stack {
    /// True for an image with as many rows and columns.
    pub fn is_as_large(&self, slice: &Slice) -> bool {
        [slice.columns as usize, slice.rows as usize] == self.grid.dims[..2]
    }

    /// True for an image that isn't in the stack and fits beyond one of its ends: of the same size and plane, one step
    /// away.
    pub fn is_continued_by(&self, other: &Slice) -> bool {
        let Some((position, orientation, pixel_mm)) = other.place() else { return false };
        let [first, last] = [&self.slices[0], &self.slices[self.slices.len() - 1]];
        let Some((_, own_orientation, own_pixel_mm)) = first.place() else { return false };
        let near = |a: &[f64], b: &[f64], tolerance: f64| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance);
        let is_alike = (other.rows, other.columns) == (first.rows, first.columns)
            && near(&orientation, &own_orientation, DIRECTION_TOLERANCE)
            && near(&pixel_mm, &own_pixel_mm, 1e-4);
        let step_mm = self.grid.spacing_mm[2];
        let up = normal(&own_orientation).map(|n| n * step_mm);
        let is_beyond = |end: &Slice, sign: f64| {
            let end = end.position.unwrap_or_default();
            let expected: [f64; 3] = std::array::from_fn(|axis| end[axis] + sign * up[axis]);
            near(&position, &expected, PLACE_TOLERANCE * step_mm)
        };
        is_alike && (is_beyond(first, -1.0) || is_beyond(last, 1.0))
    }
}

fn unplaced(slices: &[Slice], folder: &Path) -> Error {
    let lacking: Vec<&Slice> = slices.iter().filter(|s| s.place().is_none()).collect();
    let path = lacking.first().map_or(folder, |s| &s.path);
    let others = lacking.len().saturating_sub(1);
    let more = if others > 0 { format!(", as {others} more of its series") } else { String::new() };
    let reason = format!("the image has no position, orientation or pixel spacing that can be read{more}");
    Error::read(path, reason, "Export the series again; a localizer or a secondary capture belongs elsewhere")
}

/// Refuses a series in which an attribute has more than one value.
fn same<const N: usize>(
    what: &'static str,
    slices: &[Slice],
    value: impl Fn(&Slice) -> [f64; N],
    tolerance: f64,
    source_name: &str,
) -> Result<()> {
    let mut different: Vec<([f64; N], usize, String)> = Vec::new();
    for slice in slices {
        let value = value(slice);
        let is_same = |(d, ..): &&mut ([f64; N], usize, String)| (0..N).all(|n| (d[n] - value[n]).abs() <= tolerance);
        match different.iter_mut().find(is_same) {
            Some((_, count, _)) => *count += 1,
            None => different.push((value, 1, slice.name())),
        }
    }
    if different.len() < 2 {
        return Ok(());
    }
    // Those that few have are the ones to look at.
    different.sort_by_key(|(_, count, _)| *count);
    let line = |(d, count, name): &([f64; N], usize, String)| format!("{d:?} in {count} file(s) such as {name}");
    let got = different.iter().take(4).map(line).collect::<Vec<_>>().join(", ");
    Err(Error::MixedGeometry { source_name: source_name.into(), what, got })
}

/// Refuses slices in order that are of several patients or frames of reference, or of acquisitions that overlap: they
/// may make an even stack of two scans.
fn one_scan(slices: &[Slice], source_name: &str) -> Result<()> {
    let refuse = |what, values: &BTreeMap<&str, String>| {
        let files = values.values().take(4).cloned().collect::<Vec<_>>().join(", ");
        let got = format!("{} values, such as those of {files}", values.len());
        Err(Error::MixedGeometry { source_name: source_name.into(), what, got })
    };
    let patients = values_of(slices, |s| &s.patient);
    if patients.len() > 1 {
        return refuse("patient", &patients);
    }
    let frames = values_of(slices, |s| &s.frame_of_reference);
    // Some who take names away give every file a new one.
    if frames.len() > 1 && frames.len() < slices.len() {
        return refuse("frame of reference", &frames);
    }
    let acquisitions = values_of(slices, |s| &s.acquisition);
    let runs = 1 + slices.windows(2).filter(|w| w[0].acquisition != w[1].acquisition).count();
    if acquisitions.len() > 1 && runs > acquisitions.len() {
        return refuse("acquisition number", &acquisitions);
    }
    Ok(())
}

/// The values of an attribute, each with the first file that has it; without those that have none.
fn values_of<'a>(slices: &'a [Slice], value: impl Fn(&'a Slice) -> &'a String) -> BTreeMap<&'a str, String> {
    let mut values = BTreeMap::new();
    for slice in slices {
        values.entry(value(slice).as_str()).or_insert_with(|| slice.name());
    }
    values.remove("");
    values
}

/// The distance of neighbouring slices; refuses copies and gaps.
fn even_step(slices: &[Slice], heights: &[f64], source_name: &str) -> Result<f64> {
    let steps: Vec<f64> = heights.windows(2).map(|w| w[1] - w[0]).collect();
    let copies: Vec<usize> = (0..steps.len()).filter(|n| steps[*n] < SAME_POSITION_MM).collect();
    if let Some(&n) = copies.first() {
        return Err(Error::DuplicateSlice {
            source_name: source_name.into(),
            count: copies.len(),
            position_mm: heights[n],
            files: format!("{} and {}", slices[n].name(), slices[n + 1].name()),
        });
    }
    let usual = median(steps.clone());
    let mean = (heights[heights.len() - 1] - heights[0]) / steps.len() as f64;
    let in_place = |n: usize| (heights[n] - heights[0] - n as f64 * mean).abs() <= PLACE_TOLERANCE * mean;
    let rounding_mm = if (0..heights.len()).all(in_place) { STEP_ROUNDING_MM } else { 0.0 };
    let tolerance = rounding_mm.max(STEP_TOLERANCE * usual);
    let gaps: Vec<String> = (0..steps.len())
        .filter(|n| (steps[*n] - usual).abs() > tolerance)
        .map(|n| format!("{:.3} mm between {:.3} and {:.3} mm", steps[n], heights[n], heights[n + 1]))
        .collect();
    if gaps.is_empty() {
        return Ok(mean);
    }
    let shown = gaps.iter().take(5).cloned().collect::<Vec<_>>().join("; ");
    let more = gaps.len().saturating_sub(5);
    let gaps = if more > 0 { format!("{shown}; and {more} more") } else { shown };
    Err(Error::SliceGap { source_name: source_name.into(), gaps, spacing_mm: usual })
}

/// Refuses slices that wander sideways as they climb (gantry tilt), and a slice that lies beside the others.
fn upright(slices: &[Slice], normal: [f64; 3], source_name: &str) -> Result<()> {
    let minus = |a: [f64; 3], b: [f64; 3]| -> [f64; 3] { std::array::from_fn(|axis| a[axis] - b[axis]) };
    let position = |slice: &Slice| slice.position.unwrap_or_default();
    let travels: Vec<[f64; 3]> = slices.iter().map(|slice| minus(position(slice), position(&slices[0]))).collect();
    let climb = |travel: [f64; 3]| dot(travel, normal);
    let sideways = |travel: [f64; 3]| minus(travel, normal.map(|n| n * climb(travel)));
    let last = travels[travels.len() - 1];
    let allowed = TILT_TOLERANCE * climb(last);
    let on_line = |travel: &[f64; 3]| {
        let expected = sideways(last).map(|v| v * climb(*travel) / climb(last));
        norm(minus(sideways(*travel), expected)) <= allowed
    };
    let shift = norm(sideways(last));
    if travels.iter().all(on_line) {
        let degrees = (shift / climb(last)).atan().to_degrees();
        let tilted = || Error::GantryTilt { source_name: source_name.into(), degrees };
        return if shift <= allowed { Ok(()) } else { Err(tilted()) };
    }
    let usual: [f64; 3] = std::array::from_fn(|axis| median(travels.iter().map(|t| sideways(*t)[axis]).collect()));
    let beside = |n: &usize| norm(minus(sideways(travels[*n]), usual));
    let worst = (0..travels.len()).max_by(|a, b| beside(a).total_cmp(&beside(b))).unwrap_or_default();
    Err(Error::MixedGeometry {
        source_name: source_name.into(),
        what: "position within their plane",
        got: format!("{} lies {:.1} mm beside the others", slices[worst].name(), beside(&worst)),
    })
}

/// The lower of two middle ones: of three slices with a gap, the smaller step is the usual one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() - 1) / 2]
}
