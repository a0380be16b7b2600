use crate::{
    contract::{
        classes::{Class, Code},
        uncertainty::{Regressions, ReviewRule, UncertaintyModel, WidenedSamples},
    },
    findings::VolumeLimits,
};
use proptest::prelude::*;

use crate::findings::{canonical::Canonical, nodule::*};
use crate::{
    contract::uncertainty::Uncertainty,
    space::{grid::Grid, volume::Volume},
    steps::sample_masks::SampleMasks,
};

/// One nodule with every voxel of `labels` probability 0.9, uncertainty 0.5, HU -10, found alike by every sample.
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

    fn maps(&self) -> Canonical<'_> {
        Canonical {
            ct: &self.ct,
            probability: &self.probability,
            uncertainty: &self.uncertainty,
            labels: &self.labels,
            samples: &self.samples,
        }
    }

    fn measured(&self) -> Vec<Nodule> {
        self.measured_under(None, Finding::default())
    }

    fn measured_under(&self, uncertainty: Option<&UncertaintyModel>, finding: Finding) -> Vec<Nodule> {
        let rules =
            Rules { review: &ReviewRule::default(), uncertainty, classes: &classes(), hounsfield: true, lungs: None };
        measure(&self.maps(), &[finding], rules, &CancelToken::new()).unwrap()
    }
}

fn classes() -> [Class; 2] {
    ["nodule", "mass"].map(|name| Class { name: name.into(), code: Some(Code::nodule()), colour: [0; 3] })
}

fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    crate::space::grid::norm([0, 1, 2].map(|axis: usize| a[axis] - b[axis]))
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

/// A ball of 9 mm radius with the HU that `hu` gives for the distance from its centre, in lung.
fn ball(hu: impl Fn(f64) -> f32) -> Scene {
    let centre = [12.0; 3];
    let mut scene = Scene::new([30, 24, 25], [0.8, 1.0, 1.0], |p| distance(p, centre) <= 9.0);
    let labels = &scene.labels;
    for (index, value) in scene.ct.voxels.indexed_iter_mut().filter(|(index, _)| labels[*index] > 0) {
        let (k, j, i) = index;
        *value = hu(distance([i as f64 * 0.8, j as f64, k as f64], centre));
    }
    scene
}

/// The volume of those of its voxels that are not farther than `mm` from its centre.
fn inner_mm3(scene: &Scene, mm: f64) -> f64 {
    let near = |(k, j, i): (usize, usize, usize)| distance([i as f64 * 0.8, j as f64, k as f64], [12.0; 3]) <= mm;
    0.8 * scene.labels.indexed_iter().filter(|(index, id)| **id > 0 && near(*index)).count() as f64
}

#[test]
fn texture_of_made_balls_is_what_they_are_made_of() {
    let textures = |hu: &dyn Fn(f64) -> f32| ball(hu).measured()[0].texture;
    assert_eq!(textures(&|_| -10.0), "solid");
    // Its last mm is below -300 HU, as a blurred edge.
    assert_eq!(textures(&|mm| if mm > 8.0 { -500.0 } else { 20.0 }), "solid");
    assert_eq!(textures(&|_| -600.0), "ground glass");
    assert_eq!(textures(&|mm| if mm <= 5.0 { 20.0 } else { -600.0 }), "part-solid");
    // 3 of 9 mm are 4 % of the volume.
    assert_eq!(textures(&|mm| if mm <= 3.0 { 20.0 } else { -600.0 }), "ground glass");
}

#[test]
fn solid_part_is_the_largest_that_is_connected_and_has_its_known_size() {
    // A core of 5 mm, and a shell of single voxels that is thinner than a voxel's diagonal: it touches the core nowhere.
    let scene = ball(|mm| if mm <= 5.0 || (8.8..9.0).contains(&mm) { 20.0 } else { -600.0 });
    let nodule = &scene.measured()[0];
    assert_eq!(nodule.solid_volume_mm3, Some(inner_mm3(&scene, 5.0)));
    assert!((nodule.solid_mean_diameter_mm.unwrap() - 10.0).abs() <= 0.9, "{nodule:?}");
    let none = &ball(|_| -600.0).measured()[0];
    assert_eq!((none.solid_volume_mm3, none.solid_mean_diameter_mm), (Some(0.0), Some(0.0)));
}

