//! Segmentation objects (PS3.3 A.51, C.8.20): outlines as bits, and maps as bytes.

use dicom_dictionary_std::{tags, uids};

use super::{
    Objects, algorithm,
    codes::{ABNORMAL_STRUCTURE, Concept, LUNG, dcm},
    data_set::DataSet,
    frames::{self, Frame, Frames, MAP_MAXIMUM},
    modules::{self, Kind, NOTICE},
    segments::Segment,
};
use crate::{
    contract::classes::{Class, Output},
    error::Result,
    progress::CancelToken,
    report::outputs::{DICOM_PROBABILITY, DICOM_SEGMENTATION, DICOM_UNCERTAINTY},
    space::volume::VolumeView,
};

/// The nodules' outlines.
pub const OUTLINES: Kind = Kind {
    output: DICOM_SEGMENTATION,
    sop_class: uids::SEGMENTATION_STORAGE,
    modality: "SEG",
    series_number: "9001",
    series_description: "sam2lung nodules (research use only)",
};
/// The probability map.
pub const PROBABILITY: Kind = Kind {
    output: DICOM_PROBABILITY,
    series_number: "9002",
    series_description: "sam2lung probability of nodule (research use only)",
    ..OUTLINES
};
/// The uncertainty map.
pub const UNCERTAINTY: Kind = Kind {
    output: DICOM_UNCERTAINTY,
    series_number: "9003",
    series_description: "sam2lung uncertainty, scaled (research use only)",
    ..OUTLINES
};

/// The object with a segment for each nodule; there has to be one at least.
///
/// # Errors
/// [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
pub fn of_outlines(objects: &Objects<'_>, segments: &[Segment<'_>], cancel: &CancelToken) -> Result<DataSet> {
    let frames = frames::of_outlines(objects.of.found.native().labels.voxels, segments, cancel)?;
    let overlap =
        if objects.of.model.output == Output::Regions && !objects.of.model.regions.is_empty() { "YES" } else { "NO" };
    let described = segments.iter().map(|segment| {
        let colour = segment.colour;
        let how = if segment.nodule.clicked { "SEMIAUTOMATIC" } else { "AUTOMATIC" };
        let set = described(objects, segment.number, &segment.tracking_id, &segment.finding, colour, how);
        set.text(tags::TRACKING_ID, &segment.tracking_id).text(tags::TRACKING_UID, &segment.tracking_uid)
    });
    let kind = DataSet::new()
        .text(tags::SEGMENTATION_TYPE, "BINARY")
        .text(tags::SEGMENTS_OVERLAP, overlap)
        .items(tags::SEGMENT_SEQUENCE, described.collect())
        .number(tags::BITS_ALLOCATED, 1)
        .number(tags::BITS_STORED, 1)
        .number(tags::HIGH_BIT, 0);
    Ok(object(objects, OUTLINES, "NODULES", frames).with(kind))
}

/// The object of the probability map.
///
/// # Errors
/// As [`of_outlines`].
pub fn of_probability(objects: &Objects<'_>, cancel: &CancelToken) -> Result<DataSet> {
    let meaning = "Mean probability over the samples; stored value / 255";
    of_map(objects, PROBABILITY, &objects.of.found.native().probability, 1.0, ["PROBABILITY", meaning], cancel)
}

/// The object of the uncertainty map. It has a scale of its own, which its segment's description tells.
///
/// # Errors
/// As [`of_outlines`].
pub fn of_uncertainty(objects: &Objects<'_>, cancel: &CancelToken) -> Result<DataSet> {
    let (maximum, title) = (objects.of.found.uncertainty.maximum(), objects.of.found.uncertainty.title());
    let meaning = format!("No probability but uncertainty: {title}; stored value / 255 x {maximum}");
    let words = ["UNCERTAINTY", meaning.as_str()];
    of_map(objects, UNCERTAINTY, &objects.of.found.native().uncertainty, maximum, words, cancel)
}

