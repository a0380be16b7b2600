//! The slice kind: an axial slice with its neighbours in, that slice out.
//!
//! A slice is encoded once. One deterministic decode scouts it; windows around what the scout finds are decoded T
//! times with dropout masks. Where the scout finds nothing, its own probability stands and there is no variance: every
//! sample equals the scout there.

use crate::contract::uncertainty::Uncertainty;
use std::ops::Range;

use ndarray::{Array2, Array3, Array4, ArrayView2, Axis, Ix4};

use crate::networks::{
    neighbours::{self, neighbours},
    piece::{Answer, ClassMaps, Pieces, Sampling, Watch},
    region::Region,
    windows::{Rect, windows},
};
use crate::{
    contract::model::Model,
    error::Result,
    networks::{
        clicks::Clicks,
        dropout,
        network::{Draws, Network},
    },
    progress::CancelToken,
    space::{
        grid::Grid,
        volume::{Voi, Volume},
    },
    steps::{resample::bilinear, sample_masks::SampleMasks, statistics::Accumulator, windowing::HuWindow},
};

/// Pixels decoded in one call, over all samples of a batch: bounds memory and the wait for a cancel.
const PIXELS_A_CALL: usize = 1 << 19;
/// ONNX Runtime adds up a lone sample in another order than several (ReduceSum, MatMul), so its last bits would depend
/// on the batch: no call has fewer.
const LEAST_SAMPLES_A_CALL: usize = 2;

/// Runs a slice network over a volume.
#[derive(Debug)]
pub struct SlicePieces<'a, N: Network> {
    network: &'a mut N,
    spec: &'a Model,
    clicks: Clicks,
}

/// A slice that was encoded, on its way through the decoder.
struct Encoded<E> {
    embedding: E,
    region: Region,
    /// (2, H, W) over what was encoded, where the bundle takes clicks.
    clicks: Option<Array3<f32>>,
}

impl<'a, N: Network> SlicePieces<'a, N> {
    /// Slices for `network`, whose contract is `spec`, with `clicks` before its decoder if that takes any.
    pub fn new(network: &'a mut N, spec: &'a Model, clicks: Clicks) -> Self {
        SlicePieces { network, spec, clicks }
    }

    fn encode(
        &mut self,
        ct: &Volume<f32>,
        k: usize,
        region: Region,
        cancel: &CancelToken,
    ) -> Result<Encoded<N::Encoded>> {
        let (slices, offsets_mm) = self.input(ct, k, &region);
        cancel.check()?;
        let embedding = self.network.encode(0, slices.view().into_dyn(), &offsets_mm, cancel)?;
        let wanted = self.spec.segment.clicks.as_ref();
        let clicks = wanted.map(|c| self.clicks.maps(&region.pixels(&ct.grid, k), ct.grid.spacing_mm, c.decay_mm));
        Ok(Encoded { embedding, region, clicks })
    }

    /// Logits (T, K, H, W) of a rectangle of the region.
    fn decode(
        &mut self,
        encoded: &Encoded<N::Encoded>,
        rect: Rect,
        masks: &[Array2<f32>],
        cancel: &CancelToken,
    ) -> Result<Array4<f32>> {
        let clicks = encoded.clicks.as_ref().map(|maps| maps.view().insert_axis(Axis(0)).into_dyn());
        let samples = masks.first().map_or(1, |mask| mask.nrows());
        let draws = Draws { samples, dropout: masks.to_vec(), noise: Vec::new() };
        let window = Some(encoded.region.window(rect));
        let logits = self.network.decode(&encoded.embedding, window, &draws, clicks, cancel)?;
        Ok(logits.into_dimensionality::<Ix4>().expect("logits of a slice have four axes"))
    }

    /// Slice `k` and its neighbours on the network's grid, (1, S, H, W), and how far each is from slice `k` in mm.
    fn input(&self, ct: &Volume<f32>, k: usize, region: &Region) -> (Array4<f32>, Vec<f32>) {
        let Rect { top, bottom, left, right } = region.encoded;
        let (rows, columns) = (region.rows.native_taps(top..bottom), region.columns.native_taps(left..right));
        let window = HuWindow::new(self.spec.window_hu().unwrap_or([0.0, 1.0]));
        let neighbours = neighbours(&self.spec.segment, &ct.grid, k);
        let slices = neighbours::stack(ct, &neighbours, &rows, &columns).mapv_into(|hu| window.apply(hu));
        (slices.insert_axis(Axis(0)), neighbours.into_iter().map(|n| n.offset_mm).collect())
    }

    fn masks(&self, sampling: &Sampling, samples: Range<usize>) -> Vec<Array2<f32>> {
        let inputs = self.spec.segment.random.dropout.iter().enumerate();
        inputs.map(|(layer, d)| dropout::masks(sampling.seed, samples.clone(), layer, d.channels, d.rate)).collect()
    }

