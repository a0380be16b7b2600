//! `overview.png`: a page for a person who knows nothing of this project, and `overview-2.png` and so on where one page
//! can't hold all nodules.
//!
//! On top what the result can't be trusted for, what was read and by which model, with a view of the whole chest from the
//! front and a number at each nodule. Below, a card for each nodule, the largest first: the CT with the outline, beside
//! it the uncertainty as heat, with size, place and whether to look again. Words are wrapped, never cut off.

pub(in crate::report) mod canvas;
mod card;
mod head;
mod panel;
pub(in crate::report) mod text;

use crate::limits::{MAX_CARDS, MAX_PAGES};
use std::path::Path;

use canvas::Canvas;
use card::Card;
use head::{Head, Page};
use ndarray::Array3;
use panel::Heat;

use crate::{
    error::{Error, Result},
    findings::{REACH_MM, canonical::Canonical, interval::VolumeInterval, nodule::Nodule, reading::Readings},
    progress::CancelToken,
    report::{
        colour::BACKGROUND,
        outputs::{OVERVIEW, page},
    },
    steps::labels::near_labels,
    warning::Warning,
};

const COLUMNS: usize = 2;
const PANEL: usize = 270;
const GAP: usize = 14;
const CARD_WIDTH: usize = 2 * PANEL + 3 * GAP + 46;
const WIDTH: usize = COLUMNS * CARD_WIDTH + (COLUMNS + 1) * GAP;

/// What the picture's head says.
#[derive(Debug, Clone)]
pub struct OverviewTitle {
    /// Name of the CT.
    pub input: String,
    /// Name and version of the model.
    pub model: String,
    /// Number of samples.
    pub samples: usize,
    /// What the interval of a volume means.
    pub volume_interval: VolumeInterval,
    /// The same of nodules that were outlined with clicks.
    pub clicked_volume_interval: VolumeInterval,
    /// Which uncertainty is shown, with its unit.
    pub uncertainty: String,
    /// The largest value it can take.
    pub uncertainty_maximum: f32,
    /// How many micronodules are not shown.
    pub micronodules: usize,
    /// Equivalent diameter in mm below which they are that.
    pub min_diameter_mm: f64,
    /// What the result can't be trusted for.
    pub warnings: Vec<Warning>,
    /// What a reader says of the nodules.
    pub readings: Readings,
}

/// Draws the pages and writes them to `folder` as PNG; the first has the name `overview.png`.
///
/// # Errors
/// [`Error::Write`]; [`Error::Cancelled`] between pages.
pub fn write_overview(
    folder: &Path,
    maps: &Canonical<'_>,
    nodules: &[Nodule],
    title: &OverviewTitle,
    cancel: &CancelToken,
) -> Result<()> {
    each_page(maps, nodules, title, cancel, |number, drawn| {
        let path = folder.join(page_name(number));
        drawn.write_png(&path).map_err(|e| Error::write(&path, e))
    })
}

/// Draws the pages one after the other and hands each over with its number, from 0. `nodules` have canonical voxel indices, as
/// `maps` do. Uncertainty is shown within [`REACH_MM`] of nodules: over mediastinum and chest wall it would only distract.
///
/// # Errors
/// Those of `take`; [`Error::Cancelled`] between pages.
pub fn each_page(
    maps: &Canonical<'_>,
    nodules: &[Nodule],
    title: &OverviewTitle,
    cancel: &CancelToken,
    mut take: impl FnMut(usize, Canvas) -> Result<()>,
) -> Result<()> {
    let near = near_labels(maps.labels.view(), &maps.ct.grid, REACH_MM, cancel)?;
    let mut largest: Vec<&Nodule> = nodules.iter().collect();
    largest.sort_by(|a, b| b.volume_mm3.total_cmp(&a.volume_mm3).then(a.id.cmp(&b.id)));
    let pages = largest.len().div_ceil(MAX_CARDS).clamp(1, MAX_PAGES);
    for number in 0..pages {
        cancel.check()?;
        let shown = largest.chunks(MAX_CARDS).nth(number).unwrap_or_default();
        take(number, draw(maps, &near, Page { all: nodules, shown, number, pages }, title))?;
    }
    Ok(())
}

/// File name of page `number`, from 0.
fn page_name(number: usize) -> String {
    OVERVIEW.with(&page(number), "png")
}

