//! The chain of roles through the library: stages, candidates, channels, cancel. Values of the maps are worked out in
//! `tests/python/test_chain.py`; `onnx/tiny_models` describes the bundles.

use std::path::Path;

use ndarray::{Array3, s};
use sam2lung::{
    Result,
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

const SPACING_MM: [f64; 3] = [0.75, 0.75, 2.0];
const DIMS: [usize; 3] = [81, 31, 13];
/// i, j, k, and HU.
const BALLS: [([usize; 3], f32); 3] = [([14, 14, 6], 100.0), ([40, 16, 6], 50.0), ([66, 14, 6], 0.0)];

fn engine(name: &str) -> Engine {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bundles").join(name);
    Engine::new(Bundle::open(&folder).expect("a committed bundle"), Device::Cpu, Some(1)).expect("a committed bundle")
}

fn distance_mm(a: [usize; 3], b: [usize; 3]) -> f64 {
    (0..3).map(|axis| ((a[axis] as f64 - b[axis] as f64) * SPACING_MM[axis]).powi(2)).sum::<f64>().sqrt()
}

/// Lung with the first balls, and a voxel of soft tissue that lies between those of the detector's grid.
fn ct(balls: usize) -> Volume<f32> {
    let grid = Grid::axial(DIMS, SPACING_MM);
    let voxels = Array3::from_shape_fn(grid.shape(), |(k, j, i)| {
        let ball = BALLS[..balls].iter().find(|(centre, _)| distance_mm([i, j, k], *centre) <= 5.0);
        let lung = if [i, j, k] == [79, 29, 11] { 0.0 } else { -850.0 };
        ball.map_or(lung, |(_, hu)| *hu)
    });
    Volume::new(grid, voxels)
}

fn options(inside: &[[usize; 3]]) -> Options {
    let clicks = Clicks { inside: inside.to_vec(), outside: Vec::new() };
    Options { search: Search::Everywhere, min_diameter_mm: 0.0, clicks, ..Options::default() }
}

fn segment(name: &str, balls: usize, inside: &[[usize; 3]]) -> Segmentation {
    engine(name).segment(vec![ct(balls)], &options(inside), &mut Monitor::silent()).expect("a good CT")
}

fn label_at(found: &Segmentation, [i, j, k]: [usize; 3]) -> u16 {
    found.native().labels.voxels[[k, j, i]]
}

#[test]
fn segment_no_more_candidates_than_the_bundle_wants_go_on_and_the_others_are_counted() {
    let found = segment("tiny-detect", 3, &[]);
    assert_eq!((found.nodules.len(), found.dropped), (2, 1));
    assert_eq!(label_at(&found, BALLS[2].0), 0, "the faintest of three");
}

#[test]
fn segment_click_on_a_candidate_that_was_dropped_outlines_it_and_keeps_the_others() {
    let (automatic, clicked) = (segment("tiny-detect", 3, &[]), segment("tiny-detect", 3, &[BALLS[2].0]));
    assert_eq!(clicked.nodules.len(), 3);
    let id = clicked.clicks[0].expect("a nodule at the click");
    assert_eq!(label_at(&clicked, BALLS[2].0), id);
    for (centre, _) in &BALLS[..2] {
        let nodule = |found: &Segmentation| found.nodules[usize::from(label_at(found, *centre)) - 1].volume_mm3;
        assert_eq!(nodule(&automatic), nodule(&clicked));
    }
}

#[test]
fn segment_stages_of_a_chain_come_in_order_and_progress_never_falls() {
    let mut seen: Vec<(Stage, f64)> = Vec::new();
    let mut sink = |progress: Progress| seen.push((progress.stage, progress.fraction));
    let mut monitor = Monitor::new(CancelToken::new(), &mut sink);
    engine("tiny-chain").segment(vec![ct(2)], &options(&[]), &mut monitor).expect("a good CT");
    assert!(seen.windows(2).all(|pair| pair[0].1 <= pair[1].1));
    let mut stages: Vec<Stage> = seen.iter().map(|(stage, _)| *stage).collect();
    stages.dedup();
    // Everything is searched: nobody looks for lungs.
    assert_eq!(stages, [Stage::Detect, Stage::Segment, Stage::Nodules]);
}

#[test]
fn segment_cancelled_while_it_detects_ends_and_leaves_the_engine_usable() {
    let mut engine = engine("tiny-chain");
    let token = CancelToken::new();
    let from_callback = token.clone();
    let mut sink = |progress: Progress| {
        if progress.stage == Stage::Detect {
            from_callback.cancel();
        }
    };
    let ended = engine.segment(vec![ct(2)], &options(&[]), &mut Monitor::new(token, &mut sink));
    assert_eq!(ended.expect_err("it was cancelled").name(), "E_CANCELLED");
    let again = engine.segment(vec![ct(2)], &options(&[]), &mut Monitor::silent()).expect("a good CT");
    assert_eq!(again.native().labels, segment("tiny-chain", 2, &[]).native().labels);
}

#[test]
fn segment_empty_lung_has_no_candidates_and_the_detector_s_map() {
    // Tissue where nobody searches: without any it isn't a CT.
    let mut lung = ct(0);
    lung.voxels.slice_mut(s![0, .., ..]).fill(50.0);
    let mask = Array3::from_shape_fn(lung.voxels.raw_dim(), |(k, _, _)| k >= 6);
    let options = Options { search: Search::Mask(mask), ..options(&[]) };
    let found = engine("tiny-chain").segment(vec![lung], &options, &mut Monitor::silent()).expect("a good CT");
    assert!(found.nodules.is_empty());
    // σ((16 x − 6) / 2) of lung, where x is 150 / 1400.
    let wanted = 1.0 / (1.0 + f64::exp(-(16.0 * 150.0 / 1400.0 - 6.0) / 2.0));
    assert!(
        found.native().probability.voxels.slice(s![6.., .., ..]).iter().all(|p| (f64::from(*p) - wanted).abs() < 4e-6)
    );
}

/// Runs tiny-regions over volumes of 20 × 12 × 6 voxels, each on the grid that is given for it.
fn channels(grids: &[Grid]) -> Result<Segmentation> {
    let volume = |(n, grid): (usize, &Grid)| {
        let voxels = Array3::from_shape_fn(grid.shape(), |(k, j, i)| match n {
            0 if distance_mm([i, j, k], [9, 6, 3]) <= 4.5 => 20.0,
            0 => -850.0,
            _ => 2.0,
        });
        Volume::new(grid.clone(), voxels)
    };
    let volumes = grids.iter().enumerate().map(volume).collect();
    engine("tiny-regions").segment(volumes, &options(&[]), &mut Monitor::silent())
}

#[test]
fn segment_volumes_that_are_not_the_channels_are_refused_by_name() {
    let grid = Grid::axial([20, 12, 6], SPACING_MM);
    let one_less = Grid::axial([20, 12, 5], SPACING_MM);
    let mut moved = grid.clone();
    moved.origin_ras[0] += 1.0;
    let refused = |grids: &[Grid]| channels(grids).expect_err("it doesn't fit");
    assert_eq!(refused(std::slice::from_ref(&grid)).name(), "E_CHANNELS");
    assert_eq!(refused(&[grid.clone(), grid.clone(), grid.clone()]).name(), "E_CHANNELS");
    assert_eq!(refused(&[]).name(), "E_CHANNELS");
    assert_eq!(refused(&[grid.clone(), one_less]).name(), "E_CHANNEL_GRID");
    let text = refused(&[grid.clone(), moved]).to_string();
    assert!(text.contains("channel PET") && text.contains("voxels off"), "{text}");
    assert!(channels(&[grid.clone(), grid]).is_ok());
}

#[test]
fn segment_class_without_a_voxel_is_no_finding_and_its_region_is_what_the_others_make() {
    // No uptake: core has logits below the background's everywhere.
    let grid = Grid::axial([20, 12, 6], SPACING_MM);
    let found = channels(&[grid.clone(), grid]).expect("good volumes");
    let volumes: Vec<f64> = found.nodules.iter().map(|finding| finding.volume_mm3).collect();
    let ids: Vec<u16> = found.nodules.iter().map(|finding| finding.id).collect();
    assert_eq!(ids, [2, 3], "rim and whole");
    assert_eq!(volumes[0], volumes[1]);
}
