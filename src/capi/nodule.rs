//! A nodule in numbers. Between the marks stands what `cargo xtask header` makes from the table of measures.

use std::mem::offset_of;

use super::structs::Abi;
use crate::findings::nodule::Nodule;

/// A nodule. Set struct_size before sam2lung_result_nodule(). NaN: the model has nothing to say.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct sam2lung_nodule {
    /// sizeof(sam2lung_nodule), set by the caller.
    pub struct_size: usize,
    // generated: fields
    /// Number in the label map, from 1.
    pub id: u32,
    /// Whether someone should look again.
    pub review: bool,
    /// Whether the network outlined it with clicks.
    pub clicked: bool,
    /// Centre as column, row, slice of the CT, from 0.
    pub centroid_ijk: [f64; 3],
    /// Centre towards right, anterior, superior in the CT's patient frame, mm.
    pub centroid_ras: [f64; 3],
    /// Volume of the outline in the label map, mm³.
    pub volume_mm3: f64,
    /// Lower end of the interval around the volume; above 0 and at most the volume; mm³.
    pub volume_mm3_p05: f64,
    /// Median of the volume over the samples; outside the interval its nearer end; mm³.
    pub volume_mm3_p50: f64,
    /// Upper end of the interval around the volume; at least the volume; mm³.
    pub volume_mm3_p95: f64,
    /// 5th percentile of the volume over the samples; a sample that misses the nodule counts as 0; mm³.
    pub sample_volume_mm3_p05: f64,
    /// Median of the volume over the samples, mm³.
    pub sample_volume_mm3_p50: f64,
    /// 95th percentile of the volume over the samples, mm³.
    pub sample_volume_mm3_p95: f64,
    /// Standard deviation of the natural logarithm of the volume over the samples.
    pub volume_spread: f64,
    /// Diameter of the sphere of that volume, mm.
    pub equivalent_diameter_mm: f64,
    /// Longest diameter in an axial slice, mm.
    pub long_axis_mm: f64,
    /// Longest diameter at right angles to the long axis, in the same slice, mm.
    pub short_axis_mm: f64,
    /// Mean over the outline, HU.
    pub mean_hu: f64,
    /// Mean over the outline.
    pub probability_inside: f64,
    /// Probability within 4 mm of the outline that belongs to no nodule, as a share of the outline's voxels: what
    /// may be left out.
    pub probability_around: f64,
    /// Mean of the uncertainty map over the outline and the voxels that touch it.
    pub uncertainty_mean: f64,
    /// How well the outlines of two samples agree: mean Dice over the pairs of the first 200 samples; 1 with one
    /// sample.
    pub sample_dice: f64,
    /// Share of the samples that found the nodule.
    pub detection_rate: f64,
    /// Probability that it is a nodule, by the model's classifier; none if the model has no classifier.
    pub nodule_probability: f64,
    /// Dice that the outline should have with the true one; none if the model hasn't learnt it.
    pub expected_dice: f64,
    /// How many texts sam2lung_result_review_reason() has.
    pub review_reason_count: usize,
    /// Share of radiologists that would mark it, by the model's classifier; none if the model hasn't learnt it.
    pub readers_share: f64,
    /// Longest diameter in any plane, hence in space, mm.
    pub long_axis_3d_mm: f64,
    /// Longest diameter at right angles to that long axis, in a plane that holds it, mm.
    pub short_axis_3d_mm: f64,
    /// Mean of the axial long and short axis, as Lung-RADS v2022 measures: both axes to 0.1 mm, their mean to 0.1
    /// mm; mm.
    pub mean_diameter_mm: f64,
    /// 5th percentile of the mean diameter over the samples; at most the mean diameter; not calibrated; a sample
    /// that misses the nodule counts as 0; mm.
    pub mean_diameter_mm_p05: f64,
    /// 95th percentile of the mean diameter over the samples; at least the mean diameter; not calibrated; mm.
    pub mean_diameter_mm_p95: f64,
    /// Volume of the solid part: the largest connected part above -300 HU (Scholten et al. 2015); mm³.
    pub solid_volume_mm3: f64,
    /// Mean diameter of the solid part, measured as that of the nodule; 0 where there is none; mm.
    pub solid_mean_diameter_mm: f64,
    /// Volume of the voxels of 200 HU and more; contrast medium counts as well; mm³.
    pub calcium_mm3: f64,
    /// Volume of the voxels of -120 to -40 HU away from the outline's edge; within ground glass blur can look
    /// like fat; mm³.
    pub fat_mm3: f64,
    /// Volume times density: (mean HU + 1000) / 1000 mg per mm³; mg.
    pub mass_mg: f64,
    /// Distance to the border of the lung mask (pleura, or hilum), to about 2 mm; 0 where it reaches beyond; none
    /// where the lungs weren't looked for; mm.
    pub pleura_distance_mm: f64,
    /// Slice of the CT with the axial long axis, from 0; none where the CT's slices aren't axial.
    pub long_axis_slice: f64,
    /// Instance number of that slice's DICOM image; none for other inputs.
    pub long_axis_instance_number: f64,
    /// Where the long axis in any plane begins, towards right, anterior, superior in the CT's patient frame, mm.
    pub long_axis_3d_start_ras: [f64; 3],
    /// Where it ends, mm.
    pub long_axis_3d_end_ras: [f64; 3],
    /// Where the short axis in any plane begins, in the same frame, mm.
    pub short_axis_3d_start_ras: [f64; 3],
    /// Where it ends, mm.
    pub short_axis_3d_end_ras: [f64; 3],
    // end of generated
}

