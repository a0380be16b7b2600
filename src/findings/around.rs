//! What the probability map says of a nodule beyond its outline: probability that lies around it and belongs to none, and
//! how small and how large its volume may be.

use ndarray::Array3;

use crate::findings::canonical::Canonical;
use crate::{
    error::Result,
    progress::CancelToken,
    space::{grid::Grid, volume::Voi},
    steps::{
        components::{Neighbourhood, connected_components},
        distance::squared_distance,
    },
};

/// How far from a nodule's voxels "around" reaches, in mm.
const AROUND_MM: f64 = 4.0;
/// A voxel at just that distance counts, whatever single precision makes of the spacing.
const ROUNDING_MM: f64 = 1e-3;
/// What is left of a nodule where only voxels count whose probability is that share of its highest.
const CORE_SHARE: f32 = 0.95;
/// The least volume is this share of the outline's at least: what is smaller still isn't what was outlined, and that is
/// for the probability of a nodule and the review flag to say.
const MIN_SHARE: f64 = 0.1;
/// Below this probability nothing speaks for a voxel.
const FAINT: f32 = 0.05;

/// How small and how large a nodule may be by its evidence, in mm³; neither end of an interval lies beyond. Both hold the
/// outline's own volume between them.
///
/// - `least`: of the outline's voxels those with 0.95 of its highest mean probability; a tenth of the outline at least.
/// - `most`: the outline and what is connected with it (26 neighbours) within 4 mm, one voxel at least, has a mean
///   probability above 0.05 and belongs to no other nodule.
///
/// Both levels were chosen on nodules of the model's development part (`onnx/sam2lung_train/training/fit_uncertainty.py`), so that few of the
/// readers' consensus volumes lie beyond.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VolumeLimits {
    /// The smallest volume.
    pub least_mm3: f64,
    /// The largest.
    pub most_mm3: f64,
}

impl VolumeLimits {
    /// `ends`, in either order, drawn out by what isn't known of the edge, then in to the limits; they hold `volume_mm3`.
    pub fn bounded(self, ends: [f64; 2], volume_mm3: f64, voxel_mm3: f64) -> [f64; 2] {
        let edge = half_voxel_off(volume_mm3, voxel_mm3);
        let (low, high) = (ends[0].min(ends[1]).min(edge[0]), ends[0].max(ends[1]).max(edge[1]));
        [low.max(self.least_mm3).min(volume_mm3), high.min(self.most_mm3).max(volume_mm3)]
    }
}

/// The volume of a sphere, and of voxels that are cubes, with its surface half a voxel farther in and out: where within a
/// voxel an edge lies no outline made of voxels says.
fn half_voxel_off(volume_mm3: f64, voxel_mm3: f64) -> [f64; 2] {
    let radius_mm = (volume_mm3 * 3.0 / (4.0 * std::f64::consts::PI)).cbrt();
    let off = 0.5 * voxel_mm3.cbrt() / radius_mm;
    [volume_mm3 * (1.0 - off).max(0.0).powi(3), volume_mm3 * (1.0 + off).powi(3)]
}

/// A nodule's surroundings: arrays over a box that holds all of "around".
pub struct Surroundings<'a> {
    maps: &'a Canonical<'a>,
    near: Voi,
    id: u16,
    labels: Array3<u16>,
    /// From the nearest of its voxels, in mm².
    squared_mm: Array3<f32>,
}

impl<'a> Surroundings<'a> {
    /// Of nodule `id`, which lies in `voi`.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn of(maps: &'a Canonical<'a>, id: u16, voi: &Voi, cancel: &CancelToken) -> Result<Self> {
        let grid = &maps.ct.grid;
        let near = voi.grown(grid.steps(farthest_mm(grid)), grid.dims);
        let [width, height, depth] = near.size();
        let labels = near.indices().map(|index| maps.labels[index]).collect();
        let labels = Array3::from_shape_vec((depth, height, width), labels).expect("one label a voxel of the box");
        let [x_mm, y_mm, z_mm] = grid.spacing_mm;
        let squared_mm = squared_distance(&labels.mapv(|label| label == id), [z_mm, y_mm, x_mm], cancel)?;
        Ok(Surroundings { maps, near, id, labels, squared_mm })
    }

    /// Sum of the mean probability over voxels that lie within 4 mm of the nodule and belong to no nodule, over the
    /// nodule's number of voxels.
    pub fn probability(&self) -> f64 {
        let limit = (AROUND_MM + ROUNDING_MM).powi(2) as f32;
        let places = self.near.indices().zip(self.labels.iter().zip(&self.squared_mm));
        let around = places.filter(|(_, (label, squared))| **label == 0 && **squared <= limit);
        let sum: f64 = around.map(|(index, _)| f64::from(self.maps.probability[index])).sum();
        sum / self.own() as f64
    }

    /// How small and how large the nodule may be.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn volume_limits(&self, cancel: &CancelToken) -> Result<VolumeLimits> {
        let voxel_mm3 = self.maps.ct.grid.voxel_mm3();
        let own = self.near.indices().zip(&self.labels).filter(|(_, label)| **label == self.id);
        let own: Vec<f32> = own.map(|(index, _)| self.maps.probability[index]).collect();
        let highest = own.iter().copied().fold(0.0, f32::max);
        let core = own.iter().filter(|p| **p >= CORE_SHARE * highest).count() as f64;
        let least = core.max(MIN_SHARE * own.len() as f64);
        Ok(VolumeLimits { least_mm3: least * voxel_mm3, most_mm3: self.reached(cancel)? as f64 * voxel_mm3 })
    }

    fn own(&self) -> usize {
        self.labels.iter().filter(|label| **label == self.id).count()
    }

    /// Voxels of the nodule, and those around it that a faint probability connects with it.
    fn reached(&self, cancel: &CancelToken) -> Result<usize> {
        let limit = farthest_mm(&self.maps.ct.grid).powi(2) as f32;
        let mut mask = self.squared_mm.mapv(|squared| squared <= limit);
        for ((inside, label), index) in mask.iter_mut().zip(&self.labels).zip(self.near.indices()) {
            *inside &= *label == self.id || *label == 0 && self.maps.probability[index] > FAINT;
        }
        let parts = connected_components(&mask, Neighbourhood::All26, cancel)?;
        let mut touches = vec![false; parts.list.len() + 1];
        for (part, label) in parts.labels.iter().zip(&self.labels) {
            touches[*part as usize] |= *label == self.id;
        }
        Ok(parts.labels.iter().filter(|part| **part > 0 && touches[**part as usize]).count())
    }
}

/// How far from the nodule its voxels may lie: between thick slices even the next one is more than 4 mm away.
fn farthest_mm(grid: &Grid) -> f64 {
    grid.spacing_mm.into_iter().fold(AROUND_MM, f64::max) + ROUNDING_MM
}
