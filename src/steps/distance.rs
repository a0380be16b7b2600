//! Exact Euclidean distances on an anisotropic grid, and the dilations and erosions that follow from them.
//!
//! Squared distances by lower envelopes of parabolas, one axis after the other (Felzenszwalb, Huttenlocher: "Distance
//! Transforms of Sampled Functions", Theory of Computing 8, 2012). Nothing is assumed outside the array: a mask that
//! reaches its border neither grows from there nor is eaten from there.

use ndarray::{Array3, ArrayViewMut1, Axis};

use crate::{
    error::{Error, Result},
    progress::CancelToken,
    threads::{SLAB, share},
};

/// So many lines of voxels are transformed before anyone asks whether to go on: a few milliseconds.
const LANES_PER_CHECK: usize = 1024;

/// Squared distance in mm² of each voxel to the nearest true voxel of `mask`; infinite when there is none.
/// `spacing_mm` along k, j, i.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub fn squared_distance(mask: &Array3<bool>, spacing_mm: [f64; 3], cancel: &CancelToken) -> Result<Array3<f32>> {
    let mut field = mask.map(|&inside| if inside { 0.0 } else { f32::INFINITY });
    for axis in [2, 1, 0] {
        // Lines of voxels know nothing of each other: slabs across another axis.
        let across = Axis(usize::from(axis == 0));
        share(field.axis_chunks_iter_mut(across, SLAB), |mut slab| {
            let mut line = Line::new(mask.shape()[axis], spacing_mm[axis] as f32);
            for (n, lane) in slab.lanes_mut(Axis(axis)).into_iter().enumerate() {
                if n % LANES_PER_CHECK == 0 {
                    cancel.check()?;
                }
                line.transform(lane);
            }
            Ok::<_, Error>(())
        })?;
    }
    Ok(field)
}

/// The voxels within `radius_mm` of `mask`.
pub fn dilate(mask: &Array3<bool>, radius_mm: f64, spacing_mm: [f64; 3], cancel: &CancelToken) -> Result<Array3<bool>> {
    let limit = (radius_mm * radius_mm) as f32;
    Ok(squared_distance(mask, spacing_mm, cancel)?.map(|&d2| d2 <= limit))
}

/// The voxels of `mask` farther than `radius_mm` from every voxel outside it.
pub fn erode(mask: &Array3<bool>, radius_mm: f64, spacing_mm: [f64; 3], cancel: &CancelToken) -> Result<Array3<bool>> {
    let limit = (radius_mm * radius_mm) as f32;
    Ok(squared_distance(&mask.map(|&inside| !inside), spacing_mm, cancel)?.map(|&d2| d2 > limit))
}

/// Working space for one line of voxels.
struct Line {
    step_mm: f32,
    input: Vec<f32>,
    /// Positions (in voxels) of the parabolas of the lower envelope, and from where on each is lowest.
    vertex: Vec<usize>,
    from: Vec<f32>,
}

impl Line {
    fn new(len: usize, step_mm: f32) -> Self {
        Line { step_mm, input: vec![0.0; len], vertex: vec![0; len], from: vec![0.0; len] }
    }

    fn transform(&mut self, mut lane: ArrayViewMut1<'_, f32>) {
        self.input.iter_mut().zip(lane.iter()).for_each(|(to, from)| *to = *from);
        let Some(parabolas) = self.envelope() else { return };
        let square = self.step_mm * self.step_mm;
        let mut current = 0;
        for (index, value) in lane.iter_mut().enumerate() {
            while current + 1 < parabolas && self.from[current + 1] < index as f32 {
                current += 1;
            }
            let vertex = self.vertex[current];
            let steps = index as f32 - vertex as f32;
            *value = square * steps * steps + self.input[vertex];
        }
    }

    /// Builds the lower envelope of the finite parabolas; `None` when there is none.
    fn envelope(&mut self) -> Option<usize> {
        let square = self.step_mm * self.step_mm;
        let mut count = 0;
        for (index, &height) in self.input.iter().enumerate().filter(|(_, height)| height.is_finite()) {
            let mut from = f32::NEG_INFINITY;
            while count > 0 {
                let vertex = self.vertex[count - 1];
                let (p, q) = (index as f32, vertex as f32);
                from = (p + q + (height - self.input[vertex]) / (square * (p - q))) / 2.0;
                if from > self.from[count - 1] {
                    break;
                }
                count -= 1;
                from = f32::NEG_INFINITY;
            }
            self.vertex[count] = index;
            self.from[count] = from;
            count += 1;
        }
        (count > 0).then_some(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scattered(dim: (usize, usize, usize), every: u64) -> Array3<bool> {
        let mut state = 5u64;
        Array3::from_shape_simple_fn(dim, || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33).is_multiple_of(every)
        })
    }

    #[test]
    fn distance_anisotropic_grid_equals_search_over_all_voxels() {
        let spacing = [2.5, 0.7, 1.1];
        let mask = scattered((6, 9, 13), 40);
        let fast = squared_distance(&mask, spacing, &CancelToken::new()).unwrap();
        for ((k, j, i), value) in fast.indexed_iter() {
            let to = |(c, b, a): (usize, usize, usize)| {
                let step = |x: usize, y: usize, mm: f64| ((x as f64 - y as f64) * mm).powi(2);
                step(k, c, spacing[0]) + step(j, b, spacing[1]) + step(i, a, spacing[2])
            };
            let true_voxels = mask.indexed_iter().filter(|(_, inside)| **inside);
            let slow = true_voxels.map(|(index, _)| to(index)).fold(f64::INFINITY, f64::min);
            assert!((f64::from(*value) - slow).abs() < 1e-4, "{value} {slow}");
        }
    }

    #[test]
    fn distance_empty_mask_is_infinite() {
        let field = squared_distance(&Array3::from_elem((2, 3, 4), false), [1.0; 3], &CancelToken::new()).unwrap();
        assert!(field.iter().all(|d2| d2.is_infinite()));
    }
}
