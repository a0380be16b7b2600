/// \file
/// Label maps as images: where each label lies, and pieces of them. Any thread.

#ifndef SAM2LungLabels_h
#define SAM2LungLabels_h

#include <array>
#include <cstdint>
#include <map>

#include <vtkSmartPointer.h>

class vtkImageData;

namespace sam2lung_slicer
{

/// Voxels from (low) to (high), both inside, as an image's extent: i low, i high, j low, …
struct Box
{
  std::array<int, 6> extent{ { 0, -1, 0, -1, 0, -1 } };

  bool Has(int i, int j, int k) const
  {
    const auto& at = this->extent;
    return at[0] <= i && i <= at[1] && at[2] <= j && j <= at[3] && at[4] <= k && k <= at[5];
  }
  bool Empty() const { return this->extent[0] > this->extent[1]; }
  void Add(int i, int j, int k);
  /// The box that holds both.
  Box With(const Box& other) const;
  /// Grown by that many voxels on each side of each axis, inside the image.
  Box Grown(const std::array<int, 3>& voxels, vtkImageData* image) const;
};

struct LabelShare
{
  Box box;
  std::int64_t voxels = 0;
};

/// Where the labels of a uint16 image are; 0 is none.
std::map<int, LabelShare> FindLabels(vtkImageData* labels);
/// The voxels in the box, in an image with the box as its extent.
vtkSmartPointer<vtkImageData> Crop(vtkImageData* image, const Box& box);
/// Copies the voxels in the box, which both images have, between images of one type.
void Copy(vtkImageData* from, vtkImageData* to, const Box& box);
/// An image of that type, all 0, on the box.
vtkSmartPointer<vtkImageData> Blank(const Box& box, int scalar_type);
/// The image's voxels as a box.
Box BoxOf(vtkImageData* image);

/// Calls `act(i, j, k)` for each voxel of the box, i fastest.
template <typename Act>
void ForEachVoxel(const Box& box, Act act)
{
  const auto& extent = box.extent;
  for (int k = extent[4]; k <= extent[5]; ++k)
  {
    for (int j = extent[2]; j <= extent[3]; ++j)
    {
      for (int i = extent[0]; i <= extent[1]; ++i)
      {
        act(i, j, k);
      }
    }
  }
}

} // namespace sam2lung_slicer

#endif
