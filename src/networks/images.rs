//! The volumes that a run's networks see: the channels on one grid, and how their values become what a network is fed.

use ndarray::{Array3, ArrayBase, DataMut, Dimension};

use crate::{
    contract::classes::{Normalise, Over},
    error::Result,
    progress::CancelToken,
    space::grid::Grid,
    steps::windowing::HuWindow,
};

/// The channels, in canonical orientation.
#[derive(Debug, Clone)]
pub struct Images<'a> {
    /// Where their voxels lie.
    pub grid: &'a Grid,
    /// One entry a channel, in the contract's order.
    pub channels: Vec<Channel<'a>>,
}

/// A volume, and how it is fed to a network.
#[derive(Debug, Clone, Copy)]
pub struct Channel<'a> {
    /// `[k, j, i]`.
    pub voxels: &'a Array3<f32>,
    /// Applied to values once they are on the network's grid.
    pub scale: Scale,
}

const UNCLIPPED: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

/// From a channel's values to those that a network is fed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// A window.
    Window(HuWindow),
    /// (value − mean) / deviation.
    Standard {
        /// The value that becomes 0.
        mean: f64,
        /// The difference that becomes 1.
        deviation: f64,
        /// True: values that are 0 stay 0.
        zero_stays: bool,
        /// Values are clipped to these first.
        clip: [f64; 2],
    },
}

impl<'a> Images<'a> {
    /// The volumes on `grid`, each with the contract's normalisation; a z-score is reckoned here, once, over the whole volume.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn new(
        grid: &'a Grid,
        volumes: impl IntoIterator<Item = (&'a Array3<f32>, Normalise)>,
        cancel: &CancelToken,
    ) -> Result<Self> {
        let channel = |(voxels, normalise)| Ok(Channel { voxels, scale: Scale::of(normalise, voxels, cancel)? });
        let channels: Result<Vec<_>> = volumes.into_iter().map(channel).collect();
        Ok(Images { grid, channels: channels? })
    }
}

impl Scale {
    /// The scale that `normalise` means for `voxels`.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn of(normalise: Normalise, voxels: &Array3<f32>, cancel: &CancelToken) -> Result<Self> {
        match normalise {
            Normalise::Window(window) => Ok(Scale::Window(HuWindow::new(window))),
            Normalise::Standard { mean, deviation, clip } => {
                Ok(Scale::Standard { mean, deviation, zero_stays: false, clip: clip.unwrap_or(UNCLIPPED) })
            }
            Normalise::ZScore(over) => {
                let zero_stays = over == Over::NonZero;
                let (mean, deviation) = moments(voxels, zero_stays, cancel)?;
                Ok(Scale::Standard { mean, deviation, zero_stays, clip: UNCLIPPED })
            }
        }
    }

    /// What the network is fed for `value`.
    pub fn apply(&self, value: f32) -> f32 {
        match *self {
            Scale::Window(window) => window.apply(value),
            Scale::Standard { zero_stays: true, .. } if value == 0.0 => 0.0,
            Scale::Standard { mean, deviation, clip: [low, high], .. } => {
                ((f64::from(value).clamp(low, high) - mean) / deviation) as f32
            }
        }
    }

    /// The same for an array.
    pub fn apply_to<S: DataMut<Elem = f32>, D: Dimension>(&self, values: &mut ArrayBase<S, D>) {
        values.mapv_inplace(|value| self.apply(value));
    }
}

/// Mean and population deviation of the voxels, or of those that aren't 0. Voxels that are all the same have deviation 1: they
/// become 0.
fn moments(voxels: &Array3<f32>, without_zeros: bool, cancel: &CancelToken) -> Result<(f64, f64)> {
    let counts = |value: &&f32| !(without_zeros && **value == 0.0);
    let (mut count, mut sum) = (0usize, 0.0);
    for slice in voxels.outer_iter() {
        cancel.check()?;
        slice.iter().filter(counts).for_each(|value| {
            count += 1;
            sum += f64::from(*value);
        });
    }
    let mean = if count == 0 { 0.0 } else { sum / count as f64 };
    let mut squares = 0.0;
    for slice in voxels.outer_iter() {
        cancel.check()?;
        squares += slice.iter().filter(counts).map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>();
    }
    let deviation = (squares / count.max(1) as f64).sqrt();
    Ok((mean, if deviation > 0.0 { deviation } else { 1.0 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(normalise: Normalise, values: [f32; 8]) -> Scale {
        let voxels = Array3::from_shape_vec((2, 2, 2), values.to_vec()).unwrap();
        Scale::of(normalise, &voxels, &CancelToken::new()).unwrap()
    }

    const VALUES: [f32; 8] = [0.0, 0.0, 0.0, 0.0, 2.0, 4.0, 4.0, 6.0];

    #[test]
    fn scale_z_score_over_all_has_mean_0_and_deviation_1() {
        // Mean 2; squares 4 · 4 + 0 + 4 + 4 + 16 = 40 over 8.
        let scale = scale(Normalise::ZScore(Over::All), VALUES);
        assert_eq!(scale, Scale::Standard { mean: 2.0, deviation: 5f64.sqrt(), zero_stays: false, clip: UNCLIPPED });
        assert_eq!(scale.apply(0.0), (-2.0 / 5f64.sqrt()) as f32);
    }

    #[test]
    fn scale_z_score_over_voxels_that_are_not_0_leaves_0_as_it_is() {
        // 2, 4, 4, 6: mean 4, variance 2.
        let scale = scale(Normalise::ZScore(Over::NonZero), VALUES);
        assert_eq!(scale, Scale::Standard { mean: 4.0, deviation: 2f64.sqrt(), zero_stays: true, clip: UNCLIPPED });
        assert_eq!([0.0, 4.0].map(|value| scale.apply(value)), [0.0, 0.0]);
        assert_eq!(scale.apply(6.0), 2f32.sqrt());
    }

    #[test]
    fn scale_of_a_volume_of_one_value_gives_0_and_no_nan() {
        for over in [Over::All, Over::NonZero] {
            assert_eq!(scale(Normalise::ZScore(over), [7.0; 8]).apply(7.0), 0.0);
            assert_eq!(scale(Normalise::ZScore(over), [0.0; 8]).apply(0.0), 0.0);
        }
    }

    #[test]
    fn scale_window_and_standard_are_the_bundle_s_own() {
        let window = scale(Normalise::Window([-1000.0, 400.0]), VALUES);
        assert_eq!([-2000.0, -300.0, 400.0].map(|hu| window.apply(hu)), [0.0, 0.5, 1.0]);
        let standard = scale(Normalise::Standard { mean: 10.0, deviation: 4.0, clip: None }, VALUES);
        assert_eq!([0.0, 10.0, 12.0].map(|value| standard.apply(value)), [-2.5, 0.0, 0.5]);
        let clipped = scale(Normalise::Standard { mean: 10.0, deviation: 4.0, clip: Some([2.0, 11.0]) }, VALUES);
        assert_eq!([0.0, 10.0, 12.0].map(|value| clipped.apply(value)), [-2.0, 0.0, 0.25]);
    }
}
