//! The maps of a whole result, from those of its classes.
//!
//! With one class they are that class' maps. With several a voxel has the highest probability and the highest uncertainty of a
//! class, and each class keeps its own maps. Where a detector chose what is segmented, its answer stands elsewhere in the search
//! region: the entropy of its probability as uncertainty, no variance and no mutual information, no sample.

use ndarray::{Array3, Axis, Zip};

use crate::{
    contract::uncertainty::Uncertainty,
    error::Result,
    networks::{
        answers::{Answers, ClassAnswer},
        sampling::Sampling,
    },
    progress::CancelToken,
    steps::sample_masks::SampleMasks,
    threads::{self, SLAB},
};

/// The maps of a result in canonical orientation.
#[derive(Debug)]
pub struct Whole {
    /// What is said of a voxel, whatever its class.
    pub all: ClassAnswer,
    /// The answers of each class, where there are several; else none.
    pub classes: Vec<ClassAnswer>,
}

/// What a detector says where nothing was segmented.
#[derive(Debug)]
pub struct Elsewhere<'a> {
    /// Its probability; the segmenter's takes its place where something was segmented.
    pub probability: Array3<f32>,
    /// What was segmented.
    pub segmented: &'a Array3<bool>,
}

impl Whole {
    /// The maps of `answers`.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
    pub fn of(answers: Answers, cancel: &CancelToken) -> Result<Self> {
        let mut classes = answers.classes;
        if classes.len() == 1 {
            return Ok(Whole { all: classes.remove(0), classes });
        }
        let mut all = classes[0].clone();
        for class in &classes[1..] {
            for (whole, part) in all.maps_mut().into_iter().zip(class.maps()) {
                cancel.check()?;
                Zip::from(whole).and(part).for_each(|whole, part| *whole = whole.max(*part));
            }
            all.samples = all.samples.or(&class.samples)?;
        }
        Ok(Whole { all, classes })
    }

    /// Puts a detector's answer where nothing was segmented.
    ///
    /// # Errors
    /// As [`Whole::of`].
    pub fn put_elsewhere(&mut self, elsewhere: Elsewhere<'_>, sampling: &Sampling, cancel: &CancelToken) -> Result<()> {
        let Elsewhere { probability: mut detected, segmented } = elsewhere;
        let of = |kind: Uncertainty| move |p: f32| kind.unsampled(f64::from(p)) as f32;
        let all = &mut self.all;
        let kinds = all.kinds.iter_mut().zip(Uncertainty::ALL);
        for (map, kind) in [(&mut all.uncertainty, &sampling.uncertainty)].into_iter().chain(kinds) {
            cancel.check()?;
            put(map, segmented, &detected, of(*kind));
        }
        for map in self.classes.iter_mut().flat_map(|class| class.maps_mut()) {
            cancel.check()?;
            put(map, segmented, &detected, |_| 0.0);
        }
        cancel.check()?;
        let slabs = detected.axis_chunks_iter_mut(Axis(0), SLAB).zip(segmented.axis_chunks_iter(Axis(0), SLAB));
        threads::each(slabs.zip(all.probability.axis_chunks_iter(Axis(0), SLAB)), |((detected, segmented), own)| {
            Zip::from(detected).and(segmented).and(own).for_each(|value, segmented, p| {
                if *segmented {
                    write(value, *p);
                }
            });
        });
        all.probability = detected;
        let flags = segmented.as_slice().expect("a new array is contiguous");
        for class in self.classes.iter_mut().chain([all]) {
            let none = SampleMasks::new(class.samples.samples());
            class.samples = class.samples.with(&none, |index| !flags[index as usize])?;
        }
        Ok(())
    }
}

