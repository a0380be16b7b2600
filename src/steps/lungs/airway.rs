//! Trachea and main bronchi: gas in a tube of soft tissue.
//!
//! They are found slice by slice, as small patches of gas ringed by tissue, and joined in 3-D. A patch inside the lung
//! is ringed by lung, so the search ends by itself where the bronchi enter the lungs; unlike region growing it can't
//! leak through a thin wall.

use ndarray::{Array2, Array3, Axis, s};

use crate::steps::lungs::{air::AIR_HU, coarse::Coarse};
use crate::{
    error::Result,
    progress::{CancelToken, Monitor},
    steps::components::{Component, Neighbourhood, connected_components, connected_components_of},
};

/// Block means in the lumen lie below the first level, those of healthy lung above; the others part a lumen from
/// lung that is dark or hardly walled off.
const GAS_HU: [f32; 3] = [-900.0, -945.0, -980.0];
/// Area of an axial section: a lobar bronchus, and the carina cut along both main bronchi.
const SECTION_MM2: (f64, f64) = (25.0, 1500.0);
/// The ring that is looked at lies so far from the gas: beyond the wall's partial volume.
const RING_MM: f64 = 4.0;
/// Part of the ring that has to be tissue; the right lung may touch the trachea.
const RING_TISSUE: f64 = 0.6;
/// Part of its bounding box that a section covers; crescents of lung beside the diaphragm cover less.
const MIN_COMPACT: f64 = 0.3;
/// Shorter and smaller tubes are left alone.
const MIN_LENGTH_MM: f64 = 25.0;
const MIN_ML: f64 = 1.5;
/// A tube as wide as no trachea is long against its width; else it is a bulla, or a loop of bowel.
const WIDE_MM2: f64 = 600.0;
const MIN_SLENDER: f64 = 1.5;

/// Gas in tubes of tissue.
pub(super) struct Airway {
    /// Trachea, main bronchi, and stretches of oesophagus and bowel that look alike: no lung in any case.
    pub tubes: Array3<bool>,
    /// Mean column of the tube that reaches farthest to the head, the trachea where it is seen.
    pub column: Option<f64>,
}

/// Finds the airway; nothing is seen of it in crops and at the bases.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub(super) fn find_airway(coarse: &Coarse, monitor: &Monitor<'_>) -> Result<Airway> {
    let mut sections = Array3::from_elem(coarse.hu.dim(), false);
    for level in GAS_HU {
        let gas = coarse.hu.map(|&hu| hu < level);
        for k in 0..gas.dim().0 {
            monitor.check()?;
            keep_tube_sections(coarse, &gas, k, &mut sections, monitor.cancel_token())?;
        }
    }
    let found = connected_components(&sections, Neighbourhood::All26, monitor.cancel_token())?;
    let is_tube = |c: &Component| {
        let length_mm = c.voi.size()[2] as f64 * coarse.spacing_mm[0];
        let ml = c.voxels as f64 * coarse.voxel_ml();
        let section_mm2 = 1000.0 * ml / length_mm;
        let width_mm = (4.0 / std::f64::consts::PI * section_mm2).sqrt();
        let slender = section_mm2 < WIDE_MM2 || length_mm >= MIN_SLENDER * width_mm;
        length_mm >= MIN_LENGTH_MM && ml >= MIN_ML && slender
    };
    let trachea = found.list.iter().filter(|c| is_tube(c)).max_by_key(|c| (c.voi.end[2], c.voxels));
    Ok(Airway { tubes: found.mask(is_tube), column: trachea.map(|trachea| mean_column(&found.labels, trachea.label)) })
}

fn mean_column(labels: &Array3<u32>, label: u32) -> f64 {
    let own = labels.indexed_iter().filter(|(_, l)| **l == label);
    let (sum, count) = own.fold((0usize, 0usize), |(sum, count), ((_, _, i), _)| (sum + i, count + 1));
    sum as f64 / count as f64
}

/// Copies the patches of slice `k` of `gas` that tissue surrounds to `sections`.
fn keep_tube_sections(
    coarse: &Coarse,
    gas: &Array3<bool>,
    k: usize,
    sections: &mut Array3<bool>,
    cancel: &CancelToken,
) -> Result<()> {
    let slice = gas.slice(s![k..k + 1, .., ..]);
    let patches = connected_components_of(slice, Neighbourhood::Faces6, cancel)?;
    let labels = patches.labels.index_axis(Axis(0), 0);
    let pixel_mm2 = coarse.spacing_mm[1] * coarse.spacing_mm[2];
    let reach = [1, 2].map(|axis| (RING_MM / coarse.spacing_mm[axis]).round().max(1.0) as usize);
    for patch in &patches.list {
        let area = patch.voxels as f64 * pixel_mm2;
        let [width, height, _] = patch.voi.size();
        let compact = patch.voxels as f64 >= MIN_COMPACT * (width * height) as f64;
        if !compact || area < SECTION_MM2.0 || area > SECTION_MM2.1 {
            continue;
        }
        let own = |j: usize, i: usize| labels[[j, i]] == patch.label;
        let Some(ring) = ring(patch, reach, labels.dim(), own) else {
            continue;
        };
        let tissue = ring.iter().filter(|(j, i)| coarse.hu[[k, *j, *i]] > AIR_HU).count();
        if tissue as f64 >= RING_TISSUE * ring.len() as f64 {
            let (j, i) = (patch.voi.start[1]..patch.voi.end[1], patch.voi.start[0]..patch.voi.end[0]);
            for (j, i) in j.flat_map(|j| i.clone().map(move |i| (j, i))).filter(|&(j, i)| own(j, i)) {
                sections[[k, j, i]] = true;
            }
        }
    }
    Ok(())
}

/// The outermost pixels of the patch dilated by a box of `reach`; `None` when that leaves the slice.
fn ring(
    patch: &Component,
    reach: [usize; 2],
    dim: (usize, usize),
    own: impl Fn(usize, usize) -> bool,
) -> Option<Vec<(usize, usize)>> {
    let [i0, j0] = [patch.voi.start[0].checked_sub(reach[1])?, patch.voi.start[1].checked_sub(reach[0])?];
    let [i1, j1] = [patch.voi.end[0] + reach[1], patch.voi.end[1] + reach[0]];
    if j1 > dim.0 || i1 > dim.1 {
        return None;
    }
    let mut steps = Array2::<u8>::from_elem((j1 - j0, i1 - i0), 0);
    for j in patch.voi.start[1]..patch.voi.end[1] {
        for i in (patch.voi.start[0]..patch.voi.end[0]).filter(|&i| own(j, i)) {
            let (j, i) = (j - j0, i - i0);
            let near = s![j - reach[0]..=j + reach[0], i - reach[1]..=i + reach[1]];
            steps.slice_mut(near).mapv_inplace(|value| value.max(1));
            let nearer = s![j + 1 - reach[0]..j + reach[0], i + 1 - reach[1]..i + reach[1]];
            steps.slice_mut(nearer).fill(2);
        }
    }
    Some(steps.indexed_iter().filter(|(_, step)| **step == 1).map(|((j, i), _)| (j + j0, i + i0)).collect())
}
