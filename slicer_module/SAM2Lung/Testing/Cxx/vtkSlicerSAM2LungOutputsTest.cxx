// Output nodes: where they lie, what they are called, what is reused, and what nobody else notices.

#include "SAM2LungMadeRun.h"

#include "SAM2LungOutputs.h"
#include "SAM2LungReview.h"
#include "SAM2LungTable.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLColorTableNode.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLLinearTransformNode.h>
#include <vtkMRMLMarkupsDisplayNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLModelNode.h>
#include <vtkMRMLScalarVolumeDisplayNode.h>
#include <vtkMRMLSegmentationDisplayNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLSubjectHierarchyNode.h>
#include <vtkMRMLTableNode.h>
#include <vtkOrientedImageData.h>
#include <vtkSegment.h>
#include <vtkSegmentation.h>

#include <vtkAlgorithm.h>
#include <vtkAlgorithmOutput.h>

#include <algorithm>
#include <map>
#include <sstream>

using namespace sam2lung_testing;
using namespace sam2lung_slicer;

namespace
{

constexpr double SAME_MM = 1e-6;

std::vector<vtkMRMLTransformableNode*> PlacedOutputs(MadeScene& made)
{
  return { made.Parameters->GetSegmentationNode(),
           made.Parameters->GetLabelMapNode(),
           made.Parameters->GetUncertaintyVolumeNode(),
           made.Parameters->GetProbabilityVolumeNode(),
           made.Parameters->GetNodulePointsNode() };
}

std::vector<vtkMRMLNode*> AllOutputs(MadeScene& made)
{
  const auto placed = PlacedOutputs(made);
  std::vector<vtkMRMLNode*> nodes(placed.begin(), placed.end());
  nodes.push_back(made.Parameters->GetNoduleTableNode());
  return nodes;
}

MadeRun MakeFullRun(const Matrix& grid, const std::vector<MadeBall>& balls = ThreeBalls())
{
  MadeRun run = MakeRun(grid, balls);
  run.Output.probability = MadeImage({ 60, 50, 40 }, VTK_FLOAT);
  return run;
}

int CheckPlaces(const Matrix& grid)
{
  MadeScene made(grid);
  auto* const transform =
    vtkMRMLLinearTransformNode::SafeDownCast(made.Scene->AddNewNodeByClass("vtkMRMLLinearTransformNode"));
  vtkNew<vtkMatrix4x4> to_parent;
  const double elements[16] = { 0, -1, 0, 11, 1, 0, 0, -5, 0, 0, 1, 40, 0, 0, 0, 1 };
  to_parent->DeepCopy(elements);
  transform->SetMatrixTransformToParent(to_parent);
  made.CT->SetAndObserveTransformNodeID(transform->GetID());
  const MadeRun run = MakeFullRun(grid);
  WriteOutputs(made.Parameters, run.Input, run.Output);

  for (vtkMRMLTransformableNode* node : PlacedOutputs(made))
  {
    CHECK_POINTER(node->GetParentTransformNode(), transform);
  }
  for (vtkMRMLVolumeNode* volume : std::vector<vtkMRMLVolumeNode*>{ made.Parameters->GetLabelMapNode(),
                                                                    made.Parameters->GetUncertaintyVolumeNode(),
                                                                    made.Parameters->GetProbabilityVolumeNode() })
  {
    vtkNew<vtkMatrix4x4> matrix;
    volume->GetIJKToRASMatrix(matrix);
    for (std::size_t n = 0; n < 16; ++n)
    {
      CHECK_DOUBLE_TOLERANCE(matrix->GetData()[n], grid[n], SAME_MM);
    }
  }
  CHECK_INT(made.Parameters->GetLabelMapNode()->GetImageData()->GetScalarType(), VTK_UNSIGNED_SHORT);
  CHECK_INT(made.Parameters->GetUncertaintyVolumeNode()->GetImageData()->GetScalarType(), VTK_FLOAT);

  vtkMRMLSegmentationNode* const segmentation = made.Parameters->GetSegmentationNode();
  CHECK_POINTER(segmentation->GetNodeReference(vtkMRMLSegmentationNode::GetReferenceImageGeometryReferenceRole().c_str()),
                made.CT);
  for (const Nodule& nodule : run.Output.nodules)
  {
    const int id = static_cast<int>(nodule.id);
    const int i = int(nodule.centroid_ijk[0]), j = int(nodule.centroid_ijk[1]), k = int(nodule.centroid_ijk[2]);
    CHECK_INT(static_cast<int>(made.Parameters->GetLabelMapNode()->GetImageData()->GetScalarComponentAsDouble(i, j, k, 0)), id);

    double expected_world[4], world[3];
    const double local[4] = { nodule.centroid_ras[0], nodule.centroid_ras[1], nodule.centroid_ras[2], 1.0 };
    to_parent->MultiplyPoint(local, expected_world);
    vtkMRMLMarkupsFiducialNode* const points = made.Parameters->GetNodulePointsNode();
    points->GetNthControlPointPositionWorld(id - 1, world);
    vtkNew<vtkOrientedImageData> labelmap;
    CHECK_BOOL(segmentation->GetBinaryLabelmapRepresentation("Nodule_" + std::to_string(id), labelmap), true);
    vtkNew<vtkMatrix4x4> image_to_world;
    labelmap->GetImageToWorldMatrix(image_to_world);
    for (int axis = 0; axis < 3; ++axis)
    {
      CHECK_DOUBLE_TOLERANCE(world[axis], expected_world[axis], SAME_MM);
      for (int column = 0; column < 4; ++column)
      {
        CHECK_DOUBLE_TOLERANCE(
          image_to_world->GetElement(axis, column), grid[static_cast<std::size_t>(4 * axis + column)], SAME_MM);
      }
    }
    CHECK_BOOL(labelmap->GetScalarComponentAsDouble(i, j, k, 0) > 0, true);
  }
  return EXIT_SUCCESS;
}

int OutputsLieWhereTheCTDoes()
{
  CHECK_EXIT_SUCCESS(CheckPlaces(StraightGrid()));
  CHECK_EXIT_SUCCESS(CheckPlaces(MirroredGrid()));
  CHECK_EXIT_SUCCESS(CheckPlaces(ObliqueGrid()));
  return EXIT_SUCCESS;
}

int OutputsAreNamedAfterTheCTAndLieBesideIt()
{
  MadeScene made;
  vtkMRMLSubjectHierarchyNode* const hierarchy = vtkMRMLSubjectHierarchyNode::GetSubjectHierarchyNode(made.Scene);
  const vtkIdType study = hierarchy->CreateStudyItem(hierarchy->GetSceneItemID(), "Study");
  hierarchy->CreateItem(study, made.CT);
  // No folder, though it has the name: in Slicer the segmentation lies there so.
  hierarchy->CreateSubjectItem(study, "CT nodules");
  const MadeRun run = MakeFullRun(StraightGrid());
  WriteOutputs(made.Parameters, run.Input, run.Output);
  CHECK_STRING(made.Parameters->GetSegmentationNode()->GetName(), "CT nodules");
  CHECK_BOOL(made.Logic->IsOutput(made.Parameters->GetUncertaintyVolumeNode()), true);
  CHECK_BOOL(made.Logic->IsOutput(made.Parameters->GetProbabilityVolumeNode()), true);
  CHECK_BOOL(made.Logic->IsOutput(made.CT), false);
  CHECK_STRING(made.Parameters->GetLabelMapNode()->GetName(), "CT nodule labels");
  CHECK_STRING(made.Parameters->GetUncertaintyVolumeNode()->GetName(), "CT uncertainty");
  CHECK_STRING(made.Parameters->GetProbabilityVolumeNode()->GetName(), "CT probability");
  CHECK_STRING(made.Parameters->GetNoduleTableNode()->GetName(), "CT nodule table");
  CHECK_STRING(made.Parameters->GetNodulePointsNode()->GetName(), "CT nodule points");
  const vtkIdType folder =
    hierarchy->GetItemParent(hierarchy->GetItemByDataNode(made.Parameters->GetSegmentationNode()));
  CHECK_STD_STRING(hierarchy->GetItemName(folder), "CT nodules");
  CHECK_STD_STRING(hierarchy->GetItemLevel(folder), "Folder");
  CHECK_INT(static_cast<int>(hierarchy->GetItemParent(folder)), static_cast<int>(study));
  for (vtkMRMLNode* node : AllOutputs(made))
  {
    CHECK_INT(static_cast<int>(hierarchy->GetItemParent(hierarchy->GetItemByDataNode(node))), static_cast<int>(folder));
  }
  // Twice: the same folder. In Slicer, its subject hierarchy module lets go of items whose nodes go.
  vtkMRMLNode* const table = made.Parameters->GetNoduleTableNode();
  hierarchy->RemoveItem(hierarchy->GetItemByDataNode(table), false);
  made.Scene->RemoveNode(table);
  CHECK_NULL(made.Parameters->GetNoduleTableNode());
  WriteOutputs(made.Parameters, run.Input, run.Output);
  CHECK_INT(static_cast<int>(hierarchy->GetItemParent(hierarchy->GetItemByDataNode(made.Parameters->GetNoduleTableNode()))),
            static_cast<int>(folder));
  return EXIT_SUCCESS;
}

int SecondRunWritesIntoTheSameNodes()
{
  MadeScene made;
  const MadeRun first = MakeFullRun(StraightGrid());
  WriteOutputs(made.Parameters, first.Input, first.Output);
  std::vector<std::string> ids;
  for (vtkMRMLNode* node : AllOutputs(made))
  {
    ids.emplace_back(node->GetID());
  }
  const int nodes = made.Scene->GetNumberOfNodes();
  const MadeRun second = MakeFullRun(StraightGrid(), { { 1, { 30.0, 25.0, 20.0 }, 5.0 } });
  WriteOutputs(made.Parameters, second.Input, second.Output);
  CHECK_INT(made.Scene->GetNumberOfNodes(), nodes);
  for (std::size_t n = 0; n < ids.size(); ++n)
  {
    CHECK_STD_STRING(std::string(AllOutputs(made)[n]->GetID()), ids[n]);
  }
  CHECK_INT(made.Parameters->GetNoduleTableNode()->GetNumberOfRows(), 1);
  CHECK_INT(made.Parameters->GetNodulePointsNode()->GetNumberOfControlPoints(), 1);
  CHECK_INT(made.Parameters->GetSegmentationNode()->GetSegmentation()->GetNumberOfSegments(), 1);
  CHECK_POINTER(made.Parameters->GetLabelMapNode()->GetImageData(), second.Output.labels);
  auto* const colors =
    vtkMRMLColorTableNode::SafeDownCast(made.Parameters->GetLabelMapNode()->GetDisplayNode()->GetColorNode());
  CHECK_INT(colors->GetNumberOfColors(), 2);
  return EXIT_SUCCESS;
}

int WhatTheUserSetAndAddedStays()
{
  MadeScene made;
  const MadeRun run = MakeFullRun(StraightGrid());
  WriteOutputs(made.Parameters, run.Input, run.Output);
  vtkMRMLSegmentationNode* const segmentation = made.Parameters->GetSegmentationNode();
  vtkMRMLMarkupsFiducialNode* const points = made.Parameters->GetNodulePointsNode();
  auto* const segments_display = vtkMRMLSegmentationDisplayNode::SafeDownCast(segmentation->GetDisplayNode());
  auto* const map_display = made.Parameters->GetUncertaintyVolumeNode()->GetScalarVolumeDisplayNode();
  segmentation->SetName("Mine");
  segmentation->GetSegmentation()->AddEmptySegment("Lung", "Lung");
  segments_display->SetOpacity(0.25);
  segments_display->SetVisibility2DFill(true);
  map_display->SetWindowLevelMinMax(0.1, 0.6);
  made.Parameters->GetLabelMapNode()->GetDisplayNode()->SetAndObserveColorNodeID("vtkMRMLColorTableNodeLabels");
  points->AddControlPoint(1.0, 2.0, 3.0, "mine");
  points->GetDisplayNode()->SetVisibility(false);

  WriteOutputs(made.Parameters, run.Input, run.Output);
  CHECK_STRING(segmentation->GetName(), "Mine");
  CHECK_INT(segmentation->GetSegmentation()->GetNumberOfSegments(), 4);
  CHECK_NOT_NULL(segmentation->GetSegmentation()->GetSegment("Lung"));
  CHECK_DOUBLE(segments_display->GetOpacity(), 0.25);
  CHECK_BOOL(segments_display->GetVisibility2DFill(), true);
  CHECK_DOUBLE_TOLERANCE(map_display->GetWindowLevelMax(), 0.6, 1e-12);
  CHECK_STRING(made.Parameters->GetLabelMapNode()->GetDisplayNode()->GetColorNodeID(), "vtkMRMLColorTableNodeLabels");
  CHECK_INT(points->GetNumberOfControlPoints(), 4);
  CHECK_INT(points->GetControlPointIndexByLabel("mine"), 0);
  CHECK_INT(points->GetDisplayNode()->GetVisibility(), 0);
  return EXIT_SUCCESS;
}

int NodeThatTheUserChoseIsUsedWhereItIs()
{
  MadeScene made;
  auto* const chosen =
    vtkMRMLLabelMapVolumeNode::SafeDownCast(made.Scene->AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "Chosen"));
  chosen->SetAndObserveImageData(MadeImage({ 3, 4, 5 }, VTK_SHORT)); // another grid
  made.Parameters->SetLabelMapNode(chosen);
  const MadeRun run = MakeFullRun(MirroredGrid());
  WriteOutputs(made.Parameters, run.Input, run.Output);
  CHECK_POINTER(made.Parameters->GetLabelMapNode(), chosen);
  CHECK_STRING(chosen->GetName(), "Chosen");
  CHECK_POINTER(chosen->GetImageData(), run.Output.labels);
  CHECK_STRING(chosen->GetDisplayNode()->GetColorNode()->GetName(), "CT nodule colors");
  return EXIT_SUCCESS;
}

