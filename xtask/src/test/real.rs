//! Tests on real CT, where `../shared/data` (or `SAM2LUNG_SHARED`) is at hand.

use super::rust::cargo_test;
use super::tally::Tally;
use super::{Context, shared_folder, skip};
use crate::process::{Result, root};

/// Runs tests/real.
pub fn run(context: &Context) -> Result<Tally> {
    if !root().join("tests/real").is_dir() {
        return Ok(skip("there are no tests on real CT yet"));
    }
    if shared_folder().is_none() {
        return Ok(skip("no real CT at hand: set SAM2LUNG_SHARED to the folder that holds data/"));
    }
    cargo_test(context, &["--release", "--test=real"])
}
