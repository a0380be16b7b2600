//! The bundle's graphs in ONNX Runtime: the only place that knows `ort`.

use std::{borrow::Cow, path::Path, sync::Arc};

use ndarray::{Array2, Array3, Array4, Array5, ArrayView3, ArrayView4, Axis, Ix4, s};
use ort::{
    ep,
    memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType},
    session::{
        RunOptions, Session, SessionInputValue, SessionOutputs,
        builder::{GraphOptimizationLevel, SessionBuilder},
    },
    value::{DynValue, Outlet, Tensor, TensorRef, ValueType},
};

use crate::{
    contract::bundle::Bundle,
    networks::old_network::{Network, Window},
    runtime::{
        crew::Crew,
        device::{Device, DeviceReport, DeviceState},
        environment::Runtime,
        own::OfProcess,
    },
};
use crate::{
    error::{Error, Result},
    networks::{classify, clicks},
    progress::{CancelToken, Monitor, Stage},
    runtime::float_mode,
};

/// The encoder, decoder and judge of a bundle, ready to run on one device.
#[derive(Debug)]
pub struct OrtNetwork {
    bundle: Arc<Bundle>,
    graphs: OfProcess<Graphs>,
    /// What was asked for, what is used, why.
    pub device: DeviceReport,
}

/// A bundle's graphs in ONNX Runtime.
#[derive(Debug)]
struct Graphs {
    encoder: Session,
    decoder: Session,
    judge: Option<Session>,
}

/// Why a bundle's graphs can't be loaded.
enum Refusal {
    /// For a cause that has a name, whatever the device.
    Named(Error),
    /// ONNX Runtime says why.
    Said(String),
}

/// How a bundle is loaded.
struct Loading<'a, 'b> {
    bundle: &'a Arc<Bundle>,
    runtime: &'a Runtime,
    /// For one operator on the CPU.
    threads: usize,
    monitor: &'a mut Monitor<'b>,
    /// Steps that are done.
    done: usize,
}

impl Loading<'_, '_> {
    /// Graphs in the bundle.
    fn graphs(&self) -> usize {
        2 + usize::from(self.bundle.model.classify.is_some())
    }

    /// Reports a step more: each graph is loaded, then tried. CUDA that fails and the CPU after it share the steps.
    fn step(&mut self) -> Result<()> {
        let total = 2 * self.graphs();
        self.done = (self.done + 1).min(total);
        self.monitor.step(Stage::Load, self.done, total)
    }
}

/// Embeddings of one encoded region, in the bundle's order, where the encoder made them.
#[derive(Debug)]
pub struct Embeddings {
    values: Vec<DynValue>,
    height: usize,
    width: usize,
}

impl OrtNetwork {
    /// Loads a bundle's graphs onto a device and checks their tensors against the contract.
    ///
    /// `threads`: for one operator on the CPU. `monitor`: as [`Monitor::loading`] makes it.
    ///
    /// # Errors
    /// [`Error::Runtime`], [`Error::Threads`], [`Error::OutOfMemory`], [`Error::Device`], [`Error::ModelBundle`],
    /// [`Error::ModelShape`] or [`Error::Cancelled`].
    pub fn load(bundle: Arc<Bundle>, device: Device, threads: usize, monitor: &mut Monitor<'_>) -> Result<Self> {
        monitor.check()?;
        let runtime = Runtime::get()?;
        // Threads that are started on the way have their mode from this one.
        let mut network = float_mode::standard(|| {
            let mut loading = Loading { bundle: &bundle, runtime: &runtime, threads, monitor, done: 0 };
            choose(device, &mut loading, Self::on_cuda, Self::on_cpu)
        })?;
        network.device.asked = device;
        Ok(network)
    }

    fn on_cpu(loading: &mut Loading<'_, '_>, why: &str) -> Result<Self> {
        let mut network = Self::build(loading, Device::Cpu, why).map_err(|refusal| match refusal {
            Refusal::Named(error) => error,
            Refusal::Said(reason) => broken(loading.bundle, reason),
        })?;
        network.check_tensors()?;
        network.warm_up(loading)?;
        Ok(network)
    }

