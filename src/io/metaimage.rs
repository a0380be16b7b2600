//! MetaImage, attached (.mha) or with a data file (.mhd with .raw or .zraw, as LUNA16 ships it).

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read as _},
    path::{Path, PathBuf},
};

use super::{
    Read, Source, file_name,
    raw::{self, Element, Layout, Packing, check_dims},
};
use crate::{
    error::{Error, Result},
    geometry::{Grid, flip_lps_ras},
    progress::Monitor,
    volume::Volume,
};

/// Longest header that is read.
const MAX_HEADER_BYTES: u64 = 1 << 20;

struct Header {
    path: PathBuf,
    fields: BTreeMap<String, String>,
    end: u64,
}

pub fn read(path: &Path, monitor: &mut Monitor<'_>) -> Result<Read> {
    let header = Header::read(path)?;
    let dims = header.dims()?;
    let grid = header.grid(dims)?;
    let element = header.element()?;
    if header.fields.get("BinaryData").is_some_and(|v| v.eq_ignore_ascii_case("false")) {
        return Err(header.unsupported("MetaImage with voxels as text (BinaryData = False)", "binary voxels"));
    }
    let packing = if header.is_true("CompressedData") { Packing::Zlib } else { Packing::Plain };
    let local = header.get("ElementDataFile")?;
    let (file, start) = match local {
        "LOCAL" | "Local" | "local" => (path.to_owned(), header.end),
        name if name.contains('%') || name.starts_with("LIST") => {
            return Err(header.unsupported("a MetaImage spread over many data files", "one data file"));
        }
        name => (path.parent().unwrap_or(Path::new("")).join(name), 0),
    };
    let offset = match header.fields.get("HeaderSize").map(String::as_str) {
        None | Some("0") => start,
        Some("-1") if packing == Packing::Plain => {
            let bytes = (dims.iter().product::<usize>() * element.bytes()) as u64;
            let size = fs::metadata(&file).map_err(|e| Error::read(&file, e, "Check the file"))?.len();
            size.checked_sub(bytes).ok_or_else(|| header.broken("the data file is shorter than its header says"))?
        }
        Some(text) => text.parse().map_err(|_| header.broken(&format!("HeaderSize = {text} makes no sense")))?,
    };
    let layout = Layout {
        dims,
        element,
        big_endian: header.is_true("BinaryDataByteOrderMSB") || header.is_true("ElementByteOrderMSB"),
        slope: 1.0,
        intercept: 0.0,
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
        },
        unscaled_bits: Some(8 * element.bytes() as u8),
    })
}

impl Header {
    /// Reads 'Key = Value' lines up to 'ElementDataFile', which is the last.
    fn read(path: &Path) -> Result<Self> {
        let failed = |e: std::io::Error| Error::read(path, e, "Check the file and its rights");
        let file = fs::File::open(path).map_err(failed)?;
        let mut reader = BufReader::new(file.take(MAX_HEADER_BYTES));
        let (mut fields, mut end, mut line) = (BTreeMap::new(), 0, Vec::new());
        while !fields.contains_key("ElementDataFile") {
            line.clear();
            let read = reader.read_until(b'\n', &mut line).map_err(failed)?;
            let text = String::from_utf8_lossy(&line);
            let Some((key, value)) = text.split_once('=').filter(|_| read > 0) else {
                return Err(Error::read(path, "no MetaImage header", "Check that the file is a .mha or .mhd image"));
            };
            fields.insert(key.trim().to_owned(), value.trim().to_owned());
            end += read as u64;
        }
        Ok(Header { path: path.into(), fields, end })
    }

    fn broken(&self, reason: &str) -> Error {
        Error::read(&self.path, reason, "Correct the header or export the image again")
    }

    fn unsupported(&self, got: &str, expected: &str) -> Error {
        Error::Format { path: self.path.clone(), got: got.into(), expected: expected.into() }
    }

    fn get(&self, key: &str) -> Result<&str> {
        self.fields.get(key).map(String::as_str).ok_or_else(|| self.broken(&format!("the header lacks '{key}'")))
    }

    fn is_true(&self, key: &str) -> bool {
        self.fields.get(key).is_some_and(|v| v.eq_ignore_ascii_case("true"))
    }

    fn dims(&self) -> Result<[usize; 3]> {
        let text = self.get("DimSize")?;
        let sizes: Vec<u64> = text.split_whitespace().map(|n| n.parse().unwrap_or(0)).collect();
        let channels = self.fields.get("ElementNumberOfChannels").map_or("1", String::as_str);
        match sizes[..] {
            [i, j, k] if channels == "1" => check_dims([i, j, k]),
            _ => Err(Error::Dimensions {
                got: format!("{} dimensions ({text}) of {channels} component(s)", sizes.len()),
                remedy: "Extract one time point or component".into(),
            }),
        }
    }

    fn element(&self) -> Result<Element> {
        Ok(match self.get("ElementType")? {
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
            other => return Err(self.unsupported(&format!("MetaImage type {other}"), "a scalar type")),
        })
    }

    /// The first of these fields that is there, as numbers.
    fn numbers<const N: usize>(&self, keys: &[&str]) -> Result<Option<[f64; N]>> {
        let Some(text) = keys.iter().find_map(|key| self.fields.get(*key)) else { return Ok(None) };
        let numbers: Option<Vec<f64>> = text.split_whitespace().map(|n| n.parse().ok()).collect();
        let numbers = numbers.and_then(|n| <[f64; N]>::try_from(n).ok());
        numbers.map(Some).ok_or_else(|| self.broken(&format!("'{}' is not {N} numbers", keys[0])))
    }

    /// TransformMatrix holds the direction of each axis, one after the other, in LPS.
    fn grid(&self, dims: [usize; 3]) -> Result<Grid> {
        let spacing: [f64; 3] = self.numbers(&["ElementSpacing", "ElementSize"])?.unwrap_or([1.0; 3]);
        let origin: [f64; 3] = self.numbers(&["Offset", "Position", "Origin"])?.unwrap_or_default();
        let matrix: [f64; 9] = self
            .numbers(&["TransformMatrix", "Rotation", "Orientation"])?
            .unwrap_or([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        let column = |axis: usize| {
            let direction: [f64; 3] = std::array::from_fn(|r| matrix[3 * axis + r]);
            flip_lps_ras(direction.map(|v| v * spacing[axis]))
        };
        Grid::from_columns(dims, [column(0), column(1), column(2)], flip_lps_ras(origin))
    }
}
