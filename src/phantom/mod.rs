//! A chest CT that nobody had taken: lungs, vessels, airways, bones, and nodules whose volumes are known.
//!
//! For demonstrations and tests. The anatomy is fixed; nodules, vessels, texture and noise follow the seed.
//!
//! ```
//! use sam2lung::phantom::{Scanner, chest_phantom_with};
//! let scanner = Scanner { spacing_mm: [3.0, 3.0, 5.0], ..Scanner::default() };
//! let phantom = chest_phantom_with(1, &scanner);
//! assert_eq!(phantom.ct.grid.dims, [95, 77, 40]);
//! assert!(phantom.nodules.len() >= 6);
//! ```

mod anatomy;
mod follow_up;
mod lungs;
mod nodules;
mod pose;
mod random;
mod scanner;
mod vessels;

use ndarray::Array3;

pub use follow_up::{FollowUp, chest_phantom_again};
pub use lungs::Lungs;
pub use nodules::NoduleKind;
pub use pose::Pose;
pub use scanner::{Kernel, Scanner};

use crate::{error::Error, space::volume::Volume};
use random::SplitMix64;

/// Diameters that the balls of [`chest_phantom_with_balls`] may have, mm.
pub const BALLS_MM: std::ops::RangeInclusive<f64> = 1.0..=30.0;

/// A chest CT with what is in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Phantom {
    /// The CT, HU.
    pub ct: Volume<f32>,
    /// `[k, j, i]`: the lungs as far as they hold air, with vessels and nodules, without airways.
    pub lungs: Array3<bool>,
    /// The nodules in aerated lung.
    pub nodules: Vec<PhantomNodule>,
}

/// A nodule of known size.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct PhantomNodule {
    /// Its centre, mm; for a nodule on the pleura the centre of the ball that the pleura cuts.
    pub centre_ras: [f64; 3],
    /// Radius of the ball with its volume, mm.
    pub radius_mm: f64,
    /// Its volume, mm³.
    pub volume_mm3: f64,
    /// What it is.
    pub kind: NoduleKind,
    /// The state of the lungs around it.
    #[serde(skip_serializing_if = "is_normal")]
    pub lungs: Lungs,
}

/// Facts about healthy lungs look as they always did.
fn is_normal(lungs: &Lungs) -> bool {
    *lungs == Lungs::Normal
}

/// The phantom as the demonstration uses it: 336 × 272 × 100 voxels of 0.85 × 0.85 × 2 mm.
pub fn chest_phantom(seed: u64) -> Phantom {
    chest_phantom_with(seed, &Scanner::default())
}

/// The phantom of a seed, scanned in another way: the same chest on another grid.
pub fn chest_phantom_with(seed: u64, scanner: &Scanner) -> Phantom {
    chest_phantom_of(seed, Lungs::Normal, scanner)
}

/// The phantom of a seed with lungs in another state: the same chest; a nodule that would touch a part without air is
/// left out.
pub fn chest_phantom_of(seed: u64, state: Lungs, scanner: &Scanner) -> Phantom {
    let mut random = SplitMix64(seed);
    let mut nodules = nodules::place(&mut random);
    let vessels = vessels::grow(&mut random, &nodules);
    nodules.extend(nodules::place_on_vessel(&vessels, &nodules));
    scan(random, None, nodules, &vessels, state, scanner)
}

/// The phantom of a seed with solid balls free in the lung, of these diameters in mm, in place of its usual nodules.
///
/// # Errors
/// [`Error::Option`] for a diameter outside [`BALLS_MM`], and when the lungs have no room for all.
pub fn chest_phantom_with_balls(
    seed: u64,
    state: Lungs,
    scanner: &Scanner,
    diameters_mm: &[f64],
) -> Result<Phantom, Error> {
    chest_phantom_again(seed, state, scanner, diameters_mm, None)
}

