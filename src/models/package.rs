//! A bundle from outside, gathered in memory and checked as a whole.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use super::{
    archive::Archive,
    entry::file_names,
    name::{PLAIN, is_plain},
};
use crate::{
    contract::{
        bundle::{Bundle, understand},
        folder::BundleFolder,
        model::Model,
        signature::{SIGNATURE_FILE, Trust},
    },
    error::{Error, Result},
    limits::{MAX_CONTRACT_BYTES, MAX_GRAPH_BYTES, MAX_NOTE_BYTES},
};

const CONTRACT_FILE: &str = "model.json";
/// How the names of files begin that may lie beside a bundle's own, whatever the case of their letters.
const NOTES: [&str; 4] = ["LICENSE", "README", "MODEL_CARD", "NOTICE"];
/// Files that are named in a message.
const NAMED: usize = 5;

/// Files by their plain names.
pub(super) trait Source {
    /// All of them.
    fn names(&self) -> Vec<String>;
    /// The bytes of one of them; a refusal where it has more than `most`.
    fn read(&mut self, name: &str, most: u64) -> Result<Vec<u8>>;
    /// An error of this source.
    fn refuse(&self, reason: String, remedy: &str) -> Error;
}

/// A checked bundle, and what lies beside its graphs.
pub(super) struct Package {
    pub bundle: Bundle,
    /// Its signature, licence, notes: file names and bytes.
    others: BTreeMap<String, Vec<u8>>,
}

impl Package {
    /// What lies at a path: a folder, else a zip archive.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::ModelArchive`], [`Error::Signature`], and as [`Bundle::open`].
    pub fn of(path: &Path, trust: &Trust) -> Result<Self> {
        if path.is_dir() {
            Self::gather(Folder::open(path)?, path, trust)
        } else {
            Self::gather(Archive::open(path)?, path, trust)
        }
    }

    fn gather(mut source: impl Source, path: &Path, trust: &Trust) -> Result<Self> {
        let names = source.names();
        if !names.iter().any(|name| name == CONTRACT_FILE) {
            let reason = format!("it holds no {CONTRACT_FILE}; it holds {}", listed(&names));
            return Err(source.refuse(reason, "Name a bundle: model.json and the ONNX files that it names"));
        }
        let json = source.read(CONTRACT_FILE, MAX_CONTRACT_BYTES)?;
        let is_signed = names.iter().any(|name| name == SIGNATURE_FILE);
        let signed = if is_signed { Some(source.read(SIGNATURE_FILE, MAX_NOTE_BYTES)?) } else { None };
        let signature = trust.accept(path, trust.look(&json, signed.as_deref()))?;
        let (model, _) = understand(path, &json)?;
        can_be_installed(&model, path)?;
        nothing_else(&source, &names, &model)?;
        let mut bundle =
            Bundle::from_parts(path.into(), &json, |file| source.read(file, MAX_GRAPH_BYTES).map(Cow::Owned))?;
        let mut others: BTreeMap<_, _> = signed.into_iter().map(|bytes| (SIGNATURE_FILE.to_owned(), bytes)).collect();
        let known = file_names(&model);
        for name in names.into_iter().filter(|name| is_note(name) && !known.contains(&name.as_str())) {
            let bytes = source.read(&name, MAX_NOTE_BYTES)?;
            others.insert(name, bytes);
        }
        bundle.signature = signature;
        Ok(Package { bundle, others })
    }

