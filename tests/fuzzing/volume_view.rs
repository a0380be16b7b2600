//! A volume view of C from bytes: all that the library promises to check is theirs, the voxels are a real buffer.

use std::{
    collections::HashSet,
    ffi::{CStr, CString, c_char},
    fs,
    mem::offset_of,
    path::Path,
    ptr,
};

use sam2lung::capi::{
    error::{sam2lung_error, sam2lung_error_free, sam2lung_error_message, sam2lung_error_name},
    status::sam2lung_status,
    volume::sam2lung_volume,
    write::sam2lung_volume_write,
};

/// No struct is longer than the library takes: 4096 bytes.
const STRUCT_BYTES: usize = 4096;
/// Most bytes that lie behind `voxels`; what needs more is for the library to refuse.
const BUFFER_BYTES: usize = 1 << 15;
/// A NIfTI-1 header and its empty extension.
const NIFTI_HEADER_BYTES: usize = 352;

/// Hands the struct in `input` to `sam2lung_volume_write`; the name of the error that refused it.
///
/// Its `bytes` are cut to the buffer that is there, since a caller's lie about memory can't be found out; of its `voxels`
/// only NULL and the alignment stay.
///
/// # Panics
/// When the library did, when it leaves a file behind an error, and when the file doesn't hold the view's voxels.
pub fn write(input: &[u8]) -> Result<(), String> {
    let mut memory = [0u64; STRUCT_BYTES / size_of::<u64>()];
    let place = memory.as_mut_ptr();
    // SAFETY: no more than there is room for.
    unsafe { ptr::copy_nonoverlapping(input.as_ptr(), place.cast::<u8>(), input.len().min(STRUCT_BYTES)) };
    let place = place.cast::<sam2lung_volume>();
    // SAFETY: aligned, large enough, and any bits are a value.
    let mut volume = unsafe { place.read() };
    volume.bytes = volume.bytes.min(BUFFER_BYTES);
    let shift = volume.voxels.addr() % 8;
    // As long as needed and no longer: AddressSanitizer sees a byte too many.
    let buffer: Vec<u8> = (0..shift + volume.bytes).map(|at| ((at * 167) >> 3) as u8).collect();
    let voxels = &buffer[shift..];
    volume.voxels = if volume.voxels.is_null() { ptr::null() } else { voxels.as_ptr().cast() };
    // SAFETY: as it was read.
    unsafe { place.write(volume) };

    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("a.nii");
    let written = call(place, &path);
    assert_eq!(path.exists(), written.is_ok(), "a file is there whole or not at all");
    written?;
    let file = fs::read(path).expect("it was written");
    assert!(file[NIFTI_HEADER_BYTES..] == gathered(&volume, voxels), "the voxels of the view");
    Ok(())
}

fn call(volume: *const sam2lung_volume, path: &Path) -> Result<(), String> {
    let path = CString::new(path.to_str().expect("ASCII")).expect("no NUL in it");
    let mut error: *mut sam2lung_error = ptr::null_mut();
    // SAFETY: the struct is as long as it may say, and `bytes` bytes lie behind its `voxels`.
    let status = unsafe { sam2lung_volume_write(volume, path.as_ptr(), ptr::null(), &mut error) };
    if status == sam2lung_status::Ok {
        assert!(error.is_null(), "no error where nothing went wrong");
        return Ok(());
    }
    // SAFETY: texts of an error that isn't freed yet.
    let text = |text: *const c_char| unsafe { CStr::from_ptr(text) }.to_str().expect("UTF-8").to_owned();
    // SAFETY: the call failed, so there is an error.
    let (name, message) = unsafe { (text(sam2lung_error_name(error)), text(sam2lung_error_message(error))) };
    // SAFETY: it is used no more.
    unsafe { sam2lung_error_free(error) };
    assert!(status != sam2lung_status::Internal && !name.is_empty() && !message.is_empty(), "{status:?}: {message}");
    Err(name)
}

/// The voxels of an accepted view one by one, i fastest: none outside of the buffer, none on another.
fn gathered(volume: &sam2lung_volume, buffer: &[u8]) -> Vec<u8> {
    let size = [2, 2, 4, 4, 8, 1][volume.voxel_type as usize - 1];
    let [width, height, depth] = volume.dims;
    let strides = match volume.strides {
        [0, 0, 0] => [size, size * width, size * width * height],
        strides => strides,
    };
    let mut taken = HashSet::new();
    let mut voxels = Vec::new();
    for (k, j, i) in (0..depth).flat_map(|k| (0..height).flat_map(move |j| (0..width).map(move |i| (k, j, i)))) {
        let at = (i * strides[0] + j * strides[1] + k * strides[2]) as usize;
        let bytes = at..at + size as usize;
        assert!(bytes.clone().all(|byte| taken.insert(byte)), "voxels overlap: {volume:?}");
        voxels.extend_from_slice(&buffer[bytes]);
    }
    voxels
}

/// Good views: packed, with gaps, k fastest, interleaved; of several types, on an oblique and on a mirrored grid.
pub fn seeds() -> Vec<Vec<u8>> {
    let oblique = [0.6, -0.8, 0.0, -100.0, 0.8, 0.6, 0.0, 50.0, 0.0, 0.0, 2.5, -700.0, 0.0, 0.0, 0.0, 1.0];
    let mirrored = [-0.7, 0.0, 0.0, 90.0, 0.0, -0.7, 0.0, 90.0, 0.0, 0.0, 1.25, 0.0, 0.0, 0.0, 0.0, 1.0];
    vec![
        seed(1, [5, 4, 3], [0, 0, 0], 120, oblique),
        seed(3, [5, 4, 3], [4, 24, 100], 1 << 10, mirrored),
        seed(5, [2, 3, 4], [96, 32, 8], 192, oblique),
        seed(4, [16, 16, 16], [8, 128, 2048], 1 << 15, mirrored),
        seed(6, [1, 1, 1], [1, 1, 1], 1, mirrored),
    ]
}

/// The bytes of a struct in the memory of this machine, its padding 0 and `voxels` at an odd address.
fn seed(voxel_type: i32, dims: [i64; 3], strides: [i64; 3], bytes: usize, ijk_to_ras: [f64; 16]) -> Vec<u8> {
    let mut whole = vec![0; size_of::<sam2lung_volume>()];
    let mut put = |at: usize, field: &[u8]| whole[at..at + field.len()].copy_from_slice(field);
    put(offset_of!(sam2lung_volume, struct_size), &size_of::<sam2lung_volume>().to_ne_bytes());
    put(offset_of!(sam2lung_volume, voxels), &1usize.to_ne_bytes());
    put(offset_of!(sam2lung_volume, bytes), &bytes.to_ne_bytes());
    put(offset_of!(sam2lung_volume, voxel_type), &voxel_type.to_ne_bytes());
    put(offset_of!(sam2lung_volume, dims), &dims.map(i64::to_ne_bytes).concat());
    put(offset_of!(sam2lung_volume, strides), &strides.map(i64::to_ne_bytes).concat());
    put(offset_of!(sam2lung_volume, ijk_to_ras), &ijk_to_ras.map(f64::to_ne_bytes).concat());
    whole
}
