//! From a CT to nodules: the order of the stages.
//!
//! ```text
//! CT (HU) → orient → lungs → slices → encoder once, decoder T times → mean, doubt → components → judge → nodules
//! ```

pub mod findings;
pub mod options;
pub mod piece;
pub mod slices;
pub mod windows;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use ndarray::Array3;

use crate::{
    error::{Error, Result},
    geometry::Grid,
    model::{
        bundle::Bundle,
        device::{Device, DeviceReport},
        session::OrtNetwork,
        spec::Kind,
    },
    progress::{Monitor, Stage},
    stages::{
        check::check_ct,
        lungs,
        nodules::{self, Maps, Nodule, Rules, VolumeInterval},
        orient::Orientation,
        sample_masks::SampleMasks,
    },
    volume::{Voi, Volume, VolumeView},
};
use findings::Evidence;
use options::{Options, Search, check_threads};
use piece::{Sampling, run_all};
use slices::SlicePieces;

/// Half the side of the box that is searched around a voxel that was asked for, in mm.
const AT_BOX_MM: f64 = 20.0;

/// A bundle on a device, ready to segment one CT after the other.
#[derive(Debug)]
pub struct Engine {
    bundle: Arc<Bundle>,
    network: OrtNetwork,
    threads: usize,
}

/// What a run found.
#[derive(Debug)]
pub struct Segmentation {
    /// The nodules, in the order of their numbers.
    pub nodules: Vec<Nodule>,
    /// The maps in canonical orientation, as [`Maps`] wants them for pictures.
    pub canonical: Canonical,
    /// How the run went.
    pub account: Account,
    orientation: Orientation,
}

/// The maps on the CT's own grid.
impl Segmentation {
    /// 1..=N for the nodules by falling volume, 0 elsewhere.
    pub fn labels(&self) -> VolumeView<'_, u16> {
        self.orientation.to_native(self.canonical.labels.view())
    }

    /// Mean probability over samples.
    pub fn probability(&self) -> VolumeView<'_, f32> {
        self.orientation.to_native(self.canonical.probability.view())
    }

    /// Doubt of the kind asked for.
    pub fn uncertainty(&self) -> VolumeView<'_, f32> {
        self.orientation.to_native(self.canonical.uncertainty.view())
    }
}

/// The maps of a run in canonical orientation (see [`Orientation`]).
#[derive(Debug)]
pub struct Canonical {
    /// HU.
    pub ct: Volume<f32>,
    /// Mean probability.
    pub probability: Array3<f32>,
    /// Doubt.
    pub uncertainty: Array3<f32>,
    /// Nodule numbers.
    pub labels: Array3<u16>,
    /// Which samples called which voxel a nodule.
    pub samples: SampleMasks,
    /// The nodules, with canonical voxel indices.
    pub nodules: Vec<Nodule>,
}

impl Canonical {
    /// The maps as measuring and drawing want them.
    pub fn maps(&self) -> Maps<'_> {
        Maps {
            ct: &self.ct,
            probability: &self.probability,
            uncertainty: &self.uncertainty,
            labels: &self.labels,
            samples: &self.samples,
        }
    }
}

/// How a run went.
#[derive(Debug, Clone)]
pub struct Account {
    /// Samples that were drawn.
    pub samples: usize,
    /// The threshold that was used.
    pub threshold: f64,
    /// Components that were found and dropped again: too small, outside, or judged to be no nodule.
    pub dropped: usize,
    /// For each voxel asked for: the nodule there, if any.
    pub at: Vec<Option<u16>>,
    /// What the interval around a nodule's volume means.
    pub volume_interval: VolumeInterval,
    /// Volume of the region that was searched, in millilitres.
    pub searched_ml: f64,
    /// Time a stage took.
    pub stages: BTreeMap<&'static str, Duration>,
}

impl Engine {
    /// Loads `bundle` onto `device`. `threads`: for one operator on the CPU; `None`: as many as the machine has.
    ///
    /// # Errors
    /// [`crate::Error::Runtime`], [`crate::Error::Device`], [`crate::Error::ModelBundle`],
    /// [`crate::Error::ModelShape`] or [`crate::Error::Option`].
    pub fn new(bundle: Bundle, device: Device, threads: Option<usize>) -> Result<Self> {
        let available = std::thread::available_parallelism().map_or(1, |n| n.get());
        let threads = threads.unwrap_or(available);
        check_threads(threads)?;
        let bundle = Arc::new(bundle);
        Ok(Engine { network: OrtNetwork::load(bundle.clone(), device, threads)?, bundle, threads })
    }

    /// The bundle that runs.
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// CPU threads for one operator.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Which device runs it, and why.
    pub fn device(&self) -> &DeviceReport {
        &self.network.device
    }

