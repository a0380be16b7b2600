//! One scan of a comparison: the CT, its lungs, what was found in it, and by what.

use std::collections::BTreeMap;

use ndarray::Array3;
use serde::{Deserialize, Serialize};

use super::{date, register::Lungs};
use crate::{
    contract::{bundle::Bundle, classes::Output},
    error::{Error, Result},
    findings::{nodule::Nodule, result::Segmentation, review::AT_EDGE},
    io::DicomSeries,
    networks::sampler,
    progress::Monitor,
    space::{
        grid::norm,
        orientation::Orientation,
        volume::{Voi, Volume},
    },
    steps::lungs::find_lungs,
    warning::Warning,
};

/// DICOM's Study Date and Patient ID (PS3.6).
const STUDY_DATE: u32 = 0x0008_0020;
const PATIENT_ID: u32 = 0x0010_0020;

/// What two runs have to have in common for their samples to be pairs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MadeBy {
    /// Name and version of the model.
    pub model: String,
    /// sha256 of `model.json` and of each graph.
    pub sha256: BTreeMap<String, String>,
    /// Seed of all that is random.
    pub seed: u64,
    /// Samples drawn.
    pub samples: usize,
    /// What makes samples differ.
    pub sample_sources: Vec<String>,
    /// Mean probability above which a voxel belongs to a nodule.
    pub threshold: f64,
}

impl MadeBy {
    /// Of a run of `bundle` with `seed`.
    pub fn of(bundle: &Bundle, seed: u64, found: &Segmentation) -> Self {
        let model = &bundle.model;
        let files = model.files().into_iter().chain([("model.json", bundle.contract_sha256.as_str())]);
        MadeBy {
            model: format!("{} {}", model.name, model.version),
            sha256: files.map(|(file, hash)| (file.to_owned(), hash.to_owned())).collect(),
            seed,
            samples: found.samples,
            sample_sources: sampler::sources(&model.segment, found.samples),
            threshold: found.threshold,
        }
    }

    /// Refuses a `prior` result whose samples are no pairs of these.
    ///
    /// # Errors
    /// [`Error::NotPaired`].
    pub fn check_prior(&self, prior: &Self) -> Result<()> {
        let differ = |what, got: String, expected: String| Err(Error::NotPaired { what, got, expected });
        if prior.model != self.model {
            return differ("model", prior.model.clone(), self.model.clone());
        }
        if prior.sha256 != self.sha256 {
            let file = self.sha256.iter().find(|(file, hash)| prior.sha256.get(*file) != Some(hash));
            let (file, expected) = file.map_or(("files", "others"), |(file, hash)| (file, hash));
            let got = prior.sha256.get(file).map_or("missing", String::as_str);
            return differ("model's sha256", format!("{got} ({file})"), expected.to_owned());
        }
        if prior.seed != self.seed {
            return differ("seed", prior.seed.to_string(), self.seed.to_string());
        }
        if prior.samples != self.samples {
            return differ("number of samples", prior.samples.to_string(), self.samples.to_string());
        }
        if prior.sample_sources != self.sample_sources {
            return differ("sources of samples", prior.sample_sources.join(", "), self.sample_sources.join(", "));
        }
        if prior.threshold != self.threshold {
            return differ("threshold", prior.threshold.to_string(), self.threshold.to_string());
        }
        Ok(())
    }
}

/// The refusal of a CT that was given twice, under these names.
pub fn same_ct(prior: &str, other: &str) -> Error {
    let got = format!("{prior}, the same CT as {other}");
    Error::Option { option: "PRIOR", got, expected: "another CT of the patient".into() }
}

/// A nodule or micronodule of one scan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Its number in that scan's label map; `null`: a micronodule.
    pub id: Option<u16>,
    /// Centre as column, row, slice of that CT, from 0.
    pub centroid_ijk: [f64; 3],
    /// The same place in RAS.
    pub centroid_ras: [f64; 3],
    /// Volume of the outline.
    pub volume_mm3: f64,
    /// Lower end of its interval in that scan; `null` where it isn't kept.
    pub volume_mm3_p05: Option<f64>,
    /// Upper end.
    pub volume_mm3_p95: Option<f64>,
    /// Diameter of the sphere of that volume.
    pub equivalent_diameter_mm: f64,
    /// Volume under each sample; empty where it isn't kept.
    #[serde(skip)]
    pub sample_volumes_mm3: Vec<f64>,
    /// Mean of the axial long and short axis; `null` where it isn't kept.
    pub mean_diameter_mm: Option<f64>,
    /// The same under each sample; empty where it isn't kept.
    #[serde(skip)]
    pub sample_mean_diameters_mm: Vec<f64>,
    /// Whether someone should look again.
    pub review: bool,
    /// Why.
    pub review_reasons: Vec<String>,
    /// Name of its class.
    pub class: String,
}

impl Finding {
    /// True where the image may cut it off: its volume isn't known.
    pub fn is_cut_off(&self) -> bool {
        self.review_reasons.iter().any(|reason| reason == AT_EDGE)
    }

