//! Walks over the elements of a DICOM data set (PS3.5 7) as they lie in the file.
//!
//! Nothing but tags and lengths is looked at, and no element that nobody asks for can stop the walk: its value is
//! passed over, whatever it holds. Memory doesn't grow with what lengths promise. Items are entered where their length
//! isn't stated, and in the functional groups of enhanced images (PS3.3 C.7.6.16).

use crate::limits::MAX_SEQUENCE_DEPTH;
use std::io;

use super::bytes::Bytes;

pub const PIXEL_DATA: u32 = 0x7fe0_0010;
/// Per-frame Functional Groups Sequence: an item for each frame, in their order.
const PER_FRAME: u32 = 0x5200_9230;
pub const ITEM: u32 = 0xfffe_e000;
const ITEM_END: u32 = 0xfffe_e00d;
const SEQUENCE_END: u32 = 0xfffe_e0dd;
pub const UNDEFINED: u32 = u32::MAX;
/// Elements that are tried to tell encodings apart.
const TRIED: usize = 12;
/// Functional groups, shared and per frame, and the macros in them that place an image and scale its values: plane
/// position, plane orientation, pixel measures, pixel value transformation, CT frame type.
const FUNCTIONAL: [u32; 7] = [0x5200_9229, PER_FRAME, 0x0020_9113, 0x0020_9116, 0x0028_9110, 0x0028_9145, 0x0018_9329];
/// Value representations with a length of two bytes (PS3.5 table 7.1-2).
const SHORT: [&[u8; 2]; 21] = [
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS",
    b"ST", b"TM", b"UI", b"UL", b"US",
];
/// Those with four, behind two reserved bytes.
const LONG: [&[u8; 2]; 13] =
    [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"];

/// How elements are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding {
    pub implicit: bool,
    pub big_endian: bool,
}

impl Encoding {
    pub const IMPLICIT: Encoding = Encoding { implicit: true, big_endian: false };
    pub const EXPLICIT: Encoding = Encoding { implicit: false, big_endian: false };
    pub const BIG_ENDIAN: Encoding = Encoding { implicit: false, big_endian: true };

    fn number16(self, bytes: [u8; 2]) -> u32 {
        if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }.into()
    }

    fn number32(self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }

    fn tag(self, [a, b, c, d]: [u8; 4]) -> u32 {
        self.number16([a, b]) << 16 | self.number16([c, d])
    }
}

/// Where an element's value lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element {
    pub tag: u32,
    /// As stated; `UN` where nothing is.
    pub kind: [u8; 2],
    pub at: u64,
    /// In bytes; [`UNDEFINED`] for a value that ends by a mark.
    pub length: u32,
    pub big_endian: bool,
}

impl Element {
    fn end(&self) -> u64 {
        self.at + u64::from(self.length)
    }

    fn fits(&self, limit: u64) -> bool {
        self.length == UNDEFINED || self.end() <= limit
    }
}

/// The tag at a position; `None` at the end.
pub fn tag_at(bytes: &mut Bytes, at: u64, encoding: Encoding) -> io::Result<Option<u32>> {
    Ok(bytes.at(at)?.map(|tag| encoding.tag(tag)))
}

/// Reads the header of an element, in the way that was declared or, where that can't be, in another that can.
fn element_at(bytes: &mut Bytes, at: u64, encoding: Encoding, limit: u64) -> io::Result<Option<Element>> {
    let Readings { is_stated, list: readings } = readings(bytes, at, encoding)?;
    let Some(first) = readings.first().copied() else { return Ok(None) };
    if is_stated && first.fits(limit) {
        return Ok(Some(first));
    }
    for reading in &readings {
        if reading.fits(limit) && is_followed(bytes, reading, encoding, limit)? {
            return Ok(Some(*reading));
        }
    }
    match readings.into_iter().find(|reading| reading.fits(limit)) {
        Some(reading) if !is_stated => Ok(Some(reading)),
        _ => {
            let (tag, length, left) = (name(first.tag), first.length, limit.saturating_sub(first.at));
            Err(io::Error::other(format!("element {tag} says it has {length} bytes, but {left} are left")))
        }
    }
}

