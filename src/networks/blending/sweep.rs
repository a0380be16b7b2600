//! Overlapping boxes, answered in rising k and blended.

use std::collections::BTreeMap;

use ndarray::{Array2, Array3, ArrayView4, Axis};

use super::{Plane, Planes};
use crate::{
    error::Result,
    memory,
    networks::{job::Job, meter::Meter},
    space::volume::Voi,
};

/// A box and how its answers count.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// The CT's voxels that it covers.
    pub voi: Voi,
    /// For each of its voxels along k, j, i; a voxel's weight is their product.
    pub weights: [Vec<f32>; 3],
    /// No voxel's weight is less.
    pub least_weight: f32,
}

/// Answers for boxes.
pub trait Boxes {
    /// Answers for box `n`: `put` takes each sample's number and its logits (K, k, j, i) at the box's voxels.
    ///
    /// # Errors
    /// [`crate::Error::Inference`], [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
    fn answer(
        &mut self,
        n: usize,
        put: &mut dyn FnMut(usize, ArrayView4<'_, f32>) -> Result<()>,
        meter: &mut Meter<'_, '_>,
    ) -> Result<()>;
}

/// The planes of blended boxes.
pub struct Sweep<'a, B> {
    boxes: B,
    /// In rising order of their first plane.
    placed: Vec<Placed>,
    wanted: &'a Array3<bool>,
    /// Of one sample's logits.
    channels: usize,
    samples: usize,
    next: usize,
    band: BTreeMap<usize, Plane>,
}

impl Placed {
    /// Weights (j, i) of the box's plane `k`, counted in the volume.
    fn plane_weights(&self, k: usize) -> Array2<f32> {
        let [along_k, along_j, along_i] = &self.weights;
        let of_plane = along_k[k - self.voi.start[2]];
        Array2::from_shape_fn((along_j.len(), along_i.len()), |(j, i)| {
            (of_plane * along_j[j] * along_i[i]).max(self.least_weight)
        })
    }
}

impl<'a, B: Boxes> Sweep<'a, B> {
    /// Blends `placed`, the boxes that `boxes` answers for in that order, which is one of rising first planes.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`] when what is held at once isn't free.
    pub fn new(boxes: B, placed: Vec<Placed>, job: Job<'a>) -> Result<Self> {
        let (channels, samples) = (job.channels(), job.samples());
        let needed = most_held(&placed, job.region, channels * samples);
        memory::check_free(needed, "the logits of all samples where boxes overlap")?;
        Ok(Sweep { boxes, placed, wanted: job.region, channels, samples, next: 0, band: BTreeMap::new() })
    }

    /// Answers for the next box.
    fn step(&mut self, meter: &mut Meter<'_, '_>) -> Result<()> {
        let placed = &self.placed[self.next];
        let Voi { start, end } = placed.voi;
        let at = [start[1], start[0]];
        let mut planes = Vec::new();
        for k in start[2]..end[2] {
            let wanted = self.wanted.index_axis(Axis(0), k);
            if !self.band.contains_key(&k) && wanted.iter().any(|wanted| *wanted) {
                self.band.insert(k, Plane::new(wanted, self.channels * self.samples)?);
            }
            if let Some(plane) = self.band.get_mut(&k) {
                let weights = placed.plane_weights(k);
                plane.add_weights(at, weights.view());
                planes.push((k, weights));
            }
        }
        let (band, channels) = (&mut self.band, self.channels);
        let mut put = |sample: usize, logits: ArrayView4<'_, f32>| {
            for (k, weights) in &planes {
                let Some(plane) = band.get_mut(k) else { continue };
                for (channel, logits) in logits.outer_iter().enumerate() {
                    let logits = logits.index_axis_move(Axis(0), k - start[2]);
                    plane.add(sample * channels + channel, at, logits, weights.view());
                }
            }
            Ok(())
        };
        meter.begin(work(&placed.voi, self.samples))?;
        self.boxes.answer(self.next, &mut put, meter)?;
        meter.end();
        self.next += 1;
        Ok(())
    }
}

impl<B: Boxes> Planes for Sweep<'_, B> {
    fn plane(&mut self, k: usize, meter: &mut Meter<'_, '_>) -> Result<Plane> {
        while self.placed.get(self.next).is_some_and(|placed| placed.voi.start[2] <= k) {
            self.step(meter)?;
        }
        self.band = self.band.split_off(&k);
        let mut plane = match self.band.remove(&k) {
            Some(plane) => plane,
            None => Plane::new(self.wanted.index_axis(Axis(0), k), self.channels * self.samples)?,
        };
        plane.finish();
        Ok(plane)
    }
}

/// The work that a box is, in any unit.
pub fn work(voi: &Voi, samples: usize) -> f64 {
    (voi.voxels() * samples) as f64
}

