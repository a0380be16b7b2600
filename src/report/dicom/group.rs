//! The measurement group of one nodule (PS3.16 TID 1411): what it is, where it is outlined, and every measure of the table.

use dicom_dictionary_std::tags;

use super::{
    Objects, algorithm,
    codes::{CUBIC_MILLIMETRE, Concept, LATERALITY, LEFT, LUNG, MILLIMETRE, NO, RIGHT, YES, dcm, sct},
    content::{Item, Relation},
    data_set::DataSet,
    modules,
    segmentation::OUTLINES,
    segments::Segment,
};
use crate::{
    contract::classes::Output,
    findings::{
        measures::{Get, MEASURES, Measure, columns},
        nodule::Nodule,
    },
    report::{tables, words},
};

const TEMPLATE: &str = "1411";
/// Measures that the group says in another way: number, class, and in which lung.
const SAID: [&str; 3] = ["id", "class", "side"];

/// A reference to the object with the outlines.
pub fn outlines(objects: &Objects<'_>) -> DataSet {
    modules::reference(OUTLINES.sop_class, &objects.hash.uid(&OUTLINES.output.file()))
}

/// The group.
pub fn of(objects: &Objects<'_>, segment: &Segment<'_>) -> Item {
    let mut inside = vec![
        Item::text(Relation::HasObsContext, dcm("112039", "Tracking Identifier"), &segment.tracking_id),
        Item::uid(Relation::HasObsContext, dcm("112040", "Tracking Unique Identifier"), &segment.tracking_uid),
        Item::code(Relation::Contains, dcm("121071", "Finding"), &segment.finding),
    ];
    if objects.of.model.output == Output::Instances {
        let site = Item::code(Relation::HasConceptMod, sct("363698007", "Finding Site"), &LUNG);
        inside.push(site.holding(laterality(segment.nodule)));
    }
    inside.extend(algorithm::content(objects));
    inside.extend(places(objects, segment));
    let measures = MEASURES.iter().filter(|measure| !SAID.contains(&measure.name));
    inside.extend(measures.flat_map(|measure| said(objects, measure, segment.nodule)));
    let said = objects.of.readings.nodule(segment.nodule.id).and_then(words::reading);
    inside.extend(said.map(|said| Item::text(Relation::Contains, dcm("121106", "Comment"), &said)));
    Item::container(dcm("125007", "Measurement Group"), Some(TEMPLATE), inside)
}

/// Which of the lungs, where that is known.
fn laterality(nodule: &Nodule) -> Option<Item> {
    let side = match nodule.side {
        "right lung" => RIGHT,
        "left lung" => LEFT,
        _ => return None,
    };
    Some(Item::code(Relation::HasConceptMod, LATERALITY, &side))
}

/// The segment, and the images that it lies in.
fn places(objects: &Objects<'_>, segment: &Segment<'_>) -> Vec<Item> {
    let outline = outlines(objects).numbers16(tags::REFERENCED_SEGMENT_NUMBER, &[segment.number]);
    let image = |slice: &usize| {
        let image = &objects.of.source.images[*slice];
        let name = dcm("121233", "Source image for segmentation");
        Item::image(name, modules::image_reference(image))
    };
    let outline = Item::image(dcm("121191", "Referenced Segment"), outline);
    std::iter::once(outline).chain(segment.slices.iter().map(image)).collect()
}

/// What a measure says of a nodule; nothing where there is nothing to say. Places are told by the segment, and lists of one
/// number a sample stand in `nodules.json` alone.
fn said(objects: &Objects<'_>, measure: &Measure, nodule: &Nodule) -> Vec<Item> {
    let name = || Concept::of_measure(measure);
    let unit = Concept::of_unit(measure.unit, objects.of.found.uncertainty);
    let number = |value: f64| {
        let item = Item::number(Relation::Contains, name(), value, &unit);
        if value.is_finite() { vec![item.holding(properties(measure, nodule))] } else { Vec::new() }
    };
    match measure.get {
        Get::Whole(get) => number(get(nodule).into()),
        Get::Number(get) => number(get(nodule)),
        Get::Optional(get) => get(nodule).map_or(Vec::new(), number),
        Get::Flag(get) => {
            let answer = if get(nodule) { YES } else { NO };
            vec![Item::code(Relation::Contains, name(), &answer)]
        }
        Get::Text(get) => text(name(), get(nodule)),
        Get::Texts(get) => get(nodule).iter().flat_map(|one| text(name(), one)).collect(),
        Get::Shares(_) => {
            let columns = columns();
            let own = columns.iter().find(|column| column.name == measure.name);
            own.map_or(Vec::new(), |column| text(name(), &tables::cell(column, nodule)))
        }
        Get::Place(..) | Get::Numbers(_) => Vec::new(),
    }
}

fn text(name: Concept, value: &str) -> Vec<Item> {
    if value.is_empty() { Vec::new() } else { vec![Item::text(Relation::Contains, name, value)] }
}

/// What qualifies a measure: the interval around it (TID 310, CID 225), and that it is a mean (TID 300).
fn properties(measure: &Measure, nodule: &Nodule) -> Vec<Item> {
    let mean = || Item::code(Relation::HasConceptMod, dcm("121401", "Derivation"), &sct("373098007", "Mean"));
    match measure.name {
        "volume_mm3" => interval(nodule.volume_mm3, [nodule.volume_mm3_p05, nodule.volume_mm3_p95], &CUBIC_MILLIMETRE),
        "mean_diameter_mm" => {
            let ends = [nodule.mean_diameter_mm_p05, nodule.mean_diameter_mm_p95];
            std::iter::once(mean()).chain(interval(nodule.mean_diameter_mm, ends, &MILLIMETRE)).collect()
        }
        "mean_hu" => vec![mean()],
        _ => Vec::new(),
    }
}

/// How far the ends of an interval lie from the value; nothing where they aren't known.
fn interval(value: f64, [low, high]: [f64; 2], unit: &Concept) -> Vec<Item> {
    if !low.is_finite() || !high.is_finite() {
        return Vec::new();
    }
    let beyond = |code, meaning, by: f64| Item::number(Relation::HasProperties, sct(code, meaning), by, unit);
    vec![
        beyond("371886008", "+, range of upper measurement uncertainty", high - value),
        beyond("371885007", "-, range of lower measurement uncertainty", value - low),
    ]
}
