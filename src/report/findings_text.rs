//! `findings.txt`: what was found in plain English, to be copied into a report.
//!
//! Facts alone: what was found, where, how large, how sure. No category, no advice, nothing about malignancy. A paragraph stands
//! on one line, so that it wraps where it is put.

use crate::{
    VERSION,
    findings::nodule::Nodule,
    report::{
        page::Report,
        words::{
            self, NOTICE, flagged, found, intervals, name, one_line, percent, place, reading, readings,
            volume_with_interval,
        },
    },
};

/// The text; `order` is that in which nodules are read, `slices` the axial slice of each.
pub fn of(report: &Report<'_>, order: &[usize], slices: &[usize]) -> String {
    let Report { title, nodules, .. } = *report;
    let mut paragraphs = vec![format!("Lung nodules in {}", one_line(&title.input))];
    let flagged = flagged(nodules).map_or(String::new(), |flagged| format!("; {flagged}"));
    let small = words::micronodules(title).map_or(String::new(), |small| format!(" {small}, listed below."));
    paragraphs.push(format!("{}{flagged}.{small}", found(nodules.len())));
    let read = readings(nodules, &title.readings);
    paragraphs.extend(read.iter().map(|read| format!("{read}.")));
    paragraphs.extend(title.warnings.iter().map(|warning| format!("Warning: {}.", one_line(&warning.to_string()))));
    paragraphs.extend(order.iter().map(|n| nodule(report, *n, slices[*n])));
    if !report.micronodules.is_empty() {
        paragraphs.push(micronodules(report));
    }
    paragraphs.push(format!(
        "{}. In brackets behind a volume: {}. Right and left are the patient's.",
        words::SIZES,
        intervals(nodules, title)
    ));
    paragraphs.push(format!(
        "Made by sam2lung {VERSION}, model {}, {} samples. {NOTICE} {}",
        one_line(&title.model),
        title.samples,
        if read.is_some() { "No reader has checked the numbers." } else { "No reader has checked this text." }
    ));
    paragraphs.join("\n\n") + "\n"
}

fn nodule(report: &Report<'_>, n: usize, slice: usize) -> String {
    let (own, canonical) = (&report.nodules[n], &report.canonical[n]);
    let place = place(canonical, report.maps.ct.grid.dims[2], slice);
    let clicked = if own.clicked { ", outlined with clicks" } else { "" };
    let look =
        if own.review { format!(" Look again: {}.", one_line(&own.review_reasons.join("; "))) } else { String::new() };
    let said = report.title.readings.nodule(own.id).and_then(reading);
    let said = said.map_or(String::new(), |said| format!(" {said}."));
    format!(
        "{}: {place}{clicked}.{said} {:.1} × {:.1} mm, {}, mean {:.0} HU.{} Found by {} of the samples.{look}",
        name(own),
        own.long_axis_mm,
        own.short_axis_mm,
        volume_with_interval(own),
        own.mean_hu,
        probability(own).map_or(String::new(), |p| format!(" Probability that it is a nodule: {p}.")),
        percent(own.detection_rate)
    )
}

fn probability(nodule: &Nodule) -> Option<String> {
    nodule.nodule_probability.map(percent)
}

fn micronodules(report: &Report<'_>) -> String {
    let told = |nodule: &Nodule| {
        let place = words::centre(nodule, report.maps.ct.grid.dims[2]);
        let sure = probability(nodule).map_or(String::new(), |p| format!(", probability {p}"));
        format!("{place}, {:.1} mm{sure}", nodule.equivalent_diameter_mm)
    };
    let places: Vec<String> = report.micronodules.iter().map(told).collect();
    format!("Micronodules: {}.", places.join("; "))
}