#[test]
fn mass_is_volume_times_density() {
    for (hu, density) in [(0.0, 1.0), (-600.0, 0.4), (50.0, 1.05)] {
        let nodule = &ball(|_| hu).measured()[0];
        assert!((nodule.mass_mg.unwrap() - nodule.volume_mm3 * density).abs() < 1e-9, "{hu}");
    }
}

#[test]
fn calcium_and_fat_are_voxels_of_their_hu_and_fat_at_the_edge_is_none() {
    let scene = ball(|mm| if mm <= 3.0 { 200.0 } else { 199.0 });
    assert_eq!(scene.measured()[0].calcium_mm3, Some(inner_mm3(&scene, 3.0)));
    assert_eq!(scene.measured()[0].fat_mm3, Some(0.0));
    // Beyond 8.6 mm of a ball of 9 mm a neighbour lies outside: on one axis a step of 0.8 mm leads out by 0.46 mm at least.
    let scene = ball(|mm| if mm <= 3.0 || mm > 8.6 { -80.0 } else { -30.0 });
    assert_eq!(scene.measured()[0].fat_mm3, Some(inner_mm3(&scene, 3.0)));
}

#[test]
fn solid_nodule_of_three_thick_slices_with_blurred_ends_is_solid() {
    let mut scene = Scene::new([20, 20, 7], [0.8, 0.8, 5.0], |p| distance([p[0], p[1], 8.0], [8.0; 3]) < 4.0);
    scene.labels.index_axis_mut(ndarray::Axis(0), 0).fill(0);
    for k in [1, 5, 6] {
        scene.ct.voxels.index_axis_mut(ndarray::Axis(0), k).fill(-500.0);
    }
    scene.labels.index_axis_mut(ndarray::Axis(0), 6).fill(0);
    assert_eq!(scene.measured()[0].texture, "solid");
}

