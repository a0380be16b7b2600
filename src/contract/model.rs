//! `model.json` as it is written: the contract between a network and this library (schema version 1).
//!
//! Fields that came after the first release are optional; left out, they mean what the first release did.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    findings::{ReviewRule, interval::DoubtModel},
    steps::statistics::Uncertainty,
};

/// `model.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
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
    pub doubt: Option<DoubtModel>,
    /// On which CTs the model was tried; `None`: it doesn't say.
    #[serde(default)]
    pub tried: Option<TriedSpec>,
    /// Data, licence, attribution, training.
    pub provenance: BTreeMap<String, serde_json::Value>,
}

/// Kinds of networks, by the pieces of a volume that they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One axial slice with its neighbours in, that slice out.
    Slice,
}

/// On which CTs a model was tried. What it says of others is flagged.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriedSpec {
    /// The largest distance of neighbouring slices, in mm.
    pub slice_mm: f64,
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
    pub lungs: Option<LungSpec>,
}

/// Lungs as the network learned them (see [`crate::steps::aeration`]).
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LungSpec {
    /// Lungs whose median is below this are lifted for the network, in HU.
    pub lift_below_hu: f32,
    /// To this median, in HU.
    pub lift_to_hu: f32,
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

/// What a threshold of the judge keeps.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatingPoint {
    /// Share of the nodules of the development part that are kept.
    pub sensitivity: f64,
    /// The threshold of P(nodule) that keeps them.
    pub threshold: f64,
}

impl CalibrationSpec {
    /// Probability that a voxel with this logit belongs to a nodule.
    pub fn probability(&self, logit: f32) -> f64 {
        calibrated(logit, self.temperature, self.bias)
    }
}

impl JudgeSpec {
    /// Probability that a finding with this logit is a nodule.
    pub fn probability(&self, logit: f32) -> f64 {
        calibrated(logit, self.temperature, self.bias)
    }

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

/// σ(logit / temperature + bias), Platt's scaling.
fn calibrated(logit: f32, temperature: f64, bias: f64) -> f64 {
    1.0 / (1.0 + (-(f64::from(logit) / temperature + bias)).exp())
}

impl ModelSpec {
    /// File name and sha256 of each graph.
    pub fn files(&self) -> Vec<(&str, &str)> {
        let judge = self.judge.as_ref().map(|j| (j.file.as_str(), j.sha256.as_str()));
        [(self.encoder.file.as_str(), self.encoder.sha256.as_str()), (&self.decoder.file, &self.decoder.sha256)]
            .into_iter()
            .chain(judge)
            .collect()
    }

    /// Names of the decoder's inputs but for clicks.
    pub fn decoder_inputs(&self) -> impl Iterator<Item = &str> {
        let embeddings = self.encoder.embeddings.iter().map(|e| e.name.as_str());
        embeddings.chain(self.decoder.dropout.iter().map(|d| d.name.as_str()))
    }

    /// Number of volumes that a run takes, all on one grid. Schema version 1 knows one: the CT.
    pub fn channels(&self) -> usize {
        1
    }

    /// Number of slices that go into the encoder at once.
    pub fn slices(&self) -> usize {
        1 + 2 * self.input.neighbours.as_ref().map_or(0, |n| n.each_side)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(points: &[(f64, f64)]) -> JudgeSpec {
        let json = include_str!("../../tests/bundles/tiny-doubt/model.json");
        let spec: ModelSpec = serde_json::from_str(json).expect("a committed bundle");
        let point =
            |(sensitivity, threshold): &(f64, f64)| OperatingPoint { sensitivity: *sensitivity, threshold: *threshold };
        JudgeSpec { operating_points: points.iter().map(point).collect(), ..spec.judge.expect("it has one") }
    }

    #[test]
    fn threshold_at_is_linear_between_points_and_that_of_the_nearest_beyond_them() {
        let judge = judge(&[(0.5, 0.9), (0.9, 0.5), (1.0, 0.5)]);
        for (sensitivity, threshold) in [(0.1, 0.9), (0.5, 0.9), (0.6, 0.8), (0.9, 0.5), (0.95, 0.5), (1.0, 0.5)] {
            let got = judge.threshold_at(sensitivity).unwrap();
            assert!((got - threshold).abs() < 1e-12, "{sensitivity}: {got}");
        }
        assert_eq!(judge_of_one().threshold_at(0.3), Some(0.7));
        assert_eq!(judge_of_one().threshold_at(1.0), Some(0.7));
    }

    fn judge_of_one() -> JudgeSpec {
        judge(&[(0.8, 0.7)])
    }

    #[test]
    fn threshold_at_without_operating_points_is_none() {
        assert_eq!(judge(&[]).threshold_at(0.9), None);
    }
}
