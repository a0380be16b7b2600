//! Lungs that don't look like lung, lungs that are not all there, and what is said about them.

use ndarray::{Array3, Zip, s};

use crate::steps::lungs::{
    tests::{assert_keeps_nodules, chest, count, find, held},
    *,
};
use crate::{
    phantom::{Lungs, Phantom, Scanner, chest_phantom_of},
    space::grid::Grid,
    warning::{End, Part, Side},
};

fn scan(state: Lungs, spacing_mm: [f64; 3], noise_hu: f64) -> Phantom {
    chest_phantom_of(11, state, &Scanner { spacing_mm, noise_hu, ..Scanner::default() })
}

fn warnings(mask: &LungMask) -> Vec<&'static str> {
    mask.warnings.iter().map(Warning::name).collect()
}

/// Every state, on three scanners: what of the known lung, and of its nodules, is searched.
#[test]
fn lungs_of_every_state_are_covered_with_their_nodules() {
    use Lungs::*;
    let scanners = [([1.4, 1.4, 2.5], 25.0), ([1.4, 1.4, 7.5], 25.0), ([1.4, 1.4, 2.5], 90.0)];
    for state in [Normal, Air, LeftOnly, RightOnly, Emphysema, Effusion, Consolidation] {
        for (spacing_mm, noise_hu) in scanners {
            let phantom = scan(state, spacing_mm, noise_hu);
            let mask = find(&phantom.ct);
            let share = held(&mask.search, &phantom.lungs);
            // where lung is nearly air, its lowest tips between dome and wall look like tubes: up to 0.03
            assert!(share > 0.97, "{state:?} at {spacing_mm:?}, {noise_hu} HU: {share}");
            let outside = count(&mask.search) as f64 - share * count(&phantom.lungs) as f64;
            assert!(outside < 0.2 * count(&phantom.lungs) as f64, "{state:?}: {outside} voxels outside the lungs");
            assert_keeps_nodules(&phantom, &mask);
        }
    }
}

#[test]
fn warnings_whole_lungs_of_any_density_have_none() {
    for state in [Lungs::Normal, Lungs::Air, Lungs::Emphysema] {
        let mask = find(&scan(state, [1.4, 1.4, 2.5], 25.0).ct);
        assert_eq!(mask.warnings, [], "{state:?}");
    }
}

#[test]
fn warnings_one_lung_names_the_side_that_was_searched() {
    for (state, expected) in [(Lungs::LeftOnly, Side::Left), (Lungs::RightOnly, Side::Right)] {
        let mask = find(&scan(state, [1.4, 1.4, 2.5], 25.0).ct);
        let [Warning::OneLung { side, other_ml }] = mask.warnings[..] else { panic!("{:?}", mask.warnings) };
        assert_eq!(side, expected);
        assert!(other_ml < 20.0, "{other_ml}");
    }
}

#[test]
fn warnings_fluid_and_consolidation_name_side_part_and_volume() {
    for state in [Lungs::Effusion, Lungs::Consolidation] {
        let phantom = scan(state, [1.4, 1.4, 2.5], 25.0);
        let lost = count(&chest().lungs) - count(&phantom.lungs);
        let lost_ml = lost as f64 * phantom.ct.grid.voxel_mm3() / 1000.0;
        let mask = find(&phantom.ct);
        let [Warning::LungWithoutAir { side: Side::Left, part: Part::Lower, missing_ml }] = mask.warnings[..] else {
            panic!("{state:?}: {:?}", mask.warnings)
        };
        // a bound from below: only slices count in which most of the lung is missing, and the heart hides some
        assert!((0.4..1.2).contains(&(missing_ml / lost_ml)), "{state:?}: {missing_ml} of {lost_ml}");
    }
}

#[test]
fn warnings_both_lungs_half_full_of_fluid_are_small() {
    let phantom = chest();
    let mut ct = phantom.ct.clone();
    let from = ct.grid.dims[1] * 42 / 100;
    let mut behind = ct.voxels.slice_mut(s![.., from.., ..]);
    Zip::from(&mut behind).and(phantom.lungs.slice(s![.., from.., ..])).for_each(|hu, &lung| {
        *hu = if lung { 12.0 } else { *hu };
    });
    let mask = find(&ct);
    assert!(warnings(&mask).contains(&"W_SMALL_LUNGS"), "{:?}", mask.warnings);
}

#[test]
fn warnings_lungs_cut_off_name_every_end() {
    let phantom = chest();
    let [width, height, depth] = phantom.ct.grid.dims;
    let cases: [([usize; 3], [usize; 3], &[End]); 4] = [
        ([0, 0, depth / 2], [width, height, depth], &[End::Feet]),
        ([0; 3], [width, height, depth / 2], &[End::Head]),
        ([0, 0, depth / 3], [width, height, depth / 2], &[End::Head, End::Feet]),
        ([width / 5, 0, 0], [width, height, depth], &[End::Right]),
    ];
    for (start, end, expected) in cases {
        let mask = find(&super::tests::crop(&phantom.ct, start, end));
        let [Warning::LungsCutOff { ends }] = &mask.warnings[..] else { panic!("{expected:?}: {:?}", mask.warnings) };
        assert_eq!(ends, expected);
    }
}

#[test]
fn warnings_scan_circle_through_the_lungs_is_named_and_the_rest_is_searched() {
    let phantom = chest();
    let mut ct = phantom.ct.clone();
    let mut seen = phantom.lungs.clone();
    let (height, width) = (ct.grid.dims[1] as f64, ct.grid.dims[0] as f64);
    for ((k, j, i), hu) in ct.voxels.indexed_iter_mut() {
        if (j as f64 - height / 2.0).hypot(i as f64 - width / 2.0) > 0.33 * width {
            *hu = -2000.0;
            seen[[k, j, i]] = false;
        }
    }
    let mask = find(&ct);
    let share = held(&mask.search, &seen);
    assert!(share > 0.97, "{share}");
    assert_eq!(mask.warnings, [Warning::LungsCutOff { ends: vec![End::ScanCircle] }]);
}

