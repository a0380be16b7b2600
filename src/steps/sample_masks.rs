//! Which samples called which voxel a nodule.
//!
//! Sparse: only voxels that at least one sample called a nodule are held, so that a few thousand voxels of a whole
//! CT carry T bits each. Where many samples call many voxels a nodule that is more than all maps together, so free memory is checked
//! before they are allocated.

use ndarray::Array3;

use crate::{error::Result, memory};

/// What has to stay free beside the masks for the small arrays that a slice needs: those are allocated without asking.
const REST_BYTES: usize = 64 << 20;

/// What the masks' memory is wanted for.
const WHAT: &str = "which sample calls which voxel a nodule";

/// For each held voxel, one bit a sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleMasks {
    samples: usize,
    words: usize,
    /// Linear voxel index in `[k, j, i]` order, and where its words start.
    voxels: Vec<(u32, usize)>,
    bits: Vec<u64>,
}

impl SampleMasks {
    /// For `samples` samples, no voxel yet.
    pub fn new(samples: usize) -> Self {
        SampleMasks { samples, words: samples.div_ceil(64), voxels: Vec::new(), bits: Vec::new() }
    }

    /// Makes room for `voxels` more, and sees that there is some left.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`].
    pub fn reserve(&mut self, voxels: usize) -> Result<()> {
        memory::grow(&mut self.voxels, voxels, WHAT)?;
        memory::grow(&mut self.bits, voxels.saturating_mul(self.words), WHAT)?;
        memory::check_free(REST_BYTES, WHAT)
    }

    /// Makes sure that there is room for the masks of `voxels` voxels twice over: while they are counted, and when they are
    /// handed on.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`].
    pub fn check_room(voxels: usize, samples: usize) -> Result<()> {
        // Beside the bits a list's three words and the voxel's number.
        let bytes_per_voxel = 2 * 8 * samples.div_ceil(64) + 4 * 8;
        memory::check_free(voxels.saturating_mul(bytes_per_voxel), WHAT)
    }

    /// Adds a voxel, in any order: bit `s % 64` of word `s / 64` is sample `s`.
    ///
    /// # Panics
    /// When `bits` isn't one bit a sample: a mistake in this library.
    pub fn push(&mut self, index: u32, bits: &[u64]) {
        assert_eq!(bits.len(), self.words, "one bit a sample");
        self.voxels.push((index, self.bits.len()));
        self.bits.extend_from_slice(bits);
    }

    /// Adds the voxels of `other`, which holds as many samples and no voxel of these.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`].
    pub fn append(&mut self, other: &SampleMasks) -> Result<()> {
        if !other.voxels.is_empty() {
            self.reserve(other.voxels.len())?;
        }
        let first = self.bits.len();
        self.voxels.extend(other.voxels.iter().map(|(index, at)| (*index, first + at)));
        self.bits.extend_from_slice(&other.bits);
        Ok(())
    }

    /// Sorts the voxels; call it once after the last [`SampleMasks::push`] and before [`SampleMasks::get`].
    pub fn finish(&mut self) {
        self.voxels.sort_unstable_by_key(|(index, _)| *index);
    }

    /// These masks, with the ones of `other` for the voxels (by linear index) that `taken` accepts; both hold as many
    /// samples.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`].
    pub fn with(&self, other: &SampleMasks, taken: impl Fn(u32) -> bool) -> Result<SampleMasks> {
        let mut mixed = SampleMasks::new(self.samples);
        let kept = self.voxels.iter().filter(|(index, _)| !taken(*index)).count();
        mixed.reserve(kept + other.voxels.iter().filter(|(index, _)| taken(*index)).count())?;
        self.from(0).filter(|(index, _)| !taken(*index)).for_each(|(index, bits)| mixed.push(index, bits));
        other.from(0).filter(|(index, _)| taken(*index)).for_each(|(index, bits)| mixed.push(index, bits));
        mixed.finish();
        Ok(mixed)
    }

    /// The samples that these masks or `other` hold, voxel by voxel; both hold as many samples.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`].
    pub fn or(&self, other: &SampleMasks) -> Result<SampleMasks> {
        let mut joined = SampleMasks::new(self.samples);
        joined.reserve(self.voxels.len() + other.voxels.len())?;
        let (mut own, mut others) = (self.from(0).peekable(), other.from(0).peekable());
        loop {
            let (a, b) = (own.peek().map(|(index, _)| *index), others.peek().map(|(index, _)| *index));
            let Some(next) = a.into_iter().chain(b).min() else { break };
            let mine = own.next_if(|(index, _)| *index == next).map(|(_, bits)| bits);
            let theirs = others.next_if(|(index, _)| *index == next).map(|(_, bits)| bits);
            match (mine, theirs) {
                (Some(a), Some(b)) => joined.push(next, &a.iter().zip(b).map(|(a, b)| a | b).collect::<Vec<_>>()),
                (bits, None) | (None, bits) => joined.push(next, bits.unwrap_or_default()),
            }
        }
        joined.finish();
        Ok(joined)
    }

