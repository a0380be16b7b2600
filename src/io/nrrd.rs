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
    progress::Monitor,
    space::{
        grid::{Frame, Grid},
        volume::Volume,
    },
    warning::Warning,
};

pub fn read(path: &Path, assume: Option<Frame>, monitor: &mut Monitor<'_>) -> Result<Read> {
    let header = fields(path)?;
    let axes = Axes::of(&header)?;
    let dims = axes.dims(&header)?;
    check_units(&header)?;
    let world = World::of(&header, assume);
    let grid = axes.grid(&header, dims, &world)?;
    let element = element(&header)?;
    let packing = packing(&header)?;
    let layout = Layout { dims, element, big_endian: is_big_endian(&header, element)?, slope: 1.0, intercept: 0.0 };
    let (file, start) = data(&header)?;
    let byte_skip: i64 = number(&header, "byteskip")?.unwrap_or(0);
    let offset = match byte_skip {
        -1 if packing == Packing::Plain => header.counted_from_the_end(&file, &layout)?,
        n if n >= 0 => start + if packing == Packing::Plain { n as u64 } else { 0 },
        n => return Err(header.broken(&format!("'byte skip: {n}' can't be right"))),
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
        warnings: world.warnings,
        unscaled_bits: Some(8 * element.bytes() as u8),
        dicom: None,
    })
}

/// Reads 'key: value' lines up to an empty one. Keys are kept in small letters and without spaces, since some have two
/// spellings ("data file" and "datafile").
fn fields(path: &Path) -> Result<Header> {
    Header::read(path, |header, number, line| {
        if number == 0 && !line.starts_with("NRRD000") {
            return Err(Error::read(path, "no NRRD header", "Check that the file is an NRRD image"));
        }
        let field = line.split_once(':').filter(|_| number > 0 && !line.starts_with('#'));
        // 'key:=value' is a note of some program.
        if let Some((key, value)) = field.filter(|(_, value)| !value.starts_with('=')) {
            header.fields.insert(key.to_lowercase().replace(' ', ""), value.trim().to_owned());
        }
        Ok(!line.is_empty())
    })
}

fn number(header: &Header, key: &str) -> Result<Option<i64>> {
    let text = header.fields.get(key);
    text.map(|t| t.parse().map_err(|_| header.broken(&format!("'{key}: {t}' is not a whole number")))).transpose()
}

/// The axes of the file, and which three of them lie in space.
struct Axes {
    sizes: Vec<u64>,
    /// `directions[axis]`: a step along it, as long as 'space directions' has one for it.
    directions: Option<Vec<Option<Vec<f64>>>>,
    space: [usize; 3],
}

impl Axes {
    /// Axes of one voxel that are a list, time, or one too many are left out: that changes no voxel's place in the file.
    fn of(header: &Header) -> Result<Self> {
        let sizes: Vec<u64> = header.get("sizes")?.split_whitespace().map(|n| n.parse().unwrap_or(0)).collect();
        let refuse = || Error::Dimensions {
            got: format!("{} dimensions ({})", sizes.len(), header.fields["sizes"]),
            remedy: "Extract one time point or component".into(),
        };
        let directions = header.fields.get("spacedirections").map(|text| vectors(header, text)).transpose()?;
        let kinds: Vec<&str> = header.fields.get("kinds").map_or(Vec::new(), |text| text.split_whitespace().collect());
        let in_space = |axis: usize| match &directions {
            Some(directions) => directions.get(axis).is_some_and(Option::is_some),
            // Teem's format definition: what isn't one of these is a list, a vector, a colour, a matrix …
            None => {
                kinds.get(axis).is_none_or(|k| ["domain", "space", "???", "none"].contains(&k.to_lowercase().as_str()))
            }
        };
        let mut space: Vec<usize> = (0..sizes.len()).filter(|axis| in_space(*axis)).collect();
        while space.len() > 3 {
            let spare = space.iter().rposition(|axis| sizes[*axis] == 1).ok_or_else(refuse)?;
            space.remove(spare);
        }
        let single = (0..sizes.len()).filter(|axis| !space.contains(axis)).all(|axis| sizes[axis] == 1);
        let space = <[usize; 3]>::try_from(space).ok().filter(|_| single).ok_or_else(refuse)?;
        Ok(Axes { sizes, directions, space })
    }

    fn dims(&self, header: &Header) -> Result<[usize; 3]> {
        if let Some(directions) = self.directions.as_ref().filter(|d| d.len() != self.sizes.len()) {
            let (got, wanted) = (directions.len(), self.sizes.len());
            return Err(header.broken(&format!("'space directions' has {got} vectors for {wanted} axes")));
        }
        check_dims(self.space.map(|axis| self.sizes[axis]))
    }

