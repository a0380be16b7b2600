//! How a nodule changed, from paired samples and from what two scans of an unchanged nodule differ by.
//!
//! Sample *s* is the same network on both scans, so what it always draws too large or too small is in both volumes and not in
//! their ratio. What differs from scan to scan (noise, breath, where voxels lie) is in all ratios alike, and their spread doesn't
//! tell it: it is added as a spread of its own ([`SURFACE_MM`], [`MEAN_DIAMETER_MM`]).

use serde::Serialize;

use crate::{findings::nodule::equivalent_diameter_mm, steps::normal};

/// A volume grows where it is more than a quarter larger: what two CTs of an unchanged nodule differ by at most, nearly always
/// (Callister and others, British Thoracic Society guidelines, Thorax 70 Suppl 2, 2015; van Klaveren and others, NELSON,
/// N Engl J Med 361, 2009).
pub const GROWTH: f64 = 0.25;
/// Growth of the mean diameter in mm by the same token (American College of Radiology, Lung-RADS v2022).
pub const DIAMETER_GROWTH_MM: f64 = 1.5;
/// How far the surface of the outline of an unchanged nodule lies elsewhere in another scan, as a whole inwards or outwards, in mm:
/// standard deviation of one scan. Measured with the built-in model on pairs of phantoms that are scanned twice (`sam2lung-train
/// evaluate-compare --first-seed 2001`, eight pairs, 56 balls; model card, *Pairs of phantoms*): 90 % of the intervals hold the known
/// change with 0.078 mm, whatever the ball's size. Rounded up, since those pairs have one kernel.
pub const SURFACE_MM: f64 = 0.09;
/// By how much the mean diameter of an unchanged nodule differs in another scan, in mm: standard deviation of one scan. In the same
/// pairs the change of the diameter is off by a standard deviation of 0.25 mm, for one of two scans 0.17 mm; rounded up as well.
pub const MEAN_DIAMETER_MM: f64 = 0.2;
/// Ends of an interval of 90 %.
const ENDS: [f64; 2] = [0.05, 0.95];
/// Where these ends lie in a normal distribution, in standard deviations.
const NORMAL_END: f64 = 1.644_853_626_951_472_7;

/// What is known of a nodule's size in one scan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sizes<'a> {
    /// Volume of the outline, mm³.
    pub outline_mm3: f64,
    /// Volume under each sample, mm³; 0 where it misses the nodule. Empty where nothing is kept of them.
    pub samples_mm3: &'a [f64],
    /// Of a voxel, mm³: a sample that misses the nodule counts as one.
    pub voxel_mm3: f64,
    /// Mean diameter of the outline, mm; `None` where it isn't kept.
    pub mean_diameter_mm: Option<f64>,
    /// Mean diameter under each sample, mm; 0 where it misses the nodule. Empty where nothing is kept of them.
    pub sample_mean_diameters_mm: &'a [f64],
}

/// From the lower to the upper end, 5th and 95th percentile.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Lower end.
    pub p05: f64,
    /// Upper end; `null`: there is none.
    pub p95: Option<f64>,
}

