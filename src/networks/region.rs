//! The part of a slice that a network works on, in the network's own pixels.

use crate::networks::windows::Rect;
use crate::{
    contract::model::Model,
    networks::{clicks::Pixels, network::Window},
    space::{grid::Grid, volume::Voi},
    steps::resample::PixelAxis,
};

/// What is encoded and what is answered of a slice, and how it lies over the voxels.
#[derive(Debug, Clone, Copy)]
pub struct Region {
    /// Network rows over voxel rows.
    pub rows: PixelAxis,
    /// Network columns over voxel columns.
    pub columns: PixelAxis,
    /// What is answered, in network pixels of the whole slice, aligned to the bundle's multiple.
    pub rect: Rect,
    /// What is encoded, in the same pixels: the whole slice where the bundle wants it, else `rect`.
    pub encoded: Rect,
}

impl Region {
    /// The region for the voxels of `voi`.
    pub fn around(voi: &Voi, grid: &Grid, spec: &Model) -> Self {
        let axis = |a: usize| PixelAxis::new(grid.dims[a], grid.spacing_mm[a], spec.segment.grid.spacing_mm[1]);
        let span = |a: usize| {
            let low = axis(a).to_pixel(voi.start[a] as f64).floor() as usize;
            low..axis(a).to_pixel((voi.end[a] - 1) as f64).ceil() as usize + 1
        };
        let (rows, columns) = (span(1), span(0));
        let (height, width) = (axis(1).pixels(), axis(0).pixels());
        let halo = spec.segment.halo_px;
        let rect = Rect { top: rows.start, bottom: rows.end, left: columns.start, right: columns.end }
            .grown(halo, halo, height, width)
            .aligned(spec.segment.grid.multiple);
        let slice = Rect { top: 0, bottom: height, left: 0, right: width }.aligned(spec.segment.grid.multiple);
        let encoded = if spec.segment.whole_slice { slice } else { rect };
        Region { rows: axis(1), columns: axis(0), rect, encoded }
    }

    /// All that is answered, in its own pixels.
    pub fn whole(&self) -> Rect {
        let Rect { top, bottom, left, right } = self.rect;
        Rect { top: 0, bottom: bottom - top, left: 0, right: right - left }
    }

    /// A rectangle of [`Region::whole`] as a window of what is encoded.
    pub fn window(&self, rect: Rect) -> Window {
        let (down, across) = (self.rect.top - self.encoded.top, self.rect.left - self.encoded.left);
        Window {
            row: down + rect.top,
            column: across + rect.left,
            height: rect.bottom - rect.top,
            width: rect.right - rect.left,
        }
    }

    /// Where the encoded pixels of slice `k` lie.
    pub fn pixels(&self, grid: &Grid, k: usize) -> Pixels {
        let Rect { top, bottom, left, right } = self.encoded;
        let along = |axis: PixelAxis, mm: f64| move |pixel| axis.to_native(pixel) * mm;
        Pixels {
            slice_mm: k as f64 * grid.spacing_mm[2],
            rows_mm: (top..bottom).map(along(self.rows, grid.spacing_mm[1])).collect(),
            columns_mm: (left..right).map(along(self.columns, grid.spacing_mm[0])).collect(),
        }
    }
}
