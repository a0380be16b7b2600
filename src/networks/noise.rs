//! Noise inputs: draws from the standard normal distribution, one set a sample for the whole volume.
//!
//! Enters: seed, sample number, number of the input, what the contract says of it. Leaves: `rank` draws a sample, times its
//! scale. As with dropout the generator's
//! counter holds nothing but these, so a sample means the same network everywhere.

use std::f64::consts::TAU;

use ndarray::Array2;

use crate::{contract::network::Noise, steps::philox::philox4x32};

/// Separates these draws from any other use of the same seed.
const DOMAIN: u32 = 0x4E52_4D31; // "NRM1"

/// Draws of `samples` for noise input `input`: shape (samples, rank), of the standard deviation that the contract says.
///
/// Draw n is made of the words of counter (n / 4, input, sample, domain): the first two give draws 0 and 1 of the four, the
/// last two draws 2 and 3, by Box and Muller, "A note on the generation of random normal deviates" (1958): with
/// u = (a + 1) / 2^32 and v = b / 2^32, √(−2 ln u) cos 2πv and √(−2 ln u) sin 2πv.
pub fn draws(seed: u64, samples: &[usize], input: usize, noise: &Noise) -> Array2<f32> {
    let key = [seed as u32, (seed >> 32) as u32];
    Array2::from_shape_fn((samples.len(), noise.rank), |(row, n)| {
        let words = philox4x32([(n / 4) as u32, input as u32, samples[row] as u32, DOMAIN], key);
        let pair = n % 4 / 2;
        let share = |word: u32, above: f64| (f64::from(word) + above) / 2f64.powi(32);
        let (u, v) = (share(words[2 * pair], 1.0), share(words[2 * pair + 1], 0.0));
        let turn = if n % 2 == 0 { (TAU * v).cos() } else { (TAU * v).sin() };
        ((-2.0 * u.ln()).sqrt() * turn * noise.scale) as f32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standard(seed: u64, samples: &[usize], input: usize, rank: usize) -> Array2<f32> {
        draws(seed, samples, input, &Noise::standard("noise", rank))
    }

    #[test]
    fn draws_have_the_moments_of_the_standard_normal_distribution() {
        let drawn = standard(11, &(0..500).collect::<Vec<_>>(), 1, 200);
        let n = drawn.len() as f64;
        let moment = |power: i32| drawn.iter().map(|z| f64::from(*z).powi(power)).sum::<f64>() / n;
        // Standard deviations of the moments of 100 000 draws: √(1, 2, 15, 96) / √n; five of them.
        for (power, wanted, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
            let bound = 5.0 * f64::sqrt(variance / n);
            assert!((moment(power) - wanted).abs() < bound, "moment {power}: {}", moment(power));
        }
        // Neighbouring draws, which share a pair or a counter, don't go together.
        let along = |step: usize| {
            let pairs =
                drawn.outer_iter().map(|row| (step..200).map(|r| f64::from(row[r] * row[r - step])).sum::<f64>());
            pairs.sum::<f64>() / (500.0 * (200 - step) as f64)
        };
        for step in 1..5 {
            assert!(along(step).abs() < 5.0 / n.sqrt(), "{step}: {}", along(step));
        }
    }

    #[test]
    fn draws_do_not_depend_on_order_or_batch() {
        let whole = standard(1, &(0..25).collect::<Vec<_>>(), 0, 9);
        let backwards = standard(1, &(0..25).rev().collect::<Vec<_>>(), 0, 9);
        for sample in 0..25 {
            assert_eq!(standard(1, &[sample], 0, 9).row(0), whole.row(sample));
            assert_eq!(backwards.row(24 - sample), whole.row(sample));
            // Nor on how many are drawn.
            assert!(standard(1, &[sample], 0, 4).row(0).iter().eq(whole.row(sample).iter().take(4)));
        }
    }

    #[test]
    fn draws_differ_between_seeds_samples_and_inputs() {
        let one = standard(1, &[0, 1], 0, 8);
        assert_ne!(one.row(0), one.row(1));
        assert_ne!(one, standard(2, &[0, 1], 0, 8));
        assert_ne!(one, standard(1 << 32 | 1, &[0, 1], 0, 8));
        assert_ne!(one, standard(1, &[0, 1], 1, 8));
    }

    #[test]
    fn draws_have_the_scale_of_the_contract() {
        let wide = Noise { scale: 2.5, ..Noise::standard("noise", 3) };
        let near = |(wide, one): (&f32, &f32)| (wide - 2.5 * one).abs() <= 2.0 * f32::EPSILON * wide.abs();
        assert!(draws(1, &[0, 1], 0, &wide).iter().zip(&standard(1, &[0, 1], 0, 3)).all(near));
    }
}
