//! The lungs of the volumes that were looked at last: a click on the same volumes needn't look for them again.

use super::scan::Scan;
use crate::{
    error::Result,
    progress::CancelToken,
    steps::{aeration::HalfLung, fingerprint::Fingerprint},
};

/// The lungs in each channel in HU, by the channel's number.
pub type Lungs = Vec<(usize, Vec<HalfLung>)>;

/// What is known of the volumes that were looked at last.
#[derive(Debug, Default)]
pub struct Seen {
    last: Option<(u64, Lungs)>,
}

impl Seen {
    /// The lungs of these volumes, if they were the last.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn lungs(&self, scan: &Scan, cancel: &CancelToken) -> Result<Option<&Lungs>> {
        let Some((last, lungs)) = &self.last else { return Ok(None) };
        Ok((*last == fingerprint(scan, cancel)?).then_some(lungs))
    }

    /// These volumes were looked at.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn keep(&mut self, scan: &Scan, lungs: Lungs, cancel: &CancelToken) -> Result<()> {
        self.last = Some((fingerprint(scan, cancel)?, lungs));
        Ok(())
    }
}

/// A number that other volumes don't have.
fn fingerprint(scan: &Scan, cancel: &CancelToken) -> Result<u64> {
    let (mut fingerprint, grid) = (Fingerprint::default(), scan.grid());
    grid.dims.iter().for_each(|n| fingerprint.add(*n as u64));
    grid.spacing_mm.iter().for_each(|mm| fingerprint.add(mm.to_bits()));
    for (_, volume) in scan.hounsfield() {
        fingerprint.add_voxels(&volume.voxels, cancel)?;
    }
    Ok(fingerprint.number())
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;
    use crate::{
        contract::classes::{Channel, Normalise, Unit},
        space::{grid::Grid, volume::Volume},
    };

    fn scan(spacing_mm: f64, voxel: f32) -> Scan {
        let grid = Grid::axial([5, 3, 2], [spacing_mm, 1.0, 1.0]);
        let mut voxels = Array3::from_elem(grid.shape(), -850.0);
        voxels[[1, 2, 4]] = voxel;
        let normalise = Normalise::Window([0.0, 1.0]);
        let channels = [Channel { name: "CT".into(), unit: Unit::Hounsfield, normalise }];
        Scan::oriented(vec![Volume::new(grid, voxels)], &channels, &CancelToken::new()).unwrap()
    }

    #[test]
    fn lungs_are_known_for_the_volumes_that_were_kept_last_and_no_other() {
        let (cancel, mut seen) = (CancelToken::new(), Seen::default());
        assert_eq!(seen.lungs(&scan(1.0, 0.0), &cancel).unwrap(), None);
        seen.keep(&scan(1.0, 0.0), vec![(0, Vec::new())], &cancel).unwrap();
        assert_eq!(seen.lungs(&scan(1.0, 0.0), &cancel).unwrap(), Some(&vec![(0, Vec::new())]));
        assert_eq!(seen.lungs(&scan(1.0, 1.0), &cancel).unwrap(), None, "the last voxel");
        assert_eq!(seen.lungs(&scan(1.5, 0.0), &cancel).unwrap(), None, "the spacing");
        seen.keep(&scan(1.0, 1.0), Vec::new(), &cancel).unwrap();
        assert_eq!(seen.lungs(&scan(1.0, 0.0), &cancel).unwrap(), None);
    }
}
