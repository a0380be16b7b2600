//! The tables of nodules: of the latest prior, and of the earlier ones.

use maud::{Markup, html};

use super::{
    super::{
        summary::look_again,
        table::{Cell, Head, Order, Table},
    },
    nodule::anchor,
};
use crate::{
    compare::{
        Comparison, Row,
        scan::{Finding, Scan},
    },
    report::{
        comparison::{Compared, text::named, words},
        words::{capital, chance, volume},
    },
};

/// Where nothing is known.
pub const NONE: &str = "–";

/// The nodules of the current CT and its latest prior.
pub fn latest(current: &Scan, comparison: &Comparison) -> Table {
    let link = |n: usize, row: &Row| html! { a href=(format!("#{}", anchor(n))) { (capital(&words::name(row))) } };
    let row = |n: usize| {
        let row = &comparison.nodules[n];
        cells(current, row, Cell { shown: link(n, row), key: order_key(row) })
    };
    Table {
        id: "all-nodules",
        caption: "All nodules, grown and new ones first, then by volume. Slices are those of the centres in the current CT, from the feet."
            .into(),
        heads: heads("Nodule"),
        rows: words::reading_order(&comparison.nodules).into_iter().map(row).collect(),
    }
}

/// The same of all earlier priors, in one table.
pub fn earlier(current: &Scan, earlier: &[Compared]) -> Markup {
    let rows = earlier.iter().rev().flat_map(|compared| {
        words::reading_order(&compared.comparison.nodules)
            .into_iter()
            .map(move |n| (compared, &compared.comparison.nodules[n]))
    });
    let row = |(compared, row): (&Compared, &Row)| {
        let mut cells = cells(current, row, Cell::text(&capital(&words::name(row))));
        let days = words::days(&compared.comparison);
        cells.insert(1, Cell::text(&format!("{}, {days} before", named(&compared.prior))));
        cells
    };
    let mut heads = heads("Nodule");
    heads.insert(1, Head::texts("Prior"));
    Table {
        id: "all-earlier",
        caption: "The current CT compared with each earlier prior, the latest first. These have no pictures here."
            .into(),
        heads,
        rows: rows.map(row).collect(),
    }
    .markup()
}

/// By which the first column is sorted: current numbers, then prior ones.
fn order_key(row: &Row) -> String {
    let number = |finding: &Option<Finding>| finding.as_ref().and_then(|finding| finding.id);
    number(&row.current)
        .map(|id| id.to_string())
        .or_else(|| number(&row.prior).map(|id| (u32::from(id) + u32::from(u16::MAX)).to_string()))
        .unwrap_or_default()
}

fn heads(first: &str) -> Vec<Head> {
    vec![
        Head::texts(first),
        Head { sorted: Some(Order::Rising), ..Head::texts("Status") },
        Head::numbers("Before (mm³)"),
        Head::numbers("Now (mm³)"),
        Head::numbers("Change"),
        Head::numbers("P(growth > 25 %)"),
        Head::numbers("P(diameter > +1.5 mm)"),
        Head::numbers("Doubling time (days)"),
        Head::numbers("Slice"),
        Head::texts("Look again"),
    ]
}

fn cells(current: &Scan, row: &Row, first: Cell) -> Vec<Cell> {
    let growth = row.growth.as_ref();
    let doubling = growth.filter(|growth| words::doubling(growth).is_some());
    let slice = current.ct.grid.ijk(row.place_in_current_ras)[2].round() + 1.0;
    vec![
        first,
        status(row),
        size(row.prior.as_ref()),
        size(row.current.as_ref()),
        Cell::number(
            growth.map(|growth| growth.volume_change_percent),
            with_interval(
                growth.map(|growth| words::change(growth.volume_change_percent)),
                growth.and_then(|growth| words::change_interval(growth.volume_change_percent_interval?)),
            ),
        ),
        share(growth.and_then(|growth| growth.growth_probability)),
        share(growth.and_then(|growth| growth.diameter_growth_probability)),
        Cell::number(
            doubling.and_then(|growth| growth.doubling_time_days),
            with_interval(
                doubling.and_then(words::doubling).map(|days| days.replace(" days", "")),
                doubling.and_then(words::doubling_interval).map(|days| days.replace(" days", "")),
            ),
        ),
        Cell::number(Some(slice), html! { (format!("{slice:.0}")) }),
        look_again(!words::reviews(row).is_empty()),
    ]
}

/// The status, sorted in the order of reading.
fn status(row: &Row) -> Cell {
    let shown = html! {
        (capital(words::status(row.status)))
        @if row.other_may_show_it { " " span class="flag" { "the other CT may show it" } }
    };
    Cell { shown, key: words::rank(row.status).to_string() }
}

fn size(finding: Option<&Finding>) -> Cell {
    let interval = finding.and_then(|finding| finding.volume_mm3_p05.zip(finding.volume_mm3_p95));
    let interval = interval.map(|(low, high)| format!("{} to {}", volume(low), volume(high)));
    let mm3 = finding.map(|finding| finding.volume_mm3);
    Cell::number(mm3, with_interval(mm3.map(volume), interval))
}

fn share(share: Option<f64>) -> Cell {
    Cell::number(share, html! { (share.map_or(NONE.into(), chance)) })
}

fn with_interval(value: Option<String>, interval: Option<String>) -> Markup {
    html! {
        (value.unwrap_or_else(|| NONE.into()))
        @if let Some(interval) = interval { " " span class="interval" { "(" (interval) ")" } }
    }
}
