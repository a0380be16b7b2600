//! Modules that all objects share (PS3.3 C.7): patient and study as the CT has them, series, equipment, general content.

use std::collections::BTreeSet;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::{Objects, Run, codes, data_set::DataSet};
use crate::{VERSION, io::DicomImage, report::outputs::Output};

/// What the notice says on every surface.
pub const NOTICE: &str = "Research use only. Not a medical device.";
/// Patient (C.7.1.1), study and patient in it (C.7.2.1, C.7.2.2), character set, time zone: those that are repeated.
const REPEATED: [Tag; 18] = [
    tags::SPECIFIC_CHARACTER_SET,
    tags::TIMEZONE_OFFSET_FROM_UTC,
    tags::STUDY_DATE,
    tags::STUDY_TIME,
    tags::ACCESSION_NUMBER,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::STUDY_DESCRIPTION,
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::ISSUER_OF_PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
    tags::PATIENT_AGE,
    tags::PATIENT_SIZE,
    tags::PATIENT_WEIGHT,
    tags::PATIENT_IDENTITY_REMOVED,
    tags::DEIDENTIFICATION_METHOD,
    tags::STUDY_ID,
];
/// Those that have to be there, with or without a value.
const NEEDED: [Tag; 9] = [
    tags::STUDY_DATE,
    tags::STUDY_TIME,
    tags::ACCESSION_NUMBER,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
    tags::STUDY_ID,
];
/// What stands for a date that the CT doesn't have.
const NO_DATE: &str = "19000101";

/// One of the objects: what it is, and its place in the study.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Its file.
    pub output: Output,
    pub sop_class: &'static str,
    pub modality: &'static str,
    pub series_number: &'static str,
    pub series_description: &'static str,
}

/// Everything but the content of an object. `thing` is what its own UID is made from, besides the run.
pub fn frame(objects: &Objects<'_>, kind: Kind, thing: &str, instance_number: usize) -> DataSet {
    let Run { source, bundle, .. } = objects.of;
    let needed = NEEDED.iter().fold(DataSet::new(), |set, tag| set.text(*tag, ""));
    let kept = |tag: &Tag| source.kept.get(&number(*tag)).map(|value| (*tag, value));
    let repeated = REPEATED.iter().filter_map(kept).fold(needed, |set, (tag, value)| set.raw_text(tag, value));
    let [date, time] = content_moment(objects);
    repeated
        .text(tags::SOP_CLASS_UID, kind.sop_class)
        .text(tags::SOP_INSTANCE_UID, &objects.hash.uid(thing))
        .item(tags::CODING_SCHEME_IDENTIFICATION_SEQUENCE, codes::own_scheme())
        .text(tags::STUDY_INSTANCE_UID, &source.study)
        .text(tags::SERIES_INSTANCE_UID, &series_uid(objects, kind))
        .text(tags::MODALITY, kind.modality)
        .text(tags::SERIES_NUMBER, kind.series_number)
        .text(tags::SERIES_DESCRIPTION, kind.series_description)
        .text(tags::MANUFACTURER, "sam2lung")
        .text(tags::MANUFACTURER_MODEL_NAME, &format!("{} {}", bundle.model.name, bundle.model.version))
        .text(tags::DEVICE_SERIAL_NUMBER, &bundle.contract_sha256)
        .text(tags::SOFTWARE_VERSIONS, VERSION)
        .text(tags::INSTANCE_NUMBER, &instance_number.to_string())
        .text(tags::CONTENT_DATE, &date)
        .text(tags::CONTENT_TIME, &time)
}

/// UID of an object's series.
pub fn series_uid(objects: &Objects<'_>, kind: Kind) -> String {
    objects.hash.uid(&format!("series {}", kind.output.file()))
}

/// Date and time of the CT's content, else of its study: the moment of a run would make the same run's objects differ.
fn content_moment(objects: &Objects<'_>) -> [String; 2] {
    let value = |tag: Tag| {
        let value = objects.of.source.kept.get(&number(tag)).map(|value| String::from_utf8_lossy(value));
        value.unwrap_or_default().trim_matches(['\0', ' ']).to_owned()
    };
    let is_date = |text: &String| text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
    let is_time =
        |text: &String| (2..=13).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let moments = [(tags::CONTENT_DATE, tags::CONTENT_TIME), (tags::STUDY_DATE, tags::STUDY_TIME)];
    let dated = moments.into_iter().map(|(date, time)| (value(date), value(time))).find(|(date, _)| is_date(date));
    let (date, time) = dated.unwrap_or_else(|| (NO_DATE.into(), String::new()));
    [date, if is_time(&time) { time } else { "000000".into() }]
}

fn number(tag: Tag) -> u32 {
    u32::from(tag.group()) << 16 | u32::from(tag.element())
}

/// A reference to an object (PS3.3 10.8).
pub fn reference(sop_class: &str, sop_instance: &str) -> DataSet {
    DataSet::new().text(tags::REFERENCED_SOP_CLASS_UID, sop_class).text(tags::REFERENCED_SOP_INSTANCE_UID, sop_instance)
}

/// A reference to one image of the CT, or to a frame of one.
pub fn image_reference(image: &DicomImage) -> DataSet {
    let set = reference(&image.sop_class, &image.sop_instance);
    match image.frame {
        Some(frame) => set.text(tags::REFERENCED_FRAME_NUMBER, &frame.to_string()),
        None => set,
    }
}

/// References to all objects of the CT, each once.
pub fn source_objects(objects: &Objects<'_>) -> Vec<DataSet> {
    let mut seen = BTreeSet::new();
    let images = objects.of.source.images.iter().filter(|image| seen.insert(image.sop_instance.as_str()));
    images.map(|image| reference(&image.sop_class, &image.sop_instance)).collect()
}
