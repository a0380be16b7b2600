//! A run, from the volumes to the result: the chain of roles.
//!
//! ```text
//! volumes → check → orient → lungs
//!    with `detect`:    detect → candidates → classify → segment in boxes around those that stay
//!    without:          segment the whole search region → outlines → classify
//! → click → decide → measure
//! ```
//!
//! Enters: a volume for each channel of the model, options, and something that fills each role. Leaves: a [`Segmentation`].
//! Not known here: kinds of networks, ONNX Runtime, files.

use ndarray::Array3;

use super::{
    best_outline::Sampled,
    candidates::{self, Candidates},
    click,
    clock::Clock,
    decide::{self, Evidence, Findings},
    measure::Measured,
    options::{Options, Search},
    outlines::{Outlines, ProbabilityMaps},
    scan::{self, Scan},
    search::{self, Searched, Toned},
    seen::Seen,
    warnings,
    whole::{Elsewhere, Whole},
};
use crate::{
    contract::{
        classes::{Class, Output},
        model::{Model, Outline},
    },
    error::Result,
    findings::{
        interval::VolumeInterval,
        nodule::Nodule,
        place::Lungs,
        result::{Arrays, ClassArrays, Evidence as Kept, Segmentation},
    },
    memory,
    networks::{
        answers::{Answers, ClassAnswer},
        clicks::Clicks,
        images::Images,
        neighbours::SliceSteps,
        roles::{Classifier, Detector, Segmenter},
        sampling::Sampling,
    },
    progress::{Monitor, Stage},
    space::volume::Volume,
};

/// What fills the roles of a run.
#[derive(Debug)]
pub struct Roles<'a, D: ?Sized, C: ?Sized, S: ?Sized> {
    /// Where nodules may be; `None`: `segment` runs over the whole search region.
    pub detect: Option<&'a mut D>,
    /// Nodule or not; `None`: every candidate is a finding.
    pub classify: Option<&'a mut C>,
    /// The outline.
    pub segment: &'a mut S,
}

/// What every step of a run goes by.
struct Task<'a> {
    model: &'a Model,
    images: &'a Images<'a>,
    /// Where nodules are searched.
    search: &'a Array3<bool>,
    clicks: &'a Clicks,
    sampling: &'a Sampling,
    /// Lowest P(nodule) that the classifier lets stay.
    classify_threshold: Option<f64>,
    /// Equivalent diameter in mm below which a finding is a micronodule.
    min_diameter_mm: f64,
}

/// What a detector found.
struct Detected {
    probability: Array3<f32>,
    candidates: Candidates,
    /// What was segmented for it.
    segmented: Array3<bool>,
}

/// What the segmenter says, and what is outlined by it.
struct Outlined {
    answers: Answers,
    outlines: Outlines,
    /// Voxels that were searched.
    searched: usize,
}

