//! The table of measures: all that is said of a nodule, a line each.
//!
//! From it follow the columns of `nodules.csv`, `nodules.json`, the measures that a C program asks for by number, and by
//! `cargo xtask header` the fields of the C, C++ and bridge structs, Slicer's columns and the README's table. Not known
//! here: any of these languages.
//!
//! A new measure is a field of [`Nodule`] and a line of that name at the table's end (programs know the order), then
//! `cargo xtask header`.

use std::borrow::Cow;

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{bands::Share, nodule::Nodule};

/// Between several parts of one cell.
const BETWEEN_TEXTS: &str = "; ";

/// What is said of each nodule, in the order of `nodules.json`.
#[rustfmt::skip]
pub const MEASURES: &[Measure] = &[
    whole("id", "Number", |n| n.id, "number in the label map, from 1"),
    place("centroid_ijk", Unit::Voxel, "Centre", IJK, |n| n.centroid_ijk, "centre as column, row, slice of the CT, from 0"),
    place("centroid_ras", Unit::Millimetre, "Centre", RAS, |n| n.centroid_ras,
        "centre towards right, anterior, superior in the CT's patient frame"),
    number("volume_mm3", Unit::CubicMillimetre, "Volume", |n| n.volume_mm3, "volume of the outline in the label map"),
    number("volume_mm3_p05", Unit::CubicMillimetre, "Volume from", |n| n.volume_mm3_p05,
        "lower end of the interval around the volume; above 0 and at most the volume"),
    number("volume_mm3_p50", Unit::CubicMillimetre, "Volume, median", |n| n.volume_mm3_p50,
        "median of the volume over the samples; outside the interval its nearer end"),
    number("volume_mm3_p95", Unit::CubicMillimetre, "Volume to", |n| n.volume_mm3_p95,
        "upper end of the interval around the volume; at least the volume"),
    number("sample_volume_mm3_p05", Unit::CubicMillimetre, "Sample volume, 5 %", |n| n.sample_volume_mm3_p05,
        "5th percentile of the volume over the samples; a sample that misses the nodule counts as 0"),
    number("sample_volume_mm3_p50", Unit::CubicMillimetre, "Sample volume, median", |n| n.sample_volume_mm3_p50,
        "median of the volume over the samples"),
    number("sample_volume_mm3_p95", Unit::CubicMillimetre, "Sample volume, 95 %", |n| n.sample_volume_mm3_p95,
        "95th percentile of the volume over the samples"),
    number("volume_spread", Unit::None, "Volume spread", |n| n.volume_spread,
        "standard deviation of the natural logarithm of the volume over the samples"),
    number("equivalent_diameter_mm", Unit::Millimetre, "Equivalent diameter", |n| n.equivalent_diameter_mm,
        "diameter of the sphere of that volume"),
    number("long_axis_mm", Unit::Millimetre, "Long axis", |n| n.long_axis_mm, "longest diameter in an axial slice"),
    number("short_axis_mm", Unit::Millimetre, "Short axis", |n| n.short_axis_mm,
        "longest diameter at right angles to the long axis, in the same slice"),
    number("mean_hu", Unit::Hounsfield, "Mean HU", |n| n.mean_hu, "mean over the outline"),
    number("probability_inside", Unit::Share, "Probability inside", |n| n.probability_inside, "mean over the outline"),
    number("probability_around", Unit::None, "Probability around", |n| n.probability_around,
        "probability within 4 mm of the outline that belongs to no nodule, as a share of the outline's voxels: what may be left out"),
    number("uncertainty_mean", Unit::Uncertainty, "Uncertainty", |n| n.uncertainty_mean,
        "mean of the uncertainty map over the outline and the voxels that touch it"),
    number("sample_dice", Unit::Share, "Agreement", |n| n.sample_dice,
        "how well the outlines of two samples agree: mean Dice over the pairs of the first 200 samples; 1 with one sample"),
    number("detection_rate", Unit::Share, "Detection rate", |n| n.detection_rate,
        "share of the samples that found the nodule"),
    optional("nodule_probability", Unit::Share, "Nodule probability", |n| n.nodule_probability,
        "probability that it is a nodule, by the model's classifier; none if the model has no classifier"),
    optional("expected_dice", Unit::Share, "Expected agreement", |n| n.expected_dice,
        "Dice that the outline should have with the true one; none if the model hasn't learnt it"),
    flag("clicked", "Clicked", |n| n.clicked, "whether the network outlined it with clicks"),
    flag("review", "Review", |n| n.review, "whether someone should look again"),
    texts("review_reasons", "Review reasons", |n| &n.review_reasons, "why someone should look again"),
    text("class", "Class", |n| &n.class, "name of its class, as the model has it"),
    numbers("sample_volumes_mm3", Unit::CubicMillimetre, "Sample volumes", |n| &n.sample_volumes_mm3,
        "volume under each sample, in the order of the samples; 0 where it misses the nodule"),
    optional("readers_share", Unit::Share, "Readers", |n| n.readers_share,
        "share of radiologists that would mark it, by the model's classifier; none if the model hasn't learnt it"),
    number("long_axis_3d_mm", Unit::Millimetre, "Long axis, any plane", |n| n.long_axis_3d_mm,
        "longest diameter in any plane, hence in space"),
    number("short_axis_3d_mm", Unit::Millimetre, "Short axis, any plane", |n| n.short_axis_3d_mm,
        "longest diameter at right angles to that long axis, in a plane that holds it"),
    number("mean_diameter_mm", Unit::Millimetre, "Mean diameter", |n| n.mean_diameter_mm,
        "mean of the axial long and short axis, as Lung-RADS v2022 measures: both axes to 0.1 mm, their mean to 0.1 mm"),
    number("mean_diameter_mm_p05", Unit::Millimetre, "Mean diameter from", |n| n.mean_diameter_mm_p05,
        "5th percentile of the mean diameter over the samples; at most the mean diameter; not calibrated; a sample that misses the nodule counts as 0"),
    number("mean_diameter_mm_p95", Unit::Millimetre, "Mean diameter to", |n| n.mean_diameter_mm_p95,
        "95th percentile of the mean diameter over the samples; at least the mean diameter; not calibrated"),
    numbers("sample_mean_diameters_mm", Unit::Millimetre, "Sample mean diameters", |n| &n.sample_mean_diameters_mm,
        "mean diameter under each sample, in the order of the samples; 0 where it misses the nodule"),
    text("lung_rads_2022_diameter_band", "Lung-RADS v2022, diameter band", |n| n.size_bands.lung_rads_diameter.own,
        "size band of the mean diameter by ACR Lung-RADS v2022 (limits 4, 6, 8, 15, 30 mm): a size band, not a recommendation"),
    shares("lung_rads_2022_diameter_band_probabilities", "Lung-RADS v2022, diameter bands", |n| &n.size_bands.lung_rads_diameter.shares,
        "share of the samples in each size band of the mean diameter by Lung-RADS v2022; a sample that misses the nodule is in the lowest"),
    text("lung_rads_2022_volume_band", "Lung-RADS v2022, volume band", |n| n.size_bands.lung_rads_volume.own,
        "size band of the volume by ACR Lung-RADS v2022 (limits 34, 113, 268, 1767, 14137 mm³): a size band, not a recommendation"),
    shares("lung_rads_2022_volume_band_probabilities", "Lung-RADS v2022, volume bands", |n| &n.size_bands.lung_rads_volume.shares,
        "share of the samples in each size band of the volume by Lung-RADS v2022; a sample that misses the nodule is in the lowest"),
    text("fleischner_2017_diameter_band", "Fleischner 2017, diameter band", |n| n.size_bands.fleischner_diameter.own,
        "size band of the mean diameter in whole mm by Fleischner Society 2017 (6 to 8 mm): a size band, not a recommendation"),
    shares("fleischner_2017_diameter_band_probabilities", "Fleischner 2017, diameter bands", |n| &n.size_bands.fleischner_diameter.shares,
        "share of the samples in each size band of the mean diameter by Fleischner 2017; a sample that misses the nodule is in the lowest"),
    text("fleischner_2017_volume_band", "Fleischner 2017, volume band", |n| n.size_bands.fleischner_volume.own,
        "size band of the volume by Fleischner Society 2017 (100 to 250 mm³): a size band, not a recommendation"),
    shares("fleischner_2017_volume_band_probabilities", "Fleischner 2017, volume bands", |n| &n.size_bands.fleischner_volume.shares,
        "share of the samples in each size band of the volume by Fleischner 2017; a sample that misses the nodule is in the lowest"),
    text("bts_2015_diameter_band", "BTS 2015, diameter band", |n| n.size_bands.bts_diameter.own,
        "size band of the axial long axis by British Thoracic Society 2015 (limits 5, 6, 8 mm): a size band, not a recommendation"),
    shares("bts_2015_diameter_band_probabilities", "BTS 2015, diameter bands", |n| &n.size_bands.bts_diameter.shares,
        "share of the samples in each size band of the axial long axis by BTS 2015; a sample that misses the nodule is in the lowest"),
    text("bts_2015_volume_band", "BTS 2015, volume band", |n| n.size_bands.bts_volume.own,
        "size band of the volume by British Thoracic Society 2015 (limits 80, 300 mm³): a size band, not a recommendation"),
    shares("bts_2015_volume_band_probabilities", "BTS 2015, volume bands", |n| &n.size_bands.bts_volume.shares,
        "share of the samples in each size band of the volume by BTS 2015; a sample that misses the nodule is in the lowest"),
    text("texture", "Texture", |n| n.texture,
        "solid, part-solid or ground glass by a rule of HU (see Texture); empty where values aren't HU"),
    optional("solid_volume_mm3", Unit::CubicMillimetre, "Solid volume", |n| n.solid_volume_mm3,
        "volume of the solid part: the largest connected part above -300 HU (Scholten et al. 2015)"),
    optional("solid_mean_diameter_mm", Unit::Millimetre, "Solid mean diameter", |n| n.solid_mean_diameter_mm,
        "mean diameter of the solid part, measured as that of the nodule; 0 where there is none"),
    optional("calcium_mm3", Unit::CubicMillimetre, "Calcium", |n| n.calcium_mm3,
        "volume of the voxels of 200 HU and more; contrast medium counts as well"),
    optional("fat_mm3", Unit::CubicMillimetre, "Fat", |n| n.fat_mm3,
        "volume of the voxels of -120 to -40 HU away from the outline's edge; within ground glass blur can look like fat"),
    optional("mass_mg", Unit::Milligram, "Mass", |n| n.mass_mg,
        "volume times density: (mean HU + 1000) / 1000 mg per mm³"),
    text("side", "Side", |n| n.side,
        "right lung or left lung; empty where the lungs weren't looked for, or not both were found"),
    optional("pleura_distance_mm", Unit::Millimetre, "To the pleura", |n| n.pleura_distance_mm,
        "distance to the border of the lung mask (pleura, or hilum), to about 2 mm; 0 where it reaches beyond; none where the lungs weren't looked for"),
    text("touches_pleura", "Touches pleura", |n| n.touches_pleura,
        "yes where the lung mask's border is 2 mm away or less, else no; empty where the lungs weren't looked for"),
    optional("long_axis_slice", Unit::Voxel, "Slice of the long axis", |n| n.long_axis_slice,
        "slice of the CT with the axial long axis, from 0; none where the CT's slices aren't axial"),
    optional("long_axis_instance_number", Unit::None, "Image of the long axis", |n| n.long_axis_instance_number,
        "instance number of that slice's DICOM image; none for other inputs"),
    text("long_axis_sop_instance_uid", "UID of that image", |n| &n.long_axis_sop_instance_uid,
        "SOP instance UID of that image; empty for other inputs"),
    place("long_axis_3d_start_ras", Unit::Millimetre, "Long axis, any plane, from", LONG_START, |n| n.long_axis_3d_start_ras,
        "where the long axis in any plane begins, towards right, anterior, superior in the CT's patient frame"),
    place("long_axis_3d_end_ras", Unit::Millimetre, "Long axis, any plane, to", LONG_END, |n| n.long_axis_3d_end_ras,
        "where it ends"),
    place("short_axis_3d_start_ras", Unit::Millimetre, "Short axis, any plane, from", SHORT_START, |n| n.short_axis_3d_start_ras,
        "where the short axis in any plane begins, in the same frame"),
    place("short_axis_3d_end_ras", Unit::Millimetre, "Short axis, any plane, to", SHORT_END, |n| n.short_axis_3d_end_ras,
        "where it ends"),
];

