//! Where voxels lie: grids, volumes, boxes of voxels, orientation.
//!
//! This room knows no other: neither networks nor files nor nodules.

pub mod grid;
pub mod orientation;
pub mod volume;
