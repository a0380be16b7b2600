//! One pool of memory for all graphs of an engine.
//!
//! ONNX Runtime keeps the memory that a call took for the next one, in a pool (it says arena), and by itself makes a pool for each
//! session. An engine has a dozen sessions, of which few run at the same time. So all of them draw from one pool: it holds what
//! the calls take that run at once, not the largest call of each session. A pool goes with the last of its sessions and of the
//! values that they gave.

use std::{
    ptr,
    sync::{Mutex, MutexGuard},
};

use log::Level;
use ort::{
    AsPointer,
    editor::{Graph, Model, Node, ONNX_DOMAIN, Opset},
    environment::Environment,
    memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType},
    session::{OutputSelector, RunOptions, SelectedOutputMarker, Session},
    value::{Outlet, Shape, SymbolicDimensions, Tensor, TensorElementType, TensorRef, ValueType},
};

use super::{messages, own::OfProcess};

/// Of ONNX's operators: one that the oldest ONNX Runtime knows which is taken.
const OPERATORS: u32 = 21;

/// The pool of an engine's sessions.
#[derive(Debug)]
pub struct Pool {
    /// ONNX Runtime looks through a pool after a call alone. This session does nothing else.
    idle: Mutex<OfProcess<Session>>,
}

/// While it is there, sessions that are made with [`ort::session::builder::SessionBuilder::with_env_allocators`] share a pool.
#[derive(Debug)]
pub struct Sharing<'a>(&'a Environment);

/// How many there are: engines that are loaded at the same time have one pool.
static SHARING: Mutex<usize> = Mutex::new(0);

impl<'a> Sharing<'a> {
    /// `None`: somebody else in this process has registered a pool for the sessions of this ONNX Runtime. It is left to them.
    pub fn begin(environment: &'a Environment) -> Option<Self> {
        let mut sharing = sharing();
        if *sharing == 0 {
            register(environment).ok()?;
        }
        *sharing += 1;
        Some(Sharing(environment))
    }

    /// The pool; `None` where it can't be made, which is said: then memory stays in it.
    pub fn pool(&self) -> Option<Pool> {
        let idle = same(self.0, 1).map_err(|e| say(&e)).ok()?;
        Some(Pool { idle: Mutex::new(OfProcess::new(idle)) })
    }
}

impl Drop for Sharing<'_> {
    fn drop(&mut self) {
        let mut sharing = sharing();
        *sharing -= 1;
        if *sharing == 0 {
            // Fails only where nothing is registered. Sessions hold their pool themselves.
            let _ = unregister(self.0);
        }
    }
}

impl Pool {
    /// Gives back to the system what no session uses now. The next calls ask for it anew, which takes them milliseconds. Where
    /// that fails, which is said, memory stays in the pool.
    pub fn give_back(&self) {
        if let Err(e) = self.look_through() {
            say(&e);
        }
    }

    fn look_through(&self) -> ort::Result<()> {
        let mut options = RunOptions::new()?;
        options.set("memory.enable_memory_arena_shrinkage", "cpu:0")?;
        // What it gives must not come from the pool: it would hold on to a part of it while that is looked through.
        let given = Tensor::from_array(([1], vec![0.0_f32]))?;
        let options = options.with_outputs(OutputSelector::default().preallocate("out", given));
        let mut idle = self.idle.lock().unwrap_or_else(|e| e.into_inner());
        run(&mut idle, &[0.0], &options)
    }
}

fn sharing() -> MutexGuard<'static, usize> {
    SHARING.lock().unwrap_or_else(|e| e.into_inner())
}

fn say(error: &ort::Error) {
    messages::say(Level::Warn, module_path!(), format!("memory of calls that have ended is kept: {error}"));
}

