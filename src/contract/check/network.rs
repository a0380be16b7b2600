//! Networks that cut volumes: that their fields are those of their kind, grid, neighbours, what is random.

use super::{Checked, calibration, demand, hybrid, members, refuse, tensors, threshold, within};
use crate::contract::{
    limits::{
        DECAY_MM, MARGIN_MM, MAX_DRAWS, MAX_EACH_SIDE, MAX_HALO_PX, MAX_IMAGE_VALUES, MAX_PATCH_VOXELS, MULTIPLE,
        OVERLAP, PATCH_SIZE, SLICE_MM, SPACING_MM, STEP_SLICES,
    },
    model::Model,
    network::{Beyond, Grid, Kind, Neighbours, Network, Scout},
};

/// Checks a network that is named `at`.
pub(super) fn check(at: &str, network: &Network, model: &Model) -> Checked {
    fields(at, network)?;
    calibration(at, &network.calibration)?;
    if let Some(parts) = &network.hybrid {
        return hybrid::check(at, network, parts, model);
    }
    let clicked = at == "segment" || network.clicks.is_none();
    demand(clicked, format_args!("{at}.clicks"), "given", "left out: only a segment network of one part takes clicks")?;
    grid(&format!("{at}.grid"), &network.grid, network.kind)?;
    if let Some(given) = &network.neighbours {
        neighbours(&format!("{at}.neighbours"), given)?;
    }
    let halo = network.halo_px;
    demand(halo <= MAX_HALO_PX, format_args!("{at}.halo_px"), halo, format_args!("{MAX_HALO_PX} at most"))?;
    scout(&format!("{at}.scout"), &network.scout)?;
    members(at, &network.members)?;
    tensors::check(at, network)?;
    image(at, network, model)?;
    random(at, network, model)?;
    behind_detect(at, network, model)?;
    let decay = network.clicks.as_ref().map(|clicks| clicks.decay_mm);
    decay.map_or(Ok(()), |mm| within(format_args!("{at}.clicks.decay_mm"), mm, DECAY_MM))
}

/// What only a segment network behind a detect network may have: one box a finding, and candidates as clicks.
fn behind_detect(at: &str, network: &Network, model: &Model) -> Checked {
    let behind = at == "segment" && model.detect.is_some();
    let grows = format!("{at}.grid.grows");
    let expected = "false or left out: only a segment network behind detect sees each finding in one box";
    demand(behind || !network.grid.grows, &grows, true, expected)?;
    if network.grid.grows {
        let repeats = network.grid.beyond == Beyond::Repeat;
        let expected = "false or left out, unless grid.beyond is repeat: a box may become larger than the volume";
        demand(repeats, &grows, true, expected)?;
        let overlap = network.grid.overlap;
        let field = format_args!("{at}.grid.overlap");
        demand(overlap.is_none(), field, "given", "left out: with grid.grows a finding is seen in one box")?;
        for (axis, n) in network.grid.size.into_iter().flatten().enumerate() {
            demand(n > 1, format_args!("{at}.grid.size[{axis}]"), n, "2 at least, so that a box can grow")?;
        }
    }
    let candidates = network.clicks.as_ref().is_some_and(|clicks| clicks.candidates);
    let expected = "false or left out: only a segment network behind detect can be shown candidates";
    demand(behind || !candidates, format_args!("{at}.clicks.candidates"), true, expected)
}

/// Refuses fields that a kind doesn't have, and misses those that it needs.
fn fields(at: &str, network: &Network) -> Checked {
    use Kind::{Hybrid, Patch, Slice};
    let n = network;
    let offsets = n.tensors.as_ref().is_some_and(|tensors| tensors.offsets_mm.is_some());
    // Field, whether it is given, which kinds may have it, which need it.
    let fields: [(&str, bool, &[Kind], &[Kind]); 17] = [
        ("hybrid", n.hybrid.is_some(), &[Hybrid], &[Hybrid]),
        ("grid", !n.grid.is_default(), &[Slice, Patch], &[]),
        ("grid.size", n.grid.size.is_some(), &[Patch], &[Patch]),
        ("grid.overlap", n.grid.overlap.is_some(), &[Patch], &[]),
        ("grid.blend", n.grid.blend.is_some(), &[Patch], &[]),
        ("grid.beyond", !n.grid.beyond.is_default(), &[Patch], &[]),
        ("grid.grows", n.grid.grows, &[Patch], &[]),
        ("neighbours", n.neighbours.is_some(), &[Slice], &[]),
        ("whole_slice", n.whole_slice, &[Slice], &[]),
        ("halo_px", n.halo_px > 0, &[Slice], &[]),
        ("scout.threshold", n.scout.threshold.is_some(), &[Slice], &[]),
        ("scout", !n.scout.is_default(), &[Slice], &[]),
        ("members", !n.members.is_empty(), &[Slice, Patch], &[Slice, Patch]),
        ("tensors", n.tensors.is_some(), &[Slice, Patch], &[Slice, Patch]),
        ("tensors.offsets_mm", offsets, &[Slice], &[]),
        ("random", !n.random.is_empty(), &[Slice, Patch], &[]),
        ("clicks", n.clicks.is_some(), &[Slice, Patch], &[]),
    ];
    for (field, given, may, must) in fields {
        let field = format_args!("{at}.{field}");
        if given && !may.contains(&n.kind) {
            let those = may.iter().map(Kind::to_string).collect::<Vec<_>>().join(" or ");
            let expected = format_args!("left out: it is of the kind {those}, {at} is of the kind {}", n.kind);
            return refuse(field, "given", expected);
        }
        if !given && must.contains(&n.kind) {
            return refuse(field, "left out", format_args!("given: {at} is of the kind {}", n.kind));
        }
    }
    Ok(())
}

