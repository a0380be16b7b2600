//! A chest made of ellipses: body, bones, mediastinum, diaphragm, lungs and airways, in HU.
//!
//! Coordinates in mm: x to the patient's left, y to the back, z to the head; the origin lies in the middle of the
//! chest at the height of the lowest slice. Distances to surfaces are negative inside; inside an ellipse they are lower
//! bounds of the true depth, which is what keeping things apart needs.

use super::lungs::Lungs;

/// A point or vector in the chest, mm.
pub(super) type Point = [f64; 3];

/// Size of the imaged box, mm.
pub(super) const FIELD_MM: Point = [286.0, 232.0, 200.0];

const AIR: f64 = -1000.0;
const FAT: f64 = -100.0;
const MUSCLE: f64 = 45.0;
const LIVER: f64 = 55.0;

/// A stretch of airway: ends, radius of the lumen.
struct Tube(Point, Point, f64);

const AIRWAYS: [Tube; 7] = [
    Tube([0.0, 18.0, 230.0], [2.0, 24.0, 120.0], 8.5),
    Tube([2.0, 24.0, 120.0], [-34.0, 24.0, 99.0], 6.5),
    Tube([2.0, 24.0, 120.0], [40.0, 28.0, 96.0], 5.8),
    Tube([-34.0, 24.0, 99.0], [-54.0, 12.0, 118.0], 3.4),
    Tube([-34.0, 24.0, 99.0], [-50.0, 36.0, 76.0], 3.8),
    Tube([40.0, 28.0, 96.0], [58.0, 12.0, 114.0], 3.2),
    Tube([40.0, 28.0, 96.0], [54.0, 38.0, 74.0], 3.6),
];
const AIRWAY_WALL_MM: f64 = 1.3;

/// Where the vessels enter the right and the left lung.
pub(super) const HILA: [Point; 2] = [[-32.0, 14.0, 100.0], [38.0, 16.0, 102.0]];

/// Signed distance to the surface of the lungs (either one), negative inside.
pub(super) fn lung_distance(p: Point) -> f64 {
    let cavity = ellipse(p, [0.0, 0.0], [108.0, 75.0]);
    let side = if p[0] < 0.0 { -1.0 } else { 1.0 };
    let height = ((p[2] - 60.0) / 130.0).clamp(0.0, 1.0);
    let taper = (1.0 - height.powi(4)).max(0.0).sqrt();
    // the apex closes in on an axis in the middle of each lung
    let apex = ellipse(p, [side * 54.0, 6.0], [70.0 * taper + 0.1, 88.0 * taper + 0.1]).max(p[2] - 190.0);
    let outer = cavity.max(apex);
    let inner = [mediastinum(p), heart(p), spine(p) - 5.0, aorta(p) - 2.0, diaphragm(p)];
    inner.into_iter().fold(outer, |distance, organ| distance.max(-organ))
}

/// Signed distance to the lumen of the airways.
pub(super) fn airway_distance(p: Point) -> f64 {
    AIRWAYS.iter().map(|Tube(a, b, radius)| segment_distance(p, *a, *b).0 - radius).fold(f64::INFINITY, f64::min)
}

/// HU at a point, without vessels and nodules, and whether it lies in aerated lung. Surfaces are `soft_mm` wide.
pub(super) fn tissue(p: Point, lungs: Lungs, soft_mm: f64) -> (f64, bool) {
    let mut hu = outside_hu(p, soft_mm);
    let body = ellipse(p, [0.0, 0.0], [132.0, 99.0]);
    if body > soft_mm {
        return (hu, false);
    }
    let mut over = |distance: f64, value: f64| hu += (value - hu) * coverage(distance, soft_mm);
    over(body, FAT);
    over(ellipse(p, [0.0, 0.0], [121.0, 88.0]), MUSCLE);
    over(diaphragm(p).max(ellipse(p, [0.0, 0.0], [108.0, 75.0])), LIVER);
    over(ball(p, [58.0, -30.0, 12.0], [15.0, 13.0, 14.0]), AIR);
    over(mediastinum(p).max(p[1] + 45.0), FAT);
    let (rib, cartilage) = ribs(p);
    over(rib, if cartilage { 90.0 } else { 560.0 });
    over(rib + 1.6, if cartilage { 80.0 } else { 220.0 });
    over(sternum(p), 320.0);
    let disc = (p[2] / 24.0).rem_euclid(1.0) > 0.8;
    over(spine(p), if disc { 90.0 } else { 480.0 });
    over(spine(p) + 2.0, if disc { 80.0 } else { 210.0 });
    over(ellipse(p, [0.0, 85.0], [8.0, 7.0]), 25.0);
    let (lung, airway) = (lung_distance(p), airway_distance(p));
    let opaque = lungs.opaque_distance(p);
    over(lung, lungs.hu(p));
    over(lung.max(opaque), lungs.opaque_hu());
    over(airway - AIRWAY_WALL_MM, 10.0);
    over(airway, AIR + 5.0);
    (hu, lung < 0.0 && airway > 0.0 && opaque > 0.0)
}

