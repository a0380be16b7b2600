//! From outlines to findings: smallest size, search region, judgement, numbering.

use ndarray::Array3;

use crate::pipeline::outlines::{Outlines, voxels};
use crate::{
    contract::model::Model,
    error::{Error, Result},
    findings::nodule::Finding,
    networks::{images::Images, roles::Classifier},
    progress::{Monitor, Stage},
    space::volume::Volume,
    steps::components::{Component, Components},
};

/// A finding has to have this share of its voxels in the search region. Nodules at the pleura bulge out of the
/// lungs; what lies mostly outside isn't one.
const INSIDE_SHARE: f64 = 0.3;

/// Findings, numbered by falling volume.
#[derive(Debug)]
pub struct Findings {
    /// 1..=N, 0 elsewhere.
    pub labels: Array3<u16>,
    /// What is known of finding 1..=N.
    pub list: Vec<Finding>,
    /// Components that the judge or the smallest volume dropped.
    pub dropped: usize,
    /// For each voxel asked for: the finding there, if any.
    pub at: Vec<Option<u16>>,
}

/// What findings are made from.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// HU.
    pub ct: &'a Volume<f32>,
    /// Mean probability.
    pub probability: &'a Array3<f32>,
    /// Where nodules are searched.
    pub search: &'a Array3<bool>,
    /// Mean probability above which a voxel belongs to a nodule.
    pub threshold: f64,
    /// Lowest P(nodule) that stays, where there is a judge.
    pub judge_threshold: Option<f64>,
}

/// One finding on its way to a number.
struct Candidate {
    component: Component,
    finding: Finding,
}

/// Sorts out, judges and numbers.
///
/// # Errors
/// [`Error::Cancelled`], [`Error::Inference`], or [`Error::Option`] when there are more findings than numbers.
pub fn find(
    evidence: &Evidence<'_>,
    outlines: &Outlines,
    spec: &Model,
    classifier: Option<&mut dyn Classifier>,
    monitor: &mut Monitor<'_>,
) -> Result<Findings> {
    monitor.step(Stage::Nodules, 1, 4)?;
    let Outlines { components, asked, .. } = outlines;
    let large_enough = spec.decision.min_volume_mm3 / evidence.ct.grid.voxel_mm3();
    let inside = inside_shares(components, evidence.search, monitor)?;
    let all: Vec<Component> = components.list.iter().filter(|c| c.voxels > 0).copied().collect();
    let kept = all.iter().copied().filter(|c| {
        asked.contains(&Some(c.label))
            || (c.voxels as f64 >= large_enough && inside[c.label as usize - 1] >= INSIDE_SHARE)
    });
    let mut candidates = judged(evidence, spec, components, kept.collect(), classifier, monitor)?;
    monitor.step(Stage::Nodules, 2, 4)?;
    let stays = |c: &Candidate| {
        c.finding.nodule_probability.zip(evidence.judge_threshold).is_none_or(|(p, lowest)| p >= lowest)
    };
    candidates.retain(|c| asked.contains(&Some(c.component.label)) || stays(c));
    for Candidate { component, finding } in &mut candidates {
        finding.below_threshold = outlines.lowered.contains(&component.label);
        finding.clicked = outlines.prompted.contains(&component.label);
    }
    let dropped = all.len() - candidates.len();
    number(evidence, components, candidates, asked, dropped)
}

/// For each component, the share of its voxels in the search region.
fn inside_shares(components: &Components, search: &Array3<bool>, monitor: &Monitor<'_>) -> Result<Vec<f64>> {
    let mut inside = vec![0usize; components.list.len()];
    for (labels, search) in components.labels.outer_iter().zip(search.outer_iter()) {
        monitor.check()?;
        for (label, _) in labels.iter().zip(search).filter(|(label, searched)| **label != 0 && **searched) {
            inside[*label as usize - 1] += 1;
        }
    }
    Ok(inside.iter().zip(&components.list).map(|(n, c)| *n as f64 / c.voxels as f64).collect())
}

fn judged(
    evidence: &Evidence<'_>,
    spec: &Model,
    components: &Components,
    list: Vec<Component>,
    classifier: Option<&mut dyn Classifier>,
    monitor: &mut Monitor<'_>,
) -> Result<Vec<Candidate>> {
    let Some(classifier) = classifier else {
        let unjudged = |component| Candidate { component, finding: Finding::default() };
        return Ok(list.into_iter().map(unjudged).collect());
    };
    let normalised = spec.channels.iter().map(|channel| (&evidence.ct.voxels, channel.normalise));
    let images = Images::new(&evidence.ct.grid, normalised, monitor.cancel_token())?;
    let centres: Vec<_> = list.iter().map(|component| centroid_ijk(components, component)).collect();
    let probabilities = classifier.classify(&images, evidence.probability, &centres, monitor.cancel_token())?;
    let judged = |(component, p)| {
        let finding = Finding { nodule_probability: Some(p), ..Finding::default() };
        Candidate { component, finding }
    };
    Ok(list.into_iter().zip(probabilities).map(judged).collect())
}

/// Mean voxel index (i, j, k) of a component.
fn centroid_ijk(components: &Components, component: &Component) -> [f64; 3] {
    let mut sum = [0.0; 3];
    for [k, j, i] in voxels(components, component) {
        for (axis, index) in [i, j, k].into_iter().enumerate() {
            sum[axis] += index as f64;
        }
    }
    sum.map(|s| s / component.voxels as f64)
}

fn number(
    evidence: &Evidence<'_>,
    components: &Components,
    mut candidates: Vec<Candidate>,
    asked: &[Option<u32>],
    dropped: usize,
) -> Result<Findings> {
    if candidates.len() > usize::from(u16::MAX) {
        return Err(Error::Option {
            option: "threshold",
            got: format!("{} ({} findings)", evidence.threshold, candidates.len()),
            expected: format!("a higher probability: a label map holds {} numbers", u16::MAX),
        });
    }
    candidates.sort_by_key(|c| (std::cmp::Reverse(c.component.voxels), c.component.label));
    let mut labels = Array3::zeros(evidence.probability.raw_dim());
    for (candidate, id) in candidates.iter().zip(1u16..) {
        voxels(components, &candidate.component).for_each(|index| labels[index] = id);
    }
    let id_of =
        |label: &u32| candidates.iter().zip(1u16..).find(|(c, _)| c.component.label == *label).map(|(_, id)| id);
    Ok(Findings {
        labels,
        at: asked.iter().map(|label| label.as_ref().and_then(id_of)).collect(),
        list: candidates.iter().map(|c| c.finding).collect(),
        dropped,
    })
}
