//! Logits of one plane of the CT, in tiles.

use std::ops::Range;

use ndarray::{Array1, ArrayView2, Axis, s};

use crate::{error::Result, memory};

/// Side of a tile in voxels.
pub const TILE: usize = 16;
/// Voxels of a tile.
pub const TILE_VOXELS: usize = TILE * TILE;

const WHAT: &str = "the logits of all samples where boxes overlap";

/// For each voxel of its tiles a number a channel. Channels are those of the logits, sample by sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane {
    channels: usize,
    /// Tiles along i.
    across: usize,
    /// For each tile of the whole plane: its place among those that are held.
    slots: Vec<Option<u32>>,
    /// The first voxel (j, i) of each tile that is held.
    corners: Vec<[usize; 2]>,
    /// `[tile][channel][voxel]`.
    values: Vec<f32>,
    /// `[tile][voxel]`: the sum of the weights that came in.
    weights: Vec<f32>,
}

impl Plane {
    /// Zeros of `channels` channels for the tiles that hold a voxel of `wanted`.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`].
    pub fn new(wanted: ArrayView2<'_, bool>, channels: usize) -> Result<Self> {
        let across = wanted.ncols().div_ceil(TILE);
        let corners = corners(wanted);
        let mut slots = vec![None; across * wanted.nrows().div_ceil(TILE)];
        for (slot, [j, i]) in corners.iter().enumerate() {
            slots[j / TILE * across + i / TILE] = Some(slot as u32);
        }
        let zeros = |len: usize| -> Result<Vec<f32>> {
            let mut zeros = memory::vec(len, WHAT)?;
            zeros.resize(len, 0.0);
            Ok(zeros)
        };
        let voxels = corners.len() * TILE_VOXELS;
        Ok(Plane { channels, across, slots, values: zeros(voxels * channels)?, weights: zeros(voxels)?, corners })
    }

    /// Bytes that the numbers of a plane take which holds `tiles` tiles.
    pub fn bytes(tiles: usize, channels: usize) -> usize {
        tiles.saturating_mul(TILE_VOXELS * size_of::<f32>()).saturating_mul(channels + 1)
    }

    /// How many tiles it would hold.
    pub fn tiles_of(wanted: ArrayView2<'_, bool>) -> usize {
        corners(wanted).len()
    }

