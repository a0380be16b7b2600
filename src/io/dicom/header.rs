//! What a DICOM file says of its image, and where its pixels lie. Only what is asked for is read.
//!
//! Read are files with preamble and meta information (PS3.10 7.1), and the same without them or without the group's
//! length; where the stated encoding isn't that of the elements, that of the elements counts.

use crate::limits::{MAX_FRAMES, MAX_VALUE_BYTES};
use std::{collections::BTreeMap, io, path::Path};

use super::{
    bytes::Bytes,
    elements::{self, Element, Encoding, ITEM, PIXEL_DATA, UNDEFINED, Walk, fragments, score, tag_at},
};

pub const IMPLICIT: &str = "1.2.840.10008.1.2";
pub const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
pub const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
const TRANSFER_SYNTAX: u32 = 0x0002_0010;
/// A file without preamble is DICOM when so many elements make sense.
const EVIDENCE: usize = 3;

/// What surrounds a text and is no part of it.
pub const PADDING: [char; 5] = ['\0', ' ', '\n', '\r', '\t'];

/// Attributes (PS3.6).
pub mod tag {
    pub const STORED_CLASS: u32 = 0x0002_0002;
    pub const IMAGE_TYPE: u32 = 0x0008_0008;
    pub const SOP_CLASS: u32 = 0x0008_0016;
    pub const SOP_INSTANCE: u32 = 0x0008_0018;
    pub const MODALITY: u32 = 0x0008_0060;
    pub const MANUFACTURER: u32 = 0x0008_0070;
    pub const SERIES_DESCRIPTION: u32 = 0x0008_103e;
    pub const FRAME_TYPE: u32 = 0x0008_9007;
    pub const PATIENT_NAME: u32 = 0x0010_0010;
    pub const PATIENT_ID: u32 = 0x0010_0020;
    pub const SLICE_THICKNESS: u32 = 0x0018_0050;
    pub const KVP: u32 = 0x0018_0060;
    pub const KERNEL: u32 = 0x0018_1210;
    pub const SERIES: u32 = 0x0020_000e;
    pub const FRAME_OF_REFERENCE: u32 = 0x0020_0052;
    pub const ACQUISITION: u32 = 0x0020_0012;
    pub const SERIES_NUMBER: u32 = 0x0020_0011;
    pub const INSTANCE_NUMBER: u32 = 0x0020_0013;
    pub const POSITION: u32 = 0x0020_0032;
    pub const ORIENTATION: u32 = 0x0020_0037;
    pub const SAMPLES: u32 = 0x0028_0002;
    pub const PHOTOMETRIC: u32 = 0x0028_0004;
    pub const FRAMES: u32 = 0x0028_0008;
    pub const ROWS: u32 = 0x0028_0010;
    pub const COLUMNS: u32 = 0x0028_0011;
    pub const PIXEL_SPACING: u32 = 0x0028_0030;
    pub const BITS_ALLOCATED: u32 = 0x0028_0100;
    pub const BITS_STORED: u32 = 0x0028_0101;
    pub const HIGH_BIT: u32 = 0x0028_0102;
    pub const SIGNED: u32 = 0x0028_0103;
    pub const PADDING: u32 = 0x0028_0120;
    pub const PADDING_LIMIT: u32 = 0x0028_0121;
    pub const INTERCEPT: u32 = 0x0028_1052;
    pub const SLOPE: u32 = 0x0028_1053;
    pub const RESCALE_TYPE: u32 = 0x0028_1054;
    pub const MODALITY_LUT: u32 = 0x0028_3000;
}

/// Attributes of patient, study and content that derived objects repeat (PS3.3 C.7.1.1, C.7.2.1, C.7.2.2, C.7.6.1).
pub mod kept {
    pub const CHARACTER_SET: u32 = 0x0008_0005;
    pub const STUDY_DATE: u32 = 0x0008_0020;
    pub const CONTENT_DATE: u32 = 0x0008_0023;
    pub const STUDY_TIME: u32 = 0x0008_0030;
    pub const CONTENT_TIME: u32 = 0x0008_0033;
    pub const ACCESSION_NUMBER: u32 = 0x0008_0050;
    pub const REFERRING_PHYSICIAN: u32 = 0x0008_0090;
    pub const TIMEZONE: u32 = 0x0008_0201;
    pub const STUDY_DESCRIPTION: u32 = 0x0008_1030;
    pub const PATIENT_ID_ISSUER: u32 = 0x0010_0021;
    pub const BIRTH_DATE: u32 = 0x0010_0030;
    pub const SEX: u32 = 0x0010_0040;
    pub const AGE: u32 = 0x0010_1010;
    pub const SIZE: u32 = 0x0010_1020;
    pub const WEIGHT: u32 = 0x0010_1030;
    pub const IDENTITY_REMOVED: u32 = 0x0012_0062;
    pub const DEIDENTIFICATION: u32 = 0x0012_0063;
    pub const STUDY: u32 = 0x0020_000d;
    pub const STUDY_ID: u32 = 0x0020_0010;
    pub const POSITION_REFERENCE: u32 = 0x0020_1040;
}

