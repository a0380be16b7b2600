//! How a volume changed, from paired samples.
//!
//! Sample *s* is the same network on both scans, so what it always draws too large or too small is in both volumes and not in
//! their ratio. What differs between two scans of an unchanged nodule (noise, breath, where voxels lie) is in each ratio alike
//! and isn't told by their spread: an interval of paired samples doesn't hold every error.

use serde::Serialize;

use crate::findings::nodule::equivalent_diameter_mm;

/// A volume grows where it is more than a quarter larger: what two CTs of an unchanged nodule differ by at most, nearly always
/// (Callister and others, British Thoracic Society guidelines, Thorax 70 Suppl 2, 2015; van Klaveren and others, NELSON,
/// N Engl J Med 361, 2009).
pub const GROWTH: f64 = 0.25;
/// Growth of the mean diameter in mm by the same token (American College of Radiology, Lung-RADS v2022).
pub const DIAMETER_GROWTH_MM: f64 = 1.5;
/// Ends of an interval of 90 %.
const ENDS: [f64; 2] = [0.05, 0.95];

/// What is known of a nodule's volume in one scan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Volumes<'a> {
    /// Of the outline, mm³.
    pub outline_mm3: f64,
    /// Under each sample, mm³; 0 where it misses the nodule. Empty where nothing is kept of them.
    pub samples_mm3: &'a [f64],
    /// Of a voxel, mm³: a sample that misses the nodule counts as one.
    pub voxel_mm3: f64,
}

/// From the lower to the upper end, 5th and 95th percentile.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Lower end.
    pub p05: f64,
    /// Upper end; `null`: there is none.
    pub p95: Option<f64>,
}

/// How a nodule's volume changed. Per cent are of the prior volume.
///
/// The change is that of the two outlines. Its interval has the spread of the pairs of samples around it: the ratios of the
/// pairs, all moved by one factor so that their median is the outlines' ratio. A table that shows two volumes and a change that
/// isn't theirs would confuse; and outlines, which all samples make together, change less from scan to scan than the median of
/// the pairs does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Growth {
    /// Change of the volume of the outline in per cent.
    pub volume_change_percent: f64,
    /// Its 90 % interval from the pairs; `null` without pairs.
    pub volume_change_percent_interval: Option<Interval>,
    /// Median of the change over the pairs themselves, in per cent; `null` without pairs.
    pub sample_change_percent: Option<f64>,
    /// Pairs of samples of which one at least found the nodule.
    pub pairs: usize,
    /// P(volume grew by more than 25 %): share of the pairs; `null` without pairs.
    pub growth_probability: Option<f64>,
    /// P(volume shrank by more than what 25 % growth would make up for, 20 %).
    pub shrinkage_probability: Option<f64>,
    /// Growth in mm of the diameter of the sphere of the same volume.
    pub diameter_change_mm: f64,
    /// P(that diameter grew by more than 1.5 mm).
    pub diameter_growth_probability: Option<f64>,
    /// Days in which the volume doubles at that pace; `null` where it didn't grow or the days between the scans are unknown.
    pub doubling_time_days: Option<f64>,
    /// Its 90 % interval; the upper end is `null` where the volume may not have grown.
    pub doubling_time_days_interval: Option<Interval>,
    /// True where the whole interval lies on the side of the limit (25 % up, 20 % down) that decided: the samples agree.
    pub samples_agree: bool,
}

/// What became of a nodule that both scans show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trend {
    /// Its volume grew by more than 25 % in more than half of the pairs.
    Grown,
    /// The same with the scans exchanged.
    Shrunk,
    /// Neither.
    Stable,
}

impl Growth {
    /// From `prior` to `current`, `days` apart.
    ///
    /// # Panics
    /// When both have samples and their numbers differ: whoever calls compares runs of one kind.
    pub fn of(prior: Volumes<'_>, current: Volumes<'_>, days: Option<f64>) -> Self {
        let pairs = pairs(prior, current);
        let outline = current.outline_mm3 / prior.outline_mm3;
        // By logarithms, so that the scans can be exchanged.
        let mut logs: Vec<f64> = pairs.iter().map(|[before, now]| (now / before).ln()).collect();
        logs.sort_by(f64::total_cmp);
        let middle = quantile(&logs, 0.5);
        let around = middle.map_or(0.0, |middle| outline.ln() - middle);
        let ratios: Vec<f64> = logs.iter().map(|log| (log + around).exp()).collect();
        let ends = ENDS.map(|q| Some((quantile(&logs, q)? + around).exp()));
        let share = |wanted: &dyn Fn(f64) -> bool| {
            let found = ratios.iter().filter(|ratio| wanted(**ratio)).count();
            (!ratios.is_empty()).then(|| found as f64 / ratios.len() as f64)
        };
        let diameter_mm = equivalent_diameter_mm(prior.outline_mm3);
        let diameter_change = |ratio: f64| diameter_mm * (ratio.cbrt() - 1.0);
        let interval = || Some(Interval { p05: percent(ends[0]?), p95: Some(percent(ends[1]?)) });
        let growth = Growth {
            volume_change_percent: percent(outline),
            volume_change_percent_interval: interval(),
            sample_change_percent: middle.map(|middle| percent(middle.exp())),
            pairs: pairs.len(),
            growth_probability: share(&|ratio| ratio > 1.0 + GROWTH),
            shrinkage_probability: share(&|ratio| 1.0 / ratio > 1.0 + GROWTH),
            diameter_change_mm: diameter_change(outline),
            diameter_growth_probability: share(&|ratio| diameter_change(ratio) > DIAMETER_GROWTH_MM),
            doubling_time_days: days.and_then(|days| doubling_time_days(outline, days)),
            doubling_time_days_interval: days.and_then(|days| {
                // Fast growth doubles soon: the upper end of the ratio is the lower end of the time.
                let soonest = doubling_time_days(ends[1]?, days)?;
                Some(Interval { p05: soonest, p95: doubling_time_days(ends[0]?, days) })
            }),
            samples_agree: false,
        };
        Growth { samples_agree: growth.agree(ends), ..growth }
    }

