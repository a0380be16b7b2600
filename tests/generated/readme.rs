//! The README's tables of outputs and of measures.

use sam2lung::{
    contract::uncertainty::Uncertainty,
    findings::measures::{Get, MEASURES, Measure, Unit},
    report::{
        outputs::{Each, OUTPUTS, Output, SUMMARY_COLUMNS},
        tables::SCAN_WARNINGS,
    },
};

use crate::{agree, region::replaced, text};

const FILE: &str = "README.md";

fn unit(measure: &Measure) -> &'static str {
    match measure.unit {
        Unit::Share => "0–1",
        Unit::Uncertainty => "see below",
        other => other.symbol(),
    }
}

/// What the CSV has in its place.
fn in_csv(measure: &Measure) -> String {
    match measure.get {
        Get::Place(parts, _) => {
            let [first, second, third] = parts.map(|[name, _]| name);
            let end = |name: &str| name[name.rfind('_').unwrap_or(0)..].to_owned();
            format!(" (in the CSV `{first}`, `{}`, `{}`)", end(second), end(third))
        }
        Get::Numbers(_) => " (not in the CSV)".into(),
        Get::Shares(_) => " (in the CSV `band: share; …`)".into(),
        _ => String::new(),
    }
}

fn measures() -> Vec<String> {
    let head = ["| in `nodules.json` | unit | meaning |", "|---|---|---|"].map(str::to_owned);
    let rows = MEASURES.iter().map(|m| format!("| `{}` | {} | {}{} |", m.name, unit(m), m.meaning, in_csv(m)));
    let rows = rows.map(|row| row.replace("|  |", "| |"));
    let last = format!("| `{SCAN_WARNINGS}` | | names of the scan's warnings, the same for each of its nodules |");
    head.into_iter().chain(rows).chain([last]).collect()
}

/// The files of an output, in the usual format.
fn files(output: &Output) -> String {
    let usual = output.file();
    let ending = usual.split_once('.').map_or("", |(_, ending)| ending);
    let parts = match output.each {
        Each::One | Each::Page => vec![""],
        Each::Kind => Uncertainty::ALL.iter().map(|kind| kind.name()).collect(),
        Each::Class => vec!["NAME"],
    };
    parts.iter().map(|part| format!("`{}`", output.with(part, ending))).collect::<Vec<_>>().join(", ")
}

fn outputs() -> Vec<String> {
    let head = ["| file | what |", "|---|---|"].map(str::to_owned);
    head.into_iter().chain(OUTPUTS.iter().map(|output| format!("| {} | {} |", files(output), output.meaning))).collect()
}

fn summary() -> Vec<String> {
    let head = ["| in `summary.csv` | meaning |", "|---|---|"].map(str::to_owned);
    head.into_iter().chain(SUMMARY_COLUMNS.map(|(name, meaning)| format!("| `{name}` | {meaning} |"))).collect()
}

#[test]
fn readme_lists_the_outputs_and_the_measures() {
    let text = replaced(&text(FILE), "outputs", &outputs());
    let text = replaced(&text, "summary", &summary());
    agree(FILE, &replaced(&text, "measures", &measures()));
}
