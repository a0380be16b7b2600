//! The channels of one patient: which file is which, and all of them on the first one's grid.
//!
//! Enters: a folder, or files by name. Leaves: a volume for each channel, in the bundle's order.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Ct, FileKind, ReadOptions, on_grid, output_name, read_ct, read_volume};
use crate::{
    contract::classes::{Channel, Unit},
    error::{Error, Result},
    progress::Monitor,
};

/// The file, or DICOM folder, of each channel in a folder: `NAME` or `…_NAME` before the ending, in letters of either case.
///
/// # Errors
/// [`Error::Channels`] when it is not a folder, or a channel has no file or several; [`Error::Read`].
pub fn find_channels(folder: &Path, channels: &[Channel]) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Err(refuse(format!("{} is not a folder", folder.display()), channels));
    }
    let unreadable = |e: std::io::Error| Error::read(folder, e, "Name a folder with a file for each channel");
    let mut found = vec![Vec::new(); channels.len()];
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if let Some(channel) = channel_of(&path, channels) {
            found[channel].push(path);
        }
    }
    let single = |(mut paths, channel): (Vec<PathBuf>, &Channel)| {
        paths.sort();
        match paths.as_slice() {
            [path] => Ok(path.clone()),
            [] => Err(refuse(format!("no file for channel {} in {}", channel.name, folder.display()), channels)),
            [first, second, ..] => {
                let got = format!("{} and {}, both for channel {}", first.display(), second.display(), channel.name);
                Err(refuse(got, channels))
            }
        }
    };
    found.into_iter().zip(channels).map(single).collect()
}

/// The file of each channel, from files that were given by the channels' names.
///
/// # Errors
/// [`Error::Channels`] when a name isn't a channel's, is given twice or isn't given.
pub fn pick_channels(given: &[(String, PathBuf)], channels: &[Channel]) -> Result<Vec<PathBuf>> {
    let same = |name: &str, channel: &Channel| name.eq_ignore_ascii_case(&channel.name);
    if let Some((name, _)) = given.iter().find(|(name, _)| !channels.iter().any(|channel| same(name, channel))) {
        return Err(refuse(format!("a file for channel {name}, which the model doesn't take"), channels));
    }
    let single = |channel: &Channel| {
        let mut files = given.iter().filter(|(name, _)| same(name, channel)).map(|(_, path)| path);
        match (files.next(), files.next()) {
            (Some(path), None) => Ok(path.clone()),
            (None, _) => Err(refuse(format!("no file for channel {}", channel.name), channels)),
            (Some(_), Some(_)) => Err(refuse(format!("two files for channel {}", channel.name), channels)),
        }
    };
    channels.iter().map(single).collect()
}

/// Reads a file for each channel. Those behind the first are brought to its order of axes.
///
/// # Errors
/// As [`read_ct`] for channels in HU and [`read_volume`] for others; [`Error::ChannelGrid`] unless all lie on one grid.
pub fn read_channels(
    files: &[PathBuf],
    channels: &[Channel],
    options: ReadOptions<'_>,
    monitor: &mut Monitor<'_>,
) -> Result<Vec<Ct>> {
    let mut read: Vec<Ct> = Vec::with_capacity(channels.len());
    for (file, channel) in files.iter().zip(channels) {
        let mut next = match channel.unit {
            Unit::Hounsfield => read_ct(file, options, monitor)?,
            Unit::Arbitrary => read_volume(file, options, monitor)?,
        };
        if let Some(first) = read.first() {
            let grid = first.volume.grid.clone();
            let own = next.volume;
            let voxels = on_grid(own, &grid, monitor.cancel_token())?.map_err(|off| Error::ChannelGrid {
                channel: channel.name.clone(),
                got: off.got,
                first: channels[0].name.clone(),
                expected: off.expected,
            })?;
            next.volume = first.volume.like(voxels);
        }
        read.push(next);
    }
    Ok(read)
}

