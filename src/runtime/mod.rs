//! ONNX Runtime: its library, its threads, devices, and graphs: named tensors in, named tensors out.
//!
//! Enters: bytes of ONNX graphs, arrays. Leaves: arrays, or values that stay on the device that made them. The only room that
//! knows `ort`; it doesn't know bundles, networks or what a tensor means.

mod cancel;
mod checkout;
mod crew;
mod cuda;
pub mod device;
pub mod environment;
mod failure;
pub mod float_mode;
pub mod graph;
pub mod lanes;
mod library;
pub mod load;
mod messages;
mod own;
mod pool;
pub mod tensor;
pub mod value;
pub mod work;
