//! One network's members over one box: mirrored where a sample wants it, encoded once a pass, decoded once a sample, turned
//! back.
//!
//! Enters: an image on the network's grid as it lies in the volume. Leaves: logits as they lie in the volume, sample by
//! sample. Slices are images of one slice here, so that slices and boxes are the same to all that comes after.

use ndarray::{Array5, ArrayD, ArrayView4, Axis, Ix5, IxDyn};

use super::{
    flips::Flip,
    handed::Handed,
    network::{Call, Draws, Fed, Image, Network, Window},
    sampler::{Pass, Sampler},
    sampling::{MIN_SAMPLES_PER_CALL, Sampling},
};
use crate::{
    contract::network::{self, Kind},
    error::{Error, Result},
    progress::CancelToken,
};

/// What one box shows a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// (1, C, S, H, W) for slices, (1, C, D, H, W) for boxes; normalised.
    pub image: Array5<f32>,
    /// For slices, S distances from the slice that is answered for, in mm; else none.
    pub offsets_mm: Vec<f32>,
    /// (1, 2, 1, H, W) or (1, 2, D, H, W), for networks that take clicks.
    pub clicks: Option<Array5<f32>>,
    /// For a hybrid's fine network that is handed something.
    pub handed: Option<Handed>,
}

/// An image that a member encoded.
#[derive(Debug)]
pub struct Seen<E> {
    encoded: E,
    flip: Flip,
    /// Rows and columns of the image.
    plane: [usize; 2],
    clicks: Option<ArrayD<f32>>,
    handed: Option<Handed>,
}

/// What each member saw of an image, and the part of it that is decoded; `None`: all.
pub type Shown<'a, E> = (&'a [Seen<E>], Option<Window>);

/// Runs the members of one network.
#[derive(Debug)]
pub struct Runner<'a, N> {
    network: &'a mut N,
    /// What the contract says of it.
    pub spec: &'a network::Network,
    /// Draws its samples.
    pub sampler: Sampler<'a>,
}

/// A decoder's calls for the samples of one pass.
pub struct Calls<'a> {
    /// Which samples.
    pub samples: &'a [usize],
    /// How many at once.
    pub sampling: &'a Sampling,
    /// Told before each call: the part of the samples that is done.
    pub tell: &'a mut dyn FnMut(f64) -> Result<()>,
    /// Takes a sample's number and its logits (K, D, H, W), one slice deep for slices.
    pub put: &'a mut dyn FnMut(usize, ArrayView4<'_, f32>) -> Result<()>,
}

impl<'a, N: Network> Runner<'a, N> {
    /// Runs `network`, which is as `spec` says, with draws of `seed`.
    pub fn new(network: &'a mut N, spec: &'a network::Network, seed: u64) -> Self {
        Runner { network, spec, sampler: Sampler::of(spec, seed) }
    }

    /// Shows a member the image in one orientation.
    ///
    /// # Errors
    /// As [`Network::encode`].
    pub fn encode(
        &mut self,
        input: &Input,
        member: usize,
        flip: Flip,
        cancel: &CancelToken,
    ) -> Result<Seen<N::Encoded>> {
        self.encode_each(input, &[(member, flip)], cancel)?.pop().ok_or_else(no_member)
    }

