//! `run.json`: everything that is needed to replay a run or to explain it.

use std::{collections::BTreeMap, time::Duration};

use ndarray::{Array3, ArrayBase, Data, Ix3};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{
    contract::bundle::Bundle,
    contract::uncertainty::Uncertainty,
    error::Result,
    findings::{interval::VolumeInterval, nodule::Nodule, reading::Readings, result::Segmentation},
    io::{NiftiForms, Sample, Source},
    networks::{clicks::Clicks, neighbours::SliceSteps},
    platform,
    progress::CancelToken,
    report::{dicom::DicomFile, resume::Resume},
    runtime::{
        device::{Device, DeviceReport},
        work::Work,
    },
    warning::Warning,
};

/// The manifest of one run.
#[derive(Debug, Serialize)]
pub struct Manifest<'a> {
    /// Always "research use only".
    pub notice: &'static str,
    /// Versions of what ran.
    pub versions: BTreeMap<&'static str, String>,
    /// The model.
    pub model: ModelRecord<'a>,
    /// The CT.
    pub input: InputRecord<'a>,
    /// What the result can't be trusted for.
    pub warnings: Vec<Warning>,
    /// Every option, as it was used.
    pub options: OptionsRecord<'a>,
    /// Device asked for, device used, reason.
    pub device: &'a DeviceReport,
    /// What came out.
    pub result: ResultRecord,
    /// What a reader says of the nodules, where somebody read the result.
    #[serde(skip_serializing_if = "Readings::is_empty")]
    pub readings: &'a Readings,
    /// The DICOM objects that were written, where they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dicom: Vec<DicomFile>,
    /// Seconds a stage took.
    pub timings_s: BTreeMap<&'static str, f64>,
    /// What each graph of the bundle did.
    pub networks: Vec<Work>,
    /// Largest resident memory of the process so far, in MiB; `null` where the system doesn't tell.
    pub peak_memory_mib: Option<f64>,
    /// What lets a later run know this result, where it was made by the command line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume: Option<&'a Resume>,
}

/// The model of a run.
#[derive(Debug, Serialize)]
pub struct ModelRecord<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Folder, or `<built in>`.
    pub origin: String,
    /// What its signature is worth ([`crate::contract::signature::Signature::name`]).
    pub signature: &'static str,
    /// Name of the key's file, where the signature is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature_key: Option<&'a str>,
    /// sha256 of `model.json` and of each graph.
    pub sha256: BTreeMap<&'a str, &'a str>,
}

/// The CT of a run.
#[derive(Debug, Serialize)]
pub struct InputRecord<'a> {
    /// What was read and how, without anything that names the patient.
    #[serde(flatten)]
    pub source: &'a Source,
    /// Voxels along i, j, k.
    pub dims: [usize; 3],
    /// Spacing along i, j, k in mm.
    pub spacing_mm: [f64; 3],
    /// The geometry of a NIfTI header as it was; `null` for other formats.
    pub nifti: Option<&'a NiftiForms>,
    /// sha256 of the voxels in HU, float32 little-endian, i fastest.
    pub voxels_sha256: String,
    /// Every channel, of a model that takes several; the first is the one above.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<ChannelRecord<'a>>,
    /// sha256 of the lung mask's voxels, 1 or 0, uint8, i fastest; `null` where no mask was given.
    pub lung_mask_sha256: Option<String>,
}

/// One of several channels of a run.
#[derive(Debug, Serialize)]
pub struct ChannelRecord<'a> {
    /// Its name in the model.
    pub channel: &'a str,
    /// What was read and how, without anything that names the patient.
    #[serde(flatten)]
    pub source: &'a Source,
    /// sha256 of the voxels as the run had them, on the first channel's grid, float32 little-endian, i fastest.
    pub voxels_sha256: &'a str,
}

