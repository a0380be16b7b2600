/// \file
/// Volumes from files.

#ifndef SAM2LUNG_IMAGE_HPP
#define SAM2LUNG_IMAGE_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <sam2lung.h>
#include <sam2lung/call.hpp>
#include <sam2lung/cancel.hpp>
#include <sam2lung/volume.hpp>
#include <sam2lung/warning.hpp>

namespace sam2lung {

/// A volume that the library has read, as float32.
class Image {
public:
    /// A chest CT in Hounsfield units: a DICOM folder, NIfTI, NRRD or MetaImage. What can't be one is refused.
    ///
    /// \param path    file or folder
    /// \param series  which CT series of a DICOM folder: its UID, "thinnest" or "first"; empty: there is only one
    /// \param cancel  stops reading; may be null
    /// \throws Error  Status::read, Status::invalid_input, Status::cancelled
    static Image read_ct(const std::string& path, const std::string& series = {}, const Cancel* cancel = nullptr) {
        return Image(detail::create<sam2lung_image, sam2lung_image_free>(
            [&](sam2lung_image** image, sam2lung_error** error) {
                const sam2lung_cancel* const token = cancel != nullptr ? cancel->c() : nullptr;
                const char* const uid = series.empty() ? nullptr : detail::text(series, "series");
                return sam2lung_image_read_ct(detail::text(path, "path"), uid, token, image, error);
            }));
    }

    /// Any scalar volume in these formats, such as a mask or a map; nothing is checked for HU.
    /// \throws Error Status::read
    static Image read(const std::string& path) {
        return Image(detail::create<sam2lung_image, sam2lung_image_free>(
            [&](sam2lung_image** image, sam2lung_error** error) {
                return sam2lung_image_read(detail::text(path, "path"), image, error);
            }));
    }

    /// A chest CT made by arithmetic, to try things out; facts() lists its nodules.
    /// \throws Error if memory is short
    static Image phantom(std::uint64_t seed = 0) {
        return Image(detail::create<sam2lung_image, sam2lung_image_free>(
            [&](sam2lung_image** image, sam2lung_error** error) {
                return sam2lung_image_phantom(seed, image, error);
            }));
    }

    /// Its voxels: float32, packed, i fastest; borrowed from this image.
    /// \throws Error of a moved-from image
    VolumeView volume() const& {
        sam2lung_volume raw{};
        raw.struct_size = sizeof raw;
        detail::call([&](sam2lung_error** error) { return sam2lung_image_volume(c(), &raw, error); });
        return VolumeView(raw);
    }
    /// An image that is about to die can't be looked at.
    VolumeView volume() const&& = delete;

    /// What was read otherwise than it may be meant; a result of this image doesn't repeat it.
    std::vector<Warning> warnings() const {
        std::vector<Warning> list;
        const std::size_t count = sam2lung_image_warning_count(c());
        for (std::size_t index = 0; index < count; ++index) {
            list.push_back({sam2lung_image_warning_name(c(), index), sam2lung_image_warning_text(c(), index)});
        }
        return list;
    }

    /// Where it came from, as JSON.
    std::string facts() const { return sam2lung_image_facts(c()); }

    /// The C object, which stays this one's.
    const sam2lung_image* c() const noexcept { return handle_.get(); }

private:
    using Handle = detail::Handle<sam2lung_image, sam2lung_image_free>;
    explicit Image(Handle handle) noexcept : handle_(std::move(handle)) {}

    Handle handle_;
};

} // namespace sam2lung

#endif
