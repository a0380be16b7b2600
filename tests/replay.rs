//! The same CT, seed and bundle give the same bits: with any batch, number of threads and order of slices, and after
//! a cancelled run.

use sam2lung::contract::uncertainty::Uncertainty;
use std::{path::Path, sync::Arc};

use ndarray::{Array3, ArrayView3, s};
use sam2lung::{
    contract::bundle::Bundle,
    findings::result::Segmentation,
    networks::{
        answers::{Answers, ClassAnswer},
        clicks::Clicks,
        images::Images,
        kinds::OfKind,
        load::load,
        roles::Segmenter,
        sampling::Sampling,
    },
    pipeline::{
        Engine,
        options::{Options, Search},
    },
    progress::{CancelToken, Monitor, Progress, Stage},
    runtime::device::Device,
    space::{grid::Grid, volume::Volume},
    steps::philox::philox4x32,
};

/// Together: every feature of slice networks (neighbours, resampling, dropout layers, scout, classifier, convolutions, clicks,
/// whole slices, neighbours interpolated between the CT's slices).
const SLICES: [&str; 4] = ["tiny-neighbours", INTERPOLATING, "tiny-scout", CLICKS];
/// And the network that people get.
const BUNDLES: [&str; 5] = [SLICES[0], SLICES[1], SLICES[2], SLICES[3], BUILT_IN];
const CLICKS: &str = "tiny-clicks";
const THICK: &str = "tiny-thick";
const BUILT_IN: &str = "built in";
/// `THICK` as if the CT were thick for it.
const INTERPOLATING: &str = "tiny-thick, interpolating";
const SAMPLES: usize = 25;

