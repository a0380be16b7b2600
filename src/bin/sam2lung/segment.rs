//! `sam2lung segment`: one folder of results for each CT.

use std::{path::Path, time::Instant};

use sam2lung::{
    Error, Result, Warning,
    contract::{bundle::Bundle, signature::Signature},
    findings::reading::Readings,
    io::{self, ReadOptions},
    models::Installed,
    networks::{clicks::Clicks, sampler},
    pipeline::{
        Engine,
        options::{Options, Search, check_threads},
    },
    progress::{CancelToken, Monitor, Progress},
    report::{
        dicom,
        folder::{Asked, Files, HowMade, ResultFolder},
        manifest::voxels_sha256 as sha256,
        outputs::is_result,
        page::index::{self, Failed, INDEX},
        staging::{Staging, write_beside},
        volumes::check_samples,
    },
    space::grid::Grid,
};

use crate::{
    args::{SegmentArgs, TrustArgs},
    input::Input,
    terminal::{
        Bar, Reported, cancel_on_signal, duration, report, report_for, report_warnings, say, silence_decoders, tell,
    },
};

/// Segments every input; a CT that fails is named and the others go on.
pub fn run(args: &SegmentArgs) -> std::result::Result<(), Reported> {
    silence_decoders();
    let cancel = cancel_on_signal();
    let (options, inputs) = prepare(args).map_err(|e| report(&e))?;
    let mut engine = load(args, &options, &cancel).map_err(|e| report(&e))?;
    let (mut failed, mut heard) = (Vec::new(), true);
    for (n, input) in inputs.iter().enumerate() {
        let started = Instant::now();
        match segment_one(args, &options, &mut engine, input, &cancel) {
            Ok((summary, warnings)) => {
                report_warnings(input.path(), &warnings);
                // Where nobody takes the lines, the results still count: said once, and on with the others.
                if heard && !args.quiet {
                    heard = say(&format!("{}: {summary} in {}", input.name, duration(started.elapsed()))).is_ok();
                }
            }
            Err(error) => {
                report_for(input.path(), &error);
                let cancelled = matches!(error, Error::Cancelled);
                let why = format!("{}: {error}", error.name());
                let those = if cancelled { &inputs[n..] } else { &inputs[n..=n] };
                failed.extend(those.iter().map(|one| Failed { name: one.name.clone(), why: why.clone() }));
                if cancelled {
                    break;
                }
            }
        }
    }
    let listed = list(&args.output, inputs.len(), &failed).map_err(|e| report(&e));
    if failed.is_empty() && heard { listed } else { Err(Reported) }
}

/// Writes the page of all CTs where several were asked for and one has a result now, and where an earlier run wrote one.
fn list(output: &Path, inputs: usize, failed: &[Failed]) -> Result<()> {
    if (inputs > 1 && failed.len() < inputs) || index::is_there(output) {
        index::check(output)?;
        write_beside(&output.join(INDEX), &index::of(output, failed)?)?;
    }
    Ok(())
}

/// What the words ask for, and the inputs; what needs no CT is refused before anything is loaded.
fn prepare(args: &SegmentArgs) -> Result<(Options, Vec<Input>)> {
    let options = options(args);
    options.check()?;
    args.threads.map_or(Ok(()), check_threads)?;
    let mut paths = args.inputs.iter().chain(args.channels.iter().map(|(_, file)| file));
    if let Some(uid) = args.series.as_ref().filter(|_| paths.all(|path| path.is_file())) {
        return Err(Error::Option {
            option: "series",
            got: uid.clone(),
            expected: "a DICOM folder among the inputs to pick it from".into(),
        });
    }
    // What a folder holds is seen when it is read, and of several channels the first is the one that counts.
    if let Some(file) = args.inputs.iter().find(|path| args.dicom && path.is_file()) {
        return Err(dicom::not_dicom(file));
    }
    let inputs = Input::all(args)?;
    if inputs.len() > 1 {
        index::check(&args.output)?;
    }
    Ok((options, inputs))
}

fn load(args: &SegmentArgs, options: &Options, cancel: &CancelToken) -> Result<Engine> {
    let bundle = bundle(args.model.as_deref(), &args.trust, args.quiet)?;
    options.check_for(&bundle.model)?;
    if args.sample_outlines {
        let asked = options.samples.unwrap_or(bundle.model.sampling.samples);
        check_samples(sampler::drawn(&options.model(&bundle.model).segment, asked))?;
    }
    let bar = Bar::new("model", args.quiet);
    let mut show = |progress: Progress| bar.show(progress);
    Engine::load(bundle, args.device, args.threads, &mut Monitor::loading(cancel.clone(), &mut show))
}

