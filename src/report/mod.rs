//! Every output and its name: volumes, tables, pictures, the report page, the run manifest.
//!
//! Enters: a result, and what is known of its run. Leaves: files, under the names of [`outputs`]. Not known here: networks,
//! and how a result came about.

mod chest;
mod colour;
pub mod comparison;
pub mod dicom;
mod findings_text;
pub mod folder;
pub mod manifest;
pub mod outputs;
pub mod overview;
pub mod page;
pub mod resume;
pub mod staging;
pub mod summary;
pub mod tables;
mod views;
pub mod volumes;
pub mod words;
