//! A folder of results as a comparison needs it: `run.json`, `nodules.json`, the label map and the probability map.
//!
//! It holds no CT and no lungs, so registration needs the CT beside it; `run.json` tells by sha256 whether it is the right one.

use std::{collections::BTreeMap, fs, path::Path};

use ndarray::Array3;
use serde::{Deserialize, de::DeserializeOwned};

use super::scan::{self, Finding, MadeBy, WarningRecord};
use crate::{
    error::{Error, Result},
    io::{self, ReadOptions},
    memory,
    progress::{CancelToken, Monitor},
    report::{
        manifest::voxels_sha256,
        outputs::{LABEL, MANIFEST, NODULES_JSON, PROBABILITY},
    },
    space::grid::Grid,
};

/// What a folder of results says.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// By what it was made.
    pub made_by: MadeBy,
    /// sha256 of the CT's voxels.
    pub voxels_sha256: String,
    /// File name of the label map.
    pub label_file: String,
    /// File name of the probability map.
    pub probability_file: String,
    /// sha256 of the label map's voxels as they were written, uint16, i fastest; older results don't have it.
    pub label_voxels_sha256: Option<String>,
    /// True where nodules were searched everywhere in the CT.
    pub searched_everywhere: bool,
    /// Nodules and micronodules.
    pub findings: Vec<Finding>,
    /// What the result can't be trusted for.
    pub warnings: Vec<WarningRecord>,
}

#[derive(Deserialize)]
struct Run {
    model: RunModel,
    input: RunInput,
    #[serde(default)]
    warnings: Vec<WarningRecord>,
    options: RunOptions,
    result: RunResult,
}

#[derive(Deserialize)]
struct RunModel {
    name: String,
    version: String,
    sha256: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct RunInput {
    voxels_sha256: String,
}

#[derive(Deserialize)]
struct RunOptions {
    samples: usize,
    sample_sources: Vec<String>,
    seed: u64,
    threshold: f64,
    lung_mask: String,
    /// `None`: no volume was written.
    format: Option<String>,
}

#[derive(Deserialize)]
struct RunResult {
    #[serde(default)]
    micronodules: Vec<KeptMicronodule>,
    label_voxels_sha256: Option<String>,
}

#[derive(Deserialize)]
struct KeptMicronodule {
    centroid_ijk: [f64; 3],
    centroid_ras: [f64; 3],
    equivalent_diameter_mm: f64,
    class: String,
    // What follows older results don't have.
    volume_mm3: Option<f64>,
    volume_mm3_p05: Option<f64>,
    volume_mm3_p95: Option<f64>,
    #[serde(default)]
    sample_volumes_mm3: Vec<f64>,
    mean_diameter_mm: Option<f64>,
    #[serde(default)]
    sample_mean_diameters_mm: Vec<f64>,
    #[serde(default)]
    review: bool,
    #[serde(default)]
    review_reasons: Vec<String>,
}

#[derive(Deserialize)]
struct KeptNodule {
    id: u16,
    centroid_ijk: [f64; 3],
    centroid_ras: [f64; 3],
    volume_mm3: f64,
    volume_mm3_p05: f64,
    volume_mm3_p95: f64,
    equivalent_diameter_mm: f64,
    review: bool,
    review_reasons: Vec<String>,
    class: String,
    sample_volumes_mm3: Vec<f64>,
    // Older results don't have these.
    mean_diameter_mm: Option<f64>,
    #[serde(default)]
    sample_mean_diameters_mm: Vec<f64>,
}

impl Kept {
    /// True where `folder` is one of results.
    pub fn is_in(folder: &Path) -> bool {
        folder.join(MANIFEST.file()).is_file()
    }

