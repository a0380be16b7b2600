//! Lungs that are nearly air, shown to a network as it knows lungs.
//!
//! A network learned from lungs of about −870 HU. In lungs near −1000 HU (emphysema, a pneumothorax, a ventilated lung, a
//! physical phantom) it takes what is there for the air around the patient, and outlines nothing. So the dark part of such
//! a lung is lifted for the network: the lung's median becomes the HU that the network knows, −500 HU stays what it is,
//! what lies between is moved in proportion, and denser tissue isn't touched. What is measured in HU is measured on the CT.
//!
//! Enters: a CT in HU and the search region, in canonical orientation. Leaves: the lungs' medians, and the lifted CT where
//! a lung needs it. Each half of the chest is looked at by itself: one lung may be sick.

use std::ops::Range;

use ndarray::{Array3, Axis};

use crate::{
    error::Result,
    memory,
    progress::CancelToken,
    space::volume::{Voi, Volume, is_blank},
    threads::{share, slabs},
};

/// Darker voxels are aerated lung, denser ones tissue: halfway between the two.
const AERATED_BELOW_HU: f32 = -500.0;
/// Bins of a histogram of 1 HU, from here up to [`AERATED_BELOW_HU`]; what is darker is padding.
const DARKEST_HU: f32 = -1100.0;
const BINS: usize = (AERATED_BELOW_HU - DARKEST_HU) as usize;
/// Less aerated lung than this tells nothing, in ml.
const MIN_ML: f64 = 20.0;

/// How a network knows lungs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tone {
    /// Lungs whose median is below this are lifted, in HU.
    pub below_hu: f32,
    /// To this median, in HU.
    pub to_hu: f32,
}

/// The lung in one half of the chest.
#[derive(Debug, Clone, PartialEq)]
pub struct HalfLung {
    columns: Range<usize>,
    /// Median HU of its aerated voxels.
    pub median_hu: f32,
}

impl HalfLung {
    /// True for the half at the patient's right.
    pub fn is_right(&self) -> bool {
        self.columns.start == 0
    }
}

/// The lungs in both halves of the search region, the patient's right first; a half without lung is left out.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub fn halves(ct: &Volume<f32>, search: &Array3<bool>, cancel: &CancelToken) -> Result<Vec<HalfLung>> {
    let Some(voi) = Voi::around(search) else { return Ok(Vec::new()) };
    let middle = (voi.start[0] + voi.end[0]) / 2;
    let mut found = Vec::new();
    for columns in [0..middle, middle..ct.grid.dims[0]] {
        let histogram = histogram(ct, search, &columns, cancel)?;
        let voxels: usize = histogram.iter().sum();
        if voxels as f64 * ct.grid.voxel_mm3() / 1000.0 >= MIN_ML {
            found.push(HalfLung { columns, median_hu: median(&histogram, voxels) });
        }
    }
    Ok(found)
}

fn histogram(
    ct: &Volume<f32>,
    search: &Array3<bool>,
    columns: &Range<usize>,
    cancel: &CancelToken,
) -> Result<Vec<usize>> {
    let of_slab = |slab: Range<usize>| {
        let mut bins = vec![0; BINS];
        for k in slab {
            cancel.check()?;
            let (slice, inside) = (ct.voxels.index_axis(Axis(0), k), search.index_axis(Axis(0), k));
            for (row, inside) in slice.outer_iter().zip(inside.outer_iter()).filter(|(_, inside)| !is_blank(inside)) {
                for i in columns.clone().filter(|i| inside[*i]) {
                    let hu = row[i];
                    if (DARKEST_HU..AERATED_BELOW_HU).contains(&hu) {
                        bins[(hu - DARKEST_HU) as usize] += 1;
                    }
                }
            }
        }
        Ok(bins)
    };
    let mut bins = vec![0; BINS];
    for slab in share(slabs(search.dim().0), of_slab)? {
        bins.iter_mut().zip(slab).for_each(|(all, of_slab): (&mut usize, usize)| *all += of_slab);
    }
    Ok(bins)
}

/// Middle of the bin that holds the median of `voxels` values.
fn median(histogram: &[usize], voxels: usize) -> f32 {
    let mut below = 0;
    let bin = histogram.iter().position(|count| {
        below += count;
        2 * below >= voxels
    });
    DARKEST_HU + bin.unwrap_or(0) as f32 + 0.5
}

