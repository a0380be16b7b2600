//! A hybrid: a patch network everywhere, a slice network on some slices.

use super::{Checked, counted, demand, network, tensors, threshold, within};
use crate::contract::{
    hybrid::{Feature, Hybrid, Prompts},
    limits::{MARGIN_MM, MAX_CLASSES, MAX_PROMPTS, MAX_TENSORS, SHARE, TENSOR_CHANNELS},
    model::Model,
    network::{Calibration, Kind, Network},
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
    weights.into_iter().try_for_each(|(n, weight)| within(format_args!("{field}[{n}]"), *weight, SHARE))?;
    handed_over(&at, hybrid)
}

/// What the coarse network hands to the fine one.
fn handed_over(at: &str, hybrid: &Hybrid) -> Checked {
    if !hybrid.hands_over() {
        return Ok(());
    }
    // Points and features belong to all that the fine network encodes: it is never asked for a part.
    let scout = hybrid.fine.scout.threshold;
    let expected = "left out: with prompts or features the fine network decodes whole images";
    demand(scout.is_none(), format_args!("{at}.fine.scout.threshold"), scout.unwrap_or_default(), expected)?;
    if let Some(given) = &hybrid.prompts {
        prompts(&format!("{at}.prompts"), given)?;
    }
    let (count, expected) = (hybrid.features.len(), format_args!("{MAX_TENSORS} entries at most"));
    demand(count <= MAX_TENSORS, format_args!("{at}.features"), format_args!("a list of {count}"), expected)?;
    for (n, given) in hybrid.features.iter().enumerate() {
        feature(&format!("{at}.features[{n}]"), given, hybrid)?;
    }
    names(at, hybrid)
}

fn prompts(at: &str, prompts: &Prompts) -> Checked {
    within(format_args!("{at}.positive"), prompts.positive, 1..=MAX_PROMPTS)?;
    within(format_args!("{at}.negative"), prompts.negative, 0..=MAX_PROMPTS)?;
    threshold(format_args!("{at}.threshold"), prompts.threshold)?;
    let [near, far] = prompts.ring_mm;
    within(format_args!("{at}.ring_mm[0]"), near, MARGIN_MM)?;
    within(format_args!("{at}.ring_mm[1]"), far, MARGIN_MM)?;
    demand(near < far, format_args!("{at}.ring_mm"), format_args!("[{near}, {far}]"), "the smaller number first")?;
    within(format_args!("{at}.box_margin_mm"), prompts.box_margin_mm, MARGIN_MM)
}

fn feature(at: &str, feature: &Feature, hybrid: &Hybrid) -> Checked {
    within(format_args!("{at}.channels"), feature.channels, TENSOR_CHANNELS)?;
    tensors::stride(&format!("{at}.stride"), feature.stride, &hybrid.coarse)?;
    let (stride, multiple) = (feature.fine_stride, hybrid.fine.grid.multiple);
    let divides = stride > 0 && multiple.is_multiple_of(stride);
    demand(
        divides,
        format_args!("{at}.fine_stride"),
        stride,
        format_args!("a divisor of fine.grid.multiple ({multiple})"),
    )
}

/// What is handed over has names of its own in both graphs.
fn names(at: &str, hybrid: &Hybrid) -> Checked {
    let of = |part: &'static str| {
        let network = if part == "coarse" { &hybrid.coarse } else { &hybrid.fine };
        let at = format!("{at}.{part}");
        network.tensors.iter().flat_map(move |tensors| tensors::answering(&at, network, tensors))
    };
    let features = || hybrid.features.iter().enumerate();
    let outputs = features().map(|(n, f)| (format!("{at}.features[{n}].output"), f.output.as_str()));
    let inputs = features().map(|(n, f)| (format!("{at}.features[{n}].input"), f.input.as_str()));
    let prompts = hybrid.prompts.iter().flat_map(Prompts::inputs);
    let prompts = prompts.map(|(field, name, _)| (format!("{at}.prompts.{field}"), name));
    tensors::one_graph(of("coarse").chain(outputs))?;
    tensors::one_graph(of("fine").chain(prompts).chain(inputs))
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
