//! From aerated lung to the region that is searched: nodules are soft tissue, so the soft tissue that lung encloses
//! or nearly encloses is taken in, and the mediastinum with the big vessels of the hila is left out.
//!
//! Near the chest wall a large ball closes the surface, so that a nodule on the pleura is inside. Towards the
//! mediastinum a small ball does, since there a large one would swallow hila, aorta and heart.

use ndarray::{Array3, ArrayView2, Axis, Zip, s};

use crate::{
    error::Result,
    progress::{CancelToken, Monitor},
    space::volume::Voi,
    steps::{
        components::{Component, Neighbourhood, connected_components_of},
        distance,
    },
    threads::share,
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
/// Larger ones are the diaphragm's dome, which goes on into the belly, or a mass, above and below which at least this part
/// of its faces meets the region.
const CLOSED_PART: f64 = 0.95;

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
    let mut region = close_surface(lung, MEDIAL_BALL_MM, 0.0, spacing_mm, monitor.cancel_token())?;
    // each lung by itself: a large ball would close the gap between them
    let cancel = monitor.cancel_token();
    let walls = share(sides(lung, midline.as_ref()), |side| {
        close_surface(&side, WALL_BALL_MM, WALL_MARGIN_MM, spacing_mm, cancel)
    })?;
    for wall in walls {
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
    cancel: &CancelToken,
) -> Result<Array3<bool>> {
    let Some(frame) = Frame::around(lung, ball_mm, spacing_mm) else {
        return Ok(lung.clone());
    };
    let reached = distance::dilate(&frame.cut(lung), ball_mm, spacing_mm, cancel)?;
    let closed = distance::erode(&reached, ball_mm - margin_mm, spacing_mm, cancel)?;
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
    let mut large = Array3::from_elem(lung.dim(), false);
    for k in 0..lung.dim().0 {
        let tissue = lung.slice(s![k..k + 1, .., ..]).map(|&inside| !inside);
        let patches = connected_components_of(tissue.view(), Neighbourhood::Faces6, monitor.cancel_token())?;
        let labels = patches.labels.index_axis(Axis(0), 0);
        let enclosed =
            |p: &Component| p.voi.start[0] > 0 && p.voi.start[1] > 0 && p.voi.end[0] < width && p.voi.end[1] < height;
        let (mut fill, mut keep) = (vec![false; patches.list.len() + 1], vec![false; patches.list.len() + 1]);
        for patch in patches.list.iter().filter(|p| enclosed(p)) {
            let diameter = (4.0 * patch.voxels as f64 * sj * si / std::f64::consts::PI).sqrt();
            let central = medial.index_axis(Axis(0), k);
            let overlap = Zip::from(labels).and(central).fold(0, |n, &l, &m| n + usize::from(l == patch.label && m));
            let limit = if 2 * overlap > patch.voxels { MEDIAL_HOLE_MM } else { WALL_HOLE_MM };
            fill[patch.label as usize] = diameter <= limit;
            keep[patch.label as usize] = diameter > limit;
        }
        let mut slice = region.index_axis_mut(Axis(0), k);
        Zip::from(&mut slice).and(labels).for_each(|voxel, &label| *voxel |= fill[label as usize]);
        Zip::from(&mut large.index_axis_mut(Axis(0), k))
            .and(labels)
            .for_each(|voxel, &label| *voxel = keep[label as usize]);
    }
    fill_masses(&large, region, monitor)
}

/// Adds those of the `large` patches that the region closes above and below.
fn fill_masses(large: &Array3<bool>, region: &mut Array3<bool>, monitor: &Monitor<'_>) -> Result<()> {
    let masses = connected_components_of(large.view(), Neighbourhood::Faces6, monitor.cancel_token())?;
    let mut faces = vec![(0usize, 0usize); masses.list.len() + 1];
    for ((k, j, i), &label) in masses.labels.indexed_iter().filter(|(_, label)| **label != 0) {
        let (all, closed) = &mut faces[label as usize];
        for next in [k.wrapping_sub(1), k + 1] {
            // Beyond the image nothing closes it.
            if large.get([next, j, i]) != Some(&true) {
                *all += 1;
                *closed += usize::from(region.get([next, j, i]) == Some(&true));
            }
        }
    }
    let is_mass = |label: u32| {
        let (all, closed) = faces[label as usize];
        label != 0 && closed as f64 >= CLOSED_PART * all as f64
    };
    Zip::from(region).and(&masses.labels).for_each(|voxel, &label| *voxel |= is_mass(label));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_that_lung_closes_on_all_sides_are_searched_whatever_their_size_and_those_that_go_on_are_not() {
        // 2 mm. A ball of 48 mm in the lung; a dome of 48 mm that goes on into the belly; one that the image cuts.
        let dim = (60, 50, 150);
        let ball = |k: usize, j: usize, i: usize, at: [f64; 3]| {
            let d = [k as f64 - at[0], j as f64 - at[1], i as f64 - at[2]];
            d.iter().map(|d| d * d).sum::<f64>() < 144.0
        };
        let mass = Array3::from_shape_fn(dim, |(k, j, i)| ball(k, j, i, [35.0, 25.0, 25.0]));
        let dome = Array3::from_shape_fn(dim, |(k, j, i)| ball(k.max(15), j, i, [15.0, 25.0, 75.0]));
        let cut = Array3::from_shape_fn(dim, |(k, j, i)| ball(k, j, i, [59.0, 25.0, 125.0]));
        let lung = Array3::from_shape_fn(dim, |(k, j, i)| {
            let is_chest = k >= 8 && (1..49).contains(&j) && (1..149).contains(&i);
            is_chest && !mass[[k, j, i]] && !dome[[k, j, i]] && !cut[[k, j, i]]
        });
        let medial = Array3::from_elem(dim, false);
        let mut region = lung.clone();
        fill_holes(&lung, &medial, [2.0; 3], &mut region, &Monitor::silent()).unwrap();
        let searched = |of: &Array3<bool>| {
            let inside = Zip::from(of).and(&region).fold(0, |n, &of, &r| n + usize::from(of && r));
            inside as f64 / of.iter().filter(|v| **v).count() as f64
        };
        assert_eq!(searched(&mass), 1.0);
        assert!(searched(&dome) < 0.4 && searched(&cut) < 0.4, "{} {}", searched(&dome), searched(&cut));
    }
}
