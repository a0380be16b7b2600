//! How far a nodule's outline may be off: what is known of it as numbers, and a bundle's model of the error.
//!
//! Dropout samples are too much alike for their spread to hold the true volume. A bundle may bring linear models, fitted
//! on nodules that its networks never saw, of the volume's error and of the outline's Dice.

use serde::Serialize;

use crate::{
    contract::uncertainty::{FEATURES, UncertaintyModel},
    findings::nodule::Nodule,
};

/// Log-odds of the classifier's probability are cut off here: beyond, they say how sure it is and not how good the outline.
const MAX_LOG_ODDS: f64 = 6.0;

/// What 90 % of the samples gave: their 5th to 95th percentile.
const SAMPLES_LEVEL: f64 = 0.9;

/// What a model expects of one outline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// Ends of the volume's interval in mm³, as the linear models have them: in either order, beyond any bound.
    pub volume_mm3: [f64; 2],
    /// Dice with the true outline, 0 to 1.
    pub dice: f64,
}

impl UncertaintyModel {
    /// What is to be expected of `nodule`'s outline; `None` where nothing was fitted on outlines of its kind.
    pub fn expected(&self, nodule: &Nodule) -> Option<Expected> {
        let [low, high, dice] = if nodule.clicked {
            let clicked = self.clicked.as_ref()?;
            [&clicked.volume_low, &clicked.volume_high, &clicked.dice]
        } else {
            [&self.volume_low, &self.volume_high, &self.dice]
        };
        let x = features(nodule);
        let sum = |c: &[f64; FEATURES]| c.iter().zip(&x).map(|(c, x)| c * x).sum::<f64>();
        let end = |c: &[f64; FEATURES]| nodule.volume_mm3 * sum(c).exp();
        Some(Expected { volume_mm3: [end(low), end(high)], dice: 1.0 / (1.0 + (-sum(dice)).exp()) })
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
    /// The bundle's model, fitted on nodules of known volume.
    Calibrated,
}

/// What the interval around a nodule's volume means. It always holds the outline's own volume, and neither end lies beyond
/// the nodule's [`super::VolumeLimits`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct VolumeInterval {
    /// Where it comes from.
    pub kind: IntervalKind,
    /// Share of the samples, or of nodules like it, that it holds.
    pub level: f64,
}

impl VolumeInterval {
    /// The interval under a bundle's model, if it has one; `clicked`: of outlines that were made with clicks.
    pub fn under(model: Option<&UncertaintyModel>, clicked: bool) -> Self {
        match model.filter(|model| !clicked || model.clicked.is_some()) {
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
    use crate::contract::uncertainty::ClickedUncertainty;

    #[test]
    fn interval_says_where_it_comes_from_and_how_much_it_holds() {
        let zeros = [0.0; FEATURES];
        let model = UncertaintyModel { level: 0.8, volume_low: zeros, volume_high: zeros, dice: zeros, clicked: None };
        assert!(VolumeInterval::under(Some(&model), false).meaning().contains("true volume in 80 %"));
        assert!(VolumeInterval::under(None, false).meaning().contains("90 % of the samples"));
        // Nothing was fitted on clicked ones.
        assert_eq!(VolumeInterval::under(Some(&model), true).kind, IntervalKind::Samples);
        let clicked = Some(ClickedUncertainty { volume_low: zeros, volume_high: zeros, dice: zeros });
        let model = UncertaintyModel { clicked, ..model };
        assert_eq!(VolumeInterval::under(Some(&model), true).kind, IntervalKind::Calibrated);
    }
}
