//! Which DICOM files of a folder are one series, and in which order: geometry only, no pixels.
//!
//! Slices are ordered by position along the normal of the image plane (PS3.3 C.7.6.2.1.1), never by file name or
//! instance number.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::{DefaultDicomObject, OpenFileOptions};

use super::dicom_layout;
use crate::{
    error::{Error, Result},
    geometry::{Grid, cross, dot, flip_lps_ras, norm},
    progress::{Monitor, Stage},
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
/// Most DICOM files that are taken from a folder.
const MAX_FILES: usize = 20_000;
/// How many folders deep they are searched.
const MAX_DEPTH: usize = 8;

/// One image of a series, as its header describes it; lengths in mm, LPS.
#[derive(Debug, Clone)]
pub struct Slice {
    pub path: PathBuf,
    uid: String,
    description: String,
    modality: String,
    rows: u32,
    columns: u32,
    frames: u32,
    position: Option<[f64; 3]>,
    orientation: Option<[f64; 6]>,
    pixel_mm: Option<[f64; 2]>,
    facts: BTreeMap<String, String>,
}

/// A series in order, on its grid.
#[derive(Debug)]
pub struct Series {
    pub slices: Vec<Slice>,
    pub grid: Grid,
    pub facts: BTreeMap<String, String>,
}

/// True for a file with a DICOM preamble.
pub fn is_dicom(path: &Path) -> bool {
    use std::io::Read;
    let mut start = [0; 132];
    // Opening a pipe would wait for its other end.
    path.is_file()
        && fs::File::open(path).and_then(|mut f| f.read_exact(&mut start)).is_ok()
        && &start[128..] == b"DICM"
}

/// Finds the series in `folder`, orders it and checks its geometry.
pub fn find(folder: &Path, wanted: Option<&str>, monitor: &mut Monitor<'_>) -> Result<Series> {
    let mut by_uid: BTreeMap<String, Vec<Slice>> = BTreeMap::new();
    let files = files(folder, monitor)?;
    for (n, path) in files.iter().enumerate() {
        // Headers are a small part of reading.
        monitor.step(Stage::Read, n, 5 * files.len())?;
        if let Some(slice) = Slice::read(path)? {
            by_uid.entry(slice.uid.clone()).or_default().push(slice);
        }
    }
    order(pick(folder, by_uid, wanted)?, folder)
}

/// DICOM files of the folder; of the folders in it, when it has none itself.
fn files(folder: &Path, monitor: &Monitor<'_>) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    collect(folder, 0, &mut found, monitor)?;
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>, monitor: &Monitor<'_>) -> Result<()> {
    let failed = |e: std::io::Error| Error::read(folder, e, "Check the folder and its rights");
    let (before, mut below) = (found.len(), Vec::new());
    for entry in fs::read_dir(folder).map_err(failed)? {
        monitor.check()?;
        let entry = entry.map_err(failed)?;
        // A link to a folder is not followed: it may lead in a circle.
        if entry.file_type().map_err(failed)?.is_dir() {
            below.push(entry.path());
        } else if is_dicom(&entry.path()) {
            found.push(entry.path());
        }
        if found.len() > MAX_FILES {
            let reason = format!("holds more than {MAX_FILES} DICOM files");
            return Err(Error::read(folder, reason, "Point to the folder of one series"));
        }
    }
    if found.len() == before && depth < MAX_DEPTH {
        below.iter().try_for_each(|inner| collect(inner, depth + 1, found, monitor))?;
    }
    Ok(())
}

fn pick(folder: &Path, mut by_uid: BTreeMap<String, Vec<Slice>>, wanted: Option<&str>) -> Result<Vec<Slice>> {
    let line = |(uid, slices): (&String, &Vec<Slice>)| {
        format!("  {uid}  {} '{}', {} image(s)", slices[0].modality, slices[0].description, slices.len())
    };
    let list = by_uid.iter().map(line).collect::<Vec<_>>().join("\n");
    if let Some(uid) = wanted {
        let no_such = || Error::NoSuchSeries { folder: folder.into(), uid: uid.into(), list };
        return by_uid.remove(uid).ok_or_else(no_such);
    }
    match by_uid.len() {
        0 => {
            let reason = format!("holds no DICOM image (folders are searched {MAX_DEPTH} deep)");
            Err(Error::read(folder, reason, "Point to the folder with the series' files"))
        }
        1 => Ok(by_uid.pop_first().map(|(_, slices)| slices).unwrap_or_default()),
        count => Err(Error::SeveralSeries { folder: folder.into(), count, list }),
    }
}

impl Slice {
    /// The file's header; `None` for a file without an image (DICOMDIR, a report).
    fn read(path: &Path) -> Result<Option<Self>> {
        let damaged = |e: &dyn std::fmt::Display| Error::read(path, e.to_string(), "Copy the file again or remove it");
        dicom_layout::check(path)?;
        let object = OpenFileOptions::new().read_until(tags::PIXEL_DATA).open_file(path).map_err(|e| damaged(&e))?;
        if object.element(tags::ROWS).is_err() {
            return Ok(None);
        }
        let number = |tag| object.element(tag).ok().and_then(|e| e.to_int::<u32>().ok());
        let facts = [
            ("modality", tags::MODALITY),
            ("series_instance_uid", tags::SERIES_INSTANCE_UID),
            ("manufacturer", tags::MANUFACTURER),
            ("convolution_kernel", tags::CONVOLUTION_KERNEL),
            ("slice_thickness_mm", tags::SLICE_THICKNESS),
            ("kvp", tags::KVP),
        ];
        Ok(Some(Slice {
            path: path.into(),
            uid: text(&object, tags::SERIES_INSTANCE_UID),
            description: text(&object, tags::SERIES_DESCRIPTION),
            modality: text(&object, tags::MODALITY),
            rows: number(tags::ROWS).unwrap_or(0),
            columns: number(tags::COLUMNS).unwrap_or(0),
            frames: number(tags::NUMBER_OF_FRAMES).unwrap_or(1),
            position: numbers(&object, tags::IMAGE_POSITION_PATIENT),
            orientation: numbers(&object, tags::IMAGE_ORIENTATION_PATIENT),
            pixel_mm: numbers(&object, tags::PIXEL_SPACING),
            facts: facts
                .into_iter()
                .map(|(name, tag)| (name.to_owned(), text(&object, tag)))
                .filter(|(_, value)| !value.is_empty())
                .collect(),
        }))
    }
}

fn text(object: &DefaultDicomObject, tag: Tag) -> String {
    let value = object.element(tag).ok().and_then(|e| e.to_str().ok().map(|s| s.into_owned()));
    value.unwrap_or_default().trim_matches(['\0', ' ']).to_owned()
}

fn numbers<const N: usize>(object: &DefaultDicomObject, tag: Tag) -> Option<[f64; N]> {
    object.element(tag).ok()?.to_multi_float64().ok()?.try_into().ok()
}

/// Orders the slices and refuses what is no evenly stacked, upright box.
fn order(mut slices: Vec<Slice>, folder: &Path) -> Result<Series> {
    let source_name = folder.display().to_string();
    if let Some(other) = slices.iter().find(|s| s.modality != "CT") {
        let got = format!("the modality is '{}'", other.modality);
        return Err(Error::NotHu { got, remedy: "Choose a CT series".into() });
    }
    if let Some(many) = slices.iter().find(|s| s.frames > 1) {
        return Err(Error::Format {
            path: many.path.clone(),
            got: format!("a multi-frame image ({} frames)", many.frames),
            expected: "one image a file (convert enhanced CT to classic CT or to NIfTI)".into(),
        });
    }
    if slices.len() < 2 {
        return Err(Error::OneSlice { got: slices.len(), axis: "k" });
    }
    let placed: Option<Vec<_>> = slices.iter().map(|s| Some((s.position?, s.orientation?, s.pixel_mm?))).collect();
    let Some(placed) = placed else {
        let lacking = slices.iter().find(|s| s.position.is_none() || s.orientation.is_none() || s.pixel_mm.is_none());
        let path = lacking.map_or(folder, |s| &s.path);
        let reason = "the image has no position, orientation or pixel spacing (a localizer or a secondary capture?)";
        return Err(Error::read(path, reason, "Remove it from the folder or choose another series"));
    };
    same("size", slices.iter().map(|s| [f64::from(s.columns), f64::from(s.rows)]), 0.0, &source_name)?;
    same("orientation", placed.iter().map(|p| p.1), DIRECTION_TOLERANCE, &source_name)?;
    same("pixel spacing", placed.iter().map(|p| p.2), 1e-4, &source_name)?;

    let orientation = placed[0].1;
    let along_row = [orientation[0], orientation[1], orientation[2]];
    let along_column = [orientation[3], orientation[4], orientation[5]];
    let normal = cross(along_row, along_column);
    let height = |slice: &Slice| slice.position.map_or(0.0, |p| dot(p, normal));
    slices.sort_by(|a, b| height(a).total_cmp(&height(b)));
    let heights: Vec<f64> = slices.iter().map(height).collect();
    let step_mm = even_step(&slices, &heights, &source_name)?;
    upright(&slices, normal, &source_name)?;

    let [row_mm, column_mm] = placed[0].2; // between rows, between columns (PS3.3 10.7.1.3)
    let scaled = |direction: [f64; 3], mm: f64| flip_lps_ras(direction.map(|v| v * mm));
    let columns = [scaled(along_row, column_mm), scaled(along_column, row_mm), scaled(normal, step_mm)];
    let dims = [slices[0].columns as usize, slices[0].rows as usize, slices.len()];
    let origin = flip_lps_ras(slices[0].position.unwrap_or_default());
    Ok(Series { grid: Grid::from_columns(dims, columns, origin)?, facts: slices[0].facts.clone(), slices })
}

/// Refuses a series in which an attribute has more than one value.
fn same<const N: usize>(
    what: &'static str,
    values: impl Iterator<Item = [f64; N]>,
    tolerance: f64,
    source_name: &str,
) -> Result<()> {
    let mut different: Vec<[f64; N]> = Vec::new();
    for value in values {
        if !different.iter().any(|d| (0..N).all(|n| (d[n] - value[n]).abs() <= tolerance)) {
            different.push(value);
        }
    }
    if different.len() < 2 {
        return Ok(());
    }
    let got = different.iter().take(4).map(|d| format!("{d:?}")).collect::<Vec<_>>().join(", ");
    Err(Error::MixedGeometry { source_name: source_name.into(), what, got })
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
            files: format!("{} and {}", name(&slices[n]), name(&slices[n + 1])),
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
        got: format!("{} lies {:.1} mm beside the others", name(&slices[worst]), beside(&worst)),
    })
}

