//! Bundles that are installed: listed, checked, installed, removed. Each function returns what to say.

use std::path::{Path, PathBuf};

use sam2lung::{
    Result,
    contract::signature::Trust,
    models::{Installed, Outcome, Wanted},
};

use super::records::{BundleRecord, CheckRecord, ListRecord, text};
use crate::{
    args::PlaceArgs,
    terminal::{Reported, report, say_to_reader},
};

pub fn list(place: &PlaceArgs, json: bool) -> Result<String> {
    let installed = place.installed()?;
    let entries = installed.list()?;
    if json {
        let bundles = entries.into_iter().map(BundleRecord::of).collect();
        return Ok(text(&ListRecord { folder: installed.folder().map(Path::to_path_buf), bundles }));
    }
    let mut lines: Vec<_> = entries.iter().map(ToString::to_string).collect();
    if entries.len() == 1 {
        lines.push(nothing_in(&installed));
    }
    Ok(lines.join("\n"))
}

fn nothing_in(installed: &Installed) -> String {
    installed.folder().map_or_else(
        || "no bundle is installed: the environment names no home folder".into(),
        |folder| format!("no bundle is installed in {}", folder.display()),
    )
}

/// What is to be checked.
enum Asked {
    Given(PathBuf),
    Installed(Wanted),
}

/// Checks bundles one after the other; one that isn't good is named, and the others go on.
pub fn verify(bundles: &[PathBuf], place: &PlaceArgs, json: bool) -> std::result::Result<(), Reported> {
    let installed = place.installed().map_err(|e| report(&e))?;
    let asked = asked(bundles, &installed).map_err(|e| report(&e))?;
    let (mut records, mut failed) = (Vec::new(), false);
    for one in &asked {
        let (wanted, checked) = match one {
            Asked::Given(path) => (path.display().to_string(), installed.check(path)),
            Asked::Installed(wanted) => (wanted.to_string(), installed.open_installed(wanted)),
        };
        failed |= checked.is_err();
        match checked {
            checked if json => records.push(CheckRecord::of(wanted, &checked)),
            Ok(bundle) => {
                let (model, origin) = (&bundle.model, bundle.origin.display());
                say_to_reader(&format!("{} {}: good; {}  ({origin})", model.name, model.version, bundle.signature))?;
            }
            Err(error) => drop(report(&error)),
        }
    }
    if json {
        say_to_reader(&text(&records))?;
    } else if asked.is_empty() {
        say_to_reader(&nothing_in(&installed))?;
    }
    if failed { Err(Reported) } else { Ok(()) }
}

fn asked(bundles: &[PathBuf], installed: &Installed) -> Result<Vec<Asked>> {
    if bundles.is_empty() {
        return Ok(installed.all()?.into_iter().map(Asked::Installed).collect());
    }
    Ok(bundles.iter().cloned().map(Asked::Given).collect())
}

pub fn install(source: &Path, replace: bool, place: &PlaceArgs) -> Result<String> {
    let outcome = place.installed()?.install(source, replace)?;
    let done = match outcome {
        Outcome::Installed(_) => "installed",
        Outcome::Replaced(_) => "replaced",
        Outcome::AlreadyThere(_) => "already installed, with the same files; nothing was written",
    };
    Ok(format!("{done}: {}", outcome.entry()))
}

pub fn remove(bundle: &str, folder: Option<&Path>) -> Result<String> {
    // Removing asks for no signature: a bundle whose key has gone has to be removable.
    Installed::chosen(folder, Trust::default()).remove(bundle).map(|removed| format!("removed: {removed}"))
}
