//! The overview picture as secondary captures (PS3.3 A.8), an object a page.

use std::{fs::File, io::BufReader, path::Path};

use dicom_dictionary_std::{tags, uids};

use super::{
    Objects,
    data_set::DataSet,
    modules::{self, Kind, NOTICE},
    uids::RunHash,
};
use crate::{
    error::{Error, Result},
    limits::MAX_PAGES,
    report::outputs::{DICOM_OVERVIEW, OVERVIEW, page},
};

/// The captures.
pub const CAPTURE: Kind = Kind {
    output: DICOM_OVERVIEW,
    sop_class: uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
    modality: "OT",
    series_number: "9005",
    series_description: "sam2lung overview (research use only)",
};

/// A picture, 8 bits of red, green and blue.
struct Picture {
    size: [u16; 2],
    rgb: Vec<u8>,
}

/// The objects of all pages in `folder`, with their file names and what their UIDs are made from.
///
/// # Errors
/// [`Error::Read`] for a page that can't be read.
pub fn of(objects: &Objects<'_>, folder: &Path) -> Result<Vec<(String, String, DataSet)>> {
    let there = (0..MAX_PAGES).map(|number| (number, folder.join(OVERVIEW.with(&page(number), "png"))));
    let page = |(number, path): (usize, std::path::PathBuf)| {
        let picture = read(&path)?;
        let file = CAPTURE.output.with(&page(number), "dcm");
        // The picture's head has the name of the input, which is no part of the run.
        let thing = format!("{file} {}", RunHash::of([picture.rgb.as_slice()]).uid("picture"));
        let set = capture(objects, &thing, number, picture);
        Ok((file, thing, set))
    };
    there.take_while(|(_, path)| path.exists()).map(page).collect()
}

fn capture(
    objects: &Objects<'_>,
    thing: &str,
    number: usize,
    Picture { size: [width, height], rgb }: Picture,
) -> DataSet {
    modules::frame(objects, CAPTURE, thing, number + 1)
        .text(tags::CONVERSION_TYPE, "WSD")
        .texts(tags::IMAGE_TYPE, &["DERIVED", "SECONDARY"])
        .text(tags::BODY_PART_EXAMINED, "CHEST")
        .text(tags::PATIENT_ORIENTATION, "")
        .text(tags::IMAGE_COMMENTS, NOTICE)
        // It shows the input's name, which may be the patient's.
        .text(tags::BURNED_IN_ANNOTATION, "YES")
        .text(tags::LOSSY_IMAGE_COMPRESSION, "00")
        .number(tags::SAMPLES_PER_PIXEL, 3)
        .text(tags::PHOTOMETRIC_INTERPRETATION, "RGB")
        .number(tags::PLANAR_CONFIGURATION, 0)
        .number(tags::ROWS, height)
        .number(tags::COLUMNS, width)
        .number(tags::BITS_ALLOCATED, 8)
        .number(tags::BITS_STORED, 8)
        .number(tags::HIGH_BIT, 7)
        .number(tags::PIXEL_REPRESENTATION, 0)
        .pixels(rgb)
}

fn read(path: &Path) -> Result<Picture> {
    let failed = |reason: String| Error::read(path, reason, "Run again");
    let file = File::open(path).map_err(|e| failed(e.to_string()))?;
    let mut reader = png::Decoder::new(BufReader::new(file)).read_info().map_err(|e| failed(e.to_string()))?;
    let bytes = reader.output_buffer_size().ok_or_else(|| failed("it is too large".into()))?;
    let mut rgb = vec![0; bytes];
    let info = reader.next_frame(&mut rgb).map_err(|e| failed(e.to_string()))?;
    let side = |n: u32| u16::try_from(n).map_err(|_| failed(format!("{n} pixels are too many for DICOM")));
    Ok(Picture { size: [side(info.width)?, side(info.height)?], rgb })
}
