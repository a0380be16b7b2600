//! The command line's words.

use std::{fmt::Debug, path::PathBuf, str::FromStr};

use clap::{
    Args, Parser, Subcommand,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use sam2lung::{
    Result,
    contract::{signature::Trust, uncertainty::Uncertainty},
    io::{ReadOptions, SurfaceFormat, VolumeFormat},
    limits::USUAL_MIN_DIAMETER_MM,
    models::Installed,
    pipeline::options::Options,
    runtime::device::Device,
    space::grid::Frame,
};
use strum::EnumMessage;

use crate::{compare_args::CompareArgs, phantom::PhantomArgs};

/// What `--help` ends with.
const LEARN: &str = "\
Examples:
  sam2lung segment chest.nii.gz --output results
      one CT; results/chest/ then holds label.nii.gz, probability.nii.gz, uncertainty.nii.gz,
      nodules.json, nodules.csv, overview.png, run.json, report.html (begin here) and findings.txt
  sam2lung segment patients/* --output results --samples 50 --device cuda
      a cohort on a GPU, one DICOM folder per patient; a CT that fails is named, and the others go on;
      results/index.html lists all, results/summary.csv says what became of each; with --resume
      the same call goes on where it ended
  sam2lung segment ct/ --output results --click 182,285,65
      also outline the nodule at that voxel (column, row, slice from 0);
      --click-outside names voxels that don't belong to it
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
    /// Lay one or more prior CTs over a current one, and say how each nodule changed
    #[command(after_help = crate::compare_args::LEARN)]
    Compare(Box<CompareArgs>),
    /// Describe a model bundle, the ONNX Runtime and the devices
    Info {
        /// Folder with model.json, or an installed bundle: NAME or NAME@VERSION; the built-in model when left out
        bundle: Option<PathBuf>,
        #[command(flatten)]
        trust: TrustArgs,
    },
    /// List, check, install and remove model bundles; upgrade their contracts
    #[command(subcommand)]
    Model(ModelCommand),
    /// Write a chest CT made by arithmetic, with known nodules, to try things out
    Phantom(PhantomArgs),
}

/// `sam2lung model`.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// List the built-in and the installed bundles: what each is for, its signature, and what is wrong with it
    List {
        #[command(flatten)]
        place: PlaceArgs,
        /// As JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Check contract, signature and every hash of bundles; exit status 1 where one isn't good
    Verify {
        /// Folders with model.json, zip archives, or installed bundles (NAME or NAME@VERSION); all installed ones when left out
        #[arg(value_name = "BUNDLE")]
        bundles: Vec<PathBuf>,
        #[command(flatten)]
        place: PlaceArgs,
        /// As JSON, for scripts
        #[arg(long)]
        json: bool,
    },
    /// Install a bundle; everything is checked before a file is written
    Install {
        /// Zip archive, or folder with model.json
        #[arg(value_name = "FILE.zip|DIR")]
        source: PathBuf,
        /// Replace an installed bundle of the same name and version that has other files
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Remove an installed bundle
    Remove {
        /// Its name; with its version where several are installed
        #[arg(value_name = "NAME[@VERSION]")]
        bundle: String,
        /// Folder of the installed bundles [default: SAM2LUNG_MODELS, else sam2lung/models in your data folder]
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
    },
    /// Write a bundle's model.json as schema version 2; results keep their bits
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

/// Where bundles are installed, and whose signatures are trusted.
#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// Folder of the installed bundles [default: SAM2LUNG_MODELS, else sam2lung/models in your data folder]
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    #[command(flatten)]
    pub trust: TrustArgs,
}

impl PlaceArgs {
    /// # Errors
    /// [`sam2lung::Error::Signature`] for keys that can't be read.
    pub fn installed(&self) -> Result<Installed> {
        Ok(Installed::chosen(self.folder.as_deref(), self.trust.trust()?))
    }
}

/// Whose signatures are trusted.
#[derive(Debug, Args)]
pub struct TrustArgs {
    /// Folder with the public keys (Ed25519, NAME.pem) of those whose signatures of bundles you trust [default:
    /// SAM2LUNG_KEYS, else sam2lung/keys in your data folder]
    #[arg(long, value_name = "DIR")]
    pub keys: Option<PathBuf>,
    /// Refuse bundles without a right signature; SAM2LUNG_REQUIRE_SIGNATURE=1 does the same
    #[arg(long)]
    pub require_signature: bool,
}

impl TrustArgs {
    /// # Errors
    /// [`sam2lung::Error::Signature`] for keys that can't be read.
    pub fn trust(&self) -> Result<Trust> {
        Trust::chosen(self.keys.as_deref(), self.require_signature)
    }
}

/// `sam2lung segment`.
#[derive(Debug, Args)]
pub struct SegmentArgs {
    /// DICOM folders, .nii, .nii.gz, .nrrd, .nhdr, .mha, .mhd or .vti files; for models of several channels folders with one
    /// file per channel, named NAME or x_NAME
    #[arg(required_unless_present = "channels", value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,
    /// The file of one channel, in place of INPUT; once for each channel of the model
    #[arg(long = "channel", value_name = "NAME=FILE", value_parser = parse_channel, conflicts_with = "inputs")]
    pub channels: Vec<(String, PathBuf)>,
    /// Folder for the results; each INPUT gets a folder of its own in it
    #[arg(long, short, value_name = "DIR")]
    pub output: PathBuf,
    #[command(flatten)]
    pub run: RunArgs,
    /// Where to search: 'auto': in the lungs; 'off': everywhere; FILE: where this mask on the CT's grid is above 0.5
    #[arg(long, value_name = "auto|off|FILE", default_value = "auto")]
    pub lung_mask: PathBuf,
    /// Outline the nodule at this voxel (column,row,slice from 0), even if the search missed it; may be given again
    #[arg(long, alias = "at", value_name = "I,J,K", value_parser = parse_voxel)]
    pub click: Vec<[usize; 3]>,
    /// This voxel doesn't belong to a nodule given with --click; for models that take clicks; may be given again
    #[arg(long, alias = "not-at", value_name = "I,J,K", value_parser = parse_voxel)]
    pub click_outside: Vec<[usize; 3]>,
    /// Share of nodules, above 0 and at most 1, that the classifier is to keep: more nodules, or fewer false ones; for models with
    /// operating points [default: the model's threshold]
    #[arg(long, value_name = "S")]
    pub sensitivity: Option<f64>,
    /// Share of the slices, 0 to 1, that the fine network of a hybrid sees; 0: its coarse network alone answers; for models
    /// that outline with a hybrid [default: the model's]
    #[arg(long, value_name = "S")]
    pub share_of_slices: Option<f64>,
    /// Which uncertainty the uncertainty map shows [default: the model's]
    #[arg(long, value_parser = choice(Uncertainty::ALL))]
    pub uncertainty: Option<Uncertainty>,
    /// Write a map of each kind of uncertainty as well
    #[arg(long)]
    pub all_uncertainties: bool,
    /// Write which sample calls which voxel a nodule as well: bit s of a voxel is sample s; for 64 samples at most
    #[arg(long)]
    pub sample_outlines: bool,
    /// Format of the written volumes
    #[arg(long, value_parser = choice(VolumeFormat::RESULTS), default_value = "nii.gz")]
    pub format: VolumeFormat,
    /// Write the nodules' closed surfaces as well
    #[arg(long, value_parser = choice(SurfaceFormat::ALL))]
    pub surfaces: Option<SurfaceFormat>,
    /// Write DICOM objects for a PACS as well: outlines, probability and uncertainty as SEG, measures as SR (TID 1500), the
    /// picture as secondary capture. For DICOM inputs: patient and study are kept
    #[arg(long)]
    pub dicom: bool,
    /// Pick one of several CT series in a DICOM folder: its UID, 'thinnest' (smallest distance of slices) or 'first'
    /// (lowest series number)
    #[arg(long, value_name = "thinnest|first|UID")]
    pub series: Option<String>,
    /// Leave inputs alone whose result is there: of the same voxels, options, model and version. What differs is done anew,
    /// and said
    #[arg(long)]
    pub resume: bool,
    /// How many CTs are segmented at a time; they share the threads, and each takes the memory of a run [default: 1]
    #[arg(long, value_name = "N", default_value_t = 1, hide_default_value = true)]
    pub jobs: usize,
}

/// How CTs are read and segmented: options of whatever segments.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Folder with model.json, or an installed bundle where no such folder is there: NAME or NAME@VERSION; the built-in model
    /// when left out
    #[arg(long, value_name = "BUNDLE_DIR|NAME[@VERSION]")]
    pub model: Option<PathBuf>,
    #[command(flatten)]
    pub trust: TrustArgs,
    /// Number of samples; no more are drawn than can differ. Of fewer than an ensemble has members, the first members draw
    /// one each [default: the model's]
    #[arg(long, value_name = "T")]
    pub samples: Option<usize>,
    /// Seed of what is random (dropout, noise); the same seed gives the same bits
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Where the networks run
    #[arg(long, value_parser = choice(Device::ALL), default_value = "auto")]
    pub device: Device,
    /// CPU threads [default: all]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Mean probability above which a voxel belongs to a nodule [default: the model's]
    #[arg(long, value_name = "P")]
    pub threshold: Option<f64>,
    /// Findings of a smaller equivalent diameter, in mm, are listed apart as micronodules; 0 shows all
    #[arg(long, value_name = "MM", default_value_t = USUAL_MIN_DIAMETER_MM)]
    pub min_diameter: f64,
    /// Directions of the axes of a file that doesn't say them (NIfTI without qform and sform, NRRD without a patient
    /// space): L or R, A or P, S or I. ITK and 3D Slicer assume LPS. A warning says that it was assumed
    #[arg(long, value_name = "LPS|RAS|…")]
    pub assume_orientation: Option<Frame>,
    /// Print errors only
    #[arg(long, short)]
    pub quiet: bool,
}

impl RunArgs {
    /// The options of a run that these words say; the others as they usually are.
    pub fn options(&self) -> Options {
        Options {
            samples: self.samples,
            seed: self.seed,
            threshold: self.threshold,
            min_diameter_mm: self.min_diameter,
            ..Options::default()
        }
    }

    /// How CTs are read, of several series `series`.
    pub fn read_options<'a>(&self, series: Option<&'a str>) -> ReadOptions<'a> {
        ReadOptions { series, threads: self.threads, assume: self.assume_orientation }
    }
}

/// The choices of an enum under its own names, explained by its own documentation.
pub fn choice<E>(of: &'static [E]) -> impl TypedValueParser<Value = E>
where
    E: Copy + EnumMessage + FromStr<Err: Debug> + Into<&'static str> + Send + Sync,
{
    let values = of.iter().map(|one| {
        let help = one.get_documentation().unwrap_or_default();
        PossibleValue::new((*one).into()).help(help.trim_end_matches('.'))
    });
    PossibleValuesParser::new(values).map(|text| text.parse().expect("clap lets no other through"))
}

fn parse_channel(text: &str) -> Result<(String, PathBuf), String> {
    let named = text.split_once('=').filter(|(name, file)| !name.is_empty() && !file.is_empty());
    named
        .map(|(name, file)| (name.to_owned(), PathBuf::from(file)))
        .ok_or_else(|| "expected a channel's name and its file: NAME=FILE".into())
}

fn parse_voxel(text: &str) -> Result<[usize; 3], String> {
    let numbers: Option<Vec<usize>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    numbers
        .and_then(|n| <[usize; 3]>::try_from(n).ok())
        .ok_or_else(|| "expected three whole numbers: column,row,slice, each from 0".into())
}
