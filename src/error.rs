//! Every way in which sam2lung refuses or fails, with a stable name.
//!
//! A message says what was got, what was expected and what to do. The name (`E_…`, see [`Error::name`]) never
//! changes once released: programs match on it, people search for it.

mod remedy;

use std::path::{Path, PathBuf};

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Anything that can go wrong, one variant a cause.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The values can't be Hounsfield units.
    #[error("{got}; expected Hounsfield units (air near -1000, water 0). {remedy}")]
    NotHu {
        /// What the voxels look like.
        got: String,
        /// What the user can do about it.
        remedy: String,
    },
    /// The axes of the volume are not at right angles.
    #[error(
        "the axes of the volume are not orthogonal (angle off by {degrees:.3} degrees); expected a \
         rectangular grid. {}",
        remedy::SHEARED
    )]
    Sheared {
        /// Largest deviation from a right angle, in degrees.
        degrees: f64,
    },
    /// Not three-dimensional.
    #[error("the image has {got}; expected one three-dimensional scalar volume. {remedy}")]
    Dimensions {
        /// For example "4 dimensions (512 x 512 x 98 x 20)".
        got: String,
        /// What the user can do about it.
        remedy: String,
    },
    /// One slice only.
    #[error("the volume has {got} slice(s) along {axis}; expected at least 2. {}", remedy::ONE_SLICE)]
    OneSlice {
        /// Number of slices.
        got: usize,
        /// Name of the axis.
        axis: &'static str,
    },
    /// NaN or infinity among the voxels or in the geometry.
    #[error(
        "{what} holds {count} value(s) that are NaN or infinite, the first at {at}; expected finite numbers. {}",
        remedy::NON_FINITE
    )]
    NonFinite {
        /// "the image" or "the geometry".
        what: &'static str,
        /// How many.
        count: usize,
        /// Where the first one is.
        at: String,
    },
    /// A spacing that is zero, negative or absurd.
    #[error("the voxel spacing is {got} mm; expected each between {min} and {max} mm. {}", remedy::SPACING)]
    Spacing {
        /// The three spacings as text.
        got: String,
        /// Smallest that is accepted.
        min: f64,
        /// Largest that is accepted.
        max: f64,
    },
    /// Larger than the stated limit.
    #[error("the volume has {got} voxels; expected at most {limit}. {}", remedy::TOO_LARGE)]
    TooLarge {
        /// Number of voxels.
        got: u64,
        /// The limit.
        limit: u64,
    },
    /// Several DICOM series in one folder.
    #[error("{folder} holds {count} CT series; expected one. Choose one by its UID, or by the rule 'thinnest' or 'first':\n{list}", folder = folder.display())]
    SeveralSeries {
        /// The folder.
        folder: PathBuf,
        /// How many series.
        count: usize,
        /// One line a series: UID, description, slices.
        list: String,
    },
    /// The series asked for isn't there.
    #[error("{folder} holds no CT series {uid}; it holds:\n{list}", folder = folder.display())]
    NoSuchSeries {
        /// The folder.
        folder: PathBuf,
        /// The UID asked for.
        uid: String,
        /// One line a series.
        list: String,
    },
    /// A slice is missing.
    #[error(
        "{source_name}: slices are missing: {gaps}; expected slices {spacing_mm:.3} mm apart. {}",
        remedy::SLICE_GAP
    )]
    SliceGap {
        /// Folder of the series.
        source_name: String,
        /// Where, between which positions.
        gaps: String,
        /// The usual distance.
        spacing_mm: f64,
    },
    /// Two slices at one position.
    #[error(
        "{source_name}: {count} slice position(s) occur more than once, the first at {position_mm:.3} mm \
         ({files}); expected each once. {}",
        remedy::DUPLICATE_SLICE
    )]
    DuplicateSlice {
        /// Folder of the series.
        source_name: String,
        /// How many positions.
        count: usize,
        /// Position along the normal.
        position_mm: f64,
        /// The files that share it.
        files: String,
    },
    /// Slices of one series that don't fit each other.
    #[error(
        "{source_name}: slices differ in {what}: {got}; expected one value in the whole series. {}",
        remedy::MIXED_GEOMETRY
    )]
    MixedGeometry {
        /// Folder of the series.
        source_name: String,
        /// Which attribute.
        what: &'static str,
        /// The values.
        got: String,
    },
    /// Gantry tilt: slices shifted against their normal.
    #[error(
        "{source_name}: the gantry was tilted by {degrees:.2} degrees (slices are shifted against their \
         normal); expected an untilted scan. {}",
        remedy::GANTRY_TILT
    )]
    GantryTilt {
        /// Folder of the series.
        source_name: String,
        /// The tilt.
        degrees: f64,
    },
    /// A file can't be read or is damaged.
    #[error("{path}: {reason}. {remedy}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// A format, compression or file kind that isn't supported.
    #[error("{path}: {got} is not supported; expected {expected}", path = path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What was found.
        got: String,
        /// What is supported.
        expected: String,
    },
    /// A file that doesn't say how its axes run in the patient.
    #[error("{path}: {got}; expected an orientation. {}", remedy::NO_ORIENTATION, path = path.display())]
    NoOrientation {
        /// The file.
        path: PathBuf,
        /// What is missing.
        got: String,
    },
    /// The output can't be written.
    #[error(
        "{path}: cannot be written: {reason}. {}",
        remedy::WRITE,
        path = path.display()
    )]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// No lung in the volume.
    #[error("no lung was found in the volume ({reason}); expected a chest CT. {}", remedy::NO_LUNG)]
    NoLung {
        /// Why.
        reason: String,
    },
    /// A mask that doesn't lie on the CT's grid.
    #[error("the lung mask {got}; expected the CT's own grid ({expected}). {}", remedy::MASK_GRID)]
    MaskGrid {
        /// What the mask has.
        got: String,
        /// What the CT has.
        expected: String,
    },
    /// The lungs of two scans that can't be laid over each other.
    #[error("the two scans could not be registered: {got}; expected {expected}. {}", remedy::REGISTRATION)]
    Registration {
        /// How badly they fit.
        got: String,
        /// How well they have to.
        expected: String,
    },
    /// Two results that were not made in one way.
    #[error(
        "the {what} of the prior result is {got}; expected that of the current one, {expected}. {}",
        remedy::NOT_PAIRED
    )]
    NotPaired {
        /// What differs.
        what: &'static str,
        /// The prior's.
        got: String,
        /// The current one's.
        expected: String,
    },
    /// Volumes that are not those of the model's channels.
    #[error("{got}; expected {expected}. {}", remedy::CHANNELS)]
    Channels {
        /// What was given.
        got: String,
        /// What the model takes.
        expected: String,
    },
    /// A channel that doesn't lie on the first channel's grid.
    #[error("channel {channel} {got}; expected the grid of channel {first} ({expected}). {}", remedy::CHANNEL_GRID)]
    ChannelGrid {
        /// Its name.
        channel: String,
        /// What it has.
        got: String,
        /// Name of the first channel.
        first: String,
        /// What the first channel has.
        expected: String,
    },
    /// An option out of its range.
    #[error("{option} is {got}; expected {expected}")]
    Option {
        /// Name of the option.
        option: &'static str,
        /// The value.
        got: String,
        /// What is accepted.
        expected: String,
    },
    /// A bundle that can't be understood.
    #[error("model bundle {bundle}: {reason}. {remedy}", bundle = bundle.display())]
    ModelBundle {
        /// The folder.
        bundle: PathBuf,
        /// What is wrong.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// A bundle written for another version of this library.
    #[error(
        "model bundle {bundle}: schema version {got}; expected {expected}. {}",
        remedy::MODEL_SCHEMA,
        bundle = bundle.display()
    )]
    ModelSchema {
        /// The folder.
        bundle: PathBuf,
        /// The version found.
        got: String,
        /// The versions this library reads.
        expected: &'static str,
    },
    /// A model file that isn't the one `model.json` names.
    #[error(
        "model bundle {bundle}: {file} has sha256 {got}; model.json expects {expected}. {}",
        remedy::MODEL_HASH,
        bundle = bundle.display()
    )]
    ModelHash {
        /// The folder.
        bundle: PathBuf,
        /// The file.
        file: String,
        /// Its hash.
        got: String,
        /// The hash in `model.json`.
        expected: String,
    },
    /// A graph whose tensors aren't those in `model.json`.
    #[error(
        "model bundle {bundle}: {file}: tensor '{tensor}' is {got}; expected {expected}. {}",
        remedy::MODEL_SHAPE,
        bundle = bundle.display()
    )]
    ModelShape {
        /// The folder.
        bundle: PathBuf,
        /// The graph.
        file: String,
        /// The tensor.
        tensor: String,
        /// What the graph has.
        got: String,
        /// What `model.json` says.
        expected: String,
    },
    /// A bundle's signature that is wrong, or missing where one is required; or keys that can't be used.
    #[error("{place}: {reason}. {remedy}", place = place.display())]
    Signature {
        /// The bundle's folder or archive; the folder or file of the keys.
        place: PathBuf,
        /// What is wrong.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// A zip archive that isn't one bundle and nothing else.
    #[error("archive {archive}: {reason}. {remedy}", archive = archive.display())]
    ModelArchive {
        /// The file.
        archive: PathBuf,
        /// What is wrong.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// No installed bundle has the name that was asked for.
    #[error("'{wanted}' is neither a folder nor an installed bundle; installed {installed}. {}", remedy::NO_SUCH_MODEL)]
    NoSuchModel {
        /// The name, and the version where one was asked for.
        wanted: String,
        /// The folder of installed bundles, and what is there.
        installed: String,
    },
    /// A bundle is installed already, with other files.
    #[error("{bundle} is installed in {folder}, with another {differs}; expected the same files. {}", remedy::MODEL_INSTALLED, folder = folder.display())]
    ModelInstalled {
        /// Its name and version.
        bundle: String,
        /// Where it lies.
        folder: PathBuf,
        /// The files that differ.
        differs: String,
    },
    /// ONNX Runtime can't be loaded.
    #[error("ONNX Runtime {needed} or newer can't be loaded. Tried, in this order:\n{tried}\n{}", remedy::RUNTIME)]
    Runtime {
        /// The oldest version that works.
        needed: &'static str,
        /// One line a try: path and what happened.
        tried: String,
    },
    /// A thread of a network can't be started.
    #[error(
        "the networks need {wanted} thread(s) besides the caller's; only {started} could be started ({reason}). {}",
        remedy::THREADS
    )]
    Threads {
        /// How many threads the networks take.
        wanted: usize,
        /// How many of them could be started.
        started: usize,
        /// What the system said.
        reason: String,
    },
    /// A network's boxes are larger than the volume.
    #[error(
        "a box of the network '{network}' has {size}; the volume has {volume} on the network's grid; expected boxes that \
         fit into it. {}",
        remedy::BOX
    )]
    Box {
        /// Name of its field in the contract.
        network: String,
        /// Size of a box in voxels along k, j, i, and in mm.
        size: String,
        /// Size of the volume, likewise.
        volume: String,
    },
    /// A device that was asked for can't be used.
    #[error("device '{device}' can't be used: {reason}. {remedy}")]
    Device {
        /// The name asked for.
        device: &'static str,
        /// Why not.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// The network failed while running.
    #[error("the {graph} network failed: {reason}. {}", remedy::INFERENCE)]
    Inference {
        /// Which one: the role, and encoder or decoder.
        graph: String,
        /// What ONNX Runtime said.
        reason: String,
    },
    /// Cancelled by the caller.
    #[error("cancelled; nothing was written")]
    Cancelled,
    /// ONNX Runtime is loaded already, from another file than the one that is asked for.
    #[error(
        "ONNX Runtime can't be loaded from {asked}: this process has loaded it from {loaded}; expected the same \
         file. {}",
        remedy::RUNTIME_LOADED,
        asked = asked.display(),
        loaded = loaded.display()
    )]
    RuntimeLoaded {
        /// The file that is asked for.
        asked: PathBuf,
        /// The file that is in use.
        loaded: PathBuf,
    },
    /// An argument of a function of the C interface that can't be.
    #[error("{argument} is {got}; expected {expected}")]
    Argument {
        /// Name of the parameter, with the field in it: `volumes[0]->dims`.
        argument: String,
        /// What it is.
        got: String,
        /// What is accepted.
        expected: String,
    },
    /// An engine that runs another call.
    #[error("the engine is busy with another call; expected one call at a time. {}", remedy::BUSY)]
    Busy,
    /// No memory for an array.
    #[error("there is not enough memory for {what}; expected {needed} to be free. {}", remedy::OUT_OF_MEMORY)]
    OutOfMemory {
        /// What it was wanted for.
        what: &'static str,
        /// How much is missing, as far as it is known.
        needed: String,
    },
    /// A mistake in this library.
    #[error("a mistake inside sam2lung: {what}. {}", remedy::INTERNAL)]
    Internal {
        /// What the panic said, and where.
        what: String,
    },
}

