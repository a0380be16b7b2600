//! Two scans of a phantom, whose findings are its known nodules: registration, matching and status, without a network.

use std::collections::BTreeMap;

use ndarray::s;

use super::{scan::MadeBy, *};
use crate::{
    findings::review::AT_EDGE,
    phantom::{self, FollowUp, Kernel, Phantom, Pose, Scanner, chest_phantom_again},
    progress::{CancelToken, Progress},
    steps::lungs::find_lungs,
};

const DIAMETERS_MM: [f64; 4] = [12.0, 9.0, 7.0, 6.0];
/// What each sample makes of any volume: networks that always draw too large or too small.
const BIAS: [f64; 5] = [0.7, 0.9, 1.0, 1.2, 1.5];

fn phantom(factors: [f64; 4], pose: Pose, spacing_mm: [f64; 3]) -> Phantom {
    let scanner = Scanner { spacing_mm, noise_hu: 15.0, pose, kernel: Kernel::Standard };
    let change = FollowUp { volume_factors: factors.to_vec(), noise_seed: 5 };
    chest_phantom_again(4, phantom::Lungs::Normal, &scanner, &DIAMETERS_MM, Some(&change)).unwrap()
}

/// A scan in which everything was found as it is.
fn scan(phantom: &Phantom) -> Scan {
    let finding = |(n, nodule): (usize, &phantom::PhantomNodule)| {
        let at = Finding::at(Some(n as u16 + 1), nodule.centre_ras);
        Finding {
            volume_mm3: nodule.volume_mm3,
            equivalent_diameter_mm: 2.0 * nodule.radius_mm,
            sample_volumes_mm3: BIAS.iter().map(|bias| bias * nodule.volume_mm3).collect(),
            ..at
        }
    };
    Scan {
        name: "phantom".into(),
        date: None,
        patient: None,
        made_by: MadeBy {
            model: "none".into(),
            sha256: BTreeMap::new(),
            seed: 0,
            samples: BIAS.len(),
            sample_sources: Vec::new(),
            threshold: 0.5,
        },
        ct: phantom.ct.clone(),
        labels: phantom.lungs.mapv(|_| 0),
        probability: phantom.lungs.mapv(|_| 0.125),
        lungs: find_lungs(&phantom.ct, &mut Monitor::silent()).unwrap().search,
        searched_everywhere: false,
        findings: phantom.nodules.iter().enumerate().map(finding).collect(),
        warnings: Vec::new(),
    }
}

const STILL: Pose = Pose { rotate_degrees: [0.0; 3], stretch: [1.0; 3], shift_mm: [0.0; 3] };
const MOVED: Pose =
    Pose { rotate_degrees: [4.0, -3.0, 6.0], stretch: [1.02, 1.04, 0.93], shift_mm: [12.0, -8.0, 15.0] };

/// Status, and change in per cent where there is one, of each row.
fn told(comparison: &Comparison) -> Vec<(Status, Option<i64>)> {
    let change = |row: &Row| row.growth.as_ref().map(|growth| growth.volume_change_percent.round() as i64);
    comparison.nodules.iter().map(|row| (row.status, change(row))).collect()
}

#[test]
fn compare_in_another_pose_breath_and_spacing_finds_what_grew_shrank_came_and_went() {
    let prior = scan(&phantom([1.0, 1.0, 0.0, 1.0], STILL, [3.0, 3.0, 4.0]));
    let current = scan(&phantom([1.5, 1.0, 1.0, 0.0], MOVED, [2.6, 2.6, 3.0]));
    let compared = compare(&prior, &current, Some(180.0), &mut Monitor::silent()).unwrap();
    let expected = [(Status::Grown, Some(50)), (Status::Stable, Some(0)), (Status::New, None), (Status::Gone, None)];
    assert_eq!(told(&compared), expected, "{:?}", compared.registration);
    let [slices] = compared.registration_doubts.as_slice() else { panic!("{:?}", compared.registration_doubts) };
    assert!(slices.contains("up to 4.0 mm long") && slices.contains("up to 2.5"), "{slices}");
    // The known map, to within the coarse voxels that it was found on.
    let stretch: f64 = MOVED.stretch.iter().product();
    assert!((compared.registration.volume_ratio * stretch - 1.0).abs() < 0.05, "{:?}", compared.registration);
    for row in compared.nodules.iter().filter(|row| row.distance_mm.is_some()) {
        assert!(row.distance_mm.unwrap() < 2.5, "{row:?}");
    }
    // What went lies where the phantom's last ball would be.
    let there = phantom([1.0; 4], MOVED, [8.0, 8.0, 8.0]).nodules[3].centre_ras;
    let told_there = compared.nodules[3].place_in_current_ras;
    assert!((0..3).all(|axis| (there[axis] - told_there[axis]).abs() < 2.5), "{there:?} {told_there:?}");
    assert_eq!(compared.nodules[3].probability_in_other, Some(0.125));
    assert_eq!(compared.nodules[0].probability_in_other, None);
    assert!(compared.nodules.iter().all(|row| !row.other_may_show_it), "an eighth is below half of the threshold");
    // Exchanged, what grew shrank, what came went.
    let back = compare(&current, &prior, Some(180.0), &mut Monitor::silent()).unwrap();
    let statuses: Vec<Status> = back.nodules.iter().map(|row| row.status).collect();
    assert_eq!(statuses, [Status::Shrunk, Status::Stable, Status::New, Status::Gone]);
}

