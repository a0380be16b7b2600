//! `sam2lung phantom`: a chest CT made by arithmetic.

use std::path::PathBuf;

use clap::Args;
use sam2lung::{
    Error,
    io::{self, VolumeFormat},
    phantom::{FollowUp, Kernel, Lungs, Pose, Scanner, chest_phantom_again, chest_phantom_of},
};
use strum::VariantArray;

use crate::{
    args::choice,
    terminal::{Reported, cancel_on_signal, report, say_to_reader},
};

/// `sam2lung phantom`.
#[derive(Debug, Args)]
pub struct PhantomArgs {
    /// File to write (.nii, .nii.gz, .nrrd or .vti); its known nodules are written beside it as .json
    output: PathBuf,
    /// Another seed gives another chest
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The state of the lungs
    #[arg(long, value_parser = choice(Lungs::VARIANTS), default_value = "normal")]
    lungs: Lungs,
    /// Solid balls of these diameters in place of the usual nodules, 1 to 30 mm
    #[arg(long, value_name = "MM,MM,…", value_delimiter = ',')]
    diameters: Vec<f64>,
    /// The same chest again: by how much the volume of each ball is multiplied, 0 to 4; 0: it isn't there
    #[arg(long, value_name = "F,F,…", value_delimiter = ',', requires = "diameters")]
    volume_factors: Vec<f64>,
    /// Seed of the noise of that scan
    #[arg(long, default_value_t = 0, requires = "volume_factors")]
    noise_seed: u64,
    /// Standard deviation of the noise, in HU: a lower dose has more
    #[arg(long, value_name = "HU", default_value_t = Scanner::default().noise_hu)]
    noise: f64,
    /// Kernel of the reconstruction: how sharp the image and its noise are
    #[arg(long, value_parser = choice(Kernel::VARIANTS), default_value = "standard")]
    kernel: Kernel,
    /// Distance of voxels along column, row and slice, in mm [default: 0.85,0.85,2]
    #[arg(long, value_name = "X,Y,Z", value_parser = parse_three)]
    spacing: Option<[f64; 3]>,
    /// Turns the patient around the axes to the left, to the back and to the head, in degrees
    #[arg(long, value_name = "X,Y,Z", value_parser = parse_three, allow_hyphen_values = true)]
    rotate: Option<[f64; 3]>,
    /// Shifts the patient along those axes, in mm
    #[arg(long, value_name = "X,Y,Z", value_parser = parse_three, allow_hyphen_values = true)]
    shift: Option<[f64; 3]>,
    /// How many times larger the chest is along those axes: another breath. Nodules keep their size
    #[arg(long, value_name = "X,Y,Z", value_parser = parse_three)]
    stretch: Option<[f64; 3]>,
}

pub fn run(args: &PhantomArgs) -> Result<(), Reported> {
    say_to_reader(&write(args).map_err(|e| report(&e))?)
}

/// Writes both files; returns what to say of them.
fn write(args: &PhantomArgs) -> Result<String, Error> {
    VolumeFormat::of(&args.output)?;
    let scanner = scanner(args)?;
    let follow_up = (!args.volume_factors.is_empty())
        .then(|| FollowUp { volume_factors: args.volume_factors.clone(), noise_seed: args.noise_seed });
    let phantom = match &args.diameters[..] {
        [] => chest_phantom_of(args.seed, args.lungs, &scanner),
        balls => chest_phantom_again(args.seed, args.lungs, &scanner, balls, follow_up.as_ref())?,
    };
    let facts = args.output.with_file_name(format!("{}.json", io::output_name(&args.output)));
    let text = serde_json::to_string_pretty(&phantom.nodules).map_err(|e| Error::write(&facts, e))?;
    // The facts first: a phantom that nothing is known of is of no use.
    io::write_file(&facts, (text + "\n").as_bytes())?;
    io::write_volume(&args.output, phantom.ct.view(), &cancel_on_signal())?;
    let (output, count) = (args.output.display(), phantom.nodules.len());
    Ok(format!("{output}: a chest with {count} known nodules (see {})", facts.display()))
}

fn scanner(args: &PhantomArgs) -> Result<Scanner, Error> {
    let usual = Scanner::default();
    let within = |option, values: &[f64], limits: std::ops::RangeInclusive<f64>| match values
        .iter()
        .find(|value| !limits.contains(value))
    {
        Some(wrong) => Err(Error::Option {
            option,
            got: wrong.to_string(),
            expected: format!("{} to {}", limits.start(), limits.end()),
        }),
        None => Ok(()),
    };
    let pose = Pose {
        rotate_degrees: args.rotate.unwrap_or_default(),
        shift_mm: args.shift.unwrap_or_default(),
        stretch: args.stretch.unwrap_or([1.0; 3]),
    };
    let spacing_mm = args.spacing.unwrap_or(usual.spacing_mm);
    within("noise", &[args.noise], 0.0..=200.0)?;
    within("spacing", &spacing_mm, 0.4..=10.0)?;
    within("rotate", &pose.rotate_degrees, -45.0..=45.0)?;
    within("shift", &pose.shift_mm, -200.0..=200.0)?;
    within("stretch", &pose.stretch, 0.7..=1.4)?;
    Ok(Scanner { spacing_mm, noise_hu: args.noise, pose, kernel: args.kernel })
}

fn parse_three(text: &str) -> Result<[f64; 3], String> {
    let numbers: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    numbers.and_then(|n| <[f64; 3]>::try_from(n).ok()).ok_or_else(|| "expected three numbers: X,Y,Z".into())
}
