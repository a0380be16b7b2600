//! `sam2lung compare`: a current scan and its priors.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Instant,
};

use sam2lung::{
    Error, Result,
    compare::{
        self, Comparison,
        kept::Kept,
        scan::{About, MadeBy, Scan, check_model, same_ct},
    },
    io::{self, Ct},
    limits::USUAL_MIN_DIAMETER_MM,
    pipeline::{
        Engine,
        options::{Options, check_threads},
    },
    progress::{CancelToken, Monitor, Progress, Stage},
    report::{
        comparison::{self, Compared, ComparisonReport, ScanRecord, words::counted},
        manifest::voxels_sha256,
        outputs::is_comparison,
        staging::Staging,
    },
};

use crate::{
    args::RunArgs,
    compare_args::CompareArgs,
    segment::{bundle, check_series},
    terminal::{
        Bar, Reported, cancel_on_signal, duration, on_one_line, report, report_for, say, silence_decoders, tell,
    },
};

/// A scan that the words name.
struct Named<'a> {
    /// What it is called: no two are called alike.
    name: String,
    /// A CT, or a folder of results.
    path: &'a Path,
    /// The CT of a folder of results; `None` for a CT that is to be segmented.
    ct: Option<&'a Path>,
    /// Picks one of several series in its folder.
    series: Option<&'a str>,
}

/// What reads and segments.
struct Reader<'a> {
    args: &'a CompareArgs,
    /// None where there are only folders of results.
    engine: Option<Engine>,
    options: Options,
    cancel: CancelToken,
    /// The CTs that were read.
    seen: Vec<Seen>,
}

/// A CT that was read, so that it isn't taken twice.
struct Seen {
    name: String,
    voxels_sha256: String,
    /// SOP instance UIDs of its images; none unless it is DICOM.
    images: BTreeSet<String>,
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
    let current = reader.read(last).map_err(|e| report_for(last.path, &e))?;
    let (mut priors, mut latest): (Vec<Compared>, Option<Scan>) = (Vec::new(), None);
    for (n, prior) in before.iter().enumerate() {
        let scan = reader.read(prior).map_err(|e| report_for(prior.path, &e))?;
        check_order(latest.as_ref(), &scan).map_err(|e| report_for(prior.path, &e))?;
        let comparison = reader.compare(&scan, &current, n).map_err(|e| report_for(prior.path, &e))?;
        priors.push(Compared { prior: ScanRecord::of(&scan), comparison });
        latest = Some(scan);
    }
    let latest = latest.expect("one prior at least");
    let written = ComparisonReport { current: &current, priors: &priors, latest: &latest };
    comparison::files(written, &reader.cancel)
        .and_then(|files| comparison::write(staging.path(), &files))
        .and_then(|()| staging.finish())
        .map_err(|e| report(&e))?;
    tell_of(args, &priors, begun)
}

/// A line for each prior, and what speaks against it.
fn tell_of(args: &CompareArgs, priors: &[Compared], begun: Instant) -> std::result::Result<(), Reported> {
    for Compared { prior, comparison } in priors {
        for doubt in &comparison.registration_doubts {
            tell(&format!("{}: check the comparison: {doubt}", on_one_line(&prior.name)));
        }
        if !args.run.quiet {
            say(&format!("{}: {}", on_one_line(&prior.name), summary(comparison)))?;
        }
    }
    if args.run.quiet {
        Ok(())
    } else {
        say(&format!("{}: done in {}", args.output.display(), duration(begun.elapsed())))
    }
}

fn summary(comparison: &Comparison) -> String {
    format!("{}; lungs registered to {:.1} mm", counted(comparison), comparison.registration.surface_mm)
}

