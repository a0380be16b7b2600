//! A bundle's networks onto a device.

use std::{path::PathBuf, sync::Arc};

use super::{
    classify::OnnxClassifier,
    kinds::Cutting,
    onnx::{Bridge, OnnxNetwork, Setting},
};
use crate::{
    contract::{
        bundle::Bundle,
        network::{Kind, Member, Network},
        signature::Signature,
    },
    error::{Error, Result},
    progress::Monitor,
    runtime::{
        device::{Device, DeviceReport, DeviceState},
        graph::Graph,
        lanes::Calls,
        load::{Request, Source, Steps, load as load_graphs},
        work::Work,
    },
};

/// The networks of a bundle by their roles, ready to run.
#[derive(Debug)]
pub struct Networks {
    /// Where nodules may be; `None`: the bundle doesn't say.
    pub detect: Option<Cutting<OnnxNetwork>>,
    /// Nodule or not; `None`: the bundle doesn't say.
    pub classify: Option<OnnxClassifier>,
    /// The outline.
    pub segment: Cutting<OnnxNetwork>,
}

/// Loads the networks of a bundle, checks their tensors against the contract and tries them.
///
/// `threads`: CPU threads that work at the same time. `monitor`: as [`Monitor::loading`] makes it.
///
/// # Errors
/// [`Error::Runtime`], [`Error::Threads`], [`Error::OutOfMemory`], [`Error::Device`], [`Error::ModelBundle`],
/// [`Error::ModelShape`] or [`Error::Cancelled`].
pub fn load(
    bundle: &Arc<Bundle>,
    device: Device,
    threads: usize,
    monitor: &mut Monitor<'_>,
) -> Result<(Networks, DeviceReport)> {
    load_with(bundle, device, threads, usize::MAX, monitor)
}

/// The same to say whether the device runs the bundle: what is only there for speed is left out, and nothing is kept.
///
/// # Errors
/// As [`load`].
pub fn works(bundle: &Bundle, device: Device, threads: usize) -> Result<DeviceReport> {
    Ok(load_with(bundle, device, threads, 1, &mut Monitor::silent())?.1)
}

fn load_with(
    bundle: &Bundle,
    device: Device,
    threads: usize,
    most_lanes: usize,
    monitor: &mut Monitor<'_>,
) -> Result<(Networks, DeviceReport)> {
    let parts = parts(bundle);
    let request = Request {
        origin: bundle.origin.clone(),
        sources: parts.iter().flat_map(|part| sources(part, bundle)).collect(),
        trials: parts.iter().flat_map(|part| part.tried(bundle)).map(|member| member.files().count()).sum(),
        device,
        threads,
        most_lanes,
    };
    load_graphs(&request, monitor, |graphs, steps| Networks::new(bundle, graphs, steps))
}

/// Every device that this library knows of, tried with the built-in bundle where its libraries are there.
pub fn devices() -> Vec<DeviceState> {
    let (usable, reason) = match Bundle::builtin().and_then(|bundle| works(&bundle, Device::Cuda, 1)) {
        Ok(report) => (true, report.reason),
        Err(Error::Device { reason, .. }) => (false, reason),
        Err(other) => (false, other.to_string()),
    };
    let cpu = DeviceState { device: Device::Cpu, usable: true, reason: "ONNX Runtime always has it".into() };
    vec![cpu, DeviceState { device: Device::Cuda, usable, reason }]
}

/// Members under their field's name.
struct Part<'a> {
    field: String,
    members: &'a [Member],
    /// `None`: the classifier, whose calls are boxes.
    network: Option<&'a Network>,
}

impl Part<'_> {
    /// The members that are tried. Those of the built-in bundle differ in weights alone and are tried by the library's tests, so
    /// that the first one says whether the device can run them.
    fn tried(&self, bundle: &Bundle) -> &[Member] {
        let built_in = bundle.signature == Signature::BuiltIn && self.network.is_some();
        &self.members[..if built_in { self.members.len().min(1) } else { self.members.len() }]
    }

    /// How a member's graph is called: cut up by samples or boxes, or in numbers, slice by slice; beside other members'; or
    /// one call after the other.
    fn calls(&self, graph: &str) -> Calls {
        let Some(network) = self.network else { return Calls::Split };
        let random = !(network.random.dropout.is_empty() && network.random.noise.is_empty());
        match (network.kind, graph) {
            (Kind::Patch, "encoder") if self.members.len() > 1 => Calls::Beside,
            (_, "encoder") => Calls::Alone,
            (Kind::Slice, "graph") => Calls::Split,
            _ if random => Calls::Split,
            _ => Calls::Alone,
        }
    }
}

/// In the order in which they are loaded.
fn parts(bundle: &Bundle) -> Vec<Part<'_>> {
    let cutting = bundle.model.networks().into_iter();
    let mut parts: Vec<_> =
        cutting.map(|(field, network)| Part { field, members: &network.members, network: Some(network) }).collect();
    let classify = bundle.model.classify.iter();
    parts.extend(classify.map(|c| Part { field: "classify".into(), members: &c.members, network: None }));
    parts
}

