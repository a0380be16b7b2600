//! Which values of a contract make no sense.

use std::path::Path;

use crate::contract::model::{JudgeSpec, ModelSpec, OperatingPoint};

/// Bounds far above any real model, so that no number of a contract asks for absurd memory.
const MOST_CHANNELS: usize = 1 << 16;
/// Most embeddings, and most dropout inputs.
const MOST_TENSORS: usize = 256;
/// Most voxels of a judge's patch: 128 x 128 x 128.
const MOST_PATCH_VOXELS: usize = 1 << 21;
/// Most channels of all dropout inputs times samples.
const MOST_MASK_VALUES: usize = 1 << 28;

impl ModelSpec {
    /// The first value that makes no sense, with what was expected.
    pub(super) fn problem(&self) -> Option<String> {
        let unit = |v: f64| v > 0.0 && v < 1.0;
        let channels = |n: usize| (1..=MOST_CHANNELS).contains(&n);
        let [low, high] = self.input.window_hu;
        let multiple = self.input.multiple;
        let checks = [
            (
                low.abs() <= 1e6 && high.abs() <= 1e6 && high - low >= 1.0,
                "input.window_hu must be two HU between -1e6 and 1e6, the lower first, at least 1 apart",
            ),
            (self.input.pixel_mm.is_none_or(|p| (0.1..=5.0).contains(&p)), "input.pixel_mm must be 0.1 to 5, or null"),
            ((1..=256).contains(&multiple), "input.multiple must be 1 to 256"),
            (
                self.input.neighbours.as_ref().is_none_or(|n| n.each_side <= 32 && is_slice_mm(n.step_mm)),
                "input.neighbours must have each_side up to 32 and a step_mm of 0.01 to 1000",
            ),
            (
                self.input.neighbours.as_ref().and_then(|n| n.interpolate_above_mm).is_none_or(is_slice_mm),
                "input.neighbours.interpolate_above_mm must be 0.01 to 1000, or null",
            ),
            (
                self.input.lungs.is_none_or(|l| {
                    -1024.0 <= l.lift_below_hu && l.lift_below_hu < l.lift_to_hu && l.lift_to_hu < -500.0
                }),
                "input.lungs must have lift_below_hu from -1024, and lift_to_hu above it and below -500",
            ),
            (self.tried.is_none_or(|t| is_slice_mm(t.slice_mm)), "tried.slice_mm must be 0.01 to 1000"),
            (
                (1..=MOST_TENSORS).contains(&self.encoder.embeddings.len()),
                "encoder.embeddings must not be empty nor more than 256",
            ),
            (
                self.encoder
                    .embeddings
                    .iter()
                    .all(|e| channels(e.channels) && e.stride > 0 && multiple.is_multiple_of(e.stride)),
                "each embedding needs 1 to 65536 channels and a stride that divides input.multiple",
            ),
            // Without a mask the decoder can't tell one sample from another: the doubt would be made up.
            (
                !self.decoder.dropout.is_empty(),
                "decoder.dropout must name at least one input: without dropout there are no samples to tell doubt from",
            ),
            (
                self.decoder.dropout.len() <= MOST_TENSORS
                    && self.decoder.dropout.iter().all(|d| channels(d.channels) && (0.0..1.0).contains(&d.rate)),
                "each dropout input needs 1 to 65536 channels and a rate from 0 to below 1, of 256 at most",
            ),
            (
                self.decoder
                    .clicks
                    .as_ref()
                    .is_none_or(|c| (0.1..=1000.0).contains(&c.decay_mm) && self.decoder_inputs().all(|n| n != c.name)),
                "decoder.clicks must have a name that no other input has and a decay_mm of 0.1 to 1000",
            ),
            (
                self.decoder.classes.len() == 1,
                "decoder.classes must name one class in this version of sam2lung (nodule)",
            ),
            (self.decoder.halo_px <= 1024, "decoder.halo_px must be at most 1024"),
            ((1..=10_000).contains(&self.sampling.samples), "sampling.samples must be 1 to 10000"),
            (
                self.mask_values() <= MOST_MASK_VALUES,
                "sampling.samples times the channels of all decoder.dropout must be at most 268435456",
            ),
            (
                self.sampling.scout_threshold.is_none_or(unit)
                    && (0.0..=100.0).contains(&self.sampling.scout_margin_mm),
                "sampling.scout_threshold must lie between 0 and 1 (or be null) and scout_margin_mm between 0 and 100",
            ),
            (
                positive(self.calibration.temperature) && small(self.calibration.bias),
                "calibration.temperature must be positive, bias -100 to 100",
            ),
            (
                unit(self.decision.threshold) && (0.0..1e6).contains(&self.decision.min_volume_mm3),
                "decision.threshold must lie between 0 and 1, min_volume_mm3 must not be negative",
            ),
            (
                self.judge.as_ref().is_none_or(makes_sense),
                "judge.size must be 1 to 256 each and 2097152 voxels in all, spacing_mm 0.05 to 20, temperature positive, \
                 threshold 0 to 1, bias -100 to 100",
            ),
            (
                self.judge.as_ref().is_none_or(|j| are_in_order(&j.operating_points)),
                "judge.operating_points must have a sensitivity above 0 to 1, each higher than the one before, and a \
                 threshold of 0 to 1, none higher than the one before",
            ),
            (
                self.doubt.as_ref().is_none_or(|d| unit(d.level) && d.coefficients().all(|c| c.abs() <= 1e6)),
                "doubt.level must lie between 0 and 1, each coefficient between -1e6 and 1e6",
            ),
        ];
        let value = checks.into_iter().find(|(good, _)| !good).map(|(_, text)| text.to_owned());
        value.or_else(|| {
            let foreign = self.files().into_iter().find(|(file, _)| !is_plain_file_name(file));
            foreign.map(|(file, _)| format!("'{file}' is not a plain file name inside the bundle"))
        })
    }
}

impl ModelSpec {
    /// Values of all dropout masks together.
    fn mask_values(&self) -> usize {
        let channels = self.decoder.dropout.iter().fold(0, |sum: usize, d| sum.saturating_add(d.channels));
        channels.saturating_mul(self.sampling.samples)
    }
}

fn positive(v: f64) -> bool {
    v > 0.0 && v.is_finite()
}

/// True for a distance that slices may have.
fn is_slice_mm(v: f64) -> bool {
    (0.01..=1000.0).contains(&v)
}

fn small(v: f64) -> bool {
    v.abs() <= 100.0
}

fn makes_sense(judge: &JudgeSpec) -> bool {
    judge.size.iter().all(|n| (1..=256).contains(n))
        && judge.size.iter().product::<usize>() <= MOST_PATCH_VOXELS
        && judge.spacing_mm.iter().all(|s| (0.05..=20.0).contains(s))
        && (0.0..=1.0).contains(&judge.threshold)
        && positive(judge.temperature)
        && small(judge.bias)
}

fn are_in_order(points: &[OperatingPoint]) -> bool {
    let sensible =
        |p: &OperatingPoint| p.sensitivity > 0.0 && p.sensitivity <= 1.0 && (0.0..=1.0).contains(&p.threshold);
    let rises =
        |pair: &[OperatingPoint]| pair[0].sensitivity < pair[1].sensitivity && pair[0].threshold >= pair[1].threshold;
    points.iter().all(sensible) && points.windows(2).all(rises)
}

/// True for a name that can't lead out of the bundle's folder.
fn is_plain_file_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!((parts.next(), parts.next()), (Some(std::path::Component::Normal(part)), None) if part == name)
        && !name.contains(['/', '\\', ':', '\0'])
}
