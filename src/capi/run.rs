//! A run: volumes and options in, a result out.

use crate::limits::MAX_CLICKS;
use std::{slice, time::Instant};

use ndarray::Array3;

use super::{
    cancel::token_of,
    engine::{Taken, sam2lung_engine},
    error::sam2lung_error,
    guard::{Call, guard},
    options::{read_or_default, sam2lung_run_options},
    pointers::{check_output, hand_over, input, refuse},
    progress::sink,
    result::sam2lung_result,
    status::sam2lung_status,
    volume::sam2lung_volume,
    voxels::View,
};
use crate::{
    error::Result,
    findings::result::Segmentation,
    io::mask_on_grid,
    memory,
    pipeline::{
        Engine,
        options::{Options, Search},
    },
    progress::{CancelToken, Monitor, Progress, Stage},
    report::{
        folder::HowMade,
        manifest::{mask_sha256, voxels_sha256},
    },
    space::volume::Volume,
    steps::fingerprint::Fingerprint,
};

/// What the record calls a mask that came in as a volume.
const GIVEN_MASK: &str = "<volume>";

/// What a run of the C interface consists of: it writes nothing.
pub(crate) const STAGES: &[Stage] =
    &[Stage::Read, Stage::Lungs, Stage::Detect, Stage::Segment, Stage::Click, Stage::Nodules];

/// Clicks inside and outside, as C has them.
#[derive(Clone, Copy)]
struct Clicks {
    inside: *const i64,
    inside_count: usize,
    outside: *const i64,
    outside_count: usize,
}

/// Everything that a run is given.
struct Wanted {
    engine: *const sam2lung_engine,
    volumes: *const *const sam2lung_volume,
    volume_count: usize,
    clicks: Option<Clicks>,
    /// The result that is clicked on; `None`: a run.
    earlier: Option<*const sam2lung_result>,
    options: *const sam2lung_run_options,
    result: *mut *mut sam2lung_result,
}

/// Finds and outlines the nodules of a CT in HU.
///
/// The same volume, options and bundle give the same bits, whatever the number of threads or the batch. After an error or
/// a cancel the engine can be used again, and the memory of the run is given back. Any thread; one call at a time on an
/// engine, another one gets SAM2LUNG_STATUS_BUSY.
///
/// @param engine the engine, not NULL
/// @param volumes as many volumes as sam2lung_bundle_channels() says, none NULL, on one grid; borrowed for the call
/// @param volume_count how many there are
/// @param options options of the run, borrowed for the call; NULL: the defaults
/// @param result where the result goes, not NULL; belongs to the caller, who frees it with sam2lung_result_free()
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_engine_run(
    engine: *mut sam2lung_engine,
    volumes: *const *const sam2lung_volume,
    volume_count: usize,
    options: *const sam2lung_run_options,
    result: *mut *mut sam2lung_result,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let wanted = Wanted { engine, volumes, volume_count, clicks: None, earlier: None, options, result };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, |call| run(call, &wanted)) }
}

/// As sam2lung_engine_run(), and outlines a nodule at each click inside in any case. Since version 4 of the interface.
///
/// @param engine the engine, not NULL
/// @param volumes as many volumes as sam2lung_bundle_channels() says, none NULL, on one grid; borrowed for the call
/// @param volume_count how many there are
/// @param inside voxel indices i, j, k of each click in a nodule, not NULL; borrowed for the call
/// @param inside_count how many clicks that are, at least 1
/// @param outside voxel indices i, j, k of clicks that don't belong to it, for bundles that take clicks
///        (sam2lung_bundle_takes_clicks()); may be NULL when there is none; borrowed for the call
/// @param outside_count how many clicks that are
/// @param options options of the run, borrowed for the call; NULL: the defaults
/// @param result where the result goes, not NULL; belongs to the caller, who frees it with sam2lung_result_free()
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_engine_run_clicks(
    engine: *mut sam2lung_engine,
    volumes: *const *const sam2lung_volume,
    volume_count: usize,
    inside: *const i64,
    inside_count: usize,
    outside: *const i64,
    outside_count: usize,
    options: *const sam2lung_run_options,
    result: *mut *mut sam2lung_result,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let clicks = Some(Clicks { inside, inside_count, outside, outside_count });
    let wanted = Wanted { engine, volumes, volume_count, clicks, earlier: None, options, result };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, |call| run(call, &wanted)) }
}

