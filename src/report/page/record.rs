//! How a run was made: what `run.json` records, as lists of names and values.

use maud::{Markup, html};
use serde_json::Value;

use crate::report::words::capital;

/// Parts of the record that the page has elsewhere.
const ELSEWHERE: &[&str] = &["notice", "warnings", "result", "readings"];

/// What comes first.
const FIRST: &[&str] = &["model", "versions", "options", "device", "timings_s"];
/// Units at the end of names.
const UNITS: &[(&str, &str)] = &[("_mm", "mm"), ("_s", "s"), ("_ml", "ml"), ("_mib", "MiB")];

/// All of a record but what the page has elsewhere, each part under its name.
pub fn markup(run: &Value) -> Markup {
    let parts = run.as_object().into_iter().flatten().filter(|(name, _)| !ELSEWHERE.contains(&name.as_str()));
    let mut parts: Vec<_> = parts.collect();
    let place = |name: &str| FIRST.iter().position(|first| *first == name).unwrap_or(FIRST.len());
    parts.sort_by_key(|(name, _)| place(name));
    html! {
        div class="record" {
            @for (name, value) in parts {
                section {
                    h3 { (title(name)) }
                    @if value.is_object() { (list(value)) } @else { p { (plain(value)) } }
                }
            }
        }
    }
}

fn list(value: &Value) -> Markup {
    html! {
        dl {
            @for (name, value) in value.as_object().into_iter().flatten() {
                div {
                    dt { (title(name)) }
                    dd { @if value.is_object() { (list(value)) } @else { (plain(value)) } }
                }
            }
        }
    }
}

/// "spacing_mm" as "Spacing (mm)"; names of files stay as they are.
fn title(name: &str) -> String {
    if name.contains('.') {
        return name.to_owned();
    }
    let unit = UNITS.iter().find_map(|(end, unit)| Some((name.strip_suffix(end)?, unit)));
    let (name, unit) = unit.map_or((name, String::new()), |(name, unit)| (name, format!(" ({unit})")));
    capital(&name.replace('_', " ")) + &unit
}

/// A value in words.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "–".into(),
        Value::Bool(value) => if *value { "yes" } else { "no" }.into(),
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(number) => ((number * 1000.0).round() / 1000.0).to_string(),
            None => number.to_string(),
        },
        Value::Array(values) if values.is_empty() => "none".into(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| format!("{}: {}", title(name), plain(value)));
            fields.collect::<Vec<_>>().join("; ")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn record_says_all_that_the_page_has_not_elsewhere() {
        let run = json!({
            "notice": "n", "model": {"name": "<b>x</b>", "sha256": {"a.onnx": "12ab"}},
            "options": {"seed": 3, "series": null, "clicks": {"inside": [[1, 2, 3]], "outside": []}, "share": 0.123456},
            "dicom": [{"file": "report.dcm", "sop_class_uid": "1.2"}],
            "peak_memory_mib": 812.0,
        });
        let text = markup(&run).into_string();
        for said in [
            "<h3>Model</h3>",
            "&lt;b&gt;x&lt;/b&gt;",
            "<dt>a.onnx</dt><dd>12ab</dd>",
            "<dt>Seed</dt><dd>3</dd>",
            "<dt>Series</dt><dd>–</dd>",
            "<dt>Inside</dt><dd>1, 2, 3</dd>",
            "<dt>Outside</dt><dd>none</dd>",
            "<dd>0.123</dd>",
            "File: report.dcm; Sop class uid: 1.2",
            "<h3>Peak memory (MiB)</h3><p>812</p>",
        ] {
            assert!(text.contains(said), "{said} in {text}");
        }
        assert!(!text.contains("Notice"));
    }
}
