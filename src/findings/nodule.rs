//! Measures nodules: size, volume under each sample, uncertainty, and whether to look again.
//!
//! Enters: maps in canonical orientation (k along the patient, slices axial). Leaves: one [`Nodule`] for each number
//! of the label map.

use ndarray::Array3;

use crate::contract::{
    classes::Class,
    uncertainty::{ReviewRule, UncertaintyModel},
};
use crate::findings::any_plane::AnyPlane;
use crate::findings::around::Surroundings;
use crate::findings::axes::{Axes, RowEnds};
use crate::findings::bands::SizeBands;
use crate::findings::canonical::Canonical;
use crate::findings::density::Density;
use crate::findings::diameter::MeanDiameter;
use crate::findings::interval::Expected;
use crate::findings::place::{Lungs, Place};
use crate::findings::samples::SampleVolumes;
use crate::{
    error::Result,
    progress::CancelToken,
    space::{orientation::Orientation, volume::Voi},
    steps::labels::labelled,
    threads::share,
};

/// What was decided of a nodule before it was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Finding {
    /// Its class, as an index into [`Rules::classes`].
    pub class: usize,
    /// The classifier's probability that this is a nodule; `None` without a classifier.
    pub nodule_probability: Option<f64>,
    /// Share of radiologists that would mark it, by the classifier; `None` where it hasn't learnt it.
    pub readers_share: Option<f64>,
    /// True when it was outlined at a click, below the usual threshold.
    pub below_threshold: bool,
    /// True when the network outlined it with clicks.
    pub clicked: bool,
    /// Mean probability above which its outline lies, where that isn't the result's threshold.
    pub outline_threshold: Option<f64>,
}

