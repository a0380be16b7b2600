//! The lungs of phantoms, whole and maltreated.

use std::sync::OnceLock;

use ndarray::{Array3, Axis, Zip, s};

use crate::steps::lungs::*;
use crate::{
    phantom::{Phantom, Scanner, chest_phantom_with},
    progress::{CancelToken, Monitor},
    space::grid::Grid,
};

fn scan(spacing_mm: [f64; 3], noise_hu: f64) -> Phantom {
    chest_phantom_with(11, &Scanner { spacing_mm, noise_hu, ..Scanner::default() })
}

/// One chest for the tests that cut and repaint it.
pub(super) fn chest() -> &'static Phantom {
    static CHEST: OnceLock<Phantom> = OnceLock::new();
    CHEST.get_or_init(|| scan([1.4, 1.4, 2.5], 25.0))
}

pub(super) fn find(ct: &Volume<f32>) -> LungMask {
    find_lungs(ct, &mut Monitor::silent()).unwrap()
}

fn dice(a: &Array3<bool>, b: &Array3<bool>) -> f64 {
    let both = Zip::from(a).and(b).fold(0, |n, &a, &b| n + usize::from(a && b));
    2.0 * both as f64 / (count(a) + count(b)) as f64
}

pub(super) fn count(mask: &Array3<bool>) -> usize {
    mask.iter().filter(|&&inside| inside).count()
}

/// Part of `voxels` that `mask` holds.
pub(super) fn held(mask: &Array3<bool>, voxels: &Array3<bool>) -> f64 {
    Zip::from(mask).and(voxels).fold(0, |n, &m, &v| n + usize::from(m && v)) as f64 / count(voxels).max(1) as f64
}

/// For each nodule that lies in the grid, the part of its voxels (inside the known lungs) that the mask holds.
fn nodules_held(phantom: &Phantom, ct: &Volume<f32>, lungs: &Array3<bool>, mask: &LungMask) -> Vec<f64> {
    let in_grid = |p: [f64; 3], reach: f64| {
        (0..3).all(|a| {
            let from: [f64; 3] = std::array::from_fn(|n| p[n] - ct.grid.origin_ras[n]);
            let mm = crate::space::grid::dot(from, ct.grid.direction[a]);
            mm > reach && mm < (ct.grid.dims[a] - 1) as f64 * ct.grid.spacing_mm[a] - reach
        })
    };
    let held = |centre: [f64; 3], radius: f64| {
        let near = Array3::from_shape_fn(ct.grid.shape(), |(k, j, i)| {
            let p = ct.grid.ras([i as f64, j as f64, k as f64]);
            lungs[[k, j, i]] && crate::space::grid::norm(std::array::from_fn(|n| p[n] - centre[n])) < radius
        });
        held(&mask.search, &near)
    };
    let seen = phantom.nodules.iter().filter(|n| in_grid(n.centre_ras, n.radius_mm));
    seen.map(|n| held(n.centre_ras, 0.95 * n.radius_mm)).collect()
}

pub(super) fn assert_keeps_nodules(phantom: &Phantom, mask: &LungMask) {
    let held = nodules_held(phantom, &phantom.ct, &phantom.lungs, mask);
    assert!(!held.is_empty());
    assert!(held.iter().all(|part| *part > 0.9), "{held:?}");
}

/// The part of a volume from `start` to `end`, along i, j, k, where it lies in the patient.
pub(super) fn crop<T: Clone>(volume: &Volume<T>, start: [usize; 3], end: [usize; 3]) -> Volume<T> {
    let voxels = volume.voxels.slice(s![start[2]..end[2], start[1]..end[1], start[0]..end[0]]).to_owned();
    let grid = Grid {
        dims: std::array::from_fn(|a| end[a] - start[a]),
        origin_ras: volume.grid.ras(start.map(|n| n as f64)),
        ..volume.grid.clone()
    };
    Volume::new(grid, voxels)
}

/// The voxel that holds a point (x, y, z) of the phantom's chest.
fn voxel(ct: &Volume<f32>, p: [f64; 3]) -> [usize; 3] {
    let ras = [-p[0], -p[1], p[2]];
    let from: [f64; 3] = std::array::from_fn(|n| ras[n] - ct.grid.origin_ras[n]);
    let index =
        |a: usize| (crate::space::grid::dot(from, ct.grid.direction[a]) / ct.grid.spacing_mm[a]).round() as usize;
    [index(2), index(1), index(0)]
}