#[test]
fn nodule_in_values_that_are_no_hu_has_no_texture_and_no_mass() {
    let scene = ball(|_| 20.0);
    let rules = Rules {
        review: &ReviewRule::default(),
        uncertainty: None,
        classes: &classes(),
        hounsfield: false,
        lungs: None,
    };
    let nodule = &measure(&scene.maps(), &[Finding::default()], rules, &CancelToken::new()).unwrap()[0];
    assert_eq!((nodule.texture, nodule.solid_volume_mm3, nodule.mass_mg, nodule.fat_mm3), ("", None, None, None));
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
fn nodule_has_the_name_of_its_findings_class() {
    let scene = Scene::new([5, 5, 5], [1.0; 3], |p| distance(p, [2.0; 3]) < 1.5);
    assert_eq!(scene.measured()[0].class, "nodule");
    assert_eq!(scene.measured_under(None, Finding { class: 1, ..Finding::default() })[0].class, "mass");
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
    assert!((nodule.sample_volume_mm3_p05 - 0.2).abs() < 1e-9);
    assert!((nodule.sample_volume_mm3_p50 - 2.0).abs() < 1e-9);
    assert!((nodule.sample_volume_mm3_p95 - 5.6).abs() < 1e-9);
    assert_eq!(nodule.sample_volumes_mm3, [2.0, 6.0, 0.0], "in the samples' own order");
    // Every voxel of the outline has the same probability, and none beside it has any: nothing speaks for 0.2 or 5.6.
    assert_eq!([nodule.volume_mm3_p05, nodule.volume_mm3_p50, nodule.volume_mm3_p95], [4.0; 3]);
    // The logarithms of 1 (in place of 0), 2 and 6: with a = ln 2 and b = ln 6, the mean square less the squared mean.
    let (a, b) = (2f64.ln(), 6f64.ln());
    let spread = ((a * a + b * b) / 3.0 - ((a + b) / 3.0).powi(2)).sqrt();
    assert!((nodule.volume_spread - spread).abs() < 1e-12, "{}", nodule.volume_spread);
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
    assert_eq!((nodules[0].sample_volume_mm3_p50, nodules[1].sample_volume_mm3_p50), (4.0, 5.0));
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
    let rules =
        Rules { review: &ReviewRule::default(), uncertainty: None, classes: &classes(), hounsfield: true, lungs: None };
    let ended = measure(&scene.maps(), &[], rules, &token);
    assert_eq!(ended.unwrap_err().name(), "E_CANCELLED");
}

#[test]
fn review_rule_gives_a_reason_for_each_bound_that_is_broken() {
    let scene = Scene::new([12, 12, 12], [1.0; 3], |p| distance(p, [6.0; 3]) < 3.0);
    let nodule =
        Nodule { nodule_probability: Some(0.3), sample_dice: 0.5, detection_rate: 0.8, ..scene.measured()[0].clone() };
    let nodule = Nodule { expected_dice: Some(0.62), ..nodule };
    let rule = ReviewRule {
        sample_dice_below: Some(0.7),
        detection_rate_below: Some(0.9),
        nodule_probability_below: Some(0.5),
        uncertainty_mean_above: Some(0.1),
        expected_dice_below: Some(0.7),
    };
    let (own, others) = (Uncertainty::Entropy, [Uncertainty::Variance, Uncertainty::MutualInformation]);
    for other in others {
        assert_eq!(rule.under(other, own), ReviewRule { uncertainty_mean_above: None, ..rule.clone() });
        assert_eq!(rule.under(other, other), rule);
    }
    assert_eq!(rule.under(own, own), rule);
    let voi = Voi { start: [3; 3], end: [10; 3] };
    let asked = Finding { below_threshold: true, ..Finding::default() };
    let reasons = rule.reasons(&nodule, asked, &voi, &scene.ct.grid).join("\n");
    for part in
        ["outlined at a click", "Dice 0.50, below 0.70", "80 % of the samples", "probability 0.30", "above 0.10"]
    {
        assert!(reasons.contains(part), "{reasons}");
    }
    assert!(
        reasons.contains("the outline may be off (expected agreement with the true one 0.62, below 0.70)"),
        "{reasons}"
    );
    let unmodelled = Nodule { expected_dice: None, ..nodule };
    assert!(!rule.reasons(&unmodelled, asked, &voi, &scene.ct.grid).join("\n").contains("expected agreement"));
}

#[test]
fn probability_around_counts_what_lies_within_4_mm_and_belongs_to_no_nodule() {
    // A row of pixels of 0.8 mm: the label is voxels 10 and 11, number 2 begins at 14. Five voxels are just 4 mm.
    let label = |x: f64| (7.9..8.9).contains(&x);
    let mut scene = Scene::new([30, 3, 3], [0.8, 0.8, 5.0], |[x, y, z]| y == 0.8 && z == 5.0 && label(x));
    scene.labels[[1, 1, 14]] = 2;
    let outside = [(4, 0.7), (5, 0.25), (9, 0.125), (12, 0.125), (14, 0.9), (16, 0.5), (17, 0.7)];
    outside.iter().for_each(|(i, p)| scene.probability[[1, 1, *i]] = *p);
    // The next slice is 5 mm away.
    scene.probability[[2, 1, 10]] = 0.6;
    let nodule = &scene.measured()[0];
    assert!((nodule.probability_inside - 0.9).abs() < 1e-6, "single precision of 0.9");
    assert!((nodule.probability_around - (0.25 + 0.125 + 0.125 + 0.5) / 2.0).abs() < 1e-9, "{nodule:?}");
}

/// A sphere that every sample outlines alike, but for one that outlines nothing.
fn unsure() -> Scene {
    let mut scene = Scene::new([24, 24, 24], [1.0; 3], |p| distance(p, [12.0; 3]) < 5.0);
    scene.samples = SampleMasks::new(4);
    let labels = scene.labels.iter().enumerate().filter(|(_, id)| **id > 0);
    labels.for_each(|(index, _)| scene.samples.push(index as u32, &[0b0111]));
    scene.samples.finish();
    scene.probability[[12, 12, 18]] = 0.5;
    scene
}

#[test]
fn uncertainty_model_weighs_the_features_in_their_order() {
    let scene = unsure();
    let finding = Finding { nodule_probability: Some(0.8), ..Finding::default() };
    let plain = &scene.measured_under(None, finding)[0];
    let voxels = plain.volume_mm3;
    // Three samples of `voxels`, one that counts as 1: the spread of {a, a, a, 0} is a sqrt(3) / 4.
    let spread = voxels.ln() * 3f64.sqrt() / 4.0;
    let diameter = (6.0 * voxels / std::f64::consts::PI).cbrt();
    let inside = f64::from(0.9f32);
    // Of six pairs of samples three hold the empty one.
    let x = [1.0, inside.ln(), (0.5 / voxels).ln_1p(), spread, 1.0 / diameter, 0.5, 4f64.ln()];
    for (n, feature) in x.into_iter().enumerate() {
        let one = |scale: f64| std::array::from_fn(|m| if m == n { scale } else { 0.0 });
        let model = models([one(-0.1), one(0.2), one(1.5)]);
        let expected = model.fitted(plain).unwrap();
        // Sums of a few hundred double precision numbers; the probability is single precision of 0.9.
        for (got, c) in expected.volume_mm3.into_iter().zip([-0.1, 0.2]) {
            let wanted = voxels * f64::exp(c * feature);
            assert!((got / wanted - 1.0).abs() < 1e-9, "feature {n}: {got} {wanted}");
        }
        let dice = 1.0 / (1.0 + (-1.5 * feature).exp());
        assert!((expected.dice - dice).abs() < 1e-9, "feature {n}");
        // What the samples alone say stays.
        let nodule = &scene.measured_under(Some(&model), finding)[0];
        let samples = |n: &Nodule| [n.sample_volume_mm3_p05, n.sample_volume_mm3_p50, n.sample_volume_mm3_p95];
        assert_eq!(samples(nodule), samples(plain));
        assert_eq!(nodule.expected_dice, Some(expected.dice));
    }
    assert_eq!(plain.expected_dice, None);
}

/// Linear models of the lower end, the upper end, and the Dice.
fn models([low, high, dice]: [[f64; 7]; 3]) -> UncertaintyModel {
    let (volume_low, volume_high, dice) = (Some(low), Some(high), Some(dice));
    UncertaintyModel { level: 0.9, samples: None, volume_low, volume_high, dice, clicked: None }
}

/// The samples alone, widened.
fn widened(widen: f64) -> UncertaintyModel {
    let samples = Some(WidenedSamples { widen });
    UncertaintyModel { level: 0.9, samples, volume_low: None, volume_high: None, dice: None, clicked: None }
}

#[test]
fn uncertainty_model_sees_no_classifier_as_even_odds_and_a_sure_one_as_odds_cut_off() {
    let scene = unsure();
    let of_classifier = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0];
    let model = models([of_classifier, [0.0; 7], [0.0; 7]]);
    for (p, log_odds) in [(None, 0.0), (Some(0.5), 0.0), (Some(1.0), 6.0), (Some(0.0), -6.0), (Some(0.999), 6.0)] {
        let finding = Finding { nodule_probability: p, ..Finding::default() };
        let nodule = &scene.measured_under(None, finding)[0];
        let low = model.fitted(nodule).unwrap().volume_mm3[0];
        assert!((low / nodule.volume_mm3 - f64::exp(log_odds)).abs() < 1e-9 * f64::exp(6.0), "{p:?}");
    }
}

