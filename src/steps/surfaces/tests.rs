//! Bodies of known volume and place, on grids of either handedness, and labels of the worst topology.

use std::collections::HashMap;

use ndarray::Array3;

use crate::steps::surfaces::*;
use crate::{
    space::{grid::norm, volume::Volume},
    steps::philox::philox4x32,
};

const THRESHOLD: f64 = 0.3;
const RADIUS_MM: f64 = 6.0;

/// Oblique, anisotropic grids of 40 x 36 x 26 voxels, right-handed and mirrored.
fn grids() -> [Grid; 2] {
    let (c, s) = (25f64.to_radians().cos(), 25f64.to_radians().sin());
    let columns = [[-0.7 * c, 0.7 * s, 0.0], [-0.8 * s, -0.8 * c, 0.0], [0.0, 0.0, 1.25]];
    let mirrored = [columns[0].map(|v| -v), columns[1], columns[2]];
    [columns, mirrored].map(|columns| Grid::from_columns([40, 36, 26], columns, [30.0, -150.0, 900.0]).unwrap())
}

/// A point between voxels near the middle of the grid.
fn centre_ras(grid: &Grid) -> [f64; 3] {
    grid.ras([19.3, 17.6, 12.2])
}

fn distance_mm(grid: &Grid, index: (usize, usize, usize), point_ras: [f64; 3]) -> f64 {
    let (k, j, i) = index;
    let at = grid.ras([i as f64, j as f64, k as f64]);
    norm([0, 1, 2].map(|axis: usize| at[axis] - point_ras[axis]))
}

/// A ball whose blurred edge passes the threshold at its radius: label and probability.
fn ball(grid: &Grid) -> (Volume<u16>, Array3<f32>) {
    let bias = (THRESHOLD / (1.0 - THRESHOLD)).ln();
    let probability = Array3::from_shape_fn(grid.shape(), |index| {
        let depth_mm = RADIUS_MM - distance_mm(grid, index, centre_ras(grid));
        (1.0 / (1.0 + (-(depth_mm / 0.5 + bias)).exp())) as f32
    });
    let labels = probability.mapv(|p| u16::from(f64::from(p) > THRESHOLD) * 7);
    (Volume::new(grid.clone(), labels), probability)
}

fn all(labels: &Volume<u16>, level: Option<Level<'_>>) -> Vec<Surface> {
    surfaces(labels.view(), &|_| level, None, &CancelToken::new()).unwrap()
}

/// Centre of mass of the enclosed body.
fn centroid_ras(surface: &Surface) -> [f64; 3] {
    let mut sum = [0.0; 3];
    for triangle in &surface.triangles {
        let [a, b, c] = triangle.map(|index| surface.vertices_ras[index as usize]);
        let volume = dot(a, cross(b, c)) / 6.0;
        sum = [0, 1, 2].map(|axis| sum[axis] + volume * (a[axis] + b[axis] + c[axis]) / 4.0);
    }
    sum.map(|v| v / surface.volume_mm3())
}

/// Each edge belongs to two triangles, in opposite directions; no vertex is left over; none lies twice in a triangle.
fn assert_watertight(surface: &Surface) {
    let mut edges: HashMap<[u32; 2], i32> = HashMap::new();
    let mut used = vec![false; surface.vertices_ras.len()];
    for [a, b, c] in &surface.triangles {
        for [from, to] in [[*a, *b], [*b, *c], [*c, *a]] {
            *edges.entry([from, to]).or_default() += 1;
            used[from as usize] = true;
            assert_ne!(from, to);
        }
    }
    for ([from, to], count) in &edges {
        assert_eq!((*count, edges.get(&[*to, *from])), (1, Some(&1)), "edge {from} {to}");
    }
    assert!(used.iter().all(|used| *used));
}

#[test]
fn surfaces_of_a_ball_enclose_its_volume_at_its_place_on_any_grid() {
    let exact_mm3 = 4.0 / 3.0 * std::f64::consts::PI * RADIUS_MM.powi(3);
    for grid in grids() {
        let (labels, probability) = ball(&grid);
        let level = Level { probability: probability.view(), threshold: THRESHOLD };
        let [surface] = &all(&labels, Some(level))[..] else { panic!("one nodule") };
        assert_eq!(surface.id, 7);
        assert_watertight(surface);
        // Triangles between points on a sphere lie inside it: with edges of h = 1.6 mm by h² / 6R = 0.07 mm at most, and
        // in the mean by half of that, 3 · 0.035 / 6 of the volume.
        let ratio = surface.volume_mm3() / exact_mm3;
        assert!((0.98..=1.0).contains(&ratio), "{ratio}");
        for vertex in &surface.vertices_ras {
            let off = norm([0, 1, 2].map(|axis: usize| vertex[axis] - centre_ras(&grid)[axis])) - RADIUS_MM;
            // Between centres 1.6 mm apart the distance from a point 6 mm away is nearly linear, the logit saturates.
            assert!(off.abs() < 0.1, "{off}");
        }
        let centroid = centroid_ras(surface);
        let off = norm([0, 1, 2].map(|axis: usize| centroid[axis] - centre_ras(&grid)[axis]));
        assert!(off < 0.02, "{off} mm");
    }
}