/// What an element's header may mean.
#[derive(Default)]
struct Readings {
    /// True where the first is written as the encoding has it.
    is_stated: bool,
    /// The likeliest first.
    list: Vec<Element>,
}

fn readings(bytes: &mut Bytes, at: u64, encoding: Encoding) -> io::Result<Readings> {
    let Some([t0, t1, t2, t3, k0, k1, s0, s1]) = bytes.at(at)? else { return Ok(Readings::default()) };
    let (tag, kind) = (encoding.tag([t0, t1, t2, t3]), [k0, k1]);
    let element =
        |kind, offset, length| Element { tag, kind, at: at + offset, length, big_endian: encoding.big_endian };
    let implicit = element(*b"UN", 8, encoding.number32([k0, k1, s0, s1]));
    let short = element(kind, 8, encoding.number16([s0, s1]));
    let long = bytes.at(at + 8)?.map(|length| element(kind, 12, encoding.number32(length)));
    let reserved = [s0, s1] == [0, 0];
    let list = if encoding.implicit {
        let explicit = if LONG.contains(&&kind) { long } else { Some(short) };
        [Some(implicit), explicit.filter(|_| is_known(&kind))].into_iter().flatten().collect()
    } else if SHORT.contains(&&kind) {
        vec![short, implicit]
    } else if LONG.contains(&&kind) {
        [long, (!reserved).then_some(short), Some(implicit)].into_iter().flatten().collect()
    } else if kind.iter().all(u8::is_ascii_graphic) {
        // A kind of the future has a long length (PS3.5 7.1.2).
        [long.filter(|_| reserved), Some(short), Some(implicit)].into_iter().flatten().collect()
    } else {
        [Some(implicit), Some(short), long.filter(|_| reserved)].into_iter().flatten().collect()
    };
    Ok(Readings { is_stated: encoding.implicit || is_known(&kind), list })
}

fn is_known(kind: &[u8; 2]) -> bool {
    SHORT.contains(&kind) || LONG.contains(&kind)
}

/// True where something may begin behind an element: a larger tag, a mark, or the end.
fn is_followed(bytes: &mut Bytes, element: &Element, encoding: Encoding, limit: u64) -> io::Result<bool> {
    if element.length == UNDEFINED {
        let next = tag_at(bytes, element.at, encoding)?;
        return Ok(next.is_some_and(|tag| matches!(tag, ITEM | SEQUENCE_END)));
    }
    if element.end() == limit {
        return Ok(true);
    }
    let next = tag_at(bytes, element.end(), encoding)?;
    Ok(next.is_some_and(|tag| tag > element.tag))
}

/// How many of the first elements make sense in an encoding.
pub fn score(bytes: &mut Bytes, mut at: u64, encoding: Encoding) -> io::Result<usize> {
    for count in 0..TRIED {
        let Readings { is_stated, list } = readings(bytes, at, encoding)?;
        let Some(element) = list.first() else { return Ok(count) };
        if !is_stated || !element.fits(bytes.size()) || !is_followed(bytes, element, encoding, bytes.size())? {
            return Ok(count);
        }
        if element.length == UNDEFINED || element.end() == bytes.size() {
            // Nothing spoke against it to here.
            return Ok(count + 1);
        }
        at = element.end();
    }
    Ok(TRIED)
}

/// `(gggg,eeee)`.
pub fn name(tag: u32) -> String {
    format!("({:04x},{:04x})", tag >> 16, tag & 0xffff)
}

/// A sequence or an item that the walk is in.
struct Around {
    is_item: bool,
    /// `u64::MAX`: where a mark is.
    end: u64,
    /// True in the functional groups.
    is_wanted: bool,
    /// True for the sequence with an item for each frame.
    is_per_frame: bool,
    /// How elements outside are written.
    outside: Encoding,
}

