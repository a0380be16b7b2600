//! A network made of graphs: the members of an ensemble, each an encoder and a decoder, or one graph that is both.
//!
//! A single graph is a decoder whose one embedding is the image itself, kept on the host. What an encoder gives stays where it
//! was made: on the host a window is cut out before it is decoded, on a device the whole is decoded and the window read from that.

mod fed;
#[cfg(test)]
mod made;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Mutex, time::Instant};

pub use fed::Encoded;
use fed::{Cut, Fields, Held, image_inputs, within};
use ndarray::{ArrayD, ArrayViewD, Axis, concatenate};

use super::{
    network::{Call, Draws, Fed, Image, Network, Window},
    sampling::MIN_SAMPLES_PER_CALL,
    tensors::{Expected, Place, logit_channels},
};
use crate::{
    contract::{
        hybrid::{Feature, Prompts},
        network::{self as contract, Kind, Member, Tensors},
    },
    error::{Error, Result},
    progress::CancelToken,
    runtime::{
        graph::{Graph, Leave, shared},
        tensor::TensorInfo,
        value::Value,
    },
    threads::side_by_side,
};

/// The members of one network of a bundle, ready to run.
#[derive(Debug)]
pub struct OnnxNetwork {
    pub(super) contract: contract::Network,
    tensors: Tensors,
    origin: PathBuf,
    /// Its field in the contract, such as `segment`.
    field: String,
    /// Its part in a hybrid's.
    pub(super) bridge: Bridge,
    /// Volumes that go in.
    pub(super) channels: usize,
    /// Channels of the logits.
    logits: usize,
    graphs: Vec<Graph>,
    members: Vec<Graphs>,
}

/// A member's graphs, by their places among all: members may share one.
#[derive(Debug, Clone, Copy)]
struct Graphs {
    /// `None`: the decoder is fed the image.
    encoder: Option<usize>,
    decoder: usize,
    /// Where the encoder's outputs go.
    leave: Leave,
}

/// What a network is besides its contract.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Where the bundle is from.
    pub origin: PathBuf,
    /// Its field in the contract.
    pub field: String,
    /// Volumes that a run takes.
    pub channels: usize,
    /// Classes that it outlines.
    pub classes: usize,
    /// Its part in what a hybrid's coarse network hands to the fine one.
    pub bridge: Bridge,
}

/// What a network of a hybrid gives beside its logits, and what it is handed; both are empty for others.
#[derive(Debug, Clone, Default)]
pub struct Bridge {
    /// Outputs of a coarse network.
    pub gives: Vec<Feature>,
    /// Inputs of a fine network.
    pub takes: Vec<Feature>,
    /// The same for points and a box.
    pub prompts: Option<Prompts>,
}

impl Bridge {
    /// True for a network that is handed something.
    pub fn is_handed(&self) -> bool {
        self.prompts.is_some() || !self.takes.is_empty()
    }
}

impl OnnxNetwork {
    /// The network of `graphs`, one for each file of its members; their tensors are checked.
    ///
    /// # Errors
    /// [`Error::ModelShape`], or [`Error::ModelBundle`] for a contract without tensors.
    pub fn new(contract: &contract::Network, setting: Setting, graphs: Vec<Graph>) -> Result<Self> {
        let tensors = contract.tensors.clone().ok_or_else(|| Error::ModelBundle {
            bundle: setting.origin.clone(),
            reason: format!("{}.tensors is missing", setting.field),
            remedy: "Correct model.json (onnx/README.md describes each field)".into(),
        })?;
        let members = contract.members.iter().map(|member| Graphs::of(member, &graphs, &tensors)).collect();
        let network = OnnxNetwork {
            logits: logit_channels(contract, setting.classes),
            contract: contract.clone(),
            tensors,
            origin: setting.origin,
            field: setting.field,
            bridge: setting.bridge,
            channels: setting.channels,
            graphs,
            members,
        };
        network.check_tensors(setting.classes)?;
        Ok(network)
    }

    /// How many members it has.
    pub fn members(&self) -> usize {
        self.members.len()
    }

