//! From probability maps to outlines: threshold, components, and a lower threshold where someone clicked and nothing was
//! found.
//!
//! A voxel belongs to the class of the highest mean probability among those above the threshold; outlines are the components
//! (26 neighbours) of each class.

use ndarray::Array3;

use crate::{
    error::Result,
    progress::{CancelToken, Monitor},
    space::{grid::Grid, volume::Voi},
    steps::components::{Component, Components, Neighbourhood, connected_components, connected_components_where},
};

/// How far from a click its nodule may be, in mm.
const CLICK_REACH_MM: f64 = 5.0;
/// Lowest threshold that is tried at a click.
const LOWEST_THRESHOLD: f64 = 0.05;
/// The thresholds that are tried there, as shares of the highest probability within reach: half, as an edge is drawn;
/// more where that runs into another finding.
const SHARES: [f64; 4] = [0.5, 0.625, 0.75, 0.875];

/// Probability maps to outline.
#[derive(Debug, Clone)]
pub struct ProbabilityMaps<'a> {
    /// Where their voxels lie.
    pub grid: &'a Grid,
    /// Mean probability of each class.
    pub classes: Vec<&'a Array3<f32>>,
    /// Mean probability above which a voxel belongs to its class.
    pub threshold: f64,
}

/// Components, and the class of each.
#[derive(Debug)]
pub struct Parts {
    /// One component each; an entry without voxels was replaced.
    pub components: Components,
    /// The class of the component with label `n + 1`.
    pub classes: Vec<usize>,
}

/// Outlines on their way to findings.
#[derive(Debug)]
pub struct Outlines {
    /// What is outlined.
    pub parts: Parts,
    /// For each click inside: the label of the component there, if any.
    pub asked: Vec<Option<u32>>,
    /// Labels of those outlined below the usual threshold.
    pub lowered: Vec<u32>,
    /// Labels of those that were outlined around clicks.
    pub clicked: Vec<u32>,
}

impl Parts {
    /// Array indices of the voxels with this label.
    pub fn voxels(&self, label: u32) -> impl Iterator<Item = [usize; 3]> + use<'_> {
        voxels(&self.components, self.component(label))
    }

    /// The component with this label.
    pub fn component(&self, label: u32) -> &Component {
        &self.components.list[label as usize - 1]
    }

    /// The class of the component with this label.
    pub fn class(&self, label: u32) -> usize {
        self.classes[label as usize - 1]
    }

    /// Adds a component of a class; returns its label.
    pub fn add(&mut self, voxels: &[[usize; 3]], class: usize) -> u32 {
        self.classes.push(class);
        self.components.add(voxels)
    }
}

impl ProbabilityMaps<'_> {
    /// The components above the threshold; at each click the nearest within reach.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn outlines(&self, clicks: &[[usize; 3]], cancel: &CancelToken) -> Result<Outlines> {
        let parts = self.parts_above(self.threshold, cancel)?;
        let asked = clicks.iter().map(|click| self.nearest(&parts.components, *click)).collect();
        Ok(Outlines { parts, asked, lowered: Vec::new(), clicked: Vec::new() })
    }

    /// Where nothing was found at a click, adds what a lower threshold finds there.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn lower_threshold(&self, outlines: &mut Outlines, clicks: &[[usize; 3]], monitor: &Monitor<'_>) -> Result<()> {
        for (n, click) in clicks.iter().enumerate().filter(|(n, _)| outlines.asked[*n].is_none()).collect::<Vec<_>>() {
            // An earlier one may have been outlined within reach of this.
            outlines.asked[n] = self.nearest(&outlines.parts.components, *click);
            if outlines.asked[n].is_some() {
                continue;
            }
            if let Some((outlined, class)) = self.outlined_below(&outlines.parts.components, *click, monitor)? {
                let label = outlines.parts.add(&outlined, class);
                outlines.asked[n] = Some(label);
                outlines.lowered.push(label);
            }
        }
        Ok(())
    }

    /// Voxels around `click` at a lower threshold, none of them in `components`, and their class; `None` when there is too
    /// little.
    fn outlined_below(
        &self,
        components: &Components,
        click: [usize; 3],
        monitor: &Monitor<'_>,
    ) -> Result<Option<(Vec<[usize; 3]>, usize)>> {
        let highest = within_reach(self.grid, click).map(|index| self.highest(index)).fold(0.0, f32::max);
        if SHARES[0] * f64::from(highest) < LOWEST_THRESHOLD {
            return Ok(None);
        }
        let mut found = None;
        for share in SHARES {
            monitor.check()?;
            let lower = self.parts_above(share * f64::from(highest), monitor.cancel_token())?;
            let Some(label) = self.nearest(&lower.components, click) else { continue };
            let mut outlined: Vec<_> = lower.voxels(label).collect();
            let free = outlined.iter().all(|index| components.labels[*index] == 0);
            if !free {
                // Another finding's flank: if no higher threshold sets it apart, what lies within reach is what was meant.
                let own = |index: &[usize; 3]| lower.components.labels[*index] == label;
                outlined = within_reach(self.grid, click).filter(own).collect();
            }
            found = Some((outlined, lower.class(label)));
            if free {
                break;
            }
        }
        Ok(found.filter(|(outlined, _)| !outlined.is_empty()))
    }

    /// The highest mean probability of a class at a voxel.
    fn highest(&self, index: [usize; 3]) -> f32 {
        self.classes.iter().map(|class| class[index]).fold(0.0, f32::max)
    }

    /// The class that a voxel belongs to: of those above `threshold` the one of the highest mean probability, of equal ones the
    /// first.
    pub fn class_at(&self, index: [usize; 3], threshold: f64) -> Option<usize> {
        let above = self.classes.iter().map(|class| class[index]).enumerate();
        let above = above.filter(|(_, p)| f64::from(*p) > threshold);
        above.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(class, _)| class)
    }

    fn parts_above(&self, threshold: f64, cancel: &CancelToken) -> Result<Parts> {
        if let [only] = self.classes[..] {
            let components = components_above(only, threshold, cancel)?;
            return Ok(Parts { classes: vec![0; components.list.len()], components });
        }
        let mut parts = Parts { components: Components::none(self.grid.shape()), classes: Vec::new() };
        for class in 0..self.classes.len() {
            cancel.check()?;
            let own = |(k, j, i)| self.class_at([k, j, i], threshold) == Some(class);
            let mask = Array3::from_shape_fn(self.grid.shape(), own);
            let components = connected_components(&mask, Neighbourhood::All26, cancel)?;
            parts.classes.extend(std::iter::repeat_n(class, components.list.len()));
            parts.components.join(components);
        }
        Ok(parts)
    }

    /// The component nearest to a click, within reach.
    pub fn nearest(&self, components: &Components, click: [usize; 3]) -> Option<u32> {
        nearest(self.grid, components, click)
    }
}

