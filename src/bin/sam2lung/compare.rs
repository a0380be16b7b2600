//! `sam2lung compare`: a current scan and its priors.

use std::{path::Path, time::Instant};

use ndarray::Array3;
use sam2lung::{
    Error, Result,
    compare::{
        self, Comparison, Status, date,
        kept::Kept,
        scan::{About, MadeBy, Scan},
    },
    contract::{bundle::Bundle, classes::Output},
    io::{self, Ct, ReadOptions},
    pipeline::{
        Engine,
        options::{Options, check_threads},
    },
    progress::{CancelToken, Monitor, Progress, Stage},
    report::{
        comparison::{self, Compared, ComparisonReport, ScanRecord},
        manifest::voxels_sha256,
        outputs::is_comparison,
        staging::Staging,
    },
    space::grid::Grid,
};

use crate::{
    compare_args::CompareArgs,
    segment::bundle,
    terminal::{Bar, Reported, cancel_on_signal, duration, report, report_for, say, silence_decoders, tell},
};

/// DICOM's Study Date and Patient ID (PS3.6).
const STUDY_DATE: u32 = 0x0008_0020;
const PATIENT_ID: u32 = 0x0010_0020;

/// How far the voxels of a kept map may lie from its CT's, in voxels: a header's rounding.
const MAP_OFF_VOXELS: f64 = 0.2;

/// A scan that the words name.
enum Named<'a> {
    /// A CT that is to be segmented.
    Ct(&'a Path),
    /// A folder of results, and its CT.
    Results(&'a Path, &'a Path),
}

impl<'a> Named<'a> {
    fn path(&self) -> &'a Path {
        match self {
            Named::Ct(path) | Named::Results(path, _) => path,
        }
    }
}

/// What reads and segments.
struct Reader<'a> {
    args: &'a CompareArgs,
    /// None where there are only folders of results.
    engine: Option<Engine>,
    options: Options,
    cancel: CancelToken,
}

/// Compares each prior with the current scan; all files are written, or none.
pub fn run(args: &CompareArgs) -> std::result::Result<(), Reported> {
    silence_decoders();
    let cancel = cancel_on_signal();
    let begun = Instant::now();
    let named = named(args).map_err(|e| report(&e))?;
    let mut reader = reader(args, &named, cancel).map_err(|e| report(&e))?;
    let output = std::path::absolute(&args.output).map_err(|e| report(&Error::write(&args.output, e)))?;
    // Before the long part: who can't write there learns it now.
    let staging = Staging::create(&output, is_comparison).map_err(|e| report(&e))?;
    let (last, before) = named.split_last().expect("two scans at least");
    let current = reader.read(last).map_err(|e| report_for(last.path(), &e))?;
    let (mut priors, mut latest): (Vec<Compared>, Option<Scan>) = (Vec::new(), None);
    for (n, prior) in before.iter().enumerate() {
        let scan = reader.read(prior).map_err(|e| report_for(prior.path(), &e))?;
        check_order(latest.as_ref(), &scan).map_err(|e| report_for(prior.path(), &e))?;
        let comparison = reader.compare(&scan, &current, n).map_err(|e| report_for(prior.path(), &e))?;
        priors.push(Compared { prior: ScanRecord::of(&scan), comparison });
        latest = Some(scan);
    }
    let latest = latest.expect("one prior at least");
    let written = ComparisonReport { current: &current, priors: &priors, latest: &latest };
    comparison::write(staging.path(), written, &reader.cancel)
        .and_then(|()| staging.finish())
        .map_err(|e| report(&e))?;
    tell_of(args, &priors, begun)
}

/// A line for each prior, and what speaks against it.
fn tell_of(args: &CompareArgs, priors: &[Compared], begun: Instant) -> std::result::Result<(), Reported> {
    for Compared { prior, comparison } in priors {
        for doubt in &comparison.registration_doubts {
            tell(&format!("{}: check the matches: {doubt}", prior.name));
        }
        if !args.quiet {
            say(&format!("{}: {}", prior.name, summary(comparison)))?;
        }
    }
    if args.quiet { Ok(()) } else { say(&format!("{}: done in {}", args.output.display(), duration(begun.elapsed()))) }
}

