/// \file
/// Volumes in memory: voxels, grid, and where the grid lies in the patient.

#ifndef SAM2LUNG_VOLUME_HPP
#define SAM2LUNG_VOLUME_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include <sam2lung.h>
#include <sam2lung/call.hpp>
#include <sam2lung/cancel.hpp>
#include <sam2lung/enums.hpp>
#include <sam2lung/span.hpp>

#include <sam2lung/macros_off.hpp>
namespace sam2lung {

/// Numbers along i (columns), j (rows) and k (slices).
using Index = std::array<std::int64_t, 3>;

/// A 4 × 4 matrix, row by row, from voxel (i, j, k, 1) to mm towards right, anterior, superior (RAS).
using Matrix = std::array<double, 16>;

/// The matrix of a grid along the patient's axes: i to the right, j to the front, k upwards.
///
/// \param spacing_mm  from a voxel to the next along i, j, k; negative where the grid runs the other way
/// \param origin_ras  centre of voxel (0, 0, 0), mm
constexpr Matrix axis_aligned(const std::array<double, 3>& spacing_mm,
                              const std::array<double, 3>& origin_ras = {0.0, 0.0, 0.0}) noexcept {
    return {spacing_mm[0], 0.0, 0.0, origin_ras[0], 0.0, spacing_mm[1], 0.0, origin_ras[1],
            0.0, 0.0, spacing_mm[2], origin_ras[2], 0.0, 0.0, 0.0, 1.0};
}

/// \cond Not for programs.
namespace detail {

template <typename T> constexpr VoxelType voxel_type() noexcept {
    if constexpr (std::is_same_v<T, std::int16_t>) {
        return VoxelType::int16;
    } else if constexpr (std::is_same_v<T, std::uint16_t>) {
        return VoxelType::uint16;
    } else if constexpr (std::is_same_v<T, std::int32_t>) {
        return VoxelType::int32;
    } else if constexpr (std::is_same_v<T, float>) {
        return VoxelType::float32;
    } else if constexpr (std::is_same_v<T, double>) {
        return VoxelType::float64;
    } else {
        static_assert(std::is_same_v<T, std::uint8_t>,
                      "voxels are int16_t, uint16_t, int32_t, float, double, or uint8_t");
        return VoxelType::uint8;
    }
}

/// `first`, where that is an index of `size` voxels.
inline std::size_t inside(std::size_t first, std::size_t size) {
    if (first >= size) {
        throw Error(Status::invalid_argument, "E_ARGUMENT",
                    "first is " + std::to_string(first) + "; expected less than the buffer's " +
                        std::to_string(size) + " voxels");
    }
    return first;
}

} // namespace detail
/// \endcond

/// Borrowed voxels on a grid. The library checks it where it is used: size, strides, matrix.
class VolumeView {
public:
    /// Voxels in the memory of a caller.
    ///
    /// \param voxels         from voxel (0, 0, 0) on: int16, uint16, int32, float, double, or uint8 (masks)
    /// \param dims           how many along i, j, k
    /// \param ijk_to_ras     from voxel to mm
    /// \param strides_bytes  from a voxel to the next along i, j, k; all 0: packed, i fastest
    template <typename T>
    VolumeView(Span<T> voxels, const Index& dims, const Matrix& ijk_to_ras, const Index& strides_bytes = {0, 0, 0})
        : raw_{} {
        raw_.struct_size = sizeof raw_;
        raw_.voxels = voxels.data();
        raw_.bytes = voxels.size_bytes();
        raw_.voxel_type = static_cast<std::int32_t>(detail::voxel_type<std::remove_cv_t<T>>());
        for (std::size_t axis = 0; axis < 3; ++axis) {
            raw_.dims[axis] = dims[axis];
            raw_.strides[axis] = strides_bytes[axis];
        }
        for (std::size_t n = 0; n < 16; ++n) {
            raw_.ijk_to_ras[n] = ijk_to_ras[n];
        }
    }

    /// Voxels in the memory of a caller that run backwards along some axis, as NumPy's flipped arrays do.
    ///
    /// \param buffer         all of it
    /// \param first          index of voxel (0, 0, 0) in it
    /// \param dims           how many along i, j, k
    /// \param ijk_to_ras     from voxel to mm
    /// \param strides_bytes  from a voxel to the next along i, j, k, negative where that lies before it
    /// \throws Error Status::invalid_argument if `first` lies outside the buffer
    template <typename T>
    VolumeView(Span<T> buffer, std::size_t first, const Index& dims, const Matrix& ijk_to_ras,
               const Index& strides_bytes)
        : VolumeView(Span<T>(buffer.data() + detail::inside(first, buffer.size()), buffer.size() - first), dims,
                     ijk_to_ras, strides_bytes) {
        raw_.bytes_before = first * sizeof(T);
    }

    /// Voxels in a vector, packed, i fastest.
    template <typename T>
    VolumeView(const std::vector<T>& voxels, const Index& dims, const Matrix& ijk_to_ras)
        : VolumeView(Span<const T>(voxels), dims, ijk_to_ras) {}

    /// A vector that is about to die can't be looked at.
    template <typename T> VolumeView(const std::vector<T>&&, const Index&, const Matrix&) = delete;

    /// A view that the library filled, or that was made by hand.
    explicit VolumeView(const sam2lung_volume& raw) noexcept : raw_(raw) {}

    /// How many voxels along i, j, k.
    Index dims() const noexcept { return {raw_.dims[0], raw_.dims[1], raw_.dims[2]}; }
    /// Bytes from a voxel to the next along i, j, k; all 0: packed, i fastest.
    Index strides_bytes() const noexcept { return {raw_.strides[0], raw_.strides[1], raw_.strides[2]}; }
    /// Type of the voxels.
    VoxelType voxel_type() const noexcept { return static_cast<VoxelType>(raw_.voxel_type); }

    /// From voxel to mm.
    Matrix ijk_to_ras() const noexcept {
        Matrix matrix{};
        for (std::size_t n = 0; n < matrix.size(); ++n) {
            matrix[n] = raw_.ijk_to_ras[n];
        }
        return matrix;
    }

    /// The voxels as they lie in memory, empty if they aren't of type T.
    template <typename T> Span<const T> voxels() const noexcept {
        if (voxel_type() != detail::voxel_type<T>()) {
            return {};
        }
        return {static_cast<const T*>(raw_.voxels), raw_.bytes / sizeof(T)};
    }

    /// The C struct.
    const sam2lung_volume& c() const noexcept { return raw_; }

private:
    sam2lung_volume raw_;
};

/// Writes a volume as .nii, .nii.gz, .nrrd or .vti, in its own voxel type; the file is whole or not there.
/// \throws Error Status::write, Status::invalid_argument for an unknown ending, Status::cancelled, or why the volume is none
inline void write_volume(const VolumeView& volume, const std::string& path, const Cancel* cancel = nullptr) {
    detail::call([&](sam2lung_error** error) {
        const sam2lung_cancel* const token = cancel != nullptr ? cancel->c() : nullptr;
        return sam2lung_volume_write(&volume.c(), detail::text(path, "path"), token, error);
    });
}

} // namespace sam2lung

#include <sam2lung/macros_back.hpp>

#endif
