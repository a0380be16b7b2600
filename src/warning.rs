//! What a result can't be trusted for, with a stable name.
//!
//! A run that ends well may still say less than it seems to: "0 nodules" in a CT of which half was searched. Each such
//! case is a warning, and every surface shows it: command line, `run.json`, tables, picture, C interface, Slicer panel.
//! A message says what is so and what follows from it. The name (`W_…`, see [`Warning::name`]) never changes once
//! released.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeStruct};

/// Anything that makes a result less than it seems, one variant a cause.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// The slices are thicker than those that the model was tried on.
    #[error(
        "the slices lie {spacing_mm:.1} mm apart; the model was tried on up to {tried_mm:.1} mm. Nodules may be missed, \
         and volumes may be far off"
    )]
    ThickSlices {
        /// Distance of neighbouring slices, in mm.
        spacing_mm: f64,
        /// The largest that the model was tried on, in mm.
        tried_mm: f64,
    },
    /// A NIfTI header with two geometries that disagree.
    #[error(
        "the NIfTI header holds two geometries, which disagree: {how}. Used: {used}, as by ITK and 3D Slicer; other \
         programs may use the other one. Written NIfTI volumes keep both"
    )]
    FormsDisagree {
        /// What disagrees, and by how much.
        how: String,
        /// What was taken.
        used: String,
    },
    /// A file that doesn't say how it lies in the patient.
    #[error(
        "the header doesn't say how the volume lies in the patient: its axes were assumed to run towards {frame} ({why}). \
         If that is wrong, the nodules' sides and places are wrong, and so is the picture"
    )]
    OrientationAssumed {
        /// Three letters.
        frame: String,
        /// Who says so.
        why: String,
    },
    /// A search that was told where to look, in a volume with hardly any lung.
    #[error(
        "only {percent:.2} % of the volume is as dark as lung or air. It may hold no lung; then a result without nodules \
         means little"
    )]
    LittleLung {
        /// Share of the voxels, padding left out.
        percent: f64,
    },
    /// The lungs are nearly air, as the model has hardly seen any.
    #[error(
        "the {which} nearly air (median {median_hu:.0} HU; the model knows lungs above {known_hu:.0} HU). The HU there were \
         lifted for the model. Nodules may be missed, and volumes may be off"
    )]
    AiryLungs {
        /// "lungs are", "right lung is" or "left lung is".
        which: &'static str,
        /// Median of the darker one, in HU.
        median_hu: f32,
        /// The lowest that the model knows, in HU.
        known_hu: f32,
    },
    /// The lungs go on beyond the image.
    #[error(
        "the image cuts the lungs off {}; only the part in the image was searched", list(.ends)
    )]
    LungsCutOff {
        /// Where they go on.
        ends: Vec<End>,
    },
    /// One side of the chest holds hardly any air.
    #[error(
        "only the {side} lung was searched: the {} side of the chest holds {other_ml:.0} ml of air. Nodules in fluid or in \
         lung without air are not found", .side.other()
    )]
    OneLung {
        /// The lung that was searched.
        side: Side,
        /// Air on the other side, in millilitres.
        other_ml: f64,
    },
    /// A part of one lung holds no air, compared with the other lung.
    #[error(
        "the {side} lung's {part} part holds little air, and about {missing_ml:.0} ml there were not searched. Nodules in \
         fluid or in lung without air are not found"
    )]
    LungWithoutAir {
        /// Which lung.
        side: Side,
        /// Which part of it.
        part: Part,
        /// What the other lung has at the same height, and this one hasn't, in millilitres.
        missing_ml: f64,
    },
    /// Both lungs are small for the rib cage.
    #[error(
        "the lungs that were searched are small: {lung_ml:.0} ml; the rib cage has room for about \
         {expected_ml:.0} ml. Nodules in fluid or in lung without air are not found"
    )]
    SmallLungs {
        /// Air in the lungs, in millilitres.
        lung_ml: f64,
        /// What a rib cage of this size holds in healthy people, in millilitres.
        expected_ml: f64,
    },
    /// The chest holds air that is neither lung nor airway.
    #[error("about {ml:.0} ml of air in the chest ({place}) were not searched, since it doesn't look like lung")]
    AirNotSearched {
        /// How much, in millilitres.
        ml: f64,
        /// Where most of it lies.
        place: Place,
    },
    /// The caller said where to search.
    #[error(
        "nodules were searched only in the given mask, {ml:.0} ml. It was not checked that the mask holds the lungs"
    )]
    OwnMask {
        /// Its volume, in millilitres.
        ml: f64,
    },
    /// The caller asked for no lung mask.
    #[error(
        "the whole image was searched, not only the lungs. A finding outside the lungs is not a lung nodule. It was not \
         checked that the image shows whole lungs"
    )]
    NoLungMask,
    /// More candidates than a model looks at.
    #[error(
        "the detector found {found} places that may be nodules; the {left_out} least likely of them were not looked at. \
         Nodules may be missed"
    )]
    CandidatesLeftOut {
        /// Places that nobody looked at.
        left_out: usize,
        /// All places.
        found: usize,
    },
    /// Files of a DICOM folder that may have been meant to be read.
    #[error("{count} file(s) of the folder were left aside, the first {first}: {why}. Nodules in them can't be found")]
    FilesLeftAside {
        /// How many.
        count: usize,
        /// Path of the first inside the folder.
        first: String,
        /// Why the first was.
        why: String,
    },
    /// A CT whose DICOM objects need a frame of reference that it doesn't name.
    #[error(
        "the CT doesn't name its frame of reference (its UID is missing, or isn't one). The DICOM objects have one of their own, \
         made from the UID of the series; a viewer that goes by it may not lay them over the CT"
    )]
    NoFrameOfReference,
}