/// A nodule. Lengths are mm, volumes mm³. What is told of it stands in [`super::measures::MEASURES`].
#[derive(Debug, Clone, PartialEq)]
pub struct Nodule {
    /// Its number in the label map.
    pub id: u16,
    /// Mean voxel index (i, j, k), from 0.
    pub centroid_ijk: [f64; 3],
    /// The same place in RAS.
    pub centroid_ras: [f64; 3],
    /// Voxels of the label times the volume of one.
    pub volume_mm3: f64,
    /// Lower end of the volume's interval (see [`crate::findings::interval::VolumeInterval`]): of the bundle's model, else
    /// 5th percentile of the samples; above 0 and at most `volume_mm3`.
    pub volume_mm3_p05: f64,
    /// Median of the volume over the samples; outside the interval its nearer end.
    pub volume_mm3_p50: f64,
    /// Upper end of the volume's interval: of the bundle's model, else 95th percentile of the samples; at least
    /// `volume_mm3`.
    pub volume_mm3_p95: f64,
    /// 5th percentile of the volume over the samples. A sample that misses the nodule counts as 0; `volume_mm3`, the volume
    /// of the mean's outline, may lie outside the samples' percentiles.
    pub sample_volume_mm3_p05: f64,
    /// Median of the volume over the samples.
    pub sample_volume_mm3_p50: f64,
    /// 95th percentile of the volume over the samples.
    pub sample_volume_mm3_p95: f64,
    /// Standard deviation of the logarithm of the volume over the samples.
    pub volume_spread: f64,
    /// Diameter of the sphere of that volume.
    pub equivalent_diameter_mm: f64,
    /// Longest diameter in an axial slice.
    pub long_axis_mm: f64,
    /// Longest extent at right angles to it in the same slice.
    pub short_axis_mm: f64,
    /// Mean HU of the label's voxels.
    pub mean_hu: f64,
    /// Mean probability of the label's voxels.
    pub probability_inside: f64,
    /// Probability within 4 mm of the label that belongs to no nodule, summed over voxels, a voxel of the label.
    pub probability_around: f64,
    /// Mean uncertainty of the label's voxels and of those that touch them: it sits at the edge.
    pub uncertainty_mean: f64,
    /// Mean Dice between the outlines of two samples, of the first 200; 1 with one sample.
    pub sample_dice: f64,
    /// Share of the samples that found the nodule.
    pub detection_rate: f64,
    /// The classifier's probability that this is a nodule; `None` without a classifier.
    pub nodule_probability: Option<f64>,
    /// Dice that the outline is expected to have with the true one; `None` without an uncertainty model.
    pub expected_dice: Option<f64>,
    /// True when the network outlined it with clicks.
    pub clicked: bool,
    /// True when someone should look again.
    pub review: bool,
    /// Why.
    pub review_reasons: Vec<String>,
    /// Name of its class.
    pub class: String,
    /// Volume under each sample, in their order; 0 where a sample misses it.
    pub sample_volumes_mm3: Vec<f64>,
    /// Share of radiologists that would mark it, by the classifier; `None` where it hasn't learnt it.
    pub readers_share: Option<f64>,
    /// Longest diameter in space (see [`crate::findings::any_plane`]).
    pub long_axis_3d_mm: f64,
    /// Longest extent at right angles to it, in a plane that holds it.
    pub short_axis_3d_mm: f64,
    /// Mean of the axial long and short axis, as Lung-RADS v2022 has it: both to 0.1 mm, their mean to 0.1 mm.
    pub mean_diameter_mm: f64,
    /// 5th percentile of the samples' mean diameters, to 0.1 mm; at most `mean_diameter_mm`. A sample that misses the nodule
    /// counts as 0.
    pub mean_diameter_mm_p05: f64,
    /// 95th percentile of them, to 0.1 mm; at least `mean_diameter_mm`.
    pub mean_diameter_mm_p95: f64,
    /// Mean diameter under each sample, in their order; 0 where a sample misses it.
    pub sample_mean_diameters_mm: Vec<f64>,
    /// Between which limits of guidelines its size lies, and how often its samples' sizes do.
    pub size_bands: SizeBands,
    /// `solid`, `part-solid` or `ground glass` by the rule of [`crate::findings::density`]; empty where values aren't HU.
    pub texture: &'static str,
    /// Volume of the largest connected part above -300 HU; `None` where values aren't HU, as all that follow.
    pub solid_volume_mm3: Option<f64>,
    /// Mean diameter of that part; 0 where there is none.
    pub solid_mean_diameter_mm: Option<f64>,
    /// Volume of the voxels of 200 HU and more.
    pub calcium_mm3: Option<f64>,
    /// Volume of the inner voxels of -120 to -40 HU.
    pub fat_mm3: Option<f64>,
    /// Volume times density, in mg.
    pub mass_mg: Option<f64>,
    /// `right lung` or `left lung`; empty where that isn't known (see [`Place`]), as the next.
    pub side: &'static str,
    /// Whether it touches the pleura: `yes` or `no`.
    pub touches_pleura: &'static str,
    /// From it to the border of the lungs that were searched; `None` where they aren't known.
    pub pleura_distance_mm: Option<f64>,
    /// The slice of the CT, from 0, with the axial long axis; `None` where the CT's slices aren't axial.
    pub long_axis_slice: Option<f64>,
    /// Instance number of that image, where the CT is DICOM and its reader said it.
    pub long_axis_instance_number: Option<f64>,
    /// SOP instance UID of that image; else empty.
    pub long_axis_sop_instance_uid: String,
    /// Where the long axis in any plane begins, in RAS: drawn as a line of its length.
    pub long_axis_3d_start_ras: [f64; 3],
    /// Where it ends.
    pub long_axis_3d_end_ras: [f64; 3],
    /// Where the short axis in any plane begins, in RAS: drawn at right angles to the long one, and as long as it is.
    pub short_axis_3d_start_ras: [f64; 3],
    /// Where it ends.
    pub short_axis_3d_end_ras: [f64; 3],
    /// Mean probability above which its outline lies, where that isn't the result's threshold. No measure: surfaces are drawn
    /// by it.
    pub outline_threshold: Option<f64>,
}

