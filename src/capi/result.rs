//! What a run found.

use std::{
    ffi::{CString, c_char},
    slice,
    time::Duration,
};

use super::{
    error::sam2lung_error,
    guard::{Call, guard},
    measures,
    nodule::sam2lung_nodule,
    options::{c_uncertainty, sam2lung_uncertainty},
    pointers::{c_text, check_output, getter, input, refuse, release},
    status::sam2lung_status,
    structs,
    volume::{Given, fill, sam2lung_volume, view_of},
    warnings::Warnings,
};
use crate::{
    compare::kept::Kept,
    contract::uncertainty::Uncertainty,
    error::Result,
    findings::{REACH_MM, nodule::Nodule, result::Segmentation},
    memory,
    progress::CancelToken,
    report::{folder::HowMade, tables},
    space::volume::VolumeView,
};

/// Maps of a result. Values of the parameter `map`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum sam2lung_map {
    /// Mean probability over the samples.
    Probability = 0,
    /// Uncertainty of the kind that the run was asked for (sam2lung_result_uncertainty()).
    Uncertainty = 1,
    /// Entropy of the mean probability, bits; with all_uncertainties, or where it is the kind asked for.
    Entropy = 2,
    /// Variance over the samples; with all_uncertainties, or where it is the kind asked for.
    Variance = 3,
    /// Mutual information, bits; with all_uncertainties, or where it is the kind asked for.
    MutualInformation = 4,
}

/// The map of a kind of uncertainty.
fn c_map(kind: Uncertainty) -> sam2lung_map {
    match kind {
        Uncertainty::Entropy => sam2lung_map::Entropy,
        Uncertainty::Variance => sam2lung_map::Variance,
        Uncertainty::MutualInformation => sam2lung_map::MutualInformation,
    }
}

/// What a run found. Never changes: any thread may read it, several at once.
pub struct sam2lung_result {
    pub(super) found: Segmentation,
    /// How it was made; `None` for maps that were kept, and where clicks by another bundle went on from it.
    pub(super) made: Option<HowMade>,
    /// Numbers of the volumes that it was made from ([`crate::steps::fingerprint`]); none of a result that no run made.
    pub(super) fingerprints: Vec<u64>,
    /// What a folder of results says of it; `None` unless it was read from one.
    pub(super) kept: Option<Kept>,
    reasons: Vec<Vec<CString>>,
    cells: Vec<Vec<CString>>,
    json: CString,
    warnings: Warnings,
    seconds: f64,
    /// Whether free memory goes back to the system when this is freed.
    give_back_memory: bool,
}

impl sam2lung_result {
    pub(super) fn new(found: Segmentation, made: Option<HowMade>, took: Duration, give_back_memory: bool) -> Self {
        sam2lung_result {
            give_back_memory,
            reasons: found.nodules.iter().map(|n| n.review_reasons.iter().map(|r| c_text(r)).collect()).collect(),
            cells: found.nodules.iter().map(measures::cells).collect(),
            json: c_text(&tables::json(&found.nodules, &found.warnings)),
            warnings: Warnings::of(&found.warnings),
            seconds: took.as_secs_f64(),
            made,
            fingerprints: Vec::new(),
            kept: None,
            found,
        }
    }

    /// A map by its number in C.
    fn map(&self, number: i32) -> Result<VolumeView<'_, f32>> {
        let found = self.found.native();
        let kind = match number {
            0 => return Ok(found.probability),
            1 => return Ok(found.uncertainty),
            _ => Uncertainty::ALL.iter().copied().find(|kind| c_map(*kind) as i32 == number),
        };
        let kind = kind.ok_or_else(|| refuse("map", number.to_string(), "a sam2lung_map, 0 to 4"))?;
        if kind == self.found.uncertainty && !self.found.of_maps {
            return Ok(found.uncertainty);
        }
        let kept = Uncertainty::ALL.iter().position(|other| *other == kind).and_then(|at| found.kinds.get(at).copied());
        kept.ok_or_else(|| {
            let expected = "a map of this result, or a run with sam2lung_run_options::all_uncertainties";
            refuse("map", format!("{number} ({}), which this run didn't keep", kind.title()), expected)
        })
    }

    /// The nodule at an index, which the caller calls `argument`.
    pub(super) fn found_nodule(&self, index: usize, argument: &str) -> Result<&Nodule> {
        let nodules = &self.found.nodules;
        let expected = || format!("less than the {} nodule(s)", nodules.len());
        nodules.get(index).ok_or_else(|| refuse(argument, index.to_string(), expected()))
    }

    /// A measure of a nodule as text; "" where there is none.
    pub(super) fn cell(&self, nodule: usize, measure: usize) -> *const c_char {
        let cell = self.cells.get(nodule).and_then(|cells| cells.get(measure));
        cell.map_or(c"".as_ptr(), |text| text.as_ptr())
    }
}