fn of_map(
    objects: &Objects<'_>,
    kind: Kind,
    map: &VolumeView<'_, f32>,
    maximum: f32,
    [label, meaning]: [&str; 2],
    cancel: &CancelToken,
) -> Result<DataSet> {
    let frames = frames::of_map(map.voxels, maximum, cancel)?;
    // A map of several classes is the highest of them: that of the first stands for all.
    let Class { name, code, colour } = &objects.of.model.classes[0];
    let finding = Concept::of_class(name, code.as_ref());
    let title = format!("{} of {}", label.to_lowercase(), finding.meaning().to_lowercase());
    let segment = described(objects, 1, &title, &finding, *colour, "AUTOMATIC");
    let set = DataSet::new()
        .text(tags::SEGMENTATION_TYPE, "FRACTIONAL")
        .text(tags::SEGMENTATION_FRACTIONAL_TYPE, "PROBABILITY")
        .number(tags::MAXIMUM_FRACTIONAL_VALUE, MAP_MAXIMUM.into())
        .text(tags::SEGMENTS_OVERLAP, "NO")
        .item(tags::SEGMENT_SEQUENCE, segment.text(tags::SEGMENT_DESCRIPTION, meaning))
        .number(tags::BITS_ALLOCATED, 8)
        .number(tags::BITS_STORED, 8)
        .number(tags::HIGH_BIT, 7);
    Ok(object(objects, kind, label, frames).with(set))
}

/// The description of one segment (C.8.20.2).
fn described(
    objects: &Objects<'_>,
    number: u16,
    label: &str,
    finding: &Concept,
    colour: [u8; 3],
    how: &str,
) -> DataSet {
    let set = DataSet::new()
        .number(tags::SEGMENT_NUMBER, number)
        .text(tags::SEGMENT_LABEL, label)
        .text(tags::SEGMENT_ALGORITHM_TYPE, how)
        .text(tags::SEGMENT_ALGORITHM_NAME, "sam2lung")
        .item(tags::SEGMENTATION_ALGORITHM_IDENTIFICATION_SEQUENCE, algorithm::item(objects))
        .item(tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE, ABNORMAL_STRUCTURE.item())
        .item(tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE, finding.item())
        .numbers16(tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE, &cie_lab(colour));
    match objects.of.model.output {
        Output::Instances => set.item(tags::ANATOMIC_REGION_SEQUENCE, LUNG.item()),
        Output::Regions => set,
    }
}

/// Everything of a segmentation but its segments.
fn object(objects: &Objects<'_>, kind: Kind, label: &str, frames: Frames) -> DataSet {
    let source = objects.of.source;
    let [columns, rows, _] = objects.of.found.native().labels.grid.dims.map(|n| n as u16);
    let series = DataSet::new()
        .text(tags::SERIES_INSTANCE_UID, &source.series)
        .items(tags::REFERENCED_INSTANCE_SEQUENCE, modules::source_objects(objects));
    let organization = objects.hash.uid(&format!("dimensions {}", kind.output.file()));
    modules::frame(objects, kind, &kind.output.file(), 1)
        .texts(tags::IMAGE_TYPE, &["DERIVED", "PRIMARY"])
        .text(tags::LOSSY_IMAGE_COMPRESSION, "00")
        .text(tags::CONTENT_LABEL, label)
        .text(tags::CONTENT_DESCRIPTION, NOTICE)
        .text(tags::CONTENT_CREATOR_NAME, "")
        .text(tags::FRAME_OF_REFERENCE_UID, &objects.frame_of_reference())
        .text(tags::POSITION_REFERENCE_INDICATOR, "")
        .item(tags::REFERENCED_SERIES_SEQUENCE, series)
        .number(tags::SAMPLES_PER_PIXEL, 1)
        .text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2")
        .number(tags::PIXEL_REPRESENTATION, 0)
        .number(tags::ROWS, rows)
        .number(tags::COLUMNS, columns)
        .text(tags::NUMBER_OF_FRAMES, &frames.list.len().to_string())
        .item(
            tags::DIMENSION_ORGANIZATION_SEQUENCE,
            DataSet::new().text(tags::DIMENSION_ORGANIZATION_UID, &organization),
        )
        .items(tags::DIMENSION_INDEX_SEQUENCE, dimensions(&organization))
        .item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, shared(objects))
        .items(
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
            frames.list.iter().map(|frame| per_frame(objects, *frame)).collect(),
        )
        .pixels(frames.pixels)
}

/// Frames are found by segment, then by place (C.7.6.17).
fn dimensions(organization: &str) -> Vec<DataSet> {
    let by = [
        ("Segment", tags::REFERENCED_SEGMENT_NUMBER, tags::SEGMENT_IDENTIFICATION_SEQUENCE),
        ("Place", tags::IMAGE_POSITION_PATIENT, tags::PLANE_POSITION_SEQUENCE),
    ];
    let dimension = |(label, pointer, group)| {
        DataSet::new()
            .text(tags::DIMENSION_ORGANIZATION_UID, organization)
            .tag(tags::DIMENSION_INDEX_POINTER, pointer)
            .tag(tags::FUNCTIONAL_GROUP_POINTER, group)
            .text(tags::DIMENSION_DESCRIPTION_LABEL, label)
    };
    by.map(dimension).into()
}

