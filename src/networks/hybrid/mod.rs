//! The hybrid kind: a coarse patch network everywhere, a fine slice network on the slices that carry most information.
//!
//! Enters: a region of the volume. Leaves: what the samples of both say of it together. Which slices the fine network sees says
//! [`choose`]. What it says of others is interpolated linearly along k, sample by sample, between the nearest that it saw;
//! beyond the last it is what that says. Then the logits of sample s of both become one: for class c
//! (1 − w_c) · coarse + w_c · fine, with the contract's `fine_weights`. With softmax this is done to the logits less the
//! background's, since a class' weight says nothing of the background. Probabilities come from that by the hybrid's own
//! calibration; those of its two networks are not used. Without a slice for the fine network the coarse one answers alone.
//!
//! The fine network may be handed points and a box ([`marks`]) and features of the coarse one
//! ([`super::patch::features`]). Both are of the coarse network's deterministic pass, the one that slices are chosen by, and so
//! the same for each sample: sample s stays a function of (seed, s) alone, whatever the number of samples, and it takes no
//! T-fold memory. Samples of the coarse network come in where logits are blended.

mod choose;
mod marks;

use std::collections::BTreeMap;

use choose::Scouted;

use super::{
    answers::Answers,
    blending::{Plane, Planes, gather},
    handed::Handed,
    job::Job,
    meter::Meter,
    network::Network,
    patch::{Plan, features::Features},
    runner::Runner,
    sampler::Sampler,
    slice::{self, area::Area, ladder::Ladder},
};
use crate::{
    contract::network::{Activation, Hybrid},
    error::{Error, Result},
    memory,
    progress::{Monitor, Stage},
    space::volume::Voi,
};

const WHAT: &str = "what the coarse network says of each slice";

/// The two networks, each with what the contract says of it.
pub struct Pair<'a, N> {
    /// What the contract says of both together.
    pub hybrid: &'a Hybrid,
    /// The patch network.
    pub coarse: &'a mut N,
    /// The slice network.
    pub fine: &'a mut N,
}

/// The coarse network's planes: as its boxes come, or as they were seen when slices were chosen.
enum Coarse<S> {
    Boxes(S),
    Seen(BTreeMap<usize, Plane>),
}

impl<S: Planes> Planes for Coarse<S> {
    fn plane(&mut self, k: usize, meter: &mut Meter<'_, '_>) -> Result<Plane> {
        match self {
            Coarse::Boxes(boxes) => boxes.plane(k, meter),
            Coarse::Seen(planes) => {
                planes.remove(&k).ok_or_else(|| Error::Internal { what: format!("slice {k} was never looked at") })
            }
        }
    }
}

/// The planes of both networks together.
struct Mixed<C, F> {
    coarse: C,
    fine: Option<F>,
    /// For each channel of a sample's logits.
    fine_weights: Vec<f32>,
    /// True: the first channel is the background's.
    background: bool,
}

impl<C: Planes, F: Planes> Planes for Mixed<C, F> {
    fn plane(&mut self, k: usize, meter: &mut Meter<'_, '_>) -> Result<Plane> {
        let mut plane = self.coarse.plane(k, meter)?;
        let Some(fine) = &mut self.fine else { return Ok(plane) };
        let mut fine = fine.plane(k, meter)?;
        let channels = self.fine_weights.len();
        if self.background {
            plane.less_first(channels);
            fine.less_first(channels);
        }
        plane.merge(&fine, |channel, coarse, fine| {
            let weight = self.fine_weights[channel % channels];
            (1.0 - weight) * coarse + weight * fine
        });
        Ok(plane)
    }
}

