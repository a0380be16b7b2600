//! `model.json` as plain data (schema version 2): the contract between networks and this library.
//!
//! Arrays of three run along the slices, rows and columns of the CT turned to its canonical orientation: k, j, i. Lengths are
//! mm unless a name says otherwise. `onnx/README.md` describes each field with its meaning for a run. These comments are
//! the descriptions in the JSON schema too ([`super::schema`]), so they say "left out" where Rust says `None`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    classes::{Channel, Class, Output, Region},
    classify::Classify,
    limits::{CANDIDATES, MARGIN_MM, MAX_CHANNELS, MAX_CLASSES, MIN_VOLUME_MM3, SAMPLES, SLICE_MM},
    network::Network,
    uncertainty::{ReviewRule, Uncertainty, UncertaintyModel},
};

/// The contract between networks and sam2lung. Arrays of three run along slices, rows and columns: k, j, i; lengths are mm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "model.json of a sam2lung model bundle, schema version 2")]
pub struct Model {
    /// Version of the contract: 2.
    #[schemars(extend("const" = 2))]
    pub schema_version: u32,
    /// Name of the model.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Version of the model.
    #[schemars(length(min = 1))]
    pub version: String,
    /// The volumes that a run takes, all on one grid, in this order.
    #[schemars(length(min = 1, max = MAX_CHANNELS))]
    pub channels: Vec<Channel>,
    /// What is outlined, in the order of the logits' channels.
    #[schemars(length(min = 1, max = MAX_CLASSES))]
    pub classes: Vec<Class>,
    /// Regions that are made of several classes; for the output `regions`.
    #[schemars(length(max = MAX_CLASSES))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<Region>,
    /// What the label map numbers.
    #[serde(default)]
    pub output: Output,
    /// How the networks know lungs. Left out: they are shown all as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lungs: Option<Lungs>,
    /// Where nodules may be: runs once, on its own grid. Left out: `segment` runs over the whole search region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detect: Option<Network>,
    /// Whether a candidate is a nodule. Left out: every candidate is a finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classify: Option<Classify>,
    /// The outline.
    pub segment: Network,
    /// Monte-Carlo sampling of `segment`.
    pub sampling: Sampling,
    /// From probabilities to findings.
    pub decision: Decision,
    /// When a nodule should be looked at again.
    #[serde(default)]
    pub review: ReviewRule,
    /// How far an outline may be off. Left out: the samples alone say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertainty: Option<UncertaintyModel>,
    /// On which CTs the model was tried. Left out: it doesn't say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<Tried>,
    /// Data, licence, attribution, training.
    pub provenance: BTreeMap<String, serde_json::Value>,
}

/// On which CTs a model was tried. What it says of others is flagged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tried {
    /// The largest distance of neighbouring slices, in mm.
    #[schemars(range(min = *SLICE_MM.start(), max = *SLICE_MM.end()))]
    pub slice_mm: f64,
}

/// Lungs as the networks learned them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lungs {
    /// Lungs whose median is below this are lifted for the networks, in HU.
    #[schemars(range(min = -1024), extend("exclusiveMaximum" = -500))]
    pub lift_below_hu: f32,
    /// To this median, in HU; above `lift_below_hu`.
    #[schemars(extend("exclusiveMinimum" = -1024, "exclusiveMaximum" = -500))]
    pub lift_to_hu: f32,
}

/// Monte-Carlo sampling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sampling {
    /// Samples unless the caller says otherwise; fewer where `segment` has fewer different ones. No fewer than its members.
    #[schemars(range(min = *SAMPLES.start(), max = *SAMPLES.end()))]
    pub samples: usize,
    /// What the uncertainty map shows unless the caller says otherwise.
    #[serde(default)]
    pub uncertainty: Uncertainty,
}

/// From probabilities to findings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Mean probability above which a voxel belongs to its class.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub threshold: f64,
    /// Smallest finding in mm³.
    #[schemars(range(min = *MIN_VOLUME_MM3.start(), max = *MIN_VOLUME_MM3.end()))]
    pub min_volume_mm3: f64,
    /// From the answers of `detect` to candidates; there when `detect` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidates: Option<Candidates>,
}

/// From the answers of `detect` to candidates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Candidates {
    /// Probability above which a voxel belongs to a candidate.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub threshold: f64,
    /// No more candidates than this go on: those of the highest probability.
    #[schemars(range(min = *CANDIDATES.start(), max = *CANDIDATES.end()))]
    pub most: usize,
    /// How far the box that is segmented reaches beyond a candidate, in mm.
    #[schemars(range(min = *MARGIN_MM.start(), max = *MARGIN_MM.end()))]
    pub margin_mm: f64,
}

impl Model {
    /// The networks that cut volumes, each with its field's name. A hybrid stands for its two.
    pub fn networks(&self) -> Vec<(String, &Network)> {
        let roles = self.detect.iter().map(|network| ("detect", network)).chain([("segment", &self.segment)]);
        roles.flat_map(|(role, network)| network.parts(role)).collect()
    }

    /// File name and sha256 of each graph.
    pub fn files(&self) -> Vec<(&str, &str)> {
        let cutting = self.networks().into_iter().flat_map(|(_, network)| &network.members);
        let classifying = self.classify.iter().flat_map(|classify| &classify.members);
        let files = cutting.chain(classifying).flat_map(|member| member.files());
        files.map(|(_, file)| (file.file.as_str(), file.sha256.as_str())).collect()
    }

    /// This contract as the text of a `model.json`. Reading it gives the same contract, number for number.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts, lists and finite numbers") + "\n"
    }

    /// Number of volumes that a run takes, all on one grid.
    pub fn channels(&self) -> usize {
        self.channels.len()
    }

    /// The window of the first channel in HU; `None` where it is normalised otherwise.
    pub fn window_hu(&self) -> Option<[f64; 2]> {
        match self.channels.first()?.normalise {
            super::classes::Normalise::Window(window) => Some(window),
            _ => None,
        }
    }

    /// True when `segment` takes clicks.
    pub fn takes_clicks(&self) -> bool {
        self.segment.clicks.is_some()
    }

    /// True when `segment` is shown candidates as clicks.
    pub fn shows_candidates(&self) -> bool {
        self.segment.clicks.as_ref().is_some_and(|clicks| clicks.candidates)
    }
}
