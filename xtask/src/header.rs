//! Writes anew what is made from the source: include/sam2lung.h, and all that follows from the tables of measures and outputs.

use std::fs;
use std::path::PathBuf;

use crate::process::{Result, cargo, output, root, run};

/// Writes what follows from the library's tables (tests/generated), then copies the header that `build.rs` generates.
///
/// # Errors
/// If the library doesn't compile or a file can't be written.
pub fn header() -> Result<()> {
    run(cargo(&["test", "--release", "--quiet", "--test=generated"]).env("SAM2LUNG_WRITE_GENERATED", "1"))?;
    let (generated, committed) = (generated()?, committed());
    fs::create_dir_all(root().join("include")).map_err(|e| e.to_string())?;
    fs::copy(&generated, &committed).map_err(|e| format!("{}: {e}", committed.display()))?;
    println!("{} is up to date", committed.display());
    Ok(())
}

/// The header that others include.
pub fn committed() -> PathBuf {
    root().join("include/sam2lung.h")
}

/// The header as it follows from src/capi now.
///
/// # Errors
/// If the library doesn't compile.
pub fn generated() -> Result<PathBuf> {
    let messages = output(&mut cargo(&["build", "--release", "--lib", "--message-format=json"]))?;
    Ok(build_output(&messages).ok_or("cargo named no output folder of build.rs")?.join("sam2lung.h"))
}

/// Where cargo let sam2lung's build.rs write, from its messages (one JSON object a line).
fn build_output(messages: &str) -> Option<PathBuf> {
    let ours = |m: &serde_json::Value| {
        m["reason"] == "build-script-executed" && m["package_id"].as_str().is_some_and(is_sam2lung)
    };
    let message = messages.lines().filter_map(|l| serde_json::from_str(l).ok()).find(ours)?;
    message["out_dir"].as_str().map(PathBuf::from)
}

/// Package ids end in `…/folder#sam2lung@0.2.0`, or `…/sam2lung#0.2.0` where the folder has the same name.
fn is_sam2lung(id: &str) -> bool {
    id.contains("#sam2lung@") || id.contains("/sam2lung#")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_output_is_found_among_other_messages() {
        let messages = r#"{"reason":"compiler-artifact","package_id":"path+file:///a#sam2lung@0.2.0"}
{"reason":"build-script-executed","package_id":"registry+x#libc@0.2.1","out_dir":"/wrong"}
{"reason":"build-script-executed","package_id":"path+file:///a#sam2lung@0.2.0","out_dir":"/right"}"#;
        assert_eq!(build_output(messages), Some(PathBuf::from("/right")));
        assert_eq!(build_output("nothing"), None);
    }
}
