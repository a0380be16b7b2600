//! From a probability map to outlines: threshold, components, and a lower threshold where someone pointed and nothing
//! was found.

use ndarray::Array3;

use crate::{
    error::Result,
    progress::{CancelToken, Monitor},
    space::{grid::Grid, volume::Voi},
    steps::components::{Component, Components, Neighbourhood, connected_components},
};

/// How far from a voxel that was asked for its nodule may be, in mm.
const AT_REACH_MM: f64 = 5.0;
/// Lowest threshold that is tried at a voxel that was asked for.
const AT_LOWEST_THRESHOLD: f64 = 0.05;
/// The thresholds that are tried there, as shares of the highest probability within reach: half, as an edge is drawn;
/// more where that runs into another finding.
const AT_SHARES: [f64; 4] = [0.5, 0.625, 0.75, 0.875];

/// A probability map to outline.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// Where its voxels lie.
    pub grid: &'a Grid,
    /// Mean probability.
    pub probability: &'a Array3<f32>,
    /// Mean probability above which a voxel belongs to a nodule.
    pub threshold: f64,
}

/// Outlines on their way to findings.
#[derive(Debug)]
pub struct Outlines {
    /// One component each; an entry without voxels was replaced.
    pub components: Components,
    /// For each voxel asked for: the label of the component there, if any.
    pub asked: Vec<Option<u32>>,
    /// Labels of those outlined below the usual threshold.
    pub lowered: Vec<u32>,
    /// Labels of those that the network outlined with clicks before it.
    pub prompted: Vec<u32>,
}

impl Field<'_> {
    /// The components above the threshold; at each voxel asked for the nearest within reach.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn outlines(&self, at: &[[usize; 3]], cancel: &CancelToken) -> Result<Outlines> {
        let components = self.components_above(self.threshold, cancel)?;
        let asked = at.iter().map(|at| self.nearest(&components, *at)).collect();
        Ok(Outlines { components, asked, lowered: Vec::new(), prompted: Vec::new() })
    }

    /// Where nothing was found at a voxel that was asked for, adds what a lower threshold finds there.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn lower_threshold(&self, outlines: &mut Outlines, at: &[[usize; 3]], monitor: &Monitor<'_>) -> Result<()> {
        for (n, at) in at.iter().enumerate().filter(|(n, _)| outlines.asked[*n].is_none()).collect::<Vec<_>>() {
            // An earlier one may have been outlined within reach of this.
            outlines.asked[n] = self.nearest(&outlines.components, *at);
            if outlines.asked[n].is_some() {
                continue;
            }
            let outlined = self.outlined_below(&outlines.components, *at, monitor)?;
            if !outlined.is_empty() {
                let label = outlines.components.add(&outlined);
                outlines.asked[n] = Some(label);
                outlines.lowered.push(label);
            }
        }
        Ok(())
    }

    /// Voxels around `at` at a lower threshold, none of them in `components`; empty when there is too little.
    fn outlined_below(
        &self,
        components: &Components,
        at: [usize; 3],
        monitor: &Monitor<'_>,
    ) -> Result<Vec<[usize; 3]>> {
        let highest = within_reach(self.grid, at).map(|index| self.probability[index]).fold(0.0, f32::max);
        if AT_SHARES[0] * f64::from(highest) < AT_LOWEST_THRESHOLD {
            return Ok(Vec::new());
        }
        let mut outlined = Vec::new();
        for share in AT_SHARES {
            monitor.check()?;
            let lower = self.components_above(share * f64::from(highest), monitor.cancel_token())?;
            let Some(label) = self.nearest(&lower, at) else { continue };
            outlined = voxels(&lower, &lower.list[label as usize - 1]).collect();
            if outlined.iter().all(|index| components.labels[*index] == 0) {
                break;
            }
            // Another finding's flank: if no higher threshold sets it apart, what lies within reach is what was meant.
            outlined = within_reach(self.grid, at).filter(|index| lower.labels[*index] == label).collect();
        }
        Ok(outlined)
    }

    fn components_above(&self, threshold: f64, cancel: &CancelToken) -> Result<Components> {
        let mask = self.probability.mapv(|p| f64::from(p) > threshold);
        connected_components(&mask, Neighbourhood::All26, cancel)
    }

    /// The component nearest to voxel `at`, within reach.
    pub fn nearest(&self, components: &Components, at: [usize; 3]) -> Option<u32> {
        within_reach(self.grid, at).map(|index| components.labels[index]).find(|label| *label != 0)
    }
}

