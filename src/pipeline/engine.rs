//! A bundle on a device.

use std::sync::Arc;

use super::{
    again,
    options::{Options, check_threads},
    run::{self, Roles},
    seen::Seen,
};
use crate::{
    contract::{bundle::Bundle, model::Model},
    error::Result,
    findings::result::Segmentation,
    networks::{
        classify::OnnxClassifier,
        kinds::{KindDetector, KindSegmenter, OfKind},
        load::{self, Networks},
        onnx::OnnxNetwork,
    },
    progress::{Monitor, Stage},
    runtime::device::{Device, DeviceReport},
    space::volume::Volume,
    threads,
};

/// A bundle on a device, ready to segment one CT after the other.
///
/// ```
/// use sam2lung::{
///     contract::bundle::Bundle,
///     networks::clicks::Clicks,
///     phantom::{Scanner, chest_phantom_with},
///     pipeline::{Engine, options::Options},
///     progress::Monitor,
///     runtime::device::Device,
/// };
/// # fn main() -> sam2lung::Result<()> {
/// // A made chest CT on coarse voxels; sam2lung::io::read_ct() reads one from files.
/// let scanner = Scanner { spacing_mm: [3.0, 3.0, 5.0], ..Scanner::default() };
/// let ct = chest_phantom_with(1, &scanner).ct;
///
/// let mut engine = Engine::new(Bundle::builtin()?, Device::Cpu, None)?;
/// let options = Options { samples: Some(2), ..Options::default() };
/// let found = engine.segment(vec![ct.clone()], &options, &mut Monitor::silent())?;
/// for nodule in &found.nodules {
///     println!("{}: {:.0} mm³ at {:?}", nodule.id, nodule.volume_mm3, nodule.centroid_ras);
/// }
///
/// // A click outlines what lies there, and leaves everything else as it was.
/// let clicks = Clicks { inside: vec![[30, 40, 20]], outside: Vec::new() };
/// let more = engine.click(vec![ct], &found, &Options { clicks, ..options }, &mut Monitor::silent())?;
/// assert_eq!(more.clicks.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Engine {
    bundle: Arc<Bundle>,
    networks: Networks,
    device: DeviceReport,
    threads: usize,
    seen: Seen,
}

impl Engine {
    /// Loads `bundle` onto `device`. `threads`: CPU threads that work at the same time; `None`: as many as the machine has.
    ///
    /// # Errors
    /// [`crate::Error::Runtime`], [`crate::Error::Threads`], [`crate::Error::OutOfMemory`], [`crate::Error::Device`],
    /// [`crate::Error::ModelBundle`], [`crate::Error::ModelShape`] or [`crate::Error::Option`].
    pub fn new(bundle: impl Into<Arc<Bundle>>, device: Device, threads: Option<usize>) -> Result<Self> {
        Self::load(bundle, device, threads, &mut Monitor::silent())
    }

    /// The same, with progress, and cancelled by the monitor's token; [`Monitor::loading`] makes such a one.
    ///
    /// # Errors
    /// As [`Engine::new`], or [`crate::Error::Cancelled`].
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
        let (networks, device) = load::load(&bundle, device, threads, monitor)?;
        Ok(Engine { networks, device, bundle, threads, seen: Seen::default() })
    }

    /// The bundle that runs.
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// The same, for who keeps it longer than the engine.
    pub fn shared_bundle(&self) -> Arc<Bundle> {
        self.bundle.clone()
    }

    /// CPU threads that work at the same time.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Which device runs it, and why.
    pub fn device(&self) -> &DeviceReport {
        &self.device
    }

    /// Finds and outlines what the bundle knows. `volumes`: one for each channel of the bundle, in its order, all on one grid.
    ///
    /// The same volumes, seed and bundle give the same bits, whatever the number of threads or the batch. After an error
    /// or a cancel the engine can be used again.
    ///
    /// # Errors
    /// As [`run::run`].
    pub fn segment(
        &mut self,
        volumes: Vec<Volume<f32>>,
        options: &Options,
        monitor: &mut Monitor<'_>,
    ) -> Result<Segmentation> {
        self.accounted(options, |model, roles, seen| run::run((roles, seen), model, volumes, options, monitor))
    }

    /// Outlines a nodule at each click of `options` in an earlier result of the same volumes, and leaves everything else of it
    /// as it was. Only boxes around the clicks are run.
    ///
    /// # Errors
    /// As [`again::click`].
    pub fn click(
        &mut self,
        volumes: Vec<Volume<f32>>,
        earlier: &Segmentation,
        options: &Options,
        monitor: &mut Monitor<'_>,
    ) -> Result<Segmentation> {
        self.accounted(options, |model, roles, seen| {
            again::click((roles, seen), model, (volumes, earlier), options, monitor)
        })
    }

    /// The result of `work`, with what the networks did for it.
    fn accounted(
        &mut self,
        options: &Options,
        work: impl FnOnce(&Model, OnnxRoles<'_, '_>, &mut Seen) -> Result<Segmentation>,
    ) -> Result<Segmentation> {
        // Of loading, or of a run that failed.
        self.networks.take_work();
        let threads = self.threads;
        let found = threads::with(threads, || self.with_roles(options, work))?;
        Ok(Segmentation { work: self.networks.take_work(), ..found })
    }

    /// Fills the roles with the bundle's networks, as `options` want them.
    fn with_roles<T>(&mut self, options: &Options, work: impl FnOnce(&Model, OnnxRoles<'_, '_>, &mut Seen) -> T) -> T {
        let model = &*options.model(&self.bundle.model);
        let classes = model.classes.len();
        let Networks { detect, classify, segment } = &mut self.networks;
        let detect = model.detect.as_ref().zip(detect.as_mut());
        let mut detect =
            detect.map(|(spec, networks)| OfKind::new("detect", spec, classes, networks).detector(Stage::Detect));
        let mut segment = OfKind::new("segment", &model.segment, classes, segment).segmenter();
        let roles = Roles { detect: detect.as_mut(), classify: classify.as_mut(), segment: &mut segment };
        work(model, roles, &mut self.seen)
    }
}

/// The roles filled by networks of ONNX Runtime.
type OnnxRoles<'a, 'b> = Roles<'a, KindDetector<'b, OnnxNetwork>, OnnxClassifier, KindSegmenter<'b, OnnxNetwork>>;
