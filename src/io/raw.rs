//! Raw voxels: element types, byte order, compression, read in chunks that can be cancelled.

use crate::limits::{MAX_SKIP_BYTES, MAX_TAIL_BYTES, MAX_VOXELS};
use std::{
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use flate2::{bufread::GzDecoder, read::ZlibDecoder};
use ndarray::Array3;

use crate::{
    error::{Error, Result},
    memory,
    progress::{Monitor, Stage},
    regular,
};

/// Bytes read in one chunk: memory grows with what a file holds, not with what its header promises.
const CHUNK_BYTES: usize = 1 << 20;

/// The first bytes of a gzip file (RFC 1952).
pub const GZIP: [u8; 2] = [0x1f, 0x8b];

/// How a voxel is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// Signed, by bytes.
    Int(usize),
    /// Unsigned, by bytes.
    Unsigned(usize),
    /// Floating point, by bytes.
    Float(usize),
}

impl Element {
    /// Bytes of one voxel.
    pub fn bytes(self) -> usize {
        match self {
            Element::Int(n) | Element::Unsigned(n) | Element::Float(n) => n,
        }
    }

    fn value(self, little_endian: &[u8]) -> f64 {
        let mut wide = [0; 8];
        wide[..little_endian.len()].copy_from_slice(little_endian);
        let unsigned = u64::from_le_bytes(wide);
        match self {
            Element::Unsigned(_) => unsigned as f64,
            Element::Int(n) => {
                let unused = 64 - 8 * n as u32;
                ((unsigned << unused) as i64 >> unused) as f64
            }
            Element::Float(4) => f64::from(f32::from_bits(unsigned as u32)),
            Element::Float(_) => f64::from_bits(unsigned),
        }
    }
}

/// What wraps the voxels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Nothing.
    Plain,
    /// gzip, possibly several members.
    Gzip,
    /// zlib, as MetaImage uses it.
    Zlib,
}

/// Where voxels lie in a file and what they mean.
#[derive(Debug, Clone)]
pub struct Layout {
    /// i, j, k.
    pub dims: [usize; 3],
    /// How a voxel is stored.
    pub element: Element,
    /// True when the most significant byte comes first.
    pub big_endian: bool,
    /// value = stored · slope + intercept.
    pub slope: f64,
    /// See `slope`.
    pub intercept: f64,
}

/// Refuses dimensions that no volume of this library has, before anything is allocated.
pub fn check_dims(dims: [u64; 3]) -> Result<[usize; 3]> {
    // An empty axis would hide how long the others are said to be.
    if let Some(axis) = (0..3).find(|axis| dims[*axis] == 0) {
        return Err(Error::OneSlice { got: 0, axis: ["i", "j", "k"][axis] });
    }
    let voxels = dims.iter().try_fold(1u64, |product, n| product.checked_mul(*n)).unwrap_or(u64::MAX);
    if voxels > MAX_VOXELS {
        return Err(Error::TooLarge { got: voxels, limit: MAX_VOXELS });
    }
    Ok(dims.map(|n| n as usize))
}

/// Opens `path` at byte `offset`, behind the wrapping.
pub fn open(path: &Path, offset: u64, packing: Packing) -> Result<Box<dyn Read>> {
    let failed = |e: std::io::Error| Error::read(path, e, "Check the file and its rights");
    let mut file = regular::open(path).map_err(failed)?;
    file.seek(SeekFrom::Start(offset)).map_err(failed)?;
    let buffered = BufReader::with_capacity(1 << 18, file);
    Ok(match packing {
        Packing::Plain => Box::new(buffered),
        Packing::Gzip => Box::new(Members(Some(GzDecoder::new(buffered)))),
        Packing::Zlib => Box::new(ZlibDecoder::new(buffered)),
    })
}

/// gzip in one member or several, each with its checksum. What follows and is no member is left alone, as gzip does.
struct Members<R>(Option<GzDecoder<R>>);

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        while let Some(mut member) = self.0.take() {
            let count = member.read(bytes)?;
            if count > 0 || bytes.is_empty() {
                self.0 = Some(member);
                return Ok(count);
            }
            let mut rest = member.into_inner();
            let has_more = rest.fill_buf()?.first() == Some(&GZIP[0]);
            self.0 = has_more.then(|| GzDecoder::new(rest));
        }
        Ok(0)
    }
}

