//! Finds and outlines lung nodules in a chest CT and says, voxel by voxel and nodule by nodule, how sure it is.
//!
//! Data flows one way: `capi`, `cxx_bridge`, command line → [`pipeline`] → [`stages`] → [`volume`], [`geometry`], [`error`].
//! Research use only; not a medical device.

pub mod capi;
#[cfg(feature = "cxx")]
pub mod cxx_bridge;
pub mod error;
mod float_mode;
pub mod geometry;
pub mod io;
pub mod memory;
pub mod model;
pub mod phantom;
pub mod philox;
pub mod pipeline;
pub mod progress;
mod regular;
pub mod report;
pub mod stages;
pub mod volume;
pub mod warning;

pub use error::{Error, Result};
pub use warning::Warning;

/// This library's version, as in Cargo.toml.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
