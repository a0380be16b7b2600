//! What a call says in a number.

use std::ffi::{CStr, c_char};

use super::guard::neutral;
use crate::error::Error;

/// Outcome of a call. The values never change; later versions may add some, so treat an unknown one as a failure.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum sam2lung_status {
    /// It went well; outputs are written.
    Ok = 0,
    /// E_ARGUMENT, E_OPTION: the call itself is wrong.
    InvalidArgument = 1,
    /// E_NOT_HU, E_SHEARED, E_DIMENSIONS, E_ONE_SLICE, E_NON_FINITE, E_SPACING, E_TOO_LARGE, E_NO_LUNG, E_MASK_GRID,
    /// E_CHANNELS, E_CHANNEL_GRID, E_BOX, E_REGISTRATION, E_NOT_PAIRED: the volume, or the two scans, can't be used.
    InvalidInput = 2,
    /// E_READ, E_FORMAT, E_SEVERAL_SERIES, E_NO_SUCH_SERIES, E_SLICE_GAP, E_DUPLICATE_SLICE, E_MIXED_GEOMETRY,
    /// E_GANTRY_TILT, E_NO_ORIENTATION: files can't be read.
    Read = 3,
    /// E_WRITE: a file can't be written.
    Write = 4,
    /// E_MODEL_BUNDLE, E_MODEL_SCHEMA, E_MODEL_HASH, E_MODEL_SHAPE, E_SIGNATURE, E_MODEL_ARCHIVE, E_NO_SUCH_MODEL,
    /// E_MODEL_INSTALLED: the bundle can't be used.
    Model = 5,
    /// E_RUNTIME: ONNX Runtime can't be loaded.
    Runtime = 6,
    /// E_DEVICE: the device that was asked for can't be used.
    Device = 7,
    /// E_INFERENCE: the network failed while running.
    Inference = 8,
    /// E_CANCELLED: a cancel token or the progress callback ended the call.
    Cancelled = 9,
    /// E_BUSY: this engine runs another call, or is called from its own callback.
    Busy = 10,
    /// E_OUT_OF_MEMORY, E_THREADS: there is not enough memory, or a thread can't be started.
    OutOfMemory = 11,
    /// E_INTERNAL: a mistake in this library. The objects that were used stay usable.
    Internal = 99,
}

impl From<&Error> for sam2lung_status {
    fn from(error: &Error) -> Self {
        match error {
            Error::Argument { .. } | Error::Option { .. } => sam2lung_status::InvalidArgument,
            Error::NotHu { .. }
            | Error::Sheared { .. }
            | Error::Dimensions { .. }
            | Error::OneSlice { .. }
            | Error::NonFinite { .. }
            | Error::Spacing { .. }
            | Error::TooLarge { .. }
            | Error::NoLung { .. }
            | Error::MaskGrid { .. }
            | Error::Box { .. }
            | Error::Registration { .. }
            | Error::NotPaired { .. }
            | Error::Channels { .. }
            | Error::ChannelGrid { .. } => sam2lung_status::InvalidInput,
            Error::Read { .. }
            | Error::Format { .. }
            | Error::SeveralSeries { .. }
            | Error::NoSuchSeries { .. }
            | Error::SliceGap { .. }
            | Error::DuplicateSlice { .. }
            | Error::MixedGeometry { .. }
            | Error::GantryTilt { .. }
            | Error::NoOrientation { .. } => sam2lung_status::Read,
            Error::Write { .. } => sam2lung_status::Write,
            Error::ModelBundle { .. }
            | Error::ModelSchema { .. }
            | Error::ModelHash { .. }
            | Error::ModelShape { .. }
            | Error::Signature { .. }
            | Error::ModelArchive { .. }
            | Error::NoSuchModel { .. }
            | Error::ModelInstalled { .. } => sam2lung_status::Model,
            Error::Runtime { .. } | Error::RuntimeLoaded { .. } => sam2lung_status::Runtime,
            Error::Device { .. } => sam2lung_status::Device,
            Error::Inference { .. } => sam2lung_status::Inference,
            Error::Cancelled => sam2lung_status::Cancelled,
            Error::Busy => sam2lung_status::Busy,
            Error::OutOfMemory { .. } | Error::Threads { .. } => sam2lung_status::OutOfMemory,
            Error::Internal { .. } => sam2lung_status::Internal,
        }
    }
}

/// Name of a status.
///
/// Belongs to the library, valid as long as it is loaded. Any thread.
///
/// @param status value of a sam2lung_status
/// @return for example "SAM2LUNG_STATUS_OK"; "unknown" for a value that this library doesn't know; never NULL
#[unsafe(no_mangle)]
pub extern "C" fn sam2lung_status_name(status: i32) -> *const c_char {
    neutral(c"unknown", || name(status)).as_ptr()
}

fn name(status: i32) -> &'static CStr {
    match status {
        0 => c"SAM2LUNG_STATUS_OK",
        1 => c"SAM2LUNG_STATUS_INVALID_ARGUMENT",
        2 => c"SAM2LUNG_STATUS_INVALID_INPUT",
        3 => c"SAM2LUNG_STATUS_READ",
        4 => c"SAM2LUNG_STATUS_WRITE",
        5 => c"SAM2LUNG_STATUS_MODEL",
        6 => c"SAM2LUNG_STATUS_RUNTIME",
        7 => c"SAM2LUNG_STATUS_DEVICE",
        8 => c"SAM2LUNG_STATUS_INFERENCE",
        9 => c"SAM2LUNG_STATUS_CANCELLED",
        10 => c"SAM2LUNG_STATUS_BUSY",
        11 => c"SAM2LUNG_STATUS_OUT_OF_MEMORY",
        99 => c"SAM2LUNG_STATUS_INTERNAL",
        _ => c"unknown",
    }
}