/// Deprecated: the name of sam2lung_engine_run_clicks() before version 4 of the interface.
///
/// @param engine the engine, not NULL
/// @param volumes as many volumes as sam2lung_bundle_channels() says, none NULL, on one grid; borrowed for the call
/// @param volume_count how many there are
/// @param inside voxel indices i, j, k of each click in a nodule, not NULL; borrowed for the call
/// @param inside_count how many clicks that are, at least 1
/// @param outside voxel indices i, j, k of clicks that don't belong to it, for bundles that take clicks
///        (sam2lung_bundle_takes_clicks()); may be NULL when there is none; borrowed for the call
/// @param outside_count how many clicks that are
/// @param options options of the run, borrowed for the call; NULL: the defaults
/// @param result where the result goes, not NULL; belongs to the caller, who frees it with sam2lung_result_free()
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_engine_run_at(
    engine: *mut sam2lung_engine,
    volumes: *const *const sam2lung_volume,
    volume_count: usize,
    inside: *const i64,
    inside_count: usize,
    outside: *const i64,
    outside_count: usize,
    options: *const sam2lung_run_options,
    result: *mut *mut sam2lung_result,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let clicks = Some(Clicks { inside, inside_count, outside, outside_count });
    let wanted = Wanted { engine, volumes, volume_count, clicks, earlier: None, options, result };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, |call| run(call, &wanted)) }
}

/// Outlines a nodule at each click inside in an earlier result of the same volumes. Only boxes around the clicks are run, which
/// takes seconds. Since version 4 of the interface.
///
/// What is new takes the place of what it is another version of: of outlines with which it shares at least half of the smaller
/// one. It keeps the number of the nodule that it replaces (of several: of the one with which it shares most voxels), else it gets
/// the highest number there is, plus one. The maps change within 10 mm of it, but not nearer to another nodule. Everything else
/// is as it was: other nodules keep their numbers, outlines and measures. Where nothing is found at a click
/// (sam2lung_result_click_nodule() is 0), nothing changes.
///
/// The options are those of a run. sam2lung_run_options::search says how lungs are known, if the bundle wants to know;
/// SAM2LUNG_SEARCH_EVERYWHERE is the fastest, and right for all but lungs that are nearly air. The kind of uncertainty is that of
/// the earlier result, unless that is of sam2lung_result_from_maps().
///
/// @param engine the engine, not NULL
/// @param volumes as many volumes as sam2lung_bundle_channels() says, none NULL, on one grid; borrowed for the call
/// @param volume_count how many there are
/// @param earlier the earlier result, not NULL; not changed, and not used after the call
/// @param inside voxel indices i, j, k of each click in a nodule, not NULL; borrowed for the call
/// @param inside_count how many clicks that are, at least 1
/// @param outside voxel indices i, j, k of clicks that don't belong to it, for bundles that take clicks
///        (sam2lung_bundle_takes_clicks()); may be NULL when there is none; borrowed for the call
/// @param outside_count how many clicks that are
/// @param options options of the run, borrowed for the call; NULL: the defaults
/// @param result where the result goes, not NULL; belongs to the caller, who frees it with sam2lung_result_free()
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_engine_click(
    engine: *mut sam2lung_engine,
    volumes: *const *const sam2lung_volume,
    volume_count: usize,
    earlier: *const sam2lung_result,
    inside: *const i64,
    inside_count: usize,
    outside: *const i64,
    outside_count: usize,
    options: *const sam2lung_run_options,
    result: *mut *mut sam2lung_result,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let clicks = Some(Clicks { inside, inside_count, outside, outside_count });
    let wanted = Wanted { engine, volumes, volume_count, clicks, earlier: Some(earlier), options, result };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, |call| run(call, &wanted)) }
}

