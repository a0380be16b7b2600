//! The README's table of measures.

use sam2lung::{
    findings::measures::{Get, MEASURES, Measure, Unit},
    report::tables::SCAN_WARNINGS,
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
        _ => String::new(),
    }
}

#[test]
fn readme_lists_the_measures() {
    let head = ["| in `nodules.json` | unit | meaning |", "|---|---|---|"].map(str::to_owned);
    let rows = MEASURES.iter().map(|m| format!("| `{}` | {} | {}{} |", m.name, unit(m), m.meaning, in_csv(m)));
    let rows = rows.map(|row| row.replace("|  |", "| |"));
    let last = format!("| `{SCAN_WARNINGS}` | | names of the scan's warnings, the same for each of its nodules |");
    let lines: Vec<String> = head.into_iter().chain(rows).chain([last]).collect();
    agree(FILE, &replaced(&text(FILE), "measures", &lines));
}
