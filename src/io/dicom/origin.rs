//! What a DICOM series says of its patient, its study and its images: what objects derived from it repeat and refer to.

use std::{collections::BTreeMap, fmt};

use super::{
    header::{PADDING, kept},
    slice::Slice,
    stack::Stack,
};

/// Patient and study as the first image has them, and each image. It names the patient: nothing of it belongs into a
/// message or a manifest.
#[derive(Clone, PartialEq)]
pub struct DicomSeries {
    /// Values of patient, study and content by tag, as they lie in the file: texts in the file's own character set.
    pub kept: BTreeMap<u32, Vec<u8>>,
    /// UID of the study; may be empty, as the next two.
    pub study: String,
    /// UID of the series.
    pub series: String,
    /// UID of the frame of reference: that of the first image.
    pub frame_of_reference: String,
    /// Directions along a row and along a column, in LPS (PS3.3 C.7.6.2.1.1).
    pub orientation: [f64; 6],
    /// Distance between rows, and between columns, in mm.
    pub pixel_mm: [f64; 2],
    /// The images in the order of the volume's slices.
    pub images: Vec<DicomImage>,
}

/// One image of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct DicomImage {
    /// UID of its class; may be empty, as the next.
    pub sop_class: String,
    /// UID of its object.
    pub sop_instance: String,
    /// Which frame of an object of several it is, from 1.
    pub frame: Option<u32>,
    /// Its number in the series, as viewers show it.
    pub instance_number: Option<i64>,
    /// Centre of its first pixel, in mm, LPS.
    pub position_mm: [f64; 3],
}

impl DicomSeries {
    /// That of a stack.
    pub(super) fn of(stack: &Stack) -> Self {
        let first = &stack.slices[0];
        let image = |slice: &Slice| DicomImage {
            sop_class: slice.sop_class.clone(),
            sop_instance: slice.sop_instance.clone(),
            frame: slice.frame.map(|frame| frame + 1),
            instance_number: slice.instance_number,
            position_mm: slice.position.unwrap_or_default(),
        };
        let study = first.kept.get(&kept::STUDY).map(|value| String::from_utf8_lossy(value));
        DicomSeries {
            kept: first.kept.as_ref().clone(),
            study: study.unwrap_or_default().trim_matches(PADDING).to_owned(),
            series: first.series.clone(),
            frame_of_reference: first.frame_of_reference.clone(),
            orientation: first.orientation.unwrap_or_default(),
            pixel_mm: first.pixel_mm.unwrap_or_default(),
            images: stack.slices.iter().map(image).collect(),
        }
    }
}

impl fmt::Debug for DicomSeries {
    /// Nothing that names the patient.
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("DicomSeries").field("images", &self.images.len()).finish_non_exhaustive()
    }
}
