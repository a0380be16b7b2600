//! The roles of a run, each filled by a network of any kind, or by arithmetic in a test.

use ndarray::Array3;

use super::{answers::Answers, clicks::Clicks, images::Images, sampling::Sampling};
use crate::{
    error::Result,
    progress::{CancelToken, Monitor, Stage},
};

/// Says where nodules may be.
pub trait Detector {
    /// Calibrated probability of each voxel of `search`, 0 elsewhere; on the images' grid.
    ///
    /// # Errors
    /// [`crate::Error::Inference`], [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
    fn detect(&mut self, images: &Images<'_>, search: &Array3<bool>, monitor: &mut Monitor<'_>) -> Result<Array3<f32>>;
}

/// What is said of a candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// P(nodule).
    pub nodule: f64,
    /// Share of readers who would mark it; `None` where the classifier hasn't learnt it.
    pub marked: Option<f64>,
}

impl Verdict {
    /// With this P(nodule), and nothing known of readers.
    pub fn of_nodule(nodule: f64) -> Self {
        Verdict { nodule, marked: None }
    }
}

/// Tells nodules from other candidates.
pub trait Classifier {
    /// What it says of each candidate, by its centroid (voxel indices i, j, k) and the probability that it was found by.
    ///
    /// # Errors
    /// As [`Detector::detect`].
    fn classify(
        &mut self,
        images: &Images<'_>,
        probability: &Array3<f32>,
        centres_ijk: &[[f64; 3]],
        cancel: &CancelToken,
    ) -> Result<Vec<Verdict>>;
}

/// Outlines.
pub trait Segmenter {
    /// Answers for every voxel of `region`, sample by sample; progress is that of `stage`.
    ///
    /// # Errors
    /// As [`Detector::detect`].
    fn segment(
        &mut self,
        images: &Images<'_>,
        region: &Array3<bool>,
        clicks: &Clicks,
        sampling: &Sampling,
        stage: Stage,
        monitor: &mut Monitor<'_>,
    ) -> Result<Answers>;
}
