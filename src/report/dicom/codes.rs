//! Coded concepts (PS3.16) and how they are written (PS3.3 8.8).

use std::borrow::Cow;

use dicom_dictionary_std::tags;

use super::data_set::DataSet;
use crate::{
    contract::{classes::Code, uncertainty::Uncertainty},
    findings::measures::{Measure, Unit},
};

/// The scheme of what no standard has a code for: a measure's name is its code.
pub const OWN_SCHEME: &str = "99SAM2LUNG";
/// Letters of a code value; longer ones go into an attribute of their own (PS3.3 8.1).
const CODE_LETTERS: usize = 16;

/// A coded concept.
#[derive(Debug, Clone, PartialEq)]
pub struct Concept {
    value: Cow<'static, str>,
    scheme: Cow<'static, str>,
    meaning: Cow<'static, str>,
}

pub const ABNORMAL_STRUCTURE: Concept = sct("49755003", "Morphologically Abnormal Structure");
pub const LUNG: Concept = sct("39607008", "Lung");
pub const LATERALITY: Concept = sct("272741003", "Laterality");
pub const RIGHT: Concept = sct("24028007", "Right");
pub const LEFT: Concept = sct("7771000", "Left");
pub const YES: Concept = sct("373066001", "Yes");
pub const NO: Concept = sct("373067005", "No");
pub const MILLIMETRE: Concept = ucum("mm", "millimeter");
pub const CUBIC_MILLIMETRE: Concept = ucum("mm3", "cubic millimeter");
pub const NO_UNITS: Concept = ucum("1", "no units");

/// A concept of DICOM's own.
pub const fn dcm(value: &'static str, meaning: &'static str) -> Concept {
    concept(value, "DCM", meaning)
}

/// A concept of SNOMED CT.
pub const fn sct(value: &'static str, meaning: &'static str) -> Concept {
    concept(value, "SCT", meaning)
}

/// A unit.
pub const fn ucum(value: &'static str, meaning: &'static str) -> Concept {
    concept(value, "UCUM", meaning)
}

/// A concept of any scheme.
pub const fn concept(value: &'static str, scheme: &'static str, meaning: &'static str) -> Concept {
    Concept { value: Cow::Borrowed(value), scheme: Cow::Borrowed(scheme), meaning: Cow::Borrowed(meaning) }
}

impl Concept {
    /// The concept of a class or region; one of our own where the model has none.
    pub fn of_class(name: &str, code: Option<&Code>) -> Self {
        let (value, scheme, meaning) = match code {
            Some(Code(scheme, value, meaning)) => (value.clone(), scheme.clone(), meaning.clone()),
            None => (name.to_owned(), OWN_SCHEME.to_owned(), name.to_owned()),
        };
        Concept { value: value.into(), scheme: scheme.into(), meaning: meaning.into() }
    }

    /// The concept of a measure: that of a standard where one means the same, else its name in the scheme of our own.
    pub fn of_measure(measure: &Measure) -> Self {
        match measure.name {
            "volume_mm3" => sct("118565006", "Volume"),
            "long_axis_mm" => sct("103339001", "Long Axis"),
            "short_axis_mm" => sct("103340004", "Short Axis"),
            "mean_diameter_mm" => sct("81827009", "Diameter"),
            "mass_mg" => sct("118538004", "Mass"),
            "mean_hu" => dcm("112031", "Attenuation Coefficient"),
            name => concept(name, OWN_SCHEME, measure.title),
        }
    }

    /// The unit of a measure.
    pub fn of_unit(unit: Unit, uncertainty: Uncertainty) -> Self {
        match unit {
            Unit::None | Unit::Share => NO_UNITS,
            Unit::Voxel => ucum("{voxels}", "voxels"),
            Unit::Millimetre => MILLIMETRE,
            Unit::CubicMillimetre => CUBIC_MILLIMETRE,
            Unit::Hounsfield => ucum("[hnsf'U]", "Hounsfield unit"),
            Unit::Milligram => ucum("mg", "milligram"),
            Unit::Uncertainty if uncertainty == Uncertainty::Variance => NO_UNITS,
            Unit::Uncertainty => ucum("bit", "bit"),
        }
    }

    /// What it means, for a person.
    pub fn meaning(&self) -> &str {
        &self.meaning
    }

    /// The item of a code sequence.
    pub fn item(&self) -> DataSet {
        let tag = if self.value.len() <= CODE_LETTERS { tags::CODE_VALUE } else { tags::LONG_CODE_VALUE };
        DataSet::new()
            .text(tag, &self.value)
            .text(tags::CODING_SCHEME_DESIGNATOR, &self.scheme)
            .text(tags::CODE_MEANING, &self.meaning)
    }
}

/// What the scheme of our own is (PS3.3 C.12.1.1.1.1).
pub fn own_scheme() -> DataSet {
    DataSet::new()
        .text(tags::CODING_SCHEME_DESIGNATOR, OWN_SCHEME)
        .text(tags::CODING_SCHEME_NAME, "Measures of sam2lung, by their names in nodules.json")
}
