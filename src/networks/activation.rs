//! From the logits of one voxel to the probabilities of its classes.

use crate::contract::network::{Activation, Calibration};

impl Calibration {
    /// Channels of the logits of `classes` classes: with softmax the background comes first.
    pub fn channels(&self, classes: usize) -> usize {
        classes + usize::from(self.activation == Activation::Softmax)
    }

    /// Probabilities of each class, from one row of logits a channel.
    ///
    /// A sigmoid is taken of each class by itself; softmax of the background's logit / temperature beside each class' logit /
    /// temperature + bias.
    ///
    /// # Panics
    /// When the rows differ in length, or are not as many as [`Calibration::channels`] says: a mistake in this library.
    pub fn probabilities(&self, logits: &[&[f32]]) -> Vec<Vec<f32>> {
        match self.activation {
            Activation::Sigmoid => {
                logits.iter().map(|row| row.iter().map(|logit| self.probability(*logit) as f32).collect()).collect()
            }
            Activation::Softmax => self.softmax(logits),
        }
    }

    fn softmax(&self, logits: &[&[f32]]) -> Vec<Vec<f32>> {
        let classes = logits.len() - 1;
        let mut shares = vec![vec![0.0; logits[0].len()]; classes];
        let mut scaled = vec![0.0; logits.len()];
        for voxel in 0..logits[0].len() {
            for (channel, (value, row)) in scaled.iter_mut().zip(logits).enumerate() {
                let bias = if channel == 0 { 0.0 } else { self.bias };
                *value = f64::from(row[voxel]) / self.temperature + bias;
            }
            let highest = scaled.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            scaled.iter_mut().for_each(|value| *value = (*value - highest).exp());
            let sum: f64 = scaled.iter().sum();
            for (row, value) in shares.iter_mut().zip(&scaled[1..]) {
                row[voxel] = (value / sum) as f32;
            }
        }
        shares
    }

    /// Probability that a voxel belongs to any class: with softmax the sum of the classes', else the largest of them.
    pub fn foreground(&self, logits: &[&[f32]]) -> Vec<f32> {
        let classes = self.probabilities(logits);
        let mix = match self.activation {
            Activation::Sigmoid => f32::max,
            Activation::Softmax => |sum: f32, next: f32| sum + next,
        };
        let mut rows = classes.into_iter();
        let first = rows.next().unwrap_or_default();
        rows.fold(first, |all, row| all.into_iter().zip(row).map(|(a, b)| mix(a, b)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f32, wanted: f64) {
        assert!((f64::from(got) - wanted).abs() < 1e-7, "{got}, not {wanted}");
    }

    #[test]
    fn probabilities_of_two_classes_by_softmax_share_with_the_background() {
        let calibration = Calibration { activation: Activation::Softmax, temperature: 2.0, bias: 0.5 };
        let classes = calibration.probabilities(&[&[0.0, 2.0], &[1.0, 800.0], &[-3.0, 2.0]]);
        let [background, one, two] = [0.0, 1.0, -1.0].map(f64::exp);
        let sum = background + one + two;
        near(classes[0][0], one / sum);
        near(classes[1][0], two / sum);
        // Logits far apart overflow nothing.
        near(classes[0][1], 1.0);
        near(classes[1][1], 0.0);
        near(calibration.foreground(&[&[0.0], &[1.0], &[-3.0]])[0], (one + two) / sum);
        assert_eq!(calibration.channels(2), 3);
    }

    #[test]
    fn probabilities_by_sigmoid_are_each_class_s_own_and_the_foreground_the_largest() {
        let calibration = Calibration { temperature: 2.0, bias: -1.0, ..Calibration::default() };
        let classes = calibration.probabilities(&[&[2.0, -8.0], &[4.0, 0.0]]);
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        near(classes[0][0], 0.5);
        near(classes[1][0], sigmoid(1.0));
        near(classes[0][1], sigmoid(-5.0));
        assert_eq!(calibration.foreground(&[&[2.0, -8.0], &[4.0, 0.0]]), classes[1]);
        assert_eq!(calibration.channels(2), 2);
    }
}
