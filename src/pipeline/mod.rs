//! From a CT to nodules: the order of the stages.
//!
//! ```text
//! CT (HU) → orient → lungs → slices → encoder once, decoder T times → mean, doubt → components → judge → nodules
//! ```

mod click;
pub mod decide;
pub mod options;
pub mod outlines;
mod search;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use ndarray::Array3;

use crate::contract::uncertainty::Uncertainty;
use crate::networks::neighbours::SliceSteps;
use crate::{
    contract::{bundle::Bundle, model::Model},
    error::{Error, Result},
    findings::{
        interval::VolumeInterval,
        nodule::{self, Nodule, Rules},
        result::{Arrays, Canonical, Evidence, Segmentation},
    },
    memory,
    networks::{
        answers::{Answers, ClassAnswer},
        clicks::Clicks,
        images::Images,
        kinds::OfKind,
        load::{self, Networks},
        roles::{Classifier, Segmenter},
        sampling::Sampling,
    },
    progress::{CancelToken, Monitor, Stage},
    runtime::device::{Device, DeviceReport},
    space::{grid::Grid, orientation::Orientation, volume::Volume},
    steps::{
        aeration::{self, HalfLung, Tone},
        check::check_ct,
        hu::Densities,
    },
    warning::Warning,
};
use options::{Options, Search, check_threads};
use outlines::{Field, Outlines};

/// Share of voxels as dark as air or lung below which a volume may hold no lung: in 3000 crops of real chest CTs of 64 voxels
/// a side, only those of the belly have less.
const LITTLE_LUNG: f64 = 0.003;

/// A bundle on a device, ready to segment one CT after the other.
#[derive(Debug)]
pub struct Engine {
    bundle: Arc<Bundle>,
    networks: Networks,
    device: DeviceReport,
    threads: usize,
}

impl Engine {
    /// Loads `bundle` onto `device`. `threads`: for one operator on the CPU; `None`: as many as the machine has.
    ///
    /// # Errors
    /// [`Error::Runtime`], [`Error::Threads`], [`Error::OutOfMemory`], [`Error::Device`], [`Error::ModelBundle`],
    /// [`Error::ModelShape`] or [`Error::Option`].
    pub fn new(bundle: impl Into<Arc<Bundle>>, device: Device, threads: Option<usize>) -> Result<Self> {
        Self::load(bundle, device, threads, &mut Monitor::silent())
    }