/// How a nodule changed. Per cent are of the prior volume.
///
/// The change is that of the two outlines. Its interval has two spreads around it: that of the pairs of samples (their ratios, all
/// moved by one factor so that their median is the outlines' ratio), and that from scan to scan. A table that shows two volumes and
/// a change that isn't theirs would confuse; and outlines, which all samples make together, change less from scan to scan than the
/// median of the pairs does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Growth {
    /// Change of the volume of the outline in per cent.
    pub volume_change_percent: f64,
    /// Its 90 % interval: what the pairs say, and what differs from scan to scan; `null` without pairs.
    pub volume_change_percent_interval: Option<Interval>,
    /// Standard deviation of the logarithm of the volumes' ratio from scan to scan, as the interval and P(growth) have it
    /// ([`SURFACE_MM`]).
    pub rescan_spread: f64,
    /// Median of the change over the pairs themselves, in per cent; `null` without pairs.
    pub sample_change_percent: Option<f64>,
    /// Pairs of samples of which one at least found the nodule.
    pub pairs: usize,
    /// P(volume grew by more than 25 %), by the pairs and what differs from scan to scan; `null` without pairs.
    pub growth_probability: Option<f64>,
    /// P(volume shrank by more than what 25 % growth would make up for, 20 %).
    pub shrinkage_probability: Option<f64>,
    /// Growth of the mean diameter in mm, axial long and short axis; `null` where a scan's isn't kept.
    pub diameter_change_mm: Option<f64>,
    /// P(mean diameter grew by more than 1.5 mm), by the pairs and what differs from scan to scan; `null` without pairs of it.
    pub diameter_growth_probability: Option<f64>,
    /// Days in which the volume doubles at that pace; `null` where it didn't grow or the days between the scans are unknown.
    pub doubling_time_days: Option<f64>,
    /// Its 90 % interval; the upper end is `null` where the volume may not have grown.
    pub doubling_time_days_interval: Option<Interval>,
    /// True where the whole interval lies on the side of the limit (25 % up, 20 % down) that decided.
    pub samples_agree: bool,
}

/// What became of a nodule that both scans show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trend {
    /// P(its volume grew by more than 25 %) is above a half.
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
    pub fn of(prior: Sizes<'_>, current: Sizes<'_>, days: Option<f64>) -> Self {
        let outline = current.outline_mm3 / prior.outline_mm3;
        let rescan_spread = rescan_spread(prior.outline_mm3, current.outline_mm3);
        let ratio = Spread::around(outline.ln(), log_ratios(prior, current), rescan_spread);
        let ends = ratio.as_ref().map(|ratio| ratio.ends().map(f64::exp));
        let beyond = (1.0 + GROWTH).ln();
        let growth = Growth {
            volume_change_percent: percent(outline),
            volume_change_percent_interval: ends
                .map(|[low, high]| Interval { p05: percent(low), p95: Some(percent(high)) }),
            rescan_spread,
            sample_change_percent: ratio.as_ref().map(|ratio| percent(ratio.median.exp())),
            pairs: ratio.as_ref().map_or(0, |ratio| ratio.pairs.len()),
            growth_probability: ratio.as_ref().map(|ratio| ratio.probability_above(beyond)),
            shrinkage_probability: ratio.as_ref().map(|ratio| ratio.probability_below(-beyond)),
            diameter_change_mm: diameter_change_mm(prior, current),
            diameter_growth_probability: diameter_growth_probability(prior, current),
            doubling_time_days: days.and_then(|days| doubling_time_days(outline, days)),
            doubling_time_days_interval: ends.zip(days).and_then(|([low, high], days)| {
                // Fast growth doubles soon: the upper end of the ratio is the lower end of the time.
                let soonest = doubling_time_days(high, days)?;
                Some(Interval { p05: soonest, p95: doubling_time_days(low, days) })
            }),
            samples_agree: false,
        };
        Growth { samples_agree: ends.is_some_and(|ends| growth.agree(ends)), ..growth }
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

    /// Whether the whole interval, from `low` to `high`, says what [`Growth::trend`] does.
    fn agree(&self, [low, high]: [f64; 2]) -> bool {
        let limits = [1.0 / (1.0 + GROWTH), 1.0 + GROWTH];
        match self.trend() {
            Trend::Grown => low > limits[1],
            Trend::Shrunk => high < limits[0],
            Trend::Stable => limits[0] <= low && high <= limits[1],
        }
    }
}

/// A change that pairs of samples tell, around that of the outlines, each pair with the spread from scan to scan.
struct Spread {
    /// What the outlines say.
    outline: f64,
    /// Median of the pairs.
    median: f64,
    /// What the pairs say, rising.
    pairs: Vec<f64>,
    /// Standard deviation from scan to scan.
    rescan: f64,
}

impl Spread {
    /// `None` without pairs.
    fn around(outline: f64, mut pairs: Vec<f64>, rescan: f64) -> Option<Self> {
        pairs.sort_by(f64::total_cmp);
        let median = quantile(&pairs, 0.5)?;
        Some(Spread { outline, median, pairs, rescan })
    }

