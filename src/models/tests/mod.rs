//! Bundles installed, listed, opened and removed; archives that are refused.

mod archives;
mod keeping;
mod made;
mod signing;
