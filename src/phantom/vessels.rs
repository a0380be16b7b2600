//! Vessel trees: from each hilum branches that split in two, taper and end before the pleura.

use super::{
    anatomy::{HILA, Point, airway_distance, lung_distance, segment_distance},
    nodules::{Nodule, distance},
    random::SplitMix64,
};

/// Trees a lung, the radius they start with, and the radius at which a branch ends, mm.
const TREES: usize = 14;
const ROOT_RADIUS_MM: (f64, f64) = (2.4, 3.8);
const MIN_RADIUS_MM: f64 = 0.4;
/// Distance a branch keeps from the pleura, from nodules and from the lumen of airways, mm.
const PLEURA_MM: f64 = 3.0;
const NODULE_MM: f64 = 3.0;
const WALL_MM: f64 = 0.5;
/// Directions that are tried before a branch ends at an obstacle.
const TRIES: usize = 12;

/// A part of a vessel: a cone with round ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vessel {
    pub ends: [Point; 2],
    pub radii: [f64; 2],
}

impl Vessel {
    /// Distance to its surface, negative inside.
    pub fn distance(&self, p: Point) -> f64 {
        let (off, along) = segment_distance(p, self.ends[0], self.ends[1]);
        off - (self.radii[0] + (self.radii[1] - self.radii[0]) * along)
    }
}

/// Grows the trees of both lungs around `nodules`.
pub(super) fn grow(random: &mut SplitMix64, nodules: &[Nodule]) -> Vec<Vessel> {
    let mut vessels = Vec::new();
    for hilum in HILA {
        let lateral = hilum[0].signum();
        for tree in 0..TREES {
            let lift = 2.6 * (tree as f64 / (TREES - 1) as f64) - 1.3;
            let towards = unit([lateral, random.uniform(-1.1, 1.1), lift + random.uniform(-0.2, 0.2)]);
            let radius = random.uniform(ROOT_RADIUS_MM.0, ROOT_RADIUS_MM.1);
            let start = [hilum[0], hilum[1] + 8.0 * towards[1], hilum[2] + 16.0 * towards[2]];
            branch(random, nodules, start, towards, radius, &mut vessels);
        }
    }
    vessels
}

fn branch(
    random: &mut SplitMix64,
    nodules: &[Nodule],
    start: Point,
    towards: Point,
    radius: f64,
    vessels: &mut Vec<Vessel>,
) {
    if radius < MIN_RADIUS_MM {
        return;
    }
    let root = lung_distance(start) > -PLEURA_MM;
    let length = (8.0 + 4.0 * radius) * random.uniform(0.7, 1.2);
    for attempt in 0..TRIES {
        let bend = 0.15 + 0.08 * attempt as f64;
        let aside = random.direction();
        let towards = unit(std::array::from_fn(|a| towards[a] + bend * aside[a]));
        let end: Point = std::array::from_fn(|a| start[a] + length * towards[a]);
        let vessel = Vessel { ends: [start, end], radii: [radius, 0.92 * radius] };
        let in_lung = lung_distance(end) < -PLEURA_MM - radius;
        if (in_lung || root) && clear_of_airways(&vessel) && clear_of(nodules, &vessel) {
            vessels.push(vessel);
            for (sign, share) in split(random) {
                let child = unit(std::array::from_fn(|a| towards[a] + sign * 0.55 * aside[a]));
                branch(random, nodules, end, child, 0.92 * radius * share, vessels);
            }
            return;
        }
    }
}

/// The two children of a branch: side, and part of its radius. Areas of the children sum to about the parent's.
fn split(random: &mut SplitMix64) -> [(f64, f64); 2] {
    let large = random.uniform(0.75, 0.97);
    [(0.6, large), (-1.0, (1.05 - large * large).sqrt())]
}

fn clear_of_airways(vessel: &Vessel) -> bool {
    let [a, b] = vessel.ends;
    let clear = |t: f64| airway_distance(std::array::from_fn(|n| a[n] + t * (b[n] - a[n]))) > vessel.radii[0] + WALL_MM;
    [0.0, 0.25, 0.5, 0.75, 1.0].into_iter().all(clear)
}

fn clear_of(nodules: &[Nodule], vessel: &Vessel) -> bool {
    nodules.iter().all(|n| {
        let off = segment_distance(n.centre, vessel.ends[0], vessel.ends[1]).0;
        off - vessel.radii[0] > n.reach() + NODULE_MM
    })
}

fn unit(v: Point) -> Point {
    let length = distance(v, [0.0; 3]);
    v.map(|value| value / length)
}
