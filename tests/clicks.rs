//! Clicks through the engine: what they change, what they leave alone, and that a run with them can be cancelled.
//!
//! tiny-clicks adds 10 (c_inside - c_outside) to its logits, with c = exp(-d / 6 mm): within about 5.3 mm of a click
//! everything is a nodule, which makes it easy to see where clicks reach.

use std::path::Path;

use ndarray::Array3;
use sam2lung::{
    contract::{bundle::Bundle, uncertainty::Uncertainty},
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

fn options(inside: &[[usize; 3]], outside: &[[usize; 3]]) -> Options {
    Options {
        search: Search::Everywhere,
        min_diameter_mm: 0.0,
        clicks: Clicks { inside: inside.to_vec(), outside: outside.to_vec() },
        ..Options::default()
    }
}

fn segment(inside: &[[usize; 3]], outside: &[[usize; 3]]) -> Segmentation {
    engine().segment(vec![ct()], &options(inside, outside), &mut Monitor::silent()).expect("a good CT")
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
        if progress.stage == Stage::Click {
            from_callback.cancel();
        }
    };
    let options = options(&[NOWHERE], &[]);
    let ended = engine.segment(vec![ct()], &options, &mut Monitor::new(token, &mut sink));
    assert_eq!(ended.expect_err("it was cancelled").name(), "E_CANCELLED");
    assert!(stages.windows(2).all(|pair| pair[0].1 <= pair[1].1), "progress never falls");
    assert_eq!(stages.last().map(|last| last.0), Some(Stage::Click));
    let again = engine.segment(vec![ct()], &options, &mut Monitor::silent()).expect("a good CT");
    assert_eq!(changed(&again, &segment(&[NOWHERE], &[])), [[0usize; 3]; 0]);
}

#[test]
fn segment_clicks_that_make_no_sense_are_refused_by_name() {
    let refused = |inside: &[[usize; 3]], outside: &[[usize; 3]]| {
        engine()
            .segment(vec![ct()], &options(inside, outside), &mut Monitor::silent())
            .expect_err("no sense")
            .to_string()
    };
    assert!(refused(&[], &[NOWHERE]).contains("click-outside is 45,60,12"));
    assert!(refused(&[NOWHERE], &[[0, 80, 0]]).contains("0,0,0 to 89,79,19"));
}

/// Clicks on an earlier result.
fn click(earlier: &Segmentation, inside: &[[usize; 3]], outside: &[[usize; 3]]) -> Segmentation {
    engine().click(vec![ct()], earlier, &options(inside, outside), &mut Monitor::silent()).expect("a good CT")
}

#[test]
fn click_on_an_earlier_result_gives_the_maps_and_the_nodule_of_a_run_with_that_click() {
    for at in [NOWHERE, BALLS[0].0, BALLS[1].0] {
        let (automatic, run) = (segment(&[], &[]), segment(&[at], &[]));
        let packed = segment(&[], &[]).pack_native(&CancelToken::new()).expect("enough memory");
        for earlier in [&automatic, &packed] {
            let clicked = click(earlier, &[at], &[]);
            assert_eq!(changed(&run, &clicked), [[0usize; 3]; 0], "{at:?}");
            let nodule = |found: &Segmentation| {
                let id = found.clicks[0].expect("a nodule at the click");
                found.nodules.iter().find(|nodule| nodule.id == id).expect("it is in the list").clone()
            };
            let (wanted, mut got) = (nodule(&run), nodule(&clicked));
            got.id = wanted.id;
            assert_eq!(got, wanted, "{at:?}");
        }
    }
}