/// A side of the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Side {
    Right,
    Left,
}

impl Side {
    /// The one across.
    pub fn other(self) -> Self {
        match self {
            Side::Right => Side::Left,
            Side::Left => Side::Right,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Right => "right",
            Side::Left => "left",
        })
    }
}

/// A third of the lungs' height, or nearly all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Part {
    Lower,
    Middle,
    Upper,
    Larger,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Lower => "lower",
            Part::Middle => "middle",
            Part::Upper => "upper",
            Part::Larger => "larger",
        })
    }
}

/// A place in the chest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Right or left of the middle.
    pub side: Side,
    /// Height.
    pub part: Part,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} part", self.side, self.part)
    }
}

/// A border of what the image shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The last slice towards the head.
    Head,
    /// The last slice towards the feet.
    Feet,
    /// The border at the patient's right.
    Right,
    /// At the left.
    Left,
    /// Before the patient.
    Front,
    /// Behind the patient.
    Back,
    /// The circle beyond which the scanner writes padding.
    ScanCircle,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            End::Head => "towards the head",
            End::Feet => "towards the feet",
            End::Right => "at the right",
            End::Left => "at the left",
            End::Front => "in front",
            End::Back => "at the back",
            End::ScanCircle => "at the scan circle",
        })
    }
}

/// "a, b and c".
fn list(ends: &[End]) -> String {
    let words: Vec<String> = ends.iter().map(End::to_string).collect();
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
        None => String::new(),
    }
}

impl Warning {
    /// The stable name of the cause, `W_…`.
    pub fn name(&self) -> &'static str {
        match self {
            Warning::ThickSlices { .. } => "W_THICK_SLICES",
            Warning::FormsDisagree { .. } => "W_FORMS_DISAGREE",
            Warning::OrientationAssumed { .. } => "W_ORIENTATION_ASSUMED",
            Warning::LittleLung { .. } => "W_LITTLE_LUNG",
            Warning::AiryLungs { .. } => "W_AIRY_LUNGS",
            Warning::LungsCutOff { .. } => "W_LUNGS_CUT_OFF",
            Warning::OneLung { .. } => "W_ONE_LUNG",
            Warning::LungWithoutAir { .. } => "W_LUNG_WITHOUT_AIR",
            Warning::SmallLungs { .. } => "W_SMALL_LUNGS",
            Warning::AirNotSearched { .. } => "W_AIR_NOT_SEARCHED",
            Warning::OwnMask { .. } => "W_OWN_MASK",
            Warning::NoLungMask => "W_NO_LUNG_MASK",
            Warning::CandidatesLeftOut { .. } => "W_CANDIDATES_LEFT_OUT",
            Warning::FilesLeftAside { .. } => "W_FILES_LEFT_ASIDE",
            Warning::NoFrameOfReference => "W_NO_FRAME_OF_REFERENCE",
        }
    }
}

/// As `{"name": "W_…", "text": "…"}`.
impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut record = serializer.serialize_struct("Warning", 2)?;
        record.serialize_field("name", self.name())?;
        record.serialize_field("text", &self.to_string())?;
        record.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warning_in_json_has_its_name_and_its_text() {
        let warning = Warning::ThickSlices { spacing_mm: 7.5, tried_mm: 5.0 };
        let json = serde_json::to_value(&warning).unwrap();
        assert_eq!(json["name"], "W_THICK_SLICES");
        assert_eq!(json["text"], warning.to_string());
        assert!(warning.to_string().starts_with("the slices lie 7.5 mm apart; the model was tried on up to 5.0 mm"));
    }
}
