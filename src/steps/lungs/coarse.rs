//! The coarse grid on which the lungs are found: blocks of voxels about 2 mm wide.
//!
//! Averaging over a block tames the noise of sharp kernels and makes whole-chest morphology a matter of a few
//! million voxels. Thick slices stay as they are: only axes finer than the target are reduced.

use std::convert::Infallible;

use ndarray::{Array2, Array3, ArrayViewMut3, Axis, Zip, s};

use crate::{
    error::{Error, Result},
    progress::{CancelToken, Monitor},
    space::volume::Volume,
    steps::components::{Neighbourhood, connected_components_of},
    threads::{SLAB, share},
};

/// Edge of a coarse voxel, in mm, as near as whole blocks allow.
const TARGET_MM: f64 = 2.0;
/// Padding outside the scan circle (-2000, -3024) counts as air; metal counts as bone.
const CLIP_HU: (f32, f32) = (-1024.0, 600.0);
/// No air is that thin: padding. A block with so much of it is padding; else its mean would look like lung.
const PADDING_HU: f32 = -1200.0;
const PADDING_PART: f32 = 0.1;
/// A sum of parts that is the whole.
const ALL: f32 = 0.999;

/// Mean HU of blocks of voxels.
pub(super) struct Coarse {
    /// Block means, `[k, j, i]`, HU.
    pub hu: Array3<f32>,
    /// Blocks with padding, which is thinner than any air or has the volume's lowest value throughout, joined to a corner
    /// of their slice.
    pub padding: Array3<bool>,
    /// Distance of neighbouring blocks along k, j, i, in mm.
    pub spacing_mm: [f64; 3],
    /// Fine voxels a block along k, j, i.
    factor: [usize; 3],
}

impl Coarse {
    /// Averages `ct` over blocks; a block at the far edge may be incomplete.
    pub fn of(ct: &Volume<f32>, monitor: &Monitor<'_>) -> Result<Self> {
        let [si, sj, sk] = ct.grid.spacing_mm;
        let fine = [sk, sj, si];
        let factor = fine.map(|s| (TARGET_MM / s).round().max(1.0) as usize);
        let shape = ct.voxels.dim();
        let dim = [shape.0, shape.1, shape.2];
        let coarse: [usize; 3] = std::array::from_fn(|a| dim[a].div_ceil(factor[a]));
        let mut hu = Array3::<f32>::zeros(coarse);
        let cancel = monitor.cancel_token();
        let lowest = share(ct.voxels.axis_chunks_iter(Axis(0), SLAB), |slab| {
            Ok::<_, Infallible>(slab.fold(f32::INFINITY, |low, &hu| low.min(hu)))
        });
        let lowest = lowest.unwrap_or_else(|never| match never {}).into_iter().fold(f32::INFINITY, f32::min);
        let mut padding = Array3::from_elem(coarse, false);
        let planes = hu.outer_iter_mut().zip(padding.axis_chunks_iter_mut(Axis(0), 1)).enumerate();
        share(planes, |(block_k, (mut plane, mut padding))| {
            let mut padded = Array2::<f32>::zeros((coarse[1], coarse[2]));
            cancel.check()?;
            let ks = block_k * factor[0]..((block_k + 1) * factor[0]).min(dim[0]);
            let slices = ks.len();
            for k in ks {
                for (j, row) in ct.voxels.index_axis(Axis(0), k).outer_iter().enumerate() {
                    let mut sums = plane.row_mut(j / factor[1]);
                    let mut padded = padded.row_mut(j / factor[1]);
                    let row = row.to_slice().expect("volumes have standard layout");
                    for ((sum, padded), block) in sums.iter_mut().zip(&mut padded).zip(row.chunks(factor[2])) {
                        let part = 1.0 / block.len() as f32;
                        *sum += block.iter().map(|v| v.clamp(CLIP_HU.0, CLIP_HU.1)).sum::<f32>() * part;
                        *padded +=
                            block.iter().map(|v| f32::from(u8::from(*v < PADDING_HU || *v == lowest))).sum::<f32>()
                                * part;
                    }
                }
            }
            for (block_j, mut row) in plane.outer_iter_mut().enumerate() {
                let rows = factor[1].min(dim[1] - block_j * factor[1]);
                let lines = (rows * slices) as f32;
                row.mapv_inplace(|sum| sum / lines);
                let padding = padding.slice_mut(s![0, block_j, ..]);
                let least = if lowest < PADDING_HU { PADDING_PART } else { ALL };
                Zip::from(padding).and(padded.row(block_j)).for_each(|to, &padded| *to = padded >= least * lines);
            }
            keep_at_corners(padding, cancel)
        })?;
        Ok(Coarse { hu, padding, spacing_mm: std::array::from_fn(|a| fine[a] * factor[a] as f64), factor })
    }

