//! Running other programs, and where things lie.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A chore's result; the error is a sentence for the user.
pub type Result<T, E = String> = std::result::Result<T, E>;

/// The repository's root folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository")
}

/// `cargo`, run in the repository's root.
pub fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(root());
    command
}

/// Builds the program and the library for release; with JPEG-LS where CMake is there, which its decoder CharLS is built with.
///
/// # Errors
/// If that fails.
pub fn build_program() -> Result<()> {
    let has_cmake = output(Command::new("cmake").arg("--version")).is_ok();
    if !has_cmake {
        println!("CMake is not there: built without the feature jpeg-ls, so DICOM images in JPEG-LS are refused");
    }
    let features: &[&str] = if has_cmake { &["--features", "jpeg-ls"] } else { &[] };
    run(cargo(&["build", "--release"]).args(features))
}

/// What cargo says about this workspace.
pub fn metadata() -> Result<serde_json::Value> {
    let text = output(&mut cargo(&["metadata", "--format-version=1", "--no-deps"]))?;
    serde_json::from_str(&text).map_err(|e| format!("cargo metadata: {e}"))
}

/// The folder with release builds; `CARGO_TARGET_DIR` and cargo's configuration may have moved it.
pub fn release_dir() -> Result<PathBuf> {
    let target = metadata()?["target_directory"].as_str().map(PathBuf::from);
    Ok(target.ok_or("cargo metadata names no target_directory")?.join("release"))
}

/// A title with the time (UTC) and its start, to be given to [`took`].
pub fn stage(title: &str) -> Instant {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() % 86_400);
    println!("\n[{:02}:{:02}:{:02} UTC] {title}", now / 3600, now / 60 % 60, now % 60);
    Instant::now()
}

/// Time since `start` for people: "12.3 s" or "4 min 05 s".
pub fn took(start: Instant) -> String {
    let seconds = start.elapsed().as_secs_f64();
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let seconds = seconds.round() as u64;
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}

/// Runs to the end with this program's terminal.
///
/// # Errors
/// If it can't be started or fails; the message names it.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|e| cannot_start(command, &e))?;
    if status.success() { Ok(()) } else { Err(format!("{} failed ({status})", name(command))) }
}

/// Runs to the end and returns what it wrote to its standard output.
///
/// # Errors
/// As [`run`]; the message ends with what it wrote to its standard error.
pub fn output(command: &mut Command) -> Result<String> {
    let out = command.output().map_err(|e| cannot_start(command, &e))?;
    if !out.status.success() {
        let why = String::from_utf8_lossy(&out.stderr).trim().to_owned();
        return Err(format!("{} failed ({}): {why}", name(command), out.status));
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

/// Runs to the end, showing each line of its standard output as it comes.
///
/// Returns whether it succeeded, and the lines.
///
/// # Errors
/// If it can't be started.
pub fn run_and_read(command: &mut Command) -> Result<(bool, Vec<String>)> {
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|e| cannot_start(command, &e))?;
    let stdout = child.stdout.take().ok_or("no standard output")?;
    let mut lines = Vec::new();
    for line in BufReader::new(stdout).split(b'\n') {
        let line = String::from_utf8_lossy(&line.map_err(|e| e.to_string())?).into_owned();
        println!("{line}");
        lines.push(line);
    }
    let status = child.wait().map_err(|e| e.to_string())?;
    Ok((status.success(), lines))
}

fn name(command: &Command) -> String {
    let args: Vec<_> = command.get_args().take(3).map(|a| a.to_string_lossy()).collect();
    format!("{} {}", command.get_program().to_string_lossy(), args.join(" ")).trim().to_owned()
}

fn cannot_start(command: &Command, error: &std::io::Error) -> String {
    let program = command.get_program().to_string_lossy();
    format!("{program} can't be started ({error}). Install it and put it on the PATH")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_of_a_missing_program_names_it() {
        let message = run(&mut Command::new("no-such-program-here")).unwrap_err();
        assert!(message.contains("no-such-program-here") && message.contains("PATH"), "{message}");
    }

    #[test]
    fn output_of_a_failing_program_carries_its_complaint() {
        let mut command = Command::new("sh");
        let message = output(command.args(["-c", "echo sorry >&2; exit 3"])).unwrap_err();
        assert!(message.contains("sorry") && message.contains('3'), "{message}");
    }

    #[test]
    fn run_and_read_returns_lines_and_verdict() {
        let (good, lines) = run_and_read(Command::new("sh").args(["-c", "echo a; echo b; exit 1"])).unwrap();
        assert!(!good);
        assert_eq!(lines, ["a", "b"]);
    }
}
