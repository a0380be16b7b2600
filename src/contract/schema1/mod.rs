//! `model.json` of schema version 1, the [`super::model::Model`] that it means, and what its fields are called there.
//!
//! One slice network, cut into encoder and decoder, with dropout inputs; a classifier, then called judge. Fields that came after
//! the first release are optional; left out, they mean what the first release did.

mod names;
mod rules;
mod upgrade;

use std::collections::BTreeMap;

use serde::Deserialize;

#[cfg(test)]
pub use names::NAMES;
pub use names::name_of;

use super::{
    classify::OperatingPoint,
    model::{Lungs, Tried},
    network::Kind,
    uncertainty::{FEATURES, Regressions, ReviewRule, Uncertainty},
};

/// `model.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelV1 {
    /// Version of the contract.
    pub schema_version: u32,
    /// Name of the model.
    pub name: String,
    /// Version of the model.
    pub version: String,
    /// How a volume is cut into pieces.
    pub kind: Kind,
    /// What the encoder is fed.
    pub input: InputSpec,
    /// The encoder's graph.
    pub encoder: EncoderSpec,
    /// The decoder's graph.
    pub decoder: DecoderSpec,
    /// Monte-Carlo sampling.
    pub sampling: SamplingSpec,
    /// From logits to probabilities.
    pub calibration: CalibrationSpec,
    /// From probabilities to findings.
    pub decision: DecisionSpec,
    /// The three-dimensional judgement of findings.
    pub judge: Option<JudgeSpec>,
    /// When a nodule should be looked at again.
    pub review: ReviewRule,
    /// How far an outline may be off; `None`: the samples alone say it.
    #[serde(default)]
    pub doubt: Option<DoubtSpec>,
    /// On which CTs the model was tried; `None`: it doesn't say.
    #[serde(default)]
    pub tried: Option<Tried>,
    /// Data, licence, attribution, training.
    pub provenance: BTreeMap<String, serde_json::Value>,
}

/// How far outlines are off.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoubtSpec {
    /// Share of the nodules whose true volume the interval is meant to hold.
    pub level: f64,
    /// Coefficients of the lower end.
    pub volume_low: [f64; FEATURES],
    /// Coefficients of the upper end.
    pub volume_high: [f64; FEATURES],
    /// Coefficients of the expected Dice.
    pub dice: [f64; FEATURES],
    /// The same of nodules that were outlined with clicks.
    #[serde(default)]
    pub clicked: Option<Regressions>,
}

/// What the encoder is fed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSpec {
    /// HU that become 0 and 1.
    pub window_hu: [f64; 2],
    /// In-plane pixel size of the network in mm; `None`: the volume's own.
    pub pixel_mm: Option<f64>,
    /// Neighbouring slices; `None`: the slice alone.
    pub neighbours: Option<NeighbourSpec>,
    /// Height and width are multiples of this.
    pub multiple: usize,
    /// How it knows lungs; `None`: it is shown all as they are.
    #[serde(default)]
    pub lungs: Option<Lungs>,
}

/// Which neighbouring slices go in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeighbourSpec {
    /// Slices on each side.
    pub each_side: usize,
    /// Distance aimed at between them, in mm.
    pub step_mm: f64,
    /// Where the CT's slices lie further apart than this, in mm, neighbours are interpolated between them, exactly
    /// `step_mm` apart; `None`: never, they are the CT's next slices.
    #[serde(default)]
    pub interpolate_above_mm: Option<f64>,
}

/// The encoder's graph.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderSpec {
    /// File name.
    pub file: String,
    /// Its hash, lower-case hexadecimal.
    pub sha256: String,
    /// Input (1, S, H, W).
    pub slices: String,
    /// Input (1, S): distances from the centre slice in mm.
    pub offsets_mm: Option<String>,
    /// Outputs (1, C, H/stride, W/stride).
    pub embeddings: Vec<EmbeddingSpec>,
    /// True: it is given whole slices, never a part, since what it says of a pixel depends on all of them.
    #[serde(default)]
    pub whole_slice: bool,
}

/// One output of the encoder.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingSpec {
    /// Tensor name in both graphs.
    pub name: String,
    /// Number of channels.
    pub channels: usize,
    /// Pixels of the input a step.
    pub stride: usize,
}

/// The decoder's graph.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecoderSpec {
    /// File name.
    pub file: String,
    /// Its hash.
    pub sha256: String,
    /// Inputs (T, C, 1, 1).
    pub dropout: Vec<DropoutSpec>,
    /// Input for clicks; `None`: the graph takes none.
    #[serde(default)]
    pub clicks: Option<ClickSpec>,
    /// Output (T, K, H, W).
    pub logits: String,
    /// Names of the K classes.
    pub classes: Vec<String>,
    /// Pixels of context that a window needs around the pixels that are read.
    pub halo_px: usize,
}

/// One dropout input.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropoutSpec {
    /// Tensor name.
    pub name: String,
    /// Number of channels.
    pub channels: usize,
    /// Probability of dropping a channel.
    pub rate: f64,
}

/// The input for clicks, (1, 2, H, W): inside the nodule, and outside it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClickSpec {
    /// Tensor name.
    pub name: String,
    /// A pixel d mm from the nearest click of a kind has exp(-d / decay_mm).
    pub decay_mm: f64,
}

/// Monte-Carlo sampling.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplingSpec {
    /// Samples unless the caller says otherwise.
    pub samples: usize,
    /// Only windows around pixels above this deterministic probability are sampled; `None`: all are.
    pub scout_threshold: Option<f64>,
    /// How far such a window reaches beyond them, in mm.
    pub scout_margin_mm: f64,
    /// What the uncertainty map shows unless the caller says otherwise.
    #[serde(default)]
    pub uncertainty: Uncertainty,
}

/// From logits to probabilities.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationSpec {
    /// p = σ(logit / temperature + bias).
    pub temperature: f64,
    /// The same bias.
    #[serde(default)]
    pub bias: f64,
}

/// From probabilities to findings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionSpec {
    /// Mean probability above which a voxel belongs to a nodule.
    pub threshold: f64,
    /// Smallest finding in mm³.
    pub min_volume_mm3: f64,
}

/// The judge's graph.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeSpec {
    /// File name.
    pub file: String,
    /// Its hash.
    pub sha256: String,
    /// Input (N, 3, D, H, W): windowed HU, mean probability, inside the volume.
    pub patch: String,
    /// Output (N, 1).
    pub logit: String,
    /// D, H, W.
    pub size: [usize; 3],
    /// Spacing of the patch along D, H, W, in mm.
    pub spacing_mm: [f64; 3],
    /// P(nodule) = σ(logit / temperature + bias).
    pub temperature: f64,
    /// The same bias.
    #[serde(default)]
    pub bias: f64,
    /// Findings below this P(nodule) are dropped.
    pub threshold: f64,
    /// What other thresholds would keep, by rising sensitivity; empty when nobody measured it.
    #[serde(default)]
    pub operating_points: Vec<OperatingPoint>,
}
