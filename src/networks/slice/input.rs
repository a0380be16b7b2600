//! A slice with its neighbours, as a network is fed it.

use ndarray::{Array5, Axis, s};

use super::{
    area::Area,
    neighbours::{SliceAxis, neighbours, stack},
};
use crate::{
    contract::network::Network,
    networks::{clicks::Clicks, images::Images, runner::Input},
};

/// Slice `n` of `axis` over what `area` encodes.
pub fn input(
    spec: &Network,
    images: &Images<'_>,
    clicks: &Clicks,
    (axis, n): (&SliceAxis, usize),
    area: &Area,
) -> Input {
    let near = neighbours(spec, axis, n);
    let (top, left) = (area.encoded.top, area.encoded.left);
    let rows = area.rows.native_taps(top..area.encoded.bottom);
    let columns = area.columns.native_taps(left..area.encoded.right);
    let mut image = Array5::zeros((1, images.channels.len(), near.len(), rows.len(), columns.len()));
    for (n, channel) in images.channels.iter().enumerate() {
        let mut slices = stack(channel.voxels, &near, &rows, &columns);
        channel.scale.apply_to(&mut slices);
        image.slice_mut(s![0, n, .., .., ..]).assign(&slices);
    }
    let spacing_mm = images.grid.spacing_mm;
    let clicks = spec.clicks.as_ref().map(|wanted| {
        let pixels = area.pixels(images.grid, axis.position(n) * spacing_mm[2]);
        clicks.maps(&pixels, spacing_mm, wanted.decay_mm).insert_axis(Axis(1)).insert_axis(Axis(0))
    });
    Input { image, offsets_mm: near.into_iter().map(|n| n.offset_mm).collect(), clicks, handed: None }
}