impl Nodule {
    /// A nodule of which only a label map is left: number, place (voxel and RAS) and volume. All else is NaN or empty.
    pub fn unmeasured(id: u16, [centroid_ijk, centroid_ras]: [[f64; 3]; 2], volume_mm3: f64) -> Self {
        const UNKNOWN: f64 = f64::NAN;
        Nodule {
            id,
            centroid_ijk,
            centroid_ras,
            volume_mm3,
            volume_mm3_p05: UNKNOWN,
            volume_mm3_p50: UNKNOWN,
            volume_mm3_p95: UNKNOWN,
            sample_volume_mm3_p05: UNKNOWN,
            sample_volume_mm3_p50: UNKNOWN,
            sample_volume_mm3_p95: UNKNOWN,
            volume_spread: UNKNOWN,
            equivalent_diameter_mm: equivalent_diameter_mm(volume_mm3),
            long_axis_mm: UNKNOWN,
            short_axis_mm: UNKNOWN,
            mean_hu: UNKNOWN,
            probability_inside: UNKNOWN,
            probability_around: UNKNOWN,
            uncertainty_mean: UNKNOWN,
            sample_dice: UNKNOWN,
            detection_rate: UNKNOWN,
            nodule_probability: None,
            expected_dice: None,
            clicked: false,
            review: false,
            review_reasons: Vec::new(),
            class: String::new(),
            sample_volumes_mm3: Vec::new(),
            readers_share: None,
            long_axis_3d_mm: UNKNOWN,
            short_axis_3d_mm: UNKNOWN,
            mean_diameter_mm: UNKNOWN,
            mean_diameter_mm_p05: UNKNOWN,
            mean_diameter_mm_p95: UNKNOWN,
            sample_mean_diameters_mm: Vec::new(),
            size_bands: SizeBands::default(),
            texture: "",
            solid_volume_mm3: None,
            solid_mean_diameter_mm: None,
            calcium_mm3: None,
            fat_mm3: None,
            mass_mg: None,
            side: "",
            touches_pleura: "",
            pleura_distance_mm: None,
            long_axis_slice: None,
            long_axis_instance_number: None,
            long_axis_sop_instance_uid: String::new(),
            long_axis_3d_start_ras: [UNKNOWN; 3],
            long_axis_3d_end_ras: [UNKNOWN; 3],
            short_axis_3d_start_ras: [UNKNOWN; 3],
            short_axis_3d_end_ras: [UNKNOWN; 3],
            outline_threshold: None,
        }
    }
}

impl Nodule {
    /// The same with voxel indices of the CT as it was given, in place of canonical ones.
    pub fn into_native(self, orientation: &Orientation) -> Self {
        let long_axis_slice = self.long_axis_slice.and_then(|k| orientation.native_slice(k));
        Nodule { centroid_ijk: orientation.native_ijk(self.centroid_ijk), long_axis_slice, ..self }
    }
}

/// Diameter of the sphere of this volume.
pub fn equivalent_diameter_mm(volume_mm3: f64) -> f64 {
    (6.0 * volume_mm3 / std::f64::consts::PI).cbrt()
}

/// What nodules are measured by besides the maps.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// When to look again.
    pub review: &'a ReviewRule,
    /// How far outlines may be off; `None`: the samples alone say it.
    pub uncertainty: Option<&'a UncertaintyModel>,
    /// The classes that a finding may be of.
    pub classes: &'a [Class],
    /// Whether values of the CT are HU.
    pub hounsfield: bool,
    /// Where the lungs are; `None` where nobody looked.
    pub lungs: Option<Lungs<'a>>,
}

/// Measures every nodule of the label map. `findings[n]` belongs to number n + 1.
///
/// # Errors
/// [`crate::Error::Cancelled`] or [`crate::Error::OutOfMemory`].
///
/// # Panics
/// When a finding's class is none of the rules'.
pub fn measure(
    maps: &Canonical<'_>,
    findings: &[Finding],
    rules: Rules<'_>,
    cancel: &CancelToken,
) -> Result<Vec<Nodule>> {
    let finding = |id: u16| Some(findings.get(usize::from(id) - 1).copied().unwrap_or_default());
    measure_those(maps.labels, finding, |_| *maps, rules, cancel)
}

