//! NIfTI-1, single file, plain or gzip (NIfTI-1.1 standard, nifti1.h). `forms` says where it lies.

use std::{io::Read as _, path::Path};

use nifti::{Endianness, NiftiHeader};

use super::{
    Read, Source, file_name,
    forms::{NiftiForms, Placed},
    raw::{self, Element, Layout, Packing, check_dims},
};
use crate::{
    error::{Error, Result},
    progress::Monitor,
    space::{grid::Frame, volume::Volume},
};

pub(super) const HEADER_BYTES: usize = 348;

pub fn read(path: &Path, assume: Option<Frame>, monitor: &mut Monitor<'_>) -> Result<(Read, NiftiForms)> {
    let mut magic = [0; 2];
    let damaged = |e: std::io::Error| {
        let ends = e.kind() == std::io::ErrorKind::UnexpectedEof;
        let reason = if ends { "it ends within its header".into() } else { e.to_string() };
        Error::read(path, reason, "The file is truncated or damaged: copy it again")
    };
    raw::open(path, 0, Packing::Plain)?.read_exact(&mut magic).map_err(damaged)?;
    let packing = if magic == raw::GZIP { Packing::Gzip } else { Packing::Plain };
    let mut reader = raw::open(path, 0, packing)?;
    let mut bytes = [0; HEADER_BYTES];
    reader.read_exact(&mut bytes).map_err(damaged)?;
    let header = parse(path, &bytes)?;

    let dims = dims(&header)?;
    let element = element(path, header.datatype)?;
    let skip = header.vox_offset.max(HEADER_BYTES as f32) as u64 - HEADER_BYTES as u64;
    raw::skip(path, &mut reader, skip)?;
    let scaled = header.scl_slope != 0.0 && header.scl_slope.is_finite();
    let (slope, intercept) = if scaled { (header.scl_slope, header.scl_inter) } else { (1.0, 0.0) };
    let layout = Layout {
        dims,
        element,
        big_endian: header.endianness == Endianness::Big,
        slope: slope.into(),
        intercept: intercept.into(),
    };
    let forms = NiftiForms::of(&header);
    let Placed { grid, by, warnings } = forms.place(path, dims, assume)?;
    let voxels = raw::voxels(path, &mut reader, &layout, monitor)?;
    let as_stored = slope == 1.0 && intercept == 0.0;
    let read = Read {
        volume: Volume::new(grid, voxels),
        source: Source {
            format: "NIfTI",
            name: file_name(path),
            files: 1,
            facts: [("geometry".to_owned(), by)].into(),
            left_aside: Vec::new(),
        },
        warnings,
        unscaled_bits: as_stored.then_some(8 * element.bytes() as u8),
        dicom: None,
    };
    Ok((read, forms))
}

fn parse(path: &Path, bytes: &[u8; HEADER_BYTES]) -> Result<NiftiHeader> {
    let first = [bytes[0], bytes[1], bytes[2], bytes[3]];
    if [i32::from_le_bytes(first), i32::from_be_bytes(first)].contains(&540) {
        return Err(Error::Format { path: path.into(), got: "NIfTI-2".into(), expected: "NIfTI-1".into() });
    }
    let header = NiftiHeader::from_reader(&bytes[..]).map_err(|e| {
        Error::read(path, format!("no valid NIfTI-1 header: {e}"), "Check that the file is a NIfTI image")
    })?;
    if &header.magic[..3] != b"n+1" {
        let expected = "a single .nii or .nii.gz file".into();
        return Err(Error::Format { path: path.into(), got: "a .hdr/.img pair".into(), expected });
    }
    Ok(header)
}

fn dims(header: &NiftiHeader) -> Result<[usize; 3]> {
    let count = usize::from(header.dim[0]);
    let sizes: Vec<u64> = header.dim[1..].iter().take(count).map(|n| u64::from(*n)).collect();
    let text = || sizes.iter().map(u64::to_string).collect::<Vec<_>>().join(" x ");
    if !(3..=7).contains(&count) || sizes[3..].iter().any(|n| *n > 1) {
        return Err(Error::Dimensions {
            got: format!("{count} dimensions ({})", text()),
            remedy: "Extract one time point or component".into(),
        });
    }
    check_dims([sizes[0], sizes[1], sizes[2]])
}

fn element(path: &Path, datatype: i16) -> Result<Element> {
    Ok(match datatype {
        2 => Element::Unsigned(1),
        256 => Element::Int(1),
        4 => Element::Int(2),
        512 => Element::Unsigned(2),
        8 => Element::Int(4),
        768 => Element::Unsigned(4),
        1024 => Element::Int(8),
        1280 => Element::Unsigned(8),
        16 => Element::Float(4),
        64 => Element::Float(8),
        other => {
            return Err(Error::Format {
                path: path.into(),
                got: format!("NIfTI data type {other} (colour, complex or long double)"),
                expected: "one integer or floating-point number a voxel".into(),
            });
        }
    })
}
