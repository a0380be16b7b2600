//! A prior and a current CT of one patient: which nodule is which, and how each changed.
//!
//! Enters: two [`Scan`]s whose findings were made in one way. Leaves: a [`Comparison`]. The lungs are laid over each other
//! ([`register`]), findings are paired one to one ([`matching`]), and the change of each pair is told by pairs of samples, of which
//! sample *s* is the same network on both scans, and by what differs from scan to scan ([`growth`]). Not known here: networks,
//! files but those of a folder of results ([`kept`]), and what is written. Nothing is said of what a change means for the patient.

pub mod assign;
pub mod date;
pub mod field;
pub mod fit;
pub mod growth;
pub mod kept;
pub mod matching;
pub mod register;
pub mod scan;
mod solve;
pub mod transform;

use serde::Serialize;

use self::{
    field::Field,
    fit::Fit,
    growth::{Growth, Sizes, Trend},
    matching::Pair,
    register::Registration,
    scan::{Finding, Scan},
    transform::Transform,
};
use crate::{
    error::{Error, Result},
    progress::Monitor,
};

/// From this share of the threshold on a probability is so high that a scan may show a nodule that wasn't found in it: an
/// outline would need no more than twice the evidence.
pub const MAY_SHOW: f64 = 0.5;

/// Voxels of two scans are alike where the longest of one is no more than so many times as long as that of the other.
const ALIKE_SLICES: f64 = 1.5;
/// Slices up to which the spread from scan to scan was measured ([`growth::SURFACE_MM`]), mm.
const MEASURED_SLICE_MM: f64 = 2.5;

/// What became of a nodule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Status {
    /// In the current scan alone; the prior one was searched there.
    New,
    /// In the prior scan alone; the current one was searched there.
    Gone,
    /// In both, see [`Trend::Grown`].
    Grown,
    /// In both, see [`Trend::Shrunk`].
    Shrunk,
    /// In both, neither grown nor shrunk.
    Stable,
    /// In both, but the image of one may cut it off: how it changed isn't known.
    CutOff,
    /// In the current scan, at a place that the prior one doesn't show or that wasn't searched in it.
    NotSearchedBefore,
    /// In the prior scan, at a place that the current one doesn't show or that wasn't searched in it.
    NotSearchedNow,
}

impl Status {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A nodule in one or both scans.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// What became of it.
    pub status: Status,
    /// In the prior scan.
    pub prior: Option<Finding>,
    /// In the current scan.
    pub current: Option<Finding>,
    /// Where its centre lies in the prior CT by the registration, RAS.
    pub place_in_prior_ras: [f64; 3],
    /// Where it lies in the current CT, RAS.
    pub place_in_current_ras: [f64; 3],
    /// Of what one scan alone has: the highest mean probability of a nodule in the other scan about that place, as far from it as
    /// the registration may be off. High below the threshold: the other scan may show it all the same. `null` with a pair, and
    /// where the other scan doesn't show the place.
    pub probability_in_other: Option<f64>,
    /// Whether that probability is so high ([`MAY_SHOW`]) that the other scan may show the nodule, below the threshold: then it
    /// may be neither new nor gone.
    pub other_may_show_it: bool,
    /// How far the two centres lie apart in the prior CT, mm; `null` without a pair.
    pub distance_mm: Option<f64>,
    /// How it changed; `null` without a pair, and where one of the two may be cut off.
    pub growth: Option<Growth>,
}

/// What two scans say together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Days from the prior to the current scan; `null`: unknown.
    pub days: Option<f64>,
    /// How well the lungs lie over each other.
    pub registration: Fit,
    /// Why matches and changes should be looked at by a person; empty: nothing speaks against them.
    pub registration_doubts: Vec<String>,
    /// Takes a point (RAS, mm) of the current CT to the prior one, 4 × 4 by rows.
    pub current_to_prior: [[f64; 4]; 4],
    /// The nodules: those of the current scan by number, then those of the prior one alone.
    pub nodules: Vec<Row>,
    /// The same map, for drawing.
    #[serde(skip)]
    pub to_prior: Transform,
}

