//! One CT in three steps: it is read, the networks run, the result is written. Each step may go on in a thread of its own.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use sam2lung::{
    Result, Warning,
    contract::bundle::Bundle,
    findings::{reading::Readings, result::Segmentation},
    io::{self, ReadOptions},
    pipeline::{
        Engine,
        options::{Options, Search},
    },
    progress::Monitor,
    report::{
        dicom,
        folder::{Asked, Files, HowMade, ResultFolder},
        manifest::mask_sha256,
        outputs::is_result,
        resume::{Earlier, Resume, check_unread, files_sha256},
        staging::Staging,
        summary::Counts,
    },
    space::{grid::Grid, volume::Volume},
};
use serde_json::{Value, json};

use crate::{
    args::{RunArgs, SegmentArgs},
    input::{Input, Told},
    terminal::tell,
};

/// What is asked of every CT.
pub struct Segmenting<'a> {
    /// The words.
    pub args: &'a SegmentArgs,
    /// The options but for where to search, which takes a CT.
    pub options: Options,
    /// The bundle that runs.
    pub bundle: Arc<Bundle>,
}

/// What reading a CT came to.
pub enum Read {
    /// It is to be segmented.
    Ready(Box<Ready>),
    /// Its result is there already.
    DoneBefore(Counts),
}

/// A CT that was read.
pub struct Ready {
    volumes: Vec<Volume<f32>>,
    told: Told,
    options: Options,
    lung_mask_sha256: Option<String>,
    resume: Resume,
    took: Duration,
}

/// A CT's result, to be written.
pub struct Found {
    found: Segmentation,
    staging: Staging,
    told: Told,
    made: HowMade,
    resume: Resume,
}

/// A result that was written: what to say of it.
pub struct Written {
    /// How much was found, in words.
    pub summary: String,
    /// The same in numbers.
    pub counts: Counts,
    /// What it can't be trusted for.
    pub warnings: Vec<Warning>,
}

impl Segmenting<'_> {
    /// Reads a CT; with `--resume` only as far as is needed to know that its result is there.
    ///
    /// # Errors
    /// As [`Input::read`], [`io::read_mask`] and [`dicom::check`]; [`sam2lung::Error::Write`] where a reader worked on the earlier
    /// result.
    pub fn read(&self, input: &Input, monitor: &mut Monitor<'_>) -> Result<Read> {
        let started = Instant::now();
        let (args, channels) = (self.args, &self.bundle.model.channels);
        let resume = Resume { files_sha256: self.files_sha256(input, monitor)?, request: request(args) };
        let earlier = self.earlier(input, &resume);
        if let Some(earlier) = earlier.as_ref().filter(|earlier| earlier.has_files(&resume)) {
            return Ok(Read::DoneBefore(earlier.counts()));
        }
        check_unread(&self.folder(input))?;
        let (volumes, told) = input.read(channels, self.read_options(), monitor)?;
        args.format.check(told.grid())?;
        if args.dicom {
            dicom::check(told.dicom(), input.path())?;
        }
        let options =
            Options { search: self.search(told.grid(), monitor)?, warnings: told.warnings(), ..self.options.clone() };
        let lung_mask_sha256 = match &options.search {
            Search::Mask(mask) => Some(mask_sha256(mask, monitor.cancel_token())?),
            _ => None,
        };
        if let Some(earlier) = earlier {
            if earlier.has_voxels(&told.voxels_sha256(), lung_mask_sha256.as_deref()) {
                return Ok(Read::DoneBefore(earlier.counts()));
            }
            self.say_anew(input, "its input is another");
        }
        let took = started.elapsed();
        Ok(Read::Ready(Box::new(Ready { volumes, told, options, lung_mask_sha256, resume, took })))
    }

    /// Runs the networks.
    ///
    /// # Errors
    /// [`sam2lung::Error::Write`], and as [`Engine::segment`].
    pub fn find(&self, input: &Input, ready: Ready, engine: &mut Engine, monitor: &mut Monitor<'_>) -> Result<Found> {
        let Ready { volumes, told, options, lung_mask_sha256, resume, took } = ready;
        // Before the long part: who can't write there learns it now.
        let staging = Staging::create_in_tidy(&self.folder(input), is_result)?;
        let mut found = engine.segment(volumes, &options, monitor)?;
        found.stages.insert("read", took);
        let lung_mask = (self.args.lung_mask.display().to_string(), lung_mask_sha256);
        let made = HowMade::of(engine, &options, lung_mask, told.voxels_sha256())?;
        Ok(Found { found, staging, told, made, resume })
    }

    /// Writes the result.
    ///
    /// # Errors
    /// As [`ResultFolder::write`].
    pub fn write(&self, found: Found, monitor: &mut Monitor<'_>) -> Result<Written> {
        let Found { mut found, staging, told, made, resume } = found;
        // Once more: somebody may have read the earlier result since this run began.
        check_unread(staging.target())?;
        let args = self.args;
        let folder = ResultFolder {
            made: &made,
            origin: told.origin(),
            files: Files {
                volumes: Some(args.format),
                surfaces: args.surfaces,
                sample_outlines: args.sample_outlines,
                dicom: args.dicom,
            },
            asked: Asked {
                model: args.run.model.as_ref().map(|folder| folder.display().to_string()),
                series: args.series.clone(),
                assume_orientation: args.run.assume_orientation.map(|frame| frame.to_string()),
                resume: Some(resume),
            },
            readings: &Readings::default(),
        };
        folder.write(&mut found, staging, monitor)?;
        let counts = Counts {
            nodules: found.nodules.len(),
            flagged: found.nodules.iter().filter(|nodule| nodule.review).count(),
            warnings: found.warnings.iter().map(|warning| warning.name().to_owned()).collect(),
        };
        Ok(Written { summary: in_words(&found, &counts), counts, warnings: found.warnings })
    }

    fn folder(&self, input: &Input) -> PathBuf {
        self.args.output.join(&input.name)
    }

    fn read_options(&self) -> ReadOptions<'_> {
        self.args.run.read_options(self.args.series.as_deref())
    }

    fn search(&self, grid: &Grid, monitor: &mut Monitor<'_>) -> Result<Search> {
        Ok(match self.args.lung_mask.to_str() {
            Some("auto") => Search::Lungs,
            Some("off") => Search::Everywhere,
            _ => {
                let options = ReadOptions { series: None, ..self.read_options() };
                Search::Mask(io::read_mask(&self.args.lung_mask, grid, options, monitor)?)
            }
        })
    }

    /// The earlier result, where it is of what is asked now; of one that isn't is said that it is done anew.
    fn earlier(&self, input: &Input, resume: &Resume) -> Option<Earlier> {
        if !self.args.resume {
            return None;
        }
        let compared = Earlier::of(&self.folder(input)).and_then(|earlier| {
            let other = earlier.as_ref().and_then(|earlier| earlier.differs(&self.bundle, resume));
            other.map_or(Ok(earlier), Err)
        });
        compared.unwrap_or_else(|why| {
            self.say_anew(input, &why);
            None
        })
    }

    /// Of a result that a reader worked on it isn't said: it stays, and the input fails by name.
    fn say_anew(&self, input: &Input, why: &str) {
        if !self.args.run.quiet && check_unread(&self.folder(input)).is_ok() {
            tell(&format!("{}: done anew: {why}", input.path().display()));
        }
    }

    fn files_sha256(&self, input: &Input, monitor: &Monitor<'_>) -> Result<Option<String>> {
        let mut files = input.files(&self.bundle.model.channels)?;
        if ![Path::new("auto"), Path::new("off")].contains(&self.args.lung_mask.as_path()) {
            files.push(self.args.lung_mask.clone());
        }
        files_sha256(&files, monitor)
    }
}

