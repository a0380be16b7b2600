//! From volumes to findings.
//!
//! Enters: a volume for each channel of a bundle, in whatever orientation, and options. Leaves: a
//! [`crate::findings::result::Segmentation`]. [`engine`] holds a bundle's networks; [`run`] reads like the chain of roles, and each
//! of its steps is a file here. Not known here: kinds of networks, ONNX Runtime, files, the C interface.

pub mod again;
pub mod best_outline;
pub mod candidates;
pub mod click;
mod click_boxes;
mod clock;
pub mod decide;
pub mod engine;
pub mod measure;
pub mod options;
pub mod outlines;
pub mod run;
pub mod scan;
pub mod search;
pub mod seen;
mod warnings;
pub mod whole;

pub use engine::Engine;
