//! Installed bundles: one folder, in it `NAME/VERSION/` for each bundle.
//!
//! Enters: a bundle as a zip archive or a folder, or the name of an installed one. Leaves: an installed bundle, a list of
//! them, or a named error; never half of a bundle. Knows the contract and its signature, not ONNX Runtime: what a graph
//! does is seen when an engine loads it.
//!
//! What comes from outside is gathered and checked in memory ([`package`]) before a file is written ([`install`]).

mod archive;
mod entry;
mod install;
mod name;
mod package;
mod place;
mod purpose;
mod remove;
#[cfg(test)]
mod tests;

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

pub use entry::Entry;
pub use install::Outcome;
pub use name::{Wanted, newest_first};
pub use purpose::Purpose;

use crate::{
    contract::{bundle::Bundle, signature::Trust},
    data_folder,
    error::{Error, Result},
};

/// The folder of installed bundles, where the caller names none.
pub const FOLDER_VARIABLE: &str = "SAM2LUNG_MODELS";

/// The bundles that are installed in a folder, and the built-in one.
///
/// ```
/// use sam2lung::{contract::signature::Trust, models::Installed};
/// # fn main() -> sam2lung::Result<()> {
/// let folder = tempfile::tempdir().expect("a folder for this example");
/// let installed = Installed::at(folder.path(), Trust::default());
/// let done = installed.install("tests/bundles/tiny-patch".as_ref(), false)?;
/// assert_eq!((done.entry().name.as_str(), done.entry().version.as_str()), ("tiny-patch", "1.0.0"));
/// for entry in installed.list()? {
///     println!("{entry}");
/// }
/// let bundle = installed.open("tiny-patch".as_ref())?;
/// assert_eq!(bundle.model.name, "tiny-patch");
/// installed.remove("tiny-patch")?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Installed {
    /// None where the environment doesn't tell where it is.
    folder: Option<PathBuf>,
    trust: Trust,
}

