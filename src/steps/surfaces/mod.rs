//! Closed triangle surfaces of nodules, for 3-D views and meshes.
//!
//! Enters: a label map and, where there is one, the probability that it was cut from. Leaves: for each nodule
//! triangles in RAS millimetres, outward by the right-hand rule whatever the handedness of the grid.
//!
//! The topology is the label's: a vertex lies on each line between a voxel centre of the nodule and a neighbour that
//! isn't of it. *Where* on the line is the probability's matter: at the decision threshold, so that the surface doesn't
//! show the steps of the voxels; halfway where the threshold doesn't lie between the two (a neighbouring nodule, a
//! part dropped or added by a later stage, the end of the volume). What the table counts is the label's voxels; the
//! surface of a rounded body differs from it by a few percent.
//!
//! Each cube of eight voxel centres is cut into six tetrahedra (Freudenthal's division), and these are cut by the
//! surface (Doi and Koide 1991). Unlike marching cubes, that has no ambiguous case: each edge belongs to two triangles,
//! in opposite directions, also where voxels of a nodule touch in an edge or a corner only.

use std::collections::BTreeMap;

use ndarray::ArrayView3;

use super::labels::labelled;
use crate::{
    error::Result,
    progress::CancelToken,
    space::{
        grid::{Grid, cross, dot},
        volume::{Voi, VolumeView},
    },
};

/// Nearest that a vertex comes to a voxel centre, as part of the line to the neighbour: keeps triangles from
/// collapsing.
const NEAREST: f64 = 0.02;
/// Probabilities are told apart up to this distance from 0 and 1: logarithms of what is beyond say nothing of the
/// place.
const SATURATION: f64 = 1e-3;
/// The corners of a cube in the order in which a tetrahedron passes them: along each axis once.
const PATHS: [[usize; 3]; 6] = [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 2, 1], [2, 1, 0], [1, 0, 2]];
/// Of [`PATHS`], the first three are even permutations of the axes.
const EVEN_PATHS: usize = 3;

/// The closed surface of one nodule.
#[derive(Debug, Clone, PartialEq)]
pub struct Surface {
    /// The nodule's number.
    pub id: u16,
    /// Corners in RAS mm.
    pub vertices_ras: Vec<[f64; 3]>,
    /// Three corners each, counter-clockwise seen from outside.
    pub triangles: Vec<[u32; 3]>,
}

/// The probability that a label map was cut from, `[k, j, i]`, and where.
#[derive(Debug, Clone, Copy)]
pub struct Level<'a> {
    /// Mean probability, on the label map's grid.
    pub probability: ArrayView3<'a, f32>,
    /// What is above it belongs to a nodule; between 0 and 1.
    pub threshold: f64,
}

impl Surface {
    /// The enclosed volume in mm³ (divergence theorem).
    pub fn volume_mm3(&self) -> f64 {
        let corner = |index: u32| self.vertices_ras[index as usize];
        let signed = self.triangles.iter().map(|t| dot(corner(t[0]), cross(corner(t[1]), corner(t[2]))));
        signed.sum::<f64>() / 6.0
    }
}

/// The surfaces of all nodules of `labels`, by rising number; of nodule `only` alone, where it is given. `level_of` tells what
/// a number was cut from.
///
/// # Errors
/// [`crate::Error::Cancelled`].
///
/// # Panics
/// When a level has another shape than `labels`: a mistake in the calling code.
pub fn surfaces<'p>(
    labels: VolumeView<'_, u16>,
    level_of: &dyn Fn(u16) -> Option<Level<'p>>,
    only: Option<u16>,
    cancel: &CancelToken,
) -> Result<Vec<Surface>> {
    let mut found = Vec::new();
    let numbered = labelled(labels.voxels, cancel)?.into_iter().zip(1u16..);
    for (voi, id) in numbered.filter_map(|(found, id)| Some((found?.voi, id))) {
        if only.is_some_and(|only| only != id) {
            continue;
        }
        cancel.check()?;
        let level = level_of(id);
        assert!(level.is_none_or(|l| l.probability.dim() == labels.voxels.dim()), "labels and probability disagree");
        found.push(Cutter::new(Edge { labels, level, id }).cut(voi, cancel)?);
    }
    Ok(found)
}

/// A voxel (i, j, k); one step beyond the volume is allowed.
type Place = [isize; 3];

/// Which voxels are the nodule's, and where between two voxels its edge lies.
struct Edge<'l, 'p> {
    labels: VolumeView<'l, u16>,
    level: Option<Level<'p>>,
    id: u16,
}

impl Edge<'_, '_> {
    fn contains(&self, place: Place) -> bool {
        array_index(place).and_then(|index| self.labels.voxels.get(index)) == Some(&self.id)
    }

    /// Logit of the probability above that of the threshold. Across a blurred edge it is nearly linear, which the
    /// probability isn't.
    fn above(&self, place: Place) -> Option<f64> {
        let level = self.level?;
        let logit = |p: f64| (p / (1.0 - p)).ln();
        let told_apart = |p: f64| p.clamp(SATURATION, 1.0 - SATURATION);
        let p = f64::from(*level.probability.get(array_index(place)?)?);
        Some(logit(told_apart(p)) - logit(told_apart(level.threshold)))
    }