/// # Safety
/// The contract of the C ABI, for every pointer in `wanted`.
unsafe fn run(call: &Call, wanted: &Wanted) -> Result<()> {
    // SAFETY: as this function's own.
    let engine = unsafe { input(wanted.engine, "engine") }?;
    check_output(wanted.result, "result")?;
    let taken = engine.take()?;
    // SAFETY: as this function's own.
    let result = unsafe { run_through(call, wanted, &taken) };
    let give_back_memory = taken.gives_back_memory();
    // The engine is free before the caller learns of it.
    drop(taken);
    if give_back_memory {
        memory::give_back();
    }
    // SAFETY: it isn't NULL, so it can be written.
    result.map(|result| unsafe { hand_over(wanted.result, result) })
}

/// # Safety
/// As [`run`].
unsafe fn run_through(call: &Call, wanted: &Wanted, taken: &Taken) -> Result<sam2lung_result> {
    let started = Instant::now();
    // SAFETY: as this function's own.
    let given = unsafe { read_or_default(wanted.options) }?;
    // SAFETY: as this function's own.
    let token = unsafe { token_of(given.cancel) };
    // SAFETY: as this function's own.
    let mut report = unsafe { sink(call, given.progress, given.progress_data, token.clone()) };
    let mut monitor = Monitor::new(token, &mut report).over(STAGES);
    // SAFETY: as this function's own.
    let (volumes, options) = unsafe { read_all(wanted, given, taken, &mut monitor) }?;
    // SAFETY: as this function's own.
    let earlier = wanted.earlier.map(|earlier| unsafe { input(earlier, "earlier") }).transpose()?;
    result_of(taken, volumes, earlier, &options, started, &mut monitor)
}

/// Volumes and options as the library's own: nothing of the caller's is needed after this but the earlier result.
///
/// # Safety
/// As [`run`].
unsafe fn read_all(
    wanted: &Wanted,
    given: sam2lung_run_options,
    taken: &Taken,
    monitor: &mut Monitor<'_>,
) -> Result<(Vec<Volume<f32>>, Options)> {
    let engine = taken.engine();
    let mut options = given.into_options()?;
    // SAFETY: as this function's own.
    let views = unsafe { views(wanted, engine.bundle().model.channels()) }?;
    let dims = views[0].grid.dims;
    if let Some(clicks) = &wanted.clicks {
        // SAFETY: as this function's own.
        options.clicks.inside = unsafe { voxels(clicks.inside, clicks.inside_count, "inside", dims) }?;
        // SAFETY: as this function's own.
        options.clicks.outside = unsafe { voxels(clicks.outside, clicks.outside_count, "outside", dims) }?;
        if options.clicks.inside.is_empty() {
            return Err(refuse("inside_count", "0", "at least 1 click"));
        }
    }
    if let Some(earlier) = wanted.earlier {
        // SAFETY: as this function's own.
        unsafe { input(earlier, "earlier") }?;
    }
    options.check_on(&views[0].grid)?;
    options.check_for(&engine.bundle().model)?;
    let volumes = views.iter().map(|view| read(view, monitor)).collect::<Result<Vec<_>>>()?;
    if !given.mask.is_null() {
        // SAFETY: as this function's own.
        options.search = Search::Mask(unsafe { mask(given.mask, &volumes[0], monitor) }?);
    }
    Ok((volumes, options))
}

/// The result of a run, or of a click on an earlier result, that began at `started`.
fn result_of(
    taken: &Taken,
    volumes: Vec<Volume<f32>>,
    earlier: Option<&sam2lung_result>,
    options: &Options,
    started: Instant,
    monitor: &mut Monitor<'_>,
) -> Result<sam2lung_result> {
    let prints = volumes.iter().map(|volume| Fingerprint::of(&volume.voxels, monitor.cancel_token()));
    let fingerprints = prints.collect::<Result<Vec<_>>>()?;
    let earlier = earlier.map(|earlier| Earlier { result: earlier, same: earlier.fingerprints == fingerprints });
    let (found, made) = made_by(&mut taken.engine(), volumes, earlier, options, monitor)?;
    let mut result = sam2lung_result::new(found, made, started.elapsed(), taken.gives_back_memory());
    result.fingerprints = fingerprints;
    Ok(result)
}

