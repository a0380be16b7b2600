//! From the detector's answer to the places that are segmented.
//!
//! Enters: a probability map of the search region. Leaves: the candidates that the classifier lets stay, and boxes around them.

use ndarray::Array3;

use super::outlines::{Parts, components_above, voxels};
use crate::{
    contract::model::Candidates as Rule,
    error::Result,
    networks::{
        clicks::Clicks,
        images::Images,
        roles::{Classifier, Verdict},
    },
    progress::CancelToken,
    space::volume::Voi,
    steps::components::{Component, Components},
    warning::Warning,
};

/// A place where a nodule may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Array indices of its voxels.
    pub voxels: Vec<[usize; 3]>,
    /// The smallest box around them.
    pub voi: Voi,
    /// What the classifier says of it; `None` without one.
    pub verdict: Option<Verdict>,
}

/// The places that are segmented.
#[derive(Debug)]
pub struct Candidates {
    /// Those that stay, the likeliest first.
    pub kept: Vec<Candidate>,
    /// How many were dropped: they are no nodules by the classifier, or more than the bundle wants.
    pub dropped: usize,
    /// How many of the dropped nobody looked at, since they are more than the bundle wants.
    pub left_out: usize,
}

/// Components of `detected` above the rule's threshold, the likeliest of them classified; those of at least `lowest` P(nodule)
/// stay.
///
/// # Errors
/// As [`Classifier::classify`].
pub fn find<C: Classifier + ?Sized>(
    images: &Images<'_>,
    detected: &Array3<f32>,
    rule: Rule,
    classifier: Option<&mut C>,
    lowest: Option<f64>,
    cancel: &CancelToken,
) -> Result<Candidates> {
    let components = components_above(detected, rule.threshold, cancel)?;
    let found = components.list.len();
    let mut kept = likeliest(&components, detected, rule.most);
    let left_out = found - kept.len();
    if let Some(classifier) = classifier {
        let centres: Vec<[f64; 3]> = kept.iter().map(|candidate| centroid_ijk(&candidate.voxels)).collect();
        let verdicts = classifier.classify(images, detected, &centres, cancel)?;
        kept.iter_mut().zip(verdicts).for_each(|(candidate, verdict)| candidate.verdict = Some(verdict));
    }
    kept.retain(|candidate| stays(candidate.verdict.map(|verdict| verdict.nodule), lowest));
    Ok(Candidates { dropped: found - kept.len(), kept, left_out })
}

/// Whether P(nodule) is high enough; without a classifier everything stays.
pub fn stays(nodule_probability: Option<f64>, lowest: Option<f64>) -> bool {
    nodule_probability.zip(lowest).is_none_or(|(p, lowest)| p >= lowest)
}

/// At most `most` components, those of the highest mean probability first.
fn likeliest(components: &Components, probability: &Array3<f32>, most: usize) -> Vec<Candidate> {
    let candidate = |component: &Component| {
        let voxels: Vec<[usize; 3]> = voxels(components, component).collect();
        let mean = voxels.iter().map(|index| f64::from(probability[*index])).sum::<f64>() / voxels.len() as f64;
        (mean, Candidate { voxels, voi: component.voi, verdict: None })
    };
    let mut all: Vec<_> = components.list.iter().map(candidate).collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all.truncate(most);
    all.into_iter().map(|(_, candidate)| candidate).collect()
}

/// Mean voxel index (i, j, k) of voxels, which are array indices.
pub fn centroid_ijk(voxels: &[[usize; 3]]) -> [f64; 3] {
    let mut sum = [0.0; 3];
    for [k, j, i] in voxels {
        for (axis, index) in [i, j, k].into_iter().enumerate() {
            sum[axis] += *index as f64;
        }
    }
    sum.map(|s| s / voxels.len() as f64)
}

impl Candidates {
    /// A warning where there were more candidates than the bundle wants.
    pub fn warning(&self) -> Option<Warning> {
        let (left_out, found) = (self.left_out, self.kept.len() + self.dropped);
        (left_out > 0).then_some(Warning::CandidatesLeftOut { left_out, found })
    }

    /// Boxes around the candidates, larger on each side by the whole voxels in `margin_mm`.
    pub fn region(&self, images: &Images<'_>, margin_mm: f64) -> Array3<bool> {
        let grid = images.grid;
        let mut region = Array3::from_elem(grid.shape(), false);
        let boxes = self.kept.iter().map(|candidate| candidate.voi.grown(grid.steps(margin_mm), grid.dims));
        boxes.for_each(|voi| voi.fill(&mut region));
        region
    }

    /// Their centres as clicks inside: the voxels nearest to their centroids.
    pub fn as_clicks(&self) -> Clicks {
        let centre = |candidate: &Candidate| centroid_ijk(&candidate.voxels).map(|index| index.round() as usize);
        Clicks { inside: self.kept.iter().map(centre).collect(), outside: Vec::new() }
    }

