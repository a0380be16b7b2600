//! What a hybrid's coarse network hands to its fine one for a slice: points, a box, features.
//!
//! All of it belongs to the image that the fine network is fed: x and y are its pixels, the first 0, 0; features lie on it in
//! steps of their stride. It is the same for each sample ([`super::hybrid`] says why).

use ndarray::{Array2, Array3, Axis};

use super::flips::Flip;

/// For one slice.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Handed {
    /// For a network that takes prompts.
    pub prompted: Option<Prompted>,
    /// (channels, H / stride, W / stride), in the contract's order.
    pub features: Vec<Array3<f32>>,
}

/// Points and a box, as SAM 2 has them.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompted {
    /// x and y of each point; 0, 0 where there is none.
    pub points: Array2<f32>,
    /// 1 inside, 0 outside, -1 where there is none.
    pub labels: Vec<f32>,
    /// x and y of the first pixel, x and y of the last.
    pub bounds: [f32; 4],
}

/// Label of a place without a point.
pub const NO_POINT: f32 = -1.0;

impl Handed {
    /// The same for the image mirrored, which has `height` rows and `width` columns.
    pub fn mirrored(&self, flip: Flip, [height, width]: [usize; 2]) -> Self {
        let mut features = self.features.clone();
        for (axis, mirrored) in [(1, flip.j), (2, flip.i)] {
            if mirrored {
                features.iter_mut().for_each(|feature| feature.invert_axis(Axis(axis)));
            }
        }
        let prompted = self.prompted.as_ref().map(|prompted| prompted.mirrored(flip, [height, width]));
        Handed { prompted, features }
    }
}

impl Prompted {
    fn mirrored(&self, flip: Flip, [height, width]: [usize; 2]) -> Self {
        let mut turned = self.clone();
        for (axis, mirrored, size) in [(0, flip.i, width), (1, flip.j, height)] {
            if !mirrored {
                continue;
            }
            let other_way = |at: f32| (size - 1) as f32 - at;
            for (at, label) in turned.points.column_mut(axis).iter_mut().zip(&self.labels) {
                if *label != NO_POINT {
                    *at = other_way(*at);
                }
            }
            let [first, last] = [self.bounds[axis], self.bounds[axis + 2]];
            (turned.bounds[axis], turned.bounds[axis + 2]) = (other_way(last), other_way(first));
        }
        turned
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn mirrored_points_box_and_features_lie_where_the_mirrored_image_has_them() {
        let prompted = Prompted {
            points: array![[1.0, 2.0], [0.0, 0.0], [6.5, 4.0]],
            labels: vec![1.0, NO_POINT, 0.0],
            bounds: [1.0, 2.0, 3.0, 5.0],
        };
        let features = vec![array![[[1.0, 2.0], [3.0, 4.0]]]];
        let handed = Handed { prompted: Some(prompted), features };
        // Eight columns, six rows.
        let turned = handed.mirrored(Flip { i: true, ..Flip::default() }, [6, 8]);
        let own = turned.prompted.clone().unwrap();
        assert_eq!(own.points, array![[6.0, 2.0], [0.0, 0.0], [0.5, 4.0]]);
        assert_eq!((own.bounds, own.labels), ([4.0, 2.0, 6.0, 5.0], vec![1.0, NO_POINT, 0.0]));
        assert_eq!(turned.features, [array![[[2.0, 1.0], [4.0, 3.0]]]]);
        let both = handed.mirrored(Flip { j: true, i: true, k: true }, [6, 8]);
        assert_eq!(both.prompted.as_ref().unwrap().points, array![[6.0, 3.0], [0.0, 0.0], [0.5, 1.0]]);
        assert_eq!(both.prompted.as_ref().unwrap().bounds, [4.0, 0.0, 6.0, 3.0]);
        assert_eq!(both.features, [array![[[4.0, 3.0], [2.0, 1.0]]]]);
        assert_eq!(handed.mirrored(Flip { k: true, ..Flip::default() }, [6, 8]), handed, "a slice has no other side");
    }
}