fn check_diameters(diameters_mm: &[f64]) -> Result<(), Error> {
    let (least, most) = (BALLS_MM.start(), BALLS_MM.end());
    match diameters_mm.iter().find(|mm| !BALLS_MM.contains(mm)) {
        Some(wrong) => Err(refuse_diameters(format!("{wrong}"), format!("{least} to {most} mm"))),
        None => Ok(()),
    }
}

fn no_room(diameters_mm: &[f64]) -> Error {
    let got = format!("{} balls", diameters_mm.len());
    refuse_diameters(got, "fewer or smaller ones: the lungs are full".into())
}

fn refuse_diameters(got: String, expected: String) -> Error {
    Error::Option { option: "diameters", got, expected }
}

/// Paints and exposes the chest; leaves out nodules that would touch a part without air. `noise`: where noise is to come from
/// another seed than all else.
fn scan(
    mut random: SplitMix64,
    noise: Option<SplitMix64>,
    mut nodules: Vec<nodules::Nodule>,
    vessels: &[vessels::Vessel],
    state: Lungs,
    scanner: &Scanner,
) -> Phantom {
    let grid = scanner.grid();
    let (mut hu, lungs) = scanner.chest(state, grid.dims);
    if state.textured() {
        scanner.add_texture(&mut random, &lungs, &mut hu);
    }
    nodules.retain(|nodule| state.opaque_distance(nodule.centre) > nodule.reach());
    vessels.iter().for_each(|vessel| scanner.paint_vessel(vessel, &mut hu));
    nodules.iter().for_each(|nodule| scanner.paint_nodule(nodule, &mut hu));
    scanner.expose(&mut noise.unwrap_or(random), &mut hu);
    Phantom {
        ct: Volume::new(grid, hu),
        lungs,
        nodules: nodules.iter().map(|nodule| describe(nodule, state, scanner.pose)).collect(),
    }
}

