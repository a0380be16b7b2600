//! What each file of a folder is: an image of a CT, something else, or nothing that can be read.

use std::{collections::BTreeSet, io, path::Path};

use dicom_core::dictionary::UidDictionary;
use dicom_dictionary_std::StandardSopClassDictionary;

use super::{
    frames,
    header::{Header, tag},
    slice::{Slice, sop_class},
};

/// CT Image Storage, and enhanced and legacy converted enhanced CT (PS3.4 B.5).
const CT_CLASSES: [&str; 3] =
    ["1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"];
/// Secondary Capture Image Storage, and its multi-frame kinds.
const SECONDARY_CAPTURE: &str = "1.2.840.10008.5.1.4.1.1.7";
const DIRECTORY: &str = "1.2.840.10008.1.3.10";
/// Values of Image Type of images that are no slices (PS3.3 C.8.2.1.1.1), as scanners write them.
const LOCALIZERS: [&str; 3] = ["LOCALIZER", "SCOUT", "TOPOGRAM"];
/// Values of Image Type of images whose values are no measurement at a place: projections and pictures of surfaces.
const PROJECTIONS: [&str; 6] = ["MIP", "MINIP", "MAX_IP", "MIN_IP", "VOLREN", "VRT"];
/// Names of files that systems leave behind, in lower case.
const SYSTEM_FILES: [&str; 5] = ["thumbs.db", "desktop.ini", ".ds_store", "autorun.inf", ".directory"];
/// First bytes of a macOS resource fork (AppleDouble).
const APPLE_DOUBLE: [u8; 4] = [0, 5, 0x16, 7];
/// Endings of DICOM files, in lower case.
const DICOM_ENDINGS: [&str; 4] = ["dcm", "dicom", "ima", "dic"];

