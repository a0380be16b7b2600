//! A hybrid: a coarse patch network everywhere, a fine slice network on some slices, and what the one hands to the other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    limits::{MARGIN_MM, MAX_PROMPTS, MAX_TENSORS, MULTIPLE, SHARE, TENSOR_CHANNELS},
    network::{Network, Stride},
};

/// A coarse network everywhere and a fine one on some slices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hybrid {
    /// The patch network.
    pub coarse: Network,
    /// The slice network.
    pub fine: Network,
    /// Share of the slices that the fine network sees, those with most information first; 0: none, the coarse network
    /// alone answers.
    #[schemars(range(min = *SHARE.start(), max = *SHARE.end()))]
    pub share_of_slices: f64,
    /// For each class, how much the fine network's logits count against the coarse one's, 0 to 1.
    #[schemars(inner(range(min = *SHARE.start(), max = *SHARE.end())))]
    pub fine_weights: Vec<f64>,
    /// Points and a box that show the fine network what the coarse one finds in a slice. Left out: it takes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompts: Option<Prompts>,
    /// Outputs of the coarse network that the fine one is fed. Left out: none.
    #[schemars(length(max = MAX_TENSORS))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<Feature>,
}

/// Inputs of the fine network's graph that gives logits, and how they are made of the coarse network's foreground.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Prompts {
    /// Input (1, positive + negative, 2): x along i and y along j of each point, in pixels of the image that the fine network
    /// is fed, whose first pixel is 0, 0.
    pub points: String,
    /// Input (1, positive + negative): 1 inside, 0 outside, −1 where there is no point.
    pub labels: String,
    /// Input (1, 4): x and y of the box's first and last pixel. Left out: the network takes no box.
    #[serde(default, rename = "box", skip_serializing_if = "Option::is_none")]
    pub bounds: Option<String>,
    /// Most points inside.
    #[schemars(range(min = 1, max = MAX_PROMPTS))]
    pub positive: usize,
    /// Most points outside.
    #[schemars(range(max = MAX_PROMPTS))]
    pub negative: usize,
    /// Coarse foreground probability above which a voxel is inside. Left out: 0.5.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    #[serde(default = "half", skip_serializing_if = "is_half")]
    pub threshold: f64,
    /// Points outside lie farther than the first and no farther than the second of these from what is inside, in mm.
    /// Left out: 1 and 5.
    #[schemars(inner(range(min = *MARGIN_MM.start(), max = *MARGIN_MM.end())))]
    #[serde(default = "usual_ring", skip_serializing_if = "is_usual_ring")]
    pub ring_mm: [f64; 2],
    /// How far the box reaches beyond what is inside, in mm. Left out: 2.
    #[schemars(range(min = *MARGIN_MM.start(), max = *MARGIN_MM.end()))]
    #[serde(default = "usual_margin", skip_serializing_if = "is_usual_margin")]
    pub box_margin_mm: f64,
}

/// An output of the coarse network that the fine one is fed. Both belong to the graphs that give logits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// Output of the coarse network: (1, channels, size / stride …).
    pub output: String,
    /// Input of the fine network: (1, channels, H / fine_stride, W / fine_stride).
    pub input: String,
    /// Number of channels.
    #[schemars(range(min = *TENSOR_CHANNELS.start(), max = *TENSOR_CHANNELS.end()))]
    pub channels: usize,
    /// Voxels of the coarse network's box a step of the output.
    pub stride: Stride,
    /// Pixels of the fine network's image a step of the input; divides its grid's `multiple`.
    #[schemars(range(min = *MULTIPLE.start(), max = *MULTIPLE.end()))]
    pub fine_stride: usize,
}

fn half() -> f64 {
    0.5
}

fn is_half(value: &f64) -> bool {
    *value == half()
}

fn usual_ring() -> [f64; 2] {
    [1.0, 5.0]
}

fn is_usual_ring(ring: &[f64; 2]) -> bool {
    *ring == usual_ring()
}

fn usual_margin() -> f64 {
    2.0
}

fn is_usual_margin(value: &f64) -> bool {
    *value == usual_margin()
}

impl Hybrid {
    /// True when the fine network is fed something of the coarse one.
    pub fn hands_over(&self) -> bool {
        self.prompts.is_some() || !self.features.is_empty()
    }
}

impl Prompts {
    /// Points of a slice, those that are none included.
    pub fn count(&self) -> usize {
        self.positive + self.negative
    }

    /// The inputs, each with its field's name and its shape.
    pub fn inputs(&self) -> impl Iterator<Item = (&'static str, &str, Vec<usize>)> {
        let points = [
            ("points", self.points.as_str(), vec![1, self.count(), 2]),
            ("labels", self.labels.as_str(), vec![1, self.count()]),
        ];
        points.into_iter().chain(self.bounds.iter().map(|name| ("box", name.as_str(), vec![1, 4])))
    }
}