/// Finds and outlines what the model knows. `seen`: what is known of the volumes that were looked at last.
///
/// # Errors
/// What [`scan::check`] refuses, [`crate::Error::Option`], [`crate::Error::MaskGrid`], [`crate::Error::NoLung`],
/// [`crate::Error::Inference`], [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
pub fn run<D, C, S>(
    (mut roles, seen): (Roles<'_, D, C, S>, &mut Seen),
    model: &Model,
    volumes: Vec<Volume<f32>>,
    options: &Options,
    monitor: &mut Monitor<'_>,
) -> Result<Segmentation>
where
    D: Detector + ?Sized,
    C: Classifier + ?Sized,
    S: Segmenter + ?Sized,
{
    let cancel = monitor.cancel_token().clone();
    let densities = scan::check(&volumes, &model.channels, &cancel)?;
    options.check_on(&volumes[0].grid)?;
    options.check_for(model)?;
    memory::check_free(volumes[0].grid.len() * options.bytes_per_voxel(model), "the maps of a run")?;

    if roles.detect.is_none() {
        monitor.leave_out(&[Stage::Detect]);
    }
    let mut clock = Clock::start();
    let scan = Scan::oriented(volumes, &model.channels, &cancel)?;
    let clicks = scan.clicks(&options.clicks);
    let Searched { region: mut search, warnings: of_search } = search::region(&scan, options, monitor)?;
    if !model.takes_clicks() {
        search::add_boxes(&mut search, scan.grid(), &clicks.inside);
    }
    clock.lap("lungs");

    let toned = Toned::of(&scan, &search, (options, model), seen, &cancel)?;
    let images = scan::images(&scan, &toned.lifted, model, &cancel)?;
    let (sampling, classify_threshold) = (options.sampling(model), options.classify_threshold(model)?);
    let (search, clicks) = (&search, &clicks);
    let min_diameter_mm = options.min_diameter_mm;
    let sampling_of = &sampling;
    let task =
        Task { model, images: &images, search, clicks, sampling: sampling_of, classify_threshold, min_diameter_mm };
    let mut detected = detect(&task, &mut roles, &mut clock, monitor)?;
    let Outlined { answers, outlines, searched } = outline(&task, &mut roles, detected.as_mut(), &mut clock, monitor)?;
    let mut found = decide(&task, &mut roles, &answers, &outlines, detected.as_ref(), monitor)?;

    monitor.step(Stage::Nodules, 3, 4)?;
    let mut whole = Whole::of(answers, &cancel)?;
    let candidates = detected.as_ref().map(|detected| detected.candidates.kept.len());
    let left_out = detected.as_ref().and_then(|detected| detected.candidates.warning());
    if let Some(Detected { probability, segmented, .. }) = detected {
        whole.put_elsewhere(Elsewhere { probability, segmented: &segmented }, &sampling, &cancel)?;
    }
    // A search region with boxes around clicks isn't the lungs any more.
    let is_lungs = matches!(options.search, Search::Lungs) && scan.ct().is_some();
    let as_found = model.takes_clicks() || clicks.inside.is_empty();
    let lungs = (is_lungs && as_found).then(|| Lungs::of(search, &of_search));
    let (orientation, grid) = (scan.orientation.clone(), scan.grid().clone());
    let ct = scan.measured();
    let measured = Measured { model, ct: &ct, whole: &whole, uncertainty: sampling.uncertainty, lungs };
    let mut nodules: Vec<Nodule> = measured.all(&found, &cancel)?;
    nodules = nodules.into_iter().map(|nodule| nodule.into_native(&orientation)).collect();
    let micronodules = found.set_apart(&mut nodules, &cancel)?;
    monitor.step(Stage::Nodules, 4, 4)?;
    clock.lap("nodules");
    let little_lung = warnings::little_lung(densities, &options.search);
    let of_volumes = [warnings::thick_slices(model, &grid), little_lung, toned.warning, left_out];
    let warnings = options.warnings.iter().cloned().chain(of_volumes.into_iter().flatten()).chain(of_search).collect();
    let fewer = whole.all.samples.samples() < model.sampling.samples;
    Ok(Segmentation {
        nodules,
        micronodules,
        min_diameter_mm,
        clicks: found.clicks,
        candidates,
        dropped: found.dropped,
        samples: whole.all.samples.samples(),
        threshold: sampling.threshold,
        classify_threshold,
        uncertainty: sampling.uncertainty,
        volume_interval: VolumeInterval::under(model.uncertainty.as_ref(), false, fewer),
        clicked_volume_interval: VolumeInterval::under(model.uncertainty.as_ref(), true, fewer),
        searched_ml: searched as f64 * grid.voxel_mm3() / 1000.0,
        slices: SliceSteps::of(&model.segment, &grid),
        warnings,
        stages: clock.laps,
        of_maps: false,
        arrays: arrays(found.labels, whole, model, ct),
        orientation,
    })
}

/// Asks the detector, if there is one, where nodules may be, and the classifier which of that stays.
fn detect<D, C, S>(
    task: &Task<'_>,
    roles: &mut Roles<'_, D, C, S>,
    clock: &mut Clock,
    monitor: &mut Monitor<'_>,
) -> Result<Option<Detected>>
where
    D: Detector + ?Sized,
    C: Classifier + ?Sized,
    S: ?Sized,
{
    let (Some(detector), Some(rule)) = (&mut roles.detect, task.model.decision.candidates) else { return Ok(None) };
    let probability = detector.detect(task.images, task.search, monitor)?;
    let (classifier, lowest) = (roles.classify.as_deref_mut(), task.classify_threshold);
    let cancel = monitor.cancel_token();
    let candidates = candidates::find(task.images, &probability, rule, classifier, lowest, cancel)?;
    let mut segmented = candidates.region(task.images, rule.margin_mm);
    if !task.model.takes_clicks() {
        search::add_boxes(&mut segmented, task.images.grid, &task.clicks.inside);
    }
    clock.lap("detect");
    Ok(Some(Detected { probability, candidates, segmented }))
}

/// Runs the segmenter over what the detector found, or over the whole search region; and where it takes clicks once more around
/// them.
fn outline<D, C, S>(
    task: &Task<'_>,
    roles: &mut Roles<'_, D, C, S>,
    detected: Option<&mut Detected>,
    clock: &mut Clock,
    monitor: &mut Monitor<'_>,
) -> Result<Outlined>
where
    D: ?Sized,
    C: ?Sized,
    S: Segmenter + ?Sized,
{
    let Task { images, search, clicks, sampling, .. } = task;
    let region = detected.as_ref().map_or(*search, |detected| &detected.segmented);
    let shown = match detected.as_ref().filter(|_| task.model.shows_candidates()) {
        Some(detected) => detected.candidates.as_clicks(),
        None => Clicks::default(),
    };
    let mut answers = roles.segment.segment(images, region, &shown, sampling, Stage::Segment, monitor)?;
    if detected.is_some() {
        answers.classes.iter_mut().for_each(|class| click::clear_beyond(&mut class.probability, region));
    }
    clock.lap("segment");
    let mut searched = search.iter().filter(|inside| **inside).count();
    let mut outlines = maps(task, &answers).outlines(&clicks.inside, monitor.cancel_token())?;
    if task.model.takes_clicks() && !clicks.inside.is_empty() {
        let segmenter = (&mut *roles.segment, &task.model.segment);
        let around = click::around(segmenter, images, (clicks, clicks), sampling, &mut outlines, monitor)?;
        click::replace_values(&mut answers, &around.answers, &around.changed, monitor.cancel_token())?;
        searched += around.region.iter().zip(*search).filter(|(again, before)| **again && !**before).count();
        if let Some(detected) = detected {
            detected.segmented |= &around.changed;
        }
        clock.lap("click");
    } else {
        maps(task, &answers).lower_threshold(&mut outlines, &clicks.inside, monitor)?;
    }
    monitor.step(Stage::Nodules, 0, 4)?;
    Ok(Outlined { answers, outlines, searched })
}

/// From outlines to findings.
fn decide<D, C, S>(
    task: &Task<'_>,
    roles: &mut Roles<'_, D, C, S>,
    answers: &Answers,
    outlines: &Outlines,
    detected: Option<&Detected>,
    monitor: &mut Monitor<'_>,
) -> Result<Findings>
where
    D: ?Sized,
    C: Classifier + ?Sized,
    S: ?Sized,
{
    if task.model.output == Output::Regions {
        return decide::regions(&maps(task, answers), monitor.cancel_token());
    }
    let evidence = Evidence {
        images: task.images,
        probability: found_by(answers, detected),
        search: task.search,
        candidates: detected.map(|detected| &detected.candidates),
        classify_threshold: task.classify_threshold,
        sampled: (task.model.decision.outline == Outline::ExpectedDice).then(|| Sampled {
            maps: maps(task, answers),
            samples: answers.classes.iter().map(|class| &class.samples).collect(),
            known: None,
        }),
        min_diameter_mm: task.min_diameter_mm,
    };
    decide::find(&evidence, outlines, task.model, roles.classify.as_deref_mut(), monitor)
}

/// For each class the probability that its outlines were found by.
fn found_by<'a>(answers: &'a Answers, detected: Option<&'a Detected>) -> Vec<&'a Array3<f32>> {
    let of = |class: &'a ClassAnswer| detected.map_or(&class.probability, |detected| &detected.probability);
    answers.classes.iter().map(of).collect()
}

fn maps<'a>(task: &Task<'a>, answers: &'a Answers) -> ProbabilityMaps<'a> {
    let classes = answers.classes.iter().map(|class| &class.probability).collect();
    ProbabilityMaps { grid: task.images.grid, classes, threshold: task.sampling.threshold }
}

/// The arrays of a result.
pub(super) fn arrays(labels: Array3<u16>, whole: Whole, model: &Model, ct: Volume<f32>) -> Arrays {
    let Whole { all, classes } = whole;
    let class = |(answer, class): (ClassAnswer, &Class)| ClassArrays {
        name: class.name.clone(),
        probability: answer.probability,
        uncertainty: answer.uncertainty,
    };
    Arrays {
        labels,
        probability: all.probability,
        uncertainty: all.uncertainty,
        kinds: all.kinds,
        classes: classes.into_iter().zip(&model.classes).map(class).collect(),
        evidence: Some(Kept { ct, samples: all.samples }),
        near: None,
    }
}

#[cfg(test)]
mod tests;
