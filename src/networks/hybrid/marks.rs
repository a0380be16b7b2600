//! Points and a box that show what the coarse network finds in a slice.
//!
//! Enters: the coarse foreground probability at the CT's pixels of a slice. Leaves: pixels of the CT, then places on the image
//! that the fine network is fed. The rule, which anyone can redo with a ruler:
//!
//! - *Inside* are the region's pixels whose probability is above the threshold.
//! - *Points inside*: first the pixel with the highest probability. Each next one is the pixel inside that lies farthest from
//!   all points before it (Euclidean distance of pixel centres, in mm).
//! - *Points outside*: the same among the region's pixels in a ring around what is inside, from the least probable one on.
//! - Of pixels that are equally far the one of the higher (outside: lower) probability is taken; of those that are equal in
//!   that too the one with the smaller row, then the smaller column.
//! - *Box*: from the first row and column inside to the last, grown by a margin, cut off where the image ends.
//!
//! Where nothing is inside there is no point, and the box is the whole image.
//!
//! All this is by the deterministic pass of the coarse network, not by its samples: so sample s is the same network whatever the
//! number of samples, and what a point costs is paid once a slice.

use ndarray::{Array2, ArrayView2, Axis, Zip};

use crate::{
    contract::hybrid::Prompts,
    error::Result,
    networks::{
        handed::{NO_POINT, Prompted},
        slice::area::Area,
    },
    progress::CancelToken,
    space::grid::Grid,
    steps::distance::squared_distance,
};

/// What is shown of a slice, in pixels (row, column) of the CT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    inside: Vec<[usize; 2]>,
    outside: Vec<[usize; 2]>,
    /// First and last pixel inside; `None`: nothing is.
    bounds: Option<[[usize; 2]; 2]>,
}

/// A pixel that may become a point.
struct Candidate {
    at: [usize; 2],
    /// How sure it belongs to its side.
    sure: f32,
    /// Squared distance to the nearest point so far.
    apart: f64,
}

/// Marks a slice by its foreground `probability`, within `region`. `spacing_mm` along j and i.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub fn mark(
    probability: &Array2<f32>,
    region: ArrayView2<'_, bool>,
    spacing_mm: [f64; 2],
    prompts: &Prompts,
    cancel: &CancelToken,
) -> Result<Marks> {
    let inside =
        Zip::from(probability).and(&region).map_collect(|p, searched| *searched && f64::from(*p) > prompts.threshold);
    let Some(bounds) = bounds(&inside) else {
        return Ok(Marks { inside: Vec::new(), outside: Vec::new(), bounds: None });
    };
    let [j_mm, i_mm] = spacing_mm;
    let distances = squared_distance(&inside.clone().insert_axis(Axis(0)), [1.0, j_mm, i_mm], cancel)?;
    let distances = distances.index_axis_move(Axis(0), 0);
    let [near, far] = prompts.ring_mm.map(|mm| (mm * mm) as f32);
    let ring = Zip::from(&distances).and(&region).map_collect(|d2, searched| *searched && *d2 > near && *d2 <= far);
    let among = |mask: &Array2<bool>, sure: fn(f32) -> f32| -> Vec<Candidate> {
        let pixels = mask.indexed_iter().filter(|(_, held)| **held);
        pixels
            .map(|((j, i), _)| Candidate { at: [j, i], sure: sure(probability[[j, i]]), apart: f64::INFINITY })
            .collect()
    };
    Ok(Marks {
        inside: spread(among(&inside, |p| p), prompts.positive, spacing_mm),
        outside: spread(among(&ring, |p| -p), prompts.negative, spacing_mm),
        bounds: Some(bounds),
    })
}

fn bounds(mask: &Array2<bool>) -> Option<[[usize; 2]; 2]> {
    let mut held = mask.indexed_iter().filter(|(_, held)| **held).map(|((j, i), _)| [j, i]);
    let first = held.next()?;
    Some(held.fold([first, first], |[low, high], at| {
        [[low[0].min(at[0]), low[1].min(at[1])], [high[0].max(at[0]), high[1].max(at[1])]]
    }))
}

