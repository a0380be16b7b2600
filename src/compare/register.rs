//! Registration of the lungs of two scans: rigid, then affine, coarse to fine.
//!
//! Enters: HU and lungs of two scans in canonical orientation. Leaves: where a point of the current scan lies in the prior
//! one, and how well that fits. What is minimised over points in and around the current lungs is how far the two signed
//! distances to the lungs' surface differ, and inside the lungs how far HU do beyond a common offset (lungs get denser with
//! breath), both robustly (Geman and McClure's weights), by Levenberg and Marquardt's steps. No random number: the same scans
//! give the same bits.

use super::{
    field::{Field, REACH_MM, Slope},
    fit::Fit,
    solve::solve,
    transform::Transform,
};
use crate::{
    error::{Error, Result},
    progress::{Monitor, Stage},
    space::{grid::cross, volume::Volume},
};
use ndarray::Array3;

/// Edges of the coarse voxels of each level, mm.
const LEVELS_MM: [f64; 3] = [8.0, 4.0, 2.5];
/// Points that a level's steps are made of at most; they lie evenly in the current scan.
const MAX_POINTS: usize = 12_000;
/// Steps of a level at most; most need a fifth.
const MAX_STEPS: usize = 40;
/// Less than such a part of its error saved by a step ends a level.
const SAVED: f64 = 1e-5;
/// What counts as one: of distance in mm, of HU.
const DISTANCE_MM: f64 = 4.0;
const DENSITY_HU: f64 = 120.0;
/// HU count from this deep in the lung on: at its surface the ribs would decide.
const DEPTH_MM: f64 = -3.0;
/// Share of the points that have to lie in the prior scan, lest two scans be laid beside each other.
const MIN_OVERLAP: f64 = 0.25;
/// Makes a stretch a number of the size of a shift in mm: half a lung's height.
const LEVER_MM: f64 = 100.0;
/// Steps that are reported: rigid on the first level, affine on each.
const REPORTED: usize = 1 + LEVELS_MM.len();

/// A scan to register.
#[derive(Debug, Clone, Copy)]
pub struct Lungs<'a> {
    /// HU, canonical orientation.
    pub ct: &'a Volume<f32>,
    /// Lungs, `[k, j, i]`.
    pub mask: &'a Array3<bool>,
}

/// Two scans laid over each other.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Where a point of the current scan (RAS, mm) lies in the prior one.
    pub to_prior: Transform,
    /// The way back.
    pub to_current: Transform,
    /// How well it fits.
    pub fit: Fit,
    /// The prior scan on coarse voxels.
    pub prior: Field,
    /// The current scan on coarse voxels.
    pub current: Field,
}

/// What may be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Freedom {
    /// Three rotations, three shifts.
    Rigid,
    /// Nine parts of a matrix, three shifts.
    Affine,
}

/// Lays the `prior` scan over the `current` one.
///
/// # Errors
/// [`Error::Registration`] where no fit is found that could be that of one chest; [`Error::Cancelled`].
pub fn register(prior: Lungs<'_>, current: Lungs<'_>, monitor: &mut Monitor<'_>) -> Result<Registration> {
    let cancel = monitor.cancel_token().clone();
    let fields = |edge_mm: f64| -> Result<[Field; 2]> {
        Ok([Field::of(prior.ct, prior.mask, edge_mm, &cancel)?, Field::of(current.ct, current.mask, edge_mm, &cancel)?])
    };
    let mut done = 0;
    let mut step = |monitor: &mut Monitor<'_>| {
        done += 1;
        monitor.step(Stage::Register, done, REPORTED)
    };
    monitor.step(Stage::Register, 0, REPORTED)?;
    let mut best: Option<Transform> = None;
    let mut finest = None;
    for edge_mm in LEVELS_MM {
        let [prior, current] = fields(edge_mm)?;
        let level = Level::of(&prior, &current);
        let rigid = match best {
            Some(transform) => transform,
            None => {
                let transform = level.start(monitor)?;
                step(monitor)?;
                transform
            }
        };
        best = Some(level.minimise(rigid, Freedom::Affine, monitor)?.0);
        step(monitor)?;
        finest = Some((prior, current));
    }
    let (Some(to_prior), Some((prior, current))) = (best, finest) else {
        return Err(Error::Internal { what: "no level of registration".into() });
    };
    let to_current = to_prior.inverse().ok_or_else(|| refused("the lungs could not be laid over each other".into()))?;
    let fit = Fit::of(&prior, &current, &to_prior, &to_current);
    fit.check().map_err(refused)?;
    Ok(Registration { to_prior, to_current, fit, prior, current })
}

