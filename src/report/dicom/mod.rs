//! A result as DICOM objects: outlines and maps as SEG, measures as SR (TID 1500), the picture as secondary capture.
//!
//! Enters: what was found, the bundle, and the DICOM series that the CT was read from. Leaves: files whose patient, study and
//! frame of reference are those of the CT, and what to write of them into `run.json`. Their UIDs are made from all that they are
//! made of: the same run gives the same bytes. Not known here: files of a CT, networks, and how a result came about.

mod algorithm;
mod capture;
mod codes;
mod content;
mod data_set;
mod document;
mod frames;
mod group;
#[cfg(test)]
pub(crate) mod made;
mod modules;
mod segmentation;
mod segments;
mod uids;

use std::{collections::BTreeSet, path::Path};

use serde::Serialize;

use self::{capture::CAPTURE, data_set::DataSet, document::REPORT, modules::Kind, segments::segments, uids::RunHash};
use crate::{
    VERSION,
    contract::{bundle::Bundle, model::Model},
    error::{Error, Result},
    findings::{reading::Readings, result::Segmentation},
    io::DicomSeries,
    progress::CancelToken,
    report::{
        manifest::{ModelRecord, voxels_sha256},
        overview::OverviewTitle,
        tables,
    },
    space::{orientation::Orientation, volume::Volume},
};

/// Changes when objects of the same result are written in another way: they are other objects then.
const WRITER: &str = "1";

/// What is known of a run whose result is to be written.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// The series that was read; see [`check`].
    pub source: &'a DicomSeries,
    /// What was found, with the CT that it was found in.
    pub found: &'a Segmentation,
    /// The bundle.
    pub bundle: &'a Bundle,
    /// Its contract under the run's options.
    pub model: &'a Model,
    /// Seed of what is random.
    pub seed: u64,
    /// Name of the device that was used.
    pub device: &'a str,
    /// Build of ONNX Runtime.
    pub runtime: &'a str,
    /// sha256 of the CT's voxels.
    pub voxels_sha256: &'a str,
    /// What a reader says of the nodules: what was rejected is no finding of any object.
    pub readings: &'a Readings,
    /// What the picture's head says; the input's name is left out.
    pub title: &'a OverviewTitle,
}

/// A file that was written, for the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DicomFile {
    /// Its name.
    pub file: String,
    /// UID of its class.
    pub sop_class_uid: &'static str,
    /// UID of its series.
    pub series_instance_uid: String,
    /// Its own UID.
    pub sop_instance_uid: String,
}

/// A run, and the hash of all that is written of it.
struct Objects<'a> {
    of: Run<'a>,
    hash: RunHash,
}

impl Objects<'_> {
    /// That of the CT; where it has none, one of our own, made from the UID of its series alone: all results of the series lie in
    /// one frame.
    fn frame_of_reference(&self) -> String {
        let source = self.of.source;
        if has_frame_of_reference(source) {
            return source.frame_of_reference.clone();
        }
        RunHash::of([source.series.as_bytes()]).uid("frame of reference")
    }
}

/// Whether a series names its frame of reference; else its objects get one of their own, for which there is
/// [`Warning::NoFrameOfReference`](crate::warning::Warning::NoFrameOfReference).
pub fn has_frame_of_reference(source: &DicomSeries) -> bool {
    is_uid(&source.frame_of_reference)
}

/// The series that objects can be written beside: one whose study, series and images can be named.
///
/// # Errors
/// [`Error::Option`] for a CT that isn't DICOM, [`Error::Read`] for one whose identifiers are missing or no identifiers.
pub fn check<'a>(source: Option<&'a DicomSeries>, path: &Path) -> Result<&'a DicomSeries> {
    let source = source.ok_or_else(|| not_dicom(path))?;
    let images: BTreeSet<_> = source.images.iter().map(|image| (image.sop_instance.as_str(), image.frame)).collect();
    let named = [("study", &source.study), ("series", &source.series)];
    let own = named.into_iter().find(|(_, uid)| !is_uid(uid)).map(|(what, _)| format!("its {what} has no UID"));
    let of_images = source.images.iter().any(|image| !is_uid(&image.sop_instance) || !is_uid(&image.sop_class));
    let fault = own
        .or_else(|| of_images.then(|| "an image has no UID, or its class has none".into()))
        .or_else(|| (images.len() < source.images.len()).then(|| "two images have the same UID".into()));
    fault.map_or(Ok(source), |fault| {
        let remedy = "Export the series again, or leave --dicom out: its objects refer to study, series and images";
        Err(Error::read(path, fault, remedy))
    })
}