/// Compares two scans of one patient, `days` apart.
///
/// # Errors
/// [`crate::Error::NotPaired`], [`crate::Error::Option`] where both are one CT, [`crate::Error::Registration`] or
/// [`crate::Error::Cancelled`].
pub fn compare(prior: &Scan, current: &Scan, days: Option<f64>, monitor: &mut Monitor<'_>) -> Result<Comparison> {
    current.made_by.check_prior(&prior.made_by)?;
    current.check_other_ct(prior)?;
    let registration = register::register(prior.as_lungs(), current.as_lungs(), monitor)?;
    let pairs =
        matching::pairs(&prior.findings, &current.findings, &registration.to_prior, registration.fit.surface_mm);
    let mut nodules = rows(prior, current, &registration, &pairs, days);
    nodules.sort_by_key(order);
    Ok(Comparison {
        days,
        registration: registration.fit,
        registration_doubts: [other_patient(prior, current), other_days(days, prior, current)]
            .into_iter()
            .flatten()
            .chain(registration.fit.doubts())
            .chain(slices(prior, current))
            .collect(),
        current_to_prior: registration.to_prior.homogeneous(),
        nodules,
        to_prior: registration.to_prior,
    })
}

/// Days from one scan to another: as `told`, else by their dates; `None` where they aren't known, and on one day, on which
/// nothing doubles.
///
/// # Errors
/// [`Error::Option`] for a prior scan that is later than the current one.
pub fn days_apart(told: Option<f64>, prior: &Scan, current: &Scan) -> Result<Option<f64>> {
    if told.is_some() {
        return Ok(told);
    }
    let (Some(from), Some(to)) = (&prior.date, &current.date) else { return Ok(None) };
    let days = date::days_between(from, to);
    match days.filter(|days| *days < 0) {
        Some(_) => Err(Error::Option {
            option: "PRIOR",
            got: format!("a scan of {from}, after the current one of {to}"),
            expected: "the current scan last, or the true distance in days".into(),
        }),
        None => Ok(days.filter(|days| *days > 0).map(|days| days as f64)),
    }
}

/// Says where the two have IDs of two patients.
fn other_patient(prior: &Scan, current: &Scan) -> Option<String> {
    let (before, now) = (prior.patient.as_ref()?, current.patient.as_ref()?);
    (before != now).then(|| "the two CTs have different patient IDs: is it the same patient?".to_owned())
}

/// Says where the days that were told aren't those between the scans' own dates.
fn other_days(days: Option<f64>, prior: &Scan, current: &Scan) -> Option<String> {
    let dated = date::days_between(prior.date.as_ref()?, current.date.as_ref()?)?;
    let told = days?;
    ((told - dated as f64).abs() >= 1.0)
        .then(|| format!("the CTs' own dates are {dated} days apart, not {told} as was told"))
}

/// Says where voxels are so long or so unlike that outlines differ by more than intervals say: a thick slice blurs a nodule along
/// the patient, and its outline is the larger for it.
fn slices(prior: &Scan, current: &Scan) -> Option<String> {
    let longest = |scan: &Scan| scan.ct.grid.spacing_mm.into_iter().fold(0.0, f64::max);
    let (before, now) = (longest(prior), longest(current));
    let most = before.max(now);
    let voxels = if most > ALIKE_SLICES * before.min(now) {
        format!("voxels are up to {before:.1} mm long before and up to {now:.1} mm now")
    } else if most > MEASURED_SLICE_MM {
        format!("voxels are up to {most:.1} mm long, and intervals were measured up to {MEASURED_SLICE_MM}")
    } else {
        return None;
    };
    Some(format!("{voxels}: the volume of an unchanged nodule may differ by more than its interval says"))
}

/// Current nodules by number, then prior ones whose current finding has no number, then those that the prior scan alone has.
fn order(row: &Row) -> (u8, u16) {
    let number = |finding: &Option<Finding>| finding.as_ref().and_then(|finding| finding.id);
    match (number(&row.current), &row.current) {
        (Some(id), _) => (0, id),
        (None, Some(_)) => (1, number(&row.prior).unwrap_or(0)),
        (None, None) => (2, number(&row.prior).unwrap_or(0)),
    }
}

