/// \file
/// Runs a model on volumes.

#ifndef SAM2LUNG_ENGINE_HPP
#define SAM2LUNG_ENGINE_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <sam2lung.h>
#include <sam2lung/bundle.hpp>
#include <sam2lung/call.hpp>
#include <sam2lung/job.hpp>
#include <sam2lung/options.hpp>
#include <sam2lung/result.hpp>
#include <sam2lung/span.hpp>
#include <sam2lung/volume.hpp>

namespace sam2lung {

/// A model on a device. It runs one call at a time and throws Status::busy otherwise, also when it is called from its
/// own callback or while a Job runs on it. Engines are independent of each other. Don't move or destroy one while it runs a call; a
/// Job goes on without it.
class Engine {
public:
    /// Puts a model on a device; loads ONNX Runtime if this process hasn't yet.
    /// \throws Error Status::runtime, Status::device, Status::model, Status::invalid_argument, Status::out_of_memory,
    ///         Status::cancelled, and whatever a callback throws
    explicit Engine(const Bundle& bundle, const EngineOptions& options = {})
        : handle_(detail::create<sam2lung_engine, sam2lung_engine_free>(
              [&](sam2lung_engine** engine, sam2lung_error** error) {
                  const sam2lung_engine_options raw = detail::c_options(options);
                  return sam2lung_engine_create(bundle.c(), &raw, engine, error);
              })) {}

    /// Finds the nodules of a CT in HU.
    /// \throws Error Status::invalid_input, Status::cancelled, Status::busy, Status::out_of_memory …, and whatever a
    ///         callback throws
    Result run(const VolumeView& ct, const RunOptions& options = {}) {
        return run(Span<const VolumeView>(&ct, 1), options);
    }

    /// The same, of Bundle::channels() volumes on one grid.
    Result run(Span<const VolumeView> channels, const RunOptions& options = {}) {
        return run_clicks(channels, {}, {}, options);
    }

    /// Finds the nodules and outlines those at the given voxels in any case.
    ///
    /// \param ct       in HU
    /// \param inside   voxels (i, j, k) in nodules; none: as run()
    /// \param outside  voxels that belong to none of these nodules
    /// \param options  as for run()
    /// \throws Error   as run()
    Result run_clicks(const VolumeView& ct, Span<const Index> inside, Span<const Index> outside = {},
                      const RunOptions& options = {}) {
        return run_clicks(Span<const VolumeView>(&ct, 1), inside, outside, options);
    }

    /// The same, of Bundle::channels() volumes on one grid.
    Result run_clicks(Span<const VolumeView> channels, Span<const Index> inside, Span<const Index> outside = {},
                      const RunOptions& options = {}) {
        const sam2lung_run_options raw_options = detail::c_options(options);
        const std::vector<const sam2lung_volume*> volumes = pointers(channels);
        const std::vector<std::int64_t> in = flat(inside), out = flat(outside);
        auto result = detail::create<sam2lung_result, sam2lung_result_free>(
            [&](sam2lung_result** raw, sam2lung_error** error) {
                if (in.empty() && out.empty()) {
                    return sam2lung_engine_run(handle_.get(), volumes.data(), volumes.size(), &raw_options, raw, error);
                }
                return sam2lung_engine_run_clicks(handle_.get(), volumes.data(), volumes.size(), in.data(),
                                                  inside.size(), out.data(), outside.size(), &raw_options, raw, error);
            });
        return Result(result.release());
    }

    /// Deprecated: the name of run_clicks() before version 4 of the interface.
    Result run_at(const VolumeView& ct, Span<const Index> inside, Span<const Index> outside = {},
                  const RunOptions& options = {}) {
        return run_clicks(ct, inside, outside, options);
    }

    /// Deprecated: the name of run_clicks() before version 4 of the interface.
    Result run_at(Span<const VolumeView> channels, Span<const Index> inside, Span<const Index> outside = {},
                  const RunOptions& options = {}) {
        return run_clicks(channels, inside, outside, options);
    }

