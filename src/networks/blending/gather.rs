//! Statistics over the samples of each plane.

use ndarray::Axis;

use super::{
    Plane, Planes,
    plane::{TILE, TILE_VOXELS},
};
use crate::{
    error::Result,
    networks::{answers::Answers, job::Job, meter::Meter},
    steps::statistics::Accumulator,
};

/// Takes the planes of all voxels of the job's region and says of each of these voxels what its samples say. `order`: samples
/// in the order in which they are added up.
///
/// # Errors
/// As [`Planes::plane`].
pub fn gather(planes: &mut impl Planes, job: Job<'_>, order: &[usize], meter: &mut Meter<'_, '_>) -> Result<Answers> {
    let mut answers = Answers::zeros(job.images.grid.shape(), job.classes, job.samples(), job.sampling.kinds.len());
    for (k, wanted) in job.region.outer_iter().enumerate() {
        meter.cancel().check()?;
        if wanted.iter().any(|wanted| *wanted) {
            let plane = planes.plane(k, meter)?;
            for (tile, _) in plane.tiles() {
                put_tile(&plane, (k, tile), job, order, &mut answers)?;
            }
        }
    }
    answers.finish();
    Ok(answers)
}

fn put_tile(
    plane: &Plane,
    (k, tile): (usize, usize),
    job: Job<'_>,
    order: &[usize],
    answers: &mut Answers,
) -> Result<()> {
    let probabilities = |sample: usize| {
        let first = sample * job.channels();
        let logits: Vec<&[f32]> = (first..first + job.channels()).map(|channel| plane.tile(tile, channel)).collect();
        job.calibration.probabilities(&logits)
    };
    let wanted = job.region.index_axis(Axis(0), k);
    let (height, width) = wanted.dim();
    let [j0, i0] = plane.corner(tile);
    let voxels = (0..TILE_VOXELS).map(|n| ([k, j0 + n / TILE, i0 + n % TILE], n));
    let held = voxels.filter(|([_, j, i], _)| *j < height && *i < width && wanted[[*j, *i]]);
    if job.settled {
        for (class, p) in answers.classes.iter_mut().zip(probabilities(0)) {
            held.clone().for_each(|(index, n)| class.probability[index] = p[n]);
        }
        return Ok(());
    }
    let mut sums: Vec<Accumulator> =
        (0..job.classes).map(|_| job.sampling.accumulator(TILE_VOXELS, job.samples())).collect();
    for sample in order {
        for (sums, probabilities) in sums.iter_mut().zip(probabilities(*sample)) {
            sums.push(*sample, &probabilities);
        }
    }
    for (class, sums) in answers.classes.iter_mut().zip(&sums) {
        class.put(sums, held.clone(), job.sampling)?;
    }
    Ok(())
}
