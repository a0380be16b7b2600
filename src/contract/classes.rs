//! What goes in and what comes out: channels, classes, regions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limits::{MAX_NAME, MIN_CONTRAST, VALUES};

/// A volume that a run takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Its name, such as CT or T2: ASCII letters, digits, `-`, `_`. Files are found by it.
    #[schemars(length(max = MAX_NAME), regex(pattern = "^[A-Za-z0-9_-]+$"))]
    pub name: String,
    /// Its unit. A channel in HU is checked to be a CT in Hounsfield units.
    pub unit: Unit,
    /// How its values become what a network is fed.
    pub normalise: Normalise,
}

/// What a channel's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Unit {
    /// Hounsfield units.
    #[serde(rename = "HU")]
    Hounsfield,
    /// Values without an absolute scale, as those of magnetic resonance.
    #[serde(rename = "arbitrary")]
    Arbitrary,
}

/// How a channel's values become what a network is fed. Fixed by the bundle, or reckoned over the whole volume, never over a
/// slice or a box.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Normalise {
    /// These two values become 0 and 1, the lower first; what lies beyond is clipped.
    Window(#[schemars(inner(range(min = *VALUES.start(), max = *VALUES.end())))] [f64; 2]),
    /// (value − mean) / deviation.
    Standard {
        /// The value that becomes 0.
        #[schemars(range(min = *VALUES.start(), max = *VALUES.end()))]
        mean: f64,
        /// The difference that becomes 1.
        #[schemars(range(min = MIN_CONTRAST, max = *VALUES.end()))]
        deviation: f64,
        /// Values are clipped to these two first, the lower first. Left out: they aren't.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(inner(inner(range(min = *VALUES.start(), max = *VALUES.end()))))]
        clip: Option<[f64; 2]>,
    },
    /// (value − mean) / deviation, both of the volume's own values.
    ZScore(Over),
}

/// Over which voxels of the volume a z-score is reckoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// All of them.
    All,
    /// Those that are not 0; voxels that are 0 stay 0.
    NonZero,
}

/// A class: one channel of the logits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Its name; of several classes ASCII letters, digits, `-`, `_`, since files are named by it.
    #[schemars(length(min = 1, max = MAX_NAME))]
    pub name: String,
    /// Its code; needed where the output is instances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Its colour, red, green, blue.
    pub colour: [u8; 3],
}

/// A coded concept, as DICOM has them (PS3.3 section 8): scheme, value, meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Code(
    #[schemars(length(min = 1, max = CODE_LETTERS[0]))] pub String,
    #[schemars(length(min = 1, max = CODE_LETTERS[1]))] pub String,
    #[schemars(length(min = 1, max = CODE_LETTERS[2]))] pub String,
);

/// Most letters of scheme, value and meaning: DICOM's value representations SH, SH and LO (PS3.5 section 6.2).
pub const CODE_LETTERS: [usize; 3] = [16, 16, 64];

impl Code {
    /// A nodule, in SNOMED CT.
    pub fn nodule() -> Self {
        Code("SCT".into(), "27925004".into(), "Nodule".into())
    }
}

/// A region that several classes make up together, such as whole = 1 + 2 + 3.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// Its name; ASCII letters, digits, `-`, `_`.
    #[schemars(length(max = MAX_NAME), regex(pattern = "^[A-Za-z0-9_-]+$"))]
    pub name: String,
    /// Names of its classes.
    #[schemars(length(min = 1))]
    pub of: Vec<String>,
    /// Its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Its colour, red, green, blue.
    pub colour: [u8; 3],
}

/// What the label map numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Findings, 1 to N by falling volume: connected components of the classes.
    #[default]
    Instances,
    /// Classes, 1 to K in their order.
    Regions,
}
