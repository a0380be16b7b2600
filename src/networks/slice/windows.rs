//! Where sampling pays: windows of a slice around what the deterministic pass finds suspicious.

use ndarray::{Array2, ArrayView2};

/// A rectangle of pixels, ends excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    /// First row.
    pub top: usize,
    /// One past the last row.
    pub bottom: usize,
    /// First column.
    pub left: usize,
    /// One past the last column.
    pub right: usize,
}

impl Rect {
    /// How many pixels it holds.
    pub fn pixels(self) -> usize {
        (self.bottom - self.top) * (self.right - self.left)
    }

    /// Grown by a margin, kept inside `height` × `width`.
    pub fn grown(self, rows: usize, columns: usize, height: usize, width: usize) -> Self {
        Rect {
            top: self.top.saturating_sub(rows),
            bottom: (self.bottom + rows).min(height),
            left: self.left.saturating_sub(columns),
            right: (self.right + columns).min(width),
        }
    }

    /// Grown to multiples of `multiple`, which divides `height` and `width`.
    pub fn aligned(self, multiple: usize) -> Self {
        Rect {
            top: self.top / multiple * multiple,
            bottom: self.bottom.next_multiple_of(multiple),
            left: self.left / multiple * multiple,
            right: self.right.next_multiple_of(multiple),
        }
    }

    fn meets(&self, other: &Rect) -> bool {
        self.top < other.bottom && other.top < self.bottom && self.left < other.right && other.left < self.right
    }

    fn joined(&self, other: &Rect) -> Rect {
        Rect {
            top: self.top.min(other.top),
            bottom: self.bottom.max(other.bottom),
            left: self.left.min(other.left),
            right: self.right.max(other.right),
        }
    }
}

/// Rectangles, disjoint, that hold every connected group of `suspicious` pixels which touches `wanted`, with
/// `margin` pixels around it.
pub fn windows(suspicious: &Array2<bool>, wanted: ArrayView2<'_, bool>, margin: usize) -> Vec<Rect> {
    let (height, width) = suspicious.dim();
    let groups = groups(suspicious, wanted);
    disjoint(groups.into_iter().map(|rect| rect.grown(margin, margin, height, width)).collect())
}

/// Bounding boxes of the 8-connected groups that touch `wanted`, in scan order.
fn groups(suspicious: &Array2<bool>, wanted: ArrayView2<'_, bool>) -> Vec<Rect> {
    let (height, width) = suspicious.dim();
    let mut open = suspicious.clone();
    let mut found = Vec::new();
    let mut stack = Vec::new();
    for (row, column) in ndarray::indices((height, width)) {
        if !std::mem::take(&mut open[[row, column]]) {
            continue;
        }
        let mut rect = Rect { top: row, bottom: row + 1, left: column, right: column + 1 };
        let mut touches = false;
        stack.push((row, column));
        while let Some((r, c)) = stack.pop() {
            touches |= wanted[[r, c]];
            rect = rect.joined(&Rect { top: r, bottom: r + 1, left: c, right: c + 1 });
            for near_row in r.saturating_sub(1)..(r + 2).min(height) {
                for near_column in c.saturating_sub(1)..(c + 2).min(width) {
                    if std::mem::take(&mut open[[near_row, near_column]]) {
                        stack.push((near_row, near_column));
                    }
                }
            }
        }
        if touches {
            found.push(rect);
        }
    }
    found
}

/// Joins rectangles that meet until none do.
fn disjoint(mut rects: Vec<Rect>) -> Vec<Rect> {
    let mut apart: Vec<Rect> = Vec::new();
    while let Some(mut rect) = rects.pop() {
        match apart.iter().position(|other| rect.meets(other)) {
            Some(index) => {
                rect = rect.joined(&apart.swap_remove(index));
                rects.push(rect);
            }
            None => apart.push(rect),
        }
    }
    apart.sort_by_key(|r| (r.top, r.left));
    apart
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(height: usize, width: usize, on: &[(usize, usize)]) -> Array2<bool> {
        let mut image = Array2::from_elem((height, width), false);
        on.iter().for_each(|&(r, c)| image[[r, c]] = true);
        image
    }

    #[test]
    fn windows_near_groups_become_one_and_far_ones_stay_apart() {
        let suspicious = image(40, 60, &[(5, 5), (6, 6), (5, 12), (30, 50)]);
        let all = Array2::from_elem((40, 60), true);
        let rects = windows(&suspicious, all.view(), 4);
        let expected =
            [Rect { top: 1, bottom: 11, left: 1, right: 17 }, Rect { top: 26, bottom: 35, left: 46, right: 55 }];
        assert_eq!(rects, expected);
    }

    #[test]
    fn windows_groups_that_touch_nothing_wanted_are_left_out() {
        let suspicious = image(20, 20, &[(2, 2), (15, 15), (15, 16)]);
        let wanted = image(20, 20, &[(15, 16)]);
        assert_eq!(windows(&suspicious, wanted.view(), 0), [Rect { top: 15, bottom: 16, left: 15, right: 17 }]);
    }

    #[test]
    fn windows_chain_of_meeting_rectangles_becomes_one() {
        let suspicious = image(10, 100, &[(5, 0), (5, 8), (5, 16), (5, 24)]);
        let all = Array2::from_elem((10, 100), true);
        let rects = windows(&suspicious, all.view(), 4);
        assert_eq!(rects, [Rect { top: 1, bottom: 10, left: 0, right: 29 }]);
    }

    #[test]
    fn rect_aligned_covers_the_rectangle() {
        let rect = Rect { top: 17, bottom: 33, left: 0, right: 5 }.aligned(16);
        assert_eq!(rect, Rect { top: 16, bottom: 48, left: 0, right: 16 });
    }
}
