//! Reads back the `.vti` that [`super::write`] writes, and no other: VTK's format tells neither frame nor unit, ours does.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader, Seek, SeekFrom},
    path::Path,
};

use flate2::bufread::ZlibDecoder;

use super::OURS;
use crate::{
    error::{Error, Result},
    io::{
        Read, Source, file_name,
        header::Header,
        raw::{self, Element, Layout},
    },
    progress::Monitor,
    regular,
    space::{grid::Grid, volume::Volume},
};

/// What every one has that is written here.
const EXPECTED: &str = "VTK image data that sam2lung wrote";
/// Behind this line the voxels begin with a mark of one byte.
const APPENDED: &str = "<AppendedData encoding=\"raw\">";

pub fn read(path: &Path, monitor: &mut Monitor<'_>) -> Result<Read> {
    let header = fields(path)?;
    let numbers = |key: &str, count: usize| -> Result<Vec<f64>> {
        let numbers: Option<Vec<f64>> = header.get(key)?.split_whitespace().map(|n| n.parse().ok()).collect();
        let numbers = numbers.filter(|numbers| numbers.len() == count);
        numbers.ok_or_else(|| header.broken(&format!("'{key}' is not {count} numbers")))
    };
    let extent = numbers("WholeExtent", 6)?;
    let dims = raw::check_dims([1, 3, 5].map(|last| (extent[last].max(-1.0) + 1.0) as u64))?;
    let (origin, spacing, direction) = (numbers("Origin", 3)?, numbers("Spacing", 3)?, numbers("Direction", 9)?);
    let column = |axis: usize| std::array::from_fn(|row| direction[3 * row + axis] * spacing[axis]);
    let grid = Grid::from_columns(dims, [0, 1, 2].map(column), [origin[0], origin[1], origin[2]])?;
    let element = match header.get("type")? {
        "UInt8" => Element::Unsigned(1),
        "UInt16" => Element::Unsigned(2),
        "UInt32" => Element::Unsigned(4),
        "Int16" => Element::Int(2),
        "Float32" => Element::Float(4),
        other => return Err(header.unsupported(&format!("voxels of VTK type {other}"), EXPECTED)),
    };
    let layout = Layout { dims, element, big_endian: false, slope: 1.0, intercept: 0.0 };
    let mut blocks = blocks(&header, &layout)?;
    let voxels = raw::voxels(path, &mut blocks, &layout, monitor)?;
    Ok(Read {
        volume: Volume::new(grid, voxels),
        source: Source {
            format: "VTK image data",
            name: file_name(path),
            files: 1,
            facts: BTreeMap::new(),
            left_aside: Vec::new(),
        },
        warnings: Vec::new(),
        unscaled_bits: Some(8 * element.bytes() as u8),
        dicom: None,
    })
}

/// The attributes that are needed, each of the first element that has it. Elements stand on lines of their own.
fn fields(path: &Path) -> Result<Header> {
    let mut ours = false;
    let header = Header::read(path, |header, _, line| {
        ours |= line == OURS;
        for key in ["WholeExtent", "Origin", "Spacing", "Direction"] {
            keep(header, key, line.trim_start().starts_with("<ImageData "), line);
        }
        keep(header, "type", line.trim_start().starts_with("<DataArray "), line);
        Ok(!line.contains(APPENDED))
    })?;
    if ours { Ok(header) } else { Err(header.unsupported("VTK image data of another program", EXPECTED)) }
}

fn keep(header: &mut Header, key: &str, is_element: bool, line: &str) {
    let begin = format!(" {key}=\"");
    let value = line.split_once(&begin).and_then(|(_, rest)| rest.split_once('"')).map(|(value, _)| value);
    if let Some(value) = value.filter(|_| is_element) {
        header.fields.entry(key.to_owned()).or_insert_with(|| value.to_owned());
    }
}

