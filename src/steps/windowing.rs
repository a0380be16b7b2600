//! HU to the network's range, by the bundle's fixed window and never by a slice's own minimum and maximum.

/// Maps HU linearly so that the window's ends become 0 and 1, clipped there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HuWindow {
    low: f32,
    scale: f32,
}

impl HuWindow {
    /// The window from `low` to `high` HU.
    pub fn new([low, high]: [f64; 2]) -> Self {
        HuWindow { low: low as f32, scale: (1.0 / (high - low)) as f32 }
    }

    /// HU in [0, 1].
    pub fn apply(&self, hu: f32) -> f32 {
        ((hu - self.low) * self.scale).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_ends_become_zero_and_one_and_the_rest_is_clipped() {
        let window = HuWindow::new([-1000.0, 400.0]);
        assert_eq!([-3024.0, -1000.0, -300.0, 400.0, 3071.0].map(|hu| window.apply(hu)), [0.0, 0.0, 0.5, 1.0, 1.0]);
    }
}
