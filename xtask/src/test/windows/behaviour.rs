//! What the command line does on Windows: the same results as on Linux, paths of all kinds, where libraries come from, Ctrl-C.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::super::tally::Tally;
use super::super::{Context, check, skip};
use super::{Bench, paths};
use crate::process::{Result, cargo, output, release_dir, root, run};
use crate::windows;

/// All checks.
///
/// # Errors
/// If Linux's program can't be built or make the phantoms.
pub fn all(bench: &Bench, context: &Context) -> Result<Tally> {
    let linux = Linux::ready(context, &bench.scratch)?;
    let mut tally = check("program finds the package's ONNX Runtime", finds_its_runtime(bench));
    tally += check("labels are those of Linux", same_as_linux(bench, &linux));
    tally += check("spaces, other scripts, long paths; a result is replaced", paths_of_all_kinds(bench, &linux));
    tally += check("names that differ in case alone are refused together", refuses_other_case(bench, &linux));
    tally += check("a folder that can't be written to is refused by name", refuses_no_folder(bench, &linux));
    tally += check("no library from the working folder or PATH", keeps_out_of_traps(bench, &linux));
    tally += match output(Command::new("script").arg("--version")) {
        Ok(_) => check("Ctrl-C leaves nothing", ends_by_ctrl_c(bench, &linux)),
        Err(_) => skip("Ctrl-C: the program script, which makes a terminal, isn't there"),
    };
    Ok(tally)
}

/// Linux's program, and CTs that it has made.
struct Linux {
    program: PathBuf,
    runtime: PathBuf,
    /// A chest of voxels coarse enough for a processor that others need, too.
    phantom: PathBuf,
    /// One of large voxels, for what only has to run; its name isn't ASCII.
    coarse: PathBuf,
}

impl Linux {
    fn ready(context: &Context, scratch: &Path) -> Result<Linux> {
        run(&mut cargo(&["build", "--release", "--bin=sam2lung"]))?;
        let program = release_dir()?.join("sam2lung");
        let (phantom, coarse) = (scratch.join("phantom.nii.gz"), scratch.join("Thorax für 肺.nii.gz"));
        run(Command::new(&program).args(["phantom", "--spacing", "1.5,1.5,2"]).arg(&phantom))?;
        run(Command::new(&program).args(["phantom", "--spacing", "4,4,5"]).arg(&coarse))?;
        Ok(Linux { program, runtime: context.runtime.clone(), phantom, coarse })
    }
}

/// What it said, and how it ended.
fn ended(command: &mut Command) -> Result<(Option<i32>, String)> {
    let Output { status, stdout, stderr } = command.output().map_err(|e| e.to_string())?;
    Ok((status.code(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr))))
}

fn expect(is: bool, what: impl Into<String>) -> Result<()> {
    if is { Ok(()) } else { Err(what.into()) }
}

fn finds_its_runtime(bench: &Bench) -> Result<()> {
    let text = output(bench.sam2lung().arg("info"))?;
    let line = text.lines().find(|line| line.starts_with("ONNX Runtime")).unwrap_or_default();
    let wanted = windows::as_windows_names(&bench.prefix.join("bin/sam2lung_ort.dll"));
    expect(line.contains(&wanted), format!("ONNX Runtime was '{line}'; expected {wanted}"))
}

/// The built-in model on the phantom, two samples, by both programs: not a bit differs. Rust does the same arithmetic everywhere,
/// and ONNX Runtime's two builds gave the same probabilities, too.
fn same_as_linux(bench: &Bench, linux: &Linux) -> Result<()> {
    let (here, there) = (bench.scratch.join("linux"), bench.scratch.join("windows"));
    let words = ["segment", "--samples", "2", "--quiet", "--device", "cpu"];
    let mut command = Command::new(&linux.program);
    command.args(words).arg(&linux.phantom).arg("--output").arg(&here);
    run(command.env("SAM2LUNG_ONNXRUNTIME", &linux.runtime))?;
    let mut command = bench.sam2lung();
    paths(&mut command, &words, &[&linux.phantom]);
    paths(&mut command, &["--output"], &[&there]);
    run(&mut command)?;
    // The compressed bytes: the same voxels in the same header, packed by the same code.
    for name in ["label.nii.gz", "nodules.csv"] {
        let [here, there] = [&here, &there].map(|folder| fs::read(folder.join("phantom").join(name)));
        expect(here.map_err(|e| e.to_string())? == there.map_err(|e| e.to_string())?, format!("{name} differs"))?;
    }
    let nodules = fs::read_to_string(there.join("phantom/nodules.csv")).map_err(|e| e.to_string())?;
    expect(nodules.lines().count() > 1, "no nodule was found, so nothing was compared")
}