// SAFETY: repr(C), its size first; it only goes out, so no bool is read.
unsafe impl Abi for sam2lung_nodule {
    const NAME: &'static str = "sam2lung_nodule";
    // Versions 1 to 3 of the interface ended with `review_reason_count`.
    const FIRST_SIZE: usize = offset_of!(Self, review_reason_count) + size_of::<usize>();
    const BOOLS: &'static [(&'static str, usize)] = &[];
    const DEFAULT: Self = sam2lung_nodule {
        struct_size: size_of::<Self>(),
        // generated: defaults
        id: 0,
        review: false,
        clicked: false,
        centroid_ijk: [f64::NAN; 3],
        centroid_ras: [f64::NAN; 3],
        volume_mm3: f64::NAN,
        volume_mm3_p05: f64::NAN,
        volume_mm3_p50: f64::NAN,
        volume_mm3_p95: f64::NAN,
        sample_volume_mm3_p05: f64::NAN,
        sample_volume_mm3_p50: f64::NAN,
        sample_volume_mm3_p95: f64::NAN,
        volume_spread: f64::NAN,
        equivalent_diameter_mm: f64::NAN,
        long_axis_mm: f64::NAN,
        short_axis_mm: f64::NAN,
        mean_hu: f64::NAN,
        probability_inside: f64::NAN,
        probability_around: f64::NAN,
        uncertainty_mean: f64::NAN,
        sample_dice: f64::NAN,
        detection_rate: f64::NAN,
        nodule_probability: f64::NAN,
        expected_dice: f64::NAN,
        review_reason_count: 0,
        readers_share: f64::NAN,
        long_axis_3d_mm: f64::NAN,
        short_axis_3d_mm: f64::NAN,
        mean_diameter_mm: f64::NAN,
        mean_diameter_mm_p05: f64::NAN,
        mean_diameter_mm_p95: f64::NAN,
        solid_volume_mm3: f64::NAN,
        solid_mean_diameter_mm: f64::NAN,
        calcium_mm3: f64::NAN,
        fat_mm3: f64::NAN,
        mass_mg: f64::NAN,
        pleura_distance_mm: f64::NAN,
        long_axis_slice: f64::NAN,
        long_axis_instance_number: f64::NAN,
        long_axis_3d_start_ras: [f64::NAN; 3],
        long_axis_3d_end_ras: [f64::NAN; 3],
        short_axis_3d_start_ras: [f64::NAN; 3],
        short_axis_3d_end_ras: [f64::NAN; 3],
        // end of generated
    };
}

impl From<&Nodule> for sam2lung_nodule {
    fn from(nodule: &Nodule) -> Self {
        sam2lung_nodule {
            struct_size: size_of::<Self>(),
            // generated: values
            id: nodule.id.into(),
            review: nodule.review,
            clicked: nodule.clicked,
            centroid_ijk: nodule.centroid_ijk,
            centroid_ras: nodule.centroid_ras,
            volume_mm3: nodule.volume_mm3,
            volume_mm3_p05: nodule.volume_mm3_p05,
            volume_mm3_p50: nodule.volume_mm3_p50,
            volume_mm3_p95: nodule.volume_mm3_p95,
            sample_volume_mm3_p05: nodule.sample_volume_mm3_p05,
            sample_volume_mm3_p50: nodule.sample_volume_mm3_p50,
            sample_volume_mm3_p95: nodule.sample_volume_mm3_p95,
            volume_spread: nodule.volume_spread,
            equivalent_diameter_mm: nodule.equivalent_diameter_mm,
            long_axis_mm: nodule.long_axis_mm,
            short_axis_mm: nodule.short_axis_mm,
            mean_hu: nodule.mean_hu,
            probability_inside: nodule.probability_inside,
            probability_around: nodule.probability_around,
            uncertainty_mean: nodule.uncertainty_mean,
            sample_dice: nodule.sample_dice,
            detection_rate: nodule.detection_rate,
            nodule_probability: nodule.nodule_probability.unwrap_or(f64::NAN),
            expected_dice: nodule.expected_dice.unwrap_or(f64::NAN),
            review_reason_count: nodule.review_reasons.len(),
            readers_share: nodule.readers_share.unwrap_or(f64::NAN),
            long_axis_3d_mm: nodule.long_axis_3d_mm,
            short_axis_3d_mm: nodule.short_axis_3d_mm,
            mean_diameter_mm: nodule.mean_diameter_mm,
            mean_diameter_mm_p05: nodule.mean_diameter_mm_p05,
            mean_diameter_mm_p95: nodule.mean_diameter_mm_p95,
            solid_volume_mm3: nodule.solid_volume_mm3.unwrap_or(f64::NAN),
            solid_mean_diameter_mm: nodule.solid_mean_diameter_mm.unwrap_or(f64::NAN),
            calcium_mm3: nodule.calcium_mm3.unwrap_or(f64::NAN),
            fat_mm3: nodule.fat_mm3.unwrap_or(f64::NAN),
            mass_mg: nodule.mass_mg.unwrap_or(f64::NAN),
            pleura_distance_mm: nodule.pleura_distance_mm.unwrap_or(f64::NAN),
            long_axis_slice: nodule.long_axis_slice.unwrap_or(f64::NAN),
            long_axis_instance_number: nodule.long_axis_instance_number.unwrap_or(f64::NAN),
            long_axis_3d_start_ras: nodule.long_axis_3d_start_ras,
            long_axis_3d_end_ras: nodule.long_axis_3d_end_ras,
            short_axis_3d_start_ras: nodule.short_axis_3d_start_ras,
            short_axis_3d_end_ras: nodule.short_axis_3d_end_ras,
            // end of generated
        }
    }
}
