//! A scan on coarse voxels, as registration sees it: signed distance to the lungs' surface, and HU.

use ndarray::Array3;

use crate::{
    error::Result,
    progress::CancelToken,
    space::{grid::Grid, volume::Volume},
    steps::distance::squared_distance,
};

/// Distances beyond this say nothing more: the surface is far away. Larger than the error that the first step starts with.
pub const REACH_MM: f32 = 30.0;
/// Thinner than air and denser than vessels says nothing of the lung.
const LUNG_HU: (f32, f32) = (-1000.0, 100.0);

/// Signed distance and HU on one grid.
#[derive(Debug, Clone)]
pub struct Field {
    /// Where the voxels lie.
    pub grid: Grid,
    /// Distance to the lungs' surface in mm, negative inside, at most [`REACH_MM`] either way; `[k, j, i]`.
    pub distance: Array3<f32>,
    /// Mean HU, cut off to what lung holds.
    pub hu: Array3<f32>,
}

/// A value and how it grows per mm in RAS.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slope {
    /// The value.
    pub value: f64,
    /// Its gradient, per mm.
    pub gradient: [f64; 3],
}

impl Field {
    /// `ct` (HU) and its `lungs` on blocks of whole voxels of about `edge_mm`; a block that isn't whole is left out.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn of(ct: &Volume<f32>, lungs: &Array3<bool>, edge_mm: f64, cancel: &CancelToken) -> Result<Self> {
        let dims = ct.grid.dims;
        let factor: [usize; 3] = std::array::from_fn(|axis| {
            let wanted = (edge_mm / ct.grid.spacing_mm[axis]).round().max(1.0) as usize;
            wanted.min(dims[axis])
        });
        let grid = Grid {
            dims: std::array::from_fn(|axis| dims[axis] / factor[axis]),
            spacing_mm: std::array::from_fn(|axis| ct.grid.spacing_mm[axis] * factor[axis] as f64),
            direction: ct.grid.direction,
            origin_ras: ct.grid.ras(factor.map(|voxels| (voxels - 1) as f64 / 2.0)),
        };
        let (mut hu, mut inside) = (Array3::<f32>::zeros(grid.shape()), Array3::<f32>::zeros(grid.shape()));
        for k in 0..grid.dims[2] * factor[2] {
            cancel.check()?;
            let whole = [grid.dims[1] * factor[1], grid.dims[0] * factor[0]];
            for j in 0..whole[0] {
                for i in 0..whole[1] {
                    let block = [k / factor[2], j / factor[1], i / factor[0]];
                    hu[block] += ct.voxels[[k, j, i]].clamp(LUNG_HU.0, LUNG_HU.1);
                    inside[block] += f32::from(u8::from(lungs[[k, j, i]]));
                }
            }
        }
        let voxels = factor.iter().product::<usize>() as f32;
        hu.mapv_inplace(|sum| sum / voxels);
        let mask = inside.mapv(|sum| 2.0 * sum >= voxels);
        let distance = signed_distance(&mask, &grid, cancel)?;
        Ok(Field { grid, distance, hu })
    }

    /// The voxel index of a point, where it lies between voxels.
    pub fn index(&self, ras: [f64; 3]) -> Option<[f64; 3]> {
        let ijk = self.grid.ijk(ras);
        (0..3).all(|axis| (0.0..=(self.grid.dims[axis] - 1) as f64).contains(&ijk[axis])).then_some(ijk)
    }

    /// Value and gradient of one of its maps at a voxel index from [`Field::index`], linear between voxels.
    pub fn slope(&self, map: &Array3<f32>, ijk: [f64; 3]) -> Slope {
        let dims = self.grid.dims;
        let low: [usize; 3] = std::array::from_fn(|axis| (ijk[axis] as usize).min(dims[axis].saturating_sub(2)));
        let part: [f64; 3] = std::array::from_fn(|axis| ijk[axis] - low[axis] as f64);
        let high: [usize; 3] = std::array::from_fn(|axis| (low[axis] + 1).min(dims[axis] - 1));
        let at = |i: usize, j: usize, k: usize| f64::from(map[[k, j, i]]);
        let along_i = |j: usize, k: usize| (at(low[0], j, k), at(high[0], j, k));
        let mix = |(a, b): (f64, f64), part: f64| a + (b - a) * part;
        // One value and one derivative a row, a plane, the whole.
        let row = |j: usize, k: usize| {
            let ends = along_i(j, k);
            (mix(ends, part[0]), ends.1 - ends.0)
        };
        let plane = |k: usize| {
            let (near, far) = (row(low[1], k), row(high[1], k));
            (mix((near.0, far.0), part[1]), [mix((near.1, far.1), part[1]), far.0 - near.0])
        };
        let (near, far) = (plane(low[2]), plane(high[2]));
        let value = mix((near.0, far.0), part[2]);
        let step = [mix((near.1[0], far.1[0]), part[2]), mix((near.1[1], far.1[1]), part[2]), far.0 - near.0];
        let (direction, spacing) = (self.grid.direction, self.grid.spacing_mm);
        let gradient =
            std::array::from_fn(|world| (0..3).map(|axis| direction[axis][world] * step[axis] / spacing[axis]).sum());
        Slope { value, gradient }
    }

    /// Centre of the lungs, in RAS mm.
    pub fn lung_centre(&self) -> [f64; 3] {
        let (mut sum, mut count) = ([0.0; 3], 0usize);
        for ((k, j, i), _) in self.distance.indexed_iter().filter(|(_, distance)| **distance < 0.0) {
            let place = self.grid.ras([i as f64, j as f64, k as f64]);
            (0..3).for_each(|axis| sum[axis] += place[axis]);
            count += 1;
        }
        sum.map(|total| total / count.max(1) as f64)
    }

    /// The highest point of the lungs towards the head, in RAS mm.
    pub fn lung_top(&self) -> f64 {
        let inside = self.distance.indexed_iter().filter(|(_, distance)| **distance < 0.0);
        let heights = inside.map(|((k, j, i), _)| self.grid.ras([i as f64, j as f64, k as f64])[2]);
        heights.fold(f64::NEG_INFINITY, f64::max)
    }
}

