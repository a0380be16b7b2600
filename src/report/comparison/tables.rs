//! `comparison.json` and `comparison.csv`.

use serde::Serialize;

use super::Compared;
use crate::{
    VERSION,
    compare::{
        Comparison, Row,
        growth::{DIAMETER_GROWTH_MM, GROWTH, Growth, MEAN_DIAMETER_MM, SURFACE_MM},
        scan::{Finding, MadeBy, Scan, WarningRecord},
    },
    report::tables::text,
};

/// What is told of one scan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScanRecord {
    /// Name of the CT or of its folder of results.
    pub name: String,
    /// When it was taken, `YYYY-MM-DD`; `null`: unknown.
    pub date: Option<String>,
    /// What its result can't be trusted for.
    pub warnings: Vec<WarningRecord>,
}

impl ScanRecord {
    /// Of a scan.
    pub fn of(scan: &Scan) -> Self {
        ScanRecord { name: scan.name.clone(), date: scan.date.clone(), warnings: scan.warnings.clone() }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    notice: &'static str,
    version: &'static str,
    made_by: &'a MadeBy,
    rules: Rules,
    current: ScanRecord,
    /// The oldest first.
    priors: Vec<Prior<'a>>,
}

/// What the words mean.
#[derive(Serialize)]
struct Rules {
    growth_percent: f64,
    growth_source: &'static str,
    status: &'static str,
    other_may_show_it: &'static str,
    interval: &'static str,
    rescan_surface_mm: f64,
    rescan: &'static str,
    diameter_growth_mm: f64,
    diameter: &'static str,
    diameter_source: &'static str,
    /// How far the mean diameter of an unchanged nodule differs in another CT, standard deviation.
    rescan_diameter_mm: f64,
}

const RULES: Rules = Rules {
    growth_percent: 100.0 * GROWTH,
    growth_source: "volume change of 25 %: British Thoracic Society guidelines (Thorax 2015;70 Suppl 2) and NELSON (N Engl J Med \
                    2009;361:2221)",
    status: "grown: P(volume above +25 %) is above a half; shrunk: the same with the two CTs exchanged (below \
             -20 %); cut-off: the edge of one CT cuts it off, so that its change isn't known; not-searched-before and not-searched-now: the other CT doesn't show that place or it lies outside its lungs",
    other_may_show_it: "of what is new or gone: the highest probability of a nodule about that place of the other CT is at least \
                        half of the threshold of outlines, so that the other CT may show it; a neighbour's counts as well",
    interval: "around the ratio of the outlines: the 5th to 95th percentile of the ratio of the volumes under each sample, which is the \
               same network on both CTs, and what differs between two CTs of an unchanged nodule (rescan_spread); the squares of \
               their widths, by logarithms, add up. Probabilities have both spreads as well",
    rescan_surface_mm: SURFACE_MM,
    rescan: "how far an unchanged nodule's surface lies elsewhere in another CT, standard deviation in mm, measured with the built-in \
              model on phantoms; rescan_spread is what it makes of the logarithm of the ratio of two volumes",
    diameter_growth_mm: DIAMETER_GROWTH_MM,
    diameter: "mean of the axial long and short axis",
    diameter_source: "growth of the mean diameter by more than 1.5 mm: Lung-RADS v2022 (American College of Radiology)",
    rescan_diameter_mm: MEAN_DIAMETER_MM,
};

#[derive(Serialize)]
struct Prior<'a> {
    prior: &'a ScanRecord,
    #[serde(flatten)]
    comparison: &'a Comparison,
}

/// The text of `comparison.json`.
///
/// # Panics
/// When a comparison can't be put into words: a mistake in this library.
pub fn json(current: &Scan, priors: &[Compared]) -> String {
    let document = Document {
        notice: "Research use only. Not a medical device.",
        version: VERSION,
        made_by: &current.made_by,
        rules: RULES,
        current: ScanRecord::of(current),
        priors: priors.iter().map(|Compared { prior, comparison }| Prior { prior, comparison }).collect(),
    };
    serde_json::to_string_pretty(&document).expect("numbers, texts and lists") + "\n"
}

