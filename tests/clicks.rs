//! Clicks through the engine: what they change, what they leave alone, and that a run with them can be cancelled.
//!
//! tiny-clicks adds 10 (c_inside - c_outside) to its logits, with c = exp(-d / 6 mm): within about 5.3 mm of a click
//! everything is a nodule, which makes it easy to see where clicks reach.

use std::path::Path;

use ndarray::Array3;
use sam2lung::{
    contract::bundle::Bundle,
    findings::result::Segmentation,
    networks::clicks::Clicks,
    pipeline::{
        Engine,
        options::{Options, Search},
    },
    progress::{CancelToken, Monitor, Progress, Stage},
    runtime::device::Device,
    space::{grid::Grid, volume::Volume},
};

const SPACING_MM: [f64; 3] = [0.8, 0.8, 2.0];
const BALLS: [([usize; 3], f64); 2] = [([20, 22, 10], 6.0), ([70, 40, 8], 5.0)];
/// Empty lung.
const NOWHERE: [usize; 3] = [45, 60, 12];

fn engine() -> Engine {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bundles/tiny-clicks");
    Engine::new(Bundle::open(&folder).expect("a committed bundle"), Device::Cpu, Some(1)).expect("a committed bundle")
}

fn distance_mm(a: [usize; 3], b: [usize; 3]) -> f64 {
    (0..3).map(|axis| ((a[axis] as f64 - b[axis] as f64) * SPACING_MM[axis]).powi(2)).sum::<f64>().sqrt()
}

/// Lung with two balls of soft tissue.
fn ct() -> Volume<f32> {
    let grid = Grid::axial([90, 80, 20], SPACING_MM);
    let in_ball = |at| BALLS.iter().any(|(centre, radius)| distance_mm(at, *centre) <= *radius);
    let voxels = Array3::from_shape_fn(grid.shape(), |(k, j, i)| if in_ball([i, j, k]) { -300.0 } else { -850.0 });
    Volume::new(grid, voxels)
}

fn options(at: &[[usize; 3]], not_at: &[[usize; 3]]) -> Options {
    Options {
        search: Search::Everywhere,
        clicks: Clicks { inside: at.to_vec(), outside: not_at.to_vec() },
        ..Options::default()
    }
}

fn segment(at: &[[usize; 3]], not_at: &[[usize; 3]]) -> Segmentation {
    engine().segment(vec![ct()], &options(at, not_at), &mut Monitor::silent()).expect("a good CT")
}

/// Voxels (i, j, k) that differ in any map.
fn changed(one: &Segmentation, other: &Segmentation) -> Vec<[usize; 3]> {
    let (a, b) = (one.canonical().unwrap(), other.canonical().unwrap());
    let indices = a.probability.indexed_iter().map(|(index, _)| index);
    let differs = |index: &(usize, usize, usize)| {
        a.probability[*index].to_bits() != b.probability[*index].to_bits()
            || a.uncertainty[*index].to_bits() != b.uncertainty[*index].to_bits()
            || (a.labels[*index] > 0) != (b.labels[*index] > 0)
    };
    indices.filter(differs).map(|(k, j, i)| [i, j, k]).collect()
}

#[test]
fn segment_click_in_empty_lung_adds_a_nodule_and_leaves_the_others_as_they_were() {
    let (automatic, clicked) = (segment(&[], &[]), segment(&[NOWHERE], &[]));
    assert_eq!((automatic.nodules.len(), clicked.nodules.len()), (2, 3));
    let id = clicked.clicks[0].expect("a nodule at the click");
    let mut others = clicked.nodules.clone();
    let added = others.remove(usize::from(id) - 1);
    assert!(added.clicked && others.iter().all(|nodule| !nodule.clicked));
    for (before, after) in automatic.nodules.iter().zip(&mut others) {
        after.id = before.id;
        assert_eq!(before, after);
    }
    // The outline reaches 5.3 mm, the maps change up to 10 mm from it; voxels are up to 2 mm apart.
    let changed = changed(&automatic, &clicked);
    assert!(!changed.is_empty());
    let farthest = changed.iter().map(|at| distance_mm(*at, NOWHERE)).fold(0.0, f64::max);
    assert!(farthest > 10.0 && farthest < 16.0, "{farthest}");
}

#[test]
fn segment_click_on_a_nodule_replaces_its_outline() {
    let (automatic, clicked) = (segment(&[], &[]), segment(&[BALLS[1].0], &[]));
    assert_eq!(clicked.nodules.len(), 2);
    let id = usize::from(clicked.clicks[0].expect("a nodule at the click"));
    assert!(clicked.nodules[id - 1].clicked);
    assert!(clicked.nodules[id - 1].volume_mm3 >= automatic.nodules[1].volume_mm3);
    // Samples that see nothing of the ball outline the surroundings of the click now.
    assert!(automatic.nodules[1].detection_rate < 1.0);
    assert_eq!(clicked.nodules[id - 1].detection_rate, 1.0);
}

#[test]
fn segment_click_outside_takes_away_from_the_outline() {
    let [i, j, k] = BALLS[0].0;
    let beside = [i + 6, j, k];
    let (one, two) = (segment(&[BALLS[0].0], &[]), segment(&[BALLS[0].0], &[beside]));
    let volume = |found: &Segmentation| found.nodules[usize::from(found.clicks[0].unwrap()) - 1].volume_mm3;
    assert!(volume(&two) < volume(&one), "{} {}", volume(&two), volume(&one));
    assert_eq!(two.canonical().unwrap().labels[[k, j, i + 6]], 0);
}

#[test]
fn segment_cancelled_in_the_run_with_clicks_ends_and_leaves_the_engine_usable() {
    let mut engine = engine();
    let token = CancelToken::new();
    let (from_callback, mut stages) = (token.clone(), Vec::new());
    let mut sink = |progress: Progress| {
        stages.push((progress.stage, progress.fraction));
        if progress.stage == Stage::Prompt {
            from_callback.cancel();
        }
    };
    let options = options(&[NOWHERE], &[]);
    let ended = engine.segment(vec![ct()], &options, &mut Monitor::new(token, &mut sink));
    assert_eq!(ended.expect_err("it was cancelled").name(), "E_CANCELLED");
    assert!(stages.windows(2).all(|pair| pair[0].1 <= pair[1].1), "progress never falls");
    assert_eq!(stages.last().map(|last| last.0), Some(Stage::Prompt));
    let again = engine.segment(vec![ct()], &options, &mut Monitor::silent()).expect("a good CT");
    assert_eq!(changed(&again, &segment(&[NOWHERE], &[])), [[0usize; 3]; 0]);
}

#[test]
fn segment_clicks_that_make_no_sense_are_refused_by_name() {
    let refused = |at: &[[usize; 3]], not_at: &[[usize; 3]]| {
        engine().segment(vec![ct()], &options(at, not_at), &mut Monitor::silent()).expect_err("no sense").to_string()
    };
    assert!(refused(&[], &[NOWHERE]).contains("click-outside is 45,60,12"));
    assert!(refused(&[NOWHERE], &[[0, 80, 0]]).contains("0,0,0 to 89,79,19"));
}
