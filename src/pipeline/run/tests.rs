use super::*;
use crate::{
    contract::bundle, findings::nodule::Nodule, networks::roles::Verdict, pipeline::options::Search,
    progress::CancelToken, space::grid::Grid, steps::sample_masks::SampleMasks,
};

/// The model of a committed bundle; smallest finding 2 voxels of 1 mm³.
fn model(name: &str) -> Model {
    let path = format!("{}/tests/bundles/{name}/model.json", env!("CARGO_MANIFEST_DIR"));
    let json = std::fs::read(path).expect("a committed bundle");
    let mut model = bundle::parse("test".as_ref(), &json).expect("a committed bundle");
    model.decision.min_volume_mm3 = 2.0;
    model
}

/// Voxels of 1 mm with values that may be HU.
fn volume() -> Volume<f32> {
    let grid = Grid::axial([40, 6, 4], [1.0; 3]);
    let mut n = 0;
    let voxels = Array3::from_shape_simple_fn(grid.shape(), || {
        n += 1;
        n as f32 % 1300.0 - 1000.0
    });
    Volume::new(grid, voxels)
}

/// A map that is `inside` from column `from` up to column `to` of row 3 in slice 2, of each entry.
fn map(parts: &[(usize, usize, f32)]) -> Array3<f32> {
    let mut map = Array3::zeros([4, 6, 40]);
    for (from, to, inside) in parts {
        (*from..*to).for_each(|i| map[[2, 3, i]] = *inside);
    }
    map
}

/// Answers with the same maps, whatever it is asked; takes note of the regions and clicks.
struct Fixed {
    classes: Vec<Array3<f32>>,
    /// The answer once it is given clicks.
    clicked: Option<Array3<f32>>,
    asked: Vec<(Array3<bool>, Clicks)>,
}

impl Fixed {
    fn new(classes: Vec<Array3<f32>>) -> Self {
        Fixed { classes, clicked: None, asked: Vec::new() }
    }
}

impl Segmenter for Fixed {
    fn segment(
        &mut self,
        _: &Images<'_>,
        region: &Array3<bool>,
        clicks: &Clicks,
        sampling: &Sampling,
        _: Stage,
        _: &mut Monitor<'_>,
    ) -> Result<Answers> {
        self.asked.push((region.clone(), clicks.clone()));
        let with_clicks = self.clicked.clone().filter(|_| !clicks.inside.is_empty()).map(|map| vec![map]);
        let class = |probability: Array3<f32>| {
            let mut samples = SampleMasks::new(sampling.samples);
            let all = vec![(1 << sampling.samples) - 1];
            for (index, _) in probability.iter().enumerate().filter(|(_, p)| **p > 0.5) {
                samples.push(index as u32, &all);
            }
            samples.finish();
            let uncertainty = probability.mapv(|p| if p > 0.0 { 0.25 } else { 0.0 });
            ClassAnswer { probability, uncertainty, kinds: Vec::new(), samples }
        };
        Ok(Answers { classes: with_clicks.unwrap_or_else(|| self.classes.clone()).into_iter().map(class).collect() })
    }
}

/// Detects a map.
struct Map(Array3<f32>);

impl Detector for Map {
    fn detect(&mut self, _: &Images<'_>, _: &Array3<bool>, _: &mut Monitor<'_>) -> Result<Array3<f32>> {
        Ok(self.0.clone())
    }
}

/// P(nodule) is the place along i, in hundredths, from the right.
struct ByPlace;

impl Classifier for ByPlace {
    fn classify(
        &mut self,
        _: &Images<'_>,
        _: &Array3<f32>,
        centres_ijk: &[[f64; 3]],
        _: &CancelToken,
    ) -> Result<Vec<Verdict>> {
        Ok(centres_ijk.iter().map(|[i, _, _]| Verdict { nodule: 1.0 - i / 100.0, marked: Some(i / 10.0) }).collect())
    }
}

