//! A nodule in numbers.

use super::structs::Abi;
use crate::findings::nodule::Nodule;

/// A nodule. Set struct_size before sam2lung_result_nodule(). NaN: the bundle has nothing to say.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct sam2lung_nodule {
    /// sizeof(sam2lung_nodule), set by the caller.
    pub struct_size: usize,
    /// Its number in the label map, from 1.
    pub id: u32,
    /// Someone should look again; sam2lung_result_review_reason() says why.
    pub review: bool,
    /// Its outline was made with the clicks of sam2lung_engine_run_at().
    pub prompted: bool,
    /// Mean voxel index along i, j, k, from 0.
    pub centroid_ijk: [f64; 3],
    /// The same place in RAS millimetres.
    pub centroid_ras: [f64; 3],
    /// Voxels of the label times the volume of one, mm³.
    pub volume_mm3: f64,
    /// Lower end of the volume's interval: of the bundle's model of doubt, else the 5th percentile of the samples, mm³;
    /// above 0 and at most volume_mm3.
    pub volume_mm3_p05: f64,
    /// Median of the volume over the samples, drawn into the interval, mm³.
    pub volume_mm3_p50: f64,
    /// Upper end of the volume's interval: of the bundle's model of doubt, else the 95th percentile of the samples,
    /// mm³; at least volume_mm3.
    pub volume_mm3_p95: f64,
    /// 5th percentile of the volume over the samples, mm³.
    pub sample_volume_mm3_p05: f64,
    /// Median of the volume over the samples, mm³.
    pub sample_volume_mm3_p50: f64,
    /// 95th percentile of the volume over the samples, mm³.
    pub sample_volume_mm3_p95: f64,
    /// Standard deviation of the logarithm of the volume over the samples.
    pub volume_spread: f64,
    /// Diameter of the sphere of that volume, mm.
    pub equivalent_diameter_mm: f64,
    /// Longest diameter in an axial slice, mm.
    pub long_axis_mm: f64,
    /// Longest extent at right angles to it in the same slice, mm.
    pub short_axis_mm: f64,
    /// Mean HU of the label's voxels.
    pub mean_hu: f64,
    /// Mean probability of the label's voxels.
    pub probability_inside: f64,
    /// Probability within 4 mm of the label that belongs to no nodule, summed over voxels, a voxel of the label.
    pub probability_around: f64,
    /// Mean doubt of the label's voxels and of those that touch them.
    pub uncertainty_mean: f64,
    /// Mean Dice between the outlines of two samples; 1 with one sample.
    pub sample_dice: f64,
    /// Share of the samples that found the nodule.
    pub detection_rate: f64,
    /// The judge's probability that this is a nodule; NaN without a judge.
    pub nodule_probability: f64,
    /// Dice that the outline is expected to have with the true one; NaN without a model of doubt.
    pub expected_dice: f64,
    /// How many reasons sam2lung_result_review_reason() has.
    pub review_reason_count: usize,
}

// SAFETY: repr(C), its size first; it only goes out, so no bool is read.
unsafe impl Abi for sam2lung_nodule {
    const NAME: &'static str = "sam2lung_nodule";
    const FIRST_SIZE: usize = size_of::<Self>();
    const BOOLS: &'static [(&'static str, usize)] = &[];
    const DEFAULT: Self = sam2lung_nodule {
        struct_size: size_of::<Self>(),
        id: 0,
        review: false,
        prompted: false,
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
    };
}

impl From<&Nodule> for sam2lung_nodule {
    fn from(nodule: &Nodule) -> Self {
        sam2lung_nodule {
            struct_size: size_of::<Self>(),
            id: nodule.id.into(),
            review: nodule.review,
            prompted: nodule.prompted,
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
        }
    }
}