#[test]
fn uncertainty_model_of_clicked_outlines_is_their_own_and_without_one_the_samples_speak() {
    let mut scene = graded();
    scene.samples = SampleMasks::new(1);
    (4..10).for_each(|i| scene.samples.push(((3 + 1) * 30 + i) as u32, &[1]));
    scene.samples.finish();
    let (constant, with_clicks) =
        (|c: f64| [c, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], Finding { clicked: true, ..Finding::default() });
    let plain = models([constant(-9.0), constant(9.0), constant(1.0)]);
    let ends = |model: &UncertaintyModel, finding: Finding| {
        let nodule = scene.measured_under(Some(model), finding).swap_remove(0);
        (nodule.volume_mm3_p05, nodule.volume_mm3_p95, nodule.expected_dice.is_some())
    };
    assert_eq!(ends(&plain, Finding::default()), (2.0, 9.0, true));
    // The one sample says 6 voxels, the outline 5; half a voxel off, a sphere of 5 has the core's 1 and more than the 9.
    assert_eq!(ends(&plain, with_clicks), (2.0, 9.0, false));
    let clicked = Regressions { volume_low: constant(-0.5), volume_high: constant(0.5), dice: constant(1.0) };
    let both = UncertaintyModel { clicked: Some(clicked), ..plain };
    assert!(ends(&both, with_clicks).2, "it has an expected Dice");
}

/// A row of voxels of 1 mm: label 1 from 3 to 6, of which four samples see 3 to 6, 3 to 4, 3 to 10 and nothing.
fn sampled_row() -> Scene {
    let mut scene = Scene::new([30, 3, 3], [1.0; 3], |[x, y, z]| y == 1.0 && z == 1.0 && (3.0..7.0).contains(&x));
    scene.samples = SampleMasks::new(4);
    (3..11).for_each(|i| {
        scene.samples.push(((3 + 1) * 30 + i) as u32, &[[0b0111, 0b0101, 0b0100][(i > 4) as usize + (i > 6) as usize]])
    });
    scene.samples.finish();
    scene
}