/// A walk over a data set.
pub struct Walk<'a> {
    bytes: &'a mut Bytes,
    at: u64,
    encoding: Encoding,
    around: Vec<Around>,
    /// Frames whose groups were begun.
    frames: usize,
}

impl<'a> Walk<'a> {
    pub fn new(bytes: &'a mut Bytes, at: u64, encoding: Encoding) -> Self {
        Walk { bytes, at, encoding, around: Vec::new(), frames: 0 }
    }

    /// Of the element that was shown last: the frame, from 0, whose functional groups it lies in.
    pub fn frame(&self) -> Option<usize> {
        let is_inside = self.around.first().is_some_and(|outermost| outermost.is_per_frame);
        self.frames.checked_sub(1).filter(|_| is_inside)
    }

    /// What the walk is over.
    pub fn bytes(&mut self) -> &mut Bytes {
        self.bytes
    }

    /// The next element of the data set or of its functional groups, the pixels last; `None` at the end.
    pub fn next(&mut self) -> io::Result<Option<Element>> {
        loop {
            while self.around.last().is_some_and(|inner| self.at >= inner.end) {
                self.leave();
            }
            let Some(tag) = tag_at(self.bytes, self.at, self.encoding)? else { return Ok(None) };
            if tag >> 16 == ITEM >> 16 {
                if !self.mark(tag)? {
                    return Ok(None);
                }
                continue;
            }
            let limit = self.around.last().map_or(u64::MAX, |inner| inner.end).min(self.bytes.size());
            let encoding = self.encoding;
            let element = match element_at(self.bytes, self.at, encoding, limit) {
                // Pixels that are cut off are told apart from other damage.
                Err(_) if tag == PIXEL_DATA && self.around.is_empty() => {
                    readings(self.bytes, self.at, encoding)?.list.first().copied()
                }
                other => other?,
            };
            let Some(element) = element else { return Ok(None) };
            let is_shown = self.around.last().is_none_or(|inner| inner.is_wanted);
            if tag == PIXEL_DATA && self.around.is_empty() {
                return Ok(Some(element));
            }
            self.pass(&element)?;
            if is_shown {
                return Ok(Some(element));
            }
        }
    }

    /// Goes behind an element, or into it.
    fn pass(&mut self, element: &Element) -> io::Result<()> {
        self.at = element.at;
        let is_wanted = self.around.last().is_none_or(|inner| inner.is_wanted) && FUNCTIONAL.contains(&element.tag);
        if element.tag == PIXEL_DATA && element.length == UNDEFINED {
            // Those of an icon.
            self.at = fragments(self.bytes, element, self.encoding)?.1;
        } else if element.length == UNDEFINED || is_wanted {
            let end = if element.length == UNDEFINED { u64::MAX } else { element.end() };
            let is_per_frame = element.tag == PER_FRAME && self.around.is_empty();
            self.enter(Around { is_item: false, end, is_wanted, is_per_frame, outside: self.encoding })?;
            // PS3.5 6.2.2, note 3: an unknown element of undefined length is a sequence in implicit encoding.
            self.encoding.implicit |= &element.kind == b"UN" && !self.encoding.big_endian;
        } else {
            self.at = element.end();
        }
        Ok(())
    }

