//! What is said of a comparison in words, the same on every surface.

use crate::{
    compare::{
        Comparison, Row, Status,
        growth::{DIAMETER_GROWTH_MM, GROWTH, Growth, Interval, Trend},
        scan::{Finding, WarningRecord},
    },
    report::words::{capital, chance, one_line, percent, volume},
};

/// What the interval of a change is made of.
pub const INTERVAL: &str = "how far pairs of samples differ, and how far two CTs of an unchanged nodule do by noise, breath and \
                            position, as measured on phantoms";

/// A status as a person reads it, and what it means. The order is that in which nodules are read.
const STATUSES: [(Status, &str, &str); 8] = [
    (
        Status::Grown,
        "grown",
        "its volume is more likely than not more than 25 % larger: P(growth > 25 %) is above a half",
    ),
    (Status::New, "new", "the current CT alone shows it; that place was searched in the prior one"),
    (Status::CutOff, "cut off by a scan's edge", "the edge of one CT may cut it off: how it changed isn't known"),
    (
        Status::NotSearchedBefore,
        "not searched before",
        "the current CT alone shows it; the prior one doesn't show that place, or it lies outside its lungs",
    ),
    (Status::Gone, "gone", "the prior CT alone shows it; that place was searched in the current one"),
    (
        Status::NotSearchedNow,
        "not searched now",
        "the prior CT alone shows it; that place wasn't searched in the current one",
    ),
    (Status::Shrunk, "shrunk", "its volume is more likely than not more than 20 % smaller"),
    (Status::Stable, "stable", "neither grown nor shrunk"),
];

/// A status as a person reads it.
pub fn status(status: Status) -> &'static str {
    STATUSES[rank(status)].1
}

/// Its place in the order in which nodules are read.
pub fn rank(status: Status) -> usize {
    STATUSES.iter().position(|(other, ..)| *other == status).expect("every status has its line")
}

/// What the words mean.
pub fn meanings() -> Vec<(String, String)> {
    let statuses = STATUSES.map(|(_, word, meaning)| (capital(word), format!("{}.", capital(meaning))));
    let others = [
        (
            "Pair of samples",
            "One draw of the network on both CTs, with the same that is random in it: what it always draws too large or too \
             small is in both volumes, and not in their ratio."
                .to_owned(),
        ),
        (
            "Change, and its interval",
            format!("Of the volumes of the two outlines. In brackets its 90 % interval: {INTERVAL}."),
        ),
        (
            "P(growth > 25 %)",
            "How probable it is that the volume grew by more than 25 %, by the pairs and by what differs from scan to scan: two CTs \
             of an unchanged nodule hardly differ by that much (British Thoracic Society 2015; NELSON)."
                .into(),
        ),
        (
            "P(diameter > +1.5 mm)",
            format!(
                "How probable it is that the mean diameter (of the axial long and short axis) grew by more than \
                 {DIAMETER_GROWTH_MM} mm, the limit of Lung-RADS v2022; as P(growth > 25 %)."
            ),
        ),
        (
            "Doubling time",
            "Days in which the volume doubles at this pace; told where it grew and the days between the CTs are known. Its \
             interval has no upper end where the volume may not have grown."
                .into(),
        ),
        (
            "The other CT may show it",
            "New or gone, but the probability of a nodule about that place of the other CT is at least half of the threshold of \
             outlines: it may have been there, or be there still. Another finding beside that place can be the reason."
                .into(),
        ),
        ("Registration", "The map that lays the current lungs over the prior ones; by it nodules are paired.".into()),
        (
            "Micronodule",
            "A finding below the smallest diameter that is shown. It is followed where the other CT shows a nodule there.".into(),
        ),
    ];
    statuses.into_iter().chain(others.map(|(word, meaning)| (word.to_owned(), meaning))).collect()
}

