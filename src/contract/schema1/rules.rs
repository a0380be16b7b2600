//! What schema version 1 never allowed, though schema 2 does.

use super::ModelV1;
use crate::contract::{check::Problem, network::Kind};

impl ModelV1 {
    /// # Errors
    /// The first rule of schema 1 that is broken; by the field's name there.
    pub fn check(&self) -> Result<(), Problem> {
        let refuse = |field: &str, got: String, expected: &str| {
            Err(Problem { field: field.into(), got, expected: expected.into() })
        };
        if self.kind != Kind::Slice {
            return refuse("kind", self.kind.to_string(), "slice; other kinds need schema_version 2");
        }
        // Without a mask the decoder can't tell one sample from another, and nothing else differs in schema 1: the uncertainty
        // would be made up.
        if self.decoder.dropout.is_empty() {
            return refuse(
                "decoder.dropout",
                "empty".into(),
                "at least one input: without dropout there are no samples",
            );
        }
        if self.decoder.classes.len() != 1 {
            let got = format!("a list of {}", self.decoder.classes.len());
            return refuse("decoder.classes", got, "one class (nodule); several need schema_version 2");
        }
        Ok(())
    }
}
