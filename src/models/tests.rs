//! Bundles installed, listed, opened and removed; archives that are refused.
