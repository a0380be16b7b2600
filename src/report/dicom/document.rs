//! The structured report (PS3.3 A.35.13, PS3.16 TID 1500): a measurement group for each nodule.

use dicom_dictionary_std::{tags, uids};

use super::{
    Objects,
    codes::{Concept, concept, dcm, sct},
    content::{self, Item, Relation},
    data_set::DataSet,
    group,
    modules::{self, Kind, NOTICE},
    segmentation::OUTLINES,
    segments::Segment,
};
use crate::report::{outputs::DICOM_REPORT, words};

/// The report.
pub const REPORT: Kind = Kind {
    output: DICOM_REPORT,
    sop_class: uids::COMPREHENSIVE3_DSR_STORAGE,
    modality: "SR",
    series_number: "9004",
    series_description: "sam2lung measurements (research use only)",
};
const TEMPLATE: &str = "1500";

/// The document.
pub fn of(objects: &Objects<'_>, segments: &[Segment<'_>]) -> DataSet {
    let inside = [
        language(),
        observer(objects),
        vec![
            Item::code(Relation::HasConceptMod, dcm("121058", "Procedure Reported"), &sct("169069000", "CT of chest")),
            library(objects),
        ],
        groups(objects, segments),
        vec![remarks(objects, segments.len())],
    ];
    modules::frame(objects, REPORT, &REPORT.output.file(), 1)
        .items(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, Vec::new())
        .items(tags::PERFORMED_PROCEDURE_CODE_SEQUENCE, Vec::new())
        .text(tags::COMPLETION_FLAG, "COMPLETE")
        .text(tags::VERIFICATION_FLAG, "UNVERIFIED")
        .text(tags::PRELIMINARY_FLAG, "PRELIMINARY")
        .item(tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, evidence(objects, !segments.is_empty()))
        .with(content::root(&dcm("126000", "Imaging Measurement Report"), TEMPLATE, inside.concat()))
}

/// All that the content refers to (PS3.3 C.17.2.3).
fn evidence(objects: &Objects<'_>, has_segments: bool) -> DataSet {
    let series = |uid: &str, objects: Vec<DataSet>| {
        DataSet::new().items(tags::REFERENCED_SOP_SEQUENCE, objects).text(tags::SERIES_INSTANCE_UID, uid)
    };
    let images = series(&objects.of.source.series, modules::source_objects(objects));
    let outlines = series(&modules::series_uid(objects, OUTLINES), vec![group::outlines(objects)]);
    let all = if has_segments { vec![images, outlines] } else { vec![images] };
    DataSet::new().items(tags::REFERENCED_SERIES_SEQUENCE, all).text(tags::STUDY_INSTANCE_UID, &objects.of.source.study)
}

/// TID 1204.
fn language() -> Vec<Item> {
    let name = dcm("121049", "Language of Content Item and Descendants");
    vec![Item::code(Relation::HasConceptMod, name, &concept("en", "RFC5646", "English"))]
}

/// TID 1002, 1004: this library.
fn observer(objects: &Objects<'_>) -> Vec<Item> {
    let text = |code, meaning, value: &str| Item::text(Relation::HasObsContext, dcm(code, meaning), value);
    let model = &objects.of.bundle.model;
    vec![
        Item::code(Relation::HasObsContext, dcm("121005", "Observer Type"), &dcm("121007", "Device")),
        Item::uid(Relation::HasObsContext, dcm("121012", "Device Observer UID"), &objects.hash.uid("observer")),
        text("121013", "Device Observer Name", "sam2lung"),
        text("121014", "Device Observer Manufacturer", "sam2lung"),
        text("121015", "Device Observer Model Name", &format!("{} {}", model.name, model.version)),
    ]
}

/// TID 1600: the images of the CT.
fn library(objects: &Objects<'_>) -> Item {
    let frame = objects.frame_of_reference();
    let context = [
        Item::code(Relation::HasAcqContext, dcm("121139", "Modality"), &dcm("CT", "Computed Tomography")),
        Item::uid(Relation::HasAcqContext, dcm("112227", "Frame of Reference UID"), &frame),
    ];
    let images =
        modules::source_objects(objects).into_iter().map(|image| Item::image(sct("260753009", "Source"), image));
    let group = dcm("126200", "Image Library Group");
    let group = Item::container(group, None, context.into_iter().chain(images).collect());
    Item::container(dcm("111028", "Image Library"), Some("1600"), vec![group])
}

/// The measurement groups; none where nothing was found.
fn groups(objects: &Objects<'_>, segments: &[Segment<'_>]) -> Vec<Item> {
    if segments.is_empty() {
        return Vec::new();
    }
    let groups = segments.iter().map(|segment| group::of(objects, segment)).collect();
    vec![Item::container(dcm("126010", "Imaging Measurements"), None, groups)]
}

/// What holds of the whole result, in words.
fn remarks(objects: &Objects<'_>, reported: usize) -> Item {
    let (found, readings) = (objects.of.found, objects.of.readings);
    let comment = |text: &str| Item::text(Relation::Contains, dcm("121106", "Comment"), text);
    let mut inside = vec![comment(NOTICE)];
    inside.push(comment(&match found.nodules.len() {
        0 => "No nodule was found by this run. That is no proof that there is none.".to_owned(),
        _ => format!("{reported} finding(s); interval of a volume: {}", found.volume_interval.meaning()),
    }));
    inside.extend(
        words::readings(&found.nodules, readings)
            .map(|read| comment(&format!("{read}; rejected ones are no findings here"))),
    );
    if !found.micronodules.is_empty() {
        let (count, limit) = (found.micronodules.len(), found.min_diameter_mm);
        inside.push(comment(&format!("{count} finding(s) below {limit} mm are not reported")));
    }
    inside.extend(found.warnings.iter().map(|warning| comment(&format!("{}: {warning}", warning.name()))));
    Item::container(QUALITATIVE_EVALUATIONS, None, inside)
}

const QUALITATIVE_EVALUATIONS: Concept = concept("C0034375", "UMLS", "Qualitative Evaluations");
