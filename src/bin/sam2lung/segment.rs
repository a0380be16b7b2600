//! `sam2lung segment`: one folder of results for each CT.

use std::{collections::BTreeMap, fs, path::Path, time::Instant};

use sam2lung::{
    Error, Result, VERSION, Warning,
    contract::bundle::Bundle,
    contract::uncertainty::Uncertainty,
    findings::result::Segmentation,
    io::{self, Ct, ReadOptions, VolumeFormat},
    pipeline::{
        Engine,
        options::{Options, Search, check_threads},
    },
    progress::{CancelToken, Monitor, Progress, Stage},
    report::{
        manifest::{
            InputRecord, Manifest, ModelRecord, OptionsRecord, ResultRecord, peak_memory_mib, seconds,
            voxels_sha256 as sha256,
        },
        overview::{OverviewTitle, write_overview},
        tables::{write_csv, write_json, write_warnings},
    },
    runtime::{device::Device, environment::Runtime},
};

use crate::{
    args::{DeviceArg, FormatArg, SegmentArgs, SurfacesArg, UncertaintyArg},
    staging::Staging,
    terminal::{Bar, Reported, cancel_on_signal, duration, report, report_for, report_warnings, say, silence_decoders},
};

/// Segments every input; a CT that fails is named and the others go on.
pub fn run(args: &SegmentArgs) -> std::result::Result<(), Reported> {
    silence_decoders();
    let cancel = cancel_on_signal();
    let (options, names) = prepare(args).map_err(|e| report(&e))?;
    let mut engine = load(args, &options, &cancel).map_err(|e| report(&e))?;
    let (mut failed, mut heard) = (false, true);
    for (input, name) in args.inputs.iter().zip(names) {
        let started = Instant::now();
        match segment_one(args, &options, &mut engine, input, &name, &cancel) {
            Ok((summary, warnings)) => {
                report_warnings(input, &warnings);
                // Where nobody takes the lines, the results still count: said once, and on with the others.
                if heard && !args.quiet {
                    heard = say(&format!("{name}: {summary} in {}", duration(started.elapsed()))).is_ok();
                }
            }
            Err(error) => {
                report_for(input, &error);
                failed = true;
                if matches!(error, Error::Cancelled) {
                    break;
                }
            }
        }
    }
    if failed || !heard { Err(Reported) } else { Ok(()) }
}

/// What the words ask for, and the folder name for each input; what needs no CT is refused before anything is loaded.
fn prepare(args: &SegmentArgs) -> Result<(Options, Vec<String>)> {
    let options = options(args);
    options.check()?;
    args.threads.map_or(Ok(()), check_threads)?;
    if let Some(uid) = args.series.as_ref().filter(|_| args.inputs.iter().all(|input| input.is_file())) {
        return Err(Error::Option {
            option: "series",
            got: uid.clone(),
            expected: "a DICOM folder among the inputs to pick it from".into(),
        });
    }
    Ok((options, output_names(args)?))
}

/// The folder name for each input; two inputs that would share one are refused before anything runs.
fn output_names(args: &SegmentArgs) -> Result<Vec<String>> {
    let names: Vec<String> = args.inputs.iter().map(|input| io::output_name(input)).collect();
    let mut seen = BTreeMap::new();
    for (name, input) in names.iter().zip(&args.inputs) {
        if let Some(other) = seen.insert(name, input) {
            return Err(Error::Option {
                option: "INPUT",
                got: format!("{} and {}, which would both write to {name}", other.display(), input.display()),
                expected: "inputs with different names, or one call each".into(),
            });
        }
    }
    Ok(names)
}

fn load(args: &SegmentArgs, options: &Options, cancel: &CancelToken) -> Result<Engine> {
    let bundle = args.model.as_deref().map_or_else(Bundle::builtin, Bundle::open)?;
    options.check_for(&bundle.model)?;
    let device = match args.device {
        DeviceArg::Auto => Device::Auto,
        DeviceArg::Cpu => Device::Cpu,
        DeviceArg::Cuda => Device::Cuda,
    };
    let bar = Bar::new("model", args.quiet);
    let mut show = |progress: Progress| bar.show(progress);
    Engine::load(bundle, device, args.threads, &mut Monitor::loading(cancel.clone(), &mut show))
}

fn segment_one(
    args: &SegmentArgs,
    options: &Options,
    engine: &mut Engine,
    input: &Path,
    name: &str,
    cancel: &CancelToken,
) -> Result<(String, Vec<Warning>)> {
    let bar = Bar::new(name, args.quiet);
    let mut show = |progress: Progress| bar.show(progress);
    let mut monitor = Monitor::new(cancel.clone(), &mut show);

    let started = Instant::now();
    let ct = io::read_ct(input, read_options(args), &mut monitor)?;
    format(args).check(&ct.volume.grid)?;
    let options =
        Options { search: search(args, &ct, &mut monitor)?, warnings: ct.warnings.clone(), ..options.clone() };
    let voxels_sha256 = sha256(&ct.volume.voxels, cancel)?;
    let lung_mask_sha256 = match &options.search {
        Search::Mask(mask) => Some(sha256(&mask.mapv(u8::from), cancel)?),
        _ => None,
    };
    let read = started.elapsed();

    // Before the long part: who can't write there learns it now.
    let staging = Staging::create(&args.output.join(name))?;
    let Ct { volume, source, forms, .. } = ct;
    let (dims, spacing_mm) = (volume.grid.dims, volume.grid.spacing_mm);
    let mut found = engine.segment(volume, &options, &mut monitor)?;
    found.stages.insert("read", read);
    let nifti = forms.as_ref();
    let input = InputRecord { source: &source, dims, spacing_mm, nifti, voxels_sha256, lung_mask_sha256 };
    write(args, engine, &options, &found, input, staging, &mut monitor)?;

    let flagged = found.nodules.iter().filter(|n| n.review).count();
    let missed = found.clicks.iter().filter(|at| at.is_none()).count();
    let mut summary = format!("{} nodule(s), {flagged} to review", found.nodules.len());
    if !found.warnings.is_empty() {
        summary += &format!(", {} warning(s)", found.warnings.len());
    }
    if missed > 0 {
        summary += &format!(", nothing found at {missed} voxel(s) given with --at");
    }
    Ok((summary, found.warnings))
}

