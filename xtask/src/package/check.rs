//! Looks at an archive as somebody who has just got it: unpacked elsewhere, on a machine that knows nothing of it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::archive;
use crate::anywhere;
use crate::process::{Result, output, root, run};
use crate::test::cmake::tools::Tools as CMake;
use crate::windows::{self, Tools, Wine};

/// What has to be there besides programs and libraries, which are run.
const FILES: [&str; 7] = [
    "share/doc/sam2lung/LICENSE-APACHE",
    "share/doc/sam2lung/LICENSE-MIT",
    "share/doc/sam2lung/MODEL_CARD.md",
    "share/doc/sam2lung/THIRD-PARTY-LICENSES.txt",
    "share/doc/sam2lung/onnxruntime/onnxruntime-LICENSE",
    "share/doc/sam2lung/onnxruntime/onnxruntime-ThirdPartyNotices.txt",
    "share/doc/sam2lung/sbom.cdx.json",
];

/// An unpacked archive.
struct Unpacked<'a> {
    prefix: PathBuf,
    scratch: &'a Path,
    /// Where its programs run, and what compiles for there; none where that is this machine.
    windows: Option<(&'a Tools, Wine)>,
}

/// Unpacks the archive with the folder `name` into a folder whose name takes more than ASCII. There a made chest is segmented,
/// and programs in C and C++ that link the package do the same.
///
/// # Errors
/// Says what doesn't hold.
pub fn check(packed: &Path, name: &str, scratch: &Path, tools: Option<&Tools>) -> Result<()> {
    let elsewhere = scratch.join("anderswo für Ärzte 肺");
    fs::create_dir_all(&elsewhere).map_err(|e| format!("{}: {e}", elsewhere.display()))?;
    archive::unpack(packed, &elsewhere)?;
    let windows = match tools {
        Some(tools) => Some((tools, Wine::new(tools, &scratch.join("wine"))?)),
        None => None,
    };
    let unpacked = Unpacked { prefix: elsewhere.join(name), scratch, windows };
    unpacked.is_complete()?;
    unpacked.names_no_folder(tools)?;
    unpacked.knows_itself()?;
    let chest = unpacked.segments()?;
    unpacked.links(&chest)
}

impl Unpacked<'_> {
    fn is_complete(&self) -> Result<()> {
        let missing: Vec<_> = FILES.into_iter().filter(|file| !self.prefix.join(file).is_file()).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("the archive lacks {}", missing.join(", "))) }
    }

    /// What names a folder of this machine has other bytes elsewhere.
    fn names_no_folder(&self, tools: Option<&Tools>) -> Result<()> {
        let folders = anywhere::folders(tools.map(Tools::root))?;
        for file in archive::files_below(&self.prefix).map_err(|e| e.to_string())? {
            let bytes = fs::read(&file).map_err(|e| format!("{}: {e}", file.display()))?;
            let text = String::from_utf8_lossy(&bytes);
            if let Some((folder, _)) = folders.iter().find(|(folder, _)| text.contains(&*folder.to_string_lossy())) {
                return Err(format!("{} names {}", file.display(), folder.display()));
            }
        }
        Ok(())
    }

    /// A program, with an empty environment.
    fn command(&self, program: &Path) -> Command {
        match &self.windows {
            Some((_, wine)) => wine.command(&program.with_extension("exe")),
            None => {
                let mut command = Command::new(program);
                command.env_clear();
                command
            }
        }
    }

    fn sam2lung(&self) -> Command {
        self.command(&self.prefix.join("bin/sam2lung"))
    }

    /// A path as its programs name it.
    fn named(&self, path: &Path) -> String {
        if self.windows.is_some() { windows::as_windows_names(path) } else { path.display().to_string() }
    }

    fn knows_itself(&self) -> Result<()> {
        let version = output(self.sam2lung().arg("--version"))?;
        if !version.contains(env!("CARGO_PKG_VERSION")) {
            return Err(format!("`sam2lung --version` said '{}'", version.trim()));
        }
        let text = output(self.sam2lung().arg("info"))?;
        let file = text.lines().find_map(|line| line.strip_prefix("ONNX Runtime")).unwrap_or_default().trim();
        let (found, wanted) = match &self.windows {
            Some(_) => (file.to_owned(), self.named(&self.prefix.join("bin/sam2lung_ort.dll"))),
            None => (real(Path::new(file)), real(&self.prefix.join("lib/libsam2lung_ort.so"))),
        };
        if found == wanted { Ok(()) } else { Err(format!("ONNX Runtime was '{file}'; expected {wanted}")) }
    }

    /// Segments a made chest of large voxels; that chest.
    fn segments(&self) -> Result<PathBuf> {
        let (chest, results) = (self.scratch.join("chest.nii.gz"), self.scratch.join("results"));
        run(self.sam2lung().args(["phantom", "--spacing", "3,3,4"]).arg(self.named(&chest)))?;
        let mut segment = self.sam2lung();
        segment.args(["segment", "--samples", "2", "--device", "cpu", "--quiet"]).arg(self.named(&chest));
        run(segment.arg("--output").arg(self.named(&results)))?;
        let nodules = results.join("chest/nodules.csv");
        let text = fs::read_to_string(&nodules).map_err(|e| format!("{}: {e}", nodules.display()))?;
        // A line of names, and one for each of its nodules that is found.
        if text.lines().count() < 2 {
            return Err("no nodule was found in the made chest, which has some".into());
        }
        Ok(chest)
    }

    /// Builds examples/ against the package by CMake; those in C and C++ segment the chest as well.
    fn links(&self, chest: &Path) -> Result<()> {
        let consumer = self.scratch.join("consumer");
        let mut definitions = vec![format!("-DCMAKE_PREFIX_PATH={}", self.prefix.display())];
        let prepare = |command: &mut Command| match &self.windows {
            Some((tools, _)) => tools.prepare(command),
            None => Ok(()),
        };
        if self.windows.is_some() {
            definitions.push(format!("-DCMAKE_TOOLCHAIN_FILE={}", root().join(windows::TOOLCHAIN_FILE).display()));
            definitions.push(format!("-DCMAKE_FIND_ROOT_PATH={}", self.prefix.display()));
        }
        CMake::ready()?.build_prepared(&root().join("examples"), &consumer, &definitions, prepare)?;
        let results = self.scratch.join("results");
        for (program, written) in [("segment_c", "in_c.nii.gz"), ("segment", "in_cpp")] {
            let mut example = self.command(&consumer.join(program));
            example.arg(self.named(chest)).arg(self.named(&results.join(written))).arg("2");
            // Their progress stays unseen.
            output(&mut example)?;
            let label = if written.ends_with(".gz") {
                results.join(written)
            } else {
                results.join(written).join("label.nii.gz")
            };
            if fs::metadata(&label).map_or(0, |about| about.len()) == 0 {
                return Err(format!(
                    "{program} wrote no {}",
                    label.file_name().unwrap_or(OsStr::new("labels")).display()
                ));
            }
        }
        Ok(())
    }
}

/// A file without links and `..` in its path; as it is where it isn't there.
fn real(path: &Path) -> String {
    path.canonicalize().unwrap_or_else(|_| path.into()).display().to_string()
}
