//! Brings a volume into the orientation the networks were trained in, and results back.
//!
//! Canonical: i runs to the patient's left, j to the back, k to the head, each as nearly as the volume's axes
//! allow. Only whole axes are exchanged and reversed, no voxel is interpolated, so the way back is exact and the
//! same CT gives the same result however its file orders the axes.

use ndarray::{Array3, ArrayBase, ArrayView3, Axis, Ix3, RawData};

use crate::{
    error::Result,
    memory,
    progress::CancelToken,
    space::{
        grid::Grid,
        volume::{Volume, VolumeView},
    },
};

/// RAS directions of the canonical axes i, j, k.
const CANONICAL: [[f64; 3]; 3] = [[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]];

/// How the axes of a native grid map to canonical ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Orientation {
    native: Grid,
    /// `source[c]`: the native axis that becomes canonical axis `c`.
    source: [usize; 3],
    /// `reversed[c]`: canonical axis `c` runs against its native axis.
    reversed: [bool; 3],
}

impl Orientation {
    /// The orientation of `native`.
    pub fn of(native: &Grid) -> Self {
        let along = |axis: usize, c: usize| crate::space::grid::dot(native.direction[axis], CANONICAL[c]);
        let permutations = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let score = |p: &[usize; 3]| (0..3).map(|c| along(p[c], c).abs()).sum::<f64>();
        // The first of equally good permutations wins: plain axial order comes first.
        let source =
            permutations.into_iter().fold([0, 1, 2], |best, p| if score(&p) > score(&best) + 1e-9 { p } else { best });
        Orientation { native: native.clone(), source, reversed: std::array::from_fn(|c| along(source[c], c) < 0.0) }
    }

    /// The canonical grid.
    pub fn grid(&self) -> Grid {
        let native = &self.native;
        let corner = self.native_ijk([0.0; 3]);
        Grid {
            dims: self.source.map(|axis| native.dims[axis]),
            spacing_mm: self.source.map(|axis| native.spacing_mm[axis]),
            direction: std::array::from_fn(|c| {
                let sign = if self.reversed[c] { -1.0 } else { 1.0 };
                native.direction[self.source[c]].map(|v| sign * v)
            }),
            origin_ras: native.ras(corner),
        }
    }

    /// The native grid.
    pub fn native_grid(&self) -> &Grid {
        &self.native
    }

    /// A native volume in canonical orientation; copied only where its axes are in another order.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
    pub fn to_canonical<T: Copy>(&self, volume: Volume<T>, cancel: &CancelToken) -> Result<Volume<T>> {
        Ok(Volume::new(self.grid(), self.array_to_canonical(volume.voxels, cancel)?))
    }

    /// A native array in canonical orientation.
    ///
    /// # Errors
    /// As [`Orientation::to_canonical`].
    pub fn array_to_canonical<T: Copy>(&self, voxels: Array3<T>, cancel: &CancelToken) -> Result<Array3<T>> {
        // Array axes run k, j, i: array axis `a` is grid axis `2 - a`.
        let order: [usize; 3] = std::array::from_fn(|a| 2 - self.source[2 - a]);
        let mut view = voxels.permuted_axes(order);
        for a in (0..3).filter(|a| self.reversed[2 - a]) {
            view.invert_axis(Axis(a));
        }
        packed(view, cancel)
    }

    /// A canonical array back on the native grid: the same memory in another order, since maps of a whole CT are large.
    pub fn to_native<'a, T>(&'a self, voxels: ArrayView3<'a, T>) -> VolumeView<'a, T> {
        VolumeView { grid: &self.native, voxels: self.reordered(voxels) }
    }

    /// A canonical array on the native grid, packed; copied only where its axes are in another order.
    ///
    /// # Errors
    /// As [`Orientation::to_canonical`].
    pub fn array_to_native<T: Copy>(&self, voxels: Array3<T>, cancel: &CancelToken) -> Result<Array3<T>> {
        packed(self.reordered(voxels), cancel)
    }

    fn reordered<S: RawData>(&self, mut voxels: ArrayBase<S, Ix3>) -> ArrayBase<S, Ix3> {
        for a in (0..3).filter(|a| self.reversed[2 - a]) {
            voxels.invert_axis(Axis(a));
        }
        let mut order = [0; 3];
        for a in 0..3 {
            order[2 - self.source[2 - a]] = a;
        }
        voxels.permuted_axes(order)
    }

