//! The volume mirrored: a sample may see what a network is fed the other way round, and its answer is turned back.

use ndarray::{ArrayBase, Axis as Dimension, Data, Ix5};

use crate::contract::network::Axis;

/// Axes along which an image `[…, k, j, i]` is mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flip {
    /// Along the patient.
    pub k: bool,
    /// Along the rows' axis.
    pub j: bool,
    /// Along the columns' axis.
    pub i: bool,
}

impl Flip {
    /// Number of orientations that `axes` give, that of the volume included.
    pub fn count(axes: &[Axis]) -> usize {
        1 << axes.len()
    }

    /// Orientation `number`, from 0: bit b of it mirrors along the b-th of `axes`.
    pub fn number(number: usize, axes: &[Axis]) -> Self {
        let mirrors = |axis: Axis| axes.iter().enumerate().any(|(bit, own)| *own == axis && number >> bit & 1 == 1);
        Flip { k: mirrors(Axis::K), j: mirrors(Axis::J), i: mirrors(Axis::I) }
    }

    /// True for the volume as it is.
    pub fn is_none(self) -> bool {
        self == Flip::default()
    }

    /// Turns an array (…, …, k, j, i) round, without moving its values.
    pub fn turn<S: Data>(self, array: &mut ArrayBase<S, Ix5>) {
        for (axis, mirrored) in [self.k, self.j, self.i].into_iter().enumerate() {
            if mirrored {
                array.invert_axis(Dimension(2 + axis));
            }
        }
    }

    /// Distances along k as the mirrored volume has them: in the order of the slices there, which lie on the other side.
    pub fn offsets_mm(self, offsets_mm: &[f32]) -> Vec<f32> {
        if self.k { offsets_mm.iter().rev().map(|mm| 0.0 - mm).collect() } else { offsets_mm.to_vec() }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array5;

    use super::*;

    #[test]
    fn number_s_bits_stand_for_the_axes_in_their_order() {
        let axes = [Axis::I, Axis::K];
        let flips: Vec<Flip> = (0..Flip::count(&axes)).map(|n| Flip::number(n, &axes)).collect();
        let flip = |k: bool, i: bool| Flip { k, j: false, i };
        assert_eq!(flips, [flip(false, false), flip(false, true), flip(true, false), flip(true, true)]);
        assert_eq!(Flip::count(&[]), 1);
        assert!(Flip::number(0, &axes).is_none() && !flips[1].is_none());
    }

    #[test]
    fn turn_twice_is_as_before_and_once_reads_from_the_other_end() {
        let image = Array5::from_shape_fn((1, 2, 3, 4, 5), |(_, c, k, j, i)| (1000 * c + 100 * k + 10 * j + i) as f32);
        for number in 0..8 {
            let flip = Flip::number(number, &[Axis::K, Axis::J, Axis::I]);
            let mut turned = image.clone();
            flip.turn(&mut turned);
            let at = |n: usize, len: usize, mirrored: bool| if mirrored { len - 1 - n } else { n };
            for ((_, c, k, j, i), value) in turned.indexed_iter() {
                assert_eq!(*value, image[[0, c, at(k, 3, flip.k), at(j, 4, flip.j), at(i, 5, flip.i)]]);
            }
            flip.turn(&mut turned);
            assert_eq!(turned, image);
        }
    }

    #[test]
    fn offsets_of_the_mirrored_volume_lie_on_the_other_side() {
        let flip = Flip { k: true, ..Flip::default() };
        let turned = flip.offsets_mm(&[-4.0, -2.0, 0.0, 0.0, 0.0]);
        assert_eq!(turned.map_bits(), [0.0f32, 0.0, 0.0, 2.0, 4.0].to_vec().map_bits());
        assert_eq!(Flip::default().offsets_mm(&[-2.0, 0.0, 2.0]), [-2.0, 0.0, 2.0]);
    }

    trait Bits {
        fn map_bits(&self) -> Vec<u32>;
    }

    impl Bits for Vec<f32> {
        fn map_bits(&self) -> Vec<u32> {
            self.iter().map(|value| value.to_bits()).collect()
        }
    }
}