/// `segment` with a tiny model.
fn quick(bench: &Bench, inputs: &[&Path], output: &Path) -> Command {
    let mut command = bench.sam2lung();
    command.args(["segment", "--quiet", "--samples", "2", "--lung-mask", "off"]);
    paths(&mut command, &["--model"], &[&root().join("tests/bundles/tiny-identity")]);
    paths(&mut command, &["--output"], &[output]);
    paths(&mut command, &[], inputs);
    command
}

/// Twice into the same folder, far beyond 260 letters.
fn paths_of_all_kinds(bench: &Bench, linux: &Linux) -> Result<()> {
    let output = bench.scratch.join("Befunde Ä 肺").join("n".repeat(150)).join("m".repeat(150));
    let manifest = output.join("Thorax für 肺/run.json");
    for _ in ["the first", "in place of it"] {
        let (code, said) = ended(&mut quick(bench, &[&linux.coarse], &output))?;
        expect(code == Some(0) && manifest.is_file(), format!("ended with {code:?}: {said}"))?;
        fs::write(manifest.with_file_name("warnings.txt"), "of the first").map_err(|e| e.to_string())?;
    }
    let left: Vec<_> = fs::read_dir(&output).map_err(|e| e.to_string())?.flatten().map(|e| e.file_name()).collect();
    expect(left == ["Thorax für 肺"], format!("there is {left:?}; expected the result alone"))
}

fn refuses_other_case(bench: &Bench, linux: &Linux) -> Result<()> {
    let other = bench.scratch.join("other");
    fs::create_dir_all(&other).map_err(|e| e.to_string())?;
    let copies = [bench.scratch.join("Chest.nii.gz"), other.join("chest.nii.gz")];
    for copy in &copies {
        fs::copy(&linux.coarse, copy).map_err(|e| e.to_string())?;
    }
    let (code, said) = ended(&mut quick(bench, &[&copies[0], &copies[1]], &bench.scratch.join("case")))?;
    expect(code == Some(1) && said.contains("E_OPTION") && said.contains("would both write"), said)
}

fn refuses_no_folder(bench: &Bench, linux: &Linux) -> Result<()> {
    // Nobody can make a folder there, not even root.
    let (code, said) = ended(&mut quick(bench, &[&linux.coarse], Path::new("/proc/results")))?;
    expect(code == Some(1) && said.contains("E_WRITE") && said.contains(r"Z:\proc"), said)
}

/// The program alone, where every other place holds an ONNX Runtime that tells when it is loaded.
fn keeps_out_of_traps(bench: &Bench, linux: &Linux) -> Result<()> {
    let (alone, traps) = (bench.scratch.join("alone"), bench.scratch.join("traps"));
    for folder in [&alone, &traps] {
        fs::create_dir_all(folder).map_err(|e| e.to_string())?;
    }
    fs::copy(bench.prefix.join("bin/sam2lung.exe"), alone.join("sam2lung.exe")).map_err(|e| e.to_string())?;
    for name in ["onnxruntime.dll", "sam2lung_ort.dll"] {
        windows::shared(&bench.tools, "tests/windows/trap.c", &traps.join(name), &[])?;
    }
    let mut command = bench.wine.command(&alone.join("sam2lung.exe"));
    paths(&mut command, &["segment", "--output"], &[&bench.scratch.join("trapped"), &linux.coarse]);
    command.current_dir(&traps).env("WINEPATH", windows::as_windows_names(&traps));
    let (code, said) = ended(&mut command)?;
    expect(!traps.join("trapped.txt").exists(), "a library of the working folder or of PATH was loaded")?;
    let ours = windows::as_windows_names(&alone.join("sam2lung_ort.dll"));
    expect(code == Some(1) && said.contains("E_RUNTIME") && said.contains(&ours), said)
}

/// At a terminal, as people press it.
fn ends_by_ctrl_c(bench: &Bench, linux: &Linux) -> Result<()> {
    const PATIENCE: Duration = Duration::from_secs(900);
    let output = bench.scratch.join("interrupted");
    fs::create_dir_all(&output).map_err(|e| e.to_string())?;
    let mut segment = bench.sam2lung();
    paths(&mut segment, &["segment", "--output"], &[&output, &linux.phantom]);
    let words: Vec<_> = std::iter::once(segment.get_program()).chain(segment.get_args()).collect();
    let line: Vec<_> = words.iter().map(|word| format!("'{}'", word.to_string_lossy())).collect();
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command"]).arg(line.join(" ")).arg("/dev/null");
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(|e| format!("script: {e}"))?;
    let mut keys = child.stdin.take().ok_or("no standard input")?;
    let begun = Instant::now();
    while is_empty(&output) && begun.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(200));
    }
    expect(!is_empty(&output), "it never began to write")?;
    keys.write_all(b"\x03").map_err(|e| e.to_string())?;
    let out = child.wait_with_output().map_err(|e| e.to_string())?;
    drop(keys);
    let code = out.status.code();
    expect(code == Some(1) && is_empty(&output), format!("ended with {code:?}; expected 1 and an empty folder"))
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}
