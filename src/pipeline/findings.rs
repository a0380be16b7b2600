//! From maps to findings: threshold, components, smallest size, search region, judgement, numbering.

use ndarray::{Array3, Array5, Axis, concatenate};

use crate::{
    error::{Error, Result},
    model::{network::Network, spec::ModelSpec},
    progress::{Monitor, Stage},
    stages::{
        components::{Component, Components, Neighbourhood, connected_components},
        judge,
        nodules::Finding,
        windowing::HuWindow,
    },
    volume::{Voi, Volume},
};

/// A finding has to have this share of its voxels in the search region. Nodules at the pleura bulge out of the
/// lungs; what lies mostly outside isn't one.
const INSIDE_SHARE: f64 = 0.3;
/// Patches that are judged in one call.
const PATCHES_A_CALL: usize = 16;
/// How far from a voxel that was asked for its nodule may be, in mm.
const AT_REACH_MM: f64 = 5.0;
/// Lowest threshold that is tried at a voxel that was asked for.
const AT_LOWEST_THRESHOLD: f64 = 0.05;
/// The thresholds that are tried there, as shares of the highest probability within reach: half, as an edge is drawn;
/// more where that runs into another finding.
const AT_SHARES: [f64; 4] = [0.5, 0.625, 0.75, 0.875];

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
    /// Voxels that were asked for, canonical i, j, k.
    pub at: &'a [[usize; 3]],
    /// Mean probability above which a voxel belongs to a nodule.
    pub threshold: f64,
}

/// One finding on its way to a number.
struct Candidate {
    component: Component,
    finding: Finding,
}

/// Finds, judges and numbers.
///
/// # Errors
/// [`Error::Cancelled`], [`Error::Inference`], or [`Error::Option`] when there are more findings than numbers.
pub fn find<N: Network>(
    evidence: &Evidence<'_>,
    spec: &ModelSpec,
    network: &mut N,
    monitor: &mut Monitor<'_>,
) -> Result<Findings> {
    monitor.step(Stage::Nodules, 0, 4)?;
    let mut components = components_above(evidence, evidence.threshold);
    let usual = components.list.len();
    lower_threshold_at(evidence, &mut components, monitor)?;
    monitor.step(Stage::Nodules, 1, 4)?;
    let asked: Vec<Option<u32>> = evidence.at.iter().map(|at| nearest(evidence, &components, *at)).collect();
    let large_enough = spec.decision.min_volume_mm3 / evidence.ct.grid.voxel_mm3();
    let inside = inside_shares(&components, evidence.search);
    monitor.check()?;
    let all = components.list.len();
    let list = std::mem::take(&mut components.list).into_iter().filter(|c| {
        asked.contains(&Some(c.label))
            || (c.voxels as f64 >= large_enough && inside[c.label as usize - 1] >= INSIDE_SHARE)
    });
    let mut candidates = judged(evidence, spec, &components, list.collect(), network, monitor)?;
    monitor.step(Stage::Nodules, 2, 4)?;
    let lowest = spec.judge.as_ref().map_or(0.0, |j| j.threshold);
    candidates.retain(|c| {
        asked.contains(&Some(c.component.label)) || c.finding.nodule_probability.is_none_or(|p| p >= lowest)
    });
    for candidate in &mut candidates {
        candidate.finding.below_threshold = candidate.component.label as usize > usual;
    }
    let dropped = all - candidates.len();
    number(evidence, &components, candidates, &asked, dropped)
}

fn components_above(evidence: &Evidence<'_>, threshold: f64) -> Components {
    let mask = evidence.probability.mapv(|p| f64::from(p) > threshold);
    connected_components(&mask, Neighbourhood::All26)
}

/// Where nothing was found at a voxel that was asked for, adds what a lower threshold finds there.
fn lower_threshold_at(evidence: &Evidence<'_>, components: &mut Components, monitor: &Monitor<'_>) -> Result<()> {
    for at in evidence.at {
        if nearest(evidence, components, *at).is_some() {
            continue;
        }
        let highest = within_reach(evidence, *at).map(|index| evidence.probability[index]).fold(0.0, f32::max);
        if AT_SHARES[0] * f64::from(highest) < AT_LOWEST_THRESHOLD {
            continue;
        }
        let mut outlined = Vec::new();
        for share in AT_SHARES {
            monitor.check()?;
            let lower = components_above(evidence, share * f64::from(highest));
            let Some(label) = nearest(evidence, &lower, *at) else { continue };
            outlined = voxels(&lower, &lower.list[label as usize - 1]).collect();
            if outlined.iter().all(|index| components.labels[*index] == 0) {
                break;
            }
            // Another finding's flank: if no higher threshold sets it apart, what lies within reach is what was meant.
            outlined = within_reach(evidence, *at).filter(|index| lower.labels[*index] == label).collect();
        }
        components.add(&outlined);
    }
    Ok(())
}

