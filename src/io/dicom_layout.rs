//! Looks through the layout of a DICOM file before anything takes it in: an element that says it is longer than the
//! file would make the parser ask for that memory, and sequences within sequences would use up its stack.
//!
//! Only tags and lengths are read (PS3.5 7); values are passed over. What makes no sense otherwise is left for the
//! parser to refuse.

use std::{
    io::{self, BufReader, Cursor, Read, Seek, SeekFrom},
    path::Path,
};

use dicom_core::{
    Tag,
    dictionary::{DataDictionary, DataDictionaryEntry},
};
use dicom_dictionary_std::StandardDataDictionary;
use flate2::read::DeflateDecoder;

use crate::{
    error::{Error, Result},
    regular,
};

const ITEM: u32 = 0xfffe_e000;
const ITEM_END: u32 = 0xfffe_e00d;
const SEQUENCE_END: u32 = 0xfffe_e0dd;
const PIXEL_DATA: u32 = 0x7fe0_0010;
const META_LENGTH: u32 = 0x0002_0000;
const TRANSFER_SYNTAX: u32 = 0x0002_0010;
const UNDEFINED: u32 = u32::MAX;
/// Most sequences and items within each other; real files have a handful.
const MOST_DEPTH: usize = 64;
/// Most bytes that a deflated data set may unpack to.
const MOST_INFLATED: u64 = 1 << 28;
/// Value representations with a length of two bytes (PS3.5 table 7.1-2); the others have four.
const SHORT: [&[u8; 2]; 21] = [
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS",
    b"ST", b"TM", b"UI", b"UL", b"US",
];

/// Refuses a file with an element longer than what is left of it, or with nesting that has no end.
///
/// # Errors
/// [`Error::Read`].
pub fn check(path: &Path) -> Result<()> {
    look_through(path).map_err(|e| Error::read(path, e, "The file is truncated or damaged: copy it again or remove it"))
}

fn look_through(path: &Path) -> io::Result<()> {
    let file = regular::open(path)?;
    let size = file.metadata()?.len();
    let mut meta = Walk::new(file, size, 132, Encoding { implicit: false, big_endian: false })?;
    let Some(syntax) = left_to_the_parser(meta.transfer_syntax())? else { return Ok(()) };
    let encoding = Encoding { implicit: syntax == "1.2.840.10008.1.2", big_endian: syntax == "1.2.840.10008.1.2.2" };
    if syntax != "1.2.840.10008.1.2.1.99" {
        meta.encoding = encoding;
        return left_to_the_parser(meta.data_set()).map(drop);
    }
    let mut inflated = Vec::new();
    // Damaged data end early; the parser will say so.
    let _ = DeflateDecoder::new(&mut meta.reader).take(MOST_INFLATED + 1).read_to_end(&mut inflated);
    let size = inflated.len() as u64;
    if size > MOST_INFLATED {
        return Err(io::Error::other(format!("it unpacks to more than {MOST_INFLATED} bytes")));
    }
    left_to_the_parser(Walk::new(Cursor::new(inflated), size, 0, encoding)?.data_set()).map(drop)
}

/// A file that ends between lengths, or begins otherwise, is none of these dangers.
fn left_to_the_parser<T>(outcome: io::Result<T>) -> io::Result<Option<T>> {
    match outcome {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        other => other.map(Some),
    }
}

/// Refuses numbers that don't fill their value: the parser would take what is left of it for the next element.
fn check_whole(tag: u32, kind: &[u8; 2], length: u32) -> io::Result<()> {
    let size = match kind {
        b"US" | b"SS" => 2,
        b"OW" if tag != PIXEL_DATA => 2,
        b"UL" | b"SL" | b"FL" | b"AT" | b"OF" | b"OL" => 4,
        b"FD" | b"SV" | b"UV" | b"OD" | b"OV" => 8,
        _ => 1,
    };
    if length == UNDEFINED || length.is_multiple_of(size) {
        return Ok(());
    }
    let (group, number) = (tag >> 16, tag & 0xffff);
    Err(io::Error::other(format!(
        "element ({group:04x},{number:04x}) has {length} bytes; expected a multiple of the {size} of its values"
    )))
}

