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
const PLACE: Frame = Frame { left: 90.0, right: 880.0, top: 90.0, bottom: 550.0 };
/// Smaller volumes are drawn as this: a logarithmic scale has no 0.
const MIN_MM3: f64 = 0.1;
/// Room left and right of the first and last time.
const ROOM: f64 = 30.0;

/// A nodule at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Days before the current scan (0 or less); where days are unknown, scans before it.
    pub at: f64,
    pub mm3: f64,
    pub interval: Option<[f64; 2]>,
}

impl Point {
    /// The ends of its bar.
    pub fn ends(&self) -> [f64; 2] {
        self.interval.unwrap_or([self.mm3; 2])
    }
}

/// A nodule of the current scan over time, the oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    pub id: u16,
    pub points: Vec<Point>,
}

/// Where in a picture the plot stands, in its pixels.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
}

/// Which pixel a time and a volume have.
#[derive(Debug)]
pub struct Scale {
    frame: Frame,
    /// The oldest time, below 0.
    first: f64,
    times: Vec<f64>,
    /// Logarithms of the volumes at the bottom and the top.
    logs: [f64; 2],
}

impl Frame {
    /// A scale that holds all of these; `None` where there is nothing to draw.
    pub fn scale(self, courses: &[Course]) -> Option<Scale> {
        let points = || courses.iter().flat_map(|course| &course.points);
        let low = points().map(|point| point.ends()[0].min(point.mm3).max(MIN_MM3)).fold(f64::INFINITY, f64::min);
        let high = points().map(|point| point.ends()[1].max(point.mm3).max(MIN_MM3)).fold(0.0, f64::max);
        let mut times: Vec<f64> = points().map(|point| point.at).collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        let logs = [(low / 1.3).ln(), (high * 1.3).ln()];
        low.is_finite().then(|| Scale { frame: self, first: times[0].min(-1.0), times, logs })
    }
}

impl Scale {
    pub fn x(&self, at: f64) -> f64 {
        let Frame { left, right, .. } = self.frame;
        right - ROOM - (right - left - 2.0 * ROOM) * at / self.first
    }

    pub fn y(&self, mm3: f64) -> f64 {
        let (Frame { top, bottom, .. }, [low, high]) = (self.frame, self.logs);
        bottom - (bottom - top) * (mm3.max(MIN_MM3).ln() - low) / (high - low)
    }

    /// All times, rising.
    pub fn times(&self) -> Vec<f64> {
        self.times.clone()
    }

    /// 1, 2 and 5 times powers of ten within it.
    pub fn ticks(&self) -> Vec<f64> {
        ticks(self.logs[0].exp(), self.logs[1].exp())
    }
}

/// Draws the plot.
pub fn draw(current: &Scan, priors: &[Compared]) -> Canvas {
    let (courses, in_days) = courses(current, priors);
    let mut canvas = Canvas::new(WIDTH, HEIGHT, BACKGROUND);
    let Frame { left, right, top, bottom } = PLACE;
    canvas.rectangle(left as usize, top as usize, (right - left) as usize, (bottom - top) as usize, CARD);
    canvas.text(20.0, 40.0, 26.0, TEXT, Align::Left, "Volumes over time, mm³");
    let axis = if in_days { "days from the current CT" } else { "CTs from the current one (days unknown)" };
    canvas.text(((left + right) / 2.0) as f32, 600.0, 17.0, FAINT, Align::Centre, axis);
    canvas.text(20.0, 66.0, 17.0, FAINT, Align::Left, "Bars: interval within each CT. Research use only.");
    let Some(scale) = PLACE.scale(&courses) else { return canvas };
    for mm3 in scale.ticks() {
        let y = scale.y(mm3);
        canvas.rectangle(left as usize, y as usize, (right - left) as usize, 1, [50, 56, 64]);
        canvas.text(left as f32 - 8.0, y as f32 + 5.0, 15.0, FAINT, Align::Right, &format!("{mm3}"));
    }
    for at in scale.times() {
        canvas.text(scale.x(at) as f32, bottom as f32 + 20.0, 15.0, FAINT, Align::Centre, &format!("{at:.0}"));
    }
    courses.iter().for_each(|course| draw_course(&mut canvas, course, &scale));
    canvas
}

fn draw_course(canvas: &mut Canvas, course: &Course, scale: &Scale) {
    let colour = colour(course.id);
    let place = |point: &Point| [scale.x(point.at), scale.y(point.mm3)];
    for point in &course.points {
        let [low, high] = point.ends();
        line(canvas, [scale.x(point.at), scale.y(low)], [scale.x(point.at), scale.y(high)], 0.6, colour);
        canvas.disc(scale.x(point.at) as f32, scale.y(point.mm3) as f32, 4.0, colour);
    }
    for pair in course.points.windows(2) {
        line(canvas, place(&pair[0]), place(&pair[1]), 1.0, colour);
    }
    if let Some(last) = course.points.last() {
        let label = format!("nodule {}", course.id);
        canvas.text(PLACE.right as f32 - 18.0, scale.y(last.mm3) as f32 + 5.0, 16.0, colour, Align::Left, &label);
    }
}

/// The nodules of the current scan, each with the prior ones that it was paired with; and whether times are days.
pub fn courses(current: &Scan, priors: &[Compared]) -> (Vec<Course>, bool) {
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

pub fn colour(id: u16) -> Colour {
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
