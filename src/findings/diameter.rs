//! A nodule's mean diameter as Lung-RADS v2022 has it, and how far it is known.
//!
//! The interval is that of the samples' outlines, each measured as the nodule's own, and of the own outline. It is not
//! calibrated: by how much samples are widened was fitted on volumes.

use super::{axes::Axes, samples::quantile};

/// A mean diameter. All in mm, to 0.1 mm.
#[derive(Debug, Clone, PartialEq)]
pub struct MeanDiameter {
    /// Of the outline itself.
    pub mm: f64,
    /// 5th and 95th percentile over the samples, drawn out to `mm`.
    pub interval_mm: [f64; 2],
    /// Under each sample, in their order; 0 where one misses the nodule.
    pub samples_mm: Vec<f64>,
}

impl MeanDiameter {
    /// Of an outline with these axes, and those under each sample.
    pub fn of(own: Axes, samples: &[Axes]) -> Self {
        let mm = own.mean_mm();
        let samples_mm: Vec<f64> = samples.iter().map(|axes| axes.mean_mm()).collect();
        let mut sorted = samples_mm.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let end = |q: f64| if sorted.is_empty() { mm } else { (quantile(&sorted, q) * 10.0).round() / 10.0 };
        MeanDiameter { mm, interval_mm: [end(0.05).min(mm), end(0.95).max(mm)], samples_mm }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ball(mm: f64) -> Axes {
        Axes { long_mm: mm, short_mm: mm, slice: 0 }
    }

    #[test]
    fn mean_diameter_s_interval_is_that_of_the_samples_and_holds_the_own() {
        let samples: Vec<Axes> = (0..=20).map(|n| ball(5.0 + 0.1 * f64::from(n))).collect();
        let found = MeanDiameter::of(ball(6.0), &samples);
        // Of 21 the second and the last but one.
        assert_eq!((found.mm, found.interval_mm), (6.0, [5.1, 6.9]));
        assert_eq!(found.samples_mm[..3], [5.0, 5.1, 5.2]);
        assert_eq!(MeanDiameter::of(ball(8.0), &samples).interval_mm, [5.1, 8.0]);
        assert_eq!(MeanDiameter::of(ball(4.0), &samples).interval_mm, [4.0, 6.9]);
    }

    #[test]
    fn mean_diameter_of_a_sample_that_misses_is_0() {
        let found = MeanDiameter::of(ball(6.0), &[Axes::default(), ball(6.0), ball(7.0)]);
        assert_eq!(found.samples_mm, [0.0, 6.0, 7.0]);
        // Between the first and the second of three: a tenth of 6.
        assert_eq!(found.interval_mm, [0.6, 6.9]);
    }
}
