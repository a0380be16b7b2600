//! How CTs were compared: the registration of each prior, and by what the outlines were made.

use maud::Markup;
use serde_json::{Map, Value, json};

use super::super::record as list;
use crate::{
    VERSION,
    compare::scan::Scan,
    report::{
        comparison::{Compared, text::named},
        words::one_line,
    },
};

/// The record, as a list of names and values.
pub fn markup(current: &Scan, priors: &[Compared]) -> Markup {
    let made_by = &current.made_by;
    let mut record = Map::new();
    record.insert(
        "model".into(),
        json!({
            "name": one_line(&made_by.model), "sha256": made_by.sha256, "samples": made_by.samples,
            "sample_sources": made_by.sample_sources, "seed": made_by.seed, "threshold": made_by.threshold,
            "sam2lung": VERSION,
        }),
    );
    for compared in priors.iter().rev() {
        let comparison = &compared.comparison;
        let Ok(Value::Object(mut fit)) = serde_json::to_value(comparison.registration) else { continue };
        fit.insert("days".into(), json!(comparison.days));
        fit.insert("doubts".into(), json!(comparison.registration_doubts));
        record.insert(format!("registration with {}", named(&compared.prior)), Value::Object(fit));
    }
    list::markup(&Value::Object(record))
}
