//! The JSON schema of `model.json`, made of the types that read it: their comments are its descriptions.
//!
//! `onnx/schema/model.schema.json` is this text; `sam2lung model schema` prints it. It knows the bounds of each value; which
//! fields go together (a patch network needs a size, …) only the reader checks ([`super::check`]).

use schemars::schema_for;

use super::model::Model;

/// The schema's text, of schema version 2.
pub fn json() -> String {
    let mut schema = schema_for!(Model);
    schema.insert("$id".into(), "urn:sam2lung:model.schema.json:2".into());
    serde_json::to_string_pretty(&schema).expect("texts and numbers") + "\n"
}

#[cfg(test)]
mod tests {
    #[test]
    fn json_schema_of_the_types_is_the_committed_one() {
        let committed = include_str!("../../onnx/schema/model.schema.json");
        let remedy = "run: sam2lung model schema > onnx/schema/model.schema.json";
        assert!(super::json() == committed.replace("\r\n", "\n"), "the types have changed; {remedy}");
    }
}