/// All of them, with the patient's name and ID.
pub const KEPT: [u32; 22] = [
    kept::CHARACTER_SET,
    kept::STUDY_DATE,
    kept::CONTENT_DATE,
    kept::STUDY_TIME,
    kept::CONTENT_TIME,
    kept::ACCESSION_NUMBER,
    kept::REFERRING_PHYSICIAN,
    kept::TIMEZONE,
    kept::STUDY_DESCRIPTION,
    tag::PATIENT_NAME,
    tag::PATIENT_ID,
    kept::PATIENT_ID_ISSUER,
    kept::BIRTH_DATE,
    kept::SEX,
    kept::AGE,
    kept::SIZE,
    kept::WEIGHT,
    kept::IDENTITY_REMOVED,
    kept::DEIDENTIFICATION,
    kept::STUDY,
    kept::STUDY_ID,
    kept::POSITION_REFERENCE,
];

const WANTED: [u32; 37] = [
    tag::STORED_CLASS,
    TRANSFER_SYNTAX,
    tag::IMAGE_TYPE,
    tag::SOP_CLASS,
    tag::SOP_INSTANCE,
    tag::MODALITY,
    tag::MANUFACTURER,
    tag::SERIES_DESCRIPTION,
    tag::FRAME_TYPE,
    tag::PATIENT_NAME,
    tag::PATIENT_ID,
    tag::SLICE_THICKNESS,
    tag::KVP,
    tag::KERNEL,
    tag::SERIES,
    tag::FRAME_OF_REFERENCE,
    tag::ACQUISITION,
    tag::SERIES_NUMBER,
    tag::INSTANCE_NUMBER,
    tag::POSITION,
    tag::ORIENTATION,
    tag::SAMPLES,
    tag::PHOTOMETRIC,
    tag::FRAMES,
    tag::ROWS,
    tag::COLUMNS,
    tag::PIXEL_SPACING,
    tag::BITS_ALLOCATED,
    tag::BITS_STORED,
    tag::HIGH_BIT,
    tag::SIGNED,
    tag::PADDING,
    tag::PADDING_LIMIT,
    tag::INTERCEPT,
    tag::SLOPE,
    tag::RESCALE_TYPE,
    tag::MODALITY_LUT,
];

/// Where the pixels lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pixels {
    /// As they are.
    Native { at: u64, length: u32, big_endian: bool },
    /// Compressed, in fragments: position and length.
    Fragments(Vec<Fragment>),
}

/// Position and length.
pub type Fragment = (u64, u32);

/// What was read of a file.
#[derive(Debug, Default)]
pub struct Header {
    values: Values,
    /// Of an image with functional groups per frame: what they say, by frame.
    frames: Vec<Values>,
    /// Where each frame of compressed pixels begins, counted from the first fragment's mark; empty where the file doesn't
    /// say.
    pub offsets: Vec<u32>,
    /// UID of the transfer syntax: that of the meta information, else that of the elements.
    pub syntax: String,
    /// Where a deflated data set begins.
    pub deflated_at: Option<u64>,
    /// `None`: the file has none, or ends before them.
    pub pixels: Option<Pixels>,
    /// Why it couldn't be read to its pixels.
    pub fault: Option<String>,
}

type Values = BTreeMap<u32, Value>;

#[derive(Debug, Clone)]
struct Value {
    bytes: Vec<u8>,
    big_endian: bool,
}