#[test]
fn compare_tells_new_from_not_shown_before() {
    let current = scan(&phantom([1.0; 4], STILL, [3.0, 3.0, 4.0]));
    let mut heights: Vec<f64> = current.findings.iter().map(|finding| finding.centroid_ras[2]).collect();
    heights.sort_by(f64::total_cmp);
    // The prior CT ends between the two highest nodules and holds none of them.
    let end = ((heights[2] + heights[3]) / 2.0 / 4.0) as usize;
    let whole = phantom([0.0; 4], STILL, [3.0, 3.0, 4.0]);
    let mut cut = whole.clone();
    cut.ct.grid.dims[2] = end;
    cut.ct.voxels = whole.ct.voxels.slice(s![..end, .., ..]).to_owned();
    cut.lungs = whole.lungs.slice(s![..end, .., ..]).to_owned();
    let compared = compare(&scan(&cut), &current, None, &mut Monitor::silent()).unwrap();
    for row in &compared.nodules {
        let highest = row.current.as_ref().unwrap().centroid_ras[2] == heights[3];
        assert_eq!(row.status, if highest { Status::NotSearchedBefore } else { Status::New }, "{row:?}");
    }
    let back = compare(&current, &scan(&cut), None, &mut Monitor::silent()).unwrap();
    let count = |status: Status| back.nodules.iter().filter(|row| row.status == status).count();
    assert_eq!((count(Status::NotSearchedNow), count(Status::Gone)), (1, 3));
}

#[test]
fn compare_of_two_chests_says_that_the_vessels_do_not_fit() {
    let one = phantom([1.0; 4], STILL, [3.0, 3.0, 4.0]);
    let scanner = Scanner { spacing_mm: [3.0, 3.0, 4.0], noise_hu: 15.0, pose: STILL, kernel: Kernel::Standard };
    let other = chest_phantom_again(9, phantom::Lungs::Normal, &scanner, &DIAMETERS_MM, None).unwrap();
    let compared = compare(&scan(&one), &scan(&other), None, &mut Monitor::silent()).unwrap();
    assert!(compared.registration_doubts[0].contains("is it the same patient?"), "{:?}", compared.registration);
}

#[test]
fn compare_tells_no_change_of_what_is_cut_off_and_asks_about_other_ids() {
    let mut prior = scan(&phantom([1.0; 4], STILL, [4.0, 4.0, 4.0]));
    let mut current = scan(&phantom([1.5, 1.5, 1.0, 1.0], STILL, [4.0, 4.0, 4.0]));
    prior.findings[0].review_reasons = vec![AT_EDGE.into()];
    (prior.patient, current.patient) = (Some("1".into()), Some("2".into()));
    let compared = compare(&prior, &current, Some(90.0), &mut Monitor::silent()).unwrap();
    assert_eq!(told(&compared)[..2], [(Status::CutOff, None), (Status::Grown, Some(50))]);
    let [ids, _slices] = compared.registration_doubts.as_slice() else { panic!("{:?}", compared.registration_doubts) };
    assert!(ids.contains("different patient IDs"), "{ids}");
    prior.patient = None;
    let compared = compare(&prior, &current, Some(90.0), &mut Monitor::silent()).unwrap();
    assert_eq!(compared.registration_doubts.len(), 1, "{:?}", compared.registration_doubts);
}

