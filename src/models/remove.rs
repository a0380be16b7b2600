//! Removing an installed bundle.

use std::{fs, path::Path};

use super::{Entry, Installed, Wanted, place::Place};
use crate::error::{Error, Result};

impl Installed {
    /// Removes the installed bundle `NAME@VERSION`, or `NAME` where one version of it is installed; gives what was removed.
    ///
    /// # Errors
    /// [`Error::Option`] for a text that is not a bundle's name, for a name with several versions, and for the built-in bundle;
    /// [`Error::NoSuchModel`]; [`Error::Write`] for a folder that holds anything but a bundle, and where it can't be taken
    /// away. Then everything is as it was.
    pub fn remove(&self, wanted: &str) -> Result<Wanted> {
        let refuse = |got: String, expected: String| Err(Error::Option { option: "NAME", got, expected });
        let Some(wanted) = Wanted::parse(wanted) else {
            return refuse(
                format!("'{}'", wanted.escape_debug()),
                "NAME or NAME@VERSION of an installed bundle".into(),
            );
        };
        let mut versions = self.versions(&wanted.name)?;
        versions.retain(|(version, _)| wanted.version.as_ref().is_none_or(|asked| asked == version));
        match versions.as_slice() {
            [(version, folder)] => {
                only_a_bundle(folder)?;
                Place::hold(self.folder_to_write()?)?.take_away(&wanted.name, version)?;
                Ok(Wanted { name: wanted.name, version: Some(version.clone()) })
            }
            [] if self.is_built_in(&wanted)? => {
                refuse(format!("'{wanted}', which is built into the program"), "an installed bundle".into())
            }
            [] => Err(self.no_such(&wanted)?),
            several => {
                let names = several.iter().map(|(version, _)| format!("{}@{version}", wanted.name));
                refuse(
                    format!("'{wanted}', of which {} versions are installed", several.len()),
                    format!("one of {}", names.collect::<Vec<_>>().join(", ")),
                )
            }
        }
    }

    fn is_built_in(&self, wanted: &Wanted) -> Result<bool> {
        let built_in = Entry::built_in()?;
        Ok(built_in.name == wanted.name && wanted.version.as_ref().is_none_or(|asked| *asked == built_in.version))
    }
}

/// Refuses a folder without a contract, or with folders in it: somebody may have named the wrong folder.
fn only_a_bundle(folder: &Path) -> Result<()> {
    let refuse =
        |reason: String| Err(Error::write(folder, format!("{reason}; a bundle holds model.json and files alone")));
    let mut has_contract = false;
    for entry in fs::read_dir(folder).map_err(|e| Error::write(folder, e))? {
        let entry = entry.map_err(|e| Error::write(folder, e))?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            return refuse(format!("it holds the folder '{}'", entry.file_name().display()));
        }
        has_contract |= entry.file_name() == "model.json";
    }
    if has_contract { Ok(()) } else { refuse("it holds no model.json".into()) }
}
