//! `index.html`: a page for many CTs, one row each, with a link to each one's report.
//!
//! Enters: a folder whose folders are results, and what could not be made. Leaves: the page's text. Rows come from what lies in
//! the folder, so a page after a second run lists the first one's results, too. Another kind of result (a comparison, say) is
//! another section of the page with a [`Table`] of its own.

use std::{
    fs,
    path::{Path, PathBuf},
};

use maud::{Markup, html};
use serde::Deserialize;

use super::{
    shell::{GENERATOR, page},
    table::{Cell, Head, Order, Table},
};
use crate::{
    error::{Error, Result},
    report::{
        outputs::{MANIFEST, NODULES_JSON, OVERVIEW, REPORT},
        staging::check_no_link,
        words::{NOTICE, capital, found, one_line},
    },
};

/// The page's file name.
pub const INDEX: &str = "index.html";

/// An input without a result, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Name that its folder would have.
    pub name: String,
    /// The error, with its name.
    pub why: String,
}

/// Refuses a page that is there and isn't ours, or a link in its place: it would be replaced.
///
/// # Errors
/// [`Error::Write`].
pub fn check(folder: &Path) -> Result<()> {
    let path = folder.join(INDEX);
    check_no_link(&path)?;
    if !path.exists() || is_ours(&path) {
        return Ok(());
    }
    Err(Error::write(&path, "it is there and wasn't written by sam2lung: choose another --output"))
}

/// Whether `folder` has a page that an earlier run wrote.
pub fn is_there(folder: &Path) -> bool {
    is_ours(&folder.join(INDEX))
}

