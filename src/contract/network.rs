//! A network: how a volume is cut for it, its graphs, and what is random in it.

use std::cell::Cell;

use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, IgnoredAny},
};
use strum::Display;

pub use super::hybrid::Hybrid;
use super::limits::{
    BIAS, DECAY_MM, MARGIN_MM, MAX_EACH_SIDE, MAX_HALO_PX, MAX_MEMBERS, MAX_TENSORS, MULTIPLE, NOISE_SCALE, OVERLAP,
    PATCH_SIZE, SLICE_MM, SPACING_MM, STEP_SLICES, TENSOR_CHANNELS,
};

/// A network that cuts a volume: of the role `detect` or `segment`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// How a volume is cut.
    pub kind: Kind,
    /// On which grid it is sampled. Left out: the CT's own. A hybrid's two networks have grids of their own.
    #[serde(default, skip_serializing_if = "Grid::is_default")]
    pub grid: Grid,
    /// `slice`: which slices go in beside the one that is answered for. Left out: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neighbours: Option<Neighbours>,
    /// `slice`: true: whole slices are encoded, never a part, since what the network says of a pixel depends on all of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole_slice: bool,
    /// `slice`: pixels of context that a window needs around the pixels that are read.
    #[schemars(range(max = MAX_HALO_PX))]
    #[serde(default, skip_serializing_if = "is_zero")]
    pub halo_px: usize,
    /// `slice`: what is sampled, and what a deterministic pass settles.
    #[serde(default, skip_serializing_if = "Scout::is_default")]
    pub scout: Scout,
    /// The ensemble: one member at least. A hybrid has none of its own.
    #[schemars(length(max = MAX_MEMBERS))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Member>,
    /// Names of the graphs' tensors, the same in each member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tensors: Option<Tensors>,
    /// What differs from sample to sample beside the member.
    #[serde(default, skip_serializing_if = "Random::is_empty")]
    pub random: Random,
    /// The input for clicks. Left out: it takes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clicks: Option<Clicks>,
    /// From logits to probabilities.
    #[serde(default)]
    pub calibration: Calibration,
    /// `hybrid`: the two networks and how their answers become one.
    #[serde(default, deserialize_with = "of_two_parts", skip_serializing_if = "Option::is_none")]
    pub hybrid: Option<Box<Hybrid>>,
}

/// A hybrid whose networks are no hybrids: read without end, one in another, they would take the thread's stack.
fn of_two_parts<'de, D: Deserializer<'de>>(given: D) -> Result<Option<Box<Hybrid>>, D::Error> {
    thread_local!(static WITHIN_ONE: Cell<bool> = const { Cell::new(false) });
    if WITHIN_ONE.get() {
        let another = Option::<IgnoredAny>::deserialize(given)?;
        let refusal = || D::Error::custom("given; expected left out: a hybrid is made of a patch and a slice network");
        return if another.is_some() { Err(refusal()) } else { Ok(None) };
    }
    WITHIN_ONE.set(true);
    let read = Option::deserialize(given);
    WITHIN_ONE.set(false);
    read
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// Kinds of networks, by the boxes of a volume that they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Kind {
    /// An axial slice with its neighbours in, that slice out.
    Slice,
    /// A box in, the same box out; boxes may overlap.
    Patch,
    /// A patch network everywhere, and a slice network on the slices that carry most information.
    Hybrid,
}

/// The grid that a network works on, anchored at the CT's first voxel.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// Spacing along k, j, i in mm; null: the CT's own along that axis.
    #[schemars(inner(range(min = *SPACING_MM.start(), max = *SPACING_MM.end())))]
    #[serde(default)]
    pub spacing_mm: [Option<f64>; 3],
    /// Sizes along j and i (along k too for patches) are multiples of this.
    #[schemars(range(min = *MULTIPLE.start(), max = *MULTIPLE.end()))]
    #[serde(default = "one")]
    pub multiple: usize,
    /// `patch`: size of a box along k, j, i, in voxels of this grid.
    #[schemars(inner(range(min = *PATCH_SIZE.start(), max = *PATCH_SIZE.end())))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<[usize; 3]>,
    /// `patch`: share of a box's size that the next box overlaps it by, along each axis. Left out: 0.
    #[schemars(range(min = *OVERLAP.start(), max = *OVERLAP.end()))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<f64>,
    /// `patch`: how answers count where boxes overlap. Left out: `constant`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blend: Option<Blend>,
    /// `patch`: what becomes of a volume that is smaller than a box. Left out: `refuse`.
    #[serde(default, skip_serializing_if = "Beyond::is_default")]
    pub beyond: Beyond,
    /// `patch`, of `segment` behind `detect`: true: each group of the region is seen in one box, whose voxels grow with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub grows: bool,
}

fn one() -> usize {
    1
}

impl Default for Grid {
    fn default() -> Self {
        Grid {
            spacing_mm: [None; 3],
            multiple: one(),
            size: None,
            overlap: None,
            blend: None,
            beyond: Beyond::default(),
            grows: false,
        }
    }
}