    /// Shows several members the image, each in an orientation, side by side where that is quicker; in their order.
    ///
    /// # Errors
    /// As [`Network::encode`].
    pub fn encode_each(
        &mut self,
        input: &Input,
        as_seen: &[(usize, Flip)],
        cancel: &CancelToken,
    ) -> Result<Vec<Seen<N::Encoded>>> {
        cancel.check()?;
        let fed: Vec<_> = as_seen.iter().map(|(_, flip)| self.as_fed(&input.image, *flip)).collect();
        let offsets_mm: Vec<_> = as_seen.iter().map(|(_, flip)| flip.offsets_mm(&input.offsets_mm)).collect();
        let images = as_seen.iter().zip(&fed).zip(&offsets_mm);
        let images =
            images.map(|(((member, _), image), offsets_mm)| Image { member: *member, image: image.view(), offsets_mm });
        let encoded = self.network.encode_each(&images.collect::<Vec<_>>(), cancel)?;
        let (.., height, width) = input.image.dim();
        let plane = [height, width];
        let seen = as_seen.iter().zip(encoded).map(|((_, flip), encoded)| Seen {
            encoded,
            flip: *flip,
            plane,
            clicks: input.clicks.as_ref().map(|maps| self.as_fed(maps, *flip)),
            handed: input.handed.as_ref().map(|handed| handed.mirrored(*flip, plane)),
        });
        Ok(seen.collect())
    }

    /// Of how many members encoders are worth calling at once.
    pub fn members_at_once(&self) -> usize {
        self.network.members_at_once()
    }

    /// The array as the graphs take it: mirrored, and for slices with all their channels and slices along one axis.
    fn as_fed(&self, array: &Array5<f32>, flip: Flip) -> ArrayD<f32> {
        let mut view = array.view();
        flip.turn(&mut view);
        let (one, channels, depth, height, width) = array.dim();
        let shape = match self.spec.kind {
            Kind::Slice => vec![one, channels * depth, height, width],
            Kind::Patch | Kind::Hybrid => vec![one, channels, depth, height, width],
        };
        let turned = view.as_standard_layout().into_owned();
        turned.into_shape_with_order(IxDyn(&shape)).expect("as many values, in their order")
    }

    /// Logits (T, K, D, H, W) of an image, or of a window of it, as it lies in the volume.
    ///
    /// # Errors
    /// As [`Network::decode`].
    fn decode(
        &mut self,
        seen: &Seen<N::Encoded>,
        window: Option<Window>,
        draws: &Draws,
        cancel: &CancelToken,
    ) -> Result<Array5<f32>> {
        let window = window.map(|window| seen.mirrored(window));
        let logits = self.network.decode(&seen.encoded, window, draws, seen.fed(), cancel)?;
        in_space(logits, seen.flip)
    }

    /// Logits (1, K, D, H, W) of the deterministic network, and each feature that it gives, (1, channels, d, h, w): the means
    /// over what each member saw, in `all`.
    ///
    /// # Errors
    /// As [`Network::decode`].
    pub fn settled_with_features(
        &mut self,
        all: &[Seen<N::Encoded>],
        cancel: &CancelToken,
    ) -> Result<(Array5<f32>, Vec<Array5<f32>>)> {
        let draws = self.sampler.settled();
        let mut sums: Vec<Array5<f32>> = Vec::new();
        for seen in all {
            let (logits, features) = self.network.decode_with_features(&seen.encoded, &draws, seen.fed(), cancel)?;
            let given = [logits].into_iter().chain(features).map(|array| in_space(array, seen.flip));
            let given = given.collect::<Result<Vec<_>>>()?;
            if sums.is_empty() {
                sums = given;
            } else {
                sums.iter_mut().zip(&given).for_each(|(sum, own)| *sum += own);
            }
        }
        if all.len() > 1 {
            let members = all.len() as f32;
            sums.iter_mut().for_each(|sum| sum.mapv_inplace(|value| value / members));
        }
        if sums.is_empty() {
            return Err(no_member());
        }
        let logits = sums.remove(0);
        Ok((logits, sums))
    }

    /// Logits (1, K, D, H, W) of the deterministic network: the mean over what each member saw, in `all`.
    ///
    /// # Errors
    /// As [`Network::decode`].
    pub fn settled(
        &mut self,
        all: &[Seen<N::Encoded>],
        window: Option<Window>,
        cancel: &CancelToken,
    ) -> Result<Array5<f32>> {
        self.settled_each(&[(all, window)], cancel)?.pop().ok_or_else(no_member)
    }