    /// [`Error::Device`] for all that is CUDA's fault: a provider that loads may still be unable to run.
    fn on_cuda(loading: &mut Loading<'_, '_>) -> Result<Self> {
        let why = "ONNX Runtime's CUDA execution provider runs every graph";
        let found = cuda_libraries(loading.runtime).map_err(Refusal::Said);
        let built = found.and_then(|()| Self::build(loading, Device::Cuda, why));
        let mut network = built.map_err(|refusal| match refusal {
            Refusal::Named(error) => error,
            Refusal::Said(reason) => without_cuda(reason),
        })?;
        network.check_tensors()?;
        network.warm_up(loading).map_err(unable)?;
        Ok(network)
    }

    fn build(loading: &mut Loading<'_, '_>, device: Device, why: &str) -> Result<Self, Refusal> {
        let bundle = loading.bundle.clone();
        let crews = Crew::for_each(loading.graphs(), loading.threads).map_err(Refusal::Named)?;
        let mut crews = crews.into_iter();
        let mut open = |graph: &'static str, file: &str| {
            let crew = crews.next().expect("one for each graph");
            let session = commit(loading, crew, device, bundle.graph(file));
            let session = session.map_err(|e| {
                let cancel = loading.monitor.cancel_token();
                named(graph, &e, cancel).map_or_else(|| Refusal::Said(format!("{file}: {e}")), Refusal::Named)
            })?;
            loading.step().map_err(Refusal::Named)?;
            Ok(session)
        };
        let graphs = Graphs {
            encoder: open("encoder", bundle.model.segment.members[0].encoder_file())?,
            decoder: open("decoder", bundle.model.segment.members[0].decoder_file())?,
            judge: bundle.model.classify.as_ref().map(|j| open("judge", j.members[0].decoder_file())).transpose()?,
        };
        Ok(OrtNetwork {
            graphs: OfProcess::new(graphs),
            bundle,
            device: DeviceReport { asked: device, used: device, reason: why.to_owned() },
        })
    }

    fn check_tensors(&self) -> Result<()> {
        let spec = &self.bundle.model;
        let tensors = spec.segment.tensors.as_ref().expect("checked");
        let member = &spec.segment.members[0];
        let any = -1;
        let embeddings: Vec<_> =
            tensors.embeddings.iter().map(|e| (e.name.as_str(), vec![1, e.channels as i64, any, any])).collect();
        let slices = spec.segment.slices() as i64;
        let mut encoder_inputs = vec![(tensors.image.as_str(), vec![1, slices, any, any])];
        encoder_inputs.extend(tensors.offsets_mm.as_deref().map(|name| (name, vec![1, slices])));
        self.check_side(member.encoder_file(), self.graphs.encoder.inputs(), &encoder_inputs, true)?;
        self.check_side(member.encoder_file(), self.graphs.encoder.outputs(), &embeddings, false)?;

        let mut decoder_inputs = embeddings;
        decoder_inputs
            .extend(spec.segment.random.dropout.iter().map(|d| (d.input.as_str(), vec![any, d.channels as i64, 1, 1])));
        decoder_inputs
            .extend(spec.segment.clicks.iter().map(|c| (c.input.as_str(), vec![1, clicks::KINDS as i64, any, any])));
        let logits = [(tensors.logits.as_str(), vec![any, spec.classes.len() as i64, any, any])];
        self.check_side(member.decoder_file(), self.graphs.decoder.inputs(), &decoder_inputs, true)?;
        self.check_side(member.decoder_file(), self.graphs.decoder.outputs(), &logits, false)?;

        if let (Some(wanted), Some(session)) = (&spec.classify, &self.graphs.judge) {
            let [d, h, w] = wanted.size().map(|n| n as i64);
            self.check_side(
                wanted.members[0].decoder_file(),
                session.inputs(),
                &[(wanted.image.as_str(), vec![any, classify::CHANNELS as i64, d, h, w])],
                true,
            )?;
            self.check_side(
                wanted.members[0].decoder_file(),
                session.outputs(),
                &[(wanted.logit.as_str(), vec![any, 1])],
                false,
            )?;
        }
        Ok(())
    }

    /// Compares tensors of a graph with the contract; -1 stands for any size.
    fn check_side(&self, file: &str, outlets: &[Outlet], expected: &[(&str, Vec<i64>)], exact: bool) -> Result<()> {
        let refuse = |tensor: &str, got: String, expected: String| Error::ModelShape {
            bundle: self.bundle.origin.clone(),
            file: file.into(),
            tensor: tensor.into(),
            got,
            expected,
        };
        for (name, shape) in expected {
            let outlet = outlets.iter().find(|o| o.name() == *name);
            let outlet = outlet.ok_or_else(|| refuse(name, "missing".into(), format!("float32 {shape:?}")))?;
            let good = match outlet.dtype() {
                ValueType::Tensor { ty: ort::value::TensorElementType::Float32, shape: got, .. } => {
                    got.len() == shape.len() && got.iter().zip(shape).all(|(g, e)| g == e || *g == -1 || *e == -1)
                }
                _ => false,
            };
            if !good {
                return Err(refuse(name, outlet.dtype().to_string(), format!("float32 {shape:?} (-1: any)")));
            }
        }
        let foreign = outlets.iter().find(|o| exact && expected.iter().all(|(name, _)| *name != o.name()));
        foreign.map_or(Ok(()), |o| Err(refuse(o.name(), "an input of the graph".into(), "no such input".into())))
    }

    /// Runs each graph once on the smallest input: a graph that loads may still be unable to run. What it gives for
    /// zeros says nothing about images.
    fn warm_up(&mut self, loading: &mut Loading<'_, '_>) -> Result<()> {
        let cancel = loading.monitor.cancel_token().clone();
        let spec = self.bundle.model.clone();
        let side = spec.segment.grid.multiple * 2;
        let slices = Array4::<f32>::zeros((1, spec.segment.slices(), side, side));
        let embedding = self.run_encoder(slices.view(), &vec![0.0; spec.segment.slices()], &cancel)?;
        loading.step()?;
        let masks: Vec<_> = spec.segment.random.dropout.iter().map(|d| Array2::ones((2, d.channels))).collect();
        let window = Window { row: 0, column: 0, height: side, width: side };
        let unclicked = spec.segment.clicks.as_ref().map(|_| Array3::zeros((clicks::KINDS, side, side)));
        self.run_decoder(&embedding, window, &masks, unclicked.as_ref().map(|map| map.view()), &cancel)?;
        loading.step()?;
        if let Some(wanted) = &spec.classify {
            let [d, h, w] = wanted.size();
            self.run_judge(Array5::zeros((1, classify::CHANNELS, d, h, w)), &cancel)?;
            loading.step()?;
        }
        Ok(())
    }

    /// Takes what is given to [`Network::encode`].
    fn run_encoder(
        &mut self,
        slices: ArrayView4<'_, f32>,
        offsets_mm: &[f32],
        cancel: &CancelToken,
    ) -> Result<Embeddings> {
        let spec = self.bundle.model.segment.tensors.as_ref().expect("checked");
        let (_, _, height, width) = slices.dim();
        let names: Vec<_> = spec.embeddings.iter().map(|e| e.name.as_str()).collect();
        let mut work = || -> ort::Result<Vec<DynValue>> {
            let offsets = Array2::from_shape_vec((1, offsets_mm.len()), offsets_mm.to_vec()).expect("one row");
            let mut inputs = vec![(spec.image.as_str(), Tensor::from_array(slices.to_owned())?.into_dyn())];
            if let Some(name) = &spec.offsets_mm {
                inputs.push((name, Tensor::from_array(offsets)?.into_dyn()));
            }
            if self.device.used == Device::Cuda {
                return run_on_cuda(&mut self.graphs.encoder, inputs, &names, cancel);
            }
            let inputs = inputs.into_iter().map(|(name, value)| (name, value.into())).collect();
            run(&mut self.graphs.encoder, inputs, &names, cancel)
        };
        let values = work().map_err(|e| failed("encoder", e, cancel))?;
        Ok(Embeddings { values, height, width })
    }

    /// Takes what is given to [`Network::decode`].
    fn run_decoder(
        &mut self,
        embedding: &Embeddings,
        window: Window,
        masks: &[Array2<f32>],
        clicks: Option<ArrayView3<'_, f32>>,
        cancel: &CancelToken,
    ) -> Result<Array4<f32>> {
        let spec = &self.bundle.model;
        let tensors = spec.segment.tensors.as_ref().expect("checked");
        let whole = Window { row: 0, column: 0, height: embedding.height, width: embedding.width };
        // On a device the embeddings stay where they are: the whole region is decoded and the window read from it.
        let on_host = self.device.used == Device::Cpu;
        let (rows, columns) = (window.row..window.row + window.height, window.column..window.column + window.width);
        let mut work = || -> ort::Result<Array4<f32>> {
            let names = tensors.embeddings.iter();
            let mut inputs: Vec<(&str, SessionInputValue<'_>)> = Vec::new();
            for (embedding, value) in names.zip(&embedding.values) {
                let input = if on_host && window != whole {
                    Tensor::from_array(crop(value, window, embedding.stride)?)?.into()
                } else {
                    value.into()
                };
                inputs.push((&embedding.name, input));
            }
            for (dropout, mask) in spec.segment.random.dropout.iter().zip(masks) {
                let (samples, channels) = mask.dim();
                let mask = mask.view().into_shape_with_order((samples, channels, 1, 1)).expect("same length");
                inputs.push((&dropout.input, TensorRef::from_array_view(mask)?.into()));
            }
            if let (Some(wanted), Some(map)) = (&spec.segment.clicks, clicks) {
                let map = if on_host { map.slice_move(s![.., rows.clone(), columns.clone()]) } else { map };
                let map = map.insert_axis(Axis(0)).as_standard_layout().into_owned();
                inputs.push((&wanted.input, Tensor::from_array(map)?.into()));
            }
            let logits = run(&mut self.graphs.decoder, inputs, &[&tensors.logits], cancel)?;
            let logits = logits[0].try_extract_array::<f32>()?;
            let logits = logits.into_dimensionality::<Ix4>().map_err(|e| ort::Error::new(e.to_string()))?;
            Ok(if on_host || window == whole {
                logits.to_owned()
            } else {
                logits.slice(s![.., .., rows.clone(), columns.clone()]).to_owned()
            })
        };
        let logits = work().map_err(|e| failed("decoder", e, cancel))?;
        let expected = (masks.first().map_or(1, |m| m.nrows()), spec.classes.len(), window.height, window.width);
        if logits.dim() != expected {
            return Err(Error::ModelShape {
                bundle: self.bundle.origin.clone(),
                file: spec.segment.members[0].decoder_file().into(),
                tensor: tensors.logits.clone(),
                got: format!("{:?} for this window", logits.dim()),
                expected: format!("{expected:?}"),
            });
        }
        Ok(logits)
    }

    /// Takes what is given to [`Network::judge`].
    fn run_judge(&mut self, patches: Array5<f32>, cancel: &CancelToken) -> Result<Vec<f32>> {
        let (Some(spec), Some(session)) = (&self.bundle.model.classify, &mut self.graphs.judge) else {
            return Err(Error::Inference { graph: "judge", reason: "this bundle has no judge".into() });
        };
        let mut work = || -> ort::Result<Vec<f32>> {
            let inputs = vec![(spec.image.as_str(), TensorRef::from_array_view(&patches)?.into())];
            let logits = run(session, inputs, &[&spec.logit], cancel)?;
            Ok(logits[0].try_extract_tensor::<f32>()?.1.to_vec())
        };
        work().map_err(|e| failed("judge", e, cancel))
    }
}

