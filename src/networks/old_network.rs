//! What the pipeline needs from a network: encoder and decoder as a trait, so that tests can put arithmetic there.

use ndarray::{Array2, Array4, Array5, ArrayView3, ArrayView4};

use crate::{error::Result, progress::CancelToken};

/// A rectangle of model pixels inside an encoded region: first row and column, then height and width.
///
/// All four are multiples of the bundle's `input.multiple`.
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

/// Encoder, decoder and judge of one bundle.
pub trait Network {
    /// What the encoder leaves behind; it stays where it was made (host or device).
    type Embedding;

    /// Encodes a slice with its neighbours.
    ///
    /// `slices`: (1, S, H, W) in [0, 1]. `offsets_mm`: S distances from the centre slice.
    ///
    /// # Errors
    /// [`crate::Error::Inference`] or [`crate::Error::Cancelled`].
    fn encode(
        &mut self,
        slices: ArrayView4<'_, f32>,
        offsets_mm: &[f32],
        cancel: &CancelToken,
    ) -> Result<Self::Embedding>;

    /// Decodes a window of an encoded slice under T dropout masks.
    ///
    /// `masks`: one (T, C) array a dropout input, in the bundle's order. `clicks`: (2, H, W) over the whole encoded
    /// region, for bundles that take clicks. Returns logits (T, K, height, width).
    ///
    /// # Errors
    /// As [`Network::encode`].
    fn decode(
        &mut self,
        embedding: &Self::Embedding,
        window: Window,
        masks: &[Array2<f32>],
        clicks: Option<ArrayView3<'_, f32>>,
        cancel: &CancelToken,
    ) -> Result<Array4<f32>>;

    /// Logits of N patches (N, 3, D, H, W) that they show a nodule.
    ///
    /// # Errors
    /// As [`Network::encode`].
    fn judge(&mut self, patches: Array5<f32>, cancel: &CancelToken) -> Result<Vec<f32>>;
}
