//! Programs of tests/capi: compiled with warnings as errors, run against the shared library.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::library::soname;
use crate::process::{self, Result, output, root};
use crate::test::tally::Tally;
use crate::test::{check, skip};

/// A program of tests/capi and how it is tested.
pub struct Program {
    name: &'static str,
    /// Compiled as C++17 as well.
    cpp: bool,
    /// Run under valgrind, with these arguments behind the others.
    valgrind: Option<&'static [&'static str]>,
    /// Run with the compiler's sanitizers, with these arguments behind the others.
    sanitizers: Option<&'static [&'static str]>,
}

/// All of them, in the order in which they run.
pub const PROGRAMS: &[Program] = &[
    Program { name: "version", cpp: true, valgrind: None, sanitizers: None },
    Program { name: "run", cpp: true, valgrind: Some(&[]), sanitizers: Some(&[]) },
    Program { name: "kinds", cpp: true, valgrind: Some(&[]), sanitizers: Some(&[]) },
    Program { name: "installed", cpp: true, valgrind: Some(&[]), sanitizers: Some(&[]) },
    Program { name: "clicks", cpp: true, valgrind: Some(&[]), sanitizers: Some(&[]) },
    Program { name: "report", cpp: true, valgrind: Some(&[]), sanitizers: Some(&[]) },
    Program { name: "attack", cpp: true, valgrind: Some(&[]), sanitizers: Some(&[]) },
    Program { name: "lifecycle", cpp: false, valgrind: Some(&["20"]), sanitizers: Some(&["100"]) },
    Program { name: "reopen", cpp: false, valgrind: None, sanitizers: None },
    // Limits of memory and files that end too early go with neither tool.
    Program { name: "process", cpp: false, valgrind: None, sanitizers: None },
    Program { name: "stack", cpp: false, valgrind: None, sanitizers: None },
    Program { name: "cancel", cpp: false, valgrind: None, sanitizers: None },
];

/// Where programs are built and what they need.
pub struct Bench {
    library: PathBuf,
    folder: PathBuf,
    runtime: PathBuf,
}

impl Bench {
    /// A folder beside the library, which lies in it once more under the name that programs look for.
    pub fn new(library: &Path, runtime: &Path) -> Result<Self> {
        let folder = library.with_file_name("capi");
        let failed = |e: std::io::Error| format!("{}: {e}", folder.display());
        fs::create_dir_all(folder.join("out")).map_err(failed)?;
        fs::copy(library, folder.join(soname(library)?)).map_err(failed)?;
        let bench = Bench { library: library.into(), folder, runtime: runtime.into() };
        // What a program may name as ONNX Runtime by mistake.
        let mut old = Command::new("cc");
        old.args(["-shared", "-fPIC", "-o"]).arg(bench.out().join("old-runtime.so"));
        process::run(old.arg(root().join("tests/capi/old_runtime.c")))?;
        Ok(bench)
    }

    /// What programs may write to.
    fn out(&self) -> PathBuf {
        self.folder.join("out")
    }

    /// A copy of `out` for a program that runs beside others.
    fn own_out(&self, name: &str) -> Result<PathBuf> {
        let own = self.folder.join(format!("out-{name}"));
        let failed = |e: std::io::Error| format!("{}: {e}", own.display());
        fs::create_dir_all(&own).map_err(failed)?;
        fs::copy(self.out().join("old-runtime.so"), own.join("old-runtime.so")).map_err(failed)?;
        Ok(own)
    }

    /// Compiles a plugin that needs `runtime` by the usual name; its path, and the version.
    fn plugin(&self, runtime: &Path) -> Result<(String, String)> {
        let folder = self.folder.join("out/other");
        let failed = |e: std::io::Error| format!("{}: {e}", folder.display());
        fs::create_dir_all(&folder).map_err(failed)?;
        let needed = folder.join("libonnxruntime.so.1");
        fs::copy(runtime, &needed).map_err(failed)?;
        let built = folder.join("plugin.so");
        let mut compile = Command::new("cc");
        compile.args(["-shared", "-fPIC", "-o"]).arg(&built).arg(root().join("tests/capi/plugin.c")).arg(&needed);
        process::run(compile.arg(format!("-Wl,-rpath,{}", folder.display())))?;
        let name = runtime.file_name().unwrap_or_default().to_string_lossy();
        Ok((built.display().to_string(), name.replace("libonnxruntime.so.", "")))
    }

