//! A hybrid: a patch network everywhere, a slice network on some slices.

use super::{Checked, counted, demand, network, within};
use crate::contract::{
    limits::{MAX_CLASSES, SHARE},
    model::Model,
    network::{Hybrid, Kind},
};

pub(super) fn check(at: &str, hybrid: &Hybrid, model: &Model) -> Checked {
    let at = format!("{at}.hybrid");
    for (name, part, kind) in [("coarse", &hybrid.coarse, Kind::Patch), ("fine", &hybrid.fine, Kind::Slice)] {
        demand(part.kind == kind, format_args!("{at}.{name}.kind"), part.kind, kind)?;
        network::check(&format!("{at}.{name}"), part, model)?;
    }
    let [coarse, fine] = [&hybrid.coarse, &hybrid.fine].map(|part| part.calibration.activation);
    let field = format_args!("{at}.fine.calibration.activation");
    demand(coarse == fine, field, fine, format_args!("{coarse}, as the coarse network has"))?;
    let share = hybrid.share_of_slices;
    demand(share > 0.0 && share <= 1.0, format_args!("{at}.share_of_slices"), share, "a number above 0, up to 1")?;
    let field = format!("{at}.fine_weights");
    counted(&field, &hybrid.fine_weights, MAX_CLASSES)?;
    let (got, classes) = (hybrid.fine_weights.len(), model.classes.len());
    demand(got == classes, &field, format_args!("a list of {got}"), format_args!("{classes} entries: one a class"))?;
    let weights = hybrid.fine_weights.iter().enumerate();
    weights.into_iter().try_for_each(|(n, weight)| within(format_args!("{field}[{n}]"), *weight, SHARE))
}