#[test]
fn widened_samples_give_the_interval_and_the_expected_dice_of_any_outline_clicked_or_not() {
    let scene = sampled_row();
    let clicked = Finding { clicked: true, ..Finding::default() };
    for finding in [Finding::default(), clicked] {
        let nodule = &scene.measured_under(Some(&widened(1.0)), finding)[0];
        // Dice of 4 voxels with 4, 2, 8 and none of them.
        assert_eq!(nodule.expected_dice, Some((1.0 + 4.0 / 6.0 + 8.0 / 12.0 + 0.0) / 4.0));
        // Volumes 1 (for none), 2, 4 and 8: 5 % lie 0.15 beyond the first, the median is 3, 95 % lie 0.15 before the last.
        let ends = [nodule.volume_mm3_p05, nodule.volume_mm3_p50, nodule.volume_mm3_p95];
        let wanted = [4.0 * 1.15 / 3.0, 3.0, 4.0 * 7.4 / 3.0];
        assert!(ends.iter().zip(wanted).all(|(end, wanted)| (end / wanted - 1.0).abs() < 1e-12), "{ends:?}");
        // What the samples alone say is not widened, and counts none as 0.
        assert!((nodule.sample_volume_mm3_p05 - 0.3).abs() < 1e-12);
        assert_eq!(nodule.detection_rate, 0.75);
    }
    let of_no_model = &scene.measured()[0];
    assert_eq!(of_no_model.expected_dice, None);
}

#[test]
fn review_of_an_outline_that_its_samples_expect_to_be_off_says_so() {
    let scene = sampled_row();
    let review = |bound: f64| {
        let review = ReviewRule { expected_dice_below: Some(bound), ..ReviewRule::default() };
        let rules = Rules {
            review: &review,
            uncertainty: Some(&widened(1.0)),
            classes: &classes(),
            hounsfield: true,
            lungs: None,
        };
        measure(&scene.maps(), &[Finding::default()], rules, &CancelToken::new()).unwrap().swap_remove(0).review_reasons
    };
    assert!(review(0.58).is_empty());
    assert_eq!(review(0.6), ["the outline may be off (expected agreement with the true one 0.58, below 0.60)"]);
}

/// A row of voxels of 1 mm: label 1 from 5 to 9 with a core of two, faint voxels around it, label 2 from 20.
fn graded() -> Scene {
    let mut scene = Scene::new([30, 3, 3], [1.0; 3], |[x, y, z]| y == 1.0 && z == 1.0 && (5.0..10.0).contains(&x));
    scene.labels[[1, 1, 20]] = 2;
    let row =
        [(2, 0.9), (4, 0.06), (5, 0.5), (6, 0.8), (7, 0.77), (8, 0.7), (9, 0.5), (10, 0.4), (11, 0.2), (12, 0.05)];
    row.iter().for_each(|(i, p)| scene.probability[[1, 1, *i]] = *p);
    scene.probability[[2, 1, 10]] = 0.06;
    scene
}

fn limits(scene: &Scene, id: u16, voi: Voi) -> VolumeLimits {
    let maps = scene.maps();
    Surroundings::of(&maps, id, &voi, &CancelToken::new()).unwrap().volume_limits(&CancelToken::new()).unwrap()
}

#[test]
fn interval_reaches_half_a_voxel_beyond_the_surface_and_no_farther_than_the_evidence() {
    // A ball of 10 mm in voxels of 1 mm: 9 and 11 mm.
    let ball = |diameter: f64| std::f64::consts::PI * diameter.powi(3) / 6.0;
    let wide = VolumeLimits { least_mm3: 1.0, most_mm3: 1e6 };
    let [low, high] = wide.bounded([ball(10.0) * 1.01, ball(10.0) * 1.02], ball(10.0), 1.0);
    assert!((low / ball(9.0) - 1.0).abs() < 1e-12 && (high / ball(11.0) - 1.0).abs() < 1e-12);
    assert_eq!(wide.bounded([2000.0, 100.0], ball(10.0), 1.0), [100.0, 2000.0]);
    let narrow = VolumeLimits { least_mm3: ball(9.5), most_mm3: ball(10.5) };
    assert_eq!(narrow.bounded([2000.0, 100.0], ball(10.0), 1.0), [ball(9.5), ball(10.5)]);
    // One voxel: a sphere of its volume has no more than half a voxel to lose.
    let one = VolumeLimits { least_mm3: 0.1, most_mm3: 27.0 };
    assert!(one.bounded([1.0, 1.0], 1.0, 1.0)[0] >= 0.1);
}

