//! A result's maps as volumes, each under its name.

use std::path::Path;

use super::outputs::{CLASS_PROBABILITY, CLASS_UNCERTAINTY, KIND, LABEL, Output, PROBABILITY, UNCERTAINTY};
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
        let maps = found.native();
        3 + maps.kinds.len() + 2 * maps.classes.len()
    }

    /// Writes label map, probability and uncertainty, the uncertainty of each kind that was kept, and the maps of each class
    /// where there are several. `wrote` is told how many volumes are there.
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
        let whole = [(&PROBABILITY, "", maps.probability), (&UNCERTAINTY, "", maps.uncertainty)];
        let kinds = Uncertainty::ALL.iter().zip(maps.kinds).map(|(kind, map)| (&KIND, kind.name(), map));
        let classes = maps.classes.into_iter().flat_map(|class| {
            [(&CLASS_PROBABILITY, class.name, class.probability), (&CLASS_UNCERTAINTY, class.name, class.uncertainty)]
        });
        for (n, (output, part, map)) in whole.into_iter().chain(kinds).chain(classes).enumerate() {
            self.one(output, part, map, cancel)?;
            wrote(2 + n)?;
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
