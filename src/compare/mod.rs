//! A prior and a current CT of one patient.

pub mod assign;
pub mod field;
pub mod fit;
pub mod growth;
pub mod register;
mod solve;
pub mod transform;