    /// Tiles that it holds, each with its first voxel (j, i).
    pub fn tiles(&self) -> impl Iterator<Item = (usize, [usize; 2])> + '_ {
        self.corners.iter().copied().enumerate()
    }

    /// The first voxel (j, i) of a tile.
    pub fn corner(&self, tile: usize) -> [usize; 2] {
        self.corners[tile]
    }

    /// A channel's numbers in a tile, row by row.
    pub fn tile(&self, tile: usize, channel: usize) -> &[f32] {
        let start = (tile * self.channels + channel) * TILE_VOXELS;
        &self.values[start..start + TILE_VOXELS]
    }

    fn tile_mut(&mut self, tile: usize, channel: usize) -> &mut [f32] {
        let start = (tile * self.channels + channel) * TILE_VOXELS;
        &mut self.values[start..start + TILE_VOXELS]
    }

    /// The tile that begins at voxel (j, i), if it is held.
    pub fn tile_at(&self, [j, i]: [usize; 2]) -> Option<usize> {
        self.slots.get(j / TILE * self.across + i / TILE).copied().flatten().map(|slot| slot as usize)
    }

    /// Adds `values` · `weights`, both of a rectangle whose first voxel is `at` (j, i), to a channel.
    pub fn add(&mut self, channel: usize, at: [usize; 2], values: ArrayView2<'_, f32>, weights: ArrayView2<'_, f32>) {
        for Part { tile, within, rows, columns } in self.parts(at, values.dim()) {
            let values = values.slice(s![rows.clone(), columns.clone()]);
            let weights = weights.slice(s![rows, columns]);
            let own = self.tile_mut(tile, channel);
            for (n, (values, weights)) in values.outer_iter().zip(weights.outer_iter()).enumerate() {
                let own = &mut own[within + n * TILE..];
                for ((own, value), weight) in own.iter_mut().zip(values).zip(weights) {
                    *own += value * weight;
                }
            }
        }
    }

    /// Adds weights alone: once a box, whatever the number of channels.
    pub fn add_weights(&mut self, at: [usize; 2], weights: ArrayView2<'_, f32>) {
        for Part { tile, within, rows, columns } in self.parts(at, weights.dim()) {
            let own = &mut self.weights[tile * TILE_VOXELS..(tile + 1) * TILE_VOXELS];
            for (n, weights) in weights.slice(s![rows, columns]).outer_iter().enumerate() {
                own[within + n * TILE..].iter_mut().zip(weights).for_each(|(own, weight)| *own += weight);
            }
        }
    }

    /// Lets `values` of a rectangle whose first voxel is `at` (j, i) take a channel's place.
    pub fn set(&mut self, channel: usize, at: [usize; 2], values: ArrayView2<'_, f32>) {
        for Part { tile, within, rows, columns } in self.parts(at, values.dim()) {
            let own = self.tile_mut(tile, channel);
            for (n, values) in values.slice(s![rows, columns]).outer_iter().enumerate() {
                own[within + n * TILE..].iter_mut().zip(values).for_each(|(own, value)| *own = *value);
            }
        }
    }

    /// Divides what was added by its weights; voxels that no box covers stay 0.
    pub fn finish(&mut self) {
        for tile in 0..self.corners.len() {
            let weights = &self.weights[tile * TILE_VOXELS..(tile + 1) * TILE_VOXELS];
            let values = &mut self.values[tile * self.channels * TILE_VOXELS..][..self.channels * TILE_VOXELS];
            for channel in values.chunks_exact_mut(TILE_VOXELS) {
                for (value, weight) in channel.iter_mut().zip(weights).filter(|(_, weight)| **weight > 0.0) {
                    *value /= weight;
                }
            }
        }
    }

    /// For each number of this plane that `low` and `high` hold as well: low + (high − low) · `weight`.
    pub fn mix(&mut self, low: &Plane, high: &Plane, weight: f32) {
        for tile in 0..self.corners.len() {
            let at = self.corners[tile];
            let (Some(from), Some(to)) = (low.tile_at(at), high.tile_at(at)) else { continue };
            for channel in 0..self.channels {
                let pairs = low.tile(from, channel).iter().zip(high.tile(to, channel));
                for (own, (low, high)) in self.tile_mut(tile, channel).iter_mut().zip(pairs) {
                    *own = if weight == 0.0 { *low } else { low + (high - low) * weight };
                }
            }
        }
    }

    /// Number of channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Numbers of the same voxel and channel here and in `other`, which has the same tiles, become one.
    pub fn merge(&mut self, other: &Plane, mut merge: impl FnMut(usize, f32, f32) -> f32) {
        for tile in 0..self.corners.len() {
            let Some(of) = other.tile_at(self.corners[tile]) else { continue };
            for channel in 0..self.channels {
                for (own, other) in self.tile_mut(tile, channel).iter_mut().zip(other.tile(of, channel)) {
                    *own = merge(channel, *own, *other);
                }
            }
        }
    }

    /// In each group of `of` channels the first one's numbers are taken from all.
    pub fn less_first(&mut self, of: usize) {
        for group in self.values.chunks_exact_mut(of * TILE_VOXELS) {
            let (first, rest) = group.split_at_mut(TILE_VOXELS);
            for channel in rest.chunks_exact_mut(TILE_VOXELS) {
                channel.iter_mut().zip(&*first).for_each(|(own, first)| *own -= first);
            }
            first.fill(0.0);
        }
    }

    /// The parts of a rectangle that lie in tiles that are held.
    fn parts(&self, [j0, i0]: [usize; 2], (height, width): (usize, usize)) -> Vec<Part> {
        let tiles = |from: usize, len: usize| (from / TILE)..(from + len).div_ceil(TILE);
        let overlap =
            |tile: usize, from: usize, len: usize| (tile * TILE).max(from)..((tile + 1) * TILE).min(from + len);
        let mut parts = Vec::new();
        for (down, right) in tiles(j0, height).flat_map(|down| tiles(i0, width).map(move |right| (down, right))) {
            let Some(tile) = self.tile_at([down * TILE, right * TILE]) else { continue };
            let (rows, columns) = (overlap(down, j0, height), overlap(right, i0, width));
            let within = (rows.start - down * TILE) * TILE + columns.start - right * TILE;
            let of = |range: Range<usize>, from: usize| range.start - from..range.end - from;
            parts.push(Part { tile, within, rows: of(rows, j0), columns: of(columns, i0) });
        }
        parts
    }
}

/// A part of a rectangle within one tile.
struct Part {
    tile: usize,
    /// Its first voxel in the tile.
    within: usize,
    /// Its rows in the rectangle.
    rows: Range<usize>,
    /// Its columns.
    columns: Range<usize>,
}

