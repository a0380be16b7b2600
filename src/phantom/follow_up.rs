//! The same chest scanned again: nodules that grew, shrank, came or went, another pose and breath, another noise.

use super::{Lungs, Phantom, Scanner, nodules, random::SplitMix64, scan, vessels};
use crate::error::Error;

/// What a ball's volume may have become, as a multiple.
pub const VOLUME_FACTORS: std::ops::RangeInclusive<f64> = 0.0..=4.0;

/// What is different this time.
#[derive(Debug, Clone, PartialEq)]
pub struct FollowUp {
    /// For each ball by how much its volume is multiplied; 0: it isn't there.
    pub volume_factors: Vec<f64>,
    /// Seed of this scan's noise.
    pub noise_seed: u64,
}

/// The phantom of [`super::chest_phantom_with_balls`] scanned again. The same seed and diameters are the same chest, vessels
/// and places of balls, whatever scanner, pose and follow-up say. `None`: nothing is different but the scanner.
///
/// # Errors
/// As [`super::chest_phantom_with_balls`]; [`Error::Option`] for factors outside [`VOLUME_FACTORS`] or of another number.
pub fn chest_phantom_again(
    seed: u64,
    state: Lungs,
    scanner: &Scanner,
    diameters_mm: &[f64],
    follow_up: Option<&FollowUp>,
) -> Result<Phantom, Error> {
    super::check_diameters(diameters_mm)?;
    let mut random = SplitMix64(seed);
    let nodules = nodules::place_balls(&mut random, diameters_mm).ok_or_else(|| super::no_room(diameters_mm))?;
    let vessels = vessels::grow(&mut random, &nodules);
    let Some(FollowUp { volume_factors, noise_seed }) = follow_up else {
        return Ok(scan(random, None, nodules, &vessels, state, scanner));
    };
    check_factors(volume_factors, diameters_mm.len())?;
    // The balls stand by falling size; each has the factor of the diameter that it was asked with.
    let mut order: Vec<usize> = (0..diameters_mm.len()).collect();
    order.sort_by(|a, b| diameters_mm[*b].total_cmp(&diameters_mm[*a]));
    let changed = nodules.into_iter().zip(order).map(|(nodule, asked)| nodule.grown(volume_factors[asked]));
    let there = changed.filter(|nodule| nodule.reach() > 0.0).collect();
    Ok(scan(random, Some(SplitMix64(*noise_seed)), there, &vessels, state, scanner))
}

