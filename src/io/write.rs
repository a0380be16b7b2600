//! Writing volumes as NIfTI, NRRD or VTK image data: streamed, compressed, under a temporary name until they are whole.

use std::{
    fs::File,
    io::{self, BufWriter, Seek, Write},
    path::Path,
};

use flate2::{Compression, write::GzEncoder};
use ndarray::ArrayView2;
use strum::{EnumMessage, EnumString, IntoStaticStr, VariantArray};
use tempfile::NamedTempFile;

use super::{forms::NiftiForms, vti};
use crate::{
    error::{Error, Result},
    progress::CancelToken,
    space::{
        grid::{Grid, flip_lps_ras},
        volume::VolumeView,
    },
};

/// A format that volumes are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumMessage, EnumString, IntoStaticStr, VariantArray)]
pub enum VolumeFormat {
    /// NIfTI-1, plain.
    #[strum(serialize = "nii")]
    Nifti,
    /// NIfTI-1, gzip.
    #[strum(serialize = "nii.gz")]
    NiftiGz,
    /// NRRD, gzip.
    #[strum(serialize = "nrrd")]
    Nrrd,
    /// VTK XML image data, zlib, in RAS.
    #[strum(serialize = "vti")]
    Vti,
}

impl VolumeFormat {
    /// The file ending, without the dot.
    pub fn ending(self) -> &'static str {
        self.into()
    }

    /// The formats that results are written in, the usual one first.
    pub const RESULTS: &'static [Self] = &[VolumeFormat::NiftiGz, VolumeFormat::Nrrd, VolumeFormat::Vti];

    /// The format that the ending of `path` names.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn of(path: &Path) -> Result<Self> {
        let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
        Self::VARIANTS.iter().copied().find(|f| name.ends_with(&format!(".{}", f.ending()))).ok_or_else(|| {
            Error::Option {
                option: "path",
                got: path.display().to_string(),
                expected: "a path that ends in .nii, .nii.gz, .nrrd or .vti".into(),
            }
        })
    }

    /// Refuses a grid that the format can't hold.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn check(self, grid: &Grid) -> Result<()> {
        let longest = grid.dims.into_iter().max().unwrap_or_default();
        let is_nifti = matches!(self, VolumeFormat::Nifti | VolumeFormat::NiftiGz);
        if !is_nifti || i16::try_from(longest).is_ok() {
            return Ok(());
        }
        Err(Error::Option {
            option: "format",
            got: format!("{} for {longest} voxels along an axis", self.ending()),
            expected: format!("nrrd or vti: NIfTI-1 holds at most {} along an axis", i16::MAX),
        })
    }
}

/// A voxel that can be written.
pub trait Sample: Copy {
    /// NIfTI data type code.
    const NIFTI_TYPE: i16;
    /// NRRD type name.
    const NRRD_TYPE: &'static str;
    /// VTK type name.
    const VTK_TYPE: &'static str;
    /// Makes `bytes` the little-endian bytes of a slice, in array order.
    fn put(slice: ArrayView2<'_, Self>, bytes: &mut Vec<u8>);
}

macro_rules! sample {
    ($type:ty, $nifti:literal, $nrrd:literal, $vtk:literal) => {
        impl Sample for $type {
            const NIFTI_TYPE: i16 = $nifti;
            const NRRD_TYPE: &'static str = $nrrd;
            const VTK_TYPE: &'static str = $vtk;
            fn put(slice: ArrayView2<'_, Self>, bytes: &mut Vec<u8>) {
                const BYTES: usize = size_of::<$type>();
                bytes.resize(slice.len() * BYTES, 0);
                let places = bytes.chunks_exact_mut(BYTES);
                let put = |(place, voxel): (&mut [u8], &Self)| place.copy_from_slice(&voxel.to_le_bytes());
                // Of voxels side by side the compiler makes one copy.
                match slice.as_slice() {
                    Some(voxels) => places.zip(voxels).for_each(put),
                    None => places.zip(&slice).for_each(put),
                }
            }
        }
    };
}
sample!(u8, 2, "uint8", "UInt8");
sample!(i16, 4, "int16", "Int16");
sample!(u16, 512, "uint16", "UInt16");
sample!(i32, 8, "int32", "Int32");
sample!(u32, 768, "uint32", "UInt32");
sample!(u64, 1280, "uint64", "UInt64");
sample!(f32, 16, "float", "Float32");
sample!(f64, 64, "double", "Float64");

/// Writes a volume; the ending of `path` says in which format.
///
/// # Errors
/// [`Error::Option`], [`Error::Write`] or [`Error::Cancelled`]; then nothing is left at `path` that
/// wasn't there.
pub fn write_volume<T: Sample>(path: &Path, volume: VolumeView<'_, T>, cancel: &CancelToken) -> Result<()> {
    write_volume_like(path, volume, None, cancel)
}

/// As [`write_volume`]; a NIfTI file gets the forms of the file that the grid was read from ([`super::Ct::forms`]), so that
/// every program lays the one over the other, whichever form it takes.
///
/// # Errors
/// As [`write_volume`].
pub fn write_volume_like<T: Sample>(
    path: &Path,
    volume: VolumeView<'_, T>,
    forms: Option<&NiftiForms>,
    cancel: &CancelToken,
) -> Result<()> {
    let format = VolumeFormat::of(path)?;
    format.check(volume.grid)?;
    let failed = |e: io::Error| Error::write(path, e);
    let part = part_of(path)?;
    let mut out = BufWriter::with_capacity(1 << 18, part.as_file());
    put_volume(&mut out, format, volume, forms, cancel).map_err(|e| e.unwrap_or_else(failed))?;
    out.flush().map_err(failed)?;
    drop(out);
    part.persist(path).map_err(|e| failed(e.error))?;
    Ok(())
}

fn put_volume<T: Sample>(
    out: &mut (impl Write + Seek),
    format: VolumeFormat,
    volume: VolumeView<'_, T>,
    forms: Option<&NiftiForms>,
    cancel: &CancelToken,
) -> std::result::Result<(), Stop> {
    let gzip = |out| GzEncoder::new(out, Compression::fast());
    match format {
        VolumeFormat::Nifti => {
            out.write_all(&nifti_header(volume.grid, forms, T::NIFTI_TYPE, size_of::<T>()))?;
            put_voxels(out, volume, cancel)
        }
        VolumeFormat::NiftiGz => {
            let mut packed = gzip(out);
            packed.write_all(&nifti_header(volume.grid, forms, T::NIFTI_TYPE, size_of::<T>()))?;
            put_voxels(&mut packed, volume, cancel)?;
            Ok(packed.finish().map(drop)?)
        }
        VolumeFormat::Nrrd => {
            out.write_all(nrrd_header(volume.grid, T::NRRD_TYPE).as_bytes())?;
            let mut packed = gzip(out);
            put_voxels(&mut packed, volume, cancel)?;
            Ok(packed.finish().map(drop)?)
        }
        VolumeFormat::Vti => vti::write(out, volume, cancel),
    }
}

fn put_voxels<T: Sample>(
    out: &mut impl Write,
    volume: VolumeView<'_, T>,
    cancel: &CancelToken,
) -> std::result::Result<(), Stop> {
    let mut bytes = Vec::new();
    for slice in volume.voxels.outer_iter() {
        cancel.check()?;
        T::put(slice, &mut bytes);
        out.write_all(&bytes)?;
    }
    Ok(())
}

/// Writes a file of `bytes`.
///
/// # Errors
/// [`Error::Write`]; then nothing is left at `path` that wasn't there.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let part = part_of(path)?;
    part.as_file().write_all(bytes).map_err(|e| Error::write(path, e))?;
    part.persist(path).map_err(|e| Error::write(path, e.error))?;
    Ok(())
}

