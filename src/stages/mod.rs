//! The stages of a run, each testable without the next.

pub mod aeration;
pub mod check;
pub mod clicks;
pub mod components;
pub mod distance;
pub mod dropout;
pub mod hu;
pub mod judge;
pub mod lungs;
pub mod nodules;
pub mod orient;
pub mod resample;
pub mod sample_masks;
pub mod statistics;
pub mod surfaces;
pub mod windowing;
