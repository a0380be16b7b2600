//! What each run reads: a CT, or a file for each channel of the model.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use sam2lung::{
    Error, Result, Warning,
    contract::classes::Channel,
    io::{self, Ct, DicomSeries, NiftiForms, ReadOptions, Source},
    platform::NAMES_IGNORE_CASE,
    progress::Monitor,
    report::{folder::Origin, manifest::voxels_sha256},
    space::{grid::Grid, volume::Volume},
};

use crate::args::SegmentArgs;

/// The input of one run.
pub struct Input {
    /// Name of its folder of results.
    pub name: String,
    from: From,
}

enum From {
    /// A file, a DICOM folder, or a folder with a file for each channel.
    Path(PathBuf),
    /// Files by the channels' names; one at least.
    Channels(Vec<(String, PathBuf)>),
}

impl Input {
    /// The inputs that the words name; two that would share a folder of results are refused before anything runs.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn all(args: &SegmentArgs) -> Result<Vec<Self>> {
        let inputs: Vec<Self> = match args.channels.first() {
            Some((channel, file)) => {
                let name = patient_name(&io::output_name(file), channel);
                vec![Input { name, from: From::Channels(args.channels.clone()) }]
            }
            None => args.inputs.iter().map(|path| Self::of(path)).collect(),
        };
        let mut seen = BTreeMap::new();
        for input in &inputs {
            // Names that are one folder's here.
            let folder = if NAMES_IGNORE_CASE { input.name.to_lowercase() } else { input.name.clone() };
            if let Some(other) = seen.insert(folder, input.path()) {
                let (name, path) = (&input.name, input.path().display());
                return Err(Error::Option {
                    option: "INPUT",
                    got: format!("{} and {path}, which would both write to {name}", other.display()),
                    expected: "inputs with different names, or one call each".into(),
                });
            }
        }
        Ok(inputs)
    }

    fn of(path: &Path) -> Self {
        Input { name: io::output_name(path), from: From::Path(path.to_path_buf()) }
    }

    /// Where it lies, for messages: its first file where it has several.
    pub fn path(&self) -> &Path {
        match &self.from {
            From::Path(path) => path,
            From::Channels(files) => files.first().map_or(Path::new(""), |(_, file)| file),
        }
    }

    /// A volume for each channel, in their order, on the first one's grid; and what there is to tell of them.
    ///
    /// # Errors
    /// As [`io::read_channels`], and [`Error::Channels`].
    pub fn read(
        &self,
        channels: &[Channel],
        options: ReadOptions<'_>,
        monitor: &mut Monitor<'_>,
    ) -> Result<(Vec<Volume<f32>>, Told)> {
        let (mut volumes, mut sources, mut hashes, mut all_warnings) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut first = None;
        for Ct { volume, source, warnings, forms, dicom } in
            io::read_channels(&self.files(channels)?, channels, options, monitor)?
        {
            hashes.push(voxels_sha256(&volume.voxels, monitor.cancel_token())?);
            first.get_or_insert_with(|| First { grid: volume.grid.clone(), forms, dicom });
            sources.push(source);
            all_warnings.extend(warnings);
            volumes.push(volume);
        }
        let first = first.ok_or_else(|| Error::Internal { what: "a model without channels".into() })?;
        Ok((volumes, Told { sources, voxels_sha256: hashes, warnings: all_warnings, first }))
    }

    /// What is read: a file or a DICOM folder for each channel of the model.
    ///
    /// # Errors
    /// [`Error::Channels`], [`Error::Read`].
    pub fn files(&self, channels: &[Channel]) -> Result<Vec<PathBuf>> {
        match &self.from {
            From::Channels(files) => io::pick_channels(files, channels),
            From::Path(path) if channels.len() == 1 => Ok(vec![path.clone()]),
            From::Path(path) => io::find_channels(path, channels),
        }
    }
}

/// What there is to tell of the channels that were read; a model has one at least.
pub struct Told {
    sources: Vec<Source>,
    voxels_sha256: Vec<String>,
    warnings: Vec<Warning>,
    first: First,
}

/// The first channel, on whose grid results lie.
struct First {
    grid: Grid,
    forms: Option<NiftiForms>,
    dicom: Option<DicomSeries>,
}

impl Told {
    /// The grid of all channels.
    pub fn grid(&self) -> &Grid {
        &self.first.grid
    }

    /// The DICOM series of the first channel, on whose grid results lie.
    pub fn dicom(&self) -> Option<&DicomSeries> {
        self.first.dicom.as_ref()
    }

    /// What was read otherwise than it may be meant.
    pub fn warnings(&self) -> Vec<Warning> {
        self.warnings.clone()
    }

    /// sha256 of the voxels of each channel.
    pub fn voxels_sha256(&self) -> Vec<String> {
        self.voxels_sha256.clone()
    }

    /// What was read, for the record and the files.
    pub fn origin(&self) -> Origin<'_> {
        let First { grid, forms, dicom } = &self.first;
        Origin { sources: &self.sources, forms: forms.as_ref(), dicom: dicom.as_ref().map(|series| (series, grid)) }
    }
}

/// The name of a file of one channel without the channel: p7 for p7_CT.
fn patient_name(name: &str, channel: &str) -> String {
    let before = name.to_lowercase().strip_suffix(&format!("_{}", channel.to_lowercase())).map(str::len);
    before.and_then(|end| name.get(..end)).filter(|patient| !patient.is_empty()).unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patient_name_is_what_stands_before_the_channel() {
        for (name, channel, wanted) in
            [("p7_ct", "CT", "p7"), ("CT", "ct", "CT"), ("_PET", "PET", "_PET"), ("p7_T1", "CT", "p7_T1")]
        {
            assert_eq!(patient_name(name, channel), wanted);
        }
    }
}
