//! The part of a slice that a network works on, in the network's own pixels.

use std::ops::Range;

use super::windows::Rect;
use crate::{
    contract::network::Network,
    networks::{clicks::Pixels, network::Window},
    space::{grid::Grid, volume::Voi},
    steps::resample::{PixelAxis, Tap},
};

/// What is encoded and what is answered of a slice, and how it lies over the voxels.
#[derive(Debug, Clone, Copy)]
pub struct Area {
    /// Network rows over voxel rows.
    pub rows: PixelAxis,
    /// Network columns over voxel columns.
    pub columns: PixelAxis,
    /// What is answered, in network pixels of the whole slice, aligned to the network's multiple.
    pub rect: Rect,
    /// What is encoded, in the same pixels: the whole slice where the network wants it, else `rect`.
    pub encoded: Rect,
}

/// How voxels are read from a rectangle of an area.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The pixels that are decoded, in the area's own: the rectangle and what its voxels need around it.
    pub read: Rect,
    /// The voxels' rows, in the volume.
    pub rows: Range<usize>,
    /// Their columns.
    pub columns: Range<usize>,
    /// From rows to rows of `read`.
    pub row_taps: Vec<Tap>,
    /// From columns to columns of `read`.
    pub column_taps: Vec<Tap>,
}

impl Area {
    /// The area for the voxels of `voi`.
    pub fn around(voi: &Voi, grid: &Grid, spec: &Network) -> Self {
        let axis = |a: usize| PixelAxis::new(grid.dims[a], grid.spacing_mm[a], spec.grid.spacing_mm[2 - a]);
        let span = |a: usize| {
            let low = axis(a).to_pixel(voi.start[a] as f64).floor() as usize;
            low..axis(a).to_pixel((voi.end[a] - 1) as f64).ceil() as usize + 1
        };
        let (rows, columns) = (span(1), span(0));
        let (height, width) = (axis(1).pixels(), axis(0).pixels());
        let rect = Rect { top: rows.start, bottom: rows.end, left: columns.start, right: columns.end }
            .grown(spec.halo_px, spec.halo_px, height, width)
            .aligned(spec.grid.multiple);
        let slice = Rect { top: 0, bottom: height, left: 0, right: width }.aligned(spec.grid.multiple);
        let encoded = if spec.whole_slice { slice } else { rect };
        Area { rows: axis(1), columns: axis(0), rect, encoded }
    }

    /// All that is answered, in its own pixels.
    pub fn whole(&self) -> Rect {
        let Rect { top, bottom, left, right } = self.rect;
        Rect { top: 0, bottom: bottom - top, left: 0, right: right - left }
    }

    /// A rectangle of [`Area::whole`] as a window of what is encoded.
    pub fn window(&self, rect: Rect) -> Window {
        let (down, across) = (self.rect.top - self.encoded.top, self.rect.left - self.encoded.left);
        Window {
            row: down + rect.top,
            column: across + rect.left,
            height: rect.bottom - rect.top,
            width: rect.right - rect.left,
        }
    }

    /// How the voxels nearest to the pixels of `rect`, a rectangle of [`Area::whole`], are read.
    pub fn reading(&self, rect: Rect, spec: &Network) -> Reading {
        let whole = self.whole();
        let halo = spec.halo_px.max(1);
        let read = rect.grown(halo, halo, whole.bottom, whole.right).aligned(spec.grid.multiple);
        let (top, left) = (self.rect.top, self.rect.left);
        let rows = self.rows.natives((top + rect.top) as f64..(top + rect.bottom) as f64);
        let columns = self.columns.natives((left + rect.left) as f64..(left + rect.right) as f64);
        let row_taps = self.rows.pixel_taps(rows.clone(), (top + read.top) as f64, read.bottom - read.top);
        let column_taps = self.columns.pixel_taps(columns.clone(), (left + read.left) as f64, read.right - read.left);
        Reading { read, rows, columns, row_taps, column_taps }
    }

    /// Taps from the voxels of `voi` to the pixels of [`Area::whole`], along j and i.
    pub fn taps(&self, voi: &Voi) -> [Vec<Tap>; 2] {
        let whole = self.whole();
        [
            self.rows.pixel_taps(voi.start[1]..voi.end[1], self.rect.top as f64, whole.bottom),
            self.columns.pixel_taps(voi.start[0]..voi.end[0], self.rect.left as f64, whole.right),
        ]
    }

