//! Which slices the fine network sees.
//!
//! Of the n slices that hold a voxel of the region the ⌈share · n⌉ with the highest information. The information of a slice is
//! the mean, over the region's voxels in it, of the entropy of the coarse foreground probability in bits; that is taken from
//! the coarse network's deterministic pass (the mean of its members' logits, nothing dropped, no noise). So sample s stays a
//! function of (seed, s) alone, whatever the number of samples. The choice costs one pass more, unless the coarse network has
//! this one answer alone: then it is kept. Of slices with the same information those nearer to the feet come first.

use std::collections::BTreeMap;

use ndarray::{Array2, Array3, Axis};

use super::marks::{Marks, mark};
use crate::{
    contract::hybrid::Prompts,
    error::Result,
    networks::{
        blending::{Plane, Planes, plane::TILE},
        job::Job,
        meter::Meter,
    },
    steps::statistics::entropy_bits,
};

/// The slices that hold a voxel of `region`.
pub fn slices(region: &Array3<bool>) -> Vec<usize> {
    let each = region.outer_iter().enumerate();
    each.filter(|(_, slice)| slice.iter().any(|inside| *inside)).map(|(k, _)| k).collect()
}

/// How many of `slices` slices the share is.
pub fn count(share: f64, slices: usize) -> usize {
    // A share that is meant to be a whole number of slices must not become one more by a rounding.
    ((share * slices as f64 - 1e-9).ceil().max(0.0) as usize).min(slices)
}

/// What the deterministic pass says of a slice.
#[derive(Debug, Clone, PartialEq)]
pub struct Scouted {
    /// Its number among the CT's.
    pub k: usize,
    /// Its information in bits.
    pub information: f64,
    /// What it shows, where the fine network takes prompts.
    pub marks: Option<Marks>,
}

/// Each slice of the job's region by the planes of the deterministic pass. `prompts`: those that the fine network takes.
/// `kept` takes the planes, where they are needed again.
///
/// # Errors
/// As [`Planes::plane`].
pub fn scout(
    planes: &mut impl Planes,
    job: Job<'_>,
    prompts: Option<&Prompts>,
    mut kept: Option<&mut BTreeMap<usize, Plane>>,
    meter: &mut Meter<'_, '_>,
) -> Result<Vec<Scouted>> {
    let [i_mm, j_mm, _] = job.images.grid.spacing_mm;
    let of_slice = |k: usize| {
        let plane = planes.plane(k, meter)?;
        let (information, foreground) = of_plane(&plane, k, job);
        let region = job.region.index_axis(Axis(0), k);
        let marks = prompts.map(|prompts| mark(&foreground, region, [j_mm, i_mm], prompts, meter.cancel()));
        if let Some(kept) = &mut kept {
            kept.insert(k, plane);
        }
        Ok(Scouted { k, information, marks: marks.transpose()? })
    };
    slices(job.region).into_iter().map(of_slice).collect()
}

/// The plane's information in bits, and the foreground's probability at the region's voxels.
fn of_plane(plane: &Plane, k: usize, job: Job<'_>) -> (f64, Array2<f32>) {
    let (_, height, width) = job.region.dim();
    let mut probability = Array2::zeros((height, width));
    let (mut sum, mut voxels) = (0.0, 0usize);
    for (tile, [j0, i0]) in plane.tiles() {
        let logits: Vec<&[f32]> = (0..job.channels()).map(|channel| plane.tile(tile, channel)).collect();
        let foreground = job.calibration.foreground(&logits);
        for (n, p) in foreground.into_iter().enumerate() {
            let (j, i) = (j0 + n / TILE, i0 + n % TILE);
            if j < height && i < width && job.region[[k, j, i]] {
                sum += entropy_bits(f64::from(p));
                voxels += 1;
                probability[[j, i]] = p;
            }
        }
    }
    (sum / voxels.max(1) as f64, probability)
}

/// The `count` slices with the highest information, in rising order.
pub fn most_informative(mut slices: Vec<Scouted>, count: usize) -> Vec<Scouted> {
    slices.sort_by(|one, other| other.information.total_cmp(&one.information).then(one.k.cmp(&other.k)));
    slices.truncate(count);
    slices.sort_unstable_by_key(|slice| slice.k);
    slices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn count_is_rounded_up_and_a_share_of_whole_slices_is_no_more() {
        assert_eq!([0.0, 0.01, 0.1, 0.3, 0.5, 1.0].map(|share| count(share, 10)), [0, 1, 1, 3, 5, 10]);
        assert_eq!(count(0.07, 100), 7, "0.07 · 100 is 7.000000000000001");
        assert_eq!((count(0.5, 0), count(0.5, 1)), (0, 1));
    }

    #[test]
    fn most_informative_of_equals_are_those_nearer_to_the_feet() {
        let scouted = |(k, information): (usize, f64)| Scouted { k, information, marks: None };
        let slices = [(3, 0.5), (4, 0.9), (5, 0.5), (6, 0.1), (7, 0.5)].map(scouted).to_vec();
        let chosen = |count: usize| -> Vec<usize> {
            most_informative(slices.clone(), count).iter().map(|slice| slice.k).collect()
        };
        assert_eq!(chosen(3), [3, 4, 5]);
        assert_eq!(chosen(1), [4]);
        assert_eq!(chosen(9), [3, 4, 5, 6, 7]);
    }

    #[test]
    fn slices_are_those_that_hold_a_voxel() {
        let mut region = Array3::from_elem((5, 2, 2), false);
        region[[1, 0, 1]] = true;
        region[[3, 1, 1]] = true;
        assert_eq!(slices(&region), [1, 3]);
    }
}
