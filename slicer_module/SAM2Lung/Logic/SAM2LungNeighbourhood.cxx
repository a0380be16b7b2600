#include "SAM2LungNeighbourhood.h"

#include <vtkImageData.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
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

/// Squared distances of no label at all: farther than near, and small enough to be reckoned with.
constexpr double FAR_MM2 = 1e12;

/// The lower envelope of parabolas along one line: Felzenszwalb and Huttenlocher, "Distance Transforms of Sampled
/// Functions", Theory of Computing 8 (2012), algorithm 1, with samples `spacing_mm` apart. Changes `values` in place.
///
/// (vtkImageEuclideanDistance is exact for cubic voxels only.)
class LineTransform
{
public:
  explicit LineTransform(std::size_t longest)
    : From(longest)
    , Apex(longest)
    , Begin(longest + 1)
  {
  }

  void Run(double* values, std::size_t count, std::ptrdiff_t stride, double spacing_mm)
  {
    for (std::size_t n = 0; n < count; ++n)
    {
      this->From[n] = values[static_cast<std::ptrdiff_t>(n) * stride];
    }
    std::size_t last = 0;
    this->Apex[0] = 0;
    this->Begin[0] = -FAR_MM2;
    this->Begin[1] = FAR_MM2;
    for (std::size_t n = 1; n < count; ++n)
    {
      double meet = this->Meet(this->Apex[last], n, spacing_mm);
      while (last > 0 && meet <= this->Begin[last])
      {
        --last;
        meet = this->Meet(this->Apex[last], n, spacing_mm);
      }
      ++last;
      this->Apex[last] = n;
      this->Begin[last] = meet;
      this->Begin[last + 1] = FAR_MM2;
    }
    std::size_t at = 0;
    for (std::size_t n = 0; n < count; ++n)
    {
      const double place_mm = static_cast<double>(n) * spacing_mm;
      while (this->Begin[at + 1] < place_mm)
      {
        ++at;
      }
      const double away_mm = place_mm - static_cast<double>(this->Apex[at]) * spacing_mm;
      values[static_cast<std::ptrdiff_t>(n) * stride] = away_mm * away_mm + this->From[this->Apex[at]];
    }
  }

private:
  /// Where two parabolas are the same, mm.
  double Meet(std::size_t a, std::size_t b, double spacing_mm) const
  {
    const double a_mm = static_cast<double>(a) * spacing_mm;
    const double b_mm = static_cast<double>(b) * spacing_mm;
    return ((this->From[b] + b_mm * b_mm) - (this->From[a] + a_mm * a_mm)) / (2.0 * (b_mm - a_mm));
  }

  std::vector<double> From;
  std::vector<std::size_t> Apex;
  std::vector<double> Begin;
};

/// Squared distances in mm² from those labels of which `is_in` is true, between centres of voxels, i fastest.
template <typename IsIn>
std::vector<double> SquaredDistances(vtkImageData* labels, const std::array<double, 3>& spacing_mm, IsIn is_in)
{
  const auto* label = static_cast<const std::uint16_t*>(labels->GetScalarPointer());
  std::vector<double> distances(static_cast<std::size_t>(labels->GetNumberOfPoints()));
  std::transform(label,
                 label + distances.size(),
                 distances.begin(),
                 [is_in](std::uint16_t at) { return is_in(at) ? 0.0 : FAR_MM2; });
  std::array<std::size_t, 3> dims{};
  std::copy_n(labels->GetDimensions(), 3, dims.begin());
  LineTransform line(*std::max_element(dims.begin(), dims.end()));
  std::array<std::size_t, 3> strides{ { 1, dims[0], dims[0] * dims[1] } };
  for (std::size_t axis = 0; axis < 3; ++axis)
  {
    const std::size_t one = (axis + 1) % 3;
    const std::size_t two = (axis + 2) % 3;
    for (std::size_t a = 0; a < dims[one]; ++a)
    {
      for (std::size_t b = 0; b < dims[two]; ++b)
      {
        line.Run(distances.data() + a * strides[one] + b * strides[two],
                 dims[axis],
                 static_cast<std::ptrdiff_t>(strides[axis]),
                 spacing_mm[axis]);
      }
    }
  }
  return distances;
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
  vtkSmartPointer<vtkImageData> near = Blank(BoxOf(labels), VTK_UNSIGNED_CHAR);
  auto* voxel = static_cast<std::uint8_t*>(near->GetScalarPointer());
  for (std::size_t n = 0; n < to_it.size(); ++n)
  {
    voxel[n] = to_it[n] <= NEAR_MM * NEAR_MM && to_it[n] <= to_others[n] ? 1 : 0;
  }
  return near;
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
