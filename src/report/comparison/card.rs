//! A nodule's card: what became of it in words, the prior CT laid over the current one, and the current CT.

use super::view::View;
use crate::{
    compare::{
        Comparison, Row, Status,
        growth::{Growth, Trend},
        scan::{Finding, Scan},
    },
    report::{
        colour::{CARD, Colour, FAINT, REVIEW, SURE, TEXT},
        overview::{
            canvas::{Align, Canvas},
            text::{self, Line, paragraph},
        },
    },
};

pub const PANEL: usize = 270;
pub const GAP: usize = 14;
pub const CARD_WIDTH: usize = 2 * PANEL + 3 * GAP;
/// Height of the words over each panel.
const CAPTION: usize = 22;

/// A card before it is drawn.
pub struct Card<'a> {
    prior: &'a Scan,
    row: &'a Row,
    comparison: &'a Comparison,
    view: View<'a>,
    lines: Vec<Line>,
}

impl<'a> Card<'a> {
    /// The card of a nodule.
    pub fn of(prior: &'a Scan, current: &'a Scan, comparison: &'a Comparison, row: &'a Row) -> Self {
        let larger = [&row.prior, &row.current].into_iter().flatten().map(|finding| finding.equivalent_diameter_mm);
        let side_mm = (larger.fold(0.0, f64::max) * 4.0).clamp(50.0, 140.0);
        let middle = current.ct.grid.ijk(row.place_in_current_ras);
        // A place between slices is shown in the nearest one.
        let middle = [middle[0], middle[1], middle[2].round()];
        let width = (CARD_WIDTH - 2 * GAP) as f32;
        let (colour, review) = review(row);
        let lines = [
            paragraph(&headline(row), 22.0, colour_of(row.status), width),
            paragraph(&change(row), 17.0, TEXT, width),
            paragraph(&review, 17.0, colour, width),
        ];
        Card { prior, row, comparison, view: View { current, middle, side_mm, pixels: PANEL }, lines: lines.concat() }
    }

    /// Its height in pixels: as much as its words take.
    pub fn height(&self) -> usize {
        text::height(&self.lines) + PANEL + CAPTION + 3 * GAP
    }

    /// Draws it into a place of at least its height; the pictures stand at the bottom.
    pub fn draw(&self, canvas: &mut Canvas, left: usize, top: usize, height: usize) {
        canvas.rectangle(left, top, CARD_WIDTH, height, CARD);
        text::draw(canvas, left + GAP, top + GAP / 2, &self.lines);
        let panel_top = top + height - PANEL - GAP;
        let number = |finding: &Option<Finding>| finding.as_ref().and_then(|finding| finding.id);
        let sides = [left + GAP, left + 2 * GAP + PANEL];
        let (prior, current) = (number(&self.row.prior), number(&self.row.current));
        self.view.draw(canvas, [sides[0], panel_top], self.prior, Some(&self.comparison.to_prior), prior);
        self.view.draw(canvas, [sides[1], panel_top], self.view.current, None, current);
        for (x, caption) in sides.into_iter().zip([caption("prior", self.prior), caption("current", self.view.current)])
        {
            canvas.text(x as f32, panel_top as f32 - 7.0, 15.0, FAINT, Align::Left, &caption);
        }
    }
}

fn caption(which: &str, scan: &Scan) -> String {
    scan.date.as_ref().map_or(which.to_owned(), |date| format!("{which}, {date}"))
}

fn colour_of(status: Status) -> Colour {
    match status {
        Status::New | Status::Grown => REVIEW,
        Status::Stable | Status::Shrunk | Status::Gone => TEXT,
        Status::CutOff => REVIEW,
        Status::NotSearchedBefore | Status::NotSearchedNow => FAINT,
    }
}

fn headline(row: &Row) -> String {
    let name = |finding: &Finding| finding.id.map_or("micronodule".to_owned(), |id| format!("nodule {id}"));
    let which = match (&row.prior, &row.current) {
        (Some(prior), Some(current)) => format!("{}, before {}", name(current), name(prior)),
        (None, Some(current)) => name(current),
        (Some(prior), None) => format!("before {}", name(prior)),
        (None, None) => String::new(),
    };
    let status = match row.status {
        Status::CutOff => "cut off by a scan's edge",
        Status::NotSearchedBefore => "not searched before",
        Status::NotSearchedNow => "not searched now",
        status => status.name(),
    };
    format!("{}: {which}", capital(status))
}

fn change(row: &Row) -> String {
    let volume = |finding: &Option<Finding>| finding.as_ref().map(|finding| format!("{:.0} mm³", finding.volume_mm3));
    match (&row.growth, volume(&row.prior), volume(&row.current)) {
        (Some(growth), Some(prior), Some(current)) => format!("{prior} to {current}: {}", in_words(growth)),
        (_, prior, current) => {
            let other = if current.is_some() { "prior" } else { "current" };
            let there = row.probability_in_other.map_or(String::new(), |p| {
                format!("; in the {other} CT the probability there is at most {:.0} %", 100.0 * p)
            });
            prior.or(current).unwrap_or_default() + &there
        }
    }
}

fn in_words(growth: &Growth) -> String {
    let mut words = format!("{:+.0} %", growth.volume_change_percent);
    if let Some((low, high)) = growth.volume_change_percent_interval.and_then(|i| Some((i.p05, i.p95?))) {
        words += &format!(" ({low:+.0} to {high:+.0})");
    }
    if let Some(p) = growth.growth_probability {
        words += &format!(", P(growth > 25 %) {:.0} %", 100.0 * p);
    }
    if growth.pairs > 0 && !growth.samples_agree {
        words += ", a limit lies within the interval";
    }
    // A pace is told of what grew: of a stable nodule it would be that of the noise.
    if let Some(days) = growth.doubling_time_days.filter(|_| growth.trend() == Trend::Grown) {
        words += &format!(", doubles in {days:.0} days");
    }
    words
}

fn review(row: &Row) -> (Colour, String) {
    let of = |which: &str, finding: &Option<Finding>| {
        let reasons = finding.as_ref().filter(|finding| finding.review)?.review_reasons.join("; ");
        Some(format!("{which}: {reasons}"))
    };
    let flags: Vec<String> = [of("current", &row.current), of("prior", &row.prior)].into_iter().flatten().collect();
    match flags.is_empty() {
        true => (SURE, "Neither outline is flagged for review".into()),
        false => (REVIEW, format!("Look again. {}", flags.join(". "))),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
