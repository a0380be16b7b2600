//! Paragraphs: text in lines that fit a width, drawn downwards. Nothing is cut off.

use super::canvas::{Align, Canvas, wrapped};
use crate::report::colour::Colour;

/// From one baseline to the next, in sizes of the text.
const LEADING: f32 = 1.36;

/// One line of a paragraph.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub text: String,
    pub size: f32,
    pub colour: Colour,
}

impl Line {
    fn height(&self) -> f32 {
        self.size * LEADING
    }
}

/// `text` in lines of at most `width` pixels.
pub fn paragraph(text: &str, size: f32, colour: Colour, width: f32) -> Vec<Line> {
    wrapped(text, size, width).into_iter().map(|text| Line { text, size, colour }).collect()
}

/// Height of lines below each other, in pixels.
pub fn height(lines: &[Line]) -> usize {
    lines.iter().map(Line::height).sum::<f32>().ceil() as usize
}

/// Draws lines below each other, the first just below `top`.
pub fn draw(canvas: &mut Canvas, left: usize, top: usize, lines: &[Line]) {
    let mut bottom = top as f32;
    for line in lines {
        bottom += line.height();
        // What hangs below the baseline takes a quarter of the size.
        canvas.text(left as f32, bottom - 0.3 * line.size, line.size, line.colour, Align::Left, &line.text);
    }
}
