//! Pictures of a nodule: an axial stack of slices, a coronal and a sagittal slice, each an SVG with the CT (lung window), the
//! uncertainty as heat, and outlines.
//!
//! Voxels are embedded as they are, and the browser scales them; nothing is interpolated here. Views follow the radiological
//! convention: the patient's right is on the left, in a sagittal slice the front; the head is on top.

use maud::{Markup, html};
use ndarray::Array3;

use super::{contour, image};
use crate::{
    findings::{canonical::Canonical, nodule::Nodule, samples::Territory},
    limits::{MAX_REPORT_OUTLINES, MAX_REPORT_SLICES},
    progress::CancelToken,
    report::{
        colour::lung_grey,
        views::{fullest, side_mm},
        words::name,
    },
    space::volume::Voi,
};

/// Slices beyond the nodule on each side, where the stack has room for them.
const MARGIN_SLICES: usize = 2;
/// A picture is at least so much larger than the nodule.
const ROOM: f64 = 1.3;
/// Rows that each slice of a stack has above and below itself: its own first and last once more, so that a browser which
/// smooths mixes no other slice into them.
const GUTTER: usize = 1;

/// What pictures are drawn from.
#[derive(Debug, Clone, Copy)]
pub struct Drawn<'a> {
    /// The maps.
    pub maps: Canonical<'a>,
    /// Where uncertainty is shown.
    pub near: &'a Array3<bool>,
    /// The largest uncertainty there can be.
    pub maximum: f32,
}

/// A way to cut the volume.
#[derive(Debug, Clone, Copy)]
pub struct Plane {
    /// What it is called.
    pub name: &'static str,
    /// The canonical axes that run to the right, downwards and through the picture.
    pub axes: [usize; 3],
    /// Whether the picture's rows run against their axis.
    pub upwards: bool,
    /// The patient's directions at the left, right and top.
    marks: [&'static str; 3],
}

pub const AXIAL: Plane = Plane { name: "Axial", axes: [0, 1, 2], upwards: false, marks: ["R", "L", "A"] };
pub const CORONAL: Plane = Plane { name: "Coronal", axes: [0, 2, 1], upwards: true, marks: ["R", "L", "S"] };
pub const SAGITTAL: Plane = Plane { name: "Sagittal", axes: [1, 2, 0], upwards: true, marks: ["A", "P", "S"] };

/// A nodule with all that its pictures need.
pub struct Subject<'a> {
    drawn: Drawn<'a>,
    nodule: &'a Nodule,
    voi: Voi,
    side_mm: f64,
    /// The box that the samples' outlines lie in, and for each shown sample its voxels there.
    samples: (Voi, Vec<Array3<bool>>),
}

/// A picture, and what is to be said of it.
pub struct Picture {
    /// The drawing.
    pub svg: Markup,
    /// The slices that it holds, from 0, along the plane's third axis; one unless it is a stack.
    pub slices: Vec<usize>,
    /// Which of them is shown first.
    pub first: usize,
    /// How many slices the CT has that way.
    pub of: usize,
}

impl<'a> Subject<'a> {
    /// A nodule with canonical voxel indices, whose voxels lie in `voi`.
    ///
    /// # Errors
    /// [`crate::Error::OutOfMemory`] or [`crate::Error::Cancelled`].
    pub fn of(drawn: Drawn<'a>, nodule: &'a Nodule, voi: Voi, cancel: &CancelToken) -> crate::Result<Self> {
        let grid = &drawn.maps.ct.grid;
        let extent = (0..3).map(|axis| voi.size()[axis] as f64 * grid.spacing_mm[axis]).fold(0.0, f64::max);
        let territory = Territory::around(drawn.maps.labels, nodule.id, &voi, grid);
        let [width, height, depth] = territory.voi.size();
        let (held, mut samples) = (territory.held(drawn.maps.samples), Vec::new());
        for sample in spread(drawn.maps.samples.samples(), MAX_REPORT_OUTLINES) {
            let mut mask = vec![false; width * height * depth];
            let outline = held.outline(sample, cancel)?;
            outline.into_iter().for_each(|voxel| mask[voxel as usize] = true);
            samples.push(Array3::from_shape_vec((depth, height, width), mask).expect("a flag a voxel of the box"));
        }
        let side_mm = side_mm(nodule).max(extent * ROOM);
        Ok(Subject { drawn, nodule, voi, side_mm, samples: (territory.voi, samples) })
    }

    /// The stack of axial slices, which begins with `first`.
    pub fn stack(&self, first: usize) -> Picture {
        self.picture(AXIAL, stack(&self.voi, first, self.drawn.maps.ct.grid.dims[2]), first)
    }

