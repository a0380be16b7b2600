//! Clicks on an earlier result: boxes around them are run, and what they outline takes its place among what was there.
//!
//! Enters: the volumes, an earlier result of them (of a run, or of maps that were kept), clicks. Leaves: a new result. What is
//! replaced is decided by [`super::click`], as in a run with clicks. Here besides:
//!
//! - A new outline keeps the number of the nodule that it replaces: of several the one that it shares most voxels with. Else it
//!   gets the highest number there is, plus one. Numbers of other nodules stay.
//! - Nodules that weren't clicked on are not measured again.
//! - New outlines are measured by the samples of the clicks alone: where a sample calls voxels a nodule nearer to another nodule
//!   than to the new one, no sample counts. For pictures the result goes on with the earlier samples there, where it has as many.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array3, ArrayView2};

use super::{
    best_outline::Sampled,
    candidates::centroid_ijk,
    click::{self, Clicked, Drawn},
    clock::Clock,
    decide,
    measure::Measured,
    options::Options,
    outlines::{Outlines, Parts, ProbabilityMaps, nearest},
    run::{Roles, arrays},
    scan::{self, Scan, TOLERANCE_VOXELS},
    search::Toned,
    seen::Seen,
    warnings,
    whole::Whole,
};
use crate::{
    contract::{
        model::{Model, Outline},
        uncertainty::Uncertainty,
    },
    error::{Error, Result},
    findings::{
        interval::VolumeInterval,
        nodule::{Finding, Nodule},
        result::{Arrays, Segmentation},
    },
    memory,
    networks::{
        answers::{Answers, ClassAnswer},
        clicks::Clicks,
        images::Images,
        neighbours::SliceSteps,
        roles::{Classifier, Segmenter},
        sampling::Sampling,
    },
    progress::{CancelToken, Monitor, Stage},
    space::{
        grid::Grid,
        volume::{Voi, Volume},
    },
    steps::{
        components::{Component, Components},
        sample_masks::SampleMasks,
    },
};

/// Memory that clicks on an earlier result take for each voxel besides the volumes: its maps, those of the clicks, wide labels,
/// regions.
const BYTES_PER_VOXEL: usize = 30;
/// The same for each kind of uncertainty, and each map of a class, that is kept.
const BYTES_PER_MAP: usize = 8;