    /// The same of several images, side by side where that is quicker; in their order.
    ///
    /// # Errors
    /// As [`Network::decode`].
    pub fn settled_each(&mut self, images: &[Shown<'_, N::Encoded>], cancel: &CancelToken) -> Result<Vec<Array5<f32>>> {
        let draws = self.sampler.settled();
        let members = self.sampler.members();
        let mut sums: Vec<Array5<f32>> = Vec::new();
        for member in 0..members {
            let seen: Vec<_> = images
                .iter()
                .map(|(all, window)| Ok((all.get(member).ok_or_else(no_member)?, *window)))
                .collect::<Result<_>>()?;
            let calls = seen.iter().map(|(seen, window)| Call {
                encoded: &seen.encoded,
                window: window.map(|window| seen.mirrored(window)),
                draws: &draws,
                fed: seen.fed(),
            });
            let calls: Vec<_> = calls.collect();
            let given = self.network.decode_each(&calls, cancel)?.into_iter().zip(&seen);
            let given = given.map(|(logits, (seen, _))| in_space(logits, seen.flip)).collect::<Result<Vec<_>>>()?;
            if sums.is_empty() {
                sums = given;
            } else {
                sums.iter_mut().zip(&given).for_each(|(sum, own)| *sum += own);
            }
        }
        if members > 1 {
            let members = members as f32;
            sums.iter_mut().for_each(|sum| sum.mapv_inplace(|logit| logit / members));
        }
        Ok(sums)
    }

    /// How many images are worth showing to the network before any is decoded.
    pub fn images_at_once(&self) -> usize {
        self.network.images_at_once()
    }

    /// Shows every member the image as it is.
    ///
    /// # Errors
    /// As [`Network::encode`].
    pub fn encode_all(&mut self, input: &Input, cancel: &CancelToken) -> Result<Vec<Seen<N::Encoded>>> {
        let all: Vec<_> = (0..self.sampler.members()).map(|member| (member, Flip::default())).collect();
        self.encode_each(input, &all, cancel)
    }

    /// Decodes samples of a pass and hands each to `calls.put`.
    ///
    /// # Errors
    /// As [`Network::decode`], or what `put` and `tell` say.
    pub fn sample(
        &mut self,
        seen: &Seen<N::Encoded>,
        window: Option<Window>,
        pixels: usize,
        calls: Calls<'_>,
        cancel: &CancelToken,
    ) -> Result<()> {
        if !self.sampler.has_inputs() {
            // Samples of one pass are the same: as those of a hybrid's network that differs less often than the other.
            (calls.tell)(0.0)?;
            let logits = self.decode(seen, window, &self.sampler.settled(), cancel)?;
            return calls.samples.iter().try_for_each(|sample| (calls.put)(*sample, logits.index_axis(Axis(0), 0)));
        }
        let at_once = calls.sampling.at_once(calls.samples.len(), pixels);
        for (n, batch) in calls.samples.chunks(at_once).enumerate() {
            (calls.tell)((n * at_once) as f64 / calls.samples.len() as f64)?;
            let logits = self.decode(seen, window, &self.sampler.draws(&padded(batch)), cancel)?;
            for (sample, logits) in batch.iter().zip(logits.outer_iter()) {
                (calls.put)(*sample, logits)?;
            }
        }
        Ok(())
    }
}

fn no_member() -> Error {
    Error::Internal { what: "a network has no member".into() }
}

/// The samples of a call, the last one again where they are too few for one.
fn padded(batch: &[usize]) -> Vec<usize> {
    let mut samples = batch.to_vec();
    samples.resize(samples.len().max(MIN_SAMPLES_PER_CALL), batch[batch.len() - 1]);
    samples
}

/// A pass' orientation and member, where the image was shown to it before.
pub fn seen_before<E>(pass: &Pass, all: &mut [Option<Seen<E>>]) -> Option<Seen<E>> {
    if pass.flip.is_none() { all.get_mut(pass.member)?.take() } else { None }
}

/// What a network gives as it lies in the volume, with an axis along k.
fn in_space(given: ArrayD<f32>, flip: Flip) -> Result<Array5<f32>> {
    let given = if given.ndim() == 4 { given.insert_axis(Axis(2)) } else { given };
    let mut given = given.into_dimensionality::<Ix5>().map_err(|e| Error::Internal { what: e.to_string() })?;
    flip.turn(&mut given);
    Ok(given)
}

impl<E> Seen<E> {
    /// What its decoder is fed.
    fn fed(&self) -> Fed<'_> {
        Fed { clicks: self.clicks.as_ref().map(|maps| maps.view()), handed: self.handed.as_ref() }
    }

