#include "SAM2LungLabels.h"

#include <vtkImageData.h>
#include <vtkNew.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace sam2lung_slicer
{

//----------------------------------------------------------------------------
void Box::Add(int i, int j, int k)
{
  if (this->Empty())
  {
    this->extent = { { i, i, j, j, k, k } };
    return;
  }
  const std::array<int, 3> at{ { i, j, k } };
  for (std::size_t axis = 0; axis < 3; ++axis)
  {
    this->extent[2 * axis] = std::min(this->extent[2 * axis], at[axis]);
    this->extent[2 * axis + 1] = std::max(this->extent[2 * axis + 1], at[axis]);
  }
}

//----------------------------------------------------------------------------
Box Box::With(const Box& other) const
{
  Box both = *this;
  if (!other.Empty())
  {
    both.Add(other.extent[0], other.extent[2], other.extent[4]);
    both.Add(other.extent[1], other.extent[3], other.extent[5]);
  }
  return both;
}

//----------------------------------------------------------------------------
Box Box::Grown(const std::array<int, 3>& voxels, vtkImageData* image) const
{
  int whole[6];
  image->GetExtent(whole);
  Box grown = *this;
  for (std::size_t axis = 0; axis < 3; ++axis)
  {
    grown.extent[2 * axis] = std::max(this->extent[2 * axis] - voxels[axis], whole[2 * axis]);
    grown.extent[2 * axis + 1] = std::min(this->extent[2 * axis + 1] + voxels[axis], whole[2 * axis + 1]);
  }
  return grown;
}

//----------------------------------------------------------------------------
std::map<int, LabelShare> FindLabels(vtkImageData* labels)
{
  std::map<int, LabelShare> found;
  const Box whole = BoxOf(labels);
  if (whole.Empty())
  {
    return found;
  }
  const auto* voxel = static_cast<const std::uint16_t*>(labels->GetScalarPointer());
  ForEachVoxel(whole,
               [&](int i, int j, int k)
               {
                 const std::uint16_t label = *voxel++;
                 if (label != 0)
                 {
                   LabelShare& share = found[label];
                   share.box.Add(i, j, k);
                   ++share.voxels;
                 }
               });
  return found;
}

//----------------------------------------------------------------------------
void Copy(vtkImageData* from, vtkImageData* to, const Box& box)
{
  const auto& extent = box.extent;
  const std::size_t row_bytes =
    static_cast<std::size_t>(extent[1] - extent[0] + 1) * static_cast<std::size_t>(from->GetScalarSize());
  for (int k = extent[4]; k <= extent[5]; ++k)
  {
    for (int j = extent[2]; j <= extent[3]; ++j)
    {
      std::memcpy(to->GetScalarPointer(extent[0], j, k), from->GetScalarPointer(extent[0], j, k), row_bytes);
    }
  }
}

//----------------------------------------------------------------------------
vtkSmartPointer<vtkImageData> Crop(vtkImageData* image, const Box& box)
{
  vtkSmartPointer<vtkImageData> piece = Blank(box, image->GetScalarType());
  Copy(image, piece, box);
  return piece;
}

//----------------------------------------------------------------------------
vtkSmartPointer<vtkImageData> Blank(const Box& box, int scalar_type)
{
  vtkNew<vtkImageData> image;
  image->SetExtent(Box(box).extent.data());
  image->AllocateScalars(scalar_type, 1);
  std::memset(image->GetScalarPointer(),
              0,
              static_cast<std::size_t>(image->GetNumberOfPoints()) * static_cast<std::size_t>(image->GetScalarSize()));
  return image;
}

//----------------------------------------------------------------------------
Box BoxOf(vtkImageData* image)
{
  Box box;
  image->GetExtent(box.extent.data());
  return box;
}

} // namespace sam2lung_slicer
