use super::*;
use crate::{geometry::Grid, stages::statistics::Uncertainty};

/// One nodule with every voxel of `labels` probability 0.9, doubt 0.5, HU -10, found alike by every sample.
struct Scene {
    ct: Volume<f32>,
    probability: Array3<f32>,
    uncertainty: Array3<f32>,
    labels: Array3<u16>,
    samples: SampleMasks,
}

impl Scene {
    fn new(dims: [usize; 3], spacing_mm: [f64; 3], inside: impl Fn([f64; 3]) -> bool) -> Self {
        let grid = Grid::axial(dims, spacing_mm);
        let labels = Array3::from_shape_fn(grid.shape(), |(k, j, i)| {
            u16::from(inside([i as f64 * spacing_mm[0], j as f64 * spacing_mm[1], k as f64 * spacing_mm[2]]))
        });
        let mut samples = SampleMasks::new(2);
        for (index, _) in labels.iter().enumerate().filter(|(_, id)| **id > 0) {
            samples.push(index as u32, &[0b11]);
        }
        samples.finish();
        Scene {
            ct: Volume::new(grid, labels.mapv(|id| if id > 0 { -10.0 } else { -850.0 })),
            probability: labels.mapv(|id| if id > 0 { 0.9 } else { 0.0 }),
            uncertainty: labels.mapv(|id| if id > 0 { 0.5 } else { 0.25 }),
            labels,
            samples,
        }
    }

    fn maps(&self) -> Maps<'_> {
        Maps {
            ct: &self.ct,
            probability: &self.probability,
            uncertainty: &self.uncertainty,
            labels: &self.labels,
            samples: &self.samples,
        }
    }

    fn measured(&self) -> Vec<Nodule> {
        measure(&self.maps(), &[], &ReviewRule::default(), &CancelToken::new()).unwrap()
    }
}

fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    crate::geometry::norm([0, 1, 2].map(|axis: usize| a[axis] - b[axis]))
}

#[test]
fn nodule_sphere_on_anisotropic_voxels_has_its_known_size() {
    let (centre, radius) = ([20.0, 21.0, 20.0], 9.0);
    let scene = Scene::new([60, 70, 40], [0.7, 0.6, 1.0], |p| distance(p, centre) <= radius);
    let nodule = &scene.measured()[0];
    let expected = 4.0 / 3.0 * std::f64::consts::PI * radius.powi(3);
    // Counting voxels of a digitised sphere is off by the order of surface / sqrt(count): below 1 % here.
    assert!((nodule.volume_mm3 / expected - 1.0).abs() < 0.01, "{}", nodule.volume_mm3);
    assert!((nodule.equivalent_diameter_mm - 18.0).abs() < 0.1);
    // Axes are at most one pixel too long.
    assert!((nodule.long_axis_mm - 18.0).abs() < 0.7 && (nodule.short_axis_mm - 18.0).abs() < 0.7, "{nodule:?}");
    let found = nodule.centroid_ijk;
    assert!(distance([found[0] * 0.7, found[1] * 0.6, found[2]], centre) < 0.05);
    assert!(distance(nodule.centroid_ras, scene.ct.grid.ras(found)) < 1e-9);
    assert_eq!((nodule.mean_hu, nodule.detection_rate, nodule.sample_dice), (-10.0, 1.0, 1.0));
    assert!(nodule.uncertainty_mean < 0.5 && nodule.uncertainty_mean > 0.25, "the rim counts");
    assert!(!nodule.review, "{:?}", nodule.review_reasons);
}

#[test]
fn nodule_rotated_ellipse_has_its_long_and_short_axis() {
    for degrees in [0.0f64, 17.0, 45.0, 90.0, 133.0] {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let inside = |[x, y, z]: [f64; 3]| {
            let (x, y) = (x - 25.0, y - 25.0);
            let (along, across) = (x * cos + y * sin, y * cos - x * sin);
            z < 1.5 && (along / 10.0).powi(2) + (across / 4.0).powi(2) <= 1.0
        };
        let scene = Scene::new([100, 72, 4], [0.5, 0.7, 1.0], inside);
        let nodule = &scene.measured()[0];
        assert!((nodule.long_axis_mm - 20.0).abs() < 0.9, "{degrees}: {}", nodule.long_axis_mm);
        assert!((nodule.short_axis_mm - 8.0).abs() < 0.9, "{degrees}: {}", nodule.short_axis_mm);
    }
}

#[test]
fn nodule_of_one_voxel_has_the_size_of_a_voxel() {
    let scene = Scene::new([5, 5, 5], [0.7, 0.7, 2.0], |p| distance(p, [1.4, 1.4, 4.0]) < 0.1);
    let nodule = &scene.measured()[0];
    assert!((nodule.volume_mm3 - 0.98).abs() < 1e-9);
    assert!(nodule.long_axis_mm >= 0.7 && nodule.long_axis_mm < 1.0);
}