#[test]
fn lungs_whole_chest_are_found_with_their_nodules() {
    let phantom = chest();
    let mask = find(&phantom.ct);
    assert!(dice(&mask.search, &phantom.lungs) > 0.95, "{}", dice(&mask.search, &phantom.lungs));
    assert_keeps_nodules(phantom, &mask);
    assert!(!mask.partial);
    assert_eq!(Some(mask.voi), Voi::around(&mask.search));
    let known_ml = count(&phantom.lungs) as f64 * phantom.ct.grid.voxel_mm3() / 1000.0;
    assert!((0.85..1.0).contains(&(mask.volume_ml / known_ml)), "{} of {known_ml} ml", mask.volume_ml);
}

#[test]
fn lungs_whole_chest_leave_out_airway_bowel_heart_and_outside() {
    let phantom = chest();
    let mask = find(&phantom.ct);
    let places = [
        ("trachea high", [0.0, 18.0, 195.0]),
        ("trachea low", [1.0, 22.0, 135.0]),
        ("right main bronchus", [-14.0, 24.0, 110.0]),
        ("left main bronchus", [20.0, 26.0, 108.0]),
        ("stomach gas", [58.0, -30.0, 8.0]),
        ("heart", [25.0, -24.0, 56.0]),
        ("aorta", [20.0, 42.0, 100.0]),
        ("spine", [0.0, 62.0, 100.0]),
        ("liver", [-60.0, 0.0, 15.0]),
        ("air beside the patient", [-138.0, -100.0, 100.0]),
        ("table", [100.0, 112.0, 100.0]),
    ];
    for (name, place) in places {
        assert!(!mask.search[voxel(&phantom.ct, place)], "{name} is searched");
    }
}

#[test]
fn lungs_one_whited_out_leaves_the_other() {
    let phantom = chest();
    let mut ct = phantom.ct.clone();
    let (mut right, mut left) = (phantom.lungs.clone(), phantom.lungs.clone());
    let middle = ct.grid.dims[0] / 2;
    right.slice_mut(s![.., .., middle..]).fill(false);
    left.slice_mut(s![.., .., ..middle]).fill(false);
    Zip::from(&mut ct.voxels).and(&left).for_each(|hu, &left| {
        if left {
            *hu = hu.max(20.0);
        }
    });
    let mask = find(&ct);
    assert!(dice(&mask.search, &right) > 0.94, "{}", dice(&mask.search, &right));
    assert!(held(&mask.search, &left) < 0.01, "{}", held(&mask.search, &left));
}

#[test]
fn lungs_partial_chests_are_found_with_their_nodules() {
    let phantom = chest();
    let [width, height, depth] = phantom.ct.grid.dims;
    let lungs = phantom.ct.like(phantom.lungs.clone());
    for (first, last) in [(0, depth / 2), (depth / 2, depth), (depth / 3, depth / 3 + 6)] {
        let (start, end) = ([0, 0, first], [width, height, last]);
        let ct = crop(&phantom.ct, start, end);
        let mask = find(&ct);
        let known = crop(&lungs, start, end).voxels;
        assert!(dice(&mask.search, &known) > 0.94, "slices {first} to {last}: {}", dice(&mask.search, &known));
        let held = nodules_held(phantom, &ct, &known, &mask);
        assert!(held.iter().all(|part| *part > 0.9), "slices {first} to {last}: {held:?}");
    }
}

#[test]
fn lungs_crop_inside_a_lung_is_lung_and_partial() {
    let phantom = chest();
    let nodule = phantom.nodules[0];
    let from: [f64; 3] = std::array::from_fn(|n| nodule.centre_ras[n] - phantom.ct.grid.origin_ras[n]);
    let at: [usize; 3] = std::array::from_fn(|a| {
        (crate::space::grid::dot(from, phantom.ct.grid.direction[a]) / phantom.ct.grid.spacing_mm[a]) as usize
    });
    let (start, end) = ([at[0] - 12, at[1] - 12, at[2] - 3], [at[0] + 12, at[1] + 12, at[2] + 3]);
    let mask = find(&crop(&phantom.ct, start, end));
    assert!(mask.partial);
    let part = count(&mask.search) as f64 / mask.search.len() as f64;
    assert!(part > 0.9, "{part}");
}