/// Puts what `of` makes of a detector's probability where nothing was segmented.
fn put(map: &mut Array3<f32>, segmented: &Array3<bool>, detected: &Array3<f32>, of: impl Fn(f32) -> f32 + Sync) {
    let slabs = map.axis_chunks_iter_mut(Axis(0), SLAB).zip(segmented.axis_chunks_iter(Axis(0), SLAB));
    threads::each(slabs.zip(detected.axis_chunks_iter(Axis(0), SLAB)), |((map, segmented), detected)| {
        Zip::from(map).and(segmented).and(detected).for_each(|value, segmented, p| {
            if !*segmented {
                write(value, if *p == 0.0 { 0.0 } else { of(*p) });
            }
        });
    });
}

/// Memory that nobody wrote to takes none: zeros stay as they are. What isn't 0 is written unseen: to look at such memory and
/// to write to it after that is twice the work.
fn write(value: &mut f32, new: f32) {
    if new != 0.0 || *value != 0.0 {
        *value = new;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[f32]) -> Array3<f32> {
        Array3::from_shape_vec((1, 1, values.len()), values.to_vec()).unwrap()
    }

    fn answer(probability: &[f32], uncertainty: &[f32], positive: &[(u32, u64)]) -> ClassAnswer {
        let mut samples = SampleMasks::new(2);
        positive.iter().for_each(|(index, bits)| samples.push(*index, &[*bits]));
        samples.finish();
        let (probability, uncertainty) = (row(probability), row(uncertainty));
        ClassAnswer { probability, kinds: vec![uncertainty.clone(); 3], uncertainty, samples }
    }

    fn sampling() -> Sampling {
        let (uncertainty, kinds) = (Uncertainty::Entropy, &Uncertainty::ALL);
        Sampling { seed: 0, samples: 2, batch: 2, threshold: 0.5, uncertainty, kinds }
    }

    fn held(samples: &SampleMasks) -> Vec<(u32, u64)> {
        samples.from(0).map(|(index, bits)| (index, bits[0])).collect()
    }

    #[test]
    fn whole_of_two_classes_has_the_highest_of_each_map_and_the_samples_of_both() {
        let classes = vec![
            answer(&[0.2, 0.9, 0.0], &[0.5, 0.1, 0.0], &[(1, 1)]),
            answer(&[0.6, 0.3, 0.0], &[0.4, 0.6, 0.1], &[(0, 3), (1, 2)]),
        ];
        let whole = Whole::of(Answers { classes }, &CancelToken::new()).unwrap();
        assert_eq!(whole.all.probability, row(&[0.6, 0.9, 0.0]));
        assert_eq!(whole.all.uncertainty, row(&[0.5, 0.6, 0.1]));
        assert_eq!(held(&whole.all.samples), [(0, 3), (1, 3)]);
        assert_eq!(whole.classes.len(), 2);
    }

    #[test]
    fn put_elsewhere_leaves_what_was_segmented_and_gives_the_detector_s_answer_with_its_entropy() {
        let mut whole = Whole::of(
            Answers { classes: vec![answer(&[0.9, 0.8, 0.7], &[0.3, 0.3, 0.3], &[(0, 1), (1, 1), (2, 2)])] },
            &CancelToken::new(),
        )
        .unwrap();
        let segmented = Array3::from_shape_vec((1, 1, 3), vec![true, false, false]).unwrap();
        let detected = row(&[0.1, 0.5, 0.0]);
        let elsewhere = Elsewhere { probability: detected, segmented: &segmented };
        whole.put_elsewhere(elsewhere, &sampling(), &CancelToken::new()).unwrap();
        assert_eq!(whole.all.probability, row(&[0.9, 0.5, 0.0]));
        // One bit at 0.5, none at 0.
        assert_eq!(whole.all.uncertainty, row(&[0.3, 1.0, 0.0]));
        assert_eq!(whole.all.kinds, [row(&[0.3, 1.0, 0.0]), row(&[0.3, 0.0, 0.0]), row(&[0.3, 0.0, 0.0])]);
        assert_eq!(held(&whole.all.samples), [(0, 1)]);
    }
}