/// How far the grid of a series may lie from that of its CT in another program, in voxels: rounding of positions.
const GRID_OFF_VOXELS: f64 = 0.2;
/// Voxels below are air, or padding that programs replace each in their own way: they aren't compared.
const COMPARED_ABOVE_HU: f32 = -900.0;
/// How far two values of one voxel may differ, in HU: programs round a rescale's result to whole HU.
const SAME_HU: f32 = 1.0;
/// Share of the compared voxels that may differ: none of the same series does but for padding within the body's box, such as a
/// table's edge; of two scans of one patient most do.
const DIFFERENT_SHARE: f64 = 0.01;

/// Refuses a series that isn't the CT of a result, which another program holds: on another grid (its axes may be exchanged or
/// reversed), or with other values. Objects of one patient would go into another one's study.
///
/// # Errors
/// [`Error::Option`] with `what`; [`Error::OutOfMemory`] or [`Error::Cancelled`].
pub fn check_same_ct(
    what: &'static str,
    found: &Segmentation,
    series: Volume<f32>,
    cancel: &CancelToken,
) -> Result<()> {
    let refuse = |got: String| {
        let expected = "the DICOM series that the result's CT was read from".into();
        Err(Error::Option { option: what, got, expected })
    };
    let own = found.canonical().ok_or_else(|| Error::Internal { what: "the result no longer holds the CT".into() })?;
    let off = found.voxels_off(&series.grid);
    if !off.is_some_and(|off| off <= GRID_OFF_VOXELS) {
        let off = off.map_or_else(
            || format!("of {:?} voxels, where the CT has {:?}", series.grid.dims, found.native().labels.grid.dims),
            |off| format!("{off:.2} voxels off"),
        );
        return refuse(format!("a series whose images lie elsewhere: {off}"));
    }
    let series = Orientation::of(&series.grid).to_canonical(series, cancel)?;
    let (mut compared, mut different) = (0usize, 0usize);
    for (own, other) in own.ct.voxels.outer_iter().zip(series.voxels.outer_iter()) {
        cancel.check()?;
        for (a, b) in own.iter().zip(other) {
            let counts = a.max(*b) > COMPARED_ABOVE_HU;
            compared += usize::from(counts);
            different += usize::from(counts && (a - b).abs() > SAME_HU);
        }
    }
    if different as f64 <= DIFFERENT_SHARE * compared as f64 {
        return Ok(());
    }
    refuse(format!("a series with other values in {:.0} % of the voxels", 100.0 * different as f64 / compared as f64))
}

/// The refusal of an input that isn't DICOM.
pub fn not_dicom(path: &Path) -> Error {
    let got = format!("given with {}, which is not a DICOM series", path.display());
    Error::Option {
        option: "dicom",
        got,
        expected: "DICOM folders as inputs: patient and study are taken from them".into(),
    }
}

/// PS3.5 9.1.
fn is_uid(text: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    text.len() <= 64 && text.contains('.') && text.split('.').all(is_part)
}