    fn probability(&self, logit: f32) -> f32 {
        self.spec.segment.calibration.probability(logit) as f32
    }

    /// One deterministic decode of the whole region: logits (H, W).
    fn scout(&mut self, encoded: &Encoded<N::Encoded>, cancel: &CancelToken) -> Result<Array2<f32>> {
        let ones: Vec<_> = self.spec.segment.random.dropout.iter().map(|d| dropout::identity(d.channels)).collect();
        let logits = self.decode(encoded, encoded.region.whole(), &ones, cancel)?;
        Ok(logits.index_axis_move(Axis(0), 0).index_axis_move(Axis(0), 0))
    }

    /// Rectangles of the region that are to be sampled; what can belong to a nodule is, whatever the bundle says.
    fn suspicious(
        &self,
        logits: &Array2<f32>,
        grid: &Grid,
        search: ArrayView2<'_, bool>,
        region: &Region,
        threshold: f64,
    ) -> Vec<Rect> {
        let Some(scout_threshold) = self.spec.segment.scout.threshold else {
            return vec![region.whole()];
        };
        let threshold = scout_threshold.min(threshold);
        let suspicious = logits.mapv(|logit| f64::from(self.probability(logit)) > threshold);
        let Rect { top, bottom, left, right } = region.rect;
        let (rows, columns) = (region.rows.native_taps(top..bottom), region.columns.native_taps(left..right));
        let wanted = Array2::from_shape_fn(suspicious.dim(), |(r, c)| search[[rows[r].low, columns[c].low]]);
        let pixel_mm = self.spec.segment.grid.spacing_mm[1].unwrap_or(grid.spacing_mm[0].min(grid.spacing_mm[1]));
        let margin = (self.spec.segment.scout.margin_mm / pixel_mm).round() as usize;
        windows(&suspicious, wanted.view(), margin)
    }

    /// Samples one rectangle T times and gives its voxels to `put`; `work` is the part of the slice's work that this is.
    fn sample(
        &mut self,
        encoded: &Encoded<N::Encoded>,
        rect: Rect,
        sampling: &Sampling,
        (watch, work): (&mut Watch<'_>, Range<f64>),
        put: &mut impl FnMut(usize, usize, &Accumulator, usize),
    ) -> Result<()> {
        let region = encoded.region;
        let whole = region.whole();
        let halo = self.spec.segment.halo_px.max(1);
        let read = rect.grown(halo, halo, whole.bottom, whole.right).aligned(self.spec.segment.grid.multiple);
        let (top, left) = (region.rect.top, region.rect.left);
        let rows = region.rows.natives(top + rect.top..top + rect.bottom);
        let columns = region.columns.natives(left + rect.left..left + rect.right);
        let row_taps = region.rows.pixel_taps(rows.clone(), top + read.top, read.bottom - read.top);
        let column_taps = region.columns.pixel_taps(columns.clone(), left + read.left, read.right - read.left);
        SampleMasks::check_room(rows.len() * columns.len(), sampling.samples)?;
        let mut sums = Accumulator::new(rows.len() * columns.len(), sampling.samples, sampling.threshold);
        let pixels = (read.bottom - read.top) * (read.right - read.left);
        let batch = batch(sampling, pixels);
        for first in (0..sampling.samples).step_by(batch) {
            (watch.tell)(work.start + (work.end - work.start) * first as f64 / sampling.samples as f64)?;
            let wanted = batch.min(sampling.samples - first);
            let masks = self.masks(sampling, first..first + wanted.max(LEAST_SAMPLES_A_CALL));
            let logits = self.decode(encoded, read, &masks, &watch.cancel)?;
            for sample in logits.axis_iter(Axis(0)).take(wanted) {
                let native = bilinear(sample.index_axis(Axis(0), 0), &row_taps, &column_taps);
                let probabilities = native.mapv_into(|logit| self.probability(logit));
                sums.push(probabilities.as_slice().expect("a fresh array is contiguous"));
            }
        }
        for (n, (j, i)) in rows.flat_map(|j| columns.clone().map(move |i| (j, i))).enumerate() {
            put(j, i, &sums, n);
        }
        Ok(())
    }
}

impl<N: Network> Pieces for SlicePieces<'_, N> {
    fn classes(&self) -> usize {
        self.spec.classes.len()
    }

    fn plan(&self, grid: &Grid, search: &Array3<bool>) -> Vec<Voi> {
        let margin_mm = self.spec.segment.scout.margin_mm;
        let margin = |axis: usize| (margin_mm / grid.spacing_mm[axis]).ceil() as usize;
        let slices = search.axis_chunks_iter(Axis(0), 1).enumerate();
        let boxes = slices.filter_map(|(k, slice)| {
            let mut voi = Voi::around(&slice.to_owned())?;
            (voi.start[2], voi.end[2]) = (k, k + 1);
            Some(voi.grown([margin(0), margin(1), 0], grid.dims))
        });
        boxes.collect()
    }

