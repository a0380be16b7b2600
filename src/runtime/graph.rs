//! A graph that is ready to run: named tensors in, named tensors out.
//!
//! Enters: arrays of float32, or values that another graph gave. Leaves: values that stay where they were made. Where the graph
//! has float16, numbers are converted on the way in, and on the way out by [`Value::view`].

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, Instant},
};

use half::f16;
use ndarray::ArrayViewD;
use ort::{
    memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType},
    session::{Session, SessionInputValue, SessionOutputs},
    value::{Tensor, TensorRef},
};

use super::{
    cancel::interruptible,
    device::Device,
    failure::{self, failed},
    own::OfProcess,
    pool::Pool,
    tensor::{Precision, TensorInfo},
    value::Value,
    work::Work,
};
use crate::{error::Result, progress::CancelToken, threads::side_by_side};

/// A graph on a device.
#[derive(Debug)]
pub struct Graph {
    name: String,
    file: String,
    device: Device,
    inputs: Vec<TensorInfo>,
    outputs: Vec<TensorInfo>,
    /// One for each lane.
    sessions: Vec<OfProcess<Session>>,
    /// Where they have their memory from, where they share that with other graphs.
    pool: Option<Arc<Pool>>,
    work: Work,
}

/// What goes in by one name.
#[derive(Debug, Clone)]
pub enum Input<'a> {
    /// Numbers on the host.
    Array(ArrayViewD<'a, f32>),
    /// What another graph on the same device gave.
    Value(&'a Value),
}

impl Input<'_> {
    /// How many numbers it holds.
    fn elements(&self) -> usize {
        match self {
            Input::Array(array) => array.len(),
            Input::Value(value) => value.elements(),
        }
    }
}

/// Where outputs go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// To the host, whatever the device.
    OnHost,
    /// Nowhere: they stay on the device.
    OnDevice,
}

impl Graph {
    /// `name`: as messages call it. `file`: of the bundle. `first` and `others`: a session of this graph for each lane. `pool`: theirs
    /// and that of the graphs which are loaded with it, where they share one.
    pub(super) fn new(
        name: String,
        file: String,
        device: Device,
        first: Session,
        others: Vec<Session>,
        pool: Option<Arc<Pool>>,
    ) -> Self {
        let infos = |outlets: &[ort::value::Outlet]| outlets.iter().map(TensorInfo::of).collect();
        let (inputs, outputs) = (infos(first.inputs()), infos(first.outputs()));
        let work = Work { file: file.clone(), ..Work::default() };
        let sessions = [first].into_iter().chain(others).map(OfProcess::new).collect();
        Graph { name, file, device, inputs, outputs, sessions, pool, work }
    }

    /// What messages call it: "the … network failed".
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file it came from.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// What has to go in.
    pub fn inputs(&self) -> &[TensorInfo] {
        &self.inputs
    }

    /// What comes out.
    pub fn outputs(&self) -> &[TensorInfo] {
        &self.outputs
    }

    /// How many calls it runs side by side.
    pub fn lanes(&self) -> usize {
        self.sessions.len()
    }

