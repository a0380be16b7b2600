//! Which air is lung: not the air around the patient, not the airways, not gas in stomach and bowel.
//!
//! Lung is told from other air by HU inside each connected space. Free gas is near -1000, clothes and mattresses are
//! foam (-990 to -920), lung is mostly above -920 and never without vessels. Position helps only in a chest that is
//! seen whole; in a crop lung lies at the image's sides as well. What the body encloses and is still no lung by this is
//! looked at again in [`pockets`].

use ndarray::{Array3, Zip};

use crate::steps::lungs::{body, circle, coarse::Coarse, pockets};
use crate::{
    error::Result,
    progress::Monitor,
    steps::{
        components::{Component, Components, Neighbourhood, connected_components},
        distance,
    },
};

/// Between lung (at most about -600 when not diseased) and soft tissue (at least -100).
pub(super) const AIR_HU: f32 = -450.0;
/// Block means below are free gas; even destroyed lung keeps walls and vessels.
const GAS_HU: f32 = -970.0;
/// Block means below are gas or foam.
pub(super) const FOAM_HU: f32 = -925.0;
/// Part of a space's inside that is free gas: above, it is no lung.
const GAS_PART: f64 = 0.6;
/// A space with less foam is lung for sure.
const SURE_PART: f64 = 0.25;
/// Where sure lung is seen, spaces with more foam are none (emphysema reaches 0.6): at the sides, and small ones.
const FOAM_PART: f64 = 0.4;
const SIDE_FOAM_PART: f64 = 0.3;
/// So much sure lung clear of the image's sides means that the chest is seen whole.
const WHOLE_LUNG_ML: f64 = 100.0;
/// A lung that leaks lies in the body for this part at least; a crop's doesn't.
const LEAK_ENCLOSED: f64 = 0.3;
/// Bowel gas is smaller than this, against the larger lung.
const BOWEL_PART: f64 = 0.3;
/// In a crop, so much sure lung, against the space, makes foam at the sides the outside.
const CROP_PART: f64 = 0.5;
/// A crop of less than this holds lung rather than nothing, if its gas has the spread of vessels.
const SMALL_CROP_ML: f64 = 500.0;
const TEXTURE_HU: f64 = 60.0;
/// The airway's wall and its partial volume.
const AIRWAY_WALL_MM: f64 = 4.0;
/// Depth of the surface that partial volume reaches.
const SURFACE_MM: f64 = 3.0;
/// Smaller spaces, against the largest, are no lung.
const MIN_PART: f64 = 0.01;

/// Air in the chest.
pub(super) struct Aerated {
    /// The aerated lung on the coarse grid; all false when there is none.
    pub lung: Array3<bool>,
    /// Pockets of air beside it that are neither lung nor airway.
    pub pockets: Array3<bool>,
}

/// Tells lung from other air.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub(super) fn aerated_lung(coarse: &Coarse, airway: &Array3<bool>, monitor: &Monitor<'_>) -> Result<Aerated> {
    let mut air = coarse.hu.map(|&hu| hu < AIR_HU);
    let enclosed = body::enclosed(coarse, &air, monitor)?;
    if airway.iter().any(|&inside| inside) {
        let tube = distance::dilate(airway, AIRWAY_WALL_MM, coarse.spacing_mm, monitor.cancel_token())?;
        Zip::from(&mut air).and(&tube).for_each(|air, &tube| *air &= !tube);
    }
    let components = connected_components(&air, Neighbourhood::Faces6, monitor.cancel_token())?;
    let spaces = look_into(coarse, &air, &enclosed, &components, monitor)?;
    let textured = spaces.iter().any(|space| space.is_surely_lung() && space.volume_ml >= WHOLE_LUNG_ML);
    let chest_ml = if textured { 0.0 } else { pockets::largest_ml(coarse, &air, &enclosed, monitor)? };
    let mut kept = choose(&spaces, chest_ml);
    if !kept.contains(&true) && air.len() as f64 * coarse.voxel_ml() < SMALL_CROP_ML {
        kept = spaces.iter().map(|space| space.at_side && space.spread_hu > TEXTURE_HU).collect();
    }
    let mut lung = components.mask(|component| kept[component.label as usize - 1]);
    let leaks: Vec<bool> = std::iter::once(false).chain(spaces.iter().map(AirSpace::leaks)).collect();
    Zip::from(&mut lung).and(&components.labels).and(&enclosed).for_each(|lung, &label, &enclosed| {
        *lung &= enclosed || !leaks[label as usize];
    });
    circle::add_cut_lung(coarse, &air, &enclosed, &mut lung, monitor)?;
    let pockets = pockets::add_pockets(coarse, &air, &enclosed, &mut lung, monitor)?;
    Ok(Aerated { lung, pockets })
}

