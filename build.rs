//! Generates the C header, and gives the shared library its versioned name.
//!
//! The header goes to cargo's output folder, never into the source tree: `include/sam2lung.h` is committed, a test
//! compares the two, and `cargo xtask header` copies one to the other.

use std::env;
use std::path::PathBuf;

fn main() {
    println!("cargo:rerun-if-changed=src/capi");
    println!("cargo:rerun-if-changed=cbindgen.toml");
    write_header();
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libsam2lung.so.{}", abi_suffix());
    }
}

/// Reads the C functions from src/capi; the rest of the crate holds none.
fn write_header() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml is valid");
    // cbindgen follows the module's own modules.
    let builder = cbindgen::Builder::new().with_config(config).with_src(root.join("src/capi/mod.rs"));
    builder.generate().expect("src/capi can be read by cbindgen").write_to_file(out.join("sam2lung.h"));
}

/// The part of the version that changes when old programs no longer fit: 0.MINOR, later MAJOR.
fn abi_suffix() -> String {
    let part = |name| env::var(name).expect("cargo sets it");
    let (major, minor) = (part("CARGO_PKG_VERSION_MAJOR"), part("CARGO_PKG_VERSION_MINOR"));
    if major == "0" { format!("0.{minor}") } else { major }
}
