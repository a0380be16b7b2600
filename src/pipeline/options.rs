//! What a caller may choose for a run.

use crate::limits::{MAX_SAMPLES, MAX_THREADS, USUAL_BATCH};
use ndarray::Array3;

use crate::{
    contract::model::Model,
    contract::uncertainty::Uncertainty,
    error::{Error, Result},
    space::grid::Grid,
    warning::Warning,
};

/// Where nodules are searched.
#[derive(Debug, Clone, Default)]
pub enum Search {
    /// In the lungs, found from the HU.
    #[default]
    Lungs,
    /// Everywhere.
    Everywhere,
    /// Where this mask, on the CT's grid, is true.
    Mask(Array3<bool>),
}

/// Options of one run; the default follows the bundle.
#[derive(Debug, Clone)]
pub struct Options {
    /// Dropout samples; `None`: the bundle's number.
    pub samples: Option<usize>,
    /// Seed of the dropout masks.
    pub seed: u64,
    /// Mean probability above which a voxel belongs to a nodule; `None`: the bundle's.
    pub threshold: Option<f64>,
    /// Share of nodules that the judge is to keep, by the bundle's operating points; `None`: its usual threshold.
    pub sensitivity: Option<f64>,
    /// Which doubt the uncertainty map shows; `None`: the bundle's choice.
    pub uncertainty: Option<Uncertainty>,
    /// Keep the doubt of every kind besides: 12 bytes a voxel more.
    pub all_uncertainties: bool,
    /// Where to search.
    pub search: Search,
    /// Voxels (i, j, k of the input) at which a nodule is to be outlined in any case.
    pub at: Vec<[usize; 3]>,
    /// Voxels that don't belong to a nodule asked for; for bundles that take clicks.
    pub not_at: Vec<[usize; 3]>,
    /// What reading the CT found ([`crate::io::Ct::warnings`]): the result carries it on.
    pub warnings: Vec<Warning>,
    /// Samples decoded in one call at most, two at least. Any number gives the same result.
    pub batch: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            samples: None,
            seed: 0,
            threshold: None,
            sensitivity: None,
            uncertainty: None,
            all_uncertainties: false,
            search: Search::default(),
            at: Vec::new(),
            not_at: Vec::new(),
            warnings: Vec::new(),
            batch: USUAL_BATCH,
        }
    }
}

impl Options {
    /// Refuses what makes no sense for any volume.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn check(&self) -> Result<()> {
        let refuse = |option, got: String, expected: String| Err(Error::Option { option, got, expected });
        if let Some(samples) = self.samples.filter(|s| !(1..=MAX_SAMPLES).contains(s)) {
            return refuse("samples", samples.to_string(), format!("1 to {MAX_SAMPLES}"));
        }
        if let Some(threshold) = self.threshold.filter(|t| !(*t > 0.0 && *t < 1.0)) {
            return refuse("threshold", threshold.to_string(), "a probability between 0 and 1".into());
        }
        if let Some(sensitivity) = self.sensitivity.filter(|s| !(*s > 0.0 && *s <= 1.0)) {
            return refuse(
                "sensitivity",
                sensitivity.to_string(),
                "a share of the nodules, above 0 and up to 1".into(),
            );
        }
        if let Some(voxel) = self.not_at.first().filter(|_| self.at.is_empty()) {
            return refuse(
                "not-at",
                words(voxel),
                "a voxel given with 'at' as well: the nodule it doesn't belong to".into(),
            );
        }
        if let Some(voxel) = self.not_at.iter().find(|voxel| self.at.contains(voxel)) {
            return refuse("not-at", words(voxel), "another voxel: 'at' has the same".into());
        }
        if self.batch == 0 {
            return refuse("batch", "0".into(), "at least 1".into());
        }
        Ok(())
    }

    /// Memory that a run takes for each voxel besides the CT (see [`crate::limits::MAX_VOXELS`]).
    pub(super) fn bytes_a_voxel(&self) -> usize {
        // Search region, probability, doubt, labels; while components are numbered a mask and wide labels.
        const USUAL: usize = 16;
        const KINDS: usize = 12;
        // The run with clicks has maps of its own.
        const CLICKED: usize = 10;
        let kinds = if self.all_uncertainties { KINDS } else { 0 };
        USUAL + kinds + if self.at.is_empty() { 0 } else { CLICKED + kinds }
    }

    /// Refuses what the bundle has nothing for.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn check_for(&self, spec: &Model) -> Result<()> {
        self.judge_threshold(spec)?;
        match self.not_at.first() {
            Some(voxel) if spec.segment.clicks.is_none() => Err(Error::Option {
                option: "not-at",
                got: words(voxel),
                expected: format!("a model that takes clicks; {} takes none", spec.name),
            }),
            _ => Ok(()),
        }
    }

    /// Lowest P(nodule) that the judge lets stay; `None` for a bundle without a judge.
    ///
    /// # Errors
    /// [`Error::Option`] when a sensitivity is asked for that the bundle has no operating points for.
    pub fn judge_threshold(&self, spec: &Model) -> Result<Option<f64>> {
        let Some(sensitivity) = self.sensitivity else {
            return Ok(spec.classify.as_ref().map(|judge| judge.threshold));
        };
        let refuse = |lacks: &str| Error::Option {
            option: "sensitivity",
            got: sensitivity.to_string(),
            expected: format!("a model whose judge has operating points; {} {lacks}", spec.name),
        };
        let judge = spec.classify.as_ref().ok_or_else(|| refuse("has no judge"))?;
        judge.threshold_at(sensitivity).map(Some).ok_or_else(|| refuse("has none (judge.operating_points)"))
    }

    /// Refuses what makes no sense for a volume on `grid`.
    ///
    /// # Errors
    /// [`Error::Option`] or [`Error::MaskGrid`].
    pub fn check_on(&self, grid: &Grid) -> Result<()> {
        self.check()?;
        for (option, voxels) in [("at", &self.at), ("not-at", &self.not_at)] {
            if let Some(voxel) = voxels.iter().find(|voxel| (0..3).any(|axis| voxel[axis] >= grid.dims[axis])) {
                let last = words(&grid.dims.map(|n| n.saturating_sub(1)));
                let expected = format!("a voxel from 0,0,0 to {last}");
                return Err(Error::Option { option, got: words(voxel), expected });
            }
        }
        match &self.search {
            Search::Mask(mask) if mask.shape() != grid.shape() => {
                let size = |shape: &[usize]| format!("{} x {} x {} voxels", shape[2], shape[1], shape[0]);
                Err(Error::MaskGrid { got: format!("has {}", size(mask.shape())), expected: size(&grid.shape()) })
            }
            _ => Ok(()),
        }
    }
}

/// A voxel as the command line takes it.
fn words(voxel: &[usize; 3]) -> String {
    format!("{},{},{}", voxel[0], voxel[1], voxel[2])
}

/// Refuses a number of CPU threads that no machine has.
///
/// # Errors
/// [`Error::Option`].
pub fn check_threads(threads: usize) -> Result<()> {
    if (1..=MAX_THREADS).contains(&threads) {
        return Ok(());
    }
    Err(Error::Option { option: "threads", got: threads.to_string(), expected: format!("1 to {MAX_THREADS}") })
}
