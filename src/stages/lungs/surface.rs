//! From aerated lung to the region that is searched: nodules are soft tissue, so the soft tissue that lung encloses
//! or nearly encloses is taken in, and the mediastinum with the big vessels of the hila is left out.
//!
//! Near the chest wall a large ball closes the surface, so that a nodule on the pleura is inside. Towards the
//! mediastinum a small ball does, since there a large one would swallow hila, aorta and heart.

use ndarray::{Array3, ArrayView2, Axis, Zip, s};

use crate::{
    error::Result,
    progress::Monitor,
    stages::{
        components::{Component, Neighbourhood, connected_components_of},
        distance,
    },
    volume::Voi,
};

/// Radius of the ball that closes the surface at the chest wall, and towards the mediastinum.
const WALL_BALL_MM: f64 = 25.0;
const MEDIAL_BALL_MM: f64 = 5.0;
/// At the chest wall the region reaches so far beyond: readers outline a nodule's foot on the pleura, too.
const WALL_MARGIN_MM: f64 = 1.5;
/// The mediastinum begins so far inside the convex outline of the lungs, and within this part of their half width.
const MEDIAL_DEPTH_MM: f64 = 20.0;
const MEDIAL_WIDTH: f64 = 0.6;
/// Tissue enclosed by lung in an axial slice is filled up to these diameters.
const WALL_HOLE_MM: f64 = 35.0;
const MEDIAL_HOLE_MM: f64 = 22.0;

/// The region to search, on the coarse grid of `spacing_mm` (k, j, i).
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub(super) fn search_region(
    lung: &Array3<bool>,
    trachea: Option<f64>,
    spacing_mm: [f64; 3],
    monitor: &Monitor<'_>,
) -> Result<Array3<bool>> {
    let midline = midline(lung, trachea);
    let medial = match &midline {
        Some(midline) => medial_zone(lung, midline, spacing_mm, monitor)?,
        None => Array3::from_elem(lung.dim(), false),
    };
    let mut region = close_surface(lung, MEDIAL_BALL_MM, 0.0, spacing_mm, monitor)?;
    // each lung by itself: a large ball would close the gap between them
    for side in sides(lung, midline.as_ref()) {
        let wall = close_surface(&side, WALL_BALL_MM, WALL_MARGIN_MM, spacing_mm, monitor)?;
        Zip::from(&mut region).and(&wall).and(&medial).for_each(|region, &wall, &medial| *region |= wall && !medial);
    }
    fill_holes(lung, &medial, spacing_mm, &mut region, monitor)?;
    Ok(region)
}

/// The right and the left lung, cut at the midline; one mask when that isn't known.
fn sides(lung: &Array3<bool>, midline: Option<&Midline>) -> Vec<Array3<bool>> {
    let Some(midline) = midline else {
        return vec![lung.clone()];
    };
    let half = |left: bool| {
        let mut half = lung.clone();
        let cut = (midline.column.round().max(0.0) as usize).min(lung.dim().2);
        half.slice_mut(if left { s![.., .., ..cut] } else { s![.., .., cut..] }).fill(false);
        half
    };
    vec![half(false), half(true)]
}

/// Closes the surface with a ball and moves it out by a margin.
fn close_surface(
    lung: &Array3<bool>,
    ball_mm: f64,
    margin_mm: f64,
    spacing_mm: [f64; 3],
    monitor: &Monitor<'_>,
) -> Result<Array3<bool>> {
    let Some(frame) = Frame::around(lung, ball_mm, spacing_mm) else {
        return Ok(lung.clone());
    };
    let reached = distance::dilate(&frame.cut(lung), ball_mm, spacing_mm, monitor.cancel_token())?;
    let closed = distance::erode(&reached, ball_mm - margin_mm, spacing_mm, monitor.cancel_token())?;
    Ok(frame.paste(&closed, lung.dim()))
}

/// The box in which surfaces are closed: the lungs and a ball's radius around them. It may go beyond the image, whose border
/// voxels go on there: lung that is cut off stays lung, tissue tissue.
struct Frame {
    /// First voxel along k, j, i; may be negative.
    start: [isize; 3],
    size: [usize; 3],
}

impl Frame {
    fn around(lung: &Array3<bool>, radius_mm: f64, spacing_mm: [f64; 3]) -> Option<Self> {
        let voi = Voi::around(lung)?;
        let margin: [isize; 3] = spacing_mm.map(|s| (radius_mm / s).ceil() as isize + 1);
        let axes = [2, 1, 0];
        Some(Frame {
            start: std::array::from_fn(|a| voi.start[axes[a]] as isize - margin[a]),
            size: std::array::from_fn(|a| voi.size()[axes[a]] + 2 * margin[a] as usize),
        })
    }

