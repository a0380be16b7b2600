//! `model.json` and the folder that it lies in: plain data, read and checked before anything runs.
//!
//! Enters: bytes. Leaves: a checked [`bundle::Bundle`]. Nothing here calculates with voxels or knows ONNX Runtime.
//!
//! [`model`] is the root of the data; schema 1 becomes that as it is read. A new field is a line of a struct, its bound in
//! [`limits`], its check in [`check`], a row in `onnx/README.md`; the JSON schema ([`schema`]) follows from the struct.

pub mod bundle;
pub mod check;
pub mod classes;
pub mod classify;
mod external_data;
pub(crate) mod folder;
pub mod hybrid;
pub mod limits;
pub mod model;
pub mod network;
pub mod schema;
mod schema1;
pub mod signature;
pub mod uncertainty;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod tests;
