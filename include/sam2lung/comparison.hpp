/// \file
/// Two scans of one patient: what became of each nodule.

#ifndef SAM2LUNG_COMPARISON_HPP
#define SAM2LUNG_COMPARISON_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sam2lung.h>
#include <sam2lung/call.hpp>
#include <sam2lung/cancel.hpp>
#include <sam2lung/enums.hpp>
#include <sam2lung/image.hpp>
#include <sam2lung/options.hpp>
#include <sam2lung/result.hpp>
#include <sam2lung/volume.hpp>

namespace sam2lung {

/// A nodule in one or both scans. Numbers that aren't known are NaN.
struct ComparisonRow {
    Change change;                      ///< What became of it.
    std::uint32_t prior_id;             ///< Its number in the prior scan; 0: a micronodule, or not there.
    std::uint32_t current_id;           ///< Its number in the current scan; 0: a micronodule, or not there.
    std::uint32_t pairs;                ///< Pairs of samples of which one at least found it.
    bool in_prior;                      ///< Whether it was found in the prior scan.
    bool in_current;                    ///< Whether it was found in the current scan.
    bool samples_agree;                 ///< Whether the whole interval says what became of it.
    bool other_may_show_it;             ///< Of what one scan alone has: whether the other one may show it all the same.
    std::array<double, 3> prior_ras;    ///< Its centre in the prior CT, mm, by the registration where it wasn't found.
    std::array<double, 3> current_ras;  ///< The same in the current CT.
    double prior_volume_mm3;            ///< Volume in the prior scan.
    double current_volume_mm3;          ///< Volume in the current scan.
    double volume_change_percent;       ///< Change of the volume in per cent of the prior one.
    double volume_change_percent_p05;   ///< Lower end of its 90 % interval.
    double volume_change_percent_p95;   ///< Upper end.
    double growth_probability;          ///< P(the volume grew by more than 25 %).
    double shrinkage_probability;       ///< P(the volume shrank by more than 20 %).
    double diameter_change_mm;          ///< Growth of the mean diameter, axial long and short axis, mm.
    double diameter_growth_probability; ///< P(the mean diameter grew by more than 1.5 mm).
    double doubling_time_days;          ///< Days in which the volume doubles at that pace.
    double doubling_time_days_p05;      ///< Lower end of its 90 % interval.
    double doubling_time_days_p95;      ///< Upper end; NaN where it may not have grown.
    double distance_mm;                 ///< How far the two centres lie apart after registration, mm.
    double probability_in_other;        ///< Highest probability of a nodule about that place in the scan without it.
};

/// Options of a comparison.
struct CompareOptions {
    std::optional<double> days = {}; ///< From the prior to the current scan; empty: by the images' study dates.
    std::string prior_name = {};     ///< What the files call the prior scan; empty: prior.
    std::string current_name = {};   ///< What the files call the current scan; empty: current.
    ProgressFunction progress = {};  ///< May be empty.
    const Cancel* cancel = nullptr;  ///< May be null.
};

/// A result and the CT that it was made from, voxel for voxel; borrowed for the call. Of an Image the study date and the patient's
/// ID are known, which is compared and never written.
class ScanView {
public:
    /// Of a CT in memory, in HU.
    ScanView(const Result& result, const VolumeView& ct) noexcept : result_(&result), ct_(ct.c()), image_(nullptr) {}
    /// Of a CT that was read from a file or a folder.
    ScanView(const Result& result, const Image& ct) noexcept : result_(&result), ct_{}, image_(&ct) {}

    /// The C object.
    const sam2lung_result* result() const noexcept { return result_->c(); }
    /// The C struct; null of an image.
    const sam2lung_volume* volume() const noexcept { return image_ == nullptr ? &ct_ : nullptr; }
    /// The C object; null of a volume.
    const sam2lung_image* image() const noexcept { return image_ == nullptr ? nullptr : image_->c(); }

private:
    const Result* result_;
    sam2lung_volume ct_;
    const Image* image_;
};

/// What two scans of one patient say together.
class Comparison {
public:
    /// Lays the lungs over each other, matches nodules, and tells how each changed. See sam2lung_compare().
    /// \throws Error Status::invalid_input (E_NOT_PAIRED, E_REGISTRATION), Status::invalid_argument, Status::cancelled, and
    ///         whatever a callback throws
    Comparison(const ScanView& prior, const ScanView& current, const CompareOptions& options = {})
        : handle_(detail::create<sam2lung_comparison, sam2lung_comparison_free>(
              [&](sam2lung_comparison** comparison, sam2lung_error** error) {
                  const sam2lung_compare_options raw = c_options(prior, current, options);
                  return sam2lung_compare(prior.result(), prior.volume(), current.result(), current.volume(), &raw,
                                          comparison, error);
              })) {}

