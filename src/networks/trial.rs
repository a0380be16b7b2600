//! The first run of a network: a graph that loads may still be unable to run, and may ignore what is random.
//!
//! Each member runs on the smallest image that it takes. An exporter may leave an input without use behind, and then T samples
//! would be one; so for each random input two samples that differ in it alone have to differ.

use ndarray::{Array2, Array3, ArrayD, IxDyn};

use super::{
    clicks,
    handed::{Handed, NO_POINT, Prompted},
    network::{Call, Draws, Fed},
    onnx::{Encoded, OnnxNetwork},
    sampling::MIN_SAMPLES_PER_CALL,
    tensors::axes,
};
use crate::{
    contract::network::Kind,
    error::Result,
    progress::CancelToken,
    runtime::{load::Steps, tensor::ANY},
};

/// Draws that are far from none.
const FAR: f32 = 3.0;
/// Images that are tried before an input is said to change nothing: half the width of their values around their middle.
const IMAGES: [(f32, f32); 3] = [(0.5, 0.5), (0.0, 4.0), (0.0, 1000.0)];

/// A random input, by its place in the contract.
#[derive(Debug, Clone, Copy)]
enum Drawn {
    Dropout(usize),
    Noise(usize),
}

impl OnnxNetwork {
    /// Runs the first `members` members once; `steps` counts encoders and decoders.
    ///
    /// # Errors
    /// [`crate::Error::Inference`], [`crate::Error::ModelShape`], [`crate::Error::ModelBundle`] for a random input that changes
    /// nothing, [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
    pub fn try_out(&mut self, members: usize, steps: &mut Steps<'_, '_>) -> Result<()> {
        let cancel = steps.cancel_token().clone();
        let draws = self.trial_draws();
        for member in 0..members.min(self.members()) {
            let encoded = self.encode_trial(member, IMAGES[0], &cancel)?;
            if self.has_encoder(member) {
                steps.step()?;
            }
            let logits = self.decode_trial(&encoded, &draws, &cancel)?;
            self.check_random(member, &logits, &draws, &cancel)?;
            self.check_logits(&encoded, logits.shape(), draws.samples)?;
            steps.step()?;
        }
        Ok(())
    }

    /// Refuses a random input that changes nothing on any of the images. `first`: logits of the first image.
    fn check_random(&mut self, member: usize, first: &ArrayD<f32>, draws: &Draws, cancel: &CancelToken) -> Result<()> {
        let mut ignored: Vec<_> = self.drawn().into_iter().enumerate().filter(|(n, _)| !changes(first, *n)).collect();
        for image in &IMAGES[1..] {
            if ignored.is_empty() {
                return Ok(());
            }
            let encoded = self.encode_trial(member, *image, cancel)?;
            let logits = self.decode_trial(&encoded, draws, cancel)?;
            ignored.retain(|(n, _)| !changes(&logits, *n));
        }
        let Some((_, input)) = ignored.first() else { return Ok(()) };
        let what = "changes nothing: two samples that differ in it alone give the same logits";
        let reason = format!("the random input '{}' {what}", self.input_name(*input));
        Err(self.unfit(member, &reason, "Export the graph so that it uses this input, or leave the input out"))
    }

    fn encode_trial(&mut self, member: usize, image: (f32, f32), cancel: &CancelToken) -> Result<Encoded> {
        let image = varied(&self.trial_shape(member), image);
        let offsets_mm = vec![0.0; if self.contract.kind == Kind::Slice { self.contract.slices() } else { 0 }];
        self.run_encoder(member, image.view(), &offsets_mm, cancel)
    }

    fn decode_trial(&mut self, encoded: &Encoded, draws: &Draws, cancel: &CancelToken) -> Result<ArrayD<f32>> {
        let wanted = self.contract.clicks.is_some();
        let map = wanted.then(|| ArrayD::zeros([&[1, clicks::KINDS], encoded.size()].concat()));
        let handed = self.bridge.is_handed().then(|| self.handed_trial(encoded.size()));
        let fed = Fed { clicks: map.as_ref().map(|map| map.view()), handed: handed.as_ref() };
        self.run_decoder(&Call { encoded, window: None, draws, fed }, cancel)
    }