    /// The same, with progress, and cancelled by the monitor's token; [`Monitor::loading`] makes such a one.
    ///
    /// # Errors
    /// As [`Engine::new`], or [`Error::Cancelled`].
    pub fn load(
        bundle: impl Into<Arc<Bundle>>,
        device: Device,
        threads: Option<usize>,
        monitor: &mut Monitor<'_>,
    ) -> Result<Self> {
        let available = std::thread::available_parallelism().map_or(1, |n| n.get());
        let threads = threads.unwrap_or(available);
        check_threads(threads)?;
        let bundle = bundle.into();
        check_kinds(&bundle)?;
        let (networks, device) = load::load(&bundle, device, threads, monitor)?;
        Ok(Engine { networks, device, bundle, threads })
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
        &self.device
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
        let densities = check_ct(&ct, None, monitor.cancel_token())?;
        let bundle = self.bundle.clone();
        let spec = &bundle.model;
        options.check_on(&ct.grid)?;
        options.check_for(spec)?;
        let judge_threshold = options.judge_threshold(spec)?;
        memory::check_free(ct.grid.len() * options.bytes_a_voxel(), "the maps of a run")?;
        let mut clock = Clock::start();
        let orientation = Orientation::of(&ct.grid);
        let ct = orientation.to_canonical(ct, monitor.cancel_token())?;
        let canonical = |voxels: &[[usize; 3]]| voxels.iter().map(|v| canonical_index(&orientation, *v)).collect();
        let clicks = Clicks { inside: canonical(&options.at), outside: canonical(&options.not_at) };
        let search::Chosen { mut search, warnings: of_search } = search::chosen(&ct, &orientation, options, monitor)?;
        if spec.segment.clicks.is_none() {
            search::add_boxes(&mut search, &ct.grid, &clicks.inside);
        }
        clock.lap("lungs");

        let sampling = Sampling {
            seed: options.seed,
            samples: options.samples.unwrap_or(spec.sampling.samples),
            batch: options.batch,
            threshold: options.threshold.unwrap_or(spec.decision.threshold),
            uncertainty: options.uncertainty.unwrap_or(spec.sampling.uncertainty),
            kinds: if options.all_uncertainties { &Uncertainty::ALL } else { &[] },
        };
        let (airy, lifted) = shown_lungs(&ct, &search, options, spec, monitor.cancel_token())?;
        let shown = lifted.as_ref().unwrap_or(&ct);
        let Outlined { maps, outlines, searched } =
            self.outline(shown, &search, clicks, &sampling, &mut clock, monitor)?;
        let evidence = decide::Evidence {
            ct: shown,
            probability: &maps.probability,
            search: &search,
            threshold: sampling.threshold,
            judge_threshold,
        };
        let classifier = self.networks.classify.as_mut().map(|classifier| classifier as &mut dyn Classifier);
        let found = decide::find(&evidence, &outlines, spec, classifier, monitor)?;
        monitor.step(Stage::Nodules, 3, 4)?;
        let review = spec.review.under(sampling.uncertainty, spec.sampling.uncertainty);
        let rules = Rules { review: &review, uncertainty: spec.uncertainty.as_ref(), classes: &spec.classes };
        let canonical = Canonical {
            ct: &ct,
            probability: &maps.probability,
            uncertainty: &maps.uncertainty,
            labels: &found.labels,
            samples: &maps.samples,
        };
        let nodules = nodule::measure(&canonical, &found.list, rules, monitor.cancel_token())?;
        monitor.step(Stage::Nodules, 4, 4)?;
        clock.lap("nodules");
        let of_ct = [thick_slices(spec, &ct.grid), little_lung(densities, &options.search), airy];
        let warnings = options.warnings.iter().cloned().chain(of_ct.into_iter().flatten()).chain(of_search).collect();
        Ok(Segmentation {
            nodules: nodules.iter().map(|n| on_native_grid(n, &orientation)).collect(),
            clicks: found.at,
            dropped: found.dropped,
            samples: maps.samples.samples(),
            threshold: sampling.threshold,
            classify_threshold: judge_threshold,
            uncertainty: sampling.uncertainty,
            volume_interval: VolumeInterval::under(spec.uncertainty.as_ref(), false),
            clicked_volume_interval: VolumeInterval::under(spec.uncertainty.as_ref(), true),
            searched_ml: searched as f64 * ct.grid.voxel_mm3() / 1000.0,
            slices: SliceSteps::of(&spec.segment, &ct.grid),
            warnings,
            stages: clock.laps,
            arrays: Arrays {
                labels: found.labels,
                probability: maps.probability,
                uncertainty: maps.uncertainty,
                kinds: maps.kinds,
                evidence: Some(Evidence { ct, samples: maps.samples }),
            },
            orientation,
        })
    }

    /// Runs the network over `search`, and where it takes clicks once more around them.
    fn outline(
        &mut self,
        ct: &Volume<f32>,
        search: &Array3<bool>,
        clicks: Clicks,
        sampling: &Sampling,
        clock: &mut Clock,
        monitor: &mut Monitor<'_>,
    ) -> Result<Outlined> {
        let spec = &self.bundle.model;
        let volumes = spec.channels.iter().map(|channel| (&ct.voxels, channel.normalise));
        let images = Images::new(&ct.grid, volumes, monitor.cancel_token())?;
        let mut segmenter =
            OfKind::new("segment", &spec.segment, spec.classes.len(), &mut self.networks.segment).segmenter();
        let mut assembled: Answers =
            segmenter.segment(&images, search, &Clicks::default(), sampling, Stage::Segment, monitor)?;
        clock.lap("segment");
        let field =
            Field { grid: &ct.grid, probability: &assembled.classes[0].probability, threshold: sampling.threshold };
        let at = clicks.inside.clone();
        let mut outlines = field.outlines(&at, monitor.cancel_token())?;
        let mut searched = search.iter().filter(|inside| **inside).count();
        if spec.segment.clicks.is_some() && !at.is_empty() {
            let found = (&mut assembled, &mut outlines);
            let again = click::refine(&mut segmenter, &images, &clicks, sampling, found, monitor)?;
            searched += again.iter().zip(search).filter(|(again, before)| **again && !**before).count();
            clock.lap("prompt");
        } else {
            field.lower_threshold(&mut outlines, &at, monitor)?;
        }
        monitor.step(Stage::Nodules, 0, 4)?;
        Ok(Outlined { maps: assembled.classes.swap_remove(0), outlines, searched })
    }
}

