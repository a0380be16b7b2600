//! How far a nodule's outline may be off: what is known of it as numbers, and a bundle's model of the error.
//!
//! Dropout samples are too much alike for their spread to hold the true volume. A bundle may bring linear models, fitted
//! on nodules that its networks never saw, of the volume's error and of the outline's Dice. Where samples differ as readers
//! do, one number is enough: by how much their spread is to be widened.

use serde::Serialize;

use crate::{
    contract::uncertainty::{FEATURES, UncertaintyModel, WidenedSamples},
    findings::{around::VolumeLimits, nodule::Nodule, samples::SampleVolumes},
};

/// Log-odds of the classifier's probability are cut off here: beyond, they say how sure it is and not how good the outline.
const MAX_LOG_ODDS: f64 = 6.0;

/// What 90 % of the samples gave: their 5th to 95th percentile.
const SAMPLES_LEVEL: f64 = 0.9;

/// What is expected of one outline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// Ends of the volume's interval in mm³. They hold the outline's volume.
    pub volume_mm3: [f64; 2],
    /// Dice with the true outline, 0 to 1; `None` where nobody knows.
    pub dice: Option<f64>,
}

/// What linear models expect of one outline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fitted {
    /// Ends of the volume's interval in mm³, as the linear models have them: in either order, beyond any bound.
    pub volume_mm3: [f64; 2],
    /// Dice with the true outline, 0 to 1.
    pub dice: f64,
}

impl Expected {
    /// What `model` expects of `nodule`'s outline; without a model, or where nothing was fitted on outlines of its kind, what
    /// 90 % of the samples say. `limits` are how small and how large it may be, `voxel_mm3` is the volume of a voxel.
    pub fn of(
        model: Option<&UncertaintyModel>,
        nodule: &Nodule,
        sampled: &SampleVolumes,
        limits: VolumeLimits,
        voxel_mm3: f64,
    ) -> Self {
        if let Some(samples) = model.and_then(|model| model.samples) {
            let volume_mm3 = samples.interval(nodule.volume_mm3, sampled);
            return Expected { volume_mm3, dice: Some(sampled.label_dice()) };
        }
        let fitted = model.and_then(|model| model.fitted(nodule));
        let of_samples = || [nodule.sample_volume_mm3_p05, nodule.sample_volume_mm3_p95];
        let ends = fitted.map_or_else(of_samples, |fitted| fitted.volume_mm3);
        Expected {
            volume_mm3: limits.bounded(ends, nodule.volume_mm3, voxel_mm3),
            dice: fitted.map(|fitted| fitted.dice),
        }
    }
}

impl WidenedSamples {
    /// The interval around an outline's volume V: V (q05 / q50)^w to V (q95 / q50)^w, with the quantiles of the samples'
    /// volumes; a sample without a voxel counts as one voxel. It holds V, and its lower end is above 0, whatever the samples
    /// are: q05 ≤ q50 ≤ q95, none of them 0.
    pub fn interval(&self, volume_mm3: f64, sampled: &SampleVolumes) -> [f64; 2] {
        let [low, middle, high] = [0.05, 0.5, 0.95].map(|q| sampled.quantile_mm3_with_a_voxel(q));
        [low, high].map(|end| volume_mm3 * (end / middle).powf(self.widen))
    }
}

impl UncertaintyModel {
    /// What the linear models expect of `nodule`'s outline; `None` where nothing was fitted on outlines of its kind.
    pub fn fitted(&self, nodule: &Nodule) -> Option<Fitted> {
        let models = self.regressions(nodule.clicked)?;
        let x = features(nodule);
        let sum = |c: &[f64; FEATURES]| c.iter().zip(&x).map(|(c, x)| c * x).sum::<f64>();
        let end = |c: &[f64; FEATURES]| nodule.volume_mm3 * sum(c).exp();
        let volume_mm3 = [end(&models.volume_low), end(&models.volume_high)];
        Some(Fitted { volume_mm3, dice: 1.0 / (1.0 + (-sum(&models.dice)).exp()) })
    }
}

/// What a model sees of a nodule: 1, ln(probability inside), ln(1 + probability around), spread of the samples' log
/// volumes, 1 / equivalent diameter in mm, 1 - Dice between samples, log-odds of the classifier (0 without one).
pub fn features(nodule: &Nodule) -> [f64; FEATURES] {
    [
        1.0,
        // An outline of the pipeline lies above a threshold; the floor keeps other callers' zeros from infinity.
        nodule.probability_inside.max(1e-6).ln(),
        nodule.probability_around.ln_1p(),
        nodule.volume_spread,
        1.0 / nodule.equivalent_diameter_mm,
        1.0 - nodule.sample_dice,
        nodule.nodule_probability.map_or(0.0, |p| (p / (1.0 - p)).ln().clamp(-MAX_LOG_ODDS, MAX_LOG_ODDS)),
    ]
}

/// Where the interval around a nodule's volume comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IntervalKind {
    /// Percentiles over the samples.
    Samples,
    /// The bundle's model, fitted on nodules of known volume: linear models, or the samples' percentiles, widened.
    Calibrated,
}

