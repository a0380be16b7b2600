//! What became of each input: told as it comes, and kept for `index.html`, `summary.csv` and the exit status.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use sam2lung::{
    Error, Result,
    report::{
        outputs::SUMMARY,
        page::index::{self, Failed, INDEX},
        staging::write_beside,
        summary::{self, Counts, Row, Status},
    },
};

use crate::{
    input::Input,
    one_ct::Written,
    terminal::{Reported, duration, on_one_line, report, report_for, report_warnings, say},
};

/// How often the table is written while CTs are run: a kill loses no more of it than this, and no result.
const TABLE_EVERY: Duration = Duration::from_secs(10);

/// The outcomes of all inputs, in their order.
pub struct Outcomes<'a> {
    output: &'a Path,
    inputs: &'a [Input],
    quiet: bool,
    status: Vec<Status>,
    /// Why an input has no result of this run, in words.
    failed: Vec<Option<String>>,
    /// Whether somebody takes the lines of standard output.
    heard: bool,
    stopped: Option<String>,
    written: Instant,
}

impl<'a> Outcomes<'a> {
    /// None yet.
    pub fn new(output: &'a Path, inputs: &'a [Input], quiet: bool) -> Self {
        Outcomes {
            output,
            inputs,
            quiet,
            status: vec![Status::NotRun; inputs.len()],
            failed: vec![None; inputs.len()],
            heard: true,
            stopped: None,
            written: Instant::now(),
        }
    }

    /// Notes and tells what became of input `n`, which took so long.
    pub fn done(&mut self, n: usize, took: Duration, done: Result<Written>) {
        match done {
            Ok(Written { summary, counts, warnings }) => {
                report_warnings(self.inputs[n].path(), &warnings);
                let name = on_one_line(&self.inputs[n].name);
                self.say(&format!("{name}: {summary} in {}", duration(took)));
                self.status[n] = Status::Done(counts, took);
            }
            Err(error) => self.failed(n, took, &error),
        }
        if self.inputs.len() > 1 && self.written.elapsed() > TABLE_EVERY {
            // At the end it is written once more; then an error is told.
            let _ = self.write_table();
        }
    }

    /// Notes that the result of input `n` was there.
    pub fn done_before(&mut self, n: usize, counts: Counts) {
        let Counts { nodules, flagged, .. } = &counts;
        let name = on_one_line(&self.inputs[n].name);
        self.say(&format!("{name}: {nodules} nodule(s), {flagged} to review, done before"));
        self.status[n] = Status::DoneBefore(counts);
    }

    fn say(&mut self, line: &str) {
        // Where nobody takes the lines, the results still count: said once, and on with the others.
        if self.heard && !self.quiet {
            self.heard = say(line).is_ok();
        }
    }

    fn failed(&mut self, n: usize, took: Duration, error: &Error) {
        let why = format!("{}: {error}", error.name());
        if !matches!(error, Error::Cancelled) {
            report_for(self.inputs[n].path(), error);
            self.status[n] = Status::Failed(error.name(), took);
            self.failed[n] = Some(why);
        } else if self.stopped.is_none() {
            // Of several that were stopped at the same time one is told.
            report_for(self.inputs[n].path(), error);
            self.stopped = Some(why);
        }
    }

    /// Writes the page and the table of all inputs where there are several, also where none has a result; the page also where
    /// an earlier run wrote one.
    ///
    /// # Errors
    /// [`Reported`] where an input has no result, or something couldn't be told or written.
    pub fn finish(mut self) -> std::result::Result<(), Reported> {
        let why = self.stopped.clone().unwrap_or_else(|| format!("{}: stopped", Error::Cancelled.name()));
        for (status, failed) in self.status.iter().zip(&mut self.failed) {
            if *status == Status::NotRun {
                *failed = Some(why.clone());
            }
        }
        let listed = self.list();
        let written = if self.inputs.len() > 1 { self.write_table() } else { Ok(()) };
        let listed = listed.and(written).map_err(|error| report(&error));
        if self.failed.iter().all(Option::is_none) && self.heard { listed } else { Err(Reported) }
    }

    fn list(&self) -> Result<()> {
        let named = self.inputs.iter().zip(&self.failed);
        let failed: Vec<Failed> =
            named.filter_map(|(input, why)| Some(Failed { name: input.name.clone(), why: why.clone()? })).collect();
        if (self.inputs.len() > 1 && !self.stopped_early()) || index::is_there(self.output) {
            index::check(self.output)?;
            fs::create_dir_all(self.output).map_err(|e| Error::write(self.output, e))?;
            write_beside(&self.output.join(INDEX), &index::of(self.output, &failed)?)?;
        }
        Ok(())
    }

    /// True for a run that was stopped before anything became of its inputs: it makes no folder.
    fn stopped_early(&self) -> bool {
        self.status.iter().all(|status| *status == Status::NotRun)
    }

    fn write_table(&mut self) -> Result<()> {
        if self.stopped_early() && !self.output.is_dir() {
            return Ok(());
        }
        fs::create_dir_all(self.output).map_err(|e| Error::write(self.output, e))?;
        let row = |(input, status): (&Input, &Status)| Row {
            name: input.name.clone(),
            path: input.path().display().to_string(),
            status: status.clone(),
        };
        let rows: Vec<Row> = self.inputs.iter().zip(&self.status).map(row).collect();
        summary::check(self.output)?;
        write_beside(&self.output.join(SUMMARY.file()), &summary::csv(&rows))?;
        self.written = Instant::now();
        Ok(())
    }
}
