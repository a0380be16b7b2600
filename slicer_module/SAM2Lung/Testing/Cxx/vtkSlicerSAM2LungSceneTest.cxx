// Outputs that are saved and opened again, as .mrml with a file a node and as .mrb.

#include "SAM2LungMadeRun.h"

#include "SAM2LungAxes.h"
#include "SAM2LungOutputs.h"
#include "SAM2LungReview.h"

#include <vtkAddonTestingMacros.h>
#include <vtkCacheManager.h>
#include <vtkMRMLColorTableNode.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLRemoteIOLogic.h>
#include <vtkMRMLScalarVolumeDisplayNode.h>
#include <vtkMRMLSegmentationDisplayNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLStorageNode.h>
#include <vtkMRMLTableNode.h>
#include <vtkSegment.h>
#include <vtkSegmentation.h>
#include <vtkSlicerApplicationLogic.h>
#include <vtkSlicerMarkupsLogic.h>

#include <vtkTable.h>

#include <vtksys/SystemTools.hxx>

#include <cstring>

using namespace sam2lung_testing;
using namespace sam2lung_slicer;

namespace
{

using Parameters = vtkMRMLSAM2LungParametersNode;

/// Markups are saved by what their module's logic registers, which needs the application's selection node.
struct MarkupsOf
{
  explicit MarkupsOf(vtkMRMLScene* scene)
  {
    this->Application->SetMRMLScene(scene);
    this->Logic->SetMRMLScene(scene);
  }
  vtkNew<vtkSlicerApplicationLogic> Application;
  vtkNew<vtkSlicerMarkupsLogic> Logic;
};

/// A scene that can be opened: with the logics that know the classes of its nodes.
class OpenedScene
{
public:
  explicit OpenedScene(const std::string& cache)
  {
    this->Colors->SetMRMLScene(this->Scene);
    this->Segmentations->SetMRMLScene(this->Scene);
    this->Logic->SetMRMLScene(this->Scene);
    this->Remote->SetMRMLScene(this->Scene);
    this->Remote->GetCacheManager()->SetRemoteCacheDirectory(cache.c_str());
    this->Scene->SetCacheManager(this->Remote->GetCacheManager());
    this->Scene->SetDataIOManager(this->Remote->GetDataIOManager());
  }

  Parameters* GetParameters()
  {
    return Parameters::SafeDownCast(this->Scene->GetFirstNodeByClass("vtkMRMLSAM2LungParametersNode"));
  }

