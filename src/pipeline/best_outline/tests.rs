use proptest::prelude::*;

use super::*;
use crate::{
    space::grid::Grid,
    steps::components::{Neighbourhood, connected_components},
};

/// A volume of voxels of 1 mm with findings, maps and samples.
struct Scene {
    grid: Grid,
    classes: Vec<Array3<f32>>,
    samples: SampleMasks,
    threshold: f64,
    labels: Array3<u16>,
}

impl Scene {
    /// A row with these probabilities; sample n sees the columns of the n-th range. Findings are numbered along the row.
    fn row(row: &[f32], samples: &[std::ops::Range<usize>]) -> Self {
        let bits = |i: usize| samples.iter().enumerate().map(|(s, seen)| u64::from(seen.contains(&i)) << s).sum();
        let probability = Array3::from_shape_vec((1, 1, row.len()), row.to_vec()).unwrap();
        Self::new(probability, samples.len(), (0..row.len()).map(bits), 0.5)
    }

    fn new(probability: Array3<f32>, samples: usize, bits: impl Iterator<Item = u64>, threshold: f64) -> Self {
        let (depth, height, width) = probability.dim();
        let mut masks = SampleMasks::new(samples);
        bits.enumerate().filter(|(_, bits)| *bits > 0).for_each(|(index, bits)| masks.push(index as u32, &[bits]));
        masks.finish();
        let mask = probability.mapv(|p| f64::from(p) > threshold);
        let found = connected_components(&mask, Neighbourhood::All26, &CancelToken::new()).unwrap();
        Scene {
            grid: Grid::axial([width, height, depth], [1.0; 3]),
            classes: vec![probability],
            samples: masks,
            threshold,
            labels: found.labels.mapv(|label| label as u16),
        }
    }

    fn outline(&mut self, id: u16) -> Option<Best> {
        self.outline_where(id, None)
    }

    fn outline_where(&mut self, id: u16, known: Option<&Array3<bool>>) -> Option<Best> {
        let classes = self.classes.iter().collect();
        let maps = ProbabilityMaps { grid: &self.grid, classes, threshold: self.threshold };
        let samples = self.classes.iter().map(|_| &self.samples).collect();
        let voi = Voi::around(&self.labels.mapv(|label| label == id)).expect("a finding");
        Sampled { maps, samples, known }.outline(&mut self.labels, (id, 0), &voi, &CancelToken::new()).unwrap()
    }

    fn row_labels(&self) -> Vec<u16> {
        self.labels.iter().copied().collect()
    }
}

const HILL: [f32; 10] = [0.0, 0.1, 0.3, 0.6, 0.8, 0.8, 0.6, 0.3, 0.1, 0.0];

#[test]
fn outline_of_samples_that_see_more_grows_to_the_one_that_agrees_best() {
    let mut scene = Scene::row(&HILL, &[2..8, 2..8, 3..7]);
    // Six voxels: Dice 1, 1 and 8 / 10; the four above 0.5: 8 / 10, 8 / 10 and 1; eight: 12 / 14, 12 / 14 and 8 / 12.
    assert_eq!(scene.outline(1), Some(Best { threshold: 0.3, voxels: 6 }));
    assert_eq!(scene.row_labels(), [0, 0, 1, 1, 1, 1, 1, 1, 0, 0]);
}

#[test]
fn outline_of_samples_that_see_less_shrinks_to_the_one_that_agrees_best() {
    let mut scene = Scene::row(&HILL, &[4..6, 4..6, 3..7]);
    // Two voxels: Dice 1, 1 and 4 / 6; the four: 4 / 6, 4 / 6 and 1.
    assert_eq!(scene.outline(1), Some(Best { threshold: 0.625, voxels: 2 }));
    assert_eq!(scene.row_labels(), [0, 0, 0, 0, 1, 1, 0, 0, 0, 0]);
}

#[test]
fn outline_that_all_samples_see_stays_at_the_usual_threshold_even_between_those_that_are_tried() {
    let mut scene =
        Scene::new(Array3::from_shape_vec((1, 1, 3), vec![0.428, 0.44, 0.9]).unwrap(), 1, [0, 1, 1].into_iter(), 0.43);
    assert_eq!(scene.outline(1), Some(Best { threshold: 0.43, voxels: 2 }));
    assert_eq!(scene.row_labels(), [0, 1, 1]);
}

