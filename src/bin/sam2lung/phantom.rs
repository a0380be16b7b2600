//! `sam2lung phantom`: a chest CT made by arithmetic.

use std::path::Path;

use sam2lung::{
    Error,
    io::{self, VolumeFormat},
    phantom::chest_phantom,
};

use crate::terminal::{Reported, cancel_on_signal, report};

pub fn run(output: &Path, seed: u64) -> Result<(), Reported> {
    write(output, seed).map_err(|e| report(&e))
}

fn write(output: &Path, seed: u64) -> Result<(), Error> {
    VolumeFormat::of(output)?;
    let phantom = chest_phantom(seed);
    let facts = output.with_file_name(format!("{}.json", io::output_name(output)));
    let text = serde_json::to_string_pretty(&phantom.nodules).map_err(|e| Error::write(&facts, e))?;
    // The facts first: a phantom that nothing is known of is of no use.
    io::write_file(&facts, (text + "\n").as_bytes())?;
    io::write_volume(output, phantom.ct.view(), &cancel_on_signal())?;
    println!("{}: a chest with {} known nodules (see {})", output.display(), phantom.nodules.len(), facts.display());
    Ok(())
}
