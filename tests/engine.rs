//! The engine called as a library refuses by name what the command line would refuse, and never panics on data.

use std::path::Path;

use ndarray::Array3;
use sam2lung::{
    contract::bundle::Bundle,
    networks::clicks::Clicks,
    pipeline::{
        Engine,
        options::{Options, Search},
    },
    progress::Monitor,
    runtime::device::Device,
    space::{grid::Grid, volume::Volume},
};

fn engine() -> Engine {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bundles/tiny-identity");
    Engine::new(Bundle::open(&folder).expect("a committed bundle"), Device::Cpu, Some(1)).expect("a committed bundle")
}

fn volume(dims: [usize; 3], hu: impl Fn(usize) -> f32) -> Volume<f32> {
    let grid = Grid::axial(dims, [1.0; 3]);
    let mut n = 0;
    let voxels = Array3::from_shape_simple_fn(grid.shape(), || {
        n += 1;
        hu(n - 1)
    });
    Volume::new(grid, voxels)
}

fn ramp(n: usize) -> f32 {
    n as f32 % 1400.0 - 1000.0
}

fn refused(ct: Volume<f32>, options: &Options) -> &'static str {
    engine().segment(vec![ct], options, &mut Monitor::silent()).expect_err("no CT").name()
}

#[test]
fn segment_volume_that_is_no_ct_is_refused_by_name() {
    let everywhere = Options { search: Search::Everywhere, min_diameter_mm: 0.0, ..Options::default() };
    assert_eq!(refused(volume([0, 0, 0], ramp), &everywhere), "E_ONE_SLICE");
    assert_eq!(refused(volume([8, 8, 1], ramp), &everywhere), "E_ONE_SLICE");
    assert_eq!(refused(volume([8, 8, 8], |n| n as f32), &everywhere), "E_NOT_HU");
    let holed = volume([8, 8, 8], |n| if n == 5 { f32::NAN } else { ramp(n) });
    assert_eq!(refused(holed, &everywhere), "E_NON_FINITE");
}

#[test]
fn segment_mask_of_another_shape_or_without_a_voxel_is_refused_by_name() {
    let with = |mask| Options { search: Search::Mask(mask), ..Options::default() };
    assert_eq!(refused(volume([8, 7, 6], ramp), &with(Array3::from_elem([8, 7, 6], true))), "E_MASK_GRID");
    assert_eq!(refused(volume([8, 7, 6], ramp), &with(Array3::from_elem([6, 7, 8], false))), "E_NO_LUNG");
}

#[test]
fn segment_voxel_beyond_the_volume_is_refused_by_name() {
    let beyond = Options {
        clicks: Clicks { inside: vec![[8, 0, 0]], outside: Vec::new() },
        search: Search::Everywhere,
        ..Options::default()
    };
    assert_eq!(refused(volume([8, 7, 6], ramp), &beyond), "E_OPTION");
}

#[test]
fn segment_sensitivity_without_operating_points_or_out_of_its_range_is_refused_by_name() {
    for sensitivity in [0.9, 0.0, 1.5, f64::NAN] {
        let options = Options { sensitivity: Some(sensitivity), search: Search::Everywhere, ..Options::default() };
        assert_eq!(refused(volume([8, 7, 6], ramp), &options), "E_OPTION", "{sensitivity}");
    }
}