/// The voxels behind the header: a table of numbers, and a zlib block per slice.
fn blocks(header: &Header, layout: &Layout) -> Result<Blocks<BufReader<File>>> {
    let failed = |e: io::Error| Error::read(&header.path, e, "The file is truncated or damaged: copy it again");
    let mut file = regular::open(&header.path).map_err(failed)?;
    // Behind the mark.
    file.seek(SeekFrom::Start(header.end + 1)).map_err(failed)?;
    let mut file = BufReader::with_capacity(1 << 18, file);
    let mut number = || -> Result<u64> {
        let mut bytes = [0; 8];
        io::Read::read_exact(&mut file, &mut bytes).map_err(failed)?;
        Ok(u64::from_le_bytes(bytes))
    };
    let [columns, rows, slices] = layout.dims;
    let wanted = [slices as u64, (columns * rows * layout.element.bytes()) as u64, 0];
    let got = [number()?, number()?, number()?];
    if got != wanted {
        return Err(header.broken(&format!("its voxels lie in {got:?} blocks and bytes; expected {wanted:?}")));
    }
    let packed: Vec<u64> = (0..slices).map(|_| number()).collect::<Result<_>>()?;
    Ok(Blocks { file: Some(file), packed: packed.into_iter(), open: None })
}

/// zlib blocks, one behind the other, as one stream.
struct Blocks<R> {
    /// `None` while a block is open, which has it then.
    file: Option<R>,
    /// Bytes of the blocks that are still to come.
    packed: std::vec::IntoIter<u64>,
    open: Option<ZlibDecoder<io::Take<R>>>,
}

impl<R: BufRead> io::Read for Blocks<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(open) = &mut self.open else {
                let (Some(file), Some(packed)) = (self.file.take(), self.packed.next()) else { return Ok(0) };
                self.open = Some(ZlibDecoder::new(io::Read::take(file, packed)));
                continue;
            };
            let count = open.read(bytes)?;
            if count > 0 || bytes.is_empty() {
                return Ok(count);
            }
            let mut rest = self.open.take().expect("it was read").into_inner();
            // What a block has behind its end is passed over.
            io::copy(&mut rest, &mut io::sink())?;
            self.file = Some(rest.into_inner());
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use crate::{
        io::{ReadOptions, read_volume, write_volume},
        progress::{CancelToken, Monitor},
        space::{grid::Grid, volume::Volume},
    };

    /// An oblique, mirrored grid with another value in each voxel.
    fn volume() -> Volume<f32> {
        let (sin, cos) = 0.3f64.sin_cos();
        let columns = [[-0.7 * cos, 0.7 * sin, 0.0], [0.8 * sin, 0.8 * cos, 0.0], [0.0, 0.0, -2.0]];
        let grid = Grid::from_columns([5, 4, 3], columns, [10.0, -20.5, 300.125]).unwrap();
        let voxels = Array3::from_shape_fn(grid.shape(), |(k, j, i)| (100 * k + 10 * j + i) as f32 - 1000.5);
        Volume::new(grid, voxels)
    }

    #[test]
    fn vti_is_read_as_it_was_written_in_each_type_that_results_have() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.vti");
        let read = || read_volume(&path, ReadOptions::default(), &mut Monitor::silent()).unwrap().volume;
        write_volume(&path, volume().view(), &CancelToken::new()).unwrap();
        assert_eq!(read().voxels, volume().voxels);
        assert!(read().grid.matches(&volume().grid, 1e-9));
        let labels = volume().voxels.mapv(|value| (value + 1000.5) as u16);
        write_volume(&path, volume().like(labels.clone()).view(), &CancelToken::new()).unwrap();
        assert_eq!(read().voxels, labels.mapv(f32::from));
    }

    #[test]
    fn vti_of_another_program_or_cut_off_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.vti");
        write_volume(&path, volume().view(), &CancelToken::new()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let refused = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            let refused = read_volume(&path, ReadOptions::default(), &mut Monitor::silent()).unwrap_err();
            format!("{}: {refused}", refused.name())
        };
        let text = String::from_utf8_lossy(&bytes).replace("<!-- sam2lung", "<!-- other");
        let other = refused(text.as_bytes());
        assert!(other.starts_with("E_FORMAT") && other.contains("VTK image data of another program"), "{other}");
        let end = bytes.len();
        for cut in [&bytes[..end - 60], &bytes[..end / 2], &bytes[..700.min(end)], &bytes[..40]] {
            let text = refused(cut);
            assert!(text.starts_with("E_READ") || text.starts_with("E_FORMAT"), "{text}");
        }
    }
}