fn options(inside: &[usize]) -> Options {
    let clicks = Clicks { inside: inside.iter().map(|i| [*i, 3, 2]).collect(), outside: Vec::new() };
    Options { samples: Some(2), search: Search::Everywhere, min_diameter_mm: 0.0, clicks, ..Options::default() }
}

fn run_with(
    model: &Model,
    detect: Option<&mut Map>,
    classify: Option<&mut ByPlace>,
    segment: &mut Fixed,
    options: &Options,
) -> Segmentation {
    let volumes = model.channels.iter().map(|_| volume()).collect();
    let roles = Roles { detect, classify, segment };
    run((roles, &mut Seen::default()), model, volumes, options, &mut Monitor::silent()).expect("good volumes")
}

/// What row 3 of slice 2 holds.
fn row<T: Copy>(map: ndarray::ArrayView3<'_, T>, columns: std::ops::Range<usize>) -> Vec<T> {
    columns.map(|i| map[[2, 3, i]]).collect()
}

#[test]
fn run_with_a_detector_segments_boxes_around_what_stays_and_shows_the_detector_elsewhere() {
    // Candidates at 5 (P 0.94), 20 (0.79), 35 (0.64); the third is one too many, the second below 0.8.
    let mut model = model("tiny-detect");
    model.classify = self::model("tiny-chain")
        .classify
        .map(|classify| crate::contract::classify::Classify { threshold: 0.8, ..classify });
    let mut detector = Map(map(&[(5, 7, 0.9), (20, 22, 0.8), (35, 37, 0.7), (10, 12, 0.25)]));
    // It outlines the candidate, a spot in its box that isn't one, and a spot beyond the box.
    let mut segmenter = Fixed::new(vec![map(&[(5, 8, 0.75), (10, 11, 0.75), (25, 28, 0.75)])]);
    let found = run_with(&model, Some(&mut detector), Some(&mut ByPlace), &mut segmenter, &options(&[]));
    // The box reaches 4 mm beyond columns 5 and 6: 1 to 10.
    let (region, clicks) = &segmenter.asked[0];
    let held: Vec<usize> = (0..40).filter(|i| region[[2, 3, *i]]).collect();
    assert_eq!((held, clicks), ((1..11).collect::<Vec<_>>(), &Clicks::default()));
    assert_eq!(segmenter.asked.len(), 1);

    let native = found.native();
    assert_eq!(row(native.labels.voxels, 4..12), [0, 1, 1, 1, 0, 0, 0, 0]);
    assert_eq!(found.nodules.len(), 1);
    assert_eq!((found.nodules[0].nodule_probability, found.nodules[0].readers_share), (Some(1.0 - 0.055), Some(0.55)));
    // Two candidates, and the outline that touches none.
    assert_eq!(found.dropped, 3);
    assert_eq!(row(native.probability.voxels, 4..13), [0.0, 0.75, 0.75, 0.75, 0.0, 0.0, 0.75, 0.25, 0.0]);
    assert_eq!(row(native.probability.voxels, 20..28), [0.8, 0.8, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    // Entropy of 0.25 in bits, and what the segmenter says.
    let uncertainty = row(native.uncertainty.voxels, 5..12);
    assert_eq!(uncertainty[0], 0.25);
    assert!((uncertainty[6] - 0.811_278).abs() < 1e-5, "{uncertainty:?}");
    assert!(found.stages.contains_key("detect"));
}

#[test]
fn run_without_a_detector_segments_the_whole_search_region() {
    let mut segmenter = Fixed::new(vec![map(&[(5, 8, 0.75), (20, 25, 0.9)])]);
    let mut model = model("tiny-detect");
    (model.detect, model.decision.candidates) = (None, None);
    let found = run_with(&model, None, None, &mut segmenter, &options(&[]));
    assert!(segmenter.asked[0].0.iter().all(|inside| *inside));
    let sizes = found.nodules.iter().map(|nodule| (nodule.id, nodule.volume_mm3, nodule.nodule_probability));
    assert_eq!(sizes.collect::<Vec<_>>(), [(1, 5.0, None), (2, 3.0, None)]);
    assert_eq!(found.nodules[0].sample_volumes_mm3, [5.0, 5.0]);
}

#[test]
fn run_with_a_click_far_from_candidates_segments_its_box_and_takes_its_values() {
    let mut model = model("tiny-detect");
    model.segment.clicks = self::model("tiny-clicks").segment.clicks;
    let mut segmenter = Fixed::new(vec![map(&[(5, 8, 0.75)])]);
    segmenter.clicked = Some(map(&[(30, 33, 0.9)]));
    let mut detector = Map(map(&[(5, 7, 0.9)]));
    let found = run_with(&model, Some(&mut detector), None, &mut segmenter, &options(&[31]));
    assert_eq!(segmenter.asked[1].1.inside, [[31, 3, 2]]);
    let native = found.native();
    assert_eq!((found.nodules.len(), found.clicks.clone()), (2, vec![Some(2)]));
    assert_eq!(row(native.labels.voxels, 29..34), [0, 2, 2, 2, 0]);
    assert_eq!(row(native.probability.voxels, 29..34), [0.0, 0.9, 0.9, 0.9, 0.0]);
    assert!(found.nodules[1].clicked && !found.nodules[0].clicked);
}

#[test]
fn run_of_a_segmenter_that_is_shown_candidates_is_shown_the_centres_of_those_that_stay_and_a_person_s_clicks_alone() {
    let mut model = model("tiny-detect");
    model.segment.clicks = self::model("tiny-clicks").segment.clicks;
    model.segment.clicks.as_mut().expect("it takes clicks").candidates = true;
    // Centres 5.5 and 21 of what is above 0.5; what is below is no candidate.
    let mut detector = Map(map(&[(5, 7, 0.9), (20, 23, 0.8), (35, 37, 0.4)]));
    let mut segmenter = Fixed::new(vec![map(&[(5, 8, 0.75)])]);
    segmenter.clicked = Some(map(&[(5, 8, 0.75), (30, 33, 0.9)]));
    run_with(&model, Some(&mut detector), None, &mut segmenter, &options(&[31]));
    let shown: Vec<_> = segmenter.asked.iter().map(|(_, clicks)| clicks.inside.clone()).collect();
    assert_eq!(shown, [vec![[6, 3, 2], [21, 3, 2]], vec![[31, 3, 2]]]);
}

#[test]
fn run_with_a_click_for_boxes_that_grow_is_run_again_in_a_larger_box_and_takes_all_of_its_outline() {
    let mut model = model("tiny-detect");
    model.segment = crate::contract::network::Network {
        clicks: self::model("tiny-clicks").segment.clicks,
        ..crate::networks::made::patch([7, 7, 11])
    };
    model.segment.grid.grows = true;
    // The first box reaches from 26 to 36; the outline begins there.
    let mut segmenter = Fixed::new(vec![map(&[(34, 37, 0.75)])]);
    segmenter.clicked = Some(map(&[(25, 33, 0.9)]));
    let found = run_with(&model, Some(&mut Map(map(&[]))), None, &mut segmenter, &options(&[31]));
    let regions =
        segmenter.asked[1..].iter().map(|(region, _)| (0..40).filter(|i| region[[2, 3, *i]]).collect::<Vec<_>>());
    assert_eq!(regions.collect::<Vec<_>>(), [(26..37).collect::<Vec<_>>(), (21..38).collect()]);
    let native = found.native();
    assert_eq!(row(native.probability.voxels, 23..35), [&[0.0; 2][..], &[0.9; 8], &[0.0; 2]].concat());
    assert_eq!((found.nodules[0].volume_mm3, found.clicks.clone()), (8.0, vec![Some(1)]));
}

#[test]
fn run_of_two_classes_gives_each_finding_its_class_and_the_highest_map_to_the_whole() {
    let mut model = model("tiny-detect");
    (model.detect, model.decision.candidates) = (None, None);
    let mut other = model.classes[0].clone();
    other.name = "calcified".into();
    model.classes.push(other);
    let mut segmenter = Fixed::new(vec![map(&[(5, 8, 0.75), (20, 24, 0.6)]), map(&[(5, 8, 0.6), (20, 24, 0.9)])]);
    let found = run_with(&model, None, None, &mut segmenter, &options(&[]));
    let classes: Vec<_> = found.nodules.iter().map(|nodule| (nodule.class.as_str(), nodule.volume_mm3)).collect();
    assert_eq!(classes, [("calcified", 4.0), (model.classes[0].name.as_str(), 3.0)]);
    // Each is measured in the maps of its own class.
    assert_eq!(found.nodules[0].probability_inside, f64::from(0.9f32));
    let native = found.native();
    assert_eq!(row(native.probability.voxels, 5..6), [0.75]);
    assert_eq!(native.classes.len(), 2);
    assert_eq!((native.classes[1].name, row(native.classes[1].probability.voxels, 5..6)), ("calcified", vec![0.6]));
}

#[test]
fn run_whose_output_is_regions_numbers_classes_and_measures_regions_behind_them() {
    let model = model("tiny-regions");
    // One voxel of the rim: no finding is too small.
    let mut segmenter = Fixed::new(vec![map(&[(5, 8, 0.9)]), map(&[(8, 9, 0.9), (20, 21, 0.3)])]);
    let found = run_with(&model, None, None, &mut segmenter, &options(&[]));
    assert_eq!(row(found.native().labels.voxels, 4..10), [0, 1, 1, 1, 2, 0]);
    let nodules: Vec<_> = found.nodules.iter().map(|n| (n.id, n.class.as_str(), n.volume_mm3)).collect();
    assert_eq!(nodules, [(1, "core", 3.0), (2, "rim", 1.0), (3, "whole", 4.0)]);
    assert_eq!(found.nodules[2].sample_volumes_mm3, [4.0, 4.0]);
}

#[test]
fn run_of_volumes_that_are_not_the_model_s_channels_is_refused_by_name() {
    let model = model("tiny-regions");
    let mut segmenter = Fixed::new(Vec::new());
    let mut refused = |volumes: Vec<Volume<f32>>| {
        let roles = Roles { detect: None::<&mut Map>, classify: None::<&mut ByPlace>, segment: &mut segmenter };
        run((roles, &mut Seen::default()), &model, volumes, &options(&[]), &mut Monitor::silent())
            .expect_err("they don't fit")
            .to_string()
    };
    assert!(
        refused(vec![volume()]).contains("1 volume(s); expected one volume for each channel of the model: CT, PET")
    );
    let mut moved = volume();
    moved.grid.origin_ras[2] += 0.5;
    assert!(refused(vec![volume(), moved]).contains("channel PET has 40 x 6 x 4 voxels"), "which, got, expected");
    let mut holed = volume();
    holed.voxels[[1, 1, 1]] = f32::NAN;
    assert!(refused(vec![volume(), holed]).contains("voxel (1, 1, 1)"));
}

/// A model without a detector that takes clicks. Its samples see what is above 0.5.
fn clicked_model() -> Model {
    let mut model = model("tiny-detect");
    (model.detect, model.decision.candidates) = (None, None);
    model.segment.clicks = self::model("tiny-clicks").segment.clicks;
    model
}

/// What clicks make of an earlier result.
fn click_again(model: &Model, segment: &mut Fixed, earlier: &Segmentation, options: &Options) -> Segmentation {
    let roles = Roles { detect: None::<&mut Map>, classify: None::<&mut ByPlace>, segment };
    crate::pipeline::again::click(
        (roles, &mut Seen::default()),
        model,
        (vec![volume()], earlier),
        options,
        &mut Monitor::silent(),
    )
    .expect("a good volume")
}

#[test]
fn run_by_expected_dice_outlines_findings_and_clicks_as_their_samples_agree_best() {
    let mut model = clicked_model();
    (model.decision.outline, model.decision.threshold) = (Outline::ExpectedDice, 0.4);
    let mut segmenter = Fixed::new(vec![map(&[(5, 8, 0.9), (8, 11, 0.45)])]);
    segmenter.clicked = Some(map(&[(30, 34, 0.9), (34, 36, 0.45)]));
    let check = |found: &Segmentation, of_click: u16, other: u16| {
        let labels = found.native().labels.voxels;
        assert_eq!(row(labels, 4..12), [0, other, other, other, 0, 0, 0, 0]);
        assert_eq!(row(labels, 29..37), [0, of_click, of_click, of_click, of_click, 0, 0, 0]);
        assert_eq!(found.clicks, [Some(of_click)]);
        assert!(found.nodules.iter().all(|nodule| nodule.outline_threshold == Some(0.45)));
        let own = found.nodules.iter().find(|nodule| nodule.id == of_click).expect("it was outlined");
        assert_eq!((own.volume_mm3, &own.sample_volumes_mm3[..]), (4.0, &[4.0, 4.0][..]));
    };
    check(&run_with(&model, None, None, &mut segmenter, &options(&[31])), 1, 2);
    // The same on a result without the click.
    let earlier = run_with(&model, None, None, &mut segmenter, &options(&[]));
    assert_eq!(row(earlier.native().labels.voxels, 4..12), [0, 1, 1, 1, 0, 0, 0, 0]);
    check(&click_again(&model, &mut segmenter, &earlier, &options(&[31])), 2, 1);
}

#[test]
fn run_lists_micronodules_apart_until_someone_clicks_on_them() {
    let model = clicked_model();
    let mut segmenter = Fixed::new(vec![map(&[(5, 8, 0.75), (20, 25, 0.9)])]);
    // Spheres of 3 and 5 mm³ have 1.79 and 2.12 mm.
    let small = |inside: &[usize]| Options { min_diameter_mm: 1.9, ..options(inside) };
    let all = run_with(&model, None, None, &mut segmenter, &options(&[]));
    let found = run_with(&model, None, None, &mut segmenter, &small(&[]));
    assert_eq!((found.nodules.len(), &found.nodules[0], found.dropped), (1, &all.nodules[0], 0));
    assert_eq!(row(found.native().labels.voxels, 4..9), [0; 5]);
    assert_eq!(row(found.native().probability.voxels, 4..9), [0.0, 0.75, 0.75, 0.75, 0.0]);
    assert_eq!(found.micronodules, [Nodule { id: 0, ..all.nodules[1].clone() }]);
    assert_eq!((found.micronodules[0].centroid_ijk, found.min_diameter_mm), ([6.0, 3.0, 2.0], 1.9));
    assert!(all.micronodules.is_empty());

    let clicked = run_with(&model, None, None, &mut segmenter, &small(&[6]));
    assert_eq!((clicked.nodules.len(), clicked.micronodules.len(), &clicked.clicks[..]), (2, 0, &[Some(2)][..]));
    let again = click_again(&model, &mut segmenter, &found, &small(&[6]));
    assert_eq!((again.nodules.len(), again.micronodules.len(), &again.clicks[..]), (2, 0, &[Some(2)][..]));
    let elsewhere = click_again(&model, &mut segmenter, &found, &small(&[22]));
    assert_eq!((elsewhere.nodules.len(), elsewhere.micronodules.len()), (1, 1));
}

#[test]
fn run_whose_output_is_regions_has_no_micronodules() {
    let model = model("tiny-regions");
    let mut segmenter = Fixed::new(vec![map(&[(5, 8, 0.9)]), map(&[(8, 9, 0.9)])]);
    let wanted = Options { min_diameter_mm: 50.0, ..options(&[]) };
    let found = run_with(&model, None, None, &mut segmenter, &wanted);
    assert_eq!((found.nodules.len(), found.micronodules.len()), (3, 0));
}