/// The bundle that the words ask for. That a signature wasn't checked is said: it looks like one that was.
pub fn bundle(model: Option<&Path>, trust: &TrustArgs, quiet: bool) -> Result<Bundle> {
    let Some(wanted) = model else { return Bundle::builtin() };
    let bundle = Installed::usual(trust.trust()?).open(wanted)?;
    if bundle.signature == Signature::NotChecked && !quiet {
        tell(&format!("{} {}: {}", bundle.model.name, bundle.model.version, bundle.signature));
    }
    Ok(bundle)
}

fn segment_one(
    args: &SegmentArgs,
    options: &Options,
    engine: &mut Engine,
    input: &Input,
    cancel: &CancelToken,
) -> Result<(String, Vec<Warning>)> {
    let bar = Bar::new(&input.name, args.quiet);
    let mut show = |progress: Progress| bar.show(progress);
    let mut monitor = Monitor::new(cancel.clone(), &mut show);

    let started = Instant::now();
    let channels = engine.bundle().model.channels.clone();
    let (volumes, told) = input.read(&channels, read_options(args), &mut monitor)?;
    args.format.check(told.grid())?;
    if args.dicom {
        dicom::check(told.dicom(), input.path())?;
    }
    let options =
        Options { search: search(args, told.grid(), &mut monitor)?, warnings: told.warnings(), ..options.clone() };
    let lung_mask_sha256 = match &options.search {
        Search::Mask(mask) => Some(sha256(&mask.mapv(u8::from), cancel)?),
        _ => None,
    };
    let lung_mask = (args.lung_mask.display().to_string(), lung_mask_sha256);
    let read = started.elapsed();

    // Before the long part: who can't write there learns it now.
    let staging = Staging::create(&args.output.join(&input.name), is_result)?;
    let mut found = engine.segment(volumes, &options, &mut monitor)?;
    found.stages.insert("read", read);
    let folder = ResultFolder {
        made: &HowMade::of(engine, &options, lung_mask, told.voxels_sha256())?,
        origin: told.origin(),
        files: Files {
            volumes: Some(args.format),
            surfaces: args.surfaces,
            sample_outlines: args.sample_outlines,
            dicom: args.dicom,
        },
        asked: Asked {
            model: args.model.as_ref().map(|folder| folder.display().to_string()),
            series: args.series.clone(),
            assume_orientation: args.assume_orientation.map(|frame| frame.to_string()),
        },
        readings: &Readings::default(),
    };
    folder.write(&mut found, staging, &mut monitor)?;

    let flagged = found.nodules.iter().filter(|n| n.review).count();
    let missed = found.clicks.iter().filter(|at| at.is_none()).count();
    let mut summary = format!("{} nodule(s), {flagged} to review", found.nodules.len());
    if !found.micronodules.is_empty() {
        summary += &format!(", {} micronodule(s) below {} mm", found.micronodules.len(), found.min_diameter_mm);
    }
    if !found.warnings.is_empty() {
        summary += &format!(", {} warning(s)", found.warnings.len());
    }
    if missed > 0 {
        summary += &format!(", nothing found at {missed} click(s)");
    }
    Ok((summary, found.warnings))
}

fn read_options(args: &SegmentArgs) -> ReadOptions<'_> {
    ReadOptions { series: args.series.as_deref(), threads: args.threads, assume: args.assume_orientation }
}

fn search(args: &SegmentArgs, grid: &Grid, monitor: &mut Monitor<'_>) -> Result<Search> {
    Ok(match args.lung_mask.to_str() {
        Some("auto") => Search::Lungs,
        Some("off") => Search::Everywhere,
        _ => {
            let options = ReadOptions { series: None, ..read_options(args) };
            Search::Mask(io::read_mask(&args.lung_mask, grid, options, monitor)?)
        }
    })
}

/// The options but for where to search, which takes a CT.
fn options(args: &SegmentArgs) -> Options {
    Options {
        samples: args.samples,
        seed: args.seed,
        threshold: args.threshold,
        sensitivity: args.sensitivity,
        min_diameter_mm: args.min_diameter,
        share_of_slices: args.share_of_slices,
        uncertainty: args.uncertainty,
        all_uncertainties: args.all_uncertainties,
        clicks: Clicks { inside: args.click.clone(), outside: args.click_outside.clone() },
        ..Options::default()
    }
}
