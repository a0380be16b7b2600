#include "SAM2LungMaps.h"

#include <vtkMRMLColorTableNode.h>
#include <vtkMRMLScalarVolumeDisplayNode.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLScene.h>
#include <vtkMRMLVolumeDisplayNode.h>

#include <vtkMatrix4x4.h>
#include <vtkNew.h>

#include <algorithm>
#include <cmath>

namespace sam2lung_slicer
{

namespace
{

/// Grids that differ by less, in mm a voxel, are the same: nodes keep spacing and directions apart.
constexpr double SAME_MM = 1e-6;

/// Sets up the volume's display node. A new one is set up before the volume gets it: it would look through all voxels for a
/// window, and for the colours of the application.
template <typename SetUp>
void AddDisplay(vtkMRMLVolumeNode* node, const char* class_name, SetUp set_up)
{
  if (node->GetDisplayNode())
  {
    set_up(node->GetDisplayNode());
    return;
  }
  const auto display = vtkSmartPointer<vtkMRMLDisplayNode>::Take(
    vtkMRMLDisplayNode::SafeDownCast(node->GetScene()->CreateNodeByClass(class_name)));
  node->GetScene()->AddNode(display);
  set_up(display);
  node->SetAndObserveDisplayNodeID(display->GetID());
}

} // namespace

//----------------------------------------------------------------------------
void WriteImage(vtkMRMLVolumeNode* node, vtkImageData* image, const sam2lung::Matrix& ijk_to_ras)
{
  MRMLNodeModifyBlocker blocker(node);
  vtkNew<vtkMatrix4x4> matrix;
  matrix->DeepCopy(ijk_to_ras.data());
  node->SetIJKToRASMatrix(matrix);
  node->SetAndObserveImageData(image);
}

//----------------------------------------------------------------------------
bool HasImage(vtkMRMLVolumeNode* node)
{
  return node && node->GetImageData() && node->GetImageData()->GetNumberOfPoints() > 0;
}

//----------------------------------------------------------------------------
bool OnGrid(vtkMRMLVolumeNode* node, const RunInput& input, int scalar_type)
{
  vtkImageData* image = HasImage(node) ? node->GetImageData() : nullptr;
  if (!image || image->GetScalarType() != scalar_type || image->GetNumberOfScalarComponents() != 1 ||
      !std::equal(image->GetExtent(), image->GetExtent() + 6, input.ct->GetExtent()))
  {
    return false;
  }
  vtkNew<vtkMatrix4x4> matrix;
  node->GetIJKToRASMatrix(matrix);
  return SameGrid(input.ijk_to_ras.data(), matrix->GetData());
}

//----------------------------------------------------------------------------
bool SameGrid(const double* ijk_to_ras, const double* other)
{
  return std::equal(
    ijk_to_ras, ijk_to_ras + 16, other, [](double a, double b) { return std::abs(a - b) <= SAME_MM; });
}

//----------------------------------------------------------------------------
void ShowLabels(vtkMRMLVolumeNode* node, vtkMRMLColorTableNode* colors)
{
  AddDisplay(node, "vtkMRMLLabelMapVolumeDisplayNode", [colors](vtkMRMLDisplayNode* display)
             { display->SetAndObserveColorNodeID(colors->GetID()); });
}

//----------------------------------------------------------------------------
void ShowMap(vtkMRMLScalarVolumeNode* node, vtkMRMLColorTableNode* colors, double most)
{
  AddDisplay(node,
             "vtkMRMLScalarVolumeDisplayNode",
             [colors, most](vtkMRMLDisplayNode* shown)
             {
               auto* const display = vtkMRMLScalarVolumeDisplayNode::SafeDownCast(shown);
               MRMLNodeModifyBlocker blocker(display);
               display->SetAutoWindowLevel(0);
               display->SetWindowLevelMinMax(0.0, most);
               display->SetAndObserveColorNodeID(colors->GetID());
             });
}

//----------------------------------------------------------------------------
double MostUncertain(sam2lung::Uncertainty uncertainty)
{
  // A probability is between 0 and 1, so its variance over the samples is a quarter at most (Popoviciu's inequality);
  // the other kinds are bits of one decision, one at most.
  return uncertainty == sam2lung::Uncertainty::variance ? 0.25 : 1.0;
}

} // namespace sam2lung_slicer