const IJK: [[&str; 2]; 3] = [["centroid_i", "I"], ["centroid_j", "J"], ["centroid_k", "K"]];
const RAS: [[&str; 2]; 3] = [["centroid_r", "R"], ["centroid_a", "A"], ["centroid_s", "S"]];
const LONG_START: [[&str; 2]; 3] = [
    ["long_axis_3d_start_r", "Long axis, any plane, from R"],
    ["long_axis_3d_start_a", "Long axis, any plane, from A"],
    ["long_axis_3d_start_s", "Long axis, any plane, from S"],
];
const LONG_END: [[&str; 2]; 3] = [
    ["long_axis_3d_end_r", "Long axis, any plane, to R"],
    ["long_axis_3d_end_a", "Long axis, any plane, to A"],
    ["long_axis_3d_end_s", "Long axis, any plane, to S"],
];
const SHORT_START: [[&str; 2]; 3] = [
    ["short_axis_3d_start_r", "Short axis, any plane, from R"],
    ["short_axis_3d_start_a", "Short axis, any plane, from A"],
    ["short_axis_3d_start_s", "Short axis, any plane, from S"],
];
const SHORT_END: [[&str; 2]; 3] = [
    ["short_axis_3d_end_r", "Short axis, any plane, to R"],
    ["short_axis_3d_end_a", "Short axis, any plane, to A"],
    ["short_axis_3d_end_s", "Short axis, any plane, to S"],
];