impl Header {
    /// Reads a file's header; `None` for a file that isn't DICOM.
    ///
    /// # Errors
    /// Those of the system.
    pub fn read(path: &Path) -> io::Result<Option<Self>> {
        let mut bytes = Bytes::of_file(path)?;
        let mut header = Header::default();
        let Some(at) = header.read_meta(&mut bytes)? else { return Ok(None) };
        if header.syntax == DEFLATED {
            header.deflated_at = Some(at);
            match bytes.inflated(at) {
                Ok(inflated) => bytes = inflated,
                Err(e) => {
                    header.fault = Some(e.to_string());
                    return Ok(Some(header));
                }
            }
        }
        let start = if header.deflated_at.is_some() { 0 } else { at };
        let encoding = header.encoding(&mut bytes, start)?;
        if header.syntax.is_empty() {
            header.syntax = if encoding.implicit { IMPLICIT } else { EXPLICIT }.into();
        }
        match header.read_data_set(&mut bytes, start, encoding) {
            Err(e) => header.fault = Some(e.to_string()),
            Ok(()) if header.pixels.is_none() => header.fault = Some("the file ends before its pixels".into()),
            Ok(()) => (),
        }
        Ok(Some(header))
    }

    /// Reads the meta information, if any; where the data set begins.
    fn read_meta(&mut self, bytes: &mut Bytes) -> io::Result<Option<u64>> {
        let marked = [132, 4].into_iter().find(|end| bytes.at(end - 4).is_ok_and(|mark| mark == Some(*b"DICM")));
        let mut at = marked.unwrap_or(0);
        let mut count = 0;
        while tag_at(bytes, at, Encoding::EXPLICIT)?.is_some_and(|tag| tag >> 16 == 2) {
            // Group 2 is explicit little endian, always (PS3.10 7.1); its length isn't relied upon.
            let mut walk = Walk::new(bytes, at, Encoding::EXPLICIT);
            let element = match walk.next() {
                Ok(Some(element)) if element.length != UNDEFINED => element,
                Ok(_) => break,
                Err(e) => {
                    self.fault = Some(e.to_string());
                    break;
                }
            };
            self.keep(bytes, &element, None)?;
            at = element.at + u64::from(element.length);
            count += 1;
        }
        self.syntax = self.text(TRANSFER_SYNTAX);
        if marked.is_some() {
            return Ok(Some(at));
        }
        // Data sets begin with the group of the identification, directories with their own.
        let group = bytes.at(at)?.map_or(0, |[low, high]: [u8; 2]| u16::from_le_bytes([low, high]));
        let best = [Encoding::EXPLICIT, Encoding::IMPLICIT, Encoding::BIG_ENDIAN].into_iter();
        let best = best.map(|encoding| score(bytes, at, encoding)).collect::<io::Result<Vec<_>>>()?.into_iter().max();
        let is_dicom = count + best.unwrap_or(0) >= EVIDENCE && (count > 0 || matches!(group, 4 | 8 | 0x0800));
        Ok(is_dicom.then_some(at))
    }

    /// How the data set is written: as stated, unless its elements say otherwise.
    fn encoding(&self, bytes: &mut Bytes, at: u64) -> io::Result<Encoding> {
        let stated = match self.syntax.as_str() {
            IMPLICIT => Encoding::IMPLICIT,
            BIG_ENDIAN => Encoding::BIG_ENDIAN,
            _ => Encoding::EXPLICIT,
        };
        let (mut best, mut best_score) = (stated, score(bytes, at, stated)?);
        for other in [Encoding::EXPLICIT, Encoding::IMPLICIT, Encoding::BIG_ENDIAN] {
            let other_score = score(bytes, at, other)?;
            if other_score > best_score {
                (best, best_score) = (other, other_score);
            }
        }
        Ok(best)
    }

    fn read_data_set(&mut self, bytes: &mut Bytes, at: u64, encoding: Encoding) -> io::Result<()> {
        let mut walk = Walk::new(bytes, at, encoding);
        while let Some(element) = walk.next()? {
            if element.tag == PIXEL_DATA {
                self.pixels = Some(self.pixels(walk.bytes(), &element, encoding)?);
                return Ok(());
            }
            let frame = walk.frame();
            self.keep(walk.bytes(), &element, frame)?;
        }
        Ok(())
    }

    /// Keeps a value that is wanted, of the image or of one of its frames: the first.
    fn keep(&mut self, bytes: &mut Bytes, element: &Element, frame: Option<usize>) -> io::Result<()> {
        let is_wanted = WANTED.contains(&element.tag) || KEPT.contains(&element.tag);
        // A frame without a value of its own counts, too.
        let values = match frame {
            None => &mut self.values,
            Some(frame) if frame >= MAX_FRAMES => {
                return Err(io::Error::other(format!("it has functional groups of more than {MAX_FRAMES} frames")));
            }
            Some(frame) => {
                self.frames.resize_with(self.frames.len().max(frame + 1), Values::new);
                &mut self.frames[frame]
            }
        };
        if !is_wanted || values.contains_key(&element.tag) {
            return Ok(());
        }
        let value = match element.tag {
            // Only whether there is one.
            tag::MODALITY_LUT => {
                let encoding = Encoding { implicit: true, big_endian: element.big_endian };
                let is_empty = element.length == 0 || tag_at(bytes, element.at, encoding)? != Some(ITEM);
                if is_empty { Vec::new() } else { vec![1] }
            }
            _ if element.length > MAX_VALUE_BYTES => return Ok(()),
            _ => bytes.read(element.at, element.length.into())?,
        };
        values.insert(element.tag, Value { bytes: value, big_endian: element.big_endian });
        Ok(())
    }

