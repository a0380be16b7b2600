//! What is known of a bundle in the list without a look at its graphs.

use std::{
    fmt::{self, Display},
    path::{Path, PathBuf},
};

use super::Purpose;
use crate::{
    contract::{
        bundle::{self, Bundle, sha256_hex},
        folder::BundleFolder,
        model::Model,
        signature::{SIGNATURE_FILE, Signature, Trust},
    },
    error::{Error, Result},
    limits::{MAX_CONTRACT_BYTES, MAX_NOTE_BYTES},
};

/// A bundle in the list.
#[derive(Debug)]
pub struct Entry {
    /// Its name: that of its folder.
    pub name: String,
    /// Its version: that of its folder.
    pub version: String,
    /// Where it lies; none for the built-in one.
    pub folder: Option<PathBuf>,
    /// What it is for; none where its contract isn't understood or its signature is refused.
    pub purpose: Option<Purpose>,
    /// Bytes of the contract and of the graphs that are there.
    pub bytes: u64,
    /// sha256 of `model.json`, lower-case hexadecimal; empty where it can't be read.
    pub sha256: String,
    /// What its signature is worth.
    pub signature: Signature,
    /// Why it can't be opened, as far as that is seen without its graphs' hashes.
    pub problem: Option<Error>,
}

impl Entry {
    /// The bundle that is compiled into this library.
    ///
    /// # Errors
    /// As [`Bundle::builtin`].
    pub fn built_in() -> Result<Self> {
        Ok(Self::of(&Bundle::builtin()?, None))
    }

    /// Of a bundle that was opened.
    pub(super) fn of(bundle: &Bundle, folder: Option<PathBuf>) -> Self {
        Entry {
            name: bundle.model.name.clone(),
            version: bundle.model.version.clone(),
            folder,
            purpose: Some(Purpose::of(&bundle.model)),
            bytes: bundle.bytes(),
            sha256: bundle.contract_sha256.clone(),
            signature: bundle.signature.clone(),
            problem: None,
        }
    }

    /// Of what lies in `folder`, without a look into the graphs.
    pub(super) fn look(name: &str, version: &str, folder: &Path, trust: &Trust) -> Self {
        let mut entry = Entry {
            name: name.into(),
            version: version.into(),
            folder: Some(folder.into()),
            purpose: None,
            bytes: 0,
            sha256: String::new(),
            signature: Signature::Missing,
            problem: None,
        };
        entry.problem = entry.fill(folder, trust).err();
        entry
    }

    fn fill(&mut self, folder: &Path, trust: &Trust) -> Result<()> {
        let unreadable = |file: &str, e: std::io::Error| Error::ModelBundle {
            bundle: folder.into(),
            reason: format!("{file} can't be read: {e}"),
            remedy: "Install the bundle again".into(),
        };
        let inside = BundleFolder::open(folder).map_err(|e| unreadable("the folder", e))?;
        let json = inside.read("model.json", MAX_CONTRACT_BYTES).map_err(|e| unreadable("model.json", e))?;
        (self.bytes, self.sha256) = (json.len() as u64, sha256_hex(&json));
        let signature = inside.read_if_there(SIGNATURE_FILE, MAX_NOTE_BYTES);
        let signature = signature.map_err(|e| unreadable(SIGNATURE_FILE, e))?;
        self.signature = trust.look(&json, signature.as_deref());
        trust.accept(folder, self.signature.clone())?;
        let (model, _) = bundle::understand(folder, &json)?;
        self.purpose = Some(Purpose::of(&model));
        for file in file_names(&model) {
            self.bytes += inside.size(file).map_err(|e| unreadable(file, e))?;
        }
        goes_by(&model, &self.name, &self.version, folder)
    }
}

/// The names of a contract's graphs, each once.
pub(super) fn file_names(model: &Model) -> Vec<&str> {
    let mut names: Vec<_> = model.files().into_iter().map(|(file, _)| file).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Refuses a bundle in a folder of another name or version than its own.
///
/// # Errors
/// [`Error::ModelBundle`].
pub(super) fn goes_by(model: &Model, name: &str, version: &str, folder: &Path) -> Result<()> {
    if (model.name.as_str(), model.version.as_str()) == (name, version) {
        return Ok(());
    }
    Err(Error::ModelBundle {
        bundle: folder.into(),
        reason: format!("it is {} {}; expected {name} {version}, as its folders are called", model.name, model.version),
        remedy: "Install it again; its folder is not to be moved by hand".into(),
    })
}

impl Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Entry { name, version, signature, .. } = self;
        write!(f, "{name} {version}  ({signature}; {})", size(self.bytes))?;
        if let Some(purpose) = &self.purpose {
            write!(f, "\n    {purpose}")?;
        }
        if let Some(folder) = &self.folder {
            write!(f, "\n    {}", folder.display())?;
        }
        if let Some(problem) = &self.problem {
            write!(f, "\n    {}: {problem}", problem.name())?;
        }
        Ok(())
    }
}

/// A number of bytes in words.
fn size(bytes: u64) -> String {
    if bytes < 1_000_000 { format!("{:.1} kB", bytes as f64 / 1e3) } else { format!("{:.1} MB", bytes as f64 / 1e6) }
}
