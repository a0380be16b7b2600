//! What a bundle says about uncertainty: kinds, intervals, when to look again. Plain data; [`crate::findings`] reckons.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumMessage, EnumString, IntoStaticStr, VariantArray};

use super::limits::{COEFFICIENT, SHARE, WIDEN};

/// Features of a nodule that an [`UncertaintyModel`] weighs.
pub const FEATURES: usize = 7;

/// Kinds of uncertainty of a voxel.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
    EnumMessage,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Uncertainty {
    /// Entropy of the mean probability, in bits: all uncertainty.
    #[default]
    Entropy,
    /// Variance of the probability over samples.
    Variance,
    /// Entropy of the mean less the mean entropy, in bits: uncertainty of the network, not of the image.
    MutualInformation,
}

impl Uncertainty {
    /// All kinds.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Its name, as in bundles and on the command line.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// What a person is told, with its unit.
    pub fn title(self) -> &'static str {
        match self {
            Uncertainty::Entropy => "predictive entropy, bits",
            Uncertainty::Variance => "variance of probability",
            Uncertainty::MutualInformation => "mutual information, bits",
        }
    }

    /// The largest value it can take.
    pub fn maximum(self) -> f32 {
        match self {
            Uncertainty::Entropy | Uncertainty::MutualInformation => 1.0,
            Uncertainty::Variance => 0.25,
        }
    }
}

/// When a nodule should be looked at again; a bound that is left out or null isn't applied.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewRule {
    /// The samples' outlines agree less than this (mean pairwise Dice).
    #[schemars(range(min = *SHARE.start(), max = *SHARE.end()))]
    #[serde(default)]
    pub sample_dice_below: Option<f64>,
    /// Fewer of the samples than this found it.
    #[schemars(range(min = *SHARE.start(), max = *SHARE.end()))]
    #[serde(default)]
    pub detection_rate_below: Option<f64>,
    /// The classifier is less sure than this.
    #[schemars(range(min = *SHARE.start(), max = *SHARE.end()))]
    #[serde(default)]
    pub nodule_probability_below: Option<f64>,
    /// Its mean uncertainty, of the bundle's kind, is above this.
    #[schemars(range(min = *SHARE.start(), max = *SHARE.end()))]
    #[serde(default)]
    pub uncertainty_mean_above: Option<f64>,
    /// The Dice that the uncertainty model expects is lower than this.
    #[schemars(range(min = *SHARE.start(), max = *SHARE.end()))]
    #[serde(default)]
    pub expected_dice_below: Option<f64>,
}

/// How far outlines are off, fitted on nodules whose true outlines are known: by the samples alone, or by linear models of what
/// is known of a nodule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UncertaintyModel {
    /// Share of the nodules whose true volume the interval is meant to hold.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub level: f64,
    /// The samples alone say it. Left out: the linear models below do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<WidenedSamples>,
    /// Coefficients of the lower end; there unless `samples` is, as the next two.
    #[schemars(inner(range(min = *COEFFICIENT.start(), max = *COEFFICIENT.end())))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_low: Option<[f64; FEATURES]>,
    /// Coefficients of the upper end.
    #[schemars(inner(range(min = *COEFFICIENT.start(), max = *COEFFICIENT.end())))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_high: Option<[f64; FEATURES]>,
    /// Coefficients of the expected Dice.
    #[schemars(inner(range(min = *COEFFICIENT.start(), max = *COEFFICIENT.end())))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dice: Option<[f64; FEATURES]>,
    /// The same three of nodules that were outlined with clicks. Left out: the samples alone say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clicked: Option<Regressions>,
}

/// An interval of the samples' volumes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WidenedSamples {
    /// Exponent of the ratios of the samples' 5th and 95th percentile to their median: 1 takes them as they are.
    #[schemars(range(min = *WIDEN.start(), max = *WIDEN.end()))]
    pub widen: f64,
}

/// Linear models of what is known of a nodule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Regressions {
    /// Coefficients of the lower end.
    #[schemars(inner(range(min = *COEFFICIENT.start(), max = *COEFFICIENT.end())))]
    pub volume_low: [f64; FEATURES],
    /// Coefficients of the upper end.
    #[schemars(inner(range(min = *COEFFICIENT.start(), max = *COEFFICIENT.end())))]
    pub volume_high: [f64; FEATURES],
    /// Coefficients of the expected Dice.
    #[schemars(inner(range(min = *COEFFICIENT.start(), max = *COEFFICIENT.end())))]
    pub dice: [f64; FEATURES],
}

impl UncertaintyModel {
    /// The linear models of outlines of a kind: `clicked`, or not; `None` where there are none.
    pub fn regressions(&self, clicked: bool) -> Option<Regressions> {
        if clicked {
            return self.clicked.clone();
        }
        let (volume_low, volume_high, dice) = (self.volume_low?, self.volume_high?, self.dice?);
        Some(Regressions { volume_low, volume_high, dice })
    }
}