int PointsAreSmallLockedAndNumbered()
{
  MadeScene made;
  const MadeRun run = MakeFullRun(StraightGrid());
  WriteOutputs(made.Parameters, run.Input, run.Output);
  vtkMRMLMarkupsFiducialNode* const points = made.Parameters->GetNodulePointsNode();
  CHECK_INT(points->GetNumberOfControlPoints(), 3);
  for (int n = 0; n < 3; ++n)
  {
    CHECK_STD_STRING(points->GetNthControlPointLabel(n), std::to_string(n + 1));
    CHECK_STD_STRING(points->GetNthControlPointID(n), "Nodule_" + std::to_string(n + 1));
    CHECK_BOOL(points->GetNthControlPointLocked(n), true);
    CHECK_BOOL(points->GetNthControlPointSelected(n), n == 1);
  }
  CHECK_STD_STRING(points->GetNthControlPointDescription(1),
                   "Nodule 2 (10 mm), " + std::to_string(std::lround(run.Output.nodules[1].volume_mm3)) +
                     " mm³; the samples' outlines disagree; it touches the edge of the scan");
  auto* const display = vtkMRMLMarkupsDisplayNode::SafeDownCast(points->GetDisplayNode());
  CHECK_STRING(display->GetGlyphTypeAsString(), "Cross2D");
  return EXIT_SUCCESS;
}