#[test]
fn click_keeps_the_number_of_the_nodule_that_is_replaced_and_all_that_was_not_clicked_on() {
    let automatic = segment(&[], &[]);
    let added = click(&automatic, &[NOWHERE], &[]);
    assert_eq!((added.nodules.len(), added.clicks[0]), (3, Some(3)));
    assert_eq!(added.nodules[..2], automatic.nodules);
    // The one that was added is the largest; the second click finds numbers that say nothing of size.
    let twice = click(&added, &[BALLS[1].0], &[]);
    let id = twice.clicks[0].expect("a nodule at the click");
    assert_eq!(twice.nodules.iter().map(|nodule| nodule.id).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(added.native().labels.voxels[[BALLS[1].0[2], BALLS[1].0[1], BALLS[1].0[0]]], id);
    for other in (1..=3).filter(|other| *other != id) {
        assert_eq!(added.nodules[usize::from(other) - 1], twice.nodules[usize::from(other) - 1]);
    }
    assert!(twice.nodules[usize::from(id) - 1].clicked);
}

#[test]
fn click_outside_takes_away_from_the_outline_of_an_earlier_result() {
    let [i, j, k] = BALLS[0].0;
    let one = click(&segment(&[], &[]), &[BALLS[0].0], &[]);
    let two = click(&one, &[BALLS[0].0], &[[i + 6, j, k]]);
    let volume = |found: &Segmentation| {
        let id = found.clicks[0].expect("a nodule at the click");
        found.nodules.iter().find(|nodule| nodule.id == id).expect("it is in the list").volume_mm3
    };
    assert!(volume(&two) < volume(&one), "{} {}", volume(&two), volume(&one));
}

#[test]
fn click_on_kept_maps_leaves_their_numbers_and_fills_in_what_was_not_kept() {
    let automatic = segment(&[], &[]);
    let labels = automatic.native().labels.voxels.mapv(|label| if label == 0 { 0 } else { label + 40 });
    let labels = Volume::new(ct().grid, labels);
    let kept = Segmentation::from_maps(labels, None, None, &CancelToken::new()).expect("not cancelled");
    let clicked = click(&kept, &[NOWHERE], &[]);
    assert_eq!(clicked.nodules.iter().map(|nodule| nodule.id).collect::<Vec<_>>(), [41, 42, 43]);
    assert_eq!((clicked.clicks[0], clicked.of_maps), (Some(43), false));
    let probability = clicked.native().probability.voxels;
    assert!(probability[[NOWHERE[2], NOWHERE[1], NOWHERE[0]]] > 0.5);
    assert_eq!(probability[[BALLS[0].0[2], BALLS[0].0[1], BALLS[0].0[0]]], 0.0, "it wasn't kept, and isn't near");
}

#[test]
fn click_that_cannot_be_is_refused_by_name() {
    let earlier = segment(&[], &[]);
    let refused = |earlier: &Segmentation, ct: Volume<f32>, options: &Options| {
        engine().click(vec![ct], earlier, options, &mut Monitor::silent()).expect_err("no sense").to_string()
    };
    assert!(refused(&earlier, ct(), &options(&[], &[])).contains("at least one click inside"));
    let other = Uncertainty::ALL.iter().copied().find(|kind| *kind != earlier.uncertainty);
    let shown = Options { uncertainty: other, ..options(&[NOWHERE], &[]) };
    assert!(refused(&earlier, ct(), &shown).contains("that of the earlier result"));
    let grid = Grid::axial([90, 80, 20], [0.8, 0.8, 2.5]);
    let elsewhere = Volume::new(grid, ct().voxels);
    assert!(refused(&earlier, elsewhere, &options(&[NOWHERE], &[])).contains("a result of the same volumes"));
}

#[test]
fn click_with_a_bundle_that_takes_none_outlines_what_the_network_shows_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bundles/tiny-identity");
    let bundle = Bundle::open(&folder).expect("a committed bundle");
    let mut engine = Engine::new(bundle, Device::Cpu, Some(1)).expect("a committed bundle");
    let automatic = engine.segment(vec![ct()], &options(&[], &[]), &mut Monitor::silent()).expect("a good CT");
    let clicked = engine.click(vec![ct()], &automatic, &options(&[BALLS[0].0], &[]), &mut Monitor::silent());
    let clicked = clicked.expect("a good CT");
    assert_eq!(changed(&automatic, &clicked), [[0usize; 3]; 0]);
    assert!(!clicked.nodules.is_empty() && clicked.nodules.iter().all(|nodule| !nodule.clicked));
}