/// Refuses roles that a run doesn't know.
fn check_kinds(bundle: &Bundle) -> Result<()> {
    if bundle.model.detect.is_none() {
        return Ok(());
    }
    Err(Error::ModelBundle {
        bundle: bundle.origin.clone(),
        reason: "it has detect; expected no detect".into(),
        remedy: "Use a bundle without detect".into(),
    })
}

/// A warning where nobody looked for lungs and there are hardly any.
fn little_lung(densities: Densities, search: &Search) -> Option<Warning> {
    let share = densities.air;
    (!matches!(search, Search::Lungs) && share < LITTLE_LUNG).then_some(Warning::LittleLung { percent: 100.0 * share })
}

/// What the network says, and what is outlined by it.
struct Outlined {
    maps: ClassAnswer,
    outlines: Outlines,
    /// Voxels that were searched.
    searched: usize,
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

/// The CT as the network is to see it, where its lungs are nearly air, and what has to be said about that. Where everything
/// is searched nobody knows what lung is, so that nothing is changed.
fn shown_lungs(
    ct: &Volume<f32>,
    search: &Array3<bool>,
    options: &Options,
    spec: &Model,
    cancel: &CancelToken,
) -> Result<(Option<Warning>, Option<Volume<f32>>)> {
    let Some(known) = spec.lungs.filter(|_| !matches!(options.search, Search::Everywhere)) else {
        return Ok((None, None));
    };
    let tone = Tone { below_hu: known.lift_below_hu, to_hu: known.lift_to_hu };
    let lungs = aeration::halves(ct, search, cancel)?;
    let lifted = aeration::lifted(ct, &lungs, tone, cancel)?;
    let airy: Vec<&HalfLung> = lungs.iter().filter(|lung| lung.median_hu < tone.below_hu).collect();
    let which = match airy[..] {
        [one] if lungs.len() > 1 && one.is_right() => "right lung is",
        [_] if lungs.len() > 1 => "left lung is",
        _ => "lungs are",
    };
    let median_hu = airy.iter().map(|lung| lung.median_hu).reduce(f32::min);
    Ok((median_hu.map(|median_hu| Warning::AiryLungs { which, median_hu, known_hu: tone.below_hu }), lifted))
}

/// A warning where slices, along whatever axis, lie further apart than those that the model was tried on.
fn thick_slices(spec: &Model, grid: &Grid) -> Option<Warning> {
    // A header's rounding doesn't count.
    const ROUNDING: f64 = 1e-3;
    let tried_mm = spec.tried?.slice_mm;
    let spacing_mm = grid.spacing_mm.into_iter().fold(0.0, f64::max);
    (spacing_mm > tried_mm * (1.0 + ROUNDING)).then_some(Warning::ThickSlices { spacing_mm, tried_mm })
}

fn canonical_index(orientation: &Orientation, native: [usize; 3]) -> [usize; 3] {
    orientation.canonical_ijk(native.map(|v| v as f64)).map(|v| v as usize)
}

fn on_native_grid(nodule: &Nodule, orientation: &Orientation) -> Nodule {
    Nodule { centroid_ijk: orientation.native_ijk(nodule.centroid_ijk), ..nodule.clone() }
}
