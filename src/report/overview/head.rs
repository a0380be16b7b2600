//! A page's head: what the result can't be trusted for, what was found and by which model, and the chest from the front
//! with a number at each nodule.

use super::{
    GAP, OverviewTitle, WIDTH,
    canvas::{Align, Canvas},
    page_name,
    text::{self, Line, paragraph},
};
use crate::{
    findings::{REACH_MM, canonical::Canonical, nodule::Nodule},
    report::{
        chest,
        colour::{BACKGROUND, FAINT, OTHER_OUTLINE, OUTLINE, REVIEW, TEXT, WARNING},
        words::{flagged, found, intervals, micronodules, readings},
    },
};

use crate::limits::MAX_CARDS;

const CHEST_WIDTH: usize = 370;
const CHEST_HEIGHT: usize = 264;
/// The bar at the left of warnings.
const BAR: usize = 8;

/// One of the pages.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// All nodules of the run.
    pub all: &'a [Nodule],
    /// Those on this page, the largest first.
    pub shown: &'a [&'a Nodule],
    /// Its number, from 0.
    pub number: usize,
    /// How many there are.
    pub pages: usize,
}

/// A head before it is drawn.
pub struct Head<'a> {
    page: Page<'a>,
    warnings: Vec<Line>,
    lines: Vec<Line>,
}

impl<'a> Head<'a> {
    /// The head of a page.
    pub fn of(page: Page<'a>, title: &OverviewTitle) -> Self {
        let width = (WIDTH - 4 * GAP - BAR) as f32;
        let warnings = title.warnings.iter().map(|w| paragraph(&format!("Warning: {w}."), 21.0, REVIEW, width));
        Head { page, warnings: warnings.collect::<Vec<_>>().concat(), lines: lines(page, title) }
    }

    /// Its height in pixels.
    pub fn height(&self) -> usize {
        self.band() + GAP + text::height(&self.lines).max(CHEST_HEIGHT) + GAP
    }

    /// Height of the band of warnings, with the space above it; none without any.
    fn band(&self) -> usize {
        if self.warnings.is_empty() { 0 } else { text::height(&self.warnings) + 2 * GAP }
    }

    /// Draws it at the top of the page.
    pub fn draw(&self, canvas: &mut Canvas, maps: &Canonical<'_>) {
        if !self.warnings.is_empty() {
            let height = self.band() - GAP;
            canvas.rectangle(GAP, GAP, WIDTH - 2 * GAP, height, WARNING);
            canvas.rectangle(GAP, GAP, BAR, height, REVIEW);
            text::draw(canvas, 2 * GAP + BAR, GAP + GAP / 2, &self.warnings);
        }
        let top = self.band() + GAP;
        text::draw(canvas, 24, top, &self.lines);
        draw_chest(canvas, maps, &self.page, WIDTH - CHEST_WIDTH - 20, top);
    }
}

/// The words left of the chest.
fn lines(page: Page<'_>, title: &OverviewTitle) -> Vec<Line> {
    let width = (WIDTH - CHEST_WIDTH - 64) as f32;
    let look = flagged(page.all).unwrap_or_default();
    let notes = [
        format!(
            "Left of each pair: the CT (lung window) with the outline. Right: how unsure the model is within {REACH_MM} mm of \
             nodules; bright means unsure."
        ),
        format!("Sizes are long × short axis in the axial slice; volume with {}.", intervals(page.all, title)),
        format!("{}, {} samples. Uncertainty: {}.", title.model, title.samples, title.uncertainty),
        "The patient's right is on the left of each image, as in a radiology report.".into(),
    ];
    let notes = notes.map(|note| paragraph(&note, 17.0, FAINT, width)).concat();
    [
        paragraph(&format!("Lung nodules in {}", title.input), 32.0, TEXT, width),
        paragraph(&count(page), 26.0, TEXT, width),
        paragraph(&look, 22.0, REVIEW, width),
        paragraph(&readings(page.all, &title.readings).unwrap_or_default(), 17.0, TEXT, width),
        paragraph(&apart(title), 17.0, TEXT, width),
        notes,
        paragraph("Research use only. Not a medical device.", 19.0, REVIEW, width),
    ]
    .concat()
}

/// What is too small to be shown.
fn apart(title: &OverviewTitle) -> String {
    let are = if title.micronodules == 1 { "is" } else { "are" };
    micronodules(title).map_or(String::new(), |named| format!("{named} {are} not shown; run.json tells the place"))
}

