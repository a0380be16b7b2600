//! The slice kind as a segmenter.

use ndarray::Array3;

use crate::{
    contract::model::Model,
    error::Result,
    networks::{
        answers::{Answers, ClassAnswer},
        clicks::Clicks,
        images::Images,
        load::Cutting,
        piece::{Sampling, run_all},
        roles::Segmenter,
        slice::SlicePieces,
    },
    progress::{Monitor, Stage},
    space::volume::Volume,
};

pub(super) struct Slices<'a> {
    pub cutting: &'a mut Cutting,
    pub model: &'a Model,
}

impl Segmenter for Slices<'_> {
    fn segment(
        &mut self,
        images: &Images<'_>,
        region: &Array3<bool>,
        clicks: &Clicks,
        sampling: &Sampling,
        stage: Stage,
        monitor: &mut Monitor<'_>,
    ) -> Result<Answers> {
        let network = match self.cutting {
            Cutting::One(network) | Cutting::Hybrid { coarse: network, .. } => network,
        };
        let ct = Volume::new(images.grid.clone(), images.channels[0].0.clone());
        let mut pieces = SlicePieces::new(&mut **network, self.model, clicks.clone());
        let found = run_all(&mut pieces, &ct, region, sampling, stage, monitor)?;
        let mut samples = Some(found.samples);
        let class = |maps: crate::networks::piece::ClassMaps| ClassAnswer {
            probability: maps.probability,
            uncertainty: maps.uncertainty,
            kinds: maps.kinds,
            samples: samples.take().expect("one class"),
        };
        Ok(Answers { classes: found.classes.into_iter().map(class).collect() })
    }
}
