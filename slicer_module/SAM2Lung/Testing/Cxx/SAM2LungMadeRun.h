/// \file
/// What a run would bring, made by arithmetic: balls that are nodules, in a scene, without a network.

#ifndef SAM2LungMadeRun_h
#define SAM2LungMadeRun_h

#include "SAM2LungReview.h"
#include "SAM2LungRun.h"
#include "vtkMRMLSAM2LungParametersNode.h"
#include "vtkSlicerSAM2LungLogic.h"

#include <vtkMRMLColorLogic.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLScene.h>
#include <vtkMRMLSelectionNode.h>
#include <vtkSlicerSegmentationsModuleLogic.h>

#include <vtkDataArray.h>
#include <vtkMatrix4x4.h>
#include <vtkNew.h>
#include <vtkPointData.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace sam2lung_testing
{

using sam2lung::Matrix;
using sam2lung::Nodule;

struct MadeBall
{
  int id;
  std::array<double, 3> center_ijk;
  double radius_mm;
  bool flagged = false;
};

/// 0.8 x 0.8 x 1.5 mm.
inline Matrix StraightGrid()
{
  return { 0.8, 0, 0, -30, 0, 0.8, 0, -20, 0, 0, 1.5, 5, 0, 0, 0, 1 };
}
/// Columns towards the left, rows towards the back: as most scanners write.
inline Matrix MirroredGrid()
{
  return { -0.8, 0, 0, 30, 0, -0.8, 0, 20, 0, 0, 1.5, -105, 0, 0, 0, 1 };
}
/// Turned about two axes.
inline Matrix ObliqueGrid()
{
  const double a = 0.3, b = 0.5;
  return { 0.8 * std::cos(a), -0.8 * std::sin(a) * std::cos(b), 1.5 * std::sin(a) * std::sin(b),  12.5,
           0.8 * std::sin(a), 0.8 * std::cos(a) * std::cos(b),  -1.5 * std::cos(a) * std::sin(b), -7.25,
           0.0,               0.8 * std::sin(b),                1.5 * std::cos(b),                3.125,
           0.0,               0.0,                              0.0,                              1.0 };
}

inline std::array<double, 3> ToRas(const Matrix& m, const std::array<double, 3>& ijk)
{
  std::array<double, 3> ras{};
  for (std::size_t row = 0; row < 3; ++row)
  {
    ras[row] = m[4 * row] * ijk[0] + m[4 * row + 1] * ijk[1] + m[4 * row + 2] * ijk[2] + m[4 * row + 3];
  }
  return ras;
}

inline double DistanceMm(const Matrix& m, const std::array<double, 3>& a_ijk, const std::array<double, 3>& b_ijk)
{
  const std::array<double, 3> a = ToRas(m, a_ijk), b = ToRas(m, b_ijk);
  return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

inline double VoxelMm3(const Matrix& m)
{
  const double determinant = m[0] * (m[5] * m[10] - m[6] * m[9]) - m[1] * (m[4] * m[10] - m[6] * m[8]) +
                             m[2] * (m[4] * m[9] - m[5] * m[8]);
  return std::abs(determinant);
}

inline vtkSmartPointer<vtkImageData> MadeImage(const std::array<int, 3>& dims, int type)
{
  const auto image = vtkSmartPointer<vtkImageData>::New();
  image->SetDimensions(dims.data());
  image->AllocateScalars(type, 1);
  image->GetPointData()->GetScalars()->Fill(0);
  return image;
}

/// A nodule with another number in every field.
inline Nodule MadeNodule(const MadeBall& ball, const Matrix& ijk_to_ras, double volume_mm3)
{
  const double unit = ball.id * 100.0 + 1.0 / 3.0;
  Nodule nodule;
  nodule.id = static_cast<std::uint32_t>(ball.id);
  nodule.review = ball.flagged;
  if (ball.flagged)
  {
    nodule.review_reasons = { "the samples' outlines disagree", "it touches the edge of the scan" };
  }
  nodule.centroid_ijk = ball.center_ijk;
  nodule.centroid_ras = ToRas(ijk_to_ras, ball.center_ijk);
  nodule.volume_mm3 = volume_mm3;
  nodule.volume_mm3_p05 = unit + 1;
  nodule.volume_mm3_p50 = unit + 2;
  nodule.volume_mm3_p95 = unit + 3;
  nodule.sample_volume_mm3_p05 = unit + 4;
  nodule.sample_volume_mm3_p50 = unit + 5;
  nodule.sample_volume_mm3_p95 = unit + 6;
  nodule.volume_spread = unit + 7;
  nodule.equivalent_diameter_mm = unit + 8;
  nodule.long_axis_mm = 2 * ball.radius_mm;
  nodule.short_axis_mm = unit + 9;
  nodule.mean_hu = -unit;
  nodule.probability_inside = 1 / unit;
  nodule.probability_around = 2 / unit;
  nodule.uncertainty_mean = 3 / unit;
  nodule.sample_dice = 4 / unit;
  nodule.detection_rate = 5 / unit;
  nodule.long_axis_3d_mm = unit + 10;
  nodule.short_axis_3d_mm = unit + 11;
  nodule.mean_diameter_mm = unit + 12;
  nodule.mean_diameter_mm_p05 = unit + 13;
  nodule.mean_diameter_mm_p95 = unit + 14;
  for (std::size_t axis = 0; axis < 3; ++axis)
  {
    nodule.long_axis_3d_start_ras[axis] = unit + 15 + double(axis);
    nodule.long_axis_3d_end_ras[axis] = unit + 18 + double(axis);
    nodule.short_axis_3d_start_ras[axis] = unit + 21 + double(axis);
    nodule.short_axis_3d_end_ras[axis] = unit + 24 + double(axis);
  }
  return nodule;
}

struct MadeRun
{
  sam2lung_slicer::RunInput Input;
  sam2lung_slicer::RunOutput Output;
};

/// Nodules where the balls are; uncertainty within 15 mm of their centres.
inline MadeRun MakeRun(const Matrix& ijk_to_ras,
                       const std::vector<MadeBall>& balls,
                       float uncertain = 0.5F,
                       const std::array<int, 3>& dims = { 60, 50, 40 })
{
  constexpr double UNCERTAIN_MM = 15.0;
  MadeRun run;
  run.Input.ct = MadeImage(dims, VTK_SHORT);
  run.Input.ijk_to_ras = ijk_to_ras;
  run.Output.labels = MadeImage(dims, VTK_UNSIGNED_SHORT);
  run.Output.uncertainty = MadeImage(dims, VTK_FLOAT);
  auto* label = static_cast<std::uint16_t*>(run.Output.labels->GetScalarPointer());
  auto* uncertainty = static_cast<float*>(run.Output.uncertainty->GetScalarPointer());
  std::vector<int> voxels(balls.size());
  for (int k = 0; k < dims[2]; ++k)
  {
    for (int j = 0; j < dims[1]; ++j)
    {
      for (int i = 0; i < dims[0]; ++i, ++label, ++uncertainty)
      {
        for (std::size_t n = 0; n < balls.size(); ++n)
        {
          const double distance_mm = DistanceMm(ijk_to_ras, { double(i), double(j), double(k) }, balls[n].center_ijk);
          if (distance_mm <= balls[n].radius_mm)
          {
            *label = static_cast<std::uint16_t>(balls[n].id);
            ++voxels[n];
          }
          *uncertainty = distance_mm <= UNCERTAIN_MM ? uncertain : *uncertainty;
        }
      }
    }
  }
  for (std::size_t n = 0; n < balls.size(); ++n)
  {
    run.Output.nodules.push_back(MadeNodule(balls[n], ijk_to_ras, voxels[n] * VoxelMm3(ijk_to_ras)));
  }
  run.Output.facts = { "Made model 1.0", "0123abcd", "0.1.0", "CPU", "no CUDA", sam2lung::Uncertainty::entropy,
                       25,               7,          0.4,     38.2 };
  return run;
}

/// What a click brings: the ball under its number, uncertainty only in its voxels, in the maps that the outputs hold. Voxels
/// of other nodules stay theirs, but for those whose place it takes.
inline MadeRun MakeClickRun(const Matrix& ijk_to_ras,
                            const MadeBall& ball,
                            vtkMRMLSAM2LungParametersNode* outputs = nullptr,
                            const std::set<int>& replaced = {},
                            float uncertainty = 0.9F)
{
  MadeRun run = MakeRun(ijk_to_ras, { ball }, 0.0F);
  run.Input.clicks = { { { std::int64_t(ball.center_ijk[0]), std::int64_t(ball.center_ijk[1]),
                           std::int64_t(ball.center_ijk[2]) } } };
  const auto outlined = run.Output.labels;
  if (outputs && outputs->GetLabelMapNode())
  {
    run.Output.labels = vtkSmartPointer<vtkImageData>::New();
    run.Output.labels->DeepCopy(outputs->GetLabelMapNode()->GetImageData());
  }
  if (outputs && outputs->GetUncertaintyVolumeNode())
  {
    run.Output.uncertainty->DeepCopy(outputs->GetUncertaintyVolumeNode()->GetImageData());
  }
  const auto* own = static_cast<const std::uint16_t*>(outlined->GetScalarPointer());
  auto* label = static_cast<std::uint16_t*>(run.Output.labels->GetScalarPointer());
  auto* value = static_cast<float*>(run.Output.uncertainty->GetScalarPointer());
  for (vtkIdType n = 0; n < outlined->GetNumberOfPoints(); ++n)
  {
    const bool free = label[n] == 0 || label[n] == ball.id || replaced.count(label[n]) > 0;
    label[n] = free ? own[n] : label[n];
    value[n] = own[n] != 0 ? uncertainty : value[n];
  }
  run.Output.clicked = static_cast<std::uint32_t>(ball.id);
  run.Output.replaced = replaced;
  run.Output.nodules.front().clicked = true;
  run.Output.facts.seconds = 3.0;
  return run;
}

/// Far from each other and from the edges; the second one is flagged.
inline std::vector<MadeBall> ThreeBalls()
{
  return { { 1, { 12.0, 12.0, 10.0 }, 3.0 }, { 2, { 45.0, 15.0, 25.0 }, 5.0, true }, { 3, { 20.0, 38.0, 30.0 }, 4.0 } };
}

/// Accepts or rejects it, in nobody's name; its comment stays.
inline bool SetNoduleAccepted(vtkMRMLSAM2LungParametersNode* parameters, int id, bool accepted)
{
  sam2lung_slicer::Reading reading = sam2lung_slicer::NoduleReading(parameters, id);
  reading.decision = accepted ? sam2lung_slicer::Decision::accepted : sam2lung_slicer::Decision::rejected;
  return sam2lung_slicer::SetNoduleReading(parameters, id, reading);
}

/// A scene as the application has it, with a CT and its parameter node.
class MadeScene
{
public:
  explicit MadeScene(const Matrix& ijk_to_ras = StraightGrid(), const std::array<int, 3>& dims = { 60, 50, 40 })
  {
    this->Colors->SetMRMLScene(this->Scene);
    this->Segmentations->SetMRMLScene(this->Scene);
    this->Logic->SetMRMLScene(this->Scene);
    // Markups ask it for the unit of lengths.
    vtkNew<vtkMRMLSelectionNode> selection;
    this->Scene->AddNode(selection);
    this->CT = this->AddCT("CT", ijk_to_ras, dims);
    this->Parameters = this->Logic->GetParametersNode(this->CT, true);
  }

  vtkMRMLScalarVolumeNode* AddCT(const std::string& name,
                                 const Matrix& ijk_to_ras,
                                 const std::array<int, 3>& dims = { 60, 50, 40 })
  {
    auto* const ct =
      vtkMRMLScalarVolumeNode::SafeDownCast(this->Scene->AddNewNodeByClass("vtkMRMLScalarVolumeNode", name));
    vtkNew<vtkMatrix4x4> matrix;
    matrix->DeepCopy(ijk_to_ras.data());
    ct->SetIJKToRASMatrix(matrix);
    ct->SetAndObserveImageData(MadeImage(dims, VTK_SHORT));
    return ct;
  }

  vtkNew<vtkMRMLScene> Scene;
  vtkNew<vtkMRMLColorLogic> Colors;
  vtkNew<vtkSlicerSegmentationsModuleLogic> Segmentations;
  vtkNew<vtkSlicerSAM2LungLogic> Logic;
  vtkMRMLScalarVolumeNode* CT = nullptr;
  vtkMRMLSAM2LungParametersNode* Parameters = nullptr;
};

} // namespace sam2lung_testing

#endif
