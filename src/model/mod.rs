//! Bundles, and the only place that knows ONNX Runtime.

pub mod bundle;
pub mod device;
mod external_data;
mod folder;
mod library;
pub mod network;
pub mod runtime;
pub mod session;
pub mod spec;
mod spec_check;
