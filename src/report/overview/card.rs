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
        words::{self, percent, volume_with_interval},
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
            paragraph(&place(nodule, maps.ct.grid.dims[2], view.slice), 17.0, FAINT, width),
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

fn place(nodule: &Nodule, slices: usize, slice: usize) -> String {
    let classified = nodule.nodule_probability.map_or(String::new(), |p| format!(", probability {}", percent(p)));
    let clicked = if nodule.clicked { ", outlined with clicks" } else { "" };
    format!(
        "{}{classified}, found by {} of samples{clicked}",
        words::place(nodule, slices, slice),
        percent(nodule.detection_rate)
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

    #[test]
    fn place_calls_certain_only_what_is() {
        let nodule = Nodule {
            nodule_probability: Some(0.997),
            detection_rate: 1.0,
            ..Nodule::unmeasured(1, [[0.0; 3]; 2], 1.0)
        };
        let told = place(&nodule, 70, 2);
        assert_eq!(told, "slice 3 of 70 from the feet, probability above 99 %, found by 100 % of samples");
    }
}
