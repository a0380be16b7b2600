/// \file
/// A model of two volumes, two classes and a region of both: what is asked for, and what comes into the scene.
///
/// tiny-regions (onnx/tiny_models): logits 0, 2 x + 8 z - 6 and 16 x - 6 for background, core and rim, with
/// x = (HU + 1000) / 1400 and z = (PET - 2) / 4. In a ball x is 0.5: rim is 2, and core 9 where PET is 9, else -5. In lung rim
/// is -4.3.

#include "SAM2LungTestScene.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLLinearTransformNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLTableNode.h>
#include <vtkOrientedImageData.h>
#include <vtkSegment.h>
#include <vtkSegmentation.h>
#include <vtkSegmentationConverter.h>

#include <algorithm>
#include <cstdint>

using namespace sam2lung_testing;

namespace
{

using Parameters = vtkMRMLSAM2LungParametersNode;

constexpr float COLD = 2.0F;
constexpr float WARM = 9.0F;
/// The voxel in the middle of the first of TwoBalls(), and how far the uptake reaches from it.
constexpr int BALL_IJK[3] = { 20, 22, 10 };
constexpr int CORE_VOXELS = 3 * 3 * 3;

bool IsWarm(int i, int j, int k)
{
  return std::abs(i - BALL_IJK[0]) <= 1 && std::abs(j - BALL_IJK[1]) <= 1 && std::abs(k - BALL_IJK[2]) <= 1;
}

/// Two volumes on one grid, and the model that takes both.
struct PetScene : TestScene
{
  explicit PetScene(const std::string& bundles)
    : TestScene(bundles)
    , CT(this->AddCT())
    , PET(vtkMRMLScalarVolumeNode::SafeDownCast(this->Scene->AddNewNodeByClass("vtkMRMLScalarVolumeNode", "PET")))
    , Node(this->AddParameters(CT))
  {
    vtkNew<vtkImageData> image;
    image->SetDimensions(CT->GetImageData()->GetDimensions());
    image->AllocateScalars(VTK_FLOAT, 1);
    for (int k = 0; k < 20; ++k)
    {
      for (int j = 0; j < 80; ++j)
      {
        for (int i = 0; i < 90; ++i)
        {
          image->SetScalarComponentFromDouble(i, j, k, 0, IsWarm(i, j, k) ? WARM : COLD);
        }
      }
    }
    PET->SetIJKToRASMatrix(AxialGrid());
    PET->SetAndObserveImageData(image);
    Node->SetModelFolder(bundles + "/tiny-regions");
  }

  std::string Problem() { return this->Logic->GetInputProblem(this->Node); }