fn summary(comparison: &Comparison) -> String {
    let count = |status: Status| comparison.nodules.iter().filter(|row| row.status == status).count();
    let told = [
        (Status::New, "new"),
        (Status::Grown, "grown"),
        (Status::Stable, "stable"),
        (Status::Shrunk, "shrunk"),
        (Status::Gone, "gone"),
        (Status::CutOff, "cut off by a scan's edge"),
        (Status::NotSearchedBefore, "not searched before"),
        (Status::NotSearchedNow, "not searched now"),
    ];
    let parts = told.into_iter().map(|(status, word)| (count(status), word)).filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts.map(|(count, word)| format!("{count} {word}")).collect();
    let found = if parts.is_empty() { "no nodule in either CT".to_owned() } else { parts.join(", ") };
    format!("{found}; lungs registered to {:.1} mm", comparison.registration.surface_mm)
}

/// The scans, each folder of results with its CT.
fn named(args: &CompareArgs) -> Result<Vec<Named<'_>>> {
    let folders = args.scans.iter().filter(|path| Kept::is_in(path)).count();
    if folders != args.ct.len() {
        return Err(Error::Option {
            option: "ct",
            got: format!("{} CT(s)", args.ct.len()),
            expected: format!("one for each of the {folders} folder(s) of results, which hold none"),
        });
    }
    let priors = args.scans.len() - 1;
    if !args.days.is_empty() && args.days.len() != priors {
        return Err(Error::Option {
            option: "days",
            got: format!("{} number(s)", args.days.len()),
            expected: format!("one for each of the {priors} prior(s)"),
        });
    }
    if let Some(days) = args.days.iter().find(|days| !(days.is_finite() && **days > 0.0)) {
        let expected = "more than 0: the prior is the earlier scan".into();
        return Err(Error::Option { option: "days", got: days.to_string(), expected });
    }
    let mut cts = args.ct.iter();
    let mut with_ct = |path| {
        let ct = if Kept::is_in(path) { cts.next() } else { None };
        ct.map_or(Named::Ct(path), |ct| Named::Results(path, ct))
    };
    Ok(args.scans.iter().map(|path| with_ct(path.as_path())).collect())
}

