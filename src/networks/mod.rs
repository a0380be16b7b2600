//! What a network is to a run: the roles that it fills, the kinds of geometry that cut a volume for it, and what is random
//! in it.
//!
//! Enters: the channels ([`images`]), a region, clicks. Leaves: probabilities, uncertainty and samples ([`answers`]). Known here:
//! the contract, arithmetic on arrays, and networks as a trait ([`network`]); not findings, not the pipeline.
//!
//! ```text
//! roles ← kinds → slice, patch, hybrid        which boxes, how they are put back
//!                   ├─ runner → network       members, flips, calls of one box
//!                   ├─ sampler                what sample s is
//!                   └─ blending → answers     overlapping boxes, then statistics
//! ```
//! A new kind is a folder here, which makes [`answers::Answers`] of a [`job::Job`], and a line in [`kinds`].

mod activation;
pub mod answers;
pub mod blending;
pub mod classify;
pub mod clicks;
pub mod dropout;
pub mod flips;
pub mod handed;
pub mod hybrid;
pub mod images;
pub mod job;
pub mod kinds;
pub mod load;
#[cfg(test)]
pub(crate) mod made;
pub mod meter;
pub mod network;
pub mod noise;
pub mod onnx;
pub mod patch;
pub mod roles;
pub mod runner;
pub mod sampler;
pub mod sampling;
pub mod slice;
pub mod tensors;
mod trial;

pub use slice::neighbours;
