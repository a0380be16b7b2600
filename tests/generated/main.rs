//! What is made from the library's tables stands in the tree as it follows from them: fields of the structs in C, C++ and the
//! bridge, Slicer's columns, the README's tables, and the text of `nodules.csv` and `nodules.json`.
//!
//! `cargo xtask header` runs this with [`WRITE`] set: then what differs is written anew.

mod bridge;
mod c;
mod cpp;
mod golden;
mod readme;
mod region;
mod slicer;
mod words;

/// Environment variable under which the files are written instead of compared.
const WRITE: &str = "SAM2LUNG_WRITE_GENERATED";

/// Compares `wanted` with the file at `path` in the tree, or writes it.
fn agree(path: &str, wanted: &str) {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    if there == wanted {
        return;
    }
    if std::env::var_os(WRITE).is_some() {
        return std::fs::write(&file, wanted).unwrap_or_else(|e| panic!("{path}: {e}"));
    }
    let differ = |(a, b): &(&str, &str)| a != b;
    let (is, should) = there.lines().zip(wanted.lines()).find(differ).unwrap_or(("the end", "the end"));
    panic!("{path} doesn't follow from the tables: run `cargo xtask header`\n      is: {is}\nshould be: {should}");
}

/// The file at `path` as it is in the tree.
fn text(path: &str) -> String {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{path}: {e}"))
}
