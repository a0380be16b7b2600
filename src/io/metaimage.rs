//! MetaImage, attached (.mha) or with a data file (.mhd with .raw or .zraw, as LUNA16 ships it).

use std::{collections::BTreeMap, path::Path};

use super::{
    Read, Source, file_name,
    header::Header,
    raw::{self, Element, Layout, Packing, check_dims},
};
use crate::{
    error::{Error, Result},
    geometry::{Grid, flip_lps_ras},
    progress::Monitor,
    volume::Volume,
};

pub fn read(path: &Path, monitor: &mut Monitor<'_>) -> Result<Read> {
    let header = fields(path)?;
    let dims = dims(&header)?;
    let grid = grid(&header, dims)?;
    let element = element(&header)?;
    if header.fields.get("BinaryData").is_some_and(|v| v.eq_ignore_ascii_case("false")) {
        return Err(header.unsupported("MetaImage with voxels as text (BinaryData = False)", "binary voxels"));
    }
    let packing = if is_true(&header, "CompressedData") { Packing::Zlib } else { Packing::Plain };
    let local = header.get("ElementDataFile")?;
    let (file, start) = match local {
        "LOCAL" | "Local" | "local" => (path.to_owned(), header.end),
        name if name.contains('%') || name.starts_with("LIST") => {
            return Err(header.unsupported("a MetaImage spread over many data files", "one data file"));
        }
        name => (header.beside(name)?, 0),
    };
    let layout = Layout {
        dims,
        element,
        big_endian: is_true(&header, "BinaryDataByteOrderMSB") || is_true(&header, "ElementByteOrderMSB"),
        slope: 1.0,
        intercept: 0.0,
    };
    let offset = match header.fields.get("HeaderSize").map(String::as_str) {
        None | Some("0") => start,
        Some("-1") if packing == Packing::Plain => header.counted_from_the_end(&file, &layout)?,
        Some(text) => text.parse().map_err(|_| header.broken(&format!("HeaderSize = {text} makes no sense")))?,
    };
    let mut reader = raw::open(&file, offset, packing)?;
    let voxels = raw::voxels(&file, &mut reader, &layout, monitor)?;
    Ok(Read {
        volume: Volume::new(grid, voxels),
        source: Source {
            format: "MetaImage",
            name: file_name(path),
            files: if file == path { 1 } else { 2 },
            facts: BTreeMap::new(),
            left_aside: Vec::new(),
        },
        warnings: Vec::new(),
        unscaled_bits: Some(8 * element.bytes() as u8),
    })
}

/// Reads 'Key = Value' lines up to 'ElementDataFile', which is the last.
fn fields(path: &Path) -> Result<Header> {
    Header::read(path, |header, _, line| {
        let Some((key, value)) = line.split_once('=') else {
            return Err(Error::read(path, "no MetaImage header", "Check that the file is a .mha or .mhd image"));
        };
        header.fields.insert(key.trim().to_owned(), value.trim().to_owned());
        Ok(key.trim() != "ElementDataFile")
    })
}

fn is_true(header: &Header, key: &str) -> bool {
    header.fields.get(key).is_some_and(|v| v.eq_ignore_ascii_case("true"))
}

fn dims(header: &Header) -> Result<[usize; 3]> {
    let text = header.get("DimSize")?;
    let sizes: Vec<u64> = text.split_whitespace().map(|n| n.parse().unwrap_or(0)).collect();
    let channels = header.fields.get("ElementNumberOfChannels").map_or("1", String::as_str);
    match sizes[..] {
        [i, j, k] if channels == "1" => check_dims([i, j, k]),
        _ => Err(Error::Dimensions {
            got: format!("{} dimensions ({text}) of {channels} component(s)", sizes.len()),
            remedy: "Extract one time point or component".into(),
        }),
    }
}

fn element(header: &Header) -> Result<Element> {
    Ok(match header.get("ElementType")? {
        "MET_CHAR" => Element::Int(1),
        "MET_UCHAR" => Element::Unsigned(1),
        "MET_SHORT" => Element::Int(2),
        "MET_USHORT" => Element::Unsigned(2),
        "MET_INT" | "MET_LONG" => Element::Int(4),
        "MET_UINT" | "MET_ULONG" => Element::Unsigned(4),
        "MET_LONG_LONG" => Element::Int(8),
        "MET_ULONG_LONG" => Element::Unsigned(8),
        "MET_FLOAT" => Element::Float(4),
        "MET_DOUBLE" => Element::Float(8),
        other => return Err(header.unsupported(&format!("MetaImage type {other}"), "a scalar type")),
    })
}

/// The first of these fields that is there, as numbers.
fn numbers<const N: usize>(header: &Header, keys: &[&str]) -> Result<Option<[f64; N]>> {
    let Some(text) = keys.iter().find_map(|key| header.fields.get(*key)) else { return Ok(None) };
    let numbers: Option<Vec<f64>> = text.split_whitespace().map(|n| n.parse().ok()).collect();
    let numbers = numbers.and_then(|n| <[f64; N]>::try_from(n).ok());
    numbers.map(Some).ok_or_else(|| header.broken(&format!("'{}' is not {N} numbers", keys[0])))
}

/// TransformMatrix holds the direction of each axis, one after the other, in LPS.
fn grid(header: &Header, dims: [usize; 3]) -> Result<Grid> {
    let spacing: [f64; 3] = numbers(header, &["ElementSpacing", "ElementSize"])?.unwrap_or([1.0; 3]);
    let origin: [f64; 3] = numbers(header, &["Offset", "Position", "Origin"])?.unwrap_or_default();
    let matrix: [f64; 9] = numbers(header, &["TransformMatrix", "Rotation", "Orientation"])?
        .unwrap_or([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    let column = |axis: usize| {
        let direction: [f64; 3] = std::array::from_fn(|r| matrix[3 * axis + r]);
        flip_lps_ras(direction.map(|v| v * spacing[axis]))
    };
    Grid::from_columns(dims, [column(0), column(1), column(2)], flip_lps_ras(origin))
}
