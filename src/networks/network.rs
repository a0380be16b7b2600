//! What a kind needs of a network, whatever its graphs are: a trait, so that tests put arithmetic in its place.

use ndarray::{Array2, ArrayD, ArrayViewD};

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

/// What a decoder is fed beside what was encoded and drawn; all of it belongs to the whole encoded image.
#[derive(Debug, Clone, Default)]
pub struct Fed<'a> {
    /// (1, 2, …), for networks that take clicks.
    pub clicks: Option<ArrayViewD<'a, f32>>,
    /// For a hybrid's fine network that is handed something.
    pub handed: Option<&'a Handed>,
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
}
