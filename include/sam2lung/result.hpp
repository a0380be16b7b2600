/// \file
/// What a run found.

#ifndef SAM2LUNG_RESULT_HPP
#define SAM2LUNG_RESULT_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <sam2lung.h>
#include <sam2lung/call.hpp>
#include <sam2lung/cancel.hpp>
#include <sam2lung/enums.hpp>
#include <sam2lung/measure.hpp>
#include <sam2lung/nodule.hpp>
#include <sam2lung/report.hpp>
#include <sam2lung/span.hpp>
#include <sam2lung/volume.hpp>
#include <sam2lung/warning.hpp>

namespace sam2lung {

/// Labels, maps and nodules, on the CT's own grid. It outlives its engine.
class Result {
public:
    /// Takes over what a C function returned.
    explicit Result(sam2lung_result* raw) noexcept : handle_(raw) {}

    /// A result of maps that were kept, for Engine::click(); its nodules have a number, a place and a volume.
    /// \param labels       numbers of nodules, uint16, on the CT's grid
    /// \param probability  on the same grid; null: 0 everywhere
    /// \param uncertainty  on the same grid; null: 0 everywhere
    /// \throws Error Status::invalid_argument, Status::invalid_input, Status::out_of_memory
    static Result from_maps(const VolumeView& labels, const VolumeView* probability = nullptr,
                            const VolumeView* uncertainty = nullptr) {
        const auto raw_of = [](const VolumeView* view) { return view == nullptr ? nullptr : &view->c(); };
        auto result = detail::create<sam2lung_result, sam2lung_result_free>(
            [&](sam2lung_result** raw, sam2lung_error** error) {
                return sam2lung_result_from_maps(&labels.c(), raw_of(probability), raw_of(uncertainty), raw, error);
            });
        return Result(result.release());
    }

    /// A folder of results of the command line or of write_report(), for a Comparison; else as from_maps().
    /// \param folder  holds nodules.json and the maps
    /// \param ct      the CT that was segmented
    /// \param cancel  stops reading; may be null
    /// \throws Error Status::read, Status::invalid_argument, Status::cancelled
    static Result read(const std::string& folder, const VolumeView& ct, const Cancel* cancel = nullptr) {
        auto result = detail::create<sam2lung_result, sam2lung_result_free>(
            [&](sam2lung_result** raw, sam2lung_error** error) {
                const sam2lung_cancel* const token = cancel != nullptr ? cancel->c() : nullptr;
                return sam2lung_result_read(detail::text(folder, "folder"), &ct.c(), token, raw, error);
            });
        return Result(result.release());
    }

    /// Measures outlines that no run made, such as ones that a person drew or edited: all that outline, CT and maps say. What samples,
    /// a model or the lungs say is none, NaN, 0 or empty. See sam2lung_result_from_outlines().
    /// \param ct           the CT, or a part of it that holds what lies within 10 mm of the outlines
    /// \param labels       numbers of outlines, uint16, on the same grid
    /// \param probability  on the same grid; null: unknown
    /// \param uncertainty  on the same grid; null: unknown
    /// \param hounsfield   whether the volume's values are HU
    /// \throws Error Status::invalid_argument, Status::invalid_input, Status::out_of_memory
    static Result from_outlines(const VolumeView& ct, const VolumeView& labels, const VolumeView* probability = nullptr,
                                const VolumeView* uncertainty = nullptr, bool hounsfield = true) {
        const auto raw_of = [](const VolumeView* view) { return view == nullptr ? nullptr : &view->c(); };
        auto result = detail::create<sam2lung_result, sam2lung_result_free>(
            [&](sam2lung_result** raw, sam2lung_error** error) {
                return sam2lung_result_from_outlines(&ct.c(), &labels.c(), raw_of(probability), raw_of(uncertainty),
                                                     hounsfield, raw, error);
            });
        return Result(result.release());
    }

    /// All nodules, in the order of their numbers.
    std::vector<Nodule> nodules() const {
        std::vector<Nodule> list;
        const std::size_t count = sam2lung_result_nodule_count(c());
        for (std::size_t index = 0; index < count; ++index) {
            list.push_back(detail::nodule(c(), index));
        }
        return list;
    }

    /// What is smaller than RunOptions::min_diameter_mm, the largest first.
    std::vector<Micronodule> micronodules() const {
        std::vector<Micronodule> list;
        const std::size_t count = sam2lung_result_micronodule_count(c());
        for (std::size_t index = 0; index < count; ++index) {
            list.push_back(detail::micronodule(c(), index));
        }
        return list;
    }

    /// A measure of the nodule at an index, from 0, as a number; NaN where the model has nothing to say.
    /// \throws Error if there is no such nodule, or the measure is a text
    double measure(std::size_t nodule, const Measure& measure) const {
        double value = 0;
        detail::call([&](sam2lung_error** error) {
            return sam2lung_result_measure(c(), nodule, measure.index, &value, error);
        });
        return value;
    }

    /// A measure of the nodule at an index, from 0, as text; empty where there is nothing.
    std::string measure_text(std::size_t nodule, const Measure& measure) const {
        return sam2lung_result_measure_text(c(), nodule, measure.index);
    }

    /// The nodules as the text of nodules.json.
    std::string nodules_json() const { return sam2lung_result_nodules_json(c()); }

    /// What this result can't be trusted for; show it beside the nodules.
    std::vector<Warning> warnings() const {
        std::vector<Warning> list;
        const std::size_t count = sam2lung_result_warning_count(c());
        for (std::size_t index = 0; index < count; ++index) {
            list.push_back({sam2lung_result_warning_name(c(), index), sam2lung_result_warning_text(c(), index)});
        }
        return list;
    }