    /// The member's field in the contract.
    pub(super) fn member_field(&self, member: usize) -> String {
        format!("{}.members[{member}]", self.field)
    }

    /// True when a member has an encoder.
    pub(super) fn has_encoder(&self, member: usize) -> bool {
        self.members[member].encoder.is_some()
    }

    /// Its graphs, each once.
    pub(super) fn graphs_mut(&mut self) -> &mut [Graph] {
        &mut self.graphs
    }

    /// The graph that is fed the image.
    pub(super) fn first_graph(&self, member: usize) -> &Graph {
        let Graphs { encoder, decoder, .. } = self.members[member];
        &self.graphs[encoder.unwrap_or(decoder)]
    }

    /// A member's graph is refused for `reason`.
    pub(super) fn unfit(&self, member: usize, reason: &str, remedy: &str) -> Error {
        let file = self.graphs[self.members[member].decoder].file();
        let reason = format!("{file} ({}): {reason}", self.member_field(member));
        Error::ModelBundle { bundle: self.origin.clone(), reason, remedy: remedy.into() }
    }

    fn check_tensors(&self, classes: usize) -> Result<()> {
        let Expected { image, embeddings, drawn, logits } =
            Expected::of(&self.contract, &self.bridge, self.channels, classes);
        for (n, member) in self.members.iter().enumerate() {
            let field = self.member_field(n);
            let place = Place { origin: &self.origin, member: &field };
            let decoder = &self.graphs[member.decoder];
            let first = &self.members[0];
            if let Some(own) = member.encoder.map(|own| &self.graphs[own]) {
                if let Some(first) = first.encoder {
                    place.check_alike(&self.graphs[first], own)?;
                }
                place.check_inputs(own, &image)?;
                place.check_outputs(own, &embeddings)?;
            }
            place.check_alike(&self.graphs[first.decoder], decoder)?;
            let fed = if member.encoder.is_some() { &embeddings } else { &image };
            place.check_inputs(decoder, &[fed.as_slice(), &drawn].concat())?;
            place.check_outputs(decoder, &logits)?;
        }
        Ok(())
    }

    /// As [`Network::encode`]; its numbers aren't looked at.
    pub(super) fn run_encoder(
        &mut self,
        member: usize,
        image: ArrayViewD<'_, f32>,
        offsets_mm: &[f32],
        cancel: &CancelToken,
    ) -> Result<Encoded> {
        let size = image.shape()[2..].to_vec();
        let Graphs { encoder, leave, .. } = self.members[member];
        let Some(encoder) = encoder else {
            let held = Held::Image { image: image.to_owned(), offsets_mm: offsets_mm.to_vec() };
            return Ok(Encoded { member, size, held });
        };
        let inputs = image_inputs(&self.tensors, image, offsets_mm);
        let names: Vec<_> = self.tensors.embeddings.iter().map(|e| e.name.as_str()).collect();
        let values = self.graphs[encoder].run(&inputs, &names, leave, cancel)?;
        let encoded = Encoded { member, size, held: Held::Embeddings(values) };
        self.check_embeddings(&encoded)?;
        Ok(encoded)
    }

    /// Refuses embeddings that are no numbers. On a device they stay there; the decoder shows what becomes of them.
    fn check_finite(&self, encoded: &Encoded) -> Result<()> {
        for value in encoded.embeddings().iter().filter(|value| value.on_host()) {
            self.first_graph(encoded.member)
                .check_finite(value.view()?.as_slice().expect("what a graph gives is contiguous"))?;
        }
        Ok(())
    }

    /// Windows are cut out by stride: an embedding has to have the size that this means.
    fn check_embeddings(&self, encoded: &Encoded) -> Result<()> {
        let size = &encoded.size;
        for (embedding, value) in self.tensors.embeddings.iter().zip(encoded.embeddings()) {
            let strides = embedding.stride.along();
            let space = size.iter().zip(&strides[3 - size.len()..]).map(|(n, stride)| n / stride);
            let expected: Vec<_> = [1, embedding.channels].into_iter().chain(space).collect();
            if value.shape() != expected {
                let (field, got) =
                    (self.member_field(encoded.member), format!("{:?} for an image of {size:?}", value.shape()));
                let place = Place { origin: &self.origin, member: &field };
                let expected = format!("{expected:?} (stride {})", embedding.stride);
                return Err(place.refuse(self.first_graph(encoded.member), &embedding.name, got, expected));
            }
        }
        Ok(())
    }

