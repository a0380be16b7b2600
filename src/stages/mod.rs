//! The stages of a run, each testable without the next.

pub mod check;
pub mod components;
pub mod lungs;
pub mod nodules;
pub mod sample_masks;
