//! What a network is to a run: the roles that it fills, the kinds of geometry that cut a volume for it, and what is random
//! in it.

pub mod answers;
pub mod classify;
pub mod clicks;
pub mod dropout;
pub mod images;
pub mod load;
pub mod neighbours;
pub mod network;
pub mod onnx;
pub mod piece;
mod region;
pub mod roles;
pub mod slice;
pub mod tensors;
mod trial;
mod uncertainty;
pub mod windows;