    /// Reads `folder`.
    ///
    /// # Errors
    /// [`Error::Read`] where a file is missing, damaged or of an older version; [`Error::Option`] for a result that was searched
    /// in a mask, which isn't kept.
    pub fn read(folder: &Path) -> Result<Self> {
        let run: Run = parsed(&folder.join(MANIFEST.file()))?;
        let nodules: Vec<KeptNodule> = parsed(&folder.join(NODULES_JSON.file()))?;
        let searched_everywhere = scan::searched_everywhere(&run.options.lung_mask, &folder.display().to_string())?;
        let Some(format) = &run.options.format else {
            return Err(Error::Option {
                option: "format",
                got: format!("none in {}", folder.display()),
                expected: "a result that was written with its volumes".into(),
            });
        };
        let nodules = nodules.into_iter().map(KeptNodule::finding);
        let micronodules = run.result.micronodules.into_iter().map(KeptMicronodule::finding);
        let findings: Vec<Finding> = nodules.chain(micronodules).collect();
        check_samples(&findings, run.options.samples, folder)?;
        Ok(Kept {
            made_by: MadeBy {
                model: format!("{} {}", run.model.name, run.model.version),
                sha256: run.model.sha256,
                seed: run.options.seed,
                samples: run.options.samples,
                sample_sources: run.options.sample_sources,
                threshold: run.options.threshold,
            },
            voxels_sha256: run.input.voxels_sha256,
            label_file: LABEL.with("", format),
            probability_file: PROBABILITY.with("", format),
            label_voxels_sha256: run.result.label_voxels_sha256,
            searched_everywhere,
            findings,
            warnings: run.warnings,
        })
    }

    /// Refuses a CT that isn't the one that was segmented.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn check_ct(&self, ct: &Path, voxels_sha256: &str) -> Result<()> {
        if voxels_sha256 == self.voxels_sha256 {
            return Ok(());
        }
        Err(Error::Option {
            option: "ct",
            got: format!("{}, whose voxels have sha256 {voxels_sha256}", ct.display()),
            expected: format!("the CT that was segmented, with {}", self.voxels_sha256),
        })
    }
}

/// What to do about a label map that was edited.
const AS_WRITTEN: &str = "Put the label map back that was written, or segment the CT again: what is compared is measured on the \
                          outlines of the run. Keep corrected outlines under another name";
/// How far the voxels of a kept map may lie from its CT's, in voxels: a header's rounding.
const MAP_OFF_VOXELS: f64 = 0.2;
/// How far a volume may be off that of its voxels, as a share: rounding.
const VOLUME_OFF: f64 = 1e-3;

impl Kept {
    /// Label map and probability of `folder`, on the grid of its CT.
    ///
    /// # Errors
    /// As [`io::read_volume`]; [`Error::OutOfMemory`]; [`Error::Read`] for a map on another grid, and as
    /// [`Kept::check_labels`] and [`Kept::check_written`].
    pub fn maps(&self, folder: &Path, grid: &Grid, monitor: &mut Monitor<'_>) -> Result<(Array3<u16>, Array3<f32>)> {
        let numbers = map_of(&folder.join(&self.label_file), grid, monitor)?;
        memory::check_free(size_of::<u16>() * numbers.len(), "the labels of a folder of results")?;
        let labels = numbers.mapv(|number| number as u16);
        drop(numbers);
        let path = folder.join(&self.label_file);
        self.check_labels(&labels, grid.voxel_mm3(), &path)?;
        self.check_written(&labels, &path, monitor.cancel_token())?;
        Ok((labels, map_of(&folder.join(&self.probability_file), grid, monitor)?))
    }

    /// Refuses a label map, on a grid of such voxels, whose nodules aren't those of `nodules.json`: an outline was changed, and
    /// the samples' volumes no longer belong to it.
    ///
    /// # Errors
    /// [`Error::Read`] with `path`.
    pub fn check_labels(&self, labels: &Array3<u16>, voxel_mm3: f64, path: &Path) -> Result<()> {
        let mut counts: BTreeMap<u16, usize> = BTreeMap::new();
        labels.iter().filter(|id| **id > 0).for_each(|id| *counts.entry(*id).or_default() += 1);
        let refuse = |id: u16, got: f64, expected: f64| {
            let reason =
                format!("nodule {id} has {got:.1} mm³ there, and {expected:.1} mm³ in {}", NODULES_JSON.file());
            Err(Error::read(path, reason, AS_WRITTEN))
        };
        for finding in &self.findings {
            let Some(id) = finding.id else { continue };
            let got = counts.remove(&id).unwrap_or(0) as f64 * voxel_mm3;
            if (got - finding.volume_mm3).abs() > VOLUME_OFF * got {
                return refuse(id, got, finding.volume_mm3);
            }
        }
        counts.first_key_value().map_or(Ok(()), |(id, voxels)| refuse(*id, *voxels as f64 * voxel_mm3, 0.0))
    }