  vtkMRMLScalarVolumeNode* const CT;
  vtkMRMLScalarVolumeNode* const PET;
  Parameters* const Node;
};

int VolumesAreAskedForByTheirNames(const std::string& bundles)
{
  PetScene test(bundles);
  CHECK_INT(test.Logic->GetNumberOfChannels(test.Node), 2);
  CHECK_STD_STRING(test.Logic->GetNthChannelName(test.Node, 0), "CT");
  CHECK_STD_STRING(test.Logic->GetNthChannelName(test.Node, 1), "PET");
  CHECK_STD_STRING(test.Logic->GetNthChannelName(test.Node, 2), "");
  CHECK_STD_STRING(test.Problem(),
                   "The model 'tiny-regions' takes 2 volumes on one grid (CT, PET), and none is chosen as PET. Choose it below "
                   "the first one, or another model under Advanced.");
  CHECK_BOOL(test.Logic->Segment(test.Node), false);
  CHECK_INT(test.Logic->GetStatus(), vtkSlicerSAM2LungLogic::StatusRefused);

  test.Node->SetChannelVolumeNode("PET", test.CT);
  CHECK_STD_STRING(test.Problem(),
                   "'CT' is chosen as CT and as PET; expected two volumes. Choose another one for one of them.");
  test.Node->SetChannelVolumeNode("PET", test.PET);
  CHECK_STD_STRING(test.Problem(), "");
  test.Node->SetUncertaintyVolumeNode(test.PET);
  CHECK_STD_STRING(test.Problem(),
                   "'PET' is chosen as PET and as an output, which would overwrite it; expected another volume, or none for a "
                   "new one. Choose it again under Advanced.");
  test.Node->SetUncertaintyVolumeNode(nullptr);
  // A model of one volume takes no notice of it.
  test.Node->SetModelFolder(bundles + "/tiny-clicks");
  CHECK_INT(test.Logic->GetNumberOfChannels(test.Node), 1);
  CHECK_BOOL(test.Logic->Segment(test.Node), true);
  return EXIT_SUCCESS;
}

int OtherGridsAreRefused(const std::string& bundles)
{
  PetScene test(bundles);
  test.Node->SetChannelVolumeNode("PET", test.PET);
  const auto shifted = AxialGrid();
  shifted->SetElement(0, 3, -25.0);
  test.PET->SetIJKToRASMatrix(shifted);
  CHECK_STD_STRING(test.Problem(),
                   "'PET' (PET, 90 x 80 x 20 voxels) has another grid than 'CT' (90 x 80 x 20 voxels); expected the same "
                   "voxels at the same places. Resample it to 'CT' in the module Resample Scalar/Vector/DWI Volume.");
  test.PET->SetIJKToRASMatrix(AxialGrid());
  auto* const transform = vtkMRMLLinearTransformNode::SafeDownCast(
    test.Scene->AddNewNodeByClass("vtkMRMLLinearTransformNode", "Table"));
  test.CT->SetAndObserveTransformNodeID(transform->GetID());
  CHECK_STD_STRING(test.Problem(),
                   "'PET' (PET) and 'CT' lie under different transforms; expected the same one, or none. Change that in the "
                   "module Transforms.");
  test.PET->SetAndObserveTransformNodeID(transform->GetID());
  CHECK_STD_STRING(test.Problem(), "");
  vtkNew<vtkImageData> empty;
  test.PET->SetAndObserveImageData(empty);
  CHECK_STD_STRING(test.Problem(),
                   "'PET' has no voxels, or several values a voxel; expected a loaded volume of one value a voxel. Load its "
                   "file again, or choose another volume.");
  return EXIT_SUCCESS;
}

vtkOrientedImageData* LabelmapOf(vtkSegment* segment)
{
  return vtkOrientedImageData::SafeDownCast(
    segment->GetRepresentation(vtkSegmentationConverter::GetSegmentationBinaryLabelmapRepresentationName()));
}

int VoxelsOf(vtkSegment* segment)
{
  vtkOrientedImageData* const image = LabelmapOf(segment);
  const auto* const first = static_cast<const std::uint16_t*>(image->GetScalarPointer());
  return static_cast<int>(std::count(first, first + image->GetNumberOfPoints(), segment->GetLabelValue()));
}

int ClassesAndRegionsBecomeSegmentsAndRows(const std::string& bundles)
{
  PetScene test(bundles);
  test.Node->SetChannelVolumeNode("PET", test.PET);
  CHECK_BOOL(test.Logic->Segment(test.Node), true);
  vtkImageData* const labels = test.Node->GetLabelMapNode()->GetImageData();
  int rim = 0;
  int wrong = 0;
  for (int k = 0; k < 20; ++k)
  {
    for (int j = 0; j < 80; ++j)
    {
      for (int i = 0; i < 90; ++i)
      {
        const bool in_ball = test.CT->GetImageData()->GetScalarComponentAsDouble(i, j, k, 0) > -500.0;
        const int wanted = IsWarm(i, j, k) ? 1 : in_ball ? 2 : 0;
        wrong += wanted != static_cast<int>(labels->GetScalarComponentAsDouble(i, j, k, 0));
        rim += wanted == 2;
      }
    }
  }
  CHECK_INT(wrong, 0);

  vtkSegmentation* const segmentation = test.Node->GetSegmentationNode()->GetSegmentation();
  CHECK_INT(segmentation->GetNumberOfSegments(), 3);
  const char* const names[3] = { "core", "rim", "whole" };
  const int voxels[3] = { CORE_VOXELS, rim, CORE_VOXELS + rim };
  const double reds[3] = { 213, 0, 240 };
  for (unsigned int n = 0; n < 3; ++n)
  {
    vtkSegment* const segment = segmentation->GetNthSegment(n);
    CHECK_STRING(segment->GetName(), names[n]);
    CHECK_INT(VoxelsOf(segment), voxels[n]);
    CHECK_DOUBLE(segment->GetColor()[0], reds[n] / 255.0);
    CHECK_STD_STRING(test.Logic->GetNoduleText(test.Node, static_cast<int>(n) + 1, "class"), names[n]);
    CHECK_STD_STRING(test.Logic->GetNoduleTitle(test.Node, static_cast<int>(n) + 1), names[n]);
  }
  CHECK_INT(test.Node->GetNoduleTableNode()->GetNumberOfRows(), 3);
  CHECK_STD_STRING(test.Logic->GetClassColors(test.Node), "#d55e00 core\n#0072b2 rim\n#f0e442 whole");
  CHECK_STD_STRING(test.Logic->GetReviewLoss(test.Node), "");

  // A click adds none to a model of regions, and says so by name; another run writes all anew.
  CHECK_BOOL(test.Logic->OutlineAtClick(test.Node, -14.0, -2.4, 25.0), false);
  CHECK_STD_STRING(test.Logic->GetStatusText(),
                   "The model 'tiny-regions' outlines regions, and no single nodules; a click adds none. Segment the whole CT, "
                   "or choose another model under Advanced.");
  CHECK_BOOL(test.Logic->Segment(test.Node), true);
  CHECK_INT(segmentation->GetNumberOfSegments(), 3);
  CHECK_INT(VoxelsOf(segmentation->GetNthSegment(2)), voxels[2]);
  return EXIT_SUCCESS;
}

int RegionEditedByHandIsMissed(const std::string& bundles)
{
  PetScene test(bundles);
  test.Node->SetChannelVolumeNode("PET", test.PET);
  CHECK_BOOL(test.Logic->Segment(test.Node), true);
  vtkSegment* const whole = test.Node->GetSegmentationNode()->GetSegmentation()->GetNthSegment(2);
  vtkOrientedImageData* const image = LabelmapOf(whole);
  auto* const first = static_cast<std::uint16_t*>(image->GetScalarPointer());
  *std::find(first, first + image->GetNumberOfPoints(), std::uint16_t{ 3 }) = 0;
  CHECK_STD_STRING(test.Logic->GetReviewLoss(test.Node).substr(0, 69),
                   "The segments of these nodules were edited or removed by hand: 3. A ne");
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungLogicChannelsTest(int argc, char* argv[])
{
  CHECK_BOOL(argc > 1, true);
  const std::string bundles = argv[1];
  CHECK_EXIT_SUCCESS(VolumesAreAskedForByTheirNames(bundles));
  CHECK_EXIT_SUCCESS(OtherGridsAreRefused(bundles));
  CHECK_EXIT_SUCCESS(ClassesAndRegionsBecomeSegmentsAndRows(bundles));
  CHECK_EXIT_SUCCESS(RegionEditedByHandIsMissed(bundles));
  return EXIT_SUCCESS;
}
