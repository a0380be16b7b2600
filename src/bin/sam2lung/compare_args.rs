//! The words of `sam2lung compare`.

use std::path::PathBuf;

use clap::Args;
use sam2lung::{limits::USUAL_MIN_DIAMETER_MM, runtime::device::Device, space::grid::Frame};

use crate::args::{TrustArgs, choice};

/// What its `--help` ends with.
pub const LEARN: &str = "\
Examples:
  sam2lung compare 2023/ 2024/ --output change
      two DICOM folders of one patient; both are segmented alike, and change/ then holds comparison.json,
      comparison.csv and comparison.png
  sam2lung compare results/2023 results/2024 --ct 2023.nii.gz --ct 2024.nii.gz --days 365 --output change
      two folders of results of 'sam2lung segment'. They hold no CT, and without the CTs the lungs can't be laid over
      each other: give them in the same order. The results must be of one model, seed and number of samples
  sam2lung compare 2022/ 2023/ 2024/ --output change
      two priors, the oldest first: volumes.png shows the volumes over time

Research use only. Not a medical device. Nothing leaves this machine, and nothing is recommended.";

/// `sam2lung compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Priors, the oldest first, and the current scan last; two at least: CTs as 'segment' takes them, or folders of results
    /// of 'segment'
    #[arg(required = true, num_args = 2.., value_name = "SCAN")]
    pub scans: Vec<PathBuf>,
    /// Folder for the comparison; an earlier comparison there is replaced
    #[arg(long, short, value_name = "DIR")]
    pub output: PathBuf,
    /// The CT of a folder of results, which holds none: once for each such folder, in their order
    #[arg(long, value_name = "CT")]
    pub ct: Vec<PathBuf>,
    /// Days from a prior to the current scan: once for each prior, in their order [default: by the study dates of DICOM CTs]
    #[arg(long, value_name = "N")]
    pub days: Vec<f64>,
    /// For CTs: folder with model.json, or an installed bundle: NAME or NAME@VERSION; the built-in model when left out
    #[arg(long, value_name = "BUNDLE_DIR|NAME[@VERSION]")]
    pub model: Option<PathBuf>,
    #[command(flatten)]
    pub trust: TrustArgs,
    /// For CTs: number of samples [default: the model's]
    #[arg(long, value_name = "T")]
    pub samples: Option<usize>,
    /// For CTs: seed of what is random, the same for all
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// For CTs: where the networks run
    #[arg(long, value_parser = choice(Device::ALL), default_value = "auto")]
    pub device: Device,
    /// For CTs: CPU threads [default: all]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// For CTs: findings of a smaller equivalent diameter, in mm, are micronodules: they are followed where the other scan shows a
    /// nodule there
    #[arg(long, value_name = "MM", default_value_t = USUAL_MIN_DIAMETER_MM)]
    pub min_diameter: f64,
    /// Pick one of several CT series in a DICOM folder: 'thinnest' (smallest distance of slices) or 'first' (lowest series
    /// number)
    #[arg(long, value_name = "thinnest|first", value_parser = ["thinnest", "first"])]
    pub series: Option<String>,
    /// Directions of the axes of a file that doesn't say them, as for 'segment'
    #[arg(long, value_name = "LPS|RAS|…")]
    pub assume_orientation: Option<Frame>,
    /// Print errors only
    #[arg(long, short)]
    pub quiet: bool,
}