#[test]
fn outline_never_takes_another_finding_s_voxels() {
    let mut scene = Scene::row(&[0.9, 0.9, 0.4, 0.4, 0.9, 0.9, 0.4], &[0..7, 0..7]);
    assert_eq!(scene.row_labels(), [1, 1, 0, 0, 2, 2, 0]);
    assert_eq!(scene.outline(1).map(|best| best.voxels), Some(4));
    assert_eq!(scene.outline(2).map(|best| best.voxels), Some(3));
    assert_eq!(scene.row_labels(), [1, 1, 1, 1, 2, 2, 2]);
}

#[test]
fn outline_never_takes_what_does_not_hang_together_with_it_at_its_threshold() {
    // All that is above 0.3 would agree best, but for the saddle of 0.2.
    let mut scene = Scene::row(&[0.9, 0.4, 0.2, 0.4, 0.4, 0.4], &[0..6, 0..2]);
    // Two voxels: 4 / 8 and 1; six: 1 and 4 / 8; with equal Dice the threshold nearer to the usual one.
    assert_eq!(scene.outline(1).map(|best| best.voxels), Some(2));
    assert_eq!(scene.row_labels(), [1, 1, 0, 0, 0, 0]);
}

#[test]
fn outline_that_falls_asunder_keeps_its_largest_part() {
    let mut scene = Scene::row(&[0.9, 0.6, 0.9, 0.9, 0.6, 0.9], &[2..4, 2..4]);
    assert_eq!(scene.outline(1).map(|best| best.voxels), Some(2));
    assert_eq!(scene.row_labels(), [0, 0, 1, 1, 0, 0]);
}

#[test]
fn outline_of_which_no_sample_has_a_voxel_stays() {
    let mut scene = Scene::row(&[0.0, 0.6, 0.6, 0.3], &[0..0, 0..1]);
    assert_eq!(scene.outline(1), None);
    assert_eq!(scene.row_labels(), [0, 1, 1, 0]);
}

#[test]
fn outline_goes_no_farther_than_samples_are_known_nor_where_nothing_was_segmented() {
    let row = [0.9, 0.4, 0.4, 0.4, 0.0, 0.4];
    let mut scene = Scene::row(&row, &[0..6, 0..6]);
    let known = Array3::from_shape_fn((1, 1, 6), |(_, _, i)| i < 3);
    assert_eq!(scene.outline_where(1, Some(&known)).map(|best| best.voxels), Some(3));
    // Beyond the segmented region the probability is 0.
    let mut scene = Scene::row(&row, &[0..6, 0..6]);
    assert_eq!(scene.outline(1).map(|best| best.voxels), Some(4));
}

#[test]
fn outline_goes_no_farther_than_its_samples_outlines_may() {
    let mut row = vec![0.4; 30];
    row[0] = 0.9;
    let mut scene = Scene::row(&row, &[0..30, 0..30]);
    // 10 mm beyond the finding.
    assert_eq!(scene.outline(1).map(|best| best.voxels), Some(11));
}

#[test]
fn outline_of_two_classes_leaves_the_other_class_its_voxels() {
    let mut scene = Scene::row(&[0.9, 0.4, 0.4, 0.4], &[0..4, 0..4]);
    scene.classes.push(Array3::from_shape_vec((1, 1, 4), vec![0.0, 0.0, 0.45, 0.0]).unwrap());
    assert_eq!(scene.outline(1).map(|best| best.voxels), Some(2));
}