fn check_factors(factors: &[f64], balls: usize) -> Result<(), Error> {
    let refuse = |got: String, expected: String| Err(Error::Option { option: "volume-factors", got, expected });
    if factors.len() != balls {
        return refuse(format!("{} factors", factors.len()), format!("one for each of the {balls} diameters"));
    }
    match factors.iter().find(|factor| !VOLUME_FACTORS.contains(factor)) {
        Some(wrong) => refuse(format!("{wrong}"), format!("{} to {}", VOLUME_FACTORS.start(), VOLUME_FACTORS.end())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phantom::{Kernel, Pose, chest_phantom_with_balls};

    const QUICK: Scanner = Scanner {
        spacing_mm: [3.0, 3.0, 5.0],
        noise_hu: 0.0,
        pose: Pose { rotate_degrees: [0.0; 3], stretch: [1.0; 3], shift_mm: [0.0; 3] },
        kernel: Kernel::Standard,
    };

    #[test]
    fn chest_again_with_nothing_different_is_the_same_scan() {
        let first = chest_phantom_with_balls(3, Lungs::Normal, &QUICK, &[8.0, 12.0]).unwrap();
        assert_eq!(chest_phantom_again(3, Lungs::Normal, &QUICK, &[8.0, 12.0], None).unwrap(), first);
        let same = FollowUp { volume_factors: vec![1.0, 1.0], noise_seed: 9 };
        let again = chest_phantom_again(3, Lungs::Normal, &QUICK, &[8.0, 12.0], Some(&same)).unwrap();
        assert_eq!(again, first, "there is no noise that could differ");
        let noisy = Scanner { noise_hu: 20.0, ..QUICK };
        let again = chest_phantom_again(3, Lungs::Normal, &noisy, &[8.0, 12.0], Some(&same)).unwrap();
        assert_eq!(again.nodules, first.nodules);
        assert_ne!(again.ct, chest_phantom_again(3, Lungs::Normal, &noisy, &[8.0, 12.0], None).unwrap().ct);
    }

    #[test]
    fn chest_again_grows_each_ball_by_its_own_factor_and_moves_it_with_the_chest() {
        let first = chest_phantom_with_balls(3, Lungs::Normal, &QUICK, &[8.0, 12.0, 6.0]).unwrap();
        let pose = Pose { shift_mm: [10.0, -4.0, 6.0], ..Pose::default() };
        let change = FollowUp { volume_factors: vec![1.5, 0.5, 0.0], noise_seed: 0 };
        let again = chest_phantom_again(3, Lungs::Normal, &Scanner { pose, ..QUICK }, &[8.0, 12.0, 6.0], Some(&change));
        let again = again.unwrap();
        // By falling size before: 12, 8, 6 mm; the last isn't there.
        let ratio = |n: usize| again.nodules[n].volume_mm3 / first.nodules[n].volume_mm3;
        assert_eq!(again.nodules.len(), 2);
        assert!((ratio(0) - 0.5).abs() < 1e-9 && (ratio(1) - 1.5).abs() < 1e-9);
        let moved: [f64; 3] = std::array::from_fn(|a| again.nodules[1].centre_ras[a] - first.nodules[1].centre_ras[a]);
        // To the left and to the back are negative in RAS.
        assert!((0..3).all(|a| (moved[a] - [-10.0, 4.0, 6.0][a]).abs() < 1e-9), "{moved:?}");
    }

    #[test]
    fn chest_again_in_a_sharper_kernel_has_sharper_edges_of_the_same_volume() {
        let scanned = |kernel| {
            let scanner = Scanner { spacing_mm: [0.9, 0.9, 5.0], kernel, ..QUICK };
            chest_phantom_again(3, Lungs::Air, &scanner, &[20.0], None).unwrap()
        };
        let (soft, usual, sharp) = (scanned(Kernel::Soft), scanned(Kernel::Standard), scanned(Kernel::Sharp));
        let grid = &usual.ct.grid;
        let ball = usual.nodules[0];
        let middle = grid.ijk(ball.centre_ras).map(|index| index.round() as usize);
        // Along a row through the ball: the steepest step from voxel to voxel, and the highest value.
        let row = |phantom: &Phantom| phantom.ct.voxels.slice(ndarray::s![middle[2], middle[1], ..]).to_vec();
        let near = middle[0] - 16..middle[0] + 16;
        let steepest = |phantom: &Phantom| {
            let row = &row(phantom)[near.clone()];
            row.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
        };
        let steps = [&soft, &usual, &sharp].map(steepest);
        assert!(steps[0] < 0.9 * steps[1] && steps[1] < 0.9 * steps[2], "{steps:?}");
        let highest = |phantom: &Phantom| row(phantom)[near.clone()].iter().copied().fold(f32::MIN, f32::max);
        assert!(highest(&usual) <= 41.0 && highest(&sharp) > 60.0, "a sharp kernel raises edges");
        // The sum of all HU stays: a kernel moves contrast and makes none.
        let sum = |phantom: &Phantom| phantom.ct.voxels.mean().unwrap();
        assert!((sum(&sharp) - sum(&usual)).abs() < 0.5 && (sum(&soft) - sum(&usual)).abs() < 0.5);
        assert_eq!(sharp.nodules, usual.nodules);
    }

    #[test]
    fn chest_again_refuses_factors_that_cannot_be() {
        for factors in [vec![1.0], vec![1.0, 5.0], vec![f64::NAN, 1.0]] {
            let change = FollowUp { volume_factors: factors, noise_seed: 0 };
            let refused = chest_phantom_again(3, Lungs::Normal, &QUICK, &[8.0, 12.0], Some(&change));
            assert_eq!(refused.unwrap_err().name(), "E_OPTION");
        }
    }
}