    /// Goes over the mark of an item or of an end; false where nothing is behind it.
    fn mark(&mut self, tag: u32) -> io::Result<bool> {
        let Some(length) = self.bytes.at(self.at + 4)? else { return Ok(false) };
        let length = self.encoding.number32(length);
        self.at += 8;
        let is_wanted = self.around.last().is_some_and(|inner| inner.is_wanted);
        match tag {
            ITEM if length == UNDEFINED || is_wanted => {
                let end = if length == UNDEFINED { u64::MAX } else { self.at + u64::from(length) };
                self.frames += usize::from(self.around.last().is_some_and(|inner| inner.is_per_frame));
                let outside = self.encoding;
                self.enter(Around { is_item: true, end, is_wanted, is_per_frame: false, outside })?;
                self.encoding = self.encoding_of_item()?;
            }
            ITEM => self.at += u64::from(length),
            ITEM_END if self.around.last().is_some_and(|inner| inner.is_item) => self.leave(),
            SEQUENCE_END => {
                while self.around.last().is_some_and(|inner| inner.is_item) {
                    self.leave();
                }
                self.leave();
            }
            _ => (),
        }
        Ok(true)
    }

    /// Some write unknown sequences as they write the rest.
    fn encoding_of_item(&mut self) -> io::Result<Encoding> {
        let explicit = Encoding { implicit: false, ..self.encoding };
        let is_other = self.encoding.implicit && score(self.bytes, self.at, explicit)? > 0;
        Ok(if is_other { explicit } else { self.encoding })
    }

    fn enter(&mut self, inner: Around) -> io::Result<()> {
        if self.around.len() >= MAX_SEQUENCE_DEPTH {
            return Err(io::Error::other(format!("sequences lie more than {MAX_SEQUENCE_DEPTH} deep in each other")));
        }
        self.around.push(inner);
        Ok(())
    }

    fn leave(&mut self) {
        if let Some(inner) = self.around.pop() {
            self.encoding = inner.outside;
        }
    }
}