    /// Every file of it.
    fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let contract = (CONTRACT_FILE, self.bundle.contract.as_bytes());
        let others = self.others.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
        self.bundle.files().chain([contract]).chain(others)
    }

    /// Names of the files that `folder` holds otherwise, or only one of the two has; none where both are the same.
    pub fn differences(&self, folder: &Path) -> Vec<String> {
        let Ok(inside) = BundleFolder::open(folder) else { return vec!["folder".into()] };
        let there = inside.names().unwrap_or_default();
        let own: BTreeMap<_, _> = self.files().collect();
        let other = |(name, bytes): (&&str, &&[u8])| {
            let same = inside.read(name, bytes.len() as u64).is_ok_and(|read| read == *bytes);
            (!same).then(|| (*name).to_owned())
        };
        let more = there.iter().filter(|name| !own.contains_key(name.as_str())).cloned();
        own.iter().filter_map(other).chain(more).collect()
    }

    /// Writes every file into a folder that is there and empty.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write(&self, folder: &Path) -> Result<()> {
        for (name, bytes) in self.files() {
            let path = folder.join(name);
            // On the disk before the folder gets its name: a bundle is whole after a power failure, too.
            let written = fs::File::create_new(&path).and_then(|mut file| {
                file.write_all(bytes)?;
                file.sync_all()
            });
            written.map_err(|e| Error::write(&path, e))?;
        }
        Ok(())
    }
}

/// Refuses a name or version that can't be a folder's.
fn can_be_installed(model: &Model, path: &Path) -> Result<()> {
    for (field, text) in [("name", &model.name), ("version", &model.version)] {
        if !is_plain(text) {
            return Err(Error::ModelBundle {
                bundle: path.into(),
                reason: format!("model.json: {field} is '{}'; to be installed expected {PLAIN}", text.escape_debug()),
                remedy: "Give it another in model.json, or use the bundle by its folder".into(),
            });
        }
    }
    Ok(())
}

/// Refuses files that the contract doesn't name, and ones that it names and that aren't there.
fn nothing_else(source: &impl Source, names: &[String], model: &Model) -> Result<()> {
    let wanted = file_names(model);
    let missing: Vec<_> = wanted.iter().filter(|file| !names.iter().any(|name| name == *file)).collect();
    if !missing.is_empty() {
        let reason = format!("it holds no {}, which model.json names", listed(&missing));
        return Err(source.refuse(reason, "Get the whole bundle"));
    }
    let own = |name: &str| [CONTRACT_FILE, SIGNATURE_FILE].contains(&name) || wanted.contains(&name) || is_note(name);
    let more: Vec<_> = names.iter().filter(|name| !own(name)).collect();
    if !more.is_empty() {
        let notes = NOTES.map(|note| format!("{note}*")).join(", ");
        let reason =
            format!("it holds {}, which model.json doesn't name; beside that expected only {notes}", listed(&more));
        return Err(source.refuse(reason, "Leave it out"));
    }
    Ok(())
}

fn is_note(name: &str) -> bool {
    NOTES.iter().any(|note| name.get(..note.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(note)))
}

/// Names for a message.
fn listed(names: &[impl AsRef<str>]) -> String {
    let shown = names.iter().take(NAMED).map(|name| format!("'{}'", name.as_ref().escape_debug()));
    let shown = shown.collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => "nothing".into(),
        count if count > NAMED => format!("{shown} and {} more", count - NAMED),
        _ => shown,
    }
}

/// A bundle's folder.
struct Folder {
    path: PathBuf,
    inside: BundleFolder,
    names: Vec<String>,
}

impl Folder {
    fn open(path: &Path) -> Result<Self> {
        let unreadable = |e| Error::read(path, e, "Name a folder that holds model.json and its ONNX files");
        let inside = BundleFolder::open(path).map_err(unreadable)?;
        let names = inside.names().map_err(unreadable)?;
        Ok(Folder { path: path.into(), inside, names })
    }
}

impl Source for Folder {
    fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    fn read(&mut self, name: &str, most: u64) -> Result<Vec<u8>> {
        let unreadable = |e| self.refuse(format!("{name} can't be read: {e}"), "Check the file");
        self.inside.read(name, most).map_err(unreadable)
    }

    fn refuse(&self, reason: String, remedy: &str) -> Error {
        Error::ModelBundle { bundle: self.path.clone(), reason, remedy: remedy.into() }
    }
}