#[test]
fn nodule_at_the_edge_of_the_scan_is_to_be_reviewed() {
    let scene = Scene::new([10, 10, 10], [1.0; 3], |p| p[2] < 0.5 && distance(p, [5.0, 5.0, 0.0]) < 2.5);
    let nodule = &scene.measured()[0];
    assert!(nodule.review && nodule.review_reasons[0].contains("edge of the scan"));
}

#[test]
fn nodule_volume_and_dice_of_unequal_samples_are_those_worked_out_by_hand() {
    // Label: 4 voxels in a row. Sample 0 marks 2 of them; sample 1 all 4 and 2 more; sample 2 only a far voxel.
    let mut scene = Scene::new([20, 3, 3], [1.0; 3], |[x, y, z]| y == 1.0 && z == 1.0 && (4.0..8.0).contains(&x));
    let index = |i: usize| ((3 + 1) * 20 + i) as u32;
    scene.samples = SampleMasks::new(3);
    let marked = [(4, 0b011), (5, 0b011), (6, 0b010), (7, 0b010), (8, 0b010), (9, 0b010), (15, 0b100)];
    for (i, bits) in marked {
        scene.samples.push(index(i), &[bits]);
    }
    scene.samples.finish();
    let nodule = &scene.measured()[0];
    // Volumes 0, 2, 6: type-7 quantiles at positions 0.1, 1 and 1.9.
    assert!((nodule.volume_mm3_p05 - 0.2).abs() < 1e-9);
    assert!((nodule.volume_mm3_p50 - 2.0).abs() < 1e-9);
    assert!((nodule.volume_mm3_p95 - 5.6).abs() < 1e-9);
    // Pairs: (2 of 2 and 6) 4/8; with an empty outline 0.
    assert!((nodule.sample_dice - 0.5 / 3.0).abs() < 1e-9);
    assert!((nodule.detection_rate - 2.0 / 3.0).abs() < 1e-9);
}

#[test]
fn nodule_samples_of_a_neighbouring_nodule_do_not_count() {
    let mut scene = Scene::new([20, 3, 3], [1.0; 3], |[x, y, z]| y == 1.0 && z == 1.0 && (4.0..7.0).contains(&x));
    (8..12).for_each(|i| scene.labels[[1, 1, i]] = 2);
    scene.samples = SampleMasks::new(1);
    (4..12).for_each(|i| scene.samples.push(((3 + 1) * 20 + i) as u32, &[1]));
    scene.samples.finish();
    let nodules = scene.measured();
    // Voxel 7 lies between the labels and touches both; each label's own voxels are its own.
    assert_eq!((nodules[0].volume_mm3_p50, nodules[1].volume_mm3_p50), (4.0, 5.0));
}

#[test]
fn nodule_outlines_beyond_the_first_200_samples_are_counted_but_not_compared() {
    let mut scene = Scene::new([20, 3, 3], [1.0; 3], |[x, y, z]| y == 1.0 && z == 1.0 && (4.0..8.0).contains(&x));
    // Sample 200 and all that follow outline nothing.
    scene.samples = SampleMasks::new(1000);
    let mut bits = vec![u64::MAX; 3];
    bits.push(0xff);
    bits.resize(16, 0);
    (4..8).for_each(|i| scene.samples.push(((3 + 1) * 20 + i) as u32, &bits));
    scene.samples.finish();
    let nodule = &scene.measured()[0];
    assert_eq!((nodule.sample_dice, nodule.detection_rate), (1.0, 0.2));
}

#[test]
fn measure_ends_when_it_is_cancelled() {
    let scene = Scene::new([5, 5, 5], [1.0; 3], |p| distance(p, [2.0; 3]) < 1.5);
    let token = CancelToken::new();
    token.cancel();
    let ended = measure(&scene.maps(), &[], &ReviewRule::default(), &token);
    assert_eq!(ended.unwrap_err().name(), "E_CANCELLED");
}

#[test]
fn review_rule_gives_a_reason_for_each_bound_that_is_broken() {
    let scene = Scene::new([12, 12, 12], [1.0; 3], |p| distance(p, [6.0; 3]) < 3.0);
    let nodule =
        Nodule { nodule_probability: Some(0.3), sample_dice: 0.5, detection_rate: 0.8, ..scene.measured()[0].clone() };
    let rule = ReviewRule {
        sample_dice_below: Some(0.7),
        detection_rate_below: Some(0.9),
        nodule_probability_below: Some(0.5),
        uncertainty_mean_above: Some(0.1),
    };
    for other in [Uncertainty::Variance, Uncertainty::MutualInformation] {
        assert_eq!(rule.under(other), ReviewRule { uncertainty_mean_above: None, ..rule.clone() });
    }
    assert_eq!(rule.under(Uncertainty::Entropy), rule);
    let voi = Voi { start: [3; 3], end: [10; 3] };
    let asked = Finding { below_threshold: true, ..Finding::default() };
    let reasons = rule.reasons(&nodule, asked, &voi, &scene.ct.grid).join("\n");
    for part in
        ["outlined where asked", "Dice 0.50, below 0.70", "80 % of the samples", "probability 0.30", "above 0.10"]
    {
        assert!(reasons.contains(part), "{reasons}");
    }
}