/// `count` of the candidates, which come in rising order of rows and columns: each as far as can be from those before it.
fn spread(mut candidates: Vec<Candidate>, count: usize, [j_mm, i_mm]: [f64; 2]) -> Vec<[usize; 2]> {
    let mut points: Vec<[usize; 2]> = Vec::new();
    while points.len() < count.min(candidates.len()) {
        let better = |one: &Candidate, other: &Candidate| {
            one.apart.total_cmp(&other.apart).then(one.sure.total_cmp(&other.sure)).is_gt()
        };
        let first = &candidates[0];
        let [j, i] = candidates.iter().fold(first, |best, own| if better(own, best) { own } else { best }).at;
        points.push([j, i]);
        for candidate in &mut candidates {
            let [down, across] = [candidate.at[0].abs_diff(j) as f64 * j_mm, candidate.at[1].abs_diff(i) as f64 * i_mm];
            candidate.apart = candidate.apart.min(down * down + across * across);
        }
    }
    points
}

impl Marks {
    /// The marks on the image that a network is fed of `area`.
    pub fn on(&self, area: &Area, grid: &Grid, prompts: &Prompts) -> Prompted {
        let count = prompts.count();
        let mut prompted = Prompted {
            points: Array2::zeros((count, 2)),
            labels: vec![NO_POINT; count],
            bounds: self.bounds_on(area, grid, prompts.box_margin_mm),
        };
        let inside = self.inside.iter().enumerate().map(|(n, at)| (n, 1.0, at));
        let outside = self.outside.iter().enumerate().map(|(n, at)| (prompts.positive + n, 0.0, at));
        for (n, label, at) in inside.chain(outside) {
            let [y, x] = pixel(area, at.map(|voxel| voxel as f64));
            (prompted.points[[n, 0]], prompted.points[[n, 1]]) = (x as f32, y as f32);
            prompted.labels[n] = label;
        }
        prompted
    }

    fn bounds_on(&self, area: &Area, grid: &Grid, margin_mm: f64) -> [f32; 4] {
        let last = [area.encoded.bottom - area.encoded.top - 1, area.encoded.right - area.encoded.left - 1];
        let last = last.map(|n| n as f64);
        let Some([first, past]) = self.bounds else { return [0.0, 0.0, last[1] as f32, last[0] as f32] };
        let margin = [margin_mm / grid.spacing_mm[1], margin_mm / grid.spacing_mm[0]];
        let low = pixel(area, [0, 1].map(|axis| first[axis] as f64 - margin[axis]));
        let high = pixel(area, [0, 1].map(|axis| past[axis] as f64 + margin[axis]));
        let within = |at: [f64; 2], axis: usize| at[axis].clamp(0.0, last[axis]) as f32;
        [within(low, 1), within(low, 0), within(high, 1), within(high, 0)]
    }
}