int LittleUncertaintyIsTransparentAndOneIsBrightest()
{
  MadeScene made;
  MadeRun run = MakeFullRun(StraightGrid());
  run.Input.whole_uncertainty = true; // what is set here lies far from all nodules
  run.Output.uncertainty->GetPointData()->GetScalars()->Fill(0.0);
  run.Output.uncertainty->SetScalarComponentFromDouble(1, 0, 0, 0, 0.09);
  run.Output.uncertainty->SetScalarComponentFromDouble(3, 0, 0, 0, 0.11);
  run.Output.uncertainty->SetScalarComponentFromDouble(2, 0, 0, 0, 1.0);
  WriteOutputs(made.Parameters, run.Input, run.Output);
  vtkMRMLScalarVolumeNode* const volume = made.Parameters->GetUncertaintyVolumeNode();
  vtkMRMLScalarVolumeDisplayNode* const display = volume->GetScalarVolumeDisplayNode();
  CHECK_INT(display->GetAutoWindowLevel(), 0);
  CHECK_DOUBLE_TOLERANCE(display->GetWindowLevelMin(), 0.0, 1e-12);
  CHECK_DOUBLE_TOLERANCE(display->GetWindowLevelMax(), 1.0, 1e-12);
  display->GetOutputImageDataConnection()->GetProducer()->Update();
  vtkImageData* const shown = display->GetOutputImageData();
  CHECK_INT(shown->GetNumberOfScalarComponents(), 4);
  CHECK_DOUBLE(shown->GetScalarComponentAsDouble(0, 0, 0, 3), 0.0);
  CHECK_DOUBLE(shown->GetScalarComponentAsDouble(1, 0, 0, 3), 0.0);
  CHECK_DOUBLE(shown->GetScalarComponentAsDouble(3, 0, 0, 3), 255.0);
  CHECK_DOUBLE(shown->GetScalarComponentAsDouble(2, 0, 0, 3), 255.0);
  CHECK_DOUBLE(shown->GetScalarComponentAsDouble(2, 0, 0, 0), 252.0);
  // Another kind of uncertainty has another range.
  run.Output.facts.uncertainty = sam2lung::Uncertainty::variance;
  WriteOutputs(made.Parameters, run.Input, run.Output);
  CHECK_DOUBLE_TOLERANCE(display->GetWindowLevelMax(), 0.25, 1e-12);
  return EXIT_SUCCESS;
}

