//! What a run found: nodules, their measures, intervals, and when to look again.
//!
//! Enters: maps in canonical orientation (k along the patient, slices axial). Leaves: one [`nodule::Nodule`] for each number
//! of the label map, and what is told of each ([`measures`]). Not known here: files, and who reads them.

mod any_plane;
mod around;
mod axes;
pub mod bands;
pub mod canonical;
mod density;
mod diameter;
pub mod interval;
pub mod measures;
pub mod nodule;
pub mod place;
pub mod reading;
pub mod result;
pub mod review;
pub mod samples;
pub mod share;

pub use around::VolumeLimits;
pub use samples::REACH_MM;