  vtkNew<vtkMRMLScene> Scene;
  const MarkupsOf Markups{ Scene };
  vtkNew<vtkMRMLColorLogic> Colors;
  vtkNew<vtkSlicerSegmentationsModuleLogic> Segmentations;
  vtkNew<vtkSlicerSAM2LungLogic> Logic;
  vtkNew<vtkMRMLRemoteIOLogic> Remote;
};

/// With all that a table in a file could take for its own.
const std::string COMMENT = "5,2 mm; \"solid\"\tläuft 'zur' Pleura\n(seg. 3)";
const std::string COMMENT_LINE = "5,2 mm; 'solid' läuft 'zur' Pleura (seg. 3)";

const char* const CLICKS = "in 45 15 25; out 40 15 25";

void Write(MadeScene& made)
{
  MadeRun run = MakeRun(ObliqueGrid(), ThreeBalls());
  run.Output.probability = MadeImage({ 60, 50, 40 }, VTK_FLOAT);
  WriteOutputs(made.Parameters, run.Input, run.Output);
  SetNoduleAccepted(made.Parameters, 1, false);
  SetNoduleReading(made.Parameters, 2, { Decision::accepted, COMMENT, "Dr. Ä" });
  made.Parameters->SetSeed(77);
  // Lines are nodes of their own, which the parameter node finds again.
  made.Parameters->SetAxesVisible(true);
  made.Logic->UpdateAxes(made.Parameters);
  vtkTable* const table = made.Parameters->GetNoduleTableNode()->GetTable();
  table->GetColumnByName("clicks")->SetVariantValue(1, vtkVariant(CLICKS));
  table->GetColumnByName("edited")->SetVariantValue(2, vtkVariant(1));
}

int SaveAsMrml(MadeScene& made, const std::string& folder)
{
  made.Scene->SetRootDirectory(folder.c_str());
  std::vector<vtkMRMLNode*> nodes;
  made.Scene->GetNodesByClass("vtkMRMLStorableNode", nodes);
  for (vtkMRMLNode* node : nodes)
  {
    auto* const storable = vtkMRMLStorableNode::SafeDownCast(node);
    if (!storable->GetSaveWithScene() || !storable->GetModifiedSinceRead())
    {
      continue;
    }
    storable->AddDefaultStorageNode();
    vtkMRMLStorageNode* const storage = storable->GetStorageNode();
    CHECK_NOT_NULL(storage);
    const std::string file =
      folder + "/" + storable->GetID() + "." + storage->GetDefaultWriteFileExtension();
    storage->SetFileName(file.c_str());
    CHECK_INT(storage->WriteData(storable), 1);
  }
  made.Scene->SetURL((folder + "/scene.mrml").c_str());
  CHECK_INT(made.Scene->Commit(), 1);
  return EXIT_SUCCESS;
}

int CheckVoxels(vtkMRMLVolumeNode* saved, vtkMRMLVolumeNode* opened)
{
  CHECK_NOT_NULL(saved);
  CHECK_NOT_NULL(opened);
  vtkNew<vtkMatrix4x4> of_saved, of_opened;
  saved->GetIJKToRASMatrix(of_saved);
  opened->GetIJKToRASMatrix(of_opened);
  for (int n = 0; n < 16; ++n)
  {
    CHECK_DOUBLE_TOLERANCE(of_opened->GetData()[n], of_saved->GetData()[n], 1e-6);
  }
  vtkDataArray* const voxels = saved->GetImageData()->GetPointData()->GetScalars();
  vtkDataArray* const again = opened->GetImageData()->GetPointData()->GetScalars();
  CHECK_INT(again->GetDataType(), voxels->GetDataType());
  CHECK_INT(static_cast<int>(again->GetDataSize()), static_cast<int>(voxels->GetDataSize()));
  const std::size_t bytes =
    static_cast<std::size_t>(voxels->GetDataSize()) * static_cast<std::size_t>(voxels->GetDataTypeSize());
  CHECK_INT(std::memcmp(voxels->GetVoidPointer(0), again->GetVoidPointer(0), bytes), 0);
  CHECK_STRING(opened->GetDisplayNode()->GetColorNode()->GetName(), saved->GetDisplayNode()->GetColorNode()->GetName());
  CHECK_INT(opened->GetDisplayNode()->GetColorNode()->GetNumberOfColors(),
            saved->GetDisplayNode()->GetColorNode()->GetNumberOfColors());
  return EXIT_SUCCESS;
}

int CheckTables(vtkMRMLTableNode* saved, vtkMRMLTableNode* opened)
{
  CHECK_NOT_NULL(opened);
  CHECK_INT(static_cast<int>(opened->GetNumberOfRows()), static_cast<int>(saved->GetNumberOfRows()));
  CHECK_INT(static_cast<int>(opened->GetNumberOfColumns()), static_cast<int>(saved->GetNumberOfColumns()));
  for (int column = 0; column < saved->GetNumberOfColumns(); ++column)
  {
    const std::string name = saved->GetColumnName(column);
    CHECK_STD_STRING(opened->GetColumnName(column), name);
    CHECK_STD_STRING(opened->GetColumnUnitLabel(name), saved->GetColumnUnitLabel(name));
    CHECK_STD_STRING(opened->GetColumnDescription(name), saved->GetColumnDescription(name));
    CHECK_INT(opened->GetColumnType(name), saved->GetColumnType(name));
    for (int row = 0; row < saved->GetNumberOfRows(); ++row)
    {
      CHECK_STD_STRING(opened->GetTable()->GetValue(row, column).ToString(),
                       saved->GetTable()->GetValue(row, column).ToString());
    }
  }
  return EXIT_SUCCESS;
}

int CheckSegments(vtkMRMLSegmentationNode* saved, vtkMRMLSegmentationNode* opened)
{
  CHECK_NOT_NULL(opened);
  CHECK_INT(opened->GetSegmentation()->GetNumberOfSegments(), saved->GetSegmentation()->GetNumberOfSegments());
  auto* const shown = vtkMRMLSegmentationDisplayNode::SafeDownCast(saved->GetDisplayNode());
  auto* const shown_again = vtkMRMLSegmentationDisplayNode::SafeDownCast(opened->GetDisplayNode());
  CHECK_NOT_NULL(shown_again);
  for (const std::string& id : saved->GetSegmentation()->GetSegmentIDs())
  {
    vtkSegment* const segment = saved->GetSegmentation()->GetSegment(id);
    vtkSegment* const again = opened->GetSegmentation()->GetSegment(id);
    CHECK_NOT_NULL(again);
    CHECK_STRING(again->GetName(), segment->GetName());
    std::string terminology, terminology_again;
    segment->GetTag(vtkSegment::GetTerminologyEntryTagName(), terminology);
    again->GetTag(vtkSegment::GetTerminologyEntryTagName(), terminology_again);
    CHECK_STD_STRING(terminology_again, terminology);
    CHECK_BOOL(shown_again->GetSegmentVisibility(id), shown->GetSegmentVisibility(id));
  }
  return EXIT_SUCCESS;
}

int CheckSame(Parameters* saved, Parameters* opened)
{
  CHECK_NOT_NULL(opened);
  CHECK_INT(opened->GetSeed(), 77);
  CHECK_NOT_NULL(opened->GetInputVolumeNode());
  CHECK_EXIT_SUCCESS(CheckVoxels(saved->GetLabelMapNode(), opened->GetLabelMapNode()));
  CHECK_EXIT_SUCCESS(CheckVoxels(saved->GetUncertaintyVolumeNode(), opened->GetUncertaintyVolumeNode()));
  CHECK_EXIT_SUCCESS(CheckVoxels(saved->GetProbabilityVolumeNode(), opened->GetProbabilityVolumeNode()));
  CHECK_EXIT_SUCCESS(CheckTables(saved->GetNoduleTableNode(), opened->GetNoduleTableNode()));
  CHECK_EXIT_SUCCESS(CheckSegments(saved->GetSegmentationNode(), opened->GetSegmentationNode()));
  auto* const points = saved->GetNodulePointsNode();
  auto* const again = opened->GetNodulePointsNode();
  CHECK_NOT_NULL(again);
  CHECK_INT(again->GetNumberOfControlPoints(), points->GetNumberOfControlPoints());
  for (int n = 0; n < points->GetNumberOfControlPoints(); ++n)
  {
    CHECK_STD_STRING(again->GetNthControlPointLabel(n), points->GetNthControlPointLabel(n));
    CHECK_BOOL(again->GetNthControlPointVisibility(n), points->GetNthControlPointVisibility(n));
  }
  CHECK_STD_STRING(ResultText(opened), ResultText(saved));
  CHECK_BOOL((ReviewOrder(opened) == ReviewOrder(saved)), true);
  CHECK_BOOL(NoduleAccepted(opened, 1), false);
  CHECK_BOOL(NoduleReading(opened, 2).decision == Decision::accepted, true);
  CHECK_STD_STRING(NoduleReading(opened, 2).comment, COMMENT_LINE);
  CHECK_STD_STRING(NoduleReading(opened, 2).reader, "Dr. Ä");
  CHECK_BOOL(NoduleReading(opened, 3).decision == Decision::undecided, true);
  CHECK_STD_STRING(ReviewedText(opened->GetNoduleTableNode()), "Reviewed 2 of 3");
  CHECK_STD_STRING(NoduleText(opened, 2, "clicks"), CLICKS);
  CHECK_STD_STRING(NoduleText(opened, 3, "edited"), "1");
  CHECK_STD_STRING(NoduleText(opened, 2, "edited"), "0");
  // Two lines of each nodule that isn't rejected, found again, and not drawn twice.
  UpdateAxes(opened);
  CHECK_INT(opened->GetScene()->GetNumberOfNodesByClass("vtkMRMLMarkupsLineNode"), 4);
  return EXIT_SUCCESS;
}

/// What was opened goes on being used: a rejected nodule can be accepted, a nodule be added.
int CheckUsable(Parameters* parameters)
{
  CHECK_BOOL(SetNoduleAccepted(parameters, 1, true), true);
  CHECK_BOOL(NoduleAccepted(parameters, 1), true);
  const MadeRun run = MakeClickRun(ObliqueGrid(), { 4, { 40.0, 35.0, 8.0 }, 4.0 }, parameters);
  CHECK_INT(WriteClick(parameters, run.Input, run.Output), 4);
  CHECK_INT(parameters->GetSegmentationNode()->GetSegmentation()->GetNumberOfSegments(), 4);
  return EXIT_SUCCESS;
}

int MrmlHoldsEverything(const std::string& folder)
{
  MadeScene made(ObliqueGrid());
  const MarkupsOf markups(made.Scene);
  Write(made);
  CHECK_EXIT_SUCCESS(SaveAsMrml(made, folder));
  OpenedScene opened(folder + "/cache");
  opened.Scene->SetURL((folder + "/scene.mrml").c_str());
  CHECK_INT(opened.Scene->Connect(), 1);
  CHECK_EXIT_SUCCESS(CheckSame(made.Parameters, opened.GetParameters()));
  CHECK_EXIT_SUCCESS(CheckUsable(opened.GetParameters()));
  return EXIT_SUCCESS;
}

int MrbHoldsEverything(const std::string& folder)
{
  MadeScene made(ObliqueGrid());
  const MarkupsOf markups(made.Scene);
  Write(made);
  const std::string file = folder + "/scene.mrb";
  made.Scene->SetRootDirectory(folder.c_str());
  CHECK_BOOL(made.Scene->WriteToMRB(file.c_str()), true);
  OpenedScene opened(folder + "/cache");
  CHECK_BOOL(opened.Scene->ReadFromMRB(file.c_str()), true);
  CHECK_EXIT_SUCCESS(CheckSame(made.Parameters, opened.GetParameters()));
  CHECK_EXIT_SUCCESS(CheckUsable(opened.GetParameters()));
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungSceneTest(int, char* argv[])
{
  const std::string folder = argv[2];
  for (const char* name : { "/mrml", "/mrb" })
  {
    vtksys::SystemTools::RemoveADirectory(folder + name);
    vtksys::SystemTools::MakeDirectory(folder + name);
  }
  CHECK_EXIT_SUCCESS(MrmlHoldsEverything(folder + "/mrml"));
  CHECK_EXIT_SUCCESS(MrbHoldsEverything(folder + "/mrb"));
  return EXIT_SUCCESS;
}
