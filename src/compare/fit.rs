//! How well two scans lie over each other, and what of that is too little.

use serde::Serialize;

use super::{field::Field, transform::Transform};

/// Worse than this is no registration of one chest.
const MAX_SURFACE_MM: f64 = 8.0;
const MIN_OVERLAP: f64 = 0.75;
/// A breath changes the volume of the lungs by a third, from empty to full by three; beyond that it is a mistake.
const VOLUME_RATIO: std::ops::RangeInclusive<f64> = 0.33..=3.0;
/// Worse than this can still be right, and a person has to look.
const TRUSTED_SURFACE_MM: f64 = 4.0;
const TRUSTED_OVERLAP: f64 = 0.88;
const TRUSTED_CORRELATION: f64 = 0.3;
/// Vessels are told from the lung around them by HU less the mean of so many blocks each way.
const AROUND: isize = 2;
/// So deep in the lung ribs and diaphragm are out of that mean.
const DEPTH_MM: f32 = -8.0;
/// Below so many points nothing is known; more than so many tell nothing more.
const MIN_POINTS: usize = 200;
const MAX_POINTS: usize = 20_000;

/// The residual of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Fit {
    /// Mean distance of one scan's lung surface to the other's in mm, both ways, where both scans show it.
    pub surface_mm: f64,
    /// 95th percentile of the same.
    pub surface_mm_p95: f64,
    /// Dice of the lungs, where both scans show them.
    pub lung_dice: f64,
    /// Correlation of what stands out of the lung (vessels) in both scans: about 0 in two people, whatever their lungs' shape.
    pub vessel_correlation: f64,
    /// Volume of the prior lungs as a share of the current ones: below 1 where the patient breathed in deeper this time.
    pub volume_ratio: f64,
    /// Share of the current lungs that lie in the prior scan.
    pub shared: f64,
}

impl Fit {
    /// Of `to_prior` and its way back, on coarse voxels.
    pub fn of(prior: &Field, current: &Field, to_prior: &Transform, to_current: &Transform) -> Self {
        let mut away = surface(current, prior, to_prior);
        away.extend(surface(prior, current, to_current));
        away.sort_by(f64::total_cmp);
        let at = |q: f64| away.get((q * away.len() as f64) as usize).copied().unwrap_or(f64::INFINITY);
        let (lung_dice, shared) = overlap(prior, current, to_prior);
        Fit {
            surface_mm: if away.is_empty() { f64::INFINITY } else { away.iter().sum::<f64>() / away.len() as f64 },
            surface_mm_p95: at(0.95),
            lung_dice,
            vessel_correlation: correlation(prior, current, to_prior),
            volume_ratio: to_prior.volume_ratio(),
            shared,
        }
    }

    /// Says what is too bad to go on with.
    pub(super) fn check(&self) -> Result<(), String> {
        let Fit { surface_mm, lung_dice, volume_ratio, .. } = *self;
        let fits = surface_mm <= MAX_SURFACE_MM && lung_dice >= MIN_OVERLAP && VOLUME_RATIO.contains(&volume_ratio);
        let got = || {
            let surfaces = if surface_mm.is_finite() {
                format!("the lungs' surfaces lie {surface_mm:.1} mm apart")
            } else {
                "neither scan shows a surface of the lungs where the other one does".to_owned()
            };
            format!(
                "{surfaces}, their Dice is {lung_dice:.2}, and the prior lungs would have {volume_ratio:.2} times the volume"
            )
        };
        if fits { Ok(()) } else { Err(got()) }
    }

    /// What is expected of a registration.
    pub(super) fn expected() -> String {
        format!(
            "at most {MAX_SURFACE_MM} mm, a Dice of {MIN_OVERLAP} or more and {} to {} times the volume",
            VOLUME_RATIO.start(),
            VOLUME_RATIO.end()
        )
    }

    /// Why matches should be looked at by a person; empty: nothing speaks against them.
    pub fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        if self.surface_mm > TRUSTED_SURFACE_MM {
            doubts
                .push(format!("the lungs' surfaces lie {:.1} mm apart (above {TRUSTED_SURFACE_MM})", self.surface_mm));
        }
        if self.lung_dice < TRUSTED_OVERLAP {
            doubts.push(format!("the lungs' Dice is {:.2} (below {TRUSTED_OVERLAP})", self.lung_dice));
        }
        if self.vessel_correlation < TRUSTED_CORRELATION {
            doubts.push(format!(
                "the vessels hardly lie on each other (correlation {:.2}, below {TRUSTED_CORRELATION}): is it the same patient?",
                self.vessel_correlation
            ));
        }
        doubts
    }
}

