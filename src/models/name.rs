//! Names and versions of installed bundles: they are folders' names, so they are plain ones.

use std::{
    cmp::Ordering,
    fmt::{self, Display},
};

use semver::Version;

use crate::{contract::limits::MAX_NAME, platform::is_windows_device};

/// What [`is_plain`] asks for.
pub const PLAIN: &str = "1 to 64 letters from A to Z or a to z, digits, - _ . or +, first a letter or digit, without two dots side by side, a \
     dot at the end, or a name that Windows keeps for a device";

/// Whether `text` can be a folder's name on every system, and can't lead elsewhere.
pub fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
    (1..=MAX_NAME).contains(&text.len())
        && text.chars().all(plain)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !text.contains("..")
        && !text.ends_with('.')
        && !is_windows_device(text)
}

/// A bundle that is asked for by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// Its version; none: the newest.
    pub version: Option<String>,
}

impl Wanted {
    /// `NAME` or `NAME@VERSION`; none for a text that can't be that, such as a path.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, version) = text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)));
        let plain = is_plain(name) && version.is_none_or(is_plain);
        plain.then(|| Wanted { name: name.into(), version: version.map(str::to_owned) })
    }
}

impl Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => write!(f, "{}@{version}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// The order of versions, the newest first: that of Semantic Versioning 2.0.0, section 11. Missing numbers count as 0 (1.2 is
/// 1.2.0); what isn't such a version is older than all that are, by its text.
pub fn newest_first(a: &str, b: &str) -> Ordering {
    (semantic(b), b).cmp(&(semantic(a), a))
}

fn semantic(text: &str) -> Option<Version> {
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (numbers, rest) = text.split_at(end);
    let missing = 2usize.saturating_sub(numbers.matches('.').count());
    Version::parse(&format!("{numbers}{}{rest}", ".0".repeat(missing))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_plain_takes_usual_names_and_nothing_that_leads_elsewhere_or_is_odd_on_some_system() {
        for good in ["sam2lung", "MC-U_Net", "1.0.0", "1.0.0-rc.1+7", "a", "x.y", "COM", "console", "COM10"] {
            assert!(is_plain(good), "{good}");
        }
        let long = "a".repeat(65);
        let bad = [
            "", ".", "..", "...", ".hidden", "a/b", "a\\b", "../x", "a..b", "a.", "-rf", "C:", "a b", "a@1", "ä",
            "a\nb", "a\0", "con", "NUL.txt", "com1", "Lpt9.x", "~", "a*", &long,
        ];
        for bad in bad {
            assert!(!is_plain(bad), "{bad:?}");
        }
    }

    #[test]
    fn parse_splits_name_and_version_and_takes_no_path() {
        let wanted = |name: &str, version: Option<&str>| Wanted { name: name.into(), version: version.map(Into::into) };
        assert_eq!(Wanted::parse("a"), Some(wanted("a", None)));
        assert_eq!(Wanted::parse("a@1.0"), Some(wanted("a", Some("1.0"))));
        for bad in ["a@", "@1", "a@1@2", "a/b", "../a", "a@../1", "."] {
            assert_eq!(Wanted::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn newest_first_follows_semantic_versioning() {
        // The example of section 11.4.4, turned round, with odd ones behind and short ones between.
        let wanted = [
            "10.0.0",
            "2.1",
            "2.0.1",
            "2",
            "1.0.0",
            "1.0.0-rc.1",
            "1.0.0-beta.11",
            "1.0.0-beta.2",
            "1.0.0-beta",
            "1.0.0-alpha.beta",
            "1.0.0-alpha.1",
            "1.0.0-alpha",
            "may",
            "1.0.0.0",
        ];
        let mut sorted = wanted;
        sorted.reverse();
        sorted.sort_by(|a, b| newest_first(a, b));
        assert_eq!(sorted, wanted);
    }
}
