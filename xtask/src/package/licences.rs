//! The licences of everything that is linked in, with their texts.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::graph::{Graph, Package};
use crate::process::{Result, root};

/// How the names of files with licences begin, in capitals.
const NAMES: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"];
/// How deep such a file may lie: C sources and fonts in a package have their own.
const DEPTH: usize = 3;
/// What is linked in besides packages.
const OTHERS: &str = "\
The standard library of Rust: MIT OR Apache-2.0, Copyright (c) The Rust Project Contributors. On Windows also the runtime of
GCC (GPL-3.0-or-later WITH GCC-exception-3.1) and MinGW-w64's (public domain and ZPL-2.1; winpthreads: MIT and BSD-3-Clause).
ONNX Runtime has a file of its own in the folder onnxruntime.
";

/// A list of the packages, then each text once, with the packages that bear it.
///
/// # Errors
/// If the licence of a package can't be told.
pub fn text(graph: &Graph) -> Result<String> {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut list = String::from("sam2lung is made with the packages below.\n\n");
    for package in graph.foreign() {
        let title = format!("{} {}", package.name, package.version);
        let from = package.repository.as_deref().unwrap_or_default();
        list += format!("{title}: {} {from}", package.licence).trim_end();
        list.push('\n');
        for text in texts_of(package)? {
            texts.entry(text).or_default().push(title.clone());
        }
    }
    list = format!("{list}\n{OTHERS}");
    let mut texts: Vec<_> = texts.into_iter().map(|(text, packages)| (packages, text)).collect();
    texts.sort();
    for (packages, text) in texts {
        list += &format!("\n{}\n{}\n\n{}\n", "=".repeat(78), packages.join(", "), text.trim_end());
    }
    Ok(list)
}

/// The texts in a package; where it has none, the one that its expression allows.
fn texts_of(package: &Package) -> Result<Vec<String>> {
    let mut found = Vec::new();
    collect(&package.folder, DEPTH, &mut found).map_err(|e| format!("{}: {e}", package.folder.display()))?;
    if !found.is_empty() {
        return Ok(found);
    }
    let choices: Vec<&str> = package.licence.split(" OR ").collect();
    if choices.contains(&"MIT") {
        let holders = if package.authors.is_empty() { "its authors".into() } else { package.authors.join(", ") };
        return mit(&holders).map(|text| vec![text]);
    }
    // It asks for nothing.
    if choices.contains(&"CC0-1.0") {
        return Ok(Vec::new());
    }
    let (name, licence) = (&package.name, &package.licence);
    Err(format!("{name} has no file with its licence ({licence}), and it isn't one that is known without"))
}

fn collect(folder: &Path, depth: usize, found: &mut Vec<String>) -> std::io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (name, kind) = (entry.file_name().to_string_lossy().to_uppercase(), entry.file_type()?);
        if kind.is_dir() && depth > 1 {
            collect(&entry.path(), depth - 1, found)?;
        } else if kind.is_file() && (is_licence(&name) || is_of_font(folder, &name)) {
            let text = String::from_utf8_lossy(&fs::read(entry.path())?).replace("\r\n", "\n");
            found.push(text.trim().to_owned());
        }
    }
    Ok(())
}

/// By its name in capitals; sources of programs about licences aren't meant.
fn is_licence(name: &str) -> bool {
    let is_text = !name.contains('.') || [".TXT", ".MD", ".APACHE", ".MIT"].iter().any(|ending| name.ends_with(ending));
    is_text && NAMES.iter().any(|begin| name.starts_with(begin))
}

/// Beside fonts every text is the licence of one.
fn is_of_font(folder: &Path, name: &str) -> bool {
    folder.ends_with("fonts") && name.ends_with(".TXT")
}

/// The MIT licence of others, from ours.
fn mit(holders: &str) -> Result<String> {
    let ours = fs::read_to_string(root().join("LICENSE-MIT")).map_err(|e| format!("LICENSE-MIT: {e}"))?;
    let (_, terms) = ours.split_once("Permission is hereby granted").ok_or("LICENSE-MIT holds no MIT licence")?;
    Ok(format!("MIT License\n\nCopyright (c) {holders}\n\nPermission is hereby granted{terms}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(folder: &Path, licence: &str) -> Package {
        Package {
            name: "toy".into(),
            version: "1.0.0".into(),
            licence: licence.into(),
            authors: vec!["A. Author".into()],
            repository: None,
            folder: folder.into(),
            sha256: None,
            uses: Default::default(),
        }
    }

    #[test]
    fn texts_of_a_package_are_its_files_with_those_of_vendored_sources() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("vendor/c")).unwrap();
        fs::create_dir(folder.path().join("fonts")).unwrap();
        for (name, text) in [
            ("LICENSE-MIT", "mit\r\n"),
            ("vendor/c/COPYING", "c"),
            ("license.rs", "code"),
            ("a.txt", "a"),
            ("fonts/OFL.txt", "font"),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        assert_eq!(texts_of(&package(folder.path(), "MIT")).unwrap(), ["mit", "font", "c"]);
    }

    #[test]
    fn texts_of_a_package_without_files_follow_its_expression_or_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let of = |licence: &str| texts_of(&package(folder.path(), licence));
        let text = of("Apache-2.0 OR MIT").unwrap().concat();
        assert!(text.contains("Copyright (c) A. Author") && text.contains("WITHOUT WARRANTY"), "{text}");
        assert!(of("CC0-1.0").unwrap().is_empty());
        assert!(of("BSD-2-Clause").unwrap_err().contains("toy has no file"));
    }
}
