//! Segments one CT with the built-in model and prints the nodules: `cargo run --release --example segment -- CT`.
//!
//! Research use only; not a medical device.

use std::{env, path::PathBuf, process::ExitCode};

use sam2lung::{
    Result,
    contract::bundle::Bundle,
    io::{self, ReadOptions},
    pipeline::{Engine, options::Options},
    progress::{CancelToken, Monitor, Progress},
    runtime::device::Device,
};

fn main() -> ExitCode {
    let Some(path) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: segment CT (a DICOM folder, NIfTI, NRRD or MetaImage)");
        return ExitCode::from(2);
    };
    match segment(path) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", error.name());
            ExitCode::FAILURE
        }
    }
}

fn segment(path: PathBuf) -> Result<()> {
    let mut show = |p: Progress| eprint!("\r{:>3.0} % {:<24}", p.fraction * 100.0, p.stage.title());
    // Another thread may call `cancel` on a clone of the token.
    let mut monitor = Monitor::new(CancelToken::new(), &mut show);

    let mut engine = Engine::new(Bundle::builtin()?, Device::Auto, None)?;
    let ct = io::read_ct(&path, ReadOptions::default(), &mut monitor)?;
    let found = engine.segment(vec![ct.volume], &Options::default(), &mut monitor)?;

    eprintln!("\r{:<40}", engine.device().reason);
    println!("{:>3} {:>8} {:>19} {:>10}  review", "id", "mm3", "90 % interval", "long axis");
    for n in &found.nodules {
        let interval = format!("{:.0} to {:.0}", n.volume_mm3_p05, n.volume_mm3_p95);
        let (id, review) = (n.id, n.review_reasons.join("; "));
        println!("{id:>3} {:>8.0} {interval:>19} {:>7.1} mm  {review}", n.volume_mm3, n.long_axis_mm);
    }
    Ok(())
}
