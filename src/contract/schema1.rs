//! `model.json` of schema version 1, and the [`Model`] that it means.
//!
//! One slice network, cut into encoder and decoder, with dropout inputs; a classifier, then called judge. Fields that came after
//! the first release are optional; left out, they mean what the first release did.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    classes::{Channel, Class, Code, Normalise, Output, Unit},
    model::{Decision, Lungs, Model, Sampling, Tried},
    network::{
        Activation, Calibration, Classify, Clicks, Dropout, Embedding, File, Grid, Kind, Member, Neighbours, Network,
        OperatingPoint, Random, Scout, Shown, Tensors,
    },
    uncertainty::{ReviewRule, Uncertainty, UncertaintyModel},
};

/// The colour that nodules always had: orange of the palette of Okabe and Ito.
const NODULE_COLOUR: [u8; 3] = [230, 159, 0];

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
    pub doubt: Option<UncertaintyModel>,
    /// On which CTs the model was tried; `None`: it doesn't say.
    #[serde(default)]
    pub tried: Option<Tried>,
    /// Data, licence, attribution, training.
    pub provenance: BTreeMap<String, serde_json::Value>,
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

impl From<ModelV1> for Model {
    fn from(old: ModelV1) -> Self {
        let window = Normalise::Window(old.input.window_hu);
        Model {
            schema_version: super::bundle::SCHEMA_VERSION,
            name: old.name,
            version: old.version,
            channels: vec![Channel { name: "CT".into(), unit: Unit::Hounsfield, normalise: window }],
            classes: old.decoder.classes.iter().map(|name| class(name)).collect(),
            regions: Vec::new(),
            output: Output::Instances,
            lungs: old.input.lungs,
            detect: None,
            classify: old.judge.map(classify),
            segment: Network {
                kind: old.kind,
                grid: Grid {
                    spacing_mm: [None, old.input.pixel_mm, old.input.pixel_mm],
                    multiple: old.input.multiple,
                    size: None,
                    overlap: None,
                    blend: None,
                },
                neighbours: old.input.neighbours.map(|n| Neighbours {
                    each_side: n.each_side,
                    step_mm: Some(n.step_mm),
                    step_slices: None,
                    interpolate_above_mm: n.interpolate_above_mm,
                }),
                whole_slice: old.encoder.whole_slice,
                halo_px: old.decoder.halo_px,
                scout: Scout { threshold: old.sampling.scout_threshold, margin_mm: old.sampling.scout_margin_mm },
                members: vec![Member {
                    encoder: Some(File { file: old.encoder.file, sha256: old.encoder.sha256 }),
                    decoder: Some(File { file: old.decoder.file, sha256: old.decoder.sha256 }),
                    graph: None,
                }],
                tensors: Some(Tensors {
                    image: old.encoder.slices,
                    offsets_mm: old.encoder.offsets_mm,
                    embeddings: old.encoder.embeddings.into_iter().map(embedding).collect(),
                    logits: old.decoder.logits,
                }),
                random: Random { dropout: old.decoder.dropout.into_iter().map(dropout).collect(), ..Random::default() },
                clicks: old.decoder.clicks.map(|c| Clicks { input: c.name, decay_mm: c.decay_mm }),
                calibration: calibration(old.calibration.temperature, old.calibration.bias),
                hybrid: None,
            },
            sampling: Sampling { samples: old.sampling.samples, uncertainty: old.sampling.uncertainty },
            decision: Decision {
                threshold: old.decision.threshold,
                min_volume_mm3: old.decision.min_volume_mm3,
                candidates: None,
            },
            review: old.review,
            uncertainty: old.doubt,
            tried: old.tried,
            provenance: old.provenance,
        }
    }
}

/// Whatever its name, the class of a bundle of schema 1 is nodules.
fn class(name: &str) -> Class {
    Class { name: name.to_owned(), code: Some(Code::nodule()), colour: NODULE_COLOUR }
}

fn calibration(temperature: f64, bias: f64) -> Calibration {
    Calibration { activation: Activation::Sigmoid, temperature, bias }
}

fn embedding(old: EmbeddingSpec) -> Embedding {
    Embedding { name: old.name, channels: old.channels, stride: old.stride }
}

fn dropout(old: DropoutSpec) -> Dropout {
    Dropout { input: old.name, channels: old.channels, rate: old.rate }
}

fn classify(judge: JudgeSpec) -> Classify {
    Classify {
        kind: Kind::Patch,
        grid: Grid {
            spacing_mm: judge.spacing_mm.map(Some),
            multiple: 1,
            size: Some(judge.size),
            overlap: None,
            blend: None,
        },
        shows: vec![Shown::Image, Shown::Probability, Shown::Inside],
        members: vec![Member {
            encoder: None,
            decoder: None,
            graph: Some(File { file: judge.file, sha256: judge.sha256 }),
        }],
        image: judge.patch,
        logit: judge.logit,
        calibration: calibration(judge.temperature, judge.bias),
        threshold: judge.threshold,
        operating_points: judge.operating_points,
    }
}