    /// Where the encoded pixels of a slice lie that is `slice_mm` from voxel 0 along k.
    pub fn pixels(&self, grid: &Grid, slice_mm: f64) -> Pixels {
        let Rect { top, bottom, left, right } = self.encoded;
        let along = |axis: PixelAxis, mm: f64| move |pixel: usize| axis.to_native(pixel as f64) * mm;
        Pixels {
            slice_mm,
            rows_mm: (top..bottom).map(along(self.rows, grid.spacing_mm[1])).collect(),
            columns_mm: (left..right).map(along(self.columns, grid.spacing_mm[0])).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::made;

    /// 80 columns of 0.5 mm, 70 rows of 0.6 mm; pixels of 0.8 mm in multiples of 8, with a halo of 2.
    fn grid_and_spec() -> (Grid, Network) {
        let mut spec = made::slice();
        spec.grid.spacing_mm = [None, Some(0.8), Some(0.8)];
        (spec.grid.multiple, spec.halo_px) = (8, 2);
        (Grid::axial([80, 70, 6], [0.5, 0.6, 2.0]), spec)
    }

    fn rect(rows: Range<usize>, columns: Range<usize>) -> Rect {
        Rect { top: rows.start, bottom: rows.end, left: columns.start, right: columns.end }
    }

    #[test]
    fn around_voxels_is_their_pixels_and_the_halo_in_whole_multiples() {
        let (grid, mut spec) = grid_and_spec();
        let voi = Voi { start: [30, 40, 3], end: [40, 50, 4] };
        // Rows 40 to 49 lie at 24 to 29.4 mm, pixels 30 to 36.75; columns 30 to 39 at 15 to 19.5 mm, pixels 18.75 to 24.4.
        let area = Area::around(&voi, &grid, &spec);
        assert_eq!(area.rect, rect(24..40, 16..32));
        assert_eq!(area.encoded, area.rect);
        // 69 · 0.6 / 0.8 = 51.75 and 79 · 0.5 / 0.8 = 49.4 pixels after the first: 53 and 51, padded to 56.
        spec.whole_slice = true;
        let whole = Area::around(&voi, &grid, &spec);
        assert_eq!((whole.rect, whole.encoded), (area.rect, rect(0..56, 0..56)));
        let window = whole.window(rect(8..16, 0..8));
        assert_eq!(window, Window { row: 32, column: 16, height: 8, width: 8 });
        assert_eq!(whole.window(whole.whole()), Window { row: 24, column: 16, height: 16, width: 16 });
    }

    #[test]
    fn around_pixels_of_two_spacings_follows_each_axis() {
        let (grid, mut spec) = grid_and_spec();
        spec.grid.spacing_mm = [None, Some(1.2), None];
        (spec.grid.multiple, spec.halo_px) = (1, 0);
        let area = Area::around(&Voi { start: [30, 40, 3], end: [40, 50, 4] }, &grid, &spec);
        assert_eq!(area.rect, rect(20..26, 30..40));
    }

    #[test]
    fn reading_of_rectangles_side_by_side_shares_no_voxel_and_leaves_none_out() {
        let (grid, spec) = grid_and_spec();
        let area = Area::around(&Voi::whole(&grid), &grid, &spec);
        assert_eq!(area.whole(), rect(0..56, 0..56));
        let (one, two) = (area.reading(rect(0..56, 0..24), &spec), area.reading(rect(0..56, 24..56), &spec));
        assert_eq!((one.rows.clone(), one.columns.start), (0..70, 0));
        assert_eq!((one.columns.end, two.columns.end), (two.columns.start, 80));
        // Two pixels beyond the rectangle, in whole multiples.
        assert_eq!((one.read, two.read), (rect(0..56, 0..32), rect(0..56, 16..56)));
        // Column 60 lies at 30 mm, pixel 37.5, which is 21.5 of the pixels that are read.
        let tap = two.column_taps[60 - two.columns.start];
        assert_eq!((tap.low, tap.high, tap.weight), (21, 22, 0.5));
    }

    #[test]
    fn pixels_of_what_is_encoded_lie_where_the_grid_puts_them() {
        let (grid, spec) = grid_and_spec();
        let area = Area::around(&Voi { start: [30, 40, 3], end: [40, 50, 4] }, &grid, &spec);
        let pixels = area.pixels(&grid, 6.0);
        assert_eq!((pixels.rows_mm.len(), pixels.columns_mm.len(), pixels.slice_mm), (16, 16, 6.0));
        assert!((pixels.rows_mm[1] - 20.0).abs() < 1e-9 && (pixels.columns_mm[0] - 12.8).abs() < 1e-9);
    }
}
