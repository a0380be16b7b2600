//! A square view of an axial slice of the current CT, and of the prior CT laid over it.

use crate::{
    compare::{Row, scan::Scan, transform::Transform},
    report::{
        colour::{BACKGROUND, Colour, FAINT, OUTLINE, TEXT, lung_window},
        overview::canvas::{Align, Canvas},
    },
    space::volume::Volume,
    steps::resample::Tap,
};

/// A place of the current CT, and how much around it is shown.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The current scan, whose axial slice it is.
    pub current: &'a Scan,
    /// Voxel (i, j, k) of the current CT, canonical, in the middle.
    pub middle: [f64; 3],
    pub side_mm: f64,
    /// Side of the panel in pixels.
    pub pixels: usize,
}

impl View<'_> {
    /// RAS of a pixel of the panel. Canonical slices have the patient's right on the left and the front on top.
    fn ras(&self, x: usize, y: usize) -> [f64; 3] {
        let grid = &self.current.ct.grid;
        let mm = |pixel: usize| ((pixel as f64 + 0.5) / self.pixels as f64 - 0.5) * self.side_mm;
        let [i, j, k] = self.middle;
        grid.ras([i + mm(x) / grid.spacing_mm[0], j + mm(y) / grid.spacing_mm[1], k])
    }

    /// Draws `scan` at the places of this view, each taken there by `to_scan` (`None`: as it is), with the outline of nodule
    /// `id`.
    pub fn draw(
        &self,
        canvas: &mut Canvas,
        [left, top]: [usize; 2],
        scan: &Scan,
        to_scan: Option<&Transform>,
        id: Option<u16>,
    ) {
        let voxel = |x: usize, y: usize| {
            let ras = self.ras(x, y);
            scan.ct.grid.ijk(to_scan.map_or(ras, |transform| transform.apply(ras)))
        };
        let own = |x: usize, y: usize| id.is_some_and(|id| label(scan, voxel(x, y)) == Some(id));
        for y in 0..self.pixels {
            for x in 0..self.pixels {
                let edge = own(x, y)
                    && [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)]
                        .iter()
                        .any(|(x, y)| *x >= self.pixels || *y >= self.pixels || !own(*x, *y));
                let colour: Colour =
                    if edge { OUTLINE } else { value(&scan.ct, voxel(x, y)).map_or([0; 3], lung_window) };
                canvas.set(left + x, top + y, colour);
            }
        }
        self.draw_marks(canvas, left, top);
    }

    /// Patient directions and a bar of 10 mm.
    fn draw_marks(&self, canvas: &mut Canvas, left: usize, top: usize) {
        let (l, t, side) = (left as f32, top as f32, self.pixels as f32);
        // On a dark ground of their own, since what lies behind may be as bright as they are.
        let (middle, bottom) = (top + self.pixels / 2, top + self.pixels);
        canvas.rectangle(left + 2, middle - 9, 16, 18, BACKGROUND);
        canvas.rectangle(left + self.pixels - 18, middle - 9, 16, 18, BACKGROUND);
        canvas.text(l + 5.0, t + side / 2.0 + 5.0, 15.0, FAINT, Align::Left, "R");
        canvas.text(l + side - 5.0, t + side / 2.0 + 5.0, 15.0, FAINT, Align::Right, "L");
        let bar = (10.0 / self.side_mm * self.pixels as f64).round() as usize;
        // The words are wider than a short bar.
        let wide = bar.max(44);
        canvas.rectangle(left + self.pixels - wide - 12, bottom - 28, wide + 8, 24, BACKGROUND);
        canvas.rectangle(left + self.pixels - bar - 8, bottom - 10, bar, 2, TEXT);
        canvas.text(l + side - 8.0 - wide as f32 / 2.0, t + side - 14.0, 13.0, TEXT, Align::Centre, "10 mm");
    }
}

/// Side of a square picture around a nodule, in mm: lung around a small one, no whole chest around a large one.
pub fn side_mm(row: &Row) -> f64 {
    let larger = [&row.prior, &row.current].into_iter().flatten().map(|finding| finding.equivalent_diameter_mm);
    (larger.fold(0.0, f64::max) * 4.0).clamp(50.0, 140.0)
}

/// Number of the nodule at a voxel index, the nearest voxel's; `None` beside the volume.
pub fn label(scan: &Scan, ijk: [f64; 3]) -> Option<u16> {
    let dims = scan.ct.grid.dims;
    let near = ijk.map(f64::round);
    let inside = (0..3).all(|axis| near[axis] >= 0.0 && near[axis] < dims[axis] as f64);
    inside.then(|| scan.labels[[near[2] as usize, near[1] as usize, near[0] as usize]])
}

/// HU at a voxel index, linear between voxels; `None` beside the volume.
pub fn value(ct: &Volume<f32>, ijk: [f64; 3]) -> Option<f32> {
    let dims = ct.grid.dims;
    if (0..3).any(|axis| ijk[axis] < -0.5 || ijk[axis] > dims[axis] as f64 - 0.5) {
        return None;
    }
    let [i, j, k] = std::array::from_fn(|axis| Tap::at(ijk[axis], dims[axis]));
    let mix = |tap: Tap, of: &dyn Fn(usize) -> f32| {
        let low = of(tap.low);
        low + (of(tap.high) - low) * tap.weight
    };
    Some(mix(k, &|k| mix(j, &|j| mix(i, &|i| ct.voxels[[k, j, i]]))))
}