    /// The slice of a plane that shows most of the nodule.
    pub fn slice(&self, plane: Plane) -> Picture {
        let axis = plane.axes[2];
        let middle = self.nodule.centroid_ijk[axis].round() as usize;
        let slice = fullest(self.drawn.maps.labels, self.nodule.id, &self.voi, axis, middle);
        self.picture(plane, vec![slice], slice)
    }

    fn picture(&self, plane: Plane, slices: Vec<usize>, first: usize) -> Picture {
        let window = Window::around(self.nodule, self.side_mm, plane, self.drawn);
        let first = slices.iter().position(|slice| *slice == first).unwrap_or(0);
        let svg = window.svg(self, &slices, first);
        Picture { svg, slices, first, of: self.drawn.maps.ct.grid.dims[plane.axes[2]] }
    }

    /// Whether the `n`-th shown sample has a voxel in its outline.
    fn in_sample(&self, n: usize, [k, j, i]: [usize; 3]) -> bool {
        let (voi, masks) = &self.samples;
        let place = [k.checked_sub(voi.start[2]), j.checked_sub(voi.start[1]), i.checked_sub(voi.start[0])];
        let [Some(k), Some(j), Some(i)] = place else { return false };
        masks[n].get((k, j, i)).copied().unwrap_or(false)
    }
}

/// At most `most` of `count` things, evenly spread.
fn spread(count: usize, most: usize) -> Vec<usize> {
    let shown = count.min(most);
    (0..shown).map(|n| n * count / shown).collect()
}

/// The slices of a stack: around the nodule, `first` among them, evenly spaced.
pub(super) fn stack(voi: &Voi, first: usize, slices: usize) -> Vec<usize> {
    let [start, end] = [voi.start[2], voi.end[2]];
    let margin = (MAX_REPORT_SLICES.saturating_sub(end - start) / 2).max(MARGIN_SLICES);
    let [start, end] = [start.saturating_sub(margin), (end + margin).min(slices)];
    let step = (end - start).div_ceil(MAX_REPORT_SLICES).max(1);
    (start..end).filter(|slice| slice.abs_diff(first) % step == 0).collect()
}

/// The voxels of a plane that a picture shows.
struct Window<'a> {
    drawn: Drawn<'a>,
    plane: Plane,
    side_mm: f64,
    /// First column and row of the plane.
    start: [usize; 2],
    /// Columns and rows.
    size: [usize; 2],
    /// Left and top of the first voxel in the picture, in mm.
    corner_mm: [f64; 2],
    spacing_mm: [f64; 2],
}

impl<'a> Window<'a> {
    fn around(nodule: &Nodule, side_mm: f64, plane: Plane, drawn: Drawn<'a>) -> Self {
        let grid = &drawn.maps.ct.grid;
        let axes = [plane.axes[0], plane.axes[1]];
        let (dims, spacing_mm) = (axes.map(|axis| grid.dims[axis]), axes.map(|axis| grid.spacing_mm[axis]));
        let mut centre = axes.map(|axis| nodule.centroid_ijk[axis]);
        if plane.upwards {
            centre[1] = (dims[1] - 1) as f64 - centre[1];
        }
        let half = spacing_mm.map(|spacing| side_mm / 2.0 / spacing);
        let start = [0, 1].map(|n| (centre[n] - half[n] + 0.5).floor().max(0.0) as usize);
        let end = [0, 1].map(|n| ((centre[n] + half[n] + 0.5).ceil() as usize).min(dims[n]));
        Window {
            drawn,
            plane,
            side_mm,
            start,
            size: [0, 1].map(|n| end[n] - start[n]),
            corner_mm: [0, 1].map(|n| (start[n] as f64 - 0.5 - centre[n]) * spacing_mm[n] + side_mm / 2.0),
            spacing_mm,
        }
    }

    /// The array index of a pixel in a slice.
    fn index(&self, x: usize, y: usize, slice: usize) -> [usize; 3] {
        let [across, down, through] = self.plane.axes;
        let row = self.start[1] + y;
        let row = if self.plane.upwards { self.drawn.maps.ct.grid.dims[down] - 1 - row } else { row };
        let mut ijk = [0; 3];
        (ijk[across], ijk[down], ijk[through]) = (self.start[0] + x, row, slice);
        [ijk[2], ijk[1], ijk[0]]
    }

