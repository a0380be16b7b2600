//! `cargo xtask demo`: from a fresh clone to segmented nodules, without a CT at hand.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::process::{Result, build_program, release_dir, run, stage, took};
use crate::setup::setup;

/// Fetches and builds what is needed, segments a phantom, and says where everything lies.
///
/// # Errors
/// If a step fails; the message names it.
pub fn demo() -> Result<()> {
    let runtime = setup(false)?;
    let start = stage("Building sam2lung (some minutes the first time)");
    build_program()?;
    println!("built in {}", took(start));

    let release = release_dir()?;
    let folder = release.with_file_name("demo");
    let result = folder.join("result");
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let phantom = folder.join("phantom.nii.gz");
    let sam2lung = || {
        let mut command = Command::new(release.join("sam2lung"));
        command.env("SAM2LUNG_ONNXRUNTIME", &runtime);
        command
    };

    stage("Making a phantom: a chest CT with known nodules");
    run(sam2lung().arg("phantom").arg(&phantom))?;
    let start = stage("Segmenting it");
    run(sam2lung().arg("segment").arg(&phantom).arg("--output").arg(&result))?;
    println!("segmented in {}", took(start));

    stage("Result");
    print!("{}", report(&read_list(&result.join("phantom/nodules.json"))?, &known_nodules(&folder)));
    say_where(&phantom, &result.join("phantom"));
    Ok(())
}

fn read_list(path: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))
}

/// What the phantom was made of, from the file beside it.
fn known_nodules(folder: &Path) -> Vec<Value> {
    read_list(&folder.join("phantom.json")).unwrap_or_default()
}

fn say_where(phantom: &Path, result: &Path) {
    println!("\nthe CT             {}", phantom.display());
    for (what, file) in [
        ("look at this", "report.html"),
        ("as one picture", "overview.png"),
        ("the nodules", "nodules.csv"),
        ("outlines", "label.nii.gz"),
        ("probability", "probability.nii.gz"),
        ("uncertainty", "uncertainty.nii.gz"),
        ("how it was made", "run.json"),
    ] {
        println!("{what:<18} {}", result.join(file).display());
    }
    println!("\nResearch use only. Not a medical device.");
}

/// A line for each nodule that is known or was found: a known one with the finding nearest to it.
fn report(found: &[Value], known: &[Value]) -> String {
    let mut text = format!(
        "{:<16} {:>9}   {:<6} {:>9} {:>17}  {:<5}  {:>9}  review\n",
        "known nodule", "mm³", "found", "mm³", "interval, mm³", "holds", "axis, mm"
    );
    let mut explained = vec![false; found.len()];
    let mut held = 0;
    for nodule in known {
        let volume = number(nodule, "volume_mm3");
        let left = format!("{:<16} {volume:>9.0}", nodule["kind"].as_str().unwrap_or("nodule"));
        match matching(nodule, found) {
            Some(index) => {
                explained[index] = true;
                let holds = holds(&found[index], volume);
                held += usize::from(holds);
                text += &format!("{left}   {}\n", finding(&found[index], if holds { "yes" } else { "no" }));
            }
            None => text += &format!("{left}   not found\n"),
        }
    }
    for (nodule, _) in found.iter().zip(&explained).filter(|(_, explained)| !**explained) {
        let left = if known.is_empty() { "" } else { "none there" };
        text += &format!("{left:<16} {:>9}   {}\n", "", finding(nodule, ""));
    }
    if !known.is_empty() {
        text +=
            &format!("\n{held} of {} hold: the interval around the found volume holds the known one\n", known.len());
    }
    text
}

/// Whether the interval of a finding holds a known volume.
fn holds(found: &Value, volume_mm3: f64) -> bool {
    (number(found, "volume_mm3_p05")..=number(found, "volume_mm3_p95")).contains(&volume_mm3)
}

fn finding(nodule: &Value, holds: &str) -> String {
    let interval = format!("{:.0} to {:.0}", number(nodule, "volume_mm3_p05"), number(nodule, "volume_mm3_p95"));
    let review = if nodule["review"] == true { "yes" } else { "no" };
    let (volume, axis) = (number(nodule, "volume_mm3"), number(nodule, "long_axis_mm"));
    let id = format!("no. {}", nodule["id"]);
    format!("{id:<6} {volume:>9.0} {interval:>17}  {holds:<5}  {axis:>9.1}  {review}")
}

/// Index of the finding whose centre is nearest to the known nodule's, if it lies within the nodule.
fn matching(known: &Value, found: &[Value]) -> Option<usize> {
    let radius = (number(known, "volume_mm3") * 0.75 / std::f64::consts::PI).cbrt();
    let distances = found.iter().map(|f| distance(&known["centre_ras"], &f["centroid_ras"]));
    let (index, distance) = distances.enumerate().min_by(|a, b| a.1.total_cmp(&b.1))?;
    (distance <= radius.max(3.0)).then_some(index)
}

fn distance(a: &Value, b: &Value) -> f64 {
    let part = |v: &Value, axis: usize| v[axis].as_f64().unwrap_or(f64::INFINITY);
    let squares = (0..3).map(|axis| (part(a, axis) - part(b, axis)).powi(2));
    let sum: f64 = squares.sum();
    if sum.is_nan() { f64::INFINITY } else { sum.sqrt() }
}

fn number(object: &Value, key: &str) -> f64 {
    object[key].as_f64().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(id: u32, ras: [f64; 3]) -> Value {
        json!({"id": id, "centroid_ras": ras, "volume_mm3": 500.0, "volume_mm3_p05": 450.0,
               "volume_mm3_p95": 560.0, "long_axis_mm": 10.1, "review": id == 2})
    }

    fn known(ras: [f64; 3]) -> Value {
        json!({"kind": "solid", "centre_ras": ras, "volume_mm3": 523.6})
    }

    #[test]
    fn report_pairs_each_known_nodule_with_the_finding_at_its_place() {
        let text = report(
            &[found(1, [50.0, 0.0, 0.0]), found(2, [1.0, 0.0, 0.0])],
            &[known([0.0; 3]), known([0.0, 90.0, 0.0])],
        );
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 6, "{text}");
        // 523.6 lies between 450 and 560; what wasn't found has no interval.
        assert_eq!(lines[5], "1 of 2 hold: the interval around the found volume holds the known one");
        assert!(lines[1].contains("no. 2") && lines[1].ends_with("yes"), "{text}");
        assert!(lines[2].ends_with("not found"), "{text}");
        assert!(lines[3].starts_with("none there") && lines[3].contains("no. 1"), "{text}");
    }

    #[test]
    fn report_counts_an_interval_that_misses_the_known_volume_as_not_holding() {
        let far = json!({"kind": "solid", "centre_ras": [0.0, 0.0, 0.0], "volume_mm3": 561.0});
        let text = report(&[found(1, [0.0; 3])], &[far]);
        assert!(text.contains("450 to 560  no ") && text.contains("0 of 1 hold"), "{text}");
    }

    #[test]
    fn report_without_knowledge_lists_the_findings() {
        let text = report(&[found(1, [0.0; 3])], &[]);
        assert!(text.contains("no. 1") && !text.contains("none there") && !text.contains("hold:"), "{text}");
    }
}
