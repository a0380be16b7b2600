//! Every output and its name: volumes, tables, pictures, the run manifest.
//!
//! Enters: a result, and what is known of its run. Leaves: files, under the names of [`outputs`]. Not known here: networks,
//! and how a result came about.

pub mod comparison;
pub mod dicom;
pub mod manifest;
pub mod outputs;
pub mod overview;
pub mod tables;
pub mod volumes;