impl Network for OrtNetwork {
    type Embedding = Embeddings;

    fn encode(&mut self, slices: ArrayView4<'_, f32>, offsets_mm: &[f32], cancel: &CancelToken) -> Result<Embeddings> {
        let embedding = self.run_encoder(slices, offsets_mm, cancel)?;
        // On a device they stay there; the decoder shows what becomes of them.
        if self.device.used == Device::Cpu {
            for value in &embedding.values {
                let (_, numbers) = value.try_extract_tensor::<f32>().map_err(|e| failed("encoder", e, cancel))?;
                check_finite("encoder", numbers)?;
            }
        }
        Ok(embedding)
    }

    fn decode(
        &mut self,
        embedding: &Embeddings,
        window: Window,
        masks: &[Array2<f32>],
        clicks: Option<ArrayView3<'_, f32>>,
        cancel: &CancelToken,
    ) -> Result<Array4<f32>> {
        let logits = self.run_decoder(embedding, window, masks, clicks, cancel)?;
        check_finite("decoder", logits.as_slice().expect("a copy is contiguous"))?;
        Ok(logits)
    }

    fn judge(&mut self, patches: Array5<f32>, cancel: &CancelToken) -> Result<Vec<f32>> {
        let logits = self.run_judge(patches, cancel)?;
        check_finite("judge", &logits)?;
        Ok(logits)
    }
}