    /// For each outline (by label less 1) the candidate that it touches, of several that of the highest P(nodule); `None` where
    /// it touches none. An outline touches a candidate where their voxels are the same or neighbours (26).
    pub fn touched_by(&self, parts: &Parts) -> Vec<Option<Touched>> {
        let labels = &parts.components.labels;
        let mut touched: Vec<Option<Touched>> = vec![None; parts.components.list.len()];
        let (depth, height, width) = labels.dim();
        for candidate in &self.kept {
            let near = candidate.voxels.iter().flat_map(|[k, j, i]| {
                let voi = Voi::voxel([*i, *j, *k]).grown([1; 3], [width, height, depth]);
                voi.indices()
            });
            for label in near.map(|index| labels[index]).filter(|label| *label != 0) {
                let entry = &mut touched[label as usize - 1];
                let p = |verdict: Option<Verdict>| verdict.map(|verdict| verdict.nodule);
                if entry.is_none_or(|known| p(known.verdict) < p(candidate.verdict)) {
                    *entry = Some(Touched { verdict: candidate.verdict });
                }
            }
        }
        touched
    }
}

/// The candidate that an outline touches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Touched {
    /// What the classifier says of it; `None` without one.
    pub verdict: Option<Verdict>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{pipeline::outlines::ProbabilityMaps, space::grid::Grid};

    /// P(nodule) is the place along i, in tenths.
    struct ByPlace;

    impl Classifier for ByPlace {
        fn classify(
            &mut self,
            _: &Images<'_>,
            _: &Array3<f32>,
            centres_ijk: &[[f64; 3]],
            _: &CancelToken,
        ) -> Result<Vec<Verdict>> {
            Ok(centres_ijk.iter().map(|[i, _, _]| Verdict::of_nodule(i / 10.0)).collect())
        }
    }

    fn row(values: &[f32]) -> Array3<f32> {
        Array3::from_shape_vec((1, 1, values.len()), values.to_vec()).unwrap()
    }

    fn candidates(values: &[f32], most: usize, lowest: Option<f64>) -> (Candidates, Array3<bool>) {
        let (grid, detected) = (Grid::axial([values.len(), 1, 1], [2.0; 3]), row(values));
        let images = Images { grid: &grid, channels: Vec::new() };
        let (rule, mut classifier) = (Rule { threshold: 0.2, most, margin_mm: 3.0 }, ByPlace);
        let found =
            find(&images, &detected, rule, lowest.map(|_| &mut classifier), lowest, &CancelToken::new()).unwrap();
        let region = found.region(&images, rule.margin_mm);
        (found, region)
    }

    /// Columns of the candidates, and how many were dropped.
    fn found(values: &[f32], most: usize, lowest: Option<f64>) -> (Vec<Vec<usize>>, usize, Array3<bool>) {
        let (found, region) = candidates(values, most, lowest);
        let columns = |candidate: &Candidate| candidate.voxels.iter().map(|[_, _, i]| *i).collect();
        (found.kept.iter().map(columns).collect(), found.dropped, region)
    }

    const VALUES: [f32; 10] = [0.0, 0.3, 0.3, 0.0, 0.9, 0.0, 0.5, 0.1, 0.0, 0.25];

    #[test]
    fn find_takes_the_likeliest_components_first_and_no_more_than_the_bundle_wants() {
        assert_eq!(found(&VALUES, 9, None).0, [vec![4], vec![6], vec![1, 2], vec![9]]);
        let (kept, dropped, region) = found(&VALUES, 2, None);
        assert_eq!((kept, dropped), (vec![vec![4], vec![6]], 2));
        // 3 mm are one whole voxel of 2 mm.
        let held: Vec<usize> = (0..10).filter(|i| region[[0, 0, *i]]).collect();
        assert_eq!(held, (3..8).collect::<Vec<_>>());
    }

    #[test]
    fn find_drops_what_the_classifier_calls_no_nodule() {
        // P(nodule) 0.15, 0.4, 0.6, 0.9.
        assert_eq!(found(&VALUES, 9, Some(0.5)).0, [vec![6], vec![9]]);
    }

    #[test]
    fn warning_counts_candidates_that_nobody_looked_at() {
        assert_eq!(candidates(&VALUES, 4, Some(0.5)).0.warning(), None);
        // The classifier saw two of the four, and dropped one of them.
        let warning = candidates(&VALUES, 2, Some(0.5)).0.warning();
        assert_eq!(warning, Some(Warning::CandidatesLeftOut { left_out: 2, found: 4 }));
    }

    #[test]
    fn touched_by_takes_the_highest_probability_of_candidates_on_or_beside_an_outline() {
        let candidate = |i: usize, p: f64| Candidate {
            voxels: vec![[0, 0, i]],
            voi: Voi::voxel([i, 0, 0]),
            verdict: Some(Verdict::of_nodule(p)),
        };
        let kept = vec![candidate(0, 0.3), candidate(2, 0.8), candidate(4, 0.5)];
        let candidates = Candidates { kept, dropped: 0, left_out: 0 };
        let (grid, probability) =
            (Grid::axial([9, 1, 1], [1.0; 3]), row(&[0.9, 0.9, 0.0, 0.0, 0.0, 0.9, 0.0, 0.9, 0.0]));
        let maps = ProbabilityMaps { grid: &grid, classes: vec![&probability], threshold: 0.5 };
        let outlines = maps.outlines(&[], &CancelToken::new()).unwrap();
        let touched: Vec<Option<f64>> =
            candidates.touched_by(&outlines.parts).iter().map(|t| Some(t.as_ref()?.verdict?.nodule)).collect();
        assert_eq!(touched, [Some(0.8), Some(0.5), None]);
    }
}