fn rows(prior: &Scan, current: &Scan, registration: &Registration, pairs: &[Pair], days: Option<f64>) -> Vec<Row> {
    let Registration { to_prior, to_current, fit, .. } = registration;
    let slack_mm = matching::slack_mm(fit.surface_mm);
    let pair = |pair: &Pair| {
        let (before, now) = (&prior.findings[pair.prior], &current.findings[pair.current]);
        let known = !before.is_cut_off() && !now.is_cut_off();
        let growth = known.then(|| Growth::of(sizes(before, prior), sizes(now, current), days));
        let status = match growth.as_ref().map(Growth::trend) {
            Some(Trend::Grown) => Status::Grown,
            Some(Trend::Shrunk) => Status::Shrunk,
            Some(Trend::Stable) => Status::Stable,
            None => Status::CutOff,
        };
        Row {
            status,
            prior: Some(before.clone()),
            current: Some(now.clone()),
            place_in_prior_ras: before.centroid_ras,
            place_in_current_ras: now.centroid_ras,
            probability_in_other: None,
            other_may_show_it: false,
            distance_mm: Some(pair.distance_mm),
            growth,
        }
    };
    let alone = |finding: &Finding, is_current: bool| {
        let own = finding.centroid_ras;
        let other = if is_current { to_prior.apply(own) } else { to_current.apply(own) };
        let (scan, field) = if is_current { (prior, &registration.prior) } else { (current, &registration.current) };
        let status = match (searched(scan, field, other, slack_mm), is_current) {
            (true, true) => Status::New,
            (false, true) => Status::NotSearchedBefore,
            (true, false) => Status::Gone,
            (false, false) => Status::NotSearchedNow,
        };
        let [place_in_prior_ras, place_in_current_ras] = if is_current { [other, own] } else { [own, other] };
        let (before, now) = if is_current { (None, Some(finding)) } else { (Some(finding), None) };
        let probability_in_other = scan.probability_near(other, slack_mm);
        Row {
            status,
            prior: before.cloned(),
            current: now.cloned(),
            place_in_prior_ras,
            place_in_current_ras,
            probability_in_other,
            other_may_show_it: probability_in_other.is_some_and(|p| p >= MAY_SHOW * scan.made_by.threshold),
            distance_mm: None,
            growth: None,
        }
    };
    let lone = |findings: &[Finding], taken: &dyn Fn(usize) -> bool, is_current: bool| -> Vec<Row> {
        let shown = findings.iter().enumerate().filter(|(n, finding)| !taken(*n) && !finding.is_micronodule());
        shown.map(|(_, finding)| alone(finding, is_current)).collect()
    };
    let mut rows: Vec<Row> = pairs.iter().map(pair).collect();
    rows.extend(lone(&current.findings, &|n| pairs.iter().any(|pair| pair.current == n), true));
    rows.extend(lone(&prior.findings, &|n| pairs.iter().any(|pair| pair.prior == n), false));
    rows
}

fn sizes<'a>(finding: &'a Finding, scan: &Scan) -> Sizes<'a> {
    Sizes {
        outline_mm3: finding.volume_mm3,
        samples_mm3: &finding.sample_volumes_mm3,
        voxel_mm3: scan.ct.grid.voxel_mm3(),
        mean_diameter_mm: finding.mean_diameter_mm,
        sample_mean_diameters_mm: &finding.sample_mean_diameters_mm,
    }
}

/// Whether a nodule at `ras`, a place that may be off by `slack_mm`, would have been found by a search of `scan`.
fn searched(scan: &Scan, field: &Field, ras: [f64; 3], slack_mm: f64) -> bool {
    let shown = field.index(ras);
    shown.is_some_and(|at| scan.searched_everywhere || field.slope(&field.distance, at).value <= slack_mm)
}

#[cfg(test)]
mod tests;
