//! Bounds of a contract's numbers, far above any real model, so that no number asks for absurd memory. The checks and the JSON
//! schema take them from here.

use std::ops::RangeInclusive;

/// Most letters of a name.
pub const MAX_NAME: usize = 64;
/// Most characters of a model's name, and of its version.
pub const MAX_SHOWN: usize = 200;
/// Most volumes that a run takes.
pub const MAX_CHANNELS: usize = 64;
/// Most classes, and most regions: a label map numbers both, and one of 8 bits is enough.
pub const MAX_CLASSES: usize = 127;
/// Most members of an ensemble.
pub const MAX_MEMBERS: usize = 256;
/// Most embeddings, dropout inputs or noise inputs of a network.
pub const MAX_TENSORS: usize = 256;
/// Most points inside, and most outside, that a hybrid shows its fine network.
pub const MAX_PROMPTS: usize = 256;
/// Channels of an embedding or of a dropout input; draws of a noise input.
pub const TENSOR_CHANNELS: RangeInclusive<usize> = 1..=65_536;
/// What sizes of a network's input are multiples of.
pub const MULTIPLE: RangeInclusive<usize> = 1..=256;
/// Most neighbouring slices on each side.
pub const MAX_EACH_SIDE: usize = 32;
/// Distance of neighbours, in slices.
pub const STEP_SLICES: RangeInclusive<usize> = 1..=64;
/// Most pixels of context around a window.
pub const MAX_HALO_PX: usize = 1024;
/// Distances that slices may have, in mm.
pub const SLICE_MM: RangeInclusive<f64> = 0.01..=1000.0;
/// Spacing of a network's grid, in mm.
pub const SPACING_MM: RangeInclusive<f64> = 0.1..=20.0;
/// Size of a patch along an axis.
pub const PATCH_SIZE: RangeInclusive<usize> = 1..=1024;
/// Most voxels of a patch.
pub const MAX_PATCH_VOXELS: usize = 1 << 26;
/// Most values of a network's input: channels, slices, and a patch's voxels multiplied.
pub const MAX_IMAGE_VALUES: usize = 1 << 28;
/// Share of a patch that the next one overlaps it by: at 0.9 a voxel is answered for by a thousand of them.
pub const OVERLAP: RangeInclusive<f64> = 0.0..=0.9;
/// How far something reaches, in mm.
pub const MARGIN_MM: RangeInclusive<f64> = 0.0..=100.0;
/// How fast clicks fade, in mm.
pub const DECAY_MM: RangeInclusive<f64> = 0.1..=1000.0;
/// Spacing of a classifier's box, in mm.
pub const BOX_SPACING_MM: RangeInclusive<f64> = 0.05..=20.0;
/// Size of a classifier's box along an axis.
pub const BOX_SIZE: RangeInclusive<usize> = 1..=256;
/// Most voxels of a classifier's box: 128 x 128 x 128.
pub const MAX_BOX_VOXELS: usize = 1 << 21;
/// Standard deviation of the draws of a noise input.
pub const NOISE_SCALE: RangeInclusive<f64> = 0.001..=100.0;
/// Added to logits that were divided by the temperature.
pub const BIAS: RangeInclusive<f64> = -100.0..=100.0;
/// A probability, or another share of a whole.
pub const SHARE: RangeInclusive<f64> = 0.0..=1.0;
/// Values of a channel.
pub const VALUES: RangeInclusive<f64> = -1e6..=1e6;
/// The smallest difference of values that a normalisation may stretch to 1.
pub const MIN_CONTRAST: f64 = 1e-6;
/// The same of Hounsfield units, which are whole numbers.
pub const MIN_CONTRAST_HU: f64 = 1.0;
/// By which power the spread of the samples' volumes may be widened.
pub const WIDEN: RangeInclusive<f64> = 0.0..=10.0;
/// Coefficients of an uncertainty model.
pub const COEFFICIENT: RangeInclusive<f64> = -1e6..=1e6;
/// Samples of a run.
pub const SAMPLES: RangeInclusive<usize> = 1..=crate::limits::MAX_SAMPLES;
/// Most values of all dropout and noise inputs, times samples.
pub const MAX_DRAWS: usize = 1 << 28;
/// Smallest finding that may be asked for, in mm³.
pub const MIN_VOLUME_MM3: RangeInclusive<f64> = 0.0..=1e6;
/// Candidates that go on.
pub const CANDIDATES: RangeInclusive<usize> = 1..=10_000;