fn grid(at: &str, grid: &Grid, kind: Kind) -> Checked {
    let given = grid.spacing_mm.iter().enumerate().filter_map(|(axis, mm)| Some((axis, (*mm)?)));
    for (axis, mm) in given {
        within(format_args!("{at}.spacing_mm[{axis}]"), mm, SPACING_MM)?;
    }
    within(format_args!("{at}.multiple"), grid.multiple, MULTIPLE)?;
    if let (Kind::Patch, Some(size)) = (kind, grid.size) {
        patch_size(&format!("{at}.size"), size, grid.multiple)?;
    }
    grid.overlap.map_or(Ok(()), |share| within(format_args!("{at}.overlap"), share, OVERLAP))
}

fn patch_size(at: &str, size: [usize; 3], multiple: usize) -> Checked {
    for (axis, n) in size.into_iter().enumerate() {
        within(format_args!("{at}[{axis}]"), n, PATCH_SIZE)?;
        let fits = n.is_multiple_of(multiple);
        demand(fits, format_args!("{at}[{axis}]"), n, format_args!("a multiple of grid.multiple ({multiple})"))?;
    }
    let voxels: usize = size.iter().product();
    demand(voxels <= MAX_PATCH_VOXELS, at, format_args!("{voxels} voxels"), format_args!("{MAX_PATCH_VOXELS} at most"))
}

fn neighbours(at: &str, neighbours: &Neighbours) -> Checked {
    let Neighbours { each_side, step_mm, step_slices, interpolate_above_mm } = *neighbours;
    demand(
        each_side <= MAX_EACH_SIDE,
        format_args!("{at}.each_side"),
        each_side,
        format_args!("{MAX_EACH_SIDE} at most"),
    )?;
    match (step_mm, step_slices) {
        (Some(mm), None) => within(format_args!("{at}.step_mm"), mm, SLICE_MM)?,
        (None, Some(slices)) => within(format_args!("{at}.step_slices"), slices, STEP_SLICES)?,
        (Some(_), Some(_)) => refuse(at, "step_mm and step_slices", "one of them")?,
        (None, None) => refuse(at, "without a step", "step_mm or step_slices")?,
    }
    let Some(mm) = interpolate_above_mm else { return Ok(()) };
    let at = format!("{at}.interpolate_above_mm");
    demand(step_mm.is_some(), &at, mm, "left out: slices are interpolated at multiples of step_mm, which isn't given")?;
    within(at, mm, SLICE_MM)
}

fn scout(at: &str, scout: &Scout) -> Checked {
    scout.threshold.map_or(Ok(()), |value| threshold(format_args!("{at}.threshold"), value))?;
    within(format_args!("{at}.margin_mm"), scout.margin_mm, MARGIN_MM)
}

/// A patch with all its channels fits in memory. How large a slice is is the CT's affair.
fn image(at: &str, network: &Network, model: &Model) -> Checked {
    let voxels = network.grid.size.map_or(1, |size| size.iter().product::<usize>());
    let values = voxels.saturating_mul(model.channels()).saturating_mul(network.slices());
    let expected = format_args!("{MAX_IMAGE_VALUES} values at most with all channels");
    demand(values <= MAX_IMAGE_VALUES, format_args!("{at}.grid.size"), format_args!("{values} values"), expected)
}

fn random(at: &str, network: &Network, model: &Model) -> Checked {
    for (n, dropout) in network.random.dropout.iter().enumerate() {
        let field = format_args!("{at}.random.dropout[{n}].rate");
        demand((0.0..1.0).contains(&dropout.rate), field, dropout.rate, "0 to below 1")?;
    }
    let flips = &network.random.flips;
    for (n, axis) in flips.iter().enumerate() {
        let field = format_args!("{at}.random.flips[{n}]");
        demand(!flips[..n].contains(axis), field, format_args!("{axis}"), "each axis once")?;
    }
    let dropout = network.random.dropout.iter().map(|dropout| dropout.channels);
    let drawn = dropout.chain(network.random.noise.iter().map(|noise| noise.rank)).fold(0, usize::saturating_add);
    let draws = drawn.saturating_mul(model.sampling.samples);
    let got = format_args!("{drawn} channels and draws a sample, of {} samples", model.sampling.samples);
    demand(draws <= MAX_DRAWS, format_args!("{at}.random"), got, format_args!("a product of {MAX_DRAWS} at most"))
}
