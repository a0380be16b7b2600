//! The words of `sam2lung compare`.

use std::path::PathBuf;

use clap::Args;

use crate::args::RunArgs;

/// What its `--help` ends with.
pub const LEARN: &str = "\
Examples:
  sam2lung compare 2023/ 2024/ --output change
      two DICOM folders of one patient; both are segmented alike, and change/ then holds comparison.html (begin here),
      comparison.txt, comparison.json, comparison.csv and comparison.png
  sam2lung compare results/2023 results/2024 --ct 2023.nii.gz --ct 2024.nii.gz --days 365 --output change
      two folders of results of 'sam2lung segment'. They hold no CT, and without the CTs the lungs can't be laid over
      each other: give them in the same order. The results must be of one model, seed and number of samples
  sam2lung compare 2022/ 2023/ 2024/ --output change
      two priors, the oldest first: volumes.png shows the volumes over time

Research use only. Not a medical device. Nothing leaves this machine, and nothing is recommended.";

/// `sam2lung compare`. Micronodules ([`RunArgs::min_diameter`]) are followed where the other scan shows a nodule there.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Priors, the oldest first, and the current scan last; two at least: CTs as 'segment' takes them, or folders of results
    /// of 'segment', which keep the options that they were made with
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
    #[command(flatten)]
    pub run: RunArgs,
    /// Pick one of several CT series in a DICOM folder: its UID, 'thinnest' (smallest distance of slices) or 'first' (lowest
    /// series number). Once for all scans, or once for each in their order, those whose results are named included
    #[arg(long, value_name = "thinnest|first|UID")]
    pub series: Vec<String>,
}
