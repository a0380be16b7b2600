//! What a result can't be trusted for, with a stable name.
//!
//! A run that ends well may still say less than it seems to: "0 nodules" in a CT of which half was searched. Each such
//! case is a warning, and every surface shows it: command line, `run.json`, tables, picture, C interface, Slicer panel.
//! A message says what is so and what follows from it. The name (`W_…`, see [`Warning::name`]) never changes once
//! released.

use serde::{Serialize, Serializer, ser::SerializeStruct};

/// Anything that makes a result less than it seems, one variant a cause.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// The slices are thicker than those that the model was tried on.
    #[error(
        "the slices lie {spacing_mm:.1} mm apart; the model was tried on up to {tried_mm:.1} mm. Nodules may be missed, \
         and volumes may be far off"
    )]
    ThickSlices {
        /// Distance of neighbouring slices, in mm.
        spacing_mm: f64,
        /// The largest that the model was tried on, in mm.
        tried_mm: f64,
    },
    /// Files of a DICOM folder that may have been meant to be read.
    #[error("{count} file(s) of the folder were left aside, the first {first}: {why}. Nodules there can't be found")]
    FilesLeftAside {
        /// How many.
        count: usize,
        /// Path of the first inside the folder.
        first: String,
        /// Why the first was.
        why: String,
    },
}

impl Warning {
    /// The stable name of the cause, `W_…`.
    pub fn name(&self) -> &'static str {
        match self {
            Warning::ThickSlices { .. } => "W_THICK_SLICES",
            Warning::FilesLeftAside { .. } => "W_FILES_LEFT_ASIDE",
        }
    }
}

/// As `{"name": "W_…", "text": "…"}`.
impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut record = serializer.serialize_struct("Warning", 2)?;
        record.serialize_field("name", self.name())?;
        record.serialize_field("text", &self.to_string())?;
        record.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warning_in_json_has_its_name_and_its_text() {
        let warning = Warning::ThickSlices { spacing_mm: 7.5, tried_mm: 5.0 };
        let json = serde_json::to_value(&warning).unwrap();
        assert_eq!(json["name"], "W_THICK_SLICES");
        assert_eq!(json["text"], warning.to_string());
        assert!(warning.to_string().starts_with("the slices lie 7.5 mm apart; the model was tried on up to 5.0 mm"));
    }
}
