//! Graphs onto a device, all or none: loaded, then tried, and on the CPU where `auto` finds that CUDA can't run them.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use ort::{
    ep,
    session::{
        Session,
        builder::{GraphOptimizationLevel, SessionBuilder},
    },
};

use super::{
    cancel::commit,
    crew::Crew,
    cuda,
    device::{Device, DeviceReport},
    environment::Runtime,
    failure::named,
    float_mode,
    graph::Graph,
    lanes::{Calls, Lanes},
    pool::Sharing,
};
use crate::{
    error::{Error, Result},
    memory,
    progress::{CancelToken, Monitor, Stage},
    threads::side_by_side,
};

/// ONNX Runtime holds weights as they were read and as its kernels want them.
const COPIES: usize = 2;

/// A graph that is to be loaded.
#[derive(Debug, Clone)]
pub struct Source<'a> {
    /// What messages call it: "the … network failed".
    pub name: String,
    /// Its file.
    pub file: &'a str,
    /// The file's bytes.
    pub bytes: &'a [u8],
    /// How it is called.
    pub calls: Calls,
}

/// What is to be loaded, and how.
#[derive(Debug)]
pub struct Request<'a> {
    /// Where the files are from, for messages.
    pub origin: PathBuf,
    /// The graphs.
    pub sources: Vec<Source<'a>>,
    /// How many steps their trial reports.
    pub trials: usize,
    /// Where they are to run.
    pub device: Device,
    /// CPU threads that work at the same time.
    pub threads: usize,
    /// No graph has more lanes.
    pub most_lanes: usize,
}

/// Steps of loading: one for each graph, one for each trial. CUDA that fails and the CPU after it share them.
#[derive(Debug)]
pub struct Steps<'a, 'b> {
    monitor: &'a mut Monitor<'b>,
    done: usize,
    total: usize,
}

impl Steps<'_, '_> {
    /// Reports a step more.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub fn step(&mut self) -> Result<()> {
        self.done = (self.done + 1).min(self.total);
        self.monitor.step(Stage::Load, self.done, self.total)
    }

    /// Cancels the loading.
    pub fn cancel_token(&self) -> &CancelToken {
        self.monitor.cancel_token()
    }
}

/// Why graphs can't be loaded.
enum Refusal {
    /// For a cause that has a name, whatever the device.
    Named(Error),
    /// ONNX Runtime says why.
    Said(String),
}