    /// Runs it and gives `outputs`, in that order.
    ///
    /// # Errors
    /// [`crate::Error::Inference`], [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
    pub fn run(
        &mut self,
        inputs: &[(&str, Input<'_>)],
        outputs: &[&str],
        leave: Leave,
        cancel: &CancelToken,
    ) -> Result<Vec<Value>> {
        let begun = Instant::now();
        let given = self.run_beside(inputs, outputs, leave, cancel)?;
        self.account(begun.elapsed(), inputs, outputs, &given);
        Ok(given)
    }

    /// The same, side by side with other graphs: whoever runs them accounts for it.
    ///
    /// # Errors
    /// As [`Graph::run`].
    pub fn run_beside(
        &mut self,
        inputs: &[(&str, Input<'_>)],
        outputs: &[&str],
        leave: Leave,
        cancel: &CancelToken,
    ) -> Result<Vec<Value>> {
        let ran = match (self.device, leave) {
            (Device::Cuda, Leave::OnDevice) => self.run_bound(inputs, outputs, cancel),
            _ => run_plain(&mut self.sessions[0], &self.inputs, inputs, outputs, cancel),
        };
        ran.map_err(|e| failed(&self.name, &e, cancel))
    }

    /// Takes a call that gave `values` into account. `took`: the time that a run waited for it.
    pub fn account(&mut self, took: Duration, inputs: &[(&str, Input<'_>)], outputs: &[&str], values: &[Value]) {
        let fed = inputs.iter().map(|(name, input)| (*name, input.elements()));
        let gave = outputs.iter().zip(values).map(|(name, value)| (*name, value.elements()));
        self.work.add(took, fed.chain(gave));
    }

    /// Runs it once for each of `calls`, as many side by side as it has lanes, and gives each call's `outputs`, on the host: the
    /// same bits as one after the other.
    ///
    /// # Errors
    /// As [`Graph::run`], of the first call that failed.
    pub fn run_each(
        &mut self,
        calls: &[Vec<(&str, Input<'_>)>],
        outputs: &[&str],
        cancel: &CancelToken,
    ) -> Result<Vec<Vec<Value>>> {
        if let [only] = calls {
            return Ok(vec![self.run(only, outputs, Leave::OnHost, cancel)?]);
        }
        let begun = Instant::now();
        let wanted = &self.inputs;
        let run =
            |session: &mut OfProcess<Session>, call: usize| run_plain(session, wanted, &calls[call], outputs, cancel);
        let given = side_by_side(&mut self.sessions, calls.len(), run);
        let given = given.map_err(|e| failed(&self.name, &e, cancel))?;
        let each = shared(begun.elapsed(), calls.len());
        for (inputs, values) in calls.iter().zip(&given) {
            self.account(each, inputs, outputs, values);
        }
        Ok(given)
    }

    /// Gives back the memory that its calls took and those of the graphs that were loaded with it; call it when none of them is
    /// called for a while.
    pub fn rest(&self) {
        self.pool.as_deref().into_iter().for_each(Pool::give_back);
    }

    /// What it has done since this was last asked.
    pub fn take_work(&mut self) -> Work {
        let begin = Work { file: self.file.clone(), ..Work::default() };
        std::mem::replace(&mut self.work, begin)
    }

    /// Refuses numbers of this graph that are NaN or infinite.
    ///
    /// # Errors
    /// [`crate::Error::Inference`].
    pub fn check_finite(&self, numbers: &[f32]) -> Result<()> {
        failure::check_finite(&self.name, numbers)
    }

    /// The outputs stay on the CUDA device.
    fn run_bound(
        &mut self,
        inputs: &[(&str, Input<'_>)],
        outputs: &[&str],
        cancel: &CancelToken,
    ) -> ort::Result<Vec<Value>> {
        let device = MemoryInfo::new(AllocationDevice::CUDA, 0, AllocatorType::Device, MemoryType::Default)?;
        let session = &mut self.sessions[0];
        let mut binding = session.create_binding()?;
        for (name, input) in inputs {
            binding.bind_input(*name, &*fed(&self.inputs, name, input, false)?)?;
        }
        for name in outputs {
            binding.bind_output_to_device(*name, &device)?;
        }
        interruptible(cancel, |options| {
            let mut given = session.run_binding_with_options(&binding, options)?;
            collect(&mut given, outputs, false)
        })
    }
}

/// What each of so many calls side by side counts for of the time that they took together.
pub fn shared(took: Duration, calls: usize) -> Duration {
    took / u32::try_from(calls.max(1)).unwrap_or(u32::MAX)
}

/// The outputs come to the host. `wanted`: the session's inputs.
fn run_plain(
    session: &mut Session,
    wanted: &[TensorInfo],
    inputs: &[(&str, Input<'_>)],
    outputs: &[&str],
    cancel: &CancelToken,
) -> ort::Result<Vec<Value>> {
    let named = inputs.iter().map(|(name, input)| Ok((Cow::from(*name), fed(wanted, name, input, true)?)));
    let named = named.collect::<ort::Result<Vec<_>>>()?;
    interruptible(cancel, |options| {
        let mut given = session.run_with_options(named, options)?;
        collect(&mut given, outputs, true)
    })
}

/// An input in the precision that the graph wants. `borrow`: numbers that lie as they should aren't copied.
fn fed<'a>(
    wanted: &[TensorInfo],
    name: &str,
    input: &'a Input<'_>,
    borrow: bool,
) -> ort::Result<SessionInputValue<'a>> {
    let half = wanted.iter().any(|info| info.name == name && info.precision == Some(Precision::F16));
    Ok(match input {
        Input::Value(value) if (value.precision == Precision::F16) == half => (&value.value).into(),
        Input::Value(value) if half => Tensor::from_array(value.extracted()?.mapv(f16::from_f32))?.into(),
        Input::Value(value) => Tensor::from_array(value.extracted()?.into_owned())?.into(),
        Input::Array(array) if half => Tensor::from_array(array.mapv(f16::from_f32))?.into(),
        Input::Array(array) if borrow && array.is_standard_layout() => TensorRef::from_array_view(array.view())?.into(),
        Input::Array(array) => Tensor::from_array(array.as_standard_layout().into_owned())?.into(),
    })
}

fn collect(given: &mut SessionOutputs<'_>, names: &[&str], on_host: bool) -> ort::Result<Vec<Value>> {
    let missing = |name: &str| ort::Error::new(format!("the graph gave no output '{name}'"));
    let value = |name: &&str| Value::new(name, given.remove(name).ok_or_else(|| missing(name))?, on_host);
    names.iter().map(value).collect()
}
