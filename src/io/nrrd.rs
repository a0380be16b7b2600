//! NRRD, attached (.nrrd) or detached (.nhdr) (Teem's format definition, NRRD0001 to NRRD0005).

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

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
    let packing = packing(&header)?;
    let layout = Layout {
        dims,
        element,
        big_endian: header.fields.get("endian").is_some_and(|e| e.eq_ignore_ascii_case("big")),
        slope: 1.0,
        intercept: 0.0,
    };
    let (file, start) = data(&header)?;
    let byte_skip: i64 = number(&header, "byte skip")?.unwrap_or(0);
    let offset = match byte_skip {
        -1 if packing == Packing::Plain => header.counted_from_the_end(&file, &layout)?,
        n if n >= 0 => start + if packing == Packing::Plain { n as u64 } else { 0 },
        n => return Err(header.broken(&format!("byte skip {n} makes no sense here"))),
    };
    let mut reader = raw::open(&file, offset, packing)?;
    if packing != Packing::Plain && byte_skip > 0 {
        raw::skip(&file, &mut reader, byte_skip as u64)?;
    }
    let voxels = raw::voxels(&file, &mut reader, &layout, monitor)?;
    Ok(Read {
        volume: Volume::new(grid, voxels),
        source: Source {
            format: "NRRD",
            name: file_name(path),
            files: if file == path { 1 } else { 2 },
            facts: BTreeMap::new(),
            left_aside: Vec::new(),
        },
        warnings: Vec::new(),
        unscaled_bits: Some(8 * element.bytes() as u8),
    })
}

/// Reads 'key: value' lines up to an empty one.
fn fields(path: &Path) -> Result<Header> {
    Header::read(path, |header, number, line| {
        if number == 0 && !line.starts_with("NRRD000") {
            return Err(Error::read(path, "no NRRD header", "Check that the file is an NRRD image"));
        }
        if let Some((key, value)) = line.split_once(": ").filter(|_| number > 0 && !line.starts_with('#')) {
            header.fields.insert(key.trim().to_lowercase(), value.trim().to_owned());
        }
        Ok(!line.is_empty())
    })
}

fn number(header: &Header, key: &str) -> Result<Option<i64>> {
    let text = header.fields.get(key);
    text.map(|t| t.parse().map_err(|_| header.broken(&format!("'{key}: {t}' is no whole number")))).transpose()
}

fn dims(header: &Header) -> Result<[usize; 3]> {
    let sizes: Vec<u64> = header.get("sizes")?.split_whitespace().map(|n| n.parse().unwrap_or(0)).collect();
    match sizes[..] {
        [i, j, k] => check_dims([i, j, k]),
        _ => Err(Error::Dimensions {
            got: format!("{} dimensions ({})", sizes.len(), header.get("sizes")?),
            remedy: "Extract one time point or component".into(),
        }),
    }
}

fn element(header: &Header) -> Result<Element> {
    Ok(match header.get("type")?.to_lowercase().as_str() {
        "signed char" | "int8" | "int8_t" => Element::Int(1),
        "uchar" | "unsigned char" | "uint8" | "uint8_t" => Element::Unsigned(1),
        "short" | "short int" | "signed short" | "signed short int" | "int16" | "int16_t" => Element::Int(2),
        "ushort" | "unsigned short" | "unsigned short int" | "uint16" | "uint16_t" => Element::Unsigned(2),
        "int" | "signed int" | "int32" | "int32_t" => Element::Int(4),
        "uint" | "unsigned int" | "uint32" | "uint32_t" => Element::Unsigned(4),
        "longlong" | "long long" | "long long int" | "signed long long" | "int64" | "int64_t" => Element::Int(8),
        "ulonglong" | "unsigned long long" | "unsigned long long int" | "uint64" | "uint64_t" => Element::Unsigned(8),
        "float" => Element::Float(4),
        "double" => Element::Float(8),
        other => return Err(header.unsupported(&format!("NRRD type '{other}'"), "an integer or floating-point type")),
    })
}