/// One measure.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    /// Its name everywhere; never changes once released.
    pub name: &'static str,
    /// What it is measured in.
    pub unit: Unit,
    /// A few words for the head of a column.
    pub title: &'static str,
    /// What it is, for a person: continues "this is the …", without a full stop.
    pub meaning: &'static str,
    /// How it is had from a nodule.
    pub get: Get,
}

/// What a measure is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Nothing, or a number without unit.
    None,
    /// A share or probability, 0 to 1.
    Share,
    /// Voxels of the CT's grid.
    Voxel,
    /// mm.
    Millimetre,
    /// mm³.
    CubicMillimetre,
    /// Hounsfield units.
    Hounsfield,
    /// mg.
    Milligram,
    /// That of the uncertainty map: bits, or none for the variance.
    Uncertainty,
}

impl Unit {
    /// Its symbol; empty for a number without one, and for the uncertainty, whose kind decides.
    pub fn symbol(self) -> &'static str {
        match self {
            Unit::None | Unit::Share | Unit::Uncertainty => "",
            Unit::Voxel => "voxel",
            Unit::Millimetre => "mm",
            Unit::CubicMillimetre => "mm³",
            Unit::Hounsfield => "HU",
            Unit::Milligram => "mg",
        }
    }
}

/// How a measure is had from a nodule, and so of what type it is.
#[derive(Debug, Clone, Copy)]
pub enum Get {
    /// A whole number.
    Whole(fn(&Nodule) -> u16),
    /// A number.
    Number(fn(&Nodule) -> f64),
    /// A number, or none: the model has nothing to say.
    Optional(fn(&Nodule) -> Option<f64>),
    /// A place: the names and titles of its three columns, and its coordinates.
    Place([[&'static str; 2]; 3], fn(&Nodule) -> [f64; 3]),
    /// True or false.
    Flag(fn(&Nodule) -> bool),
    /// A text.
    Text(fn(&Nodule) -> &str),
    /// Several texts; in one cell they are separated by "; ".
    Texts(fn(&Nodule) -> &[String]),
    /// Several numbers; they make no column.
    Numbers(fn(&Nodule) -> &[f64]),
    /// How probable each of several bands is: in `nodules.json` by their names, in one cell `band: probability; …`.
    Shares(fn(&Nodule) -> &[Share]),
}

/// What stands in one cell of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// A whole number.
    Whole(u16),
    /// A number; `None`: the model has nothing to say.
    Number(Option<f64>),
    /// True or false.
    Flag(bool),
    /// A text.
    Text(Cow<'a, str>),
}

/// A column of a table of nodules: a measure, or a part of one.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// A few words for its head.
    pub title: &'static str,
    /// What it belongs to.
    pub measure: &'static Measure,
    axis: usize,
}

impl Column {
    /// What stands in it for a nodule.
    pub fn cell<'a>(&self, nodule: &'a Nodule) -> Cell<'a> {
        match self.measure.get {
            Get::Whole(get) => Cell::Whole(get(nodule)),
            Get::Number(get) => Cell::Number(Some(get(nodule))),
            Get::Optional(get) => Cell::Number(get(nodule)),
            Get::Place(_, get) => Cell::Number(Some(get(nodule)[self.axis])),
            Get::Flag(get) => Cell::Flag(get(nodule)),
            Get::Text(get) => Cell::Text(get(nodule).into()),
            Get::Texts(get) => Cell::Text(get(nodule).join(BETWEEN_TEXTS).into()),
            Get::Numbers(get) => {
                let numbers: Vec<String> = get(nodule).iter().map(f64::to_string).collect();
                Cell::Text(numbers.join(BETWEEN_TEXTS).into())
            }
            Get::Shares(get) => Cell::Text(in_words(get(nodule)).into()),
        }
    }
}