/// How many were found, and which of them this page shows.
fn count(page: Page<'_>) -> String {
    let found = found(page.all.len());
    if page.pages == 1 {
        return found;
    }
    let first = page.number * MAX_CARDS + 1;
    let last = first + page.shown.len() - 1;
    let others: Vec<String> = (0..page.pages).filter(|n| *n != page.number).map(page_name).collect();
    let more = match others.as_slice() {
        [other] => format!("see also {other}"),
        [first, .., last] => format!("see also {first} to {last}"),
        [] => String::new(),
    };
    let drawn = page.pages * MAX_CARDS;
    let left = if drawn < page.all.len() {
        format!(". The pictures show the {drawn} largest; nodules.csv lists all")
    } else {
        String::new()
    };
    format!("{found}; this page shows number {first} to {last} by size, {more}{left}")
}

/// The chest from the front (mean along the body's depth), with a number at each nodule; those of other pages are faint.
fn draw_chest(canvas: &mut Canvas, maps: &Canonical<'_>, page: &Page<'_>, left: usize, top: usize) {
    let grid = &maps.ct.grid;
    let size_mm = [grid.dims[0] as f64 * grid.spacing_mm[0], grid.dims[2] as f64 * grid.spacing_mm[2]];
    let scale = (CHEST_WIDTH as f64 / size_mm[0]).min(CHEST_HEIGHT as f64 / size_mm[1]);
    let (w, h) = ((size_mm[0] * scale) as usize, (size_mm[1] * scale) as usize);
    let (left, top) = (left + (CHEST_WIDTH - w) / 2, top + (CHEST_HEIGHT - h) / 2);
    let front = chest::from_the_front(maps.ct, [w, h]);
    for (y, x) in (0..h).flat_map(|y| (0..w).map(move |x| (y, x))) {
        canvas.set(left + x, top + y, [front[y * w + x]; 3]);
    }
    let place = |nodule: &Nodule| {
        let x = left as f64 + (nodule.centroid_ijk[0] + 0.5) * grid.spacing_mm[0] * scale;
        let y = (top + h) as f64 - (nodule.centroid_ijk[2] + 0.5) * grid.spacing_mm[2] * scale;
        (x as f32, y as f32)
    };
    for nodule in page.all.iter().filter(|nodule| !page.shown.iter().any(|shown| shown.id == nodule.id)) {
        let (x, y) = place(nodule);
        canvas.disc(x, y, 3.0, OTHER_OUTLINE);
    }
    for nodule in page.shown.iter().rev() {
        let (x, y) = place(nodule);
        canvas.disc(x, y, 9.0, if nodule.review { REVIEW } else { OUTLINE });
        canvas.text(x, y + 5.0, 15.0, BACKGROUND, Align::Centre, &nodule.id.to_string());
    }
    canvas.text(left as f32 + 6.0, top as f32 + 18.0, 15.0, TEXT, Align::Left, "R");
    canvas.text((left + w) as f32 - 6.0, top as f32 + 18.0, 15.0, TEXT, Align::Right, "L");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        report::overview::tests::{title, with_nodules},
        warning::Warning,
    };

    /// The words of the head of page `number` of a run with `found` nodules.
    fn words(found: u16, number: usize, pages: usize) -> String {
        let mut said = String::new();
        with_nodules([64, 48, 70], [0.7, 0.7, 1.0], found, |_, nodules| {
            let all: Vec<&Nodule> = nodules.iter().collect();
            let shown = all.chunks(MAX_CARDS).nth(number).unwrap_or_default();
            let head = Head::of(Page { all: nodules, shown, number, pages }, &title(Vec::new()));
            said = head.lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join(" ");
        });
        said
    }

    #[test]
    fn head_says_how_many_there_are_and_which_the_page_shows() {
        assert!(words(0, 0, 1).contains("No nodule was found"));
        assert!(words(1, 0, 1).contains("1 nodule was found"));
        let second = words(30, 1, 3);
        let wanted =
            "30 nodules were found; this page shows number 13 to 24 by size, see also overview.png to overview-3.png";
        assert!(second.contains(wanted), "{second}");
        assert!(words(13, 1, 2).contains("shows number 13 to 13 by size, see also overview.png"));
        assert!(words(30, 0, 2).contains("The pictures show the 24 largest; nodules.csv lists all"));
    }

    #[test]
    fn head_with_warnings_begins_with_a_band_in_which_no_word_is_lost() {
        let thick = Warning::ThickSlices { spacing_mm: 7.5, tried_mm: 5.0 };
        let page = Page { all: &[], shown: &[], number: 0, pages: 1 };
        let plain = Head::of(page, &title(Vec::new()));
        let head = Head::of(page, &title(vec![thick.clone(); 2]));
        let said: Vec<&str> = head.warnings.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(said.join(" "), format!("Warning: {thick}. Warning: {thick}."));
        assert_eq!(head.height(), plain.height() + text::height(&head.warnings) + 2 * GAP);
    }
}
