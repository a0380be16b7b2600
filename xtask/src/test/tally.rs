//! Counts of tests, read from what cargo and pytest print, and the summary of them.

use std::ops::AddAssign;

/// How many tests went which way.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Good.
    pub passed: usize,
    /// Bad.
    pub failed: usize,
    /// Not run, with a reason.
    pub skipped: usize,
}

impl Tally {
    /// One failure.
    pub const FAILED: Tally = Tally { passed: 0, failed: 1, skipped: 0 };

    /// Adds up what a run of a test program printed; a program that failed has at least one failure.
    pub fn of_run((good, lines): (bool, Vec<String>), read: fn(&[String]) -> Tally) -> Tally {
        let mut tally = read(&lines);
        if !good && tally.failed == 0 {
            tally.failed = 1; // did not compile, or crashed before it could count
        }
        tally
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Counts the "test result:" lines of cargo.
///
/// To Rust's harness a test that returned early has passed. Ours then print a line that begins with "SKIPPED:".
pub fn of_cargo(lines: &[String]) -> Tally {
    let mut tally = Tally::default();
    for line in lines.iter().filter(|line| line.starts_with("test result:")) {
        tally += Tally {
            passed: number_before(line, "passed"),
            failed: number_before(line, "failed"),
            skipped: number_before(line, "ignored"),
        };
    }
    let returned_early = lines.iter().filter(|line| line.starts_with("SKIPPED:")).count().min(tally.passed);
    tally.passed -= returned_early;
    tally.skipped += returned_early;
    tally
}

/// Counts from the closing line of pytest, as "== 12 passed, 2 skipped in 3.2s ==".
pub fn of_pytest(lines: &[String]) -> Tally {
    let closing = lines.iter().rev().find(|line| line.starts_with('=') && line.contains(" in "));
    closing.map_or_else(Tally::default, |line| Tally {
        passed: number_before(line, "passed"),
        failed: number_before(line, "failed") + number_before(line, "error"),
        skipped: number_before(line, "skipped"),
    })
}

/// Counts from the closing lines of CTest, as "86% tests passed, 1 tests failed out of 7".
pub fn of_ctest(lines: &[String]) -> Tally {
    let closing = lines.iter().rev().find(|line| line.contains("% tests passed, "));
    closing.map_or_else(Tally::default, |line| {
        let (_, all) = line.rsplit_once("out of ").unwrap_or_default();
        let failed = line.split_once("passed, ").map_or(0, |(_, rest)| number_before(rest, "tests"));
        Tally { passed: all.trim().parse::<usize>().unwrap_or(0).saturating_sub(failed), failed, skipped: 0 }
    })
}

/// The number in front of a word that begins so, or 0.
fn number_before(line: &str, word: &str) -> usize {
    let words: Vec<&str> = line.split_whitespace().collect();
    let pair = words.windows(2).find(|pair| pair[1].starts_with(word));
    pair.and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
}

/// One part in the summary.
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its counts.
    pub tally: Tally,
    /// How long it took, for people.
    pub took: String,
}

impl Row {
    fn verdict(&self) -> &'static str {
        match self.tally {
            Tally { failed: 1.., .. } => "FAILED",
            Tally { passed: 1.., .. } => "passed",
            _ => "skipped",
        }
    }
}

/// The summary: a line for each part.
pub fn table(rows: &[Row]) -> String {
    let mut text = format!("{:<8} {:<8} {:>6} {:>6} {:>7}  time\n", "part", "verdict", "passed", "failed", "skipped");
    for row in rows {
        let Tally { passed, failed, skipped } = row.tally;
        let (name, verdict, took) = (&row.name, row.verdict(), &row.took);
        text += &format!("{name:<8} {verdict:<8} {passed:>6} {failed:>6} {skipped:>7}  {took}\n");
    }
    text
}

/// The last line: all counts together.
pub fn closing_line(rows: &[Row]) -> String {
    let mut sum = Tally::default();
    rows.iter().for_each(|row| sum += row.tally);
    format!("{} passed, {} failed, {} skipped", sum.passed, sum.failed, sum.skipped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    fn tally(passed: usize, failed: usize, skipped: usize) -> Tally {
        Tally { passed, failed, skipped }
    }

    #[test]
    fn of_cargo_sums_programs_and_moves_early_returns_to_skipped() {
        let text = lines(
            "test a ... ok\nSKIPPED: no data\n\
             test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
             test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out",
        );
        assert_eq!(of_cargo(&text), tally(4, 1, 2));
    }

    #[test]
    fn of_pytest_reads_the_closing_line() {
        let text = lines("tests/a.py ..s\n===== 1 failed, 12 passed, 2 skipped, 1 error in 3.21s =====");
        assert_eq!(of_pytest(&text), tally(12, 2, 2));
        assert_eq!(of_pytest(&lines("nothing")), tally(0, 0, 0));
    }

    #[test]
    fn of_ctest_reads_the_closing_line() {
        let text = lines("1/7 Test #1: a ...   Passed    0.10 sec\n\n86% tests passed, 1 tests failed out of 7\n");
        assert_eq!(of_ctest(&text), tally(6, 1, 0));
        assert_eq!(of_ctest(&lines("100% tests passed, 0 tests failed out of 12")), tally(12, 0, 0));
        assert_eq!(of_ctest(&lines("No tests were found!!!")), tally(0, 0, 0));
    }

    #[test]
    fn of_run_that_failed_without_counts_is_one_failure() {
        assert_eq!(Tally::of_run((false, lines("error: could not compile")), of_cargo), Tally::FAILED);
    }

    #[test]
    fn closing_line_sums_the_parts() {
        let row = |name: &str, tally| Row { name: name.into(), tally, took: "1.0 s".into() };
        let rows = [row("rust", tally(5, 0, 1)), row("capi", tally(2, 1, 0)), row("slicer", tally(0, 0, 1))];
        assert_eq!(closing_line(&rows), "7 passed, 1 failed, 2 skipped");
        let table = table(&rows);
        assert!(table.contains("rust     passed") && table.contains("capi     FAILED"), "{table}");
        assert!(table.contains("slicer   skipped"), "{table}");
    }
}