/// Answers for every voxel of the job's region. `name`: the hybrid's, for an error.
///
/// # Errors
/// [`crate::Error::Box`], [`crate::Error::Inference`], [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
pub fn answer<N: Network>(
    name: &str,
    pair: Pair<'_, N>,
    job: Job<'_>,
    stage: Stage,
    monitor: &mut Monitor<'_>,
) -> Result<Answers> {
    let Pair { hybrid, coarse, fine } = pair;
    let seed = job.sampling.seed;
    let boxes = Plan::new(&format!("{name}.hybrid.coarse"), &hybrid.coarse, job, monitor.cancel_token())?;
    let slices = choose::slices(job.region);
    let count = choose::count(hybrid.share_of_slices, slices.len());
    // Where all of them or none are seen nothing has to be chosen.
    let scouts = (1..slices.len()).contains(&count) || count > 0 && hybrid.hands_over();
    let scout = scouts.then_some(Job { settled: true, ..job });
    // A network that has one answer alone gave it when slices were chosen.
    let alone = job.passes(&Sampler::of(&hybrid.coarse, seed)).is_empty();
    let mut planes = (scouts && alone && memory::check_free(bytes(job), WHAT).is_ok()).then(BTreeMap::new);
    let again = planes.is_none();
    let mut meter = meter(&boxes, scout, again, (hybrid, &slices, count), job, (stage, monitor));
    let mut features = if scouts { Some(Features::new(&boxes, &hybrid.features)?) } else { None };
    let seen = match scout {
        Some(scout) => {
            let kept = features.as_mut().filter(|_| !hybrid.features.is_empty());
            let mut sweep = boxes.sweep_keeping(Runner::new(&mut *coarse, &hybrid.coarse, seed), scout, kept)?;
            let scouted = choose::scout(&mut sweep, scout, hybrid.prompts.as_ref(), planes.as_mut(), &mut meter)?;
            choose::most_informative(scouted, count)
        }
        None => slices[..count].iter().map(|k| Scouted { k: *k, information: 0.0, marks: None }).collect(),
    };
    let fine_slices: Vec<usize> = seen.iter().map(|slice| slice.k).collect();
    let hand = |k: usize, area: &Area| hand(hybrid, (&boxes, features.as_ref()), &seen, job, (k, area));
    let background = job.calibration.activation == Activation::Softmax;
    let weights = background.then_some(0.0).into_iter().chain(hybrid.fine_weights.iter().map(|weight| *weight as f32));
    let fine = Runner::new(fine, &hybrid.fine, seed);
    let mut mixed = Mixed {
        coarse: match planes {
            Some(planes) => Coarse::Seen(planes),
            None => Coarse::Boxes(boxes.sweep(Runner::new(coarse, &hybrid.coarse, seed), job)?),
        },
        fine: (count > 0)
            .then(|| Ladder::new(fine, job, &fine_slices, job.region, hybrid.hands_over().then_some(&hand))),
        fine_weights: weights.collect(),
        background,
    };
    let order: Vec<usize> = (0..job.samples()).collect();
    let answers = gather(&mut mixed, job, &order, &mut meter)?;
    meter.finish()?;
    Ok(answers)
}

/// Bytes of the deterministic pass' planes.
fn bytes(job: Job<'_>) -> usize {
    job.region.outer_iter().map(|slice| Plane::bytes(Plane::tiles_of(slice), job.channels())).sum()
}

/// What the fine network is handed for slice `k` over an area of it.
fn hand(
    hybrid: &Hybrid,
    (boxes, features): (&Plan, Option<&Features>),
    seen: &[Scouted],
    job: Job<'_>,
    (k, area): (usize, &Area),
) -> Handed {
    let marks = seen.iter().find(|slice| slice.k == k).and_then(|slice| slice.marks.as_ref());
    let prompted = hybrid.prompts.as_ref().zip(marks);
    let over = |features: &Features| {
        let each = hybrid.features.iter().enumerate();
        each.map(|feature| features.over(boxes, feature, k, area)).collect()
    };
    Handed {
        prompted: prompted.map(|(prompts, marks)| marks.on(area, job.images.grid, prompts)),
        features: features.map(over).unwrap_or_default(),
    }
}

/// How much there is to do. Which slices the fine network will see isn't known yet: they are taken to be as large as the mean.
fn meter<'m, 'a>(
    boxes: &Plan,
    scout: Option<Job<'_>>,
    again: bool,
    (hybrid, slices, count): (&Hybrid, &[usize], usize),
    job: Job<'_>,
    (stage, monitor): (Stage, &'m mut Monitor<'a>),
) -> Meter<'m, 'a> {
    let (first, first_work) = scout.map_or((0, 0.0), |scout| boxes.work(scout));
    let (then, then_work) = if again { boxes.work(job) } else { (0, 0.0) };
    let pixels = slice::plan(&hybrid.fine, job.images.grid, job.region).iter().map(Voi::voxels).sum::<usize>();
    let per_slice = pixels as f64 / slices.len().max(1) as f64;
    let fine_work = per_slice * (count * job.samples()) as f64;
    Meter::new(monitor, stage, first + then + count, first_work + then_work + fine_work)
}