/// Where the fragments of compressed pixels lie (PS3.5 A.4): position and length, the offset table first. And the position
/// behind them.
pub fn fragments(bytes: &mut Bytes, pixels: &Element, encoding: Encoding) -> io::Result<(Vec<(u64, u32)>, u64)> {
    let (mut found, mut at) = (Vec::new(), pixels.at);
    while let Some(tag) = tag_at(bytes, at, encoding)? {
        let Some(length) = bytes.at(at + 4)?.map(|length| encoding.number32(length)) else { break };
        at += 8;
        if tag != ITEM {
            break;
        }
        let left = bytes.size().saturating_sub(at);
        if u64::from(length) > left {
            let reason = format!("the pixels are cut off: a fragment says it has {length} bytes, but {left} are left");
            return Err(io::Error::other(reason));
        }
        found.push((at, length));
        at += u64::from(length);
    }
    if found.is_empty() {
        return Err(io::Error::other("the compressed pixels lack their offset table and their fragments"));
    }
    Ok((found, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tags and values of a data set in explicit little endian.
    fn walked(data_set: &[u8]) -> Result<Vec<(u32, Vec<u8>)>, String> {
        let mut bytes = Bytes::of(data_set);
        let mut walk = Walk::new(&mut bytes, 0, Encoding::EXPLICIT);
        let mut found = Vec::new();
        while let Some(element) = walk.next().map_err(|e| e.to_string())? {
            if element.tag == PIXEL_DATA {
                found.push((PIXEL_DATA, Vec::new()));
                break;
            }
            let length = if element.length == UNDEFINED { 0 } else { element.length };
            found.push((element.tag, walk.bytes().read(element.at, length.into()).unwrap()));
        }
        Ok(found)
    }

    const ROWS: &[u8] = b"\x28\x00\x10\x00US\x02\x00\x07\x00";
    const SEQUENCE: &[u8] = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff";
    const ENDS: &[u8] = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0";

    /// What is found behind `before`: the rows alone, or why not.
    fn rows_behind(before: &[u8]) -> Result<bool, String> {
        let found = walked(&[before, ROWS].concat())?;
        Ok(found.iter().any(|(tag, value)| (*tag, value.as_slice()) == (0x0028_0010, &[7, 0])))
    }

    #[test]
    fn walk_element_longer_than_the_file_is_refused_by_its_tag() {
        let lying = b"\x09\x00\x10\x00OB\0\0\xfe\xff\xff\xff";
        for data_set in [lying.to_vec(), [SEQUENCE, lying].concat(), [SEQUENCE, ENDS, lying].concat()] {
            let text = walked(&data_set).unwrap_err();
            assert!(text.contains("(0009,0010)") && text.contains("4294967294 bytes"), "{text}");
        }
    }

    #[test]
    fn walk_odd_elements_are_passed_over() {
        let cases: [&[u8]; 9] = [
            b"\x18\x00\x11\x93FD\x06\x000.264 ",       // text where a number should be
            b"\x09\x00\x10\x10??\x04\x00abcd",         // no kind, short length
            b"\x09\x00\x10\x10OX\0\0\x04\0\0\0abcd",   // a kind of the future
            b"\x09\x00\x10\x10\0\0\0\0\x04\0\0\0abcd", // no kind, long length
            b"\x09\x00\x10\x10\x04\0\0\0abcd",         // implicit among explicit
            b"\x09\x00\x10\x10UN\x04\x00abcd",         // a short length where a long one belongs
            b"\x09\x00\x10\x10LO\x03\x00abc",          // an odd length
            b"\x09\x00\x10\x10SQ\0\0\x06\0\0\0rubbis", // a sequence without items
            b"\x18\x00\x60\x00DS\x00\x00",             // nothing
        ];
        for before in cases {
            assert_eq!(rows_behind(before), Ok(true), "{}", before.escape_ascii());
        }
    }

    #[test]
    fn walk_unknown_sequences_without_a_length_are_implicit_or_explicit() {
        let sequence = |inner: &[u8]| {
            let start = b"\x01\x20\x5f\x10UN\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff";
            [start, inner, ENDS].concat()
        };
        let implicit = b"\x08\x00\x00\x01\x04\0\0\0ABCD";
        let nested = [b"\x09\x00\x01\x10\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff", implicit.as_slice(), ENDS];
        let rows = |before: &[u8]| {
            let data_set = [before, b"\x01\x20\x60\x10LO\x02\x00ab"].concat();
            walked(&data_set).map(|found| found.last().cloned())
        };
        for inner in [implicit.to_vec(), nested.concat(), b"\x08\x00\x00\x01SH\x04\0ABCD".to_vec(), Vec::new()] {
            assert_eq!(rows(&sequence(&inner)), Ok(Some((0x2001_1060, b"ab".to_vec()))), "{}", inner.escape_ascii());
        }
    }

    #[test]
    fn walk_nesting_is_followed_to_the_stated_depth() {
        let nested = |depth: usize| [SEQUENCE.repeat(depth), ENDS.repeat(depth)].concat();
        assert!(walked(&nested(MAX_SEQUENCE_DEPTH / 2)).is_ok());
        assert!(walked(&nested(50_000)).unwrap_err().contains("64 deep"));
    }

    #[test]
    fn score_tells_the_encodings_apart() {
        let explicit = b"\x08\x00\x05\x00CS\x02\x00AB\x08\x00\x60\x00CS\x02\x00CT\x10\x00\x10\x00PN\x04\x00a^b ";
        let implicit = b"\x08\x00\x05\x00\x02\0\0\0AB\x08\x00\x60\x00\x02\0\0\0CT\x10\x00\x10\x00\x04\0\0\0a^b ";
        let big = b"\x00\x08\x00\x05CS\x00\x02AB\x00\x08\x00\x60CS\x00\x02CT\x00\x10\x00\x10PN\x00\x04a^b ";
        let encodings = [Encoding::EXPLICIT, Encoding::IMPLICIT, Encoding::BIG_ENDIAN];
        for (n, bytes) in [explicit.as_slice(), implicit, big].into_iter().enumerate() {
            let scores = encodings.map(|encoding| score(&mut Bytes::of(bytes), 0, encoding).unwrap());
            let mut wanted = [0; 3];
            wanted[n] = 3;
            assert_eq!(scores, wanted);
        }
    }
}