    /// The ends of the 90 % interval. Both spreads are independent, so the squares of their widths add up.
    fn ends(&self) -> [f64; 2] {
        let rescan = NORMAL_END * self.rescan;
        let own = |q: f64| quantile(&self.pairs, q).map_or(0.0, |end| end - self.median);
        let [down, up] = ENDS.map(|q| own(q).hypot(rescan));
        [self.outline - down, self.outline + up]
    }

    /// P(the change is above `limit`).
    fn probability_above(&self, limit: f64) -> f64 {
        let around = self.outline - self.median;
        let above = self.pairs.iter().map(|pair| normal::cumulative((pair + around - limit) / self.rescan));
        above.sum::<f64>() / self.pairs.len() as f64
    }

    /// P(the change is below `limit`).
    fn probability_below(&self, limit: f64) -> f64 {
        1.0 - self.probability_above(limit)
    }
}

/// Standard deviation of the logarithm of the ratio of two volumes of an unchanged nodule: a surface that lies δ further outwards
/// makes a ball of the diameter d larger by the factor 1 + 6 δ / d.
fn rescan_spread(prior_mm3: f64, current_mm3: f64) -> f64 {
    let [prior, current] = [prior_mm3, current_mm3].map(|mm3| 6.0 * SURFACE_MM / equivalent_diameter_mm(mm3));
    prior.hypot(current)
}

/// Logarithms of the volumes' ratios under each sample. By logarithms the scans can be exchanged. Of a sample that misses the nodule
/// once the volume is a voxel; those that miss it in both scans say nothing of a change.
fn log_ratios(prior: Sizes<'_>, current: Sizes<'_>) -> Vec<f64> {
    let volumes = found(prior.samples_mm3, current.samples_mm3);
    let ratio = |(before, now): (f64, f64)| (now.max(current.voxel_mm3) / before.max(prior.voxel_mm3)).ln();
    volumes.map(ratio).collect()
}

/// Before and now under each sample that doesn't miss the nodule in both scans; nothing where one scan keeps nothing.
fn found<'a>(prior: &'a [f64], current: &'a [f64]) -> impl Iterator<Item = (f64, f64)> + 'a {
    assert!(prior.is_empty() || current.is_empty() || prior.len() == current.len(), "samples of two runs of one kind");
    let both = prior.iter().copied().zip(current.iter().copied());
    both.filter(|(before, now)| *before > 0.0 || *now > 0.0)
}

fn diameter_change_mm(prior: Sizes<'_>, current: Sizes<'_>) -> Option<f64> {
    Some(current.mean_diameter_mm? - prior.mean_diameter_mm?)
}

