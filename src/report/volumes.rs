//! A result's maps as volumes, each under its name.

use std::path::Path;

use super::outputs::{
    CLASS_PROBABILITY, CLASS_UNCERTAINTY, KIND, LABEL, Output, PROBABILITY, SAMPLE_OUTLINES, UNCERTAINTY,
};
use crate::{
    contract::uncertainty::Uncertainty,
    error::{Error, Result},
    findings::result::Segmentation,
    io::{NiftiForms, Sample, VolumeFormat, write_volume_like},
    limits::MAX_WRITTEN_SAMPLES,
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

/// Writes one file, or one kind of them.
pub type Job<'a> = Box<dyn FnOnce() -> Result<()> + Send + 'a>;

impl<'a> VolumeFiles<'a> {
    /// What writes label map, probability and uncertainty, the uncertainty of each kind that was kept, and the maps of each class
    /// where there are several; what takes longest comes first. A job's errors are [`crate::Error::Option`],
    /// [`crate::Error::Write`] and [`crate::Error::Cancelled`].
    pub fn jobs(self, found: &'a Segmentation, cancel: &'a CancelToken) -> Vec<Job<'a>> {
        let maps = found.native();
        let whole = [(&PROBABILITY, "", maps.probability), (&UNCERTAINTY, "", maps.uncertainty)];
        let kinds = Uncertainty::ALL.iter().zip(maps.kinds).map(|(kind, map)| (&KIND, kind.name(), map));
        let classes = maps.classes.into_iter().flat_map(|class| {
            [(&CLASS_PROBABILITY, class.name, class.probability), (&CLASS_UNCERTAINTY, class.name, class.uncertainty)]
        });
        let floats = whole.into_iter().chain(kinds).chain(classes);
        let float = |(output, part, map)| -> Job<'a> { Box::new(move || self.one(output, part, map, cancel)) };
        // The label map is nearly empty.
        let labels: Job<'a> = Box::new(move || self.one(&LABEL, "", maps.labels, cancel));
        floats.map(float).chain([labels]).collect()
    }

    /// Writes which sample calls which voxel a nodule: bit s is sample s.
    ///
    /// # Errors
    /// [`crate::Error::Option`] with more than [`MAX_WRITTEN_SAMPLES`]; [`crate::Error::OutOfMemory`],
    /// [`crate::Error::Write`] or [`crate::Error::Cancelled`].
    pub fn write_samples(&self, found: &Segmentation, cancel: &CancelToken) -> Result<()> {
        check_samples(found.samples)?;
        match found.samples {
            0..=32 => self.samples::<u32>(found, cancel),
            _ => self.samples::<u64>(found, cancel),
        }
    }

    fn samples<T>(&self, found: &Segmentation, cancel: &CancelToken) -> Result<()>
    where
        T: Sample + TryFrom<u64> + Default,
    {
        let spread = found.spread_samples::<T>()?;
        self.one(&SAMPLE_OUTLINES, "", found.native_of(&spread), cancel)
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

/// Refuses more samples than a voxel has bits for.
///
/// # Errors
/// [`Error::Option`].
pub fn check_samples(samples: usize) -> Result<()> {
    if samples <= MAX_WRITTEN_SAMPLES {
        return Ok(());
    }
    Err(Error::Option {
        option: "sample-outlines",
        got: format!("with {samples} samples"),
        expected: format!("{MAX_WRITTEN_SAMPLES} samples at most, one bit each (see --samples)"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_samples_of_more_than_64_is_refused_by_name() {
        check_samples(64).unwrap();
        let error = check_samples(65).unwrap_err();
        assert!(error.to_string().contains("65 samples"), "{error}");
    }
}
