//! What went wrong in ONNX Runtime, by the name that this library has for it.

use crate::{
    error::{Error, Result},
    progress::CancelToken,
};

/// What ONNX Runtime says where `new` fails, where its own allocator does, and where a system call does.
const NO_MEMORY: [&str; 3] = ["bad_alloc", "Failed to allocate memory", "Cannot allocate memory"];

/// A graph that failed while it ran.
pub fn failed<R>(graph: &str, error: &ort::Error<R>, cancel: &CancelToken) -> Error {
    named(graph, error, cancel).unwrap_or_else(|| Error::Inference { graph: graph.into(), reason: error.to_string() })
}

/// The cause of what went wrong in ONNX Runtime, where it has a name of its own.
pub fn named<R>(graph: &str, error: &ort::Error<R>, cancel: &CancelToken) -> Option<Error> {
    let reason = error.to_string();
    if cancel.is_cancelled() {
        return Some(Error::Cancelled);
    }
    let short = NO_MEMORY.iter().any(|words| reason.contains(words));
    short.then(|| Error::OutOfMemory { what: "the network", needed: format!("what the {graph} takes ({reason})") })
}

/// Refuses what can't be turned into a probability: comparisons with NaN are false, so it would read as "no nodule".
///
/// # Errors
/// [`Error::Inference`].
pub fn check_finite(graph: &str, numbers: &[f32]) -> Result<()> {
    // Whole runs of numbers at once, which takes a small part of the time of the network that made them.
    const RUN: usize = 4096;
    let finite = |run: &[f32]| run.iter().fold(true, |all, number| all & number.is_finite());
    if numbers.chunks(RUN).all(finite) {
        return Ok(());
    }
    let of = |what: fn(&f32) -> bool| numbers.iter().filter(|number| what(number)).count();
    let (nan, infinite) = (of(|number| number.is_nan()), of(|number| number.is_infinite()));
    let reason = format!("it gave NaN {nan} times and infinity {infinite} times among {} numbers", numbers.len());
    Err(Error::Inference { graph: graph.into(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_finite_numbers_that_are_none_are_refused_wherever_they_stand() {
        assert!(check_finite("decoder", &[]).is_ok());
        let good = vec![f32::MAX; 10_000];
        assert!(check_finite("decoder", &good).is_ok());
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for at in [0, 4095, 4096, 9999] {
                let mut numbers = good.clone();
                numbers[at] = bad;
                let error = check_finite("decoder", &numbers).unwrap_err();
                assert_eq!(error.name(), "E_INFERENCE");
                let counts = if bad.is_nan() { "NaN 1 times" } else { "infinity 1 times" };
                assert!(error.to_string().contains(counts), "{error}");
            }
        }
    }
}