/// What a job runs on: everything that it needs is its own.
pub(super) struct Prepared {
    taken: Taken,
    volumes: Vec<Volume<f32>>,
    options: Options,
    /// Cancelled with the caller's token, and without it.
    pub token: CancelToken,
    started: Instant,
}

impl Prepared {
    /// Takes the engine and copies volumes, mask and clicks; progress isn't told.
    ///
    /// # Safety
    /// The contract of the C ABI.
    pub unsafe fn of(
        call: &Call,
        engine: *const sam2lung_engine,
        (volumes, volume_count): (*const *const sam2lung_volume, usize),
        clicks: Option<[(*const i64, usize); 2]>,
        options: *const sam2lung_run_options,
    ) -> Result<Self> {
        let started = Instant::now();
        // SAFETY: as this function's own.
        let taken = unsafe { input(engine, "engine") }?.take()?;
        // SAFETY: as this function's own.
        let given = unsafe { read_or_default(options) }?;
        if given.progress.is_some() {
            let expected = "NULL: sam2lung_job_poll() tells how far a job is";
            return Err(refuse("options->progress", "a function", expected));
        }
        let clicks = clicks.map(|[(inside, inside_count), (outside, outside_count)]| Clicks {
            inside,
            inside_count,
            outside,
            outside_count,
        });
        let result = std::ptr::null_mut();
        let wanted = Wanted { engine, volumes, volume_count, clicks, earlier: None, options, result };
        // SAFETY: as this function's own.
        let token = unsafe { token_of(given.cancel) };
        // SAFETY: there is no callback.
        let mut report = unsafe { sink(call, None, std::ptr::null_mut(), token.clone()) };
        let mut monitor = Monitor::new(token.clone(), &mut report).over(STAGES);
        // SAFETY: as this function's own.
        let (volumes, options) = unsafe { read_all(&wanted, given, &taken, &mut monitor) }?;
        Ok(Prepared { taken, volumes, options, token, started })
    }

    /// Runs it; the engine is free afterwards.
    pub fn run(self, report: &mut dyn FnMut(Progress)) -> Result<sam2lung_result> {
        let Prepared { taken, volumes, options, token, started } = self;
        let mut monitor = Monitor::new(token, report).over(STAGES);
        let result = result_of(&taken, volumes, None, &options, started, &mut monitor);
        let give_back_memory = taken.gives_back_memory();
        drop(taken);
        if give_back_memory {
            memory::give_back();
        }
        result
    }
}

/// A result that is clicked on.
#[derive(Clone, Copy)]
struct Earlier<'a> {
    result: &'a sam2lung_result,
    /// Whether it was made from the very voxels that the click is given.
    same: bool,
}

/// What a run, or a click on an earlier result, finds in volumes, packed for its owner; and how it was made, where one record can
/// tell.
fn made_by(
    engine: &mut Engine,
    volumes: Vec<Volume<f32>>,
    earlier: Option<Earlier<'_>>,
    options: &Options,
    monitor: &mut Monitor<'_>,
) -> Result<(Segmentation, Option<HowMade>)> {
    let (cancel, began) = (monitor.cancel_token().clone(), Instant::now());
    let hashes = hashes(&volumes, earlier, &cancel)?;
    let mask = match &options.search {
        Search::Lungs => ("auto".to_owned(), None),
        Search::Everywhere => ("off".to_owned(), None),
        // Of a click the record keeps where the earlier result was searched.
        Search::Mask(_) if earlier.is_some() => (GIVEN_MASK.to_owned(), None),
        Search::Mask(mask) => (GIVEN_MASK.to_owned(), Some(mask_sha256(mask, &cancel)?)),
    };
    let read = began.elapsed();
    let mut found = match earlier {
        Some(earlier) => engine.click(volumes, &earlier.result.found, options, monitor)?,
        None => engine.segment(volumes, options, monitor)?,
    };
    found.stages.insert("read", read);
    let made = HowMade::of(engine, options, mask, hashes)?;
    let made = match earlier {
        Some(earlier) => earlier.result.made.as_ref().and_then(|before| made.going_on_from(before)),
        None => Some(made),
    };
    Ok((found.pack_native(&cancel)?, made))
}

