//! Finds and outlines lung nodules in a chest CT and says, voxel by voxel and nodule by nodule, how sure it is.
//!
//! Data flows one way: [`capi`], the bridge for C++ and the command line → [`pipeline`] → [`findings`], [`networks`], [`steps`]
//! → [`runtime`], [`contract`] → [`space`]. Which bundles there are is known to [`models`], which the doors alone ask. Research
//! use only; not a medical device. Two scans of one patient are held against each other by [`compare`].

pub mod capi;
pub mod compare;
pub mod contract;
#[cfg(feature = "cxx")]
pub mod cxx_bridge;
mod data_folder;
pub mod error;
pub mod findings;
pub mod io;
pub mod limits;
pub mod memory;
pub mod models;
pub mod networks;
pub mod phantom;
pub mod pipeline;
#[doc(hidden)]
pub mod platform;
pub mod progress;
mod regular;
pub mod report;
pub mod runtime;
pub mod space;
pub mod steps;
pub mod threads;
pub mod warning;

pub use error::{Error, Result};
pub use warning::Warning;

/// This library's version, as in Cargo.toml.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