/// Loads graphs and hands them, in the order of the request, to `make`, which checks their tensors and tries them. With `auto`
/// it may be called twice: an [`Error::Inference`] of the trial on CUDA means that the device can't be used.
///
/// # Errors
/// [`Error::Runtime`], [`Error::Threads`], [`Error::OutOfMemory`], [`Error::Device`], [`Error::ModelBundle`],
/// [`Error::Cancelled`], and those of `make`.
pub fn load<N>(
    request: &Request<'_>,
    monitor: &mut Monitor<'_>,
    make: impl FnMut(Vec<Graph>, &mut Steps<'_, '_>) -> Result<N>,
) -> Result<(N, DeviceReport)> {
    monitor.check()?;
    let runtime = Runtime::get()?;
    let steps = Steps { monitor, done: 0, total: request.sources.len() + request.trials };
    let report = |used, reason: &str| DeviceReport { asked: request.device, used, reason: reason.to_owned() };
    // Threads that are started on the way have their mode from this one.
    float_mode::standard(|| {
        choose(
            request.device,
            &mut (steps, make),
            |(steps, make)| {
                let found = cuda::load_libraries(&runtime).map_err(Refusal::Said);
                let graphs = found.and_then(|()| open(request, &runtime, Device::Cuda, steps));
                let graphs = graphs.map_err(|refusal| match refusal {
                    Refusal::Named(error) => error,
                    Refusal::Said(reason) => cuda::unusable(reason),
                })?;
                let made = make(graphs, steps).map_err(cuda::unable)?;
                Ok((made, report(Device::Cuda, "ONNX Runtime's CUDA execution provider runs every graph")))
            },
            |(steps, make), why| {
                let graphs = open(request, &runtime, Device::Cpu, steps).map_err(|refusal| match refusal {
                    Refusal::Named(error) => error,
                    Refusal::Said(reason) => broken(&request.origin, reason),
                })?;
                Ok((make(graphs, steps)?, report(Device::Cpu, why)))
            },
        )
    })
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

/// All graphs, each with lanes and threads of its own; several are loaded at the same time.
fn open(
    request: &Request<'_>,
    runtime: &Runtime,
    device: Device,
    steps: &mut Steps<'_, '_>,
) -> Result<Vec<Graph>, Refusal> {
    let cpu = device != Device::Cuda;
    let lanes = |source: &Source<'_>| {
        let calls = if cpu { source.calls } else { Calls::Alone };
        Lanes::of(request.threads, source.bytes.len(), calls).at_most(request.most_lanes)
    };
    let seats: Vec<(&Source<'_>, usize)> = request
        .sources
        .iter()
        .flat_map(|source| std::iter::repeat_n((source, lanes(source).threads), lanes(source).count))
        .collect();
    let weights: usize = seats.iter().map(|(source, _)| source.bytes.len()).sum();
    memory::check_free(COPIES * weights, "the networks' weights").map_err(Refusal::Named)?;
    let threads: Vec<usize> = seats.iter().map(|(_, threads)| *threads).collect();
    let crews = Crew::for_each(&threads).map_err(Refusal::Named)?;
    let crews: Vec<Mutex<Option<Crew>>> = crews.into_iter().map(|crew| Mutex::new(Some(crew))).collect();
    let sharing = if cpu { Sharing::begin(&runtime.environment) } else { None };
    let cancel = steps.cancel_token().clone();
    let session = |(): &mut (), n: usize| {
        let (source, threads) = seats[n];
        let crew = crews[n].lock().unwrap_or_else(|e| e.into_inner()).take().expect("each session is made once");
        let builder = builder(runtime, threads, device, sharing.is_some());
        let builder = builder.and_then(|builder| Ok(builder.with_thread_manager(crew)?));
        let session = builder.and_then(|builder| commit(builder, source.bytes, &cancel));
        session.map_err(|e| {
            let said = || Refusal::Said(format!("{}: {e}", source.file));
            named(&source.name, &e, &cancel).map_or_else(said, Refusal::Named)
        })
    };
    let at_once = if cpu { request.threads.max(1) } else { 1 };
    let mut sessions = side_by_side(&mut vec![(); at_once], seats.len(), session)?.into_iter();
    let pool = sharing.as_ref().and_then(Sharing::pool).map(Arc::new);
    drop(sharing);
    let mut graphs = Vec::new();
    for source in &request.sources {
        let mut own = sessions.by_ref().take(lanes(source).count);
        let first = own.next().expect("a graph has one session at least");
        let others = own.collect();
        graphs.push(Graph::new(source.name.clone(), source.file.to_owned(), device, first, others, pool.clone()));
        steps.step().map_err(Refusal::Named)?;
    }
    Ok(graphs)
}

/// `pooled`: the session shares a pool with others.
fn builder(runtime: &Runtime, threads: usize, device: Device, pooled: bool) -> ort::Result<SessionBuilder> {
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
        _ if pooled => Ok(builder.with_env_allocators()?),
        _ => Ok(builder),
    }
}

fn broken(origin: &Path, reason: String) -> Error {
    Error::ModelBundle {
        bundle: origin.into(),
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
        let failed = || Error::Inference { graph: "encoder".into(), reason: "no kernel image".into() };
        let trial = |_: &mut ()| Err(cuda::unable(failed()));
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
            let refusal = |_: &mut ()| Err(cuda::unable(shape()));
            let error = choose::<(), _>(device, &mut (), refusal, |_, _| panic!("it's no matter of the device"));
            assert_eq!(error.unwrap_err().name(), "E_MODEL_SHAPE");
        }
    }
}