/// A column: its name, and its cell of a prior and a row.
type Column = (&'static str, fn(&Compared, &Row) -> String);

const COLUMNS: &[Column] = &[
    ("prior", |compared, _| text(&compared.prior.name)),
    ("prior_date", |compared, _| compared.prior.date.clone().unwrap_or_default()),
    ("days", |compared, _| number(compared.comparison.days)),
    ("status", |_, row| row.status.name().to_owned()),
    ("current_id", |_, row| id(row.current.as_ref())),
    ("prior_id", |_, row| id(row.prior.as_ref())),
    ("current_volume_mm3", |_, row| number(row.current.as_ref().map(|finding| finding.volume_mm3))),
    ("prior_volume_mm3", |_, row| number(row.prior.as_ref().map(|finding| finding.volume_mm3))),
    ("volume_change_percent", |_, row| of_growth(row, |growth| Some(growth.volume_change_percent))),
    ("volume_change_percent_p05", |_, row| of_growth(row, |growth| Some(growth.volume_change_percent_interval?.p05))),
    ("volume_change_percent_p95", |_, row| of_growth(row, |growth| growth.volume_change_percent_interval?.p95)),
    ("sample_change_percent", |_, row| of_growth(row, |growth| growth.sample_change_percent)),
    ("pairs", |_, row| row.growth.as_ref().map_or(String::new(), |growth| growth.pairs.to_string())),
    ("growth_probability", |_, row| of_growth(row, |growth| growth.growth_probability)),
    ("shrinkage_probability", |_, row| of_growth(row, |growth| growth.shrinkage_probability)),
    ("samples_agree", |_, row| row.growth.as_ref().map_or(String::new(), |growth| growth.samples_agree.to_string())),
    ("diameter_change_mm", |_, row| of_growth(row, |growth| growth.diameter_change_mm)),
    ("diameter_growth_probability", |_, row| of_growth(row, |growth| growth.diameter_growth_probability)),
    ("doubling_time_days", |_, row| of_growth(row, |growth| growth.doubling_time_days)),
    ("doubling_time_days_p05", |_, row| of_growth(row, |growth| Some(growth.doubling_time_days_interval?.p05))),
    ("doubling_time_days_p95", |_, row| of_growth(row, |growth| growth.doubling_time_days_interval?.p95)),
    ("distance_mm", |_, row| number(row.distance_mm)),
    ("probability_in_other", |_, row| number(row.probability_in_other)),
    ("other_may_show_it", |_, row| row.other_may_show_it.to_string()),
    ("current_r", |_, row| number(Some(row.place_in_current_ras[0]))),
    ("current_a", |_, row| number(Some(row.place_in_current_ras[1]))),
    ("current_s", |_, row| number(Some(row.place_in_current_ras[2]))),
    ("prior_r", |_, row| number(Some(row.place_in_prior_ras[0]))),
    ("prior_a", |_, row| number(Some(row.place_in_prior_ras[1]))),
    ("prior_s", |_, row| number(Some(row.place_in_prior_ras[2]))),
    ("current_review", |_, row| row.current.as_ref().map_or(String::new(), |finding| finding.review.to_string())),
    ("current_review_reasons", |_, row| reasons(row.current.as_ref())),
    ("prior_review", |_, row| row.prior.as_ref().map_or(String::new(), |finding| finding.review.to_string())),
    ("prior_review_reasons", |_, row| reasons(row.prior.as_ref())),
    ("registration_surface_mm", |compared, _| number(Some(compared.comparison.registration.surface_mm))),
    ("registration_doubts", |compared, _| text(&compared.comparison.registration_doubts.join("; "))),
];

/// The text of `comparison.csv` (RFC 4180), a header line always.
///
/// # Panics
/// When a row can't be put into words: a mistake in this library.
pub fn csv(priors: &[Compared]) -> String {
    let mut table = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
    table.write_record(COLUMNS.iter().map(|(name, _)| name)).expect("memory takes it");
    for compared in priors {
        for row in &compared.comparison.nodules {
            let cells = COLUMNS.iter().map(|(_, cell)| cell(compared, row));
            table.write_record(cells).expect("all rows have the same length");
        }
    }
    String::from_utf8(table.into_inner().expect("memory takes it")).expect("all cells are UTF-8")
}

/// The number in the label map; a micronodule has none, and says so.
fn id(finding: Option<&Finding>) -> String {
    finding.map_or(String::new(), |finding| finding.id.map_or("micronodule".into(), |id| id.to_string()))
}

fn reasons(finding: Option<&Finding>) -> String {
    finding.map_or(String::new(), |finding| text(&finding.review_reasons.join("; ")))
}

fn of_growth(row: &Row, value: impl Fn(&Growth) -> Option<f64>) -> String {
    number(row.growth.as_ref().and_then(value))
}

/// As in `nodules.csv`; empty where nothing is known.
fn number(value: Option<f64>) -> String {
    value.map_or(String::new(), crate::report::tables::number)
}
