//! The steps beside the networks, each over a chest CT of 512 × 512 × 100 voxels: seconds, and bytes read and written a second.
//!
//! `cargo bench` runs them; `copy` comes first and is what the memory does at most. A step whose throughput is far below it
//! computes, or streams over memory more than once.

use std::sync::LazyLock;

use divan::{Bencher, black_box, counter::BytesCount};
use ndarray::Array3;
use sam2lung::{
    io::{read_ct, write_volume},
    networks::{dropout, noise},
    phantom::{Scanner, chest_phantom_with},
    progress::{CancelToken, Monitor},
    space::volume::{Volume, VolumeView},
    steps::{
        check::check_ct,
        components::{Neighbourhood, connected_components},
        distance::dilate,
        lungs::find_lungs,
        resample::{PixelAxis, trilinear},
        statistics::Accumulator,
    },
};

const SAMPLES: usize = 25;

fn main() {
    divan::main();
}

/// A made chest on a hospital's grid.
static CT: LazyLock<Volume<f32>> = LazyLock::new(|| {
    let scanner = Scanner { spacing_mm: [0.7, 0.7, 3.0], ..Scanner::default() };
    chest_phantom_with(1, &scanner).ct
});

static LUNGS: LazyLock<Array3<bool>> =
    LazyLock::new(|| find_lungs(&CT, &mut Monitor::silent()).expect("a chest has lungs").search);

/// Counts bytes that are read and written, over so many voxels.
fn bytes(voxels: usize, each: usize) -> BytesCount {
    BytesCount::new(voxels * each)
}

#[divan::bench(sample_count = 5)]
fn copy(bencher: Bencher<'_, '_>) {
    let mut to = CT.voxels.clone();
    bencher.counter(bytes(to.len(), 8)).bench_local(|| to.assign(black_box(&CT.voxels)));
}

#[divan::bench(sample_count = 5)]
fn check_values(bencher: Bencher<'_, '_>) {
    let token = CancelToken::new();
    bencher.counter(bytes(CT.voxels.len(), 4)).bench_local(|| check_ct(black_box(&CT), None, &token));
}

#[divan::bench(sample_count = 5)]
fn lungs(bencher: Bencher<'_, '_>) {
    bencher.counter(bytes(CT.voxels.len(), 5)).bench_local(|| find_lungs(black_box(&CT), &mut Monitor::silent()));
}

#[divan::bench(sample_count = 5)]
fn components(bencher: Bencher<'_, '_>) {
    let token = CancelToken::new();
    let run = || connected_components(black_box(&LUNGS), Neighbourhood::All26, &token);
    bencher.counter(bytes(LUNGS.len(), 5)).bench_local(run);
}

#[divan::bench(sample_count = 5)]
fn dilate_5_mm(bencher: Bencher<'_, '_>) {
    let token = CancelToken::new();
    let run = || dilate(black_box(&LUNGS), 5.0, CT.grid.spacing_mm, &token);
    bencher.counter(bytes(LUNGS.len(), 2)).bench_local(run);
}

/// To the detector's grid.
#[divan::bench(sample_count = 5)]
fn resample(bencher: Bencher<'_, '_>) {
    let [k, j, i] = [(2, 2.0), (1, 1.4), (0, 1.4)].map(|(axis, step_mm)| {
        let pixels = PixelAxis::new(CT.grid.dims[axis], CT.grid.spacing_mm[axis], Some(step_mm));
        pixels.native_taps(0..pixels.pixels())
    });
    let made = k.len() * j.len() * i.len();
    let counted = BytesCount::new(4 * (CT.voxels.len() + made));
    bencher.counter(counted).bench_local(|| trilinear(black_box(CT.voxels.view()), &k, &j, &i));
}

/// Mean, variance and entropies of a nodule's box: T samples of 20 × 48 × 48 voxels.
#[divan::bench(sample_count = 5)]
fn statistics(bencher: Bencher<'_, '_>) {
    let voxels = 20 * 48 * 48;
    let samples: Vec<Vec<f32>> = (0..SAMPLES)
        .map(|sample| (0..voxels).map(|voxel| ((voxel * 7 + sample * 13) % 101) as f32 / 100.0).collect())
        .collect();
    bencher.counter(bytes(voxels, 4 * SAMPLES)).bench_local(|| {
        let mut statistics = Accumulator::new(voxels, SAMPLES, 0.5).without_information();
        samples.iter().enumerate().for_each(|(sample, values)| statistics.push(sample, black_box(values)));
        (0..voxels).map(|voxel| statistics.entropy(voxel) + statistics.variance(voxel)).sum::<f64>()
    });
}

/// All that is drawn for a run: three dropout masks and eight numbers of noise a sample.
#[divan::bench]
fn draws() -> f32 {
    let samples: Vec<usize> = (0..SAMPLES).collect();
    let masks =
        [96, 64, 32].iter().enumerate().map(|(n, channels)| dropout::masks(1, &samples, n, *channels, 0.2).sum());
    let noise = noise::draws(1, &samples, 0, &sam2lung::contract::network::Noise::standard("noise", 8)).sum();
    masks.sum::<f32>() + noise
}

/// A probability map: 0 but for the lungs, compressed.
#[divan::bench(sample_count = 3)]
fn write_nifti(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("a folder for scratch files");
    let map = Array3::from_shape_fn(LUNGS.dim(), |at| if LUNGS[at] { (CT.voxels[at] + 1000.0) / 2000.0 } else { 0.0 });
    let (path, token) = (folder.path().join("map.nii.gz"), CancelToken::new());
    let run = || write_volume(&path, VolumeView { grid: &CT.grid, voxels: map.view() }, &token);
    bencher.counter(bytes(map.len(), 4)).bench_local(run);
}

#[divan::bench(sample_count = 3)]
fn read_nifti(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("a folder for scratch files");
    let path = folder.path().join("ct.nii.gz");
    let hu = CT.voxels.mapv(|hu| hu as i16);
    let view = VolumeView { grid: &CT.grid, voxels: hu.view() };
    write_volume(&path, view, &CancelToken::new()).expect("the scratch folder can be written");
    let run = || read_ct(black_box(&path), Default::default(), &mut Monitor::silent());
    bencher.counter(bytes(hu.len(), 6)).bench_local(run);
}
