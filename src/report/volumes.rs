//! A result's maps as volumes, each under its name.

use std::path::Path;

use super::outputs::{KIND, LABEL, Output, PROBABILITY, UNCERTAINTY};
use crate::{
    contract::uncertainty::Uncertainty,
    error::Result,
    findings::result::Segmentation,
    io::{NiftiForms, Sample, VolumeFormat, write_volume_like},
    progress::CancelToken,
    space::volume::VolumeView,
};

/// Where volumes go and how.
#[derive(Debug, Clone, Copy)]
pub struct VolumeFiles<'a> {
    /// The folder.
    pub folder: &'a Path,
    /// Their format.
    pub format: VolumeFormat,
    /// The geometry of the header that the CT was read from.
    pub forms: Option<&'a NiftiForms>,
}

impl VolumeFiles<'_> {
    /// How many volumes a result has.
    pub fn count(found: &Segmentation) -> usize {
        3 + found.native().kinds.len()
    }

    /// Writes label map, probability and uncertainty, and the uncertainty of each kind that was kept. `wrote` is told how many
    /// are there.
    ///
    /// # Errors
    /// [`crate::Error::Option`], [`crate::Error::Write`], [`crate::Error::Cancelled`], and those of `wrote`.
    pub fn write(
        &self,
        found: &Segmentation,
        cancel: &CancelToken,
        mut wrote: impl FnMut(usize) -> Result<()>,
    ) -> Result<()> {
        let maps = found.native();
        wrote(0)?;
        self.one(&LABEL, "", maps.labels, cancel)?;
        wrote(1)?;
        self.one(&PROBABILITY, "", maps.probability, cancel)?;
        wrote(2)?;
        self.one(&UNCERTAINTY, "", maps.uncertainty, cancel)?;
        wrote(3)?;
        for (n, (kind, map)) in Uncertainty::ALL.iter().zip(maps.kinds).enumerate() {
            self.one(&KIND, kind.name(), map, cancel)?;
            wrote(4 + n)?;
        }
        Ok(())
    }

    fn one<T: Sample>(
        &self,
        output: &Output,
        part: &str,
        volume: VolumeView<'_, T>,
        cancel: &CancelToken,
    ) -> Result<()> {
        let path = self.folder.join(output.with(part, self.format.ending()));
        write_volume_like(&path, volume, self.forms, cancel)
    }
}
