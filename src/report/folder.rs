//! A folder of results: every file of one result, or none.
//!
//! Enters: a result with its CT, how it was made, what was read, and what a reader says. Leaves: a folder that takes its place as
//! a whole ([`super::staging`]). The one way in which results are written, from the command line and from C. Not known here:
//! networks, and who asks.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    dicom,
    manifest::{
        ChannelRecord, InputRecord, Manifest, ModelRecord, OptionsRecord, ResultRecord, peak_memory_mib, seconds,
        voxels_sha256,
    },
    outputs::{MANIFEST, NODULES_CSV, NODULES_JSON, SURFACES, WARNINGS},
    overview::{OverviewTitle, write_overview},
    page::{Report, write_report},
    resume::Resume,
    staging::Staging,
    tables::{write_csv, write_json, write_warnings},
    volumes::{Job, VolumeFiles},
    words::NOTICE,
};
use crate::{
    VERSION,
    contract::{bundle::Bundle, classes::Unit},
    error::{Error, Result},
    findings::{canonical::Canonical, reading::Readings, result::Segmentation},
    io::{self, DicomSeries, NiftiForms, Source, SurfaceFormat, VolumeFormat},
    networks::sampler,
    pipeline::{Engine, options::Options},
    progress::{CancelToken, Monitor, Stage},
    runtime::{device::DeviceReport, environment::Runtime},
    space::grid::Grid,
    threads::{self, share},
    warning::Warning,
};

/// Steps that are told of while a result is written.
const STEPS: usize = 3;

/// How a result was made. It is kept with the result, since nobody can tell later.
#[derive(Debug, Clone)]
pub struct HowMade {
    /// The bundle that ran.
    pub bundle: Arc<Bundle>,
    /// What was asked for; a mask isn't kept.
    pub options: Options,
    /// Where was searched: auto, off, or what the mask is called.
    pub lung_mask: String,
    /// sha256 of the mask's voxels, 1 or 0, uint8, i fastest.
    pub lung_mask_sha256: Option<String>,
    /// sha256 of the voxels of each channel, float32 little-endian, i fastest.
    pub voxels_sha256: Vec<String>,
    /// Which device ran it, and why.
    pub device: DeviceReport,
    /// CPU threads that work at the same time.
    pub threads: usize,
    /// Build of ONNX Runtime.
    pub runtime: String,
}

impl HowMade {
    /// By a run of `engine` with `options`, whose mask has this name and hash, on channels of these hashes.
    ///
    /// # Errors
    /// [`Error::Runtime`].
    pub fn of(
        engine: &Engine,
        options: &Options,
        (lung_mask, lung_mask_sha256): (String, Option<String>),
        voxels_sha256: Vec<String>,
    ) -> Result<Self> {
        Ok(HowMade {
            bundle: engine.shared_bundle(),
            options: options.without_mask(),
            lung_mask,
            lung_mask_sha256,
            voxels_sha256,
            device: engine.device().clone(),
            threads: engine.threads(),
            runtime: Runtime::get()?.build,
        })
    }

    /// The same of a click on a result that was made like `before`: where was searched, and all clicks until now, are told of the
    /// whole result. `None` where another bundle had made it: then one record can't tell.
    pub fn going_on_from(mut self, before: &HowMade) -> Option<Self> {
        if before.bundle.contract_sha256 != self.bundle.contract_sha256 || before.options.seed != self.options.seed {
            return None;
        }
        self.lung_mask.clone_from(&before.lung_mask);
        self.lung_mask_sha256.clone_from(&before.lung_mask_sha256);
        let mut clicks = before.options.clicks.clone();
        clicks.inside.append(&mut self.options.clicks.inside);
        clicks.outside.append(&mut self.options.clicks.outside);
        self.options.clicks = clicks;
        Some(self)
    }

