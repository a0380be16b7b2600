// A CT made by arithmetic and an engine that finds what is in it.
//
// The bundle tiny-clicks (onnx/make_tiny_models.py) calls soft tissue a nodule, so the balls are its nodules; with a
// click within about 5.3 mm, everything is one.

#ifndef SAM2LUNG_TESTS_MADE_CT_HPP
#define SAM2LUNG_TESTS_MADE_CT_HPP

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <sam2lung.hpp>

/// Lung with two balls of soft tissue, voxels in HU.
struct MadeCt {
    static constexpr std::array<double, 3> SPACING_MM{0.8, 0.8, 2.0};
    static constexpr sam2lung::Index BALL{20, 22, 10}, OTHER_BALL{70, 40, 8};
    static constexpr double RADIUS_MM = 6.0, OTHER_RADIUS_MM = 5.0;
    /// Far from both balls.
    static constexpr sam2lung::Index NOWHERE{45, 60, 12};

    sam2lung::Index dims;
    sam2lung::Matrix ijk_to_ras = sam2lung::axis_aligned(SPACING_MM, {-30.0, -20.0, 5.0});
    std::vector<std::int16_t> hu;

    explicit MadeCt(const sam2lung::Index& size = {90, 80, 20}) : dims(size) {
        for (std::int64_t k = 0; k < dims[2]; ++k) {
            for (std::int64_t j = 0; j < dims[1]; ++j) {
                for (std::int64_t i = 0; i < dims[0]; ++i) {
                    const sam2lung::Index at{i, j, k};
                    const bool in_one = distance_mm(at, BALL) <= RADIUS_MM;
                    const bool in_other = distance_mm(at, OTHER_BALL) <= OTHER_RADIUS_MM;
                    hu.push_back(in_one || in_other ? -300 : -850);
                }
            }
        }
    }

    static double distance_mm(const sam2lung::Index& a, const sam2lung::Index& b) {
        double sum = 0;
        for (std::size_t axis = 0; axis < 3; ++axis) {
            const double difference = static_cast<double>(a[axis] - b[axis]) * SPACING_MM[axis];
            sum += difference * difference;
        }
        return std::sqrt(sum);
    }

    std::size_t offset(const sam2lung::Index& at) const {
        return static_cast<std::size_t>((at[2] * dims[1] + at[1]) * dims[0] + at[0]);
    }

    sam2lung::VolumeView view() const { return {hu, dims, ijk_to_ras}; }
};

inline std::string bundle_folder(const std::string& name) { return std::string(SAM2LUNG_TEST_BUNDLES "/") + name; }

inline sam2lung::Engine made_engine() {
    sam2lung::EngineOptions options;
    options.device = sam2lung::Device::cpu;
    options.threads = 1;
    return sam2lung::Engine(sam2lung::Bundle::open(bundle_folder("tiny-clicks")), options);
}

/// The made CT has no chest in which lungs could be found.
inline sam2lung::RunOptions everywhere() {
    sam2lung::RunOptions options;
    options.search = sam2lung::Search::everywhere;
    return options;
}

/// Options of a run that takes long: it is there to be cancelled.
inline sam2lung::RunOptions endless() {
    sam2lung::RunOptions options = everywhere();
    options.samples = 10000; // the most there may be
    return options;
}

#endif
