//! The installed package: made in one place, moved to another, and looked at there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::check;
use super::super::tally::Tally;
use super::tools::Tools;
use crate::process::{Result, output, root, run};
use crate::soname;

/// What has to be there, besides the headers.
const FILES: [&str; 12] = [
    "bin/sam2lung",
    "include/sam2lung.h",
    "include/sam2lung.hpp",
    "include/sam2lung/engine.hpp",
    "lib/libsam2lung.so",
    "lib/libsam2lung_ort.so",
    "lib/cmake/sam2lung/sam2lungConfig.cmake",
    "lib/cmake/sam2lung/sam2lungConfigVersion.cmake",
    "lib/pkgconfig/sam2lung.pc",
    "share/doc/sam2lung/LICENSE-MIT",
    "share/doc/sam2lung/LICENSE-APACHE",
    "share/doc/sam2lung/onnxruntime/onnxruntime-LICENSE",
];

/// A moved prefix.
pub struct Package {
    /// Where it is now.
    pub prefix: PathBuf,
    /// Where it was installed.
    first_prefix: PathBuf,
}

impl Package {
    /// Builds with cargo's own target folder, so that nothing is compiled twice, installs, and moves the prefix.
    ///
    /// # Errors
    /// If a step fails.
    pub fn install_and_move(tools: &Tools, target: &Path, scratch: &Path, runtime: &Path) -> Result<Package> {
        let build = target.join("cmake");
        let first_prefix = scratch.join("as-installed");
        tools.build(root(), &build, &root_definitions(target, runtime, &first_prefix))?;
        run(tools.cmake().arg("--install").arg(&build).args(["--prefix"]).arg(&first_prefix))?;
        let prefix = scratch.join("moved to another place"); // with spaces, as people have them
        fs::rename(&first_prefix, &prefix).map_err(|e| format!("{}: {e}", prefix.display()))?;
        Ok(Package { prefix, first_prefix })
    }

    /// The definition by which CMake finds it.
    pub fn as_prefix_path(&self) -> String {
        format!("-DCMAKE_PREFIX_PATH={}", self.prefix.display())
    }

    /// A program of the package, or one that links it, with an empty environment.
    pub fn alone(program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        command
    }

    /// Looks at the files, and lets the program run from there.
    pub fn check(&self) -> Tally {
        let mut tally = check("package is complete", self.is_complete());
        tally += check("package's ONNX Runtime has a name of its own", self.runtime_is_renamed());
        tally += check("package names no folder of this machine", self.names_no_folder());
        tally += check("program finds the package's ONNX Runtime", self.program_runs());
        tally
    }

    fn is_complete(&self) -> Result<()> {
        let missing: Vec<_> = FILES.into_iter().filter(|file| !self.prefix.join(file).exists()).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("not installed: {}", missing.join(", "))) }
    }

    /// A host that finds libraries in the package's folder isn't given ours as another version.
    fn runtime_is_renamed(&self) -> Result<()> {
        if self.prefix.join("lib/libonnxruntime.so.1").exists() {
            return Err("lib/libonnxruntime.so.1 is installed; expected no file of that name".into());
        }
        let own = self.prefix.join("lib").join(soname::OWN);
        let dynamic = output(Command::new("readelf").arg("--dynamic").arg(&own))?;
        let wanted = format!("soname: [{}]", soname::OWN);
        dynamic.contains(&wanted).then_some(()).ok_or(format!("{}: expected {wanted} in:\n{dynamic}", own.display()))
    }

    fn names_no_folder(&self) -> Result<()> {
        let forbidden = [root(), &self.first_prefix].map(|path| path.display().to_string());
        for file in files_below(&self.prefix)? {
            let bytes = fs::read(&file).map_err(|e| format!("{}: {e}", file.display()))?;
            let named = if bytes.starts_with(b"\x7fELF") {
                search_paths(&file)?.into_iter().find(|path| !path.starts_with("$ORIGIN"))
            } else {
                let text = String::from_utf8_lossy(&bytes);
                forbidden.iter().find(|path| text.contains(*path)).cloned()
            };
            if let Some(path) = named {
                return Err(format!("{} names {path}", file.display()));
            }
        }
        Ok(())
    }

    fn program_runs(&self) -> Result<()> {
        let text = output(Package::alone(&self.prefix.join("bin/sam2lung")).arg("info"))?;
        let prefix = self.prefix.canonicalize().map_err(|e| e.to_string())?;
        let line = text.lines().find(|line| line.starts_with("ONNX Runtime")).unwrap_or_default();
        let found = line.contains(&prefix.display().to_string());
        found.then_some(()).ok_or(format!("ONNX Runtime was '{line}'; expected one in {}", prefix.display()))
    }

    /// Installs once more with `--strip`: a half of the library tells debuggers where lines are.
    pub fn strips(&self, tools: &Tools, target: &Path, scratch: &Path) -> Result<()> {
        let prefix = scratch.join("stripped");
        let mut install = tools.cmake();
        run(install.arg("--install").arg(target.join("cmake")).arg("--strip").arg("--prefix").arg(&prefix))?;
        let size = |prefix: &Path| {
            let library = prefix.join("lib/libsam2lung.so");
            fs::metadata(&library).map(|about| about.len()).map_err(|e| format!("{}: {e}", library.display()))
        };
        let (whole, stripped) = (size(&self.prefix)?, size(&prefix)?);
        if 2 * stripped > whole {
            return Err(format!("libsam2lung.so has {stripped} bytes stripped, {whole} whole; expected at most half"));
        }
        output(Package::alone(&prefix.join("bin/sam2lung")).arg("info")).map(drop)
    }

    /// Asks for a version that it isn't.
    pub fn refuses_another_version(&self, tools: &Tools) -> Result<()> {
        run(tools.cmake().arg(self.as_prefix_path()).arg("-P").arg(root().join("tests/cmake/version.cmake")))
    }
}

/// Where a program or library makes the loader look; the paths of sources that it holds for backtraces don't matter.
fn search_paths(file: &Path) -> Result<Vec<String>> {
    let dynamic = output(Command::new("readelf").arg("--dynamic").arg(file))?;
    let lines = dynamic.lines().filter(|line| line.contains("(RUNPATH)") || line.contains("(RPATH)"));
    let lists = lines.filter_map(|line| line.split(['[', ']']).nth(1));
    Ok(lists.flat_map(|list| list.split(':')).map(str::to_owned).collect())
}

/// How sam2lung itself is configured in tests.
pub fn root_definitions(target: &Path, runtime: &Path, prefix: &Path) -> Vec<String> {
    vec![
        format!("-DSAM2LUNG_CARGO_TARGET_DIR={}", target.display()),
        format!("-DSAM2LUNG_ONNXRUNTIME={}", runtime.display()),
        format!("-DCMAKE_INSTALL_PREFIX={}", prefix.display()),
        "-DCMAKE_INSTALL_MESSAGE=NEVER".to_owned(),
    ]
}

/// Files, not links, at any depth.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))? {
            let entry = entry.map_err(|e| e.to_string())?;
            let kind = entry.file_type().map_err(|e| e.to_string())?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    Ok(files)
}
