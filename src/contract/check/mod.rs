//! Which values of a contract make no sense: the first is refused by its field, with what was got and what was expected.
//!
//! A file a topic. The bounds stand in [`super::limits`].

mod channels;
mod classes;
mod classify;
mod decision;
mod hybrid;
mod network;
mod outputs;
mod tensors;

use std::{
    fmt::{self, Display},
    ops::RangeInclusive,
    path::{Component, Path},
};

use super::{
    limits::{BIAS, MAX_MEMBERS},
    model::Model,
    network::{Calibration, File, Member},
};

/// A value that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands in `model.json`: `segment.members[1].decoder`.
    pub field: String,
    /// What it is.
    pub got: String,
    /// What it should be.
    pub expected: String,
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}; expected {}", self.field, self.got, self.expected)
    }
}

/// What a check says.
pub(super) type Checked = Result<(), Problem>;

impl Model {
    /// # Errors
    /// The first value that makes no sense.
    pub(super) fn check(&self) -> Checked {
        printable("name", &self.name)?;
        printable("version", &self.version)?;
        channels::check(self)?;
        classes::check(self)?;
        if let Some(detect) = &self.detect {
            network::check("detect", detect, self)?;
        }
        network::check("segment", &self.segment, self)?;
        if let Some(classify) = &self.classify {
            classify::check(classify, self)?;
        }
        outputs::check(self)?;
        decision::check(self)
    }
}

fn refuse(field: impl Display, got: impl Display, expected: impl Display) -> Checked {
    Err(Problem { field: field.to_string(), got: got.to_string(), expected: expected.to_string() })
}

fn demand(good: bool, field: impl Display, got: impl Display, expected: impl Display) -> Checked {
    if good { Ok(()) } else { refuse(field, got, expected) }
}

/// Refuses a number that `range` doesn't hold.
fn within<T: PartialOrd + Display>(field: impl Display, value: T, range: RangeInclusive<T>) -> Checked {
    let expected = format_args!("{} to {}", range.start(), range.end());
    demand(range.contains(&value), field, &value, expected)
}

/// Refuses a list without entries, or with too many.
fn counted<T>(field: impl Display, list: &[T], most: usize) -> Checked {
    let (got, expected) = (format_args!("a list of {}", list.len()), format_args!("1 to {most} entries"));
    demand((1..=most).contains(&list.len()), field, got, expected)
}

/// Refuses what isn't a probability that can be crossed.
fn threshold(field: impl Display, value: f64) -> Checked {
    demand(value > 0.0 && value < 1.0, field, value, "a number between 0 and 1, neither of them")
}

/// Refuses two things of one name, whatever the case of its letters; each comes with its field.
fn distinct<'a>(named: impl IntoIterator<Item = (String, &'a str)>) -> Checked {
    let mut known: Vec<(String, &str)> = Vec::new();
    for (field, name) in named {
        if let Some((other, _)) = known.iter().find(|(_, other)| other.eq_ignore_ascii_case(name)) {
            return refuse(field, format_args!("'{name}'"), format_args!("a name that {other} doesn't have"));
        }
        known.push((field, name));
    }
    Ok(())
}

/// Refuses a text that would be trouble where it is shown.
fn printable(field: &str, text: &str) -> Checked {
    let (length, most) = (text.chars().count(), super::limits::MAX_SHOWN);
    let shown: String = text.chars().take(most).collect();
    let got = format!("{length} characters, '{}'", shown.escape_debug());
    let good = (1..=most).contains(&length) && !text.chars().any(char::is_control);
    demand(good, field, got, format_args!("1 to {most} characters, none a control character"))
}

/// Refuses a name that would be trouble in a file's name.
fn plain_word(field: impl Display, name: &str) -> Checked {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    demand(
        (1..=super::limits::MAX_NAME).contains(&name.len()) && name.chars().all(plain),
        field,
        format_args!("'{}'", name.escape_debug()),
        format_args!("1 to {} letters from A to Z or a to z, digits, - or _", super::limits::MAX_NAME),
    )
}

fn calibration(at: &str, calibration: &Calibration) -> Checked {
    let temperature = calibration.temperature;
    demand(
        temperature > 0.0 && temperature.is_finite(),
        format_args!("{at}.calibration.temperature"),
        temperature,
        "a number above 0",
    )?;
    within(format_args!("{at}.calibration.bias"), calibration.bias, BIAS)
}

/// Each member has one form, and plain file names.
fn members(at: &str, members: &[Member]) -> Checked {
    counted(format_args!("{at}.members"), members, MAX_MEMBERS)?;
    for (n, member) in members.iter().enumerate() {
        let at = format!("{at}.members[{n}]");
        let given = member.files().map(|(name, _)| name).collect::<Vec<_>>();
        let expected = "encoder and decoder, or graph alone";
        match given.as_slice() {
            ["encoder", "decoder"] | ["graph"] => {}
            [] => refuse(&at, "empty", expected)?,
            given => refuse(&at, given.join(" and "), expected)?,
        }
        member.files().try_for_each(|(name, file)| plain_file(&format!("{at}.{name}"), file))?;
    }
    Ok(())
}

/// Refuses a name that could lead out of the bundle's folder.
fn plain_file(at: &str, file: &File) -> Checked {
    let name = file.file.as_str();
    let mut parts = Path::new(name).components();
    let plain = matches!((parts.next(), parts.next()), (Some(Component::Normal(part)), None) if part == name)
        && !name.contains(['/', '\\', ':', '\0']);
    demand(
        plain,
        format_args!("{at}.file"),
        format_args!("'{}', which is not a plain file name", name.escape_debug()),
        "the name of a file inside the bundle, without a folder",
    )
}