/// Array indices within reach of voxel `at`, the nearest first.
fn within_reach(evidence: &Evidence<'_>, at: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    let grid = &evidence.ct.grid;
    let reach = |axis: usize| (AT_REACH_MM / grid.spacing_mm[axis]) as usize;
    let voi = Voi { start: at, end: at.map(|v| v + 1) }.grown([reach(0), reach(1), reach(2)], grid.dims);
    let distance = |index: [usize; 3]| -> f64 {
        (0..3).map(|axis| ((index[2 - axis] as f64 - at[axis] as f64) * grid.spacing_mm[axis]).powi(2)).sum()
    };
    let all = voi.indices().map(|index| (distance(index), index));
    let mut near: Vec<_> = all.filter(|(d, _)| *d <= AT_REACH_MM.powi(2)).collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    near.into_iter().map(|(_, index)| index)
}

fn nearest(evidence: &Evidence<'_>, components: &Components, at: [usize; 3]) -> Option<u32> {
    within_reach(evidence, at).map(|index| components.labels[index]).find(|label| *label != 0)
}

/// For each component, the share of its voxels in the search region.
fn inside_shares(components: &Components, search: &Array3<bool>) -> Vec<f64> {
    let mut inside = vec![0usize; components.list.len()];
    for (label, searched) in components.labels.iter().zip(search) {
        if *label != 0 && *searched {
            inside[*label as usize - 1] += 1;
        }
    }
    inside.iter().zip(&components.list).map(|(n, c)| *n as f64 / c.voxels as f64).collect()
}

fn judged<N: Network>(
    evidence: &Evidence<'_>,
    spec: &ModelSpec,
    components: &Components,
    list: Vec<Component>,
    network: &mut N,
    monitor: &mut Monitor<'_>,
) -> Result<Vec<Candidate>> {
    let Some(judge) = &spec.judge else {
        let unjudged = |component| Candidate { component, finding: Finding::default() };
        return Ok(list.into_iter().map(unjudged).collect());
    };
    let window = HuWindow::new(spec.input.window_hu);
    let mut probabilities = Vec::with_capacity(list.len());
    for some in list.chunks(PATCHES_A_CALL) {
        monitor.check()?;
        let patches: Vec<Array5<f32>> = some
            .iter()
            .map(|c| judge::patch(judge, window, evidence.ct, evidence.probability, centroid_ijk(components, c)))
            .collect();
        let views: Vec<_> = patches.iter().map(|p| p.view()).collect();
        let batch = concatenate(Axis(0), &views).expect("patches share one shape");
        let logits = network.judge(batch, monitor.cancel_token())?;
        probabilities.extend(logits.into_iter().map(|logit| judge.probability(logit)));
    }
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

/// Array indices of a component's voxels.
fn voxels<'a>(components: &'a Components, component: &Component) -> impl Iterator<Item = [usize; 3]> + use<'a> {
    let label = component.label;
    component.voi.indices().filter(move |index| components.labels[*index] == label)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Grid;

    /// Probabilities in a row of voxels of 1 mm, in the middle of a volume.
    struct Row {
        ct: Volume<f32>,
        probability: Array3<f32>,
        search: Array3<bool>,
    }

    const THRESHOLD: f64 = 0.5;

    impl Row {
        fn new(row: &[f32]) -> Self {
            let ct = Volume::new(Grid::axial([row.len(), 3, 3], [1.0; 3]), Array3::zeros([3, 3, row.len()]));
            let mut probability = Array3::zeros([3, 3, row.len()]);
            row.iter().enumerate().for_each(|(i, p)| probability[[1, 1, i]] = *p);
            Row { search: ct.voxels.mapv(|_| true), ct, probability }
        }

        /// The components with what was asked for at voxel `i`.
        fn asked(&self, i: usize) -> Components {
            let (at, threshold) = (&[[i, 1, 1]], THRESHOLD);
            let Row { ct, probability, search } = self;
            let evidence = Evidence { ct, probability, search, at, threshold };
            let mut components = components_above(&evidence, threshold);
            lower_threshold_at(&evidence, &mut components, &Monitor::silent()).unwrap();
            for component in &components.list {
                let own = components.labels.mapv(|label| label == component.label);
                assert_eq!(own.iter().filter(|own| **own).count(), component.voxels, "voxels are those of the label");
                assert_eq!(Voi::around(&own), Some(component.voi));
            }
            components
        }
    }

    fn labels(components: &Components) -> Vec<u32> {
        components.labels.slice(ndarray::s![1, 1, ..]).to_vec()
    }

    #[test]
    fn lower_threshold_at_a_faint_spot_outlines_it_to_half_its_height() {
        let found = Row::new(&[0.0, 0.0, 0.1, 0.3, 0.4, 0.2, 0.0, 0.0]).asked(4);
        assert_eq!(labels(&found), [0, 0, 0, 1, 1, 0, 0, 0]);
    }

    #[test]
    fn lower_threshold_at_a_spot_beside_a_finding_is_told_apart_at_the_saddle() {
        let row = Row::new(&[0.9, 0.9, 0.3, 0.22, 0.22, 0.22, 0.22, 0.3, 0.4, 0.3, 0.1]);
        assert_eq!(labels(&row.asked(8)), [1, 1, 0, 0, 0, 0, 0, 2, 2, 2, 0]);
    }

    #[test]
    fn lower_threshold_at_a_finding_s_flank_outlines_what_lies_within_reach() {
        let mut row = vec![0.9; 3];
        row.extend([0.3; 14]);
        let found = Row::new(&row).asked(10);
        let expected = [vec![1; 3], vec![0; 2], vec![2; 11], vec![0]].concat();
        assert_eq!(labels(&found), expected);
    }
}