/// A session on the shared pool that gives `numbers` numbers as they are.
fn same(environment: &Environment, numbers: usize) -> ort::Result<Session> {
    let builder = Session::builder(environment)?.with_env_allocators()?;
    let builder = builder.with_intra_threads(1)?.with_inter_threads(1)?;
    let outlet = |name: &str| {
        let (shape, dimension_symbols) = (Shape::new([numbers as i64]), SymbolicDimensions::empty(1));
        Outlet::new(name, ValueType::Tensor { ty: TensorElementType::Float32, shape, dimension_symbols })
    };
    let mut graph = Graph::new()?;
    graph.set_inputs([outlet("in")])?;
    graph.set_outputs([outlet("out")])?;
    graph.add_node(Node::new("Identity", ONNX_DOMAIN, "same", ["in"], ["out"], [])?)?;
    let mut model = Model::new([Opset::new(ONNX_DOMAIN, OPERATORS)?])?;
    model.set_graph(graph)?;
    model.into_session(&builder)
}

fn run<O: SelectedOutputMarker>(session: &mut Session, numbers: &[f32], options: &RunOptions<O>) -> ort::Result<()> {
    let numbers = TensorRef::from_array_view(([numbers.len()], numbers))?;
    session.run_with_options(ort::inputs![numbers], options).map(drop)
}

fn on_host() -> ort::Result<MemoryInfo<'static>> {
    MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Arena, MemoryType::Default)
}

fn register(environment: &Environment) -> ort::Result<()> {
    let host = on_host()?;
    // SAFETY: both are alive, and ONNX Runtime locks what it changes. No configuration: a pool grows as those of sessions do.
    unsafe {
        let status = (ort::api().CreateAndRegisterAllocator)(environment.ptr().cast_mut(), host.ptr(), ptr::null());
        ort::Error::result_from_status(status)
    }
}

fn unregister(environment: &Environment) -> ort::Result<()> {
    let host = on_host()?;
    // SAFETY: as above; each session holds a share of its pool.
    unsafe {
        let status = (ort::api().UnregisterAllocator)(environment.ptr().cast_mut(), host.ptr());
        ort::Error::result_from_status(status)
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use ort::memory::Allocator;

    use super::*;
    use crate::runtime::environment::Runtime;

    /// Bytes that a session's pool holds, by ONNX Runtime's own count.
    fn held(session: &Session) -> usize {
        let pool = Allocator::new(session, on_host().unwrap()).unwrap();
        let mut counts = ptr::null_mut();
        // SAFETY: the pool is alive; the counts, which are texts, live until they are released.
        unsafe {
            let status = (ort::api().AllocatorGetStats)(pool.ptr(), &mut counts);
            ort::Error::result_from_status(status).unwrap();
            let total = (ort::api().GetKeyValue)(counts, c"TotalAllocated".as_ptr());
            let bytes = CStr::from_ptr(total).to_str().unwrap().parse().unwrap();
            (ort::api().ReleaseKeyValuePairs)(counts);
            bytes
        }
    }

    #[test]
    fn pool_of_two_sessions_holds_one_call_and_nothing_once_it_is_given_back() {
        const NUMBERS: usize = 4 << 20;
        let bytes = size_of::<f32>() * NUMBERS;
        let environment = Runtime::get().unwrap().environment;
        let shared = Sharing::begin(&environment).unwrap();
        let pool = shared.pool().unwrap();
        let mut sessions = [0; 2].map(|_| same(&environment, NUMBERS).unwrap());
        let (numbers, options) = (vec![0.5; NUMBERS], RunOptions::new().unwrap());
        // The first piece stays in a pool for good; in an engine it holds weights.
        run(&mut same(&environment, 1).unwrap(), &[0.5], &options).unwrap();
        drop(shared);
        let before = held(&sessions[0]);
        for session in &mut sessions {
            run(session, &numbers, &options).unwrap();
        }
        let after = sessions.each_ref().map(held);
        // A pool grows by powers of two.
        assert!(after[0] == after[1] && (bytes..2 * bytes).contains(&(after[0] - before)), "{before}, {after:?}");
        pool.give_back();
        assert!(held(&sessions[1]) <= before, "{}", held(&sessions[1]));
    }

    #[test]
    fn sharing_ends_with_the_last_and_begins_anew() {
        let environment = Runtime::get().unwrap().environment;
        let first = Sharing::begin(&environment).unwrap();
        let second = Sharing::begin(&environment).unwrap();
        drop(first);
        let early = same(&environment, 1).unwrap();
        drop(second);
        let third = Sharing::begin(&environment);
        assert!(third.is_some());
        drop(early);
    }
}
