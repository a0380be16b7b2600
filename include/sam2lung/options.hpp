/// \file
/// What an engine and a run can be told.

#ifndef SAM2LUNG_OPTIONS_HPP
#define SAM2LUNG_OPTIONS_HPP

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include <sam2lung.h>
#include <sam2lung/call.hpp>
#include <sam2lung/cancel.hpp>
#include <sam2lung/enums.hpp>
#include <sam2lung/volume.hpp>

namespace sam2lung {

/// How far a run is, or the making of an engine.
struct Progress {
    Stage stage;                        ///< What runs.
    std::string_view stage_title;       ///< The same for people; valid during the callback only.
    std::uint64_t done;                 ///< Steps of this stage that are done.
    std::uint64_t total;                ///< Steps of this stage.
    double fraction;                    ///< Part of the whole call, 0 to 1; never falls.
    std::optional<double> seconds_left; ///< Estimate; none until there is something to estimate from.
};

/// Is told how far a call is, on the thread that made it; returns false to cancel. What it throws ends the call and
/// arrives from there.
using ProgressFunction = std::function<bool(const Progress& progress)>;

/// Samples that a run may draw at most.
inline constexpr std::uint32_t max_samples = SAM2LUNG_MAX_SAMPLES;
/// CPU threads that an engine may be given at most.
inline constexpr std::uint32_t max_threads = SAM2LUNG_MAX_THREADS;
/// Clicks inside, and clicks outside, of one call at most.
inline constexpr std::uint32_t max_clicks = SAM2LUNG_MAX_CLICKS;
/// Largest RunOptions::min_diameter_mm.
inline constexpr double max_min_diameter_mm = SAM2LUNG_MAX_MIN_DIAMETER_MM;

/// Options of an engine.
struct EngineOptions {
    Device device = Device::automatic; ///< Where the network runs.
    std::uint32_t threads = 0;         ///< CPU threads that work at the same time, up to max_threads; 0: the machine's.
    ProgressFunction progress = {};    ///< Is told how far the engine is made; may be empty.
    const Cancel* cancel = nullptr;    ///< Ends the making of the engine; may be null, isn't used afterwards.
    /// Give free memory of the whole process back to the system after each run and with each result; takes time in a
    /// process with a large heap. Only with glibc.
    bool give_back_memory = false;
};

/// Options of a run.
struct RunOptions {
    std::uint32_t samples = 0;                     ///< Samples, up to max_samples; 0: the bundle's number.
    Uncertainty uncertainty = Uncertainty::bundle; ///< What Map::uncertainty shows.
    std::uint64_t seed = 0;                        ///< The same seed gives the same bits on a CPU.
    double threshold = 0;                          ///< Probability that makes a nodule's voxel; 0: the bundle's.
    double sensitivity = 0;                        ///< Share of nodules that the classifier keeps; 0: the bundle's.
    Search search = Search::lungs;                 ///< Where nodules are looked for.
    std::optional<VolumeView> mask;                ///< With Search::mask: above 0.5 is inside; on the CT's grid.
    std::uint32_t batch = 0;                       ///< Samples decoded in a call at most; 0: the library's choice.
    bool all_uncertainties = false;                ///< Keep every kind of uncertainty (12 bytes a voxel more).
    ProgressFunction progress;                     ///< May be empty.
    const Cancel* cancel = nullptr;                ///< May be null.
    /// Findings of a smaller equivalent diameter, in mm, are listed apart (Result::micronodules), unless they were clicked
    /// on; 0: none is. Empty: the library's usual one, 4.
    std::optional<double> min_diameter_mm = {};
    /// Share of the slices, 0 to 1, that the fine network of a hybrid sees; 0: its coarse network alone answers. Empty: the
    /// bundle's.
    std::optional<double> share_of_slices = {};
};

/// \cond Not for programs.
namespace detail {

/// The progress callback of every call, even of one without a function: it ends the call when the log's receiver threw.
/// `data` points to the ProgressFunction.
inline bool on_progress(const sam2lung_progress* progress, void* data) noexcept {
    Call* const call = Call::innermost();
    if (call->has_exception()) {
        return false;
    }
    const ProgressFunction& function = *static_cast<const ProgressFunction*>(data);
    try {
        const bool estimated = progress->seconds_left >= 0;
        return !function || function({static_cast<Stage>(progress->stage), progress->stage_title, progress->done,
                                      progress->total, progress->fraction,
                                      estimated ? std::optional<double>(progress->seconds_left) : std::nullopt});
    } catch (...) {
        call->keep_exception();
        return false;
    }
}

/// Borrows from `options`, which must stay until the engine is made.
inline sam2lung_engine_options c_options(const EngineOptions& options) {
    sam2lung_engine_options raw{};
    call([&](sam2lung_error** error) { return sam2lung_engine_options_init(&raw, sizeof raw, error); });
    raw.device = static_cast<std::int32_t>(options.device);
    raw.threads = options.threads;
    raw.progress = on_progress;
    raw.progress_data = const_cast<ProgressFunction*>(&options.progress);
    raw.cancel = options.cancel != nullptr ? options.cancel->c() : nullptr;
    raw.give_back_memory = options.give_back_memory;
    return raw;
}

/// Borrows from `options`, which must stay until the run is over.
inline sam2lung_run_options c_options(const RunOptions& options) {
    sam2lung_run_options raw{};
    call([&](sam2lung_error** error) { return sam2lung_run_options_init(&raw, sizeof raw, error); });
    raw.samples = options.samples;
    raw.uncertainty = static_cast<std::int32_t>(options.uncertainty);
    raw.seed = options.seed;
    raw.threshold = options.threshold;
    raw.sensitivity = options.sensitivity;
    raw.search = static_cast<std::int32_t>(options.search);
    raw.mask = options.mask ? &options.mask->c() : nullptr;
    raw.batch = options.batch;
    raw.all_uncertainties = options.all_uncertainties;
    raw.progress = on_progress;
    raw.progress_data = const_cast<ProgressFunction*>(&options.progress);
    raw.cancel = options.cancel != nullptr ? options.cancel->c() : nullptr;
    raw.min_diameter_mm = options.min_diameter_mm.value_or(raw.min_diameter_mm);
    if (options.share_of_slices) {
        // In C 0 is the bundle's.
        raw.share_of_slices = *options.share_of_slices == 0 ? -1 : *options.share_of_slices;
    }
    return raw;
}

} // namespace detail
/// \endcond

} // namespace sam2lung

#endif
