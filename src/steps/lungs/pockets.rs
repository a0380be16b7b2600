//! Air in the chest that doesn't look like lung: lung that is nearly air (a physical phantom, a ventilated lung), a
//! pneumothorax, a bulla with a wall of its own. Large pockets are searched like lung, small ones are named.
//!
//! Gas in stomach and bowel looks the same. It lies under the lung, or lower than the lungs do.

use std::ops::Range;

use ndarray::{Array3, Axis, Zip, s};

use crate::steps::lungs::{air::AIR_HU, body::Mass, coarse::Coarse};
use crate::{
    error::Result,
    progress::Monitor,
    steps::{
        components::{Component, Components, Neighbourhood, connected_components},
        distance,
    },
};

/// Smaller pockets are gas in the oesophagus, and remains of the airways.
pub(super) const MIN_ML: f64 = 30.0;
/// Pockets from here on are searched: no trachea is that large.
const LUNG_ML: f64 = 100.0;
/// A pocket of this size may be a whole lung.
const WHOLE_ML: f64 = 300.0;
/// With less lung than this the largest pocket decides where the chest is.
const KNOWN_LUNG_ML: f64 = 100.0;
/// It has at least this part of the body in its slices: a lung has 0.12 and more, a full stomach 0.06.
const BODY_PART: f64 = 0.08;
/// A pocket's middle lies so deep in the body's mass: not in the table (front and back), not under an arm (sides; a lung
/// behind thin walls reaches 0.9).
const DEEP: Range<f64> = 0.1..0.9;
const DEEP_ASIDE: Range<f64> = 0.06..0.94;
/// So deep between front and back, or behind a wall: the foam of a table is neither.
const DEEPER: Range<f64> = 0.25..0.75;
/// What lies so far from a pocket decides whether there is a wall: this part of it may be the air around the patient.
const WALL_MM: Range<f64> = 6.0..10.0;
const WALL_GAPS: f64 = 0.3;
/// Part of a pocket's columns that have lung above and none below: more, and it lies under the diaphragm.
const UNDER_LUNG: f64 = 0.5;
/// This part of the lung lies lower than a pocket's middle, at least.
const LUNG_BELOW: f64 = 0.1;

/// Adds the large pockets of `air` that the body encloses to `lung`; returns the small ones.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub(super) fn add_pockets(
    coarse: &Coarse,
    air: &Array3<bool>,
    enclosed: &Array3<bool>,
    lung: &mut Array3<bool>,
    monitor: &Monitor<'_>,
) -> Result<Array3<bool>> {
    let mut rest = air.clone();
    Zip::from(&mut rest).and(enclosed).and(&*lung).for_each(|rest, &enclosed, &lung| *rest &= enclosed && !lung);
    let found = connected_components(&rest, Neighbourhood::Faces6, monitor.cancel_token())?;
    let ml = |component: &Component| component.voxels as f64 * coarse.voxel_ml();
    let mass = Mass::of(coarse);
    let waiting: Vec<&Component> = found.list.iter().filter(|c| ml(c) >= MIN_ML).collect();
    let outside = outside(coarse, enclosed);
    let mut walled = Vec::new();
    for pocket in waiting {
        if is_deep(&mass, &found, pocket, &outside, coarse.spacing_mm, monitor)? {
            walled.push(pocket);
        }
    }
    let mut waiting = walled;
    let lung_ml = lung.iter().filter(|&&inside| inside).count() as f64 * coarse.voxel_ml();
    if lung_ml < KNOWN_LUNG_ML {
        let first = waiting.iter().copied().max_by_key(|c| c.voxels);
        let Some(first) = first.filter(|c| ml(c) >= BODY_PART * body_ml(coarse, enclosed, c)) else {
            return Ok(Array3::from_elem(air.dim(), false));
        };
        add(lung, &found, first);
        waiting.retain(|c| c.label != first.label);
    }
    // from the head down: what is lung decides about what lies under it
    waiting.sort_by_key(|c| (std::cmp::Reverse(c.voi.end[2]), c.label));
    let mut small = Array3::from_elem(air.dim(), false);
    for pocket in waiting {
        monitor.check()?;
        if in_chest(&found, pocket, lung) {
            add(if ml(pocket) >= LUNG_ML { &mut *lung } else { &mut small }, &found, pocket);
        }
    }
    Ok(small)
}

/// Volume of the largest pocket of `air` that looks like a whole lung but for its HU, in ml; 0 when there is none.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub(super) fn largest_ml(
    coarse: &Coarse,
    air: &Array3<bool>,
    enclosed: &Array3<bool>,
    monitor: &Monitor<'_>,
) -> Result<f64> {
    let inner = Zip::from(air).and(enclosed).map_collect(|&air, &enclosed| air && enclosed);
    let found = connected_components(&inner, Neighbourhood::Faces6, monitor.cancel_token())?;
    let ml = |component: &Component| component.voxels as f64 * coarse.voxel_ml();
    let Some(first) = found.list.iter().max_by_key(|c| c.voxels) else { return Ok(0.0) };
    let whole = ml(first) >= WHOLE_ML && ml(first) >= BODY_PART * body_ml(coarse, enclosed, first);
    let inside = || is_deep(&Mass::of(coarse), &found, first, &outside(coarse, enclosed), coarse.spacing_mm, monitor);
    Ok(if whole && inside()? { ml(first) } else { 0.0 })
}

