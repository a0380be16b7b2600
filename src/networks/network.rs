//! What a kind needs of a network, whatever its graphs are: a trait, so that tests put arithmetic in its place.

use std::ops::Range;

use ndarray::{Array2, ArrayD, ArrayViewD, s};

use super::handed::Handed;
use crate::{error::Result, progress::CancelToken};

/// A rectangle of the network's pixels inside an encoded slice: first row and column, then height and width.
///
/// All four are multiples of the network's `grid.multiple`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First row.
    pub row: usize,
    /// First column.
    pub column: usize,
    /// Number of rows.
    pub height: usize,
    /// Number of columns.
    pub width: usize,
}

/// What is random in T samples, in the order of the contract.
#[derive(Debug, Clone, PartialEq)]
pub struct Draws {
    /// T.
    pub samples: usize,
    /// For each dropout input, factors (T, channels).
    pub dropout: Vec<Array2<f32>>,
    /// For each noise input, draws (T, rank).
    pub noise: Vec<Array2<f32>>,
}

impl Draws {
    /// The samples in so many shares, in their order, as even as can be; fewer where one had fewer than `least`.
    pub fn shares(&self, count: usize, least: usize) -> Vec<Draws> {
        let count = count.min(self.samples / least.max(1)).max(1);
        let start = |share: usize| share * self.samples / count;
        let rows = |all: &[Array2<f32>], rows: Range<usize>| -> Vec<Array2<f32>> {
            all.iter().map(|one| one.slice(s![rows.clone(), ..]).to_owned()).collect()
        };
        let share = |n: usize| {
            let own = start(n)..start(n + 1);
            Draws { samples: own.len(), dropout: rows(&self.dropout, own.clone()), noise: rows(&self.noise, own) }
        };
        (0..count).map(share).collect()
    }
}

/// What a decoder is fed beside what was encoded and drawn; all of it belongs to the whole encoded image.
#[derive(Debug, Clone, Default)]
pub struct Fed<'a> {
    /// (1, 2, …), for networks that take clicks.
    pub clicks: Option<ArrayViewD<'a, f32>>,
    /// For a hybrid's fine network that is handed something.
    pub handed: Option<&'a Handed>,
}

/// One call of a decoder.
#[derive(Debug)]
pub struct Call<'a, 'f, E> {
    /// What was encoded.
    pub encoded: &'a E,
    /// The part of it that is decoded; `None`: all.
    pub window: Option<Window>,
    /// Its samples.
    pub draws: &'a Draws,
    /// What it is fed besides.
    pub fed: Fed<'f>,
}

/// One call of an encoder, as [`Network::encode`] has it.
#[derive(Debug)]
pub struct Image<'a> {
    /// Whose encoder.
    pub member: usize,
    /// What is encoded.
    pub image: ArrayViewD<'a, f32>,
    /// For slices.
    pub offsets_mm: &'a [f32],
}

/// The members of one network.
pub trait Network {
    /// What an encoder leaves behind; it stays where it was made (host or device).
    type Encoded;

    /// Encodes an image with a member's encoder.
    ///
    /// `image`: (1, C · S, H, W) for slices, (1, C, D, H, W) for patches, normalised. `offsets_mm`: S distances from the slice
    /// that is answered for; empty for patches.
    ///
    /// # Errors
    /// [`crate::Error::Inference`], [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
    fn encode(
        &mut self,
        member: usize,
        image: ArrayViewD<'_, f32>,
        offsets_mm: &[f32],
        cancel: &CancelToken,
    ) -> Result<Self::Encoded>;

    /// The same for images of different members, side by side where that is quicker; in the order of the images.
    ///
    /// # Errors
    /// As [`Network::encode`].
    fn encode_each(&mut self, images: &[Image<'_>], cancel: &CancelToken) -> Result<Vec<Self::Encoded>> {
        images.iter().map(|of| self.encode(of.member, of.image.view(), of.offsets_mm, cancel)).collect()
    }

    /// Of how many members encoders are worth calling at once.
    fn members_at_once(&self) -> usize {
        1
    }

    /// Decodes what a member encoded, or a window of it, once for each of T samples.
    ///
    /// Returns logits (T, K, …) over the window, as the contract's `tensors.logits` has them.
    ///
    /// # Errors
    /// As [`Network::encode`].
    fn decode(
        &mut self,
        encoded: &Self::Encoded,
        window: Option<Window>,
        draws: &Draws,
        fed: Fed<'_>,
        cancel: &CancelToken,
    ) -> Result<ArrayD<f32>>;

    /// The same for several calls of one member, side by side where that is quicker; logits in the order of the calls.
    ///
    /// # Errors
    /// As [`Network::encode`].
    fn decode_each(&mut self, calls: &[Call<'_, '_, Self::Encoded>], cancel: &CancelToken) -> Result<Vec<ArrayD<f32>>> {
        let decode = |call: &Call<'_, '_, Self::Encoded>| {
            self.decode(call.encoded, call.window, call.draws, call.fed.clone(), cancel)
        };
        calls.iter().map(decode).collect()
    }

    /// How many images are worth encoding before any is decoded, because [`Network::decode_each`] is quicker with several.
    fn images_at_once(&self) -> usize {
        1
    }

    /// Decodes one sample of what a member encoded: its logits, then each of the features that a hybrid's coarse network
    /// gives, (1, channels, size / stride …) in the contract's order.
    ///
    /// # Errors
    /// As [`Network::encode`].
    fn decode_with_features(
        &mut self,
        encoded: &Self::Encoded,
        draws: &Draws,
        fed: Fed<'_>,
        cancel: &CancelToken,
    ) -> Result<(ArrayD<f32>, Vec<ArrayD<f32>>)>;

    /// Gives back memory that it holds for its calls; call it when there are none for a while.
    fn rest(&mut self) {}
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn shares_hold_every_sample_once_in_order_and_none_is_too_small() {
        let noise = Array2::from_shape_fn((9, 1), |(row, _)| row as f32);
        let draws = Draws { samples: 9, dropout: vec![noise.mapv(|x| -x)], noise: vec![noise] };
        let sizes = |count| draws.shares(count, 2).iter().map(|share| share.samples).collect::<Vec<_>>();
        assert_eq!((sizes(1), sizes(2), sizes(4), sizes(9)), (vec![9], vec![4, 5], vec![2, 2, 2, 3], vec![2, 2, 2, 3]));
        let second = &draws.shares(2, 2)[1];
        assert_eq!(second.noise[0], array![[4.0], [5.0], [6.0], [7.0], [8.0]]);
        assert_eq!(second.dropout[0][[4, 0]], -8.0);
        let one = Draws { samples: 1, dropout: Vec::new(), noise: Vec::new() };
        assert_eq!(one.shares(4, 2), std::slice::from_ref(&one));
    }
}
