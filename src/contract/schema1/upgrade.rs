//! The [`Model`] that a contract of schema version 1 means.

use super::{DoubtSpec, DropoutSpec, EmbeddingSpec, JudgeSpec, ModelV1};
use crate::contract::{
    bundle::SCHEMA_VERSION,
    classes::{Channel, Class, Code, Normalise, Output, Unit},
    classify::{Classify, ClassifyGrid, Shown},
    model::{Decision, Model, Outline, Sampling},
    network::{
        Activation, Calibration, Clicks, Dropout, Embedding, File, Grid, Kind, Member, Neighbours, Network, Random,
        Scout, Stride, Tensors,
    },
    uncertainty::UncertaintyModel,
};

/// The colour that nodules always had: orange of the palette of Okabe and Ito.
const NODULE_COLOUR: [u8; 3] = [230, 159, 0];

impl From<ModelV1> for Model {
    fn from(old: ModelV1) -> Self {
        let window = Normalise::Window(old.input.window_hu);
        Model {
            schema_version: SCHEMA_VERSION,
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
                    ..Grid::default()
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
                clicks: old.decoder.clicks.map(|c| Clicks { input: c.name, decay_mm: c.decay_mm, candidates: false }),
                calibration: calibration(old.calibration.temperature, old.calibration.bias),
                hybrid: None,
            },
            sampling: Sampling { samples: old.sampling.samples, uncertainty: old.sampling.uncertainty },
            decision: Decision {
                threshold: old.decision.threshold,
                outline: Outline::Threshold,
                min_volume_mm3: old.decision.min_volume_mm3,
                candidates: None,
            },
            review: old.review,
            uncertainty: old.doubt.map(uncertainty),
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

fn uncertainty(old: DoubtSpec) -> UncertaintyModel {
    UncertaintyModel {
        level: old.level,
        samples: None,
        volume_low: Some(old.volume_low),
        volume_high: Some(old.volume_high),
        dice: Some(old.dice),
        clicked: old.clicked,
    }
}

fn embedding(old: EmbeddingSpec) -> Embedding {
    Embedding { name: old.name, channels: old.channels, stride: Stride::Same(old.stride) }
}

fn dropout(old: DropoutSpec) -> Dropout {
    Dropout { input: old.name, channels: old.channels, rate: old.rate }
}

fn classify(judge: JudgeSpec) -> Classify {
    Classify {
        kind: Kind::Patch,
        grid: ClassifyGrid { spacing_mm: judge.spacing_mm, size: judge.size },
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
        marked: None,
        operating_points: judge.operating_points,
    }
}
