//! The classifier: what it sees of a candidate, and what its graphs say of it: P(nodule), and the share of readers that
//! would mark it.
//!
//! A box is centred on the candidate's centroid, axes along k, j, i, spacing and size from the bundle. Positions beyond
//! the volume repeat its edge; a channel of its own may say which these are, so that a nodule that ends can be told from a
//! scan that does.

use std::path::PathBuf;

use ndarray::{Array3, Array5, ArrayView5, Axis, concatenate, s};

use super::{
    images::Images,
    roles::{Classifier, Verdict},
    tensors::Place,
};
use crate::{
    contract::{
        classify::{Classify, Shown},
        network::Calibration,
    },
    error::{Error, Result},
    progress::CancelToken,
    runtime::{
        graph::{Graph, Input},
        load::Steps,
        tensor::ANY,
    },
    steps::resample::{Tap, trilinear},
    threads::share,
};

/// Boxes that are classified in one call.
const BOXES_PER_CALL: usize = 16;
/// ONNX Runtime adds up a lone box in another order than several, so none is alone in a lane because there are lanes.
const LEAST_BOXES_PER_LANE: usize = 2;

/// A bundle's classifier, ready to run.
#[derive(Debug)]
pub struct OnnxClassifier {
    contract: Classify,
    /// Channels of a box.
    channels: usize,
    graphs: Vec<Graph>,
    /// The graph of each member.
    members: Vec<usize>,
    origin: PathBuf,
}

impl OnnxClassifier {
    /// The classifier of `graphs`, one for each file of its members; their tensors are checked. `volumes`: that a run takes.
    ///
    /// # Errors
    /// [`crate::Error::ModelShape`].
    pub fn new(contract: &Classify, origin: PathBuf, volumes: usize, graphs: Vec<Graph>) -> Result<Self> {
        let shown = |shown: &Shown| if *shown == Shown::Image { volumes } else { 1 };
        let channels = contract.shows.iter().map(shown).sum();
        let find = |file: &str| graphs.iter().position(|graph| graph.file() == file).expect("each file was loaded");
        let members = contract.members.iter().map(|member| find(member.decoder_file())).collect();
        let classifier = OnnxClassifier { contract: contract.clone(), channels, graphs, members, origin };
        classifier.check_tensors()?;
        Ok(classifier)
    }

    /// Its graphs, each once.
    pub(super) fn graphs_mut(&mut self) -> &mut [Graph] {
        &mut self.graphs
    }

    /// The member's field in the contract.
    fn field(member: usize) -> String {
        format!("classify.members[{member}]")
    }

    /// Its answers: the tensor of each, and how a logit becomes a probability.
    fn outputs(&self) -> Vec<(&str, Calibration)> {
        let marked = self.contract.marked.iter().map(|marked| (marked.logit.as_str(), marked.calibration));
        [(self.contract.logit.as_str(), self.contract.calibration)].into_iter().chain(marked).collect()
    }

    fn check_tensors(&self) -> Result<()> {
        let [depth, height, width] = self.contract.grid.size.map(|n| n as i64);
        let image = [(self.contract.image.as_str(), vec![ANY, self.channels as i64, depth, height, width])];
        for (member, graph) in self.members.iter().enumerate() {
            let field = Self::field(member);
            let place = Place { origin: &self.origin, member: &field };
            let graph = &self.graphs[*graph];
            place.check_alike(&self.graphs[self.members[0]], graph)?;
            place.check_inputs(graph, &image)?;
            let outputs: Vec<_> = self.outputs().into_iter().map(|(tensor, _)| (tensor, vec![ANY, 1])).collect();
            place.check_outputs(graph, &outputs)?;
        }
        Ok(())
    }

    /// Runs every member once: a graph that loads may still be unable to run. What it gives for zeros says nothing.
    ///
    /// # Errors
    /// [`crate::Error::Inference`], [`crate::Error::ModelShape`], [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
    pub fn try_out(&mut self, steps: &mut Steps<'_, '_>) -> Result<()> {
        let cancel = steps.cancel_token().clone();
        let [depth, height, width] = self.contract.grid.size;
        let zeros = Array5::zeros((1, self.channels, depth, height, width));
        for member in 0..self.members.len() {
            self.answers(member, zeros.view(), &cancel)?;
            steps.step()?;
        }
        Ok(())
    }

