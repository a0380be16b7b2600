//! Nodules of known volume: where they lie, and what they are made of.

use super::{
    anatomy::{HILA, Point, airway_distance, lung_distance},
    random::SplitMix64,
    vessels::Vessel,
};

/// What a nodule is made of and touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoduleKind {
    /// Soft tissue, free in the lung.
    Solid,
    /// Ground glass, free in the lung.
    GroundGlass,
    /// Soft tissue on the pleura.
    Pleural,
    /// Soft tissue on a vessel.
    VesselAttached,
}

/// An ellipsoid with axes along the chest's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nodule {
    pub centre: Point,
    pub semi_axes: Point,
    pub kind: NoduleKind,
}

/// Kinds and diameters, mm; the large ones come first, while there is room.
const PLAN: [(NoduleKind, Point); 8] = [
    (NoduleKind::Solid, [20.0, 20.0, 20.0]),
    (NoduleKind::Pleural, [13.0, 13.0, 13.0]),
    (NoduleKind::GroundGlass, [15.0, 15.0, 15.0]),
    (NoduleKind::Solid, [15.0, 11.0, 12.0]),
    (NoduleKind::Solid, [10.0, 10.0, 10.0]),
    (NoduleKind::Solid, [7.0, 7.0, 7.0]),
    (NoduleKind::Solid, [5.0, 5.0, 5.0]),
    (NoduleKind::VesselAttached, [9.0, 9.0, 9.0]),
];
/// Room a nodule keeps to the pleura, to the airways and to its like, mm.
const PLEURA_MM: f64 = 5.0;
const AIRWAY_MM: f64 = 8.0;
const APART_MM: f64 = 12.0;
/// Distance to the hila, where the vessels need the room.
const HILUM_MM: f64 = 38.0;
/// Places that are tried for a ball.
const TRIES: usize = 100_000;
/// Part of its radius by which the centre of a nodule on the pleura lies inside the lung.
const PLEURAL_DEPTH: f64 = 0.45;

impl Nodule {
    /// Largest semi-axis.
    pub fn reach(&self) -> f64 {
        self.semi_axes.into_iter().fold(0.0, f64::max)
    }

    /// The same with `factor` times the volume.
    pub fn grown(self, factor: f64) -> Self {
        Nodule { semi_axes: self.semi_axes.map(|mm| mm * factor.cbrt()), ..self }
    }

    pub fn hu(&self) -> f64 {
        if self.kind == NoduleKind::GroundGlass { -500.0 } else { 40.0 }
    }

    /// True inside; a nodule on the pleura ends there.
    pub fn contains(&self, p: Point) -> bool {
        self.holds(p, |p| lung_distance(p) < 0.0)
    }

    /// The same in coordinates in which `in_lung` tells what lies within the pleura.
    pub fn holds(&self, p: Point, in_lung: impl Fn(Point) -> bool) -> bool {
        let square = |a: usize| ((p[a] - self.centre[a]) / self.semi_axes[a]).powi(2);
        square(0) + square(1) + square(2) <= 1.0 && (self.kind != NoduleKind::Pleural || in_lung(p))
    }

    /// Volume in mm³: closed form, or summed over a grid of 0.2 mm where the pleura cuts the nodule off.
    pub fn volume_mm3(&self) -> f64 {
        let whole = 4.0 / 3.0 * std::f64::consts::PI * self.semi_axes.iter().product::<f64>();
        if self.kind != NoduleKind::Pleural {
            return whole;
        }
        let step = 0.2;
        let count = (2.0 * self.reach() / step).ceil() as usize;
        let at = |n: usize, a: usize| self.centre[a] - self.reach() + (n as f64 + 0.5) * step;
        let line = |k: usize, j: usize| (0..count).filter(|&i| self.contains([at(i, 0), at(j, 1), at(k, 2)])).count();
        let inside: usize = (0..count).map(|k| (0..count).map(|j| line(k, j)).sum::<usize>()).sum();
        inside as f64 * step.powi(3)
    }
}

/// Places all nodules but the one on a vessel, which needs vessels first.
pub(super) fn place(random: &mut SplitMix64) -> Vec<Nodule> {
    let mut placed: Vec<Nodule> = Vec::new();
    for (kind, diameters) in PLAN.into_iter().filter(|(kind, _)| *kind != NoduleKind::VesselAttached) {
        let semi_axes = diameters.map(|d| d / 2.0);
        let nodule = loop {
            let centre = if kind == NoduleKind::Pleural { on_pleura(random, semi_axes[0]) } else { anywhere(random) };
            let nodule = Nodule { centre, semi_axes, kind };
            if fits(&nodule, &placed) {
                break nodule;
            }
        };
        placed.push(nodule);
    }
    placed
}

