//! The Rust packages that a binary is made of, as `cargo metadata` knows them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::process::{Result, cargo, output, root};

/// A package, and which others it uses.
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence as an SPDX expression.
    pub licence: String,
    /// Who wrote it, where that is told.
    pub authors: Vec<String>,
    /// Where it is from.
    pub repository: Option<String>,
    /// Where its source lies.
    pub folder: PathBuf,
    /// sha256 of its archive in the registry; none for our own.
    pub sha256: Option<String>,
    /// What it uses, by `name@version`.
    pub uses: BTreeSet<String>,
}

/// Packages by `name@version`.
pub struct Graph {
    /// All of them, our own included.
    pub packages: BTreeMap<String, Package>,
    /// Our own.
    pub own: String,
}

impl Graph {
    /// What ends up in the binaries of a target: what runs while they are built (build scripts, macros) doesn't count.
    ///
    /// # Errors
    /// If cargo fails or a package names no licence.
    pub fn of(target: &str) -> Result<Graph> {
        let words = ["metadata", "--format-version=1", "--locked", "--filter-platform", target];
        let text = output(&mut cargo(&words))?;
        let metadata = serde_json::from_str(&text).map_err(|e| format!("cargo metadata: {e}"))?;
        let lock = fs::read_to_string(root().join("Cargo.lock")).map_err(|e| format!("Cargo.lock: {e}"))?;
        Graph::read(&metadata, &checksums(&lock))
    }

    fn read(metadata: &Value, checksums: &BTreeMap<String, String>) -> Result<Graph> {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let described: BTreeMap<String, Value> =
            list(&metadata["packages"]).into_iter().map(|package| (text(&package["id"]), package)).collect();
        let nodes: BTreeMap<String, Value> =
            list(&metadata["resolve"]["nodes"]).into_iter().map(|node| (text(&node["id"]), node)).collect();
        let is_macro = |id: &str| {
            list(&described[id]["targets"]).iter().any(|target| list(&target["kind"]).iter().any(|k| k == "proc-macro"))
        };
        let key = |id: &str| format!("{}@{}", text(&described[id]["name"]), text(&described[id]["version"]));
        let own = described.iter().find(|(_, package)| package["name"] == "sam2lung").map(|(id, _)| id.clone());
        let own = own.ok_or("cargo metadata lacks sam2lung")?;
        let (mut packages, mut waiting) = (BTreeMap::new(), vec![own.clone()]);
        while let Some(id) = waiting.pop() {
            if packages.contains_key(&key(&id)) {
                continue;
            }
            let is_normal = |used: &&Value| list(&used["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
            let used: Vec<String> =
                list(&nodes[&id]["deps"]).iter().filter(is_normal).map(|d| text(&d["pkg"])).collect();
            let used: Vec<String> = used.into_iter().filter(|id| !is_macro(id)).collect();
            let about = &described[&id];
            let licence = about["license"].as_str().ok_or(format!("{} names no licence", key(&id)))?;
            let package = Package {
                name: text(&about["name"]),
                version: text(&about["version"]),
                // The older way to write it.
                licence: licence.replace('/', " OR "),
                authors: list(&about["authors"]).iter().map(text).collect(),
                repository: about["repository"].as_str().map(str::to_owned),
                folder: PathBuf::from(text(&about["manifest_path"])).parent().map(Into::into).unwrap_or_default(),
                sha256: checksums.get(&key(&id)).cloned(),
                uses: used.iter().map(|id| key(id)).collect(),
            };
            packages.insert(key(&id), package);
            waiting.extend(used);
        }
        Ok(Graph { packages, own: key(&own) })
    }

    /// What isn't our own.
    pub fn foreign(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|(key, _)| **key != self.own).map(|(_, package)| package)
    }
}

/// The checksums in a lock file, by `name@version`.
fn checksums(lock: &str) -> BTreeMap<String, String> {
    let value = |block: &str, key: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""))?;
        line.strip_suffix('"').map(str::to_owned)
    };
    let one = |block: &str| {
        Some((format!("{}@{}", value(block, "name")?, value(block, "version")?), value(block, "checksum")?))
    };
    lock.split("[[package]]").filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn read_follows_what_is_linked_and_leaves_out_what_runs_at_build_time() {
        let package = |name: &str, kind: &str| {
            json!({"id": name, "name": name, "version": "1.0.0", "license": "MIT/Apache-2.0", "authors": [],
                   "manifest_path": format!("/src/{name}/Cargo.toml"), "targets": [{"kind": [kind]}]})
        };
        let uses = |name: &str, kind: Value| json!({"pkg": name, "dep_kinds": [{"kind": kind}]});
        let metadata = json!({
            "packages": [package("sam2lung", "lib"), package("a", "lib"), package("b", "lib"), package("m", "proc-macro"),
                         package("build", "lib")],
            "resolve": {"nodes": [
                {"id": "sam2lung", "deps": [uses("a", Value::Null), uses("m", Value::Null), uses("build", json!("build"))]},
                {"id": "a", "deps": [uses("b", Value::Null)]}, {"id": "b", "deps": []}, {"id": "m", "deps": []},
                {"id": "build", "deps": []},
            ]},
        });
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \"0f\"\n";
        let graph = Graph::read(&metadata, &checksums(lock)).unwrap();
        assert_eq!(graph.packages.keys().collect::<Vec<_>>(), ["a@1.0.0", "b@1.0.0", "sam2lung@1.0.0"]);
        let a = &graph.packages["a@1.0.0"];
        assert_eq!((a.licence.as_str(), a.sha256.as_deref()), ("MIT OR Apache-2.0", Some("0f")));
        assert_eq!(a.uses.iter().collect::<Vec<_>>(), ["b@1.0.0"]);
        assert_eq!(graph.foreign().map(|package| package.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    }
}
