//! `sam2lung phantom`: a chest CT made by arithmetic.

use std::path::Path;

use sam2lung::{
    Error,
    io::{self, VolumeFormat},
    phantom::{Lungs, Scanner, chest_phantom_of, chest_phantom_with_balls},
};

use crate::terminal::{Reported, cancel_on_signal, report, say_to_reader};

pub fn run(output: &Path, seed: u64, lungs: Lungs, diameters_mm: &[f64]) -> Result<(), Reported> {
    say_to_reader(&write(output, seed, lungs, diameters_mm).map_err(|e| report(&e))?)
}

/// Writes both files; returns what to say of them.
fn write(output: &Path, seed: u64, lungs: Lungs, diameters_mm: &[f64]) -> Result<String, Error> {
    VolumeFormat::of(output)?;
    let scanner = Scanner::default();
    let phantom = match diameters_mm {
        [] => chest_phantom_of(seed, lungs, &scanner),
        balls => chest_phantom_with_balls(seed, lungs, &scanner, balls)?,
    };
    let facts = output.with_file_name(format!("{}.json", io::output_name(output)));
    let text = serde_json::to_string_pretty(&phantom.nodules).map_err(|e| Error::write(&facts, e))?;
    // The facts first: a phantom that nothing is known of is of no use.
    io::write_file(&facts, (text + "\n").as_bytes())?;
    io::write_volume(output, phantom.ct.view(), &cancel_on_signal())?;
    let (output, count) = (output.display(), phantom.nodules.len());
    Ok(format!("{output}: a chest with {count} known nodules (see {})", facts.display()))
}