/// Outlines a nodule at each click inside of `options` in the earlier result.
///
/// `options.search` says how lungs are known ([`Toned`]): [`super::options::Search::Lungs`] looks for them where the model wants
/// to know and `seen` doesn't know these volumes, [`super::options::Search::Everywhere`] doesn't look.
///
/// # Errors
/// What [`scan::check`] refuses; [`Error::Option`], also when the earlier result lies on another grid or shows another kind of
/// uncertainty; [`Error::MaskGrid`], [`Error::Inference`], [`Error::OutOfMemory`] or [`Error::Cancelled`].
pub fn click<D, C, S>(
    (roles, seen): (Roles<'_, D, C, S>, &mut Seen),
    model: &Model,
    (volumes, earlier): (Vec<Volume<f32>>, &Segmentation),
    options: &Options,
    monitor: &mut Monitor<'_>,
) -> Result<Segmentation>
where
    D: ?Sized,
    C: Classifier + ?Sized,
    S: Segmenter + ?Sized,
{
    let cancel = monitor.cancel_token().clone();
    scan::check(&volumes, &model.channels, &cancel)?;
    check(earlier, model, &volumes[0].grid, options)?;
    let maps = earlier.arrays.kinds.len() + 2 * earlier.arrays.classes.len();
    let bytes = BYTES_PER_VOXEL + BYTES_PER_MAP * maps;
    memory::check_free(volumes[0].grid.len() * bytes, "the maps of a result with clicks")?;

    monitor.leave_out(&[Stage::Detect, Stage::Segment]);
    let mut clock = Clock::start();
    let scan = Scan::oriented(volumes, &model.channels, &cancel)?;
    let clicks = scan.clicks(&options.clicks);
    let toned = Toned::again(&scan, (options, model), seen, monitor)?;
    clock.lap("lungs");
    let images = scan::images(&scan, &toned.lifted, model, &cancel)?;
    let sampling = sampling(options, earlier, model);
    let mut before = canonical(earlier, &scan, &cancel)?;
    let samples_before = before.near.take();
    let mut outlines = outlines(&before.labels, images.grid, &clicks, earlier, model, &cancel)?;
    let shown = if model.takes_clicks() { clicks.clone() } else { Clicks::default() };
    let around =
        click::around((roles.segment, &model.segment), &images, (&clicks, &shown), &sampling, &mut outlines, monitor)?;
    clock.lap("click");

    monitor.step(Stage::Nodules, 0, 3)?;
    let Clicked { answers, changed, drawn, .. } = around;
    let numbers = Numbers::of(&drawn, &outlines.parts, earlier)?;
    let mut labels = numbers.labels(&outlines.parts, &cancel)?;
    let whole = merged(before, answers, &changed, &sampling, &cancel)?;
    let findings = findings(&drawn, &outlines, model.takes_clicks());
    let mut findings = classified(findings, &outlines.parts, &images, &whole, roles.classify, &cancel)?;
    if model.decision.outline == Outline::ExpectedDice {
        let sampled = sampled(&whole, images.grid, &changed, sampling.threshold);
        for (label, finding) in &mut findings {
            let (of, voi) = ((numbers.number(*label), finding.class), outlines.parts.component(*label).voi);
            finding.outline_threshold = sampled.outline(&mut labels, of, &voi, &cancel)?.map(|best| best.threshold);
        }
    }
    let findings: BTreeMap<u16, Finding> =
        findings.into_iter().map(|(label, finding)| (numbers.number(label), finding)).collect();
    monitor.step(Stage::Nodules, 1, 3)?;
    let (orientation, grid) = (scan.orientation.clone(), scan.grid().clone());
    let ct = scan.measured();
    let measured = Measured { model, ct: &ct, whole: &whole, uncertainty: sampling.uncertainty, lungs: None };
    let nodules = nodules(&measured, &labels, (earlier, &drawn), &findings, &cancel)?;
    let native = |n: Nodule| match findings.contains_key(&n.id) {
        true => n.into_native(&orientation),
        false => n,
    };
    let nodules = nodules.into_iter().map(native).collect();
    let is_drawn = |nodule: &Nodule| {
        let [i, j, k] = orientation.canonical_ijk(nodule.centroid_ijk).map(|index| index.round() as usize);
        findings.contains_key(&labels[[k, j, i]])
    };
    let micronodules = earlier.micronodules.iter().filter(|nodule| !is_drawn(nodule)).cloned().collect();
    monitor.step(Stage::Nodules, 3, 3)?;
    clock.lap("nodules");
    let of_volumes = [warnings::thick_slices(model, &grid), toned.warning];
    let mut warnings = earlier.warnings.clone();
    for warning in options.warnings.iter().cloned().chain(of_volumes.into_iter().flatten()) {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    let fewer = whole.all.samples.samples() < model.sampling.samples;
    let (samples, mut arrays) = (whole.all.samples.samples(), arrays(labels, whole, model, ct));
    if let (Some(before), Some(evidence)) =
        (samples_before.filter(|own| own.samples() == samples), &mut arrays.evidence)
    {
        let changed = changed.as_slice().expect("a new array is contiguous");
        evidence.samples = before.with(&evidence.samples, |index| changed[index as usize])?;
    }
    Ok(Segmentation {
        nodules,
        micronodules,
        min_diameter_mm: earlier.min_diameter_mm,
        clicks: outlines.asked.iter().map(|label| label.map(|label| numbers.number(label))).collect(),
        candidates: earlier.candidates,
        dropped: earlier.dropped,
        samples,
        threshold: sampling.threshold,
        classify_threshold: options.classify_threshold(model)?,
        uncertainty: sampling.uncertainty,
        volume_interval: VolumeInterval::under(model.uncertainty.as_ref(), false, fewer),
        clicked_volume_interval: VolumeInterval::under(model.uncertainty.as_ref(), true, fewer),
        searched_ml: earlier.searched_ml,
        slices: SliceSteps::of(&model.segment, &grid),
        warnings,
        stages: clock.laps,
        of_maps: false,
        arrays,
        orientation,
    })
}

/// Refuses what can't be clicked on.
fn check(earlier: &Segmentation, model: &Model, grid: &Grid, options: &Options) -> Result<()> {
    options.check_on(grid)?;
    options.check_for(model)?;
    let refuse = |option, got: String, expected: String| Err(Error::Option { option, got, expected });
    if options.clicks.inside.is_empty() {
        return refuse("click", "given nowhere".into(), "at least one click inside a nodule".into());
    }
    let off = grid.voxels_off(earlier.orientation.native_grid());
    if !off.is_some_and(|off| off <= TOLERANCE_VOXELS) {
        let off = off.map_or("of other dimensions".into(), |off| format!("{off:.2} voxels off"));
        return refuse("earlier", format!("on a grid that is {off}"), "a result of the same volumes".into());
    }
    match options.uncertainty {
        Some(wanted) if !earlier.of_maps && wanted != earlier.uncertainty => {
            let expected = format!("none, or that of the earlier result: {}", earlier.uncertainty.title());
            refuse("uncertainty", wanted.title().into(), expected)
        }
        _ => Ok(()),
    }
}

/// How samples are drawn: maps of one result show one kind of uncertainty.
fn sampling(options: &Options, earlier: &Segmentation, model: &Model) -> Sampling {
    let own = options.sampling(model);
    let uncertainty = if earlier.of_maps { own.uncertainty } else { earlier.uncertainty };
    let kinds: &[Uncertainty] = if earlier.arrays.kinds.is_empty() { &[] } else { Uncertainty::ALL };
    Sampling { uncertainty, kinds, ..own }
}

/// The arrays of the earlier result in canonical orientation.
fn canonical(earlier: &Segmentation, scan: &Scan, cancel: &CancelToken) -> Result<Arrays> {
    earlier.arrays.copied(&scan.orientation, cancel)
}

/// The earlier outlines, labelled by their numbers, and which of them lies at each click.
fn outlines(
    labels: &Array3<u16>,
    grid: &Grid,
    clicks: &Clicks,
    earlier: &Segmentation,
    model: &Model,
    cancel: &CancelToken,
) -> Result<Outlines> {
    let mut list: Vec<Component> = Vec::new();
    let mut wide = Array3::zeros(labels.raw_dim());
    for (k, slice) in labels.outer_iter().enumerate() {
        cancel.check()?;
        for (j, i, number) in numbered(slice) {
            for label in list.len() as u32 + 1..=u32::from(number) {
                list.push(Component { label, voxels: 0, voi: Voi { start: [0; 3], end: [0; 3] } });
            }
            wide[[k, j, i]] = u32::from(number);
            let component = &mut list[usize::from(number) - 1];
            if component.voxels == 0 {
                component.voi = Voi::voxel([i, j, k]);
            }
            component.voi.include([i, j, k]);
            component.voxels += 1;
        }
    }
    let class_of = |component: &Component| {
        let nodule = earlier.nodules.iter().find(|nodule| u32::from(nodule.id) == component.label);
        nodule.and_then(|nodule| model.classes.iter().position(|class| class.name == nodule.class)).unwrap_or(0)
    };
    let classes = list.iter().map(class_of).collect();
    let components = Components { labels: wide, list };
    let asked = clicks.inside.iter().map(|click| nearest(grid, &components, *click)).collect();
    Ok(Outlines { parts: Parts { components, classes }, asked, lowered: Vec::new(), clicked: Vec::new() })
}

/// Rows, columns and numbers of the voxels of a slice that have one. Most rows hold none and are passed over quickly.
fn numbered<T: Copy + Default + PartialEq>(slice: ArrayView2<'_, T>) -> impl Iterator<Item = (usize, usize, T)> {
    let rows = (0..slice.nrows()).filter(move |j| slice.row(*j).iter().any(|number| *number != T::default()));
    let all = rows.flat_map(move |j| (0..slice.ncols()).map(move |i| (j, i, slice[[j, i]])));
    all.filter(|(.., number)| *number != T::default())
}

/// The numbers of new outlines by their labels. Earlier outlines have their number as label.
struct Numbers(BTreeMap<u32, u16>);

impl Numbers {
    fn of_drawn(drawn: &[Drawn], highest: u32) -> Result<Self> {
        let (mut numbers, mut highest) = (BTreeMap::new(), highest);
        let mut kept = BTreeSet::new();
        for Drawn { label, replaced, .. } in drawn {
            let most = replaced.iter().max_by_key(|(label, shared)| (*shared, std::cmp::Reverse(*label)));
            let number = most.map(|(label, _)| *label).filter(|label| kept.insert(*label)).unwrap_or_else(|| {
                highest += 1;
                highest
            });
            let number = u16::try_from(number).map_err(|_| decide::too_many(number as usize))?;
            numbers.insert(*label, number);
        }
        Ok(Numbers(numbers))
    }

    /// The numbers of what was drawn among `parts`, of which the first were the earlier result's.
    fn of(drawn: &[Drawn], parts: &Parts, earlier: &Segmentation) -> Result<Self> {
        let new = drawn.iter().map(|drawn| drawn.label).min();
        let in_map = new.map_or(parts.components.list.len() as u32, |first| first - 1);
        let in_table = earlier.nodules.iter().map(|nodule| u32::from(nodule.id)).max().unwrap_or(0);
        Self::of_drawn(drawn, in_map.max(in_table))
    }

    /// The number of the outline with this label.
    fn number(&self, label: u32) -> u16 {
        self.0.get(&label).copied().unwrap_or(label as u16)
    }

    /// The label map.
    fn labels(&self, parts: &Parts, cancel: &CancelToken) -> Result<Array3<u16>> {
        let mut labels = Array3::zeros(parts.components.labels.raw_dim());
        for (mut to, from) in labels.outer_iter_mut().zip(parts.components.labels.outer_iter()) {
            cancel.check()?;
            numbered(from).for_each(|(j, i, label)| to[[j, i]] = self.number(label));
        }
        Ok(labels)
    }
}

/// The earlier maps with the new values where `changed` is true; samples are known there alone.
fn merged(
    before: Arrays,
    clicked: Answers,
    changed: &Array3<bool>,
    sampling: &Sampling,
    cancel: &CancelToken,
) -> Result<Whole> {
    let clicked = Whole::of(clicked, cancel)?;
    let Arrays { probability, uncertainty, kinds, classes, .. } = before;
    let shape = probability.raw_dim();
    let samples = || SampleMasks::new(clicked.all.samples.samples());
    let mut all = Answers { classes: vec![ClassAnswer { probability, uncertainty, kinds, samples: samples() }] };
    let mut earlier = classes.into_iter();
    let own = |_: &ClassAnswer| {
        let (probability, uncertainty) = earlier.next().map_or_else(
            || (Array3::zeros(shape), Array3::zeros(shape)),
            |class| (class.probability, class.uncertainty),
        );
        let kinds = sampling.kinds.iter().map(|_| Array3::zeros(shape)).collect();
        ClassAnswer { probability, uncertainty, kinds, samples: samples() }
    };
    let mut classes = Answers { classes: clicked.classes.iter().map(own).collect() };
    click::replace_values(&mut all, &Answers { classes: vec![clicked.all.clone()] }, changed, cancel)?;
    click::replace_values(&mut classes, &Answers { classes: clicked.classes }, changed, cancel)?;
    Ok(Whole { all: all.classes.remove(0), classes: classes.classes })
}

/// What the new outlines are chosen by: samples are known where the maps changed.
fn sampled<'a>(whole: &'a Whole, grid: &'a Grid, changed: &'a Array3<bool>, threshold: f64) -> Sampled<'a> {
    let all = std::slice::from_ref(&whole.all);
    let answers = if whole.classes.is_empty() { all } else { &whole.classes };
    let classes = answers.iter().map(|class| &class.probability).collect();
    Sampled {
        maps: ProbabilityMaps { grid, classes, threshold },
        samples: answers.iter().map(|class| &class.samples).collect(),
        known: Some(changed),
    }
}