    /// For each of `outputs` one probability a box, of boxes (N, C, D, H, W).
    fn answers(&mut self, member: usize, boxes: ArrayView5<'_, f32>, cancel: &CancelToken) -> Result<Vec<Vec<f64>>> {
        let field = Self::field(member);
        let graph = self.members[member];
        let shares = (boxes.dim().0 / LEAST_BOXES_PER_LANE).clamp(1, self.graphs[graph].lanes());
        let size = boxes.dim().0.div_ceil(shares);
        let image = self.contract.image.as_str();
        let calls: Vec<_> =
            boxes.axis_chunks_iter(Axis(0), size).map(|share| vec![(image, Input::Array(share.into_dyn()))]).collect();
        let outputs: Vec<(String, Calibration)> =
            self.outputs().into_iter().map(|(tensor, calibration)| (tensor.to_owned(), calibration)).collect();
        let tensors: Vec<&str> = outputs.iter().map(|(tensor, _)| tensor.as_str()).collect();
        let given = self.graphs[graph].run_each(&calls, &tensors, cancel)?;
        let answer = |n: usize, (tensor, calibration): &(String, Calibration)| {
            let mut answers = Vec::with_capacity(boxes.dim().0);
            for (share, values) in boxes.axis_chunks_iter(Axis(0), size).zip(&given) {
                let (logits, wanted) = (values[n].view()?, share.dim().0);
                if logits.len() != wanted {
                    let (got, expected) =
                        (format!("{:?} for {wanted} boxes", logits.shape()), format!("[{wanted}, 1]"));
                    let place = Place { origin: &self.origin, member: &field };
                    return Err(place.refuse(&self.graphs[graph], tensor, got, expected));
                }
                let logits: Vec<f32> = logits.iter().copied().collect();
                self.graphs[graph].check_finite(&logits)?;
                answers.extend(logits.into_iter().map(|logit| calibration.probability(logit)));
            }
            Ok(answers)
        };
        outputs.iter().enumerate().map(|(n, output)| answer(n, output)).collect()
    }

    /// What is said of boxes (N, C, D, H, W): means over members.
    fn verdicts(&mut self, boxes: ArrayView5<'_, f32>, cancel: &CancelToken) -> Result<Vec<Verdict>> {
        let (members, count) = (self.members.len(), boxes.dim().0);
        let mut sums = vec![vec![0.0; count]; self.outputs().len()];
        for member in 0..members {
            for (sums, answers) in sums.iter_mut().zip(self.answers(member, boxes, cancel)?) {
                sums.iter_mut().zip(answers).for_each(|(sum, answer)| *sum += answer);
            }
        }
        let mean = |output: usize, n: usize| sums.get(output).map(|sums| sums[n] / members as f64);
        Ok((0..count).map(|n| Verdict { nodule: mean(0, n).unwrap_or_default(), marked: mean(1, n) }).collect())
    }
}

impl Classifier for OnnxClassifier {
    fn classify(
        &mut self,
        images: &Images<'_>,
        probability: &Array3<f32>,
        centres_ijk: &[[f64; 3]],
        cancel: &CancelToken,
    ) -> Result<Vec<Verdict>> {
        let mut verdicts = Vec::with_capacity(centres_ijk.len());
        for some in centres_ijk.chunks(BOXES_PER_CALL) {
            cancel.check()?;
            let contract = &self.contract;
            let boxes = share(some, |centre| Ok::<_, Error>(around(contract, images, probability, *centre)))?;
            let views: Vec<_> = boxes.iter().map(|one| one.view()).collect();
            let boxes = concatenate(Axis(0), &views).expect("boxes share one shape");
            verdicts.extend(self.verdicts(boxes.view(), cancel)?);
        }
        // One rests for all.
        self.graphs.first().into_iter().for_each(Graph::rest);
        Ok(verdicts)
    }
}