/// What a file is.
pub enum Kind {
    /// An image of a CT, or the frames of one.
    Image(Vec<Slice>),
    /// Something that is no part of a CT's volume.
    Other { why: String, modality: String, series: String, slice: Option<Box<Slice>> },
    /// It can't be read, and may be a slice: of which series is known or empty.
    Damaged { why: String, series: String },
    /// No DICOM, or nothing at all.
    Foreign { why: &'static str, is_text: bool },
}

/// Looks into a file. Adds what names the patient to `names`.
pub fn of(path: &Path, names: &mut BTreeSet<String>) -> Kind {
    let file = super::super::file_name(path).to_lowercase();
    if SYSTEM_FILES.contains(&file.as_str()) {
        return nothing("a file of the system");
    }
    // Whatever its state: nothing in it is needed.
    if file == "dicomdir" {
        return nothing("a DICOMDIR");
    }
    match Header::read(path) {
        Err(e) => Kind::Damaged { why: e.to_string(), series: String::new() },
        Ok(None) => foreign(path),
        Ok(Some(header)) => {
            names.extend(words(&header.text(tag::PATIENT_NAME)));
            names.extend(words(&header.text(tag::PATIENT_ID)));
            of_header(path, &header)
        }
    }
}

/// Parts of a name that are long enough to know someone by.
fn words(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    parts.filter(|part| part.chars().count() > 2).collect::<Vec<_>>().into_iter()
}

/// A file that is known to be no image.
fn nothing(why: &str) -> Kind {
    Kind::Other { why: why.into(), modality: String::new(), series: String::new(), slice: None }
}

fn foreign(path: &Path) -> Kind {
    let start = first_bytes(path).unwrap_or_default();
    if start.starts_with(&APPLE_DOUBLE) {
        return nothing("a file of the system");
    }
    let is_text = !start.is_empty() && std::str::from_utf8(&start).is_ok_and(|text| !text.contains('\0'));
    Kind::Foreign { why: if start.is_empty() { "it is empty" } else { "it is not a DICOM file" }, is_text }
}

fn first_bytes(path: &Path) -> io::Result<Vec<u8>> {
    use std::io::Read;
    let mut start = Vec::new();
    crate::regular::open(path)?.take(256).read_to_end(&mut start)?;
    // A letter may be cut in two.
    while start.last().is_some_and(|byte| !byte.is_ascii()) && start.len() > 250 {
        start.pop();
    }
    Ok(start)
}

fn of_header(path: &Path, header: &Header) -> Kind {
    let (modality, series) = (header.text(tag::MODALITY), header.text(tag::SERIES));
    let class = sop_class(header);
    let other = |why: String| Kind::Other { why, modality: modality.clone(), series: series.clone(), slice: None };
    // It may be a slice whose header is wrong.
    let slice = || header.pixels.clone().map(|pixels| Box::new(Slice::of(path, header, pixels)));
    let odd = |why: String| Kind::Other { why, modality: modality.clone(), series: series.clone(), slice: slice() };
    // So may this where it has a place.
    let odd_if_placed = |why: String| {
        let slice = slice().filter(|slice| slice.place().is_some());
        Kind::Other { why, modality: modality.clone(), series: series.clone(), slice }
    };
    let is_ct = CT_CLASSES.contains(&class.as_str());
    // A capture, or a scanner's own class, may be a slice where it has a place.
    let needs_place = class.starts_with(SECONDARY_CAPTURE) || class_name(&class).is_none();
    if class == DIRECTORY {
        return other("a DICOMDIR".into());
    }
    if let Some(name) = class_name(&class).filter(|_| !is_ct && !needs_place) {
        return odd(name);
    }
    // What is no code string (PS3.5 6.2) is damage.
    let is_code = |text: &str| text.len() <= 16 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if modality != "CT" && !modality.is_empty() && is_code(&modality) {
        return odd(format!("an image of modality {modality}"));
    }
    if let Some(value) = image_type(header, &LOCALIZERS) {
        return odd_if_placed(format!("a localizer (image type {value})"));
    }
    if let Some(value) = image_type(header, &PROJECTIONS) {
        return odd_if_placed(format!("a projection (image type {value})"));
    }
    // A UID that is none says nothing.
    let is_uid =
        !series.is_empty() && series.split('.').all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
    let damaged =
        |why: &str| Kind::Damaged { why: why.into(), series: if is_uid { series.clone() } else { String::new() } };
    let Some(pixels) = header.pixels.clone() else {
        return damaged(header.fault.as_deref().unwrap_or("it has no pixels"));
    };
    let slices = match frames::of(path, header, pixels) {
        Ok(slices) => slices,
        Err(reason) => return damaged(&reason),
    };
    let slice = &slices[0];
    if needs_place && !class.is_empty() && slice.place().is_none() {
        return odd("a picture without a place in the patient (a secondary capture)".into());
    }
    if slice.rows == 0 || slice.columns == 0 {
        return damaged("it doesn't say how many rows and columns it has");
    }
    if modality != "CT" && !(modality.is_empty() && is_ct) {
        return damaged("it doesn't say of which modality it is");
    }
    Kind::Image(slices)
}

/// The first value of the image's or its frame's type that is among `values`.
fn image_type(header: &Header, values: &[&str]) -> Option<String> {
    let types = [tag::IMAGE_TYPE, tag::FRAME_TYPE].map(|tag| header.text(tag).to_uppercase());
    let mut parts = types.iter().flat_map(|text| text.split('\\')).flat_map(|part| part.split(' '));
    parts.find(|part| values.contains(part)).map(str::to_owned)
}

fn class_name(uid: &str) -> Option<String> {
    StandardSopClassDictionary.by_uid(uid).map(|entry| entry.name.to_owned())
}

/// What the names of files of one kind share, in lower case: their ending, and the letters before it.
pub fn pattern(path: &Path) -> (String, String) {
    let file = super::super::file_name(path).to_lowercase();
    let ending = ending(&file);
    let stem = &file[..file.len() - ending.len()];
    (ending.to_owned(), stem.chars().filter(|c| c.is_alphabetic()).collect())
}

/// True where a file that can't be read is named as slices are, whose patterns are given.
pub fn is_like(path: &Path, slices: &BTreeSet<(String, String)>, is_text: bool) -> bool {
    let (ending, letters) = pattern(path);
    let is_dicom = DICOM_ENDINGS.contains(&ending.as_str());
    let has_ending = |(other, _): &(String, String)| *other == ending && !(ending.is_empty() && is_text);
    // One that lost its ending, or has one that a copy in progress gives.
    let has_letters = |(_, other): &(String, String)| {
        let file = super::super::file_name(path);
        *other == letters && ending.is_empty() && file.chars().any(|c| c.is_ascii_digit())
    };
    let is_partial = super::super::file_name(path).to_lowercase().contains(".dcm.");
    is_dicom || is_partial || slices.iter().any(|slice| has_ending(slice) || has_letters(slice))
}

/// What follows the last dot, if it has letters: a UID has no ending.
fn ending(name: &str) -> &str {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    if ending.chars().any(char::is_alphabetic) && ending.len() < 6 { ending } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_like_a_slice_by_its_ending_or_by_its_letters() {
        let like =
            |file: &str, slice: &str, is_text| is_like(Path::new(file), &[pattern(Path::new(slice))].into(), is_text);
        assert!(like("IM0004.DCM", "IM0001.dcm", true), "an error page that was saved as a slice");
        assert!(like("IM0004.dcm.part", "IM0001.dcm", false));
        assert!(like("IM0004", "IM0001", true) && like("1.2.3.9", "1.2.3.4", false) && like("00AF", "00BE", false));
        assert!(like("IM0004", "IM0001.dcm", false));
        assert!(like("IM0004.IMA", "a/00001", false));
        assert!(!like("README", "IM0001", true) && !like("report.pdf", "IM0001", false));
        assert!(!like("notes.txt", "IM0001.dcm", true) && !like("picture.png", "IM0001.dcm", false));
    }

    #[test]
    fn foreign_files_are_text_empty_or_something_else() {
        let folder = tempfile::tempdir().unwrap();
        let kind = |bytes: &[u8]| {
            let path = folder.path().join("a");
            std::fs::write(&path, bytes).unwrap();
            match of(&path, &mut BTreeSet::new()) {
                Kind::Foreign { why, is_text } => (why.to_owned(), is_text),
                Kind::Other { why, .. } => (why, false),
                _ => panic!("neither"),
            }
        };
        assert_eq!(kind(b""), ("it is empty".into(), false));
        assert_eq!(kind("Grüße".as_bytes()), ("it is not a DICOM file".into(), true));
        assert_eq!(kind(&[0; 100]), ("it is not a DICOM file".into(), false));
        assert_eq!(kind(&[APPLE_DOUBLE.as_slice(), &[0; 100]].concat()), ("a file of the system".into(), false));
    }
}
