//! A person's clicks as a decoder sees them.
//!
//! Enters: voxels that were clicked on, inside the nodule or outside it. Leaves: for a slice two maps, exp(-d / decay) of
//! the distance d in space to the nearest click of that kind, 0 without one. Every slice sees every click, the
//! fainter the farther.

use ndarray::Array3;
use serde::Serialize;

/// Kinds of clicks: inside the nodule, outside it.
pub const KINDS: usize = 2;

/// Voxels (i, j, k) that were clicked on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Clicks {
    /// Inside the nodule that is wanted.
    pub inside: Vec<[usize; 3]>,
    /// Outside it.
    pub outside: Vec<[usize; 3]>,
}

/// The pixels of a slice for which maps are made. Lengths are mm.
#[derive(Debug, Clone, PartialEq)]
pub struct Pixels {
    /// Distance of the slice from voxel 0 along k.
    pub slice_mm: f64,
    /// The rows' distances from voxel 0 along j.
    pub rows_mm: Vec<f64>,
    /// The columns' distances from voxel 0 along i.
    pub columns_mm: Vec<f64>,
}

impl Clicks {
    /// Maps (2, H, W) for `pixels` of a volume of voxels of `spacing_mm` (along i, j, k).
    pub fn maps(&self, pixels: &Pixels, spacing_mm: [f64; 3], decay_mm: f64) -> Array3<f32> {
        let kinds = [&self.inside, &self.outside];
        let shape = (KINDS, pixels.rows_mm.len(), pixels.columns_mm.len());
        Array3::from_shape_fn(shape, |(kind, row, column)| {
            let pixel_mm = [pixels.columns_mm[column], pixels.rows_mm[row], pixels.slice_mm];
            let squared = |click: &[usize; 3]| -> f64 {
                (0..3).map(|axis| (click[axis] as f64 * spacing_mm[axis] - pixel_mm[axis]).powi(2)).sum()
            };
            let nearest = kinds[kind].iter().map(squared).fold(f64::INFINITY, f64::min);
            (-nearest.sqrt() / decay_mm).exp() as f32
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_fall_off_in_space_from_the_nearest_click_of_their_kind() {
        let clicks = Clicks { inside: vec![[4, 0, 1], [40, 30, 1]], outside: vec![[0, 5, 3]] };
        // The slice k = 2; pixels at i = 4 (in mm 2), between voxels, and beyond the last click.
        let pixels = Pixels { slice_mm: 5.0, rows_mm: vec![0.0, 3.0], columns_mm: vec![2.0, 5.3, 20.0] };
        let maps = clicks.maps(&pixels, [0.5, 0.6, 2.5], 6.0);
        let near = |got: f32, distance_mm: f64| (f64::from(got) - (-distance_mm / 6.0).exp()).abs() < 1e-7;
        // Inside: clicks at (2, 0, 2.5) and (20, 18, 2.5) mm. Outside: at (0, 3, 7.5) mm.
        assert!(near(maps[[0, 0, 0]], 2.5), "one slice away");
        assert!(near(maps[[0, 1, 1]], (3.3f64.powi(2) + 3.0f64.powi(2) + 2.5f64.powi(2)).sqrt()));
        assert!(near(maps[[0, 1, 2]], (15.0f64.powi(2) + 2.5f64.powi(2)).sqrt()), "the second click is nearer");
        assert!(near(maps[[1, 1, 0]], (2.0f64.powi(2) + 2.5f64.powi(2)).sqrt()));
        assert_eq!(maps.dim(), (KINDS, 2, 3));
    }

    #[test]
    fn maps_without_a_click_of_a_kind_are_zero() {
        let pixels = Pixels { slice_mm: 0.0, rows_mm: vec![0.0], columns_mm: vec![0.0, 1.0] };
        assert!(Clicks::default().maps(&pixels, [1.0; 3], 6.0).iter().all(|v| v.to_bits() == 0));
        let maps = Clicks { inside: vec![[0; 3]], ..Clicks::default() }.maps(&pixels, [1.0; 3], 6.0);
        assert_eq!(maps[[0, 0, 0]], 1.0);
        assert!(maps.slice(ndarray::s![1, .., ..]).iter().all(|v| v.to_bits() == 0));
    }
}
