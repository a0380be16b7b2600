//! A CT from a folder of DICOM files.
//!
//! Enters: a folder, with folders in it or not. Every file is looked into; each is a slice, something that is left
//! aside and named, or a reason to refuse: what can't be read and may belong to the series is never left out. Leaves:
//! the slices of one series on their grid, rescaled to HU slice by slice.

mod aside;
mod bytes;
mod choice;
mod codestream;
mod copies;
mod elements;
mod files;
mod frames;
mod header;
mod kinds;
mod origin;
mod pixels;
mod rle;
mod slice;
mod stack;
mod values;

use crate::limits::MAX_DECODERS;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    thread,
};

use ndarray::Array3;

pub use self::origin::{DicomImage, DicomSeries};
use self::{
    aside::Aside,
    choice::{BySeries, Rule},
    kinds::Kind,
    slice::Slice,
    stack::Stack,
};
use super::{Read, ReadOptions, Source, file_name};
use crate::{
    error::{Error, Result},
    memory,
    progress::{Monitor, Stage},
    space::volume::Volume,
    warning::Warning,
};

/// Name of the threads that decode. A decoder may panic on damaged data: its thread ends, and an error says so. Who
/// sets a panic hook can leave these out.
pub const DECODER_THREAD: &str = "sam2lung-decoder";

/// True for a DICOM file.
pub fn is_dicom(path: &Path) -> bool {
    header::Header::read(path).is_ok_and(|header| header.is_some())
}

/// Every file in a folder and in the folders below it, sorted by path: all that a DICOM folder is read from.
///
/// # Errors
/// [`Error::Read`] for a folder that can't be listed, for too many files or folders; [`Error::Cancelled`].
pub fn files_in(folder: &Path, monitor: &Monitor<'_>) -> Result<Vec<PathBuf>> {
    files::of(folder, monitor).map(|found| found.files)
}

/// UID of the series that a file belongs to; `None` for what is no DICOM file, or has none.
pub fn series_of(path: &Path) -> Option<String> {
    let series = header::Header::read(path).ok()??.text(header::tag::SERIES);
    (!series.is_empty()).then_some(series)
}

/// Reads the CT of a folder.
///
/// # Errors
/// A named error for each thing that keeps it from being one; [`Error::Cancelled`].
pub fn read(folder: &Path, options: ReadOptions<'_>, monitor: &mut Monitor<'_>) -> Result<Read> {
    let Found { stack, aside, warnings, names } = find(folder, Rule::of(options.series)?, monitor)?;
    super::raw::check_dims(stack.grid.dims.map(|n| n as u64))?;
    values::check_rescale(&stack.slices)?;
    let dicom = Some(DicomSeries::of(&stack));
    let voxels = decode(&stack, workers(options.threads), monitor)?;
    let source = Source {
        format: "DICOM",
        name: file_name(folder),
        files: stack.slices.iter().map(|slice| &slice.path).collect::<BTreeSet<_>>().len(),
        facts: stack.slices[0].facts.clone(),
        left_aside: aside.record(folder, &names),
    };
    Ok(Read { volume: Volume::new(stack.grid, voxels), source, warnings, unscaled_bits: None, dicom })
}

/// A series in order, and what else was in the folder.
struct Found {
    stack: Stack,
    aside: Aside,
    warnings: Vec<Warning>,
    /// Words that name patients.
    names: BTreeSet<String>,
}

/// A file that can't be read, or is not DICOM.
struct Unread {
    path: PathBuf,
    why: String,
    /// UID of its series, as far as it is known.
    series: String,
    is_text: bool,
    is_foreign: bool,
}

/// What the files of a folder are.
#[derive(Default)]
struct Listing {
    by_series: BySeries,
    unread: Vec<Unread>,
    aside: Aside,
    names: BTreeSet<String>,
    /// Of what was left aside: images that may be slices with a wrong header.
    odd: Vec<Slice>,
    /// Modalities and series.
    modalities: BTreeSet<String>,
    other_series: BTreeSet<String>,
}

fn look_through(folder: &Path, monitor: &mut Monitor<'_>) -> Result<Listing> {
    let found = files::of(folder, monitor)?;
    let mut listing = Listing::default();
    for link in &found.links {
        listing.aside.add("a link to a folder, which is not followed", link);
    }
    for (n, path) in found.files.iter().enumerate() {
        // Headers are a small part of reading.
        monitor.step(Stage::Read, n, 5 * found.files.len())?;
        let kind = kinds::of(path, &mut listing.names);
        listing.add(path, kind);
    }
    Ok(listing)
}

impl Listing {
    fn add(&mut self, path: &Path, kind: Kind) {
        let path = path.to_owned();
        match kind {
            Kind::Image(slices) => {
                let series = slices.first().map(|slice| slice.series.clone()).unwrap_or_default();
                self.by_series.entry(series).or_default().extend(slices);
            }
            Kind::Damaged { why, series } => {
                self.unread.push(Unread { path, why, series, is_text: false, is_foreign: false });
            }
            Kind::Foreign { why, is_text } => {
                let series = String::new();
                self.unread.push(Unread { path, why: why.into(), series, is_text, is_foreign: true });
            }
            Kind::Other { why, modality, series, slice } => {
                self.odd.extend(slice.map(|slice| *slice));
                self.aside.add(why, &path);
                self.modalities.insert(modality);
                self.other_series.insert(series);
            }
        }
    }

