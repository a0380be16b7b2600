//! Outlines of masks as paths of SVG.
//!
//! Enters: which voxels of a plane belong to a mask. Leaves: closed loops through the middles of the sides between voxels inside
//! and outside, as the `d` of a `<path>` in **half voxels**: voxel (x, y) reaches from (2x, 2y) to (2x + 2, 2y + 2). Through the
//! middles an oblique edge is a line and no staircase, and no loop is farther than half a voxel from the voxels' own edge.

use std::{collections::BTreeMap, fmt::Write};

/// A corner of voxels, or a place in half voxels.
type Point = (i32, i32);

/// A path around the voxels for which `inside` is true, among `columns` × `rows` from (0, 0); empty where there are none. Voxels
/// that meet at a corner have loops of their own.
pub fn path([columns, rows]: [usize; 2], inside: impl Fn(usize, usize) -> bool) -> String {
    let mut edges = Edges::of([columns as i32, rows as i32], |x, y| inside(x as usize, y as usize));
    let mut path = String::new();
    while let Some(corners) = edges.take_loop() {
        write_loop(&mut path, &straightened(&middles(&corners)));
    }
    path
}

/// The sides of voxels inside that face outside, clockwise around them: from each corner the corners that they lead to.
struct Edges(BTreeMap<Point, Vec<Point>>);

impl Edges {
    fn of([columns, rows]: [i32; 2], inside: impl Fn(i32, i32) -> bool) -> Self {
        let is = |x: i32, y: i32| (0..columns).contains(&x) && (0..rows).contains(&y) && inside(x, y);
        let mut edges: BTreeMap<Point, Vec<Point>> = BTreeMap::new();
        for (x, y) in (0..rows).flat_map(|y| (0..columns).map(move |x| (x, y))).filter(|(x, y)| is(*x, *y)) {
            let sides = [
                ((x, y - 1), (x, y), (x + 1, y)),
                ((x + 1, y), (x + 1, y), (x + 1, y + 1)),
                ((x, y + 1), (x + 1, y + 1), (x, y + 1)),
                ((x - 1, y), (x, y + 1), (x, y)),
            ];
            for (_, from, to) in sides.into_iter().filter(|((x, y), ..)| !is(*x, *y)) {
                edges.entry(from).or_default().push(to);
            }
        }
        Edges(edges)
    }

    /// The corners of one loop in their order; takes its sides away.
    fn take_loop(&mut self) -> Option<Vec<Point>> {
        let (start, mut next) = (*self.0.keys().next()?, self.take_from(*self.0.keys().next()?, None)?);
        let mut corners = vec![start];
        while next != start {
            let before = *corners.last().expect("it begins with one");
            corners.push(next);
            next = self.take_from(next, Some(before))?;
        }
        Some(corners)
    }

    /// A side that begins at `from`; of two the one that turns right, which stays with the same voxel.
    fn take_from(&mut self, from: Point, before: Option<Point>) -> Option<Point> {
        let ends = self.0.get_mut(&from)?;
        let right = before.map(|before| (from.0 - (from.1 - before.1), from.1 + (from.0 - before.0)));
        let at = ends.iter().position(|end| Some(*end) == right).unwrap_or(0);
        let end = ends.swap_remove(at);
        if ends.is_empty() {
            self.0.remove(&from);
        }
        Some(end)
    }
}

/// The middles of a loop's sides, in half voxels.
fn middles(corners: &[Point]) -> Vec<Point> {
    let next = corners.iter().cycle().skip(1);
    corners.iter().zip(next).map(|(a, b)| (a.0 + b.0, a.1 + b.1)).collect()
}

/// A loop without the points that lie on the line between their neighbours.
fn straightened(points: &[Point]) -> Vec<Point> {
    let count = points.len();
    let turns = |n: &usize| {
        let (before, here, after) = (points[(n + count - 1) % count], points[*n], points[(n + 1) % count]);
        (here.0 - before.0) * (after.1 - here.1) != (here.1 - before.1) * (after.0 - here.0)
    };
    (0..count).filter(turns).map(|n| points[n]).collect()
}

/// `M` to the first point, then `l` by steps, then `z`.
fn write_loop(path: &mut String, points: &[Point]) {
    let Some(first) = points.first() else { return };
    let _ = write!(path, "M{} {}l", first.0, first.1);
    for (n, (a, b)) in points.iter().zip(&points[1..]).enumerate() {
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let before = if n == 0 || dx < 0 { "" } else { " " };
        let between = if dy < 0 { "" } else { " " };
        let _ = write!(path, "{before}{dx}{between}{dy}");
    }
    path.push('z');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(rows: &[&str]) -> String {
        path([rows[0].len(), rows.len()], |x, y| rows[y].as_bytes()[x] == b'#')
    }

    #[test]
    fn path_of_one_voxel_goes_through_the_middles_of_its_sides() {
        assert_eq!(of(&["...", ".#.", "..."]), "M3 2l1 1-1 1-1-1z");
        assert_eq!(of(&["..", ".."]), "");
    }

    #[test]
    fn path_of_a_square_at_the_border_is_closed_and_has_no_point_on_a_line() {
        // Four sides of two voxels each: from the middle of the first to that of the second, and across the corner.
        assert_eq!(of(&["##", "##"]), "M1 0l2 0 1 1 0 2-1 1-2 0-1-1 0-2z");
    }

    #[test]
    fn path_has_a_loop_for_each_part_and_each_hole() {
        let loops = |rows: &[&str]| of(rows).matches('z').count();
        assert_eq!(loops(&["#..", "...", "..#"]), 2);
        assert_eq!(loops(&["#.", ".#"]), 2, "parts that meet at a corner are apart");
        assert_eq!(loops(&["###", "#.#", "###"]), 2);
    }

    /// Twice the signed area of all loops of a path, in half voxels squared.
    fn doubled_area(path: &str) -> i64 {
        let mut area = 0;
        for text in path.split('M').skip(1) {
            let (first, steps) = text.trim_end_matches('z').split_once('l').unwrap();
            let numbers = |text: &str| {
                let spaced = text.replace('-', " -");
                spaced.split_whitespace().map(|n| n.parse::<i64>().unwrap()).collect::<Vec<_>>()
            };
            let mut points = vec![(numbers(first)[0], numbers(first)[1])];
            for step in numbers(steps).chunks(2) {
                let last = points[points.len() - 1];
                points.push((last.0 + step[0], last.1 + step[1]));
            }
            let next = points.iter().cycle().skip(1);
            area += points.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum::<i64>();
        }
        area
    }

    proptest! {
        #[test]
        fn path_encloses_the_voxels_but_for_half_a_half_voxel_per_corner(bits in prop::collection::vec(any::<bool>(), 48)) {
            let inside = |x: usize, y: usize| bits[8 * y + x];
            let is = |x: i32, y: i32| (0..8).contains(&x) && (0..6).contains(&y) && inside(x as usize, y as usize);
            let voxels = bits.iter().filter(|bit| **bit).count() as i64;
            // Each corner that sticks out loses a triangle of half a half voxel squared, each that goes in gains one.
            let mut corners = 0;
            for (x, y) in (0..=6).flat_map(|y| (0..=8).map(move |x| (x, y))) {
                let around = [is(x - 1, y - 1), is(x, y - 1), is(x - 1, y), is(x, y)];
                corners += match around.iter().filter(|inside| **inside).count() {
                    1 => 1,
                    3 => -1,
                    2 if around[0] == around[3] => 2,
                    _ => 0,
                };
            }
            prop_assert_eq!(doubled_area(&path([8, 6], inside)), 8 * voxels - corners);
        }
    }
}
