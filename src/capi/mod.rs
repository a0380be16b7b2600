//! The C ABI: what `include/sam2lung.h` declares, one file an object.
//!
//! Enters: pointers, numbers and structs of C, none of them trusted. Leaves: a status, an error object, and outputs that
//! are written only on success. Names are `sam2lung_<object>_<verb>`; nothing but these is exported. The header is
//! generated from this folder by `build.rs` and committed; its head (`cbindgen.toml`) holds the conventions.
//!
//! Every function goes through [`guard`]: no panic leaves it. The conventions of the header are the safety contract of
//! all of them: a pointer is NULL or points to what its type says, and a string ends with NUL.
#![allow(non_camel_case_types, reason = "the names are those of C")]
#![allow(clippy::missing_safety_doc, reason = "one contract for all of them: the conventions in the header's head")]

pub mod bundle;
pub mod bundle_list;
pub mod bundle_parts;
pub mod cancel;
pub mod engine;
pub mod error;
pub(crate) mod guard;
pub mod image;
pub mod log;
pub mod maps;
mod measures;
pub mod nodule;
pub mod options;
pub(crate) mod pointers;
pub mod progress;
pub mod report;
pub mod result;
pub mod run;
pub mod runtime;
pub mod status;
pub(crate) mod structs;
#[cfg(test)]
mod tests;
pub mod version;
pub mod volume;
pub(crate) mod voxels;
mod warnings;
pub mod write;