/// The options of a run, with what the bundle filled in.
#[derive(Debug, Serialize)]
pub struct OptionsRecord<'a> {
    /// Folder of the bundle; `null`: the built-in one.
    pub model: Option<String>,
    /// Samples drawn.
    pub samples: usize,
    /// Samples that were asked for; more than drawn where fewer differ.
    pub samples_asked: usize,
    /// What makes samples differ, such as "members 3", "flips 2", "dropout", "noise"; empty for one deterministic network.
    pub sample_sources: Vec<String>,
    /// Seed of all that is random.
    pub seed: u64,
    /// Device asked for.
    pub device: Device,
    /// Threshold used.
    pub threshold: f64,
    /// Share of nodules that the classifier was to keep; `null`: not asked for.
    pub sensitivity: Option<f64>,
    /// Lowest P(nodule) that the classifier let stay; `null` without a classifier.
    pub classify_threshold: Option<f64>,
    /// Equivalent diameter in mm below which findings are micronodules; 0: none is.
    pub min_diameter_mm: f64,
    /// Share of the slices that a hybrid's fine network saw; `null`: the model outlines with no hybrid.
    pub share_of_slices: Option<f64>,
    /// Which uncertainty was written.
    pub uncertainty: Uncertainty,
    /// auto, off, or the mask's file.
    pub lung_mask: String,
    /// Clicks on voxels (i, j, k of the input), inside and outside.
    pub clicks: &'a Clicks,
    /// The DICOM series asked for.
    pub series: Option<&'a str>,
    /// Which way axes were to run in a file that doesn't say.
    pub assume_orientation: Option<String>,
    /// Samples decoded in one call at most.
    pub batch: usize,
    /// CPU threads used.
    pub threads: usize,
    /// Ending of the written volumes; `null`: none was written.
    pub format: Option<&'static str>,
}

/// What a run found.
#[derive(Debug, Serialize)]
pub struct ResultRecord {
    /// Number of nodules.
    pub nodules: usize,
    /// Number of nodules to look at again.
    pub review: usize,
    /// Candidates that were segmented; `null` without a detector.
    pub candidates: Option<usize>,
    /// Components that were dropped: too small, outside, or classified as no nodule.
    pub dropped: usize,
    /// What is smaller than `min_diameter_mm`, by falling volume. They are not in the label map and not in the tables.
    pub micronodules: Vec<MicronoduleRecord>,
    /// What `volume_mm3_p05` and `volume_mm3_p95` mean.
    pub volume_interval: VolumeInterval,
    /// The same of nodules that were outlined with clicks (`clicked`).
    pub clicked_volume_interval: VolumeInterval,
    /// Volume that was searched, in millilitres.
    pub searched_ml: f64,
    /// How far the CT's slices lie apart, and those that the network was given.
    pub slices: SliceSteps,
    /// For each click inside: the nodule's number, or `null` where none was found.
    pub clicks: Vec<Option<u16>>,
    /// sha256 of the label map's voxels, uint16 little-endian, i fastest: whether a file still is the one that was written.
    /// `null` where no volume was written.
    pub label_voxels_sha256: Option<String>,
}

/// A micronodule: where it lies, and what a comparison with another CT needs of it.
#[derive(Debug, Serialize)]
pub struct MicronoduleRecord {
    /// Centre as column, row, slice of the CT, from 0.
    pub centroid_ijk: [f64; 3],
    /// The same place in RAS.
    pub centroid_ras: [f64; 3],
    /// Diameter of the sphere of its volume.
    pub equivalent_diameter_mm: f64,
    /// P(nodule); `null` without a classifier.
    pub nodule_probability: Option<f64>,
    /// Name of its class.
    pub class: String,
    /// Volume of its outline.
    pub volume_mm3: f64,
    /// Lower end of its interval.
    pub volume_mm3_p05: f64,
    /// Upper end.
    pub volume_mm3_p95: f64,
    /// Volume under each sample, in their order; 0 where a sample misses it.
    pub sample_volumes_mm3: Vec<f64>,
    /// Mean of the axial long and short axis.
    pub mean_diameter_mm: f64,
    /// The same under each sample, in their order; 0 where a sample misses it.
    pub sample_mean_diameters_mm: Vec<f64>,
    /// Whether someone should look again, were it shown.
    pub review: bool,
    /// Why.
    pub review_reasons: Vec<String>,
}