/// Which channel a file or folder is of: of several names that fit, the longest.
fn channel_of(path: &Path, channels: &[Channel]) -> Option<usize> {
    let name = path.file_name()?.to_str()?;
    if name.starts_with('.') || !(path.is_dir() || FileKind::by_ending(path).is_some()) {
        return None;
    }
    let stem = output_name(path).to_lowercase();
    let fits = |channel: &Channel| {
        let before = stem.strip_suffix(&channel.name.to_lowercase());
        before.is_some_and(|before| before.is_empty() || before.ends_with('_'))
    };
    let fitting = channels.iter().enumerate().filter(|(_, channel)| fits(channel));
    fitting.max_by_key(|(_, channel)| channel.name.len()).map(|(n, _)| n)
}

fn refuse(got: String, channels: &[Channel]) -> Error {
    let names: Vec<&str> = channels.iter().map(|channel| channel.name.as_str()).collect();
    Error::Channels { got, expected: format!("one volume for each channel of the model: {}", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::classes::Normalise;

    fn channels(names: &[&str]) -> Vec<Channel> {
        let channel = |name: &&str| Channel {
            name: (*name).into(),
            unit: Unit::Arbitrary,
            normalise: Normalise::Window([0.0, 1.0]),
        };
        names.iter().map(channel).collect()
    }

    fn folder_with(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder for a test");
        files.iter().for_each(|file| fs::write(folder.path().join(file), "").expect("a file for a test"));
        folder
    }

    fn found(files: &[&str], names: &[&str]) -> Result<Vec<String>> {
        let folder = folder_with(files);
        let paths = find_channels(folder.path(), &channels(names))?;
        Ok(paths.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect())
    }

    #[test]
    fn find_channels_name_or_end_of_a_name_in_either_case_is_found_in_the_bundle_s_order() {
        let files = ["p7_pet.nii.gz", "CT.nrrd", "PET.json", "._CT.nrrd", "notes_CT.txt"];
        assert_eq!(found(&files, &["CT", "PET"]).unwrap(), ["CT.nrrd", "p7_pet.nii.gz"]);
    }

    #[test]
    fn find_channels_name_that_ends_another_takes_only_its_own_file() {
        let files = ["a_T1.nii", "a_post_T1.nii"];
        assert_eq!(found(&files, &["T1", "post_T1"]).unwrap(), ["a_T1.nii", "a_post_T1.nii"]);
    }

    #[test]
    fn find_channels_missing_or_doubled_is_refused_by_name() {
        let missing = found(&["CT.nii", "aPET.nii"], &["CT", "PET"]).unwrap_err();
        assert_eq!(missing.name(), "E_CHANNELS");
        assert!(missing.to_string().contains("no file for channel PET"), "{missing}");
        let doubled = found(&["CT.nii", "PET.nii", "b_PET.mha"], &["CT", "PET"]).unwrap_err().to_string();
        assert!(doubled.contains("PET.nii and ") && doubled.contains("b_PET.mha"), "{doubled}");
    }

    #[test]
    fn pick_channels_puts_files_in_the_bundle_s_order_and_refuses_others_by_name() {
        let pick = |names: &[&str]| {
            let given: Vec<_> = names.iter().map(|name| ((*name).to_owned(), PathBuf::from(name))).collect();
            pick_channels(&given, &channels(&["CT", "PET"]))
        };
        assert_eq!(pick(&["pet", "CT"]).unwrap(), [PathBuf::from("CT"), PathBuf::from("pet")]);
        for (names, word) in [
            (&["CT"][..], "no file for channel PET"),
            (&["CT", "PET", "MR"], "channel MR, which the model doesn't take"),
            (&["CT", "PET", "Pet"], "two files for channel PET"),
        ] {
            let refused = pick(names).unwrap_err().to_string();
            assert!(refused.contains(word) && refused.contains("CT, PET"), "{refused}");
        }
    }
}
