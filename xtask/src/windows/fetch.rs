//! Fetches the tools: Debian's packages, unpacked without root and without touching the system.
//!
//! apt says which packages are missing here and downloads them, so its sources, proxies and signatures count. They can't be
//! installed beside rustup: they would put a second cargo and rustc into /usr/bin.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{NEEDED, Tools, folder, usual_folder};
use crate::process::{Result, output, run, stage, took};
use crate::setup;

/// What is asked for; apt adds what these need.
const PACKAGES: [&str; 6] =
    ["rustc-web", "cargo-web", "rust-web-src", "gcc-mingw-w64-x86-64-posix", "g++-mingw-w64-x86-64-posix", "wine64"];
/// Lists what was unpacked, in the tools' folder.
const LIST: &str = "PACKAGES.txt";

/// Makes sure that tools and ONNX Runtime for Windows are there.
///
/// # Errors
/// If apt or pip fails, or a tool is missing in the end.
pub fn setup() -> Result<()> {
    if Tools::find().is_ok() {
        println!("tools for Windows are there, nothing to fetch");
    } else {
        let start = stage("Fetching tools for Windows (330 MB, 2 GB unpacked)");
        fetch()?;
        println!("ready after {}: {}", took(start), usual_folder().display());
    }
    setup::for_windows().map(drop)
}

fn fetch() -> Result<()> {
    let scratch = folder().join(format!(".fetching-{}", std::process::id()));
    let result = fetch_into(&scratch);
    let cleaned = fs::remove_dir_all(&scratch);
    result?;
    cleaned.map_err(|e| format!("{}: {e}", scratch.display()))
}

fn fetch_into(scratch: &Path) -> Result<()> {
    let (packages, tools) = (scratch.join("packages"), scratch.join("tools"));
    for folder in [&packages, &tools] {
        fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    let mut simulate = Command::new("apt-get");
    simulate.args(["--simulate", "--no-install-recommends", "install"]).args(PACKAGES).env("LC_ALL", "C");
    let wanted = missing(&output(&mut simulate).map_err(no_debian)?);
    run(Command::new("apt-get").args(["--quiet", "download"]).args(&wanted).current_dir(&packages))
        .map_err(no_debian)?;
    for entry in fs::read_dir(&packages).map_err(|e| e.to_string())?.flatten() {
        run(Command::new("dpkg").arg("--extract").arg(entry.path()).arg(&tools))?;
    }
    mend(&tools)?;
    fs::write(tools.join(LIST), wanted.join("\n") + "\n").map_err(|e| format!("{LIST}: {e}"))?;
    if let Some(file) = NEEDED.into_iter().find(|file| !tools.join(file).exists()) {
        return Err(format!(
            "{file} is in none of the packages: is it installed already? Then remove it, or set {}=/",
            super::VARIABLE
        ));
    }
    let place = usual_folder();
    if place.exists() {
        fs::remove_dir_all(&place).map_err(|e| format!("{}: {e}", place.display()))?;
    }
    fs::rename(&tools, &place).map_err(|e| format!("{}: {e}", place.display()))
}

fn no_debian(error: String) -> String {
    format!("{error}. Expected Debian 12 or newer on x86-64, after `apt-get update`, with its security updates")
}

/// The packages that apt would install, as `name=version`.
fn missing(simulated: &str) -> Vec<String> {
    let lines = simulated.lines().filter_map(|line| line.strip_prefix("Inst "));
    let package = |line: &str| {
        let (name, rest) = line.split_once(" (")?;
        Some(format!("{}={}", name.split(' ').next()?, rest.split(' ').next()?))
    };
    lines.filter_map(package).collect()
}

/// Two links of Wine's packages take an installed system.
fn mend(tools: &Path) -> Result<()> {
    let link = |to: &str, at: &str| run(Command::new("ln").args(["-sf", to]).arg(tools.join(at)));
    // A script that looks for /usr/lib/wine/wineserver64.
    link("wineserver64", "usr/lib/wine/wineserver")?;
    // A library of another package, linked when that is installed.
    link("../../../../x86_64-w64-mingw32/lib/zlib1.dll", "usr/lib/x86_64-linux-gnu/wine/x86_64-windows/zlib1.dll")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_takes_names_and_versions_of_what_would_be_installed() {
        let said = "NOTE: This is only a simulation!\nInst libllvm22 (1:22.1.8-1~deb12u1 Debian-Security:12/x [amd64])\n\
                    Inst wine64 [7.0] (8.0~repack-4 Debian:12.15/oldstable [amd64])\nConf wine64 (8.0~repack-4 Debian)\n";
        assert_eq!(missing(said), ["libllvm22=1:22.1.8-1~deb12u1", "wine64=8.0~repack-4"]);
    }
}