/// The value representation of an element that doesn't state it, as the parser takes it.
fn implied_kind(tag: u32) -> [u8; 2] {
    let entry = StandardDataDictionary.by_tag(Tag((tag >> 16) as u16, tag as u16));
    entry.map_or(*b"UN", |entry| entry.vr().relaxed().to_bytes())
}

#[derive(Clone, Copy)]
struct Encoding {
    implicit: bool,
    big_endian: bool,
}

/// An element's header.
struct Element {
    is_sequence: bool,
    is_unknown: bool,
    length: u32,
}

struct Walk<R> {
    reader: BufReader<R>,
    at: u64,
    size: u64,
    encoding: Encoding,
}

impl<R: Read + Seek> Walk<R> {
    fn new(mut source: R, size: u64, start: u64, encoding: Encoding) -> io::Result<Self> {
        source.seek(SeekFrom::Start(start))?;
        Ok(Walk { reader: BufReader::with_capacity(4096, source), at: start, size, encoding })
    }

    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn number16(&mut self) -> io::Result<u32> {
        let bytes = self.bytes()?;
        Ok(if self.encoding.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }.into())
    }

    fn number32(&mut self) -> io::Result<u32> {
        let bytes = self.bytes()?;
        Ok(if self.encoding.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn tag(&mut self) -> io::Result<u32> {
        Ok(self.number16()? << 16 | self.number16()?)
    }

    fn back(&mut self, count: u64) -> io::Result<()> {
        self.at -= count;
        self.reader.seek_relative(-(count as i64))
    }

    /// Where `length` bytes from here end; refused when that is beyond the file.
    fn end(&self, tag: u32, length: u32) -> io::Result<u64> {
        let left = self.size.saturating_sub(self.at);
        if u64::from(length) > left {
            let (group, number) = (tag >> 16, tag & 0xffff);
            let reason = format!("element ({group:04x},{number:04x}) says it has {length} bytes, but {left} are left");
            return Err(io::Error::other(reason));
        }
        Ok(self.at + u64::from(length))
    }

    fn skip(&mut self, tag: u32, length: u32) -> io::Result<()> {
        self.at = self.end(tag, length)?;
        self.reader.seek_relative(length.into())
    }

    /// The header of an element behind its tag.
    fn element(&mut self, tag: u32) -> io::Result<Element> {
        if self.encoding.implicit {
            let length = self.number32()?;
            check_whole(tag, &implied_kind(tag), length)?;
            return Ok(Element { is_sequence: self.is_item_next(length)?, is_unknown: false, length });
        }
        let kind: [u8; 2] = self.bytes()?;
        let length = if SHORT.contains(&&kind) {
            self.number16()?
        } else {
            self.number16()?; // reserved
            self.number32()?
        };
        check_whole(tag, &kind, length)?;
        Ok(Element { is_sequence: &kind == b"SQ", is_unknown: &kind == b"UN", length })
    }

    /// True when the value of an element without a stated kind begins with an item.
    fn is_item_next(&mut self, length: u32) -> io::Result<bool> {
        if length < 8 || self.size.saturating_sub(self.at) < 8 {
            return Ok(false);
        }
        let is_item = self.tag()? == ITEM;
        self.back(4)?;
        Ok(is_item)
    }

    /// Reads the file meta information, whose first element says how long it is; the walk then stands before the data
    /// set.
    fn transfer_syntax(&mut self) -> io::Result<String> {
        let tag = self.tag()?;
        let Element { length, .. } = self.element(tag)?;
        if (tag, length) != (META_LENGTH, 4) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let length = self.number32()?;
        let end = self.end(tag, length)?;
        let mut syntax = String::new();
        while self.at < end {
            let tag = self.tag()?;
            let Element { length, .. } = self.element(tag)?;
            self.end(tag, length)?;
            if tag == TRANSFER_SYNTAX && length <= 64 {
                let mut text = vec![0; length as usize];
                self.reader.read_exact(&mut text)?;
                self.at += u64::from(length);
                syntax = String::from_utf8_lossy(&text).trim_end_matches(['\0', ' ']).to_owned();
            } else {
                self.skip(tag, length)?;
            }
        }
        Ok(syntax)
    }

    /// Passes over all elements, into sequences and items. Ends by an error at the end of the file.
    fn data_set(&mut self) -> io::Result<()> {
        // Of each sequence and item around: where it ends (nowhere stated: the largest), and the encoding outside it.
        let mut around: Vec<(u64, Encoding)> = Vec::new();
        loop {
            while let Some((_, outside)) = around.pop_if(|(end, _)| self.at >= *end) {
                self.encoding = outside;
            }
            let tag = self.tag()?;
            if matches!(tag, ITEM_END | SEQUENCE_END) {
                self.number32()?;
                self.encoding = around.pop().map_or(self.encoding, |(_, outside)| outside);
                continue;
            }
            let element = match tag {
                // Items, and what else may be in their group, have no kind (PS3.5 7.5).
                _ if tag >> 16 == ITEM >> 16 => {
                    Element { is_sequence: tag == ITEM, is_unknown: false, length: self.number32()? }
                }
                _ => self.element(tag)?,
            };
            if tag == PIXEL_DATA && element.length == UNDEFINED {
                self.fragments()?;
            } else if element.is_sequence || element.length == UNDEFINED {
                let end = if element.length == UNDEFINED { u64::MAX } else { self.end(tag, element.length)? };
                around.push((end, self.encoding));
                // PS3.5 6.2.2, note 3: an unknown element of undefined length is a sequence in implicit encoding.
                self.encoding.implicit |= element.is_unknown;
            } else {
                self.skip(tag, element.length)?;
            }
            if around.len() > MOST_DEPTH {
                return Err(io::Error::other(format!("sequences lie more than {MOST_DEPTH} deep in each other")));
            }
        }
    }

    /// Passes over the fragments of compressed pixels (PS3.5 A.4).
    fn fragments(&mut self) -> io::Result<()> {
        while self.tag()? == ITEM {
            let length = self.number32()?;
            self.skip(ITEM, length)?;
        }
        self.number32().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of explicit little endian with this data set.
    fn file(data_set: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let length = b"\x02\x00\x00\x00UL\x04\x00\x1c\x00\x00\x00";
        let syntax = b"\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\0";
        std::fs::write(file.path(), [&[0; 128], b"DICM".as_slice(), length, syntax, data_set].concat()).unwrap();
        file
    }

    fn refusal(data_set: &[u8]) -> Option<String> {
        check(file(data_set).path()).err().map(|e| e.to_string())
    }

    const SEQUENCE: &[u8] = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff";
    const ENDS: &[u8] = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0";

    #[test]
    fn check_element_longer_than_the_file_is_refused_wherever_it_is() {
        let lying = b"\x09\x00\x10\x00OB\0\0\xfe\xff\xff\xff";
        for data_set in [lying.to_vec(), [SEQUENCE, lying].concat(), [SEQUENCE, ENDS, lying].concat()] {
            let text = refusal(&data_set).expect("it lies");
            assert!(text.contains("(0009,0010)") && text.contains("4294967294 bytes"), "{text}");
        }
    }

    #[test]
    fn check_numbers_that_do_not_fill_their_value_are_refused() {
        let text = refusal(b"\x28\x00\x02\x00SL\x02\x00\x01\x00").expect("two bytes are no long number");
        assert!(text.contains("(0028,0002) has 2 bytes; expected a multiple of the 4"), "{text}");
        assert_eq!(refusal(b"\x28\x00\x02\x00SL\x08\x00\x01\0\0\0\x02\0\0\0"), None);
        assert_eq!(&implied_kind(0x0028_0002), b"US");
        assert_eq!(&implied_kind(0x0009_1011), b"UN");
    }

    #[test]
    fn check_nesting_is_followed_to_the_stated_depth() {
        let nested = |depth: usize| [SEQUENCE.repeat(depth), ENDS.repeat(depth)].concat();
        assert_eq!(refusal(&nested(MOST_DEPTH / 2)), None);
        assert!(refusal(&nested(50_000)).expect("too deep").contains("64 deep"));
    }

    #[test]
    fn check_what_ends_early_is_left_to_the_parser() {
        let element = b"\x10\x00\x10\x00PN\x04\x00Name";
        for end in 0..element.len() {
            let refused = refusal(&element[..end]).is_some();
            assert_eq!(refused, end >= 8, "{end}");
        }
    }
}
