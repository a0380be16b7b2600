//! Reading CTs and writing volumes, with exact geometry.
//!
//! Enters: a DICOM folder, NIfTI, NRRD or MetaImage. Leaves: HU on a [`Grid`]. Written volumes lie on the grid they
//! are given. A file is written under a temporary name and renamed: it is there whole or not at all.

mod channels;
mod dicom;
mod forms;
mod header;
mod metaimage;
mod nifti;
mod nrrd;
mod raw;
mod surfaces;
mod vti;
mod write;

use std::{collections::BTreeMap, io::Read as _, path::Path};

use ndarray::Array3;
use serde::Serialize;

pub use channels::{find_channels, pick_channels, read_channels};
pub use dicom::{DECODER_THREAD, DicomImage, DicomSeries, files_in};
pub use forms::NiftiForms;
pub use surfaces::{SurfaceFormat, write_surfaces};
pub use write::{Sample, VolumeFormat, write_file, write_volume, write_volume_like};

use crate::{
    error::{Error, Result},
    platform,
    progress::{CancelToken, Monitor, Stage},
    space::{
        grid::{Frame, Grid},
        orientation::Orientation,
        volume::Volume,
    },
    steps::check::check_ct,
    warning::Warning,
};

/// How far, in voxels of the CT, the corners of a mask or of another channel may lie from the CT's along an axis. Converters leave 0.06 mm in CTs of
/// 0.5 mm; half a voxel is what they are off by that take a voxel's corner for its centre.
const GRID_TOLERANCE_VOXELS: f64 = 0.2;

/// A volume as it was read.
#[derive(Debug)]
pub struct Ct {
    /// Voxels on the file's own grid: HU, unless it was read by [`read_volume`].
    pub volume: Volume<f32>,
    /// Where it came from.
    pub source: Source,
    /// What was read otherwise than it may be meant.
    pub warnings: Vec<Warning>,
    /// The geometry of a NIfTI file as its header told it: what [`write_volume_like`] writes.
    pub forms: Option<NiftiForms>,
    /// The DICOM series that it was read from: what DICOM objects derived from it repeat and refer to.
    pub dicom: Option<DicomSeries>,
}

/// Where a CT came from; nothing in it names the patient.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Source {
    /// DICOM, NIfTI, NRRD, MetaImage, or VTK image data.
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
    /// Which way the axes run in a file that doesn't say: a NIfTI without qform and sform, an NRRD without a patient space, a
    /// MetaImage without directions.
    pub assume: Option<Frame>,
}

/// Voxels and where they came from, before the check that they are HU.
struct Read {
    volume: Volume<f32>,
    source: Source,
    warnings: Vec<Warning>,
    /// Bits of a stored voxel, where they were taken as HU without a rescale.
    unscaled_bits: Option<u8>,
    dicom: Option<DicomSeries>,
}

/// Reads a CT and checks it.
///
/// ```
/// use sam2lung::{
///     io::{self, ReadOptions},
///     phantom::{Scanner, chest_phantom_with},
///     progress::{CancelToken, Monitor},
/// };
/// # fn main() -> sam2lung::Result<()> {
/// // A chest CT made by arithmetic, on coarse voxels, written as NIfTI.
/// let phantom = chest_phantom_with(1, &Scanner { spacing_mm: [3.0, 3.0, 5.0], ..Scanner::default() });
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// let path = folder.join("chest.nii.gz");
/// io::write_volume(&path, phantom.ct.view(), &CancelToken::new())?;
///
/// // A DICOM folder, NRRD and MetaImage are read in the same way.
/// let ct = io::read_ct(&path, ReadOptions::default(), &mut Monitor::silent())?;
/// println!("{}: {:?} voxels of {:?} mm", ct.source.format, ct.volume.grid.dims, ct.volume.grid.spacing_mm);
/// for warning in &ct.warnings {
///     println!("{}: {warning}", warning.name());
/// }
/// assert_eq!(ct.volume.grid.dims, phantom.ct.grid.dims);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A named error for everything that can't be read or can't be a CT in HU; [`Error::Cancelled`].
pub fn read_ct(path: &Path, options: ReadOptions<'_>, monitor: &mut Monitor<'_>) -> Result<Ct> {
    let (read, forms) = read(path, options, monitor)?;
    check_ct(&read.volume, read.unscaled_bits, monitor.cancel_token())?;
    monitor.step(Stage::Read, 1, 1)?;
    Ok(Ct { volume: read.volume, source: read.source, warnings: read.warnings, forms, dicom: read.dicom })
}

