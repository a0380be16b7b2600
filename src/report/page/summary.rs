//! What was found at a glance: how many nodules, what the result can't be trusted for, a map of the chest, and the tables.

use maud::{Markup, html};

use super::{
    Known, Report, image,
    measures::Shown,
    nodule::anchor,
    table::{Cell, Head, Order, Table},
};
use crate::{
    findings::nodule::Nodule,
    report::{
        chest,
        words::{self, capital, flagged, found, name, one_line},
    },
    warning::Warning,
};

/// Measures that have a column in the summary's table, where some nodule has them.
const COLUMNS: &[&str] = &[
    "long_axis_mm",
    "short_axis_mm",
    "volume_mm3",
    "mean_hu",
    "nodule_probability",
    "expected_dice",
    "detection_rate",
];
/// Width of the chest's map in pixels.
const CHEST_PIXELS: usize = 400;

/// The summary.
pub fn markup(known: &Known<'_>) -> Markup {
    let Report { title, nodules, .. } = known.report;
    html! {
        (warnings(&title.warnings))
        div class="glance" {
            div {
                p class="found" { (found(nodules.len())) "." }
                @if let Some(flagged) = flagged(nodules) { p class="flagged" { (flagged) "." } }
                @if let Some(read) = words::readings(nodules, &title.readings) { p class="readings" { (read) "." } }
                @if let Some(small) = words::micronodules(title) { p { (small) ", listed apart." } }
                p class="faint" {
                     (words::SIZES) "; volumes with " (words::intervals(nodules, title)) "."
                }
                p class="faint" { "The patient's right is on the left of each picture, as in a radiology report." }
            }
            (map(&known.report))
        }
        @if !nodules.is_empty() { (table(known).markup()) }
    }
}

/// What the result can't be trusted for.
pub fn warnings(warnings: &[Warning]) -> Markup {
    html! {
        @if !warnings.is_empty() {
            div class="warnings" role="note" aria-label="Warnings" {
                h3 { (if warnings.len() == 1 { "Warning" } else { "Warnings" }) }
                ul { @for warning in warnings { li { (capital(&one_line(&warning.to_string()))) ". " code { (warning.name()) } } } }
            }
        }
    }
}

/// The chest from the front with the nodules' numbers, each a link.
fn map(report: &Report<'_>) -> Markup {
    let grid = &report.maps.ct.grid;
    let size_mm = [0, 2].map(|axis| grid.dims[axis] as f64 * grid.spacing_mm[axis]);
    let scale = CHEST_PIXELS as f64 / size_mm[0].max(size_mm[1]);
    let size = size_mm.map(|mm| ((mm * scale).round() as usize).max(1));
    let [width, height] = size;
    let place = |nodule: &Nodule| {
        let across = (nodule.centroid_ijk[0] + 0.5) / grid.dims[0] as f64 * width as f64;
        let down = height as f64 - (nodule.centroid_ijk[2] + 0.5) / grid.dims[2] as f64 * height as f64;
        format!("translate({across:.1} {down:.1})")
    };
    html! {
        figure class="chest" {
            svg viewBox=(format!("0 0 {width} {height}")) role="group" aria-label="The chest from the front with the nodules' numbers" {
                image width=(width) height=(height) href=(image::grey(size, &chest::from_the_front(report.maps.ct, size))) {}
                @for nodule in report.canonical.iter().rev() {
                    a href=(format!("#{}", anchor(nodule))) aria-label=(name(nodule)) transform=(place(nodule))
                        class=[nodule.review.then_some("review")] {
                        circle r="12" {}
                        text y="4.5" text-anchor="middle" { (nodule.id) }
                    }
                }
                g class="marks" aria-hidden="true" {
                    text x="8" y="20" font-size="15" { "R" }
                    text x=(width - 8) y="20" font-size="15" text-anchor="end" { "L" }
                }
            }
            figcaption { "The chest from the front; amber numbers should be looked at again" }
        }
    }
}

fn table(known: &Known<'_>) -> Table {
    let Known { report: Report { title, nodules, canonical, .. }, order, slices, .. } = known;
    let all = Shown::all();
    let column = |name: &&str| all.iter().find(|shown| shown.name == *name);
    let told = |shown: &&Shown| nodules.iter().any(|nodule| shown.number(nodule).is_some());
    let measures: Vec<&Shown> = COLUMNS.iter().filter_map(column).filter(told).collect();
    let first = [
        Head::texts("Nodule"),
        Head { sorted: Some(Order::Falling), ..Head::texts("Look again") },
        Head::texts("Side"),
        Head::numbers("Slice"),
    ];
    let read = (!title.readings.is_empty()).then(|| Head::texts("Reader"));
    let decision = |nodule: &Nodule| {
        let said = title.readings.nodule(nodule.id).and_then(words::reading);
        read.as_ref().map(|_| Cell::text(&said.unwrap_or_default()))
    };
    let row = |n: &usize| {
        let (own, canonical) = (&nodules[*n], &canonical[*n]);
        let first = [
            Cell { shown: html! { a href=(format!("#{}", anchor(own))) { (name(own)) } }, key: own.id.to_string() },
            look_again(own.review),
            lung(canonical),
            Cell::count(slices[*n] + 1),
        ];
        first.into_iter().chain(decision(own)).chain(measures.iter().map(|shown| measure(shown, own))).collect()
    };
    Table {
        id: "all-nodules",
        caption: "All nodules, those to look at again first, then by volume. Slices are those of the long axes, from the feet.".into(),
        rows: order.iter().map(row).collect(),
        heads: first.into_iter().chain(read).chain(measures.iter().map(|shown| Head::numbers(&shown.head()))).collect(),
    }
}

/// Whether someone should look again.
pub fn look_again(review: bool) -> Cell {
    let shown = html! { @if review { span class="flag" { "Look again" } } @else { "no" } };
    Cell { shown, key: u8::from(review).to_string() }
}

/// "right", "left", or nothing where it isn't known.
fn lung(nodule: &Nodule) -> Cell {
    Cell::text(nodule.side.trim_end_matches(" lung"))
}

fn measure(shown: &Shown, nodule: &Nodule) -> Cell {
    let value = html! {
        (shown.value(nodule))
        @if let Some(interval) = shown.interval(nodule) { " " span class="interval" { "(" (interval) ")" } }
    };
    Cell::number(shown.number(nodule), value)
}

/// The micronodules, the largest first.
pub fn micronodules(report: &Report<'_>) -> Markup {
    let Report { title, micronodules, .. } = *report;
    let all = Shown::all();
    let shown = ["centroid_ras", "equivalent_diameter_mm", "nodule_probability"];
    let measures: Vec<&Shown> = shown.iter().filter_map(|name| all.iter().find(|shown| shown.name == *name)).collect();
    let row = |(n, nodule): (usize, &Nodule)| {
        let slice = nodule.centroid_ijk[2].round() as usize + 1;
        let first = [Cell::count(n + 1), lung(nodule), Cell::count(slice)];
        first.into_iter().chain(measures.iter().map(|shown| measure(shown, nodule))).collect()
    };
    let heads = [Head::numbers("Micronodule"), Head::texts("Side"), Head::numbers("Slice")];
    let table = Table {
        id: "all-micronodules",
        caption: format!(
            "Findings below {} mm, the largest first. They are not in the label map. Slices are those of the centres, from the feet.",
            title.min_diameter_mm
        ),
        heads: heads.into_iter().chain(measures.iter().map(|shown| Head::numbers(&shown.head()))).collect(),
        rows: micronodules.iter().enumerate().map(row).collect(),
    };
    table.markup()
}
