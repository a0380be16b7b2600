//! ONNX Runtime: its library, its threads, devices, and graphs that are ready to run.
//!
//! The only room that knows `ort`.

mod checkout;
mod crew;
pub mod device;
pub mod environment;
pub mod float_mode;
mod library;
mod messages;
mod own;
pub mod session;
