//! The three-dimensional judgement of a finding: the patch that the judge sees.
//!
//! A patch is centred on the finding's centroid, axes along k, j, i, spacing and size from the bundle. Positions beyond
//! the volume repeat its edge; a channel of its own says which these are, so that a nodule that ends can be told from a
//! scan that does.

use ndarray::{Array3, Array5, s};

use crate::steps::{
    resample::{Tap, trilinear},
    windowing::HuWindow,
};
use crate::{contract::network::Classify, space::volume::Volume};

/// Channels of a patch: windowed HU, mean probability, and 1 within the volume or 0 beyond it.
pub const CHANNELS: usize = 3;

/// The channels around `centre_ijk`: shape (1, [`CHANNELS`], D, H, W).
pub fn patch(
    spec: &Classify,
    window: HuWindow,
    ct: &Volume<f32>,
    probability: &Array3<f32>,
    centre_ijk: [f64; 3],
) -> Array5<f32> {
    let grid = &ct.grid;
    let size = spec.size();
    let spacing_mm = spec.spacing_mm();
    // Voxel indices of the samples along grid axis `axis`, which is array axis `2 - axis`.
    let positions = |axis: usize| -> Vec<f64> {
        let (samples, step) = (size[2 - axis], spacing_mm[2 - axis] / grid.spacing_mm[axis]);
        let middle = (samples as f64 - 1.0) / 2.0;
        (0..samples).map(|n| centre_ijk[axis] + (n as f64 - middle) * step).collect()
    };
    let [along_i, along_j, along_k] = [0, 1, 2].map(positions);
    let taps = |positions: &[f64], axis: usize| -> Vec<Tap> {
        positions.iter().map(|position| Tap::at(*position, grid.dims[axis])).collect()
    };
    let (slices, rows, columns) = (taps(&along_k, 2), taps(&along_j, 1), taps(&along_i, 0));
    let within = |position: f64, axis: usize| position >= -0.5 && position <= grid.dims[axis] as f64 - 0.5;
    let inside = |(k, j, i): (usize, usize, usize)| {
        f32::from(u8::from(within(along_k[k], 2) && within(along_j[j], 1) && within(along_i[i], 0)))
    };
    let [depth, height, width] = size;
    let mut patch = Array5::zeros((1, CHANNELS, depth, height, width));
    let hu = trilinear(ct.voxels.view(), &slices, &rows, &columns).mapv_into(|hu| window.apply(hu));
    patch.slice_mut(s![0, 0, .., .., ..]).assign(&hu);
    patch.slice_mut(s![0, 1, .., .., ..]).assign(&trilinear(probability.view(), &slices, &rows, &columns));
    patch.slice_mut(s![0, 2, .., .., ..]).assign(&Array3::from_shape_fn(size, inside));
    patch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::grid::Grid;

    #[test]
    fn patch_near_a_corner_repeats_the_edge_and_says_where_the_volume_ends() {
        let grid = Grid::axial([10, 9, 8], [1.0, 1.0, 2.0]);
        let hu = Array3::from_shape_fn(grid.shape(), |(k, j, i)| (100 * k + 10 * j + i) as f32);
        let probability = hu.mapv(|hu| hu / 1000.0);
        let ct = Volume::new(grid, hu);
        let json = include_bytes!("../../tests/bundles/tiny-doubt/model.json");
        let model = crate::contract::bundle::parse("test".as_ref(), json).expect("a committed bundle");
        let mut spec = model.classify.expect("it has one");
        spec.grid.size = Some([3, 3, 5]);
        spec.grid.spacing_mm = [2.0, 1.0, 1.0].map(Some);
        let patch = patch(&spec, HuWindow::new([0.0, 1000.0]), &ct, &probability, [1.0, 4.0, 0.0]);
        assert_eq!(patch.dim(), (1, CHANNELS, 3, 3, 5));
        // Columns -1 to 3, slices -1 to 1: the first of each lies beyond the volume.
        let row = |channel: usize, k: usize| patch.slice(s![0, channel, k, 1, ..]).to_vec();
        let near = |a: Vec<f32>, b: [f32; 5]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
        for channel in [0, 1] {
            assert!(near(row(channel, 0), [0.040, 0.040, 0.041, 0.042, 0.043]), "{:?}", row(channel, 0));
            assert!(near(row(channel, 2), [0.140, 0.140, 0.141, 0.142, 0.143]), "{:?}", row(channel, 2));
        }
        assert_eq!(row(2, 0), [0.0; 5]);
        assert_eq!(row(2, 1), [0.0, 1.0, 1.0, 1.0, 1.0]);
    }
}
