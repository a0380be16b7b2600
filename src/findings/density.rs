//! What a nodule is made of, by the HU of its voxels: a rule, not a reader's judgement.
//!
//! - A voxel is solid above -300 HU. With that threshold software told part-solid from nonsolid nodules with a
//!   sensitivity of 90 % and a specificity of 88 % (Scholten et al., Eur Radiol 2015;25:488). The *solid part* is the
//!   largest set of solid voxels that are connected by their faces.
//! - *Ground glass*: the solid part is less than 6 % of the volume (a study of 102 subsolid nodules at -300 HU put the
//!   cut at 6.14 %: "Threshold Segmentation of Pulmonary Subsolid Nodules on CT Images: Detection and Quantification of
//!   the Solid Component").
//! - *Part-solid*: more than 20 % of the volume lies farther than 1 mm, and farther than one voxel, from every solid
//!   voxel: too far for a blurred edge. Both numbers were chosen on LIDC-IDRI patients of the training part
//!   (`sam2lung-train compare-textures`).
//! - *Solid*: all others.
//! - Calcium: voxels of 200 HU and more; contrast medium has that, too. Fat: voxels of -120 to -40 HU (Siegelman et
//!   al., Radiology 1986;160:313), only those whose six neighbours belong to the outline, since the edge of any nodule
//!   has these HU by blur. Within a part-solid nodule blur can look like fat as well.
//! - Mass: volume times density, (mean HU + 1000) / 1000 mg/mm³ (de Hoop et al., Radiology 2010;255:199).

use ndarray::Array3;

use super::{axes::RowEnds, canonical::Canonical};
use crate::{
    error::Result,
    progress::CancelToken,
    space::volume::Voi,
    steps::{
        components::{Neighbourhood, connected_components},
        distance::squared_distance,
    },
};

const SOLID_ABOVE_HU: f32 = -300.0;
const MIN_SOLID_SHARE: f64 = 0.06;
const RIM_MM: f64 = 1.0;
/// A voxel at just that distance counts, whatever single precision makes of the spacing.
const ROUNDING_MM: f64 = 1e-3;
const MAX_GLASS_SHARE: f64 = 0.2;
const CALCIUM_FROM_HU: f32 = 200.0;
const FAT_HU: std::ops::RangeInclusive<f32> = -120.0..=-40.0;

/// What a nodule is made of. Volumes are mm³.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Density {
    /// `solid`, `part-solid` or `ground glass`; empty where values aren't HU.
    pub texture: &'static str,
    /// Volume of the solid part; `None` where values aren't HU, as all that follow.
    pub solid_mm3: Option<f64>,
    /// Mean diameter of the solid part in mm, as that of the nodule (see [`super::axes::Axes::mean_mm`]); 0 where there
    /// is none.
    pub solid_mean_diameter_mm: Option<f64>,
    /// Volume of voxels that hold calcium.
    pub calcium_mm3: Option<f64>,
    /// Volume of inner voxels of fat.
    pub fat_mm3: Option<f64>,
    /// In mg.
    pub mass_mg: Option<f64>,
}

impl Density {
    /// Where values aren't HU.
    pub const UNKNOWN: Self = Density {
        texture: "",
        solid_mm3: None,
        solid_mean_diameter_mm: None,
        calcium_mm3: None,
        fat_mm3: None,
        mass_mg: None,
    };

    /// Of nodule `id`, which lies in `voi` and has these voxels `[k, j, i]`, one at least.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`] or [`crate::Error::OutOfMemory`].
    pub fn of(maps: &Canonical<'_>, id: u16, voi: &Voi, voxels: &[[usize; 3]], cancel: &CancelToken) -> Result<Self> {
        let (grid, hu) = (&maps.ct.grid, |index: &[usize; 3]| maps.ct.voxels[*index]);
        let mm3 = |count: usize| count as f64 * grid.voxel_mm3();
        let count = |is: &dyn Fn(&[usize; 3]) -> bool| mm3(voxels.iter().filter(|index| is(index)).count());
        let solid = Solid::of(maps, id, voi, cancel)?;
        let own = mm3(voxels.len());
        let mean_hu = voxels.iter().map(|index| f64::from(hu(index))).sum::<f64>() / voxels.len() as f64;
        Ok(Density {
            texture: texture(solid.part as f64 / voxels.len() as f64, solid.glass as f64 / voxels.len() as f64),
            solid_mm3: Some(mm3(solid.part)),
            solid_mean_diameter_mm: Some(solid.mean_diameter_mm),
            calcium_mm3: Some(count(&|index| hu(index) >= CALCIUM_FROM_HU)),
            fat_mm3: Some(count(&|index| FAT_HU.contains(&hu(index)) && is_inner(maps, id, *index))),
            mass_mg: Some((own * (mean_hu + 1000.0) / 1000.0).max(0.0)),
        })
    }
}

fn texture(solid_share: f64, glass_share: f64) -> &'static str {
    match () {
        () if solid_share < MIN_SOLID_SHARE => "ground glass",
        () if glass_share > MAX_GLASS_SHARE => "part-solid",
        () => "solid",
    }
}

/// Whether all six neighbours of a voxel belong to the nodule; what lies beyond the volume doesn't.
fn is_inner(maps: &Canonical<'_>, id: u16, index: [usize; 3]) -> bool {
    (0..3).all(|axis| {
        let beside = |at: Option<usize>| {
            at.is_some_and(|at| {
                let mut other = index;
                other[axis] = at;
                maps.labels.get(other) == Some(&id)
            })
        };
        beside(index[axis].checked_sub(1)) && beside(index[axis].checked_add(1))
    })
}

/// The solid voxels of a nodule.
struct Solid {
    /// Voxels of the solid part.
    part: usize,
    mean_diameter_mm: f64,
    /// Voxels of the nodule that are too far from a solid one for a blurred edge.
    glass: usize,
}

impl Solid {
    fn of(maps: &Canonical<'_>, id: u16, voi: &Voi, cancel: &CancelToken) -> Result<Self> {
        let [width, height, depth] = voi.size();
        let is_solid = |index| maps.labels[index] == id && maps.ct.voxels[index] > SOLID_ABOVE_HU;
        let solid = Array3::from_shape_vec((depth, height, width), voi.indices().map(is_solid).collect());
        let solid = solid.expect("one flag a voxel of the box");
        let parts = connected_components(&solid, Neighbourhood::Faces6, cancel)?;
        let largest = parts.list.iter().max_by_key(|part| (part.voxels, std::cmp::Reverse(part.label)));
        let spacing_mm = maps.ct.grid.spacing_mm;
        let mean_diameter_mm = largest.map_or(0.0, |part| {
            let own = parts.labels.indexed_iter().filter(|(_, label)| **label == part.label);
            RowEnds::of(own.map(|((k, j, i), _)| [k, j, i])).axial(spacing_mm).mean_mm()
        });
        // One voxel is never too far, however thick the slices are.
        let [x_mm, y_mm, z_mm] = spacing_mm.map(|mm| mm.min(RIM_MM));
        let squared_mm = squared_distance(&solid, [z_mm, y_mm, x_mm], cancel)?;
        let limit = (RIM_MM + ROUNDING_MM).powi(2) as f32;
        let is_glass = |(index, squared): &([usize; 3], &f32)| maps.labels[*index] == id && **squared > limit;
        Ok(Solid {
            part: largest.map_or(0, |part| part.voxels),
            mean_diameter_mm,
            glass: voi.indices().zip(&squared_mm).filter(is_glass).count(),
        })
    }
}
