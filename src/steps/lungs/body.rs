//! The body around the lungs: what it encloses, where its mass lies, where its middle is.
//!
//! HU can't tell lung that is nearly air from the air around the patient; the body wall can.

use ndarray::{Array3, ArrayView1, Axis, Zip, s};

use crate::steps::lungs::{coarse::Coarse, surface::hull_rows};
use crate::{
    error::Result,
    progress::Monitor,
    steps::components::{Neighbourhood, connected_components_of},
};

/// Fat and what is denser; clothes, foam and the table's shell are less.
const TISSUE_HU: f32 = -200.0;
/// Spongy bone, averaged over a block, and more.
const BONE_HU: f32 = 180.0;
/// So much bone tells where the middle is; else the tissue does.
const MIN_BONE_ML: f64 = 30.0;

/// The part of `air` that tissue rings in its axial slice: not the air around the patient, whatever the body is open to
/// in other slices. What touches the image's sides, or the padding beyond the scan circle, counts as outside.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub(super) fn enclosed(coarse: &Coarse, air: &Array3<bool>, monitor: &Monitor<'_>) -> Result<Array3<bool>> {
    let mut enclosed = Array3::from_elem(air.dim(), false);
    let (depth, height, width) = air.dim();
    for k in 0..depth {
        monitor.check()?;
        let padding = coarse.padding.index_axis(Axis(0), k);
        let mut gas = air.slice(s![k..k + 1, .., ..]).to_owned();
        Zip::from(gas.index_axis_mut(Axis(0), 0)).and(&padding).for_each(|gas, &padding| *gas |= padding);
        let patches = connected_components_of(gas.view(), Neighbourhood::Faces6, monitor.cancel_token())?;
        let labels = patches.labels.index_axis(Axis(0), 0);
        let mut open: Vec<bool> =
            std::iter::once(true)
                .chain(patches.list.iter().map(|c| {
                    c.voi.start[0] == 0 || c.voi.start[1] == 0 || c.voi.end[0] == width || c.voi.end[1] == height
                }))
                .collect();
        Zip::from(&labels).and(&padding).for_each(|&label, &padding| open[label as usize] |= padding);
        let slice = enclosed.index_axis_mut(Axis(0), k);
        Zip::from(slice).and(&labels).for_each(|inside, &label| *inside = !open[label as usize]);
    }
    Ok(enclosed)
}

/// Where the mass of the body lies along the rows and the columns.
pub(super) struct Mass {
    /// Part of the tissue before each row, and before each column.
    rows: Vec<f64>,
    columns: Vec<f64>,
}

impl Mass {
    pub fn of(coarse: &Coarse) -> Self {
        let (_, height, width) = coarse.hu.dim();
        let (mut rows, mut columns) = (vec![0.0; height], vec![0.0; width]);
        for (n, line) in coarse.hu.rows().into_iter().enumerate() {
            rows[n % height] += count_denser(line, TISSUE_HU, &mut columns);
        }
        Mass { rows: running_share(rows), columns: running_share(columns) }
    }

    /// Parts of the body's tissue that lie before a point's row, and before its column.
    pub fn before(&self, j: f64, i: f64) -> [f64; 2] {
        [self.rows[j as usize], self.columns[i as usize]]
    }
}

/// Counts the voxels of `line` above `least`, and adds them to their columns.
fn count_denser(line: ArrayView1<'_, f32>, least: f32, columns: &mut [f64]) -> f64 {
    let mut count = 0.0;
    for (column, &hu) in columns.iter_mut().zip(line) {
        let denser = f64::from(u8::from(hu > least));
        *column += denser;
        count += denser;
    }
    count
}

fn running_share(counts: Vec<f64>) -> Vec<f64> {
    let total = counts.iter().sum::<f64>().max(1.0);
    let sum = |sum: &mut f64, count: f64| {
        *sum += count;
        Some(*sum / total)
    };
    counts.into_iter().scan(0.0, sum).collect()
}

/// The column that halves the bone (spine, sternum, ribs) in the slices that hold lung, or the tissue where there is
/// hardly any bone. `lung` may lie on one side: the middle of the lungs would follow it, that of the bones doesn't.
pub(super) fn middle_column(coarse: &Coarse, slices: std::ops::Range<usize>) -> f64 {
    let counts = |least: f32| -> Vec<f64> {
        let mut columns = vec![0.0; coarse.hu.dim().2];
        for line in coarse.hu.slice(s![slices.clone(), .., ..]).rows() {
            count_denser(line, least, &mut columns);
        }
        columns
    };
    let bone = counts(BONE_HU);
    let enough = bone.iter().sum::<f64>() * coarse.voxel_ml() >= MIN_BONE_ML;
    let share = running_share(if enough { bone } else { counts(TISSUE_HU) });
    share.iter().position(|part| *part >= 0.5).map_or(share.len() as f64 / 2.0, |column| column as f64 + 0.5)
}

/// Calls `at` for the voxels of `mask` that lie beside one of `others` in their slice, for each such neighbour.
pub(super) fn beside(others: &Array3<bool>, mask: &Array3<bool>, mut at: impl FnMut([usize; 3])) {
    for ((k, j, i), _) in others.indexed_iter().filter(|(_, there)| **there) {
        let neighbours =
            [(j.checked_sub(1), Some(i)), (Some(j + 1), Some(i)), (Some(j), i.checked_sub(1)), (Some(j), Some(i + 1))];
        for (j, i) in neighbours {
            if let (Some(j), Some(i)) = (j, i)
                && mask.get([k, j, i]) == Some(&true)
            {
                at([k, j, i]);
            }
        }
    }
}

/// Volume in the rib cage, in the given slices: what the bones enclose in each, in ml.
pub(super) fn cage_ml(coarse: &Coarse, slices: std::ops::Range<usize>) -> f64 {
    let area = |k: usize| -> usize {
        let bone = coarse.hu.index_axis(Axis(0), k).map(|&hu| hu > BONE_HU);
        hull_rows(bone.view()).iter().flatten().map(|(first, last)| (last + 1).saturating_sub(*first)).sum()
    };
    slices.map(area).sum::<usize>() as f64 * coarse.voxel_ml()
}
