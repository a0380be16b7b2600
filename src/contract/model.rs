//! `model.json` as plain data (schema version 2): the contract between networks and this library.
//!
//! Arrays of three run along the slices, rows and columns of the CT turned to its canonical orientation: k, j, i. Lengths are
//! mm unless a name says otherwise. `onnx/README.md` describes each field with its meaning for a run.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    classes::{Channel, Class, Output, Region},
    network::{Classify, Network},
    uncertainty::{ReviewRule, Uncertainty, UncertaintyModel},
};

/// `model.json`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Version of the contract: 2.
    pub schema_version: u32,
    /// Name of the model.
    pub name: String,
    /// Version of the model.
    pub version: String,
    /// The volumes that a run takes, all on one grid, in this order.
    pub channels: Vec<Channel>,
    /// What is outlined, in the order of the logits' channels.
    pub classes: Vec<Class>,
    /// Regions that are made of several classes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<Region>,
    /// What the label map numbers.
    #[serde(default)]
    pub output: Output,
    /// How the networks know lungs; `None`: they are shown all as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lungs: Option<Lungs>,
    /// Where nodules may be: runs once, on its own grid; `None`: `segment` runs over the whole search region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detect: Option<Network>,
    /// Whether a candidate is a nodule; `None`: every candidate is a finding.
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
    /// How far an outline may be off; `None`: the samples alone say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertainty: Option<UncertaintyModel>,
    /// On which CTs the model was tried; `None`: it doesn't say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<Tried>,
    /// Data, licence, attribution, training.
    pub provenance: BTreeMap<String, serde_json::Value>,
}

/// On which CTs a model was tried. What it says of others is flagged.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tried {
    /// The largest distance of neighbouring slices, in mm.
    pub slice_mm: f64,
}

/// Lungs as the networks learned them (see [`crate::steps::aeration`]).
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lungs {
    /// Lungs whose median is below this are lifted for the networks, in HU.
    pub lift_below_hu: f32,
    /// To this median, in HU.
    pub lift_to_hu: f32,
}

/// Monte-Carlo sampling.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sampling {
    /// Samples unless the caller says otherwise; fewer where `segment` has fewer different ones.
    pub samples: usize,
    /// What the uncertainty map shows unless the caller says otherwise.
    #[serde(default)]
    pub uncertainty: Uncertainty,
}

/// From probabilities to findings.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Mean probability above which a voxel belongs to its class.
    pub threshold: f64,
    /// Smallest finding in mm³.
    pub min_volume_mm3: f64,
    /// From the answers of `detect` to candidates; there when `detect` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidates: Option<Candidates>,
}

/// From the answers of `detect` to candidates.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Candidates {
    /// Probability above which a voxel belongs to a candidate.
    pub threshold: f64,
    /// No more candidates than this go on: those of the highest probability.
    pub most: usize,
    /// How far the box that is segmented reaches beyond a candidate, in mm.
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
}
