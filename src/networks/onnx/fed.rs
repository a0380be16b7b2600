//! What a graph of a network is fed: images, embeddings within a window, draws, clicks, what a hybrid hands on.

use std::ops::Range;

use ndarray::{ArrayD, ArrayViewD, Axis, Slice};

use super::Bridge;
use crate::{
    contract::network::{self as contract, Tensors},
    error::Result,
    networks::{
        handed::Handed,
        network::{Call, Window},
        tensors::axes,
    },
    runtime::{graph::Input, value::Value},
};

/// What of a window is cut out before a decoder runs, and what is read from what it gives.
#[derive(Debug)]
pub(super) struct Cut {
    pub before: Option<Window>,
    pub after: Option<Window>,
    /// Of the embeddings, for `before`.
    pub parts: Vec<Value>,
}

/// What says which inputs a decoder has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    pub contract: &'a contract::Network,
    pub tensors: &'a Tensors,
    pub bridge: &'a Bridge,
}

/// What a member made of an image.
#[derive(Debug)]
pub struct Encoded {
    pub(super) member: usize,
    /// The image's size along its axes in space.
    pub(super) size: Vec<usize>,
    pub(super) held: Held,
}

#[derive(Debug)]
pub(super) enum Held {
    /// In the contract's order.
    Embeddings(Vec<Value>),
    /// For a single graph.
    Image { image: ArrayD<f32>, offsets_mm: Vec<f32> },
}

impl<'a> Fields<'a> {
    /// The inputs of a call.
    pub(super) fn inputs(self, call: &'a Call<'_, '_, Encoded>, cut: &'a Cut) -> Vec<(&'a str, Input<'a>)> {
        let mut inputs = call.encoded.inputs(&cut.parts, cut.before, self.tensors);
        for (dropout, factors) in self.contract.random.dropout.iter().zip(&call.draws.dropout) {
            let factors =
                (0..axes(self.contract)).fold(factors.view().into_dyn(), |all, n| all.insert_axis(Axis(2 + n)));
            inputs.push((&dropout.input, Input::Array(factors)));
        }
        for (noise, drawn) in self.contract.random.noise.iter().zip(&call.draws.noise) {
            inputs.push((&noise.input, Input::Array(drawn.view().into_dyn())));
        }
        if let (Some(wanted), Some(map)) = (&self.contract.clicks, &call.fed.clicks) {
            inputs.push((&wanted.input, Input::Array(within(map.view(), cut.before, [1; 3]))));
        }
        inputs.extend(call.fed.handed.into_iter().flat_map(|handed| handed_inputs(self.bridge, handed)));
        inputs
    }
}

/// What a fine network is handed, by the names of its inputs.
fn handed_inputs<'a>(bridge: &'a Bridge, handed: &'a Handed) -> Vec<(&'a str, Input<'a>)> {
    let mut inputs = Vec::new();
    if let (Some(prompts), Some(prompted)) = (&bridge.prompts, &handed.prompted) {
        let row = |values: &'a [f32]| ArrayViewD::from_shape(vec![1, values.len()], values).expect("one row");
        let points = prompted.points.view().insert_axis(Axis(0)).into_dyn();
        inputs.push((prompts.points.as_str(), Input::Array(points)));
        inputs.push((prompts.labels.as_str(), Input::Array(row(&prompted.labels))));
        inputs.extend(prompts.bounds.as_deref().map(|name| (name, Input::Array(row(&prompted.bounds)))));
    }
    let features = bridge.takes.iter().zip(&handed.features);
    inputs.extend(features.map(|(feature, values)| {
        (feature.input.as_str(), Input::Array(values.view().insert_axis(Axis(0)).into_dyn()))
    }));
    inputs
}

impl Encoded {
    /// The image's size along its axes in space.
    pub(in crate::networks) fn size(&self) -> &[usize] {
        &self.size
    }

    pub(super) fn embeddings(&self) -> &[Value] {
        match &self.held {
            Held::Embeddings(values) => values,
            Held::Image { .. } => &[],
        }
    }

    pub(super) fn is_image(&self) -> bool {
        matches!(self.held, Held::Image { .. })
    }

    pub(super) fn on_host(&self) -> bool {
        self.embeddings().iter().all(Value::on_host)
    }

    /// All rows and columns.
    pub(super) fn whole(&self) -> Window {
        let [.., height, width] = self.size[..] else { return Window { row: 0, column: 0, height: 0, width: 0 } };
        Window { row: 0, column: 0, height, width }
    }

    /// Size of a window of it along the axes in space.
    pub(super) fn space(&self, window: Option<Window>) -> Vec<usize> {
        let Window { height, width, .. } = window.unwrap_or_else(|| self.whole());
        let planes = &self.size[..self.size.len() - 2];
        planes.iter().copied().chain([height, width]).collect()
    }

    /// Copies of the embeddings within a window; none without one.
    pub(super) fn cut(&self, window: Option<Window>, tensors: &Tensors) -> Result<Vec<Value>> {
        let Some(window) = window else { return Ok(Vec::new()) };
        let strides = tensors.embeddings.iter().map(|e| e.stride.along());
        self.embeddings().iter().zip(strides).map(|(value, stride)| value.part(&ranges(window, stride))).collect()
    }

    /// What the decoder is fed of it: `parts`, where they were cut out for a window, else all.
    fn inputs<'a>(
        &'a self,
        parts: &'a [Value],
        window: Option<Window>,
        tensors: &'a Tensors,
    ) -> Vec<(&'a str, Input<'a>)> {
        match &self.held {
            Held::Embeddings(values) => {
                let fed = if window.is_some() { parts } else { values };
                let names = tensors.embeddings.iter().map(|e| e.name.as_str());
                names.zip(fed.iter().map(Input::Value)).collect()
            }
            Held::Image { image, offsets_mm } => {
                image_inputs(tensors, within(image.view(), window, [1; 3]), offsets_mm)
            }
        }
    }
}

/// The image, and how far its slices lie off where the graph asks for that.
pub(super) fn image_inputs<'a>(
    tensors: &'a Tensors,
    image: ArrayViewD<'a, f32>,
    offsets_mm: &'a [f32],
) -> Vec<(&'a str, Input<'a>)> {
    let offsets = ArrayViewD::from_shape(vec![1, offsets_mm.len()], offsets_mm).expect("one row");
    let mut inputs = vec![(tensors.image.as_str(), Input::Array(image))];
    inputs.extend(tensors.offsets_mm.as_deref().map(|name| (name, Input::Array(offsets))));
    inputs
}

/// Rows and columns of a window, in steps of `stride` along k, j, i.
fn ranges(window: Window, [_, j, i]: [usize; 3]) -> [Range<usize>; 2] {
    let Window { row, column, height, width } = window;
    [row / j..(row + height) / j, column / i..(column + width) / i]
}

/// What lies within a window, of the last two axes; all without one.
pub(super) fn within(mut map: ArrayViewD<'_, f32>, window: Option<Window>, stride: [usize; 3]) -> ArrayViewD<'_, f32> {
    let first = map.ndim() - 2;
    for (n, range) in window.iter().flat_map(|window| ranges(*window, stride)).enumerate() {
        map.slice_axis_inplace(Axis(first + n), Slice::from(range));
    }
    map
}
