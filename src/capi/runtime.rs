//! ONNX Runtime, of which there is one a process.

use std::{
    ffi::{CString, c_char},
    path::Path,
};

use super::{
    error::sam2lung_error,
    guard::{Call, guard},
    options::{c_device, sam2lung_device},
    pointers::{c_text, check_output, getter, hand_over, input, optional_text, refuse, release},
    status::sam2lung_status,
};
use crate::{error::Result, networks::load::devices, runtime::environment::Runtime};

/// ONNX Runtime as this process has loaded it, and the devices that it can use.
pub struct sam2lung_runtime {
    library: CString,
    build: CString,
    devices: Vec<Device>,
}

struct Device {
    device: sam2lung_device,
    usable: bool,
    reason: CString,
}

impl sam2lung_runtime {
    fn new(runtime: &Runtime) -> Self {
        let devices = devices().into_iter().map(|report| Device {
            device: c_device(report.device),
            usable: report.usable,
            reason: c_text(&report.reason),
        });
        sam2lung_runtime {
            library: c_text(&runtime.library.display().to_string()),
            build: c_text(&runtime.build),
            devices: devices.collect(),
        }
    }
}

/// Loads ONNX Runtime, unless this process has loaded it, and tries the devices.
///
/// Engines load it by themselves when they need it; this says where it is, and lets a program name the file. Where none is
/// named it is looked for: the environment variable SAM2LUNG_ONNXRUNTIME, beside this library or in ../lib from there, in
/// .deps/ of a folder above, where the system's loader finds it. The first success stays for the life of the process: a
/// later call that names another file gets SAM2LUNG_STATUS_RUNTIME. Loading sets the environment variable
/// ORT_DISABLE_TELEMETRY, so that nothing leaves the machine: call it before other threads use the environment.
///
/// Any thread.
///
/// @param library path of libonnxruntime, UTF-8; NULL: it is looked for
/// @param runtime where the description goes, not NULL; belongs to the caller, who frees it with sam2lung_runtime_free()
/// @param error where an error goes, may be NULL; its message lists every place that was tried
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_runtime_load(
    library: *const c_char,
    runtime: *mut *mut sam2lung_runtime,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = |_: &Call| -> Result<()> {
        check_output(runtime, "runtime")?;
        // SAFETY: the contract of the C ABI.
        let library = unsafe { optional_text(library, "library") }?;
        let loaded = library.map_or_else(Runtime::get, |path| Runtime::load(Path::new(path)))?;
        // SAFETY: it isn't NULL, so it can be written.
        unsafe { hand_over(runtime, sam2lung_runtime::new(&loaded)) };
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}

/// The file that ONNX Runtime was loaded from.
///
/// Belongs to the object, valid until it is freed. Any thread.
///
/// @param runtime the runtime, may be NULL
/// @return its path as it was given or found, UTF-8; "" for NULL; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_runtime_library(runtime: *const sam2lung_runtime) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(runtime, c"".as_ptr(), |runtime| runtime.library.as_ptr()) }
}

/// What ONNX Runtime says of itself: version, commit, flags.
///
/// Belongs to the object, valid until it is freed. Any thread.
///
/// @param runtime the runtime, may be NULL
/// @return UTF-8; "" for NULL; never NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_runtime_build(runtime: *const sam2lung_runtime) -> *const c_char {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(runtime, c"".as_ptr(), |runtime| runtime.build.as_ptr()) }
}

/// How many devices this library knows of; not each of them can be used.
///
/// Any thread.
///
/// @param runtime the runtime, may be NULL
/// @return the number; 0 for NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_runtime_device_count(runtime: *const sam2lung_runtime) -> usize {
    // SAFETY: the contract of the C ABI.
    unsafe { getter(runtime, 0, |runtime| runtime.devices.len()) }
}

/// A device, and whether it can be used. All outputs are written or none.
///
/// Any thread.
///
/// @param runtime the runtime, not NULL
/// @param index from 0, less than sam2lung_runtime_device_count()
/// @param device where the sam2lung_device goes, not NULL
/// @param usable where it goes whether the device can be used, not NULL
/// @param reason where it goes why, or why not, not NULL; the text (UTF-8) belongs to the runtime, valid until that is freed
/// @param error where an error goes, may be NULL
/// @return SAM2LUNG_STATUS_OK, or why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_runtime_device(
    runtime: *const sam2lung_runtime,
    index: usize,
    device: *mut i32,
    usable: *mut bool,
    reason: *mut *const c_char,
    error: *mut *mut sam2lung_error,
) -> sam2lung_status {
    let work = |_: &Call| -> Result<()> {
        check_output(device, "device")?;
        check_output(usable, "usable")?;
        check_output(reason, "reason")?;
        // SAFETY: the contract of the C ABI.
        let devices = &unsafe { input(runtime, "runtime") }?.devices;
        let found = devices.get(index);
        let found = found.ok_or_else(|| refuse("index", index.to_string(), format!("less than {}", devices.len())))?;
        // SAFETY: none of them is NULL, so they can be written.
        unsafe {
            device.write(found.device as i32);
            usable.write(found.usable);
            reason.write(found.reason.as_ptr());
        }
        Ok(())
    };
    // SAFETY: the contract of the C ABI.
    unsafe { guard(error, work) }
}

/// Frees the description; ONNX Runtime stays loaded.
///
/// Any thread; not while another one reads it.
///
/// @param runtime the runtime, may be NULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sam2lung_runtime_free(runtime: *mut sam2lung_runtime) {
    // SAFETY: NULL, or an object of this library that the caller gives up.
    unsafe { release(runtime) }
}
