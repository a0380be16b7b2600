//! From outlines to findings: smallest size, search region, classifier, the outlines that are shown, micronodules, numbering.

use ndarray::Array3;

use super::{
    best_outline::Sampled,
    candidates::{Candidates, centroid_ijk, stays},
    outlines::{Outlines, Parts, ProbabilityMaps, voxels},
};
use crate::{
    contract::model::Model,
    error::{Error, Result},
    findings::nodule::{Finding, Nodule, equivalent_diameter_mm},
    networks::{
        images::Images,
        roles::{Classifier, Verdict},
    },
    progress::{CancelToken, Monitor, Stage},
    steps::components::Component,
    threads::share,
};

/// A finding has to have this share of its voxels in the search region. Nodules at the pleura bulge out of the
/// lungs; what lies mostly outside isn't one.
const INSIDE_SHARE: f64 = 0.3;

/// Findings, numbered by falling volume, micronodules behind the others.
#[derive(Debug)]
pub struct Findings {
    /// 1..=N, 0 elsewhere.
    pub labels: Array3<u16>,
    /// How many of them are shown; those with higher numbers are micronodules.
    pub shown: usize,
    /// What is known of finding 1..=N.
    pub list: Vec<Finding>,
    /// Components that the classifier or the smallest volume dropped.
    pub dropped: usize,
    /// For each click inside: the finding there, if any.
    pub clicks: Vec<Option<u16>>,
}

impl Findings {
    /// Takes the micronodules out of the label map and of `nodules`, which are those of all findings.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub fn set_apart(&mut self, nodules: &mut Vec<Nodule>, cancel: &CancelToken) -> Result<Vec<Nodule>> {
        if self.shown == self.list.len() {
            return Ok(Vec::new());
        }
        for mut slice in self.labels.outer_iter_mut() {
            cancel.check()?;
            slice.mapv_inplace(|id| if usize::from(id) > self.shown { 0 } else { id });
        }
        self.list.truncate(self.shown);
        let apart = nodules.split_off(self.shown);
        Ok(apart.into_iter().map(|nodule| Nodule { id: 0, ..nodule }).collect())
    }
}

/// What findings are made from.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// The channels.
    pub images: &'a Images<'a>,
    /// For each class the mean probability that its outlines were found by: the detector's, where there is one.
    pub probability: Vec<&'a Array3<f32>>,
    /// Where nodules are searched.
    pub search: &'a Array3<bool>,
    /// What the detector found; `None` without one.
    pub candidates: Option<&'a Candidates>,
    /// Lowest P(nodule) that stays, where there is a classifier.
    pub classify_threshold: Option<f64>,
    /// What outlines are chosen by; `None`: those of the usual threshold stay.
    pub sampled: Option<Sampled<'a>>,
    /// Equivalent diameter in mm below which a finding is a micronodule.
    pub min_diameter_mm: f64,
}

/// One outline on its way to a number.
struct Kept {
    component: Component,
    finding: Finding,
}

