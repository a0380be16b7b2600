//! Generates the C header, lists the default bundle's files, compiles the C++ side of the feature `cxx`,
//! and gives the shared library its versioned name.
//!
//! The header goes to cargo's output folder, never into the source tree: `include/sam2lung.h` is committed, a test
//! compares the two, and `cargo xtask header` copies one to the other.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

const BUNDLE: &str = "onnx/bundles/default";

fn main() {
    println!("cargo:rerun-if-changed=src/capi");
    println!("cargo:rerun-if-changed=cbindgen.toml");
    println!("cargo:rerun-if-changed={BUNDLE}");
    write_header();
    write_bundle_list();
    name_library();
    #[cfg(feature = "cxx")]
    build_bridge();
}

/// The C++ side of the bridge; its headers appear in `cxxbridge/` of cargo's target folder.
#[cfg(feature = "cxx")]
fn build_bridge() {
    const BRIDGE: &str = "src/cxx_bridge.rs";
    println!("cargo:rerun-if-changed={BRIDGE}");
    cxx_build::bridge(BRIDGE).std("c++17").compile("sam2lung-cxx");
}

/// The name under which programs look for the library.
fn name_library() {
    let argument = |text: String| println!("cargo:rustc-cdylib-link-arg=-Wl,{text}");
    match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("linux") => {
            argument(format!("-soname,libsam2lung.so.{}", abi_suffix()));
            // dlclose leaves the code where it is: ONNX Runtime, which can't be unloaded, and threads that end later may
            // still point into it.
            argument("-z,nodelete".into());
        }
        Ok("macos") => argument(format!("-install_name,@rpath/libsam2lung.{}.dylib", abi_suffix())),
        _ => (), // Windows has no versions in names
    }
}

fn root() -> PathBuf {
    PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"))
}

fn out() -> PathBuf {
    PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"))
}

/// A Rust list of (file name, bytes): which graphs there are is the bundle's own affair.
fn write_bundle_list() {
    let folder = root().join(BUNDLE);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("the folder can be listed").path()).collect();
    files.sort();
    let mut list = String::from("pub const FILES: &[(&str, &[u8])] = &[\n");
    for file in files {
        let name = file.file_name().expect("a listed file has a name").to_string_lossy().into_owned();
        writeln!(list, "    ({name:?}, include_bytes!({:?})),", file.display().to_string()).expect("a string takes it");
    }
    list.push_str("];\n");
    fs::write(out().join("builtin_bundle.rs"), list).expect("cargo's output folder can be written");
}

/// Reads the C functions from src/capi; the rest of the crate holds none.
fn write_header() {
    let config = cbindgen::Config::from_file(root().join("cbindgen.toml")).expect("cbindgen.toml is valid");
    // cbindgen follows the module's own modules.
    let builder = cbindgen::Builder::new().with_config(config).with_src(root().join("src/capi/mod.rs"));
    builder.generate().expect("src/capi can be read by cbindgen").write_to_file(out().join("sam2lung.h"));
}

/// The part of the version that changes when old programs no longer fit: 0.MINOR, later MAJOR.
fn abi_suffix() -> String {
    let part = |name| env::var(name).expect("cargo sets it");
    let (major, minor) = (part("CARGO_PKG_VERSION_MAJOR"), part("CARGO_PKG_VERSION_MINOR"));
    if major == "0" { format!("0.{minor}") } else { major }
}
