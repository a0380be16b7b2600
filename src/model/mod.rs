//! Bundles, and the only place that knows ONNX Runtime.

pub mod bundle;
mod checkout;
mod crew;
pub mod device;
mod external_data;
mod folder;
mod library;
mod messages;
pub mod network;
mod own;
pub mod runtime;
pub mod session;
pub mod spec;
mod spec_check;