    /// Outlines nodules at clicks in an earlier result of the same CT, and leaves the rest of it as it was; only boxes around
    /// the clicks are run. See sam2lung_engine_click() for what is replaced.
    ///
    /// \param ct       in HU
    /// \param earlier  a run's or click's result, or Result::from_maps(); not changed
    /// \param inside   voxels (i, j, k) in nodules, at least one
    /// \param outside  voxels that belong to none of these nodules
    /// \param options  as for run()
    /// \throws Error   as run()
    Result click(const VolumeView& ct, const Result& earlier, Span<const Index> inside,
                 Span<const Index> outside = {}, const RunOptions& options = {}) {
        return click(Span<const VolumeView>(&ct, 1), earlier, inside, outside, options);
    }

    /// The same, of Bundle::channels() volumes on one grid.
    Result click(Span<const VolumeView> channels, const Result& earlier, Span<const Index> inside,
                 Span<const Index> outside = {}, const RunOptions& options = {}) {
        const sam2lung_run_options raw_options = detail::c_options(options);
        const std::vector<const sam2lung_volume*> volumes = pointers(channels);
        const std::vector<std::int64_t> in = flat(inside), out = flat(outside);
        auto result = detail::create<sam2lung_result, sam2lung_result_free>(
            [&](sam2lung_result** raw, sam2lung_error** error) {
                return sam2lung_engine_click(handle_.get(), volumes.data(), volumes.size(), earlier.c(), in.data(),
                                             inside.size(), out.data(), outside.size(), &raw_options, raw, error);
            });
        return Result(result.release());
    }

    /// Starts a run on a thread of the library's own and returns; what the job needs of `ct`, `options` and this engine is copied or
    /// kept. The engine is busy until the job has ended, and may be destroyed before.
    /// \param ct       in HU
    /// \param options  without progress: Job::progress() tells it
    /// \throws Error   Status::busy, Status::invalid_input, Status::invalid_argument …; what fails later is told by Job::result()
    Job start(const VolumeView& ct, const RunOptions& options = {}) {
        return start(Span<const VolumeView>(&ct, 1), options);
    }

    /// The same, of Bundle::channels() volumes on one grid.
    Job start(Span<const VolumeView> channels, const RunOptions& options = {}) {
        return start_clicks(channels, {}, {}, options);
    }

    /// The same, and outlines nodules at clicks in any case, as run_clicks().
    Job start_clicks(Span<const VolumeView> channels, Span<const Index> inside, Span<const Index> outside = {},
                     const RunOptions& options = {}) {
        sam2lung_run_options raw_options = detail::c_options(options);
        if (!options.progress) {
            raw_options.progress = nullptr; // one that is there is refused by name
        }
        const std::vector<const sam2lung_volume*> volumes = pointers(channels);
        const std::vector<std::int64_t> in = flat(inside), out = flat(outside);
        auto job = detail::create<sam2lung_job, sam2lung_job_free>([&](sam2lung_job** raw, sam2lung_error** error) {
            if (in.empty() && out.empty()) {
                return sam2lung_job_start(handle_.get(), volumes.data(), volumes.size(), &raw_options, raw, error);
            }
            return sam2lung_job_start_clicks(handle_.get(), volumes.data(), volumes.size(), in.data(), inside.size(),
                                             out.data(), outside.size(), &raw_options, raw, error);
        });
        return Job(job.release());
    }

    /// The device that is used: the CPU or CUDA.
    Device device() const noexcept { return static_cast<Device>(sam2lung_engine_device(c())); }
    /// Why this one.
    std::string device_reason() const { return sam2lung_engine_device_reason(c()); }
    /// CPU threads that work at the same time.
    std::uint32_t threads() const noexcept { return sam2lung_engine_threads(c()); }

    /// The C object, which stays this one's.
    const sam2lung_engine* c() const noexcept { return handle_.get(); }

private:
    static std::vector<const sam2lung_volume*> pointers(Span<const VolumeView> views) {
        std::vector<const sam2lung_volume*> list;
        for (const VolumeView& view : views) {
            list.push_back(&view.c());
        }
        return list;
    }

    static std::vector<std::int64_t> flat(Span<const Index> points) {
        std::vector<std::int64_t> list;
        for (const Index& point : points) {
            list.insert(list.end(), point.begin(), point.end());
        }
        return list;
    }

    detail::Handle<sam2lung_engine, sam2lung_engine_free> handle_;
};

} // namespace sam2lung

#endif
