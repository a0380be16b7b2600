//! The overview picture as secondary captures (PS3.3 A.8), an object a page.
//!
//! It is drawn without the input's name, which is that of a folder: the same result has the same objects, whatever the folder is
//! called. Whose CT it is says the object itself.

use dicom_dictionary_std::{tags, uids};

use super::{
    Objects,
    data_set::DataSet,
    modules::{self, Kind, NOTICE},
    uids::RunHash,
};
use crate::{
    error::{Error, Result},
    progress::CancelToken,
    report::{
        outputs::{DICOM_OVERVIEW, page},
        overview::{OverviewTitle, canvas::Canvas, each_page},
    },
};

/// The captures.
pub const CAPTURE: Kind = Kind {
    output: DICOM_OVERVIEW,
    sop_class: uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
    modality: "OT",
    series_number: "9005",
    series_description: "sam2lung overview (research use only)",
};

/// What the picture's head calls the input.
const INPUT: &str = "this CT";

/// The objects of all pages, each with its file's name and what its UID is made from.
///
/// # Errors
/// [`Error::Cancelled`] between pages; [`Error::Internal`] for a picture too large for DICOM.
pub fn of(objects: &Objects<'_>, cancel: &CancelToken) -> Result<Vec<(String, String, DataSet)>> {
    let found = objects.of.found;
    let maps = found.canonical().ok_or_else(|| Error::Internal { what: "the result no longer holds the CT".into() })?;
    let title = OverviewTitle { input: INPUT.into(), ..objects.of.title.clone() };
    let mut captures = Vec::new();
    each_page(&maps, &found.canonical_nodules(), &title, cancel, |number, picture| {
        let file = CAPTURE.output.with(&page(number), "dcm");
        // The picture is part of what the UID is made from: how it is drawn may change while the result stays.
        let thing = format!("{file} {}", RunHash::of([picture.pixels.as_slice()]).uid("picture"));
        let set = capture(objects, &thing, number, picture)?;
        captures.push((file, thing, set));
        Ok(())
    })?;
    Ok(captures)
}

fn capture(objects: &Objects<'_>, thing: &str, number: usize, picture: Canvas) -> Result<DataSet> {
    let side = |pixels: usize| {
        u16::try_from(pixels).map_err(|_| Error::Internal { what: format!("{pixels} pixels are too many for DICOM") })
    };
    let (columns, rows) = (side(picture.width)?, side(picture.height)?);
    let set = modules::frame(objects, CAPTURE, thing, number + 1)
        .text(tags::CONVERSION_TYPE, "WSD")
        .texts(tags::IMAGE_TYPE, &["DERIVED", "SECONDARY"])
        .text(tags::BODY_PART_EXAMINED, "CHEST")
        .text(tags::PATIENT_ORIENTATION, "")
        .text(tags::IMAGE_COMMENTS, NOTICE)
        // A reader's comment and names of files in warnings may name the patient.
        .text(tags::BURNED_IN_ANNOTATION, "YES")
        .text(tags::LOSSY_IMAGE_COMPRESSION, "00")
        .number(tags::SAMPLES_PER_PIXEL, 3)
        .text(tags::PHOTOMETRIC_INTERPRETATION, "RGB")
        .number(tags::PLANAR_CONFIGURATION, 0)
        .number(tags::ROWS, rows)
        .number(tags::COLUMNS, columns)
        .number(tags::BITS_ALLOCATED, 8)
        .number(tags::BITS_STORED, 8)
        .number(tags::HIGH_BIT, 7)
        .number(tags::PIXEL_REPRESENTATION, 0)
        .pixels(picture.pixels);
    Ok(set)
}