/// What is known of the new outlines, by their labels.
fn findings(drawn: &[Drawn], outlines: &Outlines, with_clicks: bool) -> Vec<(u32, Finding)> {
    let finding = |label| {
        let known = decide::finding(outlines, label);
        Finding { clicked: known.clicked && with_clicks, ..known }
    };
    drawn.iter().map(|drawn| (drawn.label, finding(drawn.label))).collect()
}

/// The same with what the classifier says of them, where there is one.
fn classified<C: Classifier + ?Sized>(
    mut findings: Vec<(u32, Finding)>,
    parts: &Parts,
    images: &Images<'_>,
    whole: &Whole,
    classifier: Option<&mut C>,
    cancel: &CancelToken,
) -> Result<Vec<(u32, Finding)>> {
    let Some(classifier) = classifier else { return Ok(findings) };
    for (label, finding) in &mut findings {
        let centre = centroid_ijk(&parts.voxels(*label).collect::<Vec<_>>());
        let map = &whole.classes.get(finding.class).unwrap_or(&whole.all).probability;
        if let Some(verdict) = classifier.classify(images, map, &[centre], cancel)?.first() {
            decide::tell(finding, *verdict);
        }
    }
    Ok(findings)
}

/// The earlier nodules that stay, as they were, and the new ones, by rising number; of these the centroid is a canonical one.
fn nodules(
    measured: &Measured<'_>,
    labels: &Array3<u16>,
    (earlier, drawn): (&Segmentation, &[Drawn]),
    findings: &BTreeMap<u16, Finding>,
    cancel: &CancelToken,
) -> Result<Vec<Nodule>> {
    let replaced: BTreeSet<u32> = drawn.iter().flat_map(|drawn| &drawn.replaced).map(|(label, _)| *label).collect();
    let stays = |nodule: &&Nodule| !replaced.contains(&u32::from(nodule.id));
    let mut nodules: Vec<Nodule> = earlier.nodules.iter().filter(stays).cloned().collect();
    nodules.extend(measured.those(labels, |id| findings.get(&id).copied(), cancel)?);
    nodules.sort_by_key(|nodule| nodule.id);
    Ok(nodules)
}