    /// Refuses a series that was asked for and is none of a CT.
    fn check_wanted(&self, rule: Rule<'_>, folder: &Path) -> Result<()> {
        let Rule::Uid(uid) = rule else { return Ok(()) };
        if self.by_series.contains_key(uid) || !self.other_series.contains(uid) {
            return Ok(());
        }
        let got = format!("series {uid} of {} is not a CT series ({})", folder.display(), self.aside.in_words());
        Err(Error::NotHu { got, remedy: "Choose a CT series".into() })
    }
}

fn find(folder: &Path, rule: Rule<'_>, monitor: &mut Monitor<'_>) -> Result<Found> {
    let mut listing = look_through(folder, monitor)?;
    listing.check_wanted(rule, folder)?;
    let Some(slices) = choice::choose(&mut listing.by_series, rule, folder)? else {
        return Err(no_image(folder, listing));
    };
    let Listing { by_series, unread, odd, mut aside, names, .. } = listing;
    let mut warnings = Vec::new();
    warnings.extend(settle_unread(unread, &slices, &by_series, folder, &names, &mut aside)?);
    for slice in by_series.values().flat_map(|slices| one_per_file(slices)) {
        let uid = if slice.series.is_empty() { "without UID" } else { &slice.series };
        aside.add(format!("an image of another CT series, {uid}"), &slice.path);
    }
    let (slices, copies) = copies::split(slices, monitor)?;
    for copy in one_per_file(&copies) {
        aside.add("a copy of another file, equal in every byte", &copy.path);
    }
    let (stack, across) = order(slices, folder)?;
    // Who names a series means these files and no others.
    if !matches!(rule, Rule::Uid(_)) {
        check_ends(&stack, &by_series, folder)?;
    }
    if let Some(first) = across.first() {
        let why = "an image of the series in another plane";
        one_per_file(&across).for_each(|slice| aside.add(why, &slice.path));
        let first = aside::without_names(folder, &first.path, &names);
        warnings.push(Warning::FilesLeftAside { count: one_per_file(&across).count(), first, why: why.into() });
    }
    warnings.extend(misfits(&stack, &odd, folder, &names));
    Ok(Found { stack, aside, warnings, names })
}

/// The first slice of each file; those of one file follow each other.
fn one_per_file(slices: &[Slice]) -> impl Iterator<Item = &Slice> {
    slices.chunk_by(|a, b| a.path == b.path).filter_map(<[Slice]>::first)
}

/// Tells of images of the series' own UID that were left aside for their kind, and may be slices with a wrong header: as
/// large, and where the series ends or nowhere.
fn misfits(stack: &Stack, odd: &[Slice], folder: &Path, names: &BTreeSet<String>) -> Option<Warning> {
    let own = &stack.slices[0].series;
    let may_belong = |slice: &&Slice| {
        let fits = stack.is_as_large(slice) && (slice.place().is_none() || stack.is_continued_by(slice));
        !own.is_empty() && slice.series == *own && fits
    };
    let files: Vec<&Slice> = odd.iter().filter(may_belong).collect();
    files.first().map(|first| Warning::FilesLeftAside {
        count: files.len(),
        first: aside::without_names(folder, &first.path, names),
        why: "its header says that it is not a slice of the series, though it may be the next one".into(),
    })
}

/// Leaves files aside that can't be read and can't be of the series; refuses those that may be.
fn settle_unread(
    unread: Vec<Unread>,
    slices: &[Slice],
    others: &BySeries,
    folder: &Path,
    names: &BTreeSet<String>,
    aside: &mut Aside,
) -> Result<Option<Warning>> {
    let folders = |slices: &mut dyn Iterator<Item = &Slice>| {
        slices.filter_map(|slice| slice.path.parent().map(Path::to_owned)).collect::<BTreeSet<_>>()
    };
    let (own, of_others) = (folders(&mut slices.iter()), folders(&mut others.values().flatten()));
    let patterns = slices.iter().map(|slice| kinds::pattern(&slice.path)).collect();
    let may_belong = |file: &&Unread| {
        let series = &slices[0].series;
        let parent = file.path.parent().unwrap_or(folder);
        let is_like = || kinds::is_like(&file.path, &patterns, file.is_text);
        match (file.series.is_empty(), file.is_foreign) {
            (false, _) => file.series == *series,
            (true, false) => own.contains(parent) || !of_others.contains(parent),
            (true, true) => (own.contains(parent) || !of_others.contains(parent)) && is_like(),
        }
    };
    let belonging: Vec<&Unread> = unread.iter().filter(may_belong).collect();
    if let Some(first) = belonging.first() {
        return Err(unreadable(first, belonging.len()));
    }
    for file in &unread {
        aside.add(if file.is_foreign { &file.why } else { "it can't be read" }, &file.path);
    }
    let mut damaged = unread.iter().filter(|file| !file.is_foreign);
    Ok(damaged.next().map(|first| Warning::FilesLeftAside {
        count: 1 + damaged.count(),
        first: aside::without_names(folder, &first.path, names),
        why: first.why.clone(),
    }))
}