/// The lower of two middle ones: of three slices with a gap, the smaller step is the usual one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() - 1) / 2]
}

fn name(slice: &Slice) -> String {
    super::file_name(&slice.path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::CancelToken;

    fn write_dicom(folder: &Path) -> PathBuf {
        fs::create_dir_all(folder).unwrap();
        let path = folder.join("1.dcm");
        fs::write(&path, [&[0; 128][..], b"DICM"].concat()).unwrap();
        path
    }

    #[cfg(unix)]
    #[test]
    fn files_links_that_lead_in_a_circle_are_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("patient");
        let file = write_dicom(&inner.join("series"));
        for name in ["a", "b"] {
            std::os::unix::fs::symlink(root.path(), inner.join(name)).unwrap();
        }
        assert_eq!(files(root.path(), &Monitor::silent()).unwrap(), [file]);
    }

    #[test]
    fn files_are_searched_to_the_stated_depth() {
        let root = tempfile::tempdir().unwrap();
        let deepest = (0..MAX_DEPTH).fold(root.path().to_owned(), |folder, _| folder.join("d"));
        write_dicom(&deepest.join("d"));
        assert!(files(root.path(), &Monitor::silent()).unwrap().is_empty());
        let file = write_dicom(&deepest);
        assert_eq!(files(root.path(), &Monitor::silent()).unwrap(), [file]);
    }

    #[test]
    fn files_search_ends_when_it_is_cancelled() {
        let root = tempfile::tempdir().unwrap();
        write_dicom(root.path());
        let token = CancelToken::new();
        token.cancel();
        let mut nobody = |_| ();
        let error = files(root.path(), &Monitor::new(token, &mut nobody)).unwrap_err();
        assert_eq!(error.name(), "E_CANCELLED");
    }
}
