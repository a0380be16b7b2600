//! Long and short axis as a reader measures them (RECIST 1.1; Fleischner 2017): the longest diameter in any axial
//! slice, and the longest extent at right angles to it in the same slice.
//!
//! A pixel counts as the ellipse that fits into it, and lengths are taken between the far sides of these: a one-pixel
//! nodule has the size of a pixel, whatever the direction. Of a digital disc the long axis, which is the longest of all
//! directions, is too long by half a pixel on average and by one at most.

use crate::findings::canonical::Canonical;
use crate::{error::Result, progress::CancelToken, space::volume::Voi};

/// Directions that are tried, evenly over half a turn: the long axis is at most 0.1 % short.
const DIRECTIONS: usize = 72;

/// Long and short axis in mm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axes {
    /// Longest diameter.
    pub long_mm: f64,
    /// Longest extent at right angles to it, in the same slice.
    pub short_mm: f64,
}

impl Axes {
    /// The axes of nodule `id`, which lies in `voi`.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn of(maps: &Canonical<'_>, id: u16, voi: &Voi, cancel: &CancelToken) -> Result<Self> {
        let [x_mm, y_mm, _] = maps.ct.grid.spacing_mm;
        let mut slices = (voi.start[2]..voi.end[2]).map(|k| {
            cancel.check()?;
            let rows = voi.start[1]..voi.end[1];
            let points: Vec<[f64; 2]> = rows
                .flat_map(|j| (voi.start[0]..voi.end[0]).map(move |i| (j, i)))
                .filter(|(j, i)| maps.labels[[k, *j, *i]] == id)
                .map(|(j, i)| [i as f64 * x_mm, j as f64 * y_mm])
                .collect();
            Ok(Self::of_points(&points, [x_mm, y_mm]))
        });
        slices.try_fold(Axes { long_mm: 0.0, short_mm: 0.0 }, |best, axes| {
            let axes = axes?;
            Ok(if axes.long_mm > best.long_mm { axes } else { best })
        })
    }

    /// The axes of the pixels with these centres and this size.
    fn of_points(points: &[[f64; 2]], pixel_mm: [f64; 2]) -> Self {
        let direction = |n: usize| (n as f64 * std::f64::consts::PI / DIRECTIONS as f64).sin_cos();
        let widths: Vec<f64> = (0..DIRECTIONS).map(|n| extent(points, pixel_mm, direction(n))).collect();
        let longest = (0..DIRECTIONS).fold(0, |best, n| if widths[n] > widths[best] { n } else { best });
        Axes { long_mm: widths[longest], short_mm: widths[(longest + DIRECTIONS / 2) % DIRECTIONS] }
    }
}

/// Extent of pixels along a direction (sine, cosine), between the far sides of the ellipses in them.
fn extent(points: &[[f64; 2]], pixel_mm: [f64; 2], (sin, cos): (f64, f64)) -> f64 {
    if points.is_empty() {
        return 0.0;
    }
    let along = points.iter().map(|[x, y]| x * cos + y * sin);
    let (low, high) = along.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
    high - low + 1.0 / (cos / pixel_mm[0]).hypot(sin / pixel_mm[1])
}
