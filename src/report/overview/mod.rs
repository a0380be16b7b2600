//! `overview.png`: a page for a person who knows nothing of this project.
//!
//! On top what was read and by which model, with a view of the whole chest from the front and a number at each
//! nodule. Below, a card for each nodule, the largest first: the CT with the outline, beside it the doubt as heat,
//! with size, place and whether to look again.

mod canvas;
mod colour;
mod panel;

use std::path::Path;

use canvas::{Align, Canvas, fitted, wrapped};
use colour::{BACKGROUND, CARD, FAINT, OUTLINE, REVIEW, SURE, TEXT, heat, lung_window};
use panel::View;

use crate::{
    error::{Error, Result},
    stages::nodules::{Maps, Nodule, VolumeInterval},
    warning::Warning,
};

/// Most nodules that get a card.
const MOST_CARDS: usize = 12;
const COLUMNS: usize = 2;
const PANEL: usize = 270;
const GAP: usize = 14;
const CARD_WIDTH: usize = 2 * PANEL + 3 * GAP + 46;
const CARD_HEIGHT: usize = PANEL + 106;
const WIDTH: usize = COLUMNS * CARD_WIDTH + (COLUMNS + 1) * GAP;
const HEAD: usize = 300;
const WARNING_SIZE: f32 = 19.0;
const WARNING_LINE: usize = 26;

/// What the picture's head says.
#[derive(Debug, Clone)]
pub struct OverviewTitle {
    /// Name of the CT.
    pub input: String,
    /// Name and version of the model.
    pub model: String,
    /// Number of dropout samples.
    pub samples: usize,
    /// What the interval of a volume means.
    pub volume_interval: VolumeInterval,
    /// Which doubt is shown, with its unit.
    pub uncertainty: String,
    /// The largest value it can take.
    pub uncertainty_maximum: f32,
    /// What the result can't be trusted for.
    pub warnings: Vec<Warning>,
}

/// Draws the picture and writes it as PNG. `nodules` have canonical voxel indices, as `maps` do.
///
/// # Errors
/// [`Error::Write`].
pub fn write_overview(path: &Path, maps: &Maps<'_>, nodules: &[Nodule], title: &OverviewTitle) -> Result<()> {
    draw(maps, nodules, title).write_png(path).map_err(|e| Error::write(path, e))
}

fn draw(maps: &Maps<'_>, nodules: &[Nodule], title: &OverviewTitle) -> Canvas {
    let mut shown: Vec<&Nodule> = nodules.iter().collect();
    shown.sort_by(|a, b| b.volume_mm3.total_cmp(&a.volume_mm3).then(a.id.cmp(&b.id)));
    shown.truncate(MOST_CARDS);
    let rows = shown.len().div_ceil(COLUMNS);
    let warnings = warning_lines(&title.warnings);
    let head = HEAD + band(warnings.len());
    let mut canvas = Canvas::new(WIDTH, head + rows * (CARD_HEIGHT + GAP) + GAP, BACKGROUND);
    draw_head(&mut canvas, maps, nodules, shown.len(), title);
    draw_warnings(&mut canvas, &warnings);
    for (n, nodule) in shown.iter().enumerate() {
        let left = GAP + (n % COLUMNS) * (CARD_WIDTH + GAP);
        let top = head + (n / COLUMNS) * (CARD_HEIGHT + GAP);
        draw_card(&mut canvas, maps, nodule, title, left, top);
    }
    canvas
}

fn draw_head(canvas: &mut Canvas, maps: &Maps<'_>, nodules: &[Nodule], shown: usize, title: &OverviewTitle) {
    let left = 24.0;
    let width = WIDTH as f32 - 420.0;
    let flagged = nodules.iter().filter(|n| n.review).count();
    let count = match nodules.len() {
        0 => "No nodule was found".to_owned(),
        1 => "1 nodule was found".to_owned(),
        n if n > shown => format!("{n} nodules were found; the {shown} largest are shown"),
        n => format!("{n} nodules were found"),
    };
    canvas.text(left, 48.0, 34.0, TEXT, Align::Left, &fitted(&format!("Lung nodules in {}", title.input), 34.0, width));
    canvas.text(left, 92.0, 26.0, TEXT, Align::Left, &count);
    let look = if flagged > 0 { format!("{flagged} should be looked at again") } else { String::new() };
    canvas.text(left, 124.0, 22.0, REVIEW, Align::Left, &look);
    let lines = [
        "Left of each pair: the CT (lung window) with the outline. Right: how unsure the model is; bright means unsure.".into(),
        format!("Sizes are long × short axis in the axial slice; volume with {}.", title.volume_interval.meaning()),
        format!("{}, {} Monte-Carlo dropout samples. Uncertainty: {}.", title.model, title.samples, title.uncertainty),
        "The patient's right is on the left of each image, as in a radiology report.".into(),
    ];
    for (n, line) in lines.iter().enumerate() {
        canvas.text(left, 160.0 + 24.0 * n as f32, 17.0, FAINT, Align::Left, &fitted(line, 17.0, width));
    }
    canvas.text(left, 272.0, 19.0, REVIEW, Align::Left, "Research use only. Not a medical device.");
    draw_chest(canvas, maps, nodules, WIDTH - 390, 16, 370, HEAD - 36);
}