    /// Compiles a program.
    fn compile(&self, program: &Program, compiler: &str, flags: &[&str]) -> Result<PathBuf> {
        let built = self.folder.join(format!("{}{}", program.name, flags.concat()));
        let source = root().join("tests/capi").join(program.name).with_extension("c");
        let language = if compiler == "c++" { "-xc++" } else { "-xc" };
        let mut compile = Command::new(compiler);
        compile.args(flags).args(["-D_GNU_SOURCE", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"]);
        compile.arg(root().join("include"));
        compile.arg(language).arg(source).args(["-xnone", "-o"]).arg(&built).arg(&self.library);
        compile.arg(format!("-Wl,-rpath,{}", self.folder.display())).args(["-ldl", "-lpthread", "-lm"]);
        process::run(&mut compile).map(|()| built)
    }

    /// `command` with what every program is told: version, or the bundles and a folder to write to.
    fn with_arguments<'a>(
        &self,
        command: &'a mut Command,
        program: &Program,
        out: &Path,
        more: &[&str],
    ) -> &'a mut Command {
        if program.name == "version" {
            return command.arg(env!("CARGO_PKG_VERSION"));
        }
        command.arg(root().join("tests/bundles")).arg(out).args(more);
        command.env("SAM2LUNG_ONNXRUNTIME", &self.runtime).env("SAM2LUNG_LIBRARY", &self.library)
    }
}

/// Our ONNX Runtime beside another version, which a plugin was linked with.
pub fn two_runtimes(bench: &Bench) -> Tally {
    const PROGRAM: Program = Program { name: "two_runtimes", cpp: false, valgrind: None, sanitizers: None };
    let other = match crate::setup::other_runtime() {
        Ok(other) => other,
        Err(why) => return skip(&format!("two_runtimes: another ONNX Runtime can't be had: {why}")),
    };
    let run = || {
        let (plugin, version) = bench.plugin(&other)?;
        let built = bench.compile(&PROGRAM, "cc", &["-std=c11"])?;
        process::run(bench.with_arguments(&mut Command::new(built), &PROGRAM, &bench.out(), &[&plugin, &version]))
    };
    check("two_runtimes in -std=c11", run())
}

/// The program by itself, as C11 and where it is meant for both as C++17.
pub fn plain(bench: &Bench, program: &Program) -> Tally {
    let mut tally = Tally::default();
    for (compiler, dialect) in [("cc", "-std=c11"), ("c++", "-std=c++17")] {
        if compiler == "cc" || program.cpp {
            let run = |built: PathBuf| {
                process::run(bench.with_arguments(&mut Command::new(built), program, &bench.out(), &[]))
            };
            let result = bench.compile(program, compiler, &[dialect]).and_then(run);
            tally += check(&format!("{} in {dialect}", program.name), result);
        }
    }
    tally
}

/// The programs under valgrind and with sanitizers, several at a time: valgrind runs all threads of a program on one core.
pub fn watched(bench: &Bench) -> Tally {
    type Watch = fn(&Bench, &Program) -> Tally;
    let jobs: Vec<(Watch, &Program)> = PROGRAMS
        .iter()
        .flat_map(|program| [(under_valgrind as Watch, program), (sanitized as Watch, program)])
        .collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut tally = Tally::default();
        while let Some((watch, program)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            tally += watch(bench, program);
        }
        tally
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let mut tally = Tally::default();
        running.into_iter().for_each(|worker| tally += worker.join().unwrap_or(Tally::FAILED));
        tally
    })
}

/// The program under valgrind, which has to find no invalid access and nothing lost.
fn under_valgrind(bench: &Bench, program: &Program) -> Tally {
    let Some(more) = program.valgrind else { return Tally::default() };
    let title = format!("{} under valgrind", program.name);
    if output(Command::new("valgrind").arg("--version")).is_err() {
        return skip(&format!("{title}: valgrind isn't installed"));
    }
    let run = |built: PathBuf| {
        let mut valgrind = Command::new("valgrind");
        valgrind.args([
            "--quiet",
            "--error-exitcode=9",
            "--leak-check=full",
            "--show-leak-kinds=definite",
            "--errors-for-leak-kinds=definite",
        ]);
        valgrind.arg(format!("--suppressions={}", root().join("tests/capi/valgrind.supp").display())).arg(built);
        let out = bench.own_out(&format!("{}-valgrind", program.name))?;
        process::run(bench.with_arguments(&mut valgrind, program, &out, more))
    };
    check(&title, bench.compile(program, "cc", &["-std=c11"]).and_then(run))
}

/// The program with address and undefined-behaviour sanitizers, which see its own accesses and all its allocations.
fn sanitized(bench: &Bench, program: &Program) -> Tally {
    let Some(more) = program.sanitizers else { return Tally::default() };
    let title = format!("{} with sanitizers", program.name);
    let flags = ["-std=c11", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    let library = output(Command::new("cc").arg("-print-file-name=libasan.so")).unwrap_or_default();
    if !Path::new(library.trim()).is_absolute() {
        return skip(&format!("{title}: the C compiler has no libasan"));
    }
    let run = |built: PathBuf| {
        let out = bench.own_out(&format!("{}-sanitizers", program.name))?;
        process::run(bench.with_arguments(&mut Command::new(built), program, &out, more))
    };
    check(&title, bench.compile(program, "cc", &flags).and_then(run))
}