/// Everything that was asked for and that a result depends on besides its CT and its model. What an option names is spelt out
/// here, so that a new option can't be forgotten.
fn request(args: &SegmentArgs) -> BTreeMap<String, Value> {
    let SegmentArgs {
        inputs: _,
        channels: _,
        output: _,
        run,
        lung_mask,
        click,
        click_outside,
        sensitivity,
        share_of_slices,
        uncertainty,
        all_uncertainties,
        sample_outlines,
        format,
        surfaces,
        dicom,
        series,
        resume: _,
        jobs: _,
    } = args;
    let RunArgs {
        model: _,
        trust: _,
        samples,
        seed,
        device,
        threads: _,
        threshold,
        min_diameter,
        assume_orientation,
        quiet: _,
    } = run;
    let asked = [
        ("samples", json!(samples)),
        ("seed", json!(seed)),
        ("device", json!(device.name())),
        ("lung-mask", json!(lung_mask.display().to_string())),
        ("click", json!(click)),
        ("click-outside", json!(click_outside)),
        ("threshold", json!(threshold)),
        ("sensitivity", json!(sensitivity)),
        ("min-diameter", json!(min_diameter)),
        ("share-of-slices", json!(share_of_slices)),
        ("uncertainty", json!(uncertainty.map(|kind| kind.name()))),
        ("all-uncertainties", json!(all_uncertainties)),
        ("sample-outlines", json!(sample_outlines)),
        ("format", json!(format.ending())),
        ("surfaces", json!(surfaces.map(|format| format.ending()))),
        ("dicom", json!(dicom)),
        ("series", json!(series)),
        ("assume-orientation", json!(assume_orientation.map(|frame| frame.to_string()))),
    ];
    asked.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn in_words(found: &Segmentation, counts: &Counts) -> String {
    let missed = found.clicks.iter().filter(|at| at.is_none()).count();
    let mut summary = format!("{} nodule(s), {} to review", counts.nodules, counts.flagged);
    if !found.micronodules.is_empty() {
        summary += &format!(", {} micronodule(s) below {} mm", found.micronodules.len(), found.min_diameter_mm);
    }
    if !found.warnings.is_empty() {
        summary += &format!(", {} warning(s)", found.warnings.len());
    }
    if missed > 0 {
        summary += &format!(", nothing found at {missed} click(s)");
    }
    summary
}
