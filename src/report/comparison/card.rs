//! A nodule's card: what became of it in words, the prior CT laid over the current one, and the current CT.

use super::{
    view::{View, side_mm},
    words,
};
use crate::{
    compare::{
        Comparison, Row, Status,
        scan::{Finding, Scan},
    },
    report::{
        colour::{CARD, Colour, FAINT, REVIEW, SURE, TEXT},
        overview::{
            canvas::{Align, Canvas},
            text::{self, Line, paragraph},
        },
        words::{capital, volume},
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
        let side_mm = side_mm(row);
        let middle = current.ct.grid.ijk(row.place_in_current_ras);
        // A place between slices is shown in the nearest one.
        let middle = [middle[0], middle[1], middle[2].round()];
        let width = (CARD_WIDTH - 2 * GAP) as f32;
        let (colour, review) = review(row);
        let lines = [
            paragraph(&headline(row), 22.0, colour_of(row.status), width),
            paragraph(&change(row, current.made_by.threshold), 17.0, TEXT, width),
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
    format!("{}: {}", capital(words::status(row.status)), words::name(row))
}

fn change(row: &Row, threshold: f64) -> String {
    let volume = |finding: &Finding| format!("{} mm³", volume(finding.volume_mm3));
    match (&row.growth, row.prior.as_ref().map(volume), row.current.as_ref().map(volume)) {
        (Some(growth), Some(prior), Some(current)) => format!("{prior} to {current}: {}", words::growth(growth)),
        (_, Some(prior), Some(current)) => format!("{prior} and {current}"),
        (_, prior, current) => {
            let there = words::in_other(row, threshold).map_or(String::new(), |there| format!("; {there}"));
            prior.or(current).unwrap_or_default() + &there
        }
    }
}

fn review(row: &Row) -> (Colour, String) {
    let flags = words::reviews(row);
    match flags.is_empty() {
        true => (SURE, "Neither outline is flagged for review".into()),
        false => (REVIEW, format!("Look again: {}", flags.join(". "))),
    }
}
