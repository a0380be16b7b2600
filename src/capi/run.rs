//! A run: volumes and options in, a result out.

use crate::limits::MAX_CLICKS;
use std::{slice, time::Instant};

use ndarray::Array3;

use super::{
    cancel::token_of,
    engine::sam2lung_engine,
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
    io::mask_on_grid,
    memory,
    pipeline::options::Search,
    progress::{Monitor, Stage},
    space::volume::Volume,
};

/// What a run of the C interface consists of: it writes nothing.
pub(crate) const STAGES: &[Stage] = &[Stage::Read, Stage::Lungs, Stage::Segment, Stage::Prompt, Stage::Nodules];

/// Voxels at which a nodule is asked for, and voxels that don't belong to one, as C has them.
#[derive(Clone, Copy)]
struct Points {
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
    points: Option<Points>,
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
    let wanted = Wanted { engine, volumes, volume_count, points: None, options, result };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, |call| run(call, &wanted)) }
}

/// As sam2lung_engine_run(), and outlines a nodule at each point inside in any case.
///
/// @param engine the engine, not NULL
/// @param volumes as many volumes as sam2lung_bundle_channels() says, none NULL, on one grid; borrowed for the call
/// @param volume_count how many there are
/// @param inside voxel indices i, j, k of each point at which a nodule is asked for, not NULL; borrowed for the call
/// @param inside_count how many points that are, at least 1
/// @param outside voxel indices i, j, k of points that don't belong to it, for bundles that take clicks
///        (sam2lung_bundle_takes_clicks()); may be NULL when there is none; borrowed for the call
/// @param outside_count how many points that are
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
    let points = Some(Points { inside, inside_count, outside, outside_count });
    let wanted = Wanted { engine, volumes, volume_count, points, options, result };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, |call| run(call, &wanted)) }
}

/// # Safety
/// The contract of the C ABI, for every pointer in `wanted`.
unsafe fn run(call: &Call, wanted: &Wanted) -> Result<()> {
    // SAFETY: as this function's own.
    let engine = unsafe { input(wanted.engine, "engine") }?;
    // SAFETY: as this function's own.
    let result = unsafe { run_through(call, wanted, engine) };
    if engine.give_back_memory {
        memory::give_back();
    }
    result
}

/// # Safety
/// As [`run`].
unsafe fn run_through(call: &Call, wanted: &Wanted, on: &sam2lung_engine) -> Result<()> {
    let started = Instant::now();
    check_output(wanted.result, "result")?;
    let mut engine = on.take()?;
    // SAFETY: as this function's own.
    let given = unsafe { read_or_default(wanted.options) }?;
    let mut options = given.chosen()?;
    // SAFETY: as this function's own.
    let views = unsafe { views(wanted, engine.bundle().model.channels()) }?;
    let dims = views[0].grid.dims;
    if let Some(points) = &wanted.points {
        // SAFETY: as this function's own.
        options.clicks.inside = unsafe { voxels(points.inside, points.inside_count, "inside", dims) }?;
        // SAFETY: as this function's own.
        options.clicks.outside = unsafe { voxels(points.outside, points.outside_count, "outside", dims) }?;
        if options.clicks.inside.is_empty() {
            return Err(refuse("inside_count", "0", "at least 1 point"));
        }
    }
    options.check_on(&views[0].grid)?;
    options.check_for(&engine.bundle().model)?;

    // SAFETY: as this function's own.
    let token = unsafe { token_of(given.cancel) };
    // SAFETY: as this function's own.
    let mut report = unsafe { sink(call, given.progress, given.progress_data, token.clone()) };
    let mut monitor = Monitor::new(token, &mut report).over(STAGES);
    let volumes = views.iter().map(|view| read(view, &mut monitor)).collect::<Result<Vec<_>>>()?;
    if !given.mask.is_null() {
        // SAFETY: as this function's own.
        options.search = Search::Mask(unsafe { mask(given.mask, &volumes[0], &mut monitor) }?);
    }
    let found = engine.segment(volumes, &options, &mut monitor)?;
    let found = found.pack_native(monitor.cancel_token())?;
    // The engine is free before the caller learns of it.
    drop(engine);
    let result = sam2lung_result::new(found, started.elapsed(), on.give_back_memory);
    // SAFETY: it isn't NULL, so it can be written.
    unsafe { hand_over(wanted.result, result) };
    Ok(())
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

/// Voxel indices of points.
///
/// # Safety
/// `points` is NULL or points to three numbers for each of `count` points.
unsafe fn voxels(points: *const i64, count: usize, argument: &str, dims: [usize; 3]) -> Result<Vec<[usize; 3]>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    if count > MAX_CLICKS {
        return Err(refuse(format!("{argument}_count"), count.to_string(), format!("at most {MAX_CLICKS}")));
    }
    if points.is_null() {
        return Err(refuse(argument, "NULL", format!("{count} point(s) of three numbers")));
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
