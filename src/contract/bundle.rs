//! A model bundle: a folder with `model.json` and ONNX graphs, checked before anything runs.
//!
//! `model.json` is the whole contract between a network and this library; see `onnx/README.md` for every field.
//! The library holds no constant of a model.

use crate::limits::{MAX_CONTRACT_BYTES, MAX_GRAPH_BYTES, MAX_NOTE_BYTES};
use std::{
    borrow::Cow,
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::contract::{
    check::Problem,
    external_data::{self, Problem as DataProblem},
    folder::BundleFolder,
    model::Model,
    schema1::{self, ModelV1},
    signature::{SIGNATURE_FILE, Signature, Trust},
};
use crate::error::{Error, Result};

/// The schema version of a [`Model`]; version 1 is read by upgrading it.
pub const SCHEMA_VERSION: u32 = 2;

/// A checked bundle: its contract and its graphs.
///
/// ```
/// use sam2lung::contract::bundle::Bundle;
/// # fn main() -> sam2lung::Result<()> {
/// // The model inside this library; Bundle::open() reads one from a folder.
/// let bundle = Bundle::builtin()?;
/// let model = &bundle.model;
/// println!("{} {} draws {} samples", model.name, model.version, model.sampling.samples);
/// for (role, network) in model.networks() {
///     println!("{role}: spacing {:?} mm along k, j, i", network.grid.spacing_mm);
/// }
/// for (file, sha256) in model.files() {
///     println!("{file}: {} bytes, sha256 {sha256}", bundle.graph(file).len());
/// }
/// assert_eq!((model.channels[0].name.as_str(), model.classes[0].name.as_str()), ("CT", "nodule"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Bundle {
    /// The contract.
    pub model: Model,
    /// The schema version that it was written in, 1 or 2.
    pub schema_version: u32,
    /// `model.json` as it was read.
    pub contract: String,
    /// sha256 of `model.json`, lower-case hexadecimal.
    pub contract_sha256: String,
    /// Where it came from; `<built in>` for the default one.
    pub origin: PathBuf,
    /// What its signature is worth.
    pub signature: Signature,
    graphs: BTreeMap<String, Cow<'static, [u8]>>,
}

impl Bundle {
    /// Reads and checks the bundle in `folder`, and its signature by [`Trust::usual`].
    ///
    /// # Errors
    /// [`Error::Signature`], [`Error::ModelBundle`], [`Error::ModelSchema`] or [`Error::ModelHash`].
    pub fn open(folder: &Path) -> Result<Self> {
        Self::open_trusting(folder, &Trust::usual()?)
    }

    /// As [`Bundle::open`], with the signatures that `trust` takes.
    ///
    /// # Errors
    /// As [`Bundle::open`].
    pub fn open_trusting(folder: &Path, trust: &Trust) -> Result<Self> {
        let refuse = |reason: String| Error::ModelBundle {
            bundle: folder.into(),
            reason,
            remedy: "Name a folder that holds model.json and its ONNX files".into(),
        };
        let unreadable = |file: &str, e: std::io::Error| refuse(format!("{file} can't be read: {e}"));
        let inside = BundleFolder::open(folder).map_err(|e| refuse(format!("the folder can't be read: {e}")))?;
        let json = inside.read("model.json", MAX_CONTRACT_BYTES).map_err(|e| unreadable("model.json", e))?;
        let signature = inside.read_if_there(SIGNATURE_FILE, MAX_NOTE_BYTES);
        let signature = signature.map_err(|e| unreadable(SIGNATURE_FILE, e))?;
        // Before anything that it vouches for is looked at.
        let signature = trust.accept(folder, trust.look(&json, signature.as_deref()))?;
        let bundle = Self::from_parts(folder.into(), &json, |file| {
            inside.read(file, MAX_GRAPH_BYTES).map(Cow::Owned).map_err(|e| unreadable(file, e))
        })?;
        Ok(Bundle { signature, ..bundle })
    }

    /// The bundle that is compiled into this library.
    ///
    /// # Errors
    /// As [`Bundle::open`]; never for a library that was built unchanged.
    pub fn builtin() -> Result<Self> {
        let missing = |file: &str| Error::ModelBundle {
            bundle: "<built in>".into(),
            reason: format!("{file} was not compiled in"),
            remedy: "Build sam2lung again".into(),
        };
        let compiled_in = |file: &str| {
            let found = builtin::FILES.iter().find(|(name, _)| *name == file);
            found.map(|(_, bytes)| *bytes).ok_or_else(|| missing(file))
        };
        let json = compiled_in("model.json")?;
        let bundle = Self::from_parts("<built in>".into(), json, |file| compiled_in(file).map(Cow::Borrowed))?;
        Ok(Bundle { signature: Signature::BuiltIn, ..bundle })
    }

    /// Checks a bundle that is not a folder, such as one in memory: the bytes of its `model.json`, and `read`, which hands
    /// out the files that it names. Its signature is not looked at ([`Bundle::signature`] is then [`Signature::Missing`]).
    ///
    /// # Errors
    /// As [`Bundle::open`], and those of `read`.
    pub fn from_parts(
        origin: PathBuf,
        json: &[u8],
        mut read: impl FnMut(&str) -> Result<Cow<'static, [u8]>>,
    ) -> Result<Self> {
        let (model, schema_version) = understand(&origin, json)?;
        let mut graphs = BTreeMap::new();
        for (file, expected) in model.files() {
            let bytes = read(file)?;
            let got = sha256_hex(&bytes);
            if got != expected.to_ascii_lowercase() {
                return Err(Error::ModelHash { bundle: origin, file: file.into(), got, expected: expected.into() });
            }
            refuse_external_data(&origin, file, &bytes)?;
            graphs.insert(file.to_owned(), bytes);
        }
        // It was understood as JSON, so it is UTF-8.
        let contract = String::from_utf8_lossy(json).into_owned();
        let signature = Signature::Missing;
        Ok(Bundle { model, schema_version, contract, contract_sha256: sha256_hex(json), origin, signature, graphs })
    }