/// What holds of all frames: pixel measures and plane orientation (C.7.6.16.2).
fn shared(objects: &Objects<'_>) -> DataSet {
    let step_mm = objects.of.found.native().labels.grid.spacing_mm[2];
    let measures = DataSet::new()
        .decimals(tags::PIXEL_SPACING, &objects.of.source.pixel_mm)
        .decimals(tags::SLICE_THICKNESS, &[step_mm])
        .decimals(tags::SPACING_BETWEEN_SLICES, &[step_mm]);
    let orientation = DataSet::new().decimals(tags::IMAGE_ORIENTATION_PATIENT, &objects.of.source.orientation);
    DataSet::new().item(tags::PIXEL_MEASURES_SEQUENCE, measures).item(tags::PLANE_ORIENTATION_SEQUENCE, orientation)
}

/// What holds of one frame: its place, its segment, and the image that it was made from.
fn per_frame(objects: &Objects<'_>, Frame { segment, slice }: Frame) -> DataSet {
    let image = &objects.of.source.images[slice];
    let source = modules::image_reference(image)
        .item(
            tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE,
            dcm("121322", "Source image for image processing operation").item(),
        )
        .text(tags::SPATIAL_LOCATIONS_PRESERVED, "YES");
    let derivation = DataSet::new()
        .item(tags::SOURCE_IMAGE_SEQUENCE, source)
        .item(tags::DERIVATION_CODE_SEQUENCE, dcm("113076", "Segmentation").item());
    let index = [u32::from(segment), slice as u32 + 1];
    DataSet::new()
        .item(tags::FRAME_CONTENT_SEQUENCE, DataSet::new().numbers32(tags::DIMENSION_INDEX_VALUES, &index))
        .item(tags::PLANE_POSITION_SEQUENCE, DataSet::new().decimals(tags::IMAGE_POSITION_PATIENT, &image.position_mm))
        .item(tags::SEGMENT_IDENTIFICATION_SEQUENCE, DataSet::new().number(tags::REFERENCED_SEGMENT_NUMBER, segment))
        .item(tags::DERIVATION_IMAGE_SEQUENCE, derivation)
}

/// A colour of sRGB as CIELab under D65 (IEC 61966-2-1; CIE 15), L* of 0 to 100 and a*, b* of -128 to 127 scaled to 16 bits
/// (PS3.3 C.10.7.1.1).
fn cie_lab(colour: [u8; 3]) -> [u16; 3] {
    let linear = |byte: u8| {
        let share = f64::from(byte) / 255.0;
        if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    };
    let [red, green, blue] = colour.map(linear);
    let white = [0.95047, 1.0, 1.08883];
    let xyz = [
        0.4124564 * red + 0.3575761 * green + 0.1804375 * blue,
        0.2126729 * red + 0.7151522 * green + 0.0721750 * blue,
        0.0193339 * red + 0.1191920 * green + 0.9503041 * blue,
    ];
    let root = |n: usize| {
        let share: f64 = xyz[n] / white[n];
        let knee: f64 = 6.0 / 29.0;
        if share > knee.powi(3) { share.cbrt() } else { share / (3.0 * knee * knee) + 4.0 / 29.0 }
    };
    let [x, y, z] = [root(0), root(1), root(2)];
    let scaled = |value: f64, low: f64, range: f64| ((value - low) / range * 65535.0).round() as u16;
    [
        scaled(116.0 * y - 16.0, 0.0, 100.0),
        scaled(500.0 * (x - y), -128.0, 255.0),
        scaled(200.0 * (y - z), -128.0, 255.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cie_lab_of_white_black_and_red_is_that_of_the_tables() {
        assert_eq!(cie_lab([0, 0, 0]), [0, 32896, 32896]);
        let near = |colour, expected: [f64; 3]| {
            let [l, a, b] = cie_lab(colour).map(f64::from);
            let found = [l / 65535.0 * 100.0, a / 65535.0 * 255.0 - 128.0, b / 65535.0 * 255.0 - 128.0];
            // Tables have two digits behind the point; a step of 16 bits is 0.004.
            found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 0.02)
        };
        assert!(near([255, 255, 255], [100.0, 0.0, 0.0]) && near([255, 0, 0], [53.24, 80.09, 67.20]));
    }
}
