/// \file
/// What is known of a nodule.

#ifndef SAM2LUNG_NODULE_HPP
#define SAM2LUNG_NODULE_HPP

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sam2lung.h>
#include <sam2lung/call.hpp>

namespace sam2lung {

/// A nodule of a result. Lengths are mm, volumes mm³.
struct Nodule {
    std::uint32_t id = 0;                           ///< Its number in the label map, from 1.
    bool review = false;                            ///< Whether someone should look again.
    std::vector<std::string> review_reasons;        ///< Why, for people.
    bool prompted = false;                          ///< Whether the network was told of points there.
    std::array<double, 3> centroid_ijk{};           ///< Centre as i, j, k of the CT's grid, from 0.
    std::array<double, 3> centroid_ras{};           ///< The same place in mm towards right, anterior, superior.
    double volume_mm3 = 0;                          ///< Of the outline in the label map.
    double volume_mm3_p05 = 0;                      ///< Lower end of the interval around it.
    double volume_mm3_p50 = 0;                      ///< Median over the samples.
    double volume_mm3_p95 = 0;                      ///< Upper end of the interval around it.
    double sample_volume_mm3_p05 = 0;               ///< 5th percentile over the samples.
    double sample_volume_mm3_p50 = 0;               ///< Median over the samples.
    double sample_volume_mm3_p95 = 0;               ///< 95th percentile over the samples.
    double volume_spread = 0;                       ///< Standard deviation of ln(volume) over the samples.
    double equivalent_diameter_mm = 0;              ///< Of the sphere of that volume.
    double long_axis_mm = 0;                        ///< Longest diameter in an axial slice.
    double short_axis_mm = 0;                       ///< Longest at right angles to it, same slice.
    double mean_hu = 0;                             ///< Over the outline.
    double probability_inside = 0;                  ///< Mean over the outline.
    double probability_around = 0;                  ///< Near it and in no nodule, as a share of the outline's voxels.
    double uncertainty_mean = 0;                    ///< Over the outline and the voxels that touch it.
    double sample_dice = 0;                         ///< How well the outlines of two samples agree, 0 to 1.
    double detection_rate = 0;                      ///< Share of the samples that found it.
    std::optional<double> nodule_probability;       ///< That it is one; none if the model has no second opinion.
    std::optional<double> expected_dice;            ///< With the true outline; none if the model hasn't learnt it.
};

/// \cond Not for programs.
namespace detail {

/// The library's way to say nothing about a number is NaN.
inline std::optional<double> unless_nan(double value) {
    return std::isnan(value) ? std::nullopt : std::optional<double>(value);
}

inline Nodule nodule(const sam2lung_result* result, std::size_t index) {
    sam2lung_nodule raw{};
    raw.struct_size = sizeof raw;
    call([&](sam2lung_error** error) { return sam2lung_result_nodule(result, index, &raw, error); });
    Nodule nodule;
    nodule.id = raw.id;
    nodule.review = raw.review;
    nodule.prompted = raw.prompted;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        nodule.centroid_ijk[axis] = raw.centroid_ijk[axis];
        nodule.centroid_ras[axis] = raw.centroid_ras[axis];
    }
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
    for (std::size_t reason = 0; reason < raw.review_reason_count; ++reason) {
        nodule.review_reasons.emplace_back(sam2lung_result_review_reason(result, index, reason));
    }
    return nodule;
}

} // namespace detail
/// \endcond

} // namespace sam2lung

#endif
