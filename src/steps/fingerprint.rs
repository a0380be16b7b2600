//! Numbers that tell whether a volume is one that was seen before, for less time than a sha256 takes. They are kept in memory alone:
//! somebody who wants to can make two volumes of one number.

use ndarray::Array3;

use crate::{error::Result, progress::CancelToken};

/// A number in the making, which other voxels don't have but by a chance of one in 2⁶⁴: the steps of FNV-1a, of 64 bits each.
#[derive(Debug, Clone, Copy)]
pub struct Fingerprint(u64);

impl Default for Fingerprint {
    fn default() -> Self {
        Fingerprint(0xcbf2_9ce4_8422_2325)
    }
}

impl Fingerprint {
    /// Adds a number.
    pub fn add(&mut self, word: u64) {
        const PRIME: u64 = 0x0100_0000_01b3;
        self.0 = (self.0 ^ word).wrapping_mul(PRIME).rotate_left(23);
    }

    /// Adds voxels in array order, which is how they have to lie in memory.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    ///
    /// # Panics
    /// When they don't: a mistake in the calling code.
    pub fn add_voxels(&mut self, voxels: &Array3<f32>, cancel: &CancelToken) -> Result<()> {
        for slice in voxels.outer_iter() {
            cancel.check()?;
            let (pairs, rest) = slice.to_slice().expect("packed voxels").as_chunks::<2>();
            pairs.iter().for_each(|[a, b]| self.add(u64::from(a.to_bits()) << 32 | u64::from(b.to_bits())));
            rest.iter().for_each(|a| self.add(a.to_bits().into()));
        }
        Ok(())
    }

    /// The number of what was added until now.
    pub fn number(self) -> u64 {
        self.0
    }

    /// The number of voxels.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn of(voxels: &Array3<f32>, cancel: &CancelToken) -> Result<u64> {
        let mut fingerprint = Fingerprint::default();
        fingerprint.add_voxels(voxels, cancel)?;
        Ok(fingerprint.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprint_is_another_where_any_bit_of_any_voxel_or_their_order_is() {
        let voxels = Array3::from_shape_fn((2, 3, 5), |(k, j, i)| (100 * k + 10 * j + i) as f32);
        let of = |voxels: &Array3<f32>| Fingerprint::of(voxels, &CancelToken::new()).unwrap();
        assert_eq!(of(&voxels), of(&voxels.clone()));
        for at in 0..voxels.len() {
            for bit in [0, 31] {
                let mut other = voxels.clone();
                let voxel = &mut other.as_slice_mut().unwrap()[at];
                *voxel = f32::from_bits(voxel.to_bits() ^ 1 << bit);
                assert_ne!(of(&other), of(&voxels), "voxel {at}, bit {bit}");
            }
        }
        let mut exchanged = voxels.clone();
        exchanged.as_slice_mut().unwrap().swap(3, 17);
        assert_ne!(of(&exchanged), of(&voxels));
    }

    #[test]
    fn fingerprint_ends_when_it_is_cancelled() {
        let token = CancelToken::new();
        token.cancel();
        assert_eq!(Fingerprint::of(&Array3::zeros((2, 2, 2)), &token).unwrap_err().name(), "E_CANCELLED");
    }
}
