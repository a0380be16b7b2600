//! Which finding of the current scan is which of the prior one.
//!
//! One to one, within a gate: how far two centres may lie apart once the lungs lie over each other. A nodule is looked for among
//! the other scan's nodules first, then among its micronodules, so that one that passes the smallest diameter that is shown is
//! neither new nor gone.

use super::{assign::assign, scan::Finding, transform::Transform};
use crate::space::grid::norm;

/// What a gate begins with: within the lung an affine map is off by some mm more than at its surface.
const GATE_MM: f64 = 5.0;
/// How often the residual at the lungs' surface counts.
const RESIDUALS: f64 = 2.0;

/// Two findings that are one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// Index of the prior finding.
    pub prior: usize,
    /// Index of the current one.
    pub current: usize,
    /// Distance of their centres in the prior scan, mm.
    pub distance_mm: f64,
}

/// How far a place may be off after registration, mm.
pub fn slack_mm(surface_mm: f64) -> f64 {
    GATE_MM + RESIDUALS * surface_mm
}

/// Pairs of findings, in the order of the current ones.
pub fn pairs(prior: &[Finding], current: &[Finding], to_prior: &Transform, surface_mm: f64) -> Vec<Pair> {
    let distance_mm = |p: usize, c: usize| {
        let there = to_prior.apply(current[c].centroid_ras);
        norm(std::array::from_fn(|axis| there[axis] - prior[p].centroid_ras[axis]))
    };
    let radius_mm = |finding: &Finding| finding.equivalent_diameter_mm / 2.0;
    let mut pairs: Vec<Pair> = Vec::new();
    // Nodules with nodules, then nodules with the other scan's micronodules.
    for [micro_prior, micro_current] in [[false, false], [true, false], [false, true]] {
        let free = |findings: &[Finding], micro: bool, taken: &dyn Fn(&Pair) -> usize| -> Vec<usize> {
            let wanted =
                |n: &usize| findings[*n].is_micronodule() == micro && !pairs.iter().any(|pair| taken(pair) == *n);
            (0..findings.len()).filter(wanted).collect()
        };
        let (rows, columns) =
            (free(prior, micro_prior, &|pair| pair.prior), free(current, micro_current, &|pair| pair.current));
        let cost = |row: usize, column: usize| {
            let (p, c) = (rows[row], columns[column]);
            let gate_mm = slack_mm(surface_mm) + radius_mm(&prior[p]).max(radius_mm(&current[c]));
            let share = distance_mm(p, c) / gate_mm;
            (share <= 1.0).then_some(share * share)
        };
        // Two pairs at the gate's end cost more than one good pair with two findings left over.
        let found = assign(rows.len(), columns.len(), 1.0, cost);
        pairs.extend(found.into_iter().map(|(row, column)| {
            let (prior, current) = (rows[row], columns[column]);
            Pair { prior, current, distance_mm: distance_mm(prior, current) }
        }));
    }
    pairs.sort_by_key(|pair| pair.current);
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(id: Option<u16>, at: [f64; 3], diameter_mm: f64) -> Finding {
        Finding { centroid_ras: at, equivalent_diameter_mm: diameter_mm, ..Finding::at(id, at) }
    }

    fn indices(prior: &[Finding], current: &[Finding]) -> Vec<(usize, usize)> {
        let to_prior = Transform::shifting([0.0; 3], [100.0, 0.0, 0.0]);
        pairs(prior, current, &to_prior, 1.0).iter().map(|pair| (pair.prior, pair.current)).collect()
    }

    #[test]
    fn pairs_are_those_that_lie_on_each_other_after_registration() {
        let prior = [finding(Some(1), [100.0, 0.0, 0.0], 8.0), finding(Some(2), [100.0, 9.0, 0.0], 8.0)];
        // The gate is 5 + 2 · 1 + 4 = 11 mm: the first current nodule is within that of both.
        let current = [finding(Some(1), [0.0, 8.0, 0.0], 8.0), finding(Some(2), [0.0, 60.0, 0.0], 8.0)];
        assert_eq!(indices(&prior, &current), [(1, 0)]);
        let both = [finding(Some(1), [0.0, 8.0, 0.0], 8.0), finding(Some(2), [0.0, -2.0, 0.0], 8.0)];
        assert_eq!(indices(&prior, &both), [(1, 0), (0, 1)]);
    }

    #[test]
    fn pairs_leave_a_new_nodule_beside_an_old_one_alone() {
        // One stayed, one went on its one side, one came on its other side.
        let prior = [finding(Some(1), [100.0, 0.0, 0.0], 6.0), finding(Some(2), [100.0, 8.0, 0.0], 6.0)];
        let current = [finding(Some(1), [0.0, 0.2, 0.0], 6.0), finding(Some(2), [0.0, -8.0, 0.0], 6.0)];
        assert_eq!(indices(&prior, &current), [(0, 0)]);
    }

    #[test]
    fn pairs_of_a_nodule_with_a_micronodule_come_after_those_of_nodules() {
        let prior = [finding(None, [100.0, 0.0, 0.0], 3.0), finding(Some(1), [100.0, 3.0, 0.0], 5.0)];
        let current = [finding(Some(1), [0.0, 0.5, 0.0], 5.0)];
        assert_eq!(indices(&prior, &current), [(1, 0)], "the nodule, though the micronodule is nearer");
        assert_eq!(indices(&prior[..1], &current), [(0, 0)]);
        assert_eq!(
            indices(&prior[..1], &[finding(None, [0.0; 3], 3.0)]),
            [],
            "micronodules by themselves are not followed"
        );
    }
}
