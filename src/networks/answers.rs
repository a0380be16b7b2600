//! What a network says of a volume after all samples.

use ndarray::{Array3, ArrayViewMut2, Zip};

use super::sampling::Sampling;
use crate::{
    contract::uncertainty::Uncertainty,
    error::Result,
    steps::{
        sample_masks::SampleMasks,
        statistics::{Accumulator, entropy_bits},
    },
};

/// What is said of one class: arrays `[k, j, i]` over the whole volume, zero where no box answered.
#[derive(Debug, Clone)]
pub struct ClassAnswer {
    /// Mean probability over samples.
    pub probability: Array3<f32>,
    /// Uncertainty of the kind asked for.
    pub uncertainty: Array3<f32>,
    /// Uncertainty of each of [`Uncertainty::ALL`], where that was asked for as well; else none.
    pub kinds: Vec<Array3<f32>>,
    /// Which samples gave which voxel to the class.
    pub samples: SampleMasks,
}

/// What is said of one class in one plane of the volume; what samples say of it goes back by [`ClassAnswer::take`].
#[derive(Debug)]
pub struct ClassPlane<'a> {
    /// Mean probability over samples, `[j, i]`.
    pub probability: ArrayViewMut2<'a, f32>,
    uncertainty: ArrayViewMut2<'a, f32>,
    kinds: Vec<ArrayViewMut2<'a, f32>>,
    samples: SampleMasks,
    k: usize,
}

/// One entry a class.
#[derive(Debug, Clone)]
pub struct Answers {
    /// In the contract's order.
    pub classes: Vec<ClassAnswer>,
}

impl ClassAnswer {
    /// Nothing said yet of a volume of this shape.
    pub fn zeros(shape: [usize; 3], samples: usize, kinds: usize) -> Self {
        let zeros = || Array3::zeros(shape);
        ClassAnswer {
            probability: zeros(),
            uncertainty: zeros(),
            kinds: (0..kinds).map(|_| zeros()).collect(),
            samples: SampleMasks::new(samples),
        }
    }

    /// All maps with those of `other`, pair by pair.
    pub fn pairs<'a>(
        &'a mut self,
        other: &'a ClassAnswer,
    ) -> impl Iterator<Item = (&'a mut Array3<f32>, &'a Array3<f32>)> {
        let own = [&mut self.probability, &mut self.uncertainty].into_iter().chain(&mut self.kinds);
        own.zip([&other.probability, &other.uncertainty].into_iter().chain(&other.kinds))
    }

    /// Says of a voxel what a deterministic pass says: each sample is as sure.
    pub fn settle(&mut self, index: [usize; 3], probability: f32, sampling: &Sampling) {
        let uncertainty = |kind: Uncertainty| kind.unsampled(f64::from(probability)) as f32;
        self.probability[index] = probability;
        put(&mut self.uncertainty[index], uncertainty(sampling.uncertainty));
        for (map, kind) in self.kinds.iter_mut().zip(sampling.kinds) {
            put(&mut map[index], uncertainty(*kind));
        }
    }

    /// Its planes with these numbers, which rise.
    pub fn planes(&mut self, numbers: &[usize]) -> Vec<ClassPlane<'_>> {
        let samples = self.samples.samples();
        let maps = self.probability.outer_iter_mut().zip(self.uncertainty.outer_iter_mut());
        let plane = |(k, (probability, uncertainty))| {
            let samples = SampleMasks::new(samples);
            ClassPlane { probability, uncertainty, kinds: Vec::new(), samples, k }
        };
        let wanted = |k: &usize| numbers.binary_search(k).is_ok();
        let mut planes: Vec<ClassPlane<'_>> = maps.enumerate().filter(|(k, _)| wanted(k)).map(plane).collect();
        for map in &mut self.kinds {
            let maps = map.outer_iter_mut().enumerate().filter(|(k, _)| wanted(k));
            planes.iter_mut().zip(maps).for_each(|(plane, (_, map))| plane.kinds.push(map));
        }
        planes
    }

    /// Its plane `k`.
    ///
    /// # Panics
    /// When the volume has no such plane: a mistake in this library.
    pub fn plane(&mut self, k: usize) -> ClassPlane<'_> {
        self.planes(&[k]).pop().expect("a plane of the volume")
    }

    /// Takes what the samples say of a plane.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`].
    pub fn take(&mut self, of_plane: &SampleMasks) -> Result<()> {
        self.samples.append(of_plane)
    }

    /// Gives voxels to the class in every sample.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`].
    pub fn give_to_all_samples(&mut self, voxels: &[[usize; 3]]) -> Result<()> {
        if voxels.is_empty() {
            return Ok(());
        }
        let all = every_sample(self.samples.samples());
        self.samples.reserve(voxels.len())?;
        voxels.iter().for_each(|index| self.samples.push(self.linear(*index), &all));
        Ok(())
    }

    fn linear(&self, [k, j, i]: [usize; 3]) -> u32 {
        let (_, height, width) = self.probability.dim();
        ((k * height + j) * width + i) as u32
    }
}

