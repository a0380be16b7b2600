//! A contract of schema 1 as schema 2, in its place or in a new folder.

use std::{fs, path::Path};

use sam2lung::{
    Error, Result,
    contract::{
        bundle::{Bundle, SCHEMA_VERSION},
        signature::SIGNATURE_FILE,
    },
    io,
};

/// Upgrades the bundle in a folder. Returns what to say.
pub fn run(folder: &Path, output: Option<&Path>) -> Result<String> {
    let bundle = Bundle::open(folder)?;
    output.map_or_else(|| in_place(&bundle, folder), |output| copy(&bundle, folder, output))
}

/// Writes `model.json` anew; nothing where it is of today's schema. Returns what to say.
fn in_place(bundle: &Bundle, folder: &Path) -> Result<String> {
    let path = folder.join("model.json");
    if bundle.schema_version == SCHEMA_VERSION {
        return Ok(format!("{}: schema version {SCHEMA_VERSION} already; nothing was written", path.display()));
    }
    if folder.join(SIGNATURE_FILE).exists() {
        return Err(Error::Signature {
            place: folder.into(),
            reason: "model.json is signed, and the signature wouldn't be that of a new one".into(),
            remedy: "Write the new bundle into a folder of its own, and sign it there".into(),
        });
    }
    io::write_file(&path, bundle.model.to_json().as_bytes())?;
    Ok(format!("{}: schema version {SCHEMA_VERSION}, was {}", path.display(), bundle.schema_version))
}

/// Writes the whole bundle to a folder that isn't there yet; what is of today's schema byte for byte, with its signature.
/// Returns what to say.
fn copy(bundle: &Bundle, from: &Path, folder: &Path) -> Result<String> {
    let failed = |e: std::io::Error| Error::write(folder, e);
    if folder.symlink_metadata().is_ok() {
        return Err(Error::write(folder, "it is there already: choose another --output"));
    }
    // All of it is gathered beside its place, so that there is a whole bundle or none.
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(failed)?;
    let staged = tempfile::Builder::new().prefix(".bundle-").tempdir_in(parent).map_err(failed)?;
    let gathered = staged.path().join("bundle");
    fs::create_dir(&gathered).map_err(failed)?;
    for (file, _) in bundle.model.files() {
        fs::write(gathered.join(file), bundle.graph(file)).map_err(failed)?;
    }
    fs::write(gathered.join("model.json"), contract_of(bundle)).map_err(failed)?;
    if bundle.schema_version == SCHEMA_VERSION && from.join(SIGNATURE_FILE).exists() {
        fs::copy(from.join(SIGNATURE_FILE), gathered.join(SIGNATURE_FILE)).map_err(failed)?;
    }
    fs::rename(&gathered, folder).map_err(failed)?;
    Ok(format!("{}: schema version {SCHEMA_VERSION}, was {}", folder.display(), bundle.schema_version))
}

fn contract_of(bundle: &Bundle) -> String {
    if bundle.schema_version == SCHEMA_VERSION { bundle.contract.clone() } else { bundle.model.to_json() }
}