/// Sorts out, classifies and numbers.
///
/// # Errors
/// As [`Classifier::classify`], or [`Error::Option`] when there are more findings than numbers.
pub fn find<C: Classifier + ?Sized>(
    evidence: &Evidence<'_>,
    outlines: &Outlines,
    model: &Model,
    classifier: Option<&mut C>,
    monitor: &mut Monitor<'_>,
) -> Result<Findings> {
    monitor.step(Stage::Nodules, 1, 4)?;
    let Outlines { parts, asked, .. } = outlines;
    let is_asked = |label: u32| asked.contains(&Some(label));
    let large_enough = model.decision.min_volume_mm3 / evidence.images.grid.voxel_mm3();
    let inside = inside_shares(parts, evidence.search, monitor)?;
    let touched = evidence.candidates.map(|candidates| candidates.touched_by(parts));
    let at = |label: u32| label as usize - 1;
    let touches = |label: u32| touched.as_ref().is_none_or(|touched| touched[at(label)].is_some());
    let there = || parts.components.list.iter().filter(|component| component.voxels > 0);
    let kept = there().filter(|c| {
        let is_finding = c.voxels as f64 >= large_enough && inside[at(c.label)] >= INSIDE_SHARE && touches(c.label);
        is_asked(c.label) || is_finding
    });
    let mut kept: Vec<Kept> = kept.map(|c| Kept { component: *c, finding: finding(outlines, c.label) }).collect();
    if let Some(touched) = &touched {
        for Kept { component, finding } in &mut kept {
            if let Some(verdict) = touched[at(component.label)].and_then(|touched| touched.verdict) {
                tell(finding, verdict);
            }
        }
    }
    if let Some(classifier) = classifier {
        classify(evidence, parts, &mut kept, classifier, monitor.cancel_token())?;
    }
    monitor.step(Stage::Nodules, 2, 4)?;
    kept.retain(|k| is_asked(k.component.label) || stays(k.finding.nodule_probability, evidence.classify_threshold));
    let dropped = there().count() - kept.len() + evidence.candidates.map_or(0, |candidates| candidates.dropped);
    kept.sort_by_key(|k| (std::cmp::Reverse(k.component.voxels), k.component.label));
    let mut labels = numbered(parts, &kept)?;
    if let Some(sampled) = &evidence.sampled {
        outline_best(&mut labels, &mut kept, sampled, monitor)?;
    }
    let voxel_mm3 = evidence.images.grid.voxel_mm3();
    let is_small = |k: &Kept| {
        let diameter_mm = equivalent_diameter_mm(k.component.voxels as f64 * voxel_mm3);
        diameter_mm < evidence.min_diameter_mm && !is_asked(k.component.label)
    };
    let shown = arrange(&mut labels, &mut kept, is_small, monitor)?;
    let id_of = |label: &u32| kept.iter().zip(1u16..).find(|(k, _)| k.component.label == *label).map(|(_, id)| id);
    Ok(Findings {
        labels,
        shown,
        clicks: asked.iter().map(|label| label.as_ref().and_then(id_of)).collect(),
        list: kept.iter().map(|k| k.finding).collect(),
        dropped,
    })
}

/// What is known of an outline before it is classified.
pub fn finding(outlines: &Outlines, label: u32) -> Finding {
    Finding {
        class: outlines.parts.class(label),
        nodule_probability: None,
        readers_share: None,
        below_threshold: outlines.lowered.contains(&label),
        clicked: outlines.clicked.contains(&label),
        outline_threshold: None,
    }
}

/// Takes down what the classifier says of a finding.
pub fn tell(finding: &mut Finding, verdict: Verdict) {
    (finding.nodule_probability, finding.readers_share) = (Some(verdict.nodule), verdict.marked);
}

/// For each component, the share of its voxels in the search region.
fn inside_shares(parts: &Parts, search: &Array3<bool>, monitor: &Monitor<'_>) -> Result<Vec<f64>> {
    let cancel = monitor.cancel_token();
    share(&parts.components.list, |component| {
        cancel.check()?;
        let inside = voxels(&parts.components, component).filter(|index| search[*index]).count();
        Ok(inside as f64 / component.voxels as f64)
    })
}

/// Asks the classifier about those of which it hasn't said anything yet, class by class.
fn classify<C: Classifier + ?Sized>(
    evidence: &Evidence<'_>,
    parts: &Parts,
    kept: &mut [Kept],
    classifier: &mut C,
    cancel: &CancelToken,
) -> Result<()> {
    for (class, probability) in evidence.probability.iter().enumerate() {
        let open = |k: &&mut Kept| k.finding.class == class && k.finding.nodule_probability.is_none();
        let mut open: Vec<&mut Kept> = kept.iter_mut().filter(open).collect();
        let centre = |k: &&mut Kept| centroid_ijk(&parts.voxels(k.component.label).collect::<Vec<_>>());
        let centres: Vec<[f64; 3]> = open.iter().map(centre).collect();
        let verdicts = classifier.classify(evidence.images, probability, &centres, cancel)?;
        open.iter_mut().zip(verdicts).for_each(|(k, verdict)| tell(&mut k.finding, verdict));
    }
    Ok(())
}