fn unreadable(first: &Unread, count: usize) -> Error {
    let others = if count > 1 { format!(" (and {} more files)", count - 1) } else { String::new() };
    let reason = format!("it can't be read, and may be a slice of the series: {}{others}", first.why);
    Error::read(&first.path, reason, "Copy or export it again; if it is not a slice, move it out of the folder")
}

fn no_image(folder: &Path, listing: Listing) -> Error {
    let Listing { unread, modalities, mut aside, .. } = listing;
    if let Some(file) = unread.iter().find(|file| !file.is_foreign) {
        return unreadable(file, unread.iter().filter(|file| !file.is_foreign).count());
    }
    let is_image = |modality: &&String| ["MR", "PT", "NM", "CR", "DX", "US", "MG", "XA"].contains(&modality.as_str());
    if let Some(modality) = modalities.iter().find(is_image) {
        return Error::NotHu { got: format!("the modality is '{modality}'"), remedy: "Choose a CT series".into() };
    }
    unread.iter().for_each(|file| aside.add(file.why.clone(), &file.path));
    let others = aside.in_words();
    let others = if others.is_empty() { others } else { format!("; it holds {others}") };
    let reason = format!("holds no DICOM image of a CT{others}");
    Error::read(folder, reason, "Point to the folder with the series' files")
}

/// Orders the slices; and the few that lie across them, where the others are a whole stack.
fn order(slices: Vec<Slice>, folder: &Path) -> Result<(Stack, Vec<Slice>)> {
    let all = slices.clone();
    let (along, across) = stack::split_by_plane(slices);
    match stack::order(along, folder) {
        Err(_) if !across.is_empty() => Ok((stack::order(all, folder)?, Vec::new())),
        stack => Ok((stack?, across)),
    }
}

/// Refuses a stack that an image or two of another series continue: they were given another UID by mistake.
fn check_ends(stack: &Stack, others: &BySeries, folder: &Path) -> Result<()> {
    let few = others.values().filter(|slices| slices.len() < 3);
    let Some(next) = few.flatten().find(|slice| stack.is_continued_by(slice)) else { return Ok(()) };
    let uid = &next.series;
    let got = format!("{} has another UID, '{uid}', and lies where the next slice would", next.path.display());
    Err(Error::MixedGeometry { source_name: folder.display().to_string(), what: "series", got })
}

/// HU of all slices.
fn decode(stack: &Stack, workers: usize, monitor: &mut Monitor<'_>) -> Result<Array3<f32>> {
    let count = stack.slices.len();
    // Memory grows with what the files hold, not with what their headers promise.
    let mut voxels: Vec<f32> = Vec::new();
    for (n, slices) in stack.slices.chunks(workers).enumerate() {
        monitor.step(Stage::Read, count / 4 + n * workers, count / 4 + count)?;
        for image in decode_group(slices)? {
            memory::grow(&mut voxels, image.len(), "the series")?;
            voxels.extend(image);
        }
    }
    Ok(Array3::from_shape_vec(stack.grid.shape(), voxels).expect("every slice has its pixels"))
}

/// Decodes slices, each in a thread of its own.
fn decode_group(slices: &[Slice]) -> Result<Vec<Vec<f32>>> {
    thread::scope(|scope| {
        let spawn = |slice| {
            let builder = thread::Builder::new().name(DECODER_THREAD.into());
            (slice, builder.spawn_scoped(scope, move || pixels::decode(slice)))
        };
        let running: Vec<_> = slices.iter().map(spawn).collect();
        let join = |(slice, worker): (&Slice, std::io::Result<thread::ScopedJoinHandle<'_, _>>)| {
            let worker = worker.map_err(|e| Error::read(&slice.path, e, "Close other programs and try again"))?;
            worker.join().unwrap_or_else(|_| Err(panicked(slice)))
        };
        running.into_iter().map(join).collect()
    })
}

/// Slices decoded side by side with so many CPU threads.
fn workers(threads: Option<usize>) -> usize {
    let available = || thread::available_parallelism().map_or(1, |n| n.get());
    threads.unwrap_or_else(available).clamp(1, MAX_DECODERS)
}

fn panicked(slice: &Slice) -> Error {
    let reason = slice.concerning("the decoder stumbled over the pixels");
    Error::read(&slice.path, reason, "The file is damaged: copy it again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_are_as_many_as_the_threads_up_to_four() {
        assert_eq!([0, 1, 3, 4, 64].map(|threads| workers(Some(threads))), [1, 1, 3, 4, 4]);
        assert!((1..=MAX_DECODERS).contains(&workers(None)));
    }
}