#[test]
fn lungs_crop_with_chest_wall_and_outside_leaves_the_outside_out() {
    let phantom = chest();
    let lungs = phantom.ct.like(phantom.lungs.clone());
    let [_, j, i] = voxel(&phantom.ct, [-100.0, 0.0, 0.0]);
    let (start, end) = ([0, j - 30, 20], [i + 34, j + 30, 30]);
    let mask = find(&crop(&phantom.ct, start, end));
    let known = crop(&lungs, start, end).voxels;
    assert!(mask.partial);
    assert!(dice(&mask.search, &known) > 0.9, "{}", dice(&mask.search, &known));
    assert!(mask.search.index_axis(Axis(2), 0).iter().all(|inside| !inside));
}

#[test]
fn lungs_prone_patient_noise_and_padding_change_little() {
    let phantom = chest();
    let mut ct = phantom.ct.clone();
    let (height, width) = (ct.grid.dims[1] as f64, ct.grid.dims[0] as f64);
    for ((k, j, i), hu) in ct.voxels.indexed_iter_mut() {
        // checkerboard noise of the sharpest kernel there is, and padding outside the scan circle
        *hu += if (k + j + i) % 2 == 0 { 90.0 } else { -90.0 };
        if (j as f64 - height / 2.0).hypot(i as f64 - width / 2.0) > 0.52 * width {
            *hu = -3024.0;
        }
    }
    ct.voxels.invert_axis(Axis(1));
    let ct = phantom.ct.like(ct.voxels.as_standard_layout().to_owned());
    let mut known = phantom.lungs.clone();
    known.invert_axis(Axis(1));
    let mask = find(&ct);
    assert!(dice(&mask.search, &known) > 0.94, "{}", dice(&mask.search, &known));
    assert!(!mask.partial);
}

#[test]
fn lungs_emphysema_is_lung() {
    let phantom = chest();
    let mut ct = phantom.ct.clone();
    Zip::from(&mut ct.voxels).and(&phantom.lungs).for_each(|hu, &lung| {
        if lung && *hu < -780.0 {
            *hu -= 85.0;
        }
    });
    let mask = find(&ct);
    assert!(dice(&mask.search, &phantom.lungs) > 0.94, "{}", dice(&mask.search, &phantom.lungs));
}

#[test]
fn lungs_thick_slices_keep_every_nodule() {
    let phantom = scan([1.4, 1.4, 5.0], 25.0);
    let mask = find(&phantom.ct);
    assert!(dice(&mask.search, &phantom.lungs) > 0.94, "{}", dice(&mask.search, &phantom.lungs));
    assert_keeps_nodules(&phantom, &mask);
}

#[test]
fn lungs_fine_grid_agrees_with_the_known_ones() {
    let phantom = chest();
    let double = |(k, j, i): (usize, usize, usize)| [30 + k / 2, j / 2, i / 2];
    let [width, height, _] = phantom.ct.grid.dims;
    let shape = (40, 2 * height, 2 * width);
    let grid = Grid::axial([2 * width, 2 * height, 40], phantom.ct.grid.spacing_mm.map(|s| s / 2.0));
    let ct = Volume::new(grid, Array3::from_shape_fn(shape, |index| phantom.ct.voxels[double(index)]));
    let known = Array3::from_shape_fn(shape, |index| phantom.lungs[double(index)]);
    let mask = find(&ct);
    assert!(dice(&mask.search, &known) > 0.95, "{}", dice(&mask.search, &known));
}

#[test]
fn lungs_block_of_tissue_or_of_air_is_refused_by_name() {
    for hu in [40.0, -1000.0, -3024.0] {
        let ct = Volume::new(Grid::axial([40, 40, 20], [2.0; 3]), Array3::from_elem((20, 40, 40), hu));
        let error = find_lungs(&ct, &mut Monitor::silent()).unwrap_err();
        assert_eq!(error.name(), "E_NO_LUNG");
        assert!(error.to_string().contains("0.0 ml"), "{error}");
    }
}

#[test]
fn lungs_cancelled_run_ends_by_name() {
    let token = CancelToken::new();
    let from_callback = token.clone();
    let mut sink = |_| from_callback.cancel();
    let error = find_lungs(&chest().ct, &mut Monitor::new(token, &mut sink)).unwrap_err();
    assert_eq!(error.name(), "E_CANCELLED");
}