/// Measures those numbers of `labels` of which `finding` knows, each in the maps that `maps` has for it.
///
/// # Errors
/// As [`measure`].
///
/// # Panics
/// As [`measure`].
pub fn measure_those<'a>(
    labels: &Array3<u16>,
    finding: impl Fn(u16) -> Option<Finding>,
    maps: impl Fn(&Finding) -> Canonical<'a> + Sync,
    rules: Rules<'_>,
    cancel: &CancelToken,
) -> Result<Vec<Nodule>> {
    let numbers = labelled(labels.view(), cancel)?;
    let numbered = numbers.into_iter().zip(1u16..).filter_map(|(found, id)| Some((found?.voi, id, finding(id)?)));
    share(numbered, |(voi, id, finding)| nodule(&maps(&finding), id, &voi, finding, rules, cancel))
}

/// Measures outlines that no run made, such as ones drawn by hand: of every number of the label map what outline, CT and maps
/// say. What samples or a model say is NaN or empty.
///
/// # Errors
/// As [`measure`].
pub fn measure_outlines(maps: &Canonical<'_>, hounsfield: bool, cancel: &CancelToken) -> Result<Vec<Nodule>> {
    let numbers = labelled(maps.labels.view(), cancel)?;
    let numbered = numbers.into_iter().zip(1u16..).filter_map(|(found, id)| Some((found?.voi, id)));
    share(numbered, |(voi, id)| Ok(outlined(maps, id, &voi, (hounsfield, None), cancel)?.0))
}

/// What the outline of number `id`, which lies in `voi`, the CT and the maps say; all that samples or a model say is NaN or
/// empty. Its voxel indices are canonical. Leaves the axial axes and what lies around it, too.
fn outlined<'a>(
    maps: &'a Canonical<'a>,
    id: u16,
    voi: &Voi,
    (hounsfield, lungs): (bool, Option<Lungs<'_>>),
    cancel: &CancelToken,
) -> Result<(Nodule, Axes, Surroundings<'a>)> {
    let grid = &maps.ct.grid;
    cancel.check()?;
    let voxels: Vec<[usize; 3]> = voi.indices().filter(|index| maps.labels[*index] == id).collect();
    let count = voxels.len() as f64;
    let mean = |of: &dyn Fn([usize; 3]) -> f64| voxels.iter().map(|index| of(*index)).sum::<f64>() / count;
    let centroid_ijk = [2, 1, 0].map(|array_axis: usize| mean(&|index| index[array_axis] as f64));
    let volume_mm3 = count * grid.voxel_mm3();
    let ends = RowEnds::of(voxels.iter().copied());
    let axes = ends.axial(grid.spacing_mm);
    let any_plane = AnyPlane::of(&voxels, &ends, grid.spacing_mm, cancel)?;
    let ras = |end_mm: [f64; 3]| grid.ras(std::array::from_fn(|axis| end_mm[axis] / grid.spacing_mm[axis]));
    let [long_axis_3d_start_ras, long_axis_3d_end_ras] = any_plane.long_ends.map(ras);
    let [short_axis_3d_start_ras, short_axis_3d_end_ras] = any_plane.short_ends.map(ras);
    let density = match hounsfield {
        true => Density::of(maps, id, voi, &voxels, cancel)?,
        false => Density::UNKNOWN,
    };
    let place = match lungs {
        Some(lungs) => Place::of(lungs, grid, voi, &voxels, cancel)?,
        None => Place::UNKNOWN,
    };
    let around = Surroundings::of(maps, id, voi, cancel)?;
    let no_samples = SampleVolumes::of_voxels(grid.voxel_mm3(), Vec::new());
    let nodule = Nodule {
        long_axis_mm: axes.long_mm,
        short_axis_mm: axes.short_mm,
        mean_hu: mean(&|index| f64::from(maps.ct.voxels[index])),
        probability_inside: mean(&|index| f64::from(maps.probability[index])),
        probability_around: around.probability(),
        uncertainty_mean: uncertainty_with_rim(maps, id, voi, cancel)?,
        long_axis_3d_mm: any_plane.long_mm,
        short_axis_3d_mm: any_plane.short_mm,
        mean_diameter_mm: axes.mean_mm(),
        size_bands: SizeBands::of(axes, volume_mm3, &no_samples),
        texture: density.texture,
        solid_volume_mm3: density.solid_mm3,
        solid_mean_diameter_mm: density.solid_mean_diameter_mm,
        calcium_mm3: density.calcium_mm3,
        fat_mm3: density.fat_mm3,
        mass_mg: density.mass_mg,
        side: place.lung(),
        touches_pleura: place.touches(),
        pleura_distance_mm: place.pleura_mm,
        long_axis_slice: Some(axes.slice as f64),
        long_axis_3d_start_ras,
        long_axis_3d_end_ras,
        short_axis_3d_start_ras,
        short_axis_3d_end_ras,
        ..Nodule::unmeasured(id, [centroid_ijk, grid.ras(centroid_ijk)], volume_mm3)
    };
    Ok((nodule, axes, around))
}

