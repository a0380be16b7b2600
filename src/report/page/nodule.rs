//! A nodule's part of the page: its words, its pictures, its measures.

use maud::{Markup, html};

use super::{
    measures::Shown,
    view::{CORONAL, Drawn, Picture, Plane, SAGITTAL, Subject},
};
use crate::{
    error::Result,
    findings::{nodule::Nodule, reading::Reading},
    progress::CancelToken,
    report::words::{name, place, reading as words_of, volume_with_interval},
    space::volume::Voi,
};

/// Measures that stand elsewhere in a nodule's part.
const ELSEWHERE: &[&str] = &["id", "review", "review_reasons"];

/// One nodule.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    /// It, with the voxel indices of the CT's own grid.
    pub own: &'a Nodule,
    /// It, with canonical voxel indices.
    pub canonical: &'a Nodule,
    /// The box around its voxels; none for a region that is made of other classes.
    pub voi: Option<Voi>,
    /// The axial slice that is shown first, from 0.
    pub slice: usize,
    /// What a reader says of it.
    pub reading: Option<&'a Reading>,
}

/// The name of its part of the page.
pub fn anchor(nodule: &Nodule) -> String {
    format!("nodule-{}", nodule.id)
}

/// Its part of the page; `pictures`: with pictures.
///
/// # Errors
/// [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
pub fn markup(told: Told<'_>, drawn: Drawn<'_>, pictures: bool, cancel: &CancelToken) -> Result<Markup> {
    let Told { own, canonical, voi, slice, reading } = told;
    let pictures = match voi.filter(|_| pictures) {
        Some(voi) => Some(figures(&Subject::of(drawn, canonical, voi, cancel)?, told)),
        None => None,
    };
    let (id, slices) = (anchor(own), drawn.maps.ct.grid.dims[2]);
    Ok(html! {
        article id=(id) aria-labelledby=(format!("{id}-name")) class=(if own.review { "nodule review" } else { "nodule" }) {
            header {
                h3 id=(format!("{id}-name")) {
                    (name(own)) @if own.review { " " span class="flag" { "Look again" } }
                }
                p class="size" {
                    strong { (format!("{:.1} × {:.1} mm", own.long_axis_mm, own.short_axis_mm)) } ", "
                    strong { (volume_with_interval(own)) }
                }
                p class="place" {
                    (place(canonical, slices, slice))
                    @if own.clicked { ", outlined with clicks" }
                }
                @if let Some(said) = reading.and_then(words_of) { p class="reading" { strong { (said) "." } } }
                @if own.review {
                    ul class="reasons" { @for reason in &own.review_reasons { li { (reason) } } }
                }
            }
            @match pictures {
                Some(pictures) => (pictures),
                None if voi.is_none() => p class="faint" { "It is made of other classes: their pictures show it." },
                None => {}
            }
            (measures(own))
        }
    })
}

fn figures(subject: &Subject<'_>, told: Told<'_>) -> Markup {
    let stack = subject.stack(told.slice);
    html! {
        div class="pictures" {
            (scroller(&stack, told.own))
            @for plane in [CORONAL, SAGITTAL] { (still(plane, &subject.slice(plane))) }
        }
    }
}

/// The axial slices, one of which is shown.
fn scroller(stack: &Picture, nodule: &Nodule) -> Markup {
    let id = format!("{}-slice", anchor(nodule));
    let numbers: Vec<String> = stack.slices.iter().map(|k| (k + 1).to_string()).collect();
    let last = stack.slices.len().saturating_sub(1);
    html! {
        figure class="axial" {
            (stack.svg)
            figcaption {
                label for=(id) { "Axial, slice " span class="slice" { (stack.slices[stack.first] + 1) } " of " (stack.of) }
                @if last > 0 {
                    input id=(id) type="range" min="0" max=(last) value=(stack.first) autocomplete="off"
                        data-slices=(numbers.join(" ")) data-of=(stack.of) hidden;
                }
            }
        }
    }
}

fn still(plane: Plane, picture: &Picture) -> Markup {
    html! {
        figure { (picture.svg) figcaption { (plane.name) } }
    }
}

/// All measures of the table.
fn measures(nodule: &Nodule) -> Markup {
    html! {
        dl class="measures" {
            @for shown in Shown::all().iter().filter(|shown| !ELSEWHERE.contains(&shown.name)) {
                div {
                    dt { (shown.title) }
                    dd {
                        (shown.value(nodule)) @if !shown.unit.is_empty() { " " (shown.unit) }
                        @if let Some(interval) = shown.interval(nodule) { " " span class="interval" { "(" (interval) ")" } }
                    }
                }
            }
        }
    }
}