/// Reads the CT of a DICOM series: of a folder with one, or of one of its files, whose folder is looked through then.
///
/// # Errors
/// As [`read_ct`]; [`Error::Format`] for what is no DICOM.
pub fn read_series(path: &Path, monitor: &mut Monitor<'_>) -> Result<Ct> {
    if !path.is_file() {
        return read_ct(path, ReadOptions::default(), monitor);
    }
    let Some(series) = dicom::series_of(path) else {
        let (got, expected) = ("no DICOM file with a series".into(), "a folder with one DICOM series, or a file of it");
        return Err(Error::Format { path: path.into(), got, expected: expected.into() });
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    read_ct(folder, ReadOptions { series: Some(&series), ..ReadOptions::default() }, monitor)
}

/// Reads any scalar volume, such as a mask or a map, without asking whether it may be HU. Slope and intercept of its
/// header are applied. Voxels are single precision: whole numbers beyond 2²⁴ are rounded.
///
/// # Errors
/// A named error for everything that can't be read; [`Error::Cancelled`].
pub fn read_volume(path: &Path, options: ReadOptions<'_>, monitor: &mut Monitor<'_>) -> Result<Ct> {
    let (Read { volume, source, warnings, dicom, .. }, forms) = read(path, options, monitor)?;
    monitor.step(Stage::Read, 1, 1)?;
    Ok(Ct { volume, source, warnings, forms, dicom })
}

/// Reads a mask, true where its voxels are above 0.5, and brings it to the CT's order of axes.
///
/// # Errors
/// As [`read_ct`], and [`Error::MaskGrid`] unless it lies on the CT's grid.
pub fn read_mask(path: &Path, ct: &Grid, options: ReadOptions<'_>, monitor: &mut Monitor<'_>) -> Result<Array3<bool>> {
    let volume = read(path, options, monitor)?.0.volume;
    mask_on_grid(volume.like(volume.voxels.mapv(|v| v > 0.5)), ct, monitor.cancel_token())
}

/// Brings a mask to the CT's order of axes.
///
/// # Errors
/// [`Error::MaskGrid`] unless its corners lie within a fifth of a voxel of the CT's; [`Error::OutOfMemory`] or
/// [`Error::Cancelled`].
pub fn mask_on_grid(mask: Volume<bool>, ct: &Grid, cancel: &CancelToken) -> Result<Array3<bool>> {
    on_grid(mask, ct, cancel)?.map_err(|off| Error::MaskGrid { got: off.got, expected: off.expected })
}

/// Two grids that are not the same, in words.
struct Off {
    got: String,
    expected: String,
}

/// Brings voxels to the order of axes of `wanted`; the inner error when they lie on another grid.
fn on_grid<T: Copy>(
    volume: Volume<T>,
    wanted: &Grid,
    cancel: &CancelToken,
) -> Result<std::result::Result<Array3<T>, Off>> {
    let (own, frame) = (Orientation::of(&volume.grid), Orientation::of(wanted));
    let off = frame.grid().voxels_off(&own.grid());
    if !off.is_some_and(|off| off <= GRID_TOLERANCE_VOXELS) {
        let off = off.map_or(String::new(), |off| format!(", which lie up to {off:.2} voxels off"));
        return Ok(Err(Off { got: format!("has {}{off}", words(&volume.grid)), expected: words(wanted) }));
    }
    frame.array_to_native(own.array_to_canonical(volume.voxels, cancel)?, cancel).map(Ok)
}

fn words(grid: &Grid) -> String {
    let ([i, j, k], [x, y, z], [r, a, s]) = (grid.dims, grid.spacing_mm, grid.origin_ras);
    format!("{i} x {j} x {k} voxels of {x:.4} x {y:.4} x {z:.4} mm from RAS ({r:.2}, {a:.2}, {s:.2}) mm")
}

/// The frame of a file that doesn't name its own: the caller's, else that of ITK.
fn assumed(assume: Option<Frame>) -> (Frame, Warning) {
    let (frame, why) = match assume {
        Some(frame) => (frame, "as asked for"),
        None => (Frame::LPS, "as ITK and 3D Slicer do"),
    };
    (frame, Warning::OrientationAssumed { frame: frame.to_string(), why: why.into() })
}

/// What was read, and the forms of a NIfTI file.
fn read(path: &Path, options: ReadOptions<'_>, monitor: &mut Monitor<'_>) -> Result<(Read, Option<NiftiForms>)> {
    monitor.step(Stage::Read, 0, 1)?;
    if path.is_dir() {
        return Ok((dicom::read(path, options, monitor)?, None));
    }
    if !path.exists() {
        return Err(Error::read(path, "no such file or folder", "Check the path"));
    }
    match FileKind::by_ending(path).or_else(|| FileKind::by_content(path)) {
        Some(FileKind::Nifti) => nifti::read(path, options.assume, monitor).map(|(read, forms)| (read, Some(forms))),
        Some(FileKind::Nrrd) => Ok((nrrd::read(path, options.assume, monitor)?, None)),
        Some(FileKind::MetaImage) => Ok((metaimage::read(path, options.assume, monitor)?, None)),
        Some(FileKind::Vti) => Ok((vti::read(path, monitor)?, None)),
        None => Err(Error::Format {
            path: path.into(),
            got: if dicom::is_dicom(path) { "a single DICOM file".into() } else { "this kind of file".into() },
            expected: "a folder with one DICOM series, .nii, .nii.gz, .nrrd, .nhdr, .mha or .mhd".into(),
        }),
    }
}

/// A format of a file that isn't DICOM.
enum FileKind {
    Nifti,
    Nrrd,
    MetaImage,
    /// Of VTK's image data those that are written here.
    Vti,
}

impl FileKind {
    fn by_ending(path: &Path) -> Option<Self> {
        let lower = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
        let ends = |endings: &[&str]| endings.iter().any(|e| lower.ends_with(e));
        let kinds: [(Self, &[&str]); 4] = [
            (FileKind::Nifti, &[".nii", ".nii.gz"]),
            (FileKind::Nrrd, &[".nrrd", ".nhdr"]),
            (FileKind::MetaImage, &[".mha", ".mhd"]),
            (FileKind::Vti, &[".vti"]),
        ];
        kinds.into_iter().find(|(_, endings)| ends(endings)).map(|(kind, _)| kind)
    }

    /// For names without an ending, or with another.
    fn by_content(path: &Path) -> Option<Self> {
        let start = |packing| -> Option<Vec<u8>> {
            let mut bytes = Vec::new();
            raw::open(path, 0, packing).ok()?.take(nifti::HEADER_BYTES as u64).read_to_end(&mut bytes).ok()?;
            Some(bytes)
        };
        let plain = start(raw::Packing::Plain)?;
        let bytes = if plain.starts_with(&raw::GZIP) { start(raw::Packing::Gzip)? } else { plain };
        let text = String::from_utf8_lossy(&bytes);
        if bytes.len() == nifti::HEADER_BYTES && bytes[344..].starts_with(b"n+1") {
            Some(FileKind::Nifti)
        } else if bytes.starts_with(b"NRRD000") {
            Some(FileKind::Nrrd)
        } else {
            ["ObjectType", "NDims"].iter().any(|key| text.trim_start().starts_with(key)).then_some(FileKind::MetaImage)
        }
    }
}

/// The name of an input's result folder: the file or folder name without its format's ending, and with `_` behind one that no
/// folder can have here.
pub fn output_name(path: &Path) -> String {
    let name = bare_name(path);
    if platform::forbids_name(&name) { name + "_" } else { name }
}

/// The file or folder name without its format's ending.
fn bare_name(path: &Path) -> String {
    // '.' and '..' have a name only when they are resolved; a link keeps the name that was given.
    let resolved = if path.file_name().is_none() { path.canonicalize().ok() } else { None };
    let full = resolved.unwrap_or_else(|| path.to_path_buf());
    let name = full.file_name().map_or("ct".into(), |n| n.to_string_lossy().into_owned());
    if full.is_dir() {
        return name;
    }
    let lower = name.to_lowercase();
    let endings = [".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd", ".vti"];
    let ending = endings.iter().find(|e| lower.ends_with(**e) && lower.len() > e.len());
    ending.map_or(name.clone(), |e| name[..name.len() - e.len()].to_owned())
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}
