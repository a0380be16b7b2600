//! Files of a made comparison: a nodule that grew, one that came, one that went.

use std::collections::BTreeMap;

use ndarray::Array3;

use super::*;
use crate::{
    compare::{
        Row, Status,
        fit::Fit,
        growth::{Growth, Sizes},
        scan::{Finding, MadeBy, WarningRecord},
        transform::Transform,
    },
    findings::nodule::Nodule,
    report::{colour::OUTLINE, outputs::is_output},
    space::{grid::Grid, volume::Volume},
};

const SAMPLES: [[f64; 3]; 2] = [[900.0, 1000.0, 1100.0], [1900.0, 2000.0, 2100.0]];
const MEAN_DIAMETERS_MM: [[f64; 3]; 2] = [[11.0, 12.0, 13.0], [14.0, 15.0, 16.0]];

/// A scan with nodule 1 in its middle and nodule 2 beside it.
pub(in crate::report) fn scan(name: &str) -> Scan {
    let grid = Grid::axial([40, 40, 8], [1.0, 1.0, 2.0]);
    let mut labels = Array3::<u16>::zeros(grid.shape());
    labels.slice_mut(ndarray::s![3..5, 18..22, 18..22]).fill(1);
    labels.slice_mut(ndarray::s![3..5, 5..8, 5..8]).fill(2);
    let made_by = MadeBy {
        model: "tiny 1".into(),
        sha256: BTreeMap::new(),
        seed: 0,
        samples: 3,
        sample_sources: Vec::new(),
        threshold: 0.5,
    };
    Scan {
        name: name.into(),
        date: Some("2024-02-29".into()),
        patient: None,
        made_by,
        ct: Volume::new(grid, labels.mapv(|id| if id > 0 { 0.0 } else { -850.0 })),
        probability: labels.mapv(|_| 0.0),
        lungs: labels.mapv(|_| true),
        labels,
        searched_everywhere: true,
        findings: vec![finding(1, 1000.0), finding(2, 20.0)],
        warnings: vec![WarningRecord { name: "W_THICK_SLICES".into(), text: "the slices lie 7.5 mm apart".into() }],
    }
}

fn finding(id: u16, volume_mm3: f64) -> Finding {
    let at = if id == 1 { [19.5, 19.5, 3.0] } else { [6.0, 6.0, 3.0] };
    let ras = Grid::axial([40, 40, 8], [1.0, 1.0, 2.0]).ras(at);
    let nodule = Nodule {
        review: true,
        review_reasons: vec!["small, \"odd\"".into()],
        ..Nodule::unmeasured(id, [at, ras], volume_mm3)
    };
    Finding {
        volume_mm3_p05: Some(volume_mm3 / 2.0),
        volume_mm3_p95: Some(volume_mm3 * 2.0),
        ..Finding::of(&nodule, false)
    }
}

pub(in crate::report) fn compared(days: Option<f64>) -> Compared {
    let sizes = |n: usize| Sizes {
        outline_mm3: SAMPLES[n][1],
        samples_mm3: &SAMPLES[n],
        voxel_mm3: 2.0,
        mean_diameter_mm: Some(MEAN_DIAMETERS_MM[n][1]),
        sample_mean_diameters_mm: &MEAN_DIAMETERS_MM[n],
    };
    let row = |status, prior: Option<Finding>, current: Option<Finding>| {
        let place = prior.as_ref().or(current.as_ref()).expect("one of them").centroid_ras;
        let paired = prior.is_some() && current.is_some();
        Row {
            status,
            place_in_prior_ras: place,
            place_in_current_ras: place,
            probability_in_other: (!paired).then_some(0.25),
            other_may_show_it: status == Status::New,
            distance_mm: paired.then_some(0.5),
            growth: paired.then(|| Growth::of(sizes(0), sizes(1), days)),
            prior,
            current,
        }
    };
    let to_prior = Transform::shifting([0.0; 3], [0.0; 3]);
    let registration = Fit {
        surface_mm: 1.0,
        surface_mm_p95: 2.0,
        lung_dice: 0.95,
        vessel_correlation: 0.1,
        volume_ratio: 1.0,
        shared: 1.0,
    };
    let comparison = Comparison {
        days,
        registration,
        registration_doubts: registration.doubts(),
        current_to_prior: to_prior.homogeneous(),
        nodules: vec![
            row(Status::Grown, Some(finding(1, 1000.0)), Some(finding(1, 2000.0))),
            row(Status::New, None, Some(finding(2, 20.0))),
            row(Status::Gone, Some(finding(2, 20.0)), None),
        ],
        to_prior,
    };
    Compared { prior: ScanRecord::of(&scan("before")), comparison }
}