/// Refuses what can't be turned into a probability: comparisons with NaN are false, so it would read as "no nodule".
fn check_finite(graph: &'static str, numbers: &[f32]) -> Result<()> {
    // Whole runs of numbers at once, which takes a small part of the time of the network that made them.
    const RUN: usize = 4096;
    let finite = |run: &[f32]| run.iter().fold(true, |all, number| all & number.is_finite());
    if numbers.chunks(RUN).all(finite) {
        return Ok(());
    }
    let of = |what: fn(&f32) -> bool| numbers.iter().filter(|number| what(number)).count();
    let (nan, infinite) = (of(|number| number.is_nan()), of(|number| number.is_infinite()));
    let reason = format!("it gave NaN {nan} times and infinity {infinite} times among {} numbers", numbers.len());
    Err(Error::Inference { graph, reason })
}

/// Loads a graph, whose threads `crew` holds ready.
fn commit(loading: &Loading<'_, '_>, crew: Crew, device: Device, graph: &[u8]) -> ort::Result<Session> {
    let mut builder = builder(loading.runtime, loading.threads, device)?.with_thread_manager(crew)?;
    let canceler = builder.canceler();
    let _until_it_ends = loading.monitor.cancel_token().interruptible(move || {
        let _ = canceler.cancel(); // fails only when the graph is loaded
    });
    builder.commit_from_memory(graph)
}

