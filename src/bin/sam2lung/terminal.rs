//! What is printed, progress on a terminal, errors by name, Ctrl-C.
//!
//! `println!` panics where nobody takes what it prints: a pipe that was closed, a full disk. Here that is an error of
//! standard output, and on standard error, where there is nobody left to tell, nothing.

use std::{
    borrow::Cow,
    io::{self, ErrorKind, IsTerminal, Write},
    panic,
    path::{Path, is_separator},
    sync::LazyLock,
    thread,
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use sam2lung::{
    Error, Warning,
    io::DECODER_THREAD,
    platform,
    progress::{CancelToken, Progress},
};

/// An error that the user was told already.
#[derive(Debug)]
pub struct Reported;

/// `text` as a terminal may have it: what controls it (escape sequences, carriage returns) or turns the direction of writing is
/// written as its code, so that a file's name can't rewrite what stands there. Line breaks and tabs stay: messages have them.
fn shown(text: &str) -> Cow<'_, str> {
    escaped(text, |c| controls(c) && !matches!(c, '\n' | '\t'))
}

/// A name on one line, with its line breaks as codes as well: it can't look like a message of its own.
pub fn on_one_line(name: &str) -> Cow<'_, str> {
    escaped(name, controls)
}

fn controls(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// As JSON writes them, which stays JSON by that.
fn escaped(text: &str, wanted: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&wanted) {
        return Cow::Borrowed(text);
    }
    let part = |c: char| if wanted(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    Cow::Owned(text.chars().map(part).collect())
}

/// Prints a line on standard output.
///
/// # Errors
/// [`Reported`], after a line on standard error that begins with `E_WRITE`.
pub fn say(text: &str) -> Result<(), Reported> {
    let mut out = io::stdout().lock();
    BARS.suspend(|| writeln!(out, "{}", shown(text)).and_then(|()| out.flush())).map_err(|error| report_output(&error))
}

/// Prints a line on standard output for a command that has nothing else to do: where the reader of a pipe has gone, as
/// in `sam2lung info | head -1`, the program ends as others do, by SIGPIPE.
///
/// # Errors
/// As [`say`].
pub fn say_to_reader(text: &str) -> Result<(), Reported> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", shown(text)).and_then(|()| out.flush()).map_err(|error| end_without_reader(&error))
}

/// Ends the program by SIGPIPE where `error` says that a pipe's reader has gone; reports any other error.
pub fn end_without_reader(error: &io::Error) -> Reported {
    if error.kind() == ErrorKind::BrokenPipe {
        platform::end_without_reader();
    }
    report_output(error)
}

fn report_output(error: &io::Error) -> Reported {
    tell(&format!("E_WRITE: standard output: cannot be written: {error}. What it would have said is lost, no file is"));
    Reported
}

/// Prints a line on standard error.
pub fn tell(text: &str) {
    let _ = BARS.suspend(|| writeln!(io::stderr(), "{}", shown(text)));
}

/// Prints an error as `E_NAME: message`.
pub fn report(error: &Error) -> Reported {
    tell(&format!("{}: {error}", error.name()));
    hint(error);
    Reported
}

/// Prints an error of one input as `E_NAME: path: message`.
pub fn report_for(input: &Path, error: &Error) -> Reported {
    tell(&line_for(input, error));
    hint(error);
    Reported
}

/// Prints what the result of one input can't be trusted for, as `W_NAME: path: message`; `--quiet` keeps none back.
pub fn report_warnings(input: &Path, warnings: &[Warning]) {
    for warning in warnings {
        tell(&format!("{}: {}: {warning}", warning.name(), on_one_line(&input.display().to_string())));
    }
}

/// Prints which options do what the error advises: the library's messages know of no command line.
fn hint(error: &Error) {
    if let Some(options) = options_for(error) {
        tell(&format!("  options: {options}"));
    }
}

fn options_for(error: &Error) -> Option<&'static str> {
    match error {
        Error::NoLung { .. } => Some("--lung-mask off, --lung-mask FILE"),
        Error::NoOrientation { .. } => Some("--assume-orientation LPS (what ITK and 3D Slicer show), RAS, LAS, …"),
        Error::SeveralSeries { .. } => Some("--series UID, --series thinnest, --series first"),
        Error::Channels { .. } => Some("--channel NAME=FILE, once for each channel"),
        Error::Device { .. } => Some("--device cpu"),
        Error::Signature { .. } => Some("--keys DIR"),
        Error::ModelInstalled { .. } => Some("--replace"),
        Error::Inference { .. } => Some("--threads N, --device cpu"),
        Error::NotPaired { .. } => Some("--model, --seed, --samples"),
        _ => None,
    }
}