/// Rows in the order in which they are read: grown and new ones first, within a status the largest first.
pub fn reading_order(rows: &[Row]) -> Vec<usize> {
    let size = |row: &Row| row.current.as_ref().or(row.prior.as_ref()).map_or(0.0, |finding| finding.volume_mm3);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&rows[*a], &rows[*b]);
        rank(a.status).cmp(&rank(b.status)).then(size(b).total_cmp(&size(a)))
    });
    order
}

/// "1 grown, 2 new, 4 stable", and how many of them the other CT may show.
pub fn counted(comparison: &Comparison) -> String {
    let count = |status: Status| comparison.nodules.iter().filter(|row| row.status == status).count();
    let parts = STATUSES.iter().map(|(status, word, _)| (count(*status), word)).filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts.map(|(count, word)| format!("{count} {word}")).collect();
    let may_show = comparison.nodules.iter().filter(|row| row.other_may_show_it).count();
    let told = if may_show > 0 {
        format!("; the other CT may show {may_show} of the new or gone ones")
    } else {
        String::new()
    };
    if parts.is_empty() { "no nodule in either CT".to_owned() } else { parts.join(", ") + &told }
}

/// "nodule 2, before nodule 3".
pub fn name(row: &Row) -> String {
    let of = |finding: &Finding| finding.id.map_or("micronodule".to_owned(), |id| format!("nodule {id}"));
    match (&row.prior, &row.current) {
        (Some(prior), Some(current)) => format!("{}, before {}", of(current), of(prior)),
        (None, Some(current)) => of(current),
        (Some(prior), None) => format!("before {}", of(prior)),
        (None, None) => String::new(),
    }
}

/// "150 mm³ (120 to 180)"; without brackets where no interval is kept.
pub fn size(finding: &Finding) -> String {
    let interval = finding.volume_mm3_p05.zip(finding.volume_mm3_p95);
    let interval = interval.map_or(String::new(), |(low, high)| format!(" ({} to {})", volume(low), volume(high)));
    format!("{} mm³{interval}", volume(finding.volume_mm3))
}

/// "+50 %"; a minus is one.
pub fn change(percent: f64) -> String {
    let text = format!("{percent:+.0} %");
    if text.trim_start_matches(['+', '-']) == "0 %" { "0 %".into() } else { text.replace('-', "−") }
}

/// "+1.2 mm"; a minus is one.
pub fn millimetres(mm: f64) -> String {
    let text = format!("{mm:+.1} mm");
    if text.trim_start_matches(['+', '-']) == "0.0 mm" { "0.0 mm".into() } else { text.replace('-', "−") }
}

/// "+32 to +67 %".
pub fn change_interval(interval: Interval) -> Option<String> {
    let [low, high] = [interval.p05, interval.p95?].map(change);
    Some(format!("{} to {high}", low.trim_end_matches(" %")))
}

/// "342 days", of what grew: of a stable nodule it would be that of the noise.
pub fn doubling(growth: &Growth) -> Option<String> {
    let days = growth.doubling_time_days.filter(|_| growth.trend() == Trend::Grown)?;
    Some(format!("{days:.0} days"))
}

/// "270 to 470 days", or "from 270 days" where it has no upper end.
pub fn doubling_interval(growth: &Growth) -> Option<String> {
    doubling(growth)?;
    let Interval { p05, p95 } = growth.doubling_time_days_interval?;
    Some(match p95 {
        Some(p95) => format!("{p05:.0} to {p95:.0} days"),
        None => format!("from {p05:.0} days, without an upper end"),
    })
}

/// How the volume of a pair changed, in one phrase.
pub fn growth(growth: &Growth) -> String {
    let mut words = change(growth.volume_change_percent);
    if let Some(interval) = growth.volume_change_percent_interval.and_then(change_interval) {
        words += &format!(" ({interval})");
    }
    if let Some(p) = growth.growth_probability {
        words += &format!(", P(growth > {:.0} %) {}", 100.0 * GROWTH, chance(p));
    }
    if growth.pairs > 0 && !growth.samples_agree {
        words += ", a limit lies within the interval";
    }
    if let Some(days) = doubling(growth) {
        words += &format!(", doubles in {days}");
    }
    if let Some(why) = without_pairs(growth) {
        words += &format!("; {why}");
    }
    words
}