/// sha256 of the voxels of each volume. A sha256 takes as long as a part of a click: of the voxels that the earlier result was made
/// from it is that of then, and nothing is computed where no record will tell it.
fn hashes(volumes: &[Volume<f32>], earlier: Option<Earlier<'_>>, cancel: &CancelToken) -> Result<Vec<String>> {
    match earlier.map(|earlier| (&earlier.result.made, earlier.same)) {
        Some((None, _)) => Ok(Vec::new()),
        Some((Some(before), true)) => Ok(before.voxels_sha256.clone()),
        Some((Some(_), false)) | None => volumes.iter().map(|volume| voxels_sha256(&volume.voxels, cancel)).collect(),
    }
}

/// The volumes that the bundle takes.
///
/// # Safety
/// The contract of the C ABI, for every pointer in `wanted`.
unsafe fn views(wanted: &Wanted, channels: usize) -> Result<Vec<View>> {
    if wanted.volume_count != channels {
        let expected = format!("{channels}: the volumes that the bundle takes (sam2lung_bundle_channels)");
        return Err(refuse("volume_count", wanted.volume_count.to_string(), expected));
    }
    // SAFETY: as this function's own.
    let first = unsafe { input(wanted.volumes, "volumes") }?;
    // SAFETY: the caller says that it has as many as `volume_count`, which is that of the channels.
    let volumes = unsafe { slice::from_raw_parts(first, channels) };
    // SAFETY: as this function's own.
    volumes.iter().enumerate().map(|(n, volume)| unsafe { View::of(*volume, &format!("volumes[{n}]")) }).collect()
}

/// Voxel indices of clicks.
///
/// # Safety
/// `points` is NULL or points to three numbers for each of `count` clicks.
unsafe fn voxels(points: *const i64, count: usize, argument: &str, dims: [usize; 3]) -> Result<Vec<[usize; 3]>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    if count > MAX_CLICKS {
        return Err(refuse(format!("{argument}_count"), count.to_string(), format!("at most {MAX_CLICKS}")));
    }
    if points.is_null() {
        return Err(refuse(argument, "NULL", format!("{count} click(s) of three numbers")));
    }
    // SAFETY: as this function's own.
    let numbers = unsafe { slice::from_raw_parts(points, 3 * count) };
    let voxel = |(n, point): (usize, &[i64])| -> Result<[usize; 3]> {
        let axis = |a: usize| usize::try_from(point[a]).ok().filter(|index| *index < dims[a]);
        let voxel = axis(0).zip(axis(1)).zip(axis(2)).map(|((i, j), k)| [i, j, k]);
        voxel.ok_or_else(|| {
            let last = dims.map(|n| n - 1);
            let got = format!("{}, {}, {}", point[0], point[1], point[2]);
            let expected = format!("a voxel from 0, 0, 0 to {}, {}, {}", last[0], last[1], last[2]);
            refuse(format!("{argument}[{n}]"), got, expected)
        })
    };
    numbers.chunks_exact(3).enumerate().map(voxel).collect()
}

/// The CT's voxels, converted slice by slice.
fn read(view: &View, monitor: &mut Monitor<'_>) -> Result<Volume<f32>> {
    let depth = view.grid.dims[2];
    let voxels = view.map(|value| value as f32, |k| monitor.step(Stage::Read, k, depth))?;
    monitor.step(Stage::Read, depth, depth)?;
    Ok(Volume::new(view.grid.clone(), voxels))
}

/// A mask on the CT's grid.
///
/// # Safety
/// As [`View::of`].
unsafe fn mask(mask: *const sam2lung_volume, ct: &Volume<f32>, monitor: &mut Monitor<'_>) -> Result<Array3<bool>> {
    // SAFETY: as this function's own.
    let view = unsafe { View::of(mask, "options->mask") }?;
    let inside = view.map(|value| value > 0.5, |_| monitor.check())?;
    mask_on_grid(Volume::new(view.grid.clone(), inside), &ct.grid, monitor.cancel_token())
}