impl Error {
    /// The stable name of the cause, `E_…`.
    pub fn name(&self) -> &'static str {
        match self {
            Error::NotHu { .. } => "E_NOT_HU",
            Error::Sheared { .. } => "E_SHEARED",
            Error::Dimensions { .. } => "E_DIMENSIONS",
            Error::OneSlice { .. } => "E_ONE_SLICE",
            Error::NonFinite { .. } => "E_NON_FINITE",
            Error::Spacing { .. } => "E_SPACING",
            Error::TooLarge { .. } => "E_TOO_LARGE",
            Error::SeveralSeries { .. } => "E_SEVERAL_SERIES",
            Error::NoSuchSeries { .. } => "E_NO_SUCH_SERIES",
            Error::SliceGap { .. } => "E_SLICE_GAP",
            Error::DuplicateSlice { .. } => "E_DUPLICATE_SLICE",
            Error::MixedGeometry { .. } => "E_MIXED_GEOMETRY",
            Error::GantryTilt { .. } => "E_GANTRY_TILT",
            Error::Read { .. } => "E_READ",
            Error::Format { .. } => "E_FORMAT",
            Error::NoOrientation { .. } => "E_NO_ORIENTATION",
            Error::Write { .. } => "E_WRITE",
            Error::NoLung { .. } => "E_NO_LUNG",
            Error::MaskGrid { .. } => "E_MASK_GRID",
            Error::Registration { .. } => "E_REGISTRATION",
            Error::NotPaired { .. } => "E_NOT_PAIRED",
            Error::Channels { .. } => "E_CHANNELS",
            Error::ChannelGrid { .. } => "E_CHANNEL_GRID",
            Error::Option { .. } => "E_OPTION",
            Error::ModelBundle { .. } => "E_MODEL_BUNDLE",
            Error::ModelSchema { .. } => "E_MODEL_SCHEMA",
            Error::ModelHash { .. } => "E_MODEL_HASH",
            Error::ModelShape { .. } => "E_MODEL_SHAPE",
            Error::Signature { .. } => "E_SIGNATURE",
            Error::ModelArchive { .. } => "E_MODEL_ARCHIVE",
            Error::NoSuchModel { .. } => "E_NO_SUCH_MODEL",
            Error::ModelInstalled { .. } => "E_MODEL_INSTALLED",
            Error::Runtime { .. } => "E_RUNTIME",
            Error::Threads { .. } => "E_THREADS",
            Error::Box { .. } => "E_BOX",
            Error::Device { .. } => "E_DEVICE",
            Error::Inference { .. } => "E_INFERENCE",
            Error::Cancelled => "E_CANCELLED",
            Error::RuntimeLoaded { .. } => "E_RUNTIME",
            Error::Argument { .. } => "E_ARGUMENT",
            Error::Busy => "E_BUSY",
            Error::OutOfMemory { .. } => "E_OUT_OF_MEMORY",
            Error::Internal { .. } => "E_INTERNAL",
        }
    }

    /// A read error of `path`.
    pub fn read(path: &Path, reason: impl ToString, remedy: impl ToString) -> Self {
        Error::Read { path: path.into(), reason: reason.to_string(), remedy: remedy.to_string() }
    }

    /// A write error of `path`.
    pub fn write(path: &Path, reason: impl ToString) -> Self {
        Error::Write { path: path.into(), reason: reason.to_string() }
    }
}