    /// Where the surface crosses the line from a voxel of the nodule to one that isn't, as part of the line.
    fn crossing(&self, inside: Place, outside: Place) -> f64 {
        match (self.above(inside), self.above(outside)) {
            (Some(a), Some(b)) if a > 0.0 && b <= 0.0 => (a / (a - b)).clamp(NEAREST, 1.0 - NEAREST),
            _ => 0.5,
        }
    }
}

fn array_index([i, j, k]: Place) -> Option<[usize; 3]> {
    Some([usize::try_from(k).ok()?, usize::try_from(j).ok()?, usize::try_from(i).ok()?])
}

/// Collects the triangles of one nodule; each vertex once.
struct Cutter<'l, 'p> {
    edge: Edge<'l, 'p>,
    mirrored: bool,
    vertices: BTreeMap<(Place, Place), u32>,
    surface: Surface,
}

impl<'l, 'p> Cutter<'l, 'p> {
    fn new(edge: Edge<'l, 'p>) -> Self {
        let surface = Surface { id: edge.id, vertices_ras: Vec::new(), triangles: Vec::new() };
        Cutter { mirrored: is_mirrored(edge.labels.grid), edge, vertices: BTreeMap::new(), surface }
    }

    /// Cuts every cube that has a corner in the box.
    fn cut(mut self, voi: Voi, cancel: &CancelToken) -> Result<Surface> {
        let range = |axis: usize| voi.start[axis] as isize - 1..voi.end[axis] as isize;
        for k in range(2) {
            cancel.check()?;
            // Vertices of earlier slices are met no more.
            self.vertices.retain(|(a, _), _| a[2] >= k);
            for j in range(1) {
                for i in range(0) {
                    self.cut_cube([i, j, k]);
                }
            }
        }
        Ok(self.surface)
    }

    fn cut_cube(&mut self, corner: Place) {
        let step = |bits: usize| [0, 1, 2].map(|axis| corner[axis] + (bits >> axis & 1) as isize);
        let inside = [0, 1, 2, 3, 4, 5, 6, 7].map(|bits| self.edge.contains(step(bits)));
        if inside.iter().all(|is| *is == inside[0]) {
            return;
        }
        for (n, path) in PATHS.iter().enumerate() {
            let passed = [0, 1 << path[0], 1 << path[0] | 1 << path[1], 7];
            self.cut_tetrahedron(passed.map(|bits| (step(bits), inside[bits])), (n >= EVEN_PATHS) ^ self.mirrored);
        }
    }

    /// Cuts a tetrahedron; `odd` when its corners are the mirror image of the origin and the three axes.
    fn cut_tetrahedron(&mut self, corners: [(Place, bool); 4], odd: bool) {
        let inside = (0..4).filter(|n| corners[*n].1);
        let outside = (0..4).filter(|n| !corners[*n].1);
        let order: Vec<usize> = inside.chain(outside).collect();
        let corner = |n: usize| corners[order[n]].0;
        // By the corners inside, which come first: each triangle's corners lie on lines from inside to outside. They
        // turn counter-clockwise, seen from outside, for the origin and the three axes in this order.
        let triangles: &[[(usize, usize); 3]] = match corners.iter().filter(|(_, is)| *is).count() {
            1 => &[[(0, 1), (0, 2), (0, 3)]],
            2 => &[[(0, 2), (0, 3), (1, 3)], [(0, 2), (1, 3), (1, 2)]],
            3 => &[[(0, 3), (1, 3), (2, 3)]],
            _ => &[],
        };
        let flipped = odd ^ is_odd(&order);
        for triangle in triangles {
            let [a, b, c] = triangle.map(|(from, to)| self.vertex(corner(from), corner(to)));
            self.surface.triangles.push(if flipped { [a, c, b] } else { [a, b, c] });
        }
    }

    fn vertex(&mut self, inside: Place, outside: Place) -> u32 {
        let next = self.surface.vertices_ras.len() as u32;
        let number = *self.vertices.entry((inside, outside)).or_insert(next);
        if number == next {
            let part = self.edge.crossing(inside, outside);
            let ijk = [0, 1, 2].map(|a| inside[a] as f64 + part * (outside[a] - inside[a]) as f64);
            self.surface.vertices_ras.push(self.edge.labels.grid.ras(ijk));
        }
        number
    }
}

/// True when the axes i, j, k are left-handed in RAS.
fn is_mirrored(grid: &Grid) -> bool {
    let [i, j, k] = grid.direction;
    dot(cross(i, j), k) < 0.0
}

/// True when an odd number of pairs of this permutation is out of order.
fn is_odd(order: &[usize]) -> bool {
    let later = |n: usize| order[n + 1..].iter().filter(move |m| **m < order[n]).count();
    (0..order.len()).map(later).sum::<usize>() % 2 == 1
}

#[cfg(test)]
mod tests;