fn reader<'a>(args: &'a CompareArgs, named: &[Named<'_>], cancel: CancelToken) -> Result<Reader<'a>> {
    let options =
        Options { samples: args.samples, seed: args.seed, min_diameter_mm: args.min_diameter, ..Options::default() };
    options.check()?;
    args.threads.map_or(Ok(()), check_threads)?;
    let engine = named.iter().any(|named| matches!(named, Named::Ct(_))).then(|| load(args, &options, &cancel));
    Ok(Reader { args, engine: engine.transpose()?, options, cancel })
}

fn load(args: &CompareArgs, options: &Options, cancel: &CancelToken) -> Result<Engine> {
    let bundle = bundle(args.model.as_deref(), &args.trust, args.quiet)?;
    check_model(&bundle)?;
    options.check_for(&bundle.model)?;
    let bar = Bar::new("model", args.quiet);
    let mut show = |progress: Progress| bar.show(progress);
    Engine::load(bundle, args.device, args.threads, &mut Monitor::loading(cancel.clone(), &mut show))
}

/// One CT and nodules apart from each other: what can be laid over each other and paired.
fn check_model(bundle: &Bundle) -> Result<()> {
    let model = &bundle.model;
    if model.channels.len() == 1 && model.output != Output::Regions {
        return Ok(());
    }
    let got = format!("{} {}", model.name, model.version);
    let expected = "a model that takes one CT and finds instances".into();
    Err(Error::Option { option: "model", got, expected })
}

impl Reader<'_> {
    fn read(&mut self, named: &Named<'_>) -> Result<Scan> {
        let name = io::output_name(named.path());
        let bar = Bar::new(&name, self.args.quiet);
        let mut show = |progress: Progress| bar.show(progress);
        let mut monitor = Monitor::new(self.cancel.clone(), &mut show);
        match named {
            Named::Ct(path) => self.segmented(path, name, &mut monitor),
            Named::Results(folder, ct) => self.kept(folder, ct, name, &mut monitor),
        }
    }

    fn read_options(&self) -> ReadOptions<'_> {
        let CompareArgs { series, threads, assume_orientation, .. } = self.args;
        ReadOptions { series: series.as_deref(), threads: *threads, assume: *assume_orientation }
    }

    fn segmented(&mut self, path: &Path, name: String, monitor: &mut Monitor<'_>) -> Result<Scan> {
        let ct = io::read_ct(path, self.read_options(), monitor)?;
        let (date, patient) = (study_date(&ct), patient_id(&ct));
        let options = Options { warnings: ct.warnings, ..self.options.clone() };
        let engine = self.engine.as_mut().ok_or_else(|| Error::Internal { what: "no model was loaded".into() })?;
        let found = engine.segment(vec![ct.volume], &options, monitor)?;
        let made_by = MadeBy::of(engine.bundle(), options.seed, &found);
        Scan::of_run(About { name, date, patient, made_by }, &found, monitor)
    }

    fn kept(&self, folder: &Path, path: &Path, name: String, monitor: &mut Monitor<'_>) -> Result<Scan> {
        let kept = Kept::read(folder)?;
        let ct = io::read_ct(path, self.read_options(), monitor)?;
        kept.check_ct(path, &voxels_sha256(&ct.volume.voxels, monitor.cancel_token())?)?;
        let map = |file: &str, monitor: &mut Monitor<'_>| map_of(&folder.join(file), &ct.volume.grid, monitor);
        let labels = map(&kept.label_file, monitor)?.mapv(|number| number as u16);
        kept.check_labels(&labels, ct.volume.grid.voxel_mm3(), &folder.join(&kept.label_file))?;
        let probability = map(&kept.probability_file, monitor)?;
        let (date, patient) = (study_date(&ct), patient_id(&ct));
        let about = About { name, date, patient, made_by: kept.made_by.clone() };
        Scan::of_kept(about, (ct.volume, labels, probability), kept, monitor)
    }

    fn compare(&self, prior: &Scan, current: &Scan, n: usize) -> Result<Comparison> {
        let bar = Bar::new(&prior.name, self.args.quiet);
        let mut show = |progress: Progress| bar.show(progress);
        let mut monitor = Monitor::new(self.cancel.clone(), &mut show).over(&[Stage::Register]);
        compare::compare(prior, current, days(self.args.days.get(n), prior, current)?, &mut monitor)
    }
}

/// Days between two scans: as the words say, else by their dates.
fn days(told: Option<&f64>, prior: &Scan, current: &Scan) -> Result<Option<f64>> {
    if let Some(days) = told {
        return Ok(Some(*days));
    }
    let (Some(from), Some(to)) = (&prior.date, &current.date) else { return Ok(None) };
    let days = date::days_between(from, to);
    match days.filter(|days| *days < 0) {
        Some(_) => Err(Error::Option {
            option: "PRIOR",
            got: format!("a scan of {from}, after the current one of {to}"),
            expected: "the current scan last, or the true distance by --days".into(),
        }),
        // On one day nothing doubles: a pace can't be told.
        None => Ok(days.filter(|days| *days > 0).map(|days| days as f64)),
    }
}

fn study_date(ct: &Ct) -> Option<String> {
    let bytes = ct.dicom.as_ref()?.kept.get(&STUDY_DATE)?;
    date::of_dicom(std::str::from_utf8(bytes).ok()?)
}

fn patient_id(ct: &Ct) -> Option<String> {
    let bytes = ct.dicom.as_ref()?.kept.get(&PATIENT_ID)?;
    let text = String::from_utf8_lossy(bytes).trim_matches(['\0', ' ']).to_owned();
    (!text.is_empty()).then_some(text)
}

/// Refuses a prior that is older than the one named before it.
fn check_order(before: Option<&Scan>, prior: &Scan) -> Result<()> {
    match (before.and_then(|before| before.date.as_ref()), &prior.date) {
        (Some(before), Some(date)) if date < before => Err(Error::Option {
            option: "PRIOR",
            got: format!("a scan of {date} behind one of {before}"),
            expected: "priors from the oldest to the latest".into(),
        }),
        _ => Ok(()),
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