/// How far the other scan's surface lies from each point of `own`'s surface, as far as the other scan shows it.
fn surface(own: &Field, other: &Field, to_other: &Transform) -> Vec<f64> {
    let edge = own.grid.spacing_mm.into_iter().fold(0.0, f64::max) as f32;
    let mut away = Vec::new();
    for ((k, j, i), distance) in own.distance.indexed_iter().filter(|(_, distance)| distance.abs() < edge) {
        // Where an image ends no surface of the lungs is.
        if at_border(own, [i, j, k]) {
            continue;
        }
        let Some(at) = other.index(to_other.apply(own.grid.ras([i as f64, j as f64, k as f64]))) else { continue };
        if at_border(other, at.map(|index| index.round() as usize)) {
            continue;
        }
        away.push((other.slope(&other.distance, at).value - f64::from(*distance)).abs());
    }
    away
}

fn at_border(field: &Field, ijk: [usize; 3]) -> bool {
    (0..3).any(|axis| ijk[axis] < 2 || ijk[axis] + 3 > field.grid.dims[axis])
}

/// Dice of the lungs where both scans show them, and the share of the current lungs that the prior scan shows.
fn overlap(prior: &Field, current: &Field, to_prior: &Transform) -> (f64, f64) {
    let (mut both, mut sum, mut lung, mut shown) = (0usize, 0usize, 0usize, 0usize);
    for ((k, j, i), distance) in current.distance.indexed_iter() {
        let inside = *distance < 0.0;
        lung += usize::from(inside);
        let Some(at) = prior.index(to_prior.apply(current.grid.ras([i as f64, j as f64, k as f64]))) else { continue };
        let there = prior.slope(&prior.distance, at).value < 0.0;
        shown += usize::from(inside);
        both += usize::from(inside && there);
        sum += usize::from(inside) + usize::from(there);
    }
    (2.0 * both as f64 / sum.max(1) as f64, shown as f64 / lung.max(1) as f64)
}

/// Correlation of HU less their surroundings' mean, deep in both lungs; 0 where there is too little of it.
fn correlation(prior: &Field, current: &Field, to_prior: &Transform) -> f64 {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let deep = || current.distance.indexed_iter().filter(|(_, distance)| **distance < DEPTH_MM);
    let every = deep().count().div_ceil(MAX_POINTS).max(1);
    for ((k, j, i), _) in deep().step_by(every) {
        let Some(at) = prior.index(to_prior.apply(current.grid.ras([i as f64, j as f64, k as f64]))) else { continue };
        if prior.slope(&prior.distance, at).value < f64::from(DEPTH_MM) {
            let place = at.map(|index| index.round() as isize);
            if let (Some(own), Some(other)) =
                (above_mean(current, [i as isize, j as isize, k as isize]), above_mean(prior, place))
            {
                // The value itself between voxels; its surroundings change slowly.
                let between = prior.slope(&prior.hu, at).value
                    - f64::from(prior.hu[[place[2] as usize, place[1] as usize, place[0] as usize]]);
                ours.push(own);
                theirs.push(other + between);
            }
        }
    }
    if ours.len() < MIN_POINTS {
        return 0.0;
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (a, b) = (mean(&ours), mean(&theirs));
    let product: f64 = ours.iter().zip(&theirs).map(|(x, y)| (x - a) * (y - b)).sum();
    let power = |values: &[f64], mean: f64| values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    let both = (power(&ours, a) * power(&theirs, b)).sqrt();
    if both > 0.0 { product / both } else { 0.0 }
}

/// HU at a voxel less the mean of the blocks around it; `None` near the border.
fn above_mean(field: &Field, ijk: [isize; 3]) -> Option<f64> {
    let dims = field.grid.dims;
    // Thick slices have few neighbours within the same distance.
    let around = |axis: usize| if field.grid.spacing_mm[axis] > 4.0 { 1 } else { AROUND };
    let fits = (0..3).all(|axis| ijk[axis] >= around(axis) && ijk[axis] + around(axis) < dims[axis] as isize);
    if !fits {
        return None;
    }
    let (mut sum, mut count) = (0.0, 0usize);
    for k in ijk[2] - around(2)..=ijk[2] + around(2) {
        for j in ijk[1] - around(1)..=ijk[1] + around(1) {
            for i in ijk[0] - around(0)..=ijk[0] + around(0) {
                sum += f64::from(field.hu[[k as usize, j as usize, i as usize]]);
                count += 1;
            }
        }
    }
    let own = f64::from(field.hu[[ijk[2] as usize, ijk[1] as usize, ijk[0] as usize]]);
    Some(own - sum / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fit_without_a_surface_in_both_scans_is_refused_in_words() {
        let fit = Fit {
            surface_mm: 9.0,
            surface_mm_p95: 9.0,
            lung_dice: 0.5,
            vessel_correlation: 0.0,
            volume_ratio: 1.0,
            shared: 1.0,
        };
        assert!(fit.check().unwrap_err().starts_with("the lungs' surfaces lie 9.0 mm apart, their Dice is 0.50"));
        let said = Fit { surface_mm: f64::INFINITY, ..fit }.check().unwrap_err();
        assert!(said.starts_with("neither scan shows a surface of the lungs where") && !said.contains("inf"), "{said}");
    }
}
