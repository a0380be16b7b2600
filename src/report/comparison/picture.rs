//! `comparison.png`: on top which CTs were compared and how well they lie over each other, below a card for each nodule.

use std::path::Path;

use super::{
    File,
    card::{CARD_WIDTH, Card, GAP},
    words,
};
use crate::{
    compare::{Comparison, scan::Scan},
    error::{Error, Result},
    limits::{MAX_CARDS, MAX_PAGES},
    progress::CancelToken,
    report::{
        colour::{BACKGROUND, FAINT, REVIEW, TEXT},
        outputs::{COMPARISON_PICTURE, page},
        overview::{
            canvas::Canvas,
            text::{self, Line, paragraph},
        },
        words::{NOTICE, capital},
    },
};

const COLUMNS: usize = 2;
const WIDTH: usize = COLUMNS * CARD_WIDTH + (COLUMNS + 1) * GAP;

/// Draws the pages.
///
/// # Errors
/// [`Error::Write`]; [`Error::Cancelled`] between pages.
pub fn pages(prior: &Scan, current: &Scan, comparison: &Comparison, cancel: &CancelToken) -> Result<Vec<File>> {
    let cards: Vec<Card<'_>> = comparison.nodules.iter().map(|row| Card::of(prior, current, comparison, row)).collect();
    let pages = cards.len().div_ceil(MAX_CARDS).clamp(1, MAX_PAGES);
    let draw = |number: usize| {
        cancel.check()?;
        let shown = cards.chunks(MAX_CARDS).nth(number).unwrap_or_default();
        let head = head(prior, current, comparison, (number, pages, cards.len()));
        let name = COMPARISON_PICTURE.with(&page(number), "png");
        let png = draw(&head, shown).png().map_err(|e| Error::write(Path::new(&name), e))?;
        Ok((name, png))
    };
    (0..pages).map(draw).collect()
}

fn head(
    prior: &Scan,
    current: &Scan,
    comparison: &Comparison,
    (number, pages, cards): (usize, usize, usize),
) -> Vec<Line> {
    let width = (WIDTH - 2 * GAP) as f32;
    let mut lines = paragraph(&format!("{} after {}", current.name, prior.name), 30.0, TEXT, width);
    let shown = if pages > 1 { format!("; page {} of {pages}", number + 1) } else { String::new() };
    let left_out = cards.saturating_sub(pages * MAX_CARDS);
    let left_out = if left_out > 0 { format!("; {left_out} more in comparison.csv") } else { String::new() };
    let facts = format!(
        "{}, {} apart; {}. The prior CT is drawn laid over the current one{shown}{left_out}.",
        capital(&words::counted(comparison)),
        words::days(comparison),
        words::fit(comparison)
    );
    lines.extend(paragraph(&facts, 17.0, FAINT, width));
    if !comparison.registration_doubts.is_empty() {
        let doubts = words::doubts(comparison);
        lines.extend(paragraph(&doubts, 17.0, REVIEW, width));
    }
    for (which, scan) in [("current", current), ("prior", prior)] {
        for warning in &scan.warnings {
            let told = format!("Warning of the {which} CT: {}.", words::warning(warning));
            lines.extend(paragraph(&told, 17.0, REVIEW, width));
        }
    }
    lines.extend(paragraph(NOTICE, 17.0, FAINT, width));
    lines
}

fn draw(head: &[Line], cards: &[Card<'_>]) -> Canvas {
    let rows: Vec<(&[Card<'_>], usize)> =
        cards.chunks(COLUMNS).map(|row| (row, row.iter().map(Card::height).max().unwrap_or(0))).collect();
    let head_height = text::height(head) + 2 * GAP;
    let height = head_height + rows.iter().map(|(_, height)| height + GAP).sum::<usize>();
    let mut canvas = Canvas::new(WIDTH, height, BACKGROUND);
    text::draw(&mut canvas, GAP, GAP, head);
    let mut top = head_height;
    for (row, height) in rows {
        for (column, card) in row.iter().enumerate() {
            card.draw(&mut canvas, GAP + column * (CARD_WIDTH + GAP), top, height);
        }
        top += height + GAP;
    }
    canvas
}
