//! Files of a series that are there more than once, byte for byte.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::slice::Slice;
use crate::{error::Result, progress::Monitor, regular};

const CHUNK_BYTES: usize = 1 << 16;

/// Parts the slices from those that equal an earlier one in every byte.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub fn split(slices: Vec<Slice>, monitor: &Monitor<'_>) -> Result<(Vec<Slice>, Vec<Slice>)> {
    let (mut first, mut copies): (Vec<Slice>, Vec<Slice>) = Default::default();
    let mut by_instance: BTreeMap<(String, Option<u32>), Vec<usize>> = BTreeMap::new();
    let mut compared: BTreeMap<(PathBuf, PathBuf), bool> = BTreeMap::new();
    for slice in slices {
        monitor.check()?;
        let alike = by_instance.entry((slice.sop_instance.clone(), slice.frame)).or_default();
        // The files of many frames are compared once. What can't be compared is no copy: reading it will say why.
        let mut is_copy_of = |other: &Slice| {
            let pair = (other.path.clone(), slice.path.clone());
            *compared.entry(pair).or_insert_with(|| equal(&other.path, &slice.path).unwrap_or(false))
        };
        if alike.iter().any(|n| is_copy_of(&first[*n])) {
            copies.push(slice);
        } else {
            alike.push(first.len());
            first.push(slice);
        }
    }
    Ok((first, copies))
}

fn equal(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = (regular::open(one)?, regular::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    loop {
        let (chunk, other_chunk) = (chunk(&mut one)?, chunk(&mut other)?);
        if chunk != other_chunk {
            return Ok(false);
        }
        if chunk.is_empty() {
            return Ok(true);
        }
    }
}

fn chunk(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(CHUNK_BYTES);
    file.take(CHUNK_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_files_are_equal_in_every_byte() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let long = vec![7; 3 * CHUNK_BYTES + 1];
        let mut other = long.clone();
        other[3 * CHUNK_BYTES] = 8;
        let a = write("a", &long);
        assert!(equal(&a, &write("b", &long)).unwrap());
        assert!(!equal(&a, &write("c", &other)).unwrap());
        assert!(!equal(&a, &write("d", &long[1..])).unwrap());
    }
}
