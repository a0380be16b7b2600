//! `model.json` and the folder that it lies in: plain data, read and checked before anything runs.
//!
//! Enters: bytes. Leaves: a checked [`bundle::Bundle`]. Nothing here calculates with voxels or knows ONNX Runtime.

pub mod bundle;
pub mod check;
pub mod classes;
mod external_data;
mod folder;
pub mod limits;
pub mod model;
pub mod network;
pub mod schema;
mod schema1;
pub mod uncertainty;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod tests;
