//! The network that tells nodules from other candidates.

use super::{Checked, calibration, counted, demand, members, refuse, tensors, within};
use crate::contract::{
    classes::Output,
    classify::{Classify, ClassifyGrid, OperatingPoint},
    limits::{BOX_SIZE, BOX_SPACING_MM, MAX_BOX_VOXELS, SHARE},
    model::Model,
    network::{Activation, Kind},
};

pub(super) fn check(classify: &Classify, model: &Model) -> Checked {
    let instances = model.output == Output::Instances;
    demand(
        instances,
        "classify",
        "given",
        "left out, since the output is regions: there are no candidates to classify",
    )?;
    demand(classify.kind == Kind::Patch, "classify.kind", classify.kind, "patch")?;
    grid(&classify.grid)?;
    counted("classify.shows", &classify.shows, 3)?;
    for (n, shown) in classify.shows.iter().enumerate() {
        let field = format_args!("classify.shows[{n}]");
        demand(!classify.shows[..n].contains(shown), field, shown, "each once")?;
    }
    members("classify", &classify.members)?;
    for (n, member) in classify.members.iter().enumerate() {
        let field = format_args!("classify.members[{n}]");
        demand(member.graph.is_some(), field, "encoder and decoder", "graph: a classifier isn't cut in two")?;
    }
    let marked = classify.marked.as_ref();
    let named = [("classify.image".to_owned(), classify.image.as_str()), ("classify.logit".into(), &classify.logit)];
    let marked_named = marked.map(|marked| ("classify.marked.logit".to_owned(), marked.logit.as_str()));
    tensors::one_graph(named.into_iter().chain(marked_named))?;
    let marked = marked.map(|marked| ("classify.marked", &marked.calibration));
    for (at, given) in [("classify", &classify.calibration)].into_iter().chain(marked) {
        calibration(at, given)?;
        let field = format_args!("{at}.calibration.activation");
        demand(given.activation == Activation::Sigmoid, field, given.activation, "sigmoid")?;
    }
    within("classify.threshold", classify.threshold, SHARE)?;
    operating_points(&classify.operating_points)
}

fn grid(grid: &ClassifyGrid) -> Checked {
    for axis in 0..3 {
        within(format_args!("classify.grid.spacing_mm[{axis}]"), grid.spacing_mm[axis], BOX_SPACING_MM)?;
        within(format_args!("classify.grid.size[{axis}]"), grid.size[axis], BOX_SIZE)?;
    }
    let voxels: usize = grid.size.iter().product();
    let (got, expected) = (format_args!("{voxels} voxels"), format_args!("{MAX_BOX_VOXELS} at most"));
    demand(voxels <= MAX_BOX_VOXELS, "classify.grid.size", got, expected)
}

/// Sensitivities rise, thresholds don't.
fn operating_points(points: &[OperatingPoint]) -> Checked {
    for (n, point) in points.iter().enumerate() {
        let at = format!("classify.operating_points[{n}]");
        let share = point.sensitivity;
        demand(share > 0.0 && share <= 1.0, format_args!("{at}.sensitivity"), share, "a number above 0, up to 1")?;
        within(format_args!("{at}.threshold"), point.threshold, SHARE)?;
    }
    for (n, pair) in points.windows(2).enumerate() {
        let at = format!("classify.operating_points[{}]", n + 1);
        let (before, after) = (pair[0], pair[1]);
        if after.sensitivity <= before.sensitivity {
            let expected = format_args!("more than {}, the one before", before.sensitivity);
            return refuse(format_args!("{at}.sensitivity"), after.sensitivity, expected);
        }
        if after.threshold > before.threshold {
            let expected = format_args!("{} at most, the one before", before.threshold);
            return refuse(format_args!("{at}.threshold"), after.threshold, expected);
        }
    }
    Ok(())
}