fn bundle(name: &str) -> Bundle {
    if name == BUILT_IN {
        let mut bundle = Bundle::builtin().expect("compiled in");
        // Whatever it makes of the balls, it has to sample here.
        bundle.model.segment.scout.threshold = None;
        return bundle;
    }
    if name == INTERPOLATING {
        let mut bundle = self::bundle(THICK);
        interpolate_above(&mut bundle, Some(1.0));
        return bundle;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bundles").join(name);
    Bundle::open(&folder).expect("a committed bundle")
}

fn interpolate_above(bundle: &mut Bundle, slice_mm: Option<f64>) {
    bundle.model.segment.neighbours.as_mut().expect("it has some").interpolate_above_mm = slice_mm;
}

fn engine(name: &str, threads: usize) -> Engine {
    Engine::new(bundle(name), Device::Cpu, Some(threads)).expect("a committed bundle")
}

/// Noise with two balls of soft tissue in it.
fn ct() -> Volume<f32> {
    let grid = Grid::axial([44, 38, 9], [0.6, 0.65, 1.8]);
    let within = |index: (usize, usize, usize), centre: [f64; 3], radius_mm: f64| {
        let offset = [index.2, index.1, index.0].map(|v| v as f64);
        (0..3).map(|a| ((offset[a] - centre[a]) * grid.spacing_mm[a]).powi(2)).sum::<f64>() < radius_mm * radius_mm
    };
    let voxels = Array3::from_shape_fn(grid.shape(), |(k, j, i)| {
        let noise = (philox4x32([i as u32, j as u32, k as u32, 0], [9, 9])[0] >> 24) as f32;
        let ball = within((k, j, i), [13.0, 14.0, 4.0], 5.0) || within((k, j, i), [34.0, 25.0, 3.0], 3.5);
        if ball { 40.0 + noise } else { -950.0 + noise }
    });
    Volume::new(grid, voxels)
}

fn options(name: &str) -> Options {
    let clicks = if name == CLICKS { (vec![[15, 16, 4], [36, 8, 6]], vec![[10, 14, 4]]) } else { Default::default() };
    Options {
        samples: Some(SAMPLES),
        search: Search::Everywhere,
        min_diameter_mm: 0.0,
        clicks: Clicks { inside: clicks.0, outside: clicks.1 },
        ..Options::default()
    }
}

fn segment(engine: &mut Engine, options: &Options) -> Segmentation {
    let found = engine.segment(vec![ct()], options, &mut Monitor::silent()).expect("a good CT");
    assert!(found.native().uncertainty.voxels.iter().any(|value| *value > 0.0), "nothing was sampled");
    found
}

fn bits(map: ArrayView3<'_, f32>) -> Vec<u32> {
    map.iter().map(|value| value.to_bits()).collect()
}

fn assert_same(one: &Segmentation, other: &Segmentation, when: &str) {
    assert!(
        bits(one.native().probability.voxels) == bits(other.native().probability.voxels),
        "probability differs {when}"
    );
    assert!(
        bits(one.native().uncertainty.voxels) == bits(other.native().uncertainty.voxels),
        "uncertainty differs {when}"
    );
    assert!(one.native().labels == other.native().labels, "labels differ {when}");
    assert_eq!(one.nodules, other.nodules, "{when}");
}

#[test]
fn segment_any_batch_gives_the_same_bits() {
    for name in BUNDLES {
        let mut engine = engine(name, 2);
        let single = segment(&mut engine, &Options { batch: 1, ..options(name) });
        for batch in [8, 25] {
            assert_same(
                &single,
                &segment(&mut engine, &Options { batch, ..options(name) }),
                &format!("{name}, {batch}"),
            );
        }
    }
}

#[test]
fn segment_one_or_two_threads_give_the_same_bits() {
    for name in BUNDLES {
        let (one, two) = (segment(&mut engine(name, 1), &options(name)), segment(&mut engine(name, 2), &options(name)));
        assert_same(&one, &two, name);
    }
}

#[test]
fn segment_thin_ct_gives_the_bits_that_it_gave_before_there_was_interpolation() {
    let mut before = bundle(THICK);
    assert!(before.model.segment.neighbours.as_ref().expect("it has some").interpolate_above_mm.is_some());
    interpolate_above(&mut before, None);
    let mut before = Engine::new(before, Device::Cpu, Some(2)).expect("a committed bundle");
    let now = segment(&mut engine(THICK, 2), &options(THICK));
    assert_same(&segment(&mut before, &options(THICK)), &now, "without interpolation");
    let thick = segment(&mut engine(INTERPOLATING, 2), &options(INTERPOLATING));
    assert_ne!(
        bits(thick.native().probability.voxels),
        bits(now.native().probability.voxels),
        "interpolation changes nothing"
    );
}

#[test]
fn segment_another_seed_gives_other_bits() {
    for name in BUNDLES {
        let mut engine = engine(name, 2);
        let one = segment(&mut engine, &options(name));
        // Networks with a single dropout channel may keep it equally often under two seeds.
        let differs = |seed| {
            let other = segment(&mut engine, &Options { seed, ..options(name) });
            bits(one.native().probability.voxels) != bits(other.native().probability.voxels)
        };
        assert!((1..4).any(differs), "{name}");
    }
}

#[test]
fn segment_after_a_cancelled_run_gives_the_same_bits() {
    for name in BUNDLES {
        let fresh = segment(&mut engine(name, 2), &options(name));
        let mut engine = engine(name, 2);
        let token = CancelToken::new();
        let mut pieces_begun = 0;
        let from_callback = token.clone();
        let mut sink = |progress: Progress| {
            pieces_begun += usize::from(progress.stage == Stage::Segment);
            if pieces_begun == 4 {
                from_callback.cancel();
            }
        };
        let ended = engine.segment(vec![ct()], &options(name), &mut Monitor::new(token, &mut sink));
        assert_eq!(ended.expect_err("it was cancelled").name(), "E_CANCELLED");
        assert_same(&fresh, &segment(&mut engine, &options(name)), name);
    }
}

/// What the bundle's network says of the voxels of `region`, answered for in these parts.
fn answered(name: &str, regions: &[Array3<bool>]) -> Vec<Answers> {
    let bundle = Arc::new(bundle(name));
    let (mut networks, _) = load(&bundle, Device::Cpu, 2, &mut Monitor::silent()).expect("a committed bundle");
    let (ct, model) = (ct(), &bundle.model);
    let volumes = model.channels.iter().map(|channel| (&ct.voxels, channel.normalise));
    let images = Images::new(&ct.grid, volumes, &CancelToken::new()).expect("nobody cancels");
    let mut segmenter = OfKind::new("segment", &model.segment, 1, &mut networks.segment).segmenter();
    let (uncertainty, threshold) = (Uncertainty::MutualInformation, 0.5);
    let sampling = Sampling { seed: 0, samples: SAMPLES, batch: 8, threshold, uncertainty, kinds: &[] };
    let segment = |region: &Array3<bool>| {
        let monitor = &mut Monitor::silent();
        segmenter.segment(&images, region, &Clicks::default(), &sampling, Stage::Segment, monitor).expect("a good CT")
    };
    regions.iter().map(segment).collect()
}

#[test]
fn segment_slices_one_by_one_in_any_order_gives_the_bits_of_all_at_once() {
    let grid = ct().grid;
    let slice = |k: usize| Array3::from_shape_fn(grid.shape(), |(own, ..)| own == k);
    let backwards: Vec<usize> = (0..grid.dims[2]).rev().collect();
    for name in SLICES {
        let whole = answered(name, &[Array3::from_elem(grid.shape(), true)]);
        let whole = &whole[0].classes[0];
        let alone = answered(name, &backwards.iter().map(|k| slice(*k)).collect::<Vec<_>>());
        for (k, one) in backwards.iter().zip(&alone) {
            let one = &one.classes[0];
            let same = |a: &Array3<f32>, b: &Array3<f32>| {
                bits(a.slice(s![*k..=*k, .., ..])) == bits(b.slice(s![*k..=*k, .., ..]))
            };
            assert!(same(&whole.probability, &one.probability), "{name}, slice {k}");
            assert!(same(&whole.uncertainty, &one.uncertainty), "{name}, slice {k}");
            let of_slice = (k * grid.dims[0] * grid.dims[1]) as u32..((k + 1) * grid.dims[0] * grid.dims[1]) as u32;
            let held = |class: &ClassAnswer| -> Vec<(u32, Vec<u64>)> {
                let from = class.samples.from(of_slice.start).take_while(|(index, _)| of_slice.contains(index));
                from.map(|(index, bits)| (index, bits.to_vec())).collect()
            };
            assert_eq!(held(whole), held(one), "{name}, slice {k}");
        }
        assert!(whole.samples.from(0).next().is_some(), "{name}: no sample to compare");
    }
}