/// Most bytes of planes that are held at once: when a box is added, those from its first plane on that any box so far covers.
fn most_held(placed: &[Placed], wanted: &Array3<bool>, channels: usize) -> usize {
    let tiles: Vec<usize> = wanted.outer_iter().map(Plane::tiles_of).collect();
    let mut reached = 0;
    let held = placed.iter().map(|placed| {
        reached = reached.max(placed.voi.end[2]);
        Plane::bytes(tiles[placed.voi.start[2].min(reached)..reached].iter().sum(), channels)
    });
    held.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{network::Calibration, uncertainty::Uncertainty},
        networks::{clicks::Clicks, images::Images, sampling::Sampling},
        progress::{Monitor, Stage},
        space::grid::Grid,
    };

    /// Box n says n + 1 in sample 0 and 10 (n + 1) in sample 1, everywhere.
    struct Constant(Vec<Voi>);

    impl Boxes for Constant {
        fn answer(
            &mut self,
            n: usize,
            put: &mut dyn FnMut(usize, ArrayView4<'_, f32>) -> Result<()>,
            _: &mut Meter<'_, '_>,
        ) -> Result<()> {
            let [width, height, depth] = self.0[n].size();
            for (sample, value) in [(0, (n + 1) as f32), (1, (10 * (n + 1)) as f32)] {
                put(sample, ndarray::Array4::from_elem((1, depth, height, width), value).view())?;
            }
            Ok(())
        }
    }

    fn placed(k: std::ops::Range<usize>, weight: f32) -> Placed {
        let voi = Voi { start: [0, 0, k.start], end: [20, 20, k.end] };
        let weights = [vec![weight; k.len()], vec![1.0; 20], vec![1.0; 20]];
        Placed { voi, weights, least_weight: 0.0 }
    }

    /// Runs over 40 × 40 × 60 voxels of which all are asked for, plane by plane.
    fn swept(boxes: Vec<Placed>, mut look: impl FnMut(usize, &Plane, &Sweep<'_, Constant>)) -> usize {
        let grid = Grid::axial([40, 40, 60], [1.0; 3]);
        let (region, voxels) = (Array3::from_elem(grid.shape(), true), Array3::zeros(grid.shape()));
        let images = Images::new(
            &grid,
            [(&voxels, crate::contract::classes::Normalise::Window([0.0, 1.0]))],
            &Default::default(),
        );
        let sampling =
            Sampling { seed: 0, samples: 2, batch: 8, threshold: 0.5, uncertainty: Uncertainty::Entropy, kinds: &[] };
        let job = Job {
            images: &images.unwrap(),
            region: &region,
            clicks: &Clicks::default(),
            sampling: &sampling,
            calibration: &Calibration::default(),
            classes: 1,
            settled: false,
        };
        let needed = most_held(&boxes, &region, 2);
        let source = Constant(boxes.iter().map(|placed| placed.voi).collect());
        let mut sweep = Sweep::new(source, boxes, job).unwrap();
        let mut monitor = Monitor::silent();
        let mut meter = Meter::new(&mut monitor, Stage::Segment, 1, 1.0);
        for k in 0..60 {
            let plane = sweep.plane(k, &mut meter).unwrap();
            look(k, &plane, &sweep);
        }
        needed
    }

    #[test]
    fn plane_of_two_overlapping_boxes_is_their_weighted_mean_sample_by_sample() {
        let boxes = vec![placed(0..10, 1.0), placed(6..16, 3.0)];
        swept(boxes, |k, plane, _| {
            let wanted = match k {
                0..6 => [1.0, 10.0],
                6..10 => [1.75, 17.5], // (1 · 1 + 3 · 2) / 4
                10..16 => [2.0, 20.0],
                _ => [0.0, 0.0],
            };
            assert_eq!([plane.tile(0, 0)[0], plane.tile(0, 1)[0]], wanted, "plane {k}");
            // Tile (1, 1) holds voxels 16 to 31, of which 20 on lie outside the boxes.
            let tile = plane.tile_at([16, 16]).unwrap();
            assert_eq!([plane.tile(tile, 0)[0], plane.tile(tile, 0)[4]], [wanted[0], 0.0]);
        });
    }

    #[test]
    fn most_held_is_what_is_held_at_most_and_one_layer_of_boxes() {
        let boxes = vec![placed(0..10, 1.0), placed(5..15, 1.0), placed(10..20, 1.0), placed(30..42, 1.0)];
        let bytes = |plane: &Plane| Plane::bytes(plane.tiles().count(), 2);
        let mut most: usize = 0;
        // A plane was just taken out.
        let needed = swept(boxes, |_, plane, sweep| {
            most = most.max(bytes(plane) + sweep.band.values().map(bytes).sum::<usize>());
        });
        // Twelve planes of nine tiles.
        assert_eq!((most, needed), (12 * 9 * 256 * 4 * 3, 12 * 9 * 256 * 4 * 3));
    }

    #[test]
    fn most_held_of_a_ct_of_512_by_512_by_600_and_25_samples_is_bounded_by_the_boxes() {
        let grid = Grid::axial([512, 512, 600], [0.6; 3]);
        let region = Array3::from_elem(grid.shape(), true);
        // Boxes of 54 slices, half overlapping, over the whole of a slice.
        let starts = (0..546).step_by(27).chain([546]);
        let boxes: Vec<Placed> = starts
            .map(|k| Placed {
                voi: Voi { start: [0, 0, k], end: [512, 512, k + 54] },
                weights: Default::default(),
                least_weight: 1.0,
            })
            .collect();
        let needed = most_held(&boxes, &region, 25);
        assert_eq!(needed, 54 * 512 * 512 * 4 * 26);
        assert!(needed < 3 << 29, "{} MiB", needed >> 20);
    }

    #[test]
    fn plane_weights_have_a_floor() {
        let placed = Placed {
            voi: Voi { start: [0; 3], end: [2, 1, 1] },
            weights: [vec![0.5], vec![0.1], vec![1.0, 1e-9]],
            least_weight: 1e-3,
        };
        assert_eq!(placed.plane_weights(0).into_raw_vec_and_offset().0, [0.05, 1e-3]);
    }
}
