//! `sam2lung segment`: one folder of results for each CT.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use sam2lung::{
    Error, Result,
    contract::{bundle::Bundle, signature::Signature},
    models::Installed,
    networks::{clicks::Clicks, sampler},
    pipeline::{
        Engine,
        options::{Options, check_threads},
    },
    progress::{CancelToken, Monitor, Progress},
    report::{dicom, page::index, staging::tidy, summary, volumes::check_samples},
};

use crate::{
    args::{SegmentArgs, TrustArgs},
    input::Input,
    lanes::Run,
    one_ct::Segmenting,
    outcomes::Outcomes,
    terminal::{Bar, Reported, cancel_on_signal, report, silence_decoders, tell},
};

/// Segments every input; a CT that fails is named and the others go on.
pub fn run(args: &SegmentArgs) -> std::result::Result<(), Reported> {
    silence_decoders();
    let cancel = cancel_on_signal();
    let (options, inputs) = prepare(args).map_err(|e| report(&e))?;
    let bundle = Arc::new(open(args, &options).map_err(|e| report(&e))?);
    tidy(&args.output);
    let mut outcomes = Outcomes::new(&args.output, &inputs, args.run.quiet);
    let load = |own: Option<usize>| load(args, &bundle, own, &cancel);
    let segmenting = Segmenting { args, options, bundle: bundle.clone() };
    let run = Run { segmenting, inputs: &inputs, cancel: cancel.clone() };
    let ran = if inputs.len() == 1 {
        run.alone(threads(args), || load(args.run.threads), &mut outcomes)
    } else {
        let jobs = args.jobs.min(inputs.len());
        let own = if jobs == 1 { args.run.threads } else { Some(threads(args) / jobs) };
        let engines: Result<Vec<Engine>> = (0..jobs).map(|_| load(own)).collect();
        engines.map(|engines| run.all(engines, &mut outcomes))
    };
    ran.map_err(|e| report(&e))?;
    outcomes.finish()
}

/// What the words ask for, and the inputs; what needs no CT is refused before anything is loaded.
fn prepare(args: &SegmentArgs) -> Result<(Options, Vec<Input>)> {
    let options = options(args);
    options.check()?;
    args.run.threads.map_or(Ok(()), check_threads)?;
    if !(1..=threads(args)).contains(&args.jobs) {
        let expected = format!("1 to {}, the number of threads that they share", threads(args));
        return Err(Error::Option { option: "jobs", got: args.jobs.to_string(), expected });
    }
    let paths = args.inputs.iter().chain(args.channels.iter().map(|(_, file)| file));
    check_series(args.series.as_deref(), paths.map(PathBuf::as_path))?;
    // What a folder holds is seen when it is read, and of several channels the first is the one that counts.
    if let Some(file) = args.inputs.iter().find(|path| args.dicom && path.is_file()) {
        return Err(dicom::not_dicom(file));
    }
    let inputs = Input::all(args)?;
    if inputs.len() > 1 {
        index::check(&args.output)?;
        summary::check(&args.output)?;
    }
    Ok((options, inputs))
}

/// Refuses a choice of a series where all of these are files: nothing could be picked from them.
///
/// # Errors
/// [`Error::Option`].
pub fn check_series<'a>(series: Option<&str>, mut paths: impl Iterator<Item = &'a Path>) -> Result<()> {
    let Some(series) = series.filter(|_| paths.all(Path::is_file)) else { return Ok(()) };
    let expected = "a DICOM folder among the inputs to pick it from".into();
    Err(Error::Option { option: "series", got: series.to_owned(), expected })
}

/// CPU threads of all jobs together.
fn threads(args: &SegmentArgs) -> usize {
    args.run.threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from))
}

/// The bundle, which takes these options.
fn open(args: &SegmentArgs, options: &Options) -> Result<Bundle> {
    let bundle = bundle(args.run.model.as_deref(), &args.run.trust, args.run.quiet)?;
    options.check_for(&bundle.model)?;
    if args.sample_outlines {
        let asked = options.samples.unwrap_or(bundle.model.sampling.samples);
        check_samples(sampler::drawn(&options.model(&bundle.model).segment, asked))?;
    }
    Ok(bundle)
}

/// An engine with so many CPU threads; `None`: all.
fn load(args: &SegmentArgs, bundle: &Arc<Bundle>, threads: Option<usize>, cancel: &CancelToken) -> Result<Engine> {
    let bar = Bar::new("model", args.run.quiet);
    let mut show = |progress: Progress| bar.show(progress);
    Engine::load(bundle.clone(), args.run.device, threads, &mut Monitor::loading(cancel.clone(), &mut show))
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

/// The options but for where to search, which takes a CT.
fn options(args: &SegmentArgs) -> Options {
    Options {
        sensitivity: args.sensitivity,
        share_of_slices: args.share_of_slices,
        uncertainty: args.uncertainty,
        all_uncertainties: args.all_uncertainties,
        clicks: Clicks { inside: args.click.clone(), outside: args.click_outside.clone() },
        ..args.run.options()
    }
}