/// What the result can't be trusted for, in lines that fit the page.
fn warning_lines(warnings: &[Warning]) -> Vec<String> {
    let width = (WIDTH - 4 * GAP) as f32;
    warnings.iter().flat_map(|warning| wrapped(&format!("Warning: {warning}."), WARNING_SIZE, width)).collect()
}

/// Height of the band that holds `lines` lines of warnings; none without any.
fn band(lines: usize) -> usize {
    if lines == 0 { 0 } else { lines * WARNING_LINE + 2 * GAP }
}

fn draw_warnings(canvas: &mut Canvas, lines: &[String]) {
    if !lines.is_empty() {
        canvas.rectangle(GAP, HEAD, WIDTH - 2 * GAP, band(lines.len()) - GAP, CARD);
    }
    for (n, line) in lines.iter().enumerate() {
        let baseline = (HEAD + GAP + n * WARNING_LINE) as f32 + WARNING_SIZE - 6.0;
        canvas.text(2.0 * GAP as f32, baseline, WARNING_SIZE, REVIEW, Align::Left, line);
    }
}

/// The chest from the front (mean along the body's depth), with a number at each nodule.
fn draw_chest(
    canvas: &mut Canvas,
    maps: &Maps<'_>,
    nodules: &[Nodule],
    left: usize,
    top: usize,
    width: usize,
    height: usize,
) {
    let grid = &maps.ct.grid;
    let size_mm = [grid.dims[0] as f64 * grid.spacing_mm[0], grid.dims[2] as f64 * grid.spacing_mm[2]];
    let scale = (width as f64 / size_mm[0]).min(height as f64 / size_mm[1]);
    let (w, h) = ((size_mm[0] * scale) as usize, (size_mm[1] * scale) as usize);
    let (left, top) = (left + (width - w) / 2, top + (height - h) / 2);
    for y in 0..h {
        let k = ((h - 1 - y) * grid.dims[2] / h.max(1)).min(grid.dims[2] - 1);
        for x in 0..w {
            let i = (x * grid.dims[0] / w.max(1)).min(grid.dims[0] - 1);
            let lane = (0..grid.dims[1]).step_by(4).map(|j| maps.ct.voxels[[k, j, i]].clamp(-1000.0, 300.0));
            let mean = lane.sum::<f32>() / grid.dims[1].div_ceil(4) as f32;
            canvas.set(left + x, top + y, lung_window(mean * 1.2 - 300.0));
        }
    }
    for nodule in nodules.iter().rev() {
        let x = left as f64 + (nodule.centroid_ijk[0] + 0.5) * grid.spacing_mm[0] * scale;
        let y = (top + h) as f64 - (nodule.centroid_ijk[2] + 0.5) * grid.spacing_mm[2] * scale;
        let colour = if nodule.review { REVIEW } else { OUTLINE };
        canvas.disc(x as f32, y as f32, 9.0, colour);
        canvas.text(x as f32, y as f32 + 5.0, 15.0, BACKGROUND, Align::Centre, &nodule.id.to_string());
    }
    canvas.text(left as f32 + 6.0, top as f32 + 18.0, 15.0, TEXT, Align::Left, "R");
    canvas.text((left + w) as f32 - 6.0, top as f32 + 18.0, 15.0, TEXT, Align::Right, "L");
}

fn draw_card(canvas: &mut Canvas, maps: &Maps<'_>, nodule: &Nodule, title: &OverviewTitle, left: usize, top: usize) {
    canvas.rectangle(left, top, CARD_WIDTH, CARD_HEIGHT, CARD);
    let view = View::of(*maps, nodule, PANEL);
    let (x, width) = ((left + GAP) as f32, (CARD_WIDTH - 2 * GAP) as f32);
    let line = |n: usize| top as f32 + 28.0 + 24.0 * n as f32;
    let size = format!(
        "{:.0} × {:.0} mm,  {:.0} mm³ ({:.0} to {:.0})",
        nodule.long_axis_mm, nodule.short_axis_mm, nodule.volume_mm3, nodule.volume_mm3_p05, nodule.volume_mm3_p95
    );
    canvas.text(x, line(0), 22.0, TEXT, Align::Left, &fitted(&format!("Nodule {}:  {size}", nodule.id), 22.0, width));
    let judged = nodule.nodule_probability.map_or(String::new(), |p| format!(",  probability {:.0} %", p * 100.0));
    let clicked = if nodule.prompted { ",  outlined with clicks" } else { "" };
    let place = format!(
        "slice {} of {} from the feet,  {}{judged},  found by {:.0} % of samples{clicked}",
        view.slice + 1,
        maps.ct.grid.dims[2],
        side(maps, nodule),
        nodule.detection_rate * 100.0
    );
    canvas.text(x, line(1), 17.0, FAINT, Align::Left, &fitted(&place, 17.0, width));
    let (colour, words) = match nodule.review_reasons.first() {
        Some(_) => (REVIEW, format!("Look again: {}", nodule.review_reasons.join("; "))),
        None => (SURE, "No reason to look again beyond routine".into()),
    };
    canvas.text(x, line(2), 17.0, colour, Align::Left, &fitted(&words, 17.0, width));
    let panel_top = top + CARD_HEIGHT - PANEL - GAP;
    view.draw_ct(canvas, left + GAP, panel_top, nodule.id);
    view.draw_doubt(canvas, left + 2 * GAP + PANEL, panel_top, title.uncertainty_maximum);
    draw_scale(canvas, left + 2 * GAP + 2 * PANEL + 8, panel_top, title.uncertainty_maximum);
}

