//! Writes the seeds of every target to `corpus/TARGET`, where cargo-fuzz begins.

use std::{fs, io, path::Path};

use sam2lung_fuzz::{seeds, targets::Target};

fn main() -> io::Result<()> {
    for target in Target::ALL {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name());
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds::of(target).iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
    }
    Ok(())
}
