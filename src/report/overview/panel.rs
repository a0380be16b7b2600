//! A square view of an axial slice around a nodule: CT with outlines, or uncertainty as a heat map over the CT.
//!
//! The view follows the radiological convention: the patient's right is on the left, the front on top. Canonical
//! volumes are in that order already.

use ndarray::Array3;

use super::canvas::{Align, Canvas};
use crate::{
    findings::{canonical::Canonical, nodule::Nodule},
    report::{
        colour::{FAINT, OTHER_OUTLINE, OUTLINE, TEXT, heat, heat_share, lung_window},
        views::{shown_slice, side_mm},
    },
    steps::resample::Tap,
};

/// A view: which slice, around which place, how much of it.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub maps: Canonical<'a>,
    pub slice: usize,
    /// Column and row at the centre.
    pub centre: [f64; 2],
    pub side_mm: f64,
    /// Side of the panel in pixels.
    pub pixels: usize,
}

/// How uncertainty is shown.
#[derive(Debug, Clone, Copy)]
pub struct Heat<'a> {
    /// The hottest.
    pub maximum: f32,
    /// Where it is shown.
    pub near: &'a Array3<bool>,
}

impl<'a> View<'a> {
    /// The slice that shows most of the nodule, with lung around it.
    pub fn of(maps: Canonical<'a>, nodule: &Nodule, pixels: usize) -> Self {
        let slice = shown_slice(&maps, nodule);
        let centre = [nodule.centroid_ijk[0], nodule.centroid_ijk[1]];
        View { maps, slice, centre, side_mm: side_mm(nodule), pixels }
    }

    /// Column and row under a pixel of the panel.
    fn place(&self, x: usize, y: usize) -> [f64; 2] {
        let spacing = self.maps.ct.grid.spacing_mm;
        let mm = |pixel: usize| ((pixel as f64 + 0.5) / self.pixels as f64 - 0.5) * self.side_mm;
        [self.centre[0] + mm(x) / spacing[0], self.centre[1] + mm(y) / spacing[1]]
    }

    /// The voxel (row, column) under a pixel; `None` beside the volume.
    fn voxel(&self, x: usize, y: usize) -> Option<[usize; 2]> {
        let [column, row] = self.place(x, y).map(f64::round);
        let dims = self.maps.ct.grid.dims;
        let inside = column >= 0.0 && row >= 0.0 && column < dims[0] as f64 && row < dims[1] as f64;
        inside.then_some([row as usize, column as usize])
    }

    fn smooth(&self, image: &Array3<f32>, x: usize, y: usize) -> f32 {
        let [column, row] = self.place(x, y);
        let dims = self.maps.ct.grid.dims;
        let (column, row) = (Tap::at(column, dims[0]), Tap::at(row, dims[1]));
        let at = |row: usize, column: usize| image[[self.slice, row, column]];
        let along = |row: usize| at(row, column.low) + (at(row, column.high) - at(row, column.low)) * column.weight;
        along(row.low) + (along(row.high) - along(row.low)) * row.weight
    }

    fn label(&self, x: usize, y: usize) -> u16 {
        self.voxel(x, y).map_or(0, |[row, column]| self.maps.labels[[self.slice, row, column]])
    }

    /// The CT with the outline of nodule `id`, others fainter.
    pub fn draw_ct(&self, canvas: &mut Canvas, left: usize, top: usize, id: u16) {
        self.draw_pixels(canvas, left, top, |view, x, y| lung_window(view.smooth(&view.maps.ct.voxels, x, y)));
        for y in 1..self.pixels - 1 {
            for x in 1..self.pixels - 1 {
                let here = self.label(x, y);
                let edge = here != 0
                    && [(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)].iter().any(|(x, y)| self.label(*x, *y) != here);
                if edge {
                    let colour = if here == id { OUTLINE } else { OTHER_OUTLINE };
                    canvas.set(left + x, top + y, colour);
                    canvas.blend(left + x + 1, top + y, colour, 0.5);
                    canvas.blend(left + x, top + y + 1, colour, 0.5);
                }
            }
        }
        self.draw_marks(canvas, left, top);
    }

    /// Uncertainty as heat over a faint CT, near nodules.
    pub fn draw_uncertainty(&self, canvas: &mut Canvas, left: usize, top: usize, shown: Heat<'_>) {
        self.draw_pixels(canvas, left, top, |view, x, y| {
            let grey = lung_window(view.smooth(&view.maps.ct.voxels, x, y));
            let is_near = view.voxel(x, y).is_some_and(|[row, column]| shown.near[[view.slice, row, column]]);
            let value = if is_near { view.smooth(view.maps.uncertainty, x, y) } else { 0.0 };
            let unsure = (value / shown.maximum).clamp(0.0, 1.0);
            let (hot, share) = (heat(unsure), heat_share(unsure));
            std::array::from_fn(|c| {
                let faint = f32::from(grey[c]) * 0.6;
                (faint + (f32::from(hot[c]) - faint) * share).round() as u8
            })
        });
        self.draw_marks(canvas, left, top);
    }

    fn draw_pixels(
        &self,
        canvas: &mut Canvas,
        left: usize,
        top: usize,
        colour: impl Fn(&Self, usize, usize) -> [u8; 3],
    ) {
        for y in 0..self.pixels {
            for x in 0..self.pixels {
                let colour = self.voxel(x, y).map_or([0; 3], |_| colour(self, x, y));
                canvas.set(left + x, top + y, colour);
            }
        }
    }

    /// Patient directions and a bar of 10 mm.
    fn draw_marks(&self, canvas: &mut Canvas, left: usize, top: usize) {
        let (l, t, side) = (left as f32, top as f32, self.pixels as f32);
        canvas.text(l + 5.0, t + side / 2.0 + 5.0, 15.0, FAINT, Align::Left, "R");
        canvas.text(l + side - 5.0, t + side / 2.0 + 5.0, 15.0, FAINT, Align::Right, "L");
        canvas.text(l + side / 2.0, t + 16.0, 15.0, FAINT, Align::Centre, "A");
        let bar = (10.0 / self.side_mm * self.pixels as f64).round() as usize;
        canvas.rectangle(left + self.pixels - bar - 8, top + self.pixels - 10, bar, 2, TEXT);
        canvas.text(l + side - 8.0 - bar as f32 / 2.0, t + side - 14.0, 13.0, TEXT, Align::Centre, "10 mm");
    }
}
