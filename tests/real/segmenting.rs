//! The built-in model on a real nodule.

use ndarray::{Array3, s};
use sam2lung::{
    contract::bundle::Bundle,
    findings::result::Segmentation,
    networks::clicks::Clicks,
    pipeline::{
        Engine,
        options::{Options, Search},
    },
    progress::Monitor,
    runtime::device::Device,
    space::{
        grid::Grid,
        volume::{Voi, Volume},
    },
};

use crate::data::{self, FCP_NODULE};

/// Half the side of the part that is cut out around the nodule.
const HALF_MM: f64 = 20.0;

fn engine() -> Engine {
    Engine::new(Bundle::builtin().expect("compiled in"), Device::Cpu, None).expect("it runs on any CPU")
}

/// The part of a CT around a voxel, and that voxel's index in it.
fn crop(ct: &Volume<f32>, around: [usize; 3]) -> (Volume<f32>, [usize; 3]) {
    let margin = ct.grid.spacing_mm.map(|mm| (HALF_MM / mm).round() as usize);
    let voi = Voi { start: around, end: around.map(|v| v + 1) }.grown(margin, ct.grid.dims);
    let [i, j, k] = [0, 1, 2].map(|axis: usize| voi.start[axis]..voi.end[axis]);
    let origin_ras = ct.grid.ras(voi.start.map(|v| v as f64));
    let grid = Grid { dims: voi.size(), origin_ras, ..ct.grid.clone() };
    let part = Volume::new(grid, ct.voxels.slice(s![k, j, i]).as_standard_layout().to_owned());
    (part, std::array::from_fn(|axis| around[axis] - voi.start[axis]))
}

fn segment(engine: &mut Engine, ct: Volume<f32>, options: Options) -> Segmentation {
    engine.segment(vec![ct], &options, &mut Monitor::silent()).expect("a good CT")
}

/// Volumes between those of spheres of 6 and 16 mm: by eye the nodule has about 9.5 mm, spicules apart.
fn assert_outlines_the_nodule(found: &Segmentation, at: [usize; 3]) {
    let [i, j, k] = at;
    let number = found.native().labels.voxels[[k, j, i]];
    assert!(number > 0, "nothing found at {at:?}; found {:?}", found.nodules);
    let nodule = &found.nodules[usize::from(number) - 1];
    assert!((100.0..2200.0).contains(&nodule.volume_mm3), "{nodule:?}");
}

#[test]
fn segment_part_around_the_nodule_outlines_it() {
    let Some(path) = data::find("fcp_dicom") else { return };
    let (part, at) = crop(&data::read(&path).volume, FCP_NODULE);
    let everywhere = Options { search: Search::Everywhere, ..Options::default() };
    assert_outlines_the_nodule(&segment(&mut engine(), part, everywhere), at);
}

#[test]
fn segment_at_the_nodule_outlines_it_outside_the_search() {
    let Some(path) = data::find("fcp_dicom") else { return };
    let ct = data::read(&path).volume;
    let nowhere = Search::Mask(Array3::from_elem(ct.voxels.raw_dim(), false));
    let found = segment(
        &mut engine(),
        ct,
        Options {
            search: nowhere,
            clicks: Clicks { inside: vec![FCP_NODULE], outside: Vec::new() },
            ..Options::default()
        },
    );
    assert_outlines_the_nodule(&found, FCP_NODULE);
    let [i, j, k] = FCP_NODULE;
    assert_eq!(found.clicks, [Some(found.native().labels.voxels[[k, j, i]])]);
}
