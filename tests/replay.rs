//! The same CT, seed and bundle give the same bits: with any batch, number of threads and order of pieces, and after
//! a cancelled run.

use sam2lung::contract::uncertainty::Uncertainty;
use std::{path::Path, sync::Arc};

use ndarray::{Array3, ArrayView3};
use sam2lung::{
    Result,
    contract::bundle::Bundle,
    findings::result::Segmentation,
    networks::{
        clicks::Clicks,
        load::{Cutting, load},
        piece::{Answer, Assembled, Pieces, Sampling, Watch, run_all},
        slice::SlicePieces,
    },
    pipeline::{
        Engine,
        options::{Options, Search},
    },
    progress::{CancelToken, Monitor, Progress, Stage},
    runtime::device::Device,
    space::{
        grid::Grid,
        volume::{Voi, Volume},
    },
    steps::philox::philox4x32,
};

/// Together: every feature of slice networks (neighbours, resampling, dropout layers, scout, judge, convolutions, clicks,
/// whole slices, neighbours interpolated between the CT's slices).
const BUNDLES: [&str; 5] = ["tiny-neighbours", INTERPOLATING, "tiny-scout", CLICKS, BUILT_IN];
const CLICKS: &str = "tiny-clicks";
const BUILT_IN: &str = "built in";
/// The built-in bundle as if the CT were thick for it.
const INTERPOLATING: &str = "built in, interpolating";
const SAMPLES: usize = 25;

fn bundle(name: &str) -> Bundle {
    if [BUILT_IN, INTERPOLATING].contains(&name) {
        let mut bundle = Bundle::builtin().expect("compiled in");
        // Whatever it makes of the balls, it has to sample here.
        bundle.model.segment.scout.threshold = None;
        if name == INTERPOLATING {
            interpolate_above(&mut bundle, Some(1.0));
        }
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
        clicks: Clicks { inside: clicks.0, outside: clicks.1 },
        ..Options::default()
    }
}

fn segment(engine: &mut Engine, options: &Options) -> Segmentation {
    let found = engine.segment(vec![ct()], options, &mut Monitor::silent()).expect("a good CT");
    assert!(found.native().uncertainty.voxels.iter().any(|doubt| *doubt > 0.0), "nothing was sampled");
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
    let mut before = bundle(BUILT_IN);
    assert!(before.model.segment.neighbours.as_ref().expect("it has some").interpolate_above_mm.is_some());
    interpolate_above(&mut before, None);
    let mut before = Engine::new(before, Device::Cpu, Some(2)).expect("compiled in");
    let now = segment(&mut engine(BUILT_IN, 2), &options(BUILT_IN));
    assert_same(&segment(&mut before, &options(BUILT_IN)), &now, "without interpolation");
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

/// The same pieces, answered in another order.
struct Reordered<P> {
    pieces: P,
    reorder: fn(Vec<Voi>) -> Vec<Voi>,
}

impl<P: Pieces> Pieces for Reordered<P> {
    fn classes(&self) -> usize {
        self.pieces.classes()
    }

    fn plan(&self, grid: &Grid, search: &Array3<bool>) -> Vec<Voi> {
        (self.reorder)(self.pieces.plan(grid, search))
    }

    fn answer(
        &mut self,
        ct: &Volume<f32>,
        search: &Array3<bool>,
        voi: &Voi,
        sampling: &Sampling,
        watch: &mut Watch<'_>,
    ) -> Result<Answer> {
        self.pieces.answer(ct, search, voi, sampling, watch)
    }
}

fn assembled(name: &str, reorder: fn(Vec<Voi>) -> Vec<Voi>) -> Assembled {
    let bundle = Arc::new(bundle(name));
    let (networks, _) = load(&bundle, Device::Cpu, 2, &mut Monitor::silent()).expect("a committed bundle");
    let Cutting::One(mut network) = networks.segment else { panic!("no hybrid") };
    let mut pieces = Reordered { pieces: SlicePieces::new(&mut *network, &bundle.model, Clicks::default()), reorder };
    let ct = ct();
    let everywhere = Array3::from_elem(ct.voxels.raw_dim(), true);
    let sampling = Sampling {
        seed: 0,
        samples: SAMPLES,
        batch: 8,
        threshold: 0.5,
        uncertainty: Uncertainty::MutualInformation,
        kinds: &[],
    };
    run_all(&mut pieces, &ct, &everywhere, &sampling, Stage::Segment, &mut Monitor::silent()).expect("a good CT")
}

#[test]
fn run_all_any_order_of_pieces_gives_the_same_bits() {
    let backwards = |mut plan: Vec<Voi>| {
        assert!(plan.len() > 2, "an order needs pieces");
        plan.reverse();
        plan
    };
    let odd_first = |mut plan: Vec<Voi>| {
        plan.sort_by_key(|voi| (voi.start[2] % 2 == 0, voi.start));
        plan
    };
    for name in BUNDLES {
        let plain = assembled(name, |plan| plan);
        for other in [assembled(name, backwards), assembled(name, odd_first)] {
            let pairs = || plain.classes.iter().zip(&other.classes);
            assert!(pairs().all(|(a, b)| bits(a.probability.view()) == bits(b.probability.view())), "{name}");
            assert!(pairs().all(|(a, b)| bits(a.uncertainty.view()) == bits(b.uncertainty.view())), "{name}");
            assert!(plain.samples.from(0).eq(other.samples.from(0)), "{name}");
            assert!(
                [BUILT_IN, INTERPOLATING].contains(&name) || plain.samples.from(0).next().is_some(),
                "no sample to compare"
            );
        }
    }
}
