/// \file
/// What is known of a nodule. Between the marks stands what `cargo xtask header` makes from the table of measures.

#ifndef SAM2LUNG_NODULE_HPP
#define SAM2LUNG_NODULE_HPP

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <sam2lung.h>
#include <sam2lung/call.hpp>

namespace sam2lung {

/// A nodule of a result. Lengths are mm, volumes mm³.
struct Nodule {
    // generated: fields
    /// Number in the label map, from 1.
    std::uint32_t id = 0;
    /// Centre as column, row, slice of the CT, from 0.
    std::array<double, 3> centroid_ijk{};
    /// Centre towards right, anterior, superior in the CT's patient frame, mm.
    std::array<double, 3> centroid_ras{};
    /// Volume of the outline in the label map, mm³.
    double volume_mm3 = 0;
    /// Lower end of the interval around the volume; above 0 and at most the volume; mm³.
    double volume_mm3_p05 = 0;
    /// Median of the volume over the samples; outside the interval its nearer end; mm³.
    double volume_mm3_p50 = 0;
    /// Upper end of the interval around the volume; at least the volume; mm³.
    double volume_mm3_p95 = 0;
    /// 5th percentile of the volume over the samples; a sample that misses the nodule counts as 0; mm³.
    double sample_volume_mm3_p05 = 0;
    /// Median of the volume over the samples, mm³.
    double sample_volume_mm3_p50 = 0;
    /// 95th percentile of the volume over the samples, mm³.
    double sample_volume_mm3_p95 = 0;
    /// Standard deviation of the natural logarithm of the volume over the samples.
    double volume_spread = 0;
    /// Diameter of the sphere of that volume, mm.
    double equivalent_diameter_mm = 0;
    /// Longest diameter in an axial slice, mm.
    double long_axis_mm = 0;
    /// Longest diameter at right angles to the long axis, in the same slice, mm.
    double short_axis_mm = 0;
    /// Mean over the outline, HU.
    double mean_hu = 0;
    /// Mean over the outline.
    double probability_inside = 0;
    /// Probability within 4 mm of the outline that belongs to no nodule, as a share of the outline's voxels:
    /// what may be left out.
    double probability_around = 0;
    /// Mean of the uncertainty map over the outline and the voxels that touch it.
    double uncertainty_mean = 0;
    /// How well the outlines of two samples agree: mean Dice over the pairs of the first 200 samples; 1 with
    /// one sample.
    double sample_dice = 0;
    /// Share of the samples that found the nodule.
    double detection_rate = 0;
    /// Probability that it is a nodule, by the model's classifier; none if the model has no classifier.
    std::optional<double> nodule_probability;
    /// Dice that the outline should have with the true one; none if the model hasn't learnt it.
    std::optional<double> expected_dice;
    /// Whether the network outlined it with clicks.
    bool clicked = false;
    /// Whether someone should look again.
    bool review = false;
    /// Why someone should look again.
    std::vector<std::string> review_reasons;
    /// Name of its class, as the model has it.
    std::string class_name;
    /// Volume under each sample, in the order of the samples; 0 where it misses the nodule; mm³.
    std::vector<double> sample_volumes_mm3;
    /// Share of radiologists that would mark it, by the model's classifier; none if the model hasn't learnt
    /// it.
    std::optional<double> readers_share;
    /// Longest diameter in any plane, hence in space, mm.
    double long_axis_3d_mm = 0;
    /// Longest diameter at right angles to that long axis, in a plane that holds it, mm.
    double short_axis_3d_mm = 0;
    /// Mean of the axial long and short axis, as Lung-RADS v2022 measures: both axes to 0.1 mm, their mean to
    /// 0.1 mm; mm.
    double mean_diameter_mm = 0;
    /// 5th percentile of the mean diameter over the samples; at most the mean diameter; not calibrated; a
    /// sample that misses the nodule counts as 0; mm.
    double mean_diameter_mm_p05 = 0;
    /// 95th percentile of the mean diameter over the samples; at least the mean diameter; not calibrated; mm.
    double mean_diameter_mm_p95 = 0;
    /// Mean diameter under each sample, in the order of the samples; 0 where it misses the nodule; mm.
    std::vector<double> sample_mean_diameters_mm;
    /// Size band of the mean diameter by ACR Lung-RADS v2022 (limits 4, 6, 8, 15, 30 mm): a size band, not a
    /// recommendation.
    std::string lung_rads_2022_diameter_band;
    /// Share of the samples in each size band of the mean diameter by Lung-RADS v2022; a sample that misses
    /// the nodule is in the lowest.
    std::string lung_rads_2022_diameter_band_probabilities;
    /// Size band of the volume by ACR Lung-RADS v2022 (limits 34, 113, 268, 1767, 14137 mm³): a size band,
    /// not a recommendation.
    std::string lung_rads_2022_volume_band;
    /// Share of the samples in each size band of the volume by Lung-RADS v2022; a sample that misses the
    /// nodule is in the lowest.
    std::string lung_rads_2022_volume_band_probabilities;
    /// Size band of the mean diameter in whole mm by Fleischner Society 2017 (6 to 8 mm): a size band, not a
    /// recommendation.
    std::string fleischner_2017_diameter_band;
    /// Share of the samples in each size band of the mean diameter by Fleischner 2017; a sample that misses
    /// the nodule is in the lowest.
    std::string fleischner_2017_diameter_band_probabilities;
    /// Size band of the volume by Fleischner Society 2017 (100 to 250 mm³): a size band, not a
    /// recommendation.
    std::string fleischner_2017_volume_band;
    /// Share of the samples in each size band of the volume by Fleischner 2017; a sample that misses the
    /// nodule is in the lowest.
    std::string fleischner_2017_volume_band_probabilities;
    /// Size band of the axial long axis by British Thoracic Society 2015 (limits 5, 6, 8 mm): a size band,
    /// not a recommendation.
    std::string bts_2015_diameter_band;
    /// Share of the samples in each size band of the axial long axis by BTS 2015; a sample that misses the
    /// nodule is in the lowest.
    std::string bts_2015_diameter_band_probabilities;
    /// Size band of the volume by British Thoracic Society 2015 (limits 80, 300 mm³): a size band, not a
    /// recommendation.
    std::string bts_2015_volume_band;
    /// Share of the samples in each size band of the volume by BTS 2015; a sample that misses the nodule is
    /// in the lowest.
    std::string bts_2015_volume_band_probabilities;
    /// Solid, part-solid or ground glass by a rule of HU (see Texture); empty where values aren't HU.
    std::string texture;
    /// Volume of the solid part: the largest connected part above -300 HU (Scholten et al. 2015); mm³.
    std::optional<double> solid_volume_mm3;
    /// Mean diameter of the solid part, measured as that of the nodule; 0 where there is none; mm.
    std::optional<double> solid_mean_diameter_mm;
    /// Volume of the voxels of 200 HU and more; contrast medium counts as well; mm³.
    std::optional<double> calcium_mm3;
    /// Volume of the voxels of -120 to -40 HU away from the outline's edge; within ground glass blur can look
    /// like fat; mm³.
    std::optional<double> fat_mm3;
    /// Volume times density: (mean HU + 1000) / 1000 mg per mm³; mg.
    std::optional<double> mass_mg;
    /// Right lung or left lung; empty where the lungs weren't looked for, or not both were found.
    std::string side;
    /// Distance to the border of the lung mask (pleura, or hilum), to about 2 mm; 0 where it reaches beyond;
    /// none where the lungs weren't looked for; mm.
    std::optional<double> pleura_distance_mm;
    /// Yes where the lung mask's border is 2 mm away or less, else no; empty where the lungs weren't looked
    /// for.
    std::string touches_pleura;
    /// Slice of the CT with the axial long axis, from 0; none where the CT's slices aren't axial.
    std::optional<double> long_axis_slice;
    /// Instance number of that slice's DICOM image; none for other inputs.
    std::optional<double> long_axis_instance_number;
    /// SOP instance UID of that image; empty for other inputs.
    std::string long_axis_sop_instance_uid;
    /// Where the long axis in any plane begins, towards right, anterior, superior in the CT's patient frame,
    /// mm.
    std::array<double, 3> long_axis_3d_start_ras{};
    /// Where it ends, mm.
    std::array<double, 3> long_axis_3d_end_ras{};
    /// Where the short axis in any plane begins, in the same frame, mm.
    std::array<double, 3> short_axis_3d_start_ras{};
    /// Where it ends, mm.
    std::array<double, 3> short_axis_3d_end_ras{};
    // end of generated
};

/// A finding that is smaller than RunOptions::min_diameter_mm: no nodule of the label map.
struct Micronodule {
    std::array<double, 3> centroid_ijk{};     ///< Centre as column, row, slice of the CT, from 0.
    std::array<double, 3> centroid_ras{};     ///< The same place in the CT's patient frame, mm.
    double volume_mm3 = 0;                    ///< Its volume.
    double equivalent_diameter_mm = 0;        ///< Diameter of the sphere of that volume.
    std::optional<double> nodule_probability; ///< Probability that it is a nodule; none without a classifier.
};

/// \cond Not for programs.
namespace detail {

/// The library's way to say nothing about a number is NaN.
inline std::optional<double> unless_nan(double value) {
    return std::isnan(value) ? std::nullopt : std::optional<double>(value);
}

/// A place as an array.
inline std::array<double, 3> place(const double (&raw)[3]) {
    return {{raw[0], raw[1], raw[2]}};
}

inline std::vector<std::string> reasons(const sam2lung_result* result, std::size_t index, std::size_t count) {
    std::vector<std::string> texts;
    for (std::size_t reason = 0; reason < count; ++reason) {
        texts.emplace_back(sam2lung_result_review_reason(result, index, reason));
    }
    return texts;
}

/// A measure as it stands in nodules.csv; "" where the library doesn't know it.
inline std::string measure_text(const sam2lung_result* result, std::size_t index, const char* name) {
    for (std::size_t measure = 0; measure < sam2lung_measure_count(); ++measure) {
        if (std::strcmp(sam2lung_measure_name(measure), name) == 0) {
            return sam2lung_result_measure_text(result, index, measure);
        }
    }
    return std::string();
}

inline std::vector<double> numbers(const double* first, std::size_t count) {
    return count == 0 ? std::vector<double>() : std::vector<double>(first, first + count);
}

inline std::vector<double> sample_volumes(const sam2lung_result* result, std::size_t index) {
    std::size_t count = 0;
    const double* const first = sam2lung_result_sample_volumes(result, index, &count);
    return numbers(first, count);
}

inline std::vector<double> sample_mean_diameters(const sam2lung_result* result, std::size_t index) {
    std::size_t count = 0;
    const double* const first = sam2lung_result_sample_mean_diameters(result, index, &count);
    return numbers(first, count);
}

inline Nodule nodule(const sam2lung_result* result, std::size_t index) {
    sam2lung_nodule raw{};
    raw.struct_size = sizeof raw;
    call([&](sam2lung_error** error) { return sam2lung_result_nodule(result, index, &raw, error); });
    Nodule nodule;
    // generated: values
    nodule.id = raw.id;
    nodule.centroid_ijk = place(raw.centroid_ijk);
    nodule.centroid_ras = place(raw.centroid_ras);
    nodule.volume_mm3 = raw.volume_mm3;
    nodule.volume_mm3_p05 = raw.volume_mm3_p05;
    nodule.volume_mm3_p50 = raw.volume_mm3_p50;
    nodule.volume_mm3_p95 = raw.volume_mm3_p95;
    nodule.sample_volume_mm3_p05 = raw.sample_volume_mm3_p05;
    nodule.sample_volume_mm3_p50 = raw.sample_volume_mm3_p50;
    nodule.sample_volume_mm3_p95 = raw.sample_volume_mm3_p95;
    nodule.volume_spread = raw.volume_spread;
    nodule.equivalent_diameter_mm = raw.equivalent_diameter_mm;
    nodule.long_axis_mm = raw.long_axis_mm;
    nodule.short_axis_mm = raw.short_axis_mm;
    nodule.mean_hu = raw.mean_hu;
    nodule.probability_inside = raw.probability_inside;
    nodule.probability_around = raw.probability_around;
    nodule.uncertainty_mean = raw.uncertainty_mean;
    nodule.sample_dice = raw.sample_dice;
    nodule.detection_rate = raw.detection_rate;
    nodule.nodule_probability = unless_nan(raw.nodule_probability);
    nodule.expected_dice = unless_nan(raw.expected_dice);
    nodule.clicked = raw.clicked;
    nodule.review = raw.review;
    nodule.review_reasons = reasons(result, index, raw.review_reason_count);
    nodule.class_name = sam2lung_result_nodule_class(result, index);
    nodule.sample_volumes_mm3 = sample_volumes(result, index);
    nodule.readers_share = unless_nan(raw.readers_share);
    nodule.long_axis_3d_mm = raw.long_axis_3d_mm;
    nodule.short_axis_3d_mm = raw.short_axis_3d_mm;
    nodule.mean_diameter_mm = raw.mean_diameter_mm;
    nodule.mean_diameter_mm_p05 = raw.mean_diameter_mm_p05;
    nodule.mean_diameter_mm_p95 = raw.mean_diameter_mm_p95;
    nodule.sample_mean_diameters_mm = sample_mean_diameters(result, index);
    nodule.lung_rads_2022_diameter_band = measure_text(result, index, "lung_rads_2022_diameter_band");
    nodule.lung_rads_2022_diameter_band_probabilities =
        measure_text(result, index, "lung_rads_2022_diameter_band_probabilities");
    nodule.lung_rads_2022_volume_band = measure_text(result, index, "lung_rads_2022_volume_band");
    nodule.lung_rads_2022_volume_band_probabilities =
        measure_text(result, index, "lung_rads_2022_volume_band_probabilities");
    nodule.fleischner_2017_diameter_band = measure_text(result, index, "fleischner_2017_diameter_band");
    nodule.fleischner_2017_diameter_band_probabilities =
        measure_text(result, index, "fleischner_2017_diameter_band_probabilities");
    nodule.fleischner_2017_volume_band = measure_text(result, index, "fleischner_2017_volume_band");
    nodule.fleischner_2017_volume_band_probabilities =
        measure_text(result, index, "fleischner_2017_volume_band_probabilities");
    nodule.bts_2015_diameter_band = measure_text(result, index, "bts_2015_diameter_band");
    nodule.bts_2015_diameter_band_probabilities = measure_text(result, index, "bts_2015_diameter_band_probabilities");
    nodule.bts_2015_volume_band = measure_text(result, index, "bts_2015_volume_band");
    nodule.bts_2015_volume_band_probabilities = measure_text(result, index, "bts_2015_volume_band_probabilities");
    nodule.texture = measure_text(result, index, "texture");
    nodule.solid_volume_mm3 = unless_nan(raw.solid_volume_mm3);
    nodule.solid_mean_diameter_mm = unless_nan(raw.solid_mean_diameter_mm);
    nodule.calcium_mm3 = unless_nan(raw.calcium_mm3);
    nodule.fat_mm3 = unless_nan(raw.fat_mm3);
    nodule.mass_mg = unless_nan(raw.mass_mg);
    nodule.side = measure_text(result, index, "side");
    nodule.pleura_distance_mm = unless_nan(raw.pleura_distance_mm);
    nodule.touches_pleura = measure_text(result, index, "touches_pleura");
    nodule.long_axis_slice = unless_nan(raw.long_axis_slice);
    nodule.long_axis_instance_number = unless_nan(raw.long_axis_instance_number);
    nodule.long_axis_sop_instance_uid = measure_text(result, index, "long_axis_sop_instance_uid");
    nodule.long_axis_3d_start_ras = place(raw.long_axis_3d_start_ras);
    nodule.long_axis_3d_end_ras = place(raw.long_axis_3d_end_ras);
    nodule.short_axis_3d_start_ras = place(raw.short_axis_3d_start_ras);
    nodule.short_axis_3d_end_ras = place(raw.short_axis_3d_end_ras);
    // end of generated
    return nodule;
}

inline Micronodule micronodule(const sam2lung_result* result, std::size_t index) {
    sam2lung_nodule raw{};
    raw.struct_size = sizeof raw;
    call([&](sam2lung_error** error) { return sam2lung_result_micronodule(result, index, &raw, error); });
    Micronodule small;
    small.centroid_ijk = place(raw.centroid_ijk);
    small.centroid_ras = place(raw.centroid_ras);
    small.volume_mm3 = raw.volume_mm3;
    small.equivalent_diameter_mm = raw.equivalent_diameter_mm;
    small.nodule_probability = unless_nan(raw.nodule_probability);
    return small;
}

} // namespace detail
/// \endcond

} // namespace sam2lung

#endif