    /// A row a nodule: those of the current scan by number, then those of the prior one alone.
    std::vector<ComparisonRow> rows() const {
        std::vector<ComparisonRow> list;
        const std::size_t count = sam2lung_comparison_row_count(c());
        for (std::size_t index = 0; index < count; ++index) {
            sam2lung_comparison_row raw{};
            raw.struct_size = sizeof raw;
            detail::call(
                [&](sam2lung_error** error) { return sam2lung_comparison_row_at(c(), index, &raw, error); });
            list.push_back(row(raw));
        }
        return list;
    }

    /// Days between the scans; none: not known.
    std::optional<double> days() const {
        const double days = sam2lung_comparison_days(c());
        return days > 0 ? std::optional<double>(days) : std::nullopt;
    }
    /// Mean distance of the lungs' surfaces after registration, mm.
    double surface_mm() const noexcept { return sam2lung_comparison_surface_mm(c()); }
    /// Dice of the lungs after registration.
    double lung_dice() const noexcept { return sam2lung_comparison_lung_dice(c()); }

    /// Why a person should check the matches; empty: nothing speaks against them.
    std::vector<std::string> doubts() const {
        std::vector<std::string> list;
        const std::size_t count = sam2lung_comparison_doubt_count(c());
        for (std::size_t index = 0; index < count; ++index) {
            list.emplace_back(sam2lung_comparison_doubt(c(), index));
        }
        return list;
    }

    /// From a point of the current CT to the prior one, mm to mm (RAS).
    Matrix current_to_prior() const {
        Matrix matrix{};
        detail::call([&](sam2lung_error** error) {
            return sam2lung_comparison_current_to_prior(c(), matrix.data(), error);
        });
        return matrix;
    }

    /// The text of comparison.json.
    std::string json() const { return sam2lung_comparison_json(c()); }

    /// Writes page, text, tables and pictures of the comparison into a folder, which is there whole or not at all.
    /// \throws Error Status::write
    void write(const std::string& folder) const {
        detail::call([&](sam2lung_error** error) {
            return sam2lung_comparison_write(c(), detail::text(folder, "folder"), error);
        });
    }

    /// The C object, which stays this one's.
    const sam2lung_comparison* c() const noexcept { return handle_.get(); }

private:
    static sam2lung_compare_options c_options(const ScanView& prior, const ScanView& current,
                                              const CompareOptions& options) {
        const auto name = [](const std::string& text) {
            return text.empty() ? nullptr : detail::text(text, "name");
        };
        sam2lung_compare_options raw{};
        detail::call([&](sam2lung_error** error) { return sam2lung_compare_options_init(&raw, sizeof raw, error); });
        raw.days = options.days.value_or(raw.days);
        raw.prior_image = prior.image();
        raw.current_image = current.image();
        raw.prior_name = name(options.prior_name);
        raw.current_name = name(options.current_name);
        raw.progress = detail::on_progress;
        raw.progress_data = const_cast<ProgressFunction*>(&options.progress);
        raw.cancel = options.cancel != nullptr ? options.cancel->c() : nullptr;
        return raw;
    }

    static ComparisonRow row(const sam2lung_comparison_row& raw) {
        const auto place = [](const double* ras) { return std::array<double, 3>{ras[0], ras[1], ras[2]}; };
        return {static_cast<Change>(raw.change), raw.prior_id, raw.current_id, raw.pairs, raw.in_prior, raw.in_current,
                raw.samples_agree, raw.other_may_show_it, place(raw.prior_ras), place(raw.current_ras),
                raw.prior_volume_mm3, raw.current_volume_mm3, raw.volume_change_percent, raw.volume_change_percent_p05,
                raw.volume_change_percent_p95, raw.growth_probability, raw.shrinkage_probability,
                raw.diameter_change_mm, raw.diameter_growth_probability, raw.doubling_time_days,
                raw.doubling_time_days_p05, raw.doubling_time_days_p95, raw.distance_mm, raw.probability_in_other};
    }

    detail::Handle<sam2lung_comparison, sam2lung_comparison_free> handle_;
};

} // namespace sam2lung

#endif
