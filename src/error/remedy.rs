//! What to do about an error: the part of its message that a program may show by itself.

use super::Error;

pub(super) const SHEARED: &str =
    "Resample the volume to such a grid, for example with Slicer's 'Resample Scalar Volume', or undo the gantry tilt";
pub(super) const ONE_SLICE: &str = "Load the whole series, not a single image";
pub(super) const NON_FINITE: &str = "Repair or export the image again";
pub(super) const SPACING: &str = "Correct the header of the image";
pub(super) const TOO_LARGE: &str = "Crop the volume to the chest or resample it";
pub(super) const SLICE_GAP: &str = "Copy the complete series";
pub(super) const DUPLICATE_SLICE: &str = "Put the files of one acquisition into a folder of their own";
pub(super) const MIXED_GEOMETRY: &str = "Put the files of one axial series into a folder of their own";
pub(super) const GANTRY_TILT: &str =
    "Resample the series, for example with Slicer's 'Acquisition geometry regularization'";
pub(super) const NO_ORIENTATION: &str = "Convert the CT again from its DICOM files, or say which way the axes run";
pub(super) const WRITE: &str = "Check the folder's rights and free space";
pub(super) const NO_LUNG: &str =
    "Check that the volume is a chest CT with lungs in it. If it is, search the whole image, or give a mask";
pub(super) const MASK_GRID: &str = "Resample the mask to the CT's grid";
pub(super) const REGISTRATION: &str =
    "Check that both are chest CTs of one patient that show most of the lungs, and that neither is mirrored";
pub(super) const NOT_PAIRED: &str = "Samples are paired only where both runs drew them alike: segment both CTs with the \
     same model, seed and number of samples, or give the CTs themselves";
pub(super) const CHANNELS: &str =
    "Give one volume for each channel: a folder with files named NAME or x_NAME, or each file by its channel's name";
pub(super) const CHANNEL_GRID: &str = "Resample the channels to one grid";
pub(super) const MODEL_SCHEMA: &str = "Use a bundle made for this version of sam2lung, or a newer sam2lung";
pub(super) const MODEL_HASH: &str = "The file is damaged or was replaced: copy the bundle again";
pub(super) const MODEL_SHAPE: &str = "Export the bundle again";
pub(super) const NO_SUCH_MODEL: &str = "Install it, or name a folder that holds model.json and its ONNX files";
pub(super) const MODEL_INSTALLED: &str =
    "Give what is new a version of its own, or ask for the installed one to be replaced";
pub(super) const RUNTIME: &str =
    "Run 'cargo xtask setup', or set SAM2LUNG_ONNXRUNTIME to the full path of ONNX Runtime's shared library";
pub(super) const THREADS: &str =
    "Use fewer threads, or raise the limit on processes (ulimit -u, a container's pids limit) or memory (ulimit -v)";
pub(super) const BOX: &str = "Use a scan that covers more, or a model with smaller boxes";
pub(super) const INFERENCE: &str = "If memory ran out, use fewer threads or the CPU";
pub(super) const RUNTIME_LOADED: &str = "Name the file that is loaded, or none, or start a new process";
pub(super) const BUSY: &str =
    "Wait until that call has ended, or create an engine for each thread; a callback may use other engines";
pub(super) const OUT_OF_MEMORY: &str = "Close other programs, crop the volume to the chest, or resample it";
pub(super) const INTERNAL: &str = "Please report it with this text; the engine can be used again";

impl Error {
    /// What to do, as the message says it; empty where the message has no more to say than what was expected.
    pub fn remedy(&self) -> &str {
        match self {
            Error::NotHu { remedy, .. }
            | Error::Dimensions { remedy, .. }
            | Error::Read { remedy, .. }
            | Error::ModelBundle { remedy, .. }
            | Error::Signature { remedy, .. }
            | Error::ModelArchive { remedy, .. }
            | Error::Device { remedy, .. } => remedy,
            Error::Sheared { .. } => SHEARED,
            Error::OneSlice { .. } => ONE_SLICE,
            Error::NonFinite { .. } => NON_FINITE,
            Error::Spacing { .. } => SPACING,
            Error::TooLarge { .. } => TOO_LARGE,
            Error::SliceGap { .. } => SLICE_GAP,
            Error::DuplicateSlice { .. } => DUPLICATE_SLICE,
            Error::MixedGeometry { .. } => MIXED_GEOMETRY,
            Error::GantryTilt { .. } => GANTRY_TILT,
            Error::NoOrientation { .. } => NO_ORIENTATION,
            Error::Write { .. } => WRITE,
            Error::NoLung { .. } => NO_LUNG,
            Error::MaskGrid { .. } => MASK_GRID,
            Error::Registration { .. } => REGISTRATION,
            Error::NotPaired { .. } => NOT_PAIRED,
            Error::Channels { .. } => CHANNELS,
            Error::ChannelGrid { .. } => CHANNEL_GRID,
            Error::ModelSchema { .. } => MODEL_SCHEMA,
            Error::ModelHash { .. } => MODEL_HASH,
            Error::ModelShape { .. } => MODEL_SHAPE,
            Error::NoSuchModel { .. } => NO_SUCH_MODEL,
            Error::ModelInstalled { .. } => MODEL_INSTALLED,
            Error::Runtime { .. } => RUNTIME,
            Error::RuntimeLoaded { .. } => RUNTIME_LOADED,
            Error::Threads { .. } => THREADS,
            Error::Box { .. } => BOX,
            Error::Inference { .. } => INFERENCE,
            Error::Busy => BUSY,
            Error::OutOfMemory { .. } => OUT_OF_MEMORY,
            Error::Internal { .. } => INTERNAL,
            Error::SeveralSeries { .. }
            | Error::NoSuchSeries { .. }
            | Error::Format { .. }
            | Error::Option { .. }
            | Error::Argument { .. }
            | Error::Cancelled => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remedy_is_a_part_of_the_message() {
        let text = || "x".to_owned();
        for error in [
            Error::NotHu { got: text(), remedy: "do this".into() },
            Error::Sheared { degrees: 1.0 },
            Error::NoLung { reason: text() },
            Error::Runtime { needed: "1.24", tried: text() },
            Error::Inference { graph: text(), reason: text() },
            Error::Busy,
            Error::Internal { what: text() },
        ] {
            assert!(!error.remedy().is_empty() && error.to_string().ends_with(error.remedy()), "{error}");
        }
        assert_eq!(Error::Cancelled.remedy(), "");
    }
}