/// The label map, numbered in the order of `kept`.
fn numbered(parts: &Parts, kept: &[Kept]) -> Result<Array3<u16>> {
    if kept.len() > usize::from(u16::MAX) {
        return Err(too_many(kept.len()));
    }
    let mut labels = Array3::zeros(parts.components.labels.raw_dim());
    for (k, id) in kept.iter().zip(1u16..) {
        parts.voxels(k.component.label).for_each(|index| labels[index] = id);
    }
    Ok(labels)
}

/// Gives each finding, numbered in the order of `kept`, the outline that agrees best with its samples, the largest first: it
/// leaves the others their voxels.
fn outline_best(
    labels: &mut Array3<u16>,
    kept: &mut [Kept],
    sampled: &Sampled<'_>,
    monitor: &Monitor<'_>,
) -> Result<()> {
    for (Kept { component, finding }, id) in kept.iter_mut().zip(1u16..) {
        let best = sampled.outline(labels, (id, finding.class), &component.voi, monitor.cancel_token())?;
        if let Some(best) = best {
            component.voxels = best.voxels;
            finding.outline_threshold = Some(best.threshold);
        }
    }
    Ok(())
}

/// Numbers findings anew, in `labels` and in the order of `kept`: those that aren't small by falling volume, behind them the
/// others. How many aren't.
fn arrange(
    labels: &mut Array3<u16>,
    kept: &mut Vec<Kept>,
    is_small: impl Fn(&Kept) -> bool,
    monitor: &Monitor<'_>,
) -> Result<usize> {
    let mut order: Vec<(Kept, u16)> = kept.drain(..).zip(1u16..).collect();
    order.sort_by_key(|(k, _)| (is_small(k), std::cmp::Reverse(k.component.voxels), k.component.label));
    let mut number = vec![0; order.len() + 1];
    order.iter().zip(1u16..).for_each(|((_, old), new)| number[usize::from(*old)] = new);
    if !number.is_sorted() {
        for mut slice in labels.outer_iter_mut() {
            monitor.check()?;
            slice.mapv_inplace(|old| number[usize::from(old)]);
        }
    }
    kept.extend(order.into_iter().map(|(k, _)| k));
    Ok(kept.iter().filter(|k| !is_small(k)).count())
}

/// More findings than numbers.
pub fn too_many(findings: usize) -> Error {
    Error::Option {
        option: "threshold",
        got: format!("so low that there are {findings} findings"),
        expected: format!("a higher probability: a label map holds {} numbers", u16::MAX),
    }
}

