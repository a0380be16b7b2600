/// \file
/// Asks a run to stop, from any thread.

#ifndef SAM2LUNG_CANCEL_HPP
#define SAM2LUNG_CANCEL_HPP

#include <sam2lung.h>
#include <sam2lung/call.hpp>

namespace sam2lung {

/// A token that is given to a run and can stop it.
///
/// The run then throws Error with Status::cancelled, and its engine can be used again. A token stays cancelled: take
/// a new one for the next run. It may be destroyed while a run that was given it goes on.
class Cancel {
public:
    /// A token that isn't cancelled.
    /// \throws Error if memory is short
    Cancel() : handle_(detail::create<sam2lung_cancel, sam2lung_cancel_free>(sam2lung_cancel_create)) {}

    /// Asks the runs that were given this token to stop. Any thread, but no signal handler: it takes a lock.
    void request() const noexcept { sam2lung_cancel_request(handle_.get()); }

    /// Whether request() was called. Any thread.
    bool is_requested() const noexcept { return sam2lung_cancel_is_requested(handle_.get()); }

    /// The C object, which stays this one's.
    const sam2lung_cancel* c() const noexcept { return handle_.get(); }

private:
    detail::Handle<sam2lung_cancel, sam2lung_cancel_free> handle_;
};

} // namespace sam2lung

#endif