    /// What it amounts to. Exchanging the scans exchanges grown and shrunk.
    pub fn trend(&self) -> Trend {
        let ratio = 1.0 + self.volume_change_percent / 100.0;
        let mostly = |probability: Option<f64>, beyond: bool| probability.map_or(beyond, |p| p > 0.5);
        if mostly(self.growth_probability, ratio > 1.0 + GROWTH) {
            Trend::Grown
        } else if mostly(self.shrinkage_probability, 1.0 / ratio > 1.0 + GROWTH) {
            Trend::Shrunk
        } else {
            Trend::Stable
        }
    }

    /// Whether the whole interval says what [`Growth::trend`] does.
    fn agree(&self, ends: [Option<f64>; 2]) -> bool {
        let [Some(low), Some(high)] = ends else { return false };
        let limits = [1.0 / (1.0 + GROWTH), 1.0 + GROWTH];
        match self.trend() {
            Trend::Grown => low > limits[1],
            Trend::Shrunk => high < limits[0],
            Trend::Stable => limits[0] <= low && high <= limits[1],
        }
    }
}

/// Volumes before and now under each sample; of a sample that misses the nodule once, a voxel; without those that miss it in
/// both scans, which say nothing of a change.
fn pairs(prior: Volumes<'_>, current: Volumes<'_>) -> Vec<[f64; 2]> {
    if prior.samples_mm3.is_empty() || current.samples_mm3.is_empty() {
        return Vec::new();
    }
    assert_eq!(prior.samples_mm3.len(), current.samples_mm3.len(), "samples of two runs of one kind");
    let both = prior.samples_mm3.iter().zip(current.samples_mm3);
    let found = both.filter(|(before, now)| **before > 0.0 || **now > 0.0);
    found.map(|(before, now)| [before.max(prior.voxel_mm3), now.max(current.voxel_mm3)]).collect()
}

fn percent(ratio: f64) -> f64 {
    100.0 * (ratio - 1.0)
}

/// Days in which a volume doubles that became `ratio` times as large in `days` (Schwartz, Cancer 14, 1961); `None` where it
/// didn't grow.
pub fn doubling_time_days(ratio: f64, days: f64) -> Option<f64> {
    (ratio > 1.0).then(|| days * std::f64::consts::LN_2 / ratio.ln())
}