#[test]
fn surfaces_of_a_label_alone_are_near_its_volume_and_place() {
    for grid in grids() {
        let (labels, _) = ball(&grid);
        let inside: Vec<_> = labels.voxels.indexed_iter().filter(|(_, id)| **id != 0).map(|(index, _)| index).collect();
        let [surface] = &all(&labels, None)[..] else { panic!("one nodule") };
        assert_watertight(surface);
        // The steps of the voxels lose as much as they gain on flat parts; a ball of 9 voxels' radius loses its corners.
        let ratio = surface.volume_mm3() / (inside.len() as f64 * grid.voxel_mm3());
        assert!((0.97..=1.0).contains(&ratio), "{ratio}");
        let mean = |axis: usize| {
            let sum: f64 = inside.iter().map(|(k, j, i)| grid.ras([*i as f64, *j as f64, *k as f64])[axis]).sum();
            sum / inside.len() as f64
        };
        let centroid = centroid_ras(surface);
        assert!(norm([0, 1, 2].map(|axis: usize| centroid[axis] - mean(axis))) < 0.05, "{centroid:?}");
    }
}

#[test]
fn surfaces_of_noise_are_watertight_and_turned_outward() {
    for grid in grids() {
        let mut n = 0;
        let labels = Array3::from_shape_simple_fn(grid.shape(), || {
            n += 1;
            (philox4x32([n, 0, 0, 0], [3, 0])[0] % 4) as u16
        });
        let labels = Volume::new(grid.clone(), labels);
        let found = all(&labels, None);
        assert_eq!(found.iter().map(|s| s.id).collect::<Vec<_>>(), [1, 2, 3]);
        for surface in found {
            assert_watertight(&surface);
            assert!(surface.volume_mm3() > 0.0);
        }
    }
}

#[test]
fn surfaces_of_a_nodule_that_fills_the_volume_close_at_its_ends() {
    let grid = Grid::axial([4, 5, 6], [1.0; 3]);
    let labels = Volume::new(grid.clone(), Array3::from_elem(grid.shape(), 1));
    let probability = Array3::from_elem(grid.shape(), 0.9);
    let level = Level { probability: probability.view(), threshold: 0.5 };
    let [surface] = &all(&labels, Some(level))[..] else { panic!("one nodule") };
    assert_watertight(surface);
    let bounds = |axis: usize, pick: fn(f64, f64) -> f64| surface.vertices_ras.iter().map(|v| v[axis]).reduce(pick);
    // Axial: i and j run against R and A.
    assert_eq!([0, 1, 2].map(|axis| bounds(axis, f64::min)), [Some(-3.5), Some(-4.5), Some(-0.5)]);
    assert_eq!([0, 1, 2].map(|axis| bounds(axis, f64::max)), [Some(0.5), Some(0.5), Some(5.5)]);
}

#[test]
fn surfaces_of_touching_nodules_meet_halfway_and_do_not_overlap() {
    let grid = Grid::axial([40, 36, 26], [0.7, 0.8, 1.25]);
    let (mut labels, probability) = ball(&grid);
    labels
        .voxels
        .indexed_iter_mut()
        .filter(|(_, id)| **id != 0)
        .for_each(|((_, _, i), id)| *id = 1 + u16::from(i > 18));
    let level = Level { probability: probability.view(), threshold: THRESHOLD };
    let [right, left] = &all(&labels, Some(level))[..] else { panic!("two nodules") };
    let meeting_r = grid.ras([18.5, 0.0, 0.0])[0];
    let r_of = |surface: &Surface| surface.vertices_ras.iter().map(|v| v[0]).collect::<Vec<_>>();
    // i runs against R: nodule 1 has the larger R. A diagonal to the outside may carry a vertex across by part of a voxel.
    assert!(r_of(right).iter().any(|r| (r - meeting_r).abs() < 1e-9));
    assert!(r_of(left).iter().any(|r| (r - meeting_r).abs() < 1e-9));
    assert!(r_of(right).iter().all(|r| *r > meeting_r - 0.5 * 0.7), "{meeting_r}");
    assert!(r_of(left).iter().all(|r| *r < meeting_r + 0.5 * 0.7), "{meeting_r}");
    [right, left].into_iter().for_each(assert_watertight);
    let whole = 4.0 / 3.0 * std::f64::consts::PI * RADIUS_MM.powi(3);
    assert!(right.volume_mm3() + left.volume_mm3() < whole);
}

#[test]
fn surfaces_of_one_nodule_are_those_of_that_nodule() {
    let grid = Grid::axial([9, 3, 3], [1.0; 3]);
    let mut labels = Volume::new(grid.clone(), Array3::zeros(grid.shape()));
    labels.voxels[[1, 1, 1]] = 4;
    labels.voxels[[1, 1, 6]] = 9;
    let only = |id| surfaces(labels.view(), &|_| None, Some(id), &CancelToken::new()).unwrap();
    assert_eq!(only(9), all(&labels, None)[1..]);
    assert!(only(5).is_empty());
}

#[test]
fn surfaces_end_when_they_are_cancelled() {
    let token = CancelToken::new();
    token.cancel();
    let (labels, _) = ball(&grids()[0]);
    assert_eq!(surfaces(labels.view(), &|_| None, None, &token).unwrap_err().name(), "E_CANCELLED");
}
