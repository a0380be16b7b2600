//! What a caller may choose for a run.

use std::borrow::Cow;

use crate::limits::{MAX_MIN_DIAMETER_MM, MAX_SAMPLES, MAX_THREADS, USUAL_BATCH, USUAL_MIN_DIAMETER_MM};
use ndarray::Array3;

use crate::{
    contract::{classes::Output, model::Model, uncertainty::Uncertainty},
    error::{Error, Result},
    networks::{clicks::Clicks, sampling::Sampling},
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
///
/// ```
/// use sam2lung::{networks::clicks::Clicks, pipeline::options::{Options, Search}};
///
/// let options = Options {
///     samples: Some(50),
///     seed: 7,
///     search: Search::Everywhere,
///     clicks: Clicks { inside: vec![[182, 285, 65]], outside: Vec::new() },
///     ..Options::default()
/// };
/// assert!(options.check().is_ok());
/// assert!(Options { threshold: Some(1.5), ..options }.check().is_err());
/// ```
#[derive(Debug, Clone)]
pub struct Options {
    /// Samples; `None`: the bundle's number. Fewer are drawn where fewer differ. Of fewer than there are members the first
    /// members draw one each.
    pub samples: Option<usize>,
    /// Seed of the dropout masks.
    pub seed: u64,
    /// Mean probability above which a voxel belongs to a nodule; `None`: the bundle's.
    pub threshold: Option<f64>,
    /// Share of nodules that the classifier is to keep, by the bundle's operating points; `None`: its usual threshold.
    pub sensitivity: Option<f64>,
    /// Findings of a smaller equivalent diameter, in mm, are listed apart as micronodules, unless someone clicked on them; 0: none
    /// is. Not for models whose output is regions.
    pub min_diameter_mm: f64,
    /// Share of the slices that the fine network of a hybrid sees, 0 to 1; 0: the coarse network alone answers; `None`: the
    /// bundle's. For bundles that outline with a hybrid.
    pub share_of_slices: Option<f64>,
    /// Which uncertainty the map shows; `None`: the bundle's choice.
    pub uncertainty: Option<Uncertainty>,
    /// Keep the uncertainty of every kind besides: 12 bytes a voxel more.
    pub all_uncertainties: bool,
    /// Where to search.
    pub search: Search,
    /// Clicks on voxels (i, j, k of the input): at those inside a nodule is outlined in any case; those outside don't belong to
    /// it, for bundles that take clicks.
    pub clicks: Clicks,
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
            min_diameter_mm: USUAL_MIN_DIAMETER_MM,
            share_of_slices: None,
            uncertainty: None,
            all_uncertainties: false,
            search: Search::default(),
            clicks: Clicks::default(),
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
        if !(0.0..=MAX_MIN_DIAMETER_MM).contains(&self.min_diameter_mm) {
            let expected = format!("a diameter of 0 to {MAX_MIN_DIAMETER_MM} mm");
            return refuse("min-diameter", self.min_diameter_mm.to_string(), expected);
        }
        if let Some(share) = self.share_of_slices.filter(|share| !(0.0..=1.0).contains(share)) {
            return refuse("share-of-slices", share.to_string(), "a share of the slices, 0 to 1".into());
        }
        let Clicks { inside, outside } = &self.clicks;
        if let Some(voxel) = outside.first().filter(|_| inside.is_empty()) {
            let expected = "a click inside ('click') as well: the nodule that the voxel doesn't belong to";
            return refuse("click-outside", words(voxel), expected.into());
        }
        if let Some(voxel) = outside.iter().find(|voxel| inside.contains(voxel)) {
            return refuse("click-outside", words(voxel), "another voxel: 'click' has the same".into());
        }
        if self.batch == 0 {
            return refuse("batch", "0".into(), "at least 1".into());
        }
        Ok(())
    }

    /// The same without the mask, which is as large as the CT.
    pub fn without_mask(&self) -> Self {
        let search = match &self.search {
            Search::Mask(_) | Search::Lungs => Search::Lungs,
            Search::Everywhere => Search::Everywhere,
        };
        let (clicks, warnings) = (self.clicks.clone(), self.warnings.clone());
        Options { search, clicks, warnings, ..*self }
    }

    /// Memory that a run takes for each voxel besides its volumes (see [`crate::limits::MAX_VOXELS`]).
    pub(super) fn bytes_per_voxel(&self, model: &Model) -> usize {
        // Search region, probability, uncertainty, labels; while components are numbered a mask and wide labels.
        const USUAL: usize = 16;
        // Probability and uncertainty of one more class.
        const CLASS: usize = 8;
        const KINDS: usize = 12;
        // The run with clicks has maps of its own.
        const CLICKED: usize = 10;
        // The detector's answer, and the region that is segmented.
        const DETECTED: usize = 5;
        let kinds = if self.all_uncertainties { KINDS } else { 0 };
        // Each class has maps, and so has the whole.
        let classes = if model.classes.len() > 1 { model.classes.len() * (CLASS + kinds) } else { 0 };
        let clicked = if self.clicks.inside.is_empty() { 0 } else { CLICKED + kinds + classes };
        USUAL + kinds + classes + clicked + if model.detect.is_some() { DETECTED } else { 0 }
    }

    /// How samples are drawn, with what the bundle fills in.
    pub(super) fn sampling(&self, model: &Model) -> Sampling {
        Sampling {
            seed: self.seed,
            samples: self.samples.unwrap_or(model.sampling.samples),
            batch: self.batch,
            threshold: self.threshold.unwrap_or(model.decision.threshold),
            uncertainty: self.uncertainty.unwrap_or(model.sampling.uncertainty),
            kinds: if self.all_uncertainties { Uncertainty::ALL } else { &[] },
        }
    }

    /// The contract as this run goes by it: a hybrid sees the share of the slices that is asked for.
    pub fn model<'a>(&self, model: &'a Model) -> Cow<'a, Model> {
        let (Some(share), Some(_)) = (self.share_of_slices, &model.segment.hybrid) else { return Cow::Borrowed(model) };
        let mut own = model.clone();
        own.segment.hybrid.iter_mut().for_each(|hybrid| hybrid.share_of_slices = share);
        Cow::Owned(own)
    }

    /// Refuses what the bundle has nothing for.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn check_for(&self, spec: &Model) -> Result<()> {
        self.classify_threshold(spec)?;
        if let (Some(share), None) = (self.share_of_slices, &spec.segment.hybrid) {
            let expected = format!("a model that outlines with a hybrid; {} does with one network", spec.name);
            return Err(Error::Option { option: "share-of-slices", got: share.to_string(), expected });
        }
        let refuse =
            |option, voxel: &[usize; 3], expected: String| Err(Error::Option { option, got: words(voxel), expected });
        match (self.clicks.inside.first(), self.clicks.outside.first()) {
            (Some(voxel), _) if spec.output == Output::Regions => {
                refuse("click", voxel, format!("a model that finds instances; {} outlines regions", spec.name))
            }
            (_, Some(voxel)) if !spec.takes_clicks() => {
                refuse("click-outside", voxel, format!("a model that takes clicks; {} takes none", spec.name))
            }
            _ => Ok(()),
        }
    }

    /// Lowest P(nodule) that the classifier lets stay; `None` for a bundle without one.
    ///
    /// # Errors
    /// [`Error::Option`] when a sensitivity is asked for that the bundle has no operating points for.
    pub fn classify_threshold(&self, spec: &Model) -> Result<Option<f64>> {
        let Some(sensitivity) = self.sensitivity else {
            return Ok(spec.classify.as_ref().map(|classify| classify.threshold));
        };
        let refuse = |lacks: &str| Error::Option {
            option: "sensitivity",
            got: sensitivity.to_string(),
            expected: format!("a model whose classifier has operating points; {} {lacks}", spec.name),
        };
        let classify = spec.classify.as_ref().ok_or_else(|| refuse("has no classifier"))?;
        classify.threshold_at(sensitivity).map(Some).ok_or_else(|| refuse("has none (classify.operating_points)"))
    }

    /// Refuses what makes no sense for a volume on `grid`.
    ///
    /// # Errors
    /// [`Error::Option`] or [`Error::MaskGrid`].
    pub fn check_on(&self, grid: &Grid) -> Result<()> {
        self.check()?;
        for (option, voxels) in [("click", &self.clicks.inside), ("click-outside", &self.clicks.outside)] {
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