impl Installed {
    /// Those in the folder that `SAM2LUNG_MODELS` names, else in the folder `models` of the user's data folder
    /// (`$XDG_DATA_HOME/sam2lung` or `~/.local/share/sam2lung`; `%LOCALAPPDATA%\sam2lung`; `~/Library/Application
    /// Support/sam2lung`). It needn't be there.
    pub fn usual(trust: Trust) -> Self {
        let named = env::var_os(FOLDER_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
        let folder = named.or_else(|| data_folder::of_user().map(|folder| folder.join("models")));
        Installed { folder, trust }
    }

    /// Those in `folder`, which needn't be there.
    pub fn at(folder: &Path, trust: Trust) -> Self {
        Installed { folder: Some(folder.into()), trust }
    }

    /// Those in `folder` where one is named, else the usual ones.
    pub fn chosen(folder: Option<&Path>, trust: Trust) -> Self {
        folder.map_or_else(|| Self::usual(trust.clone()), |folder| Self::at(folder, trust.clone()))
    }

    /// Where they lie; none where the environment doesn't tell.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The folder, to write to.
    fn folder_to_write(&self) -> Result<&Path> {
        self.folder().ok_or_else(|| Error::Option {
            option: "folder",
            got: "not given, and the environment names no home folder".into(),
            expected: format!("a folder for installed bundles ({FOLDER_VARIABLE})"),
        })
    }

    /// The built-in bundle, then the installed ones: by name, of each the newest version first. Each contract and signature
    /// is checked; the hashes of the graphs are not ([`Installed::check`] does that), so this is quick.
    ///
    /// # Errors
    /// [`Error::Read`] where the folder is there and can't be read. What is wrong with a bundle is said in its entry.
    pub fn list(&self) -> Result<Vec<Entry>> {
        let mut entries = vec![Entry::built_in()?];
        for name in self.names()? {
            let versions = self.versions(&name)?;
            entries.extend(versions.iter().map(|(version, folder)| Entry::look(&name, version, folder, &self.trust)));
        }
        Ok(entries)
    }

    /// Names of installed bundles, in alphabetical order.
    fn names(&self) -> Result<Vec<String>> {
        let mut names = self.folder().map_or_else(|| Ok(Vec::new()), folders_in)?;
        names.sort();
        Ok(names)
    }

    /// The installed versions of a name with their folders, the newest first.
    fn versions(&self, name: &str) -> Result<Vec<(String, PathBuf)>> {
        let Some(folder) = self.folder().map(|folder| folder.join(name)) else { return Ok(Vec::new()) };
        let mut versions = folders_in(&folder)?;
        versions.sort_by(|a, b| newest_first(a, b));
        Ok(versions.into_iter().map(|version| (version.clone(), folder.join(version))).collect())
    }

    /// Name and version of every installed bundle, in the order of [`Installed::list`].
    ///
    /// # Errors
    /// As [`Installed::list`].
    pub fn all(&self) -> Result<Vec<Wanted>> {
        let mut all = Vec::new();
        for name in self.names()? {
            let versions = self.versions(&name)?;
            all.extend(versions.into_iter().map(|(version, _)| Wanted { name: name.clone(), version: Some(version) }));
        }
        Ok(all)
    }

    /// As [`Installed::open`], and what lies in a zip archive as well, checked as if it were to be installed.
    ///
    /// # Errors
    /// As [`Installed::open`] and [`Installed::install`].
    pub fn check(&self, wanted: &Path) -> Result<Bundle> {
        if wanted.is_file() {
            return Ok(package::Package::of(wanted, &self.trust)?.bundle);
        }
        self.open(wanted)
    }

    /// Reads and checks a bundle: what lies at the path `wanted` where something does, else the installed bundle of that name
    /// (`NAME`, the newest version, or `NAME@VERSION`). The built-in bundle goes by its name too.
    ///
    /// # Errors
    /// As [`Bundle::open`], and [`Error::NoSuchModel`].
    pub fn open(&self, wanted: &Path) -> Result<Bundle> {
        match wanted.to_str().and_then(Wanted::parse) {
            Some(name) if !wanted.exists() => self.open_installed(&name),
            _ if wanted.is_file() => Err(Error::ModelBundle {
                bundle: wanted.into(),
                reason: "it is a file; expected a folder that holds model.json".into(),
                remedy: "Install the bundle where this is its archive, and use it by its name".into(),
            }),
            _ => Bundle::open_trusting(wanted, &self.trust),
        }
    }

    /// Reads and checks an installed bundle, or the built-in one, by its name, whatever lies in the working folder.
    ///
    /// # Errors
    /// As [`Installed::open`].
    pub fn open_installed(&self, wanted: &Wanted) -> Result<Bundle> {
        match self.find(wanted)? {
            Found::BuiltIn => Bundle::builtin(),
            Found::Folder { version, folder } => {
                let bundle = Bundle::open_trusting(&folder, &self.trust)?;
                entry::goes_by(&bundle.model, &wanted.name, &version, &folder)?;
                Ok(bundle)
            }
        }
    }

    /// The version that was asked for, else the newest; of the same one the installed bundle.
    fn find(&self, wanted: &Wanted) -> Result<Found> {
        let mut found: Vec<_> = self.versions(&wanted.name)?.into_iter().map(|(v, folder)| (v, Some(folder))).collect();
        let built_in = Entry::built_in()?;
        if built_in.name == wanted.name {
            found.push((built_in.version, None));
        }
        found.sort_by(|(a, _), (b, _)| newest_first(a, b));
        let fits = |version: &String| wanted.version.as_ref().is_none_or(|asked| asked == version);
        match found.into_iter().find(|(version, _)| fits(version)) {
            Some((version, Some(folder))) => Ok(Found::Folder { version, folder }),
            Some((_, None)) => Ok(Found::BuiltIn),
            None => Err(self.no_such(wanted)?),
        }
    }

    fn no_such(&self, wanted: &Wanted) -> Result<Error> {
        let known: Vec<_> = self.all()?.iter().map(Wanted::to_string).collect();
        let place = self.folder().map_or("nowhere".into(), |folder| format!("in {}", folder.display()));
        let known = if known.is_empty() { "none".into() } else { known.join(", ") };
        Ok(Error::NoSuchModel { wanted: wanted.to_string(), installed: format!("{place}: {known}") })
    }
}

/// Where a bundle was found.
enum Found {
    BuiltIn,
    Folder { version: String, folder: PathBuf },
}

/// Names of the folders in `folder` that a bundle's name or version could be; none where it isn't there.
fn folders_in(folder: &Path) -> Result<Vec<String>> {
    let failed =
        |e: io::Error| Error::read(folder, e, "Name the folder of installed bundles, or one that isn't there yet");
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        // Links are followed, so that bundles may lie on another disk.
        let name = entry.file_name().into_string().ok().filter(|name| name::is_plain(name) && entry.path().is_dir());
        names.extend(name);
    }
    Ok(names)
}
