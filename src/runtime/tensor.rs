//! Inputs and outputs of a graph, as the graph declares them.

use std::fmt;

use ort::value::{Outlet, TensorElementType, ValueType};

/// The size of an axis that may be any.
pub const ANY: i64 = -1;

/// How a tensor's numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// float32.
    F32,
    /// float16 (IEEE 754 binary16).
    F16,
}

/// An input or output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name.
    pub name: String,
    /// `None`: neither of those that are supported.
    pub precision: Option<Precision>,
    /// Size along each axis; [`ANY`]: it may be any.
    pub shape: Vec<i64>,
    /// As the graph says it.
    said: String,
}

impl TensorInfo {
    pub(super) fn of(outlet: &Outlet) -> Self {
        let shape = outlet.dtype().tensor_shape().map_or(Vec::new(), |shape| shape.to_vec());
        let (precision, said) = (precision(outlet.dtype()), outlet.dtype().to_string());
        TensorInfo { name: outlet.name().to_owned(), precision, shape, said }
    }

    /// True when a tensor of `shape` fits; [`ANY`] in either fits all.
    pub fn fits(&self, shape: &[i64]) -> bool {
        let fits = |(a, b): (&i64, &i64)| a == b || *a == ANY || *b == ANY;
        self.shape.len() == shape.len() && self.shape.iter().zip(shape).all(fits)
    }
}

impl fmt::Display for TensorInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

/// How numbers of this type are stored, where that is supported.
pub(super) fn precision(of: &ValueType) -> Option<Precision> {
    match of.tensor_type()? {
        TensorElementType::Float32 => Some(Precision::F32),
        TensorElementType::Float16 => Some(Precision::F16),
        _ => None,
    }
}