impl ClassPlane<'_> {
    /// Says of voxels what their samples say. `voxels`: (j, i), each with its number in `sums`.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`].
    pub fn put(
        &mut self,
        sums: &Accumulator,
        voxels: impl Iterator<Item = ([usize; 2], usize)> + Clone,
        sampling: &Sampling,
    ) -> Result<()> {
        let some = |voxel: usize| sums.positive(voxel).iter().any(|word| *word != 0);
        let positive = voxels.clone().filter(|(_, voxel)| some(*voxel)).count();
        if positive > 0 {
            self.samples.reserve(positive)?;
        }
        let (height, width) = self.probability.dim();
        for (index, voxel) in voxels {
            self.probability[index] = sums.mean(voxel) as f32;
            put(&mut self.uncertainty[index], sampling.uncertainty.of(sums, voxel) as f32);
            for (map, kind) in self.kinds.iter_mut().zip(sampling.kinds) {
                put(&mut map[index], kind.of(sums, voxel) as f32);
            }
            if some(voxel) {
                let [j, i] = index;
                self.samples.push(((self.k * height + j) * width + i) as u32, sums.positive(voxel));
            }
        }
        Ok(())
    }

    /// What the samples say of all voxels that were put.
    pub fn into_samples(self) -> SampleMasks {
        self.samples
    }
}

/// Writes a value into a map of zeros. Memory that nobody wrote to takes none: a detector has no uncertainty anywhere.
fn put(place: &mut f32, value: f32) {
    if value != 0.0 {
        *place = value;
    }
}

impl Answers {
    /// Nothing said yet, of `classes` classes.
    pub fn zeros(shape: [usize; 3], classes: usize, samples: usize, kinds: usize) -> Self {
        Answers { classes: (0..classes).map(|_| ClassAnswer::zeros(shape, samples, kinds)).collect() }
    }

    /// Call it once after the last voxel.
    pub fn finish(&mut self) {
        self.classes.iter_mut().for_each(|class| class.samples.finish());
    }

    /// The largest probability of any class.
    pub fn into_probability(self) -> Array3<f32> {
        let mut classes = self.classes.into_iter().map(|class| class.probability);
        let first = classes.next().unwrap_or_default();
        classes.fold(first, |mut largest, class| {
            Zip::from(&mut largest).and(&class).for_each(|largest, p| *largest = largest.max(*p));
            largest
        })
    }
}

impl Uncertainty {
    /// The value of a voxel that was sampled.
    pub fn of(self, sums: &Accumulator, voxel: usize) -> f64 {
        match self {
            Uncertainty::Entropy => sums.entropy(voxel),
            Uncertainty::Variance => sums.variance(voxel),
            Uncertainty::MutualInformation => sums.mutual_information(voxel),
        }
    }

    /// The value of a voxel that was decided without sampling, from its one probability.
    pub fn unsampled(self, probability: f64) -> f64 {
        match self {
            Uncertainty::Entropy => entropy_bits(probability),
            Uncertainty::Variance | Uncertainty::MutualInformation => 0.0,
        }
    }
}

/// The bits of a voxel that each of `samples` samples gives to a class.
fn every_sample(samples: usize) -> Vec<u64> {
    let bits = |word: usize| (samples - 64 * word).min(64) as u32;
    (0..samples.div_ceil(64)).map(|word| u64::MAX >> (64 - bits(word))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_sets_one_bit_a_sample_and_no_other() {
        assert_eq!(every_sample(1), [1]);
        assert_eq!(every_sample(25), [(1 << 25) - 1]);
        assert_eq!(every_sample(64), [u64::MAX]);
        assert_eq!(every_sample(130), [u64::MAX, u64::MAX, 0b11]);
    }

    #[test]
    fn put_keeps_maps_kinds_and_the_samples_of_voxels_that_some_sample_gave() {
        let sampling = Sampling {
            seed: 0,
            samples: 2,
            batch: 8,
            threshold: 0.5,
            uncertainty: Uncertainty::Variance,
            kinds: Uncertainty::ALL,
        };
        let mut sums = Accumulator::new(2, 2, 0.5);
        sums.push(0, &[0.25, 0.25]);
        sums.push(1, &[0.75, 0.25]);
        let mut answers = Answers::zeros([2, 3, 4], 1, 2, 3);
        let class = &mut answers.classes[0];
        // In any order of planes and voxels.
        for (k, index, voxel) in [(1, [2, 3], 0), (0, [0, 1], 1)] {
            let mut plane = class.plane(k);
            plane.put(&sums, [(index, voxel)].into_iter(), &sampling).unwrap();
            let samples = plane.into_samples();
            class.take(&samples).unwrap();
        }
        class.settle([0, 1, 0], 0.5, &sampling);
        class.give_to_all_samples(&[[0, 1, 0]]).unwrap();
        answers.finish();
        let class = &answers.classes[0];
        assert_eq!([class.probability[[1, 2, 3]], class.probability[[0, 0, 1]]], [0.5, 0.25]);
        assert_eq!([class.uncertainty[[1, 2, 3]], class.uncertainty[[0, 0, 1]]], [0.0625, 0.0]);
        assert_eq!([class.kinds[0][[1, 2, 3]], class.kinds[0][[0, 1, 0]]], [1.0; 2], "entropy in bits");
        assert_eq!(class.uncertainty[[0, 1, 0]], 0.0);
        // Voxel (0, 1, 0) is number 4, (1, 2, 3) number 23.
        assert_eq!(class.samples.from(0).collect::<Vec<_>>(), [(4, &[0b11][..]), (23, &[0b10][..])]);
    }
}