impl Measure {
    /// Its columns: three of a place, none of a list, else one.
    fn columns(&'static self) -> Vec<Column> {
        let column = |axis, [name, title]: [&'static str; 2]| Column { name, title, measure: self, axis };
        match self.get {
            Get::Place(parts, _) => (0..3).map(|axis| column(axis, parts[axis])).collect(),
            Get::Numbers(_) => Vec::new(),
            _ => vec![column(0, [self.name, self.title])],
        }
    }
}

/// Bands and their shares in one cell, the shares to a thousandth.
fn in_words(shares: &[Share]) -> String {
    let one = |share: &Share| format!("{}: {}", share.name, (share.probability * 1000.0).round() / 1000.0);
    shares.iter().map(one).collect::<Vec<_>>().join(BETWEEN_TEXTS)
}

/// Shares by the names of their bands, in the bands' order.
struct ByName<'a>(&'a [Share]);

impl Serialize for ByName<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|share| (share.name, share.probability)))
    }
}

/// All columns, in the order of `nodules.csv`.
pub fn columns() -> Vec<Column> {
    MEASURES.iter().flat_map(Measure::columns).collect()
}

impl Serialize for Nodule {
    /// All measures under their names.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(MEASURES.len()))?;
        for Measure { name, get, .. } in MEASURES {
            match get {
                Get::Whole(get) => map.serialize_entry(name, &get(self)),
                Get::Number(get) => map.serialize_entry(name, &get(self)),
                Get::Optional(get) => map.serialize_entry(name, &get(self)),
                Get::Place(_, get) => map.serialize_entry(name, &get(self)),
                Get::Flag(get) => map.serialize_entry(name, &get(self)),
                Get::Text(get) => map.serialize_entry(name, get(self)),
                Get::Texts(get) => map.serialize_entry(name, get(self)),
                Get::Numbers(get) => map.serialize_entry(name, get(self)),
                Get::Shares(get) => map.serialize_entry(name, &ByName(get(self))),
            }?;
        }
        map.end()
    }
}

