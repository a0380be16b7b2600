//! What scripts are told of bundles, as JSON.

use std::path::PathBuf;

use sam2lung::{
    Error, Result,
    contract::{bundle::Bundle, signature::Signature},
    models::{Entry, Purpose},
};
use serde::Serialize;

/// A list of bundles.
#[derive(Debug, Serialize)]
pub struct ListRecord {
    /// The folder of installed bundles.
    pub folder: Option<PathBuf>,
    /// The built-in one first.
    pub bundles: Vec<BundleRecord>,
}

/// A bundle in the list.
#[derive(Debug, Serialize)]
pub struct BundleRecord {
    name: String,
    version: String,
    /// `null` for the built-in one.
    folder: Option<PathBuf>,
    purpose: Option<Purpose>,
    bytes: u64,
    sha256: String,
    signature: SignatureRecord,
    problem: Option<ProblemRecord>,
}

impl BundleRecord {
    pub fn of(entry: Entry) -> Self {
        BundleRecord {
            signature: (&entry.signature).into(),
            problem: entry.problem.as_ref().map(Into::into),
            name: entry.name,
            version: entry.version,
            folder: entry.folder,
            purpose: entry.purpose,
            bytes: entry.bytes,
            sha256: entry.sha256,
        }
    }
}

/// A bundle that was checked: `bundle` where it is good, else `problem`.
#[derive(Debug, Serialize)]
pub struct CheckRecord {
    /// The path or name that was asked for.
    wanted: String,
    bundle: Option<GoodRecord>,
    problem: Option<ProblemRecord>,
}

#[derive(Debug, Serialize)]
struct GoodRecord {
    name: String,
    version: String,
    bytes: u64,
    sha256: String,
    signature: SignatureRecord,
}

impl CheckRecord {
    pub fn of(wanted: String, checked: &Result<Bundle>) -> Self {
        let good = |bundle: &Bundle| GoodRecord {
            name: bundle.model.name.clone(),
            version: bundle.model.version.clone(),
            bytes: bundle.bytes(),
            sha256: bundle.contract_sha256.clone(),
            signature: (&bundle.signature).into(),
        };
        CheckRecord { wanted, bundle: checked.as_ref().ok().map(good), problem: checked.as_ref().err().map(Into::into) }
    }
}

#[derive(Debug, Serialize)]
struct SignatureRecord {
    state: &'static str,
    key: Option<String>,
}

impl From<&Signature> for SignatureRecord {
    fn from(signature: &Signature) -> Self {
        SignatureRecord { state: signature.name(), key: signature.key().map(str::to_owned) }
    }
}

#[derive(Debug, Serialize)]
struct ProblemRecord {
    name: &'static str,
    message: String,
}

impl From<&Error> for ProblemRecord {
    fn from(error: &Error) -> Self {
        ProblemRecord { name: error.name(), message: error.to_string() }
    }
}

/// JSON for people who look at it, too.
pub fn text(record: &impl Serialize) -> String {
    serde_json::to_string_pretty(record).expect("texts, lists and whole numbers")
}
