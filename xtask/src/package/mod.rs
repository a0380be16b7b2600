//! `cargo xtask package`: an archive that runs wherever it is unpacked, with what has to be known of its parts.
//!
//! Enters: the source and the pinned ONNX Runtime. Leaves: `target/package/NAME.tar.gz` (Linux) or `.zip` (Windows), beside it
//! `NAME.cdx.json` (the bill of materials) and `NAME.sha256`. The same source gives the same bytes: folders of this machine are
//! taken out of what is compiled ([`anywhere`]), times come from `SOURCE_DATE_EPOCH` or the last commit, files are in order.

mod archive;
mod check;
mod graph;
mod licences;
mod sbom;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::anywhere;
use crate::process::{Result, metadata, output, root, run, stage, took};
use crate::setup;
use crate::test::cmake::tools::Tools as CMake;
use crate::test::cmake::{Scratch, root_definitions};
use crate::wheel;
use crate::windows::{self, TARGET, Tools};
use graph::Graph;

/// What is made.
struct Kind {
    /// Rust's name of the target.
    target: String,
    /// As the archive's name has it.
    system: String,
    windows: bool,
}

/// Makes and checks the archive for this system, or for Windows.
///
/// # Errors
/// If a step fails; then no archive is left.
pub fn package(for_windows: bool) -> Result<()> {
    let start = stage("Building the package");
    let (os, arch) = (env::consts::OS, env::consts::ARCH);
    let kind = match (for_windows, os) {
        (true, _) => Kind { target: TARGET.into(), system: "windows-x86_64".into(), windows: true },
        (false, "linux") => {
            Kind { target: format!("{arch}-unknown-linux-gnu"), system: format!("linux-{arch}"), windows: false }
        }
        (false, _) => return Err(format!("packages are made on Linux; this is {os}")),
    };
    let name = format!("sam2lung-{}-{}", env!("CARGO_PKG_VERSION"), kind.system);
    let target = metadata()?["target_directory"].as_str().map(PathBuf::from);
    let place = target.ok_or("cargo metadata names no target_directory")?.join("package");
    let scratch = Scratch::new("package")?;
    let folder = scratch.0.join(&name);
    let tools = kind.windows.then(Tools::find).transpose()?;

    install(&kind, &place.join("build").join(&kind.system), &folder, tools.as_ref())?;
    stage("Licences and bill of materials");
    let graph = Graph::of(&kind.target)?;
    let documents = folder.join("share/doc/sam2lung");
    write(&documents.join("THIRD-PARTY-LICENSES.txt"), &licences::text(&graph)?)?;
    let bill = sbom::text(&graph, &kind.target, epoch()?)?;
    write(&documents.join("sbom.cdx.json"), &bill)?;

    stage("Packing");
    let ending = if kind.windows { "zip" } else { "tar.gz" };
    let packed = scratch.0.join(format!("{name}.{ending}"));
    if kind.windows {
        archive::zip(&folder, &packed)?
    } else {
        archive::tar(&folder, &packed, epoch()?)?
    }
    stage("Trying the archive elsewhere");
    check::check(&packed, &name, &scratch.0, tools.as_ref())?;

    let archive = place.join(format!("{name}.{ending}"));
    fs::create_dir_all(&place).and_then(|()| fs::copy(&packed, &archive)).map_err(|e| format!("{name}: {e}"))?;
    write(&place.join(format!("{name}.cdx.json")), &bill)?;
    let sum = wheel::sha256(&archive).map_err(|e| format!("{}: {e}", archive.display()))?;
    let sums = format!("{name}.sha256");
    write(&place.join(&sums), &format!("{sum}  {name}.{ending}\n"))?;
    run(Command::new("sha256sum").args(["--check", "--strict"]).arg(&sums).current_dir(&place))?;
    println!("\n{} after {}\nsha256 {sum}", archive.display(), took(start));
    Ok(())
}

/// Builds with CMake, without this machine's folders in it, and installs into `folder`.
fn install(kind: &Kind, build: &Path, folder: &Path, tools: Option<&Tools>) -> Result<()> {
    let cmake = CMake::ready()?;
    let (target, runtime) = match tools {
        Some(_) => (Tools::target_folder(), setup::for_windows()?),
        None => (build.join("cargo"), setup::setup(false)?),
    };
    let mut definitions = root_definitions(&target, &runtime, folder);
    if let Some(tools) = tools {
        definitions.push(format!("-DCMAKE_TOOLCHAIN_FILE={}", root().join(windows::TOOLCHAIN_FILE).display()));
        definitions.push(format!("-DSAM2LUNG_CARGO={}", tools.cargo_file().display()));
        definitions.push(format!("-DSAM2LUNG_CARGO_TARGET={TARGET}"));
    }
    let prepare = |command: &mut Command| match tools {
        Some(tools) => tools.prepare(command),
        None => anywhere::prepare(command, &kind.target, None),
    };
    cmake.build_prepared(root(), build, &definitions, prepare)?;
    let mut install = cmake.cmake();
    prepare(&mut install)?;
    // strip writes the time into what it has stripped. Not before: C sources would be compiled anew for each commit.
    install.env("SOURCE_DATE_EPOCH", epoch()?.to_string());
    run(install.arg("--install").arg(build).arg("--strip").arg("--prefix").arg(folder))
}

/// Seconds since 1970 that stand for every time: as the environment says, else those of the last commit.
fn epoch() -> Result<u64> {
    let text = match env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text,
        Err(_) => output(Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(root()))
            .map_err(|e| format!("{e}. Set SOURCE_DATE_EPOCH where there is no git repository"))?,
    };
    text.trim().parse().map_err(|_| format!("SOURCE_DATE_EPOCH is '{}'; expected seconds since 1970", text.trim()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn bill_refers_to_nothing_that_it_does_not_hold_and_to_all_that_it_holds() {
        let bill = sbom::text(&Graph::of(TARGET).unwrap(), TARGET, 0).unwrap();
        let bill: serde_json::Value = serde_json::from_str(&bill).unwrap();
        let list = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
        let components = list(&bill["components"]);
        let main = [bill["metadata"]["component"].clone()];
        let held: BTreeSet<String> = components.iter().chain(&main).map(|c| c["bom-ref"].to_string()).collect();
        assert_eq!(held.len(), components.len() + 1, "two bear one reference");
        let dependencies = list(&bill["dependencies"]);
        let told: BTreeSet<String> = dependencies.iter().map(|d| d["ref"].to_string()).collect();
        assert_eq!(told, held);
        let used: BTreeSet<String> =
            dependencies.iter().flat_map(|d| list(&d["dependsOn"])).map(|reference| reference.to_string()).collect();
        let unused: Vec<_> = held.difference(&used).collect();
        assert_eq!(unused, [&main[0]["bom-ref"].to_string()]);
        assert!(used.is_subset(&held));
    }

    #[test]
    fn licences_and_bill_of_this_project_name_every_package_and_its_terms() {
        for target in ["x86_64-unknown-linux-gnu", TARGET] {
            let graph = Graph::of(target).unwrap();
            let (terms, bill) = (licences::text(&graph).unwrap(), sbom::text(&graph, target, 0).unwrap());
            for package in graph.foreign() {
                assert!(terms.contains(&format!("{} {}: ", package.name, package.version)), "{}", package.name);
                assert!(bill.contains(&format!("\"pkg:cargo/{}@", package.name)), "{}", package.name);
            }
            assert!(bill.contains("pkg:pypi/onnxruntime@") && terms.contains("Universite catholique de Louvain"));
        }
    }
}
