//! Whether what is searched is the whole of both lungs: "no nodules" must not mean "not looked at".
//!
//! Arithmetic on volumes and areas, by what eight whole CTs of `train` and the phantoms have; nothing is learned.

use std::ops::Range;

use ndarray::{Array3, ArrayView3, Axis, Zip, s};

use crate::steps::lungs::{body, coarse::Coarse};
use crate::{
    space::volume::Voi,
    warning::{End, Part, Place, Side, Warning},
};

/// Lung on the first or the last slice, and at the image's sides, from which on it is cut off, in cm². Whole lungs end
/// with less than 2 even on slices of 7.5 mm.
const END_CM2: f64 = 5.0;
const SIDE_CM2: f64 = 2.0;
/// A small crop is all lung: this part of its face counts, too.
const FACE_PART: f64 = 0.25;
/// Below this part of the larger lung the smaller one is missing; whole ones have at least 0.7.
const ONE_LUNG: f64 = 0.1;
/// Of the rib cage's volume healthy lungs fill this part; small ones less than the second.
const CAGE_PART: f64 = 0.5;
const SMALL_PART: f64 = 0.25;
/// Less of the lungs' height tells nothing: apices and bases are small.
const CHEST_MM: f64 = 150.0;
/// A lung is missing from a slice where it has less than this part of the other's area: over the whole slice, where the
/// heart makes the left one small, and in the patient's back, where both are alike and fluid gathers.
const MISSING_WHOLE: f64 = 0.15;
const MISSING_BACK: f64 = 0.35;
/// Slices with less of the other lung than this tell nothing, in cm².
const TELLING_CM2: f64 = 10.0;
/// So much of the larger lung missing is more than the diaphragm's domes differ (0.03).
const MISSING_PART: f64 = 0.06;

/// What of the chest was not searched. `lung`: the aerated lung; `region`: what is searched; `pockets`: other air.
pub(super) fn check(
    coarse: &Coarse,
    lung: &Array3<bool>,
    region: &Array3<bool>,
    pockets: &Array3<bool>,
) -> Vec<Warning> {
    let Some(voi) = Voi::around(lung) else { return Vec::new() };
    let slices = voi.start[2]..voi.end[2];
    let halves = Halves::of(coarse, lung, region, &voi);
    let mut warnings = Vec::new();
    let ends = cut_off(coarse, lung);
    let in_plane = ends.iter().any(|end| !matches!(end, End::Head | End::Feet));
    if !ends.is_empty() {
        warnings.push(Warning::LungsCutOff { ends });
    }
    // a crop shows what somebody chose to show
    if !in_plane {
        match halves.one_lung() {
            Some(one) => warnings.push(one),
            None => warnings.extend(halves.without_air()),
        }
        let one_lung = warnings.iter().any(|warning| matches!(warning, Warning::OneLung { .. }));
        if !one_lung && slices.len() as f64 * coarse.spacing_mm[0] >= CHEST_MM {
            warnings.extend(small(coarse, halves.lung_ml.iter().sum(), slices.clone()));
        }
    }
    warnings.extend(air_not_searched(coarse, pockets, halves.middle, &slices));
    warnings
}

fn count(part: ArrayView3<'_, bool>) -> f64 {
    part.iter().filter(|&&inside| inside).count() as f64
}

/// Where lung goes on beyond the image.
fn cut_off(coarse: &Coarse, lung: &Array3<bool>) -> Vec<End> {
    let [sk, sj, si] = coarse.spacing_mm;
    let face = |axis: usize, at: usize, pixel_mm2: f64, least_cm2: f64| {
        let face = lung.index_axis(Axis(axis), at);
        let cut = face.iter().filter(|&&inside| inside).count() as f64;
        cut > 0.0 && cut * pixel_mm2 / 100.0 >= least_cm2.min(FACE_PART * face.len() as f64 * pixel_mm2 / 100.0)
    };
    let last = [0, 1, 2].map(|axis| lung.shape()[axis] - 1);
    let mut at_circle = 0.0;
    body::beside(&coarse.padding, lung, |_| at_circle += sk * si.min(sj) / 100.0);
    let found = [
        (End::Head, face(0, last[0], sj * si, END_CM2)),
        (End::Feet, face(0, 0, sj * si, END_CM2)),
        (End::Right, face(2, 0, sk * sj, SIDE_CM2)),
        (End::Left, face(2, last[2], sk * sj, SIDE_CM2)),
        (End::Front, face(1, 0, sk * si, SIDE_CM2)),
        (End::Back, face(1, last[1], sk * si, SIDE_CM2)),
        (End::ScanCircle, at_circle >= SIDE_CM2),
    ];
    found.into_iter().filter(|(_, cut)| *cut).map(|(end, _)| end).collect()
}

/// The right and the left half of the chest, in this order.
struct Halves {
    /// The column between them.
    middle: usize,
    /// Aerated lung, in ml.
    lung_ml: [f64; 2],
    /// Area that is searched in each slice that holds lung, in cm².
    whole: [Vec<f64>; 2],
    /// The same behind the middle of the lungs.
    back: [Vec<f64>; 2],
    /// Distance of slices, in cm: area times this is ml.
    step_cm: f64,
}

