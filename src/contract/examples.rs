//! The contracts of `onnx/README.md`, and those of all committed bundles, for tests.

use std::{fs, path::Path};

use serde_json::Value;

const PAGE: &str = include_str!("../../onnx/README.md");

/// The text of each example on the page, with hashes in it.
pub fn of_page() -> Vec<String> {
    let blocks = PAGE.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.map(|text| text.replace("SHA256", &"0".repeat(64))).collect()
}

/// The example of this name.
pub fn named(name: &str) -> Value {
    let all = of_page().into_iter().map(|text| serde_json::from_str::<Value>(&text).expect("an example is JSON"));
    all.into_iter().find(|example| example["name"] == name).unwrap_or_else(|| panic!("no example is named {name}"))
}

/// The contract of each bundle in this repository.
pub fn of_bundles() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["onnx/bundles", "tests/bundles"].map(|folder| fs::read_dir(root.join(folder)).expect("it is there"));
    let contracts =
        folders.into_iter().flatten().map(|entry| entry.expect("it can be listed").path().join("model.json"));
    contracts.filter(|path| path.is_file()).map(|path| fs::read_to_string(path).expect("it can be read")).collect()
}

/// The page itself.
pub fn page() -> &'static str {
    PAGE
}
