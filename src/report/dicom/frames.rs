//! The frames of a segmentation and their pixels: bits of outlines, bytes of maps.
//!
//! Every slice of the CT has a frame in every segment, also where that is empty: viewers that reckon a place from the
//! number of a frame show an object without them shifted.

use ndarray::{ArrayView3, Axis};

use super::segments::Segment;
use crate::{error::Result, limits::MAX_DICOM_PIXEL_BYTES, memory, progress::CancelToken};

/// The largest stored value of a map.
pub const MAP_MAXIMUM: u8 = 255;

/// One frame: a slice of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Number of the segment, from 1.
    pub segment: u16,
    /// Slice of the CT, from 0.
    pub slice: usize,
}

/// Frames and their pixels, in the same order.
#[derive(Debug)]
pub struct Frames {
    pub list: Vec<Frame>,
    pub pixels: Vec<u8>,
}

/// One bit a pixel, the first in the lowest bit, on across the ends of frames (PS3.5 8.1.1, PS3.3 C.8.20.2). Where all
/// frames would take more than [`MAX_DICOM_PIXEL_BYTES`], empty ones are left out.
///
/// # Errors
/// [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
pub fn of_outlines(labels: ArrayView3<'_, u16>, segments: &[Segment<'_>], cancel: &CancelToken) -> Result<Frames> {
    let (slices, rows, columns) = labels.dim();
    let bytes_of = |frames: usize| (frames * rows * columns).div_ceil(8);
    let keeps_all = bytes_of(segments.len() * slices) <= MAX_DICOM_PIXEL_BYTES;
    let shown = |segment: &Segment<'_>| if keeps_all { (0..slices).collect() } else { segment.slices.clone() };
    let mut frames = Frames { list: Vec::new(), pixels: Vec::new() };
    for segment in segments {
        let shown = shown(segment);
        let (first, bytes) = (frames.list.len(), bytes_of(frames.list.len() + shown.len()));
        let more = bytes - frames.pixels.len();
        memory::grow(&mut frames.pixels, more, "a DICOM segmentation")?;
        frames.pixels.resize(bytes, 0);
        for (n, slice) in shown.iter().enumerate().filter(|(_, slice)| segment.slices.contains(slice)) {
            cancel.check()?;
            let plane = labels.index_axis(Axis(0), *slice);
            let first = (first + n) * rows * columns;
            for (at, _) in plane.iter().enumerate().filter(|(_, id)| segment.labels.contains(id)) {
                frames.pixels[(first + at) / 8] |= 1 << ((first + at) % 8);
            }
        }
        frames.list.extend(shown.into_iter().map(|slice| Frame { segment: segment.number, slice }));
    }
    Ok(frames)
}

/// One byte a pixel: [`MAP_MAXIMUM`] is `maximum`.
///
/// # Errors
/// As [`of_outlines`].
pub fn of_map(map: ArrayView3<'_, f32>, maximum: f32, cancel: &CancelToken) -> Result<Frames> {
    let mut pixels = memory::vec(map.len(), "a DICOM segmentation")?;
    for plane in map.outer_iter() {
        cancel.check()?;
        pixels.extend(plane.iter().map(|value| (value / maximum * f32::from(MAP_MAXIMUM)).round() as u8));
    }
    let list = (0..map.dim().0).map(|slice| Frame { segment: 1, slice }).collect();
    Ok(Frames { list, pixels })
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, array};

    use super::*;
    use crate::{findings::nodule::Nodule, report::dicom::codes::LUNG};

    fn segment(nodule: &Nodule, number: u16, labels: Vec<u16>, slices: Vec<usize>) -> Segment<'_> {
        let (tracking_id, tracking_uid) = (String::new(), String::new());
        Segment { number, nodule, labels, slices, finding: LUNG, colour: [0; 3], tracking_id, tracking_uid }
    }

    #[test]
    fn outlines_go_on_bit_by_bit_across_the_ends_of_frames_and_empty_ones_stay() {
        let nodule = Nodule::unmeasured(1, [[0.0; 3]; 2], 1.0);
        let labels = array![[[1u16, 0, 2]], [[0, 0, 0]], [[0, 1, 1]]];
        let segments = [
            segment(&nodule, 1, vec![1], vec![0, 2]),
            segment(&nodule, 2, vec![2], vec![0]),
            segment(&nodule, 3, vec![1, 2], vec![0, 2]),
        ];
        let frames = of_outlines(labels.view(), &segments, &CancelToken::new()).unwrap();
        let expected: Vec<Frame> =
            (1..=3).flat_map(|segment| (0..3).map(move |slice| Frame { segment, slice })).collect();
        assert_eq!(frames.list, expected);
        // 100 000 011, 001 000 000, 101 000 011, the first bit the lowest.
        let bits = "100000011001000000101000011";
        let bit = |n: usize| frames.pixels[n / 8] >> (n % 8) & 1;
        assert_eq!((0..27).map(|n| bit(n).to_string()).collect::<String>(), bits);
        assert_eq!(frames.pixels.len(), 4);
    }

    #[test]
    fn map_s_largest_value_is_the_largest_byte() {
        let map = Array3::from_shape_vec((2, 1, 2), vec![0.0, 0.25, 0.125, 0.001]).unwrap();
        let frames = of_map(map.view(), 0.25, &CancelToken::new()).unwrap();
        assert_eq!(frames.pixels, [0, 255, 128, 1]);
        assert_eq!(frames.list, [Frame { segment: 1, slice: 0 }, Frame { segment: 1, slice: 1 }]);
    }

    #[test]
    fn frames_end_when_they_are_cancelled() {
        let token = CancelToken::new();
        token.cancel();
        let map = Array3::zeros((1, 1, 1));
        assert_eq!(of_map(map.view(), 1.0, &token).unwrap_err().name(), "E_CANCELLED");
    }
}