/// Writes all objects into `folder`. Outlines only where something was found: a segmentation has a segment at least.
///
/// # Errors
/// [`Error::Write`], [`Error::OutOfMemory`], [`Error::Cancelled`].
pub fn write(folder: &Path, run: Run<'_>, cancel: &CancelToken) -> Result<Vec<DicomFile>> {
    let objects = &Objects { of: run, hash: hash(&run, cancel)? };
    let segments = segments(&run, &objects.hash);
    let mut files = Vec::new();
    let mut put = |kind: Kind, file: String, thing: &str, set: DataSet| {
        cancel.check()?;
        set.write(&folder.join(&file))?;
        files.push(DicomFile {
            file,
            sop_class_uid: kind.sop_class,
            series_instance_uid: modules::series_uid(objects, kind),
            sop_instance_uid: objects.hash.uid(thing),
        });
        Ok::<(), Error>(())
    };
    let mut put_one = |kind: Kind, set: DataSet| put(kind, kind.output.file(), &kind.output.file(), set);
    if !segments.is_empty() {
        put_one(segmentation::OUTLINES, segmentation::of_outlines(objects, &segments, cancel)?)?;
    }
    put_one(segmentation::PROBABILITY, segmentation::of_probability(objects, cancel)?)?;
    put_one(segmentation::UNCERTAINTY, segmentation::of_uncertainty(objects, cancel)?)?;
    put_one(REPORT, document::of(objects, &segments))?;
    for (file, thing, set) in capture::of(objects, cancel)? {
        put(CAPTURE, file, &thing, set)?;
    }
    Ok(files)
}

/// The hash of all that objects are made of: what was read, with what it was run, and what was found.
fn hash(run: &Run<'_>, cancel: &CancelToken) -> Result<RunHash> {
    let Run { source, found, .. } = run;
    let maps = found.canonical().ok_or_else(|| Error::Internal { what: "the result no longer holds the CT".into() })?;
    let maps = [
        voxels_sha256(maps.labels, cancel)?,
        voxels_sha256(maps.probability, cancel)?,
        voxels_sha256(maps.uncertainty, cancel)?,
    ];
    let model = serde_json::to_string(&ModelRecord::of(run.bundle).sha256).expect("texts");
    let told = [
        WRITER.to_owned(),
        VERSION.to_owned(),
        run.runtime.to_owned(),
        run.device.to_owned(),
        run.seed.to_string(),
        found.samples.to_string(),
        found.threshold.to_string(),
        found.min_diameter_mm.to_string(),
        found.micronodules.len().to_string(),
        found.uncertainty.name().to_owned(),
        found.volume_interval.meaning(),
        run.voxels_sha256.to_owned(),
        model,
        tables::json_read(&found.nodules, run.readings, &found.warnings),
        found.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        source.study.clone(),
        source.series.clone(),
        source.frame_of_reference.clone(),
        source.images.iter().map(|image| format!("{image:?}")).collect(),
        format!("{:?} {:?}", source.orientation, source.pixel_mm),
    ];
    let told = told.iter().chain(&maps).map(|text| text.as_bytes());
    Ok(RunHash::of(told.chain(source.kept.values().map(Vec::as_slice))))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::io::DicomImage;

    fn series() -> DicomSeries {
        let image = |n: usize| DicomImage {
            sop_class: "1.2.840.10008.5.1.4.1.1.2".into(),
            sop_instance: format!("1.2.{n}"),
            frame: None,
            instance_number: Some(n as i64),
            position_mm: [0.0, 0.0, n as f64],
        };
        DicomSeries {
            kept: BTreeMap::new(),
            study: "1.2.3".into(),
            series: "1.2.4".into(),
            frame_of_reference: String::new(),
            orientation: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
            pixel_mm: [1.0; 2],
            images: vec![image(1), image(2)],
        }
    }

    #[test]
    fn check_refuses_what_objects_can_t_refer_to() {
        let path = Path::new("ct");
        assert!(check(Some(&series()), path).is_ok());
        assert_eq!(check(None, path).unwrap_err().name(), "E_OPTION");
        let without_study = DicomSeries { study: String::new(), ..series() };
        let with_a_word = DicomSeries { series: "1.2.x".into(), ..series() };
        let mut twice = series();
        twice.images[1].sop_instance = "1.2.1".into();
        for (wrong, why) in [(without_study, "study"), (with_a_word, "series"), (twice, "same UID")] {
            let error = check(Some(&wrong), path).unwrap_err();
            assert!(error.name() == "E_READ" && error.to_string().contains(why), "{error}");
        }
    }

    #[test]
    fn series_names_nobody_when_it_is_shown() {
        let mut named = series();
        named.kept.insert(0x0010_0010, b"DOE^JOHN".to_vec());
        named.study = "1.2.4711".into();
        let shown = format!("{named:?}");
        assert!(!shown.contains("DOE") && !shown.contains("4711"), "{shown}");
    }
}
