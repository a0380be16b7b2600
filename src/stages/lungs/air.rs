//! Which air is lung: not the air around the patient, not the airways, not gas in stomach and bowel.

use ndarray::{Array3, Zip};

use super::{coarse::Coarse, distance};
use crate::stages::components::{Component, Components, Neighbourhood, connected_components};

/// Between lung (at most about -600 when not diseased) and soft tissue (at least -100).
pub(super) const AIR_HU: f32 = -450.0;
/// Block means below are free gas; even destroyed lung keeps walls and vessels.
const GAS_HU: f32 = -970.0;
/// Air at the image's sides is judged by this level, once a whole lung is seen: clothes and mattresses reach it.
const FOAM_HU: f32 = -925.0;
/// Part of a piece's inside that is gas (or foam): above, it is no lung.
const GAS_PART: f64 = 0.6;
const FOAM_PART: f64 = 0.4;
/// So much lung clear of the image's sides means that the chest is seen whole, and not a crop inside a lung.
const WHOLE_LUNG_ML: f64 = 100.0;
/// The airway's wall and its partial volume.
const AIRWAY_WALL_MM: f64 = 3.0;
/// Depth of the surface that partial volume reaches.
const SURFACE_MM: f64 = 3.0;
/// Smaller pieces, against the largest, are no lung.
const LEAST_PART: f64 = 0.01;

/// The aerated lung on the coarse grid; all false when there is none.
pub(super) fn aerated_lung(coarse: &Coarse, airway: &Array3<bool>) -> Array3<bool> {
    let mut air = coarse.hu.map(|&hu| hu < AIR_HU);
    if airway.iter().any(|&inside| inside) {
        let tube = distance::dilate(airway, AIRWAY_WALL_MM, coarse.spacing_mm);
        Zip::from(&mut air)
            .and(&tube)
            .for_each(|air, &tube| *air &= !tube);
    }
    let pieces = connected_components(&air, Neighbourhood::Faces6);
    let insides = insides(coarse, &air, &pieces);
    let sides = [air.dim().2, air.dim().1];
    let at_side = |piece: &Component| (0..2).any(|a| piece.voi.start[a] == 0 || piece.voi.end[a] == sides[a]);
    let no_gas = |piece: &&Component| insides[piece.label as usize - 1].gas_part() < GAS_PART;
    let enclosed = pieces
        .list
        .iter()
        .filter(no_gas)
        .filter(|piece| !at_side(piece))
        .map(|piece| piece.voxels)
        .max();
    let whole = enclosed.unwrap_or(0) as f64 * coarse.voxel_ml() >= WHOLE_LUNG_ML;
    let lung = |piece: &Component| {
        let foam = whole && at_side(piece) && insides[piece.label as usize - 1].foam_part() > FOAM_PART;
        no_gas(&piece) && !foam
    };
    let largest = pieces
        .list
        .iter()
        .filter(|piece| lung(piece))
        .map(|piece| piece.voxels)
        .max()
        .unwrap_or(0);
    pieces.mask(|piece| lung(piece) && piece.voxels as f64 >= LEAST_PART * largest as f64)
}

/// How many voxels of the inside of a piece have which HU.
#[derive(Clone)]
struct Inside {
    total: usize,
    gas: usize,
    foam: usize,
}

impl Inside {
    fn gas_part(&self) -> f64 {
        self.gas as f64 / self.total.max(1) as f64
    }

    fn foam_part(&self) -> f64 {
        self.foam as f64 / self.total.max(1) as f64
    }
}

/// Looks into each piece. The inside leaves out the surface, where partial volume would make gas look like lung.
fn insides(coarse: &Coarse, air: &Array3<bool>, pieces: &Components) -> Vec<Inside> {
    let inside = distance::erode(air, SURFACE_MM, coarse.spacing_mm);
    let mut counts = vec![
        Inside {
            total: 0,
            gas: 0,
            foam: 0
        };
        pieces.list.len() + 1
    ];
    Zip::from(&pieces.labels)
        .and(&inside)
        .and(&coarse.hu)
        .for_each(|&label, &inside, &hu| {
            if inside {
                let count = &mut counts[label as usize];
                count.total += 1;
                count.gas += usize::from(hu < GAS_HU);
                count.foam += usize::from(hu < FOAM_HU);
            }
        });
    counts.split_off(1)
}
