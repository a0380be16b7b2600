//! Which series of a folder is read: the one that can be a CT's volume, or of several the one that was asked for.

use std::{collections::BTreeMap, path::Path};

use super::{slice::Slice, stack};
use crate::error::{Error, Result};

/// How one of several series is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule<'a> {
    /// There has to be one only.
    Only,
    /// The one with the smallest distance of its slices.
    Thinnest,
    /// The one with the lowest series number.
    First,
    /// The one with this UID.
    Uid(&'a str),
}

impl<'a> Rule<'a> {
    /// The rule of a text: `thinnest`, `first` or a UID.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn of(text: Option<&'a str>) -> Result<Self> {
        Ok(match text {
            None => Rule::Only,
            Some("thinnest") => Rule::Thinnest,
            Some("first") => Rule::First,
            Some(uid) if !uid.is_empty() && uid.bytes().all(|b| b.is_ascii_digit() || b == b'.') => Rule::Uid(uid),
            Some(other) => {
                let expected = "'thinnest', 'first' or the UID of a series".into();
                return Err(Error::Option { option: "series", got: format!("'{other}'"), expected });
            }
        })
    }
}

/// The images of a folder by the UID of their series.
pub type BySeries = BTreeMap<String, Vec<Slice>>;

/// Removes and returns the series that the rule names. Without one: the only one that can be a volume, else the only or the
/// largest, whose refusal then says what is wrong.
///
/// # Errors
/// [`Error::SeveralSeries`], [`Error::NoSuchSeries`].
pub fn choose(by_series: &mut BySeries, rule: Rule<'_>, folder: &Path) -> Result<Option<Vec<Slice>>> {
    let uids: Vec<String> = by_series.keys().cloned().collect();
    let volumes = volumes(by_series);
    let chosen = match rule {
        Rule::Uid(uid) if by_series.contains_key(uid) => Some(uid.to_owned()),
        Rule::Uid(uid) => {
            let list = list(by_series, &uids);
            return Err(Error::NoSuchSeries { folder: folder.into(), uid: uid.into(), list });
        }
        Rule::Only if volumes.len() > 1 => {
            let list = list(by_series, &volumes);
            return Err(Error::SeveralSeries { folder: folder.into(), count: volumes.len(), list });
        }
        _ if volumes.is_empty() => uids.into_iter().max_by_key(|uid| by_series[uid].len()),
        Rule::Thinnest => least(volumes, |uid| stack::usual_step(&by_series[uid]), by_series),
        Rule::Only | Rule::First => least(volumes, |_| 0.0, by_series),
    };
    Ok(chosen.and_then(|uid| by_series.remove(&uid)))
}

/// The series that may be a CT's volume: those with three places or more; where none has, those with two. One image, two
/// scouts, or many images at one place (a bolus being watched) don't count beside a CT.
fn volumes(by_series: &BySeries) -> Vec<String> {
    let of = |least| by_series.iter().filter(move |(_, slices)| stack::places(slices) >= least);
    let least = if of(3).next().is_some() { 3 } else { 2 };
    of(least).map(|(uid, _)| uid.clone()).collect()
}

/// The one with the least `measure`; of equal ones that with the lowest series number, then with the first UID.
fn least(uids: Vec<String>, measure: impl Fn(&str) -> f64, by_series: &BySeries) -> Option<String> {
    let number = |uid: &str| by_series[uid].iter().filter_map(|s| s.series_number).min().unwrap_or(i64::MAX);
    uids.into_iter().min_by(|a, b| {
        // Steps are compared to a hundredth of a millimetre: headers are rounded.
        let (a_measure, b_measure) = ((measure(a) * 100.0).round(), (measure(b) * 100.0).round());
        a_measure.total_cmp(&b_measure).then(number(a).cmp(&number(b))).then(a.cmp(b))
    })
}

fn list(by_series: &BySeries, uids: &[String]) -> String {
    let line = |uid: &String| {
        let slices = &by_series[uid];
        let (first, count, step) = (&slices[0], slices.len(), stack::usual_step(slices));
        let apart = if step.is_finite() { format!(", {step:.2} mm apart") } else { String::new() };
        let description = first.description.split(char::is_control).collect::<Vec<_>>().join(" ");
        format!("  {uid}  CT '{description}', {count} image(s){apart}")
    };
    uids.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_is_a_word_or_a_uid() {
        assert_eq!(Rule::of(None).unwrap(), Rule::Only);
        assert_eq!(Rule::of(Some("thinnest")).unwrap(), Rule::Thinnest);
        assert_eq!(Rule::of(Some("first")).unwrap(), Rule::First);
        assert_eq!(Rule::of(Some("1.2.3")).unwrap(), Rule::Uid("1.2.3"));
        for text in ["", "thickest", "1.2.x"] {
            assert_eq!(Rule::of(Some(text)).unwrap_err().name(), "E_OPTION", "{text}");
        }
    }
}
