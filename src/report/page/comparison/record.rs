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
        let (comparison, fit) = (&compared.comparison, compared.comparison.registration);
        let told = json!({
            "days": comparison.days,
            "surfaces_apart_mm": fit.surface_mm,
            "surfaces_apart_95th_percentile_mm": fit.surface_mm_p95,
            "Dice of the lungs": fit.lung_dice,
            "correlation_of_vessels": fit.vessel_correlation,
            "volume of the prior lungs as a share of the current ones": fit.volume_ratio,
            "share of the current lungs that the prior CT shows": fit.shared,
            "doubts": comparison.registration_doubts,
        });
        record.insert(format!("registration with {}", named(&compared.prior)), told);
    }
    list::markup(&Value::Object(record))
}
