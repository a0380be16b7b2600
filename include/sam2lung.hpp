/// \file
/// libsam2lung for C++17: everything of the C interface (sam2lung.h) as movable objects and exceptions.
///
/// Header-only, no dependency besides the C library: only C types cross the library's boundary, so that it doesn't
/// matter with which standard library or compiler flags the program itself is built.
///
/// Research use only; not a medical device.

#ifndef SAM2LUNG_HPP
#define SAM2LUNG_HPP

#include <sam2lung/bundle.hpp>
#include <sam2lung/cancel.hpp>
#include <sam2lung/engine.hpp>
#include <sam2lung/enums.hpp>
#include <sam2lung/error.hpp>
#include <sam2lung/image.hpp>
#include <sam2lung/installed.hpp>
#include <sam2lung/log.hpp>
#include <sam2lung/measure.hpp>
#include <sam2lung/nodule.hpp>
#include <sam2lung/options.hpp>
#include <sam2lung/report.hpp>
#include <sam2lung/result.hpp>
#include <sam2lung/runtime.hpp>
#include <sam2lung/span.hpp>
#include <sam2lung/version.hpp>
#include <sam2lung/volume.hpp>
#include <sam2lung/warning.hpp>

/// Finds and outlines lung nodules in a chest CT and says how sure it is.
///
/// - *Ownership.* `Runtime`, `Bundle`, `Engine`, `Cancel`, `Image` and `Result` own what they stand for; they can be
///   moved, not copied. A moved-from one may be destroyed or assigned to, nothing else.
/// - *Views.* `Span` and `VolumeView` borrow: what they look at must outlive them.
/// - *Errors.* Whatever fails throws `Error`; nothing else is thrown but std::bad_alloc and what callbacks throw.
/// - *Callbacks.* What a callback throws ends the call it came from, and arrives from there as it was thrown.
/// - *Threads.* Different objects may be used from different threads. One `Engine` runs one call at a time, and
///   throws `Status::busy` otherwise. `Cancel` may be used from any thread.
/// - *Text* is UTF-8, paths too.
/// - *Macros.* `Status` may be a macro, as in <X11/Xlib.h>: these headers bear it, and `StatusCode` is the same type.
namespace sam2lung {}

#endif
