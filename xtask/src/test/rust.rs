//! Format, lints, and Rust's own tests.

use super::tally::{Tally, of_cargo};
use super::{Context, check};
use crate::process::{self, Result, cargo, metadata, output, release_dir, run_and_read, stage};

/// Everything is built in the release profile: one set of compiled dependencies serves tests, demo and users.
/// The chores' own tests stay in the profile in which `cargo xtask` itself was built.
pub fn run(context: &Context) -> Result<Tally> {
    let mut tally = check("format", run_component("rustfmt", &["fmt", "--all", "--check"]));
    stage("Lints");
    let clippy = ["clippy", "--quiet", "--package=sam2lung", "--all-targets", "--release", "--", "--deny=warnings"];
    tally += check("lints of the library", run_component("clippy", &clippy));
    let clippy =
        ["clippy", "--quiet", "--package=sam2lung", "--lib", "--features=cxx", "--release", "--", "--deny=warnings"];
    tally += check("lints of the feature cxx", run_component("clippy", &clippy));
    let clippy = ["clippy", "--quiet", "--package=xtask", "--all-targets", "--", "--deny=warnings"];
    tally += check("lints of the chores", run_component("clippy", &clippy));
    stage("Unit and integration tests");
    tally += cargo_test(context, &["--package=xtask"])?;
    let mut targets = vec!["--release".to_owned(), "--lib".into(), "--bins".into()];
    targets.extend(integration_tests()?.iter().map(|name| format!("--test={name}")));
    tally += cargo_test(context, &targets.iter().map(String::as_str).collect::<Vec<_>>())?;
    stage("Example in Rust");
    tally += check("examples/segment.rs on the phantom", example(context));
    stage("Documentation tests");
    tally += cargo_test(context, &["--release", "--doc"])?;
    Ok(tally)
}

/// Runs the example as its first lines say.
fn example(context: &Context) -> Result<()> {
    let phantom = release_dir()?.join("example-phantom.nii.gz");
    process::run(cargo(&["run", "--release", "--quiet", "--bin=sam2lung", "--", "phantom"]).arg(&phantom))?;
    let mut example = cargo(&["run", "--release", "--quiet", "--example=segment", "--"]);
    process::run(example.arg(&phantom).env("SAM2LUNG_ONNXRUNTIME", &context.runtime))
}

/// Runs a command of cargo that comes with a component of the toolchain, which may be missing.
fn run_component(component: &str, args: &[&str]) -> Result<()> {
    let there = output(&mut cargo(&[args[0], "--version"]));
    there.map_err(|e| format!("{e}\nInstall it: rustup component add {component}"))?;
    process::run(&mut cargo(args))
}

/// Runs `cargo test` with these arguments; all of them run even if one fails.
pub fn cargo_test(context: &Context, args: &[&str]) -> Result<Tally> {
    let mut command = cargo(&["test", "--no-fail-fast"]);
    // Without --show-output the reason of a skipped test would stay hidden.
    command.args(args).args(["--", "--show-output"]).env("SAM2LUNG_ONNXRUNTIME", &context.runtime);
    Ok(Tally::of_run(run_and_read(&mut command)?, of_cargo))
}

/// Names of the library's integration tests; the ones on real CT are a part of their own.
fn integration_tests() -> Result<Vec<String>> {
    let metadata = metadata()?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata names no packages")?;
    let ours = packages.iter().find(|p| p["name"] == "sam2lung").ok_or("cargo metadata lacks sam2lung")?;
    let targets = ours["targets"].as_array().ok_or("cargo metadata names no targets")?;
    let tests = targets.iter().filter(|t| t["kind"][0] == "test");
    Ok(tests.filter_map(|t| t["name"].as_str()).filter(|name| *name != "real").map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_component_that_is_missing_says_what_to_install() {
        let message = run_component("fortune", &["no-such-command-here", "--check"]).unwrap_err();
        assert!(message.ends_with("rustup component add fortune"), "{message}");
    }
}