    /// As [`Network::decode`]; its numbers aren't looked at, and its shape by [`OnnxNetwork::check_logits`] alone.
    pub(super) fn run_decoder(&mut self, call: &Call<'_, '_, Encoded>, cancel: &CancelToken) -> Result<ArrayD<f32>> {
        let given = self.run_for(&[], std::slice::from_ref(call), cancel)?;
        given.into_iter().flatten().next().ok_or_else(|| Error::Internal { what: "a call gave no logits".into() })
    }

    /// Logits over each call's window, then these outputs as they are. All calls are of one member.
    fn run_for(
        &mut self,
        others: &[&str],
        calls: &[Call<'_, '_, Encoded>],
        cancel: &CancelToken,
    ) -> Result<Vec<Vec<ArrayD<f32>>>> {
        let Some(Encoded { member, .. }) = calls.first().map(|call| call.encoded) else { return Ok(Vec::new()) };
        let cuts: Vec<Cut> = calls.iter().map(|call| self.cut(call)).collect::<Result<_>>()?;
        let of = Fields { contract: &self.contract, tensors: &self.tensors, bridge: &self.bridge };
        let inputs: Vec<_> = calls.iter().zip(&cuts).map(|(call, cut)| of.inputs(call, cut)).collect();
        let names = [&[self.tensors.logits.as_str()], others].concat();
        let given = self.graphs[self.members[*member].decoder].run_each(&inputs, &names, cancel)?;
        drop(inputs);
        let each = calls.iter().zip(&cuts).zip(&given);
        each.map(|((call, cut), values)| self.read_out(call.encoded, cut, values)).collect()
    }

    /// What of a call's window is cut out before the decoder runs, and what after.
    fn cut(&self, call: &Call<'_, '_, Encoded>) -> Result<Cut> {
        let encoded = call.encoded;
        let window = call.window.filter(|window| *window != encoded.whole());
        // On a device embeddings stay where they are, and some single graphs have to see all of a slice: there the whole is
        // decoded and the window read from it. Points and features belong to the whole as well.
        let whole = self.contract.whole_slice && encoded.is_image() || self.bridge.is_handed();
        let (before, after) = if encoded.on_host() && !whole { (window, None) } else { (None, window) };
        Ok(Cut { before, after, parts: encoded.cut(before, &self.tensors)? })
    }

    /// Logits within the window, then the other values.
    fn read_out(&self, encoded: &Encoded, cut: &Cut, values: &[Value]) -> Result<Vec<ArrayD<f32>>> {
        let logits = values[0].view()?;
        // Before a window is read from it.
        self.check_space(encoded, logits.shape(), cut.before)?;
        let logits = match cut.after {
            Some(_) => within(logits.view(), cut.after, [1; 3]).as_standard_layout().into_owned(),
            None => logits.into_owned(),
        };
        let others = values[1..].iter().map(|value| Ok(value.view()?.into_owned()));
        [Ok(logits)].into_iter().chain(others).collect()
    }

    /// What a coarse network gives of an image of one sample has to have the size that the contract means.
    fn check_features(&self, encoded: &Encoded, given: &[ArrayD<f32>]) -> Result<()> {
        for (feature, own) in self.bridge.gives.iter().zip(given) {
            let space = encoded.size.iter().zip(feature.stride.along()).map(|(n, stride)| n / stride);
            let expected: Vec<_> = [1, feature.channels].into_iter().chain(space).collect();
            if own.shape() != expected {
                let (field, got) = (self.member_field(encoded.member), format!("{:?} for one sample", own.shape()));
                let place = Place { origin: &self.origin, member: &field };
                let decoder = &self.graphs[self.members[encoded.member].decoder];
                let expected = format!("{expected:?} (stride {})", feature.stride);
                return Err(place.refuse(decoder, &feature.output, got, expected));
            }
        }
        Ok(())
    }