/// How many nodules were found.
///
/// Any thread.
///
/// @param result the result, may be NULL
/// @return the number; 0 for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_nodule_count(result: *const sam2lung_result) -> usize {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(result, 0, |result| result.found.nodules.len()) }
}

/// A nodule in numbers; nodules stand by rising number (sam2lung_nodule::id). A run numbers them 1 to N by falling volume; after
/// sam2lung_engine_click() and in what sam2lung_result_from_maps() makes numbers may have gaps and say nothing of size.
///
/// Any thread.
///
/// @param result the result, not NULL
/// @param index from 0, less than sam2lung_result_nodule_count()
/// @param nodule where it goes, not NULL, with struct_size set; no more than that is written
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_nodule(
    result: *const sam2lung_result,
    index: usize,
    nodule: *mut sam2lung_nodule,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = |_: &Call| -> Result<()> {
        check_output(nodule, "nodule")?;
        // SAFETY: it isn't NULL.
        let size = unsafe { structs::check_room(nodule, "nodule") }?;
        // SAFETY: the contract of the C ABI.
        let numbers = unsafe { input(result, "result") }?.found_nodule(index, "index")?.into();
        // SAFETY: it has room for `size` bytes, as the caller says.
        unsafe { structs::write(nodule, size, &numbers) };
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}

/// How many micronodules were found: findings that are smaller than sam2lung_run_options::min_diameter_mm. They are no nodules
/// of sam2lung_result_nodule() and have no voxel in the label map. Since version 5 of the interface.
///
/// Any thread.
///
/// @param result the result, may be NULL
/// @return the number; 0 for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_micronodule_count(result: *const sam2lung_result) -> usize {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(result, 0, |result| result.found.micronodules.len()) }
}

/// A micronodule in numbers, the largest first. Its id is 0, and its review reasons can't be had. Since version 5 of the
/// interface.
///
/// Any thread.
///
/// @param result the result, not NULL
/// @param index from 0, less than sam2lung_result_micronodule_count()
/// @param nodule where it goes, not NULL, with struct_size set; no more than that is written
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_micronodule(
    result: *const sam2lung_result,
    index: usize,
    nodule: *mut sam2lung_nodule,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = |_: &Call| -> Result<()> {
        check_output(nodule, "nodule")?;
        // SAFETY: it isn't NULL.
        let size = unsafe { structs::check_room(nodule, "nodule") }?;
        // SAFETY: the contract of the C ABI.
        let found = &unsafe { input(result, "result") }?.found.micronodules;
        let expected = || format!("less than the {} micronodule(s)", found.len());
        let numbers = found.get(index).ok_or_else(|| refuse("index", index.to_string(), expected()))?.into();
        // SAFETY: it has room for `size` bytes, as the caller says.
        unsafe { structs::write(nodule, size, &numbers) };
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}

/// Why someone should look again at a nodule.
///
/// Belongs to the result, valid until it is freed. Any thread.
///
/// @param result the result, may be NULL
/// @param nodule index of the nodule, from 0
/// @param reason index of the reason, from 0, less than sam2lung_nodule::review_reason_count
/// @return UTF-8, in English; "" where there is none and for NULL; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_review_reason(
    result: *const sam2lung_result,
    nodule: usize,
    reason: usize,
) -> *const c_char {
    let of = |result: &sam2lung_result| {
        result.reasons.get(nodule).and_then(|reasons| reasons.get(reason)).map_or(c"".as_ptr(), |text| text.as_ptr())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { getter(result, c"".as_ptr(), of) }
}

/// How many clicks inside a nodule there were (sam2lung_engine_run_clicks(), sam2lung_engine_click()). Since version 4 of the
/// interface.
///
/// Any thread.
///
/// @param result the result, may be NULL
/// @return the number of clicks inside; 0 for NULL and after sam2lung_engine_run()
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_click_count(result: *const sam2lung_result) -> usize {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(result, 0, |result| result.found.clicks.len()) }
}

/// The nodule at a click. Since version 4 of the interface.
///
/// Any thread.
///
/// @param result the result, may be NULL
/// @param click index of the click inside, in the order in which they were given, from 0
/// @return the nodule's number in the label map; 0: nothing was found there, no such click, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_click_nodule(result: *const sam2lung_result, click: usize) -> u32 {
    let of = |result: &sam2lung_result| result.found.clicks.get(click).copied().flatten().map_or(0, u32::from);
    // SAFETY: the contract of the C ABI.
    unsafe { getter(result, 0, of) }
}

