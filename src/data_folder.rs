//! Where the user's own files of sam2lung lie (installed bundles, keys), by the rule of the platform.

use std::{env, ffi::OsString, path::PathBuf};

use crate::platform;

/// The folder, whether it is there or not; none where the environment doesn't tell.
pub fn of_user() -> Option<PathBuf> {
    under(|name| env::var_os(name))
}

/// The folder in an environment. A path that isn't absolute counts as missing, as the XDG Base Directory Specification wants.
fn under(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    platform::user_data(absolute).map(|base| base.join("sam2lung"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn of_user_is_xdg_data_home_else_below_home_and_relative_paths_count_as_missing() {
        let with = |data: &'static str, home: &'static str| {
            under(move |name| match name {
                "XDG_DATA_HOME" => Some(data.into()),
                "HOME" => Some(home.into()),
                _ => None,
            })
        };
        assert_eq!(with("/data", "/home/a"), Some("/data/sam2lung".into()));
        assert_eq!(with("", "/home/a"), Some("/home/a/.local/share/sam2lung".into()));
        assert_eq!(with("data", "/home/a"), Some("/home/a/.local/share/sam2lung".into()));
        assert_eq!(with("", ""), None);
    }
}