/// Runs `call` under options that `cancel` can interrupt.
fn interruptible<T>(cancel: &CancelToken, call: impl FnOnce(&RunOptions) -> ort::Result<T>) -> ort::Result<T> {
    let options = Arc::new(RunOptions::new()?);
    let interrupted = options.clone();
    let _until_it_ends = cancel.interruptible(move || {
        let _ = interrupted.terminate(); // fails only when the run has ended by itself
    });
    // The caller's thread is one of those that work.
    float_mode::standard(|| call(&options))
}

/// Runs a graph and takes `names` from its outputs, in that order.
fn run(
    session: &mut Session,
    inputs: Vec<(&str, SessionInputValue<'_>)>,
    names: &[&str],
    cancel: &CancelToken,
) -> ort::Result<Vec<DynValue>> {
    let inputs: Vec<(Cow<'_, str>, _)> = inputs.into_iter().map(|(name, value)| (Cow::from(name), value)).collect();
    interruptible(cancel, |options| {
        let mut outputs = session.run_with_options(inputs, options)?;
        take(&mut outputs, names)
    })
}

/// As [`run`], with the outputs left on the CUDA device.
fn run_on_cuda(
    session: &mut Session,
    inputs: Vec<(&str, DynValue)>,
    names: &[&str],
    cancel: &CancelToken,
) -> ort::Result<Vec<DynValue>> {
    let device = MemoryInfo::new(AllocationDevice::CUDA, 0, AllocatorType::Device, MemoryType::Default)?;
    let mut binding = session.create_binding()?;
    for (name, value) in &inputs {
        binding.bind_input(*name, value)?;
    }
    for name in names {
        binding.bind_output_to_device(*name, &device)?;
    }
    interruptible(cancel, |options| {
        let mut outputs = session.run_binding_with_options(&binding, options)?;
        take(&mut outputs, names)
    })
}

fn take(outputs: &mut SessionOutputs<'_>, names: &[&str]) -> ort::Result<Vec<DynValue>> {
    let missing = |name: &str| ort::Error::new(format!("the graph gave no output '{name}'"));
    names.iter().map(|name| outputs.remove(name).ok_or_else(|| missing(name))).collect()
}

/// The part of an embedding that lies under `window`.
fn crop(value: &DynValue, window: Window, stride: usize) -> ort::Result<Array4<f32>> {
    let whole = value.try_extract_array::<f32>()?;
    let rows = window.row / stride..(window.row + window.height) / stride;
    let columns = window.column / stride..(window.column + window.width) / stride;
    let part = whole.slice(s![.., .., rows, columns]).as_standard_layout().into_owned();
    part.into_dimensionality::<Ix4>().map_err(|e| ort::Error::new(e.to_string()))
}

fn builder(runtime: &Runtime, threads: usize, device: Device) -> ort::Result<SessionBuilder> {
    let builder = Session::builder(&runtime.environment)?
        // The level is fixed: another one moves results by about 1e-6.
        .with_optimization_level(GraphOptimizationLevel::Level3)?
        .with_intra_threads(threads)?
        .with_inter_threads(1)?
        .with_intra_op_spinning(false)?
        .with_deterministic_compute(true)?;
    match device {
        Device::Cuda => {
            let cuda = ep::CUDA::default().with_tf32(false).build().error_on_failure();
            Ok(builder.with_execution_providers([cuda])?)
        }
        _ => Ok(builder),
    }
}

/// Loads the libraries that CUDA needs; says what is missing.
fn cuda_libraries(runtime: &Runtime) -> Result<(), String> {
    const PROVIDER: &str = "libonnxruntime_providers_cuda.so";
    let folder = runtime.folder().ok_or_else(|| format!("{PROVIDER} can't be located"))?;
    if !folder.join(PROVIDER).is_file() {
        return Err(format!("this ONNX Runtime ({}) has no CUDA execution provider ({PROVIDER})", folder.display()));
    }
    if has_cuda(folder) {
        ep::cuda::preload_dylibs(Some(folder), Some(folder)).map_err(|e| e.to_string())?;
    }
    // SAFETY: loading the driver has no preconditions; the handle is left open, as the provider would.
    let driver = unsafe { libc::dlopen(c"libcuda.so.1".as_ptr(), libc::RTLD_NOW) };
    if driver.is_null() { Err("no NVIDIA driver is installed (libcuda.so.1)".into()) } else { Ok(()) }
}

/// True when CUDA's own libraries lie in `folder`, as `cargo xtask setup --cuda` puts them; else the system's loader
/// finds them or doesn't.
fn has_cuda(folder: &Path) -> bool {
    ep::cuda::CUDA_DYLIBS.first().is_some_and(|runtime| folder.join(runtime).is_file())
}

/// The device asked for; for `auto` CUDA, unless CUDA itself is in the way: then the CPU, told why. `with` is handed to the
/// one that is tried.
fn choose<N, W>(
    device: Device,
    with: &mut W,
    on_cuda: impl FnOnce(&mut W) -> Result<N>,
    on_cpu: impl FnOnce(&mut W, &str) -> Result<N>,
) -> Result<N> {
    match device {
        Device::Cpu => on_cpu(with, "the CPU was asked for"),
        Device::Cuda => on_cuda(with),
        Device::Auto => match on_cuda(with) {
            Err(Error::Device { reason, .. }) => on_cpu(with, &reason),
            other => other,
        },
    }
}

/// Every device that this library knows of, tried with the built-in bundle where its libraries are there.
pub fn devices() -> Vec<DeviceState> {
    let mut monitor = Monitor::silent();
    let load = |bundle: Bundle| OrtNetwork::load(Arc::new(bundle), Device::Cuda, 1, &mut monitor);
    let (usable, reason) = match Bundle::builtin().and_then(load) {
        Ok(network) => (true, network.device.reason),
        Err(Error::Device { reason, .. }) => (false, reason),
        Err(other) => (false, other.to_string()),
    };
    let cpu = DeviceState { device: Device::Cpu, usable: true, reason: "ONNX Runtime always has it".into() };
    vec![cpu, DeviceState { device: Device::Cuda, usable, reason }]
}

/// A network that fails on the device in its trial run: the device can't be used.
fn unable(error: Error) -> Error {
    match error {
        Error::Inference { graph, reason } => without_cuda(format!("the {graph} network can't run on it: {reason}")),
        other => other,
    }
}

fn without_cuda(reason: String) -> Error {
    Error::Device {
        device: "cuda",
        reason,
        remedy: "Run 'cargo xtask setup --cuda' on a machine with an NVIDIA GPU and driver, or use the CPU".into(),
    }
}

fn failed(graph: &'static str, error: ort::Error, cancel: &CancelToken) -> Error {
    named(graph, &error, cancel).unwrap_or_else(|| Error::Inference { graph, reason: error.to_string() })
}

/// The cause of what went wrong in ONNX Runtime, where it has a name of its own.
fn named<R>(graph: &'static str, error: &ort::Error<R>, cancel: &CancelToken) -> Option<Error> {
    let reason = error.to_string();
    if cancel.is_cancelled() {
        return Some(Error::Cancelled);
    }
    // What ONNX Runtime says where `new` fails, where its own allocator does, and where a system call does.
    const WORDS: [&str; 3] = ["bad_alloc", "Failed to allocate memory", "Cannot allocate memory"];
    let short = WORDS.iter().any(|words| reason.contains(words));
    short.then(|| Error::OutOfMemory { what: "the network", needed: format!("what the {graph} takes ({reason})") })
}

fn broken(bundle: &Bundle, reason: String) -> Error {
    Error::ModelBundle {
        bundle: bundle.origin.clone(),
        reason: format!("ONNX Runtime refuses {reason}"),
        remedy: "The file is damaged or needs a newer ONNX Runtime: export the bundle again".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Error {
        let text = || "x".to_owned();
        Error::ModelShape { bundle: "b".into(), file: text(), tensor: text(), got: text(), expected: text() }
    }

    #[test]
    fn choose_cuda_that_loads_but_can_not_run_is_left_for_the_cpu_by_auto_alone() {
        let trial = |_: &mut ()| Err(unable(Error::Inference { graph: "encoder", reason: "no kernel image".into() }));
        let why = choose(Device::Auto, &mut (), trial, |_, why| Ok(why.to_owned())).unwrap();
        assert!(why.contains("encoder") && why.contains("no kernel image"), "{why}");
        let error = choose::<String, _>(Device::Cuda, &mut (), trial, |_, _| panic!("the CPU wasn't asked for"));
        let error = error.unwrap_err();
        assert_eq!(error.name(), "E_DEVICE");
        assert!(error.to_string().contains("no kernel image"), "{error}");
        assert!(choose(Device::Cpu, &mut (), |_| panic!("CUDA wasn't asked for"), |_, _| Ok(())).is_ok());
    }

    #[test]
    fn choose_bundle_that_is_not_what_it_says_is_refused_on_any_device() {
        for device in [Device::Auto, Device::Cuda] {
            let refusal = |_: &mut ()| Err(unable(shape()));
            let error = choose::<(), _>(device, &mut (), refusal, |_, _| panic!("it's no matter of the device"));
            assert_eq!(error.unwrap_err().name(), "E_MODEL_SHAPE");
        }
    }

    #[test]
    fn check_finite_numbers_that_are_none_are_refused_wherever_they_stand() {
        assert!(check_finite("decoder", &[]).is_ok());
        let good = vec![f32::MAX; 10_000];
        assert!(check_finite("decoder", &good).is_ok());
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for at in [0, 4095, 4096, 9999] {
                let mut numbers = good.clone();
                numbers[at] = bad;
                let error = check_finite("decoder", &numbers).unwrap_err();
                assert_eq!(error.name(), "E_INFERENCE");
                let counts = if bad.is_nan() { "NaN 1 times" } else { "infinity 1 times" };
                assert!(error.to_string().contains(counts), "{error}");
            }
        }
    }

    #[test]
    fn has_cuda_is_true_where_setup_unpacked_it() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_cuda(folder.path()));
        std::fs::write(folder.path().join("libcudart.so.13"), b"").unwrap();
        assert!(has_cuda(folder.path()));
    }
}