#[test]
fn volume_limits_are_the_core_and_what_a_faint_probability_connects() {
    let scene = graded();
    let voi = Voi { start: [5, 1, 1], end: [10, 2, 2] };
    // The core: 0.8 and 0.77, above 0.76. Connected: 4, 10, 11 and one in the next slice; 12 is too faint, 2 lies apart.
    assert_eq!(limits(&scene, 1, voi), VolumeLimits { least_mm3: 2.0, most_mm3: 9.0 });
    // Of number 2 nothing is known: its probability is 0, as that of all around.
    let voi = Voi { start: [20, 1, 1], end: [21, 2, 2] };
    assert_eq!(limits(&scene, 2, voi), VolumeLimits { least_mm3: 1.0, most_mm3: 1.0 });
}

#[test]
fn volume_limits_leave_a_tenth_of_the_outline_and_reach_the_next_thick_slice_but_not_4_mm_and_not_another_nodule() {
    let mut scene =
        Scene::new([40, 3, 3], [1.0, 1.0, 7.0], |[x, y, z]| y == 1.0 && z == 7.0 && (4.0..24.0).contains(&x));
    scene.probability.fill(0.1);
    (4..24).for_each(|i| scene.probability[[1, 1, i]] = 0.5);
    scene.probability[[1, 1, 10]] = 1.0;
    scene.labels[[0, 1, 10]] = 2;
    let voi = Voi { start: [4, 1, 1], end: [24, 2, 2] };
    let found = limits(&scene, 1, voi);
    assert_eq!(found.least_mm3, 2.0 * 7.0, "a tenth of 20 voxels");
    // Three rows of three slices from 4 - 7 (cut off at 0) to 23 + 7 in the slice, fewer in the next ones; one is taken.
    let distance = |x: i64, y: i64, z: i64| {
        let dx = (4 - x).max(x - 23).max(0);
        (dx * dx + y * y + 49 * z * z) as f64
    };
    let near = (0..40).flat_map(|x| (-1..2).flat_map(move |y| (-1..2).map(move |z| distance(x, y, z))));
    assert_eq!(found.most_mm3, (near.filter(|d2| *d2 <= 49.0).count() - 1) as f64 * 7.0);
}

proptest! {
    #[test]
    fn interval_of_any_samples_probabilities_and_coefficients_holds_the_outline_within_its_evidence(
        probability in proptest::collection::vec(0.0f32..1.0, 12 * 3 * 3),
        bits in proptest::collection::vec(0u64..32, 12 * 3 * 3),
        coefficients in proptest::collection::vec(-1e6f64..1e6, 42),
        small in any::<bool>(),
        with_clicks in any::<bool>(),
        form in 0..3usize,
        widen in 0.0..10.0f64,
    ) {
        let mut scene = Scene::new([12, 3, 3], [0.7, 0.8, 2.0], |[x, y, _]| y > 0.5 && (3.0..6.0).contains(&x));
        scene.probability.iter_mut().zip(probability).for_each(|(at, p)| *at = p);
        scene.samples = SampleMasks::new(5);
        bits.iter().enumerate().for_each(|(index, bits)| scene.samples.push(index as u32, &[*bits]));
        scene.samples.finish();
        let scale = if small { 1e-6 } else { 1.0 };
        let of = |n: usize| std::array::from_fn(|m| coefficients[7 * n + m] * scale);
        let clicked = Some(Regressions { volume_low: of(3), volume_high: of(4), dice: of(5) });
        let model = UncertaintyModel { clicked, ..models([of(0), of(1), of(2)]) };
        let of_samples = widened(widen);
        let form = [None, Some(&model), Some(&of_samples)][form];
        let finding = Finding { clicked: with_clicks, nodule_probability: Some(0.7), ..Finding::default() };
        let nodule = &scene.measured_under(form, finding)[0];
        let [low, middle, high] = [nodule.volume_mm3_p05, nodule.volume_mm3_p50, nodule.volume_mm3_p95];
        prop_assert!(0.0 < low && low <= nodule.volume_mm3 && nodule.volume_mm3 <= high, "{nodule:?}");
        prop_assert!(low <= middle && middle <= high, "{nodule:?}");
        // The samples alone go beyond the evidence of the probability.
        prop_assert!(form.is_some_and(|form| form.samples.is_some()) || low >= 0.1 * nodule.volume_mm3 && high <= (12 * 3 * 3) as f64 * 1.12 + 1e-9, "{nodule:?}");
    }
}