    /// Refuses a CT that isn't the one in which nodules were measured: the first channel in HU.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn check_ct(&self, what: &'static str, voxels_sha256: &str) -> Result<()> {
        let channels = &self.bundle.model.channels;
        let channel = channels.iter().position(|channel| channel.unit == Unit::Hounsfield).unwrap_or(0);
        let expected = self.voxels_sha256.get(channel).map_or("", String::as_str);
        if voxels_sha256 == expected {
            return Ok(());
        }
        let name = channels.get(channel).map_or("CT", |channel| channel.name.as_str());
        let got = format!("a volume whose voxels have sha256 {voxels_sha256}");
        let expected = format!("that of channel {name} that the result was made from, with {expected}");
        Err(Error::Option { option: what, got, expected })
    }
}

/// What the first channel was read from, on whose grid results lie.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// Where each channel came from, without anything that names the patient.
    pub sources: &'a [Source],
    /// The geometry of a NIfTI header as it was.
    pub forms: Option<&'a NiftiForms>,
    /// The DICOM series, and the grid that its images make.
    pub dicom: Option<(&'a DicomSeries, &'a Grid)>,
}

/// What is written besides tables, pictures and pages.
#[derive(Debug, Clone, Copy)]
pub struct Files {
    /// Format of the volumes; none: no volume is written.
    pub volumes: Option<VolumeFormat>,
    /// Format of the nodules' surfaces.
    pub surfaces: Option<SurfaceFormat>,
    /// Whether it is written which sample calls which voxel a nodule.
    pub sample_outlines: bool,
    /// Whether DICOM objects are written; then there is a DICOM series.
    pub dicom: bool,
}

/// Words in which somebody asked, for the record.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The model; none: the built-in one.
    pub model: Option<String>,
    /// Which DICOM series.
    pub series: Option<String>,
    /// Which way axes were to run in a file that doesn't say.
    pub assume_orientation: Option<String>,
    /// What lets a later run know this result.
    pub resume: Option<Resume>,
}

/// A result that is to be written.
#[derive(Debug)]
pub struct ResultFolder<'a> {
    /// How it was made.
    pub made: &'a HowMade,
    /// What was read.
    pub origin: Origin<'a>,
    /// What is written.
    pub files: Files,
    /// In which words it was asked for.
    pub asked: Asked,
    /// What a reader says of its nodules.
    pub readings: &'a Readings,
}