int HeatIsPerceptuallyOrdered()
{
  MadeScene made;
  const MadeRun run = MakeFullRun(StraightGrid());
  WriteOutputs(made.Parameters, run.Input, run.Output);
  vtkMRMLColorNode* const colors = made.Parameters->GetUncertaintyVolumeNode()->GetDisplayNode()->GetColorNode();
  CHECK_INT(colors->GetNumberOfColors(), 256);
  double before = -1.0;
  for (int entry = 0; entry < 256; ++entry)
  {
    double color[4];
    colors->GetColor(entry, color);
    const auto linear = [&](int channel) { return std::pow(color[channel], 2.2); };
    const double luminance = 0.2126 * linear(0) + 0.7152 * linear(1) + 0.0722 * linear(2);
    CHECK_BOOL(luminance >= before - 1e-3, true); // a byte's rounding
    CHECK_DOUBLE(color[3], entry / 255.0 < 0.1 ? 0.0 : 1.0);
    before = luminance;
  }
  return EXIT_SUCCESS;
}

int NoNodulesMakeEmptyOutputs()
{
  MadeScene made;
  const MadeRun run = MakeFullRun(StraightGrid(), {});
  WriteOutputs(made.Parameters, run.Input, run.Output);
  CHECK_INT(made.Parameters->GetNoduleTableNode()->GetNumberOfRows(), 0);
  CHECK_BOOL(IsNoduleTable(made.Parameters->GetNoduleTableNode()), true);
  CHECK_INT(made.Parameters->GetSegmentationNode()->GetSegmentation()->GetNumberOfSegments(), 0);
  CHECK_INT(made.Parameters->GetNodulePointsNode()->GetNumberOfControlPoints(), 0);
  CHECK_INT(static_cast<int>(ReviewOrder(made.Parameters).size()), 0);
  return EXIT_SUCCESS;
}

