/// \file
/// A run on a thread of the library's own.

#ifndef SAM2LUNG_JOB_HPP
#define SAM2LUNG_JOB_HPP

#include <chrono>
#include <cstdint>
#include <optional>

#include <sam2lung.h>
#include <sam2lung/call.hpp>
#include <sam2lung/options.hpp>
#include <sam2lung/result.hpp>

namespace sam2lung {

/// A run that goes on while its caller does something else: Engine::start(). It has copied volumes and options, keeps what it needs
/// of its engine, and can be moved. Any thread may ask, cancel and wait, several at once. Its destructor cancels it and waits until
/// it has ended.
class Job {
public:
    /// Takes over what a C function returned.
    explicit Job(sam2lung_job* raw) noexcept : handle_(raw) {}

    /// How far it is; before the first step all numbers are 0.
    Progress progress() const {
        sam2lung_progress raw{};
        raw.struct_size = sizeof raw;
        detail::call([&](sam2lung_error** error) { return sam2lung_job_poll(c(), &raw, nullptr, error); });
        return {static_cast<Stage>(raw.stage), raw.stage_title, raw.done, raw.total, raw.fraction,
                raw.seconds_left >= 0 ? std::optional<double>(raw.seconds_left) : std::nullopt};
    }

    /// Whether it has ended, well or not.
    bool ended() const {
        bool ended = false;
        detail::call([&](sam2lung_error** error) { return sam2lung_job_poll(c(), nullptr, &ended, error); });
        return ended;
    }

    /// Waits until it has ended.
    void wait() const {
        detail::call([&](sam2lung_error** error) { return sam2lung_job_wait(c(), -1, nullptr, error); });
    }

    /// Waits until it has ended, or for some time; whether it has.
    template <typename Count, typename Period> bool wait_for(std::chrono::duration<Count, Period> time) const {
        const auto ms = std::chrono::ceil<std::chrono::milliseconds>(time).count();
        bool ended = false;
        detail::call([&](sam2lung_error** error) {
            return sam2lung_job_wait(c(), ms < 0 ? 0 : static_cast<std::int64_t>(ms), &ended, error);
        });
        return ended;
    }

    /// Waits until it has ended, and takes what it found, which can be done once.
    /// \throws Error as Engine::run(), Status::cancelled after cancel()
    Result result() {
        wait();
        auto found = detail::create<sam2lung_result, sam2lung_result_free>(
            [&](sam2lung_result** raw, sam2lung_error** error) { return sam2lung_job_result(c(), raw, error); });
        return Result(found.release());
    }

    /// Asks it to stop, and returns at once. Any thread, but no signal handler: it takes a lock.
    void cancel() const noexcept { sam2lung_job_cancel(c()); }

    /// The C object, which stays this one's.
    const sam2lung_job* c() const noexcept { return handle_.get(); }

private:
    detail::Handle<sam2lung_job, sam2lung_job_free> handle_;
};

} // namespace sam2lung

#endif