    fn check_space(&self, encoded: &Encoded, got: &[usize], window: Option<Window>) -> Result<()> {
        let space = encoded.space(window);
        if got.len() == 2 + space.len() && got[2..] == space {
            Ok(())
        } else {
            Err(self.odd_logits(encoded, got, &space, 0))
        }
    }

    /// Refuses logits that aren't (T, K, …): T is 1 for a network without random inputs.
    pub(super) fn check_logits(&self, encoded: &Encoded, got: &[usize], samples: usize) -> Result<()> {
        let samples = if self.contract.random_inputs().next().is_some() { samples } else { 1 };
        if got[..2] == [samples, self.logits] { Ok(()) } else { Err(self.odd_logits(encoded, got, &got[2..], samples)) }
    }

    /// `samples`: 0 where they don't matter.
    fn odd_logits(&self, encoded: &Encoded, got: &[usize], space: &[usize], samples: usize) -> Error {
        let field = self.member_field(encoded.member);
        let place = Place { origin: &self.origin, member: &field };
        let samples = if samples == 0 { "T".to_owned() } else { samples.to_string() };
        let space: String = space.iter().map(|n| format!(", {n}")).collect();
        let decoder = &self.graphs[self.members[encoded.member].decoder];
        let (got, expected) = (format!("{got:?} for this window"), format!("[{samples}, {}{space}]", self.logits));
        place.refuse(decoder, &self.tensors.logits, got, expected)
    }
}

impl Network for OnnxNetwork {
    type Encoded = Encoded;

    fn encode(
        &mut self,
        member: usize,
        image: ArrayViewD<'_, f32>,
        offsets_mm: &[f32],
        cancel: &CancelToken,
    ) -> Result<Encoded> {
        let encoded = self.run_encoder(member, image, offsets_mm, cancel)?;
        self.check_finite(&encoded)?;
        Ok(encoded)
    }

