//! One image of a CT as its header describes it.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::header::{Header, KEPT, Pixels, tag};

/// Lengths in mm, LPS.
#[derive(Debug, Clone)]
pub struct Slice {
    pub path: PathBuf,
    /// Which frame of its file it is, from 0; `None` in a file of one image.
    pub frame: Option<u32>,
    /// UID of its series; may be empty.
    pub series: String,
    pub series_number: Option<i64>,
    pub description: String,
    pub sop_class: String,
    pub sop_instance: String,
    /// Its number in the series, as viewers show it.
    pub instance_number: Option<i64>,
    /// ID of the patient, to tell patients apart: never shown.
    pub patient: String,
    pub frame_of_reference: String,
    pub acquisition: String,
    /// Values of patient, study and content, as they lie in the file: never shown. Those of all frames are the same.
    pub kept: Arc<BTreeMap<u32, Vec<u8>>>,
    pub rows: u32,
    pub columns: u32,
    /// Of the file, where they are not slices each.
    pub frames: u32,
    pub position: Option<[f64; 3]>,
    pub orientation: Option<[f64; 6]>,
    pub pixel_mm: Option<[f64; 2]>,
    pub stored: Stored,
    pub rescale: Rescale,
    pub facts: BTreeMap<String, String>,
}

/// How its pixels are stored (PS3.3 C.7.6.3).
#[derive(Debug, Clone)]
pub struct Stored {
    pub pixels: Pixels,
    /// UID of the transfer syntax.
    pub syntax: String,
    /// Where the data set is deflated from.
    pub deflated_at: Option<u64>,
    pub samples: i64,
    pub photometric: String,
    /// Zero where the header doesn't say, as the next ones.
    pub bits_allocated: i64,
    pub bits_stored: i64,
    pub high_bit: i64,
    pub signed: Option<bool>,
    /// Stored values between these, each as two bytes without a sign, are no measurement (PS3.3 C.7.5.1.1.2).
    pub padding: Option<[u16; 2]>,
}

/// How stored values become HU (PS3.3 C.11.1).
#[derive(Debug, Clone, PartialEq)]
pub enum Rescale {
    /// HU = slope · stored + intercept.
    Linear { slope: f64, intercept: f64 },
    /// What is wrong with it.
    Unusable(String),
}

impl Slice {
    /// The image of a file whose pixels were found.
    pub fn of(path: &Path, header: &Header, pixels: Pixels) -> Self {
        let number = |tag| header.integer(tag).unwrap_or(0);
        let facts = [
            ("modality", tag::MODALITY),
            ("series_instance_uid", tag::SERIES),
            ("manufacturer", tag::MANUFACTURER),
            ("convolution_kernel", tag::KERNEL),
            ("slice_thickness_mm", tag::SLICE_THICKNESS),
            ("kvp", tag::KVP),
        ];
        let facts = facts.map(|(name, tag)| (name.to_owned(), header.text(tag)));
        let kept = |tag: u32| header.bytes(tag).map(|bytes| (tag, bytes.to_vec()));
        Slice {
            path: path.into(),
            frame: None,
            series: header.text(tag::SERIES),
            series_number: header.integer(tag::SERIES_NUMBER),
            description: header.text(tag::SERIES_DESCRIPTION),
            sop_class: sop_class(header),
            sop_instance: header.text(tag::SOP_INSTANCE),
            instance_number: header.integer(tag::INSTANCE_NUMBER),
            patient: header.text(tag::PATIENT_ID),
            frame_of_reference: header.text(tag::FRAME_OF_REFERENCE),
            acquisition: header.text(tag::ACQUISITION),
            kept: Arc::new(KEPT.into_iter().filter_map(kept).collect()),
            rows: u32::try_from(number(tag::ROWS)).unwrap_or(0),
            columns: u32::try_from(number(tag::COLUMNS)).unwrap_or(0),
            frames: header.integer(tag::FRAMES).and_then(|n| u32::try_from(n).ok()).unwrap_or(1),
            position: header.decimals(tag::POSITION),
            orientation: header.decimals(tag::ORIENTATION),
            pixel_mm: header.decimals(tag::PIXEL_SPACING),
            stored: Stored {
                pixels,
                syntax: header.syntax.clone(),
                deflated_at: header.deflated_at,
                samples: header.integer(tag::SAMPLES).unwrap_or(1),
                photometric: header.text(tag::PHOTOMETRIC),
                bits_allocated: number(tag::BITS_ALLOCATED),
                bits_stored: number(tag::BITS_STORED),
                high_bit: number(tag::HIGH_BIT),
                signed: header.integer(tag::SIGNED).map(|n| n == 1),
                padding: padding(header),
            },
            rescale: rescale(header),
            facts: facts.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
        }
    }

    /// Position, orientation and pixel spacing, if it has all of them.
    pub fn place(&self) -> Option<([f64; 3], [f64; 6], [f64; 2])> {
        Some((self.position?, self.orientation?, self.pixel_mm?))
    }

    /// The name of its file, and which frame of it.
    pub fn name(&self) -> String {
        let file = super::super::file_name(&self.path);
        self.frame.map_or(file.clone(), |frame| format!("{file} (frame {})", frame + 1))
    }

    /// A reason that concerns it, with its frame.
    pub fn concerning(&self, reason: impl fmt::Display) -> String {
        self.frame.map_or(reason.to_string(), |frame| format!("frame {}: {reason}", frame + 1))
    }
}

/// The class that the data set names, else the meta information; empty where neither does.
pub fn sop_class(header: &Header) -> String {
    let named = [tag::SOP_CLASS, tag::STORED_CLASS].map(|tag| header.text(tag));
    named.into_iter().find(|class| !class.is_empty()).unwrap_or_default()
}

fn padding(header: &Header) -> Option<[u16; 2]> {
    let first = header.binary16(tag::PADDING)?;
    let last = header.binary16(tag::PADDING_LIMIT).unwrap_or(first);
    Some([first.min(last), first.max(last)])
}

fn rescale(header: &Header) -> Rescale {
    if header.has_item(tag::MODALITY_LUT) {
        return Rescale::Unusable("has a Modality LUT Sequence (0028,3000), which is not applied here".into());
    }
    let value = |tag, name: &str| {
        let text = header.text(tag);
        let readable = header.decimals(tag).map(|[value]: [f64; 1]| value);
        readable.ok_or_else(|| match text.as_str() {
            "" => format!("has no {name}"),
            text => format!("has a {name} that is not a number: '{text}'"),
        })
    };
    let slope = value(tag::SLOPE, "Rescale Slope (0028,1053)");
    let intercept = value(tag::INTERCEPT, "Rescale Intercept (0028,1052)");
    let unit = header.text(tag::RESCALE_TYPE);
    match (slope, intercept) {
        // Units that are none of HU (PS3.3 C.11.1.1.2); some write US, unspecified.
        _ if ["OD", "MGML", "Z_EFF", "ED", "EDW", "HU_MOD", "PCT"].contains(&unit.as_str()) => {
            Rescale::Unusable(format!("is rescaled to '{unit}', not to HU"))
        }
        (Ok(0.0), _) => Rescale::Unusable("has a Rescale Slope (0028,1053) of 0".into()),
        (Ok(slope), Ok(intercept)) => Rescale::Linear { slope, intercept },
        (Err(reason), _) | (_, Err(reason)) => Rescale::Unusable(reason),
    }
}
