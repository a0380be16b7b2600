//! Colours of pictures, the lung window, and the heat map: the same on every surface that draws.

/// Red, green, blue.
pub type Colour = [u8; 3];

/// Behind everything.
pub const BACKGROUND: Colour = [16, 19, 24];
/// Behind a nodule's card.
pub const CARD: Colour = [27, 32, 39];
/// Behind warnings.
pub const WARNING: Colour = [66, 44, 14];
/// Words.
pub const TEXT: Colour = [236, 239, 243];
/// Words that matter less.
pub const FAINT: Colour = [158, 168, 180];
/// The outline that a picture is about.
pub const OUTLINE: Colour = [64, 224, 255];
/// Outlines beside it.
pub const OTHER_OUTLINE: Colour = [120, 150, 160];
/// What should be looked at again.
pub const REVIEW: Colour = [255, 176, 64];
/// What needn't.
pub const SURE: Colour = [128, 214, 140];

/// How strongly heat lies over the CT where it is unsure: at a third of the largest uncertainty it hides nine tenths.
const HEAT_STRENGTH: f32 = 3.0;
const MOST_HEAT: f32 = 0.9;

/// The heat of `value` in [0, 1]: the perceptually even map "inferno" (Smith and van der Walt).
pub fn heat(value: f32) -> Colour {
    let colorous::Color { r, g, b } = colorous::INFERNO.eval_continuous(f64::from(value.clamp(0.0, 1.0)));
    [r, g, b]
}

/// Which share of the picture the heat of `value` in [0, 1] hides.
pub fn heat_share(value: f32) -> f32 {
    (value * HEAT_STRENGTH).min(MOST_HEAT)
}

/// The lung window (width 1500, level -600 HU) as grey, 0 to 255.
pub fn lung_grey(hu: f32) -> u8 {
    (((hu + 1350.0) / 1500.0).clamp(0.0, 1.0) * 255.0).round() as u8
}

/// The lung window as a colour.
pub fn lung_window(hu: f32) -> Colour {
    [lung_grey(hu); 3]
}
