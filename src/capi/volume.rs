//! The volume view, in both directions.

use std::{ffi::c_void, mem::offset_of};

use super::{
    error::sam2lung_error,
    guard::{Call, guard},
    pointers::check_output,
    status::sam2lung_status,
    structs::{self, Abi},
};
use crate::{error::Result, space::volume::VolumeView};

/// How a voxel is stored, in the machine's own byte order. Values of sam2lung_volume::voxel_type.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum sam2lung_voxel_type {
    /// int16_t.
    Int16 = 1,
    /// uint16_t.
    Uint16 = 2,
    /// int32_t.
    Int32 = 3,
    /// float.
    Float32 = 4,
    /// double.
    Float64 = 5,
    /// uint8_t, for masks.
    Uint8 = 6,
}

/// Voxels that belong to somebody else, and where they lie in the patient.
///
/// Coming in they are only read, and only during the call. Going out (the functions that fill such a struct) they belong
/// to the object that was asked and stay valid until it is freed; don't write to them.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct sam2lung_volume {
    /// sizeof(sam2lung_volume), set by the caller in both directions.
    pub struct_size: usize,
    /// Voxel (0, 0, 0); needn't be aligned.
    pub voxels: *const c_void,
    /// Size of the buffer from `voxels` on, in bytes.
    pub bytes: usize,
    /// How voxels are stored, a sam2lung_voxel_type.
    pub voxel_type: i32,
    /// Number of voxels along i (columns), j (rows) and k (slices), at least 1 each.
    pub dims: [i64; 3],
    /// Bytes from a voxel to the next along i, j, k; voxels must not overlap. All 0: packed, i fastest. Negative along an axis
    /// that runs backwards in memory: then `bytes_before` says how far back the buffer reaches.
    pub strides: [i64; 3],
    /// Row-major 4 x 4 matrix from voxel indices to RAS millimetres; its axes are at right angles, its last row is 0 0 0 1.
    pub ijk_to_ras: [f64; 16],
    /// Size of the buffer before `voxels`, in bytes, for negative strides. Since ABI 3.
    pub bytes_before: usize,
}

// SAFETY: repr(C), its size first, no bool; any pointer is valid until it is followed.
unsafe impl Abi for sam2lung_volume {
    const NAME: &'static str = "sam2lung_volume";
    const FIRST_SIZE: usize = offset_of!(Self, bytes_before);
    const BOOLS: &'static [(&'static str, usize)] = &[];
    const DEFAULT: Self = sam2lung_volume {
        struct_size: size_of::<Self>(),
        voxels: std::ptr::null(),
        bytes: 0,
        voxel_type: 0,
        dims: [0; 3],
        strides: [0; 3],
        ijk_to_ras: [0.0; 16],
        bytes_before: 0,
    };
}

/// A type of voxels that this library gives out.
pub(super) trait Given: Copy {
    /// Its number in C.
    const TYPE: sam2lung_voxel_type;
}

impl Given for u16 {
    const TYPE: sam2lung_voxel_type = sam2lung_voxel_type::Uint16;
}

impl Given for f32 {
    const TYPE: sam2lung_voxel_type = sam2lung_voxel_type::Float32;
}

/// A view of packed voxels of this library.
pub(super) fn view_of<T: Given>(volume: VolumeView<'_, T>) -> sam2lung_volume {
    let (grid, slice) = (volume.grid, volume.voxels.to_slice().expect("maps that are given out are packed"));
    let size = size_of::<T>() as i64;
    let dims = grid.dims.map(|n| n as i64);
    let affine = grid.ijk_to_ras();
    sam2lung_volume {
        struct_size: size_of::<sam2lung_volume>(),
        voxels: slice.as_ptr().cast(),
        bytes: size_of_val(slice),
        voxel_type: T::TYPE as i32,
        dims,
        strides: [size, size * dims[0], size * dims[0] * dims[1]],
        ijk_to_ras: std::array::from_fn(|n| affine[n / 4][n % 4]),
        bytes_before: 0,
    }
}

/// Fills the caller's struct with what `view` gives.
///
/// # Safety
/// `volume` and `error` are NULL or can be written.
pub(super) unsafe fn fill(
    volume: *mut sam2lung_volume,
    error: *mut *mut sam2lung_error,
    view: impl FnOnce() -> Result<sam2lung_volume>,
) -> sam2lung_status {
    let work = |_: &Call| -> Result<()> {
        check_output(volume, "volume")?;
        // SAFETY: it isn't NULL.
        let size = unsafe { structs::check_room(volume, "volume") }?;
        let view = view()?;
        // SAFETY: it has room for `size` bytes, as the caller says.
        unsafe { structs::write(volume, size, &view) };
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}
