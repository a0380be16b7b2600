//! The volumes over time: a drawing and the same as a table. What grows at one pace is a straight line in it.

use maud::{Markup, html};

use super::{
    super::{
        table::{Cell, Head, Table},
        view::mm,
    },
    table::NONE,
};
use crate::{
    compare::scan::Scan,
    report::{
        comparison::{
            Compared,
            plot::{Course, Frame, Point, Scale, colour, courses},
        },
        words::volume,
    },
};

/// Between two names.
const LINE: f64 = 13.0;
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
const PLACE: Frame = Frame { left: 70.0, right: 620.0, top: 20.0, bottom: 345.0 };

/// The drawing and the table.
pub fn markup(current: &Scan, priors: &[Compared]) -> Markup {
    let (courses, in_days) = courses(current, priors);
    let axis = if in_days { "Days from the current CT" } else { "CTs from the current one (days unknown)" };
    let Some(scale) = PLACE.scale(&courses) else { return html! { p { "No volume is known." } } };
    html! {
        figure class="plot" {
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img"
                aria-label="The nodules' volumes over time; the table below has the same numbers" {
                @for mm3 in scale.ticks() {
                    line class="grid" x1=(PLACE.left) x2=(PLACE.right) y1=(mm(scale.y(mm3))) y2=(mm(scale.y(mm3))) {}
                    text x=(PLACE.left - 8.0) y=(mm(scale.y(mm3) + 4.0)) text-anchor="end" { (mm3) }
                }
                @for at in scale.times() {
                    text x=(mm(scale.x(at))) y=(PLACE.bottom + 20.0) text-anchor="middle" { (format!("{at:.0}").replace('-', "−")) }
                }
                @for course in &courses { (drawn(course, &scale)) }
                @for (id, y) in labels(&courses, &scale) { text x=(PLACE.right + 8.0) y=(mm(y + 4.0)) { "nodule " (id) } }
                text x=((PLACE.left + PLACE.right) / 2.0) y=(HEIGHT - 10.0) text-anchor="middle" { (axis) }
                text x="8" y="14" { "mm³" }
            }
            figcaption { "Volumes on a logarithmic scale; bars are the intervals within each CT. A volume that a scan's edge cuts off isn't shown. \
                The table names all." }
        }
        (table(&courses, axis).markup())
    }
}

fn drawn(course: &Course, scale: &Scale) -> Markup {
    let [r, g, b] = colour(course.id);
    let place = |at: f64, mm3: f64| format!("{},{}", mm(scale.x(at)), mm(scale.y(mm3)));
    let points: Vec<String> = course.points.iter().map(|point| place(point.at, point.mm3)).collect();
    html! {
        g stroke=(format!("#{r:02x}{g:02x}{b:02x}")) fill=(format!("#{r:02x}{g:02x}{b:02x}")) {
            polyline fill="none" points=(points.join(" ")) {}
            @for point in &course.points {
                @let [low, high] = point.ends();
                line x1=(mm(scale.x(point.at))) x2=(mm(scale.x(point.at))) y1=(mm(scale.y(low))) y2=(mm(scale.y(high))) {}
                circle cx=(mm(scale.x(point.at))) cy=(mm(scale.y(point.mm3))) r="4" {}
            }
        }
    }
}

/// Where each course's name stands beside its last point: so far from the others that it can be read. What has no room then is
/// left out.
fn labels(courses: &[Course], scale: &Scale) -> Vec<(u16, f64)> {
    let last = |course: &Course| Some((course.id, scale.y(course.points.last()?.mm3)));
    let mut labels: Vec<(u16, f64)> = courses.iter().filter_map(last).collect();
    labels.sort_by(|a, b| a.1.total_cmp(&b.1));
    for n in 1..labels.len() {
        labels[n].1 = labels[n].1.max(labels[n - 1].1 + LINE);
    }
    labels.retain(|(_, y)| *y < HEIGHT - LINE);
    labels
}

fn table(courses: &[Course], axis: &str) -> Table {
    let points = courses.iter().flat_map(|course| course.points.iter().map(move |point| (course, point)));
    let row = |(course, point): (&Course, &Point)| {
        let interval =
            point.interval.map_or(NONE.to_owned(), |[low, high]| format!("{} to {}", volume(low), volume(high)));
        vec![
            Cell { shown: html! { "Nodule " (course.id) }, key: course.id.to_string() },
            Cell::number(Some(point.at), html! { (format!("{:.0}", point.at).replace('-', "−")) }),
            Cell::number(Some(point.mm3), html! { (volume(point.mm3)) }),
            Cell::text(&interval),
        ]
    };
    Table {
        id: "all-volumes",
        caption: "The volumes of the drawing.".into(),
        heads: vec![
            Head::texts("Nodule"),
            Head::numbers(axis),
            Head::numbers("Volume (mm³)"),
            Head::texts("Interval (mm³)"),
        ],
        rows: points.map(row).collect(),
    }
}
