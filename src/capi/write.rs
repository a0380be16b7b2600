//! Files: volumes, and surfaces of nodules.

use std::{ffi::c_char, path::Path};

use super::{
    cancel::{sam2lung_cancel, token_of},
    error::sam2lung_error,
    guard::{Call, guard},
    pointers::{input, refuse, text},
    result::sam2lung_result,
    status::sam2lung_status,
    volume::sam2lung_volume,
    voxels::{View, VoxelType},
};
use crate::{
    error::Result,
    io::{Sample, VolumeFormat, write_surfaces, write_volume},
    progress::{CancelToken, Stage},
    space::volume::Volume,
};

/// Writes a volume in the format that the path's ending names, with voxels of their own type. The file is there whole or
/// not at all; one that was there before is replaced.
///
/// Any thread.
///
/// @param volume the volume, not NULL; borrowed for the call
/// @param path where it goes: .nii, .nii.gz, .nrrd or .vti, UTF-8, not NULL
/// @param cancel cancels the call from any thread, may be NULL
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_volume_write(
    volume: *const sam2lung_volume,
    path: *const c_char,
    cancel: *const sam2lung_cancel,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = |call: &Call| -> Result<()> {
        // SAFETY: the contract of the C ABI.
        let path = Path::new(unsafe { text(path, "path") }?);
        // SAFETY: the contract of the C ABI.
        let (view, token) = unsafe { (View::of(volume, "volume")?, token_of(cancel)) };
        call.enter(Stage::Write);
        VolumeFormat::of(path)?.check(&view.grid)?;
        match view.kind {
            VoxelType::Int16 => write_as::<i16>(&view, path, &token),
            VoxelType::Uint16 => write_as::<u16>(&view, path, &token),
            VoxelType::Int32 => write_as::<i32>(&view, path, &token),
            VoxelType::Float32 => write_as::<f32>(&view, path, &token),
            VoxelType::Float64 => write_as::<f64>(&view, path, &token),
            VoxelType::Uint8 => write_as::<u8>(&view, path, &token),
        }
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}

fn write_as<T: Sample>(view: &View, path: &Path, token: &CancelToken) -> Result<()> {
    let voxels = view.collect(|voxel: T| voxel, |_| token.check())?;
    write_volume(path, Volume::new(view.grid.clone(), voxels).view(), token)
}

/// Writes the surfaces of nodules as VTK PolyData in RAS millimetres, with the nodule's number as cell array "id". The file
/// is there whole or not at all; one that was there before is replaced.
///
/// Any thread.
///
/// @param result the result, not NULL
/// @param id number of one nodule, from 1; 0: all of them
/// @param path where it goes: .vtp or .vtk, UTF-8, not NULL
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_result_write_surfaces(
    result: *const sam2lung_result,
    id: u32,
    path: *const c_char,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = |call: &Call| -> Result<()> {
        // SAFETY: the contract of the C ABI.
        let (result, path) = unsafe { (input(result, "result")?, Path::new(text(path, "path")?)) };
        let nodules = &result.found.nodules;
        if id != 0 && nodules.iter().all(|nodule| u32::from(nodule.id) != id) {
            let expected = format!("0 (all), or the number of one of {} nodule(s)", nodules.len());
            return Err(refuse("id", id.to_string(), expected));
        }
        call.enter(Stage::Write);
        let surfaces = result.found.surfaces((id > 0).then_some(id), &CancelToken::new())?;
        write_surfaces(path, &surfaces)
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}
