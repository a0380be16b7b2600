//! The page for beginners: its blocks are a project that is built as it stands there.

use std::fs;

use crate::process::{Result, root};

const PAGE: &str = "docs/first-result-in-cpp.md";
const PROGRAM: &str = "examples/first_result.cpp";

/// The page's CMakeLists.txt.
///
/// # Errors
/// If the page can't be read.
pub fn cmake_project() -> Result<String> {
    Ok(blocks(&read(PAGE)?, "cmake").join("\n"))
}

/// Compares the page's program, block after block, with the one in examples/.
///
/// # Errors
/// If they differ; the message says where.
pub fn equals_the_example() -> Result<()> {
    let page = blocks(&read(PAGE)?, "cpp").join("\n");
    let example = read(PROGRAM)?;
    let (_comment, program) = example.split_once("\n\n").ok_or(format!("{PROGRAM} begins with no comment"))?;
    let lines = |text: &str| -> Vec<String> { text.lines().filter(|l| !l.is_empty()).map(str::to_owned).collect() };
    let (page, program) = (lines(&page), lines(program));
    if page == program {
        return Ok(());
    }
    let at = page.iter().zip(&program).take_while(|(a, b)| a == b).count();
    let line = |of: &[String]| of.get(at).cloned().unwrap_or_else(|| "the end".into());
    Err(format!("{PAGE} and {PROGRAM} differ:\n  page     {}\n  example  {}", line(&page), line(&program)))
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(root().join(path)).map_err(|e| format!("{path}: {e}"))
}

/// The code blocks of a language, in order, each ending with a new line.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while lines.any(|line| line.strip_prefix("```") == Some(language)) {
        let code = lines.by_ref().take_while(|line| !line.starts_with("```"));
        blocks.push(code.map(|line| format!("{line}\n")).collect());
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_a_language_come_in_order_without_the_others() {
        let text = "a\n```cpp\nint x;\n\nint y;\n```\n```sh\nls\n```\n```cpp\nint z;\n```\n";
        assert_eq!(blocks(text, "cpp"), ["int x;\n\nint y;\n", "int z;\n"]);
        assert_eq!(blocks(text, "sh"), ["ls\n"]);
        assert!(blocks(text, "c").is_empty());
    }
}