#[test]
fn comparison_csv_has_a_line_for_each_prior_and_nodule() {
    let text = csv(&[compared(Some(100.0)), compared(None)]);
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().unwrap().clone();
    let rows: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let cell = |row: usize, name: &str| &rows[row][head.iter().position(|own| own == name).unwrap()];
    assert_eq!(rows.len(), 6);
    assert_eq!([0, 1, 2].map(|row| cell(row, "status")), ["grown", "new", "gone"]);
    assert_eq!([cell(0, "volume_change_percent"), cell(0, "diameter_change_mm")], ["100", "3"]);
    let probability = |name: &str| cell(0, name).parse::<f64>().unwrap();
    assert!(probability("growth_probability") > 0.99 && probability("diameter_growth_probability") > 0.99);
    assert_eq!([cell(1, "current_id"), cell(1, "prior_id"), cell(1, "probability_in_other")], ["2", "", "0.25"]);
    assert_eq!([cell(0, "days"), cell(3, "days"), cell(3, "doubling_time_days")], ["100", "", ""]);
    let doubling: f64 = cell(0, "doubling_time_days").parse().unwrap();
    assert!((doubling - 100.0).abs() < 1e-5);
    assert_eq!(cell(0, "current_review_reasons"), "small, \"odd\"");
    assert!(cell(0, "registration_doubts").contains("is it the same patient?"));
}

#[test]
fn comparison_csv_disarms_a_prior_s_name() {
    let mut formula = compared(None);
    formula.prior.name = "=1+1".into();
    let text = csv(&[formula]);
    assert!(text.lines().skip(1).all(|line| line.starts_with("'=1+1,")), "{text}");
}

#[test]
fn comparison_json_tells_rules_scans_and_rows() {
    let told: serde_json::Value = serde_json::from_str(&json(&scan("now"), &[compared(Some(100.0))])).unwrap();
    assert_eq!(told["current"]["name"], "now");
    assert_eq!(told["rules"]["growth_percent"], 25.0);
    let prior = &told["priors"][0];
    assert_eq!((&prior["prior"]["name"], &prior["days"]), (&"before".into(), &100.0.into()));
    let growth = &prior["nodules"][0]["growth"];
    assert!(growth["growth_probability"].as_f64().unwrap() > 0.99);
    // What was added to the pairs' own spread can be told from what is written: interval, spread, and its rule.
    let balls = [1000.0f64, 2000.0].map(|mm3| (mm3 * 6.0 / std::f64::consts::PI).cbrt());
    let surface_mm = told["rules"]["rescan_surface_mm"].as_f64().unwrap();
    let expected = (6.0 * surface_mm / balls[0]).hypot(6.0 * surface_mm / balls[1]);
    assert!((growth["rescan_spread"].as_f64().unwrap() - expected).abs() < 1e-12);
    assert!(prior["nodules"][1]["prior"].is_null() && prior["nodules"][1]["growth"].is_null());
}

#[test]
fn comparison_files_are_outputs_and_the_plot_comes_with_a_second_prior() {
    let (now, before) = (scan("now"), scan("before"));
    for (priors, files) in [(1, 5), (2, 6)] {
        let folder = tempfile::tempdir().unwrap();
        let priors = vec![compared(Some(100.0)); priors];
        let report = ComparisonReport { current: &now, priors: &priors, latest: &before };
        write(folder.path(), &super::files(report, &CancelToken::new()).unwrap()).unwrap();
        let names = std::fs::read_dir(folder.path()).unwrap();
        let names: Vec<String> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert!(names.len() == files && names.iter().all(|name| is_output(name)), "{names:?}");
    }
    let token = CancelToken::new();
    token.cancel();
    let report = ComparisonReport { current: &now, priors: &[compared(None)], latest: &before };
    assert_eq!(files(report, &token).unwrap_err().name(), "E_CANCELLED");
}

#[test]
fn card_of_a_pair_has_the_outline_in_both_pictures_and_of_a_new_nodule_in_one() {
    let (now, before) = (scan("now"), scan("before"));
    let compared = compared(Some(100.0));
    let outlined = |row: usize| {
        let card = card::Card::of(&before, &now, &compared.comparison, &compared.comparison.nodules[row]);
        let mut canvas = crate::report::overview::canvas::Canvas::new(card::CARD_WIDTH, card.height(), [0; 3]);
        card.draw(&mut canvas, 0, 0, card.height());
        let halves = [0..card::CARD_WIDTH / 2, card::CARD_WIDTH / 2..card::CARD_WIDTH];
        let is_outline = |at: usize| canvas.pixels[3 * at..][..3] == OUTLINE;
        halves.map(|half| (0..canvas.height).any(|y| half.clone().any(|x| is_outline(y * canvas.width + x))))
    };
    assert_eq!([outlined(0), outlined(1), outlined(2)], [[true, true], [false, true], [true, false]]);
}

#[test]
fn plot_of_the_same_priors_is_the_same_picture_and_changes_with_their_days() {
    let now = scan("now");
    let drawn = |days: [f64; 2]| plot::draw(&now, &days.map(|days| compared(Some(days))));
    assert_eq!(drawn([400.0, 100.0]), drawn([400.0, 100.0]));
    assert!(drawn([400.0, 100.0]) != drawn([400.0, 300.0]));
}
