//! Statistics over the samples of each plane.

use ndarray::Axis;

use super::{
    Plane, Planes,
    plane::{TILE, TILE_VOXELS},
};
use crate::{
    error::Result,
    networks::{
        answers::{Answers, ClassPlane},
        job::Job,
        meter::Meter,
    },
    steps::{sample_masks::SampleMasks, statistics::Accumulator},
    threads::share,
};

/// Planes are held until their numbers take so many bytes; then all threads look at them.
const HELD_BYTES: usize = 16 << 20;

/// Takes the planes of all voxels of the job's region and says of each of these voxels what its samples say. `order`: samples
/// in the order in which they are added up.
///
/// # Errors
/// As [`Planes::plane`].
pub fn gather(planes: &mut impl Planes, job: Job<'_>, order: &[usize], meter: &mut Meter<'_, '_>) -> Result<Answers> {
    let mut answers = Answers::zeros(job.images.grid.shape(), job.classes, job.samples(), job.sampling.kinds.len());
    let (mut held, mut bytes) = (Vec::new(), 0);
    for (k, wanted) in job.region.outer_iter().enumerate() {
        meter.cancel().check()?;
        if wanted.iter().any(|wanted| *wanted) {
            let plane = planes.plane(k, meter)?;
            bytes += Plane::bytes(plane.tiles().count(), plane.channels());
            held.push((k, plane));
        }
        if bytes >= HELD_BYTES {
            say(std::mem::take(&mut held), job, order, &mut answers)?;
            bytes = 0;
        }
    }
    say(held, job, order, &mut answers)?;
    answers.finish();
    Ok(answers)
}

/// Says what the samples say of these planes, which rise; each goes to a thread.
fn say(held: Vec<(usize, Plane)>, job: Job<'_>, order: &[usize], answers: &mut Answers) -> Result<()> {
    let numbers: Vec<usize> = held.iter().map(|(k, _)| *k).collect();
    let mut planes: Vec<(usize, Plane, Vec<ClassPlane<'_>>)> =
        held.into_iter().map(|(k, plane)| (k, plane, Vec::new())).collect();
    for class in &mut answers.classes {
        planes.iter_mut().zip(class.planes(&numbers)).for_each(|((_, _, said), own)| said.push(own));
    }
    let samples: Vec<Vec<SampleMasks>> = share(planes, |(k, plane, mut said)| {
        plane.tiles().try_for_each(|(tile, _)| put_tile(&plane, (k, tile), job, order, &mut said))?;
        Ok(said.into_iter().map(ClassPlane::into_samples).collect())
    })?;
    for of_plane in samples {
        answers.classes.iter_mut().zip(&of_plane).try_for_each(|(class, samples)| class.take(samples))?;
    }
    Ok(())
}

fn put_tile(
    plane: &Plane,
    (k, tile): (usize, usize),
    job: Job<'_>,
    order: &[usize],
    said: &mut [ClassPlane<'_>],
) -> Result<()> {
    let probabilities = |sample: usize| {
        let first = sample * job.channels();
        let logits: Vec<&[f32]> = (first..first + job.channels()).map(|channel| plane.tile(tile, channel)).collect();
        job.calibration.probabilities(&logits)
    };
    let wanted = job.region.index_axis(Axis(0), k);
    let (height, width) = wanted.dim();
    let [j0, i0] = plane.corner(tile);
    let voxels = (0..TILE_VOXELS).map(|n| ([j0 + n / TILE, i0 + n % TILE], n));
    let held = voxels.filter(|([j, i], _)| *j < height && *i < width && wanted[[*j, *i]]);
    if job.settled {
        for (class, p) in said.iter_mut().zip(probabilities(0)) {
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
    for (class, sums) in said.iter_mut().zip(&sums) {
        class.put(sums, held.clone(), job.sampling)?;
    }
    Ok(())
}
