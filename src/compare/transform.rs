//! Affine maps of points in mm, and the small steps by which registration moves them.

use serde::Serialize;

use crate::space::grid::{cross, dot, norm};

/// `y = matrix · (x − centre) + centre + shift`, in mm, RAS.
///
/// The fixed point of a pure rotation is `centre`: with it in the middle of the lungs, rotation and shift hardly depend on each
/// other, which is what an optimiser wants.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Transform {
    /// Rows of the 3 × 3 matrix.
    pub matrix: [[f64; 3]; 3],
    /// Shift of the centre, mm.
    pub shift: [f64; 3],
    /// The centre, mm.
    pub centre: [f64; 3],
}

/// The unit matrix.
pub const UNIT: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

impl Transform {
    /// Moves everything by `shift`.
    pub fn shifting(centre: [f64; 3], shift: [f64; 3]) -> Self {
        Transform { matrix: UNIT, shift, centre }
    }

    /// Where a point comes to lie.
    pub fn apply(&self, x: [f64; 3]) -> [f64; 3] {
        let turned = self.turned(x);
        std::array::from_fn(|a| turned[a] + self.centre[a] + self.shift[a])
    }

    /// `matrix · (x − centre)`: what small rotations and stretches act on.
    pub fn turned(&self, x: [f64; 3]) -> [f64; 3] {
        let from: [f64; 3] = std::array::from_fn(|a| x[a] - self.centre[a]);
        self.matrix.map(|row| dot(row, from))
    }

    /// The way back; `None` where the matrix has no inverse.
    pub fn inverse(&self) -> Option<Self> {
        let [a, b, c] = self.matrix;
        let volume = self.volume_ratio();
        if volume.abs() < 1e-9 {
            return None;
        }
        let columns = [cross(b, c), cross(c, a), cross(a, b)];
        let matrix: [[f64; 3]; 3] =
            std::array::from_fn(|row| std::array::from_fn(|column| columns[column][row] / volume));
        // x = matrix⁻¹ (y − centre − shift) + centre, with the new centre where the old one comes to lie.
        let centre = std::array::from_fn(|axis| self.centre[axis] + self.shift[axis]);
        Some(Transform { matrix, shift: self.shift.map(|mm| -mm), centre })
    }

    /// The rotation that is nearest to the matrix, which has an inverse: without stretch and shear. Newton's method for the polar
    /// decomposition (Higham, SIAM J Sci Stat Comput 7, 1986), whose error is squared by each step.
    pub fn rotation_part(&self) -> [[f64; 3]; 3] {
        let mut matrix = self.matrix;
        for _ in 0..20 {
            let step = Transform { matrix, ..*self };
            let Some(inverse) = step.inverse() else { return UNIT };
            matrix = std::array::from_fn(|row| {
                std::array::from_fn(|column| (matrix[row][column] + inverse.matrix[column][row]) / 2.0)
            });
        }
        matrix
    }

    /// By how much volumes grow: the determinant.
    pub fn volume_ratio(&self) -> f64 {
        let [a, b, c] = self.matrix;
        dot(a, cross(b, c))
    }

    /// Moved a little further: rotated by the vector `turn` (radians) and shifted by `shift` (mm).
    pub fn moved(&self, turn: [f64; 3], shift: [f64; 3]) -> Self {
        let rotation = rotation(turn);
        Transform {
            matrix: product(rotation, self.matrix),
            shift: std::array::from_fn(|a| self.shift[a] + shift[a]),
            ..*self
        }
    }

    /// Moved a little further: stretched and sheared by 1 + `stretch`, and shifted by `shift` (mm).
    pub fn stretched(&self, stretch: [[f64; 3]; 3], shift: [f64; 3]) -> Self {
        let one_more =
            std::array::from_fn(|row| std::array::from_fn(|column| UNIT[row][column] + stretch[row][column]));
        Transform {
            matrix: product(one_more, self.matrix),
            shift: std::array::from_fn(|a| self.shift[a] + shift[a]),
            ..*self
        }
    }