/// First voxels (j, i) of the tiles that hold a voxel of `wanted`.
fn corners(wanted: ArrayView2<'_, bool>) -> Vec<[usize; 2]> {
    let mut corners = Vec::new();
    for (down, rows) in wanted.axis_chunks_iter(Axis(0), TILE).enumerate() {
        // Row by row many voxels at a time are looked at, tile by tile few.
        let mut any = Array1::from_elem(wanted.ncols(), false);
        rows.outer_iter().for_each(|row| any.zip_mut_with(&row, |any, wanted| *any |= wanted));
        let tiles = any.axis_chunks_iter(Axis(0), TILE).enumerate();
        let some = tiles.filter(|(_, tile)| tile.iter().any(|wanted| *wanted));
        corners.extend(some.map(|(right, _)| [down * TILE, right * TILE]));
    }
    corners
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    /// 40 × 50 voxels, of which two are asked for: in tiles (0, 0) and (1, 2).
    fn wanted() -> Array2<bool> {
        let mut wanted = Array2::from_elem((40, 50), false);
        wanted[[3, 4]] = true;
        wanted[[20, 47]] = true;
        wanted
    }

    #[test]
    fn new_holds_the_tiles_that_are_asked_for_and_no_other() {
        let plane = Plane::new(wanted().view(), 3).unwrap();
        assert_eq!(plane.tiles().collect::<Vec<_>>(), [(0, [0, 0]), (1, [16, 32])]);
        assert_eq!(plane.values.len(), 2 * 3 * 256);
        assert_eq!(Plane::bytes(2, 3), 4 * (plane.values.len() + plane.weights.len()));
        assert_eq!(plane.tile_at([16, 16]), None);
    }

    #[test]
    fn add_puts_a_rectangle_across_tiles_where_it_lies_and_finish_divides_by_the_weights() {
        let mut plane = Plane::new(Array2::from_elem((40, 50), true).view(), 2).unwrap();
        // Rows 10 to 29, columns 14 to 49: the value is 100 j + i, the weight 2 on odd columns, else 1.
        let values = Array2::from_shape_fn((20, 36), |(r, c)| (100 * (r + 10) + c + 14) as f32);
        let weights = Array2::from_shape_fn((20, 36), |(_, c)| if (c + 14) % 2 == 1 { 2.0 } else { 1.0 });
        plane.add(1, [10, 14], values.view(), weights.view());
        plane.add_weights([10, 14], weights.view());
        // Once more over a part: the mean of both.
        let again = Array2::from_elem((2, 2), 6.0);
        plane.add(1, [15, 15], again.view(), Array2::from_elem((2, 2), 2.0).view());
        plane.add_weights([15, 15], Array2::from_elem((2, 2), 2.0).view());
        plane.finish();
        let value = |channel: usize, j: usize, i: usize| {
            let tile = plane.tile_at([j / TILE * TILE, i / TILE * TILE]).unwrap();
            plane.tile(tile, channel)[j % TILE * TILE + i % TILE]
        };
        assert_eq!([value(1, 10, 14), value(1, 29, 49), value(1, 20, 31)], [1014.0, 2949.0, 2031.0]);
        assert_eq!([value(1, 9, 14), value(1, 30, 20), value(1, 12, 13), value(0, 12, 20)], [0.0; 4]);
        assert_eq!(value(1, 15, 15), (1515.0 * 2.0 + 6.0 * 2.0) / 4.0);
        assert_eq!(value(1, 16, 16), (1616.0 + 6.0 * 2.0) / 3.0);
    }

    #[test]
    fn mix_and_merge_go_voxel_by_voxel_over_tiles_that_lie_at_the_same_place() {
        let everywhere = Array2::from_elem((40, 50), true);
        let filled = |value: f32| {
            let mut plane = Plane::new(everywhere.view(), 2).unwrap();
            (0..2).for_each(|c| plane.set(c, [0, 0], Array2::from_elem((40, 50), value * (c + 1) as f32).view()));
            plane
        };
        let mut plane = Plane::new(wanted().view(), 2).unwrap();
        plane.mix(&filled(1.0), &filled(3.0), 0.25);
        assert_eq!((plane.tile(0, 0)[0], plane.tile(1, 1)[0]), (1.5, 3.0));
        plane.merge(&filled(10.0), |channel, own, other| own + (channel as f32) * other);
        assert_eq!((plane.tile(0, 0)[0], plane.tile(1, 1)[0]), (1.5, 23.0));
        plane.less_first(2);
        assert_eq!((plane.tile(0, 0)[0], plane.tile(1, 1)[0]), (0.0, 21.5));
    }
}