    fn answer(
        &mut self,
        ct: &Volume<f32>,
        search: &Array3<bool>,
        voi: &Voi,
        sampling: &Sampling,
        watch: &mut Watch<'_>,
    ) -> Result<Answer> {
        let k = voi.start[2];
        let region = Region::around(voi, &ct.grid, self.spec);
        let encoded = self.encode(ct, k, region, &watch.cancel)?;
        let logits = self.scout(&encoded, &watch.cancel)?;
        let search = search.index_axis(Axis(0), k);
        let rects = self.suspicious(&logits, &ct.grid, search, &region, sampling.threshold);

        let [width, height, _] = voi.size();
        let rows = region.rows.pixel_taps(voi.start[1]..voi.end[1], region.rect.top, logits.nrows());
        let columns = region.columns.pixel_taps(voi.start[0]..voi.end[0], region.rect.left, logits.ncols());
        let scouted = bilinear(logits.view(), &rows, &columns).mapv_into(|logit| self.probability(logit));
        let scouted = scouted.insert_axis(Axis(0));
        let doubt = |kind: Uncertainty| scouted.mapv(|p| kind.unsampled(f64::from(p)) as f32);
        let (uncertainty, kinds) =
            (doubt(sampling.uncertainty), sampling.kinds.iter().map(|kind| doubt(*kind)).collect());
        let mut maps = ClassMaps { probability: scouted, uncertainty, kinds };
        let index = |row: usize, column: usize| {
            (((k * ct.grid.dims[1]) + voi.start[1] + row) * ct.grid.dims[0] + voi.start[0] + column) as u32
        };
        let mut positive = Vec::new();
        let mut sampled = Array2::from_elem((height, width), false);
        // Decoded pixels tell how long the rest takes: those of the scout, then of each rectangle for each sample.
        let work = |rects: &[Rect]| rects.iter().map(|r| r.pixels() as f64).sum::<f64>() * sampling.samples as f64;
        let scout = region.whole().pixels() as f64;
        let all = scout + work(&rects);
        for (n, rect) in rects.iter().enumerate() {
            let part = (scout + work(&rects[..n])) / all..(scout + work(&rects[..=n])) / all;
            let mut put = |j: usize, i: usize, sums: &Accumulator, voxel: usize| {
                let (Some(row), Some(column)) = (j.checked_sub(voi.start[1]), i.checked_sub(voi.start[0])) else {
                    return;
                };
                if row >= height || column >= width {
                    return;
                }
                sampled[[row, column]] = true;
                maps.probability[[0, row, column]] = sums.mean(voxel) as f32;
                maps.uncertainty[[0, row, column]] = sampling.uncertainty.of(sums, voxel) as f32;
                for (map, kind) in maps.kinds.iter_mut().zip(sampling.kinds) {
                    map[[0, row, column]] = kind.of(sums, voxel) as f32;
                }
                if sums.positive(voxel).iter().any(|word| *word != 0) {
                    positive.push((index(row, column), sums.positive(voxel).to_vec()));
                }
            };
            self.sample(&encoded, *rect, sampling, (watch, part), &mut put)?;
        }
        // Groups that don't touch the search region aren't sampled, yet may be a part of a nodule that does.
        let all = every_sample(sampling.samples);
        for ((row, column), _) in sampled.indexed_iter().filter(|(_, sampled)| !**sampled) {
            if f64::from(maps.probability[[0, row, column]]) > sampling.threshold {
                positive.push((index(row, column), all.clone()));
            }
        }
        Ok(Answer { classes: vec![maps], positive })
    }
}

/// The bits of a voxel that each of `samples` samples calls a nodule.
fn every_sample(samples: usize) -> Vec<u64> {
    let bits = |word: usize| (samples - 64 * word).min(64) as u32;
    (0..samples.div_ceil(64)).map(|word| u64::MAX >> (64 - bits(word))).collect()
}

