//! The command line's words.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use sam2lung::space::grid::Frame;

/// What `--help` ends with.
const LEARN: &str = "\
Examples:
  sam2lung segment chest.nii.gz --output results
      one CT; results/chest/ then holds label.nii.gz, probability.nii.gz, uncertainty.nii.gz,
      nodules.json, nodules.csv, overview.png and run.json
  sam2lung segment patients/* --output results --samples 50 --device cuda
      a cohort on a GPU, a DICOM folder each; a CT that fails is named, the others go on
  sam2lung segment ct/ --output results --at 182,285,65
      besides the automatic search, outline the nodule at that voxel (column, row, slice from 0);
      with --not-at, say which voxels don't belong to it
  sam2lung phantom phantom.nii.gz && sam2lung segment phantom.nii.gz --output results
      try it without a CT

Exit status: 0 good, 1 an error (its line begins with a stable name such as E_NOT_HU), 2 wrong usage.
Research use only. Not a medical device. Nothing leaves this machine.";

/// Finds and outlines lung nodules in chest CTs and says how sure it is.
#[derive(Debug, Parser)]
#[command(name = "sam2lung", version, about, after_help = LEARN, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find and outline nodules in one or more chest CTs
    #[command(after_help = LEARN)]
    Segment(Box<SegmentArgs>),
    /// Describe a model bundle, the ONNX Runtime and the devices
    Info {
        /// Folder with model.json; the built-in model when left out
        bundle: Option<PathBuf>,
    },
    /// Work on model.json, the contract of a model bundle
    #[command(subcommand)]
    Model(ModelCommand),
    /// Write a chest CT made by arithmetic, with known nodules, to try things out
    Phantom {
        /// Where to write it (.nii, .nii.gz, .nrrd or .vti); what it holds goes beside it as .json
        output: PathBuf,
        /// Another seed gives another chest
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// The state of the lungs
        #[arg(long, value_enum, default_value_t = LungsArg::Normal)]
        lungs: LungsArg,
    },
}

/// `sam2lung model`.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Write a bundle's model.json as schema version 2; the same model gives the same bits
    Upgrade {
        /// Folder with model.json
        #[arg(value_name = "BUNDLE_DIR")]
        bundle: PathBuf,
        /// Leave the bundle as it is, and write a whole new one into this folder
        #[arg(long, short, value_name = "DIR")]
        output: Option<PathBuf>,
    },
    /// Print the JSON schema of model.json, schema version 2
    Schema,
}

/// `sam2lung segment`.
#[derive(Debug, Args)]
pub struct SegmentArgs {
    /// DICOM folders, .nii, .nii.gz, .nrrd, .nhdr, .mha or .mhd files
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,
    /// Folder for the results; each INPUT gets a folder of its own in it
    #[arg(long, short, value_name = "DIR")]
    pub output: PathBuf,
    /// Folder with model.json; the built-in model when left out
    #[arg(long, value_name = "BUNDLE_DIR")]
    pub model: Option<PathBuf>,
    /// Monte-Carlo dropout samples [default: the model's, 25]
    #[arg(long, value_name = "T")]
    pub samples: Option<usize>,
    /// Seed of the dropout masks; the same seed gives the same bits
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Where the networks run
    #[arg(long, value_enum, default_value_t = DeviceArg::Auto)]
    pub device: DeviceArg,
    /// CPU threads [default: all]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Where to search: 'auto' finds the lungs, 'off' searches everywhere, or a mask on the CT's grid
    #[arg(long, value_name = "auto|off|FILE", default_value = "auto")]
    pub lung_mask: PathBuf,
    /// Outline the nodule at this voxel in any case (column,row,slice from 0); may be given again
    #[arg(long, value_name = "I,J,K", value_parser = parse_voxel)]
    pub at: Vec<[usize; 3]>,
    /// This voxel doesn't belong to a nodule given with --at (models that take clicks); may be given again
    #[arg(long, value_name = "I,J,K", value_parser = parse_voxel)]
    pub not_at: Vec<[usize; 3]>,
    /// Mean probability above which a voxel belongs to a nodule [default: the model's]
    #[arg(long, value_name = "P")]
    pub threshold: Option<f64>,
    /// Share of nodules that the second opinion is to keep, 0 to 1: more nodules, or fewer false ones; for models
    /// with operating points [default: the model's threshold]
    #[arg(long, value_name = "S")]
    pub sensitivity: Option<f64>,
    /// Which doubt the uncertainty map shows [default: the model's]
    #[arg(long, value_enum)]
    pub uncertainty: Option<UncertaintyArg>,
    /// Format of the written volumes
    #[arg(long, value_enum, default_value_t = FormatArg::NiftiGz)]
    pub format: FormatArg,
    /// Write the nodules' closed surfaces as well
    #[arg(long, value_enum)]
    pub surfaces: Option<SurfacesArg>,
    /// Pick one of several CT series in a DICOM folder: its UID, 'thinnest' (smallest distance of slices) or 'first'
    /// (lowest series number)
    #[arg(long, value_name = "thinnest|first|UID")]
    pub series: Option<String>,
    /// Directions in which the axes run of a file that doesn't say (NIfTI without qform and sform, NRRD without a patient
    /// space): L or R, A or P, S or I, such as LPS, which ITK and 3D Slicer show. A warning says that it was assumed
    #[arg(long, value_name = "LPS|RAS|…")]
    pub assume_orientation: Option<Frame>,
    /// Print errors only
    #[arg(long, short)]
    pub quiet: bool,
}

/// `--lungs` of `sam2lung phantom`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum LungsArg {
    /// Healthy
    Normal,
    /// Nearly air (-990 HU), like a physical phantom
    Air,
    /// Fluid fills the right side
    LeftOnly,
    /// Fluid fills the left side
    RightOnly,
    /// Destroyed lung with bullae
    Emphysema,
    /// Fluid behind the left lung
    Effusion,
    /// The left lung's lower part holds no air
    Consolidation,
}

/// `--device`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum DeviceArg {
    /// CUDA when it works, else the CPU; run.json says why
    Auto,
    /// The CPU
    Cpu,
    /// CUDA or an error
    Cuda,
}

/// `--uncertainty`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum UncertaintyArg {
    /// Predictive entropy in bits
    Entropy,
    /// Variance of the probability
    Variance,
    /// Mutual information in bits
    MutualInformation,
}

/// `--format`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum FormatArg {
    /// NIfTI-1, gzip
    #[value(name = "nii.gz")]
    NiftiGz,
    /// NRRD, gzip
    #[value(name = "nrrd")]
    Nrrd,
    /// VTK image data, zlib
    #[value(name = "vti")]
    Vti,
}

/// `--surfaces`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum SurfacesArg {
    /// VTK XML PolyData
    Vtp,
    /// VTK legacy PolyData
    Vtk,
}

fn parse_voxel(text: &str) -> Result<[usize; 3], String> {
    let numbers: Option<Vec<usize>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    numbers
        .and_then(|n| <[usize; 3]>::try_from(n).ok())
        .ok_or_else(|| "expected three whole numbers: column,row,slice, each from 0".into())
}
