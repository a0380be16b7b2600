//! Pictures of one nodule in both CTs, alike in place, direction and scale: an axial, a coronal and a sagittal slice each.
//!
//! Both CTs are sampled on the same square of mm, linear between voxels. Its directions are the current CT's axes; in the prior CT
//! they are turned by the rotation of the registration, without its stretch: a nodule doesn't stretch with a breath.

use maud::{Markup, html};

use super::super::{
    contour, image,
    view::{Plane, marks, mm},
};
use crate::{
    compare::{Row, scan::Scan, transform::Transform},
    report::{
        colour::lung_grey,
        comparison::{
            view::{label, side_mm, value},
            words,
        },
        words::one_line,
    },
    space::grid::dot,
};

/// Pixels along each side of a picture.
const PIXELS: usize = 160;

/// A nodule, and where each CT is cut.
pub struct Pair<'a> {
    row: &'a Row,
    side_mm: f64,
    prior: Cut<'a>,
    current: Cut<'a>,
}

/// How one CT is cut.
struct Cut<'a> {
    scan: &'a Scan,
    /// "prior" or "current".
    which: &'static str,
    /// RAS of the pictures' middle.
    middle: [f64; 3],
    /// Number of the nodule in its label map; none where it isn't outlined.
    id: Option<u16>,
    /// Unit vectors (RAS) along the current CT's axes, turned into this CT.
    axes: [[f64; 3]; 3],
}

/// One picture and what stands below it.
pub struct Side {
    /// The drawing.
    pub svg: Markup,
    /// Which CT and plane it is.
    pub caption: String,
}

impl<'a> Pair<'a> {
    /// Of a row of a comparison of `prior` and `current`.
    pub fn of(prior: &'a Scan, current: &'a Scan, to_prior: &Transform, row: &'a Row) -> Self {
        let axes = current.ct.grid.direction;
        let rotation = to_prior.rotation_part();
        let turned = axes.map(|axis| rotation.map(|by| dot(by, axis)));
        let id = |finding: &Option<crate::compare::scan::Finding>| finding.as_ref().and_then(|finding| finding.id);
        Pair {
            row,
            side_mm: side_mm(row),
            prior: Cut {
                scan: prior,
                which: "prior",
                middle: row.place_in_prior_ras,
                id: id(&row.prior),
                axes: turned,
            },
            current: Cut {
                scan: current,
                which: "current",
                middle: row.place_in_current_ras,
                id: id(&row.current),
                axes,
            },
        }
    }

    /// The prior and the current CT in one plane.
    pub fn sides(&self, plane: Plane) -> [Side; 2] {
        [&self.prior, &self.current].map(|cut| cut.side(plane, self.side_mm, self.row))
    }
}

impl Cut<'_> {
    fn side(&self, plane: Plane, side_mm: f64, row: &Row) -> Side {
        let date = self.scan.date.as_ref().map_or(String::new(), |date| format!(", {}", one_line(date)));
        let outlined = if self.id.is_some() { " with its outline" } else { ", not outlined" };
        let label = format!("{}, {} CT around {}{outlined}", plane.name, self.which, words::name(row));
        Side { svg: self.svg(plane, side_mm, &label), caption: format!("{}, {}{date}", plane.name, self.which) }
    }

    /// The voxel index (not rounded) of a pixel.
    fn voxel(&self, plane: Plane, side_mm: f64, x: usize, y: usize) -> [f64; 3] {
        let away = |pixel: usize| ((pixel as f64 + 0.5) / PIXELS as f64 - 0.5) * side_mm;
        let down = if plane.upwards { -away(y) } else { away(y) };
        let [right, along] = [self.axes[plane.axes[0]], self.axes[plane.axes[1]]];
        let ras = std::array::from_fn(|a| self.middle[a] + away(x) * right[a] + down * along[a]);
        self.scan.ct.grid.ijk(ras)
    }

    fn svg(&self, plane: Plane, side_mm: f64, words: &str) -> Markup {
        let voxels: Vec<[f64; 3]> =
            (0..PIXELS * PIXELS).map(|n| self.voxel(plane, side_mm, n % PIXELS, n / PIXELS)).collect();
        let grey: Vec<u8> = voxels.iter().map(|voxel| value(&self.scan.ct, *voxel).map_or(0, lung_grey)).collect();
        let labels: Vec<u16> = voxels.iter().map(|voxel| label(self.scan, *voxel).unwrap_or(0)).collect();
        let at = |x: usize, y: usize| labels[PIXELS * y + x];
        let size = [PIXELS; 2];
        let own = contour::path(size, |x, y| at(x, y) > 0 && Some(at(x, y)) == self.id);
        let others = contour::path(size, |x, y| at(x, y) > 0 && Some(at(x, y)) != self.id);
        html! {
            svg viewBox=(format!("0 0 {side} {side}", side = mm(side_mm))) role="img" aria-label=(words) {
                rect class="empty" width="100%" height="100%" {}
                svg width="100%" height="100%" viewBox=(format!("0 0 {PIXELS} {PIXELS}")) {
                    image class="ct" width=(PIXELS) height=(PIXELS) href=(image::grey(size, &grey)) {}
                    g transform="scale(.5)" {
                        @for (class, path) in [("others", others), ("own", own)] {
                            @if !path.is_empty() { path class=(class) d=(path) {} }
                        }
                    }
                }
                (marks(plane, side_mm))
            }
        }
    }
}
