//! A nodule's part of the page: its words and its pictures, the prior CT's on the left, the current one's on the right.

use maud::{Markup, html};

use super::{
    super::view::{AXIAL, CORONAL, SAGITTAL},
    picture::Pair,
    table,
};
use crate::{
    compare::{Row, growth::Growth, scan::Scan},
    report::{
        comparison::{text::place, words},
        words::{capital, chance, one_line},
    },
};

/// The name of the part of the comparison's `n`-th row.
pub fn anchor(n: usize) -> String {
    format!("nodule-{}", n + 1)
}

/// The part of the `n`-th row; without `pair` there are no pictures.
pub fn markup(current: &Scan, n: usize, row: &Row, pair: Option<Pair<'_>>) -> Markup {
    let id = anchor(n);
    let reviews = words::reviews(row);
    html! {
        article id=(id) aria-labelledby=(format!("{id}-name")) class=(if reviews.is_empty() { "nodule" } else { "nodule review" }) {
            header {
                h3 id=(format!("{id}-name")) {
                    (capital(words::status(row.status))) ": " (words::name(row))
                    @if !reviews.is_empty() { " " span class="flag" { "Look again" } }
                }
                p class="size" { (sizes(row)) }
                p class="place" { (capital(&place(current, row))) }
                @if let Some(there) = words::in_other(row, current.made_by.threshold) {
                    @if row.other_may_show_it { p class="reasons" { (capital(&there)) "." } } @else { p class="place" { (capital(&there)) "." } }
                }
                @if !reviews.is_empty() {
                    ul class="reasons" { @for reason in &reviews { li { (capital(&one_line(reason))) } } }
                }
            }
            @if let Some(pair) = pair {
                div class="pairs" {
                    @for plane in [AXIAL, CORONAL, SAGITTAL] {
                        @for side in pair.sides(plane) {
                            figure class=[(plane.name == AXIAL.name).then_some("axial")] {
                                (side.svg)
                                figcaption { (side.caption) }
                            }
                        }
                    }
                }
            }
            @if let Some(growth) = &row.growth { (measures(row, growth)) }
        }
    }
}

fn sizes(row: &Row) -> Markup {
    let both = row.prior.as_ref().zip(row.current.as_ref());
    html! {
        @match both {
            Some((prior, current)) => {
                strong { (words::size(prior)) } " before, " strong { (words::size(current)) } " now"
                @if let Some(growth) = &row.growth { ": " strong { (words::change(growth.volume_change_percent)) } }
            },
            None => @if let Some(alone) = row.prior.as_ref().or(row.current.as_ref()) { strong { (words::size(alone)) } },
        }
    }
}

/// How it changed.
fn measures(row: &Row, growth: &Growth) -> Markup {
    let known = |value: Option<String>| value.unwrap_or_else(|| table::NONE.into());
    let interval = growth.volume_change_percent_interval.and_then(words::change_interval);
    let mut told = vec![
        ("Change of the volume", words::change(growth.volume_change_percent), interval),
        ("P(growth > 25 %)", known(growth.growth_probability.map(chance)), None),
        ("P(shrinkage > 20 %)", known(growth.shrinkage_probability.map(chance)), None),
        ("Change of the mean diameter", known(growth.diameter_change_mm.map(words::millimetres)), None),
        ("P(diameter > +1.5 mm)", known(growth.diameter_growth_probability.map(chance)), None),
        ("Doubling time", known(words::doubling(growth)), words::doubling_interval(growth)),
        ("Pairs of samples", growth.pairs.to_string(), None),
        ("Does the whole interval say the same?", if growth.samples_agree { "yes" } else { "no" }.into(), None),
    ];
    if let Some(mm) = row.distance_mm {
        told.push(("Apart after registration", format!("{mm:.1} mm"), None));
    }
    html! {
        @if let Some(why) = words::without_pairs(growth) { p class="reasons" { (capital(why)) "." } }
        dl class="measures" {
            @for (word, value, interval) in told {
                div {
                    dt { (word) }
                    dd { (value) @if let Some(interval) = interval { " " span class="interval" { "(" (interval) ")" } } }
                }
            }
        }
    }
}
