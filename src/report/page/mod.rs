//! `report.html`: one page that holds everything a person wants to see of a result, and `index.html` for many CTs.
//!
//! Enters: a result, the words of the overview, and the run's record. Leaves: a page that loads nothing, prints to PDF, and needs
//! no script to be read (a script sorts its tables and moves its slices). Parts: [`shell`] is the frame of every page, [`table`] a
//! table that can be sorted, [`view`] the pictures, [`measures`] the table of measures as a person reads it. What is known of
//! several CTs is a page of these parts, too ([`index`]).

pub mod comparison;
mod contour;
mod glossary;
mod image;
pub mod index;
mod measures;
mod nodule;
mod record;
mod shell;
mod summary;
mod table;
mod view;

use std::{collections::BTreeMap, fs, path::Path};

use maud::{Markup, html};
use serde_json::Value;

use self::{nodule::Told, shell::page, view::Drawn};
use crate::{
    error::{Error, Result},
    findings::{REACH_MM, canonical::Canonical, nodule::Nodule},
    limits::MAX_REPORT_NODULES,
    progress::CancelToken,
    report::{
        findings_text,
        outputs::{FINDINGS, REPORT},
        overview::OverviewTitle,
        views::shown_slice,
        words::{NOTICE, one_line, reading_order},
    },
    space::volume::Voi,
    steps::labels::{labelled, near_labels},
    threads::share,
};

/// What a page tells of.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// What the overview's head says.
    pub title: &'a OverviewTitle,
    /// The maps.
    pub maps: Canonical<'a>,
    /// The nodules with the voxel indices of the CT's own grid, as tables have them.
    pub nodules: &'a [Nodule],
    /// The same with the voxel indices of the maps.
    pub canonical: &'a [Nodule],
    /// Micronodules with the voxel indices of the maps.
    pub micronodules: &'a [Nodule],
    /// What `run.json` records.
    pub run: &'a Value,
}

/// A report with what all of its parts need to know of its nodules.
struct Known<'a> {
    report: Report<'a>,
    /// The order in which nodules are read.
    order: Vec<usize>,
    /// The box around each number.
    boxes: BTreeMap<u16, Voi>,
    /// The axial slice that is shown of each nodule first, from 0.
    slices: Vec<usize>,
}

impl<'a> Known<'a> {
    fn of(report: Report<'a>, cancel: &CancelToken) -> Result<Self> {
        let Report { title, maps, nodules, canonical, .. } = report;
        let numbers = labelled(maps.labels.view(), cancel)?.into_iter().zip(1u16..);
        let boxes = numbers.filter_map(|(found, id)| Some((id, found?.voi))).collect();
        let slices = canonical.iter().map(|nodule| shown_slice(&maps, nodule)).collect();
        Ok(Known { report, order: reading_order(nodules, &title.readings), boxes, slices })
    }
}

/// Writes `report.html` and `findings.txt` into `folder`.
///
/// # Errors
/// [`Error::Write`], [`Error::OutOfMemory`], [`Error::Cancelled`].
pub fn write_report(folder: &Path, report: Report<'_>, cancel: &CancelToken) -> Result<()> {
    let known = Known::of(report, cancel)?;
    let text = findings_text::of(&report, &known.order, &known.slices);
    let files = [(REPORT.file(), markup(&known, &text, cancel)?), (FINDINGS.file(), text)];
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|e| Error::write(&path, e))?;
    }
    Ok(())
}

/// The text of `report.html`.
fn markup(known: &Known<'_>, findings: &str, cancel: &CancelToken) -> Result<String> {
    let Report { title, maps, nodules, micronodules, run, .. } = known.report;
    let input = one_line(&title.input);
    let mut sections = vec![("summary", "Summary", summary::markup(known))];
    if !nodules.is_empty() {
        sections.push(("nodules", "Nodules", every_nodule(known, cancel)?));
    }
    if !micronodules.is_empty() {
        sections.push(("micronodules", "Micronodules", summary::micronodules(&known.report)));
    }
    sections.push(("text", "Text for a report", text(findings, &FINDINGS.file())));
    sections.push(("words", "What the words mean", glossary::markup(nodules, title)));
    sections.push(("run", "How the run was made", record::markup(run)));
    cancel.check()?;
    let head = html! {
        p class="notice" { (NOTICE) }
        h1 { "Lung nodules in " bdi { (input) } }
        p class="faint" { (title.model) ", " (title.samples) " samples, slices " (format!("{:.1}", maps.ct.grid.spacing_mm[2])) " mm apart" }
    };
    Ok(page(&format!("Lung nodules in {input}"), head, &sections))
}

/// The pictures' switches, and each nodule.
fn every_nodule(known: &Known<'_>, cancel: &CancelToken) -> Result<Markup> {
    let Known { report: Report { title, maps, nodules, canonical, .. }, order, boxes, slices } = known;
    let grid = &maps.ct.grid;
    let near = near_labels(maps.labels.view(), grid, REACH_MM, cancel)?;
    let drawn = Drawn { maps: *maps, near: &near, maximum: title.uncertainty_maximum };
    let articles = share(order.iter().enumerate(), |(place, n)| {
        cancel.check()?;
        let (own, canonical) = (&nodules[*n], &canonical[*n]);
        let (voi, reading) = (boxes.get(&own.id).copied(), title.readings.nodule(own.id));
        let told = Told { own, canonical, voi, slice: slices[*n], reading };
        nodule::markup(told, drawn, place < MAX_REPORT_NODULES, cancel)
    })?;
    Ok(html! {
        (switches(&[
            ("show-outline", "Outline", true),
            ("show-samples", "Outlines of samples", false),
            ("show-heat", "Uncertainty", false),
        ]))
        (key(title))
        @if order.len() > MAX_REPORT_NODULES {
            p { "The first " (MAX_REPORT_NODULES) " have pictures here; label and uncertainty volumes show all." }
        }
        @for article in articles { (article) }
    })
}

/// What the pictures show, for all of them at once: of each switch its name, its title, and whether it begins switched on. They
/// work without a script.
fn switches(switches: &[(&str, &str, bool)]) -> Markup {
    html! {
        fieldset class="switches" {
            legend { "Pictures show" }
            @for (id, title, checked) in switches {
                label for=(id) { input id=(id) type="checkbox" autocomplete="off" checked[*checked]; " " (title) }
            }
        }
    }
}

/// What lines and colours of the pictures are.
fn key(title: &OverviewTitle) -> Markup {
    html! {
        p class="faint key" {
            "CT in the lung window. " span class="swatch own" {} " the outline, " span class="swatch others" {} " other nodules', "
            span class="swatch samples" {} " up to " (crate::limits::MAX_REPORT_OUTLINES) " samples', evenly chosen. "
            span class="swatch heat-key" {} " " (title.uncertainty) ", 0 to " (title.uncertainty_maximum) ", within " (REACH_MM)
            " mm of nodules: bright means unsure. Below each axial picture a slider moves through the slices."
        }
    }
}

/// The text of `file`, to be copied.
fn text(findings: &str, file: &str) -> Markup {
    html! {
        p class="faint" { "The same as " code { (file) } "." }
        pre id="findings" { (findings) }
        p { button type="button" data-copy="findings" hidden { "Copy the text" } }
    }
}

#[cfg(test)]
mod tests;