fn draw(maps: &Canonical<'_>, near: &Array3<bool>, page: Page<'_>, title: &OverviewTitle) -> Canvas {
    let heat = Heat { maximum: title.uncertainty_maximum, near };
    let head = Head::of(page, title);
    let cards: Vec<Card<'_>> =
        page.shown.iter().map(|nodule| Card::of(maps, nodule, title.readings.nodule(nodule.id))).collect();
    let rows: Vec<(&[Card<'_>], usize)> =
        cards.chunks(COLUMNS).map(|row| (row, row.iter().map(Card::height).max().unwrap_or(0))).collect();
    let height = head.height() + rows.iter().map(|(_, height)| height + GAP).sum::<usize>();
    let mut canvas = Canvas::new(WIDTH, height, BACKGROUND);
    head.draw(&mut canvas, maps);
    let mut top = head.height();
    for (row, height) in rows {
        for (column, card) in row.iter().enumerate() {
            card.draw(&mut canvas, GAP + column * (CARD_WIDTH + GAP), top, height, heat);
        }
        top += height + GAP;
    }
    canvas
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::report::{
        colour::{Colour, OUTLINE, REVIEW, heat},
        outputs::is_output,
    };
    use crate::{
        contract::{classes::Class, uncertainty::ReviewRule},
        findings::nodule::{Rules, measure},
        space::{grid::Grid, volume::Volume},
        steps::sample_masks::SampleMasks,
    };

    pub fn title(warnings: Vec<Warning>) -> OverviewTitle {
        OverviewTitle {
            input: "a very long name of a CT that has no end and goes on and on beyond the width of any page".into(),
            model: "tiny 1".into(),
            samples: 25,
            volume_interval: VolumeInterval::under(None, false, false),
            clicked_volume_interval: VolumeInterval::under(None, true, false),
            uncertainty: "predictive entropy, bits".into(),
            uncertainty_maximum: 1.0,
            micronodules: 0,
            min_diameter_mm: 4.0,
            warnings,
            readings: Readings::default(),
        }
    }

    /// Calls `with` for `count` one-voxel nodules in a volume of `dims`.
    pub fn with_nodules(
        dims: [usize; 3],
        spacing_mm: [f64; 3],
        count: u16,
        with: impl FnOnce(&Canonical<'_>, &[Nodule]),
    ) {
        let grid = Grid::axial(dims, spacing_mm);
        let mut labels = Array3::<u16>::zeros(grid.shape());
        for id in 0..count {
            let (k, i) = (id as usize % dims[2], id as usize % dims[0]);
            labels[[k, 0, i]] = id + 1;
        }
        let ct = Volume::new(grid, labels.mapv(|id| if id > 0 { 0.0 } else { -850.0 }));
        let unsure = labels.mapv(|id| if id > 0 { 1.0 } else { 0.0 });
        let mut samples = SampleMasks::new(1);
        samples.finish();
        let maps =
            Canonical { ct: &ct, probability: &unsure, uncertainty: &unsure, labels: &labels, samples: &samples };
        let review = ReviewRule::default();
        let classes = [Class { name: "nodule".into(), code: None, colour: [0; 3] }];
        let rules = Rules { review: &review, uncertainty: None, classes: &classes, hounsfield: true, lungs: None };
        let nodules = measure(&maps, &[], rules, &CancelToken::new()).unwrap();
        with(&maps, &nodules);
    }

    /// A picture of `count` nodules on one page.
    fn picture(dims: [usize; 3], spacing_mm: [f64; 3], count: u16, warnings: Vec<Warning>) -> Canvas {
        let mut drawn = None;
        with_nodules(dims, spacing_mm, count, |maps, nodules| {
            let shown: Vec<&Nodule> = nodules.iter().collect();
            let page = Page { all: nodules, shown: &shown, number: 0, pages: 1 };
            let near = maps.labels.mapv(|_| true);
            drawn = Some(draw(maps, &near, page, &title(warnings)));
        });
        drawn.expect("it was called")
    }

    fn holds(canvas: &Canvas, colour: Colour) -> bool {
        canvas.pixels.chunks(3).any(|pixel| pixel == colour)
    }

    #[test]
    fn overview_any_number_of_nodules_and_any_volume_is_drawn() {
        let head = picture([64, 48, 20], [0.7, 0.7, 2.0], 0, Vec::new()).height;
        for (dims, spacing, count, rows) in [
            ([64, 48, 20], [0.7, 0.7, 2.0], 1, 1),
            ([64, 48, 20], [0.7, 0.9, 5.0], 12, 6),
            ([8, 8, 2], [5.0, 5.0, 5.0], 2, 1),
        ] {
            let canvas = picture(dims, spacing, count, Vec::new());
            // Words over the pictures take three to six lines.
            let row = (canvas.height - head) / rows;
            assert_eq!(canvas.width, WIDTH);
            assert!((PANEL + 6 * GAP..PANEL + 14 * GAP).contains(&row), "{row}");
            assert!(holds(&canvas, OUTLINE), "{count}");
        }
    }

    #[test]
    fn overview_with_warnings_shows_them() {
        let warnings = vec![Warning::ThickSlices { spacing_mm: 7.5, tried_mm: 5.0 }];
        let canvas = picture([64, 48, 20], [0.7, 0.7, 7.5], 0, warnings);
        let bar = canvas.pixels.chunks(3 * canvas.width).nth(2 * GAP).unwrap();
        assert_eq!(bar[3 * (GAP + 1)..][..3], REVIEW);
    }

    #[test]
    fn overview_uncertainty_is_shown_near_nodules_alone() {
        with_nodules([64, 48, 20], [0.7, 0.7, 2.0], 1, |maps, nodules| {
            let shown: Vec<&Nodule> = nodules.iter().collect();
            let page = Page { all: nodules, shown: &shown, number: 0, pages: 1 };
            let (everywhere, nowhere) = (maps.labels.mapv(|_| 1.0), maps.labels.mapv(|_| 0.0));
            let picture = |uncertainty: &Array3<f32>, near: &Array3<bool>| {
                draw(&Canonical { uncertainty, ..*maps }, near, page, &title(Vec::new()))
            };
            let all = maps.labels.mapv(|_| true);
            let [hot, cold] = [&everywhere, &nowhere].map(|map| picture(map, &all));
            assert!(hot != cold);
            assert_eq!(picture(&everywhere, &all.mapv(|near| !near)), cold);
            let near = near_labels(maps.labels.view(), &maps.ct.grid, REACH_MM, &CancelToken::new()).unwrap();
            let some = picture(&everywhere, &near);
            assert!(some != cold && some != hot, "the panel is wider than what is near");
        });
    }

    #[test]
    fn overview_of_30_nodules_has_three_pages_and_of_300_the_20_largest() {
        for (count, pages) in [(0, 1), (12, 1), (13, 2), (30, 3), (300, MAX_PAGES)] {
            let folder = tempfile::tempdir().unwrap();
            with_nodules([48, 16, 330], [1.0; 3], count, |maps, nodules| {
                write_overview(folder.path(), maps, nodules, &title(Vec::new()), &CancelToken::new()).unwrap();
            });
            let names = std::fs::read_dir(folder.path()).unwrap();
            let names: Vec<String> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            assert_eq!(names.len(), pages, "{names:?}");
            assert!(names.iter().all(|name| is_output(name)) && names.contains(&page_name(pages - 1)));
        }
    }

    #[test]
    fn overview_ends_when_it_is_cancelled() {
        let (folder, token) = (tempfile::tempdir().unwrap(), CancelToken::new());
        token.cancel();
        with_nodules([8, 8, 2], [1.0; 3], 1, |maps, nodules| {
            let ended = write_overview(folder.path(), maps, nodules, &title(Vec::new()), &token);
            assert_eq!(ended.unwrap_err().name(), "E_CANCELLED");
        });
    }

    #[test]
    fn overview_drawn_twice_is_the_same_picture() {
        let drawn = || picture([32, 32, 8], [1.0; 3], 3, Vec::new());
        assert_eq!(drawn(), drawn());
    }

    #[test]
    fn heat_rises_in_brightness() {
        let sum = |v: f32| heat(v).iter().map(|c| u32::from(*c)).sum::<u32>();
        assert!((0..8).all(|n| sum(n as f32 / 8.0) < sum((n + 1) as f32 / 8.0)));
    }
}