    /// How many frames have functional groups of their own.
    pub fn placed_frames(&self) -> usize {
        self.frames.len()
    }

    /// What the file says of one frame, from 0, without its pixels: what holds of the image, and the frame's own.
    pub fn of_frame(&self, frame: usize) -> Self {
        let mut values = self.values.clone();
        for (tag, value) in self.frames.get(frame).into_iter().flatten() {
            values.entry(*tag).or_insert_with(|| value.clone());
        }
        Header { values, syntax: self.syntax.clone(), deflated_at: self.deflated_at, ..Header::default() }
    }

    /// A value of the image, else of its first frame.
    fn value(&self, tag: u32) -> Option<&Value> {
        self.values.get(&tag).or_else(|| self.frames.first()?.get(&tag))
    }

    /// A text without its padding; empty where there is none.
    pub fn text(&self, tag: u32) -> String {
        let value = self.value(tag).map(|value| String::from_utf8_lossy(&value.bytes));
        value.unwrap_or_default().trim_matches(PADDING).to_owned()
    }

    /// A value as it lies in the file.
    pub fn bytes(&self, tag: u32) -> Option<&[u8]> {
        self.value(tag).map(|value| value.bytes.as_slice())
    }

    /// A whole number, binary of any width or in digits.
    pub fn integer(&self, tag: u32) -> Option<i64> {
        let Value { bytes, big_endian } = self.value(tag)?;
        let mut bytes = bytes.clone();
        if *big_endian {
            bytes.reverse();
        }
        match bytes.as_slice() {
            [a, b] if !is_digits(&[*a, *b]) => Some(u16::from_le_bytes([*a, *b]).into()),
            [a, b, c, d] if !is_digits(&[*a, *b, *c, *d]) => Some(u32::from_le_bytes([*a, *b, *c, *d]).into()),
            _ => self.text(tag).parse().ok(),
        }
    }

    /// A binary number of two bytes, without its sign.
    pub fn binary16(&self, tag: u32) -> Option<u16> {
        let Value { bytes, big_endian } = self.value(tag)?;
        let bytes: [u8; 2] = bytes.as_slice().try_into().ok()?;
        Some(if *big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    /// Decimal strings (PS3.5 6.2); `None` unless there are `N` finite numbers.
    pub fn decimals<const N: usize>(&self, tag: u32) -> Option<[f64; N]> {
        let text = self.text(tag);
        let number = |part: &str| part.trim_matches(['\0', ' ']).parse().ok().filter(|v: &f64| v.is_finite());
        text.split('\\').map(number).collect::<Option<Vec<_>>>()?.try_into().ok()
    }

    /// True where a sequence has an item.
    pub fn has_item(&self, tag: u32) -> bool {
        self.value(tag).is_some_and(|value| !value.bytes.is_empty())
    }

    fn pixels(&mut self, bytes: &mut Bytes, element: &Element, encoding: Encoding) -> io::Result<Pixels> {
        if element.length == UNDEFINED {
            let mut fragments = fragments(bytes, element, encoding)?.0;
            let (at, length) = fragments.remove(0);
            let table = bytes.read(at, length.into())?;
            self.offsets = table.as_chunks().0.iter().map(|offset| u32::from_le_bytes(*offset)).collect();
            return Ok(Pixels::Fragments(fragments));
        }
        let left = bytes.size().saturating_sub(element.at);
        if u64::from(element.length) > left {
            let (tag, length) = (elements::name(PIXEL_DATA), element.length);
            return Err(io::Error::other(format!(
                "the pixels are cut off: element {tag} says it has {length} bytes, but {left} are left"
            )));
        }
        Ok(Pixels::Native { at: element.at, length: element.length, big_endian: element.big_endian })
    }
}

/// Two or four digits: a number in text. As a binary number it would be 12336 or more, which no attribute here is.
fn is_digits(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| b.is_ascii_digit() || *b == b' ')
}
