/// \file
/// What the library has to tell besides its results.

#ifndef SAM2LUNG_LOG_HPP
#define SAM2LUNG_LOG_HPP

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include <sam2lung.h>
#include <sam2lung/call.hpp>
#include <sam2lung/enums.hpp>

namespace sam2lung {

/// Receives a message: its level, the part of the library it came from, and the text. Both texts are valid during
/// the call only.
using LogFunction = std::function<void(LogLevel level, std::string_view target, std::string_view message)>;

/// \cond Not for programs.
namespace detail {

/// The receiver of this process (on Windows: of this DLL or program).
class Log {
public:
    static Log& instance() {
        // Never destroyed: the library may log while the process ends.
        static Log* const log = new Log;
        return *log;
    }

    void set(std::shared_ptr<const LogFunction> receiver) {
        const std::lock_guard<std::mutex> lock(mutex_);
        receiver_.swap(receiver);
    }

    static void receive(std::int32_t level, const char* target, const char* message, void*) noexcept {
        Call* const call = Call::innermost();
        if (call != nullptr && call->has_exception()) {
            return;
        }
        try {
            // A copy: set_log may replace it meanwhile, even from within.
            if (const auto receiver = instance().receiver()) {
                (*receiver)(static_cast<LogLevel>(level), target, message);
            }
        } catch (...) {
            if (call != nullptr) {
                call->keep_exception();
            }
        }
    }

private:
    std::shared_ptr<const LogFunction> receiver() {
        const std::lock_guard<std::mutex> lock(mutex_);
        return receiver_;
    }

    std::mutex mutex_;
    std::shared_ptr<const LogFunction> receiver_;
};

} // namespace detail
/// \endcond

/// Turns logging off. A message that is on its way from another thread may still arrive.
/// \throws Error if it fails
inline void clear_log() {
    detail::call([](sam2lung_error** error) {
        return sam2lung_log_set(nullptr, nullptr, SAM2LUNG_LOG_LEVEL_OFF, error);
    });
    detail::Log::instance().set(nullptr);
}

/// Sends messages of this level and above to `receiver`. There is one receiver in a process; a new one replaces it.
///
/// It is called on the thread that has something to say, so it must bear being called from several at once. What it
/// throws ends the call that is under way on that thread, as with the progress callback; where none is under way (in a
/// destructor, or on a thread of the library's own) the exception ends there.
/// \throws Error if it fails
inline void set_log(LogFunction receiver, LogLevel level) {
    if (!receiver) {
        return clear_log();
    }
    detail::Log::instance().set(std::make_shared<const LogFunction>(std::move(receiver)));
    detail::call([level](sam2lung_error** error) {
        return sam2lung_log_set(detail::Log::receive, nullptr, static_cast<std::int32_t>(level), error);
    });
}

} // namespace sam2lung

#endif