    /// The part of `mask` in the box.
    fn cut(&self, mask: &Array3<bool>) -> Array3<bool> {
        let at = |n: usize, a: usize| (n as isize + self.start[a]).clamp(0, mask.shape()[a] as isize - 1) as usize;
        Array3::from_shape_fn(self.size, |(k, j, i)| mask[[at(k, 0), at(j, 1), at(i, 2)]])
    }

    /// The mask of the whole image, `dim` voxels, that has `part` in the box.
    fn paste(&self, part: &Array3<bool>, dim: (usize, usize, usize)) -> Array3<bool> {
        let at = |n: usize, a: usize| (n as isize - self.start[a]) as usize;
        Array3::from_shape_fn(dim, |(k, j, i)| part.get([at(k, 0), at(j, 1), at(i, 2)]) == Some(&true))
    }
}

/// Adds the tissue that lung surrounds in axial slices.
fn fill_holes(
    lung: &Array3<bool>,
    medial: &Array3<bool>,
    [_, sj, si]: [f64; 3],
    region: &mut Array3<bool>,
    monitor: &Monitor<'_>,
) -> Result<()> {
    let (height, width) = (lung.dim().1, lung.dim().2);
    for k in 0..lung.dim().0 {
        let tissue = lung.slice(s![k..k + 1, .., ..]).map(|&inside| !inside);
        let patches = connected_components_of(tissue.view(), Neighbourhood::Faces6, monitor.cancel_token())?;
        let labels = patches.labels.index_axis(Axis(0), 0);
        let enclosed =
            |p: &Component| p.voi.start[0] > 0 && p.voi.start[1] > 0 && p.voi.end[0] < width && p.voi.end[1] < height;
        let mut fill = vec![false; patches.list.len() + 1];
        for patch in patches.list.iter().filter(|p| enclosed(p)) {
            let diameter = (4.0 * patch.voxels as f64 * sj * si / std::f64::consts::PI).sqrt();
            let central = medial.index_axis(Axis(0), k);
            let overlap = Zip::from(labels).and(central).fold(0, |n, &l, &m| n + usize::from(l == patch.label && m));
            let limit = if 2 * overlap > patch.voxels { MEDIAL_HOLE_MM } else { WALL_HOLE_MM };
            fill[patch.label as usize] = diameter <= limit;
        }
        let mut slice = region.index_axis_mut(Axis(0), k);
        Zip::from(&mut slice).and(labels).for_each(|voxel, &label| *voxel |= fill[label as usize]);
    }
    Ok(())
}

/// The part of the chest between the lungs: deep inside their common outline and near the midline.
fn medial_zone(
    lung: &Array3<bool>,
    midline: &Midline,
    spacing_mm: [f64; 3],
    monitor: &Monitor<'_>,
) -> Result<Array3<bool>> {
    let mut outside = Array3::from_elem(lung.dim(), true);
    for (slice, mut out) in lung.outer_iter().zip(outside.outer_iter_mut()) {
        for (j, span) in hull_rows(slice).into_iter().enumerate() {
            if let Some((low, high)) = span {
                out.slice_mut(s![j, low..=high]).fill(false);
            }
        }
    }
    let mut zone = distance::dilate(&outside, MEDIAL_DEPTH_MM, spacing_mm, monitor.cancel_token())?;
    for ((_, _, i), voxel) in zone.indexed_iter_mut() {
        *voxel = !*voxel && (i as f64 - midline.column).abs() < MEDIAL_WIDTH * midline.half_width;
    }
    Ok(zone)
}

/// The patient's midline, in coarse voxels along i.
struct Midline {
    column: f64,
    /// Half the width of the lungs.
    half_width: f64,
}

/// The midline from the two lungs, or from the trachea's column; `None` where neither tells.
fn midline(lung: &Array3<bool>, trachea: Option<f64>) -> Option<Midline> {
    let mut counts = vec![0usize; lung.dim().2];
    for row in lung.rows() {
        counts.iter_mut().zip(row).for_each(|(n, &inside)| *n += usize::from(inside));
    }
    let first = counts.iter().position(|&n| n > 0)?;
    let last = counts.iter().rposition(|&n| n > 0)?;
    let column = valley(&counts, first, last).or(trachea)?;
    Some(Midline { column, half_width: (column - first as f64).max(last as f64 - column) })
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
pub(super) fn hull_rows(slice: ArrayView2<'_, bool>) -> Vec<Option<(usize, usize)>> {
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
        .map(|j| Some((along(&low, j as f64)?.ceil() as usize, (-along(&high, j as f64)?).floor() as usize)))
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