fn diameter_growth_probability(prior: Sizes<'_>, current: Sizes<'_>) -> Option<f64> {
    let pairs = found(prior.sample_mean_diameters_mm, current.sample_mean_diameters_mm);
    let changes = pairs.map(|(before, now)| now - before).collect();
    let rescan = MEAN_DIAMETER_MM.hypot(MEAN_DIAMETER_MM);
    let change = Spread::around(diameter_change_mm(prior, current)?, changes, rescan)?;
    Some(change.probability_above(DIAMETER_GROWTH_MM))
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

    fn sizes<'a>(outline_mm3: f64, samples_mm3: &'a [f64]) -> Sizes<'a> {
        Sizes { outline_mm3, samples_mm3, voxel_mm3: 1.0, mean_diameter_mm: None, sample_mean_diameters_mm: &[] }
    }

    fn diameters(mean_mm: f64, samples_mm: &[f64]) -> Sizes<'_> {
        Sizes { mean_diameter_mm: Some(mean_mm), sample_mean_diameters_mm: samples_mm, ..sizes(100.0, &[]) }
    }

    fn near(value: f64, expected: f64) -> bool {
        (value - expected).abs() < 1e-9
    }

    /// Half the width of the interval by logarithms, of what differs from scan to scan alone.
    fn rescan_width(growth: &Growth) -> f64 {
        NORMAL_END * growth.rescan_spread
    }

    #[test]
    fn growth_of_paired_samples_leaves_out_what_a_sample_always_does_and_has_what_differs_from_scan_to_scan() {
        // Samples differ by a factor of ten, their ratios not at all.
        let prior = [50.0, 100.0, 500.0, 200.0, 80.0];
        let current = [75.0, 150.0, 750.0, 300.0, 120.0];
        let growth = Growth::of(sizes(4000.0, &prior), sizes(6200.0, &current), Some(100.0));
        let interval = growth.volume_change_percent_interval.unwrap();
        assert!(near(growth.volume_change_percent, 55.0) && near(growth.sample_change_percent.unwrap(), 50.0));
        let [low, high] = [-1.0, 1.0].map(|side| 155.0 * (side * rescan_width(&growth)).exp() - 100.0);
        assert!(near(interval.p05, low) && near(interval.p95.unwrap(), high), "{interval:?}");
        assert!(growth.growth_probability.unwrap() > 0.99 && growth.shrinkage_probability.unwrap() < 1e-6);
        assert_eq!((growth.trend(), growth.samples_agree), (Trend::Grown, true));
        assert!(near(growth.doubling_time_days.unwrap(), 100.0 * 2f64.ln() / 1.55f64.ln()));
    }

    #[test]
    fn growth_spread_from_scan_to_scan_is_that_of_a_ball_whose_surface_moves() {
        let ball = |mm: f64| std::f64::consts::PI / 6.0 * mm.powi(3);
        for mm in [6.0, 20.0] {
            let growth = Growth::of(sizes(ball(mm), &[]), sizes(ball(mm), &[]), None);
            // One surface moves by a standard deviation, then the other one; squares add up.
            let moved = ball(mm + 2.0 * SURFACE_MM) / ball(mm);
            let expected = moved.ln() * 2f64.sqrt();
            assert!((growth.rescan_spread / expected - 1.0).abs() < SURFACE_MM / mm * 2.0, "{growth:?} {expected}");
        }
    }

    #[test]
    fn growth_is_that_of_the_exchanged_scans_the_other_way_round() {
        // Ratios 1.05, 1.18, 1.33, 1.4 and 1.58: their median is that of the outlines.
        let (a, b) = ([100.0, 90.0, 110.0, 95.0, 105.0], [140.0, 120.0, 130.0, 150.0, 110.0]);
        let there = Growth::of(sizes(90.0, &a), sizes(120.0, &b), None);
        let back = Growth::of(sizes(120.0, &b), sizes(90.0, &a), None);
        assert_eq!((there.trend(), back.trend()), (Trend::Grown, Trend::Shrunk));
        assert!(near(there.growth_probability.unwrap(), back.shrinkage_probability.unwrap()));
        assert!(!there.samples_agree, "two pairs in five are below the limit");
        let [up, down] = [&there, &back].map(|growth| growth.volume_change_percent_interval.unwrap());
        assert!(near((1.0 + up.p05 / 100.0) * (1.0 + down.p95.unwrap() / 100.0), 1.0), "{up:?} {down:?}");
        assert_eq!(back.doubling_time_days, None);
    }

    #[test]
    fn growth_interval_lies_around_the_change_of_the_outlines_and_adds_both_spreads_by_their_squares() {
        // Pairs say 10, 20 and 30 % up, the outlines 60 %: each pair counts 1.6 / 1.2 times.
        let growth = Growth::of(sizes(100.0, &[100.0; 3]), sizes(160.0, &[110.0, 120.0, 130.0]), None);
        assert!(near(growth.volume_change_percent, 60.0) && near(growth.sample_change_percent.unwrap(), 20.0));
        let interval = growth.volume_change_percent_interval.unwrap();
        // The 5th percentile lies nine tenths of the way, by logarithms, from the middle pair to the outer one.
        let own = 0.9 * (1.2f64 / 1.1).ln();
        let low = 1.6 * (-own.hypot(rescan_width(&growth))).exp();
        assert!(near(interval.p05, 100.0 * (low - 1.0)), "{interval:?}");
        assert!(near(growth.rescan_spread, rescan_spread(100.0, 160.0)));
    }

    #[test]
    fn growth_probability_of_pairs_at_the_limit_is_a_half_and_falls_and_rises_with_the_spread_from_scan_to_scan() {
        let told = |ratio: f64| {
            let growth = Growth::of(sizes(100.0, &[100.0; 3]), sizes(100.0 * ratio, &[100.0 * ratio; 3]), None);
            (growth.growth_probability.unwrap(), growth.rescan_spread)
        };
        assert!(near(told(1.25).0, 0.5));
        // One standard deviation above and below: 84 and 16 %.
        let above = 1.25 * told(1.25).1.exp();
        let (p, spread) = told(above);
        let expected = normal::cumulative((above / 1.25f64).ln() / spread);
        assert!(near(p, expected) && p > 0.8, "{p}");
        assert!(told(1.0).0 > 0.0 && told(1.0).0 < 0.1);
    }

    #[test]
    fn growth_interval_of_the_doubling_time_is_open_where_the_volume_may_not_have_grown() {
        let (a, b) = ([100.0; 5], [95.0, 120.0, 130.0, 140.0, 150.0]);
        let growth = Growth::of(sizes(100.0, &a), sizes(130.0, &b), Some(365.0));
        let interval = growth.doubling_time_days_interval.unwrap();
        let high = growth.volume_change_percent_interval.unwrap().p95.unwrap() / 100.0 + 1.0;
        assert!(near(interval.p05, 365.0 * 2f64.ln() / high.ln()) && interval.p95.is_none(), "{interval:?}");
        assert_eq!(Growth::of(sizes(100.0, &a), sizes(130.0, &b), None).doubling_time_days_interval, None);
    }

    #[test]
    fn growth_sample_that_misses_counts_as_a_voxel_and_one_that_misses_twice_not_at_all() {
        let growth = Growth::of(sizes(400.0, &[0.0, 0.0, 4.0]), sizes(400.0, &[0.0, 400.0, 4.0]), None);
        // Ratios 400 and 1 around 1: 20 and a twentieth.
        assert_eq!(growth.pairs, 2);
        assert!(near(growth.growth_probability.unwrap(), 0.5) && near(growth.shrinkage_probability.unwrap(), 0.5));
        assert_eq!(growth.trend(), Trend::Stable, "not more than half");
    }

    #[test]
    fn growth_without_samples_goes_by_the_outlines_and_tells_no_probability() {
        let growth = Growth::of(sizes(20.0, &[]), sizes(60.0, &[55.0, 65.0]), Some(90.0));
        assert_eq!((growth.pairs, growth.growth_probability, growth.volume_change_percent_interval), (0, None, None));
        assert!(near(growth.volume_change_percent, 200.0));
        assert_eq!((growth.trend(), growth.samples_agree), (Trend::Grown, false));
        assert_eq!((growth.diameter_change_mm, growth.diameter_growth_probability), (None, None), "nothing is kept");
    }

    #[test]
    fn growth_of_the_mean_diameter_is_that_of_its_axes_and_of_its_pairs() {
        let growth =
            |now: f64| Growth::of(diameters(8.0, &[7.5, 8.5, 0.0]), diameters(now, &[now - 0.5, now + 0.5, 0.0]), None);
        assert!(near(growth(9.4).diameter_change_mm.unwrap(), 1.4));
        let probability = |now: f64| growth(now).diameter_growth_probability.unwrap();
        assert!(near(probability(9.5), 0.5), "both pairs lie at the limit: {}", probability(9.5));
        let spread = MEAN_DIAMETER_MM * 2f64.sqrt();
        assert!(near(probability(9.5 + spread), normal::cumulative(1.0)));
        assert_eq!(growth(9.4).pairs, 0, "no volumes are kept");
        // A sample that misses the nodule now has lost all of it.
        let lost = Growth::of(diameters(8.0, &[8.0; 3]), diameters(11.0, &[0.0, 11.0, 11.0]), None);
        assert!((lost.diameter_growth_probability.unwrap() - 2.0 / 3.0).abs() < 1e-3, "{lost:?}");
    }
}
