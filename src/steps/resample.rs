//! Between the volume's pixels and the network's, in the plane of a slice, and patches around a point.
//!
//! Network pixel `u` of an axis sits at native index `u · pixel_mm / spacing`, anchored at voxel 0 whatever part of
//! the slice is looked at; the way back reads network coordinate `x · spacing / pixel_mm`. Both ways are linear
//! interpolation with the edge repeated. With `pixel_mm` equal to the spacing both are the identity.

use ndarray::{Array2, Array3, ArrayView2, ArrayView3, Axis, Zip};

/// A linear tap: two neighbouring indices and the weight of the second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tap {
    /// Index on the lower side.
    pub low: usize,
    /// Index on the upper side; equal to `low` at an edge or when the position is an index.
    pub high: usize,
    /// Weight of `high`, 0 to 1.
    pub weight: f32,
}

impl Tap {
    /// The tap at `position` in an axis of `len` elements; positions outside repeat the edge.
    pub fn at(position: f64, len: usize) -> Self {
        let last = len.saturating_sub(1);
        let position = position.clamp(0.0, last as f64);
        let low = position.floor() as usize;
        Tap { low, high: (low + 1).min(last), weight: (position - low as f64) as f32 }
    }

    fn mix(self, low: f32, high: f32) -> f32 {
        if self.weight == 0.0 { low } else { low + (high - low) * self.weight }
    }
}

/// Samples `image` at the crossings of `rows` and `columns`.
pub fn bilinear(image: ArrayView2<'_, f32>, rows: &[Tap], columns: &[Tap]) -> Array2<f32> {
    let line = |n: usize| -> Vec<f32> {
        let line = image.row(n);
        columns.iter().map(|tap| tap.mix(line[tap.low], line[tap.high])).collect()
    };
    let mut lines = Recent::new(line);
    let mut sampled = Array2::zeros((rows.len(), columns.len()));
    for (mut to, row) in sampled.outer_iter_mut().zip(rows) {
        let [low, high] = lines.both(*row);
        to.iter_mut().zip(low.iter().zip(high)).for_each(|(to, (low, high))| *to = row.mix(*low, *high));
    }
    sampled
}

/// Samples `volume` at the crossings of `slices`, `rows` and `columns`.
pub fn trilinear(volume: ArrayView3<'_, f32>, slices: &[Tap], rows: &[Tap], columns: &[Tap]) -> Array3<f32> {
    let mut planes = Recent::new(|k: usize| bilinear(volume.index_axis(Axis(0), k), rows, columns));
    let mut sampled = Array3::zeros((slices.len(), rows.len(), columns.len()));
    for (mut to, slice) in sampled.outer_iter_mut().zip(slices) {
        let [low, high] = planes.both(*slice);
        Zip::from(&mut to).and(low).and(high).for_each(|to, low, high| *to = slice.mix(*low, *high));
    }
    sampled
}

/// The last two things that were made by their numbers: taps that follow each other share them.
struct Recent<T, F> {
    make: F,
    held: [Option<(usize, T)>; 2],
}

impl<T, F: Fn(usize) -> T> Recent<T, F> {
    fn new(make: F) -> Self {
        Recent { make, held: [None, None] }
    }

    /// What a tap mixes: of its lower and of its upper index. Where the upper counts nothing, the lower stands for it.
    fn both(&mut self, tap: Tap) -> [&T; 2] {
        let high = if tap.weight == 0.0 { tap.low } else { tap.high };
        let is = |slot: &Option<(usize, T)>, n: usize| slot.as_ref().is_some_and(|(own, _)| *own == n);
        if !is(&self.held[0], tap.low) && (is(&self.held[1], tap.low) || is(&self.held[0], high)) {
            self.held.swap(0, 1);
        }
        for (slot, n) in [tap.low, high].into_iter().enumerate().take(if high == tap.low { 1 } else { 2 }) {
            if !is(&self.held[slot], n) {
                self.held[slot] = Some((n, (self.make)(n)));
            }
        }
        let slot = |slot: usize| &self.held[slot].as_ref().expect("just made").1;
        [slot(0), slot(usize::from(high != tap.low))]
    }
}

/// One in-plane axis of the network's grid over a native axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PixelAxis {
    /// Native elements.
    len: usize,
    /// Native steps a network step.
    ratio: f64,
}

impl PixelAxis {
    /// The axis for `len` voxels at `spacing_mm`, seen at `pixel_mm` (`None`: at the voxels themselves).
    pub fn new(len: usize, spacing_mm: f64, pixel_mm: Option<f64>) -> Self {
        PixelAxis { len, ratio: pixel_mm.map_or(1.0, |pixel| pixel / spacing_mm) }
    }

    /// Number of voxels of the axis.
    pub fn voxels(&self) -> usize {
        self.len
    }

    /// Number of network pixels that cover the axis.
    pub fn pixels(&self) -> usize {
        ((self.len - 1) as f64 / self.ratio - 1e-9).ceil().max(0.0) as usize + 1
    }

    /// The network coordinate of a native index.
    pub fn to_pixel(&self, native: f64) -> f64 {
        native / self.ratio
    }

    /// The native index, with its fraction, of a network coordinate.
    pub fn to_native(&self, pixel: f64) -> f64 {
        pixel * self.ratio
    }

    /// The same axis with pixels `factor` times as large.
    pub fn coarser(&self, factor: f64) -> Self {
        PixelAxis { ratio: self.ratio * factor, ..*self }
    }

