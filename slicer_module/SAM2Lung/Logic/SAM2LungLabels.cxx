#include "SAM2LungLabels.h"

#include <vtkImageData.h>
#include <vtkNew.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace sam2lung_slicer
{

namespace
{

/// Nearly all of a CT is no nodule: so many voxels are looked at in one step, which makes it as fast as memory is.
constexpr int AT_ONCE = 16;

bool AllZero(const std::uint16_t* voxels, int count)
{
  std::uint64_t words[AT_ONCE / 4];
  if (count < AT_ONCE)
  {
    return false;
  }
  std::memcpy(words, voxels, sizeof words);
  return (words[0] | words[1] | words[2] | words[3]) == 0;
}

} // namespace

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
  const auto& extent = whole.extent;
  const auto* row = static_cast<const std::uint16_t*>(labels->GetScalarPointer());
  const int columns = extent[1] - extent[0] + 1;
  for (int k = extent[4]; k <= extent[5]; ++k)
  {
    for (int j = extent[2]; j <= extent[3]; ++j, row += columns)
    {
      for (int column = 0; column < columns; ++column)
      {
        if (row[column] != 0)
        {
          LabelShare& share = found[row[column]];
          share.box.Add(extent[0] + column, j, k);
          ++share.voxels;
        }
        else if (AllZero(row + column, columns - column))
        {
          column += AT_ONCE - 1;
        }
      }
    }
  }
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
  const auto piece = vtkSmartPointer<vtkImageData>::New();
  piece->SetExtent(Box(box).extent.data());
  piece->AllocateScalars(image->GetScalarType(), 1);
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