impl Grid {
    /// True for the CT's own grid, cut at will.
    pub fn is_default(&self) -> bool {
        *self == Grid::default()
    }
}

/// How the answers of overlapping boxes count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Blend {
    /// The same everywhere in a box.
    Constant,
    /// Less towards a box's faces: a Gaussian whose standard deviation is an eighth of the box's size.
    Gaussian,
}

/// What becomes of a volume that is smaller than a box along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema, Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Beyond {
    /// It is refused.
    #[default]
    Refuse,
    /// It goes on beyond its edge with the edge's values.
    Repeat,
    /// It lies in the middle of a box that is 0 around it, as MONAI and nnU-Net pad it: what is normalised, not what is given.
    Zero,
}

impl Beyond {
    /// True where such a volume is refused.
    pub fn is_default(&self) -> bool {
        *self == Beyond::default()
    }
}

/// Which neighbouring slices go in: their distance is `step_mm`, or `step_slices`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Neighbours {
    /// Slices on each side.
    #[schemars(range(max = MAX_EACH_SIDE))]
    pub each_side: usize,
    /// Distance aimed at between them, in mm.
    #[schemars(range(min = *SLICE_MM.start(), max = *SLICE_MM.end()))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_mm: Option<f64>,
    /// Distance between them in slices: a slab.
    #[schemars(range(min = *STEP_SLICES.start(), max = *STEP_SLICES.end()))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_slices: Option<usize>,
    /// Where slices lie further apart than this, in mm, neighbours are interpolated between them, exactly `step_mm` apart.
    /// Left out: never, they are the next slices.
    #[schemars(range(min = *SLICE_MM.start(), max = *SLICE_MM.end()))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpolate_above_mm: Option<f64>,
}

/// Where sampling pays.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scout {
    /// Only windows around pixels above this deterministic probability are sampled. Left out: all are.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    #[serde(default)]
    pub threshold: Option<f64>,
    /// How far such a window reaches beyond them, and a slice's answer beyond the search region, in mm.
    #[schemars(range(min = *MARGIN_MM.start(), max = *MARGIN_MM.end()))]
    #[serde(default)]
    pub margin_mm: f64,
}

impl Scout {
    /// True where all is sampled and nothing is looked at beyond the search region.
    pub fn is_default(&self) -> bool {
        *self == Scout::default()
    }
}

/// One network of an ensemble: an encoder and a decoder, or one graph that is both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Runs once a box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<File>,
    /// Runs once a sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decoder: Option<File>,
    /// Both in one: from the image to logits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graph: Option<File>,
}

/// A regular file in the bundle's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its plain name.
    #[schemars(regex(pattern = r"^(?!\.{1,2}$)[^/\\:\x00]+$"))]
    pub file: String,
    /// Its hash, hexadecimal.
    #[schemars(regex(pattern = "^[0-9A-Fa-f]{64}$"))]
    pub sha256: String,
}

/// Names of a network's tensors. C channels, S slices, K classes, T samples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tensors {
    /// Input: (1, C · S, H, W) for slices, channel by channel; (1, C, D, H, W) for patches.
    pub image: String,
    /// Input (1, S): distances from the slice that is answered for, in mm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offsets_mm: Option<String>,
    /// From encoder to decoder: (1, channels, size / stride …). None where members are single graphs.
    #[schemars(length(max = MAX_TENSORS))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub embeddings: Vec<Embedding>,
    /// Output: (T, K, H, W), or (T, K, D, H, W). One channel more, the first, for the background where the activation is
    /// softmax.
    pub logits: String,
}

/// One output of the encoder and input of the decoder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Embedding {
    /// Tensor name in both graphs.
    pub name: String,
    /// Number of channels.
    #[schemars(range(min = *TENSOR_CHANNELS.start(), max = *TENSOR_CHANNELS.end()))]
    pub channels: usize,
    /// Voxels of the input a step.
    pub stride: Stride,
}

/// Voxels of the input a step of an embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a whole number, or a list of three along k, j, i")]
pub enum Stride {
    /// The same along each axis; divides the grid's `multiple`.
    Same(#[schemars(range(min = *MULTIPLE.start(), max = *MULTIPLE.end()))] usize),
    /// `patch`: along k, j, i; each divides the box's size along its axis.
    Each(#[schemars(inner(range(min = *MULTIPLE.start(), max = *MULTIPLE.end())))] [usize; 3]),
}

impl Stride {
    /// Along k, j, i.
    pub fn along(self) -> [usize; 3] {
        match self {
            Stride::Same(stride) => [stride; 3],
            Stride::Each(strides) => strides,
        }
    }
}

impl std::fmt::Display for Stride {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Stride::Same(stride) => write!(f, "{stride}"),
            Stride::Each([k, j, i]) => write!(f, "[{k}, {j}, {i}]"),
        }
    }
}

/// What is random in a network. Each source may be absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Random {
    /// Inputs (T, channels, 1, 1) for slices, (T, channels, 1, 1, 1) for patches.
    #[schemars(length(max = MAX_TENSORS))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropout: Vec<Dropout>,
    /// Inputs (T, rank).
    #[schemars(length(max = MAX_TENSORS))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub noise: Vec<Noise>,
    /// Axes along which samples see the volume mirrored; each once.
    #[schemars(extend("uniqueItems" = true))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flips: Vec<Axis>,
}

