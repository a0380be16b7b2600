//! A nodule's card: what is known of it in words, the CT with the outline, and the uncertainty as heat.

use super::{
    CARD_WIDTH, GAP, PANEL,
    canvas::{Align, Canvas},
    panel::{Heat, View},
    text::{self, Line, paragraph},
};
use crate::{
    findings::{canonical::Canonical, nodule::Nodule, reading::Reading},
    report::{
        colour::{CARD, Colour, FAINT, REVIEW, SURE, TEXT, heat},
        words::{self, volume_with_interval},
    },
};

/// A card before it is drawn.
pub struct Card<'a> {
    nodule: &'a Nodule,
    view: View<'a>,
    lines: Vec<Line>,
}

impl<'a> Card<'a> {
    /// The card of a nodule, with what a reader says of it.
    pub fn of(maps: &Canonical<'a>, nodule: &'a Nodule, reading: Option<&Reading>) -> Self {
        let view = View::of(*maps, nodule, PANEL);
        let width = (CARD_WIDTH - 2 * GAP) as f32;
        let (colour, review) = review(nodule);
        let lines = [
            paragraph(&size(nodule), 22.0, TEXT, width),
            paragraph(&place(maps, nodule, view.slice), 17.0, FAINT, width),
            paragraph(&review, 17.0, colour, width),
            paragraph(&reading.and_then(words::reading).unwrap_or_default(), 17.0, TEXT, width),
        ];
        Card { nodule, view, lines: lines.concat() }
    }

    /// Its height in pixels: as much as its words take.
    pub fn height(&self) -> usize {
        text::height(&self.lines) + PANEL + 3 * GAP
    }

    /// Draws it into a place of at least its height; the pictures stand at the bottom.
    pub fn draw(&self, canvas: &mut Canvas, left: usize, top: usize, height: usize, heat: Heat<'_>) {
        canvas.rectangle(left, top, CARD_WIDTH, height, CARD);
        text::draw(canvas, left + GAP, top + GAP / 2, &self.lines);
        let panel_top = top + height - PANEL - GAP;
        self.view.draw_ct(canvas, left + GAP, panel_top, self.nodule.id);
        self.view.draw_uncertainty(canvas, left + 2 * GAP + PANEL, panel_top, heat);
        draw_scale(canvas, left + 2 * GAP + 2 * PANEL + 8, panel_top, heat.maximum);
    }
}

fn size(nodule: &Nodule) -> String {
    format!(
        "Nodule {}: {:.0} × {:.0} mm, {}",
        nodule.id,
        nodule.long_axis_mm,
        nodule.short_axis_mm,
        volume_with_interval(nodule)
    )
}

fn place(maps: &Canonical<'_>, nodule: &Nodule, slice: usize) -> String {
    let classified = nodule.nodule_probability.map_or(String::new(), |p| format!(", probability {:.0} %", p * 100.0));
    let clicked = if nodule.clicked { ", outlined with clicks" } else { "" };
    format!(
        "{}{classified}, found by {:.0} % of samples{clicked}",
        words::place(nodule, maps.ct.grid.dims[2], slice),
        nodule.detection_rate * 100.0
    )
}

fn review(nodule: &Nodule) -> (Colour, String) {
    match nodule.review_reasons.first() {
        Some(_) => (REVIEW, format!("Look again: {}", nodule.review_reasons.join("; "))),
        None => (SURE, "No reason to look again beyond routine".into()),
    }
}

/// The heat map's scale, from 0 at the bottom.
fn draw_scale(canvas: &mut Canvas, left: usize, top: usize, maximum: f32) {
    for y in 0..PANEL {
        canvas.rectangle(left, top + y, 10, 1, heat(1.0 - y as f32 / (PANEL - 1) as f32));
    }
    let x = left as f32 + 14.0;
    canvas.text(x, top as f32 + 11.0, 14.0, FAINT, Align::Left, &format!("{maximum}"));
    canvas.text(x, (top + PANEL / 2) as f32 + 5.0, 14.0, FAINT, Align::Left, &format!("{}", maximum / 2.0));
    canvas.text(x, (top + PANEL) as f32, 14.0, FAINT, Align::Left, "0");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::overview::tests::with_nodules;

    #[test]
    fn card_with_many_reasons_grows_until_each_word_is_on_it() {
        with_nodules([64, 48, 20], [0.7, 0.7, 2.0], 1, |maps, nodules| {
            let reason = "the outline may be off (expected Dice 0.62, below 0.70)";
            let plain = Card::of(maps, &nodules[0], None);
            let flagged = Nodule { review_reasons: vec![reason.into(); 5], clicked: true, ..nodules[0].clone() };
            let card = Card::of(maps, &flagged, None);
            let said: Vec<&str> = card.lines.iter().map(|line| line.text.as_str()).collect();
            assert!(said.join(" ").ends_with(&format!("Look again: {}", [reason; 5].join("; "))), "{said:?}");
            assert!(card.height() > plain.height());
            assert_eq!(card.height(), text::height(&card.lines) + PANEL + 3 * GAP);
        });
    }
}
