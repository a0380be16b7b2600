//! Wine, with a home and a system disk of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{LIBRARIES, Tools, WINE};
use crate::process::{Result, run};

/// No program that is tested takes as long, in seconds, on any machine: what waits for somebody is ended.
const LIMIT: &str = "1800";

/// The scripts in its home.
const RUN: &str = "run";
const STOP: &str = "stop";

/// A Windows in a folder, where the programs of a test run.
pub struct Wine {
    home: PathBuf,
    /// A program that waits, so that Wine's services go on. They would hold the output of whoever starts them first, and
    /// nobody could wait for its end.
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
        write_scripts(tools, home).map_err(|e| format!("{}: {e}", home.display()))?;
        complete(tools, &system)?;
        let mut keeper = Command::new("sh");
        keeper.arg(home.join(RUN)).arg("cmd").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let keeper = keeper.spawn().map_err(|e| format!("sh: {e}"))?;
        let wine = Wine { home: home.into(), keeper };
        let mut first = wine.command(Path::new("cmd"));
        run(first.args(["/c", "ver"]).stdout(Stdio::null()).stderr(Stdio::null()))
            .map_err(|e| format!("Wine doesn't work here: {e}"))?;
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

fn write_scripts(tools: &Tools, home: &Path) -> std::io::Result<()> {
    let (wine, server) = (tools.root.join(WINE), tools.root.join(WINE).with_file_name("wineserver"));
    let limited = format!("timeout --foreground {LIMIT} '{}'", wine.display());
    for (name, command) in [(RUN, limited), (STOP, format!("'{}' --kill", server.display()))] {
        // mscoree, mshtml: it would fetch what .NET and web pages need.
        let text = format!(
            "exec env --ignore-environment PATH=/usr/bin:/bin TERM=xterm LC_ALL=C.UTF-8 HOME='{home}' \
                 WINEPREFIX='{home}/prefix' WINEDEBUG=-all WINEDLLOVERRIDES=mscoree,mshtml= \
                 LD_LIBRARY_PATH='{libraries}' WINEPATH=\"$WINEPATH\" {command} \"$@\"\n",
            home = home.display(),
            libraries = tools.root.join(LIBRARIES).display(),
        );
        fs::write(home.join(name), text)?;
    }
    Ok(())
}

impl Drop for Wine {
    fn drop(&mut self) {
        // Its server waits for further programs otherwise.
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