    /// Refuses a label map that isn't the one that was written, though each nodule has as many voxels. A correction by a reader is
    /// refused as well: volumes, diameters and samples that are compared would be those of the outlines of before, beside pictures
    /// of the corrected ones.
    ///
    /// # Errors
    /// [`Error::Read`] with `path`, [`Error::Cancelled`].
    pub fn check_written(&self, labels: &Array3<u16>, path: &Path, cancel: &CancelToken) -> Result<()> {
        let Some(expected) = &self.label_voxels_sha256 else { return Ok(()) };
        let got = voxels_sha256(labels, cancel)?;
        if got == *expected {
            return Ok(());
        }
        let reason =
            format!("its voxels have sha256 {got}, and {expected} in {}: outlines were edited", MANIFEST.file());
        Err(Error::read(path, reason, AS_WRITTEN))
    }
}

/// A map of a folder of results, on the grid of its CT.
fn map_of(path: &Path, grid: &Grid, monitor: &mut Monitor<'_>) -> Result<Array3<f32>> {
    let map = io::read_volume(path, ReadOptions::default(), monitor)?.volume;
    if map.grid.voxels_off(grid).is_none_or(|off| off > MAP_OFF_VOXELS) {
        let got = format!("a map of {:?} voxels on another grid than its CT", map.grid.dims);
        return Err(Error::read(path, got, "Segment the CT again"));
    }
    Ok(map.voxels)
}

impl KeptNodule {
    fn finding(self) -> Finding {
        Finding {
            id: Some(self.id),
            centroid_ijk: self.centroid_ijk,
            centroid_ras: self.centroid_ras,
            volume_mm3: self.volume_mm3,
            volume_mm3_p05: Some(self.volume_mm3_p05),
            volume_mm3_p95: Some(self.volume_mm3_p95),
            equivalent_diameter_mm: self.equivalent_diameter_mm,
            sample_volumes_mm3: self.sample_volumes_mm3,
            mean_diameter_mm: self.mean_diameter_mm,
            sample_mean_diameters_mm: self.sample_mean_diameters_mm,
            review: self.review,
            review_reasons: self.review_reasons,
            class: self.class,
        }
    }
}

impl KeptMicronodule {
    fn finding(self) -> Finding {
        Finding {
            id: None,
            centroid_ijk: self.centroid_ijk,
            centroid_ras: self.centroid_ras,
            volume_mm3: self
                .volume_mm3
                .unwrap_or_else(|| std::f64::consts::PI / 6.0 * self.equivalent_diameter_mm.powi(3)),
            volume_mm3_p05: self.volume_mm3_p05,
            volume_mm3_p95: self.volume_mm3_p95,
            equivalent_diameter_mm: self.equivalent_diameter_mm,
            sample_volumes_mm3: self.sample_volumes_mm3,
            mean_diameter_mm: self.mean_diameter_mm,
            sample_mean_diameters_mm: self.sample_mean_diameters_mm,
            review: self.review,
            review_reasons: self.review_reasons,
            class: self.class,
        }
    }
}

/// Refuses findings with another number of samples than were drawn; of older results a micronodule has none, and nothing has mean
/// diameters.
fn check_samples(findings: &[Finding], samples: usize, folder: &Path) -> Result<()> {
    for finding in findings {
        let (which, file) = match finding.id {
            Some(id) => (format!("nodule {id}"), NODULES_JSON),
            None => ("a micronodule".to_owned(), MANIFEST),
        };
        let volumes = (finding.sample_volumes_mm3.len(), "volumes", finding.is_micronodule());
        let diameters = (finding.sample_mean_diameters_mm.len(), "mean diameters", true);
        let is_wrong = |(got, _, may_lack): &(usize, &str, bool)| *got != samples && !(*may_lack && *got == 0);
        if let Some((got, what, _)) = [volumes, diameters].into_iter().find(is_wrong) {
            let reason = format!("{which} has {got} sample {what}; expected {samples}, as run.json says");
            return Err(Error::read(&folder.join(file.file()), reason, "Segment the CT again"));
        }
    }
    Ok(())
}