/// Passes over `count` bytes.
pub fn skip(path: &Path, reader: &mut dyn Read, count: u64) -> Result<()> {
    if count > MAX_SKIP_BYTES {
        let reason = format!("{count} bytes are said to lie before the voxels; expected at most {MAX_SKIP_BYTES}");
        return Err(Error::read(path, reason, "Correct the header or export the image again"));
    }
    let damaged = |reason: &dyn ToString| Error::read(path, reason.to_string(), "The file is damaged: copy it again");
    let skipped = std::io::copy(&mut reader.take(count), &mut std::io::sink()).map_err(|e| damaged(&e))?;
    if skipped < count { Err(damaged(&"the file ends before its voxels")) } else { Ok(()) }
}

/// Reads all voxels as values, and a little behind the last: there a compressed file has the checksum that tells of damaged
/// voxels. Whatever it would still unpack to is left unread.
pub fn voxels(path: &Path, reader: &mut dyn Read, layout: &Layout, monitor: &mut Monitor<'_>) -> Result<Array3<f32>> {
    let [width, height, depth] = layout.dims;
    let size = layout.element.bytes();
    let (slice, all) = (width * height, width * height * depth);
    let mut chunk = vec![0; CHUNK_BYTES / 8 * size];
    let table = Table::of(layout);
    let mut values: Vec<f32> = Vec::new();
    while values.len() < all {
        let k = values.len() / slice;
        monitor.step(Stage::Read, k, depth + 1)?;
        let count = (all - values.len()).min(CHUNK_BYTES / 8);
        let bytes = &mut chunk[..count * size];
        let whole = fill(reader, bytes).map_err(|e| {
            Error::read(
                path,
                format!("slice {k} can't be read: {e}"),
                "The file is truncated or damaged: copy it again",
            )
        })? / size;
        if whole < count {
            let k = (values.len() + whole) / slice;
            let reason =
                format!("the voxels end in slice {k}; the header promises {depth} slices of {width} x {height}");
            return Err(Error::read(path, reason, "The file is truncated or damaged: copy it again"));
        }
        memory::grow(&mut values, count, "the volume")?;
        match &table {
            Some(table) => values.extend(bytes.chunks_exact(size).map(|bytes| table.value(bytes))),
            None => values.extend(bytes.chunks_exact_mut(size).map(|bytes| layout.value(bytes))),
        }
    }
    io::copy(&mut reader.take(MAX_TAIL_BYTES), &mut io::sink()).map_err(|e| {
        let reason = format!("the end of the compressed voxels can't be read: {e}");
        Error::read(path, reason, "The file is truncated or damaged: copy it again")
    })?;
    Ok(Array3::from_shape_vec((depth, height, width), values).expect("every voxel was read"))
}

impl Layout {
    /// The value of a stored element, whose bytes it may turn round.
    fn value(&self, bytes: &mut [u8]) -> f32 {
        if self.big_endian {
            bytes.reverse();
        }
        (self.element.value(bytes) * self.slope + self.intercept) as f32
    }
}

/// The value of each element that one or two bytes can hold: looked up faster than reckoned.
struct Table(Vec<f32>);

impl Table {
    /// `None` for larger elements.
    fn of(layout: &Layout) -> Option<Self> {
        let value = |bits: u16| layout.value(&mut bits.to_le_bytes()[..layout.element.bytes()]);
        match layout.element.bytes() {
            1 => Some(Table((0..=u8::MAX).map(|bits| value(bits.into())).collect())),
            2 => Some(Table((0..=u16::MAX).map(value).collect())),
            _ => None,
        }
    }

    fn value(&self, bytes: &[u8]) -> f32 {
        match *bytes {
            [low, high] => self.0[usize::from(u16::from_le_bytes([low, high]))],
            [one] => self.0[usize::from(one)],
            _ => f32::NAN,
        }
    }
}

/// Reads until `bytes` is full or the data end; how many were read.
fn fill(reader: &mut dyn Read, bytes: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        match reader.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => (),
            // A compressed stream that breaks off: as if it were truncated.
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => break,
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}
