#include "SAM2LungNeighbourhood.h"

#include <vtkImageData.h>
#include <vtkImageEuclideanDistance.h>
#include <vtkNew.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <utility>
#include <vector>

namespace sam2lung_slicer
{

namespace
{

constexpr double NEAR_MM = 10.0;

/// From a voxel to the next along i, j, k.
std::array<double, 3> SpacingMm(const sam2lung::Matrix& ijk_to_ras)
{
  std::array<double, 3> spacing_mm{};
  for (std::size_t axis = 0; axis < 3; ++axis)
  {
    spacing_mm[axis] = std::hypot(ijk_to_ras[axis], ijk_to_ras[4 + axis], ijk_to_ras[8 + axis]);
  }
  return spacing_mm;
}

/// Squared distances in mm² from those labels of which `is_in` is true, between centres of voxels.
template <typename IsIn>
vtkSmartPointer<vtkImageData> SquaredDistances(vtkImageData* labels,
                                               const std::array<double, 3>& spacing_mm,
                                               IsIn is_in)
{
  const vtkSmartPointer<vtkImageData> outside = Blank(BoxOf(labels), VTK_UNSIGNED_CHAR);
  outside->SetSpacing(spacing_mm.data());
  const auto* label = static_cast<const std::uint16_t*>(labels->GetScalarPointer());
  auto* voxel = static_cast<std::uint8_t*>(outside->GetScalarPointer());
  for (vtkIdType n = 0; n < labels->GetNumberOfPoints(); ++n)
  {
    voxel[n] = is_in(label[n]) ? 0 : 1;
  }
  vtkNew<vtkImageEuclideanDistance> distance;
  distance->SetInputData(outside);
  distance->ConsiderAnisotropyOn();
  // Where there is no such label, everything is farther than near.
  distance->SetMaximumDistance(std::pow(4.0 * NEAR_MM, 2));
  distance->Update();
  return distance->GetOutput();
}

} // namespace

//----------------------------------------------------------------------------
Box Reach(const Box& nodule, const sam2lung::Matrix& ijk_to_ras, vtkImageData* image)
{
  // Another nodule that is nearer to a voxel within 10 mm lies within 20 mm.
  const std::array<double, 3> spacing_mm = SpacingMm(ijk_to_ras);
  std::array<int, 3> voxels{};
  for (std::size_t axis = 0; axis < 3; ++axis)
  {
    voxels[axis] = static_cast<int>(std::ceil(2.0 * NEAR_MM / spacing_mm[axis]));
  }
  return nodule.Grown(voxels, image);
}

//----------------------------------------------------------------------------
vtkSmartPointer<vtkImageData> NearNodule(vtkImageData* labels, int label, const sam2lung::Matrix& ijk_to_ras)
{
  const std::array<double, 3> spacing_mm = SpacingMm(ijk_to_ras);
  const auto to_it = SquaredDistances(labels, spacing_mm, [label](std::uint16_t at) { return at == label; });
  const auto to_others =
    SquaredDistances(labels, spacing_mm, [label](std::uint16_t at) { return at != 0 && at != label; });
  const auto* it = static_cast<const double*>(to_it->GetScalarPointer());
  const auto* others = static_cast<const double*>(to_others->GetScalarPointer());
  vtkSmartPointer<vtkImageData> near = Blank(BoxOf(labels), VTK_UNSIGNED_CHAR);
  auto* voxel = static_cast<std::uint8_t*>(near->GetScalarPointer());
  for (vtkIdType n = 0; n < near->GetNumberOfPoints(); ++n)
  {
    voxel[n] = it[n] <= NEAR_MM * NEAR_MM && it[n] <= others[n] ? 1 : 0;
  }
  return near;
}

//----------------------------------------------------------------------------
void KeepNear(vtkImageData* map, vtkImageData* labels, const sam2lung::Matrix& ijk_to_ras)
{
  // What is kept is put aside first: pieces, since a copy of the whole would take as much memory as the map.
  std::vector<std::pair<vtkSmartPointer<vtkImageData>, vtkSmartPointer<vtkImageData>>> pieces;
  for (const auto& [label, share] : FindLabels(labels))
  {
    const Box box = Reach(share.box, ijk_to_ras, labels);
    pieces.emplace_back(Crop(map, box), NearNodule(Crop(labels, box), label, ijk_to_ras));
  }
  auto* const first = static_cast<float*>(map->GetScalarPointer());
  std::fill(first, first + map->GetNumberOfPoints(), 0.0F);
  for (const auto& [values, near] : pieces)
  {
    PutValues(map, values, near);
  }
}

//----------------------------------------------------------------------------
void PutValues(vtkImageData* map, vtkImageData* from, vtkImageData* mask)
{
  ForEachVoxel(BoxOf(mask),
               [&](int i, int j, int k)
               {
                 if (*static_cast<std::uint8_t*>(mask->GetScalarPointer(i, j, k)) != 0)
                 {
                   *static_cast<float*>(map->GetScalarPointer(i, j, k)) =
                     *static_cast<float*>(from->GetScalarPointer(i, j, k));
                 }
               });
}

} // namespace sam2lung_slicer