fn packing(header: &Header) -> Result<Packing> {
    match header.get("encoding")?.to_lowercase().as_str() {
        "raw" => Ok(Packing::Plain),
        "gz" | "gzip" => Ok(Packing::Gzip),
        other => Err(header.unsupported(&format!("NRRD encoding '{other}'"), "raw or gzip")),
    }
}

/// The file that holds the voxels, and where they start before 'byte skip'.
fn data(header: &Header) -> Result<(PathBuf, u64)> {
    let detached = header.fields.get("data file").or_else(|| header.fields.get("datafile"));
    let (file, start) = match detached {
        Some(name) if name.contains('%') || name.to_uppercase().starts_with("LIST") => {
            return Err(header.unsupported("an NRRD spread over many data files", "one data file"));
        }
        Some(name) => (header.beside(name)?, 0),
        None => (header.path.clone(), header.end),
    };
    let lines = number(header, "line skip")?.unwrap_or(0);
    let mut reader = BufReader::new(raw::open(&file, start, Packing::Plain)?);
    let mut skipped = start;
    for _ in 0..lines.max(0) {
        let read = reader.skip_until(b'\n').map_err(|e| Error::read(&file, e, "Check the file"))?;
        if read == 0 {
            return Err(header.broken("'line skip' goes beyond the end of the data"));
        }
        skipped += read as u64;
    }
    Ok((file, skipped))
}

fn grid(header: &Header, dims: [usize; 3]) -> Result<Grid> {
    let Some(directions) = header.fields.get("space directions") else {
        let spacings = vector_of(header, header.get("spacings")?.split_whitespace())?;
        let mut grid = Grid::axial(dims, [1.0; 3]);
        let columns: [[f64; 3]; 3] = std::array::from_fn(|a| grid.direction[a].map(|v| v * spacings[a]));
        grid = Grid::from_columns(dims, columns, [0.0; 3])?;
        return Ok(grid);
    };
    let to_ras = space(header)?;
    let vectors: Vec<&str> = directions.split(')').map(|v| v.trim().trim_start_matches('(')).collect();
    let vectors: Vec<&str> = vectors.into_iter().filter(|v| !v.is_empty()).collect();
    if vectors.len() != 3 || directions.contains("none") {
        return Err(Error::Dimensions {
            got: format!("space directions {directions}"),
            remedy: "Extract one component".into(),
        });
    }
    let mut columns = [[0.0; 3]; 3];
    for (column, vector) in columns.iter_mut().zip(&vectors) {
        *column = to_ras(vector_of(header, vector.split(','))?);
    }
    let origin = match header.fields.get("space origin") {
        Some(text) => vector_of(header, text.trim_matches(['(', ')']).split(','))?,
        None => [0.0; 3],
    };
    Grid::from_columns(dims, columns, to_ras(origin))
}

fn vector_of<'a>(header: &Header, numbers: impl Iterator<Item = &'a str>) -> Result<[f64; 3]> {
    let numbers: Option<Vec<f64>> = numbers.map(|n| n.trim().parse().ok()).collect();
    let vector = numbers.and_then(|n| <[f64; 3]>::try_from(n).ok());
    vector.ok_or_else(|| header.broken("the geometry is not made of three numbers each"))
}

/// From the header's world to RAS.
fn space(header: &Header) -> Result<fn([f64; 3]) -> [f64; 3]> {
    match header.get("space")?.to_lowercase().as_str() {
        "left-posterior-superior" | "lps" => Ok(flip_lps_ras),
        "right-anterior-superior" | "ras" => Ok(|p| p),
        "left-anterior-superior" | "las" => Ok(|[x, y, z]| [-x, y, z]),
        other => {
            Err(header
                .unsupported(&format!("NRRD space '{other}'"), "left-posterior-superior or another patient space"))
        }
    }
}
