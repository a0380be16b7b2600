//! What a graph gave: numbers that stay where they were made, on the host or on a device, in the graph's own precision.

use std::ops::Range;

use half::f16;
use ndarray::{ArrayD, ArrayViewD, CowArray, IxDyn, Slice};
use ort::value::{DynValue, PrimitiveTensorElementType, Tensor};

use super::{
    failure::failed,
    tensor::{Precision, precision},
};
use crate::{error::Result, progress::CancelToken};

/// An output of a graph.
#[derive(Debug)]
pub struct Value {
    pub(super) value: DynValue,
    pub(super) precision: Precision,
    /// False on a device.
    on_host: bool,
}

impl Value {
    /// What `name` gave.
    pub(super) fn new(name: &str, value: DynValue, on_host: bool) -> ort::Result<Self> {
        let unsupported = || ort::Error::new(format!("'{name}' is {}, neither float32 nor float16", value.dtype()));
        let precision = precision(value.dtype()).ok_or_else(unsupported)?;
        Ok(Value { value, precision, on_host })
    }

    /// True where [`Value::view`] and [`Value::part`] can read it.
    pub fn on_host(&self) -> bool {
        self.on_host
    }

    /// Size along each axis.
    pub fn shape(&self) -> Vec<usize> {
        let shape = self.value.dtype().tensor_shape();
        shape.map_or(Vec::new(), |shape| shape.iter().map(|n| usize::try_from(*n).unwrap_or(0)).collect())
    }

    /// How many numbers it holds.
    pub fn elements(&self) -> usize {
        self.shape().iter().product()
    }

    /// Its numbers as float32: borrowed where they are that.
    ///
    /// # Errors
    /// [`crate::Error::Inference`] for a value that isn't on the host.
    pub fn view(&self) -> Result<CowArray<'_, f32, IxDyn>> {
        self.extracted().map_err(refused)
    }

    pub(super) fn extracted(&self) -> ort::Result<CowArray<'_, f32, IxDyn>> {
        Ok(match self.precision {
            Precision::F32 => self.value.try_extract_array::<f32>()?.into(),
            Precision::F16 => self.value.try_extract_array::<f16>()?.mapv(f16::to_f32).into(),
        })
    }

    /// A copy of what lies within `ranges` of the last axes, whole along the others; in the same precision.
    ///
    /// # Errors
    /// As [`Value::view`].
    ///
    /// # Panics
    /// For ranges beyond its shape.
    pub fn part(&self, ranges: &[Range<usize>]) -> Result<Value> {
        let value = match self.precision {
            Precision::F32 => self.part_as::<f32>(ranges),
            Precision::F16 => self.part_as::<f16>(ranges),
        };
        Ok(Value { value: value.map_err(refused)?, precision: self.precision, on_host: true })
    }

    fn part_as<T>(&self, ranges: &[Range<usize>]) -> ort::Result<DynValue>
    where
        T: PrimitiveTensorElementType + Clone + std::fmt::Debug + 'static,
    {
        let part = crop(self.value.try_extract_array::<T>()?, ranges);
        Ok(Tensor::from_array(part)?.into_dyn())
    }
}

/// A copy of what lies within `ranges` of the last axes.
fn crop<T: Clone>(whole: ArrayViewD<'_, T>, ranges: &[Range<usize>]) -> ArrayD<T> {
    let first = whole.ndim() - ranges.len();
    let along = |axis: usize| axis.checked_sub(first).map_or(Slice::from(..), |n| Slice::from(ranges[n].clone()));
    whole.slice_each_axis(|axis| along(axis.axis.index())).as_standard_layout().into_owned()
}

/// A value that can't be read: a mistake of this library, or no memory.
fn refused(error: ort::Error) -> crate::Error {
    failed("network's output", &error, &CancelToken::new())
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, array};

    use super::*;
    use crate::runtime::environment::Runtime;

    /// Numbers 0, 1, 2 … as a graph would give them.
    fn counting<T: PrimitiveTensorElementType + Clone + std::fmt::Debug + 'static>(as_: fn(f32) -> T) -> Value {
        Runtime::get().unwrap();
        let numbers = Array::from_iter((0..24).map(|n| as_(n as f32))).into_shape_with_order((1, 2, 3, 4)).unwrap();
        Value::new("x", Tensor::from_array(numbers).unwrap().into_dyn(), true).unwrap()
    }

    #[test]
    fn part_of_the_last_axes_is_whole_along_the_others_in_either_precision() {
        for value in [counting(|n| n), counting(f16::from_f32)] {
            assert_eq!(value.shape(), [1, 2, 3, 4]);
            let part = value.part(&[1..3, 2..4]).unwrap();
            let wanted = array![[[[6.0, 7.0], [10.0, 11.0]], [[18.0, 19.0], [22.0, 23.0]]]];
            assert_eq!(part.view().unwrap(), wanted.into_dyn());
            assert_eq!(part.precision, value.precision);
        }
    }

    #[test]
    fn view_of_float16_holds_what_float16_can() {
        let value = counting(|n| f16::from_f32(n / 3.0));
        for (n, got) in value.view().unwrap().iter().enumerate() {
            let wanted = n as f32 / 3.0;
            // Ten bits behind the binary point of 1.x (IEEE 754): half of the last one off at most.
            assert!((got - wanted).abs() <= wanted / 2048.0, "{got}, not {wanted}");
        }
    }

    #[test]
    fn new_of_numbers_that_are_no_floats_is_refused_with_the_tensor() {
        Runtime::get().unwrap();
        let whole = Tensor::from_array(array![1_i64, 2].into_dyn()).unwrap().into_dyn();
        let error = Value::new("labels", whole, true).unwrap_err().to_string();
        assert!(error.contains("'labels'") && error.contains("float16"), "{error}");
    }
}