    fn encode_each(&mut self, images: &[Image<'_>], cancel: &CancelToken) -> Result<Vec<Encoded>> {
        let at_once = self.members_at_once().min(images.len());
        if at_once < 2 {
            return images.iter().map(|of| self.encode(of.member, of.image.view(), of.offsets_mm, cancel)).collect();
        }
        let begun = Instant::now();
        let names: Vec<_> = self.tensors.embeddings.iter().map(|e| e.name.as_str()).collect();
        let inputs = images.iter().map(|of| image_inputs(&self.tensors, of.image.view(), of.offsets_mm));
        let inputs: Vec<_> = inputs.collect();
        let graphs: Vec<_> = self.graphs.iter_mut().map(Mutex::new).collect();
        let members = &self.members;
        let given = side_by_side(&mut vec![(); at_once], images.len(), |(), n| {
            let Graphs { encoder, decoder, leave } = members[images[n].member];
            let mut graph = graphs[encoder.unwrap_or(decoder)].lock().unwrap_or_else(|e| e.into_inner());
            graph.run_beside(&inputs[n], &names, leave, cancel)
        })?;
        drop(graphs);
        let took = shared(begun.elapsed(), images.len());
        for ((of, inputs), values) in images.iter().zip(&inputs).zip(&given) {
            let Graphs { encoder, decoder, .. } = self.members[of.member];
            self.graphs[encoder.unwrap_or(decoder)].account(took, inputs, &names, values);
        }
        let made = images.iter().zip(given).map(|(of, values)| {
            let encoded =
                Encoded { member: of.member, size: of.image.shape()[2..].to_vec(), held: Held::Embeddings(values) };
            self.check_embeddings(&encoded)?;
            self.check_finite(&encoded)?;
            Ok(encoded)
        });
        made.collect()
    }

    fn members_at_once(&self) -> usize {
        let encoders = self.members.iter().filter(|member| member.encoder.is_some()).count();
        let beside = self.contract.kind == Kind::Patch && encoders > 1 && encoders == self.members.len();
        if beside { self.graphs[self.members[0].decoder].lanes() } else { 1 }
    }

    fn decode(
        &mut self,
        encoded: &Encoded,
        window: Option<Window>,
        draws: &Draws,
        fed: Fed<'_>,
        cancel: &CancelToken,
    ) -> Result<ArrayD<f32>> {
        // Without random inputs all samples are one.
        let random = self.contract.random_inputs().next().is_some();
        let lanes = if random { self.graphs[self.members[encoded.member].decoder].lanes() } else { 1 };
        let shares = draws.shares(lanes, MIN_SAMPLES_PER_CALL);
        let calls: Vec<_> = shares.iter().map(|draws| Call { encoded, window, draws, fed: fed.clone() }).collect();
        let logits = self.decode_each(&calls, cancel)?;
        let views: Vec<_> = logits.iter().map(|share| share.view()).collect();
        concatenate(Axis(0), &views).map_err(|e| Error::Internal { what: e.to_string() })
    }

    fn decode_each(&mut self, calls: &[Call<'_, '_, Encoded>], cancel: &CancelToken) -> Result<Vec<ArrayD<f32>>> {
        let given: Vec<ArrayD<f32>> = self.run_for(&[], calls, cancel)?.into_iter().flatten().collect();
        for (call, logits) in calls.iter().zip(&given) {
            self.check_logits(call.encoded, logits.shape(), call.draws.samples)?;
            let decoder = &self.graphs[self.members[call.encoded.member].decoder];
            decoder.check_finite(logits.as_slice().expect("a copy is contiguous"))?;
        }
        Ok(given)
    }

    fn images_at_once(&self) -> usize {
        // What an encoder leaves behind is large, and is made one by one.
        let each = self.members.iter().map(|member| match member.encoder {
            Some(_) => 1,
            None => self.graphs[member.decoder].lanes(),
        });
        each.min().unwrap_or(1)
    }

    fn decode_with_features(
        &mut self,
        encoded: &Encoded,
        draws: &Draws,
        fed: Fed<'_>,
        cancel: &CancelToken,
    ) -> Result<(ArrayD<f32>, Vec<ArrayD<f32>>)> {
        let outputs: Vec<String> = self.bridge.gives.iter().map(|feature| feature.output.clone()).collect();
        let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
        let call = Call { encoded, window: None, draws, fed };
        let mut given: Vec<_> = self.run_for(&outputs, &[call], cancel)?.into_iter().flatten().collect();
        let features = given.split_off(1);
        let logits = given.remove(0);
        self.check_logits(encoded, logits.shape(), draws.samples)?;
        self.check_features(encoded, &features)?;
        let decoder = &self.graphs[self.members[encoded.member].decoder];
        for array in [&logits].into_iter().chain(&features) {
            decoder.check_finite(array.as_standard_layout().as_slice().expect("it is contiguous"))?;
        }
        Ok((logits, features))
    }

    fn rest(&mut self) {
        // One rests for all.
        self.graphs.first().into_iter().for_each(Graph::rest);
    }
}

impl Graphs {
    fn of(member: &Member, graphs: &[Graph], tensors: &Tensors) -> Self {
        let find = |file: &str| graphs.iter().position(|graph| graph.file() == file).expect("each file was loaded");
        let encoder = member.encoder.as_ref().map(|encoder| find(&encoder.file));
        let decoder = find(member.decoder_file());
        // A device's numbers are converted by no one: where precisions differ, they go by the host.
        let precision = |of: &[TensorInfo], name: &str| of.iter().find(|t| t.name == name).map(|t| t.precision);
        let same = |name: &str| {
            encoder.is_none_or(|e| precision(graphs[e].outputs(), name) == precision(graphs[decoder].inputs(), name))
        };
        let leave = if tensors.embeddings.iter().all(|e| same(&e.name)) { Leave::OnDevice } else { Leave::OnHost };
        Graphs { encoder, decoder, leave }
    }
}
