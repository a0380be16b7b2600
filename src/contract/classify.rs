//! The role `classify`: a network that looks at one candidate at a time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::Display;

use super::{
    limits::{BOX_SIZE, BOX_SPACING_MM, MAX_MEMBERS, SHARE},
    network::{Calibration, Kind, Member},
};

/// The network that tells nodules from other candidates, by a box around each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Classify {
    /// `patch`.
    #[schemars(extend("const" = "patch"))]
    pub kind: Kind,
    /// The box.
    pub grid: ClassifyGrid,
    /// What its box shows, in the order of the input's channels.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub shows: Vec<Shown>,
    /// The ensemble: single graphs whose probabilities are averaged.
    #[schemars(length(min = 1, max = MAX_MEMBERS))]
    pub members: Vec<Member>,
    /// Input (N, C, D, H, W).
    pub image: String,
    /// Output (N, 1).
    pub logit: String,
    /// From logits to P(nodule).
    #[serde(default)]
    pub calibration: Calibration,
    /// Another answer of the same graphs: which share of readers would mark it. Left out: they don't say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marked: Option<Marked>,
    /// Candidates below this P(nodule) are dropped.
    #[schemars(range(min = *SHARE.start(), max = *SHARE.end()))]
    pub threshold: f64,
    /// What other thresholds would keep, by rising sensitivity; empty when nobody measured it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operating_points: Vec<OperatingPoint>,
}

/// Which share of readers would mark a nodule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Marked {
    /// Output (N, 1).
    pub logit: String,
    /// From logits to the share.
    #[serde(default)]
    pub calibration: Calibration,
}

/// A box around a candidate: sample n of an axis lies (n − (size − 1) / 2) · spacing from the candidate's centroid.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassifyGrid {
    /// Spacing of its samples along k, j, i in mm.
    #[schemars(inner(range(min = *BOX_SPACING_MM.start(), max = *BOX_SPACING_MM.end())))]
    pub spacing_mm: [f64; 3],
    /// Its samples along k, j, i.
    #[schemars(inner(range(min = *BOX_SIZE.start(), max = *BOX_SIZE.end())))]
    pub size: [usize; 3],
}

/// What a classifier's box shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Shown {
    /// The channels, normalised.
    Image,
    /// The probability that the candidate was found by.
    Probability,
    /// 1 within the volume, 0 beyond it.
    Inside,
}

/// What a threshold of the classifier keeps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatingPoint {
    /// Share of the nodules of the development part that are kept; above 0.
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 1))]
    pub sensitivity: f64,
    /// The threshold of P(nodule) that keeps them.
    #[schemars(range(min = *SHARE.start(), max = *SHARE.end()))]
    pub threshold: f64,
}

impl Classify {
    /// The threshold that keeps this share of nodules: linear between operating points, beyond the first and the last
    /// that of the nearest. `None` without operating points.
    pub fn threshold_at(&self, sensitivity: f64) -> Option<f64> {
        let points = &self.operating_points;
        let above = points.iter().position(|point| point.sensitivity >= sensitivity);
        match above {
            Some(0) => points.first().map(|point| point.threshold),
            Some(n) => {
                let (low, high) = (points[n - 1], points[n]);
                let part = (sensitivity - low.sensitivity) / (high.sensitivity - low.sensitivity);
                Some(low.threshold + part * (high.threshold - low.threshold))
            }
            None => points.last().map(|point| point.threshold),
        }
    }
}