/// The left lung collapsed to a ball at the hilum, free air around it.
#[test]
fn lungs_pneumothorax_is_searched_with_the_collapsed_lung() {
    let phantom = chest();
    let mut ct = phantom.ct.clone();
    let hilum = [48.0, 16.0, 100.0];
    for ((k, j, i), hu) in ct.voxels.indexed_iter_mut().filter(|(index, _)| phantom.lungs[*index]) {
        let ras = phantom.ct.grid.ras([i as f64, j as f64, k as f64]);
        let p = [-ras[0], -ras[1], ras[2]];
        let from: [f64; 3] = std::array::from_fn(|a| p[a] - hilum[a]);
        if p[0] > 0.0 {
            *hu = if crate::space::grid::norm(from) < 28.0 { -300.0 } else { -1000.0 };
        }
    }
    let mask = find(&ct);
    let share = held(&mask.search, &phantom.lungs);
    assert!(share > 0.95, "{share}");
}

/// A tube of plastic with two cavities full of air, balls on threads in them.
struct Shell {
    ct: Volume<f32>,
    cavities: Array3<bool>,
    balls: Array3<bool>,
}

/// The shell lies in slices `first` to `last` of 60; its cavities are open at both ends.
fn shell(first: usize, last: usize) -> Shell {
    let shape = (60, 110, 140);
    let inside = |j: usize, i: usize, centre: [f64; 2], axes: [f64; 2]| {
        ((i as f64 - centre[0]) / axes[0]).hypot((j as f64 - centre[1]) / axes[1]) < 1.0
    };
    let cavity = |j: usize, i: usize| [[42.0, 55.0], [98.0, 55.0]].iter().any(|c| inside(j, i, *c, [20.0, 30.0]));
    let ball = |k: usize, j: usize, i: usize| {
        [[30usize, 40, 40], [20, 70, 100]].iter().any(|c| {
            [k.abs_diff(c[0]) as f64 * 3.0, j.abs_diff(c[1]) as f64 * 2.0, i.abs_diff(c[2]) as f64 * 2.0]
                .iter()
                .map(|mm| mm * mm)
                .sum::<f64>()
                < 25.0
        })
    };
    let there = |k: usize| (first..last).contains(&k);
    let hu = |(k, j, i): (usize, usize, usize)| match () {
        _ if !there(k) || !inside(j, i, [70.0, 55.0], [56.0, 42.0]) => -1000.0,
        _ if ball(k, j, i) => 40.0,
        _ if cavity(j, i) => -1000.0,
        _ => 30.0,
    };
    Shell {
        ct: Volume::new(Grid::axial([140, 110, 60], [2.0, 2.0, 3.0]), Array3::from_shape_fn(shape, hu)),
        cavities: Array3::from_shape_fn(shape, |(k, j, i)| there(k) && cavity(j, i)),
        balls: Array3::from_shape_fn(shape, |(k, j, i)| there(k) && ball(k, j, i)),
    }
}

#[test]
fn lungs_of_a_shell_full_of_air_and_open_at_its_ends_are_searched() {
    for (first, last) in [(0, 60), (8, 52)] {
        let shell = shell(first, last);
        let mask = find(&shell.ct);
        let share = held(&mask.search, &shell.cavities);
        assert!(share > 0.97, "slices {first} to {last}: {share}");
        assert_eq!(held(&mask.search, &shell.balls), 1.0, "slices {first} to {last}");
        let outside = count(&mask.search) as f64 / count(&shell.cavities) as f64 - share;
        assert!(outside < 0.25, "slices {first} to {last}: {outside}");
        let expected: &[_] = if first == 0 { &["W_LUNGS_CUT_OFF"] } else { &[] };
        assert_eq!(warnings(&mask), expected);
    }
}

/// A bulla with a wall of its own at the left apex, too small to be searched as lung, too large for an airway.
#[test]
fn warnings_walled_pocket_of_air_is_named_with_its_volume_and_place() {
    let phantom = chest();
    let mut ct = phantom.ct.clone();
    for ((k, j, i), hu) in ct.voxels.indexed_iter_mut() {
        let ras = phantom.ct.grid.ras([i as f64, j as f64, k as f64]);
        let from = [-ras[0] - 52.0, -ras[1] - 6.0, ras[2] - 172.0];
        let r = crate::space::grid::norm(from);
        if r < 29.0 {
            *hu = if r < 22.0 { -1000.0 } else { 20.0 };
        }
    }
    let mask = find(&ct);
    let [Warning::AirNotSearched { ml, place }] = &mask.warnings[..] else { panic!("{:?}", mask.warnings) };
    let ball_ml = 4.0 / 3.0 * std::f64::consts::PI * 2.2f64.powi(3);
    assert!((0.8..1.1).contains(&(ml / ball_ml)), "{ml} of {ball_ml}");
    assert_eq!((place.side, place.part), (Side::Left, Part::Upper));
}

#[test]
fn lungs_belly_with_gas_is_no_chest() {
    let phantom = chest();
    let mut ct = phantom.ct.clone();
    Zip::from(&mut ct.voxels).and(&phantom.lungs).for_each(|hu, &lung| *hu = if lung { 40.0 } else { *hu });
    let error = find_lungs(&ct, &mut Monitor::silent()).unwrap_err();
    assert_eq!(error.name(), "E_NO_LUNG");
}