/// The scans, each folder of results with its CT.
fn named<'a>(args: &'a CompareArgs) -> Result<Vec<Named<'a>>> {
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
    if let Some(pair) = args.days.windows(2).find(|pair| pair[0] < pair[1]) {
        return Err(Error::Option {
            option: "days",
            got: format!("{} before {}", pair[0], pair[1]),
            expected: "falling numbers: priors from the oldest to the latest".into(),
        });
    }
    if args.series.len() > 1 && args.series.len() != args.scans.len() {
        return Err(Error::Option {
            option: "series",
            got: format!("{} choice(s)", args.series.len()),
            expected: format!("one for all scans, or one for each of the {}", args.scans.len()),
        });
    }
    let mut cts = args.ct.iter();
    let named = |(n, (path, name)): (usize, (&'a PathBuf, String))| Named {
        name,
        path,
        ct: if Kept::is_in(path) { cts.next().map(PathBuf::as_path) } else { None },
        series: args.series.get(n).or_else(|| args.series.first()).map(String::as_str),
    };
    let named: Vec<Named<'_>> = args.scans.iter().zip(names(&args.scans)).enumerate().map(named).collect();
    check_series(args.series.first().map(String::as_str), named.iter().map(|named| named.ct.unwrap_or(named.path)))?;
    Ok(named)
}

/// What scans are called: the name of a result's folder as elsewhere; where two have one name, with as much of their paths as
/// tells them apart, and with a number where that is nothing.
fn names(paths: &[PathBuf]) -> Vec<String> {
    let end = |path: &PathBuf, above: usize| {
        let full = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let mut folders: Vec<String> = full
            .ancestors()
            .skip(1)
            .take(above)
            .filter_map(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()))
            .collect();
        folders.reverse();
        folders.push(io::output_name(path));
        folders.join("/")
    };
    let deepest = paths.iter().map(|path| path.components().count() + 1).max().unwrap_or(0);
    let name = |(n, path): (usize, &PathBuf)| {
        let is_alone =
            |above: &usize| paths.iter().filter(|other| end(other, *above) == end(path, *above)).count() == 1;
        let alone = (0..=deepest).find(is_alone).map(|above| end(path, above));
        alone.unwrap_or_else(|| format!("{} ({})", end(path, 0), n + 1))
    };
    paths.iter().enumerate().map(name).collect()
}

fn reader<'a>(args: &'a CompareArgs, named: &[Named<'_>], cancel: CancelToken) -> Result<Reader<'a>> {
    let options = args.run.options();
    options.check()?;
    args.run.threads.map_or(Ok(()), check_threads)?;
    let segments = named.iter().any(|named| named.ct.is_none());
    if let Some(option) = unused(&args.run).filter(|_| !segments) {
        let got = "given, where every scan is a result".to_owned();
        let expected = "CTs, or no such option: results keep those that they were made with".to_owned();
        return Err(Error::Option { option, got, expected });
    }
    let engine = segments.then(|| load(args, &options, &cancel));
    Ok(Reader { args, engine: engine.transpose()?, options, cancel, seen: Vec::new() })
}

/// An option that changes a result, and that was given.
fn unused(run: &RunArgs) -> Option<&'static str> {
    let given = [
        ("model", run.model.is_some()),
        ("samples", run.samples.is_some()),
        ("seed", run.seed != 0),
        ("threshold", run.threshold.is_some()),
        ("min-diameter", run.min_diameter != USUAL_MIN_DIAMETER_MM),
    ];
    given.into_iter().find(|(_, given)| *given).map(|(option, _)| option)
}

fn load(args: &CompareArgs, options: &Options, cancel: &CancelToken) -> Result<Engine> {
    let bundle = bundle(args.run.model.as_deref(), &args.run.trust, args.run.quiet)?;
    check_model(&bundle)?;
    options.check_for(&bundle.model)?;
    let bar = Bar::new("model", args.run.quiet);
    let mut show = |progress: Progress| bar.show(progress);
    Engine::load(bundle, args.run.device, args.run.threads, &mut Monitor::loading(cancel.clone(), &mut show))
}