impl MicronoduleRecord {
    fn of(nodule: &Nodule) -> Self {
        MicronoduleRecord {
            centroid_ijk: nodule.centroid_ijk,
            centroid_ras: nodule.centroid_ras,
            equivalent_diameter_mm: nodule.equivalent_diameter_mm,
            nodule_probability: nodule.nodule_probability,
            class: nodule.class.clone(),
            volume_mm3: nodule.volume_mm3,
            volume_mm3_p05: nodule.volume_mm3_p05,
            volume_mm3_p95: nodule.volume_mm3_p95,
            sample_volumes_mm3: nodule.sample_volumes_mm3.clone(),
            mean_diameter_mm: nodule.mean_diameter_mm,
            sample_mean_diameters_mm: nodule.sample_mean_diameters_mm.clone(),
            review: nodule.review,
            review_reasons: nodule.review_reasons.clone(),
        }
    }
}

impl<'a> ModelRecord<'a> {
    /// The record of a bundle.
    pub fn of(bundle: &'a Bundle) -> Self {
        ModelRecord {
            name: &bundle.model.name,
            version: &bundle.model.version,
            origin: bundle.origin.display().to_string(),
            signature: bundle.signature.name(),
            signature_key: bundle.signature.key(),
            sha256: bundle.model.files().into_iter().chain([("model.json", bundle.contract_sha256.as_str())]).collect(),
        }
    }
}

impl ResultRecord {
    /// The record of a result, whose label map was written with this hash.
    pub fn of(found: &Segmentation, label_voxels_sha256: Option<String>) -> Self {
        ResultRecord {
            nodules: found.nodules.len(),
            review: found.nodules.iter().filter(|nodule| nodule.review).count(),
            candidates: found.candidates,
            dropped: found.dropped,
            micronodules: found.micronodules.iter().map(MicronoduleRecord::of).collect(),
            volume_interval: found.volume_interval,
            clicked_volume_interval: found.clicked_volume_interval,
            searched_ml: found.searched_ml,
            slices: found.slices,
            clicks: found.clicks.clone(),
            label_voxels_sha256,
        }
    }
}

/// Durations as seconds, to the millisecond.
pub fn seconds(stages: &BTreeMap<&'static str, Duration>) -> BTreeMap<&'static str, f64> {
    stages.iter().map(|(name, time)| (*name, (time.as_secs_f64() * 1000.0).round() / 1000.0)).collect()
}

/// sha256 of voxels in their own type, little-endian, in array order.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub fn voxels_sha256<T: Sample>(voxels: &ArrayBase<impl Data<Elem = T>, Ix3>, cancel: &CancelToken) -> Result<String> {
    let (mut hash, mut bytes) = (Sha256::new(), Vec::new());
    for slice in voxels.outer_iter() {
        cancel.check()?;
        T::put(slice, &mut bytes);
        hash.update(&bytes);
    }
    Ok(hash.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

/// sha256 of a mask's voxels, 1 or 0, uint8, in array order.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub fn mask_sha256(mask: &Array3<bool>, cancel: &CancelToken) -> Result<String> {
    let (mut hash, mut bytes) = (Sha256::new(), Vec::new());
    for slice in mask.outer_iter() {
        cancel.check()?;
        bytes.clear();
        bytes.extend(slice.iter().copied().map(u8::from));
        hash.update(&bytes);
    }
    Ok(hash.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

/// Largest resident memory of this process so far in MiB.
pub fn peak_memory_mib() -> Option<f64> {
    platform::peak_memory_bytes().map(|bytes| bytes as f64 / (1 << 20) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voxels_sha256_ends_when_it_is_cancelled() {
        let (voxels, token) = (Array3::<f32>::zeros((2, 2, 2)), CancelToken::new());
        assert_eq!(voxels_sha256(&voxels, &token).unwrap().len(), 64);
        token.cancel();
        assert_eq!(voxels_sha256(&voxels, &token).unwrap_err().name(), "E_CANCELLED");
    }

    #[test]
    fn mask_sha256_is_that_of_its_voxels_as_bytes() {
        let mask = Array3::from_shape_fn((2, 3, 4), |(k, j, i)| (k + j + i) % 3 == 0);
        let token = CancelToken::new();
        assert_eq!(mask_sha256(&mask, &token).unwrap(), voxels_sha256(&mask.mapv(u8::from), &token).unwrap());
    }
}