std::string Xml(vtkMRMLNode* node)
{
  std::ostringstream text;
  node->WriteXML(text, 0);
  return text.str();
}

int OtherNodesOfTheSceneDoNotChange()
{
  MadeScene made;
  vtkMRMLScalarVolumeNode* const other = made.AddCT("Other", ObliqueGrid());
  other->CreateDefaultDisplayNodes();
  made.Scene->AddNewNodeByClass("vtkMRMLModelNode", "Model");
  made.Scene->AddNewNodeByClass("vtkMRMLSegmentationNode", "Segmentation");
  made.Scene->AddNewNodeByClass("vtkMRMLSliceCompositeNode");
  std::map<std::string, std::string> before;
  for (int n = 0; n < made.Scene->GetNumberOfNodes(); ++n)
  {
    vtkMRMLNode* const node = made.Scene->GetNthNode(n);
    before[node->GetID()] = Xml(node);
  }
  const std::string parameters = made.Parameters->GetID();
  const MadeRun run = MakeFullRun(StraightGrid());
  WriteOutputs(made.Parameters, run.Input, run.Output);
  for (const auto& [id, xml] : before)
  {
    if (id != parameters)
    {
      CHECK_STD_STRING(Xml(made.Scene->GetNodeByID(id)), xml);
    }
  }
  return EXIT_SUCCESS;
}

