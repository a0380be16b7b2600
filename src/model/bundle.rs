//! A model bundle: a folder with `model.json` and ONNX graphs, checked before anything runs.
//!
//! `model.json` is the whole contract between a network and this library; see `onnx/README.md` for every field.
//! The library holds no constant of a model.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    error::{Error, Result},
    stages::nodules::ReviewRule,
};

/// The schema version this library reads.
pub const SCHEMA_VERSION: u32 = 1;
/// Largest graph that is read, in bytes: a guard against a wrong path, far above any real bundle.
const MAX_GRAPH_BYTES: u64 = 2 << 30;

/// A checked bundle: its contract and its graphs.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// The contract.
    pub spec: ModelSpec,
    /// sha256 of `model.json`, lower-case hexadecimal.
    pub contract_sha256: String,
    /// Where it came from; `<built in>` for the default one.
    pub origin: PathBuf,
    graphs: BTreeMap<String, Cow<'static, [u8]>>,
}

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
}

/// Which neighbouring slices go in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NeighbourSpec {
    /// Slices on each side.
    pub each_side: usize,
    /// Distance aimed at between them, in mm.
    pub step_mm: f64,
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
}

/// From logits to probabilities.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationSpec {
    /// p = σ(logit / temperature).
    pub temperature: f64,
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
    /// P(nodule) = σ(logit / temperature).
    pub temperature: f64,
    /// Findings below this P(nodule) are dropped.
    pub threshold: f64,
}

impl Bundle {
    /// Reads and checks the bundle in `folder`.
    ///
    /// # Errors
    /// [`Error::ModelBundle`], [`Error::ModelSchema`] or [`Error::ModelHash`].
    pub fn open(folder: &Path) -> Result<Self> {
        let refuse = |reason: String| Error::ModelBundle {
            bundle: folder.into(),
            reason,
            remedy: "Point --model to a folder that holds model.json and its ONNX files".into(),
        };
        let json = fs::read(folder.join("model.json")).map_err(|e| refuse(format!("model.json can't be read: {e}")))?;
        Self::from_parts(folder.into(), &json, |file| {
            let path = folder.join(file);
            let size = fs::metadata(&path).map_err(|e| refuse(format!("{file} can't be read: {e}")))?.len();
            if size > MAX_GRAPH_BYTES {
                return Err(refuse(format!("{file} has {size} bytes; expected at most {MAX_GRAPH_BYTES}")));
            }
            fs::read(&path).map(Cow::Owned).map_err(|e| refuse(format!("{file} can't be read: {e}")))
        })
    }

    /// The bundle that is compiled into this library.
    ///
    /// # Errors
    /// As [`Bundle::open`]; never for a library that was built unchanged.
    pub fn builtin() -> Result<Self> {
        let missing = |file: &str| Error::ModelBundle {
            bundle: "<built in>".into(),
            reason: format!("{file} was not compiled in"),
            remedy: "Build sam2lung again".into(),
        };
        let compiled_in = |file: &str| {
            let found = builtin::FILES.iter().find(|(name, _)| *name == file);
            found.map(|(_, bytes)| *bytes).ok_or_else(|| missing(file))
        };
        let json = compiled_in("model.json")?;
        Self::from_parts("<built in>".into(), json, |file| compiled_in(file).map(Cow::Borrowed))
    }

    fn from_parts(
        origin: PathBuf,
        json: &[u8],
        mut read: impl FnMut(&str) -> Result<Cow<'static, [u8]>>,
    ) -> Result<Self> {
        let spec = parse(&origin, json)?;
        spec.check(&origin)?;
        let mut graphs = BTreeMap::new();
        for (file, expected) in spec.files() {
            let bytes = read(file)?;
            let got = sha256_hex(&bytes);
            if got != expected.to_ascii_lowercase() {
                return Err(Error::ModelHash { bundle: origin, file: file.into(), got, expected: expected.into() });
            }
            graphs.insert(file.to_owned(), bytes);
        }
        Ok(Bundle { spec, contract_sha256: sha256_hex(json), origin, graphs })
    }

    /// The bytes of a graph that the contract names.
    ///
    /// # Panics
    /// For a file that [`ModelSpec::files`] doesn't list: a mistake in this library.
    pub fn graph(&self, file: &str) -> &[u8] {
        &self.graphs[file]
    }
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

    /// Number of slices that go into the encoder at once.
    pub fn slices(&self) -> usize {
        1 + 2 * self.input.neighbours.as_ref().map_or(0, |n| n.each_side)
    }

    fn check(&self, origin: &Path) -> Result<()> {
        let problem = self.problem();
        problem.map_or(Ok(()), |reason| {
            Err(Error::ModelBundle {
                bundle: origin.into(),
                reason,
                remedy: "Correct model.json (onnx/README.md describes each field)".into(),
            })
        })
    }