    /// Where a window of the volume lies in the image that was encoded.
    fn mirrored(&self, window: Window) -> Window {
        let [rows, columns] = self.plane;
        let row = if self.flip.j { rows - window.row - window.height } else { window.row };
        let column = if self.flip.i { columns - window.column - window.width } else { window.column };
        Window { row, column, ..window }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array5, s};

    use super::*;
    use crate::{
        contract::{network::Axis as Along, uncertainty::Uncertainty},
        networks::made::{self, Arithmetic},
    };

    fn image(shape: (usize, usize, usize, usize, usize)) -> Array5<f32> {
        Array5::from_shape_fn(shape, |(_, c, k, j, i)| (1000 * c + 100 * k + 10 * j + i) as f32)
    }

    /// Logits are the middle slice of the first channel; images are (1, 3, H, W).
    fn middle(image: &ArrayD<f32>, _: usize, _: &Draws, _: usize) -> ArrayD<f32> {
        image.slice(s![0, 1..2, .., ..]).to_owned().into_dyn()
    }

    #[test]
    fn encode_of_a_mirrored_slice_turns_neighbours_and_offsets_and_decode_turns_back() {
        let mut spec = made::slice();
        spec.random.flips = vec![Along::K, Along::J, Along::I];
        let mut network = Arithmetic::new(middle);
        let clicks = Array5::from_shape_fn((1, 2, 1, 4, 6), |(_, c, _, j, i)| (100 * c + 10 * j + i) as f32);
        let input = Input {
            image: image((1, 1, 3, 4, 6)),
            offsets_mm: vec![-2.0, 0.0, 1.5],
            clicks: Some(clicks.clone()),
            handed: None,
        };
        let flips: Vec<Flip> = (0..8).map(|n| Flip::number(n, &spec.random.flips)).collect();
        let window = Window { row: 1, column: 4, height: 3, width: 2 };
        let sampling =
            Sampling { seed: 0, samples: 1, batch: 8, threshold: 0.5, uncertainty: Uncertainty::Entropy, kinds: &[] };
        for flip in &flips {
            let mut runner = Runner::new(&mut network, &spec, 0);
            let seen = runner.encode(&input, 0, *flip, &CancelToken::new()).unwrap();
            let mut got = Vec::new();
            let mut put = |_: usize, logits: ArrayView4<'_, f32>| {
                got = logits.iter().copied().collect();
                assert_eq!(logits.dim(), (1, 1, 3, 2));
                Ok(())
            };
            let calls = Calls { samples: &[0], sampling: &sampling, tell: &mut |_| Ok(()), put: &mut put };
            runner.sample(&seen, Some(window), 6, calls, &CancelToken::new()).unwrap();
            // Whatever the orientation the centre slice's window is where it lies in the volume.
            assert_eq!(got, [114.0, 115.0, 124.0, 125.0, 134.0, 135.0], "{flip:?}");
        }
        let mirrored_k = &network.encoded[1];
        assert_eq!((&mirrored_k.1[..], &mirrored_k.2[..]), (&[1, 3, 4, 6][..], &[-1.5, 0.0, 2.0][..]));
        let mirrored_ji = &network.decoded[6];
        assert_eq!(mirrored_ji.0, Some(Window { row: 0, column: 0, height: 3, width: 2 }));
        let maps = mirrored_ji.1.as_ref().expect("it takes clicks");
        assert_eq!(maps.shape(), [1, 2, 4, 6]);
        assert_eq!(maps[[0, 1, 0, 0]], clicks[[0, 1, 0, 3, 5]]);
    }

    #[test]
    fn as_fed_slices_of_several_channels_go_in_channel_by_channel() {
        let spec = made::slice();
        let mut network = Arithmetic::new(middle);
        let runner = Runner::new(&mut network, &spec, 0);
        let fed = runner.as_fed(&image((1, 2, 3, 2, 2)), Flip::default());
        assert_eq!(fed.shape(), [1, 6, 2, 2]);
        assert_eq!((0..6).map(|n| fed[[0, n, 0, 0]]).collect::<Vec<_>>(), [0.0, 100.0, 200.0, 1000.0, 1100.0, 1200.0]);
        let turned = runner.as_fed(&image((1, 2, 3, 2, 2)), Flip { k: true, ..Flip::default() });
        assert_eq!(
            (0..6).map(|n| turned[[0, n, 0, 0]]).collect::<Vec<_>>(),
            [200.0, 100.0, 0.0, 1200.0, 1100.0, 1000.0]
        );
    }

    #[test]
    fn settled_is_the_mean_of_the_members_logits() {
        let mut spec = made::slice();
        spec.members = made::members(3);
        let mut network = Arithmetic::new(|image, member, _, _| {
            let own = image.slice(s![0, 0..1, .., ..]).to_owned().into_dyn();
            own.mapv_into(|x| x + [0.0, 3.0, 6.0][member])
        });
        let mut runner = Runner::new(&mut network, &spec, 0);
        let input = Input { image: image((1, 1, 1, 2, 2)), offsets_mm: vec![0.0], clicks: None, handed: None };
        let all = runner.encode_all(&input, &CancelToken::new()).unwrap();
        let logits = runner.settled(&all, None, &CancelToken::new()).unwrap();
        assert_eq!(logits.iter().copied().collect::<Vec<_>>(), [3.0, 4.0, 13.0, 14.0]);
    }

    #[test]
    fn sample_of_a_network_with_random_inputs_never_decodes_one_alone_and_any_batch_gives_the_same() {
        let mut spec = made::slice();
        spec.random.noise = vec![network::Noise::standard("noise", 1)];
        let drawn = |batch: usize| {
            let mut network = Arithmetic::new(|image, _, draws, row| {
                let noise = draws.noise[0][[row, 0]];
                image.slice(s![0, 0..1, .., ..]).mapv(|x| x + noise).into_dyn()
            });
            let mut runner = Runner::new(&mut network, &spec, 5);
            let input = Input { image: image((1, 1, 1, 1, 2)), offsets_mm: vec![0.0], clicks: None, handed: None };
            let seen = runner.encode(&input, 0, Flip::default(), &CancelToken::new()).unwrap();
            let mut got = vec![0.0; 9];
            let mut put = |s: usize, logits: ArrayView4<'_, f32>| {
                got[s] = logits[[0, 0, 0, 1]];
                Ok(())
            };
            let samples: Vec<usize> = (0..9).collect();
            let (uncertainty, threshold) = (Uncertainty::Entropy, 0.5);
            let sampling = Sampling { seed: 5, samples: 9, batch, threshold, uncertainty, kinds: &[] };
            let calls = Calls { samples: &samples, sampling: &sampling, tell: &mut |_| Ok(()), put: &mut put };
            runner.sample(&seen, None, 2, calls, &CancelToken::new()).unwrap();
            let rows: Vec<usize> = network.decoded.iter().map(|call| call.2).collect();
            (got, rows)
        };
        let (one_by_one, rows) = drawn(1);
        assert_eq!(rows, [2, 2, 2, 2, 2]);
        let (together, rows) = drawn(9);
        assert_eq!((one_by_one, rows), (together, vec![9]));
    }
}
