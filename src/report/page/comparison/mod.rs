//! `comparison.html`: what became of each nodule, the prior and the current CT side by side.
//!
//! Enters: comparisons of one current scan with its priors, the oldest first, and the latest prior with its arrays. Leaves: a page
//! of the same parts as [`super`]'s. Pictures show the latest prior; of earlier ones the page has a table and the plot.

mod nodule;
mod picture;
mod plot;
mod record;
mod table;

use maud::{Markup, html};

use self::picture::Pair;
use super::shell::page;
use crate::{
    compare::scan::WarningRecord,
    error::Result,
    limits::MAX_REPORT_NODULES,
    progress::CancelToken,
    report::{
        comparison::{Compared, ComparisonReport, ScanRecord, text::named, words},
        outputs::COMPARISON_TEXT,
        words::{NOTICE, capital, one_line},
    },
};

/// The text of the page; `text`: that of `comparison.txt`.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub fn markup(report: ComparisonReport<'_>, text: &str, cancel: &CancelToken) -> Result<String> {
    let ComparisonReport { current, priors, .. } = report;
    let now = ScanRecord::of(current);
    let mut sections = vec![("summary", "Summary", summary(report))];
    if let Some(latest) = priors.last().filter(|latest| !latest.comparison.nodules.is_empty()) {
        sections.push(("nodules", "Nodules", nodules(report, latest, cancel)?));
    }
    if let [earlier @ .., _] = priors
        && !earlier.is_empty()
    {
        sections.push(("volumes", "Volumes over time", plot::markup(current, priors)));
        sections.push(("earlier", "Earlier priors", table::earlier(current, earlier)));
    }
    sections.push(("text", "Text for a report", super::text(text, &COMPARISON_TEXT.file())));
    sections.push(("words", "What the words mean", glossary()));
    sections.push(("run", "How it was compared", record::markup(current, priors)));
    let title = format!("Lung nodules in {}, compared", one_line(&now.name));
    let head = html! {
        p class="notice" { (NOTICE) }
        h1 { "Lung nodules in " bdi { (named(&now)) } ", compared" }
        @for compared in priors.iter().rev() {
            p class="faint" { "with " bdi { (named(&compared.prior)) } ", " (words::days(&compared.comparison)) " before" }
        }
    };
    Ok(page(&title, head, &sections))
}

/// What became of the nodules at a glance, and what speaks against it.
fn summary(report: ComparisonReport<'_>) -> Markup {
    let ComparisonReport { current, priors, .. } = report;
    let Some(latest) = priors.last() else { return html! {} };
    let comparison = &latest.comparison;
    html! {
        (notes(&ScanRecord::of(current), priors))
        p class="found" { (capital(&words::counted(comparison))) "." }
        p {
            "Compared with " bdi { (named(&latest.prior)) } ", " (words::days(comparison)) " before: "
            (words::fit(comparison)) "."
        }
        p class="faint" {
            "Changes are of the volumes of the outlines; in brackets the 90 % interval: " (words::INTERVAL) "."
        }
        @if !comparison.nodules.is_empty() { (table::latest(current, comparison).markup()) }
    }
}

/// What the comparison can't be trusted for.
fn notes(current: &ScanRecord, priors: &[Compared]) -> Markup {
    let doubts = priors.iter().flat_map(|compared| {
        let doubts = compared.comparison.registration_doubts.iter();
        doubts
            .map(|doubt| html! { "Check the comparison with " bdi { (one_line(&compared.prior.name)) } ": " (doubt) @if !doubt.ends_with('?') { "." } })
    });
    let scans = priors.iter().map(|compared| &compared.prior).chain([current]);
    let warned = scans.flat_map(|scan| {
        let told = |warning: &WarningRecord| {
            html! {
                bdi { (one_line(&scan.name)) } ": " (one_line(&warning.text)) ". " code { (one_line(&warning.name)) }
            }
        };
        scan.warnings.iter().map(told).collect::<Vec<_>>()
    });
    let notes: Vec<Markup> = doubts.chain(warned).collect();
    html! {
        @if !notes.is_empty() {
            div class="warnings" role="note" aria-label="Warnings" {
                h3 { (if notes.len() == 1 { "Warning" } else { "Warnings" }) }
                ul { @for note in notes { li { (note) } } }
            }
        }
    }
}

/// Each nodule of the latest prior and the current CT.
fn nodules(report: ComparisonReport<'_>, latest: &Compared, cancel: &CancelToken) -> Result<Markup> {
    let ComparisonReport { current, latest: prior, .. } = report;
    let order = words::reading_order(&latest.comparison.nodules);
    let mut articles = Vec::with_capacity(order.len());
    for (place, n) in order.iter().enumerate() {
        cancel.check()?;
        let row = &latest.comparison.nodules[*n];
        let pair = (place < MAX_REPORT_NODULES).then(|| Pair::of(prior, current, &latest.comparison.to_prior, row));
        articles.push(nodule::markup(current, *n, row, pair));
    }
    Ok(html! {
        (super::switches(&[("show-outline", "Outline", true)]))
        p class="faint key" {
            "CT in the lung window, both at one scale. " span class="swatch own" {} " the outline, "
            span class="swatch others" {} " other nodules'. The prior CT is turned by the registration and not stretched, so that mm \
            are mm in both. A nodule that both show is in the middle of both; of one that a single CT shows, the other CT has the place \
            by the registration. Pictures are interpolated between voxels."
        }
        @if order.len() > MAX_REPORT_NODULES { p { "The first " (MAX_REPORT_NODULES) " have pictures here; the table has all." } }
        @for article in articles { (article) }
    })
}

fn glossary() -> Markup {
    html! {
        dl class="glossary" {
            @for (word, meaning) in words::meanings() { div { dt { (word) } dd { (meaning) } } }
        }
    }
}

#[cfg(test)]
mod tests;