/// Deprecated: the name of sam2lung_result_click_count() before version 4 of the interface.
///
/// Any thread.
///
/// @param result the result, may be NULL
/// @return the number of clicks inside; 0 for NULL and after sam2lung_engine_run()
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_point_count(result: *const sam2lung_result) -> usize {
    // SAFETY: as this function's own.
    unsafe { sam2lung_result_click_count(result) }
}

/// Deprecated: the name of sam2lung_result_click_nodule() before version 4 of the interface.
///
/// Any thread.
///
/// @param result the result, may be NULL
/// @param point index of the click inside, in the order in which they were given, from 0
/// @return the nodule's number in the label map; 0: nothing was found there, no such click, or NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_point_nodule(result: *const sam2lung_result, point: usize) -> u32 {
    // SAFETY: as this function's own.
    unsafe { sam2lung_result_click_nodule(result, point) }
}

/// The label map: the nodules' numbers, 0 elsewhere, SAM2LUNG_VOXEL_TYPE_UINT16, packed, on the CT's own grid.
///
/// The voxels belong to the result and stay valid until it is freed; don't write to them. Any thread.
///
/// @param result the result, not NULL
/// @param volume where the view goes, not NULL, with struct_size set; no more than that is written
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_labels(
    result: *const sam2lung_result,
    volume: *mut sam2lung_volume,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    // SAFETY: the contract of the C ABI.
    let view = || unsafe { input(result, "result") }.map(|r| view_of(r.found.native().labels));
    // SAFETY: the contract of the C ABI.
    unsafe { fill(volume, error, view) }
}

/// A map: SAM2LUNG_VOXEL_TYPE_FLOAT32, packed, on the CT's own grid.
///
/// The voxels belong to the result and stay valid until it is freed; don't write to them. Any thread.
///
/// @param result the result, not NULL
/// @param map a sam2lung_map
/// @param volume where the view goes, not NULL, with struct_size set; no more than that is written
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_map(
    result: *const sam2lung_result,
    map: i32,
    volume: *mut sam2lung_volume,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let view = || {
        // SAFETY: the contract of the C ABI.
        let result = unsafe { input(result, "result") }?;
        result.map(map).map(view_of)
    };
    // SAFETY: the contract of the C ABI.
    unsafe { fill(volume, error, view) }
}

/// Copies all voxels of what `of` gives to the caller's buffer.
unsafe fn copy<T: Given>(
    result: *const sam2lung_result,
    buffer: *mut T,
    count: usize,
    error: *mut *mut sam2lung_error,
    of: impl FnOnce(&sam2lung_result) -> Result<VolumeView<'_, T>>,
) -> sam2lung_status {
    let work = |_: &Call| -> Result<()> {
        check_output(buffer, "buffer")?;
        // SAFETY: the contract of the C ABI.
        let voxels = of(unsafe { input(result, "result") }?)?;
        let voxels = voxels.voxels.to_slice().expect("maps that are given out are packed");
        if count != voxels.len() {
            return Err(refuse("count", count.to_string(), format!("{}, the voxels of the volume", voxels.len())));
        }
        // SAFETY: the buffer has room for `count` voxels, as the caller says, and is none of this library's.
        unsafe { slice::from_raw_parts_mut(buffer, count) }.copy_from_slice(voxels);
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}

/// Copies the label map: packed, i fastest.
///
/// Any thread.
///
/// @param result the result, not NULL
/// @param buffer where the voxels go, not NULL, aligned for its type
/// @param count voxels that fit there: exactly those of the volume
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_copy_labels(
    result: *const sam2lung_result,
    buffer: *mut u16,
    count: usize,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    // SAFETY: the contract of the C ABI.
    unsafe { copy(result, buffer, count, error, |result| Ok(result.found.native().labels)) }
}

/// Copies a map: packed, i fastest.
///
/// Any thread.
///
/// @param result the result, not NULL
/// @param map a sam2lung_map
/// @param buffer where the voxels go, not NULL, aligned for its type
/// @param count voxels that fit there: exactly those of the volume
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_copy_map(
    result: *const sam2lung_result,
    map: i32,
    buffer: *mut f32,
    count: usize,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    // SAFETY: the contract of the C ABI.
    unsafe { copy(result, buffer, count, error, |result| result.map(map)) }
}

/// The kind of uncertainty that SAM2LUNG_MAP_UNCERTAINTY shows.
///
/// Any thread.
///
/// @param result the result, may be NULL
/// @return a sam2lung_uncertainty; SAM2LUNG_UNCERTAINTY_BUNDLE for NULL, and for maps of which nobody knows
///         (sam2lung_result_from_maps())
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_uncertainty(result: *const sam2lung_result) -> i32 {
    let of = |result: &sam2lung_result| match result.found.of_maps {
        true => sam2lung_uncertainty::Bundle as i32,
        false => c_uncertainty(result.found.uncertainty) as i32,
    };
    // SAFETY: the contract of the C ABI.
    unsafe { getter(result, sam2lung_uncertainty::Bundle as i32, of) }
}

/// How many samples were drawn.
///
/// Any thread.
///
/// @param result the result, may be NULL
/// @return the number; 0 for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_samples(result: *const sam2lung_result) -> u32 {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(result, 0, |result| result.found.samples as u32) }
}

