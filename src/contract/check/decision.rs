//! Sampling, decisions, review and what is said about uncertainty.

use super::{Checked, demand, refuse, threshold, within};
use crate::contract::{
    classes::Output,
    limits::{CANDIDATES, COEFFICIENT, MARGIN_MM, MIN_VOLUME_MM3, SAMPLES, SHARE, SLICE_MM, WIDEN},
    model::{Candidates, Model, Outline},
    uncertainty::{Regressions, ReviewRule, UncertaintyModel},
};

pub(super) fn check(model: &Model) -> Checked {
    sampling(model)?;
    threshold("decision.threshold", model.decision.threshold)?;
    within("decision.min_volume_mm3", model.decision.min_volume_mm3, MIN_VOLUME_MM3)?;
    let outlined = model.decision.outline == Outline::Threshold || model.output == Output::Instances;
    let expected = "threshold: only findings of the output instances have samples to agree with";
    demand(outlined, "decision.outline", "expected_dice", expected)?;
    match (&model.detect, &model.decision.candidates) {
        (Some(_), Some(given)) => candidates(given)?,
        (None, None) => {}
        (Some(_), None) => refuse("decision.candidates", "left out", "given, since there is a detect network")?,
        (None, Some(_)) => refuse("decision.candidates", "given", "left out, since there is no detect network")?,
    }
    review(&model.review)?;
    model.uncertainty.as_ref().map_or(Ok(()), uncertainty)?;
    model.tried.map_or(Ok(()), |tried| within("tried.slice_mm", tried.slice_mm, SLICE_MM))
}

fn sampling(model: &Model) -> Checked {
    let samples = model.sampling.samples;
    within("sampling.samples", samples, SAMPLES)?;
    for (at, network) in model.segment.parts("segment") {
        let members = network.members.len();
        let expected = format_args!("{members} at least, so that samples reach every member of {at}");
        demand(samples >= members, "sampling.samples", samples, expected)?;
    }
    Ok(())
}

fn candidates(candidates: &Candidates) -> Checked {
    threshold("decision.candidates.threshold", candidates.threshold)?;
    within("decision.candidates.most", candidates.most, CANDIDATES)?;
    within("decision.candidates.margin_mm", candidates.margin_mm, MARGIN_MM)
}

fn review(rule: &ReviewRule) -> Checked {
    let bounds = [
        ("sample_dice_below", rule.sample_dice_below),
        ("detection_rate_below", rule.detection_rate_below),
        ("nodule_probability_below", rule.nodule_probability_below),
        ("uncertainty_mean_above", rule.uncertainty_mean_above),
        ("expected_dice_below", rule.expected_dice_below),
    ];
    let given = bounds.into_iter().filter_map(|(name, bound)| Some((name, bound?)));
    given.into_iter().try_for_each(|(name, bound)| within(format_args!("review.{name}"), bound, SHARE))
}

fn uncertainty(model: &UncertaintyModel) -> Checked {
    threshold("uncertainty.level", model.level)?;
    let own = [("volume_low", model.volume_low), ("volume_high", model.volume_high), ("dice", model.dice)];
    if let Some(samples) = model.samples {
        within("uncertainty.samples.widen", samples.widen, WIDEN)?;
        let expected = "left out: uncertainty.samples says it";
        for (name, given) in own {
            demand(given.is_none(), format_args!("uncertainty.{name}"), "given", expected)?;
        }
        return demand(model.clicked.is_none(), "uncertainty.clicked", "given", expected);
    }
    for (name, given) in own {
        let expected = "given, since there is no uncertainty.samples";
        demand(given.is_some(), format_args!("uncertainty.{name}"), "left out", expected)?;
    }
    for (at, clicked) in [("", false), ("clicked.", true)] {
        model.regressions(clicked).map_or(Ok(()), |models| coefficients(at, &models))?;
    }
    Ok(())
}

fn coefficients(at: &str, models: &Regressions) -> Checked {
    for (name, list) in [("volume_low", models.volume_low), ("volume_high", models.volume_high), ("dice", models.dice)]
    {
        for (n, value) in list.into_iter().enumerate() {
            let expected = "a coefficient between -1e6 and 1e6";
            demand(COEFFICIENT.contains(&value), format_args!("uncertainty.{at}{name}[{n}]"), value, expected)?;
        }
    }
    Ok(())
}
