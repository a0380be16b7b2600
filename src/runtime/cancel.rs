//! Calls of ONNX Runtime that a cancel interrupts.

use std::sync::Arc;

use ort::session::{RunOptions, Session, builder::SessionBuilder};

use super::float_mode;
use crate::progress::CancelToken;

/// Runs `call` under options that `cancel` can interrupt.
pub fn interruptible<T>(cancel: &CancelToken, call: impl FnOnce(&RunOptions) -> ort::Result<T>) -> ort::Result<T> {
    let options = Arc::new(RunOptions::new()?);
    let interrupted = options.clone();
    let _until_it_ends = cancel.interruptible(move || {
        let _ = interrupted.terminate(); // fails only when the run has ended by itself
    });
    // The caller's thread is one of those that work.
    float_mode::standard(|| call(&options))
}

/// Loads a graph, unless `cancel` comes first.
pub fn commit(mut builder: SessionBuilder, graph: &[u8], cancel: &CancelToken) -> ort::Result<Session> {
    let canceler = builder.canceler();
    let _until_it_ends = cancel.interruptible(move || {
        let _ = canceler.cancel(); // fails only when the graph is loaded
    });
    builder.commit_from_memory(graph)
}
