//! MetaImage, attached (.mha) or with a data file (.mhd with .raw or .zraw, as LUNA16 ships it).

use std::{collections::BTreeMap, io::Read as _, path::Path};

use super::{
    Read, Source, file_name,
    header::Header,
    raw::{self, Element, Layout, Packing, check_dims},
};
use crate::{
    error::{Error, Result},
    progress::Monitor,
    space::{
        grid::{Frame, Grid},
        volume::Volume,
    },
    warning::Warning,
};

pub fn read(path: &Path, assume: Option<Frame>, monitor: &mut Monitor<'_>) -> Result<Read> {
    let header = fields(path)?;
    let dims = dims(&header)?;
    let (frame, warning) = frame(&header, assume);
    let grid = grid(&header, dims, frame)?;
    let element = element(&header)?;
    if header.fields.get("binarydata").is_some_and(|v| v.eq_ignore_ascii_case("false")) {
        return Err(header.unsupported("MetaImage with voxels as text (BinaryData = False)", "binary voxels"));
    }
    let (file, start) = match header.get("elementdatafile")? {
        name if name.eq_ignore_ascii_case("local") => (path.to_owned(), header.end),
        name if name.contains('%') || name.to_uppercase().starts_with("LIST") => {
            return Err(header.unsupported("a MetaImage spread over many data files", "one data file"));
        }
        name => (header.beside(name)?, 0),
    };
    let layout = Layout {
        dims,
        element,
        big_endian: is_true(&header, "binarydatabyteordermsb") || is_true(&header, "elementbyteordermsb"),
        slope: 1.0,
        intercept: 0.0,
    };
    let compressed = is_true(&header, "compresseddata");
    let offset = match header.fields.get("headersize").map(String::as_str) {
        None | Some("0") => start,
        Some("-1") if !compressed => header.counted_from_the_end(&file, &layout)?,
        Some(text) => text.parse().map_err(|_| header.broken(&format!("'HeaderSize = {text}' can't be right")))?,
    };
    let packing = if compressed { wrapping(&file, offset)? } else { Packing::Plain };
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
        warnings: warning.into_iter().collect(),
        unscaled_bits: Some(8 * element.bytes() as u8),
        dicom: None,
    })
}

/// Reads 'Key = Value' lines up to 'ElementDataFile', which is the last; empty lines and comments are passed over. Keys are
/// kept in small letters.
fn fields(path: &Path) -> Result<Header> {
    Header::read(path, |header, _, line| {
        let line = line.trim_start_matches('\u{feff}').trim_start();
        if line.is_empty() || line.starts_with(['#', '%']) {
            return Ok(true);
        }
        let Some((key, value)) = line.split_once(['=', ':']) else {
            return Err(Error::read(path, "no MetaImage header", "Check that the file is a .mha or .mhd image"));
        };
        let key = key.trim().to_lowercase();
        let last = key == "elementdatafile";
        header.fields.insert(key, value.trim().to_owned());
        Ok(!last)
    })
}

/// zlib as a rule; MetaIO takes gzip as well.
fn wrapping(file: &Path, offset: u64) -> Result<Packing> {
    let mut start = [0; 2];
    // A file without two bytes is refused where its voxels are read.
    let read = raw::open(file, offset, Packing::Plain)?.read_exact(&mut start);
    Ok(if read.is_ok() && start == raw::GZIP { Packing::Gzip } else { Packing::Zlib })
}

fn is_true(header: &Header, key: &str) -> bool {
    header.fields.get(key).is_some_and(|v| v.eq_ignore_ascii_case("true"))
}

/// The first three; further ones have to be of one.
fn dims(header: &Header) -> Result<[usize; 3]> {
    let text = header.get("dimsize")?;
    let sizes: Vec<u64> = text.split_whitespace().map(|n| n.parse().unwrap_or(0)).collect();
    let channels = header.fields.get("elementnumberofchannels").map_or("1", String::as_str);
    match sizes[..] {
        [i, j, k, ref more @ ..] if channels == "1" && more.iter().all(|n| *n == 1) => check_dims([i, j, k]),
        _ => Err(Error::Dimensions {
            got: format!("{} dimensions ({text}) of {channels} component(s)", sizes.len()),
            remedy: "Extract one time point or component".into(),
        }),
    }
}

fn element(header: &Header) -> Result<Element> {
    Ok(match header.get("elementtype")? {
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
fn numbers(header: &Header, keys: &[&str], count: usize) -> Result<Option<Vec<f64>>> {
    let Some(text) = keys.iter().find_map(|key| header.fields.get(*key)) else { return Ok(None) };
    let numbers: Option<Vec<f64>> = text.split_whitespace().map(|n| n.parse().ok()).collect();
    let numbers = numbers.filter(|numbers| numbers.len() == count);
    numbers.map(Some).ok_or_else(|| header.broken(&format!("'{}' is not {count} numbers", keys[0])))
}

/// Names of TransformMatrix.
const DIRECTIONS: [&str; 3] = ["transformmatrix", "rotation", "orientation"];

/// LPS, as ITK has it. A header without directions doesn't say, unless AnatomicalOrientation does: where the axes come from,
/// RAI for LPS.
fn frame(header: &Header, assume: Option<Frame>) -> (Frame, Option<Warning>) {
    let is_told = DIRECTIONS.iter().any(|key| header.fields.contains_key(*key))
        || header.fields.get("anatomicalorientation").is_some_and(|letters| letters.eq_ignore_ascii_case("RAI"));
    let (frame, warning) = super::assumed(assume);
    if is_told { (Frame::LPS, None) } else { (frame, Some(warning)) }
}

/// TransformMatrix holds the direction of each axis, one after the other. An image of four dimensions has four of each, of
/// which the first three count.
fn grid(header: &Header, dims: [usize; 3], frame: Frame) -> Result<Grid> {
    let axes = header.get("dimsize")?.split_whitespace().count();
    let spacing = numbers(header, &["elementspacing", "elementsize"], axes)?;
    let spacing = spacing.ok_or_else(|| header.broken("the header lacks 'ElementSpacing'"))?;
    let origin = numbers(header, &["offset", "position", "origin"], axes)?.unwrap_or(vec![0.0; axes]);
    let identity = (0..axes * axes).map(|n| f64::from(n % (axes + 1) == 0)).collect();
    let matrix = numbers(header, &DIRECTIONS, axes * axes)?.unwrap_or(identity);
    let column = |axis: usize| {
        let direction: [f64; 3] = std::array::from_fn(|r| matrix[axes * axis + r]);
        frame.to_ras(direction.map(|v| v * spacing[axis]))
    };
    Grid::from_columns(dims, [column(0), column(1), column(2)], frame.to_ras([origin[0], origin[1], origin[2]]))
}