/// A file beside `path` that vanishes unless it takes its place.
fn part_of(path: &Path) -> Result<NamedTempFile> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let part = tempfile::Builder::new().prefix(".part-").make_in(folder, |p| File::create_new(p));
    part.map_err(|e| Error::write(path, e))
}

/// Either a refusal of this library or of the system.
pub(super) enum Stop {
    Own(Error),
    System(io::Error),
}

impl Stop {
    fn unwrap_or_else(self, system: impl FnOnce(io::Error) -> Error) -> Error {
        match self {
            Stop::Own(error) => error,
            Stop::System(error) => system(error),
        }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Own(error)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Stop::System(error)
    }
}

/// NRRD in LPS, with full double precision.
fn nrrd_header(grid: &Grid, kind: &str) -> String {
    let vector = |v: [f64; 3]| format!("({:?},{:?},{:?})", v[0], v[1], v[2]);
    let column = |a: usize| vector(flip_lps_ras(grid.direction[a].map(|v| v * grid.spacing_mm[a])));
    format!(
        "NRRD0004\n# sam2lung: research use only\ntype: {kind}\ndimension: 3\nspace: left-posterior-superior\n\
         sizes: {} {} {}\nspace directions: {} {} {}\nkinds: domain domain domain\nendian: little\nencoding: gzip\n\
         space origin: {}\n\n",
        grid.dims[0],
        grid.dims[1],
        grid.dims[2],
        column(0),
        column(1),
        column(2),
        vector(flip_lps_ras(grid.origin_ras)),
    )
}

/// A NIfTI-1 header (nifti1.h) of a grid that passed [`VolumeFormat::check`].
fn nifti_header(grid: &Grid, forms: Option<&NiftiForms>, datatype: i16, bytes: usize) -> Vec<u8> {
    const VOX_OFFSET: f32 = 352.0;
    let mut header = vec![0u8; VOX_OFFSET as usize];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &348i32.to_le_bytes());
    put(38, b"r");
    put(40, &3i16.to_le_bytes());
    for axis in 0..7 {
        let size = grid.dims.get(axis).copied().unwrap_or(1);
        put(42 + 2 * axis, &(size as i16).to_le_bytes());
        put(80 + 4 * axis, &1f32.to_le_bytes());
    }
    put(70, &datatype.to_le_bytes());
    put(72, &(8 * bytes as i16).to_le_bytes());
    put(108, &VOX_OFFSET.to_le_bytes());
    put(112, &1f32.to_le_bytes());
    put(148, b"sam2lung: research use only");
    put(344, b"n+1\0");
    forms.unwrap_or(&NiftiForms::of_grid(grid)).put(&mut header);
    header
}