/// One dropout input: factors 0 or 1 / (1 − rate).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dropout {
    /// Tensor name.
    pub input: String,
    /// Number of channels.
    #[schemars(range(min = *TENSOR_CHANNELS.start(), max = *TENSOR_CHANNELS.end()))]
    pub channels: usize,
    /// Probability of dropping a channel.
    #[schemars(range(min = 0), extend("exclusiveMaximum" = 1))]
    pub rate: f64,
}

/// One noise input: independent draws from the standard normal distribution, one set a sample for the whole volume.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Noise {
    /// Tensor name.
    pub input: String,
    /// Draws a sample.
    #[schemars(range(min = *TENSOR_CHANNELS.start(), max = *TENSOR_CHANNELS.end()))]
    pub rank: usize,
    /// The draws' standard deviation: how far samples differ. Left out: 1.
    #[schemars(range(min = *NOISE_SCALE.start(), max = *NOISE_SCALE.end()))]
    #[serde(default = "unscaled", skip_serializing_if = "is_unscaled")]
    pub scale: f64,
}

impl Noise {
    /// `rank` draws a sample of the standard normal distribution.
    pub fn standard(input: &str, rank: usize) -> Self {
        Noise { input: input.into(), rank, scale: unscaled() }
    }
}

fn is_unscaled(scale: &f64) -> bool {
    *scale == unscaled()
}

/// An axis of the canonical orientation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Axis {
    /// Along the patient.
    K,
    /// From front to back.
    J,
    /// From right to left.
    I,
}

/// The input for clicks, (1, 2, H, W) or (1, 2, D, H, W): inside the nodule, and outside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clicks {
    /// Tensor name.
    pub input: String,
    /// A pixel d mm from the nearest click of a kind has exp(-d / `decay_mm`).
    #[schemars(range(min = *DECAY_MM.start(), max = *DECAY_MM.end()))]
    pub decay_mm: f64,
    /// True: behind `detect` the network is shown each candidate's centre as a click inside.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub candidates: bool,
}

/// From logits to probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// How classes share a voxel.
    #[serde(default)]
    pub activation: Activation,
    /// Logits are divided by this. Left out: 1.
    #[schemars(extend("exclusiveMinimum" = 0))]
    #[serde(default = "unscaled")]
    pub temperature: f64,
    /// Then this is added, to each class.
    #[schemars(range(min = *BIAS.start(), max = *BIAS.end()))]
    #[serde(default)]
    pub bias: f64,
}

fn unscaled() -> f64 {
    1.0
}

impl Default for Calibration {
    fn default() -> Self {
        Calibration { activation: Activation::default(), temperature: unscaled(), bias: 0.0 }
    }
}

/// How classes share a voxel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema, Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Activation {
    /// Each class by itself.
    #[default]
    Sigmoid,
    /// One of the classes or the background, whose logit comes first.
    Softmax,
}

impl Network {
    /// This network under its field's name; a hybrid's two in its place.
    pub fn parts(&self, name: &str) -> Vec<(String, &Network)> {
        match &self.hybrid {
            Some(hybrid) => {
                vec![(format!("{name}.hybrid.coarse"), &hybrid.coarse), (format!("{name}.hybrid.fine"), &hybrid.fine)]
            }
            None => vec![(name.to_owned(), self)],
        }
    }

    /// Number of slices that go in at once.
    pub fn slices(&self) -> usize {
        1 + 2 * self.neighbours.map_or(0, |n| n.each_side)
    }

    /// Names of the inputs that differ from sample to sample.
    pub fn random_inputs(&self) -> impl Iterator<Item = &str> {
        let dropout = self.random.dropout.iter().map(|d| d.input.as_str());
        dropout.chain(self.random.noise.iter().map(|n| n.input.as_str()))
    }
}

impl Random {
    /// True when nothing is random but the member.
    pub fn is_empty(&self) -> bool {
        self.dropout.is_empty() && self.noise.is_empty() && self.flips.is_empty()
    }
}

impl Member {
    /// The graph that gives logits; empty for a member without files, which no checked contract has.
    pub fn decoder_file(&self) -> &str {
        self.decoder.as_ref().or(self.graph.as_ref()).map_or("", |file| &file.file)
    }

    /// Its files, each with the field's name.
    pub fn files(&self) -> impl Iterator<Item = (&'static str, &File)> {
        let named = [("encoder", &self.encoder), ("decoder", &self.decoder), ("graph", &self.graph)];
        named.into_iter().filter_map(|(name, file)| Some((name, file.as_ref()?)))
    }
}

impl Calibration {
    /// Probability of a class with this logit by itself: Platt's scaling.
    pub fn probability(&self, logit: f32) -> f64 {
        1.0 / (1.0 + (-(f64::from(logit) / self.temperature + self.bias)).exp())
    }
}
