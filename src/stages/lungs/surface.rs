//! From aerated lung to the region that is searched: nodules are soft tissue, so the soft tissue that lung encloses
//! or nearly encloses is taken in, and the mediastinum with the big vessels of the hila is left out.
//!
//! Near the chest wall a large ball closes the surface, so that a nodule on the pleura is inside. Towards the
//! mediastinum a small ball does, since there a large one would swallow hila, aorta and heart.

use ndarray::{Array3, ArrayView2, Axis, Zip, s};

use super::distance;
use crate::{
    stages::components::{Component, Neighbourhood, connected_components_of},
    volume::Voi,
};

/// Radius of the ball that closes the surface at the chest wall, and towards the mediastinum.
const WALL_BALL_MM: f64 = 15.0;
const MEDIAL_BALL_MM: f64 = 5.0;
/// The mediastinum begins so far inside the convex outline of the lungs, and within this part of their half width.
const MEDIAL_DEPTH_MM: f64 = 20.0;
const MEDIAL_WIDTH: f64 = 0.6;
/// Tissue enclosed by lung in an axial slice is filled up to these diameters.
const WALL_HOLE_MM: f64 = 35.0;
const MEDIAL_HOLE_MM: f64 = 22.0;

/// The region to search, on the coarse grid of `spacing_mm` (k, j, i). `partial`: lung is cut off at the image's
/// sides.
pub(super) fn search_region(
    lung: &Array3<bool>,
    airway: &Array3<bool>,
    spacing_mm: [f64; 3],
    partial: bool,
) -> Array3<bool> {
    let Some(frame) = Frame::around(lung, spacing_mm, partial) else {
        return lung.clone();
    };
    let (near, airway) = (frame.cut(lung), frame.cut(airway));
    let medial = medial_zone(&near, &airway, spacing_mm);
    let wall = distance::close(&near, WALL_BALL_MM, spacing_mm);
    let mut region = distance::close(&near, MEDIAL_BALL_MM, spacing_mm);
    Zip::from(&mut region)
        .and(&wall)
        .and(&medial)
        .for_each(|region, &wall, &medial| *region |= wall && !medial);
    fill_holes(&near, &medial, spacing_mm, &mut region);
    frame.paste(&region, lung.dim())
}

/// The box in which surfaces are closed: the lungs and a ball's radius around them. Where lung ends before the
/// image's sides the box goes beyond them, so that there is room for the ball between lung and image border; a lung that is cut off goes on
/// beyond the border as far as anyone knows.
struct Frame {
    /// First voxel along k, j, i; may be negative.
    start: [isize; 3],
    size: [usize; 3],
}

impl Frame {
    fn around(lung: &Array3<bool>, spacing_mm: [f64; 3], partial: bool) -> Option<Self> {
        let voi = Voi::around(lung)?;
        let (mut start, mut size) = ([0isize; 3], [0usize; 3]);
        for (a, axis) in [2, 1, 0].into_iter().enumerate() {
            let margin = (WALL_BALL_MM / spacing_mm[a]).ceil() as isize + 1;
            let (mut low, mut high) = (voi.start[axis] as isize - margin, voi.end[axis] as isize + margin);
            if partial || a == 0 {
                (low, high) = (low.max(0), high.min(lung.shape()[a] as isize));
            }
            (start[a], size[a]) = (low, (high - low) as usize);
        }
        Some(Frame { start, size })
    }

    /// The part of `mask` in the box, false beyond the image.
    fn cut(&self, mask: &Array3<bool>) -> Array3<bool> {
        let at = |n: usize, a: usize| (n as isize + self.start[a]) as usize;
        Array3::from_shape_fn(self.size, |(k, j, i)| {
            mask.get([at(k, 0), at(j, 1), at(i, 2)]) == Some(&true)
        })
    }

    /// The mask of the whole image, `dim` voxels, that has `part` in the box.
    fn paste(&self, part: &Array3<bool>, dim: (usize, usize, usize)) -> Array3<bool> {
        let at = |n: usize, a: usize| (n as isize - self.start[a]) as usize;
        Array3::from_shape_fn(dim, |(k, j, i)| {
            part.get([at(k, 0), at(j, 1), at(i, 2)]) == Some(&true)
        })
    }
}

/// Adds the tissue that lung surrounds in axial slices.
fn fill_holes(lung: &Array3<bool>, medial: &Array3<bool>, [_, sj, si]: [f64; 3], region: &mut Array3<bool>) {
    let (height, width) = (lung.dim().1, lung.dim().2);
    for k in 0..lung.dim().0 {
        let tissue = lung.slice(s![k..k + 1, .., ..]).map(|&inside| !inside);
        let patches = connected_components_of(tissue.view(), Neighbourhood::Faces6);
        let labels = patches.labels.index_axis(Axis(0), 0);
        let enclosed = |p: &Component| {
            p.voi.start[0] > 0 && p.voi.start[1] > 0 && p.voi.end[0] < width && p.voi.end[1] < height
        };
        let mut fill = vec![false; patches.list.len() + 1];
        for patch in patches.list.iter().filter(|p| enclosed(p)) {
            let diameter = (4.0 * patch.voxels as f64 * sj * si / std::f64::consts::PI).sqrt();
            let central = medial.index_axis(Axis(0), k);
            let overlap = Zip::from(labels)
                .and(central)
                .fold(0, |n, &l, &m| n + usize::from(l == patch.label && m));
            let limit = if 2 * overlap > patch.voxels {
                MEDIAL_HOLE_MM
            } else {
                WALL_HOLE_MM
            };
            fill[patch.label as usize] = diameter <= limit;
        }
        let mut slice = region.index_axis_mut(Axis(0), k);
        Zip::from(&mut slice)
            .and(labels)
            .for_each(|voxel, &label| *voxel |= fill[label as usize]);
    }
}