impl Halves {
    fn of(coarse: &Coarse, lung: &Array3<bool>, region: &Array3<bool>, voi: &Voi) -> Self {
        let slices = voi.start[2]..voi.end[2];
        let middle = body::middle_column(coarse, slices.clone()).round() as usize;
        let columns = [0..middle, middle..lung.dim().2];
        let searched = Zip::from(lung).and(region).map_collect(|lung, region| *lung || *region);
        let pixel_cm2 = coarse.spacing_mm[1] * coarse.spacing_mm[2] / 100.0;
        let areas = |first_row: usize| {
            let area =
                |k: usize, i: &Range<usize>| count(searched.slice(s![k..k + 1, first_row.., i.clone()])) * pixel_cm2;
            columns.clone().map(|i| slices.clone().map(|k| area(k, &i)).collect())
        };
        Halves {
            middle,
            lung_ml: columns.clone().map(|i| count(lung.slice(s![.., .., i])) * coarse.voxel_ml()),
            whole: areas(0),
            back: areas((voi.start[1] + voi.end[1]) / 2),
            step_cm: coarse.spacing_mm[0] / 10.0,
        }
    }

    fn one_lung(&self) -> Option<Warning> {
        let side = if self.lung_ml[0] > self.lung_ml[1] { Side::Right } else { Side::Left };
        let [own, other_ml] = [side, side.other()].map(|side| self.lung_ml[side as usize]);
        (other_ml < ONE_LUNG * own).then_some(Warning::OneLung { side, other_ml })
    }

    /// The parts of a lung that the other one has at the same height.
    fn without_air(&self) -> Vec<Warning> {
        let least_ml = MISSING_PART * self.lung_ml[0].max(self.lung_ml[1]);
        let gap = |side: Side| {
            let whole = self.longest_gap(&self.whole, side, MISSING_WHOLE);
            let back = self.longest_gap(&self.back, side, MISSING_BACK);
            let larger = [whole, back].into_iter().flatten().max_by(|a, b| a.0.total_cmp(&b.0));
            let (missing_ml, slices) = larger.filter(|(ml, _)| *ml >= least_ml)?;
            Some(Warning::LungWithoutAir { side, part: part(&slices, self.whole[0].len()), missing_ml })
        };
        [Side::Right, Side::Left].into_iter().filter_map(gap).collect()
    }

    /// The neighbouring slices in which `side` has less than `limit` of the other side's area, and what it lacks there,
    /// in ml.
    fn longest_gap(&self, areas: &[Vec<f64>; 2], side: Side, limit: f64) -> Option<(f64, Range<usize>)> {
        let (own, other) = (&areas[side as usize], &areas[side.other() as usize]);
        let mut gaps: Vec<(f64, Range<usize>)> = Vec::new();
        for (k, (own, other)) in own.iter().zip(other).enumerate() {
            if *other < TELLING_CM2 || *own >= limit * other {
                continue;
            }
            let lacks = (other - own) * self.step_cm;
            match gaps.last_mut().filter(|(_, slices)| slices.end == k) {
                Some((ml, slices)) => (*ml, slices.end) = (*ml + lacks, k + 1),
                None => gaps.push((lacks, k..k + 1)),
            }
        }
        gaps.into_iter().max_by(|a, b| a.0.total_cmp(&b.0))
    }
}

/// Which part of `count` slices, counted from the feet, a range is.
fn part(slices: &Range<usize>, count: usize) -> Part {
    let middle = (slices.start + slices.end) as f64 / 2.0 / count.max(1) as f64;
    match middle {
        _ if slices.len() * 3 >= 2 * count => Part::Larger,
        m if m < 0.4 => Part::Lower,
        m if m < 0.6 => Part::Middle,
        _ => Part::Upper,
    }
}

/// Whether the lungs are small for the rib cage, where bones tell how large that is.
fn small(coarse: &Coarse, lung_ml: f64, slices: Range<usize>) -> Option<Warning> {
    let cage_ml = body::cage_ml(coarse, slices);
    (lung_ml < SMALL_PART * cage_ml).then_some(Warning::SmallLungs { lung_ml, expected_ml: CAGE_PART * cage_ml })
}

/// The pockets of air, by how much there is and where most of it lies.
fn air_not_searched(coarse: &Coarse, pockets: &Array3<bool>, middle: usize, lung: &Range<usize>) -> Option<Warning> {
    let voi = Voi::around(pockets)?;
    let ml = |part: ArrayView3<'_, bool>| count(part) * coarse.voxel_ml();
    let all = ml(pockets.view());
    let right = ml(pockets.slice(s![.., .., ..middle]));
    let side = if 2.0 * right > all { Side::Right } else { Side::Left };
    let at = voi.start[2].max(lung.start)..voi.end[2].min(lung.end).max(voi.start[2].max(lung.start) + 1);
    let part = part(&(at.start - lung.start..at.end - lung.start), lung.len());
    Some(Warning::AirNotSearched { ml: all, place: Place { side, part } })
}
