//! What the phantom's lungs are made of: healthy, or as a disease, an operation or a maker of phantoms leaves them.
//!
//! Points in mm as in [`super::anatomy`].

use super::anatomy::Point;

/// The state of the phantom's lungs.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    serde::Serialize,
    strum::EnumMessage,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Lungs {
    /// Healthy: -865 HU, denser at the back.
    #[default]
    Normal,
    /// Nearly air, -990 HU, without texture: a physical phantom.
    Air,
    /// Fluid fills the right side: only the left lung holds air.
    LeftOnly,
    /// Fluid fills the left side: only the right lung holds air.
    RightOnly,
    /// Destroyed lung, -920 HU and less, with bullae of air at the apices.
    Emphysema,
    /// Fluid behind the left lung.
    Effusion,
    /// The lower part of the left lung holds no air; the bronchi do.
    Consolidation,
}

const HEALTHY_HU: f64 = -865.0;
/// The lung is denser at the back, where the patient lies on it: HU a mm.
const GRADIENT_HU: f64 = 0.45;
const AIR_LIKE_HU: f64 = -990.0;
/// Destroyed lung at the base, and what it loses a mm towards the head.
const EMPHYSEMA_HU: f64 = -905.0;
const EMPHYSEMA_LOSS_HU: f64 = 0.25;
const BULLA_HU: f64 = -995.0;
/// Centres and radii of the bullae.
const BULLAE: [(Point, f64); 4] = [
    ([-48.0, -8.0, 162.0], 17.0),
    ([-66.0, 18.0, 140.0], 13.0),
    ([52.0, 4.0, 164.0], 15.0),
    ([70.0, -12.0, 146.0], 11.0),
];
/// Effusion and consolidation.
const FLUID_HU: f64 = 12.0;
const CONSOLIDATED_HU: f64 = 35.0;

impl Lungs {
    /// HU of the lung's substance at `p`, without texture.
    pub(super) fn hu(self, p: Point) -> f64 {
        match self {
            Lungs::Air => AIR_LIKE_HU,
            Lungs::Emphysema if BULLAE.iter().any(|(centre, radius)| within(p, *centre, *radius)) => BULLA_HU,
            Lungs::Emphysema => EMPHYSEMA_HU - EMPHYSEMA_LOSS_HU * p[2] + GRADIENT_HU * p[1],
            _ => HEALTHY_HU + GRADIENT_HU * p[1],
        }
    }

    /// True where the lung has texture.
    pub(super) fn textured(self) -> bool {
        self != Lungs::Air
    }

    /// Distance to the part of the chest that should be lung and holds no air, negative inside; infinite where there is
    /// none.
    pub(super) fn opaque_distance(self, p: Point) -> f64 {
        match self {
            Lungs::LeftOnly => p[0],
            Lungs::RightOnly => -p[0],
            // the level of fluid rises towards the base
            Lungs::Effusion => (-p[0]).max(12.0 + 0.3 * (p[2] - 40.0) - p[1]),
            Lungs::Consolidation => (-p[0]).max(p[2] + 0.2 * p[1] - 105.0),
            Lungs::Normal | Lungs::Air | Lungs::Emphysema => f64::INFINITY,
        }
    }

    /// HU of that part.
    pub(super) fn opaque_hu(self) -> f64 {
        if self == Lungs::Consolidation { CONSOLIDATED_HU } else { FLUID_HU }
    }
}

fn within(p: Point, centre: Point, radius: f64) -> bool {
    (0..3).map(|a| (p[a] - centre[a]).powi(2)).sum::<f64>() < radius * radius
}
