//! A picture in memory: rectangles, lines, text, images.

use std::{fs, io, path::Path};

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};

use crate::report::colour::Colour;

/// An RGB picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Canvas {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<u8>,
}

/// Where text sits against its x.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Centre,
    Right,
}

fn font() -> FontRef<'static> {
    FontRef::try_from_slice(epaint_default_fonts::UBUNTU_LIGHT).expect("the font is compiled in")
}

impl Canvas {
    pub fn new(width: usize, height: usize, colour: Colour) -> Self {
        Canvas { width, height, pixels: colour.repeat(width * height) }
    }

    pub fn set(&mut self, x: usize, y: usize, colour: Colour) {
        self.blend(x, y, colour, 1.0);
    }

    /// Mixes `colour` in; outside the picture nothing happens.
    pub fn blend(&mut self, x: usize, y: usize, colour: Colour, share: f32) {
        if x >= self.width || y >= self.height {
            return;
        }
        let at = 3 * (y * self.width + x);
        for (old, new) in self.pixels[at..at + 3].iter_mut().zip(colour) {
            *old = (f32::from(*old) + (f32::from(new) - f32::from(*old)) * share.clamp(0.0, 1.0)).round() as u8;
        }
    }

    pub fn rectangle(&mut self, x: usize, y: usize, width: usize, height: usize, colour: Colour) {
        for row in y..y + height {
            for column in x..x + width {
                self.set(column, row, colour);
            }
        }
    }

    /// A filled disc with a soft edge.
    pub fn disc(&mut self, x: f32, y: f32, radius: f32, colour: Colour) {
        let span = |centre: f32| (centre - radius - 1.0).max(0.0) as usize..(centre + radius + 2.0).max(0.0) as usize;
        for row in span(y) {
            for column in span(x) {
                let away = ((row as f32 - y).powi(2) + (column as f32 - x).powi(2)).sqrt();
                self.blend(column, row, colour, radius + 0.5 - away);
            }
        }
    }

    /// One line of text with its baseline at `y`; returns its width.
    pub fn text(&mut self, x: f32, y: f32, size: f32, colour: Colour, align: Align, text: &str) -> f32 {
        let font = font();
        let scaled = font.as_scaled(PxScale::from(size));
        let width = text_width(text, size);
        let mut pen = match align {
            Align::Left => x,
            Align::Centre => x - width / 2.0,
            Align::Right => x - width,
        };
        for character in text.chars() {
            let glyph = scaled.glyph_id(character);
            let placed = glyph.with_scale_and_position(size, point(pen, y));
            pen += scaled.h_advance(glyph);
            if let Some(outline) = font.outline_glyph(placed) {
                let bounds = outline.px_bounds();
                outline.draw(|dx, dy, cover| {
                    let (px, py) = (bounds.min.x + dx as f32, bounds.min.y + dy as f32);
                    if px >= 0.0 && py >= 0.0 {
                        // The light face gains from a little more ink at small sizes.
                        self.blend(px as usize, py as usize, colour, (cover * 1.25).min(1.0));
                    }
                });
            }
        }
        width
    }

    /// Writes it as a PNG file.
    ///
    /// # Errors
    /// What the system says.
    pub fn write_png(&self, path: &Path) -> io::Result<()> {
        fs::write(path, self.png()?)
    }

    /// The bytes of a PNG file.
    ///
    /// # Errors
    /// What the encoder says.
    pub fn png(&self) -> io::Result<Vec<u8>> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.pixels)?;
        writer.finish()?;
        Ok(file)
    }
}

/// Width of a line of text in pixels.
pub fn text_width(text: &str, size: f32) -> f32 {
    let font = font();
    let scaled = font.as_scaled(PxScale::from(size));
    text.chars().map(|c| scaled.h_advance(scaled.glyph_id(c))).sum()
}

/// `text` in lines of at most `width` pixels, broken between words; a longer word is broken where it has to be. A number and its per
/// cent are one word.
pub fn wrapped(text: &str, size: f32, width: f32) -> Vec<String> {
    let fits = |line: &str| text_width(line, size) <= width;
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match words.last_mut() {
            Some(number) if word.starts_with('%') => *number += &format!(" {word}"),
            _ => words.push(word.to_owned()),
        }
    }
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if fits(&format!("{line} {word}")) => *line += &format!(" {word}"),
            _ => lines.extend(broken(&word, &fits)),
        }
    }
    lines
}

/// `word` in parts that fit, of one character at least.
fn broken(word: &str, fits: &impl Fn(&str) -> bool) -> Vec<String> {
    let mut parts = vec![String::new()];
    for character in word.chars() {
        let part = parts.last_mut().expect("one from the start");
        if part.is_empty() || fits(&format!("{part}{character}")) {
            part.push(character);
        } else {
            parts.push(character.to_string());
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_text_fits_and_loses_no_character() {
        let long = "a".repeat(300);
        let text = format!("the outline may be off (expected Dice 0.62, below 0.70); {long} and so on");
        let lines = wrapped(&text, 17.0, 200.0);
        assert!(lines.iter().all(|line| text_width(line, 17.0) <= 200.0), "{lines:?}");
        let characters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        assert_eq!(characters(&lines.concat()), characters(&text));
    }

    #[test]
    fn wrapped_text_keeps_a_number_and_its_per_cent_on_one_line() {
        // Narrower and narrower: the line breaks before the number, never behind it.
        let text = "of the prior CT is 2 %, and 15 % of it";
        for width in 40..300 {
            let lines = wrapped(text, 17.0, width as f32);
            assert!(lines.iter().all(|line| !line.starts_with('%')), "{width}: {lines:?}");
        }
    }

    #[test]
    fn wrapped_text_in_no_width_has_a_character_a_line() {
        assert_eq!(wrapped("ab c", 17.0, 0.0), ["a", "b", "c"]);
        assert!(wrapped(" ", 17.0, 100.0).is_empty());
    }
}
