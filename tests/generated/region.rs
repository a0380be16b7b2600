//! Parts of files that are made: between a line that holds `generated: NAME` and one that holds `end of generated`.

const END: &str = "end of generated";

/// `text` with `lines` between the marks of `name`, indented as the first mark is.
pub fn replaced(text: &str, name: &str, lines: &[String]) -> String {
    let begin = format!("generated: {name}");
    let mut all = text.lines();
    let mut out = String::new();
    let mut mark = None;
    for line in all.by_ref() {
        out += &format!("{line}\n");
        if line.split(" -->").next().is_some_and(|line| line.ends_with(&begin)) {
            mark = Some(line);
            break;
        }
    }
    let mark = mark.unwrap_or_else(|| panic!("no line 'generated: {name}'"));
    let indent = &mark[..mark.len() - mark.trim_start().len()];
    let indented = |line: &String| if line.is_empty() { "\n".into() } else { format!("{indent}{line}\n") };
    out.extend(lines.iter().map(indented));
    let end = all.find(|line| line.contains(END)).unwrap_or_else(|| panic!("'generated: {name}' has no end"));
    out += &format!("{end}\n");
    out.extend(all.map(|line| format!("{line}\n")));
    out
}

#[test]
fn replaced_lines_stand_between_the_marks_and_nothing_else_changes() {
    let text = "a\n  // generated: x\n  old\n  // end of generated\nb\n// generated: y\n// end of generated\n";
    let lines = ["one".to_owned(), String::new(), "two".to_owned()];
    let wanted =
        "a\n  // generated: x\n  one\n\n  two\n  // end of generated\nb\n// generated: y\n// end of generated\n";
    assert_eq!(replaced(text, "x", &lines), wanted);
    assert_eq!(replaced(wanted, "x", &lines), wanted);
    assert!(replaced(text, "y", &lines).ends_with("// generated: y\none\n\ntwo\n// end of generated\n"));
}