/// A connected space of air.
pub(super) struct AirSpace {
    pub volume_ml: f64,
    /// Touches the image's border in the axial plane.
    at_side: bool,
    /// Parts of the inside below [`GAS_HU`] and [`FOAM_HU`].
    gas_part: f64,
    foam_part: f64,
    /// As `gas_part`, of what is not enclosed by the body.
    open_gas_part: f64,
    /// Part of the inside that the body encloses.
    enclosed_part: f64,
    /// Standard deviation of the inside.
    pub spread_hu: f64,
}

impl AirSpace {
    /// Whether it is lung that is open to the air around the patient in some slices.
    fn leaks(&self) -> bool {
        self.volume_ml >= WHOLE_LUNG_ML && self.enclosed_part >= LEAK_ENCLOSED && self.open_gas_part >= GAS_PART
    }

    pub fn is_surely_lung(&self) -> bool {
        self.foam_part < SURE_PART
    }
}

/// For each space, whether it is lung. `chest_ml`: a lung that is known by the body around it.
fn choose(spaces: &[AirSpace], chest_ml: f64) -> Vec<bool> {
    let largest = |which: &dyn Fn(&AirSpace) -> bool| {
        spaces.iter().filter(|space| which(space)).map(|space| space.volume_ml).fold(0.0, f64::max)
    };
    let sure_ml = largest(&AirSpace::is_surely_lung);
    let whole_ml = largest(&|space| space.is_surely_lung() && !space.at_side).max(chest_ml);
    let is_lung = |space: &AirSpace| {
        let other = if whole_ml >= WHOLE_LUNG_ML {
            let bowel = space.foam_part > FOAM_PART && space.volume_ml < BOWEL_PART * whole_ml;
            bowel || space.at_side && space.foam_part > SIDE_FOAM_PART
        } else {
            space.at_side && space.foam_part > FOAM_PART && sure_ml > CROP_PART * space.volume_ml
        };
        space.gas_part < GAS_PART && !other
    };
    let least_ml = MIN_PART * largest(&is_lung);
    spaces.iter().map(|space| is_lung(space) && space.volume_ml >= least_ml).collect()
}

/// Measures each space. Its inside leaves out the surface, where partial volume would make gas look like lung.
pub(super) fn look_into(
    coarse: &Coarse,
    air: &Array3<bool>,
    enclosed: &Array3<bool>,
    components: &Components,
    monitor: &Monitor<'_>,
) -> Result<Vec<AirSpace>> {
    let inside = distance::erode(air, SURFACE_MM, coarse.spacing_mm, monitor.cancel_token())?;
    let mut sums = vec![Sums::default(); components.list.len() + 1];
    Zip::from(&components.labels).and(&inside).and(enclosed).and(&coarse.hu).for_each(
        |&label, &inside, &enclosed, &hu| {
            if inside {
                sums[label as usize].add(hu, !enclosed);
            }
        },
    );
    let (_, height, width) = air.dim();
    let at_side =
        |c: &Component| c.voi.start[0] == 0 || c.voi.start[1] == 0 || c.voi.end[0] == width || c.voi.end[1] == height;
    let space = |(component, sums): (&Component, &Sums)| {
        sums.space(component.voxels as f64 * coarse.voxel_ml(), at_side(component))
    };
    Ok(components.list.iter().zip(&sums[1..]).map(space).collect())
}

/// What is counted of a space's inside.
#[derive(Clone, Default)]
struct Sums {
    voxels: f64,
    gas: f64,
    foam: f64,
    open: f64,
    open_gas: f64,
    hu: f64,
    hu_squared: f64,
}

impl Sums {
    fn add(&mut self, hu: f32, open: bool) {
        self.voxels += 1.0;
        self.open += f64::from(u8::from(open));
        self.open_gas += f64::from(u8::from(open && hu < GAS_HU));
        self.gas += f64::from(u8::from(hu < GAS_HU));
        self.foam += f64::from(u8::from(hu < FOAM_HU));
        self.hu += f64::from(hu);
        self.hu_squared += f64::from(hu).powi(2);
    }

    fn space(&self, volume_ml: f64, at_side: bool) -> AirSpace {
        let n = self.voxels.max(1.0);
        let variance = (self.hu_squared / n - (self.hu / n).powi(2)).max(0.0);
        AirSpace {
            volume_ml,
            at_side,
            gas_part: self.gas / n,
            foam_part: self.foam / n,
            open_gas_part: self.open_gas / self.open.max(1.0),
            enclosed_part: 1.0 - self.open / n,
            spread_hu: variance.sqrt(),
        }
    }
}