    /// Taps into the native axis for network pixels `pixels`.
    pub fn native_taps(&self, pixels: std::ops::Range<usize>) -> Vec<Tap> {
        self.native_taps_from(pixels.start as f64, pixels.len())
    }

    /// The same for `count` pixels from the network coordinate `first` on, which may lie beyond the volume.
    pub fn native_taps_from(&self, first: f64, count: usize) -> Vec<Tap> {
        (0..count).map(|n| Tap::at(self.to_native(first + n as f64), self.len)).collect()
    }

    /// The native indices whose nearest network pixel lies in `pixels`: disjoint ranges of pixels give disjoint
    /// ranges of voxels.
    pub fn natives(&self, pixels: std::ops::Range<f64>) -> std::ops::Range<usize> {
        let first = |u: f64| ((u - 0.5) * self.ratio).ceil().clamp(0.0, self.len as f64) as usize;
        first(pixels.start)..first(pixels.end)
    }

    /// Taps into a run of network pixels that starts at `first` and has `len` of them, for native indices `natives`.
    pub fn pixel_taps(&self, natives: std::ops::Range<usize>, first: f64, len: usize) -> Vec<Tap> {
        natives.map(|x| Tap::at(self.to_pixel(x as f64) - first, len)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn pixel_axis_same_size_is_the_identity() {
        let axis = PixelAxis::new(7, 0.7, Some(0.7));
        assert_eq!(axis.pixels(), 7);
        assert!(axis.native_taps(0..7).iter().enumerate().all(|(u, t)| t.low == u && t.weight == 0.0));
        assert_eq!(axis.natives(2.0..5.0), 2..5);
    }

    #[test]
    fn bilinear_there_and_back_keeps_a_ramp() {
        let (x, y) = (PixelAxis::new(50, 0.53, Some(0.7)), PixelAxis::new(40, 0.91, Some(0.7)));
        let ramp = Array2::from_shape_fn((40, 50), |(j, i)| 3.0 * i as f32 - 2.0 * j as f32);
        let there = bilinear(ramp.view(), &y.native_taps(0..y.pixels()), &x.native_taps(0..x.pixels()));
        let back = bilinear(there.view(), &y.pixel_taps(0..40, 0.0, y.pixels()), &x.pixel_taps(0..50, 0.0, x.pixels()));
        // A ramp is linear: only the repeated edge, less than one pixel wide, may differ.
        for ((j, i), value) in back.indexed_iter().filter(|((j, i), _)| *j < 38 && *i < 48) {
            assert!((value - ramp[[j, i]]).abs() < 1e-3, "{j} {i}: {value} {}", ramp[[j, i]]);
        }
    }

    #[test]
    fn bilinear_and_trilinear_in_any_order_of_taps_say_what_each_voxel_says_by_itself() {
        let field = Array3::from_shape_fn((5, 6, 7), |(k, j, i)| ((7 * k + 5 * j + 3 * i) % 11) as f32);
        let taps = |places: &[f64], len: usize| places.iter().map(|p| Tap::at(*p, len)).collect::<Vec<_>>();
        let (slices, rows, columns) = (
            taps(&[3.5, 0.25, 1.0, 1.75, 4.0, 0.5], 5),
            taps(&[2.0, 2.5, 1.5, 5.0, -1.0, 4.75], 6),
            taps(&[0.0, 6.5, 2.25], 7),
        );
        let line = |k: usize, j: usize, c: Tap| c.mix(field[[k, j, c.low]], field[[k, j, c.high]]);
        let plane = |k: usize, r: Tap, c: Tap| r.mix(line(k, r.low, c), line(k, r.high, c));
        for ((s, r, c), value) in trilinear(field.view(), &slices, &rows, &columns).indexed_iter() {
            let (s, r, c) = (slices[s], rows[r], columns[c]);
            assert_eq!(*value, s.mix(plane(s.low, r, c), plane(s.high, r, c)));
        }
        for ((r, c), value) in bilinear(field.index_axis(Axis(0), 2), &rows, &columns).indexed_iter() {
            assert_eq!(*value, plane(2, rows[r], columns[c]));
        }
    }

    #[test]
    fn natives_neighbouring_pixel_ranges_share_no_voxel_and_leave_none_out() {
        for (len, spacing) in [(512, 0.68), (333, 0.977), (128, 0.49), (5, 2.0)] {
            let axis = PixelAxis::new(len, spacing, Some(0.7));
            let cuts = [0, axis.pixels() / 3, axis.pixels() / 2, axis.pixels()];
            let ranges: Vec<_> = cuts.windows(2).map(|w| axis.natives(w[0] as f64..w[1] as f64)).collect();
            assert_eq!(ranges[0].start, 0);
            assert!(ranges.windows(2).all(|w| w[0].end == w[1].start));
            assert_eq!(ranges[2].end, len);
        }
    }

    #[test]
    fn trilinear_reads_a_linear_field_exactly() {
        let field = Array3::from_shape_fn((4, 5, 6), |(k, j, i)| (100 * k + 10 * j + i) as f32);
        let tap = |p: f64, n: usize| vec![Tap::at(p, n)];
        let value = trilinear(field.view(), &tap(1.25, 4), &tap(2.5, 5), &tap(3.75, 6));
        assert!((value[[0, 0, 0]] - 153.75).abs() < 1e-4);
        let outside = trilinear(field.view(), &tap(-3.0, 4), &tap(9.0, 5), &tap(0.0, 6));
        assert_eq!(outside[[0, 0, 0]], 40.0);
    }
}