    /// The pixels of slices below each other, each with its gutter.
    fn sprite(&self, slices: &[usize], pixel: impl Fn([usize; 3]) -> u8) -> ([usize; 2], Vec<u8>) {
        let [columns, rows] = self.size;
        let row_of = |row: usize| row.saturating_sub(GUTTER).min(rows - 1);
        let lines = slices.iter().flat_map(|slice| (0..rows + 2 * GUTTER).map(move |row| (*slice, row_of(row))));
        let pixels: Vec<u8> = lines
            .flat_map(|(slice, y)| (0..columns).map(move |x| (x, y, slice)))
            .map(|(x, y, s)| pixel(self.index(x, y, s)))
            .collect();
        ([columns, slices.len() * (rows + 2 * GUTTER)], pixels)
    }

    fn grey(&self, slices: &[usize]) -> String {
        let ct = &self.drawn.maps.ct.voxels;
        let (size, pixels) = self.sprite(slices, |index| lung_grey(ct[index]));
        image::grey(size, &pixels)
    }

    fn heat(&self, slices: &[usize]) -> String {
        let Drawn { maps, near, maximum } = self.drawn;
        let shade = |index| if near[index] { image::shade(maps.uncertainty[index] / maximum) } else { 0 };
        let (size, shades) = self.sprite(slices, shade);
        image::heat_layer(size, &shades)
    }

    /// The outlines in one slice: of the nodule, of others, of samples.
    fn outlines(&self, subject: &Subject<'_>, slice: usize) -> [String; 3] {
        let labels = self.drawn.maps.labels;
        let label = |x, y| labels[self.index(x, y, slice)];
        let own = contour::path(self.size, |x, y| label(x, y) == subject.nodule.id);
        let others = contour::path(self.size, |x, y| ![0, subject.nodule.id].contains(&label(x, y)));
        let sample = |n| contour::path(self.size, |x, y| subject.in_sample(n, self.index(x, y, slice)));
        [own, others, (0..subject.samples.1.len()).map(sample).collect()]
    }

    fn svg(&self, subject: &Subject<'_>, slices: &[usize], first: usize) -> Markup {
        let [columns, rows] = self.size;
        let pitch = rows + 2 * GUTTER;
        let label = format!("{} CT around {} with its outline", self.plane.name, name(subject.nodule));
        let [width, height] = [0, 1].map(|n| mm(self.size[n] as f64 * self.spacing_mm[n]));
        let tall = slices.len() * pitch;
        html! {
            svg viewBox=(format!("0 0 {side} {side}", side = mm(self.side_mm))) role="img" aria-label=(label) {
                rect class="empty" width="100%" height="100%" {}
                svg x=(mm(self.corner_mm[0])) y=(mm(self.corner_mm[1])) width=(width) height=(height)
                    viewBox=(format!("0 0 {columns} {rows}")) preserveAspectRatio="none" {
                    g data-stack=(pitch) transform=(format!("translate(0 -{})", first * pitch)) {
                        image class="ct" y=(format!("-{GUTTER}")) width=(columns) height=(tall)
                            preserveAspectRatio="none" href=(self.grey(slices)) {}
                        image class="heat" y=(format!("-{GUTTER}")) width=(columns) height=(tall)
                            preserveAspectRatio="none" href=(self.heat(slices)) {}
                        @for (n, slice) in slices.iter().enumerate() {
                            @let [own, others, samples] = self.outlines(subject, *slice);
                            g transform=(format!("translate(0 {}) scale(.5)", n * pitch)) {
                                @for (class, path) in [("others", others), ("samples", samples), ("own", own)] {
                                    @if !path.is_empty() { path class=(class) d=(path) {} }
                                }
                            }
                        }
                    }
                }
                (marks(self.plane, self.side_mm))
            }
        }
    }
}

/// The patient's directions and a bar of 10 mm, for a picture of `side` mm.
pub fn marks(plane: Plane, side: f64) -> Markup {
    let (size, edge) = (side * 0.055, side * 0.025);
    let [left, right, top] = plane.marks;
    let mark = |x: f64, y: f64, anchor: &str, text: &str| {
        html! { text x=(mm(x)) y=(mm(y)) font-size=(mm(size)) text-anchor=(anchor) { (text) } }
    };
    html! {
        g class="marks" aria-hidden="true" {
            (mark(edge, (side + size * 0.7) / 2.0, "start", left))
            (mark(side - edge, (side + size * 0.7) / 2.0, "end", right))
            (mark(side / 2.0, edge + size * 0.75, "middle", top))
            (mark(side - edge, side - edge * 2.2, "end", "10 mm"))
            rect x=(mm(side - edge - 10.0)) y=(mm(side - edge * 1.6)) width="10" height=(mm(side * 0.006)) {}
        }
    }
}

/// Millimetres to a hundredth, without digits that say nothing.
pub fn mm(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
