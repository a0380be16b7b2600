//! Lung that the scan circle cuts: padding beyond it reads as air, so that such a lung is connected with the outside.

use ndarray::{Array3, Zip};

use crate::steps::lungs::{
    air::{AIR_HU, AirSpace, FOAM_HU, look_into},
    body::{Mass, beside},
    coarse::Coarse,
    pockets,
};
use crate::{
    error::Result,
    progress::Monitor,
    steps::components::{Neighbourhood, connected_components},
};

/// Air as dense as lung beside so many blocks of padding is worth a look.
const MIN_BLOCKS: usize = 20;
/// Lung has vessels (spread of its HU 50 to 65 in real CTs); the foam of a table, as dense as lung, has none.
const TEXTURE_HU: f64 = 25.0;
/// No clothing encloses that much air.
const MIN_ML: f64 = 100.0;

/// Adds to `lung` what looks like lung once the padding is taken from `air`.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub(super) fn add_cut_lung(
    coarse: &Coarse,
    air: &Array3<bool>,
    enclosed: &Array3<bool>,
    lung: &mut Array3<bool>,
    monitor: &Monitor<'_>,
) -> Result<()> {
    let mut dense = 0;
    beside(&coarse.padding, air, |index| dense += usize::from((FOAM_HU..AIR_HU).contains(&coarse.hu[index])));
    if dense < MIN_BLOCKS {
        return Ok(());
    }
    let mut rest = air.clone();
    Zip::from(&mut rest).and(&coarse.padding).and(&*lung).for_each(|rest, &padding, &lung| *rest &= !padding && !lung);
    let found = connected_components(&rest, Neighbourhood::Faces6, monitor.cancel_token())?;
    let spaces = look_into(coarse, &rest, enclosed, &found, monitor)?;
    let mass = Mass::of(coarse);
    let is_lung =
        |space: &AirSpace| space.volume_ml >= MIN_ML && space.is_surely_lung() && space.spread_hu > TEXTURE_HU;
    for (space, component) in spaces.iter().zip(&found.list) {
        if is_lung(space) && pockets::in_the_rows(&mass, &found, component) {
            pockets::add(lung, &found, component);
        }
    }
    Ok(())
}
