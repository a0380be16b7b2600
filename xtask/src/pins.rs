//! What `cargo xtask setup` fetches, pinned by version and sha256.
//!
//! ONNX Runtime stays at 1.28.0: from 1.29 on its Linux builds send telemetry by default.
//! The CUDA libraries are those of CUDA 13.0, which this ONNX Runtime was built for.
//! After changing a line, run `cargo xtask setup` (or `--cuda`): it prints the hash it got if it isn't the pinned one.

/// Version of ONNX Runtime.
pub const ONNX_RUNTIME: &str = "1.28.0";

/// One wheel on PyPI and the files that are taken from it.
#[derive(Debug, Clone, Copy)]
pub struct Wheel {
    /// Name of the package on PyPI.
    pub package: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Platform tag by which pip finds the wheel.
    pub platform: &'static str,
    /// sha256 of the wheel, in lower-case hexadecimal.
    pub sha256: &'static str,
    /// What is taken: files in the wheel of which the path begins and the name contains …; licences besides.
    pub take: (&'static str, &'static str),
}

/// The wheels for a processor as Rust names it, or none if nothing is prepared for it.
pub fn wheels(os: &str, arch: &str, cuda: bool) -> Option<&'static [Wheel]> {
    match (os, arch, cuda) {
        ("linux", "x86_64", false) => Some(&CPU_X86_64),
        ("linux", "aarch64", false) => Some(&CPU_AARCH64),
        ("linux", "x86_64", true) => Some(&CUDA_X86_64),
        ("windows", "x86_64", false) => Some(&WINDOWS_X86_64),
        _ => None,
    }
}

/// Another version, older than the oldest that the library takes, to be loaded beside ours in a test.
pub fn other_runtime(os: &str, arch: &str) -> Option<&'static [Wheel]> {
    (os == "linux" && arch == "x86_64").then_some(&OTHER_X86_64)
}

static OTHER_X86_64: [Wheel; 1] = [Wheel {
    package: "onnxruntime",
    version: "1.22.1",
    platform: "manylinux_2_28_x86_64",
    sha256: "2d39a530aff1ec8d02e365f35e503193991417788641b184f5b1e8c9a6d5ce8d",
    take: RUNTIME_FILES,
}];

const RUNTIME_FILES: (&str, &str) = ("onnxruntime/capi/", "libonnxruntime");

static CPU_X86_64: [Wheel; 1] = [Wheel {
    package: "onnxruntime",
    version: ONNX_RUNTIME,
    platform: "manylinux_2_28_x86_64",
    sha256: "0a83bdb70d143cede762b677789bf2a7acca54b3fb82565601d5c30695aa933c",
    take: RUNTIME_FILES,
}];

static CPU_AARCH64: [Wheel; 1] = [Wheel {
    package: "onnxruntime",
    version: ONNX_RUNTIME,
    platform: "manylinux_2_28_aarch64",
    sha256: "4e81a23df16e7acb9d51b06d30cc098e49315ef9180f97bc2221d167b4b04d9c",
    take: RUNTIME_FILES,
}];

static WINDOWS_X86_64: [Wheel; 1] = [Wheel {
    package: "onnxruntime",
    version: ONNX_RUNTIME,
    platform: "win_amd64",
    sha256: "c35064f9b3c43c81c5d5d282091401d0f1ff22796d93ccade4ea2ece5e137ab8",
    take: ("onnxruntime/capi/", "onnxruntime"),
}];

static CUDA_X86_64: [Wheel; 8] = [
    Wheel {
        package: "onnxruntime-gpu",
        version: ONNX_RUNTIME,
        platform: "manylinux_2_28_x86_64",
        sha256: "3b3a63cecd239d72432cd44569d047de8f4d69e471cd5f60f7ac7fc8769be5ec",
        take: RUNTIME_FILES,
    },
    nvidia(
        "nvidia-cuda-runtime",
        "13.0.96",
        "manylinux_2_17_x86_64",
        "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
    ),
    nvidia(
        "nvidia-cublas",
        "13.1.1.3",
        "manylinux_2_27_x86_64",
        "37936a16db8fe4ac1f065c2139360608a543a09275cb1a1af612e08cfa065436",
    ),
    nvidia(
        "nvidia-cuda-nvrtc",
        "13.0.88",
        "manylinux_2_12_x86_64",
        "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
    ),
    nvidia(
        "nvidia-nvjitlink",
        "13.0.88",
        "manylinux_2_12_x86_64",
        "13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b",
    ),
    nvidia(
        "nvidia-curand",
        "10.4.0.35",
        "manylinux_2_27_x86_64",
        "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
    ),
    nvidia(
        "nvidia-cufft",
        "12.0.0.61",
        "manylinux_2_17_x86_64",
        "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3",
    ),
    nvidia(
        "nvidia-cudnn-cu13",
        "9.20.0.48",
        "manylinux_2_27_x86_64",
        "0c45dd8eeb50b603f07995b1b300c62ffe6a1980482b82b3bcf94a4ca9d49304",
    ),
];

/// A wheel of NVIDIA's, of which every shared library is taken.
const fn nvidia(package: &'static str, version: &'static str, platform: &'static str, sha256: &'static str) -> Wheel {
    Wheel { package, version, platform, sha256, take: ("nvidia/", ".so") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wheels_every_pin_is_a_full_lowercase_sha256() {
        let all = [("linux", "x86_64", false), ("linux", "aarch64", false), ("linux", "x86_64", true)];
        for (os, arch, cuda) in all.into_iter().chain([("windows", "x86_64", false)]) {
            for wheel in wheels(os, arch, cuda).unwrap() {
                assert_eq!(wheel.sha256.len(), 64, "{}", wheel.package);
                assert!(
                    wheel.sha256.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c)),
                    "{}",
                    wheel.package
                );
            }
        }
    }

    #[test]
    fn wheels_elsewhere_are_none() {
        assert!(wheels("macos", "aarch64", false).is_none());
        assert!(wheels("windows", "aarch64", false).is_none());
        assert!(wheels("linux", "aarch64", true).is_none());
    }
}