/// The findings of a model whose output is regions: each class is one, with the number of its place. Nothing is dropped.
///
/// # Errors
/// [`Error::Cancelled`].
pub fn regions(maps: &ProbabilityMaps<'_>, cancel: &CancelToken) -> Result<Findings> {
    let mut labels = Array3::zeros(maps.grid.shape());
    for (k, mut slice) in labels.outer_iter_mut().enumerate() {
        cancel.check()?;
        for ((j, i), label) in slice.indexed_iter_mut() {
            *label = maps.class_at([k, j, i], maps.threshold).map_or(0, |class| class as u16 + 1);
        }
    }
    let finding = |class| Finding { class, ..Finding::default() };
    let list: Vec<Finding> = (0..maps.classes.len()).map(finding).collect();
    Ok(Findings { labels, shown: list.len(), list, dropped: 0, clicks: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{contract::bundle, networks::clicks::Clicks, space::grid::Grid, steps::sample_masks::SampleMasks};

    /// P(nodule) is the place along i, in hundredths; takes note of how many it is asked about.
    struct ByPlace(usize);

    impl Classifier for ByPlace {
        fn classify(
            &mut self,
            _: &Images<'_>,
            _: &Array3<f32>,
            centres_ijk: &[[f64; 3]],
            _: &CancelToken,
        ) -> Result<Vec<Verdict>> {
            self.0 += centres_ijk.len();
            Ok(centres_ijk.iter().map(|[i, _, _]| Verdict::of_nodule(i / 100.0)).collect())
        }
    }

    /// A bundle that drops what is smaller than 2 voxels of 1 mm³.
    fn model() -> Model {
        let json = include_bytes!("../../tests/bundles/tiny-doubt/model.json");
        let mut model = bundle::parse("test".as_ref(), json).expect("a committed bundle");
        model.decision.min_volume_mm3 = 2.0;
        model
    }

    struct Row {
        grid: Grid,
        probability: Array3<f32>,
        search: Array3<bool>,
    }

    impl Row {
        fn new(values: &[f32], searched: std::ops::Range<usize>) -> Self {
            let grid = Grid::axial([values.len(), 1, 1], [1.0; 3]);
            let probability = Array3::from_shape_vec((1, 1, values.len()), values.to_vec()).unwrap();
            let search = Array3::from_shape_fn(grid.shape(), |(_, _, i)| searched.contains(&i));
            Row { grid, probability, search }
        }

        /// The findings with clicks at these columns; P(nodule) has to be 0.05 at least.
        fn found(
            &self,
            clicks: &[usize],
            candidates: Option<&Candidates>,
            classifier: Option<&mut ByPlace>,
        ) -> Findings {
            self.found_from(0.0, None, clicks, candidates, classifier)
        }

        /// The same; what is smaller than `min_diameter_mm` is a micronodule, and outlines are chosen by `samples`.
        fn found_from(
            &self,
            min_diameter_mm: f64,
            samples: Option<&SampleMasks>,
            clicks: &[usize],
            candidates: Option<&Candidates>,
            classifier: Option<&mut ByPlace>,
        ) -> Findings {
            let images = Images { grid: &self.grid, channels: Vec::new() };
            let clicks = Clicks { inside: clicks.iter().map(|i| [*i, 0, 0]).collect(), outside: Vec::new() };
            let maps = ProbabilityMaps { grid: &self.grid, classes: vec![&self.probability], threshold: 0.5 };
            let outlines = maps.outlines(&clicks.inside, &CancelToken::new()).unwrap();
            let evidence = Evidence {
                images: &images,
                probability: vec![&self.probability],
                search: &self.search,
                candidates,
                classify_threshold: Some(0.05),
                sampled: samples.map(|samples| Sampled { maps: maps.clone(), samples: vec![samples], known: None }),
                min_diameter_mm,
            };
            find(&evidence, &outlines, &model(), classifier, &mut Monitor::silent()).unwrap()
        }
    }

    fn labels(found: &Findings) -> Vec<u16> {
        found.labels.iter().copied().collect()
    }

    /// Outlines at 0 to 1, 3 (one voxel), 6 to 8 and 10 to 13.
    const VALUES: [f32; 14] = [0.9, 0.9, 0.0, 0.9, 0.0, 0.0, 0.9, 0.9, 0.9, 0.0, 0.9, 0.9, 0.9, 0.9];

    #[test]
    fn find_numbers_by_falling_volume_and_drops_what_is_small_or_outside() {
        // Of the largest one voxel of four is searched, of that at 6 all.
        let found = Row::new(&VALUES, 0..11).found(&[], None, None);
        assert_eq!(labels(&found), [2, 2, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0]);
        assert_eq!((found.list.len(), found.dropped), (2, 2));
    }

    #[test]
    fn find_keeps_what_was_clicked_on_whatever_speaks_against_it() {
        let mut classifier = ByPlace(0);
        let found = Row::new(&VALUES, 4..9).found(&[3, 12], None, Some(&mut classifier));
        assert_eq!(labels(&found), [0, 0, 0, 3, 0, 0, 2, 2, 2, 0, 1, 1, 1, 1]);
        assert_eq!(found.clicks, [Some(3), Some(1)]);
        // P(nodule) 0.03 is too low, and it is said.
        assert_eq!(found.list[2].nodule_probability, Some(0.03));
        assert_eq!(classifier.0, 3);
    }

    #[test]
    fn find_drops_what_the_classifier_calls_no_nodule() {
        let found = Row::new(&VALUES, 0..14).found(&[], None, Some(&mut ByPlace(0)));
        assert_eq!(labels(&found), [0, 0, 0, 0, 0, 0, 2, 2, 2, 0, 1, 1, 1, 1]);
    }

    #[test]
    fn find_with_a_detector_keeps_what_touches_a_candidate_and_takes_its_probability() {
        let row = Row::new(&VALUES, 0..14);
        let candidate = crate::pipeline::candidates::Candidate {
            voxels: vec![[0, 0, 7]],
            voi: crate::space::volume::Voi::voxel([7, 0, 0]),
            verdict: Some(Verdict { nodule: 0.75, marked: Some(0.5) }),
        };
        let candidates = Candidates { kept: vec![candidate], dropped: 5, left_out: 0 };
        let mut classifier = ByPlace(0);
        let found = row.found(&[11], Some(&candidates), Some(&mut classifier));
        assert_eq!(labels(&found), [0, 0, 0, 0, 0, 0, 2, 2, 2, 0, 1, 1, 1, 1]);
        // The one that was clicked on touches no candidate: the classifier is asked about it, and about nothing else.
        let said = found.list.iter().map(|f| (f.nodule_probability, f.readers_share));
        assert_eq!(said.collect::<Vec<_>>(), [(Some(0.115), None), (Some(0.75), Some(0.5))]);
        assert_eq!((classifier.0, found.dropped), (1, 7));
    }

    #[test]
    fn find_puts_what_is_smaller_than_the_smallest_diameter_behind_the_others_but_never_what_was_clicked_on() {
        // Spheres of 2, 3 and 4 mm³ have 1.56, 1.79 and 1.97 mm.
        let row = Row::new(&VALUES, 0..14);
        let found = row.found_from(1.8, None, &[], None, None);
        assert_eq!((labels(&found), found.shown), (vec![3, 3, 0, 0, 0, 0, 2, 2, 2, 0, 1, 1, 1, 1], 1));
        // One voxel at 3, and two at 0, were clicked on.
        let mut found = row.found_from(1.8, None, &[3, 0], None, None);
        assert_eq!(labels(&found), [2, 2, 0, 3, 0, 0, 4, 4, 4, 0, 1, 1, 1, 1]);
        assert_eq!((found.shown, &found.clicks[..]), (3, &[Some(3), Some(2)][..]));
        let nodule = |id: u16| Nodule::unmeasured(id, [[0.0; 3]; 2], 1.0);
        let mut nodules: Vec<Nodule> = (1..=4).map(nodule).collect();
        let apart = found.set_apart(&mut nodules, &CancelToken::new()).unwrap();
        assert_eq!(labels(&found), [2, 2, 0, 3, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
        assert_eq!(nodules.iter().map(|n| n.id).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(apart.iter().map(|n| n.id).collect::<Vec<_>>(), [0]);
        assert_eq!(row.found_from(0.0, None, &[], None, None).shown, 3);
    }

    #[test]
    fn find_with_samples_numbers_by_the_volumes_of_the_outlines_that_agree_best_with_them() {
        let row = Row::new(&[0.9, 0.9, 0.4, 0.0, 0.0, 0.8, 0.8, 0.4, 0.4, 0.4], 0..10);
        // The one sample sees 0 to 1 and 5 to 9.
        let mut samples = SampleMasks::new(1);
        [0, 1, 5, 6, 7, 8, 9].iter().for_each(|i| samples.push(*i, &[1]));
        samples.finish();
        let found = row.found_from(0.0, Some(&samples), &[], None, None);
        assert_eq!(labels(&found), [2, 2, 0, 0, 0, 1, 1, 1, 1, 1]);
        // Above 0.4 in single precision there is no more than that.
        assert_eq!(found.list.iter().map(|f| f.outline_threshold).collect::<Vec<_>>(), [Some(0.4), Some(0.5)]);
        // By the usual threshold both have two voxels: too small for 1.6 mm; the one that grew isn't.
        assert_eq!(row.found_from(1.6, Some(&samples), &[], None, None).shown, 1);
        assert_eq!(row.found_from(1.6, None, &[], None, None).shown, 0);
    }

    #[test]
    fn regions_number_classes_by_their_place() {
        let row = Row::new(&[0.9, 0.6, 0.0, 0.9], 0..1);
        let other = Array3::from_shape_vec((1, 1, 4), vec![0.0, 0.7, 0.2, 0.8]).unwrap();
        let maps = ProbabilityMaps { grid: &row.grid, classes: vec![&row.probability, &other], threshold: 0.5 };
        let found = regions(&maps, &CancelToken::new()).unwrap();
        assert_eq!(labels(&found), [1, 2, 0, 1]);
        assert_eq!(found.list.iter().map(|f| f.class).collect::<Vec<_>>(), [0, 1]);
    }
}
