//! The bill of materials: CycloneDX 1.5 in JSON (ECMA-424), of Rust's packages, ONNX Runtime and the built-in model.

use std::fs;

use serde_json::{Value, json};

use super::graph::{Graph, Package};
use crate::pins::{self, ONNX_RUNTIME};
use crate::process::{Result, root};

/// How the parts that are no packages of Rust are referred to: ONNX Runtime, the built-in model.
const OTHERS: [&str; 2] = ["onnxruntime", "model"];

/// The document for a target; `epoch` is the time that it names, in seconds since 1970.
///
/// # Errors
/// If the built-in model's contract can't be read, or nothing is pinned for the target.
pub fn text(graph: &Graph, target: &str, epoch: u64) -> Result<String> {
    let mut components: Vec<Value> = graph.foreign().map(of_package).collect();
    components.extend([onnx_runtime(target)?, model()?]);
    let dependency = |(key, package): (&String, &Package)| {
        let besides = if *key == graph.own { &OTHERS[..] } else { &[] };
        let uses: Vec<_> =
            package.uses.iter().map(|key| reference(key)).chain(besides.iter().map(|&o| o.into())).collect();
        json!({"ref": reference(key), "dependsOn": uses})
    };
    let mut dependencies: Vec<Value> = graph.packages.iter().map(dependency).collect();
    dependencies.extend(OTHERS.map(|other| json!({"ref": other, "dependsOn": []})));
    let own = &graph.packages[&graph.own];
    let mut main = of_package(own);
    main["type"] = "application".into();
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": timestamp(epoch),
            "component": main,
            "properties": [{"name": "sam2lung:target", "value": target}],
        },
        "components": components,
        "dependencies": dependencies,
    });
    Ok(serde_json::to_string_pretty(&document).map_err(|e| e.to_string())? + "\n")
}

fn reference(key: &str) -> String {
    format!("pkg:cargo/{}", key.replace('+', "%2B"))
}

fn of_package(package: &Package) -> Value {
    let reference = reference(&format!("{}@{}", package.name, package.version));
    let mut component = json!({
        "type": "library",
        "bom-ref": reference,
        "purl": reference,
        "name": package.name,
        "version": package.version,
        "licenses": [{"expression": package.licence}],
    });
    if let Some(sha256) = &package.sha256 {
        component["hashes"] = json!([{"alg": "SHA-256", "content": sha256}]);
    }
    if let Some(repository) = &package.repository {
        component["externalReferences"] = json!([{"type": "vcs", "url": repository}]);
    }
    component
}

fn onnx_runtime(target: &str) -> Result<Value> {
    let arch = target.split('-').next().unwrap_or_default();
    let os = if target.contains("windows") { "windows" } else { "linux" };
    let wheels = pins::wheels(os, arch, false).ok_or(format!("no ONNX Runtime is pinned for {target}"))?;
    Ok(json!({
        "type": "library",
        "bom-ref": OTHERS[0],
        "purl": format!("pkg:pypi/onnxruntime@{ONNX_RUNTIME}"),
        "name": "onnxruntime",
        "version": ONNX_RUNTIME,
        "licenses": [{"license": {"id": "MIT"}}],
        "hashes": wheels.iter().map(|wheel| json!({"alg": "SHA-256", "content": wheel.sha256})).collect::<Vec<_>>(),
    }))
}

fn model() -> Result<Value> {
    let path = root().join("onnx/bundles/default/model.json");
    let failed = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let contract: Value =
        serde_json::from_str(&fs::read_to_string(&path).map_err(|e| failed(&e))?).map_err(|e| failed(&e))?;
    Ok(json!({
        "type": "machine-learning-model",
        "bom-ref": OTHERS[1],
        "name": format!("{} (built-in model)", contract["name"].as_str().unwrap_or_default()),
        "version": contract["version"],
    }))
}

/// A time as RFC 3339 has it (days to date: Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
fn timestamp(epoch: u64) -> String {
    let (days, second) = (epoch / 86_400 + 719_468, epoch % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = year_of_era + era * 400 + year;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamp_of_known_times() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00Z");
        assert_eq!(timestamp(951_827_696), "2000-02-29T12:34:56Z"); // GNU date
        assert_eq!(timestamp(1_800_000_000), "2027-01-15T08:00:00Z");
    }

    #[test]
    fn of_package_names_licence_source_and_hash() {
        let package = Package {
            name: "toy".into(),
            version: "1.0.0+1".into(),
            licence: "MIT OR Apache-2.0".into(),
            authors: Vec::new(),
            repository: Some("https://example.org/toy".into()),
            folder: Default::default(),
            sha256: Some("0f".into()),
            uses: Default::default(),
        };
        let component = of_package(&package);
        assert_eq!(component["purl"], "pkg:cargo/toy@1.0.0%2B1");
        assert_eq!(component["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(component["hashes"][0]["content"], "0f");
    }
}
