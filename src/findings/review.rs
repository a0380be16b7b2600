//! When a nodule should be looked at again, in words.

use crate::findings::{
    nodule::{Finding, Nodule},
    share::{apart, percent},
};
use crate::{
    contract::uncertainty::{ReviewRule, Uncertainty},
    space::{grid::Grid, volume::Voi},
};

/// Why to look again at a nodule that the image may cut off.
pub const AT_EDGE: &str = "touches the edge of the scan: a part may be missing";

impl ReviewRule {
    /// The rule for runs that show uncertainty of the kind `shown`: the bundle's bound of the mean uncertainty is one of
    /// its `own` kind, and the kinds differ in size.
    pub fn under(&self, shown: Uncertainty, own: Uncertainty) -> Self {
        let bound = self.uncertainty_mean_above.filter(|_| shown == own);
        ReviewRule { uncertainty_mean_above: bound, ..self.clone() }
    }

    /// Why `nodule`, which lies in `voi`, should be looked at again; empty when it needn't.
    pub fn reasons(&self, nodule: &Nodule, finding: Finding, voi: &Voi, grid: &Grid) -> Vec<String> {
        let below = |value: Option<f64>, bound: Option<f64>| value.zip(bound).filter(|(v, b)| v < b);
        let mut reasons = Vec::new();
        if let Some((dice, bound)) = below(Some(nodule.sample_dice), self.sample_dice_below) {
            let [dice, bound] = apart(dice, bound);
            reasons.push(format!("outlines of the samples disagree (Dice {dice}, below {bound})"));
        }
        if let Some((rate, _)) = below(Some(nodule.detection_rate), self.detection_rate_below) {
            reasons.push(format!("found in {} of the samples only", percent(rate)));
        }
        if let Some((p, bound)) = below(nodule.nodule_probability, self.nodule_probability_below) {
            let [p, bound] = apart(p, bound);
            reasons.push(format!("may be no nodule (probability {p}, below {bound})"));
        }
        if let Some(bound) = self.uncertainty_mean_above.filter(|b| nodule.uncertainty_mean > *b) {
            let [mean, bound] = apart(nodule.uncertainty_mean, bound);
            reasons.push(format!("mean uncertainty {mean} is above {bound}"));
        }
        if let Some((dice, bound)) = below(nodule.expected_dice, self.expected_dice_below) {
            let [dice, bound] = apart(dice, bound);
            reasons
                .push(format!("the outline may be off (expected agreement with the true one {dice}, below {bound})"));
        }
        if finding.below_threshold {
            reasons.push("outlined at a click, below the usual threshold".into());
        }
        if (0..3).any(|axis| voi.start[axis] == 0 || voi.end[axis] == grid.dims[axis]) {
            reasons.push(AT_EDGE.into());
        }
        reasons
    }
}