impl ResultFolder<'_> {
    /// Writes everything into a folder beside the final one and renames it at the end: all of the files are there, or none.
    /// `found` has its CT; where there is a DICOM series, its nodules get the names of their images, and
    /// where `--dicom` has to invent a frame of reference a warning says so.
    ///
    /// # Errors
    /// [`Error::Option`], [`Error::Write`], [`Error::OutOfMemory`], [`Error::Cancelled`].
    pub fn write(&self, found: &mut Segmentation, staging: Staging, monitor: &mut Monitor<'_>) -> Result<()> {
        threads::with(self.made.threads, || self.write_all(found, staging, monitor))
    }

    fn write_all(&self, found: &mut Segmentation, staging: Staging, monitor: &mut Monitor<'_>) -> Result<()> {
        let started = Instant::now();
        if let Some((series, grid)) = self.origin.dicom {
            name_images(found, series, grid);
            let warning = Warning::NoFrameOfReference;
            if self.files.dicom && !dicom::has_frame_of_reference(series) && !found.warnings.contains(&warning) {
                found.warnings.push(warning);
            }
        }
        let (folder, cancel) = (staging.path(), monitor.cancel_token().clone());
        monitor.step(Stage::Write, 0, STEPS)?;
        let warnings = &found.warnings;
        write_json(&folder.join(NODULES_JSON.file()), &found.nodules, self.readings, warnings)?;
        write_csv(&folder.join(NODULES_CSV.file()), &found.nodules, self.readings, warnings)?;
        write_warnings(&folder.join(WARNINGS.file()), warnings)?;
        let title = self.title(staging.name(), found);
        let labels = self.write_large(folder, found, &title, &cancel)?;
        monitor.step(Stage::Write, 1, STEPS)?;
        let dicom = self.write_dicom(folder, found, &title, &cancel)?;
        monitor.step(Stage::Write, 2, STEPS)?;

        let mut stages = found.stages.clone();
        stages.insert("write", started.elapsed());
        let mut manifest = self.manifest(found, ResultRecord::of(found, labels), dicom, &stages)?;
        let took = write_pages(folder, found, &title, &manifest, &cancel)?;
        manifest.timings_s.extend(seconds(&BTreeMap::from([("report", took)])));
        let path = folder.join(MANIFEST.file());
        let text = serde_json::to_string_pretty(&manifest).map_err(|e| Error::write(&path, e))?;
        fs::write(&path, text + "\n").map_err(|e| Error::write(&path, e))?;
        monitor.step(Stage::Write, STEPS, STEPS)?;
        staging.finish()
    }

    /// Volumes, surfaces and pictures, side by side. Leaves the hash of the label map's voxels, where volumes are written.
    fn write_large(
        &self,
        folder: &Path,
        found: &Segmentation,
        title: &OverviewTitle,
        cancel: &CancelToken,
    ) -> Result<Option<String>> {
        let mut labels = None;
        let mut jobs: Vec<Job<'_>> = Vec::new();
        if let Some(format) = self.files.volumes {
            let volumes = VolumeFiles { folder, format, forms: self.origin.forms };
            jobs.extend(volumes.jobs(found, cancel));
            if self.files.sample_outlines {
                jobs.push(Box::new(move || volumes.write_samples(found, cancel)));
            }
        }
        if let Some(format) = self.files.surfaces {
            let path = folder.join(SURFACES.with("", format.ending()));
            jobs.push(Box::new(move || io::write_surfaces(&path, &found.surfaces(None, cancel)?)));
        }
        let nodules = found.canonical_nodules();
        jobs.push(Box::new(move || write_overview(folder, &canonical(found, folder)?, &nodules, title, cancel)));
        if self.files.volumes.is_some() {
            jobs.push(Box::new(|| {
                labels = Some(voxels_sha256(&found.native().labels.voxels, cancel)?);
                Ok(())
            }));
        }
        share(jobs, |job| job())?;
        Ok(labels)
    }

    fn title(&self, input: String, found: &Segmentation) -> OverviewTitle {
        let model = &self.made.bundle.model;
        OverviewTitle {
            input,
            model: format!("{} {}", model.name, model.version),
            samples: found.samples,
            volume_interval: found.volume_interval,
            clicked_volume_interval: found.clicked_volume_interval,
            uncertainty: found.uncertainty.title().to_owned(),
            uncertainty_maximum: found.uncertainty.maximum(),
            micronodules: found.micronodules.len(),
            min_diameter_mm: found.min_diameter_mm,
            warnings: found.warnings.clone(),
            readings: self.readings.clone(),
        }
    }

    fn write_dicom(
        &self,
        folder: &Path,
        found: &mut Segmentation,
        title: &OverviewTitle,
        cancel: &CancelToken,
    ) -> Result<Vec<dicom::DicomFile>> {
        let Some((source, grid)) = self.origin.dicom.filter(|_| self.files.dicom) else { return Ok(Vec::new()) };
        let made = self.made;
        let model = &*made.options.model(&made.bundle.model);
        found.laid_on(grid, |found| {
            let run = dicom::Run {
                source,
                found,
                bundle: &made.bundle,
                model,
                seed: made.options.seed,
                device: made.device.used.name(),
                runtime: &made.runtime,
                voxels_sha256: &made.voxels_sha256[0],
                readings: self.readings,
                title,
            };
            dicom::write(folder, run, cancel)
        })
    }

    fn manifest(
        &self,
        found: &Segmentation,
        result: ResultRecord,
        dicom: Vec<dicom::DicomFile>,
        stages: &BTreeMap<&'static str, Duration>,
    ) -> Result<Manifest<'_>> {
        let (made, options) = (self.made, &self.made.options);
        let spec = options.model(&made.bundle.model);
        Ok(Manifest {
            notice: NOTICE,
            versions: BTreeMap::from([("sam2lung", VERSION.to_owned()), ("onnxruntime", made.runtime.clone())]),
            model: ModelRecord::of(&made.bundle),
            input: self.input(found),
            warnings: found.warnings.clone(),
            options: OptionsRecord {
                model: self.asked.model.clone(),
                samples: found.samples,
                samples_asked: options.samples.unwrap_or(spec.sampling.samples),
                sample_sources: sampler::sources(&spec.segment, found.samples),
                seed: options.seed,
                device: made.device.asked,
                threshold: found.threshold,
                sensitivity: options.sensitivity,
                min_diameter_mm: found.min_diameter_mm,
                share_of_slices: spec.segment.hybrid.as_ref().map(|hybrid| hybrid.share_of_slices),
                classify_threshold: found.classify_threshold,
                uncertainty: found.uncertainty,
                lung_mask: made.lung_mask.clone(),
                clicks: &options.clicks,
                series: self.asked.series.as_deref(),
                assume_orientation: self.asked.assume_orientation.clone(),
                batch: options.batch,
                threads: made.threads,
                format: self.files.volumes.map(VolumeFormat::ending),
            },
            device: &made.device,
            result,
            readings: self.readings,
            dicom,
            timings_s: seconds(stages),
            networks: found.work.clone(),
            peak_memory_mib: peak_memory_mib(),
            resume: self.asked.resume.as_ref(),
        })
    }

    fn input(&self, found: &Segmentation) -> InputRecord<'_> {
        let (sources, hashes) = (self.origin.sources, &self.made.voxels_sha256);
        let grid = found.native().labels.grid;
        let hashed = hashes.iter().map(String::as_str);
        let record = |((source, voxels_sha256), channel)| ChannelRecord { channel, source, voxels_sha256 };
        let names = self.made.bundle.model.channels.iter().map(|channel| channel.name.as_str());
        let channels = sources.iter().zip(hashed).zip(names).map(record);
        InputRecord {
            source: &sources[0],
            dims: grid.dims,
            spacing_mm: grid.spacing_mm,
            nifti: self.origin.forms,
            voxels_sha256: hashes[0].clone(),
            channels: if hashes.len() > 1 { channels.collect() } else { Vec::new() },
            lung_mask_sha256: self.made.lung_mask_sha256.clone(),
        }
    }
}