fn refused(got: String) -> Error {
    Error::Registration { got, expected: Fit::expected() }
}

/// One level: two fields, and the points of the current one that count.
struct Level<'a> {
    prior: &'a Field,
    current: &'a Field,
    points: Vec<Point>,
}

/// A point of the current scan.
struct Point {
    ras: [f64; 3],
    distance: f64,
    /// HU, where it lies deep enough in the lung.
    hu: Option<f64>,
}

/// The robust error of a transform, and what a step is made of.
struct Misfit {
    mean: f64,
    normal: Vec<f64>,
    slope: Vec<f64>,
}

impl<'a> Level<'a> {
    fn of(prior: &'a Field, current: &'a Field) -> Self {
        let near = |distance: f32| distance.abs() < REACH_MM;
        let all = current.distance.iter().filter(|distance| near(**distance)).count();
        let every = all.div_ceil(MAX_POINTS).max(1);
        let counted = current.distance.indexed_iter().filter(|(_, distance)| near(**distance)).step_by(every);
        let points = counted.map(|((k, j, i), distance)| {
            let distance = f64::from(*distance);
            let hu = (distance < DEPTH_MM).then(|| f64::from(current.hu[[k, j, i]]));
            Point { ras: current.grid.ras([i as f64, j as f64, k as f64]), distance, hu }
        });
        Level { prior, current, points: points.collect() }
    }

    /// The best of three beginnings after rigid steps: as the scanners say, the lungs' middles on each other, their tops on each
    /// other (one scan may end above the diaphragm).
    fn start(&self, monitor: &mut Monitor<'_>) -> Result<Transform> {
        let centre = self.current.lung_centre();
        let middle = self.prior.lung_centre();
        let between: [f64; 3] = std::array::from_fn(|axis| middle[axis] - centre[axis]);
        let top = [between[0], between[1], self.prior.lung_top() - self.current.lung_top()];
        let mut best: Option<(Transform, f64)> = None;
        for shift in [between, top, [0.0; 3]] {
            let (transform, error) = self.minimise(Transform::shifting(centre, shift), Freedom::Rigid, monitor)?;
            if best.is_none_or(|(_, least)| error < least) {
                best = Some((transform, error));
            }
        }
        Ok(best.expect("three beginnings").0)
    }

    /// Steps until nothing is saved; the transform and its mean robust error.
    fn minimise(&self, start: Transform, freedom: Freedom, monitor: &Monitor<'_>) -> Result<(Transform, f64)> {
        let (mut transform, mut damping) = (start, 1e-3);
        let mut now = self.error(&transform, freedom);
        for _ in 0..MAX_STEPS {
            monitor.check()?;
            let unknowns = now.slope.len();
            let damped: Vec<f64> = (0..unknowns * unknowns)
                .map(|n| now.normal[n] * if n % (unknowns + 1) == 0 { 1.0 + damping } else { 1.0 })
                .collect();
            let Some(step) = solve(damped, now.slope.iter().map(|slope| -slope).collect()) else { break };
            let moved = freedom.moved(&transform, &step);
            let then = self.error(&moved, freedom);
            if then.mean < now.mean {
                let saved = (now.mean - then.mean) / now.mean;
                (transform, now, damping) = (moved, then, damping * 0.3);
                if saved < SAVED {
                    break;
                }
            } else {
                damping *= 10.0;
                if damping > 1e6 {
                    break;
                }
            }
        }
        Ok((transform, now.mean))
    }