/// Where a place of the CT's plane, in voxels (row, column), lies on the image.
fn pixel(area: &Area, [j, i]: [f64; 2]) -> [f64; 2] {
    [area.rows.to_pixel(j) - area.encoded.top as f64, area.columns.to_pixel(i) - area.encoded.left as f64]
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::{networks::made, space::volume::Voi};

    fn prompts(positive: usize, negative: usize) -> Prompts {
        let names = r#""points": "p", "labels": "l", "box": "b", "ring_mm": [1.5, 3.0], "box_margin_mm": 1.5"#;
        let json = format!(r#"{{ {names}, "positive": {positive}, "negative": {negative} }}"#);
        serde_json::from_str(&json).expect("as the contract has it")
    }

    /// 8 rows and 10 columns; inside are rows 3 and 4, columns 2 to 5.
    fn bar() -> Array2<f32> {
        Array2::from_shape_fn((8, 10), |(j, i)| match (j, i) {
            (3, 4) => 0.9,
            (3..=4, 2..=5) => 0.7,
            (6, 5) => 0.01,
            _ => 0.1,
        })
    }

    fn marked(positive: usize, negative: usize, spacing_mm: [f64; 2]) -> Marks {
        let region = Array2::from_elem((8, 10), true);
        mark(&bar(), region.view(), spacing_mm, &prompts(positive, negative), &CancelToken::new()).unwrap()
    }

    #[test]
    fn mark_of_a_bar_begins_where_it_is_surest_and_goes_on_farthest_from_what_it_has() {
        let marks = marked(4, 2, [1.0; 2]);
        // From (3, 4): (4, 2) is 5 mm² off, the farthest. Then (3, 5) and (4, 5), which are 1 and 2 from (3, 4); (3, 2) is
        // 1 and (4, 4) is 1, (3, 3) is 1, (4, 3) is 1. So (4, 5); then all that is left is 1 off: the first is (3, 2).
        assert_eq!(marks.inside, [[3, 4], [4, 2], [4, 5], [3, 2]]);
        assert_eq!(marks.bounds, Some([[3, 2], [4, 5]]));
        // In the ring, 2 to 3 mm off, (6, 5) is the least probable; from there (0, 2) and (0, 3) … of row 0 are 6 off, (1, 0)
        // is √50 off: 25 + 25; its distance to (3, 2) is √8, in the ring. (0, 0) isn't: √13. (0, 2) is √45.
        assert_eq!(marks.outside, [[6, 5], [1, 0]]);
    }

    #[test]
    fn mark_of_pixels_that_are_no_squares_measures_in_mm() {
        // Rows are 4 mm apart: (4, 5) is √(16 + 1) from (3, 4), (4, 2) is √(16 + 4), and still the farthest.
        let marks = marked(3, 1, [4.0, 1.0]);
        // (4, 5) is 3 from (4, 2); (3, 2) and (4, 4) are 2 from one of them.
        assert_eq!(marks.inside, [[3, 4], [4, 2], [4, 5]]);
        // No other row lies within 3 mm: of columns 0, 7 and 8 of rows 3 and 4 the first.
        assert_eq!(marks.outside, [[3, 0]]);
    }

    #[test]
    fn mark_of_fewer_pixels_than_points_takes_each_once_and_the_region_bounds_both_sides() {
        let region = Array2::from_shape_fn((8, 10), |(j, i)| j == 3 && i < 4);
        let marks = mark(&bar(), region.view(), [1.0; 2], &prompts(10, 3), &CancelToken::new()).unwrap();
        assert_eq!((marks.inside.as_slice(), marks.bounds), (&[[3, 2], [3, 3]][..], Some([[3, 2], [3, 3]])));
        assert_eq!(marks.outside, [[3, 0]]);
        let nothing = Array2::zeros((8, 10));
        let none = mark(&nothing, region.view(), [1.0; 2], &prompts(10, 3), &CancelToken::new()).unwrap();
        assert_eq!((none.inside.len(), none.outside.len(), none.bounds), (0, 0, None));
    }

    #[test]
    fn on_puts_marks_where_the_image_has_them_and_fills_up_with_none() {
        // Pixels of 0.5 mm, of voxels of 1 mm; the image begins at row 2, column 1 of the CT.
        let mut spec = made::slice();
        spec.grid.spacing_mm = [None, Some(0.5), Some(0.5)];
        let grid = Grid::axial([10, 8, 3], [1.0; 3]);
        let area = Area::around(&Voi { start: [1, 2, 1], end: [7, 6, 2] }, &grid, &spec);
        assert_eq!((area.encoded.top, area.encoded.left, area.encoded.bottom, area.encoded.right), (4, 2, 11, 13));
        let on = marked(2, 2, [1.0; 2]).on(&area, &grid, &prompts(3, 2));
        assert_eq!(on.points, array![[6.0, 2.0], [2.0, 4.0], [0.0, 0.0], [8.0, 8.0], [-2.0, -2.0]]);
        assert_eq!(on.labels, [1.0, 1.0, NO_POINT, 0.0, 0.0]);
        // Columns 2 to 5 and rows 3 to 4 are pixels 2 to 8 and 2 to 4; 1.5 mm are three; the image has 11 and 7 pixels.
        assert_eq!(on.bounds, [0.0, 0.0, 10.0, 6.0]);
        let none = Marks { inside: Vec::new(), outside: Vec::new(), bounds: None }.on(&area, &grid, &prompts(1, 1));
        assert_eq!((none.labels.as_slice(), none.bounds), (&[NO_POINT; 2][..], [0.0, 0.0, 10.0, 6.0]));
    }
}