fn parsed<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let remedy = "Name a folder of results of this version of sam2lung, or the CT itself";
    let text = fs::read_to_string(path).map_err(|e| Error::read(path, e, remedy))?;
    serde_json::from_str(&text).map_err(|e| Error::read(path, e, remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> Kept {
        let made_by = MadeBy {
            model: String::new(),
            sha256: BTreeMap::new(),
            seed: 0,
            samples: 0,
            sample_sources: Vec::new(),
            threshold: 0.5,
        };
        Kept {
            made_by,
            voxels_sha256: String::new(),
            label_file: String::new(),
            probability_file: String::new(),
            label_voxels_sha256: None,
            searched_everywhere: false,
            findings: vec![Finding { volume_mm3: 6.0, ..Finding::at(Some(1), [0.0; 3]) }],
            warnings: Vec::new(),
        }
    }

    fn row(row: [u16; 5]) -> Array3<u16> {
        Array3::from_shape_vec((1, 1, 5), row.to_vec()).unwrap()
    }

    #[test]
    fn check_labels_refuses_outlines_that_are_not_those_that_were_measured() {
        let check = |labels: [u16; 5]| {
            kept().check_labels(&row(labels), 2.0, Path::new("label.nii.gz")).map_err(|e| e.to_string())
        };
        assert_eq!(check([0, 1, 1, 1, 0]), Ok(()));
        let fewer = check([0, 1, 1, 0, 0]).unwrap_err();
        assert!(fewer.contains("nodule 1 has 4.0 mm³ there, and 6.0 mm³ in nodules.json"), "{fewer}");
        assert!(check([2, 1, 1, 1, 0]).unwrap_err().contains("nodule 2 has 2.0 mm³ there, and 0.0 mm³"));
    }

    #[test]
    fn check_written_refuses_outlines_that_moved_and_keep_their_volumes() {
        let path = Path::new("label.nii.gz");
        let told = |kept: &Kept, labels: [u16; 5]| {
            kept.check_labels(&row(labels), 2.0, path).unwrap();
            kept.check_written(&row(labels), path, &CancelToken::new()).map_err(|e| format!("{}: {e}", e.name()))
        };
        let (written, moved) = ([0, 1, 1, 1, 0], [1, 1, 1, 0, 0]);
        let hash = voxels_sha256(&row(written), &CancelToken::new()).unwrap();
        let known = Kept { label_voxels_sha256: Some(hash.clone()), ..kept() };
        assert_eq!(told(&known, written), Ok(()));
        assert_eq!(told(&kept(), moved), Ok(()), "an older result doesn't tell");
        let text = told(&known, moved).unwrap_err();
        let says = ["E_READ: ", &format!("and {hash} in run.json"), "Put the label map back that was written"];
        assert!(says.iter().all(|part| text.contains(part)), "{text}");
    }

    #[test]
    fn check_samples_lets_a_micronodule_of_an_older_result_have_none_and_all_have_no_mean_diameters() {
        let with = |id: Option<u16>, samples: usize, diameters: usize| {
            let finding = Finding {
                sample_volumes_mm3: vec![1.0; samples],
                sample_mean_diameters_mm: vec![1.0; diameters],
                ..Finding::at(id, [0.0; 3])
            };
            check_samples(&[finding], 3, Path::new("out")).map_err(|e| e.to_string())
        };
        let taken = [with(Some(1), 3, 3), with(Some(1), 3, 0), with(None, 3, 3), with(None, 0, 0)];
        assert_eq!(taken, [Ok(()), Ok(()), Ok(()), Ok(())]);
        let refused = with(Some(1), 0, 0).unwrap_err();
        assert!(refused.contains("nodules.json: nodule 1 has 0 sample volumes; expected 3"), "{refused}");
        assert!(with(None, 2, 0).unwrap_err().contains("run.json: a micronodule has 2 sample volumes"));
        assert!(with(Some(1), 3, 2).unwrap_err().contains("nodule 1 has 2 sample mean diameters; expected 3"));
    }

    #[test]
    fn kept_folder_that_is_damaged_is_refused_by_its_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!Kept::is_in(folder.path()));
        fs::write(folder.path().join("run.json"), "{}").unwrap();
        assert!(Kept::is_in(folder.path()));
        let refused = Kept::read(folder.path()).unwrap_err();
        assert_eq!(refused.name(), "E_READ");
        assert!(refused.to_string().contains("run.json: missing field"), "{refused}");
    }
}