/// Samples a call: as many as asked for and as memory allows, shared out evenly so that no call is nearly empty.
fn batch(sampling: &Sampling, pixels: usize) -> usize {
    let most = sampling.batch.min(PIXELS_A_CALL / pixels).max(LEAST_SAMPLES_A_CALL);
    sampling.samples.div_ceil(sampling.samples.div_ceil(most))
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, ArrayViewD, Ix3, s};

    use super::*;
    use crate::networks::network::Window;

    /// Takes note of what it is given.
    #[derive(Default)]
    struct Recorder {
        encoded: Vec<(usize, usize)>,
        decoded: Vec<(Window, Array3<f32>)>,
    }

    impl Network for Recorder {
        type Encoded = ();

        fn encode(&mut self, _: usize, slices: ArrayViewD<'_, f32>, _: &[f32], _: &CancelToken) -> Result<()> {
            self.encoded.push((slices.shape()[2], slices.shape()[3]));
            Ok(())
        }

        fn decode(
            &mut self,
            (): &(),
            window: Option<Window>,
            draws: &Draws,
            clicks: Option<ArrayViewD<'_, f32>>,
            _: &CancelToken,
        ) -> Result<ArrayD<f32>> {
            let (window, clicks) = (window.expect("a part"), clicks.expect("the bundle takes clicks"));
            let maps = clicks.index_axis(Axis(0), 0).into_dimensionality::<Ix3>().expect("two maps");
            self.decoded.push((window, maps.to_owned()));
            Ok(ArrayD::zeros(vec![draws.samples, 1, window.height, window.width]))
        }
    }

    /// tiny-clicks on pixels of 0.8 mm, padded to multiples of 8.
    fn clicked_spec(whole_slice: bool) -> Model {
        let json = include_str!("../../tests/bundles/tiny-clicks/model.json");
        let mut spec = crate::contract::bundle::parse("test".as_ref(), json.as_bytes()).expect("a committed bundle");
        (spec.segment.grid.spacing_mm[1], spec.segment.grid.multiple, spec.segment.halo_px) = (Some(0.8), 8, 2);
        spec.segment.whole_slice = whole_slice;
        spec
    }

    #[test]
    fn answer_gives_clicks_by_the_place_of_the_network_s_pixels_and_whole_slices_where_wanted() {
        let grid = Grid::axial([80, 70, 6], [0.5, 0.6, 2.0]);
        let mut search = Array3::from_elem(grid.shape(), false);
        search.slice_mut(s![3, 40..50, 30..40]).fill(true);
        let ct = Volume::new(grid.clone(), Array3::zeros(grid.shape()));
        let (uncertainty, threshold) = (Uncertainty::Entropy, 0.5);
        let sampling = Sampling { seed: 0, samples: 2, batch: 8, threshold, uncertainty, kinds: &[] };
        for whole_slice in [false, true] {
            let spec = clicked_spec(whole_slice);
            let mut network = Recorder::default();
            let clicks = Clicks { inside: vec![[33, 45, 2]], outside: Vec::new() };
            let mut pieces = SlicePieces::new(&mut network, &spec, clicks);
            let voi = pieces.plan(&grid, &search)[0];
            let mut told = Vec::new();
            let mut tell = |part: f64| {
                told.push(part);
                Ok(())
            };
            let mut watch = Watch { cancel: CancelToken::new(), tell: &mut tell };
            pieces.answer(&ct, &search, &voi, &sampling, &mut watch).unwrap();
            // One call for the scout's pixels, then the samples of the only rectangle.
            assert!(
                told.windows(2).all(|w| w[0] < w[1]) && told.iter().all(|part| (0.0..1.0).contains(part)),
                "{told:?}"
            );

            let Region { rect, encoded, .. } = Region::around(&voi, &grid, &spec);
            // 69 · 0.6 / 0.8 = 51.75 and 79 · 0.5 / 0.8 = 49.4 pixels after the first: 53 and 51, padded to 56.
            let whole = Rect { top: 0, bottom: 56, left: 0, right: 56 };
            assert_eq!(encoded, if whole_slice { whole } else { rect });
            assert!(rect.top > 0 && rect.left > 0 && rect.bottom < 56, "a part, to tell it from the whole");
            let size = (encoded.bottom - encoded.top, encoded.right - encoded.left);
            assert_eq!(network.encoded, [size]);
            for (window, map) in &network.decoded {
                assert_eq!((window.row, window.column), (rect.top - encoded.top, rect.left - encoded.left));
                assert_eq!((window.height, window.width), (rect.bottom - rect.top, rect.right - rect.left));
                assert_eq!(map.dim(), (2, size.0, size.1));
                for ((kind, row, column), value) in map.indexed_iter() {
                    // Voxel (33, 45, 2) lies at 16.5, 27, 4 mm; the slice at 6 mm.
                    let (x, y) = ((encoded.left + column) as f64 * 0.8 - 16.5, (encoded.top + row) as f64 * 0.8 - 27.0);
                    let wanted = [(-(x * x + y * y + 4.0).sqrt() / 6.0).exp(), 0.0][kind];
                    assert!((f64::from(*value) - wanted).abs() < 1e-7, "single precision");
                }
            }
        }
    }

    #[test]
    fn every_sample_sets_one_bit_a_sample_and_no_other() {
        assert_eq!(every_sample(1), [1]);
        assert_eq!(every_sample(25), [(1 << 25) - 1]);
        assert_eq!(every_sample(64), [u64::MAX]);
        assert_eq!(every_sample(130), [u64::MAX, u64::MAX, 0b11]);
    }
}
