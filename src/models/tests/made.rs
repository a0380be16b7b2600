//! Bundles, archives and folders for these tests, of a committed tiny bundle.

use std::{
    collections::BTreeMap,
    fs,
    io::{Cursor, Write},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{
    contract::{bundle::sha256_hex, signature::Trust},
    models::Installed,
};

/// Files by name.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The files of tests/bundles/tiny-plain.
pub fn tiny() -> Files {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bundles/tiny-plain");
    ["graph.onnx", "model.json"].map(|name| (name.to_owned(), fs::read(folder.join(name)).unwrap())).into()
}

/// The same with something else at a JSON pointer of its contract.
pub fn tiny_with(pointer: &str, value: Value) -> Files {
    let mut files = tiny();
    let mut contract: Value = serde_json::from_slice(&files["model.json"]).unwrap();
    *contract.pointer_mut(pointer).unwrap() = value;
    files.insert("model.json".into(), contract.to_string().into_bytes());
    files
}

/// The same of this name and version.
pub fn named(name: &str, version: &str) -> Files {
    let mut files = tiny_with("/name", json!(name));
    let mut contract: Value = serde_json::from_slice(&files["model.json"]).unwrap();
    contract["version"] = json!(version);
    files.insert("model.json".into(), contract.to_string().into_bytes());
    files
}

/// The same with another graph, whose hash the contract names.
pub fn tiny_with_graph(graph: Vec<u8>) -> Files {
    let mut files = tiny_with("/segment/members/0/graph/sha256", json!(sha256_hex(&graph)));
    files.insert("graph.onnx".into(), graph);
    files
}

/// An archive of these files under a folder's name ("" for none), deflated.
pub fn zip_in(top: &str, files: &Files) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let deflated = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file(format!("{top}{name}"), deflated).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

pub fn zip(files: &Files) -> Vec<u8> {
    zip_in("", files)
}

/// A place to install to, and to put archives.
pub struct Bench {
    root: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Bench { root: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// The folder of installed bundles, which isn't there before one is installed.
    pub fn models(&self) -> PathBuf {
        self.path("place/models")
    }

    pub fn installed(&self) -> Installed {
        self.trusting(Trust::default())
    }

    pub fn trusting(&self, trust: Trust) -> Installed {
        Installed::at(&self.models(), trust)
    }

    /// Writes an archive.
    pub fn archive(&self, bytes: &[u8]) -> PathBuf {
        let path = self.path("bundle.zip");
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Writes a bundle's folder anew.
    pub fn folder(&self, files: &Files) -> PathBuf {
        let folder = self.path("bundle");
        let _ = fs::remove_dir_all(&folder);
        write(files, &folder);
        folder
    }
}

/// Writes files into a folder.
pub fn write(files: &Files, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).unwrap();
    }
}

/// The files of a folder.
pub fn read(folder: &Path) -> Files {
    let entry = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.unwrap().path();
        (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap())
    };
    fs::read_dir(folder).unwrap().map(entry).collect()
}

/// Names of what lies in a folder, in order; nothing where it isn't there.
pub fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