impl Reader<'_> {
    fn read(&mut self, named: &Named<'_>) -> Result<Scan> {
        let bar = Bar::new(&named.name, self.args.run.quiet);
        let mut show = |progress: Progress| bar.show(progress);
        let mut monitor = Monitor::new(self.cancel.clone(), &mut show);
        match named.ct {
            None => self.segmented(named, &mut monitor),
            Some(ct) => self.kept(named, ct, &mut monitor),
        }
    }

    /// Reads a CT; one that was read before under another name is refused.
    fn read_ct(&mut self, path: &Path, named: &Named<'_>, monitor: &mut Monitor<'_>) -> Result<(Ct, String)> {
        let ct = io::read_ct(path, self.args.run.read_options(named.series), monitor)?;
        let voxels_sha256 = voxels_sha256(&ct.volume.voxels, monitor.cancel_token())?;
        let images =
            ct.dicom.iter().flat_map(|series| &series.images).map(|image| image.sop_instance.clone()).collect();
        let seen = Seen { name: named.name.clone(), voxels_sha256: voxels_sha256.clone(), images };
        let is_same =
            |other: &&Seen| other.voxels_sha256 == seen.voxels_sha256 || !other.images.is_disjoint(&seen.images);
        if let Some(other) = self.seen.iter().find(is_same) {
            return Err(same_ct(&named.name, &other.name));
        }
        self.seen.push(seen);
        Ok((ct, voxels_sha256))
    }

    fn segmented(&mut self, named: &Named<'_>, monitor: &mut Monitor<'_>) -> Result<Scan> {
        let (ct, _) = self.read_ct(named.path, named, monitor)?;
        let name = named.name.clone();
        let series = ct.dicom;
        let options = Options { warnings: ct.warnings, ..self.options.clone() };
        let engine = self.engine.as_mut().ok_or_else(|| Error::Internal { what: "no model was loaded".into() })?;
        let found = engine.segment(vec![ct.volume], &options, monitor)?;
        let made_by = MadeBy::of(engine.bundle(), options.seed, &found);
        Scan::of_run(About::of(name, series.as_ref(), made_by), found, false, monitor)
    }

    fn kept(&mut self, named: &Named<'_>, path: &Path, monitor: &mut Monitor<'_>) -> Result<Scan> {
        let (folder, name) = (named.path, named.name.clone());
        let kept = Kept::read(folder)?;
        let (ct, voxels_sha256) = self.read_ct(path, named, monitor)?;
        kept.check_ct(path, &voxels_sha256)?;
        let (labels, probability) = kept.maps(folder, &ct.volume.grid, monitor)?;
        let about = About::of(name, ct.dicom.as_ref(), kept.made_by.clone());
        Scan::of_kept(about, (ct.volume, labels, probability), kept, monitor)
    }

    fn compare(&self, prior: &Scan, current: &Scan, n: usize) -> Result<Comparison> {
        let bar = Bar::new(&prior.name, self.args.run.quiet);
        let mut show = |progress: Progress| bar.show(progress);
        let mut monitor = Monitor::new(self.cancel.clone(), &mut show).over(&[Stage::Register]);
        let days = compare::days_apart(self.args.days.get(n).copied(), prior, current)?;
        compare::compare(prior, current, days, &mut monitor)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_folders_that_are_called_alike_tell_them_apart() {
        let of = |paths: &[&str]| names(&paths.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(of(&["/a/2023/ct.nii.gz", "/a/2024/now.nrrd"]), ["ct", "now"]);
        assert_eq!(of(&["/p/2023/DICOM", "/p/2024/DICOM", "/p/late"]), ["2023/DICOM", "2024/DICOM", "late"]);
        assert_eq!(of(&["/a/x/DICOM", "/b/x/DICOM"]), ["a/x/DICOM", "b/x/DICOM"]);
        assert_eq!(of(&["/p/DICOM", "/p/DICOM"]), ["DICOM (1)", "DICOM (2)"]);
        assert_eq!(of(&["/x.nii", "/x.nrrd"]), ["x (1)", "x (2)"]);
    }
}
