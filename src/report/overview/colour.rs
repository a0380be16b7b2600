//! Colours of the overview, and the heat map.

pub use super::canvas::Colour;

pub const BACKGROUND: Colour = [16, 19, 24];
pub const CARD: Colour = [27, 32, 39];
/// Behind warnings.
pub const WARNING: Colour = [66, 44, 14];
pub const TEXT: Colour = [236, 239, 243];
pub const FAINT: Colour = [158, 168, 180];
pub const OUTLINE: Colour = [64, 224, 255];
pub const OTHER_OUTLINE: Colour = [120, 150, 160];
pub const REVIEW: Colour = [255, 176, 64];
pub const SURE: Colour = [128, 214, 140];

/// The heat of `value` in [0, 1]: the perceptually even map "inferno" (Smith and van der Walt).
pub fn heat(value: f32) -> Colour {
    let colorous::Color { r, g, b } = colorous::INFERNO.eval_continuous(f64::from(value.clamp(0.0, 1.0)));
    [r, g, b]
}

/// The lung window (width 1500, level -600 HU) as grey.
pub fn lung_window(hu: f32) -> Colour {
    [(((hu + 1350.0) / 1500.0).clamp(0.0, 1.0) * 255.0).round() as u8; 3]
}