/// Quantile of sorted values, linear between them (type 7 of Hyndman and Fan); `None` of none.
fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let position = q * sorted.len().checked_sub(1)? as f64;
    let low = position.floor() as usize;
    let (a, b) = (sorted[low], sorted[(low + 1).min(sorted.len() - 1)]);
    Some(a + (b - a) * position.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volumes(outline_mm3: f64, samples_mm3: &[f64]) -> Volumes<'_> {
        Volumes { outline_mm3, samples_mm3, voxel_mm3: 1.0 }
    }

    fn near(value: f64, expected: f64) -> bool {
        (value - expected).abs() < 1e-9
    }

    #[test]
    fn growth_of_paired_samples_leaves_out_what_a_sample_always_does() {
        // Samples differ by a factor of ten, their ratios not at all.
        let prior = [50.0, 100.0, 500.0, 200.0, 80.0];
        let current = [75.0, 150.0, 750.0, 300.0, 120.0];
        let growth = Growth::of(volumes(120.0, &prior), volumes(186.0, &current), Some(100.0));
        let interval = growth.volume_change_percent_interval.unwrap();
        assert!(near(growth.volume_change_percent, 55.0) && near(growth.sample_change_percent.unwrap(), 50.0));
        assert!(near(interval.p05, 55.0) && near(interval.p95.unwrap(), 55.0), "{interval:?}");
        assert_eq!((growth.growth_probability, growth.shrinkage_probability), (Some(1.0), Some(0.0)));
        assert_eq!((growth.trend(), growth.samples_agree), (Trend::Grown, true));
        assert!(near(growth.doubling_time_days.unwrap(), 100.0 * 2f64.ln() / 1.55f64.ln()));
    }

    #[test]
    fn growth_is_that_of_the_exchanged_scans_the_other_way_round() {
        // Ratios 1.05, 1.18, 1.33, 1.4 and 1.58: their median is that of the outlines.
        let (a, b) = ([100.0, 90.0, 110.0, 95.0, 105.0], [140.0, 120.0, 130.0, 150.0, 110.0]);
        let there = Growth::of(volumes(90.0, &a), volumes(120.0, &b), None);
        let back = Growth::of(volumes(120.0, &b), volumes(90.0, &a), None);
        assert_eq!((there.trend(), back.trend()), (Trend::Grown, Trend::Shrunk));
        assert_eq!((there.growth_probability, back.shrinkage_probability), (Some(0.6), Some(0.6)));
        assert!(!there.samples_agree, "two pairs in five are below the limit");
        let [up, down] = [&there, &back].map(|growth| growth.volume_change_percent_interval.unwrap());
        assert!(near((1.0 + up.p05 / 100.0) * (1.0 + down.p95.unwrap() / 100.0), 1.0), "{up:?} {down:?}");
        assert_eq!(back.doubling_time_days, None);
    }

    #[test]
    fn growth_interval_lies_around_the_change_of_the_outlines() {
        // Pairs say 10, 20 and 30 % up, the outlines 60 %: each pair counts 1.6 / 1.2 times.
        let growth = Growth::of(volumes(100.0, &[100.0; 3]), volumes(160.0, &[110.0, 120.0, 130.0]), None);
        assert!(near(growth.volume_change_percent, 60.0) && near(growth.sample_change_percent.unwrap(), 20.0));
        let interval = growth.volume_change_percent_interval.unwrap();
        // A tenth of the way, by logarithms, from the outer pairs to the middle one.
        let low = 1.6 / 1.2 * 1.1f64.powf(0.9) * 1.2f64.powf(0.1);
        assert!(near(interval.p05, 100.0 * (low - 1.0)), "{interval:?}");
        assert_eq!(growth.growth_probability, Some(1.0));
    }

    #[test]
    fn growth_interval_of_the_doubling_time_is_open_where_the_volume_may_not_have_grown() {
        let (a, b) = ([100.0; 5], [95.0, 120.0, 130.0, 140.0, 150.0]);
        let growth = Growth::of(volumes(100.0, &a), volumes(130.0, &b), Some(365.0));
        let interval = growth.doubling_time_days_interval.unwrap();
        // 95th percentile of the ratios, by logarithms: a fifth of the way from 1.5 to 1.4; the 5th is below 1.
        let high = 1.5f64.powf(0.8) * 1.4f64.powf(0.2);
        assert!(near(interval.p05, 365.0 * 2f64.ln() / high.ln()) && interval.p95.is_none(), "{interval:?}");
        assert_eq!(Growth::of(volumes(100.0, &a), volumes(130.0, &b), None).doubling_time_days_interval, None);
    }

    #[test]
    fn growth_sample_that_misses_counts_as_a_voxel_and_one_that_misses_twice_not_at_all() {
        let growth = Growth::of(volumes(4.0, &[0.0, 0.0, 4.0]), volumes(4.0, &[0.0, 4.0, 4.0]), None);
        // Ratios 4 and 1 around 1: 2 and a half.
        assert_eq!((growth.pairs, growth.growth_probability), (2, Some(0.5)));
        assert_eq!((growth.shrinkage_probability, growth.trend()), (Some(0.5), Trend::Stable), "not more than half");
    }

    #[test]
    fn growth_without_samples_goes_by_the_outlines_and_tells_no_probability() {
        let growth = Growth::of(volumes(20.0, &[]), volumes(60.0, &[55.0, 65.0]), Some(90.0));
        assert_eq!((growth.pairs, growth.growth_probability, growth.volume_change_percent_interval), (0, None, None));
        assert!(near(growth.volume_change_percent, 200.0));
        assert_eq!((growth.trend(), growth.samples_agree), (Trend::Grown, false));
    }

    #[test]
    fn growth_of_the_diameter_is_that_of_spheres() {
        let sphere = |mm: f64| std::f64::consts::PI / 6.0 * mm.powi(3);
        let growth =
            |mm: f64| Growth::of(volumes(sphere(8.0), &[60.0, 60.0]), volumes(sphere(mm), &[90.0, 90.0]), None);
        assert!(near(growth(9.4).diameter_change_mm, 1.4) && near(growth(9.6).diameter_change_mm, 1.6));
        assert_eq!(growth(9.4).diameter_growth_probability, Some(0.0));
        assert_eq!(growth(9.6).diameter_growth_probability, Some(1.0));
    }
}
