//! What made a result: name, version and parameters, as objects say it.

use dicom_dictionary_std::tags;

use super::{
    Objects, Run,
    codes::dcm,
    content::{Item, Relation},
    data_set::DataSet,
};
use crate::{VERSION, report::manifest::ModelRecord};

const NAME: &str = "sam2lung";

/// All that a run hangs on, a line each.
pub fn parameters(objects: &Objects<'_>) -> Vec<String> {
    let Run { bundle, found, seed, device, runtime, voxels_sha256, .. } = objects.of;
    let model = ModelRecord::of(bundle);
    let run = [
        format!("model {} {}", model.name, model.version),
        format!("seed {seed}"),
        format!("samples {}", found.samples),
        format!("threshold {}", found.threshold),
        format!("smallest diameter {} mm", found.min_diameter_mm),
        format!("uncertainty {}", found.uncertainty.name()),
        format!("device {device}"),
        format!("ONNX Runtime {runtime}"),
        format!("sha256 of the CT's voxels {voxels_sha256}"),
    ];
    let files = model.sha256.iter().map(|(file, sha256)| format!("sha256 of {file} {sha256}"));
    run.into_iter().chain(files).collect()
}

/// The item of a segment (PS3.3 10.16).
pub fn item(objects: &Objects<'_>) -> DataSet {
    DataSet::new()
        .item(tags::ALGORITHM_FAMILY_CODE_SEQUENCE, dcm("123110", "Artificial Intelligence").item())
        .text(tags::ALGORITHM_NAME, NAME)
        .text(tags::ALGORITHM_VERSION, VERSION)
        .text(tags::ALGORITHM_PARAMETERS, &parameters(objects).join("; "))
}

/// The content of a measurement group (PS3.16 TID 4019).
pub fn content(objects: &Objects<'_>) -> Vec<Item> {
    let text = |code, meaning, value: &str| Item::text(Relation::HasConceptMod, dcm(code, meaning), value);
    let named = [text("111001", "Algorithm Name", NAME), text("111003", "Algorithm Version", VERSION)];
    let parameters = parameters(objects);
    named.into_iter().chain(parameters.iter().map(|line| text("111002", "Algorithm Parameters", line))).collect()
}
