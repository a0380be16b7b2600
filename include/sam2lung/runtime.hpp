/// \file
/// ONNX Runtime, as this process has loaded it.

#ifndef SAM2LUNG_RUNTIME_HPP
#define SAM2LUNG_RUNTIME_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <sam2lung.h>
#include <sam2lung/call.hpp>
#include <sam2lung/enums.hpp>

namespace sam2lung {

/// A device and whether it works here.
struct DeviceInfo {
    Device device;      ///< Which.
    bool usable;        ///< Whether it works.
    std::string reason; ///< Why, or why not.
};

/// ONNX Runtime of this process. Needed only to choose its file or to ask about it: engines load it by themselves.
class Runtime {
public:
    /// Loads ONNX Runtime, or returns the one that is loaded: the first that was loaded stays for the whole process.
    ///
    /// \param library  its file; empty: looked for in SAM2LUNG_ONNXRUNTIME, beside libsam2lung, and by the loader
    /// \throws Error   Status::runtime if there is none that fits, or another file is loaded already; the message
    ///                 lists what was tried
    static Runtime load(const std::string& library = {}) {
        return Runtime(detail::create<sam2lung_runtime, sam2lung_runtime_free>(
            [&](sam2lung_runtime** runtime, sam2lung_error** error) {
                return sam2lung_runtime_load(library.empty() ? nullptr : detail::text(library, "library"), runtime, error);
            }));
    }

    /// The file it was loaded from.
    std::string library() const { return sam2lung_runtime_library(handle_.get()); }
    /// What it says of itself: version, commit, flags.
    std::string build() const { return sam2lung_runtime_build(handle_.get()); }

    /// The devices this library knows, and whether they work.
    /// \throws Error if a device can't be asked
    std::vector<DeviceInfo> devices() const {
        std::vector<DeviceInfo> list;
        const std::size_t count = sam2lung_runtime_device_count(handle_.get());
        for (std::size_t index = 0; index < count; ++index) {
            std::int32_t device = 0;
            bool usable = false;
            const char* reason = "";
            detail::call([&](sam2lung_error** error) {
                return sam2lung_runtime_device(handle_.get(), index, &device, &usable, &reason, error);
            });
            list.push_back({static_cast<Device>(device), usable, reason});
        }
        return list;
    }

    /// The C object, which stays this one's.
    const sam2lung_runtime* c() const noexcept { return handle_.get(); }

private:
    using Handle = detail::Handle<sam2lung_runtime, sam2lung_runtime_free>;
    explicit Runtime(Handle handle) noexcept : handle_(std::move(handle)) {}

    Handle handle_;
};

} // namespace sam2lung

#endif