    /// For each inside click of Engine::run_clicks() or Engine::click(), in order: the number of the nodule there, 0 for
    /// none.
    std::vector<std::uint32_t> click_nodules() const {
        std::vector<std::uint32_t> list;
        const std::size_t count = sam2lung_result_click_count(c());
        for (std::size_t click = 0; click < count; ++click) {
            list.push_back(sam2lung_result_click_nodule(c(), click));
        }
        return list;
    }

    /// Deprecated: the name of click_nodules() before version 4 of the interface.
    std::vector<std::uint32_t> point_nodules() const { return click_nodules(); }

    /// Numbers of nodules, uint16, 0 elsewhere; packed, i fastest; borrowed from this result.
    /// \throws Error of a moved-from result
    VolumeView labels() const& {
        return view([&](sam2lung_volume* raw, sam2lung_error** error) {
            return sam2lung_result_labels(c(), raw, error);
        });
    }

    /// A map, float32; packed, i fastest; borrowed from this result.
    /// \throws Error if the run didn't keep it
    VolumeView map(Map which) const& {
        return view([&](sam2lung_volume* raw, sam2lung_error** error) {
            return sam2lung_result_map(c(), static_cast<std::int32_t>(which), raw, error);
        });
    }

    /// A result that is about to die can't be looked at.
    VolumeView labels() const&& = delete;
    /// A result that is about to die can't be looked at.
    VolumeView map(Map which) const&& = delete;

    /// Copies the labels; `to` has exactly as many voxels as the CT.
    /// \throws Error Status::invalid_argument
    void copy_labels(Span<std::uint16_t> to) const {
        detail::call([&](sam2lung_error** error) {
            return sam2lung_result_copy_labels(c(), to.data(), to.size(), error);
        });
    }

    /// Copies a map; `to` has exactly as many voxels as the CT.
    /// \throws Error Status::invalid_argument
    void copy_map(Map which, Span<float> to) const {
        detail::call([&](sam2lung_error** error) {
            return sam2lung_result_copy_map(c(), static_cast<std::int32_t>(which), to.data(), to.size(), error);
        });
    }

    /// Copies a map where it lies within 10 mm of a nodule, and 0 elsewhere.
    /// \throws Error Status::invalid_argument
    void copy_map_near_nodules(Map which, Span<float> to) const {
        detail::call([&](sam2lung_error** error) {
            return sam2lung_result_copy_map_near_nodules(c(), static_cast<std::int32_t>(which), to.data(), to.size(),
                                                         error);
        });
    }

    /// A copy of the labels.
    std::vector<std::uint16_t> copy_labels() const {
        const Span<const std::uint16_t> voxels = labels().voxels<std::uint16_t>();
        return {voxels.begin(), voxels.end()};
    }

    /// A copy of a map.
    /// \throws Error if the run didn't keep it
    std::vector<float> copy_map(Map which) const {
        const Span<const float> voxels = map(which).voxels<float>();
        return {voxels.begin(), voxels.end()};
    }

    /// The kind of uncertainty that Map::uncertainty shows.
    Uncertainty uncertainty() const noexcept { return static_cast<Uncertainty>(sam2lung_result_uncertainty(c())); }
    /// How many samples were drawn.
    std::uint32_t samples() const noexcept { return sam2lung_result_samples(c()); }
    /// Probability above which a voxel belongs to a nodule.
    double threshold() const noexcept { return sam2lung_result_threshold(c()); }
    /// How long the run took.
    double seconds() const noexcept { return sam2lung_result_seconds(c()); }

    /// Writes surfaces as PolyData in mm (RAS), with the cell array "id".
    ///
    /// \param path   ends in .vtp or .vtk; the file is whole or not there
    /// \param id     which nodule; 0: all of them
    /// \throws Error Status::write, Status::invalid_argument
    void write_surfaces(const std::string& path, std::uint32_t id = 0) const {
        detail::call([&](sam2lung_error** error) {
            return sam2lung_result_write_surfaces(c(), id, detail::text(path, "path"), error);
        });
    }

    /// Writes pages, pictures, tables, volumes and, where asked for, DICOM objects into a folder, as the command line does. The
    /// folder is there whole or not at all; an earlier result there is replaced, and a folder that holds anything else is
    /// refused. See sam2lung_result_write_report().
    ///
    /// \param ct       the CT that this result was made from; of several channels the first in HU
    /// \param folder   where it goes; its name is what the pages call the CT
    /// \param options  what is written beside the pages, and how the result was read
    /// \throws Error   Status::write, Status::invalid_argument (another CT, another DICOM series …), Status::read,
    ///                 Status::cancelled, and whatever a callback throws
    void write_report(const VolumeView& ct, const std::string& folder, const ReportOptions& options = {}) const {
        detail::write_report(c(), &ct, nullptr, folder, options);
    }

    /// The same of a CT that the library has read: its warnings and, of a DICOM folder, its series are known.
    void write_report(const Image& ct, const std::string& folder, const ReportOptions& options = {}) const {
        detail::write_report(c(), nullptr, &ct, folder, options);
    }

    /// The C object, which stays this one's.
    const sam2lung_result* c() const noexcept { return handle_.get(); }

private:
    template <typename Function> static VolumeView view(Function&& function) {
        sam2lung_volume raw{};
        raw.struct_size = sizeof raw;
        detail::call([&](sam2lung_error** error) { return function(&raw, error); });
        return VolumeView(raw);
    }

    detail::Handle<sam2lung_result, sam2lung_result_free> handle_;
};

} // namespace sam2lung

#endif