/// Array indices within reach of voxel `at`, the nearest first.
fn within_reach(grid: &Grid, at: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    let voi = Voi::voxel(at).grown(grid.steps(AT_REACH_MM), grid.dims);
    let distance = |index: [usize; 3]| -> f64 {
        (0..3).map(|axis| ((index[2 - axis] as f64 - at[axis] as f64) * grid.spacing_mm[axis]).powi(2)).sum()
    };
    let all = voi.indices().map(|index| (distance(index), index));
    let mut near: Vec<_> = all.filter(|(d, _)| *d <= AT_REACH_MM.powi(2)).collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    near.into_iter().map(|(_, index)| index)
}

/// Array indices of a component's voxels.
pub fn voxels<'a>(components: &'a Components, component: &Component) -> impl Iterator<Item = [usize; 3]> + use<'a> {
    let label = component.label;
    component.voi.indices().filter(move |index| components.labels[*index] == label)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Probabilities in a row of voxels of 1 mm, in the middle of a volume.
    struct Row {
        grid: Grid,
        probability: Array3<f32>,
    }

    impl Row {
        fn new(row: &[f32]) -> Self {
            let grid = Grid::axial([row.len(), 3, 3], [1.0; 3]);
            let mut probability = Array3::zeros(grid.shape());
            row.iter().enumerate().for_each(|(i, p)| probability[[1, 1, i]] = *p);
            Row { grid, probability }
        }

        /// The components with what was asked for at voxel `i`.
        fn asked(&self, i: usize) -> Outlines {
            let (at, Row { grid, probability }) = (&[[i, 1, 1]], self);
            let field = Field { grid, probability, threshold: 0.5 };
            let mut outlines = field.outlines(at, &CancelToken::new()).unwrap();
            field.lower_threshold(&mut outlines, at, &Monitor::silent()).unwrap();
            for component in &outlines.components.list {
                let own = outlines.components.labels.mapv(|label| label == component.label);
                assert_eq!(own.iter().filter(|own| **own).count(), component.voxels, "voxels are those of the label");
                assert_eq!(Voi::around(&own), Some(component.voi));
            }
            outlines
        }
    }

    fn labels(outlines: &Outlines) -> Vec<u32> {
        outlines.components.labels.slice(ndarray::s![1, 1, ..]).to_vec()
    }

    #[test]
    fn lower_threshold_at_a_faint_spot_outlines_it_to_half_its_height() {
        let found = Row::new(&[0.0, 0.0, 0.1, 0.3, 0.4, 0.2, 0.0, 0.0]).asked(4);
        assert_eq!(labels(&found), [0, 0, 0, 1, 1, 0, 0, 0]);
        assert_eq!((found.asked, found.lowered), (vec![Some(1)], vec![1]));
    }

    #[test]
    fn lower_threshold_where_something_was_found_adds_nothing() {
        let found = Row::new(&[0.0, 0.9, 0.9, 0.4, 0.4, 0.4, 0.4, 0.0]).asked(5);
        assert_eq!(labels(&found), [0, 1, 1, 0, 0, 0, 0, 0]);
        assert_eq!((found.asked, found.lowered), (vec![Some(1)], vec![]));
    }

    #[test]
    fn lower_threshold_at_a_spot_beside_a_finding_is_told_apart_at_the_saddle() {
        let row = Row::new(&[0.9, 0.9, 0.3, 0.22, 0.22, 0.22, 0.22, 0.3, 0.4, 0.3, 0.1]);
        assert_eq!(labels(&row.asked(8)), [1, 1, 0, 0, 0, 0, 0, 2, 2, 2, 0]);
    }

    #[test]
    fn lower_threshold_at_a_finding_s_flank_outlines_what_lies_within_reach() {
        let mut row = vec![0.9; 3];
        row.extend([0.3; 14]);
        let found = Row::new(&row).asked(10);
        let expected = [vec![1; 3], vec![0; 2], vec![2; 11], vec![0]].concat();
        assert_eq!(labels(&found), expected);
    }
}