/// Distance of each voxel's centre to the surface of `mask` in mm, negative inside. The surface lies half a voxel before the
/// first voxel on the other side.
fn signed_distance(mask: &Array3<bool>, grid: &Grid, cancel: &CancelToken) -> Result<Array3<f32>> {
    let spacing = [grid.spacing_mm[2], grid.spacing_mm[1], grid.spacing_mm[0]];
    let half = grid.spacing_mm.into_iter().fold(f64::INFINITY, f64::min) as f32 / 2.0;
    let to_inside = squared_distance(mask, spacing, cancel)?;
    let to_outside = squared_distance(&mask.mapv(|inside| !inside), spacing, cancel)?;
    let signed = |(inside, (to_in, to_out)): (&bool, (&f32, &f32))| {
        let distance = if *inside { half - to_out.sqrt() } else { to_in.sqrt() - half };
        distance.clamp(-REACH_MM, REACH_MM)
    };
    let values = mask.iter().zip(to_inside.iter().zip(&to_outside)).map(signed).collect();
    Ok(Array3::from_shape_vec(mask.raw_dim(), values).expect("one distance a voxel"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ball of lung of `radius` mm in a block of tissue whose HU rise along i.
    fn ball(radius: f64) -> Field {
        let grid = Grid::axial([48, 48, 24], [1.0, 1.0, 2.0]);
        let middle = grid.ras([23.5, 23.5, 11.5]);
        let place = |(k, j, i): (usize, usize, usize)| grid.ras([i as f64, j as f64, k as f64]);
        let lungs = Array3::from_shape_fn(grid.shape(), |index| {
            let at = place(index);
            (0..3).map(|axis| (at[axis] - middle[axis]).powi(2)).sum::<f64>() < radius * radius
        });
        let hu = Array3::from_shape_fn(grid.shape(), |(_, _, i)| -900.0 + 4.0 * i as f32);
        Field::of(&Volume::new(grid, hu), &lungs, 2.0, &CancelToken::new()).unwrap()
    }

    #[test]
    fn field_of_a_ball_has_its_distances_and_its_centre() {
        let field = ball(14.0);
        assert_eq!((field.grid.dims, field.grid.spacing_mm), ([24, 24, 24], [2.0; 3]));
        let middle = field.lung_centre();
        let at = field.index(middle).unwrap();
        // The middle is the corner of eight blocks, 1.7 mm from their centres; the surface is known to about half a block.
        let deepest = field.slope(&field.distance, at).value;
        assert!((deepest + 14.0 - 1.7).abs() < 1.0, "{deepest}");
        let outside = field.index([middle[0] - 20.0, middle[1], middle[2]]).unwrap();
        let slope = field.slope(&field.distance, outside);
        assert!((slope.value - 6.0).abs() < 1.5, "{slope:?}");
        assert!((slope.gradient[0] + 1.0).abs() < 0.1, "towards the right the distance grows: {slope:?}");
        assert!((field.lung_top() - middle[2] - 13.0).abs() < 2.0);
    }

    #[test]
    fn slope_of_a_ramp_is_exact_and_points_along_the_patient() {
        let field = ball(14.0);
        let place = field.grid.ras([7.3, 5.5, 9.1]);
        let slope = field.slope(&field.hu, field.index(place).unwrap());
        // i runs to the left, so the value falls towards the right: 4 HU a mm.
        let expected = -900.0 + 4.0 * (7.3 * 2.0 + 0.5);
        assert!((slope.value - expected).abs() < 1e-3 && (slope.gradient[0] + 4.0).abs() < 1e-4, "{slope:?}");
        assert!(slope.gradient[1].abs() < 1e-4 && slope.gradient[2].abs() < 1e-4);
        assert!(field.index([1000.0, 0.0, 0.0]).is_none());
    }
}
