//! Which values of a contract make no sense.

use std::path::Path;

use super::model::Model;

impl Model {
    /// The first value that makes no sense, with what was expected.
    pub(super) fn problem(&self) -> Option<String> {
        let foreign = self.files().into_iter().find(|(file, _)| !is_plain_file_name(file));
        foreign.map(|(file, _)| format!("'{file}' is not a plain file name inside the bundle"))
    }
}

/// True for a name that can't lead out of the bundle's folder.
fn is_plain_file_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!((parts.next(), parts.next()), (Some(std::path::Component::Normal(part)), None) if part == name)
        && !name.contains(['/', '\\', ':', '\0'])
}
