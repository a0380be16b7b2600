//! `sam2lung phantom`: a chest CT made by arithmetic.

use std::{fs, path::Path};

use sam2lung::{Error, io, phantom::chest_phantom};

use crate::terminal::{Reported, cancel_on_signal, report};

pub fn run(output: &Path, seed: u64) -> Result<(), Reported> {
    write(output, seed).map_err(|e| report(&e))
}

fn write(output: &Path, seed: u64) -> Result<(), Error> {
    let phantom = chest_phantom(seed);
    io::write_volume(output, phantom.ct.view(), &cancel_on_signal())?;
    let folder = output.parent().unwrap_or(Path::new(""));
    let facts = folder.join(format!("{}.json", io::output_name(output)));
    let text = serde_json::to_string_pretty(&phantom.nodules).map_err(|e| Error::write(&facts, e))?;
    fs::write(&facts, text + "\n").map_err(|e| Error::write(&facts, e))?;
    println!("{}: a chest with {} known nodules (see {})", output.display(), phantom.nodules.len(), facts.display());
    Ok(())
}