    /// One number a voxel of a volume of this shape: bit s is sample s, in a type that has a bit for each sample.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`].
    ///
    /// # Panics
    /// When `T` has too few bits, or a voxel lies beyond the volume: a mistake in the calling code.
    pub fn spread<T: TryFrom<u64> + Copy + Default>(&self, shape: [usize; 3]) -> Result<Array3<T>> {
        let mut spread = memory::vec(shape.iter().product(), WHAT)?;
        spread.resize(shape.iter().product(), T::default());
        for (index, bits) in self.from(0) {
            let [bits] = bits else { panic!("at most 64 samples") };
            spread[index as usize] = T::try_from(*bits).unwrap_or_else(|_| panic!("a bit for each sample"));
        }
        Ok(Array3::from_shape_vec(shape, spread).expect("one number a voxel"))
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// The samples that called the voxel with this linear index a nodule; `None` when none did.
    pub fn get(&self, index: u32) -> Option<&[u64]> {
        let found = self.voxels.binary_search_by_key(&index, |(index, _)| *index).ok()?;
        Some(self.words_at(self.voxels[found].1))
    }

    /// The held voxels from linear index `first` on, in rising order, each with its samples.
    pub fn from(&self, first: u32) -> impl Iterator<Item = (u32, &[u64])> {
        let start = self.voxels.partition_point(|(index, _)| *index < first);
        self.voxels[start..].iter().map(|(index, at)| (*index, self.words_at(*at)))
    }

    fn words_at(&self, at: usize) -> &[u64] {
        &self.bits[at..at + self.words]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_another_takes_its_voxels_there_and_keeps_the_rest() {
        let masks = |voxels: &[(u32, u64)]| {
            let mut masks = SampleMasks::new(3);
            voxels.iter().for_each(|(index, bits)| masks.push(*index, &[*bits]));
            masks.finish();
            masks
        };
        let (one, other) = (masks(&[(1, 1), (5, 1), (9, 1)]), masks(&[(1, 2), (6, 2), (9, 2)]));
        let mixed = one.with(&other, |index| (4..8).contains(&index)).unwrap();
        let held: Vec<_> = mixed.from(0).map(|(index, bits)| (index, bits[0])).collect();
        assert_eq!(held, [(1, 1), (6, 2), (9, 1)]);
    }

    #[test]
    fn or_of_two_holds_the_samples_of_both_voxel_by_voxel() {
        let masks = |voxels: &[(u32, u64)]| {
            let mut masks = SampleMasks::new(3);
            voxels.iter().for_each(|(index, bits)| masks.push(*index, &[*bits]));
            masks.finish();
            masks
        };
        let joined = masks(&[(1, 1), (5, 1), (9, 4)]).or(&masks(&[(0, 2), (5, 2), (9, 4), (12, 1)])).unwrap();
        let held: Vec<_> = joined.from(0).map(|(index, bits)| (index, bits[0])).collect();
        assert_eq!(held, [(0, 2), (1, 1), (5, 3), (9, 4), (12, 1)]);
    }

    #[test]
    fn spread_over_a_volume_has_a_bit_for_each_sample() {
        let mut masks = SampleMasks::new(64);
        masks.push(5, &[1 << 63 | 1]);
        masks.push(1, &[2]);
        masks.finish();
        let spread = masks.spread::<u64>([1, 2, 3]).unwrap();
        assert_eq!(spread.iter().copied().collect::<Vec<_>>(), [0, 2, 0, 0, 0, 1 << 63 | 1]);
        assert_eq!(SampleMasks::new(1).spread::<u32>([1, 1, 2]).unwrap(), Array3::<u32>::zeros([1, 1, 2]));
    }

    #[test]
    fn reserve_of_more_than_there_is_is_refused_by_name_and_leaves_the_masks_as_they_were() {
        let mut masks = SampleMasks::new(10_000);
        masks.push(1, &[1; 157]);
        let error = masks.reserve(usize::MAX / 1024).unwrap_err();
        assert_eq!(error.name(), "E_OUT_OF_MEMORY");
        assert_eq!(masks.get(1), Some(&[1; 157][..]));
        masks.reserve(10).unwrap();
        assert_eq!(SampleMasks::check_room(usize::MAX / 1024, 10_000).unwrap_err().name(), "E_OUT_OF_MEMORY");
    }

    #[test]
    fn sample_masks_pushed_in_any_order_are_found_by_index() {
        for samples in [1, 25, 64, 65, 200] {
            let mut masks = SampleMasks::new(samples);
            let words = samples.div_ceil(64);
            for index in [70u32, 3, 500] {
                let mut bits = vec![0; words];
                bits[words - 1] = u64::from(index);
                masks.push(index, &bits);
            }
            masks.finish();
            assert_eq!(masks.get(70).unwrap()[words - 1], 70);
            assert_eq!(masks.get(71), None);
            assert_eq!(masks.from(4).map(|(index, _)| index).collect::<Vec<_>>(), [70, 500]);
        }
    }

    #[test]
    fn sample_masks_appended_are_those_of_both() {
        for words in [1, 2] {
            let masks = |voxels: &[u32]| {
                let mut masks = SampleMasks::new(64 * words);
                voxels.iter().for_each(|index| masks.push(*index, &vec![u64::from(*index); words]));
                masks
            };
            let mut all = masks(&[7, 3]);
            all.append(&masks(&[])).unwrap();
            all.append(&masks(&[9, 5])).unwrap();
            all.finish();
            let mut pushed = masks(&[7, 3, 9, 5]);
            pushed.finish();
            assert_eq!(all, pushed);
        }
    }
}