/// The box around `centre_ijk` as the classifier sees it: shape (1, C, D, H, W), channels by what it shows.
pub fn around(spec: &Classify, images: &Images<'_>, probability: &Array3<f32>, centre_ijk: [f64; 3]) -> Array5<f32> {
    let grid = images.grid;
    let size = spec.grid.size;
    let spacing_mm = spec.grid.spacing_mm;
    // Voxel indices of the samples along grid axis `axis`, which is array axis `2 - axis`.
    let positions = |axis: usize| -> Vec<f64> {
        let (samples, step) = (size[2 - axis], spacing_mm[2 - axis] / grid.spacing_mm[axis]);
        let middle = (samples as f64 - 1.0) / 2.0;
        (0..samples).map(|n| centre_ijk[axis] + (n as f64 - middle) * step).collect()
    };
    let [along_i, along_j, along_k] = [0, 1, 2].map(positions);
    let taps = |positions: &[f64], axis: usize| -> Vec<Tap> {
        positions.iter().map(|position| Tap::at(*position, grid.dims[axis])).collect()
    };
    let (slices, rows, columns) = (taps(&along_k, 2), taps(&along_j, 1), taps(&along_i, 0));
    let within = |position: f64, axis: usize| position >= -0.5 && position <= grid.dims[axis] as f64 - 0.5;
    let inside = |(k, j, i): (usize, usize, usize)| {
        f32::from(u8::from(within(along_k[k], 2) && within(along_j[j], 1) && within(along_i[i], 0)))
    };
    let sampled = |voxels: &Array3<f32>| trilinear(voxels.view(), &slices, &rows, &columns);
    let mut channels: Vec<Array3<f32>> = Vec::new();
    for shown in &spec.shows {
        match shown {
            Shown::Image => {
                for channel in &images.channels {
                    let mut values = sampled(channel.voxels);
                    channel.scale.apply_to(&mut values);
                    channels.push(values);
                }
            }
            Shown::Probability => channels.push(sampled(probability)),
            Shown::Inside => channels.push(Array3::from_shape_fn(size, inside)),
        }
    }
    let [depth, height, width] = size;
    let mut made = Array5::zeros((1, channels.len(), depth, height, width));
    for (n, channel) in channels.iter().enumerate() {
        made.slice_mut(s![0, n, .., .., ..]).assign(channel);
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{contract::classes::Normalise, space::grid::Grid};

    #[test]
    fn around_a_corner_repeats_the_edge_and_says_where_the_volume_ends() {
        let grid = Grid::axial([10, 9, 8], [1.0, 1.0, 2.0]);
        let hu = Array3::from_shape_fn(grid.shape(), |(k, j, i)| (100 * k + 10 * j + i) as f32);
        let probability = hu.mapv(|hu| hu / 1000.0);
        let window = Normalise::Window([0.0, 1000.0]);
        let images = Images::new(&grid, [(&hu, window)], &CancelToken::new()).unwrap();
        let json = include_bytes!("../../tests/bundles/tiny-doubt/model.json");
        let model = crate::contract::bundle::parse("test".as_ref(), json).expect("a committed bundle");
        let mut spec = model.classify.expect("it has one");
        spec.grid.size = [3, 3, 5];
        spec.grid.spacing_mm = [2.0, 1.0, 1.0];
        let made = around(&spec, &images, &probability, [1.0, 4.0, 0.0]);
        assert_eq!(made.dim(), (1, 3, 3, 3, 5));
        // Columns -1 to 3, slices -1 to 1: the first of each lies beyond the volume.
        let row = |channel: usize, k: usize| made.slice(s![0, channel, k, 1, ..]).to_vec();
        let near = |a: Vec<f32>, b: [f32; 5]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
        for channel in [0, 1] {
            assert!(near(row(channel, 0), [0.040, 0.040, 0.041, 0.042, 0.043]), "{:?}", row(channel, 0));
            assert!(near(row(channel, 2), [0.140, 0.140, 0.141, 0.142, 0.143]), "{:?}", row(channel, 2));
        }
        assert_eq!(row(2, 0), [0.0; 5]);
        assert_eq!(row(2, 1), [0.0, 1.0, 1.0, 1.0, 1.0]);
    }
}