    /// The first value that makes no sense, with what was expected.
    fn problem(&self) -> Option<String> {
        let unit = |v: f64| v > 0.0 && v < 1.0;
        let positive = |v: f64| v > 0.0 && v.is_finite();
        let [low, high] = self.input.window_hu;
        let multiple = self.input.multiple;
        let checks = [
            (
                low.is_finite() && high.is_finite() && low < high,
                "input.window_hu must be two finite HU, the lower first",
            ),
            (self.input.pixel_mm.is_none_or(|p| (0.1..=5.0).contains(&p)), "input.pixel_mm must be 0.1 to 5, or null"),
            ((1..=256).contains(&multiple), "input.multiple must be 1 to 256"),
            (
                self.input.neighbours.as_ref().is_none_or(|n| n.each_side <= 32 && positive(n.step_mm)),
                "input.neighbours must have each_side up to 32 and a positive step_mm",
            ),
            (!self.encoder.embeddings.is_empty(), "encoder.embeddings must not be empty"),
            (
                self.encoder
                    .embeddings
                    .iter()
                    .all(|e| e.channels > 0 && e.stride > 0 && multiple.is_multiple_of(e.stride)),
                "each embedding needs channels and a stride that divides input.multiple",
            ),
            // Without a mask the decoder can't tell one sample from another: the doubt would be made up.
            (
                !self.decoder.dropout.is_empty(),
                "decoder.dropout must name at least one input: without dropout there are no samples to tell doubt from",
            ),
            (
                self.decoder.dropout.iter().all(|d| d.channels > 0 && (0.0..1.0).contains(&d.rate)),
                "each dropout input needs channels and a rate from 0 to below 1",
            ),
            (
                self.decoder.classes.len() == 1,
                "decoder.classes must name one class in this version of sam2lung (nodule)",
            ),
            (self.decoder.halo_px <= 1024, "decoder.halo_px must be at most 1024"),
            ((1..=10_000).contains(&self.sampling.samples), "sampling.samples must be 1 to 10000"),
            (
                self.sampling.scout_threshold.is_none_or(unit)
                    && (0.0..=100.0).contains(&self.sampling.scout_margin_mm),
                "sampling.scout_threshold must lie between 0 and 1 (or be null) and scout_margin_mm between 0 and 100",
            ),
            (positive(self.calibration.temperature), "calibration.temperature must be positive"),
            (
                unit(self.decision.threshold) && (0.0..1e6).contains(&self.decision.min_volume_mm3),
                "decision.threshold must lie between 0 and 1, min_volume_mm3 must not be negative",
            ),
            (
                self.judge.as_ref().is_none_or(|j| {
                    j.size.iter().all(|n| (1..=256).contains(n))
                        && j.spacing_mm.iter().all(|s| positive(*s))
                        && (0.0..=1.0).contains(&j.threshold)
                        && positive(j.temperature)
                }),
                "judge.size must be 1 to 256 each, spacing_mm and temperature positive, threshold 0 to 1",
            ),
        ];
        let value = checks.into_iter().find(|(good, _)| !good).map(|(_, text)| text.to_owned());
        value.or_else(|| {
            let foreign = self.files().into_iter().find(|(file, _)| !is_plain_file_name(file));
            foreign.map(|(file, _)| format!("'{file}' is not a plain file name inside the bundle"))
        })
    }
}

/// True for a name that can't lead out of the bundle's folder.
fn is_plain_file_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!((parts.next(), parts.next()), (Some(std::path::Component::Normal(part)), None) if part == name)
        && !name.contains(['/', '\\', '\0'])
}

fn parse(origin: &Path, json: &[u8]) -> Result<ModelSpec> {
    let refuse = |e: serde_json::Error| Error::ModelBundle {
        bundle: origin.into(),
        reason: format!("model.json: {e}"),
        remedy: "Correct model.json (onnx/README.md describes each field)".into(),
    };
    // The version comes first: a file from the future may differ in everything else.
    let value: serde_json::Value = serde_json::from_slice(json).map_err(refuse)?;
    match value.get("schema_version") {
        Some(v) if v.as_u64() == Some(u64::from(SCHEMA_VERSION)) => serde_json::from_value(value).map_err(refuse),
        other => Err(Error::ModelSchema {
            bundle: origin.into(),
            got: other.map_or("none".into(), ToString::to_string),
            expected: SCHEMA_VERSION,
        }),
    }
}

/// sha256 of `bytes` in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// The default bundle, read at compile time: build.rs lists the files of `onnx/bundles/default`.
mod builtin {
    include!(concat!(env!("OUT_DIR"), "/builtin_bundle.rs"));
}