    /// The mean robust error under a transform, with the normal equations of Gauss and Newton.
    fn error(&self, transform: &Transform, freedom: Freedom) -> Misfit {
        let unknowns = freedom.unknowns();
        let (mut normal, mut slope) = (vec![0.0; unknowns * unknowns], vec![0.0; unknowns]);
        let (mut sum, mut used) = (0.0, 0usize);
        let offset = self.density_offset(transform);
        let mut add = |residual: f64, gradient: [f64; 3], turned: [f64; 3]| {
            // ρ(r) = r² / (1 + r²) (Geman and McClure), weight 1 / (1 + r²)².
            let square = residual * residual;
            sum += square / (1.0 + square);
            let weight = 1.0 / (1.0 + square).powi(2);
            let row = freedom.row(gradient, turned);
            for (a, left) in row[..unknowns].iter().enumerate() {
                slope[a] += weight * left * residual;
                for (b, right) in row[..unknowns].iter().enumerate().skip(a) {
                    normal[a * unknowns + b] += weight * left * right;
                }
            }
        };
        for point in &self.points {
            let Some(at) = self.prior.index(transform.apply(point.ras)) else { continue };
            used += 1;
            let turned = transform.turned(point.ras);
            let Slope { value, gradient } = self.prior.slope(&self.prior.distance, at);
            add((value - point.distance) / DISTANCE_MM, gradient.map(|part| part / DISTANCE_MM), turned);
            if let Some(hu) = point.hu {
                let Slope { value, gradient } = self.prior.slope(&self.prior.hu, at);
                add((value - hu - offset) / DENSITY_HU, gradient.map(|part| part / DENSITY_HU), turned);
            }
        }
        for a in 0..unknowns {
            for b in 0..a {
                normal[a * unknowns + b] = normal[b * unknowns + a];
            }
            // A freedom that no point feels stays where it is.
            normal[a * unknowns + a] += 1e-9;
        }
        let enough = used as f64 >= MIN_OVERLAP * self.points.len() as f64 && used > 0;
        Misfit { mean: if enough { sum / used as f64 } else { f64::INFINITY }, normal, slope }
    }

    /// By how much lung is denser in the prior scan: median over the points deep inside both.
    fn density_offset(&self, transform: &Transform) -> f64 {
        let difference = |point: &Point| {
            let hu = point.hu?;
            let at = self.prior.index(transform.apply(point.ras))?;
            (self.prior.slope(&self.prior.distance, at).value < DEPTH_MM)
                .then(|| self.prior.slope(&self.prior.hu, at).value - hu)
        };
        // A tenth of the points tells a median.
        let mut differences: Vec<f64> = self.points.iter().step_by(10).filter_map(difference).collect();
        differences.sort_by(f64::total_cmp);
        differences.get(differences.len() / 2).copied().unwrap_or(0.0)
    }
}

impl Freedom {
    fn unknowns(self) -> usize {
        match self {
            Freedom::Rigid => 6,
            Freedom::Affine => 12,
        }
    }

    /// How a residual with this gradient grows with each unknown; `turned`: the point's place about the transform's centre.
    fn row(self, gradient: [f64; 3], turned: [f64; 3]) -> [f64; 12] {
        let mut row = [0.0; 12];
        row[..3].copy_from_slice(&gradient);
        match self {
            // d(ω × p) · g = ω · (p × g)
            Freedom::Rigid => row[3..6].copy_from_slice(&cross(turned, gradient).map(|part| part / LEVER_MM)),
            Freedom::Affine => {
                for (n, value) in row[3..].iter_mut().enumerate() {
                    *value = gradient[n / 3] * turned[n % 3] / LEVER_MM;
                }
            }
        }
        row
    }

    fn moved(self, transform: &Transform, step: &[f64]) -> Transform {
        let shift = [step[0], step[1], step[2]];
        match self {
            Freedom::Rigid => transform.moved([step[3], step[4], step[5]].map(|part| part / LEVER_MM), shift),
            Freedom::Affine => {
                let stretch = std::array::from_fn(|row| std::array::from_fn(|n| step[3 + 3 * row + n] / LEVER_MM));
                transform.stretched(stretch, shift)
            }
        }
    }
}
