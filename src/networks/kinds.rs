//! Roles filled by networks of any kind.

#[cfg(test)]
mod tests;

use ndarray::Array3;

use super::{
    answers::Answers,
    clicks::Clicks,
    hybrid::{self, Pair},
    images::Images,
    job::Job,
    network::Network,
    patch,
    roles::{Detector, Segmenter},
    runner::Runner,
    sampler,
    sampling::Sampling,
    slice,
};
use crate::{
    contract::{
        network::{self, Kind},
        uncertainty::Uncertainty,
    },
    error::{Error, Result},
    progress::{Monitor, Stage},
};

/// What cuts a volume: one network, or a hybrid's two.
#[derive(Debug)]
pub enum Cutting<N> {
    /// A network of the kinds that take boxes.
    One(Box<N>),
    /// A coarse network everywhere, a fine one on some slices.
    Hybrid {
        /// Everywhere.
        coarse: Box<N>,
        /// On some slices.
        fine: Box<N>,
    },
}

/// A network of any kind, ready to answer.
#[derive(Debug)]
pub struct OfKind<'a, N> {
    name: &'a str,
    spec: &'a network::Network,
    classes: usize,
    networks: &'a mut Cutting<N>,
}

impl<N> Cutting<N> {
    /// Its networks: one, or a hybrid's coarse and fine one.
    pub fn networks(&mut self) -> Vec<&mut N> {
        match self {
            Cutting::One(network) => vec![network],
            Cutting::Hybrid { coarse, fine } => vec![coarse, fine],
        }
    }
}

/// Outlines by a network of any kind.
#[derive(Debug)]
pub struct KindSegmenter<'a, N>(OfKind<'a, N>);

/// Says where nodules may be by a network of any kind: one deterministic pass, the mean of its members' logits.
#[derive(Debug)]
pub struct KindDetector<'a, N> {
    network: OfKind<'a, N>,
    stage: Stage,
}

impl<'a, N: Network> OfKind<'a, N> {
    /// The network of the field `name`, which is as `spec` says, with its `classes` classes.
    pub fn new(name: &'a str, spec: &'a network::Network, classes: usize, networks: &'a mut Cutting<N>) -> Self {
        OfKind { name, spec, classes, networks }
    }

    /// Outlines with it.
    pub fn segmenter(self) -> KindSegmenter<'a, N> {
        KindSegmenter(self)
    }

    /// Detects with it; progress is that of `stage`.
    pub fn detector(self, stage: Stage) -> KindDetector<'a, N> {
        KindDetector { network: self, stage }
    }

    /// What it says; it rests afterwards.
    fn answer(&mut self, job: Job<'_>, stage: Stage, monitor: &mut Monitor<'_>) -> Result<Answers> {
        let answers = self.run(job, stage, monitor);
        self.networks.networks().into_iter().for_each(Network::rest);
        answers
    }

    fn run(&mut self, job: Job<'_>, stage: Stage, monitor: &mut Monitor<'_>) -> Result<Answers> {
        let Self { name, spec, .. } = *self;
        let seed = job.sampling.seed;
        match (spec.kind, &mut *self.networks, &spec.hybrid) {
            (Kind::Slice, Cutting::One(network), _) => {
                let runner = Runner::new(&mut **network, spec, seed);
                match spec.grid.spacing_mm[0] {
                    None => slice::answer(runner, job, stage, monitor),
                    Some(_) => slice::ladder::answer(runner, job, stage, monitor),
                }
            }
            (Kind::Patch, Cutting::One(network), _) => {
                patch::answer(name, Runner::new(&mut **network, spec, seed), job, stage, monitor)
            }
            (Kind::Hybrid, Cutting::Hybrid { coarse, fine }, Some(hybrid)) => {
                let pair = Pair { hybrid, coarse: &mut **coarse, fine: &mut **fine };
                hybrid::answer(name, pair, job, stage, monitor)
            }
            _ => {
                Err(Error::Internal { what: format!("{name} is not made of the networks that its contract tells of") })
            }
        }
    }
}

impl<N: Network> Segmenter for KindSegmenter<'_, N> {
    fn segment(
        &mut self,
        images: &Images<'_>,
        region: &Array3<bool>,
        clicks: &Clicks,
        sampling: &Sampling,
        stage: Stage,
        monitor: &mut Monitor<'_>,
    ) -> Result<Answers> {
        let OfKind { spec, classes, .. } = self.0;
        let samples = sampler::drawn(spec, sampling.samples);
        let sampling = &Sampling { samples, ..sampling.clone() };
        let calibration = &spec.calibration;
        let job = Job { images, region, clicks, sampling, calibration, classes, settled: false };
        self.0.answer(job, stage, monitor)
    }
}

impl<N: Network> Detector for KindDetector<'_, N> {
    fn detect(&mut self, images: &Images<'_>, search: &Array3<bool>, monitor: &mut Monitor<'_>) -> Result<Array3<f32>> {
        let OfKind { spec, classes, .. } = self.network;
        // No probability is above 1: nobody asks for samples.
        let sampling =
            &Sampling { seed: 0, samples: 1, batch: 1, threshold: 1.0, uncertainty: Uncertainty::Variance, kinds: &[] };
        let (clicks, calibration) = (&Clicks::default(), &spec.calibration);
        let job = Job { images, region: search, clicks, sampling, calibration, classes, settled: true };
        let mut probability = self.network.answer(job, self.stage, monitor)?.into_probability();
        // Slices answer for boxes around what is searched.
        ndarray::Zip::from(&mut probability).and(search).for_each(|p, inside| {
            // Memory that nobody wrote to takes none.
            if !*inside && *p != 0.0 {
                *p = 0.0;
            }
        });
        Ok(probability)
    }
}