type Text = &'static str;

const fn whole(name: Text, title: Text, get: fn(&Nodule) -> u16, meaning: Text) -> Measure {
    Measure { name, unit: Unit::None, title, meaning, get: Get::Whole(get) }
}

const fn number(name: Text, unit: Unit, title: Text, get: fn(&Nodule) -> f64, meaning: Text) -> Measure {
    Measure { name, unit, title, meaning, get: Get::Number(get) }
}

const fn optional(name: Text, unit: Unit, title: Text, get: fn(&Nodule) -> Option<f64>, meaning: Text) -> Measure {
    Measure { name, unit, title, meaning, get: Get::Optional(get) }
}

const fn place(
    name: Text,
    unit: Unit,
    title: Text,
    of: [[Text; 2]; 3],
    get: fn(&Nodule) -> [f64; 3],
    meaning: Text,
) -> Measure {
    Measure { name, unit, title, meaning, get: Get::Place(of, get) }
}

const fn flag(name: Text, title: Text, get: fn(&Nodule) -> bool, meaning: Text) -> Measure {
    Measure { name, unit: Unit::None, title, meaning, get: Get::Flag(get) }
}

const fn text(name: Text, title: Text, get: fn(&Nodule) -> &str, meaning: Text) -> Measure {
    Measure { name, unit: Unit::None, title, meaning, get: Get::Text(get) }
}

const fn texts(name: Text, title: Text, get: fn(&Nodule) -> &[String], meaning: Text) -> Measure {
    Measure { name, unit: Unit::None, title, meaning, get: Get::Texts(get) }
}

const fn numbers(name: Text, unit: Unit, title: Text, get: fn(&Nodule) -> &[f64], meaning: Text) -> Measure {
    Measure { name, unit, title, meaning, get: Get::Numbers(get) }
}

const fn shares(name: Text, title: Text, get: fn(&Nodule) -> &[Share], meaning: Text) -> Measure {
    Measure { name, unit: Unit::Share, title, meaning, get: Get::Shares(get) }
}

#[cfg(test)]
mod tests;
