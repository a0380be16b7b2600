//! Measures in words: sentences for comments and tables.

use sam2lung::findings::measures::{Get, Measure};

/// Its meaning as a sentence, with its unit: "Volume of the outline in the label map, mm³."
pub fn sentence(measure: &Measure) -> String {
    let unit = match measure.unit.symbol() {
        // Indices say what they are.
        "" | "voxel" => String::new(),
        // A meaning of several parts says its unit at the end, behind a semicolon as the others.
        unit if measure.meaning.contains([';', ':']) => format!("; {unit}"),
        unit => format!(", {unit}"),
    };
    format!("{}{unit}.", capital(measure.meaning))
}

/// With a capital at its beginning.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// A comment of lines that begin with `///` and are at most `width` long.
pub fn comment(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::from("///")];
    for word in text.split(' ') {
        if lines.last().is_some_and(|line| line.chars().count() + 1 + word.chars().count() > width) {
            lines.push("///".into());
        }
        let line = lines.last_mut().expect("there is one");
        *line += " ";
        *line += word;
    }
    lines
}

/// The name of its field in C++, where `class` is a word of the language.
pub fn cpp_name(measure: &Measure) -> &'static str {
    if measure.name == "class" { "class_name" } else { measure.name }
}

/// The name of the field that says how many texts a measure has.
pub fn count_name(measure: &Measure) -> String {
    assert!(matches!(measure.get, Get::Texts(_)));
    format!("{}_count", measure.name.trim_end_matches('s'))
}

#[test]
fn comment_is_wrapped_at_its_width() {
    assert_eq!(comment("one two three", 11), ["/// one two", "/// three"]);
}
