//! The bytes of a file, or of what was unpacked from one, by position.

use crate::limits::MAX_INFLATED_BYTES;
use std::{
    fs::File,
    io::{self, Cursor, Read, Seek, SeekFrom},
    path::Path,
};

use flate2::read::DeflateDecoder;

use crate::regular;

/// Bytes that are read ahead: headers are read a few bytes at a time.
const WINDOW: u64 = 8192;

enum Source {
    File(File),
    Memory(Cursor<Vec<u8>>),
}

/// Bytes with a known size.
pub struct Bytes {
    source: Source,
    size: u64,
    window: Vec<u8>,
    start: u64,
}

impl Bytes {
    /// Those of a regular file.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        let file = regular::open(path)?;
        let size = file.metadata()?.len();
        Ok(Bytes { source: Source::File(file), size, window: Vec::new(), start: 0 })
    }

    /// What the bytes from `at` on unpack to (PS3.5 A.5). Damaged data end early.
    pub fn inflated(mut self, at: u64) -> io::Result<Self> {
        let mut unpacked = Vec::new();
        let source: &mut dyn Read = match &mut self.source {
            Source::File(file) => {
                file.seek(SeekFrom::Start(at))?;
                file
            }
            Source::Memory(memory) => {
                memory.set_position(at);
                memory
            }
        };
        let _ = DeflateDecoder::new(source).take(MAX_INFLATED_BYTES + 1).read_to_end(&mut unpacked);
        let size = unpacked.len() as u64;
        if size > MAX_INFLATED_BYTES {
            return Err(io::Error::other(format!("it unpacks to more than {MAX_INFLATED_BYTES} bytes")));
        }
        Ok(Bytes { source: Source::Memory(Cursor::new(unpacked)), size, window: Vec::new(), start: 0 })
    }

    /// How many there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The `N` bytes at a position; `None` where they aren't all there.
    pub fn at<const N: usize>(&mut self, at: u64) -> io::Result<Option<[u8; N]>> {
        if at.checked_add(N as u64).is_none_or(|end| end > self.size) {
            return Ok(None);
        }
        let inside = at >= self.start && at + N as u64 <= self.start + self.window.len() as u64;
        if !inside {
            let count = WINDOW.min(self.size - at).max(N as u64);
            self.window = self.read(at, count)?;
            self.start = at;
        }
        let from = (at - self.start) as usize;
        Ok(self.window[from..from + N].try_into().ok())
    }

    /// `count` bytes at a position; an error where they aren't all there.
    pub fn read(&mut self, at: u64, count: u64) -> io::Result<Vec<u8>> {
        if at.checked_add(count).is_none_or(|end| end > self.size) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; count as usize];
        match &mut self.source {
            Source::File(file) => {
                file.seek(SeekFrom::Start(at))?;
                file.read_exact(&mut bytes)?;
            }
            Source::Memory(memory) => {
                memory.set_position(at);
                memory.read_exact(&mut bytes)?;
            }
        }
        Ok(bytes)
    }
}

#[cfg(test)]
impl Bytes {
    /// These.
    pub fn of(bytes: &[u8]) -> Self {
        let source = Source::Memory(Cursor::new(bytes.to_vec()));
        Bytes { source, size: bytes.len() as u64, window: Vec::new(), start: 0 }
    }
}
