//! Whether graphs have the tensors that the contract names: checked when they are loaded, refused by file and tensor.

use std::path::Path;

use crate::{
    contract::{
        hybrid::Prompts,
        network::{Activation, Kind, Network},
    },
    error::{Error, Result},
    networks::{clicks, onnx::Bridge},
    runtime::{
        graph::Graph,
        tensor::{ANY, TensorInfo},
    },
};

/// A tensor that a graph has to have: its name and shape, [`ANY`] for any size.
pub type Wanted<'a> = (&'a str, Vec<i64>);

/// The tensors of each graph of a member, by its network's contract.
#[derive(Debug)]
pub struct Expected<'a> {
    /// Of an encoder, or of a single graph beside what is random.
    pub image: Vec<Wanted<'a>>,
    /// From encoder to decoder.
    pub embeddings: Vec<Wanted<'a>>,
    /// What is random, clicks, and what a hybrid's fine network is handed.
    pub drawn: Vec<Wanted<'a>>,
    /// What comes out at last: logits, and what a hybrid's coarse network gives beside them.
    pub logits: Vec<Wanted<'a>>,
}

impl<'a> Expected<'a> {
    /// For a network of `channels` volumes and `classes` classes; `bridge`: its part in a hybrid's.
    pub fn of(network: &'a Network, bridge: &'a Bridge, channels: usize, classes: usize) -> Self {
        let Some(tensors) = &network.tensors else {
            return Expected { image: Vec::new(), embeddings: Vec::new(), drawn: Vec::new(), logits: Vec::new() };
        };
        let slices = if network.kind == Kind::Slice { network.slices() } else { 1 };
        let mut image = vec![(tensors.image.as_str(), shape(1, channels * slices, &space(network, WHOLE)))];
        image.extend(tensors.offsets_mm.as_deref().map(|name| (name, vec![1, slices as i64])));
        let embeddings = tensors.embeddings.iter();
        let embeddings = embeddings.map(|e| (e.name.as_str(), shape(1, e.channels, &space(network, e.stride.along()))));
        let random = &network.random;
        let once = vec![1; axes(network)];
        let mut drawn: Vec<Wanted<'a>> =
            random.dropout.iter().map(|d| (d.input.as_str(), shape(ANY, d.channels, &once))).collect();
        drawn.extend(random.noise.iter().map(|n| (n.input.as_str(), vec![ANY, n.rank as i64])));
        drawn
            .extend(network.clicks.iter().map(|c| (c.input.as_str(), shape(1, clicks::KINDS, &space(network, WHOLE)))));
        let prompts = bridge.prompts.iter().flat_map(Prompts::inputs);
        drawn.extend(prompts.map(|(_, name, shape)| (name, shape.into_iter().map(|n| n as i64).collect())));
        drawn.extend(bridge.takes.iter().map(|f| (f.input.as_str(), vec![1, f.channels as i64, ANY, ANY])));
        let samples = if network.random_inputs().next().is_some() { ANY } else { 1 };
        let logits = shape(samples, logit_channels(network, classes), &space(network, WHOLE));
        let mut outputs = vec![(tensors.logits.as_str(), logits)];
        let given = bridge.gives.iter();
        outputs.extend(given.map(|f| (f.output.as_str(), shape(ANY, f.channels, &space(network, f.stride.along())))));
        Expected { image, embeddings: embeddings.collect(), drawn, logits: outputs }
    }
}

/// Axes of the boxes that it takes.
pub fn axes(network: &Network) -> usize {
    if network.kind == Kind::Slice { 2 } else { 3 }
}

/// Channels of its logits: softmax has one for the background.
pub fn logit_channels(network: &Network, classes: usize) -> usize {
    classes + usize::from(network.calibration.activation == Activation::Softmax)
}

/// The stride of the box itself.
const WHOLE: [usize; 3] = [1; 3];

/// Sizes of a box at `stride` along k, j, i: slices may have any.
fn space(network: &Network, stride: [usize; 3]) -> Vec<i64> {
    match network.grid.size.filter(|_| network.kind != Kind::Slice) {
        Some(size) => size.iter().zip(stride).map(|(n, stride)| (n / stride.max(1)) as i64).collect(),
        None => vec![ANY; axes(network)],
    }
}

fn shape(samples: i64, channels: usize, space: &[i64]) -> Vec<i64> {
    [&[samples, channels as i64], space].concat()
}

/// Where a graph stands, for messages.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The bundle.
    pub origin: &'a Path,
    /// The field of the member in the contract.
    pub member: &'a str,
}

impl Place<'_> {
    /// Refuses a tensor of `graph`.
    pub fn refuse(&self, graph: &Graph, tensor: &str, got: String, expected: String) -> Error {
        let file = format!("{} ({})", graph.file(), self.member);
        Error::ModelShape { bundle: self.origin.into(), file, tensor: tensor.into(), got, expected }
    }

    /// Checks the inputs of a graph, which may have no other.
    ///
    /// # Errors
    /// [`Error::ModelShape`].
    pub fn check_inputs(&self, graph: &Graph, wanted: &[Wanted<'_>]) -> Result<()> {
        self.check(graph, graph.inputs(), wanted)?;
        let foreign = graph.inputs().iter().find(|input| wanted.iter().all(|(name, _)| *name != input.name));
        let refuse = |input: &TensorInfo| {
            self.refuse(graph, &input.name, "an input of the graph".into(), "no such input".into())
        };
        foreign.map_or(Ok(()), |input| Err(refuse(input)))
    }

    /// Checks the outputs of a graph, which may have others.
    ///
    /// # Errors
    /// [`Error::ModelShape`].
    pub fn check_outputs(&self, graph: &Graph, wanted: &[Wanted<'_>]) -> Result<()> {
        self.check(graph, graph.outputs(), wanted)
    }

    fn check(&self, graph: &Graph, tensors: &[TensorInfo], wanted: &[Wanted<'_>]) -> Result<()> {
        for (name, shape) in wanted {
            let expected = || format!("float32 or float16 {shape:?}");
            let found = tensors.iter().find(|tensor| tensor.name == *name);
            let found = found.ok_or_else(|| self.refuse(graph, name, "missing".into(), expected()))?;
            if found.precision.is_none() || !found.fits(shape) {
                return Err(self.refuse(graph, name, found.to_string(), format!("{} (-1: any)", expected())));
            }
        }
        Ok(())
    }

    /// Checks that a member's graph has the shapes that the first member's has.
    ///
    /// # Errors
    /// [`Error::ModelShape`] with both.
    pub fn check_alike(&self, first: &Graph, own: &Graph) -> Result<()> {
        for (theirs, ours) in [(first.inputs(), own.inputs()), (first.outputs(), own.outputs())] {
            for tensor in ours {
                let same = theirs.iter().find(|other| other.name == tensor.name);
                if let Some(other) = same.filter(|other| !tensor.fits(&other.shape)) {
                    let expected = format!("{other} as in the first member ({})", first.file());
                    return Err(self.refuse(own, &tensor.name, tensor.to_string(), expected));
                }
            }
        }
        Ok(())
    }
}
