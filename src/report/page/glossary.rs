//! What the words of a page mean.

use maud::{Markup, html};

use super::measures::Shown;
use crate::{
    findings::nodule::Nodule,
    report::{
        overview::OverviewTitle,
        words::{capital, intervals, micronodules},
    },
};

/// The words that are no measure.
fn words(nodules: &[Nodule], title: &OverviewTitle) -> Vec<(&'static str, String)> {
    let mut words = vec![
        (
            "Sample",
            format!(
                "One outline of the CT by the network, with all that is random in it drawn anew. {} were drawn. Where samples \
                 agree, an outline rests on much evidence; where they don't, look at the image.",
                title.samples
            ),
        ),
        ("Interval", format!("The numbers in brackets beside the volume: {}.", intervals(nodules, title))),
        (
            "Uncertainty",
            format!(
                "How unsure the model is of a voxel: {}, at most {}.",
                title.uncertainty, title.uncertainty_maximum
            ),
        ),
        (
            "Look again",
            "A person should look at the nodule again; the reasons stand beside it. No such flag promises nothing."
                .into(),
        ),
    ];
    if let Some(found) = micronodules(title) {
        words.push(("Micronodule", format!("A finding that is too small to be shown with the others: {found}.")));
    }
    words
}

/// The words, then each measure with what it is.
pub fn markup(nodules: &[Nodule], title: &OverviewTitle) -> Markup {
    html! {
        dl class="glossary" {
            @for (word, meaning) in words(nodules, title) { div { dt { (word) } dd { (meaning) } } }
            @for shown in Shown::all() {
                div {
                    dt { (shown.head()) }
                    dd {
                        (capital(shown.meaning)) "."
                        @if let Some([low, high]) = shown.ends() { " In brackets: " (low) "; " (high) "." }
                        " " code { (shown.name) }
                    }
                }
            }
        }
    }
}