    /// Volume of a coarse voxel, in ml.
    pub fn voxel_ml(&self) -> f64 {
        self.spacing_mm.iter().product::<f64>() / 1000.0
    }

    /// Brings a coarse mask to the fine grid of `dim` voxels along k, j, i: trilinear between block centres, cut at `level`
    /// (0.5 keeps surfaces where they are, less moves them outwards).
    pub fn refine(
        &self,
        mask: &Array3<bool>,
        dim: [usize; 3],
        level: f32,
        monitor: &Monitor<'_>,
    ) -> Result<Array3<bool>> {
        let weights: [Vec<Between>; 3] =
            std::array::from_fn(|a| Between::table(dim[a], mask.shape()[a], self.factor[a]));
        let (height, width) = (mask.shape()[1], mask.shape()[2]);
        let coarse = mask.as_slice().expect("masks have standard layout");
        let mut fine = Array3::from_elem(dim, false);
        let cancel = monitor.cancel_token();
        share(fine.outer_iter_mut().zip(&weights[0]), |(mut out, k)| {
            let (mut plane, mut line) = (vec![0f32; height * width], vec![0f32; width]);
            cancel.check()?;
            let (low, high) = (&coarse[k.low * height * width..], &coarse[k.high * height * width..]);
            for ((value, &a), &b) in plane.iter_mut().zip(low).zip(high) {
                *value = k.blend(f32::from(u8::from(a)), f32::from(u8::from(b)));
            }
            for (mut out, j) in out.outer_iter_mut().zip(&weights[1]) {
                let (low, high) = (&plane[j.low * width..], &plane[j.high * width..]);
                let mut any = false;
                for ((value, &a), &b) in line.iter_mut().zip(low).zip(high) {
                    *value = j.blend(a, b);
                    any |= *value > 0.0;
                }
                if any {
                    for (voxel, i) in out.iter_mut().zip(&weights[2]) {
                        *voxel = i.blend(line[i.low], line[i.high]) >= level;
                    }
                }
            }
            Ok::<_, Error>(())
        })?;
        Ok(fine)
    }
}

/// Keeps what is joined to a corner of the slice.
fn keep_at_corners(mut slice: ArrayViewMut3<'_, bool>, cancel: &CancelToken) -> Result<()> {
    let (_, height, width) = slice.dim();
    let corners = [[0, 0, 0], [0, 0, width - 1], [0, height - 1, 0], [0, height - 1, width - 1]];
    if corners.iter().all(|corner| !slice[*corner]) {
        slice.fill(false);
        return Ok(());
    }
    let found = connected_components_of(slice.view(), Neighbourhood::Faces6, cancel)?;
    let kept = corners.map(|corner| found.labels[corner]);
    Zip::from(&mut slice).and(&found.labels).for_each(|inside, label| *inside = *label > 0 && kept.contains(label));
    Ok(())
}

/// Where a fine index lies between two coarse ones.
struct Between {
    low: usize,
    high: usize,
    weight: f32,
}

impl Between {
    fn table(fine: usize, coarse: usize, factor: usize) -> Vec<Between> {
        let place = |index: usize| {
            let at = ((index as f64 + 0.5) / factor as f64 - 0.5).clamp(0.0, (coarse - 1) as f64);
            let low = at as usize;
            Between { low, high: (low + 1).min(coarse - 1), weight: (at - low as f64) as f32 }
        };
        (0..fine).map(place).collect()
    }

    fn blend(&self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.weight
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::grid::Grid;

    #[test]
    fn coarse_blocks_average_and_incomplete_ones_average_what_they_have() {
        let voxels = Array3::from_shape_fn((2, 5, 7), |(k, j, i)| (100 * k + 10 * j + i) as f32);
        let ct = Volume::new(Grid::axial([7, 5, 2], [1.0, 1.0, 3.0]), voxels);
        let coarse = Coarse::of(&ct, &Monitor::silent()).unwrap();
        assert_eq!(coarse.hu.dim(), (2, 3, 4));
        assert_eq!(coarse.spacing_mm, [3.0, 2.0, 2.0]);
        assert!((coarse.hu[[0, 0, 0]] - 5.5).abs() < 1e-4);
        assert!((coarse.hu[[1, 2, 3]] - 146.0).abs() < 1e-4);
    }

    #[test]
    fn refine_half_space_keeps_its_surface() {
        let ct = Volume::new(Grid::axial([16, 8, 8], [1.0; 3]), Array3::zeros((8, 8, 16)));
        let coarse = Coarse::of(&ct, &Monitor::silent()).unwrap();
        let mask = Array3::from_shape_fn(coarse.hu.dim(), |(_, _, i)| i < 3);
        let fine = coarse.refine(&mask, [8, 8, 16], 0.5, &Monitor::silent()).unwrap();
        assert!(fine.indexed_iter().all(|((_, _, i), inside)| *inside == (i < 6)));
    }
}
