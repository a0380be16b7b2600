//! A hybrid: a patch network everywhere, a slice network on some slices.

use super::{Checked, counted, demand, network, within};
use crate::contract::{
    limits::{MAX_CLASSES, SHARE},
    model::Model,
    network::{Calibration, Hybrid, Kind, Network},
};

/// Checks the two networks of `whole`, which is named `at`.
pub(super) fn check(at: &str, whole: &Network, hybrid: &Hybrid, model: &Model) -> Checked {
    let at = format!("{at}.hybrid");
    for (name, part, kind) in [("coarse", &hybrid.coarse, Kind::Patch), ("fine", &hybrid.fine, Kind::Slice)] {
        let at = format!("{at}.{name}");
        demand(part.kind == kind, format_args!("{at}.kind"), part.kind, kind)?;
        calibration(&at, &part.calibration, &whole.calibration)?;
        network::check(&at, part, model)?;
    }
    // The fine network's slices are chosen among the CT's.
    let along_k = hybrid.fine.grid.spacing_mm[0];
    let field = format_args!("{at}.fine.grid.spacing_mm[0]");
    demand(
        along_k.is_none(),
        field,
        along_k.unwrap_or_default(),
        "null: a hybrid's fine network sees the CT's own slices",
    )?;
    let share = hybrid.share_of_slices;
    within(format_args!("{at}.share_of_slices"), share, SHARE)?;
    let field = format!("{at}.fine_weights");
    counted(&field, &hybrid.fine_weights, MAX_CLASSES)?;
    let (got, classes) = (hybrid.fine_weights.len(), model.classes.len());
    demand(got == classes, &field, format_args!("a list of {got}"), format_args!("{classes} entries: one a class"))?;
    let weights = hybrid.fine_weights.iter().enumerate();
    weights.into_iter().try_for_each(|(n, weight)| within(format_args!("{field}[{n}]"), *weight, SHARE))
}

/// Logits are blended, then calibrated: the two networks have nothing of their own but the same activation.
fn calibration(at: &str, part: &Calibration, whole: &Calibration) -> Checked {
    let at = format!("{at}.calibration");
    let (got, expected) = (part.activation, whole.activation);
    demand(got == expected, format_args!("{at}.activation"), got, format_args!("{expected}, as the hybrid has"))?;
    let plain = Calibration { activation: part.activation, ..Calibration::default() };
    let got = format_args!("temperature {}, bias {}", part.temperature, part.bias);
    demand(*part == plain, at, got, "temperature 1 and bias 0: the hybrid's own calibration holds for both")
}
