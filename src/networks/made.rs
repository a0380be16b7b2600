//! Networks for tests: contracts made by hand, and arithmetic in the place of graphs.

use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn, Slice};

use super::{
    handed::Handed,
    network::{Draws, Fed, Network as Graphs, Window},
};
use crate::{
    contract::network::{Blend, Calibration, Grid, Hybrid, Kind, Member, Network, Random, Scout},
    error::Result,
    progress::CancelToken,
};

/// `count` members, of no file.
pub fn members(count: usize) -> Vec<Member> {
    vec![Member { encoder: None, decoder: None, graph: None }; count]
}

/// A slice network of one member on the CT's own pixels, with nothing random in it.
pub fn slice() -> Network {
    Network {
        kind: Kind::Slice,
        grid: Grid { multiple: 1, ..Grid::default() },
        neighbours: None,
        whole_slice: false,
        halo_px: 0,
        scout: Scout::default(),
        members: members(1),
        tensors: None,
        random: Random::default(),
        clicks: None,
        calibration: Calibration::default(),
        hybrid: None,
    }
}

/// A patch network of boxes of `size` on the CT's own voxels; half a box overlaps, all voxels count the same.
pub fn patch(size: [usize; 3]) -> Network {
    let grid =
        Grid { multiple: 1, size: Some(size), overlap: Some(0.5), blend: Some(Blend::Constant), ..Grid::default() };
    Network { kind: Kind::Patch, grid, ..slice() }
}

/// A hybrid of these two.
pub fn hybrid(coarse: Network, fine: Network, share_of_slices: f64, fine_weights: Vec<f64>) -> Network {
    let (prompts, features) = (None, Vec::new());
    let hybrid = Hybrid { coarse, fine, share_of_slices, fine_weights, prompts, features };
    Network { kind: Kind::Hybrid, members: Vec::new(), hybrid: Some(Box::new(hybrid)), ..slice() }
}

/// What a member's decoder makes of an encoded image (1, channels, …): logits (K, …) of one sample. Told are the member, the
/// draws, and which row of them.
pub type Decode = fn(&ArrayD<f32>, usize, &Draws, usize) -> ArrayD<f32>;

/// A network by arithmetic. The encoder keeps the image; the decoder is a function.
pub struct Arithmetic {
    decode: Decode,
    /// Member, image's shape and offsets of each encoder call.
    pub encoded: Vec<(usize, Vec<usize>, Vec<f32>)>,
    /// Window, clicks' shape and number of samples of each decoder call.
    pub decoded: Vec<(Option<Window>, Option<ArrayD<f32>>, usize)>,
    /// What each decoder call was handed.
    pub handed: Vec<Handed>,
    /// What it gives beside logits, of the image.
    pub features: fn(&ArrayD<f32>) -> Vec<ArrayD<f32>>,
}

impl Arithmetic {
    /// A network whose decoder is `decode`.
    pub fn new(decode: Decode) -> Self {
        Arithmetic { decode, encoded: Vec::new(), decoded: Vec::new(), handed: Vec::new(), features: |_| Vec::new() }
    }
}

impl Graphs for Arithmetic {
    type Encoded = (usize, ArrayD<f32>);

    fn encode(
        &mut self,
        member: usize,
        image: ArrayViewD<'_, f32>,
        offsets_mm: &[f32],
        cancel: &CancelToken,
    ) -> Result<Self::Encoded> {
        cancel.check()?;
        self.encoded.push((member, image.shape().to_vec(), offsets_mm.to_vec()));
        Ok((member, image.to_owned()))
    }

    fn decode(
        &mut self,
        (member, image): &Self::Encoded,
        window: Option<Window>,
        draws: &Draws,
        fed: Fed<'_>,
        cancel: &CancelToken,
    ) -> Result<ArrayD<f32>> {
        cancel.check()?;
        let random = !draws.dropout.is_empty() || !draws.noise.is_empty();
        let rows = if random { draws.samples } else { 1 };
        self.decoded.push((window, fed.clicks.map(|maps| maps.to_owned()), rows));
        self.handed.extend(fed.handed.cloned());
        let samples: Vec<ArrayD<f32>> = (0..rows).map(|row| (self.decode)(image, *member, draws, row)).collect();
        let mut shape = samples[0].shape().to_vec();
        shape.insert(0, rows);
        let mut logits = ArrayD::zeros(IxDyn(&shape));
        for (n, sample) in samples.iter().enumerate() {
            logits.index_axis_mut(Axis(0), n).assign(sample);
        }
        let Some(window) = window else { return Ok(logits) };
        let last = logits.ndim() - 1;
        let rows = Slice::from(window.row..window.row + window.height);
        let columns = Slice::from(window.column..window.column + window.width);
        Ok(logits.slice_axis(Axis(last - 1), rows).slice_axis(Axis(last), columns).to_owned())
    }
    fn decode_with_features(
        &mut self,
        encoded: &Self::Encoded,
        draws: &Draws,
        fed: Fed<'_>,
        cancel: &CancelToken,
    ) -> Result<(ArrayD<f32>, Vec<ArrayD<f32>>)> {
        let features = (self.features)(&encoded.1);
        Ok((self.decode(encoded, None, draws, fed, cancel)?, features))
    }
}
