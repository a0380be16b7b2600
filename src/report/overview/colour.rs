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

/// Anchors of the perceptually even map "inferno" (Smith and van der Walt, CC0), from 0 to 1.
const INFERNO: [Colour; 9] = [
    [0, 0, 4],
    [31, 12, 72],
    [85, 15, 109],
    [136, 34, 106],
    [186, 54, 85],
    [227, 89, 51],
    [249, 140, 10],
    [249, 201, 50],
    [252, 255, 164],
];

/// The heat of `value` in [0, 1].
pub fn heat(value: f32) -> Colour {
    let at = value.clamp(0.0, 1.0) * (INFERNO.len() - 1) as f32;
    let low = (at as usize).min(INFERNO.len() - 2);
    let part = at - low as f32;
    std::array::from_fn(|c| {
        let (a, b) = (f32::from(INFERNO[low][c]), f32::from(INFERNO[low + 1][c]));
        (a + (b - a) * part).round() as u8
    })
}

/// The lung window (width 1500, level -600 HU) as grey.
pub fn lung_window(hu: f32) -> Colour {
    [(((hu + 1350.0) / 1500.0).clamp(0.0, 1.0) * 255.0).round() as u8; 3]
}
