//! Arithmetic on arrays, each step testable without the next. Knows [`crate::space`] and no network.

pub mod aeration;
pub mod check;
pub mod components;
pub mod distance;
pub mod fingerprint;
pub mod hu;
pub mod labels;
pub mod lungs;
pub mod normal;
pub mod philox;
pub mod resample;
pub mod sample_masks;
pub mod statistics;
pub mod surfaces;
pub mod windowing;
