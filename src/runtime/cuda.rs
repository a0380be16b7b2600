//! CUDA: the libraries that it needs, and why it can't be used.

use std::path::Path;

use ort::ep;

use super::environment::Runtime;
use crate::{
    error::Error,
    platform::{self, CUDA},
};

/// Loads the libraries that CUDA needs.
///
/// # Errors
/// Says what is missing.
pub fn load_libraries(runtime: &Runtime) -> Result<(), String> {
    let provider = CUDA.provider;
    let folder = runtime.folder().ok_or_else(|| format!("{provider} can't be located"))?;
    if !folder.join(provider).is_file() {
        return Err(format!("this ONNX Runtime ({}) has no CUDA execution provider ({provider})", folder.display()));
    }
    if has_cuda(folder) {
        ep::cuda::preload_dylibs(Some(folder), Some(folder)).map_err(|e| e.to_string())?;
    }
    // It stays open, as the provider would leave it.
    platform::keep_system_library(CUDA.driver).map_err(|_| format!("no NVIDIA driver is installed ({})", CUDA.driver))
}

/// True when CUDA's own libraries lie in `folder`, as `cargo xtask setup --cuda` puts them; else the system's loader
/// finds them or doesn't.
fn has_cuda(folder: &Path) -> bool {
    ep::cuda::CUDA_DYLIBS.first().is_some_and(|runtime| folder.join(runtime).is_file())
}

/// A network that fails on the device in its trial run: the device can't be used.
pub fn unable(error: Error) -> Error {
    match error {
        Error::Inference { graph, reason } => unusable(format!("the {graph} network can't run on it: {reason}")),
        other => other,
    }
}

/// The device can't be used.
pub fn unusable(reason: String) -> Error {
    Error::Device {
        device: "cuda",
        reason,
        remedy: "Run 'cargo xtask setup --cuda' on a machine with an NVIDIA GPU and driver, or use the CPU".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_cuda_is_true_where_setup_unpacked_it() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_cuda(folder.path()));
        let runtime = if cfg!(windows) { "cudart64_13.dll" } else { "libcudart.so.13" };
        std::fs::write(folder.path().join(runtime), b"").unwrap();
        assert!(has_cuda(folder.path()));
    }
}