fn describe(nodule: &nodules::Nodule, lungs: Lungs, pose: Pose) -> PhantomNodule {
    let volume_mm3 = nodule.volume_mm3();
    PhantomNodule {
        centre_ras: scanner::to_ras(pose.to_scanner(nodule.centre)),
        radius_mm: (volume_mm3 * 0.75 / std::f64::consts::PI).cbrt(),
        volume_mm3,
        kind: nodule.kind,
        lungs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Scanner = Scanner {
        spacing_mm: [1.5, 1.5, 3.0],
        noise_hu: 0.0,
        pose: Pose { rotate_degrees: [0.0; 3], stretch: [1.0; 3], shift_mm: [0.0; 3] },
        kernel: Kernel::Standard,
    };

    /// Volume of what is denser than lung around a nodule, from partial volumes: HU is linear in the part that is
    /// nodule.
    fn measured_mm3(phantom: &Phantom, nodule: &PhantomNodule, nodule_hu: f64) -> f64 {
        let reach = nodule.radius_mm * 1.25 + 2.5;
        let grid = &phantom.ct.grid;
        let lung_hu = -865.0 - 0.45 * nodule.centre_ras[1];
        let part = |((k, j, i), hu): ((usize, usize, usize), &f32)| {
            let near = distance(grid.ras([i as f64, j as f64, k as f64]), nodule.centre_ras) < reach;
            if near { (f64::from(*hu) - lung_hu) / (nodule_hu - lung_hu) } else { 0.0 }
        };
        phantom.ct.voxels.indexed_iter().map(part).sum::<f64>() * grid.voxel_mm3()
    }

    fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
        crate::space::grid::norm(std::array::from_fn(|n| a[n] - b[n]))
    }

    #[test]
    fn phantom_free_nodules_measure_their_stated_volumes() {
        let phantom = chest_phantom_with(3, &QUICK);
        for nodule in &phantom.nodules {
            let hu = match nodule.kind {
                NoduleKind::Solid => 40.0,
                NoduleKind::GroundGlass => -500.0,
                NoduleKind::Pleural | NoduleKind::VesselAttached => continue,
            };
            let measured = measured_mm3(&phantom, nodule, hu);
            // lung texture (22 HU of 400 to 900) is what remains
            let tolerance = 0.05 * nodule.volume_mm3 + 15.0;
            assert!((measured - nodule.volume_mm3).abs() < tolerance, "{nodule:?} measured {measured:.0}");
        }
    }

    #[test]
    fn phantom_balls_measure_their_diameters_volumes_down_to_three_mm() {
        let scanner = Scanner {
            spacing_mm: [0.85, 0.85, 2.0],
            noise_hu: 0.0,
            pose: Pose { rotate_degrees: [0.0; 3], stretch: [1.0; 3], shift_mm: [0.0; 3] },
            kernel: Kernel::Standard,
        };
        let phantom = chest_phantom_with_balls(1, Lungs::Normal, &scanner, &[3.0, 4.0, 6.0, 12.0]).unwrap();
        let known: Vec<f64> = phantom.nodules.iter().map(|nodule| nodule.volume_mm3).collect();
        let balls = [12.0f64, 6.0, 4.0, 3.0].map(|d| std::f64::consts::PI / 6.0 * d.powi(3));
        assert!(known.iter().zip(balls).all(|(known, ball)| (known - ball).abs() < 1e-9), "{known:?}");
        for nodule in &phantom.nodules {
            let measured = measured_mm3(&phantom, nodule, 40.0);
            // lung texture (22 HU of 900) in a ball of 2.5 mm more radius
            let tolerance = 0.03 * nodule.volume_mm3 + 4.0;
            assert!((measured - nodule.volume_mm3).abs() < tolerance, "{nodule:?} measured {measured:.1}");
        }
    }

    #[test]
    fn phantom_balls_without_room_or_of_no_size_are_refused_by_option() {
        let made = |diameters: &[f64]| chest_phantom_with_balls(1, Lungs::Normal, &QUICK, diameters);
        for wrong in [vec![0.5], vec![31.0], vec![f64::NAN], vec![30.0; 60]] {
            let error = made(&wrong).unwrap_err();
            assert!(matches!(error, Error::Option { option: "diameters", .. }), "{wrong:?}: {error}");
        }
        assert_eq!(made(&[]).unwrap().nodules, []);
    }

    #[test]
    fn phantom_pleural_nodule_has_less_than_the_whole_ball_and_more_than_half() {
        let phantom = chest_phantom_with(4, &QUICK);
        let nodule = phantom.nodules.iter().find(|n| n.kind == NoduleKind::Pleural).unwrap();
        let ball = 4.0 / 3.0 * std::f64::consts::PI * 6.5f64.powi(3);
        assert!((0.5..0.95).contains(&(nodule.volume_mm3 / ball)), "{nodule:?}");
    }

    #[test]
    fn phantom_any_seed_has_all_kinds_apart_from_each_other_and_inside_the_lungs() {
        for seed in 0..20 {
            let mut random = SplitMix64(seed);
            let mut nodules = nodules::place(&mut random);
            let vessels = vessels::grow(&mut random, &nodules);
            nodules.extend(nodules::place_on_vessel(&vessels, &nodules));
            assert_eq!(nodules.len(), 8, "seed {seed}");
            for (n, a) in nodules.iter().enumerate() {
                assert!(anatomy::lung_distance(a.centre) < 0.0, "seed {seed}: {a:?}");
                for b in &nodules[..n] {
                    let gap = nodules::distance(a.centre, b.centre) - a.reach() - b.reach();
                    assert!(gap >= 10.0, "seed {seed}: {gap}");
                }
                let nearest = vessels.iter().map(|v| v.distance(a.centre)).fold(f64::INFINITY, f64::min);
                let touches = nearest < a.reach();
                assert_eq!(touches, a.kind == NoduleKind::VesselAttached, "seed {seed}: {nearest} {a:?}");
            }
        }
    }

    #[test]
    fn phantom_states_have_the_lung_they_should_and_say_so_in_their_facts() {
        let ml = |state: Lungs| {
            let phantom = chest_phantom_of(3, state, &QUICK);
            let known = serde_json::to_value(&phantom.nodules).unwrap();
            let expected = if state == Lungs::Normal { serde_json::Value::Null } else { serde_json::json!(state) };
            assert!(known.as_array().unwrap().iter().all(|nodule| nodule["lungs"] == expected), "{state:?}");
            assert!(phantom.nodules.len() >= 2, "{state:?}: {} nodules", phantom.nodules.len());
            phantom.lungs.iter().filter(|lung| **lung).count() as f64 * phantom.ct.grid.voxel_mm3() / 1000.0
        };
        let whole = ml(Lungs::Normal);
        assert_eq!([ml(Lungs::Air), ml(Lungs::Emphysema)], [whole, whole]);
        let sides = ml(Lungs::LeftOnly) + ml(Lungs::RightOnly);
        assert!((sides / whole - 1.0).abs() < 1e-3, "{sides} of {whole}");
        assert!((0.8..0.95).contains(&(ml(Lungs::Effusion) / whole)));
        assert!((0.7..0.9).contains(&(ml(Lungs::Consolidation) / whole)));
    }

    #[test]
    fn phantom_air_like_lung_measures_nearly_air_and_opaque_lung_fluid() {
        let mean = |state: Lungs, centre: [f64; 3]| {
            let phantom = chest_phantom_of(3, state, &QUICK);
            let grid = &phantom.ct.grid;
            let near =
                |(k, j, i): (usize, usize, usize)| distance(grid.ras([i as f64, j as f64, k as f64]), centre) < 6.0;
            let values: Vec<f32> =
                phantom.ct.voxels.indexed_iter().filter(|(index, _)| near(*index)).map(|(_, hu)| *hu).collect();
            values.iter().sum::<f32>() / values.len() as f32
        };
        // left lung, at the back and low
        let place = [-60.0, -50.0, 60.0];
        assert!((mean(Lungs::Effusion, place) - 12.0).abs() < 2.0);
        assert!((mean(Lungs::Consolidation, place) - 35.0).abs() < 2.0);
        assert!((mean(Lungs::RightOnly, place) - 12.0).abs() < 2.0);
        // a bulla of the right apex
        assert!((mean(Lungs::Emphysema, [48.0, 8.0, 162.0]) + 995.0).abs() < 12.0);
        assert!(mean(Lungs::Air, [48.0, 8.0, 162.0]) < -930.0);
    }

    #[test]
    fn phantom_same_seed_repeats_and_another_differs() {
        let scanner = Scanner { spacing_mm: [4.0, 4.0, 8.0], noise_hu: 20.0, ..Scanner::default() };
        let first = chest_phantom_with(7, &scanner);
        assert_eq!(first, chest_phantom_with(7, &scanner));
        let other = chest_phantom_with(8, &scanner);
        assert_ne!(first.nodules, other.nodules);
        assert_eq!(first.lungs, other.lungs);
    }

    #[test]
    fn phantom_lung_has_the_noise_that_was_asked_for() {
        let scanner = |noise_hu| Scanner { spacing_mm: [3.0, 3.0, 8.0], noise_hu, ..Scanner::default() };
        let (quiet, noisy) = (chest_phantom_with(1, &scanner(0.0)), chest_phantom_with(1, &scanner(30.0)));
        let square = quiet.ct.voxels.iter().zip(&noisy.ct.voxels).map(|(a, b)| f64::from(a - b).powi(2));
        // air is cut at -1024, so only what is denser counts
        let dense = square.zip(&quiet.ct.voxels).filter(|(_, hu)| **hu > -900.0).map(|(d, _)| d);
        let (sum, count) = dense.fold((0.0, 0), |(sum, n), d| (sum + d, n + 1));
        let spread = (sum / f64::from(count)).sqrt();
        assert!((spread - 30.0).abs() < 1.5, "{spread}");
    }
}