    /// True for what is smaller than the smallest diameter that is shown.
    pub fn is_micronodule(&self) -> bool {
        self.id.is_none()
    }

    /// A nodule or, with `micronodule`, a micronodule of a run.
    pub fn of(nodule: &Nodule, micronodule: bool) -> Self {
        Finding {
            id: (!micronodule).then_some(nodule.id),
            centroid_ijk: nodule.centroid_ijk,
            centroid_ras: nodule.centroid_ras,
            volume_mm3: nodule.volume_mm3,
            volume_mm3_p05: Some(nodule.volume_mm3_p05),
            volume_mm3_p95: Some(nodule.volume_mm3_p95),
            equivalent_diameter_mm: nodule.equivalent_diameter_mm,
            sample_volumes_mm3: nodule.sample_volumes_mm3.clone(),
            mean_diameter_mm: Some(nodule.mean_diameter_mm).filter(|mm| mm.is_finite()),
            sample_mean_diameters_mm: nodule.sample_mean_diameters_mm.clone(),
            review: nodule.review,
            review_reasons: nodule.review_reasons.clone(),
            class: nodule.class.clone(),
        }
    }

    #[cfg(test)]
    pub(super) fn at(id: Option<u16>, centroid_ras: [f64; 3]) -> Self {
        let nodule = Nodule::unmeasured(id.unwrap_or(0), [[0.0; 3], centroid_ras], 100.0);
        Finding { volume_mm3_p05: None, volume_mm3_p95: None, ..Finding::of(&nodule, id.is_none()) }
    }
}

/// Refuses a model whose findings can't be paired: of several CTs, or of regions.
///
/// # Errors
/// [`Error::Option`].
pub fn check_model(bundle: &Bundle) -> Result<()> {
    let model = &bundle.model;
    if model.channels.len() == 1 && model.output != Output::Regions {
        return Ok(());
    }
    let got = format!("{} {}", model.name, model.version);
    let expected = "a model that takes one CT and finds instances".into();
    Err(Error::Option { option: "model", got, expected })
}

/// Whether nodules were searched everywhere in the CT, by what the record says of the lung mask: auto, off, or a mask.
///
/// # Errors
/// [`Error::Option`] for a mask, which isn't kept.
pub fn searched_everywhere(lung_mask: &str, result: &str) -> Result<bool> {
    match lung_mask {
        "auto" => Ok(false),
        "off" => Ok(true),
        mask => Err(Error::Option {
            option: "lung-mask",
            got: format!("{mask} in {result}"),
            expected: "a result that was searched with auto or off: where a mask lay isn't kept".into(),
        }),
    }
}

/// A warning as a result tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarningRecord {
    /// Its name, `W_…`.
    pub name: String,
    /// What is so, and what follows from it.
    pub text: String,
}

impl WarningRecord {
    /// A warning of this run.
    pub fn of(warning: &Warning) -> Self {
        WarningRecord { name: warning.name().to_owned(), text: warning.to_string() }
    }
}

/// A CT and what was found in it. Arrays lie in canonical orientation.
#[derive(Debug, Clone)]
pub struct Scan {
    /// Its name.
    pub name: String,
    /// When it was taken, `YYYY-MM-DD`; `None`: unknown.
    pub date: Option<String>,
    /// The patient's ID, to be compared and never written; `None`: unknown.
    pub patient: Option<String>,
    /// By what its findings were made.
    pub made_by: MadeBy,
    /// HU.
    pub ct: Volume<f32>,
    /// Nodule numbers, 0 elsewhere.
    pub labels: Array3<u16>,
    /// Mean probability of a nodule over the samples.
    pub probability: Array3<f32>,
    /// The lungs, in which nodules are searched.
    pub lungs: Array3<bool>,
    /// True where nodules were searched everywhere in the CT.
    pub searched_everywhere: bool,
    /// Nodules and micronodules.
    pub findings: Vec<Finding>,
    /// What its result can't be trusted for.
    pub warnings: Vec<WarningRecord>,
}

/// What is known of a scan beside its arrays.
#[derive(Debug, Clone)]
pub struct About {
    /// As [`Scan::name`].
    pub name: String,
    /// As [`Scan::date`].
    pub date: Option<String>,
    /// As [`Scan::patient`].
    pub patient: Option<String>,
    /// As [`Scan::made_by`].
    pub made_by: MadeBy,
}

impl About {
    /// Of a CT that was read from this series, where it is DICOM.
    pub fn of(name: String, series: Option<&DicomSeries>, made_by: MadeBy) -> Self {
        let text = |tag: u32| {
            let bytes = series?.kept.get(&tag)?;
            let text = String::from_utf8_lossy(bytes).trim_matches(['\0', ' ']).to_owned();
            (!text.is_empty()).then_some(text)
        };
        About {
            name,
            date: text(STUDY_DATE).and_then(|date| date::of_dicom(&date)),
            patient: text(PATIENT_ID),
            made_by,
        }
    }
}