/// The part of the chest between the lungs: deep inside their common outline and near the midline. Empty when the
/// midline isn't known.
fn medial_zone(lung: &Array3<bool>, airway: &Array3<bool>, spacing_mm: [f64; 3]) -> Array3<bool> {
    let Some((mid, half_width)) = midline(lung, airway) else {
        return Array3::from_elem(lung.dim(), false);
    };
    let mut outside = Array3::from_elem(lung.dim(), true);
    for (slice, mut out) in lung.outer_iter().zip(outside.outer_iter_mut()) {
        for (j, span) in hull_rows(slice).into_iter().enumerate() {
            if let Some((low, high)) = span {
                out.slice_mut(s![j, low..=high]).fill(false);
            }
        }
    }
    let mut zone = distance::dilate(&outside, MEDIAL_DEPTH_MM, spacing_mm);
    for ((_, _, i), voxel) in zone.indexed_iter_mut() {
        *voxel = !*voxel && (i as f64 - mid).abs() < MEDIAL_WIDTH * half_width;
    }
    zone
}

/// The patient's midline (a column) and the half width of the lungs, in coarse voxels; from the trachea, or from
/// the two lungs; `None` where neither tells.
fn midline(lung: &Array3<bool>, airway: &Array3<bool>) -> Option<(f64, f64)> {
    let columns = |mask: &Array3<bool>| {
        let mut counts = vec![0usize; mask.dim().2];
        for row in mask.rows() {
            counts
                .iter_mut()
                .zip(row)
                .for_each(|(n, &inside)| *n += usize::from(inside));
        }
        counts
    };
    let counts = columns(lung);
    let first = counts.iter().position(|&n| n > 0)?;
    let last = counts.iter().rposition(|&n| n > 0)?;
    let airways = columns(airway);
    let total: usize = airways.iter().sum();
    let mid = if total > 0 {
        airways.iter().enumerate().map(|(i, n)| i * n).sum::<usize>() as f64 / total as f64
    } else {
        valley(&counts, first, last)?
    };
    Some((mid, (mid - first as f64).max(last as f64 - mid)))
}

/// The column between two lungs: the lowest of the middle third, when it has clearly less lung than either side.
fn valley(counts: &[usize], first: usize, last: usize) -> Option<f64> {
    let third = (last - first) / 3;
    let middle = first + third..last - third;
    let low = middle.clone().min_by_key(|&i| counts[i])?;
    let side = |range: std::ops::Range<usize>| range.map(|i| counts[i]).max().unwrap_or(0);
    let peak = side(first..low).min(side(low..last + 1));
    (2 * counts[low] < peak).then_some(low as f64)
}

/// For each row, the columns inside the convex hull of `slice`.
fn hull_rows(slice: ArrayView2<'_, bool>) -> Vec<Option<(usize, usize)>> {
    let spans: Vec<(f64, f64, f64)> = slice
        .outer_iter()
        .enumerate()
        .filter_map(|(j, row)| {
            let first = row.iter().position(|&inside| inside)?;
            let last = row.iter().rposition(|&inside| inside)?;
            Some((j as f64, first as f64, last as f64))
        })
        .collect();
    let low = chain(spans.iter().map(|&(j, first, _)| (j, first)));
    let high = chain(spans.iter().map(|&(j, _, last)| (j, -last)));
    (0..slice.dim().0)
        .map(|j| {
            Some((
                along(&low, j as f64)?.ceil() as usize,
                (-along(&high, j as f64)?).floor() as usize,
            ))
        })
        .collect()
}

/// The lower convex chain of points sorted by their first coordinate.
fn chain(points: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut hull: Vec<(f64, f64)> = Vec::new();
    for p in points {
        while let [.., a, b] = hull[..] {
            if (b.0 - a.0) * (p.1 - a.1) - (b.1 - a.1) * (p.0 - a.0) > 0.0 {
                break;
            }
            hull.pop();
        }
        hull.push(p);
    }
    hull
}

/// Value of a chain at `x`; `None` beyond its ends.
fn along(chain: &[(f64, f64)], x: f64) -> Option<f64> {
    let after = chain.iter().position(|p| p.0 >= x)?;
    let b = chain[after];
    if b.0 == x {
        return Some(b.1);
    }
    let a = chain[after.checked_sub(1)?];
    Some(a.1 + (b.1 - a.1) * (x - a.0) / (b.0 - a.0))
}
