//! What a DICOM series says of its patient, its study and its images: what objects derived from it repeat and refer to.

use std::{collections::BTreeMap, fmt};

use super::{
    header::{Header, KEPT, kept, tag},
    stack::Stack,
};
use crate::error::{Error, Result};

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
    /// Its own UID.
    pub sop_instance: String,
    /// Its number in the series, as viewers show it.
    pub instance_number: Option<i64>,
    /// Centre of its first pixel, in mm, LPS.
    pub position_mm: [f64; 3],
}

impl DicomSeries {
    /// That of a stack.
    ///
    /// # Errors
    /// [`Error::Read`] where the first image can't be read any more.
    pub(super) fn of(stack: &Stack) -> Result<Self> {
        let first = &stack.slices[0];
        let gone = |reason: String| Error::read(&first.path, reason, "Copy the series again");
        let header = Header::read(&first.path).map_err(|e| gone(e.to_string()))?;
        let header = header.ok_or_else(|| gone("it is not a DICOM file any more".into()))?;
        let value = |tag: u32| header.bytes(tag).map(|bytes| (tag, bytes.to_vec()));
        let image = |slice: &super::slice::Slice| DicomImage {
            sop_class: slice.sop_class.clone(),
            sop_instance: slice.sop_instance.clone(),
            instance_number: slice.instance_number,
            position_mm: slice.position.unwrap_or_default(),
        };
        Ok(DicomSeries {
            kept: KEPT.into_iter().filter_map(value).collect(),
            study: header.text(kept::STUDY),
            series: header.text(tag::SERIES),
            frame_of_reference: header.text(tag::FRAME_OF_REFERENCE),
            orientation: first.orientation.unwrap_or_default(),
            pixel_mm: first.pixel_mm.unwrap_or_default(),
            images: stack.slices.iter().map(image).collect(),
        })
    }
}

impl fmt::Debug for DicomSeries {
    /// Nothing that names the patient.
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("DicomSeries").field("images", &self.images.len()).finish_non_exhaustive()
    }
}
