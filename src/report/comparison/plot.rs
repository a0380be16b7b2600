//! `volumes.png`: the volumes of the current nodules over time, with their intervals, on a logarithmic scale: what grows at one
//! pace is a straight line there.

use super::Compared;
use crate::{
    compare::scan::{Finding, Scan},
    report::{
        colour::{BACKGROUND, CARD, Colour, FAINT, TEXT},
        overview::canvas::{Align, Canvas},
    },
};

const WIDTH: usize = 1000;
const HEIGHT: usize = 620;
const LEFT: f64 = 90.0;
const RIGHT: f64 = 880.0;
const TOP: f64 = 90.0;
const BOTTOM: f64 = 550.0;

/// A nodule at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    /// Days before the current scan (0 or less); where days are unknown, scans before it.
    at: f64,
    mm3: f64,
    interval: Option<[f64; 2]>,
}

/// A nodule of the current scan over time, the oldest first.
#[derive(Debug, Clone, PartialEq)]
struct Course {
    id: u16,
    points: Vec<Point>,
}

/// Draws the plot.
pub fn draw(current: &Scan, priors: &[Compared]) -> Canvas {
    let (courses, in_days) = courses(current, priors);
    let mut canvas = Canvas::new(WIDTH, HEIGHT, BACKGROUND);
    canvas.rectangle(LEFT as usize, TOP as usize, (RIGHT - LEFT) as usize, (BOTTOM - TOP) as usize, CARD);
    canvas.text(20.0, 40.0, 26.0, TEXT, Align::Left, "Volumes over time, mm³");
    let axis = if in_days { "days from the current CT" } else { "CTs from the current one (days unknown)" };
    canvas.text(((LEFT + RIGHT) / 2.0) as f32, 600.0, 17.0, FAINT, Align::Centre, axis);
    canvas.text(20.0, 66.0, 17.0, FAINT, Align::Left, "Bars: interval within each CT. Research use only.");
    let points = || courses.iter().flat_map(|course| &course.points);
    let ends = |point: &Point| point.interval.unwrap_or([point.mm3; 2]).map(|mm3| mm3.max(0.1));
    let low = points().map(|point| ends(point)[0].min(point.mm3)).fold(f64::INFINITY, f64::min);
    let high = points().map(|point| ends(point)[1].max(point.mm3)).fold(0.0, f64::max);
    let first = points().map(|point| point.at).fold(-1.0, f64::min);
    if !low.is_finite() {
        return canvas;
    }
    let (low, high) = ((low / 1.3).ln(), (high * 1.3).ln());
    let x = |at: f64| RIGHT - 30.0 - (RIGHT - LEFT - 60.0) * at / first;
    let y = |mm3: f64| BOTTOM - (BOTTOM - TOP) * (mm3.max(0.1).ln() - low) / (high - low);
    for mm3 in ticks(low.exp(), high.exp()) {
        canvas.rectangle(LEFT as usize, y(mm3) as usize, (RIGHT - LEFT) as usize, 1, [50, 56, 64]);
        canvas.text(LEFT as f32 - 8.0, y(mm3) as f32 + 5.0, 15.0, FAINT, Align::Right, &format!("{mm3}"));
    }
    let mut times: Vec<f64> = points().map(|point| point.at).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    for at in times {
        canvas.text(x(at) as f32, BOTTOM as f32 + 20.0, 15.0, FAINT, Align::Centre, &format!("{at:.0}"));
    }
    for course in &courses {
        draw_course(&mut canvas, course, &x, &y, &ends);
    }
    canvas
}

fn draw_course(
    canvas: &mut Canvas,
    course: &Course,
    x: &dyn Fn(f64) -> f64,
    y: &dyn Fn(f64) -> f64,
    ends: &dyn Fn(&Point) -> [f64; 2],
) {
    let colour = colour(course.id);
    for point in &course.points {
        let [low, high] = ends(point);
        line(canvas, [x(point.at), y(low)], [x(point.at), y(high)], 0.6, colour);
        canvas.disc(x(point.at) as f32, y(point.mm3) as f32, 4.0, colour);
    }
    for pair in course.points.windows(2) {
        line(canvas, [x(pair[0].at), y(pair[0].mm3)], [x(pair[1].at), y(pair[1].mm3)], 1.0, colour);
    }
    if let Some(last) = course.points.last() {
        let label = format!("nodule {}", course.id);
        canvas.text(RIGHT as f32 - 18.0, y(last.mm3) as f32 + 5.0, 16.0, colour, Align::Left, &label);
    }
}

/// The nodules of the current scan, each with the prior ones that it was paired with; and whether times are days.
fn courses(current: &Scan, priors: &[Compared]) -> (Vec<Course>, bool) {
    let in_days = priors.iter().all(|compared| compared.comparison.days.is_some());
    let at = |n: usize, days: Option<f64>| if in_days { -days.unwrap_or(0.0) } else { n as f64 - priors.len() as f64 };
    // Of what a scan's edge cuts off the volume isn't known.
    let point = |at: f64, finding: &Finding| {
        let interval = finding.volume_mm3_p05.zip(finding.volume_mm3_p95).map(|(low, high)| [low, high]);
        (!finding.is_cut_off()).then_some(Point { at, mm3: finding.volume_mm3, interval })
    };
    let before = |id: u16| {
        priors.iter().enumerate().filter_map(move |(n, compared)| {
            let rows = &compared.comparison.nodules;
            let row = rows.iter().find(|row| row.current.as_ref().is_some_and(|finding| finding.id == Some(id)))?;
            point(at(n, compared.comparison.days), row.prior.as_ref()?)
        })
    };
    let course = |finding: &Finding| {
        let id = finding.id?;
        Some(Course { id, points: before(id).chain(point(0.0, finding)).collect() })
    };
    (current.findings.iter().filter_map(course).collect(), in_days)
}

/// 1, 2 and 5 times powers of ten between two volumes.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let all = (-1..7).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(power)));
    all.filter(|mm3| (low..=high).contains(mm3)).collect()
}

fn colour(id: u16) -> Colour {
    let colours = colorous::TABLEAU10;
    let colorous::Color { r, g, b } = colours[usize::from(id.saturating_sub(1)) % colours.len()];
    [r, g, b]
}

/// A line of discs, `radius` pixels thick to each side.
fn line(canvas: &mut Canvas, from: [f64; 2], to: [f64; 2], radius: f32, colour: Colour) {
    let steps = (to[0] - from[0]).abs().max((to[1] - from[1]).abs()).ceil().max(1.0);
    for step in 0..=steps as usize {
        let along = step as f64 / steps;
        let at = |axis: usize| (from[axis] + (to[axis] - from[axis]) * along) as f32;
        canvas.disc(at(0), at(1), radius, colour);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn courses_leave_out_what_an_edge_cuts_off() {
        let made = |reasons: &[&str]| {
            let current = crate::report::comparison::tests::scan("current");
            let findings = current.findings.iter().map(|finding| Finding {
                review_reasons: reasons.iter().map(|reason| reason.to_string()).collect(),
                ..finding.clone()
            });
            Scan { findings: findings.collect(), ..current }
        };
        let points = |scan: &Scan| courses(scan, &[]).0.iter().map(|course| course.points.len()).sum::<usize>();
        assert!(points(&made(&[])) > 0);
        assert_eq!(points(&made(&[crate::findings::review::AT_EDGE])), 0);
    }

    #[test]
    fn ticks_are_round_and_within() {
        assert_eq!(ticks(40.0, 1100.0), [50.0, 100.0, 200.0, 500.0, 1000.0]);
    }
}
