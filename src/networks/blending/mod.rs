//! Logits of the same sample from several boxes become one, then statistics are taken.
//!
//! Enters: boxes of the volume, each with logits (K, k, j, i) a sample at the CT's voxels and weights. Leaves: statistics over
//! the samples at every voxel that is asked for. Not known here: networks, and how boxes were cut.
//!
//! Everything flows by planes of the CT in rising k ([`Planes`]), so that only what is unfinished is held: a plane is final
//! once no box that begins at or before it is left. A plane holds its logits in tiles of [`plane::TILE`] × [`plane::TILE`]
//! voxels, and only those tiles that hold a voxel that is asked for.
//!
//! *Memory.* A plane takes 4 · (T · K + 1) bytes a voxel of its tiles. What is held at once are the planes of one layer of
//! boxes. For a CT of 512 × 512 × 600 voxels of 0.6 mm, T = 25, one class and boxes of 32 mm that is 54 planes of 26 MiB where
//! all of every slice is asked for: 1.4 GiB, and no more with more slices; lungs are about a third of a slice, so half a GiB.
//! It is asked for before anything runs ([`sweep::Sweep::new`]).

mod gather;
pub mod plane;
pub mod sweep;

pub use gather::gather;
pub use plane::Plane;

use super::meter::Meter;
use crate::error::Result;

/// Logits of all samples, plane by plane.
pub trait Planes {
    /// Plane `k`. Called for rising k, for planes that hold a voxel that is asked for.
    ///
    /// # Errors
    /// [`crate::Error::Inference`], [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
    fn plane(&mut self, k: usize, meter: &mut Meter<'_, '_>) -> Result<Plane>;
}