/// The threshold that was used.
///
/// Any thread.
///
/// @param result the result, may be NULL
/// @return mean probability above which a voxel belongs to a nodule; NaN for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_threshold(result: *const sam2lung_result) -> f64 {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(result, f64::NAN, |result| result.found.threshold) }
}

/// How long the run took.
///
/// Any thread.
///
/// @param result the result, may be NULL
/// @return seconds; NaN for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_seconds(result: *const sam2lung_result) -> f64 {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(result, f64::NAN, |result| result.seconds) }
}

/// The nodules as a JSON list, the text of nodules.json that the command line writes.
///
/// Belongs to the result, valid until it is freed. Any thread.
///
/// @param result the result, may be NULL
/// @return UTF-8; "" for NULL; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_nodules_json(result: *const sam2lung_result) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(result, c"".as_ptr(), |result| result.json.as_ptr()) }
}

/// How many warnings a result has: what it can't be trusted for.
///
/// Any thread.
///
/// @param result the result, may be NULL
/// @return the number; 0 for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_warning_count(result: *const sam2lung_result) -> usize {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(result, 0, |result| result.warnings.count()) }
}

/// The name of a warning, `W_…`; it never changes once released.
///
/// Belongs to the result, valid until it is freed. Any thread.
///
/// @param result the result, may be NULL
/// @param index from 0, less than sam2lung_result_warning_count()
/// @return UTF-8; "" where there is none and for NULL; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_warning_name(result: *const sam2lung_result, index: usize) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(result, c"".as_ptr(), |result| result.warnings.name(index)) }
}

/// What a warning says, in English; show it beside the result.
///
/// Belongs to the result, valid until it is freed. Any thread.
///
/// @param result the result, may be NULL
/// @param index from 0, less than sam2lung_result_warning_count()
/// @return UTF-8; "" where there is none and for NULL; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_warning_text(result: *const sam2lung_result, index: usize) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(result, c"".as_ptr(), |result| result.warnings.text(index)) }
}

/// Copies a map where it lies within 10 mm of a nodule, and 0 elsewhere: packed, i fastest. Since version 4 of the interface.
///
/// Any thread.
///
/// @param result the result, not NULL
/// @param map a sam2lung_map
/// @param buffer where the voxels go, not NULL, aligned for its type
/// @param count voxels that fit there: exactly those of the volume
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_copy_map_near_nodules(
    result: *const sam2lung_result,
    map: i32,
    buffer: *mut f32,
    count: usize,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = |_: &Call| -> Result<()> {
        check_output(buffer, "buffer")?;
        // SAFETY: the contract of the C ABI.
        let result = unsafe { input(result, "result") }?;
        let voxels = result.map(map)?.voxels;
        if count != voxels.len() {
            return Err(refuse("count", count.to_string(), format!("{}, the voxels of the volume", voxels.len())));
        }
        let near = result.found.near_nodules(REACH_MM, &CancelToken::new())?;
        // SAFETY: the buffer has room for `count` voxels, as the caller says, and is none of this library's.
        let buffer = unsafe { slice::from_raw_parts_mut(buffer, count) };
        for (to, (value, near)) in buffer.iter_mut().zip(voxels.iter().zip(&near)) {
            *to = if *near { *value } else { 0.0 };
        }
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}

/// Frees a result and all its maps and texts.
///
/// Any thread; not while another one reads it or a view of it.
///
/// @param result the result, may be NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_free(result: *mut sam2lung_result) {
    // SAFETY: the contract of the C ABI.
    let give_back_memory = unsafe { getter(result, false, |result| result.give_back_memory) };
    // SAFETY: NULL, or an object of this library that the caller gives up.
    unsafe { release(result) }
    if give_back_memory {
        memory::give_back();
    }
}