#[test]
fn outline_of_balls_of_many_sizes_has_nearly_their_median_volume() {
    let radius = |s: usize| 6.0 * (1.0 + 0.02 * (s as f64 - 12.0));
    let inside = |[k, j, i]: [usize; 3], s: usize| {
        [k, j, i].map(|x| (x as f64 - 14.0).powi(2)).iter().sum::<f64>() <= radius(s).powi(2)
    };
    let bits = |index: [usize; 3]| (0..25).map(|s| u64::from(inside(index, s)) << s).sum::<u64>();
    let all = Voi { start: [0; 3], end: [29; 3] };
    let probability =
        Array3::from_shape_vec((29, 29, 29), all.indices().map(|at| bits(at).count_ones() as f32 / 25.0).collect());
    for threshold in [0.2, 0.5, 0.8] {
        let mut scene = Scene::new(probability.clone().unwrap(), 25, all.indices().map(bits), threshold);
        let best = scene.outline(1).unwrap();
        let median = all.indices().filter(|at| inside(*at, 12)).count() as f64;
        // Between two balls of the row lie 6 % of the volume, and the mean of their volumes is above the median.
        assert!((best.voxels as f64 / median - 1.0).abs() < 0.1, "{threshold}: {best:?}, median {median}");
    }
}

/// Mean Dice of a set with the samples' outlines of label 1 in `labels`.
fn agreement_of(scene: &Scene, labels: &Array3<u16>, set: &Array3<bool>) -> f64 {
    let voi = Voi::around(&labels.mapv(|label| label == 1)).unwrap();
    let territory = Territory::around(labels, 1, &voi, &scene.grid);
    let places: Vec<[usize; 3]> = territory.voi.indices().collect();
    let size = set.iter().filter(|inside| **inside).count();
    let dice = |s: usize| {
        let outline = territory.held(&scene.samples).outline(s, &CancelToken::new()).unwrap();
        let common = outline.iter().filter(|voxel| set[places[**voxel as usize]]).count();
        2.0 * common as f64 / (size + outline.len()) as f64
    };
    (0..scene.samples.samples()).map(dice).sum::<f64>() / scene.samples.samples() as f64
}

proptest! {
    #[test]
    fn outline_of_any_maps_agrees_at_least_as_well_as_every_other_threshold_s(
        probability in prop::collection::vec(0.0f32..1.0, 4 * 5 * 9),
        bits in prop::collection::vec(0u64..32, 4 * 5 * 9),
        threshold in 0.3..0.7f64,
    ) {
        let mut map = Array3::from_shape_vec((4, 5, 9), probability).unwrap();
        // Two findings, whatever else there is.
        map.slice_mut(ndarray::s![.., .., 4]).fill(0.0);
        (map[[1, 2, 1]], map[[1, 2, 7]]) = (0.9, 0.9);
        let mut scene = Scene::new(map.clone(), 5, bits.into_iter(), threshold);
        // Only these two are findings: what else is above the threshold was dropped.
        let (one, two) = (scene.labels[[1, 2, 1]], scene.labels[[1, 2, 7]]);
        scene.labels.mapv_inplace(|label| u16::from(label == one) + 2 * u16::from(label == two));
        let before = scene.labels.clone();
        let best = scene.outline(1);
        let is = |labels: &Array3<u16>, id: u16| labels.mapv(|label| label == id);
        prop_assert_eq!(is(&before, 2), is(&scene.labels, 2), "the other finding is as it was");
        let own = is(&scene.labels, 1);
        let parts = connected_components(&own, Neighbourhood::All26, &CancelToken::new()).unwrap();
        prop_assert_eq!(parts.list.len(), 1, "it hangs together");
        let Some(best) = best else { return Ok(()) };
        prop_assert!(own.indexed_iter().all(|(at, own)| !own || f64::from(map[at]) > best.threshold));
        prop_assert_eq!(own.iter().filter(|own| **own).count(), best.voxels);
        let got = agreement_of(&scene, &before, &own);
        let lowest = before.indexed_iter().filter(|(_, label)| **label == 1).map(|(at, _)| f64::from(map[at])).fold(1.0, f64::min);
        for t in thresholds(threshold).into_iter().filter(|t| *t < lowest) {
            let mask = Array3::from_shape_fn(map.dim(), |at| f64::from(map[at]) > t && before[at] != 2);
            let parts = connected_components(&mask, Neighbourhood::All26, &CancelToken::new()).unwrap();
            let other = parts.labels.mapv(|label| label == parts.labels[[1, 2, 1]]);
            prop_assert!(agreement_of(&scene, &before, &other) <= got + 1e-12, "{t} is better than {}", best.threshold);
        }
    }
}
