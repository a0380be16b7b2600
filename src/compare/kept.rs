//! A folder of results as a comparison needs it: `run.json`, `nodules.json`, the label map and the probability map.
//!
//! It holds no CT and no lungs, so registration needs the CT beside it; `run.json` tells by sha256 whether it is the right one.

use std::{collections::BTreeMap, fs, path::Path};

use ndarray::Array3;
use serde::{Deserialize, de::DeserializeOwned};

use super::scan::{Finding, MadeBy};
use crate::{
    error::{Error, Result},
    report::outputs::{LABEL, MANIFEST, NODULES_JSON, PROBABILITY},
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
    /// True where nodules were searched everywhere in the CT.
    pub searched_everywhere: bool,
    /// Nodules and micronodules.
    pub findings: Vec<Finding>,
    /// Names of what the result can't be trusted for.
    pub warnings: Vec<String>,
}

#[derive(Deserialize)]
struct Run {
    model: RunModel,
    input: RunInput,
    #[serde(default)]
    warnings: Vec<RunWarning>,
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
struct RunWarning {
    name: String,
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
}

#[derive(Deserialize)]
struct KeptMicronodule {
    centroid_ijk: [f64; 3],
    centroid_ras: [f64; 3],
    equivalent_diameter_mm: f64,
    class: String,
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
        let searched_everywhere = match run.options.lung_mask.as_str() {
            "auto" => false,
            "off" => true,
            mask => {
                return Err(Error::Option {
                    option: "lung-mask",
                    got: format!("{mask} in {}", folder.display()),
                    expected: "a result that was searched with auto or off: where a mask lay isn't kept".into(),
                });
            }
        };
        let Some(format) = &run.options.format else {
            return Err(Error::Option {
                option: "format",
                got: format!("none in {}", folder.display()),
                expected: "a result that was written with its volumes".into(),
            });
        };
        let wrong = nodules.iter().find(|nodule| nodule.sample_volumes_mm3.len() != run.options.samples);
        if let Some(KeptNodule { id, sample_volumes_mm3, .. }) = wrong {
            let (got, expected) = (sample_volumes_mm3.len(), run.options.samples);
            let reason = format!("nodule {id} has {got} sample volumes; expected {expected}, as run.json says");
            return Err(Error::read(&folder.join(NODULES_JSON.file()), reason, "Segment the CT again"));
        }
        let nodules = nodules.into_iter().map(KeptNodule::finding);
        let micronodules = run.result.micronodules.into_iter().map(KeptMicronodule::finding);
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
            searched_everywhere,
            findings: nodules.chain(micronodules).collect(),
            warnings: run.warnings.into_iter().map(|warning| warning.name).collect(),
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

/// How far a volume may be off that of its voxels, as a share: rounding.
const VOLUME_OFF: f64 = 1e-3;

impl Kept {
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
            Err(Error::read(path, reason, "Segment the CT again: a result that was edited can't be compared"))
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
            volume_mm3: std::f64::consts::PI / 6.0 * self.equivalent_diameter_mm.powi(3),
            volume_mm3_p05: None,
            volume_mm3_p95: None,
            equivalent_diameter_mm: self.equivalent_diameter_mm,
            sample_volumes_mm3: Vec::new(),
            review: false,
            review_reasons: Vec::new(),
            class: self.class,
        }
    }
}

fn parsed<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let remedy = "Name a folder of results of this version of sam2lung, or the CT itself";
    let text = fs::read_to_string(path).map_err(|e| Error::read(path, e, remedy))?;
    serde_json::from_str(&text).map_err(|e| Error::read(path, e, remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_labels_refuses_outlines_that_are_not_those_that_were_measured() {
        let made_by = MadeBy {
            model: String::new(),
            sha256: BTreeMap::new(),
            seed: 0,
            samples: 0,
            sample_sources: Vec::new(),
            threshold: 0.5,
        };
        let kept = Kept {
            made_by,
            voxels_sha256: String::new(),
            label_file: String::new(),
            probability_file: String::new(),
            searched_everywhere: false,
            findings: vec![Finding { volume_mm3: 6.0, ..Finding::at(Some(1), [0.0; 3]) }],
            warnings: Vec::new(),
        };
        let check = |row: [u16; 5]| {
            let labels = Array3::from_shape_vec((1, 1, 5), row.to_vec()).unwrap();
            kept.check_labels(&labels, 2.0, Path::new("label.nii.gz")).map_err(|e| e.to_string())
        };
        assert_eq!(check([0, 1, 1, 1, 0]), Ok(()));
        let fewer = check([0, 1, 1, 0, 0]).unwrap_err();
        assert!(fewer.contains("nodule 1 has 4.0 mm³ there, and 6.0 mm³ in nodules.json"), "{fewer}");
        assert!(check([2, 1, 1, 1, 0]).unwrap_err().contains("nodule 2 has 2.0 mm³ there, and 0.0 mm³"));
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