/// The components of where a map is above a threshold.
pub fn components_above(map: &Array3<f32>, threshold: f64, cancel: &CancelToken) -> Result<Components> {
    connected_components_where(map.view(), |value| f64::from(*value) > threshold, Neighbourhood::All26, cancel)
}

/// The component nearest to a click, within reach.
pub fn nearest(grid: &Grid, components: &Components, click: [usize; 3]) -> Option<u32> {
    within_reach(grid, click).map(|index| components.labels[index]).find(|label| *label != 0)
}

/// Array indices within reach of a click, the nearest first.
fn within_reach(grid: &Grid, click: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    let voi = Voi::voxel(click).grown(grid.steps(CLICK_REACH_MM), grid.dims);
    let distance = |index: [usize; 3]| -> f64 {
        (0..3).map(|axis| ((index[2 - axis] as f64 - click[axis] as f64) * grid.spacing_mm[axis]).powi(2)).sum()
    };
    let all = voi.indices().map(|index| (distance(index), index));
    let mut near: Vec<_> = all.filter(|(d, _)| *d <= CLICK_REACH_MM.powi(2)).collect();
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
            let maps = ProbabilityMaps { grid, classes: vec![probability], threshold: 0.5 };
            let mut outlines = maps.outlines(at, &CancelToken::new()).unwrap();
            maps.lower_threshold(&mut outlines, at, &Monitor::silent()).unwrap();
            for component in &outlines.parts.components.list {
                let own = outlines.parts.components.labels.mapv(|label| label == component.label);
                assert_eq!(own.iter().filter(|own| **own).count(), component.voxels, "voxels are those of the label");
                assert_eq!(Voi::around(&own), Some(component.voi));
            }
            outlines
        }
    }

    fn labels(outlines: &Outlines) -> Vec<u32> {
        outlines.parts.components.labels.slice(ndarray::s![1, 1, ..]).to_vec()
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

    #[test]
    fn outlines_of_two_classes_give_a_voxel_to_the_likelier_one_above_the_threshold() {
        let grid = Grid::axial([6, 1, 1], [1.0; 3]);
        let map = |row: [f32; 6]| Array3::from_shape_vec((1, 1, 6), row.to_vec()).unwrap();
        let (one, two) = (map([0.6, 0.7, 0.7, 0.4, 0.0, 0.9]), map([0.1, 0.7, 0.8, 0.45, 0.6, 0.0]));
        let maps = ProbabilityMaps { grid: &grid, classes: vec![&one, &two], threshold: 0.5 };
        let found = maps.outlines(&[[4, 0, 0]], &CancelToken::new()).unwrap();
        let labels: Vec<u32> = found.parts.components.labels.iter().copied().collect();
        assert_eq!(labels, [1, 1, 3, 0, 4, 2]);
        assert_eq!(found.parts.classes, [0, 0, 1, 1]);
        assert_eq!(found.asked, [Some(4)]);
        assert_eq!(found.parts.voxels(3).collect::<Vec<_>>(), [[0, 0, 2]]);
        assert_eq!(found.parts.component(3).voi, Voi::voxel([2, 0, 0]));
    }

    #[test]
    fn lower_threshold_of_two_classes_outlines_the_likelier_one_there() {
        let grid = Grid::axial([5, 1, 1], [1.0; 3]);
        let map = |row: [f32; 5]| Array3::from_shape_vec((1, 1, 5), row.to_vec()).unwrap();
        let (one, two) = (map([0.0, 0.1, 0.2, 0.0, 0.0]), map([0.0, 0.2, 0.4, 0.3, 0.0]));
        let maps = ProbabilityMaps { grid: &grid, classes: vec![&one, &two], threshold: 0.5 };
        let mut found = maps.outlines(&[[2, 0, 0]], &CancelToken::new()).unwrap();
        maps.lower_threshold(&mut found, &[[2, 0, 0]], &Monitor::silent()).unwrap();
        assert_eq!((found.parts.classes, found.lowered), (vec![1], vec![1]));
        assert_eq!(found.parts.components.labels.iter().copied().collect::<Vec<_>>(), [0, 0, 1, 1, 0]);
    }
}
