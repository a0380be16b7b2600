/// \file
/// Two CTs of one chest: the phantom of the library in coarse voxels, and a follow-up of it.
///
/// By tiny-clicks its nodules, and what looks like them, are found in seconds.

#ifndef SAM2LungChests_h
#define SAM2LungChests_h

#include "SAM2LungTestScene.h"

#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLScalarVolumeNode.h>

#include <vtkImageData.h>
#include <vtkMatrix4x4.h>
#include <vtkNew.h>

#include <array>
#include <string>

namespace sam2lung_testing
{

constexpr short LUNG_HU = -850;

/// Every third voxel along i and j, every second slice.
inline vtkMRMLScalarVolumeNode* AddChest(vtkSlicerSAM2LungLogic* logic, const std::string& name)
{
  constexpr std::array<int, 3> STEP{ 3, 3, 2 };
  vtkMRMLScene* const scene = logic->GetMRMLScene();
  vtkMRMLScalarVolumeNode* const fine = logic->AddPhantom(3);
  const int* const dims = fine->GetImageData()->GetDimensions();
  vtkNew<vtkImageData> image;
  image->SetDimensions(dims[0] / STEP[0], dims[1] / STEP[1], dims[2] / STEP[2]);
  image->AllocateScalars(VTK_SHORT, 1);
  for (int k = 0; k < dims[2] / STEP[2]; ++k)
  {
    for (int j = 0; j < dims[1] / STEP[1]; ++j)
    {
      for (int i = 0; i < dims[0] / STEP[0]; ++i)
      {
        *static_cast<short*>(image->GetScalarPointer(i, j, k)) =
          *static_cast<short*>(fine->GetImageData()->GetScalarPointer(STEP[0] * i, STEP[1] * j, STEP[2] * k));
      }
    }
  }
  vtkNew<vtkMatrix4x4> ijk_to_ras;
  fine->GetIJKToRASMatrix(ijk_to_ras);
  for (int row = 0; row < 3; ++row)
  {
    for (int column = 0; column < 3; ++column)
    {
      ijk_to_ras->SetElement(row, column, STEP[column] * ijk_to_ras->GetElement(row, column));
    }
  }
  auto* const ct =
    vtkMRMLScalarVolumeNode::SafeDownCast(scene->AddNewNodeByClass("vtkMRMLScalarVolumeNode", name));
  ct->SetIJKToRASMatrix(ijk_to_ras);
  ct->SetAndObserveImageData(image);
  ct->CreateDefaultDisplayNodes();
  scene->RemoveNode(fine);
  return ct;
}

inline vtkMRMLScalarVolumeNode* AddChest(TestScene& test, const std::string& name)
{
  return AddChest(test.Logic, name);
}

/// For tiny-clicks, in the lungs.
inline vtkMRMLSAM2LungParametersNode* AddChestParameters(TestScene& test, vtkMRMLScalarVolumeNode* ct)
{
  vtkMRMLSAM2LungParametersNode* const parameters = test.AddParameters(ct);
  parameters->SetSearch(vtkMRMLSAM2LungParametersNode::SearchLungs);
  return parameters;
}

/// Fills a nodule that was found with lung.
inline void RemoveNodule(vtkMRMLScalarVolumeNode* ct, vtkMRMLLabelMapVolumeNode* labels, int id)
{
  auto* hu = static_cast<short*>(ct->GetImageData()->GetScalarPointer());
  const auto* label = static_cast<const unsigned short*>(labels->GetImageData()->GetScalarPointer());
  for (vtkIdType n = 0; n < labels->GetImageData()->GetNumberOfPoints(); ++n)
  {
    hu[n] = label[n] == id ? LUNG_HU : hu[n];
  }
  ct->GetImageData()->Modified();
}

/// Moves a CT in its own frame, as if the patient lay elsewhere on the table.
inline void Shift(vtkMRMLScalarVolumeNode* ct, const Point& by_mm)
{
  double origin[3];
  ct->GetOrigin(origin);
  ct->SetOrigin(origin[0] + by_mm[0], origin[1] + by_mm[1], origin[2] + by_mm[2]);
}

} // namespace sam2lung_testing

#endif
