//! Wine, with a home and a system disk of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{LIBRARIES, Tools, WINE};
use crate::process::{Result, run};

/// No program that is tested takes as long, in seconds, on any machine: what waits for somebody is ended.
const LIMIT: &str = "1800";
/// Sets another limit.
pub const LIMIT_VARIABLE: &str = "SAM2LUNG_WINE_LIMIT";

/// The scripts in its home.
const WINE_ALONE: &str = "wine";
const RUN: &str = "run";
const STOP: &str = "stop";

/// A Windows in a folder, where the programs of a test run.
pub struct Wine {
    home: PathBuf,
    /// A program that waits, so that Wine's services go on from one program to the next.
    keeper: Child,
}

impl Wine {
    /// Makes it in a folder.
    ///
    /// # Errors
    /// If a file can't be written or compiled, or nothing runs there.
    pub fn new(tools: &Tools, home: &Path) -> Result<Wine> {
        let system = home.join("prefix/drive_c/windows/system32");
        fs::create_dir_all(&system).map_err(|e| format!("{}: {e}", system.display()))?;
        write_scripts(&tools.root.join(WINE), &tools.root.join(LIBRARIES), home)?;
        complete(tools, &system)?;
        let mut keeper = Command::new("sh");
        keeper.arg(home.join(WINE_ALONE)).arg("cmd").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let keeper = keeper.spawn().map_err(|e| format!("sh: {e}"))?;
        let wine = Wine { home: home.into(), keeper };
        let mut first = wine.command(Path::new("cmd"));
        run(first.args(["/c", "ver"]).stdout(Stdio::null())).map_err(|e| format!("Wine doesn't work here: {e}"))?;
        Ok(wine)
    }

    /// A shell script that runs the program it is given, with an environment that holds nothing of this machine's.
    pub fn runner(&self) -> PathBuf {
        self.home.join(RUN)
    }

    /// A program for Windows.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("sh");
        command.arg(self.runner()).arg(program);
        command
    }
}

/// Writes them for a `wine` with its `libraries`; its server lies beside it.
fn write_scripts(wine: &Path, libraries: &Path, home: &Path) -> Result<()> {
    let write = |name: &str, text: String| fs::write(home.join(name), text).map_err(|e| format!("{name}: {e}"));
    // mscoree, mshtml: it would fetch what .NET and web pages need.
    let environment = format!(
        "exec env --ignore-environment PATH=/usr/bin:/bin TERM=xterm LC_ALL=C.UTF-8 HOME='{home}' WINEPREFIX='{home}/prefix' \
         WINEDEBUG=-all WINEDLLOVERRIDES=mscoree,mshtml= LD_LIBRARY_PATH='{libraries}' WINEPATH=\"$WINEPATH\"",
        home = home.display(),
        libraries = libraries.display(),
    );
    write(WINE_ALONE, format!("{environment} '{}' \"$@\"\n", wine.display()))?;
    write(STOP, format!("{environment} '{}' --kill\n", wine.with_file_name("wineserver").display()))?;
    write(RUN, runner(home))
}

/// Runs a program with a limit. What it says goes to files first: Wine's own programs (its desktop, which the first use of
/// graphics starts) go on with the output of whoever started them, and nobody could wait for the end of a pipe. A terminal is
/// handed on as it is.
fn runner(home: &Path) -> String {
    let alone = home.join(WINE_ALONE);
    format!(
        "limited() {{ timeout --foreground --kill-after=10 \"${{{LIMIT_VARIABLE}:-{LIMIT}}}\" sh '{alone}' \"$@\"; }}\n\
         if [ -t 1 ]; then limited \"$@\"; exit; fi\n\
         said=$(mktemp --directory '{home}/said.XXXXXX') || exit\n\
         limited \"$@\" >\"$said/out\" 2>\"$said/err\"\n\
         code=$?\n\
         cat \"$said/out\"\n\
         cat \"$said/err\" >&2\n\
         case $code in 124|137)\n\
         {{\n\
         echo \"$1 had not ended after ${{{LIMIT_VARIABLE}:-{LIMIT}}} s and was killed. Its last lines:\"\n\
         tail --quiet --lines=20 \"$said/out\" \"$said/err\"\n\
         }} >&2 ;;\n\
         esac\n\
         rm -r \"$said\"\n\
         exit $code\n",
        alone = alone.display(),
        home = home.display(),
    )
}

impl Drop for Wine {
    fn drop(&mut self) {
        // Its server waits for further programs otherwise. The keeper ends with its input, if not before.
        let _ = Command::new("sh").arg(self.home.join(STOP)).status();
        let _ = self.keeper.wait();
    }
}

/// Adds to the system's folder what an old Wine from unpacked packages lacks.
fn complete(tools: &Tools, system: &Path) -> Result<()> {
    let zlib = tools.root.join("usr/x86_64-w64-mingw32/lib/zlib1.dll");
    if zlib.exists() {
        fs::copy(&zlib, system.join("zlib1.dll")).map_err(|e| format!("{}: {e}", zlib.display()))?;
    }
    if tools.root.join(LIBRARIES).join("wine/x86_64-windows/bcryptprimitives.dll").exists() {
        return Ok(());
    }
    let built = system.join("bcryptprimitives.dll");
    super::shared(tools, "tests/windows/process_prng.c", &built, &["-ladvapi32"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Output;

    /// What the runner does with a script in place of Wine.
    fn ran(script: &str, limit: &str) -> Output {
        let home = tempfile::tempdir().unwrap();
        let wine = home.path().join("a wine");
        fs::write(&wine, format!("#!/bin/sh\n{script}\n")).unwrap();
        let mut executable = Command::new("chmod");
        assert!(executable.arg("+x").arg(&wine).status().unwrap().success());
        write_scripts(&wine, home.path(), home.path()).unwrap();
        let mut command = Command::new("sh");
        command.arg(home.path().join(RUN)).args(["chest.exe", "a b"]).env(LIMIT_VARIABLE, limit);
        command.output().unwrap()
    }

    #[test]
    fn runner_hands_on_output_and_exit_status() {
        let Output { status, stdout, stderr } = ran("echo \"$#: $2\"; echo sorry >&2; exit 3", "60");
        assert_eq!((status.code(), stdout.as_slice(), stderr.as_slice()), (Some(3), &b"2: a b\n"[..], &b"sorry\n"[..]));
    }

    #[test]
    fn runner_of_a_program_that_hangs_names_it_and_its_last_lines() {
        let Output { status, stderr, .. } = ran("echo began; exec sleep 600", "1");
        let said = String::from_utf8_lossy(&stderr);
        assert_eq!(status.code(), Some(124));
        assert!(said.contains("chest.exe had not ended after 1 s") && said.ends_with("began\n"), "{said}");
    }

    #[test]
    fn runner_does_not_wait_for_what_a_program_leaves_behind() {
        // Longer than the limit: who waited for its output would be seen to hang.
        let Output { status, stdout, .. } = ran("sleep 90 & echo left; exit 0", "60");
        assert_eq!((status.code(), stdout.as_slice()), (Some(0), &b"left\n"[..]));
    }
}
