//! Every kind of network through the library: samples, batches, cancel, progress, refusals. Values of the maps are worked
//! out in `tests/python/test_kinds.py`; `onnx/tiny_models` describes the bundles.

use std::path::Path;

use ndarray::Array3;
use sam2lung::{
    contract::bundle::Bundle,
    findings::result::Segmentation,
    pipeline::{
        Engine,
        options::{Options, Search},
    },
    progress::{CancelToken, Monitor, Progress, Stage},
    runtime::device::Device,
    space::{grid::Grid, volume::Volume},
};

const SPACING_MM: [f64; 3] = [0.75, 0.75, 2.0];
/// Along i, j, k. On the grid of tiny-patch-dropout that is 17 × 14 × 6 voxels.
const DIMS: [usize; 3] = [33, 27, 11];
const CENTRE: [usize; 3] = [16, 13, 5];
const RADIUS_MM: f64 = 5.0;
const EVERY_KIND: [&str; 7] = [
    "tiny-members",
    "tiny-mixed",
    "tiny-spaced",
    "tiny-patch-dropout",
    "tiny-patch-flips",
    "tiny-hybrid",
    "tiny-prompted",
];

fn engine(name: &str) -> Engine {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bundles").join(name);
    Engine::new(Bundle::open(&folder).expect("a committed bundle"), Device::Cpu, Some(1)).expect("a committed bundle")
}

/// Lung with a ball of soft tissue in its middle, and no two neighbours alike.
fn ct(dims: [usize; 3]) -> Volume<f32> {
    let off = |axis: usize, at: usize| (at as f64 - (dims[axis] / 2) as f64) * SPACING_MM[axis];
    let in_ball = |at: [usize; 3]| (0..3).map(|n| off(n, at[n]).powi(2)).sum::<f64>().sqrt() <= RADIUS_MM;
    let grid = Grid::axial(dims, SPACING_MM);
    let voxels = Array3::from_shape_fn(grid.shape(), |(k, j, i)| {
        let hu = if in_ball([i, j, k]) { 50.0 } else { -850.0 };
        hu + ((7 * i + 11 * j + 13 * k) % 61) as f32 - 30.0
    });
    Volume::new(grid, voxels)
}

fn everywhere() -> Options {
    Options { search: Search::Everywhere, min_diameter_mm: 0.0, ..Options::default() }
}

fn segment(engine: &mut Engine, options: &Options) -> Segmentation {
    engine.segment(vec![ct(DIMS)], options, &mut Monitor::silent()).expect("a good CT")
}

/// Bits of the probability and of the uncertainty.
fn bits(found: &Segmentation) -> Vec<u32> {
    let native = found.native();
    native.probability.voxels.iter().chain(&native.uncertainty.voxels).map(|value| value.to_bits()).collect()
}

fn refusal(name: &str, dims: [usize; 3], options: &Options) -> (&'static str, String) {
    let error = engine(name).segment(vec![ct(dims)], options, &mut Monitor::silent()).expect_err("it doesn't fit");
    (error.name(), error.to_string())
}

#[test]
fn segment_every_kind_finds_the_ball_alone() {
    for name in EVERY_KIND {
        let found = segment(&mut engine(name), &everywhere());
        assert_eq!(found.nodules.len(), 1, "{name}");
        let labels = found.native().labels;
        assert_eq!(labels.voxels[[CENTRE[2], CENTRE[1], CENTRE[0]]], 1, "{name}");
        assert_eq!(labels.voxels[[0, 0, 0]], 0, "{name}");
        assert_eq!(found.nodules[0].sample_volumes_mm3.len(), found.samples, "{name}");
    }
}

#[test]
fn segment_batch_changes_no_bit() {
    for name in EVERY_KIND {
        let mut engine = engine(name);
        let usual = bits(&segment(&mut engine, &everywhere()));
        for batch in [1, 3, 25] {
            assert!(bits(&segment(&mut engine, &Options { batch, ..everywhere() })) == usual, "{name}, {batch}");
        }
    }
}

#[test]
fn segment_part_of_the_volume_gives_there_what_the_whole_gives() {
    // Slices are independent of each other, and their networks see no farther than a halo.
    for name in ["tiny-members", "tiny-mixed"] {
        let mut engine = engine(name);
        let whole = segment(&mut engine, &everywhere());
        let mask = Array3::from_shape_fn([DIMS[2], DIMS[1], DIMS[0]], |(k, j, i)| k > 2 && j > 3 && i > 5);
        let part = segment(&mut engine, &Options { search: Search::Mask(mask.clone()), ..Options::default() });
        let (whole, part) = (whole.native().probability.voxels, part.native().probability.voxels);
        let same = mask.indexed_iter().filter(|(_, inside)| **inside).all(|(at, _)| {
            // One sample's logits are added up in another order where a window begins elsewhere.
            (whole[at] - part[at]).abs() < 1e-6
        });
        assert!(same, "{name}");
    }
}