/// Which half of the image, hence of the patient, the nodule lies in.
fn side(maps: &Maps<'_>, nodule: &Nodule) -> &'static str {
    if nodule.centroid_ijk[0] < maps.ct.grid.dims[0] as f64 / 2.0 { "right side" } else { "left side" }
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
    use ndarray::Array3;

    use super::*;
    use crate::{
        geometry::Grid,
        progress::CancelToken,
        stages::{
            nodules::{ReviewRule, Rules, measure},
            sample_masks::SampleMasks,
        },
        volume::Volume,
    };

    /// A picture of `count` one-slice nodules in a volume of `dims`.
    fn picture(dims: [usize; 3], spacing_mm: [f64; 3], count: u16) -> Canvas {
        warned(dims, spacing_mm, count, Vec::new())
    }

    fn warned(dims: [usize; 3], spacing_mm: [f64; 3], count: u16, warnings: Vec<Warning>) -> Canvas {
        let grid = Grid::axial(dims, spacing_mm);
        let mut labels = Array3::<u16>::zeros(grid.shape());
        for id in 0..count {
            let (k, i) = (id as usize % dims[2], id as usize % dims[0]);
            labels[[k, 0, i]] = id + 1;
        }
        let ct = Volume::new(grid, labels.mapv(|id| if id > 0 { 0.0 } else { -850.0 }));
        let doubt = labels.mapv(|id| if id > 0 { 1.0 } else { 0.0 });
        let mut samples = SampleMasks::new(1);
        samples.finish();
        let maps = Maps { ct: &ct, probability: &doubt, uncertainty: &doubt, labels: &labels, samples: &samples };
        let review = ReviewRule::default();
        let rules = Rules { review: &review, doubt: None };
        let nodules = measure(&maps, &[], rules, &CancelToken::new()).unwrap();
        let title = OverviewTitle {
            input: "a very long name of a CT that has no end and goes on and on beyond the width of any page".into(),
            model: "tiny 1".into(),
            samples: 25,
            volume_interval: VolumeInterval::under(None),
            uncertainty: "predictive entropy, bits".into(),
            uncertainty_maximum: 1.0,
            warnings,
        };
        draw(&maps, &nodules, &title)
    }

    fn holds(canvas: &Canvas, colour: canvas::Colour) -> bool {
        canvas.pixels.chunks(3).any(|pixel| pixel == colour)
    }

    #[test]
    fn overview_any_number_of_nodules_and_any_volume_is_drawn() {
        for (dims, spacing, count, rows) in [
            ([64, 48, 20], [0.7, 0.7, 2.0], 0, 0),
            ([64, 48, 20], [0.7, 0.7, 2.0], 1, 1),
            ([64, 48, 20], [0.7, 0.9, 5.0], 13, 6),
            ([8, 8, 2], [5.0, 5.0, 5.0], 2, 1),
        ] {
            let canvas = picture(dims, spacing, count);
            assert_eq!((canvas.width, canvas.height), (WIDTH, HEAD + rows * (CARD_HEIGHT + GAP) + GAP));
            assert_eq!(holds(&canvas, OUTLINE), count > 0, "{count}");
        }
    }

    #[test]
    fn overview_with_warnings_has_a_band_in_which_no_word_is_lost() {
        let thick = Warning::ThickSlices { spacing_mm: 7.5, tried_mm: 5.0 };
        let warnings = vec![thick.clone(), thick.clone()];
        let lines = warning_lines(&warnings);
        assert_eq!(lines.join(" "), format!("Warning: {thick}. Warning: {thick}."));
        let canvas = warned([64, 48, 20], [0.7, 0.7, 7.5], 0, warnings);
        assert_eq!(canvas.height, HEAD + band(lines.len()) + GAP);
        let band = canvas.pixels.chunks(3 * canvas.width).skip(HEAD);
        assert!(band.flat_map(|row| row.chunks(3)).any(|pixel| pixel == REVIEW));
    }

    #[test]
    fn overview_drawn_twice_is_the_same_picture() {
        assert_eq!(picture([32, 32, 8], [1.0; 3], 3), picture([32, 32, 8], [1.0; 3], 3));
    }

    #[test]
    fn heat_rises_in_brightness() {
        let sum = |v: f32| heat(v).iter().map(|c| u32::from(*c)).sum::<u32>();
        assert!((0..8).all(|n| sum(n as f32 / 8.0) < sum((n + 1) as f32 / 8.0)));
    }
}