int TwoParameterNodesMayShareAnOutput()
{
  MadeScene made;
  const MadeRun run = MakeFullRun(StraightGrid());
  WriteOutputs(made.Parameters, run.Input, run.Output);
  vtkMRMLScalarVolumeNode* const other = made.AddCT("Other", MirroredGrid());
  vtkMRMLSAM2LungParametersNode* const others = made.Logic->GetParametersNode(other, true);
  others->SetSegmentationNode(made.Parameters->GetSegmentationNode());
  const MadeRun later = MakeFullRun(MirroredGrid(), { { 1, { 30.0, 25.0, 20.0 }, 5.0 } });
  WriteOutputs(others, later.Input, later.Output);
  // The later run's content stands there, for both.
  CHECK_INT(made.Parameters->GetSegmentationNode()->GetSegmentation()->GetNumberOfSegments(), 1);
  CHECK_INT(made.Parameters->GetNoduleTableNode()->GetNumberOfRows(), 3);
  CHECK_INT(others->GetNoduleTableNode()->GetNumberOfRows(), 1);
  return EXIT_SUCCESS;
}

int UndoAfterARunLeavesAConsistentScene()
{
  MadeScene made;
  made.Scene->SetUndoOn();
  made.Parameters->SetUndoEnabled(true);
  const MadeRun run = MakeFullRun(StraightGrid());
  made.Scene->SaveStateForUndo();
  WriteOutputs(made.Parameters, run.Input, run.Output);
  made.Scene->Undo();
  vtkMRMLSAM2LungParametersNode* const parameters = made.Logic->GetParametersNode(made.CT, false);
  CHECK_NOT_NULL(parameters);
  CHECK_POINTER(parameters->GetInputVolumeNode(), made.CT);
  CHECK_NULL(parameters->GetSegmentationNode());
  CHECK_STD_STRING(ResultText(parameters), "");
  WriteOutputs(parameters, run.Input, run.Output);
  CHECK_INT(parameters->GetNoduleTableNode()->GetNumberOfRows(), 3);
  // With outputs that can be undone, the earlier run comes back.
  for (vtkMRMLNode* node : std::vector<vtkMRMLNode*>{ parameters->GetNoduleTableNode(), parameters->GetLabelMapNode() })
  {
    node->SetUndoEnabled(true);
  }
  made.Scene->SaveStateForUndo();
  const MadeRun later = MakeFullRun(StraightGrid(), { { 1, { 30.0, 25.0, 20.0 }, 5.0 } });
  WriteOutputs(parameters, later.Input, later.Output);
  CHECK_INT(parameters->GetNoduleTableNode()->GetNumberOfRows(), 1);
  made.Scene->Undo();
  CHECK_INT(parameters->GetNoduleTableNode()->GetNumberOfRows(), 3);
  CHECK_DOUBLE(parameters->GetLabelMapNode()->GetImageData()->GetScalarComponentAsDouble(45, 15, 25, 0), 2.0);
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungOutputsTest(int, char*[])
{
  CHECK_EXIT_SUCCESS(OutputsLieWhereTheCTDoes());
  CHECK_EXIT_SUCCESS(OutputsAreNamedAfterTheCTAndLieBesideIt());
  CHECK_EXIT_SUCCESS(SecondRunWritesIntoTheSameNodes());
  CHECK_EXIT_SUCCESS(WhatTheUserSetAndAddedStays());
  CHECK_EXIT_SUCCESS(NodeThatTheUserChoseIsUsedWhereItIs());
  CHECK_EXIT_SUCCESS(PointsAreSmallLockedAndNumbered());
  CHECK_EXIT_SUCCESS(LittleUncertaintyIsTransparentAndOneIsBrightest());
  CHECK_EXIT_SUCCESS(HeatIsPerceptuallyOrdered());
  CHECK_EXIT_SUCCESS(NoNodulesMakeEmptyOutputs());
  CHECK_EXIT_SUCCESS(OtherNodesOfTheSceneDoNotChange());
  CHECK_EXIT_SUCCESS(TwoParameterNodesMayShareAnOutput());
  CHECK_EXIT_SUCCESS(UndoAfterARunLeavesAConsistentScene());
  return EXIT_SUCCESS;
}
