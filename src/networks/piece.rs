//! How a volume is cut into pieces that a network can take: the one interface between kinds of networks and the
//! stages around them.
//!
//! A kind of network plans the boxes of voxels it will answer for, and answers for one at a time. Slices are the
//! first kind; slabs, three-dimensional patches and hybrids implement the same two calls. Boxes of one plan never
//! overlap: each voxel has one answer, so the order of pieces can't matter.

use crate::contract::uncertainty::Uncertainty;
use ndarray::{Array3, s};

use crate::{
    error::Result,
    progress::{CancelToken, Monitor, Stage},
    space::{
        grid::Grid,
        volume::{Voi, Volume},
    },
    steps::sample_masks::SampleMasks,
};

/// What is decided for one class in a box, or in the whole volume: arrays `[k, j, i]`.
#[derive(Debug, Clone)]
pub struct ClassMaps {
    /// Mean probability over samples.
    pub probability: Array3<f32>,
    /// Doubt of the kind asked for.
    pub uncertainty: Array3<f32>,
    /// Doubt of each of [`Uncertainty::ALL`], where that was asked for as well; else none.
    pub kinds: Vec<Array3<f32>>,
}

impl ClassMaps {
    /// Maps of zeros, with as many kinds of doubt besides.
    pub fn zeros(shape: [usize; 3], kinds: usize) -> Self {
        let zeros = || Array3::zeros(shape);
        ClassMaps { probability: zeros(), uncertainty: zeros(), kinds: (0..kinds).map(|_| zeros()).collect() }
    }

    /// All maps with those of `other`, pair by pair.
    pub fn pairs<'a>(
        &'a mut self,
        other: &'a ClassMaps,
    ) -> impl Iterator<Item = (&'a mut Array3<f32>, &'a Array3<f32>)> {
        let own = [&mut self.probability, &mut self.uncertainty].into_iter().chain(&mut self.kinds);
        own.zip([&other.probability, &other.uncertainty].into_iter().chain(&other.kinds))
    }
}

/// The answer for one box.
#[derive(Debug)]
pub struct Answer {
    /// One entry a class.
    pub classes: Vec<ClassMaps>,
    /// For the first class: linear voxel index in the volume, and which samples called it a nodule.
    pub positive: Vec<(u32, Vec<u64>)>,
}

/// How samples are drawn and judged.
#[derive(Debug, Clone)]
pub struct Sampling {
    /// Seed of the dropout masks.
    pub seed: u64,
    /// Number of samples.
    pub samples: usize,
    /// Samples decoded in one call at most, two at least; any number gives the same bits.
    pub batch: usize,
    /// Mean probability above which a voxel belongs to a nodule.
    pub threshold: f64,
    /// Which doubt is kept.
    pub uncertainty: Uncertainty,
    /// Kinds of doubt that are kept besides: all of them or none.
    pub kinds: &'static [Uncertainty],
}

/// A kind of network, by the pieces it takes.
pub trait Pieces {
    /// Number of classes in each answer.
    fn classes(&self) -> usize;

    /// The boxes to answer for, without overlap, so that every voxel of `search` is in one.
    fn plan(&self, grid: &Grid, search: &Array3<bool>) -> Vec<Voi>;

    /// The answer for a box of the plan.
    ///
    /// # Errors
    /// [`crate::Error::Inference`], [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
    fn answer(
        &mut self,
        ct: &Volume<f32>,
        search: &Array3<bool>,
        voi: &Voi,
        sampling: &Sampling,
        watch: &mut Watch<'_>,
    ) -> Result<Answer>;
}

/// Who waits for a piece: may cancel it, and is told how it goes on. A slice through a large mass takes seconds.
pub struct Watch<'a> {
    /// Cancels the piece.
    pub cancel: CancelToken,
    /// Takes the part of the piece's work that is done, 0 to 1.
    pub tell: &'a mut dyn FnMut(f64) -> Result<()>,
}

/// Maps of the whole volume.
#[derive(Debug)]
pub struct Assembled {
    /// One entry a class; zero where no piece answered.
    pub classes: Vec<ClassMaps>,
    /// Which samples called which voxel a nodule.
    pub samples: SampleMasks,
}

/// Answers every piece of the plan and puts the answers together; progress is that of `stage`.
///
/// # Errors
/// As [`Pieces::answer`], or [`crate::Error::OutOfMemory`].
pub fn run_all(
    pieces: &mut impl Pieces,
    ct: &Volume<f32>,
    search: &Array3<bool>,
    sampling: &Sampling,
    stage: Stage,
    monitor: &mut Monitor<'_>,
) -> Result<Assembled> {
    let plan = pieces.plan(&ct.grid, search);
    let mut whole = Assembled {
        classes: vec![ClassMaps::zeros(ct.grid.shape(), sampling.kinds.len()); pieces.classes()],
        samples: SampleMasks::new(sampling.samples),
    };
    let cancel = monitor.cancel_token().clone();
    // Voxels tell better than pieces how long the rest takes: slices are small where the lungs begin and end.
    let voxels = |voi: &Voi| voi.size().iter().product::<usize>() as f64;
    let (mut answered, all) = (0.0, plan.iter().map(voxels).sum::<f64>());
    for (done, voi) in plan.iter().enumerate() {
        let own = voxels(voi);
        let mut tell = |part: f64| monitor.step_within(stage, done, plan.len(), (answered + part * own) / all);
        tell(0.0)?;
        let mut watch = Watch { cancel: cancel.clone(), tell: &mut tell };
        whole.put(voi, pieces.answer(ct, search, voi, sampling, &mut watch)?)?;
        answered += own;
    }
    monitor.step(stage, plan.len(), plan.len())?;
    whole.samples.finish();
    Ok(whole)
}

impl Assembled {
    fn put(&mut self, voi: &Voi, answer: Answer) -> Result<()> {
        let [i, j, k] = [0, 1, 2].map(|axis: usize| voi.start[axis]..voi.end[axis]);
        for (whole, part) in self.classes.iter_mut().zip(answer.classes) {
            for (whole, part) in whole.pairs(&part) {
                whole.slice_mut(s![k.clone(), j.clone(), i.clone()]).assign(part);
            }
        }
        self.samples.reserve(answer.positive.len())?;
        for (index, bits) in answer.positive {
            self.samples.push(index, &bits);
        }
        Ok(())
    }
}