/// Places solid balls of these diameters in mm, the large ones first; `None` when one finds no room.
pub(super) fn place_balls(random: &mut SplitMix64, diameters_mm: &[f64]) -> Option<Vec<Nodule>> {
    let mut sizes = diameters_mm.to_vec();
    sizes.sort_by(|a, b| b.total_cmp(a));
    sizes.iter().try_fold(Vec::new(), |mut placed, diameter| {
        let ball = |centre| Nodule { centre, semi_axes: [diameter / 2.0; 3], kind: NoduleKind::Solid };
        let found = (0..TRIES).map(|_| ball(anywhere(random))).find(|ball| fits(ball, &placed))?;
        placed.push(found);
        Some(placed)
    })
}

/// The nodule that touches a vessel, at the place with most room around; `None` when there is no such vessel.
pub(super) fn place_on_vessel(vessels: &[Vessel], placed: &[Nodule]) -> Option<Nodule> {
    let (kind, diameters) = *PLAN.last()?;
    let semi_axes = diameters.map(|d| d / 2.0);
    let carriers = vessels.iter().enumerate().filter(|(_, v)| (0.8..1.8).contains(&v.radii[0]));
    let places = carriers.filter_map(|(index, vessel)| {
        let nodule = Nodule { centre: beside(vessel, semi_axes[0]), semi_axes, kind };
        let touches = |v: &Vessel| v.ends.iter().any(|end| vessel.ends.contains(end));
        let others = vessels.iter().enumerate().filter(|(n, v)| *n != index && !touches(v));
        let room = others.map(|(_, v)| v.distance(nodule.centre)).fold(f64::INFINITY, f64::min);
        fits(&nodule, placed).then_some((room, nodule))
    });
    places.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, nodule)| nodule)
}

/// The centre of a ball that the middle of `vessel` touches, half sunk in.
fn beside(vessel: &Vessel, radius: f64) -> Point {
    let [a, b] = vessel.ends;
    let line: Point = std::array::from_fn(|n| b[n] - a[n]);
    // any direction across the vessel will do
    let across = if line[2].abs() > line[1].abs() { [line[2], 0.0, -line[0]] } else { [line[1], -line[0], 0.0] };
    let scale = (radius + 0.5 * vessel.radii[0]) / distance(across, [0.0; 3]).max(1e-9);
    std::array::from_fn(|n| (a[n] + b[n]) / 2.0 + scale * across[n])
}

fn fits(nodule: &Nodule, placed: &[Nodule]) -> bool {
    let reach = nodule.reach();
    let deep = nodule.kind == NoduleKind::Pleural || lung_distance(nodule.centre) < -(reach + PLEURA_MM);
    deep && (25.0..175.0).contains(&nodule.centre[2])
        && airway_distance(nodule.centre) > reach + AIRWAY_MM
        && HILA.iter().all(|hilum| distance(*hilum, nodule.centre) > HILUM_MM)
        && placed.iter().all(|n| distance(n.centre, nodule.centre) > reach + n.reach() + APART_MM)
}

fn anywhere(random: &mut SplitMix64) -> Point {
    [random.uniform(-105.0, 105.0), random.uniform(-70.0, 70.0), random.uniform(30.0, 170.0)]
}

/// A centre a little inside the pleura at the ribs.
fn on_pleura(random: &mut SplitMix64, radius: f64) -> Point {
    let side = if random.next() & 1 == 0 { -1.0 } else { 1.0 };
    let towards = [side, random.uniform(-0.7, 0.8)];
    let z = random.uniform(80.0, 140.0);
    let along = |mm: f64| [side * 50.0 + mm * towards[0], 4.0 + mm * towards[1], z];
    let (mut inside, mut outside) = (0.0, 120.0);
    for _ in 0..40 {
        let middle = (inside + outside) / 2.0;
        if lung_distance(along(middle)) < 0.0 { inside = middle } else { outside = middle }
    }
    let step = PLEURAL_DEPTH * radius / distance([towards[0], towards[1], 0.0], [0.0; 3]);
    along(inside - step)
}

/// Distance of two points.
pub(super) fn distance(a: Point, b: Point) -> f64 {
    ((a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2)).sqrt()
}
