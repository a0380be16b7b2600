//! Installing: checked as a whole, then written as a whole.

use std::path::Path;

use super::{Entry, Installed, package::Package, place::Place};
use crate::error::{Error, Result};

/// What became of a bundle that was to be installed.
#[derive(Debug)]
pub enum Outcome {
    /// It wasn't there; now it is.
    Installed(Entry),
    /// Other files of the same name and version were there; now it is.
    Replaced(Entry),
    /// The same files were there; nothing was written.
    AlreadyThere(Entry),
}

impl Outcome {
    /// The installed bundle.
    pub fn entry(&self) -> &Entry {
        match self {
            Outcome::Installed(entry) | Outcome::Replaced(entry) | Outcome::AlreadyThere(entry) => entry,
        }
    }
}

impl Installed {
    /// Installs the bundle in a zip archive or a folder. Names, sizes, contract, signature and every hash are checked before a
    /// file is written. An installed one of the same name and version with other files goes only where `replace` says so.
    ///
    /// # Errors
    /// [`Error::Read`] for a path that can't be read; [`Error::ModelArchive`] for an archive that holds anything but one
    /// bundle; [`Error::Signature`]; [`Error::ModelBundle`], [`Error::ModelSchema`] and [`Error::ModelHash`] for a bundle that
    /// isn't right; [`Error::ModelInstalled`]; [`Error::Write`]. Then everything is as it was.
    pub fn install(&self, source: &Path, replace: bool) -> Result<Outcome> {
        let package = Package::of(source, &self.trust)?;
        let (name, version) = (&package.bundle.model.name, &package.bundle.model.version);
        let place = Place::hold(self.folder_to_write()?)?;
        self.refuse_other_case(name, version, source)?;
        let goal = place.of(name, version);
        let entry = Entry::of(&package.bundle, Some(goal.clone()));
        if goal.symlink_metadata().is_err() {
            place.put(name, version, |folder| package.write(folder))?;
            return Ok(Outcome::Installed(entry));
        }
        let differs = package.differences(&goal);
        if differs.is_empty() {
            return Ok(Outcome::AlreadyThere(entry));
        }
        if !replace {
            let (bundle, differs) = (format!("{name} {version}"), differs.join(", "));
            return Err(Error::ModelInstalled { bundle, folder: goal, differs });
        }
        place.put(name, version, |folder| package.write(folder))?;
        Ok(Outcome::Replaced(entry))
    }

    /// Refuses a name or version that differs from an installed one in the case of letters alone: on some systems both would
    /// be one folder.
    fn refuse_other_case(&self, name: &str, version: &str, source: &Path) -> Result<()> {
        let other = |known: &str, new: &str| known != new && known.eq_ignore_ascii_case(new);
        let versions = self.versions(name)?;
        let names = self.names()?.into_iter().filter(|known| other(known, name));
        let versions = versions.into_iter().map(|(known, _)| known).filter(|known| other(known, version));
        match names.chain(versions).next() {
            None => Ok(()),
            Some(known) => Err(Error::ModelBundle {
                bundle: source.into(),
                reason: format!(
                    "it is {name} {version}, and '{known}' is installed; expected more than another case of letters"
                ),
                remedy: "Give it another name or version in model.json".into(),
            }),
        }
    }
}