fn read_options(args: &SegmentArgs) -> ReadOptions<'_> {
    ReadOptions { series: args.series.as_deref(), threads: args.threads, assume: args.assume_orientation }
}

fn search(args: &SegmentArgs, ct: &Ct, monitor: &mut Monitor<'_>) -> Result<Search> {
    Ok(match args.lung_mask.to_str() {
        Some("auto") => Search::Lungs,
        Some("off") => Search::Everywhere,
        _ => {
            let options = ReadOptions { series: None, ..read_options(args) };
            Search::Mask(io::read_mask(&args.lung_mask, &ct.volume.grid, options, monitor)?)
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
        uncertainty: args.uncertainty.map(|kind| match kind {
            UncertaintyArg::Entropy => Uncertainty::Entropy,
            UncertaintyArg::Variance => Uncertainty::Variance,
            UncertaintyArg::MutualInformation => Uncertainty::MutualInformation,
        }),
        at: args.at.clone(),
        not_at: args.not_at.clone(),
        ..Options::default()
    }
}

fn format(args: &SegmentArgs) -> VolumeFormat {
    match args.format {
        FormatArg::NiftiGz => VolumeFormat::NiftiGz,
        FormatArg::Nrrd => VolumeFormat::Nrrd,
        FormatArg::Vti => VolumeFormat::Vti,
    }
}

/// Writes everything into a folder beside the final one and renames it at the end: a run leaves all of its results
/// or none.
fn write(
    args: &SegmentArgs,
    engine: &Engine,
    options: &Options,
    found: &Segmentation,
    input: InputRecord<'_>,
    staging: Staging,
    monitor: &mut Monitor<'_>,
) -> Result<()> {
    let started = Instant::now();
    let folder = staging.path();
    let format = format(args);
    let cancel = monitor.cancel_token().clone();
    let volume = |stem: &str| folder.join(format!("{stem}.{}", format.ending()));
    let (maps, forms) = (found.native(), input.nifti);
    monitor.step(Stage::Write, 0, 5)?;
    io::write_volume_like(&volume("label"), maps.labels, forms, &cancel)?;
    monitor.step(Stage::Write, 1, 5)?;
    io::write_volume_like(&volume("probability"), maps.probability, forms, &cancel)?;
    monitor.step(Stage::Write, 2, 5)?;
    io::write_volume_like(&volume("uncertainty"), maps.uncertainty, forms, &cancel)?;
    monitor.step(Stage::Write, 3, 5)?;
    if let Some(format) = args.surfaces {
        let name = match format {
            SurfacesArg::Vtp => "nodules.vtp",
            SurfacesArg::Vtk => "nodules.vtk",
        };
        io::write_surfaces(&folder.join(name), &found.surfaces(None, &cancel)?)?;
    }
    let warnings = &found.warnings;
    write_json(&folder.join("nodules.json"), &found.nodules, warnings)?;
    write_csv(&folder.join("nodules.csv"), &found.nodules, warnings)?;
    write_warnings(&folder.join("warnings.txt"), warnings)?;
    let spec = &engine.bundle().model;
    let title = OverviewTitle {
        input: staging.name(),
        model: format!("{} {}", spec.name, spec.version),
        samples: found.samples,
        volume_interval: found.volume_interval,
        clicked_volume_interval: found.clicked_volume_interval,
        uncertainty: found.uncertainty.title().to_owned(),
        uncertainty_maximum: found.uncertainty.maximum(),
        warnings: warnings.clone(),
    };
    let canonical = found.canonical().ok_or_else(|| Error::write(folder, "the result holds no CT any more"))?;
    write_overview(folder, &canonical, &found.canonical_nodules(), &title, &cancel)?;
    monitor.step(Stage::Write, 4, 5)?;

    let mut stages = found.stages.clone();
    stages.insert("write", started.elapsed());
    let manifest = Manifest {
        notice: "Research use only. Not a medical device.",
        versions: BTreeMap::from([("sam2lung", VERSION.to_owned()), ("onnxruntime", Runtime::get()?.build)]),
        model: ModelRecord::of(engine.bundle()),
        input,
        warnings,
        options: OptionsRecord {
            model: args.model.as_ref().map(|folder| folder.display().to_string()),
            samples: found.samples,
            seed: options.seed,
            device: engine.device().asked,
            threshold: found.threshold,
            sensitivity: options.sensitivity,
            classify_threshold: found.classify_threshold,
            uncertainty: found.uncertainty,
            lung_mask: args.lung_mask.display().to_string(),
            at: &options.at,
            not_at: &options.not_at,
            series: args.series.as_deref(),
            assume_orientation: args.assume_orientation.map(|frame| frame.to_string()),
            batch: options.batch,
            threads: engine.threads(),
            format: format.ending(),
        },
        device: engine.device(),
        result: ResultRecord::of(found),
        timings_s: seconds(&stages),
        peak_memory_mib: peak_memory_mib(),
    };
    let path = folder.join("run.json");
    let text = serde_json::to_string_pretty(&manifest).map_err(|e| Error::write(&path, e))?;
    fs::write(&path, text + "\n").map_err(|e| Error::write(&path, e))?;
    monitor.step(Stage::Write, 5, 5)?;
    staging.finish()
}
