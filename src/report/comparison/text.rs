//! `comparison.txt`: what became of each nodule in plain English, to be copied into a report.
//!
//! Facts alone, as in `findings.txt`: no category, no advice, nothing about malignancy. A paragraph stands on one line.

use super::{Compared, words};
use crate::{
    VERSION,
    compare::{Row, scan::Scan},
    report::{
        comparison::ScanRecord,
        outputs::FINDINGS,
        words::{NOTICE, capital, centre_in, chance, one_line},
    },
};

/// The text, the latest prior first.
pub fn of(current: &Scan, priors: &[Compared]) -> String {
    let mut paragraphs = vec![format!("Lung nodules in {}", named(&ScanRecord::of(current)))];
    for compared in priors.iter().rev() {
        paragraphs.extend(with_prior(current, compared));
    }
    let warned = |scan: &ScanRecord| {
        let told = scan.warnings.iter().map(|warning| {
            let of = words::warning(warning);
            format!("Warning of {}: {of}.", one_line(&scan.name))
        });
        told.collect::<Vec<_>>()
    };
    paragraphs.extend(priors.iter().flat_map(|compared| warned(&compared.prior)));
    paragraphs.extend(warned(&ScanRecord::of(current)));
    paragraphs.push(format!(
        "In brackets behind a volume: its interval within that CT; behind a change: its 90 % interval ({}). Slices are those of the \
         nodules' centres; {} has those of the long axes. Right and left are the patient's.",
        words::INTERVAL,
        FINDINGS.file()
    ));
    let made_by = &current.made_by;
    paragraphs.push(format!(
        "Made by sam2lung {VERSION}, model {}, {} samples, seed {}. {NOTICE} No reader has checked this text.",
        one_line(&made_by.model),
        made_by.samples,
        made_by.seed
    ));
    paragraphs.join("\n\n") + "\n"
}

/// "chest (2024-02-29)".
pub fn named(scan: &ScanRecord) -> String {
    let date = scan.date.as_ref().map_or(String::new(), |date| format!(" ({date})"));
    one_line(&scan.name) + &date
}

fn with_prior(current: &Scan, Compared { prior, comparison }: &Compared) -> Vec<String> {
    let mut paragraphs = vec![format!(
        "Compared with {}, {} before: {}. {}.",
        named(prior),
        words::days(comparison),
        words::counted(comparison),
        capital(&words::fit(comparison))
    )];
    if !comparison.registration_doubts.is_empty() {
        paragraphs.push(words::doubts(comparison));
    }
    paragraphs
        .extend(words::reading_order(&comparison.nodules).into_iter().map(|n| nodule(current, &comparison.nodules[n])));
    paragraphs
}

/// One nodule in one paragraph.
fn nodule(current: &Scan, row: &Row) -> String {
    let mut said = format!("{}: {}, {}.", capital(&words::name(row)), words::status(row.status), place(current, row));
    match (&row.prior, &row.current) {
        (Some(prior), Some(current)) => {
            said += &format!(" {} before, {} now", words::size(prior), words::size(current));
            said += &row.growth.as_ref().map_or(String::new(), |growth| format!(": {}", words::growth(growth)));
            let diameter = row.growth.as_ref().and_then(|growth| growth.diameter_growth_probability);
            said += &diameter.map_or(String::new(), |p| format!(", P(diameter > +1.5 mm) {}", chance(p)));
            said += ".";
        }
        (Some(alone), None) | (None, Some(alone)) => said += &format!(" {}.", words::size(alone)),
        (None, None) => {}
    }
    said += &words::in_other(row, current.made_by.threshold)
        .map_or(String::new(), |there| format!(" {}.", capital(&there)));
    let reviews = words::reviews(row);
    if !reviews.is_empty() {
        said += &format!(" Look again: {}.", one_line(&reviews.join(". ")));
    }
    said
}

/// Where it lies in the current CT; of what went, where that place is by the registration.
pub fn place(current: &Scan, row: &Row) -> String {
    let grid = &current.ct.grid;
    let k = grid.ijk(row.place_in_current_ras)[2].round();
    if !(0.0..grid.dims[2] as f64).contains(&k) {
        return "beyond the current CT".into();
    }
    let slice = centre_in(grid.dims[2], k as usize);
    if row.current.is_some() { slice } else { format!("{slice} of the current CT by the registration") }
}
