//! Monte-Carlo dropout masks: sample `s` is one network, the same on every slice.
//!
//! Enters: seed, sample number, layer number. Leaves: one factor a channel, 0 or 1/(1 − rate). The generator's
//! counter holds no slice, window, batch or call number, so a sample means the same network across the whole volume
//! and the result does not depend on order, batching or threads.

use ndarray::Array2;

use crate::steps::philox::philox4x32;

/// Separates these draws from any other use of the same seed.
const DOMAIN: u32 = 0x4D43_4431; // "MCD1"

/// Masks of `samples` for dropout layer `layer`: shape (samples, channels), values 0 or 1/(1 − rate).
pub fn masks(seed: u64, samples: &[usize], layer: usize, channels: usize, rate: f64) -> Array2<f32> {
    let kept = (1.0 / (1.0 - rate)) as f32;
    let key = [seed as u32, (seed >> 32) as u32];
    let drop_below = (rate * 2f64.powi(32)) as u64;
    Array2::from_shape_fn((samples.len(), channels), |(row, channel)| {
        let counter = [(channel / 4) as u32, layer as u32, samples[row] as u32, DOMAIN];
        let word = philox4x32(counter, key)[channel % 4];
        if u64::from(word) < drop_below { 0.0 } else { kept }
    })
}

/// The masks of the deterministic network: one row of ones.
pub fn identity(channels: usize) -> Array2<f32> {
    Array2::ones((1, channels))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_rate_is_met_and_the_mean_factor_is_one() {
        let drawn = masks(7, &(0..400).collect::<Vec<_>>(), 2, 64, 0.25);
        let dropped = drawn.iter().filter(|v| **v == 0.0).count() as f64 / drawn.len() as f64;
        // 25 600 draws: standard deviation 0.0027, five of them
        assert!((dropped - 0.25).abs() < 0.0135, "{dropped}");
        assert!(drawn.iter().all(|v| *v == 0.0 || (*v - 4.0 / 3.0).abs() < 1e-6));
    }

    #[test]
    fn masks_do_not_depend_on_how_samples_are_batched() {
        let whole = masks(1, &(0..25).collect::<Vec<_>>(), 0, 48, 0.3);
        for sample in 0..25 {
            assert_eq!(masks(1, &[sample], 0, 48, 0.3).row(0), whole.row(sample));
        }
    }

    #[test]
    fn masks_differ_between_seeds_samples_and_layers() {
        let one = masks(1, &[0, 1], 0, 64, 0.5);
        assert_ne!(one.row(0), one.row(1));
        assert_ne!(one, masks(2, &[0, 1], 0, 64, 0.5));
        assert_ne!(one, masks(1, &[0, 1], 1, 64, 0.5));
        assert_ne!(one, masks(1 << 32 | 1, &[0, 1], 0, 64, 0.5));
    }

    #[test]
    fn masks_rate_zero_keeps_every_channel() {
        assert!(masks(3, &[0, 1, 2, 3, 4], 1, 16, 0.0).iter().all(|v| *v == 1.0));
    }
}