#[test]
fn segment_progress_of_every_kind_rises_to_one() {
    for name in EVERY_KIND {
        let mut fractions = Vec::new();
        let mut sink = |progress: Progress| fractions.push(progress.fraction);
        let mut monitor = Monitor::new(CancelToken::new(), &mut sink);
        engine(name).segment(vec![ct(DIMS)], &everywhere(), &mut monitor).expect("a good CT");
        assert!(fractions.windows(2).all(|pair| pair[0] <= pair[1]), "{name}");
        assert!(fractions.len() > 3, "{name}");
    }
}

#[test]
fn segment_cancelled_in_any_kind_ends_and_leaves_the_engine_usable() {
    for name in EVERY_KIND {
        let mut engine = engine(name);
        let (token, options) = (CancelToken::new(), everywhere());
        let from_callback = token.clone();
        let mut sink = |progress: Progress| {
            if progress.stage == Stage::Segment && progress.done > 0 {
                from_callback.cancel();
            }
        };
        let ended = engine.segment(vec![ct(DIMS)], &options, &mut Monitor::new(token, &mut sink));
        assert_eq!(ended.expect_err("it was cancelled").name(), "E_CANCELLED", "{name}");
        let again = bits(&segment(&mut engine, &options));
        assert!(again == bits(&segment(&mut self::engine(name), &options)), "{name}");
    }
}

#[test]
fn segment_samples_that_do_not_reach_every_member_are_those_of_the_first_members() {
    let of = |samples| segment(&mut engine("tiny-members"), &Options { samples: Some(samples), ..everywhere() });
    let (two, three) = (of(2), of(3));
    assert_eq!((two.samples, three.samples), (2, 3));
    let volumes = |found: &Segmentation| found.nodules[0].sample_volumes_mm3.clone();
    assert_eq!(volumes(&two), volumes(&three)[..2]);
}

#[test]
fn segment_box_larger_than_the_volume_is_refused_by_name() {
    let (name, text) = refusal("tiny-patch", [33, 27, 3], &everywhere());
    assert_eq!(name, "E_BOX");
    assert!(text.contains("4 x 8 x 8") && text.contains("3 x 27 x 33"), "{text}");
    assert_eq!(refusal("tiny-hybrid", [33, 7, 11], &everywhere()).0, "E_BOX");
}

#[test]
fn segment_samples_are_no_more_than_differ() {
    for (name, samples) in
        [("tiny-plain", 1), ("tiny-members", 3), ("tiny-flips", 4), ("tiny-hybrid", 1), ("tiny-noise", 7)]
    {
        let found = segment(&mut engine(name), &Options { samples: Some(7), ..everywhere() });
        assert_eq!(found.samples, samples, "{name}");
    }
}

#[test]
fn segment_share_of_slices_is_that_of_the_options_and_refused_where_nothing_is_shared() {
    let mut engine = engine("tiny-hybrid");
    let share = |share: f64| Options { share_of_slices: Some(share), ..everywhere() };
    let usual = bits(&segment(&mut engine, &everywhere()));
    assert!(bits(&segment(&mut engine, &share(0.5))) == usual, "the bundle's own share");
    assert!(bits(&segment(&mut engine, &share(1.0))) != usual);
    // The coarse network alone: logit 8 x - 5, of a windowed HU.
    let coarse = segment(&mut engine, &share(0.0));
    let coarse = &coarse.native().probability.voxels;
    let windowed = |hu: f64| (hu + 1000.0) / 1400.0;
    let wanted = 1.0 / (1.0 + (5.0 - 8.0 * windowed(f64::from(ct(DIMS).voxels[[0, 0, 0]]))).exp());
    assert!((f64::from(coarse[[0, 0, 0]]) - wanted).abs() < 1e-6, "single precision");
    assert!(bits(&segment(&mut engine, &everywhere())) == usual, "an option is of one run");
    for (name, options, words) in [
        ("tiny-plain", share(0.5), "outlines with a hybrid"),
        ("tiny-hybrid", share(1.5), "0 to 1"),
        ("tiny-hybrid", share(f64::NAN), "0 to 1"),
    ] {
        let (error, text) = refusal(name, DIMS, &options);
        assert_eq!(error, "E_OPTION");
        assert!(text.contains("share-of-slices") && text.contains(words), "{text}");
    }
}
