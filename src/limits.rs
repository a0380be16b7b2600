//! Limits: the largest (and least) values that are accepted, each in one place. What is beyond is refused by name.
//!
//! Not here: thresholds of methods, which say what something is taken for, and sizes that a file format prescribes.

// What a caller may ask for.

/// Samples that a run may draw.
pub const MAX_SAMPLES: usize = 10_000;
/// CPU threads that work at the same time.
pub const MAX_THREADS: usize = 1024;
/// Clicks inside, and clicks outside, of one call: more than anyone makes.
pub const MAX_CLICKS: usize = 10_000;
/// Samples decoded in one call, where the caller doesn't say: any number gives the same result.
pub const USUAL_BATCH: usize = 8;
/// Equivalent diameter in mm below which findings are listed apart as micronodules, where the caller doesn't say: guidelines
/// want no follow-up of nodules that small (Fleischner 2017: below 6 mm; British Thoracic Society 2015: below 5 mm), and there
/// are many of them.
pub const USUAL_MIN_DIAMETER_MM: f64 = 4.0;
/// Largest diameter that may be asked for, in mm.
pub const MAX_MIN_DIAMETER_MM: f64 = 100.0;

// Volumes.

/// Voxels of a CT: 512 × 512 × 2048. A run holds about 15 bytes a voxel (measured: HU, probability and uncertainty 4 each,
/// search region, masks and labels) and 20 while components are numbered, so 10 GiB here and the network's own besides. Every
/// index fits 32 bits.
pub const MAX_VOXELS: u64 = 1 << 29;
/// Least voxel spacing in mm.
pub const MIN_SPACING_MM: f64 = 0.05;
/// Largest voxel spacing in mm.
pub const MAX_SPACING_MM: f64 = 20.0;
/// Deviation from a right angle, in degrees, above which a grid counts as sheared. Headers in single precision reach 0.003
/// degrees; a gantry tilt starts at 0.5.
pub const MAX_SHEAR_DEGREES: f64 = 0.05;

// Bundles.

/// Bytes of a graph: a guard against a wrong path, far above any real bundle.
pub const MAX_GRAPH_BYTES: u64 = 2 << 30;
/// Bytes of `model.json`: a hundred times a usual one.
pub const MAX_CONTRACT_BYTES: u64 = 1 << 20;
/// Bytes of a file beside a bundle's graphs, such as a licence or a model card.
pub const MAX_NOTE_BYTES: u64 = 1 << 20;
/// Entries of a bundle's archive: four times the files of the largest ensemble.
pub const MAX_ARCHIVE_ENTRIES: usize = 4096;
/// How many times its own size an archive may unpack to. Weights pack to a half or a third; deflate reaches 1032 times, with
/// zeros alone.
pub const MAX_UNPACKED_RATIO: u64 = 100;
/// Bytes that an archive may unpack to whatever its size: small graphs may pack very well.
pub const FREE_UNPACKED_BYTES: u64 = 16 << 20;
/// Bytes of a file with a public key; a usual one has 113.
pub const MAX_KEY_BYTES: u64 = 1 << 14;

// Files that are read.

/// Bytes of a text header (NRRD, MetaImage).
pub const MAX_HEADER_BYTES: u64 = 1 << 20;
/// Bytes that are unpacked behind the last voxel, to come to the checksum.
pub const MAX_TAIL_BYTES: u64 = 1 << 20;
/// Bytes that are passed over in front of voxels that have to be unpacked.
pub const MAX_SKIP_BYTES: u64 = 1 << 26;
/// Files of a DICOM folder that are looked into.
pub const MAX_FILES: usize = 50_000;
/// How many folders deep they are searched.
pub const MAX_FOLDER_DEPTH: usize = 16;
/// Bytes that a deflated DICOM data set may unpack to.
pub const MAX_INFLATED_BYTES: u64 = 1 << 28;
/// Bytes of a DICOM value that is taken in.
pub const MAX_VALUE_BYTES: u32 = 4096;
/// Frames of one DICOM file.
pub const MAX_FRAMES: usize = 1 << 16;
/// DICOM sequences and items within each other; real files have a handful.
pub const MAX_SEQUENCE_DEPTH: usize = 64;
/// DICOM slices decoded side by side.
pub const MAX_DECODERS: usize = 4;
/// Files that are named for one reason where they are left aside.
pub const MAX_NAMED: usize = 20;

// What is measured and written.

/// Samples whose outlines are compared pair by pair: 200 make 19 900 pairs, and more would tell nothing more.
pub const MAX_PAIRED: usize = 200;
/// Samples whose outlines are written: one bit of a voxel each.
pub const MAX_WRITTEN_SAMPLES: usize = 64;
/// Bytes of the outlines in a DICOM segmentation; above that its empty frames are left out. Files of more than 2 GiB are not
/// opened everywhere.
pub const MAX_DICOM_PIXEL_BYTES: usize = 1 << 30;
/// Nodules that get a card on one page of the overview.
pub const MAX_CARDS: usize = 12;
/// Pages of the overview: nobody looks through more, and the head of each says what is left out.
pub const MAX_PAGES: usize = 20;
/// Nodules that have pictures in the report page, those to look at again first: 100 KiB each, so that it opens everywhere.
pub const MAX_REPORT_NODULES: usize = 60;
/// Axial slices of a nodule in the report page.
pub const MAX_REPORT_SLICES: usize = 15;
/// Samples whose outlines the report page draws: more hide the CT.
pub const MAX_REPORT_OUTLINES: usize = 10;
/// Triangles of a file: the legacy format of VTK counts four numbers for each in 32 bits.
pub const MAX_TRIANGLES: usize = (i32::MAX / 4) as usize;
