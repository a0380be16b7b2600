/// \file
/// Images as the library sees them: volumes on the grid of a run's CT. Any thread.

#ifndef SAM2LungVoxels_h
#define SAM2LungVoxels_h

#include <cstddef>

#include <vtkImageData.h>

#include <sam2lung/span.hpp>
#include <sam2lung/volume.hpp>

namespace sam2lung_slicer
{

/// The voxels of a packed image, which has this type.
template <typename T>
sam2lung::Span<T> VoxelsOf(vtkImageData* image)
{
  return { static_cast<T*>(image->GetScalarPointer()), static_cast<std::size_t>(image->GetNumberOfPoints()) };
}

/// Borrows from the image, whose type is one that the library reads.
sam2lung::VolumeView ViewOf(vtkImageData* image, const sam2lung::Matrix& ijk_to_ras);

} // namespace sam2lung_slicer

#endif