/// Why a change has no interval; none where it has one.
pub fn without_pairs(growth: &Growth) -> Option<&'static str> {
    (growth.pairs == 0).then_some("no pairs of samples are kept of it: no interval and no probability")
}

/// What the other CT has at the place of what one alone shows; none with a pair, and where the other doesn't show that place.
/// `threshold`: the probability above which outlines lie.
pub fn in_other(row: &Row, threshold: f64) -> Option<String> {
    let p = row.probability_in_other?;
    let other = if row.current.is_some() { "prior" } else { "current" };
    let there = format!("the highest probability of a nodule about that place of the {other} CT is {}", percent(p));
    Some(match row.other_may_show_it {
        true if p < threshold => format!("the {other} CT may show it, below the threshold: {there}"),
        true => {
            format!("the {other} CT may show it, as a part of another finding or as one that was left out: {there}")
        }
        false => there,
    })
}

/// What a result can't be trusted for, with the name that programs know: as in `run.json`, on one line.
pub fn warning(warning: &WarningRecord) -> String {
    format!("{} ({})", one_line(&warning.text), one_line(&warning.name))
}

/// Why outlines should be looked at again, each with its CT; empty where none should.
pub fn reviews(row: &Row) -> Vec<String> {
    let of = |which: &str, finding: &Option<Finding>| {
        let reasons = finding.as_ref().filter(|finding| finding.review)?.review_reasons.join("; ");
        Some(format!("{which}: {reasons}"))
    };
    [of("current", &row.current), of("prior", &row.prior)].into_iter().flatten().collect()
}

/// "200 days"; unknown days say so.
pub fn days(comparison: &Comparison) -> String {
    match comparison.days {
        Some(1.0) => "1 day".into(),
        Some(days) => format!("{days:.0} days"),
        None => "an unknown time".into(),
    }
}

/// How well the lungs lie over each other.
pub fn fit(comparison: &Comparison) -> String {
    let fit = comparison.registration;
    format!("the lungs' surfaces lie {:.1} mm apart after registration, Dice {:.2}", fit.surface_mm, fit.lung_dice)
}

/// Why a person should look at the comparison, as a sentence; there is a reason at least.
pub fn doubts(comparison: &Comparison) -> String {
    let reasons = comparison.registration_doubts.join("; ");
    let end = if reasons.ends_with('?') { "" } else { "." };
    format!("Check this comparison: {reasons}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::growth::Sizes;

    #[test]
    fn changes_have_their_sign_and_no_minus_before_nothing() {
        assert_eq!([50.4, -33.0, -0.2, 0.2].map(change), ["+50 %", "−33 %", "0 %", "0 %"]);
        let interval = Interval { p05: -10.0, p95: Some(67.0) };
        assert_eq!(change_interval(interval).unwrap(), "−10 to +67 %");
        assert_eq!([1.24, -0.5, -0.04].map(millimetres), ["+1.2 mm", "−0.5 mm", "0.0 mm"]);
    }

    #[test]
    fn every_status_has_a_line_of_its_own_and_grown_comes_first() {
        let words: std::collections::BTreeSet<&str> = STATUSES.iter().map(|(_, word, _)| *word).collect();
        assert_eq!(words.len(), STATUSES.len());
        assert_eq!(
            (rank(Status::Grown), rank(Status::New), status(Status::CutOff)),
            (0, 1, "cut off by a scan's edge")
        );
    }

    #[test]
    fn growth_without_pairs_says_why_it_has_no_interval() {
        let sizes = |outline_mm3| Sizes {
            outline_mm3,
            samples_mm3: &[],
            voxel_mm3: 1.0,
            mean_diameter_mm: None,
            sample_mean_diameters_mm: &[],
        };
        let told = growth(&Growth::of(sizes(20.0), sizes(60.0), Some(90.0)));
        assert_eq!(
            told,
            "+200 %, doubles in 57 days; no pairs of samples are kept of it: no interval and no probability"
        );
    }
}
