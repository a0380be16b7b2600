//! Reading CTs and writing volumes, with exact geometry.
//!
//! Enters: a DICOM folder, NIfTI, NRRD or MetaImage. Leaves: HU on a [`Grid`]. Written volumes lie on the grid they
//! are given. A file is written under a temporary name and renamed: it is there whole or not at all.

mod dicom;
mod header;
mod metaimage;
mod nifti;
mod nrrd;
mod raw;
mod surfaces;
mod vti;
mod write;

use std::{collections::BTreeMap, path::Path};

use ndarray::Array3;
use serde::Serialize;

pub use dicom::DECODER_THREAD;
pub use surfaces::write_surfaces;
pub use write::{Sample, VolumeFormat, write_file, write_volume};

use crate::{
    error::{Error, Result},
    geometry::Grid,
    progress::{CancelToken, Monitor, Stage},
    stages::{check::check_ct, orient::Orientation},
    volume::Volume,
    warning::Warning,
};

/// How far, in mm, a mask's corners may lie from the CT's: headers in single precision differ by less.
const MASK_TOLERANCE_MM: f64 = 0.05;

/// A volume as it was read.
#[derive(Debug)]
pub struct Ct {
    /// Voxels on the file's own grid: HU, unless it was read by [`read_volume`].
    pub volume: Volume<f32>,
    /// Where it came from.
    pub source: Source,
    /// What was read otherwise than it may be meant.
    pub warnings: Vec<Warning>,
}

/// Where a CT came from; nothing in it names the patient.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Source {
    /// DICOM, NIfTI, NRRD or MetaImage.
    pub format: &'static str,
    /// Name of the file or folder.
    pub name: String,
    /// Number of files read.
    pub files: usize,
    /// What the header says of the scan: modality, series UID, kernel, slice thickness.
    pub facts: BTreeMap<String, String>,
    /// What lay in a DICOM folder and is no part of the volume, by reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_aside: Vec<LeftAside>,
}

/// Files that were left aside for one reason; nothing in it names the patient.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeftAside {
    /// For example "a localizer (image type LOCALIZER)".
    pub why: String,
    /// How many files.
    pub count: usize,
    /// The first of them, by their path inside the folder; a part of it that holds the patient's name is `*`.
    pub files: Vec<String>,
}

/// How a CT is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadOptions<'a> {
    /// Picks one of several CT series in a DICOM folder: the UID of one, `first` (the lowest series number) or
    /// `thinnest` (the smallest distance of slices; of equal ones the lowest series number).
    pub series: Option<&'a str>,
    /// CPU threads, of which decoding takes four at most; `None`: as many as the machine has.
    pub threads: Option<usize>,
}

/// Voxels and where they came from, before the check that they are HU.
struct Read {
    volume: Volume<f32>,
    source: Source,
    warnings: Vec<Warning>,
    /// Bits of a stored voxel, where they were taken as HU without a rescale.
    unscaled_bits: Option<u8>,
}

/// Reads a CT and checks it.
///
/// # Errors
/// A named error for everything that can't be read or can't be a CT in HU; [`Error::Cancelled`].
pub fn read_ct(path: &Path, options: ReadOptions<'_>, monitor: &mut Monitor<'_>) -> Result<Ct> {
    let read = read(path, options, monitor)?;
    check_ct(&read.volume, read.unscaled_bits, monitor.cancel_token())?;
    monitor.step(Stage::Read, 1, 1)?;
    Ok(Ct { volume: read.volume, source: read.source, warnings: read.warnings })
}

/// Reads any scalar volume, such as a mask or a map, without asking whether it may be HU. Slope and intercept of its
/// header are applied. Voxels are single precision: whole numbers beyond 2²⁴ are rounded.
///
/// # Errors
/// A named error for everything that can't be read; [`Error::Cancelled`].
pub fn read_volume(path: &Path, options: ReadOptions<'_>, monitor: &mut Monitor<'_>) -> Result<Ct> {
    let Read { volume, source, warnings, .. } = read(path, options, monitor)?;
    monitor.step(Stage::Read, 1, 1)?;
    Ok(Ct { volume, source, warnings })
}

/// Reads a mask, true where its voxels are above 0.5, and brings it to the CT's order of axes.
///
/// # Errors
/// As [`read_ct`], and [`Error::MaskGrid`] unless it lies on the CT's grid.
pub fn read_mask(path: &Path, ct: &Grid, options: ReadOptions<'_>, monitor: &mut Monitor<'_>) -> Result<Array3<bool>> {
    let volume = read(path, options, monitor)?.volume;
    mask_on_grid(volume.like(volume.voxels.mapv(|v| v > 0.5)), ct, monitor.cancel_token())
}

/// Brings a mask to the CT's order of axes.
///
/// # Errors
/// [`Error::MaskGrid`] unless it lies on the CT's grid; [`Error::OutOfMemory`] or [`Error::Cancelled`].
pub fn mask_on_grid(mask: Volume<bool>, ct: &Grid, cancel: &CancelToken) -> Result<Array3<bool>> {
    let (own, wanted) = (Orientation::of(&mask.grid), Orientation::of(ct));
    if !own.grid().matches(&wanted.grid(), MASK_TOLERANCE_MM) {
        return Err(Error::MaskGrid { got: format!("has {}", words(&mask.grid)), expected: words(ct) });
    }
    wanted.array_to_native(own.array_to_canonical(mask.voxels, cancel)?, cancel)
}

fn words(grid: &Grid) -> String {
    let ([i, j, k], [x, y, z], [r, a, s]) = (grid.dims, grid.spacing_mm, grid.origin_ras);
    format!("{i} x {j} x {k} voxels of {x:.4} x {y:.4} x {z:.4} mm from RAS ({r:.2}, {a:.2}, {s:.2}) mm")
}

fn read(path: &Path, options: ReadOptions<'_>, monitor: &mut Monitor<'_>) -> Result<Read> {
    monitor.step(Stage::Read, 0, 1)?;
    let lower = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    let ends = |endings: &[&str]| endings.iter().any(|e| lower.ends_with(e));
    if path.is_dir() {
        dicom::read(path, options, monitor)
    } else if !path.exists() {
        Err(Error::read(path, "no such file or folder", "Check the path"))
    } else if ends(&[".nii", ".nii.gz"]) {
        nifti::read(path, monitor)
    } else if ends(&[".nrrd", ".nhdr"]) {
        nrrd::read(path, monitor)
    } else if ends(&[".mha", ".mhd"]) {
        metaimage::read(path, monitor)
    } else {
        Err(Error::Format {
            path: path.into(),
            got: if dicom::is_dicom(path) { "a single DICOM file".into() } else { "this kind of file".into() },
            expected: "a folder with one DICOM series, .nii, .nii.gz, .nrrd, .nhdr, .mha or .mhd".into(),
        })
    }
}

/// The file or folder name without its format's ending: the name of its result folder.
pub fn output_name(path: &Path) -> String {
    // '.' and '..' have a name only when they are resolved; a link keeps the name that was given.
    let resolved = if path.file_name().is_none() { path.canonicalize().ok() } else { None };
    let full = resolved.unwrap_or_else(|| path.to_path_buf());
    let name = full.file_name().map_or("ct".into(), |n| n.to_string_lossy().into_owned());
    if full.is_dir() {
        return name;
    }
    let lower = name.to_lowercase();
    let endings = [".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd"];
    let ending = endings.iter().find(|e| lower.ends_with(**e) && lower.len() > e.len());
    ending.map_or(name.clone(), |e| name[..name.len() - e.len()].to_owned())
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}
