#include "SAM2LungVoxels.h"

#include <cstdint>

namespace sam2lung_slicer
{

namespace
{

template <typename T>
sam2lung::VolumeView ViewAs(vtkImageData* image, const sam2lung::Matrix& ijk_to_ras)
{
  const int* const dims = image->GetDimensions();
  return { VoxelsOf<const T>(image), { dims[0], dims[1], dims[2] }, ijk_to_ras };
}

} // namespace

//----------------------------------------------------------------------------
sam2lung::VolumeView ViewOf(vtkImageData* image, const sam2lung::Matrix& ijk_to_ras)
{
  switch (image->GetScalarType())
  {
    case VTK_UNSIGNED_CHAR: return ViewAs<std::uint8_t>(image, ijk_to_ras);
    case VTK_SHORT: return ViewAs<std::int16_t>(image, ijk_to_ras);
    case VTK_UNSIGNED_SHORT: return ViewAs<std::uint16_t>(image, ijk_to_ras);
    case VTK_INT: return ViewAs<std::int32_t>(image, ijk_to_ras);
    case VTK_DOUBLE: return ViewAs<double>(image, ijk_to_ras);
    default: return ViewAs<float>(image, ijk_to_ras);
  }
}

} // namespace sam2lung_slicer