    fn grid(&self, header: &Header, dims: [usize; 3], world: &World) -> Result<Grid> {
        let Some(directions) = &self.directions else {
            let spacings = numbers(header, header.get("spacings")?.split_whitespace())?;
            let unit = |n: usize, mm: f64| std::array::from_fn(|a| if a == n { mm } else { 0.0 });
            let mut columns = [[0.0; 3]; 3];
            for (n, axis) in self.space.into_iter().enumerate() {
                let mm = *spacings.get(axis).ok_or_else(|| header.broken("'spacings' has too few numbers"))?;
                columns[n] = world.frame.to_ras(unit(n, mm));
            }
            return Grid::from_columns(dims, columns, [0.0; 3]);
        };
        let mut columns = [[0.0; 3]; 3];
        for (column, axis) in columns.iter_mut().zip(self.space) {
            let step = directions[axis].as_deref().unwrap_or_default();
            *column = world.frame.to_ras(world.vector(header, step)?);
        }
        let origin = match header.fields.get("spaceorigin") {
            Some(text) => world.vector(header, &numbers(header, text.trim_matches(['(', ')']).split(','))?)?,
            None => [0.0; 3],
        };
        Grid::from_columns(dims, columns, world.frame.to_ras(origin))
    }
}

/// Lengths are taken as mm, which is what every writer of medical NRRD means; other units are refused, not converted.
fn check_units(header: &Header) -> Result<()> {
    let fields = ["spaceunits", "units"].iter().filter_map(|key| header.fields.get(*key));
    let lengths = ["m", "cm", "dm", "um", "µm", "nm", "in", "inch", "inches", "km"];
    match fields.flat_map(|text| text.split(['"', ' '])).find(|unit| lengths.contains(&unit.to_lowercase().as_str())) {
        Some(unit) => Err(header.unsupported(&format!("an NRRD with lengths in '{unit}'"), "lengths in mm")),
        None => Ok(()),
    }
}

/// The world that directions and origin are told in.
struct World {
    frame: Frame,
    /// Its last axis is time.
    timed: bool,
    warnings: Vec<Warning>,
}

impl World {
    /// A space that isn't one of the patient's is taken as LPS, as ITK takes it, unless the caller knows better.
    fn of(header: &Header, assume: Option<Frame>) -> Self {
        let name = header.fields.get("space").map_or(String::new(), |name| name.to_lowercase());
        let timed = name.ends_with("-time") || ["rast", "last", "lpst"].contains(&name.as_str());
        let named = match name.trim_end_matches("-time") {
            "left-posterior-superior" | "lps" | "lpst" => Some(Frame::LPS),
            "right-anterior-superior" | "ras" | "rast" => Some(Frame::RAS),
            "left-anterior-superior" | "las" | "last" => Some(Frame::LAS),
            _ => None,
        };
        let (frame, warning) = super::assumed(assume);
        let warnings = if named.is_some() { Vec::new() } else { vec![warning] };
        World { frame: named.unwrap_or(frame), timed, warnings }
    }

    fn vector(&self, header: &Header, numbers: &[f64]) -> Result<[f64; 3]> {
        match *numbers {
            [x, y, z] => Ok([x, y, z]),
            [x, y, z, _] if self.timed => Ok([x, y, z]),
            _ => Err(header.broken("the geometry is not made of three numbers each")),
        }
    }
}

/// "(1,0,0) none (0,1,0)": one vector or none for each axis.
fn vectors(header: &Header, text: &str) -> Result<Vec<Option<Vec<f64>>>> {
    let (mut vectors, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let (vector, after) = if let Some(after) = rest.strip_prefix("none") {
            (None, after)
        } else {
            let inside = rest.strip_prefix('(').and_then(|r| r.split_once(')'));
            let (inside, after) =
                inside.ok_or_else(|| header.broken(&format!("'space directions: {text}' can't be understood")))?;
            (Some(numbers(header, inside.split(','))?), after)
        };
        // Some programs write the axis that lies in no space as a vector of no numbers.
        vectors.push(vector.filter(|numbers| !numbers.iter().all(|n| n.is_nan())));
        rest = after.trim_start();
    }
    Ok(vectors)
}

fn numbers<'a>(header: &Header, numbers: impl Iterator<Item = &'a str>) -> Result<Vec<f64>> {
    let numbers: Option<Vec<f64>> = numbers.map(|n| n.trim().parse().ok()).collect();
    numbers.ok_or_else(|| header.broken("the geometry is not made of numbers"))
}

/// Where a voxel has several bytes, the header has to say which comes first.
fn is_big_endian(header: &Header, element: Element) -> Result<bool> {
    match header.fields.get("endian").map(|e| e.to_lowercase()).as_deref() {
        Some("big") => Ok(true),
        Some("little") => Ok(false),
        None if element.bytes() == 1 => Ok(false),
        None => Err(header.broken("the header lacks 'endian'")),
        Some(other) => Err(header.broken(&format!("'endian: {other}' is neither little nor big"))),
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
    let detached = header.fields.get("datafile");
    let (file, start) = match detached {
        Some(name) if name.contains('%') || name.to_uppercase().starts_with("LIST") => {
            return Err(header.unsupported("an NRRD spread over many data files", "one data file"));
        }
        Some(name) => (header.beside(name)?, 0),
        None => (header.path.clone(), header.end),
    };
    let lines = number(header, "lineskip")?.unwrap_or(0);
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
