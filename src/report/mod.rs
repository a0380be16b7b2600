//! What a person reads: tables, pictures, the run manifest.

pub mod manifest;
pub mod overview;
pub mod tables;
