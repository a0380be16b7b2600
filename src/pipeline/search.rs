//! Where nodules are searched, and how networks see lungs that are nearly air.

use ndarray::Array3;

use super::{
    options::{Options, Search},
    scan::Scan,
    seen::{Lungs, Seen},
};
use crate::{
    contract::model::{self, Model},
    error::{Error, Result},
    memory,
    progress::{CancelToken, Monitor},
    space::{
        grid::Grid,
        volume::{Voi, Volume},
    },
    steps::{
        aeration::{self, HalfLung, Tone},
        lungs,
    },
    warning::Warning,
};

/// Half the side of the box that is searched around a click, in mm.
const CLICK_BOX_MM: f64 = 20.0;

/// Where is searched, on the canonical grid, and what has to be said about that.
#[derive(Debug)]
pub struct Searched {
    /// True where nodules are searched.
    pub region: Array3<bool>,
    /// What of the lungs was not searched, or not checked.
    pub warnings: Vec<Warning>,
}

/// The search region that the options choose. A mask of the caller's is taken as it is: it may be meant to hold one lobe only,
/// so that it isn't compared with the lungs; a warning says so. Without a channel in HU there are no lungs to be found, and
/// everything is searched.
///
/// # Errors
/// [`Error::NoLung`], [`Error::OutOfMemory`] or [`Error::Cancelled`].
pub fn region(scan: &Scan, options: &Options, monitor: &mut Monitor<'_>) -> Result<Searched> {
    let everywhere = || Array3::from_elem(scan.grid().shape(), true);
    Ok(match (&options.search, scan.ct()) {
        (Search::Lungs, Some(ct)) => {
            let found = lungs::find_lungs(ct, monitor)?;
            Searched { region: found.search, warnings: found.warnings }
        }
        (Search::Everywhere, Some(_)) => Searched { region: everywhere(), warnings: vec![Warning::NoLungMask] },
        (Search::Lungs | Search::Everywhere, None) => Searched { region: everywhere(), warnings: Vec::new() },
        (Search::Mask(mask), _) => {
            let mask = memory::copied(mask.view(), "a copy of the lung mask")?;
            let region = scan.orientation.array_to_canonical(mask, monitor.cancel_token())?;
            let voxels = region.iter().filter(|inside| **inside).count();
            if voxels == 0 && options.clicks.inside.is_empty() {
                return Err(Error::NoLung { reason: "the lung mask has no voxel above 0.5".into() });
            }
            let ml = voxels as f64 * scan.grid().voxel_mm3() / 1000.0;
            Searched { region, warnings: vec![Warning::OwnMask { ml }] }
        }
    })
}

/// Adds a box around each click.
pub fn add_boxes(region: &mut Array3<bool>, grid: &Grid, inside: &[[usize; 3]]) {
    for voxel in inside {
        Voi::voxel(*voxel).grown(grid.steps(CLICK_BOX_MM), grid.dims).fill(region);
    }
}

/// How networks are to see the channels in HU.
#[derive(Debug)]
pub struct Toned {
    /// For each channel, its volume with lungs that are nearly air lifted; `None` where it is shown as it is.
    pub lifted: Vec<Option<Volume<f32>>>,
    /// What has to be said about that.
    pub warning: Option<Warning>,
}

impl Toned {
    /// Lifts the lungs of the channels in HU where they are nearly air. Where everything is searched nobody knows what lung is,
    /// so that nothing is changed.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] or [`Error::Cancelled`].
    pub fn of(
        scan: &Scan,
        region: &Array3<bool>,
        (options, model): (&Options, &Model),
        seen: &mut Seen,
        cancel: &CancelToken,
    ) -> Result<Self> {
        let Some(known) = model.lungs.filter(|_| !matches!(options.search, Search::Everywhere)) else {
            return Ok(Self::as_they_are(scan));
        };
        let lungs = |(channel, volume): (usize, &Volume<f32>)| Ok((channel, aeration::halves(volume, region, cancel)?));
        let lungs: Lungs = scan.hounsfield().map(lungs).collect::<Result<_>>()?;
        let toned = Self::by(scan, &lungs, known, cancel)?;
        // Lungs of a mask are known as quickly.
        if matches!(options.search, Search::Lungs) {
            seen.keep(scan, lungs, cancel)?;
        }
        Ok(toned)
    }

    /// The same for a click on an earlier result: lungs that were seen aren't looked for again, and where none are found they are
    /// shown as they are.
    ///
    /// # Errors
    /// As [`Toned::of`].
    pub fn again(
        scan: &Scan,
        (options, model): (&Options, &Model),
        seen: &mut Seen,
        monitor: &mut Monitor<'_>,
    ) -> Result<Self> {
        let Some(known) = model.lungs.filter(|_| scan.ct().is_some()) else { return Ok(Self::as_they_are(scan)) };
        let cancel = monitor.cancel_token().clone();
        match options.search {
            Search::Everywhere => return Ok(Self::as_they_are(scan)),
            Search::Lungs => {
                if let Some(lungs) = seen.lungs(scan, &cancel)? {
                    return Self::by(scan, lungs, known, &cancel);
                }
            }
            Search::Mask(_) => {}
        }
        match region(scan, options, monitor) {
            Ok(searched) => Self::of(scan, &searched.region, (options, model), seen, &cancel),
            Err(Error::NoLung { .. }) => Ok(Self::as_they_are(scan)),
            Err(other) => Err(other),
        }
    }

    fn as_they_are(scan: &Scan) -> Self {
        Toned { lifted: scan.volumes.iter().map(|_| None).collect(), warning: None }
    }

    fn by(scan: &Scan, lungs: &Lungs, known: model::Lungs, cancel: &CancelToken) -> Result<Self> {
        let tone = Tone { below_hu: known.lift_below_hu, to_hu: known.lift_to_hu };
        let mut toned = Self::as_they_are(scan);
        for (channel, lungs) in lungs {
            toned.lifted[*channel] = aeration::lifted(&scan.volumes[*channel], lungs, tone, cancel)?;
            toned.warning = toned.warning.or_else(|| airy(lungs, tone));
        }
        Ok(toned)
    }
}

/// A warning where lungs are nearly air.
fn airy(lungs: &[HalfLung], tone: Tone) -> Option<Warning> {
    let airy: Vec<&HalfLung> = lungs.iter().filter(|lung| lung.median_hu < tone.below_hu).collect();
    let which = match airy[..] {
        [one] if lungs.len() > 1 && one.is_right() => "right lung is",
        [_] if lungs.len() > 1 => "left lung is",
        _ => "lungs are",
    };
    let median_hu = airy.iter().map(|lung| lung.median_hu).reduce(f32::min)?;
    Some(Warning::AiryLungs { which, median_hu, known_hu: tone.below_hu })
}