/// Each file of the members once.
fn sources<'a>(part: &Part<'a>, bundle: &'a Bundle) -> Vec<Source<'a>> {
    let mut sources: Vec<Source<'a>> = Vec::new();
    for (n, member) in part.members.iter().enumerate() {
        let field = if part.members.len() > 1 { format!("{}.members[{n}]", part.field) } else { part.field.clone() };
        for (of, file) in member.files() {
            let name = if of == "graph" { field.clone() } else { format!("{field} {of}") };
            if sources.iter().all(|source| source.file != file.file) {
                let bytes = bundle.graph(&file.file);
                sources.push(Source { name, file: &file.file, bytes, calls: part.calls(of) });
            }
        }
    }
    sources
}

impl Networks {
    /// `graphs`: in the order of [`parts`].
    fn new(bundle: &Bundle, graphs: Vec<Graph>, steps: &mut Steps<'_, '_>) -> Result<Self> {
        let model = &bundle.model;
        let mut graphs = graphs.into_iter();
        let mut own = parts(bundle)
            .into_iter()
            .map(|part| graphs.by_ref().take(sources(&part, bundle).len()).collect::<Vec<_>>())
            .collect::<Vec<_>>()
            .into_iter();
        let mut next = || own.next().unwrap_or_default();
        let (channels, classes, origin) = (model.channels(), model.classes.len(), &bundle.origin);
        let setting =
            |field: String, bridge: Bridge| Setting { origin: origin.clone(), field, channels, classes, bridge };
        let detect =
            model.detect.as_ref().map(|network| Cutting::new(network, "detect", setting, &mut next)).transpose()?;
        let segment = Cutting::new(&model.segment, "segment", setting, &mut next)?;
        let classify = model.classify.as_ref().map(|c| OnnxClassifier::new(c, PathBuf::from(origin), channels, next()));
        let mut networks = Networks { detect, classify: classify.transpose()?, segment };
        let tried =
            parts(bundle).iter().filter(|part| part.network.is_some()).map(|part| part.tried(bundle).len()).collect();
        networks.try_out(tried, steps)?;
        Ok(networks)
    }

    /// What each graph has done since this was last asked; those that did nothing are left out.
    pub fn take_work(&mut self) -> Vec<Work> {
        let cutting = self.detect.iter_mut().chain([&mut self.segment]).flat_map(Cutting::networks);
        let graphs = cutting.flat_map(OnnxNetwork::graphs_mut);
        let graphs = graphs.chain(self.classify.iter_mut().flat_map(OnnxClassifier::graphs_mut));
        graphs.map(Graph::take_work).filter(|work| work.calls > 0).collect()
    }

    /// `tried`: how many members of each network, in the order of [`parts`].
    fn try_out(&mut self, tried: Vec<usize>, steps: &mut Steps<'_, '_>) -> Result<()> {
        let cutting = self.detect.iter_mut().chain([&mut self.segment]).flat_map(Cutting::networks);
        cutting.zip(tried).try_for_each(|(network, members)| network.try_out(members, steps))?;
        self.classify.iter_mut().try_for_each(|classifier| classifier.try_out(steps))
    }
}

impl Cutting<OnnxNetwork> {
    fn new(
        network: &Network,
        field: &str,
        setting: impl Fn(String, Bridge) -> Setting,
        graphs: &mut impl FnMut() -> Vec<Graph>,
    ) -> Result<Self> {
        let mut made = Vec::new();
        for ((field, part), bridge) in network.parts(field).into_iter().zip(bridges(network)) {
            made.push(OnnxNetwork::new(part, setting(field, bridge), graphs())?);
        }
        let mut made = made.into_iter();
        match (made.next(), made.next()) {
            (Some(coarse), Some(fine)) => Ok(Cutting::Hybrid { coarse: coarse.into(), fine: fine.into() }),
            (Some(one), None) => Ok(Cutting::One(one.into())),
            (None, _) => Err(Error::Internal { what: format!("{field} has no network") }),
        }
    }
}

/// For each of the network's parts what it gives and what it is handed.
fn bridges(network: &Network) -> [Bridge; 2] {
    let Some(hybrid) = &network.hybrid else { return [Bridge::default(), Bridge::default()] };
    let coarse = Bridge { gives: hybrid.features.clone(), ..Bridge::default() };
    let fine = Bridge { takes: hybrid.features.clone(), prompts: hybrid.prompts.clone(), ..Bridge::default() };
    [coarse, fine]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Progress;

    /// Progress of loading the built-in bundle under a signature: done and total, the last that was told.
    fn loaded(signature: Signature) -> (usize, usize) {
        let mut bundle = Bundle::builtin().unwrap();
        bundle.signature = signature;
        let mut last = (0, 0);
        let mut tell = |progress: Progress| last = (progress.done, progress.total);
        let mut monitor = Monitor::loading(Default::default(), &mut tell);
        load(&Arc::new(bundle), Device::Cpu, 2, &mut monitor).unwrap();
        last
    }

    #[test]
    fn load_tries_every_member_of_somebody_elses_bundle_and_one_of_the_built_in() {
        // A step for each graph that is loaded and each that is tried.
        let graphs = Bundle::builtin().unwrap().model.files().len();
        let (done, total) = loaded(Signature::Missing);
        assert_eq!((done, total), (2 * graphs, 2 * graphs));
        let (done, total) = loaded(Signature::BuiltIn);
        assert_eq!(done, total);
        assert!((graphs + 1..2 * graphs).contains(&total), "{total} steps for {graphs} graphs");
    }
}
