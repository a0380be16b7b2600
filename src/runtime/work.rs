//! What a graph has done: calls, seconds, and numbers by tensor, from which its operations follow.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

/// The calls of one graph.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Work {
    /// File of the bundle.
    pub file: String,
    /// Calls.
    pub calls: usize,
    /// Seconds within them, with what goes to a device and back.
    pub seconds: f64,
    /// Numbers that each tensor held, over all calls: inputs and outputs by their names.
    pub elements: BTreeMap<String, usize>,
}

impl Work {
    /// One call more, with the elements of each of its tensors.
    pub(super) fn add<'a>(&mut self, took: Duration, tensors: impl Iterator<Item = (&'a str, usize)>) {
        self.calls += 1;
        self.seconds += took.as_secs_f64();
        for (name, elements) in tensors {
            match self.elements.get_mut(name) {
                Some(sum) => *sum += elements,
                None => drop(self.elements.insert(name.to_owned(), elements)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_of_two_calls_is_their_sum_by_tensor() {
        let mut work = Work { file: "a.onnx".into(), ..Work::default() };
        work.add(Duration::from_millis(500), [("image", 8), ("logits", 4)].into_iter());
        work.add(Duration::from_millis(250), [("image", 2), ("noise", 1)].into_iter());
        assert_eq!((work.calls, work.seconds), (2, 0.75));
        let sums = [("image", 10), ("logits", 4), ("noise", 1)].map(|(name, sum)| (name.to_owned(), sum));
        assert_eq!(work.elements, BTreeMap::from(sums));
    }
}
