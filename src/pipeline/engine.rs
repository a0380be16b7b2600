//! A bundle on a device.

use std::sync::Arc;

use super::{
    again,
    options::{Options, check_threads},
    run::{self, Roles},
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
};

/// A bundle on a device, ready to segment one CT after the other.
///
/// ```no_run
/// use sam2lung::{contract::bundle::Bundle, pipeline::{Engine, options::Options}, progress::Monitor, runtime::device::Device};
/// # fn main() -> sam2lung::Result<()> {
/// # let ct = sam2lung::phantom::chest_phantom(1).ct;
/// let mut engine = Engine::new(Bundle::builtin()?, Device::Auto, None)?;
/// let found = engine.segment(vec![ct], &Options::default(), &mut Monitor::silent())?;
/// # Ok(()) }
/// ```
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
        let model = &self.bundle.model;
        let mut filled = Filled::of(model, &mut self.networks);
        run::run(filled.roles(), model, volumes, options, monitor)
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
        let model = &self.bundle.model;
        let mut filled = Filled::of(model, &mut self.networks);
        again::click(filled.roles(), model, (volumes, earlier), options, monitor)
    }
}

/// The roles of a run as a bundle's networks fill them.
struct Filled<'a> {
    detect: Option<KindDetector<'a, OnnxNetwork>>,
    classify: Option<&'a mut OnnxClassifier>,
    segment: KindSegmenter<'a, OnnxNetwork>,
}

impl<'a> Filled<'a> {
    fn of(model: &'a Model, networks: &'a mut Networks) -> Self {
        let classes = model.classes.len();
        let detect = model.detect.as_ref().zip(networks.detect.as_mut());
        let detect = detect.map(|(spec, detect)| OfKind::new("detect", spec, classes, detect));
        Filled {
            detect: detect.map(|detect| detect.detector(Stage::Detect)),
            classify: networks.classify.as_mut(),
            segment: OfKind::new("segment", &model.segment, classes, &mut networks.segment).segmenter(),
        }
    }

    fn roles(&mut self) -> Roles<'_, KindDetector<'a, OnnxNetwork>, OnnxClassifier, KindSegmenter<'a, OnnxNetwork>> {
        Roles { detect: self.detect.as_mut(), classify: self.classify.as_deref_mut(), segment: &mut self.segment }
    }
}