fn is_ours(path: &Path) -> bool {
    let mark = format!(r#"<meta name="generator" content="{GENERATOR}">"#);
    fs::read_to_string(path).is_ok_and(|text| text.contains(&mark))
}

/// The page of all results in `folder`, and of what failed.
///
/// # Errors
/// [`Error::Read`] where the folder can't be listed.
pub fn of(folder: &Path, failed: &[Failed]) -> Result<String> {
    let listed = fs::read_dir(folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let entries = listed.map_err(|e| Error::read(folder, e, "Check the folder"))?;
    let mut folders: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    folders.retain(|path| !file_name(path).starts_with('.') && path.join(MANIFEST.file()).is_file());
    folders.sort();
    let results: Vec<Listed> = folders.iter().map(|path| Listed::of(path)).collect();
    // One that failed now may have an earlier result: both are told.
    Ok(markup(&results, failed))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A result in the folder.
struct Listed {
    name: String,
    /// The file to open.
    link: Option<String>,
    /// What its record says; else why it can't be read.
    record: std::result::Result<Record, String>,
    /// Long axis of the nodule with the longest, in mm.
    longest_mm: Option<f64>,
}

/// What the page needs of `run.json`.
#[derive(Deserialize)]
struct Record {
    model: Model,
    result: Counts,
    #[serde(default)]
    warnings: Vec<Told>,
}

#[derive(Deserialize)]
struct Model {
    name: String,
    version: String,
}

#[derive(Deserialize)]
struct Counts {
    nodules: usize,
    review: usize,
    #[serde(default)]
    micronodules: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Told {
    name: String,
    text: String,
}

#[derive(Deserialize)]
struct Axis {
    long_axis_mm: f64,
}

impl Listed {
    fn of(folder: &Path) -> Self {
        let read = |name: String| fs::read_to_string(folder.join(name)).map_err(|e| e.to_string());
        let record = read(MANIFEST.file()).and_then(|text| serde_json::from_str(&text).map_err(|e| e.to_string()));
        let nodules: Option<Vec<Axis>> =
            read(NODULES_JSON.file()).ok().and_then(|text| serde_json::from_str(&text).ok());
        let longest_mm = nodules.and_then(|all| all.iter().map(|n| n.long_axis_mm).max_by(f64::total_cmp));
        let name = file_name(folder);
        let pages = [REPORT.file(), OVERVIEW.file()];
        let link = pages.into_iter().find(|page| folder.join(page).is_file());
        Listed { link: link.map(|page| format!("{}/{page}", escaped(&name))), name, record, longest_mm }
    }

    /// How many should be looked at, to be read first; what can't be read before all.
    fn urgency(&self) -> usize {
        self.record.as_ref().map_or(usize::MAX, |record| record.result.review)
    }

    fn row(&self) -> Vec<Cell> {
        let name = one_line(&self.name);
        let shown = html! {
            @match &self.link { Some(link) => a href=(link) { bdi { (name) } }, None => bdi { (name) } }
        };
        let first = Cell { shown, key: name };
        let (counts, rest) = match &self.record {
            Ok(Record { model, result, warnings }) => {
                let counts = [result.nodules, result.review, result.micronodules.len()].map(Cell::count);
                (counts, [self.longest(), told(warnings), Cell::text(&format!("{} {}", model.name, model.version))])
            }
            Err(why) => {
                let unknown = || Cell::number(None, html! { "–" });
                let why = format!("{} can't be read: {}", MANIFEST.file(), one_line(why));
                ([unknown(), unknown(), unknown()], [unknown(), Cell::text(&why), Cell::text("")])
            }
        };
        [first].into_iter().chain(counts).chain(rest).collect()
    }

    fn longest(&self) -> Cell {
        Cell::number(
            self.longest_mm,
            html! { @match self.longest_mm { Some(mm) => (format!("{mm:.1}")), None => "–" } },
        )
    }
}

fn told(warnings: &[Told]) -> Cell {
    let shown = html! {
        @if warnings.is_empty() { "none" } @else {
            ul class="plain" { @for Told { name, text } in warnings { li { (capital(&one_line(text))) ". " code { (name) } } } }
        }
    };
    let names: Vec<&str> = warnings.iter().map(|told| told.name.as_str()).collect();
    Cell { shown, key: names.join(" ") }
}

fn markup(results: &[Listed], failed: &[Failed]) -> String {
    let mut order: Vec<&Listed> = results.iter().collect();
    order.sort_by_key(|listed| std::cmp::Reverse(listed.urgency()));
    let count =
        |of: fn(&Counts) -> usize| results.iter().flat_map(|one| &one.record).map(|r| of(&r.result)).sum::<usize>();
    let (nodules, review) = (count(|counts| counts.nodules), count(|counts| counts.review));
    let summary = html! {
        p class="found" {
            @if results.is_empty() { "No CT has a result." } @else { (scans(results.len())) ": " (found(nodules).to_lowercase()) "." }
        }
        @if review > 0 { p class="flagged" { (review) " should be looked at again." } }
        @if !failed.is_empty() { p class="flagged" { (scans(failed.len())) " of the last run " (if failed.len() == 1 { "has" } else { "have" }) " no result." } }
    };
    let mut sections = vec![("summary", "Summary", summary)];
    if !failed.is_empty() {
        sections.push(("failed", "Without a result", failures(failed)));
    }
    if !order.is_empty() {
        sections.push(("cts", "CTs", table(&order).markup()));
    }
    let head = html! { p class="notice" { (NOTICE) } h1 { "Lung nodules in " (scans(results.len())) } };
    page("Lung nodules: all CTs", head, &sections)
}

fn scans(count: usize) -> String {
    if count == 1 { "1 CT".into() } else { format!("{count} CTs") }
}

fn table(order: &[&Listed]) -> Table {
    Table {
        id: "all-cts",
        caption:
            "The results in this folder, those with most nodules to look at again first. Each name leads to the report."
                .into(),
        heads: vec![
            Head::texts("CT"),
            Head::numbers("Nodules"),
            Head { sorted: Some(Order::Falling), ..Head::numbers("Look again") },
            Head::numbers("Micronodules"),
            Head::numbers("Longest (mm)"),
            Head::texts("Warnings"),
            Head::texts("Model"),
        ],
        rows: order.iter().map(|listed| listed.row()).collect(),
    }
}

fn failures(failed: &[Failed]) -> Markup {
    let row = |Failed { name, why }: &Failed| vec![Cell::text(&one_line(name)), Cell::text(&one_line(why))];
    let table = Table {
        id: "all-failed",
        caption: "Inputs of the last run that have no result from it, and why.".into(),
        heads: vec![Head::texts("CT"), Head::texts("Why")],
        rows: failed.iter().map(row).collect(),
    };
    table.markup()
}

/// A name as one part of an address (RFC 3986: all but unreserved characters as bytes of UTF-8).
fn escaped(name: &str) -> String {
    let part = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    name.bytes().map(part).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn result(folder: &Path, name: &str, review: usize, warning: Option<&str>) {
        let path = folder.join(name);
        fs::create_dir(&path).unwrap();
        let warnings: Vec<_> = warning.iter().map(|text| json!({"name": "W_ONE_LUNG", "text": text})).collect();
        let record = json!({
            "model": {"name": "tiny", "version": "1"}, "warnings": warnings,
            "result": {"nodules": 3, "review": review, "micronodules": [{}]},
        });
        fs::write(path.join("run.json"), record.to_string()).unwrap();
        fs::write(path.join("nodules.json"), r#"[{"long_axis_mm": 4.0}, {"long_axis_mm": 12.34}]"#).unwrap();
        fs::write(path.join("report.html"), "").unwrap();
    }

    #[test]
    fn index_lists_every_result_with_the_flagged_first_and_escapes_names() {
        let folder = tempfile::tempdir().unwrap();
        result(folder.path(), "a", 0, None);
        result(folder.path(), "b <i>#1\" ü%", 2, Some("only <b>one</b>"));
        fs::create_dir(folder.path().join("no result")).unwrap();
        fs::create_dir(folder.path().join("broken")).unwrap();
        fs::write(folder.path().join("broken/run.json"), "{").unwrap();
        let failed = [Failed { name: "c<script>".into(), why: "E_NOT_HU: <x>\nnext".into() }];
        let text = of(folder.path(), &failed).unwrap();
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} in {text}"));
        assert!(at("broken</bdi>") < at("b &lt;i&gt;#1&quot; ü%</bdi>") && at("ü%</bdi>") < at(">a</bdi>"));
        at(r#"href="b%20%3Ci%3E%231%22%20%C3%BC%25/report.html""#);
        at("Only &lt;b&gt;one&lt;/b&gt;. <code>W_ONE_LUNG</code>");
        at("E_NOT_HU: &lt;x&gt;\u{fffd}next");
        at("run.json can't be read");
        at("12.3");
        at("3 CTs: 6 nodules were found.");
        assert!(!text.contains("no result<") && !text.contains("c<script>"));
    }

    #[test]
    fn index_without_any_result_says_so_and_lists_what_failed() {
        let folder = tempfile::tempdir().unwrap();
        let text = of(folder.path(), &[Failed { name: "a".into(), why: "E_READ: no such file".into() }]).unwrap();
        assert!(text.contains("No CT has a result.") && !text.contains("nodule was found"), "{text}");
        assert!(text.contains("1 CT of the last run has no result.") && text.contains("E_READ: no such file"));
        assert!(!text.contains(r#"id="all-cts""#));
    }

    #[test]
    fn check_refuses_a_page_that_somebody_else_wrote() {
        let folder = tempfile::tempdir().unwrap();
        check(folder.path()).unwrap();
        assert!(!is_there(folder.path()));
        fs::write(folder.path().join(INDEX), "<html>my thesis</html>").unwrap();
        let error = check(folder.path()).unwrap_err().to_string();
        assert!(error.contains("wasn't written by sam2lung") && !is_there(folder.path()), "{error}");
        fs::write(folder.path().join(INDEX), of(folder.path(), &[]).unwrap()).unwrap();
        check(folder.path()).unwrap();
        assert!(is_there(folder.path()));
    }
}