/// What the interval around a nodule's volume means. It always holds the outline's own volume. Neither end lies beyond the
/// nodule's [`super::VolumeLimits`], unless the samples alone make it ([`WidenedSamples`]).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct VolumeInterval {
    /// Where it comes from.
    pub kind: IntervalKind,
    /// Share of the samples, or of nodules like it, that it holds.
    pub level: f64,
}

impl VolumeInterval {
    /// The interval under a bundle's model, if it has one; `clicked`: of outlines that were made with clicks. `fewer`: fewer
    /// samples were drawn than the bundle asks for. Percentiles of few samples lie too near to each other, so that what was
    /// calibrated on the bundle's number no longer holds.
    pub fn under(model: Option<&UncertaintyModel>, clicked: bool, fewer: bool) -> Self {
        let holds = |model: &UncertaintyModel| match model.samples {
            Some(_) => !fewer,
            None => !clicked || model.clicked.is_some(),
        };
        match model.filter(|model| holds(model)) {
            Some(model) => VolumeInterval { kind: IntervalKind::Calibrated, level: model.level },
            None => VolumeInterval { kind: IntervalKind::Samples, level: SAMPLES_LEVEL },
        }
    }

    /// What a person is told.
    pub fn meaning(self) -> String {
        let percent = (self.level * 100.0).round();
        match self.kind {
            IntervalKind::Samples => {
                format!("the range of {percent} % of the samples and of the outline itself: not every error is in it")
            }
            IntervalKind::Calibrated => {
                format!("an interval that should hold the true volume in {percent} % of nodules")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::uncertainty::Regressions;
    use proptest::prelude::*;

    const ZEROS: Regressions =
        Regressions { volume_low: [0.0; FEATURES], volume_high: [0.0; FEATURES], dice: [0.0; FEATURES] };

    #[test]
    fn interval_says_where_it_comes_from_and_how_much_it_holds() {
        let zeros = Some([0.0; FEATURES]);
        let (samples, clicked) = (None, None);
        let model =
            UncertaintyModel { level: 0.8, samples, volume_low: zeros, volume_high: zeros, dice: zeros, clicked };
        assert!(VolumeInterval::under(Some(&model), false, false).meaning().contains("true volume in 80 %"));
        assert!(VolumeInterval::under(None, false, false).meaning().contains("90 % of the samples"));
        // Nothing was fitted on clicked ones.
        assert_eq!(VolumeInterval::under(Some(&model), true, false).kind, IntervalKind::Samples);
        let model = UncertaintyModel { clicked: Some(ZEROS), ..model };
        assert_eq!(VolumeInterval::under(Some(&model), true, false).kind, IntervalKind::Calibrated);
        let samples = Some(WidenedSamples { widen: 1.0 });
        let model =
            UncertaintyModel { samples, volume_low: None, volume_high: None, dice: None, clicked: None, ..model };
        assert_eq!(VolumeInterval::under(Some(&model), true, false).kind, IntervalKind::Calibrated);
        assert_eq!(VolumeInterval::under(Some(&model), false, true).kind, IntervalKind::Samples, "of too few samples");
    }

    #[test]
    fn interval_of_samples_widens_the_ratios_of_their_percentiles_to_the_median() {
        // Of 21 samples the second and the last but one are the 5th and 95th percentile.
        let mut voxels = vec![100; 21];
        (voxels[7], voxels[3], voxels[0], voxels[20]) = (50, 50, 400, 400);
        let sampled = SampleVolumes::of_voxels(2.0, voxels);
        let interval = |widen| WidenedSamples { widen }.interval(300.0, &sampled);
        assert_eq!(interval(1.0), [150.0, 1200.0]);
        assert_eq!(interval(2.0), [75.0, 4800.0]);
        assert_eq!(interval(0.0), [300.0, 300.0]);
    }

    #[test]
    fn interval_of_samples_without_a_voxel_counts_them_as_one() {
        let sampled = SampleVolumes::of_voxels(2.0, vec![0, 0, 16, 16, 16]);
        // Between the first and the second of five: 1 voxel; the median 16.
        assert_eq!(WidenedSamples { widen: 1.0 }.interval(32.0, &sampled), [2.0, 32.0]);
        let none = SampleVolumes::of_voxels(2.0, vec![0; 5]);
        assert_eq!(WidenedSamples { widen: 1.0 }.interval(32.0, &none), [32.0, 32.0]);
    }

    proptest! {
        #[test]
        fn interval_of_samples_holds_the_outline_s_volume_and_never_ends_at_0(
            voxels in prop::collection::vec(prop_oneof![Just(0usize), 1..60_000usize], 1..60),
            own in 1..60_000usize,
            voxel_mm3 in 0.001..30.0f64,
            widen in 0.0..=10.0f64,
        ) {
            let volume_mm3 = own as f64 * voxel_mm3;
            let sampled = SampleVolumes::of_voxels(voxel_mm3, voxels);
            let [low, high] = WidenedSamples { widen }.interval(volume_mm3, &sampled);
            prop_assert!(0.0 < low && low <= volume_mm3 && volume_mm3 <= high && high.is_finite(), "{low} {high}");
        }
    }
}
