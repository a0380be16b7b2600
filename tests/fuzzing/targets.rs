//! What is done with the bytes of an input: shared by `cargo test` and by libFuzzer (`fuzz/`).

use std::{borrow::Cow, fs, path::Path};

use sam2lung::{
    Error,
    contract::{
        bundle::{Bundle, parse, sha256_hex},
        signature::Trust,
    },
    io::{self, ReadOptions},
    models::Installed,
    progress::Monitor,
};

use crate::{seeds, volume_view};

/// What takes bytes from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A bundle's contract.
    ModelJson,
    /// A bundle's ONNX graph, before ONNX Runtime sees it.
    Graph,
    /// A bundle's zip archive.
    Archive,
    /// .nii, .nii.gz
    Nifti,
    /// .nrrd
    Nrrd,
    /// .mha
    MetaImage,
    /// .vti
    Vti,
    /// A file of a DICOM series.
    DicomFile,
    /// A volume that a C program hands over.
    VolumeView,
}

impl Target {
    /// All of them.
    pub const ALL: [Target; 9] = [
        Target::ModelJson,
        Target::Graph,
        Target::Archive,
        Target::Nifti,
        Target::Nrrd,
        Target::MetaImage,
        Target::Vti,
        Target::DicomFile,
        Target::VolumeView,
    ];

    /// Name of its fuzz target and of its folders.
    pub fn name(self) -> &'static str {
        match self {
            Target::ModelJson => "model_json",
            Target::Graph => "graph",
            Target::Archive => "archive",
            Target::Nifti => "nifti",
            Target::Nrrd => "nrrd",
            Target::MetaImage => "metaimage",
            Target::Vti => "vti",
            Target::DicomFile => "dicom_file",
            Target::VolumeView => "volume_view",
        }
    }
}

/// Takes `input`; the name of the error that refused it.
///
/// # Panics
/// When the library does: that is what is looked for.
pub fn run(target: Target, input: &[u8]) -> Result<(), String> {
    let outcome = match target {
        Target::ModelJson => model_json(input),
        Target::Graph => graph(input),
        Target::Archive => archive(input),
        Target::Nifti => file("a.nii", input),
        Target::Nrrd => file("a.nrrd", input),
        Target::MetaImage => file("a.mha", input),
        Target::Vti => file("a.vti", input),
        Target::DicomFile => dicom(input),
        Target::VolumeView => return volume_view::write(input),
    };
    outcome.map_err(|error| {
        assert!(!error.to_string().is_empty());
        error.name().into()
    })
}

/// Files that the contract names are there, whatever hash it wants. What makes sense is written and read as the same.
fn model_json(input: &[u8]) -> Result<(), Error> {
    match Bundle::from_parts("fuzz".into(), input, |_| Ok(Cow::Borrowed(&[]))) {
        Err(Error::ModelHash { .. }) | Ok(_) => {}
        Err(other) => return Err(other),
    }
    let model = parse(Path::new("fuzz"), input)?;
    let again = parse(Path::new("fuzz"), model.to_json().as_bytes()).expect("what was written can be read");
    assert_eq!(again, model);
    Ok(())
}

/// A contract that names this graph by its hash.
fn graph(input: &[u8]) -> Result<(), Error> {
    let contract = seeds::contract_with(&sha256_hex(input));
    Bundle::from_parts("fuzz".into(), contract.as_bytes(), |_| Ok(Cow::Owned(input.to_vec()))).map(drop)
}

/// Checked as if it were to be installed; nothing is written.
fn archive(input: &[u8]) -> Result<(), Error> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("bundle.zip");
    fs::write(&path, input).expect("it can be written");
    Installed::at(folder.path(), Trust::default()).check(&path).map(drop)
}

fn file(name: &str, input: &[u8]) -> Result<(), Error> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join(name);
    fs::write(&path, input).expect("it can be written");
    read(&path)
}

/// The second of two slices.
fn dicom(input: &[u8]) -> Result<(), Error> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::write(folder.path().join("1.dcm"), seeds::dicom_slice(0.0)).expect("it can be written");
    fs::write(folder.path().join("2.dcm"), input).expect("it can be written");
    read(folder.path())
}

fn read(path: &Path) -> Result<(), Error> {
    let volume = io::read_volume(path, ReadOptions::default(), &mut Monitor::silent())?.volume;
    assert_eq!(volume.voxels.shape(), volume.grid.shape());
    assert!(volume.grid.ijk_to_ras().iter().flatten().all(|v| v.is_finite()));
    Ok(())
}