impl Scan {
    /// Of a run that searched the lungs, or everywhere in the CT.
    ///
    /// # Errors
    /// [`Error::NoLung`], [`Error::OutOfMemory`] or [`Error::Cancelled`].
    pub fn of_run(
        about: About,
        found: Segmentation,
        searched_everywhere: bool,
        monitor: &mut Monitor<'_>,
    ) -> Result<Self> {
        let nodules = found.nodules.iter().map(|nodule| Finding::of(nodule, false));
        let micronodules = found.micronodules.iter().map(|nodule| Finding::of(nodule, true));
        let findings = nodules.chain(micronodules).collect();
        let warnings = found.warnings.iter().map(WarningRecord::of).collect();
        let (ct, labels, probability) = found
            .into_canonical()
            .ok_or_else(|| Error::Internal { what: "the result no longer holds its CT".into() })?;
        let lungs = find_lungs(&ct, monitor)?.search;
        Ok(Scan {
            name: about.name,
            date: about.date,
            patient: about.patient,
            made_by: about.made_by,
            ct,
            labels,
            probability,
            lungs,
            searched_everywhere,
            findings,
            warnings,
        })
    }

    /// Of a result that was kept: `ct` (HU), labels and probability on its own grid, in whatever orientation.
    ///
    /// # Errors
    /// As [`Scan::of_run`].
    pub fn of_kept(
        about: About,
        (ct, labels, probability): (Volume<f32>, Array3<u16>, Array3<f32>),
        kept: super::kept::Kept,
        monitor: &mut Monitor<'_>,
    ) -> Result<Self> {
        let (orientation, cancel) = (Orientation::of(&ct.grid), monitor.cancel_token().clone());
        let ct = orientation.to_canonical(ct, &cancel)?;
        let labels = orientation.array_to_canonical(labels, &cancel)?;
        let probability = orientation.array_to_canonical(probability, &cancel)?;
        let lungs = find_lungs(&ct, monitor)?.search;
        Ok(Scan {
            name: about.name,
            date: about.date,
            patient: about.patient,
            made_by: about.made_by,
            ct,
            labels,
            probability,
            lungs,
            searched_everywhere: kept.searched_everywhere,
            findings: kept.findings,
            warnings: kept.warnings,
        })
    }

    /// The highest mean probability of a nodule within `reach_mm` of a place; `None` where the CT doesn't show it.
    pub fn probability_near(&self, ras: [f64; 3], reach_mm: f64) -> Option<f64> {
        let grid = &self.ct.grid;
        let near = grid.ijk(ras).map(f64::round);
        if (0..3).any(|axis| near[axis] < 0.0 || near[axis] >= grid.dims[axis] as f64) {
            return None;
        }
        let around = Voi::voxel(near.map(|index| index as usize)).grown(grid.steps(reach_mm), grid.dims);
        let within = |index: &[usize; 3]| {
            let place = grid.ras([index[2], index[1], index[0]].map(|index| index as f64));
            norm(std::array::from_fn(|axis| place[axis] - ras[axis])) <= reach_mm
        };
        Some(around.indices().filter(within).map(|index| f64::from(self.probability[index])).fold(0.0, f64::max))
    }

    /// Refuses a `prior` that is this very CT: that nothing changed would say nothing.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn check_other_ct(&self, prior: &Self) -> Result<()> {
        let (own, other) = (&self.ct.voxels, &prior.ct.voxels);
        let same = own.dim() == other.dim() && own.iter().zip(other).all(|(a, b)| a.to_bits() == b.to_bits());
        if !same {
            return Ok(());
        }
        Err(same_ct(&prior.name, &self.name))
    }

    /// What is registered.
    pub fn as_lungs(&self) -> Lungs<'_> {
        Lungs { ct: &self.ct, mask: &self.lungs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_by_tells_by_name_what_differs() {
        let own = MadeBy {
            model: "tiny 1".into(),
            sha256: BTreeMap::from([("model.json".into(), "aa".into())]),
            seed: 3,
            samples: 5,
            sample_sources: vec!["dropout".into()],
            threshold: 0.5,
        };
        assert!(own.check_prior(&own.clone()).is_ok());
        for (prior, says) in [
            (MadeBy { model: "other 2".into(), ..own.clone() }, "model of the prior result is other 2"),
            (MadeBy { sha256: BTreeMap::new(), ..own.clone() }, "sha256 of the prior result is missing (model.json)"),
            (MadeBy { seed: 4, ..own.clone() }, "seed of the prior result is 4; expected that of the current one, 3"),
            (MadeBy { samples: 4, ..own.clone() }, "number of samples of the prior result is 4"),
            (MadeBy { threshold: 0.4, ..own.clone() }, "threshold of the prior result is 0.4"),
        ] {
            let refused = own.check_prior(&prior).unwrap_err();
            assert_eq!(refused.name(), "E_NOT_PAIRED");
            assert!(refused.to_string().contains(says), "{refused}");
        }
    }
}