/// The CT with its nearly airy lungs lifted to `tone`; `None` where none is.
///
/// # Errors
/// [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
pub fn lifted(ct: &Volume<f32>, lungs: &[HalfLung], tone: Tone, cancel: &CancelToken) -> Result<Option<Volume<f32>>> {
    let airy: Vec<&HalfLung> = lungs.iter().filter(|lung| lung.median_hu < tone.below_hu).collect();
    if airy.is_empty() {
        return Ok(None);
    }
    let mut voxels = memory::vec(ct.voxels.len(), "the lungs as the network knows them")?;
    for slice in ct.voxels.outer_iter() {
        cancel.check()?;
        voxels.extend(slice.iter());
    }
    let mut voxels = Array3::from_shape_vec(ct.voxels.raw_dim(), voxels).expect("every voxel was copied");
    for mut slice in voxels.outer_iter_mut() {
        cancel.check()?;
        for mut row in slice.outer_iter_mut() {
            for lung in &airy {
                lung.columns.clone().for_each(|i| row[i] = lift(row[i], lung.median_hu, tone.to_hu));
            }
        }
    }
    Ok(Some(ct.like(voxels)))
}

/// `hu`, where a lung of `from_hu` is to look like one of `to_hu`.
fn lift(hu: f32, from_hu: f32, to_hu: f32) -> f32 {
    if hu >= AERATED_BELOW_HU {
        return hu;
    }
    AERATED_BELOW_HU + (hu - AERATED_BELOW_HU) * (to_hu - AERATED_BELOW_HU) / (from_hu - AERATED_BELOW_HU)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::grid::Grid;

    const TONE: Tone = Tone { below_hu: -940.0, to_hu: -870.0 };

    /// Two blocks of lung in tissue, 64 ml each, the first of `right_hu`, the other of `left_hu`; and where they are.
    fn chest(right_hu: f32, left_hu: f32) -> (Volume<f32>, Array3<bool>) {
        let grid = Grid::axial([100, 60, 40], [1.0; 3]);
        let inside = |(k, j, i): (usize, usize, usize)| {
            (0..40).contains(&k) && (10..50).contains(&j) && ((5..45).contains(&i) || (55..95).contains(&i))
        };
        let hu = |at: (usize, usize, usize)| match inside(at) {
            true if at.2 < 50 => right_hu,
            true => left_hu,
            false => 40.0,
        };
        let search = Array3::from_shape_fn(grid.shape(), inside);
        (Volume::new(grid.clone(), Array3::from_shape_fn(grid.shape(), hu)), search)
    }

    fn lift_of(ct: &Volume<f32>, search: &Array3<bool>) -> Option<Volume<f32>> {
        let token = CancelToken::new();
        lifted(ct, &halves(ct, search, &token).unwrap(), TONE, &token).unwrap()
    }

    #[test]
    fn halves_have_the_median_of_their_lung() {
        let (ct, search) = chest(-990.0, -860.0);
        let medians: Vec<f32> =
            halves(&ct, &search, &CancelToken::new()).unwrap().iter().map(|lung| lung.median_hu).collect();
        assert_eq!(medians, [-989.5, -859.5]);
    }

    #[test]
    fn lifted_lungs_as_the_network_knows_them_are_left_alone() {
        let (ct, search) = chest(-930.0, -860.0);
        assert!(lift_of(&ct, &search).is_none());
    }

    #[test]
    fn lifted_only_the_airy_lung_changes_and_no_tissue() {
        let (ct, search) = chest(-990.0, -860.0);
        let shown = lift_of(&ct, &search).unwrap();
        assert!((shown.voxels[[20, 30, 20]] + 870.0).abs() < 0.5, "{}", shown.voxels[[20, 30, 20]]);
        assert_eq!(shown.voxels[[20, 30, 80]], -860.0);
        assert_eq!(shown.voxels[[20, 5, 20]], 40.0);
    }

    #[test]
    fn lift_is_continuous_and_keeps_the_order() {
        assert_eq!(lift(-500.0, -990.0, -870.0), -500.0);
        assert!((lift(-500.001, -990.0, -870.0) + 500.0).abs() < 0.01);
        let shown: Vec<f32> = (-1000..=-500).map(|hu| lift(hu as f32, -990.0, -870.0)).collect();
        assert!(shown.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