    /// The 4 × 4 matrix in row order, for programs.
    pub fn homogeneous(&self) -> [[f64; 4]; 4] {
        let offset = self.apply([0.0; 3]);
        let row = |a: usize| [self.matrix[a][0], self.matrix[a][1], self.matrix[a][2], offset[a]];
        [row(0), row(1), row(2), [0.0, 0.0, 0.0, 1.0]]
    }
}

/// The rotation by the length of `turn` (radians) around its direction (Rodrigues).
pub fn rotation(turn: [f64; 3]) -> [[f64; 3]; 3] {
    let angle = norm(turn);
    if angle == 0.0 {
        return UNIT;
    }
    let [x, y, z] = turn.map(|part| part / angle);
    let (sin, cos) = angle.sin_cos();
    let rest = 1.0 - cos;
    [
        [cos + x * x * rest, x * y * rest - z * sin, x * z * rest + y * sin],
        [y * x * rest + z * sin, cos + y * y * rest, y * z * rest - x * sin],
        [z * x * rest - y * sin, z * y * rest + x * sin, cos + z * z * rest],
    ]
}

/// Product of two 3 × 3 matrices.
pub fn product(a: [[f64; 3]; 3], b: [[f64; 3]; 3]) -> [[f64; 3]; 3] {
    std::array::from_fn(|row| std::array::from_fn(|column| (0..3).map(|n| a[row][n] * b[n][column]).sum()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: [f64; 3], b: [f64; 3]) -> bool {
        (0..3).all(|axis| (a[axis] - b[axis]).abs() < 1e-9)
    }

    #[test]
    fn transform_inverse_leads_back() {
        let transform =
            Transform::shifting([10.0, -20.0, 30.0], [1.0, 2.0, 3.0]).moved([0.1, -0.2, 0.3], [4.0, 0.0, -1.0]);
        let transform = transform.stretched([[0.1, 0.02, 0.0], [0.0, -0.05, 0.01], [0.03, 0.0, 0.2]], [0.0, 5.0, 0.0]);
        let point = [12.5, -3.0, 77.0];
        assert!(near(transform.inverse().unwrap().apply(transform.apply(point)), point));
        let [x, y, z, _] = transform.homogeneous();
        let by_rows = [x, y, z].map(|row| dot([row[0], row[1], row[2]], point) + row[3]);
        assert!(near(by_rows, transform.apply(point)));
    }

    #[test]
    fn rotation_part_of_a_turned_stretch_is_the_turn() {
        let still = Transform::shifting([0.0; 3], [1.0, 2.0, 3.0]);
        let stretched = still.stretched([[0.1, 0.02, 0.0], [0.02, -0.2, 0.0], [0.0, 0.0, 0.3]], [0.0; 3]);
        let turn = rotation([0.3, -0.1, 0.2]);
        let both = Transform { matrix: product(turn, stretched.matrix), ..still };
        assert!((0..3).all(|row| near(both.rotation_part()[row], turn[row])), "{:?}", both.rotation_part());
        assert!((0..3).all(|row| near(still.rotation_part()[row], UNIT[row])));
    }

    #[test]
    fn rotation_by_a_quarter_turns_x_into_y_and_keeps_volumes() {
        let quarter = rotation([0.0, 0.0, std::f64::consts::FRAC_PI_2]);
        assert!(near(quarter.map(|row| row[0]), [0.0, 1.0, 0.0]));
        let transform = Transform::shifting([0.0; 3], [0.0; 3]).moved([0.3, 0.4, -0.2], [0.0; 3]);
        assert!((transform.volume_ratio() - 1.0).abs() < 1e-12);
        assert!(Transform { matrix: [[0.0; 3]; 3], ..transform }.inverse().is_none());
    }
}