/// Air, and the table: a shell around foam.
fn outside_hu(p: Point, soft_mm: f64) -> f64 {
    let mut hu = AIR;
    let depth = 103.0 - 0.0012 * p[0] * p[0] - p[1];
    hu += (-250.0 - hu) * coverage(depth, soft_mm);
    hu + (-960.0 - hu) * coverage(depth + 2.0, soft_mm)
}

/// Part of a voxel, `soft_mm` wide, that lies inside a surface at `distance`.
fn coverage(distance: f64, soft_mm: f64) -> f64 {
    (0.5 - distance / soft_mm).clamp(0.0, 1.0)
}

fn mediastinum(p: Point) -> f64 {
    ellipse(p, [3.0, -6.0], [27.0, 78.0])
}

fn heart(p: Point) -> f64 {
    ball(p, [20.0, -24.0, 56.0], [54.0, 42.0, 46.0])
}

fn spine(p: Point) -> f64 {
    ellipse(p, [0.0, 62.0], [19.0, 15.0])
}

fn aorta(p: Point) -> f64 {
    ellipse(p, [20.0, 42.0], [12.0, 12.0])
}

/// The two domes of the diaphragm.
fn diaphragm(p: Point) -> f64 {
    ball(p, [-55.0, -4.0, -45.0], [76.0, 96.0, 92.0]).min(ball(p, [55.0, -4.0, -52.0], [74.0, 94.0, 90.0]))
}

fn sternum(p: Point) -> f64 {
    ellipse(p, [0.0, -81.0], [19.0, 5.0]).max(50.0 - p[2]).max(p[2] - 175.0)
}

/// Distance to the nearest rib, and whether it is cartilage there.
fn ribs(p: Point) -> (f64, bool) {
    let radial = ellipse(p, [0.0, 0.0], [114.0, 81.0]);
    let height = (p[2] - 0.4 * p[1]) / 25.0;
    let along = (height - height.round()) * 23.0;
    let rib = (radial * radial + along * along * 0.7).sqrt() - 4.5;
    let beside_sternum = p[1] < 0.0 && p[0].abs() < 48.0;
    (rib.max(17.0 - p[0].abs()), beside_sternum)
}

/// Distance to an upright elliptic cylinder.
fn ellipse(p: Point, centre: [f64; 2], axes: [f64; 2]) -> f64 {
    let (x, y) = ((p[0] - centre[0]) / axes[0], (p[1] - centre[1]) / axes[1]);
    ((x * x + y * y).sqrt() - 1.0) * axes[0].min(axes[1])
}

/// Distance to an ellipsoid.
fn ball(p: Point, centre: Point, axes: Point) -> f64 {
    let square = |a: usize| ((p[a] - centre[a]) / axes[a]).powi(2);
    ((square(0) + square(1) + square(2)).sqrt() - 1.0) * axes[0].min(axes[1]).min(axes[2])
}

/// Distance to the line from `a` to `b`, and where along it (0 to 1) the nearest point lies.
pub(super) fn segment_distance(p: Point, a: Point, b: Point) -> (f64, f64) {
    let minus = |u: Point, v: Point| [u[0] - v[0], u[1] - v[1], u[2] - v[2]];
    let dot = |u: Point, v: Point| u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
    let (line, from) = (minus(b, a), minus(p, a));
    let t = (dot(from, line) / dot(line, line)).clamp(0.0, 1.0);
    let off: Point = std::array::from_fn(|n| from[n] - t * line[n]);
    (dot(off, off).sqrt(), t)
}