    /// No point, the whole as the box, features of 0.
    fn handed_trial(&self, size: &[usize]) -> Handed {
        let &[.., height, width] = size else { return Handed::default() };
        let prompted = self.bridge.prompts.as_ref().map(|prompts| Prompted {
            points: Array2::zeros((prompts.count(), 2)),
            labels: vec![NO_POINT; prompts.count()],
            bounds: [0.0, 0.0, (width - 1) as f32, (height - 1) as f32],
        });
        let takes = self.bridge.takes.iter();
        let features = takes.map(|f| Array3::zeros((f.channels, height / f.fine_stride, width / f.fine_stride)));
        Handed { prompted, features: features.collect() }
    }

    /// The smallest image that is sure to fit: what the graph says, else twice the multiple, else the whole box.
    fn trial_shape(&self, member: usize) -> Vec<usize> {
        let (grid, slice) = (&self.contract.grid, self.contract.kind == Kind::Slice);
        let image = self.contract.tensors.as_ref().map_or("", |tensors| &tensors.image);
        let declared = self.first_graph(member).inputs().iter().find(|input| input.name == image);
        let size = |axis: usize| {
            let fixed = declared.and_then(|input| input.shape.get(2 + axis)).copied().filter(|n| *n != ANY);
            let small = 2 * grid.multiple;
            match (fixed, grid.size.filter(|_| !slice)) {
                (Some(fixed), _) => fixed as usize,
                (None, Some(size)) if grid.multiple > 1 => size[axis].min(small),
                (None, Some(size)) => size[axis],
                (None, None) => small,
            }
        };
        let channels = self.channels * if slice { self.contract.slices() } else { 1 };
        [1, channels].into_iter().chain((0..axes(&self.contract)).map(size)).collect()
    }

    /// One sample in which nothing is dropped and nothing added, then one for each random input that differs in it alone.
    fn trial_draws(&self) -> Draws {
        let random = &self.contract.random;
        let drawn = self.drawn();
        let samples = (1 + drawn.len()).max(MIN_SAMPLES_PER_CALL);
        let mut draws = Draws {
            samples,
            dropout: random.dropout.iter().map(|d| Array2::ones((samples, d.channels))).collect(),
            noise: random.noise.iter().map(|n| Array2::zeros((samples, n.rank))).collect(),
        };
        for (n, input) in drawn.into_iter().enumerate() {
            match input {
                Drawn::Dropout(at) => draws.dropout[at].row_mut(1 + n).fill(0.0),
                Drawn::Noise(at) => draws.noise[at].row_mut(1 + n).fill(FAR),
            }
        }
        draws
    }

    /// Inputs that differ from sample to sample; dropout of rate 0 doesn't.
    fn drawn(&self) -> Vec<Drawn> {
        let random = &self.contract.random;
        let dropout = random.dropout.iter().enumerate().filter(|(_, d)| d.rate > 0.0).map(|(n, _)| Drawn::Dropout(n));
        dropout.chain((0..random.noise.len()).map(Drawn::Noise)).collect()
    }

    fn input_name(&self, input: Drawn) -> &str {
        match input {
            Drawn::Dropout(n) => &self.contract.random.dropout[n].input,
            Drawn::Noise(n) => &self.contract.random.noise[n].input,
        }
    }
}

/// Whether the sample that differs in random input `n` alone has other logits than the first. Not a number differs from
/// everything; a graph that gives one sample for all hasn't looked.
fn changes(logits: &ArrayD<f32>, n: usize) -> bool {
    let mut samples = logits.outer_iter();
    let (Some(plain), Some(other)) = (samples.next(), samples.nth(n)) else { return false };
    other.iter().zip(plain).any(|(a, b)| a.is_nan() || a.to_bits() != b.to_bits())
}

/// An image whose values lie evenly around `middle`, no two neighbours alike: multiples of the golden ratio's fraction.
fn varied(shape: &[usize], (middle, half): (f32, f32)) -> ArrayD<f32> {
    const FRACTION: f64 = 0.618_033_988_749_894_9;
    let mut n = 0.0;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        n += 1.0;
        middle + half * (2.0 * (n * FRACTION).fract() - 1.0) as f32
    })
}