/// The path is left out where the message begins with it, or with a file in it.
fn line_for(input: &Path, error: &Error) -> String {
    let path = input.display().to_string();
    let text = error.to_string().replace(&path, &on_one_line(&path));
    let path = on_one_line(&path);
    let after = text.strip_prefix(path.trim_end_matches(is_separator));
    let told = after.is_some_and(|after| {
        after.starts_with(is_separator) || [": ", " holds "].iter().any(|next| after.starts_with(next))
    });
    let path = if told { String::new() } else { format!("{path}: ") };
    format!("{}: {path}{text}", error.name())
}

/// A token that Ctrl-C and a polite `kill` cancel; signals that the program was told to ignore stay ignored.
pub fn cancel_on_signal() -> CancelToken {
    let token = CancelToken::new();
    let from_signal = token.clone();
    // Fails only where a handler is set already: then that one decides.
    platform::keeping_ignored_signals(|| {
        let _ = ctrlc::set_handler(move || from_signal.cancel());
    });
    token
}

/// Keeps quiet about decoders that stumble over damaged files: an error by name tells of it.
pub fn silence_decoders() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().name() != Some(DECODER_THREAD) {
            usual(info);
        }
    }));
}

/// The bars that are shown, one below the other. Lines that are printed go above them.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// A progress bar with stage and remaining time; nothing when it is hidden or there is no terminal.
pub struct Bar(ProgressBar);

const STEPS: u64 = 1000;

impl Bar {
    /// A bar that begins with `name`.
    pub fn new(name: &str, hidden: bool) -> Self {
        let bar = if hidden || !std::io::stderr().is_terminal() {
            ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::hidden())
        } else {
            BARS.add(ProgressBar::new(STEPS))
        };
        let style =
            ProgressStyle::with_template("{prefix}  {bar:32}  {percent:>3} %  {msg}").expect("a fixed template");
        bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
        bar.set_prefix(on_one_line(name).into_owned());
        Bar(bar)
    }

    /// Shows how far a run is.
    pub fn show(&self, progress: Progress) {
        self.0.set_position((progress.fraction * STEPS as f64) as u64);
        let remaining = progress.remaining.map_or(String::new(), |left| format!(", {} left", duration(left)));
        self.0.set_message(format!("{}{remaining}", progress.stage.title()));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
        BARS.remove(&self.0);
    }
}

/// A duration in words: "48 s", "3 min 05 s".
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    if seconds < 60 { format!("{seconds} s") } else { format!("{} min {:02} s", seconds / 60, seconds % 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_text_has_no_character_that_a_terminal_would_obey() {
        assert_eq!(shown("a\u{1b}[2Jb\rc\u{202e}d\u{9b}"), "a\\u001b[2Jb\\u000dc\\u202ed\\u009b");
        assert_eq!(shown("Müller\tct\n  options: --series"), "Müller\tct\n  options: --series");
    }

    #[test]
    fn line_for_an_input_begins_with_the_name_and_has_the_path_once() {
        let of = |input: &str, error: &Error| line_for(Path::new(input), error);
        let no_lung = Error::NoLung { reason: "none".into() };
        assert!(of("a/ct.nii.gz", &no_lung).starts_with("E_NO_LUNG: a/ct.nii.gz: no lung was found"));
        // A folder with a name that a message happens to begin with.
        assert!(of("no", &no_lung).starts_with("E_NO_LUNG: no: no lung was found"));
        let missing = |path: &str| Error::read(Path::new(path), "no such file", "Check the path");
        assert_eq!(of("ct.nii", &missing("ct.nii")), "E_READ: ct.nii: no such file. Check the path");
        assert_eq!(of("ct/", &missing("ct/1.dcm")), "E_READ: ct/1.dcm: no such file. Check the path");
        assert!(of("ct.nii", &missing("mask.nii")).starts_with("E_READ: ct.nii: mask.nii: no such file"));
        assert_eq!(of("a\nb", &missing("a\nb")), "E_READ: a\\u000ab: no such file. Check the path");
        let several = Error::SeveralSeries { folder: "ct".into(), count: 2, list: String::new() };
        assert!(of("ct", &several).starts_with("E_SEVERAL_SERIES: ct holds 2 CT series"));
    }
}
