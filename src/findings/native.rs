//! The maps of a run as a caller wants to keep them: on the CT's own grid, packed, without what only the run needed.

use ndarray::Array3;

use crate::pipeline::{Account, Segmentation};
use crate::{
    error::Result,
    findings::nodule::Nodule,
    progress::CancelToken,
    space::{grid::Grid, volume::VolumeView},
    steps::surfaces::{Level, Surface, surfaces},
};

/// What a run found, on the CT's own grid; arrays `[k, j, i]` in standard layout.
#[derive(Debug)]
pub struct Native {
    /// The CT's grid.
    pub grid: Grid,
    /// 1..=N for the nodules by falling volume, 0 elsewhere.
    pub labels: Array3<u16>,
    /// Mean probability over samples.
    pub probability: Array3<f32>,
    /// Uncertainty of the kind asked for.
    pub uncertainty: Array3<f32>,
    /// Uncertainty of each of [`crate::, contract::uncertainty::Uncertainty::ALL`], where that was asked for as well; else none.
    pub kinds: Vec<Array3<f32>>,
    /// The nodules, in the order of their numbers.
    pub nodules: Vec<Nodule>,
    /// How the run went.
    pub account: Account,
}

impl Native {
    /// Closed surfaces of all nodules; of number `only` alone, where it is given.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn surfaces(&self, only: Option<u16>, cancel: &CancelToken) -> Result<Vec<Surface>> {
        let labels = VolumeView { grid: &self.grid, voxels: self.labels.view() };
        let level = Level { probability: self.probability.view(), threshold: self.account.threshold };
        surfaces(labels, Some(level), only, cancel)
    }
}

impl Segmentation {
    /// Brings the maps back to the CT's own grid; nothing is copied where they are on it already.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
    pub fn into_native(self, cancel: &CancelToken) -> Result<Native> {
        let Segmentation { nodules, canonical, account, orientation } = self;
        // Given back first: room for the copies.
        drop((canonical.ct, canonical.samples));
        let back = |map: Array3<f32>| orientation.array_to_native(map, cancel);
        Ok(Native {
            labels: orientation.array_to_native(canonical.labels, cancel)?,
            probability: back(canonical.probability)?,
            uncertainty: back(canonical.uncertainty)?,
            kinds: canonical.kinds.into_iter().map(back).collect::<Result<_>>()?,
            grid: orientation.native_grid().clone(),
            nodules,
            account,
        })
    }
}
