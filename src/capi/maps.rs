//! Results of maps that a program kept, such as those of a scene that was saved.

use std::time::Duration;

use super::{
    error::sam2lung_error,
    guard::{Call, guard},
    pointers::{check_output, hand_over, refuse},
    result::sam2lung_result,
    status::sam2lung_status,
    volume::sam2lung_volume,
    voxels::{View, VoxelType},
};
use crate::{
    error::{Error, Result},
    findings::result::Segmentation,
    progress::CancelToken,
    space::{grid::Grid, volume::Volume},
};

use ndarray::Array3;

/// How far voxels of a map may lie from those of the labels, in voxels: a header's rounding.
const TOLERANCE_VOXELS: f64 = 0.01;

/// Makes a result of maps that were kept, so that sam2lung_engine_click() can go on from it. Since version 4 of the interface.
///
/// Its nodules are the numbers in the label map, each with a place (sam2lung_nodule::centroid_ijk, centroid_ras), a volume and
/// the diameter of a ball of that volume; every other number is NaN or 0. Nobody knows which uncertainty the map shows
/// (sam2lung_result_uncertainty() is SAM2LUNG_UNCERTAINTY_BUNDLE), nor the threshold (NaN). A map that isn't given is 0 everywhere.
///
/// Any thread.
///
/// @param labels the nodules' numbers, 0 elsewhere, SAM2LUNG_VOXEL_TYPE_UINT16, on the CT's grid, not NULL; copied
/// @param probability mean probability on the same grid, of any voxel type, may be NULL; copied
/// @param uncertainty uncertainty on the same grid, of any voxel type, may be NULL; copied
/// @param result where the result goes, not NULL; belongs to the caller, who frees it with sam2lung_result_free()
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_from_maps(
    labels: *const sam2lung_volume,
    probability: *const sam2lung_volume,
    uncertainty: *const sam2lung_volume,
    result: *mut *mut sam2lung_result,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = |call: &Call| -> Result<()> {
        check_output(result, "result")?;
        let token = CancelToken::new();
        call.enter(crate::progress::Stage::Read);
        // SAFETY: the contract of the C ABI.
        let view = unsafe { View::of(labels, "labels") }?;
        if view.kind != VoxelType::Uint16 {
            let expected = "SAM2LUNG_VOXEL_TYPE_UINT16";
            return Err(refuse("labels->voxel_type", (view.kind as i32).to_string(), expected));
        }
        let numbers = view.collect(|voxel: u16| voxel, |_| token.check())?;
        // SAFETY: the contract of the C ABI.
        let map = |given, argument| unsafe { map(given, argument, &view.grid, &token) };
        let (probability, uncertainty) = (map(probability, "probability")?, map(uncertainty, "uncertainty")?);
        let labels = Volume::new(view.grid.clone(), numbers);
        let found = Segmentation::from_maps(labels, probability, uncertainty, &token)?;
        // SAFETY: it isn't NULL, so it can be written.
        unsafe { hand_over(result, sam2lung_result::new(found, None, Duration::ZERO, false)) };
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}

/// A map on the labels' grid; `None` for NULL.
///
/// # Safety
/// `given` is NULL, or as [`View::of`] wants it.
unsafe fn map(
    given: *const sam2lung_volume,
    argument: &'static str,
    grid: &Grid,
    token: &CancelToken,
) -> Result<Option<Array3<f32>>> {
    if given.is_null() {
        return Ok(None);
    }
    // SAFETY: as this function's own.
    let view = unsafe { View::of(given, argument) }?;
    if !grid.voxels_off(&view.grid).is_some_and(|off| off <= TOLERANCE_VOXELS) {
        let [i, j, k] = view.grid.dims;
        let got = format!("{i} x {j} x {k} voxels, or elsewhere");
        return Err(refuse(argument, got, "a map on the grid of 'labels'"));
    }
    let voxels = view.map(|value| value as f32, |_| token.check())?;
    let odd = voxels.iter().filter(|value| !value.is_finite()).count();
    if odd > 0 {
        let first = voxels.indexed_iter().find(|(_, value)| !value.is_finite());
        let at = first.map_or(String::new(), |((k, j, i), _)| format!("voxel ({i}, {j}, {k})"));
        return Err(Error::NonFinite { what: argument, count: odd, at });
    }
    Ok(Some(voxels))
}