    /// Every graph that the contract names, each once: its file's name and its bytes.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.graphs.iter().map(|(file, bytes)| (file.as_str(), bytes.as_ref()))
    }

    /// How large it is: contract and graphs.
    pub fn bytes(&self) -> u64 {
        (self.contract.len() + self.files().map(|(_, bytes)| bytes.len()).sum::<usize>()) as u64
    }

    /// The bytes of a graph that the contract names.
    ///
    /// # Panics
    /// For a file that [`Model::files`] doesn't list: a mistake in this library.
    pub fn graph(&self, file: &str) -> &[u8] {
        &self.graphs[file]
    }
}

/// Refuses the first value that makes no sense, by its field's name in the version that the bundle is written in.
fn check(model: &Model, schema_version: u32, origin: &Path) -> Result<()> {
    model.check().map_err(|problem| {
        let field = if schema_version == 1 { schema1::name_of(&problem.field) } else { problem.field };
        incorrect(origin, Problem { field, ..problem })
    })
}

/// `model.json` isn't what it should be.
fn incorrect(origin: &Path, reason: impl ToString) -> Error {
    Error::ModelBundle {
        bundle: origin.into(),
        reason: reason.to_string(),
        remedy: "Correct model.json (onnx/README.md describes each field)".into(),
    }
}

/// A graph whose data lie in other files would make ONNX Runtime read them, wherever they are.
fn refuse_external_data(origin: &Path, file: &str, graph: &[u8]) -> Result<()> {
    let Err(problem) = external_data::check(graph) else { return Ok(()) };
    let (reason, remedy) = match problem {
        DataProblem::External(tensor) => (
            format!("{file}: the data of tensor '{tensor}' lie in another file"),
            "Export the graph with all data inside it (external_data=False)",
        ),
        DataProblem::NotWhole(why) => (
            format!("{file}: it can't be read to its end as an ONNX graph ({why})"),
            "The file is damaged or is not an ONNX graph: export the bundle again",
        ),
        DataProblem::OrtFormat => {
            (format!("{file}: it is in ONNX Runtime's own format (ORT)"), "Export the graph as ONNX")
        }
        DataProblem::Draws(operator) => (
            format!("{file}: its operator {operator} draws random numbers, so that no run could be repeated"),
            "Export the graph with what is random as an input (dropout or noise: onnx/README.md)",
        ),
    };
    Err(Error::ModelBundle { bundle: origin.into(), reason, remedy: remedy.into() })
}

/// The contract in `json`, of either schema version, with its values checked; and that version. No graph is looked at.
///
/// # Errors
/// [`Error::ModelBundle`] or [`Error::ModelSchema`].
pub fn understand(origin: &Path, json: &[u8]) -> Result<(Model, u32)> {
    let (model, schema_version) = read_contract(origin, json)?;
    check(&model, schema_version, origin)?;
    Ok((model, schema_version))
}

/// The contract in `json`, of either schema version; its values aren't checked.
///
/// # Errors
/// [`Error::ModelBundle`] or [`Error::ModelSchema`].
pub fn parse(origin: &Path, json: &[u8]) -> Result<Model> {
    read_contract(origin, json).map(|(model, _)| model)
}

/// The contract, and the schema version that it is written in.
fn read_contract(origin: &Path, json: &[u8]) -> Result<(Model, u32)> {
    // The version comes first: a file from the future may differ in everything else.
    let value: serde_json::Value = from_json(origin, json)?;
    match value.get("schema_version") {
        Some(v) if v.as_u64() == Some(u64::from(SCHEMA_VERSION)) => Ok((from_json(origin, json)?, SCHEMA_VERSION)),
        Some(v) if v.as_u64() == Some(1) => {
            let old: ModelV1 = from_json(origin, json)?;
            old.check().map_err(|problem| incorrect(origin, problem))?;
            Ok((old.into(), 1))
        }
        other => Err(Error::ModelSchema {
            bundle: origin.into(),
            got: other.map_or("none".into(), ToString::to_string),
            expected: "1 or 2",
        }),
    }
}

/// What `json` holds; an error says in which field, and where in the text.
fn from_json<T: DeserializeOwned>(origin: &Path, json: &[u8]) -> Result<T> {
    let mut text = serde_json::Deserializer::from_slice(json);
    let value = serde_path_to_error::deserialize(&mut text).map_err(|error| {
        let at = error.path().to_string();
        let field = if at == "." { String::new() } else { format!("{at}: ") };
        incorrect(origin, format_args!("model.json: {field}{}", error.into_inner()))
    })?;
    text.end().map_err(|error| incorrect(origin, format_args!("model.json: {error}")))?;
    Ok(value)
}

/// sha256 of `bytes` in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// The default bundle, read at compile time: build.rs lists the files of `onnx/bundles/default`.
mod builtin {
    include!(concat!(env!("OUT_DIR"), "/builtin_bundle.rs"));
}