    /// Finds and outlines the nodules of a CT in HU.
    ///
    /// The same CT, seed and bundle give the same bits, whatever the number of threads or the batch. After an error
    /// or a cancel the engine can be used again.
    ///
    /// # Errors
    /// What [`check_ct`] refuses, [`Error::Option`], [`Error::MaskGrid`], [`Error::NoLung`], [`Error::Inference`] or
    /// [`Error::Cancelled`].
    pub fn segment(&mut self, ct: Volume<f32>, options: &Options, monitor: &mut Monitor<'_>) -> Result<Segmentation> {
        check_ct(&ct, None, monitor.cancel_token())?;
        options.check_on(&ct.grid)?;
        let spec = &self.bundle.spec;
        let mut clock = Clock::start();
        let orientation = Orientation::of(&ct.grid);
        let ct = orientation.to_canonical(ct);
        let at: Vec<[usize; 3]> = options.at.iter().map(|at| canonical_index(&orientation, *at)).collect();
        let search = search_region(&ct, &orientation, options, &at, monitor)?;
        clock.lap("lungs");

        let sampling = Sampling {
            seed: options.seed,
            samples: options.samples.unwrap_or(spec.sampling.samples),
            batch: options.batch,
            threshold: options.threshold.unwrap_or(spec.decision.threshold),
            uncertainty: options.uncertainty,
        };
        let mut pieces = match spec.kind {
            Kind::Slice => SlicePieces::new(&mut self.network, spec),
        };
        let mut assembled = run_all(&mut pieces, &ct, &search, &sampling, monitor)?;
        let nodule_maps = assembled.classes.swap_remove(0);
        clock.lap("segment");

        let evidence = Evidence {
            ct: &ct,
            probability: &nodule_maps.probability,
            search: &search,
            at: &at,
            threshold: sampling.threshold,
        };
        let found = findings::find(&evidence, spec, &mut self.network, monitor)?;
        let searched = search.iter().filter(|inside| **inside).count() as f64;
        let mut canonical = Canonical {
            probability: nodule_maps.probability,
            uncertainty: nodule_maps.uncertainty,
            labels: found.labels,
            samples: assembled.samples,
            nodules: Vec::new(),
            ct,
        };
        monitor.step(Stage::Nodules, 3, 4)?;
        let review = spec.review.under(options.uncertainty);
        let rules = Rules { review: &review, doubt: spec.doubt.as_ref() };
        canonical.nodules = nodules::measure(&canonical.maps(), &found.list, rules, monitor.cancel_token())?;
        monitor.step(Stage::Nodules, 4, 4)?;
        clock.lap("nodules");
        let account = Account {
            samples: sampling.samples,
            threshold: sampling.threshold,
            dropped: found.dropped,
            at: found.at,
            volume_interval: VolumeInterval::under(spec.doubt.as_ref()),
            searched_ml: searched * canonical.ct.grid.voxel_mm3() / 1000.0,
            stages: clock.laps,
        };
        Ok(Segmentation {
            nodules: canonical.nodules.iter().map(|n| on_native_grid(n, &orientation)).collect(),
            canonical,
            account,
            orientation,
        })
    }
}

/// Times the stages of a run.
struct Clock {
    last: Instant,
    laps: BTreeMap<&'static str, Duration>,
}

impl Clock {
    fn start() -> Self {
        Clock { last: Instant::now(), laps: BTreeMap::new() }
    }

    fn lap(&mut self, name: &'static str) {
        let now = Instant::now();
        self.laps.insert(name, now - std::mem::replace(&mut self.last, now));
    }
}

fn canonical_index(orientation: &Orientation, native: [usize; 3]) -> [usize; 3] {
    orientation.canonical_ijk(native.map(|v| v as f64)).map(|v| v as usize)
}

fn on_native_grid(nodule: &Nodule, orientation: &Orientation) -> Nodule {
    Nodule { centroid_ijk: orientation.native_ijk(nodule.centroid_ijk), ..nodule.clone() }
}

/// Where nodules are searched: the choice of the options, and a box around each voxel asked for.
fn search_region(
    ct: &Volume<f32>,
    orientation: &Orientation,
    options: &Options,
    at: &[[usize; 3]],
    monitor: &mut Monitor<'_>,
) -> Result<Array3<bool>> {
    let mut search = match &options.search {
        Search::Lungs => lungs::find_lungs(ct, monitor)?.search,
        Search::Everywhere => Array3::from_elem(ct.voxels.raw_dim(), true),
        Search::Mask(mask) => orientation.array_to_canonical(mask.clone()),
    };
    if matches!(options.search, Search::Mask(_)) && at.is_empty() && !search.iter().any(|inside| *inside) {
        return Err(Error::NoLung { reason: "the lung mask has no voxel above 0.5".into() });
    }
    for voxel in at {
        box_around(&ct.grid, *voxel).indices().for_each(|index| search[index] = true);
    }
    Ok(search)
}

/// The box that is searched around a voxel asked for.
fn box_around(grid: &Grid, ijk: [usize; 3]) -> Voi {
    let voxel = Voi { start: ijk, end: ijk.map(|index| index + 1) };
    voxel.grown(grid.spacing_mm.map(|mm| (AT_BOX_MM / mm) as usize), grid.dims)
}