fn nodule(
    maps: &Canonical<'_>,
    id: u16,
    voi: &Voi,
    finding: Finding,
    rules: Rules<'_>,
    cancel: &CancelToken,
) -> Result<Nodule> {
    let grid = &maps.ct.grid;
    let (outlined, axes, around) = outlined(maps, id, voi, (rules.hounsfield, rules.lungs), cancel)?;
    let sampled = SampleVolumes::of(maps, id, voi, cancel)?;
    let diameter = MeanDiameter::of(axes, sampled.axes());
    let [p05, p50, p95] = [0.05, 0.5, 0.95].map(|q| sampled.quantile_mm3(q));
    let mut nodule = Nodule {
        volume_mm3_p05: p05,
        volume_mm3_p50: p50,
        volume_mm3_p95: p95,
        sample_volume_mm3_p05: p05,
        sample_volume_mm3_p50: p50,
        sample_volume_mm3_p95: p95,
        volume_spread: sampled.log_spread(),
        sample_dice: sampled.mean_dice(),
        detection_rate: sampled.detection_rate(),
        nodule_probability: finding.nodule_probability,
        clicked: finding.clicked,
        class: rules.classes[finding.class].name.clone(),
        sample_volumes_mm3: sampled.volumes_mm3(),
        readers_share: finding.readers_share,
        mean_diameter_mm: diameter.mm,
        mean_diameter_mm_p05: diameter.interval_mm[0],
        mean_diameter_mm_p95: diameter.interval_mm[1],
        sample_mean_diameters_mm: diameter.samples_mm,
        size_bands: SizeBands::of(axes, outlined.volume_mm3, &sampled),
        outline_threshold: finding.outline_threshold,
        ..outlined
    };
    let limits = around.volume_limits(cancel)?;
    let expected = Expected::of(rules.uncertainty, &nodule, &sampled, limits, grid.voxel_mm3());
    nodule.expected_dice = expected.dice;
    let [low, high] = expected.volume_mm3;
    (nodule.volume_mm3_p05, nodule.volume_mm3_p95) = (low, high);
    nodule.volume_mm3_p50 = p50.clamp(low, high);
    nodule.review_reasons = rules.review.reasons(&nodule, finding, voi, grid);
    nodule.review = !nodule.review_reasons.is_empty();
    Ok(nodule)
}

/// Mean uncertainty over the label and the voxels that touch it.
fn uncertainty_with_rim(maps: &Canonical<'_>, id: u16, voi: &Voi, cancel: &CancelToken) -> Result<f64> {
    let dims = maps.ct.grid.dims;
    let touches = |[k, j, i]: [usize; 3]| {
        let near = |index: usize, axis: usize| index.saturating_sub(1)..(index + 2).min(dims[axis]);
        near(k, 2).any(|k| near(j, 1).any(|j| near(i, 0).any(|i| maps.labels[[k, j, i]] == id)))
    };
    let near = voi.grown([1; 3], dims);
    let (mut sum, mut count) = (0.0, 0.0);
    for k in near.start[2]..near.end[2] {
        cancel.check()?;
        let slice = Voi { start: [near.start[0], near.start[1], k], end: [near.end[0], near.end[1], k + 1] };
        for index in slice.indices().filter(|index| touches(*index)) {
            sum += f64::from(maps.uncertainty[index]);
            count += 1.0;
        }
    }
    Ok(sum / count)
}

#[cfg(test)]
mod tests;