    /// The native index of a canonical one.
    pub fn native_ijk(&self, canonical: [f64; 3]) -> [f64; 3] {
        let mut native = [0.0; 3];
        for (c, index) in canonical.into_iter().enumerate() {
            let axis = self.source[c];
            let last = self.native.dims[axis].saturating_sub(1) as f64;
            native[axis] = if self.reversed[c] { last - index } else { index };
        }
        native
    }

    /// The native slice (k) that a canonical one is; `None` where native slices aren't axial.
    pub fn native_slice(&self, canonical_k: f64) -> Option<f64> {
        (self.source[2] == 2).then(|| self.native_ijk([0.0, 0.0, canonical_k])[2])
    }

    /// The canonical slice of a native one, where [`Orientation::native_slice`] has one.
    pub fn canonical_slice(&self, native_k: f64) -> f64 {
        self.canonical_ijk([0.0, 0.0, native_k])[2]
    }

    /// The canonical index of a native one.
    pub fn canonical_ijk(&self, native: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|c| {
            let axis = self.source[c];
            let last = self.native.dims[axis].saturating_sub(1) as f64;
            if self.reversed[c] { last - native[axis] } else { native[axis] }
        })
    }
}

/// The array in standard layout, copied only where it isn't.
fn packed<T: Copy>(array: Array3<T>, cancel: &CancelToken) -> Result<Array3<T>> {
    if array.is_standard_layout() {
        return Ok(array);
    }
    let mut copy = memory::vec(array.len(), "a volume with its axes in another order")?;
    for slice in array.outer_iter() {
        cancel.check()?;
        copy.extend(slice.iter().copied());
    }
    Ok(Array3::from_shape_vec(array.raw_dim(), copy).expect("every voxel was copied"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::grid::norm;

    /// Every way in which a file may order and reverse the axes.
    fn orders() -> impl Iterator<Item = ([usize; 3], [f64; 3])> {
        let permutations = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        permutations.into_iter().flat_map(|p| {
            (0..8).map(move |bits: usize| (p, [0, 1, 2].map(|axis| if bits >> axis & 1 == 1 { -1.0 } else { 1.0 })))
        })
    }

    #[test]
    fn orientation_of_any_axis_order_is_canonical_and_comes_back_exactly() {
        for (order, signs) in orders() {
            let spacing = [0.7, 0.8, 2.5];
            let (c, s) = (10f64.to_radians().cos(), 10f64.to_radians().sin());
            let axes = [[-c, s, 0.0], [-s, -c, 0.0], [0.0, 0.0, 1.0]];
            let columns = [0, 1, 2].map(|axis| axes[order[axis]].map(|v| v * signs[axis] * spacing[axis]));
            let grid = Grid::from_columns([3, 4, 5], columns, [10.0, -20.0, 30.0]).unwrap();
            let index = |k: usize, j: usize, i: usize| (i + 10 * j + 100 * k) as u16;
            let native = Volume::new(grid.clone(), Array3::from_shape_fn(grid.shape(), |(k, j, i)| index(k, j, i)));
            let orientation = Orientation::of(&grid);
            let canonical = orientation.to_canonical(native.clone(), &CancelToken::new()).unwrap();
            for (axis, expected) in axes.iter().enumerate() {
                let off = norm([0, 1, 2].map(|r: usize| canonical.grid.direction[axis][r] - expected[r]));
                assert!(off < 1e-9, "{order:?} {signs:?}");
            }
            for ((k, j, i), value) in canonical.voxels.indexed_iter() {
                let ijk = [i, j, k].map(|v| v as f64);
                let back = orientation.native_ijk(ijk);
                assert_eq!(*value, index(back[2] as usize, back[1] as usize, back[0] as usize));
                assert_eq!(orientation.canonical_ijk(back), ijk);
                let is_axial = order[2] == 2;
                assert_eq!(orientation.native_slice(k as f64), is_axial.then_some(back[2]));
                let (a, b) = (canonical.grid.ras(ijk), grid.ras(back));
                assert!(norm([0, 1, 2].map(|r: usize| a[r] - b[r])) < 1e-9);
            }
            assert_eq!(orientation.to_native(canonical.voxels.view()), native.view());
            let back = orientation.array_to_native(canonical.voxels, &CancelToken::new()).unwrap();
            assert!(back.is_standard_layout());
            assert_eq!(back, native.voxels);
        }
    }
}