fn canonical<'a>(found: &'a Segmentation, folder: &Path) -> Result<Canonical<'a>> {
    found.canonical().ok_or_else(|| Error::write(folder, "the result no longer holds the CT"))
}

/// Names the image that each nodule's long axis lies in.
fn name_images(found: &mut Segmentation, series: &DicomSeries, grid: &Grid) {
    let of = |slice: f64| series.images.get(slice as usize);
    let images: Vec<_> =
        found.laid_on(grid, |found| found.nodules.iter().map(|nodule| nodule.long_axis_slice.and_then(of)).collect());
    for (nodule, image) in found.nodules.iter_mut().zip(images) {
        if let Some(image) = image {
            nodule.long_axis_sop_instance_uid.clone_from(&image.sop_instance);
            nodule.long_axis_instance_number = image.instance_number.map(|number| number as f64);
        }
    }
}

/// Writes the report page and the findings in words; says how long that took, which the page, whose record is made before, can't.
fn write_pages(
    folder: &Path,
    found: &Segmentation,
    title: &OverviewTitle,
    manifest: &Manifest<'_>,
    cancel: &CancelToken,
) -> Result<Duration> {
    let started = Instant::now();
    let run = serde_json::to_value(manifest).map_err(|e| Error::write(folder, e))?;
    let maps = canonical(found, folder)?;
    let (canonical, micronodules) = (found.canonical_nodules(), found.canonical_micronodules());
    let report =
        Report { title, maps, nodules: &found.nodules, canonical: &canonical, micronodules: &micronodules, run: &run };
    write_report(folder, report, cancel)?;
    Ok(started.elapsed())
}