#[test]
fn compare_of_unlike_slices_and_of_dates_that_nobody_told_says_so() {
    let mut prior = scan(&phantom([1.0; 4], STILL, [2.5, 2.5, 2.5]));
    let mut current = scan(&phantom([1.0; 4], STILL, [2.5, 2.5, 5.0]));
    let doubts = |prior: &Scan, current: &Scan, days| {
        compare(prior, current, days, &mut Monitor::silent()).unwrap().registration_doubts
    };
    let [slices] = &doubts(&prior, &current, None)[..] else { panic!("one doubt") };
    assert!(
        slices.contains("2.5 mm long before and up to 5.0 mm now") && slices.contains("an unchanged nodule"),
        "{slices}"
    );
    let like = scan(&phantom([1.5, 1.0, 1.0, 1.0], STILL, [2.5, 2.5, 2.4]));
    assert_eq!(doubts(&prior, &like, None), [""; 0]);
    (prior.date, current.date) = (Some("2022-01-05".into()), Some("2023-01-05".into()));
    assert_eq!(doubts(&prior, &current, Some(365.0)).len(), 1);
    let other = doubts(&prior, &current, Some(100.0));
    assert!(other[0].contains("365 days apart, not 100"), "{other:?}");
}

#[test]
fn compare_of_lungs_that_cannot_be_one_chest_is_refused_by_name() {
    let prior = scan(&phantom([1.0; 4], STILL, [4.0, 4.0, 4.0]));
    let mut current = prior.clone();
    current.ct.voxels[[0, 0, 0]] += 1.0;
    // Of the lungs a thin slab is left: the registration has nothing to hold on to.
    current.lungs.slice_mut(s![.., .., 20..]).fill(false);
    let refused = compare(&prior, &current, None, &mut Monitor::silent()).unwrap_err();
    assert_eq!(refused.name(), "E_REGISTRATION", "{refused}");
}

#[test]
fn compare_says_where_the_other_scan_may_show_what_is_new_or_gone() {
    let mut prior = scan(&phantom([1.0, 1.0, 0.0, 1.0], STILL, [4.0, 4.0, 4.0]));
    let current = scan(&phantom([1.0, 1.0, 1.0, 0.0], STILL, [4.0, 4.0, 4.0]));
    // What came has half of the threshold in the prior scan, no other place has.
    let at = prior.ct.grid.ijk(current.findings[2].centroid_ras).map(|index| index.round() as usize);
    prior.probability[[at[2], at[1], at[0]]] = 0.25;
    let compared = compare(&prior, &current, None, &mut Monitor::silent()).unwrap();
    let told: Vec<_> = compared.nodules.iter().map(|row| (row.status, row.other_may_show_it)).collect();
    let stable = (Status::Stable, false);
    assert_eq!(told, [stable, stable, (Status::New, true), (Status::Gone, false)]);
}

#[test]
fn compare_of_a_ct_with_itself_is_refused_by_both_names() {
    let prior = Scan { name: "before".into(), ..scan(&phantom([1.0; 4], STILL, [8.0, 8.0, 8.0])) };
    let current = Scan { name: "now".into(), ..prior.clone() };
    let refused = compare(&prior, &current, None, &mut Monitor::silent()).unwrap_err();
    assert_eq!(refused.name(), "E_OPTION");
    assert!(refused.to_string().contains("before, the same CT as now"), "{refused}");
}

#[test]
fn compare_gives_the_same_bits_again_and_ends_when_it_is_cancelled() {
    let prior = scan(&phantom([1.0; 4], STILL, [4.0, 4.0, 4.0]));
    let current = scan(&phantom([1.5, 1.0, 1.0, 1.0], MOVED, [4.0, 4.0, 4.0]));
    let compared = || compare(&prior, &current, Some(90.0), &mut Monitor::silent()).unwrap();
    assert_eq!(compared(), compared());
    let (token, mut steps) = (CancelToken::new(), 0);
    let from_sink = token.clone();
    let mut sink = |_: Progress| {
        steps += 1;
        if steps == 2 {
            from_sink.cancel();
        }
    };
    let ended = compare(&prior, &current, None, &mut Monitor::new(token, &mut sink));
    assert_eq!(ended.unwrap_err().name(), "E_CANCELLED");
}