/// The air around the patient, and padding.
fn outside(coarse: &Coarse, enclosed: &Array3<bool>) -> Array3<bool> {
    Zip::from(&coarse.hu).and(enclosed).map_collect(|&hu, &enclosed| hu < AIR_HU && !enclosed)
}

pub(super) fn add(mask: &mut Array3<bool>, found: &Components, component: &Component) {
    Zip::from(mask).and(&found.labels).for_each(|inside, &label| *inside |= label == component.label);
}

/// Mean index of a component along k, j, i.
fn middle(found: &Components, component: &Component) -> [f64; 3] {
    let mut sums = [0usize; 3];
    for index in component.voi.indices().filter(|index| found.labels[*index] == component.label) {
        sums.iter_mut().zip(index).for_each(|(sum, n)| *sum += n);
    }
    sums.map(|sum| sum as f64 / component.voxels as f64)
}

/// Whether a component lies among the body's mass between front and back. The circle cuts the sides off.
pub(super) fn in_the_rows(mass: &Mass, found: &Components, component: &Component) -> bool {
    let [_, j, i] = middle(found, component);
    DEEP.contains(&mass.before(j, i)[0])
}

/// Whether a pocket lies inside the body, not in something beside it.
fn is_deep(
    mass: &Mass,
    found: &Components,
    pocket: &Component,
    outside: &Array3<bool>,
    spacing_mm: [f64; 3],
    monitor: &Monitor<'_>,
) -> Result<bool> {
    let [_, j, i] = middle(found, pocket);
    let [before_row, before_column] = mass.before(j, i);
    let deep = DEEP.contains(&before_row) && DEEP_ASIDE.contains(&before_column);
    Ok(deep && (DEEPER.contains(&before_row) || has_wall(found, pocket, outside, spacing_mm, monitor)?))
}

fn has_wall(
    found: &Components,
    pocket: &Component,
    outside: &Array3<bool>,
    spacing_mm: [f64; 3],
    monitor: &Monitor<'_>,
) -> Result<bool> {
    let (depth, height, width) = outside.dim();
    let steps = [2, 1, 0].map(|a| (WALL_MM.end / spacing_mm[a]).ceil() as usize + 1);
    let [i, j, k] = {
        let voi = pocket.voi.grown(steps, [width, height, depth]);
        [0, 1, 2].map(|a| voi.start[a]..voi.end[a])
    };
    let part = s![k, j, i];
    let own = found.labels.slice(&part).map(|&label| label == pocket.label);
    let distance = distance::squared_distance(&own, spacing_mm, monitor.cancel_token())?;
    let mut counts = [0u32, 0];
    Zip::from(&distance).and(outside.slice(&part)).for_each(|&d2, &outside| {
        if WALL_MM.contains(&f64::from(d2).sqrt()) {
            counts[0] += 1;
            counts[1] += u32::from(outside);
        }
    });
    Ok(f64::from(counts[1]) <= WALL_GAPS * f64::from(counts[0]))
}

/// Volume of the body, with the air in it, in the slices of a component.
fn body_ml(coarse: &Coarse, enclosed: &Array3<bool>, component: &Component) -> f64 {
    let slices = component.voi.start[2]..component.voi.end[2];
    let inside = |k: usize| {
        let (hu, enclosed) = (coarse.hu.index_axis(Axis(0), k), enclosed.index_axis(Axis(0), k));
        Zip::from(&hu).and(&enclosed).fold(0, |n, &hu, &enclosed| n + usize::from(enclosed || hu > AIR_HU))
    };
    slices.map(inside).sum::<usize>() as f64 * coarse.voxel_ml()
}

/// Whether a pocket lies beside the lungs, not below or under them.
fn in_chest(found: &Components, pocket: &Component, lung: &Array3<bool>) -> bool {
    let areas: Vec<usize> = lung.outer_iter().map(|slice| slice.iter().filter(|&&inside| inside).count()).collect();
    let level = (middle(found, pocket)[0] as usize).min(areas.len() - 1);
    let below = areas[..=level].iter().sum::<usize>() as f64 / areas.iter().sum::<usize>().max(1) as f64;
    let [columns, under] = columns_under(found, pocket, lung);
    below >= LUNG_BELOW && under as f64 <= UNDER_LUNG * columns as f64
}

/// The columns of a pocket, and those of them with lung above the pocket and none below.
fn columns_under(found: &Components, pocket: &Component, lung: &Array3<bool>) -> [usize; 2] {
    let [i, j, k] = [0, 1, 2].map(|a| pocket.voi.start[a]..pocket.voi.end[a]);
    let mut counts = [0, 0];
    for (j, i) in j.flat_map(|j| i.clone().map(move |i| (j, i))) {
        if let Some(top) = k.clone().rev().find(|&k| found.labels[[k, j, i]] == pocket.label) {
            counts[0] += 1;
            let above = (top..lung.dim().0).any(|k| lung[[k, j, i]]);
            let below = (0..top).any(|k| lung[[k, j, i]]);
            counts[1] += usize::from(above && !below);
        }
    }
    counts
}
