// The diameters in any plane as lines, and which columns a list of nodules shows.

#include "SAM2LungMadeRun.h"

#include "SAM2LungOutputs.h"
#include "SAM2LungReview.h"
#include "SAM2LungShownColumns.h"
#include "SAM2LungTableColumns.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLMarkupsDisplayNode.h>
#include <vtkMRMLMarkupsLineNode.h>
#include <vtkMRMLLinearTransformNode.h>
#include <vtkMRMLSubjectHierarchyConstants.h>
#include <vtkMRMLSubjectHierarchyNode.h>
#include <vtkMRMLTableNode.h>

#include <vtkTable.h>

#include <algorithm>

using namespace sam2lung_testing;
using namespace sam2lung_slicer;

namespace
{

using Logic = vtkSlicerSAM2LungLogic;

struct AfterRun : MadeScene
{
  AfterRun()
  {
    this->Hierarchy = vtkMRMLSubjectHierarchyNode::GetSubjectHierarchyNode(this->Scene);
    this->Hierarchy->CreateItem(this->Hierarchy->GetSceneItemID(), this->CT);
    const MadeRun run = MakeRun(StraightGrid(), ThreeBalls());
    WriteOutputs(this->Parameters, run.Input, run.Output);
  }

  std::vector<vtkMRMLMarkupsLineNode*> Lines()
  {
    std::vector<vtkMRMLNode*> nodes;
    this->Scene->GetNodesByClass("vtkMRMLMarkupsLineNode", nodes);
    std::vector<vtkMRMLMarkupsLineNode*> lines;
    for (vtkMRMLNode* node : nodes)
    {
      lines.push_back(vtkMRMLMarkupsLineNode::SafeDownCast(node));
    }
    return lines;
  }

  vtkMRMLMarkupsLineNode* Line(const std::string& name)
  {
    for (vtkMRMLMarkupsLineNode* line : this->Lines())
    {
      if (name == line->GetName())
      {
        return line;
      }
    }
    return nullptr;
  }

  void Ask(bool visible)
  {
    this->Parameters->SetAxesVisible(visible);
    this->Logic->UpdateAxes(this->Parameters);
  }

  vtkMRMLSubjectHierarchyNode* Hierarchy = nullptr;
};

int LinesAreDrawnWhereTheyAreAskedFor()
{
  AfterRun made;
  CHECK_INT(static_cast<int>(made.Lines().size()), 0);
  made.Ask(true);
  CHECK_INT(static_cast<int>(made.Lines().size()), 6);
  vtkMRMLMarkupsLineNode* const line = made.Line("Nodule 2 short axis");
  CHECK_NOT_NULL(line);
  CHECK_INT(line->GetNumberOfControlPoints(), 2);
  // As MadeNodule() has it.
  const double unit = 200.0 + 1.0 / 3.0;
  double at[3];
  CHECK_BOOL(line->GetLineStartPosition(at), true);
  CHECK_DOUBLE_TOLERANCE(at[0], unit + 21, 1e-9);
  CHECK_DOUBLE_TOLERANCE(at[2], unit + 23, 1e-9);
  CHECK_BOOL(line->GetLineEndPosition(at), true);
  CHECK_DOUBLE_TOLERANCE(at[1], unit + 25, 1e-9);
  CHECK_BOOL(line->GetLocked(), true);
  CHECK_NOT_NULL(line->GetDisplayNode());
  // In the folder beside the CT, with the other outputs.
  const vtkIdType folder = made.Hierarchy->GetItemParent(made.Hierarchy->GetItemByDataNode(line));
  CHECK_BOOL(
    made.Hierarchy->IsItemLevel(folder, vtkMRMLSubjectHierarchyConstants::GetSubjectHierarchyLevelFolder()), true);
  CHECK_BOOL(made.Hierarchy->GetItemByDataNode(made.Parameters->GetNoduleTableNode()) != 0, true);
  CHECK_BOOL(folder == made.Hierarchy->GetItemParent(
                         made.Hierarchy->GetItemByDataNode(made.Parameters->GetNoduleTableNode())), true);
  made.Ask(false);
  CHECK_INT(static_cast<int>(made.Lines().size()), 0);
  CHECK_INT(made.Scene->GetNumberOfNodesByClass("vtkMRMLMarkupsLineNode"), 0);
  return EXIT_SUCCESS;
}

int LinesFollowTheNodules()
{
  AfterRun made;
  made.Ask(true);
  vtkMRMLMarkupsLineNode* const first = made.Line("Nodule 1 long axis");
  CHECK_NOT_NULL(first);
  // A rejected nodule has none; Undo brings them back, and Redo takes them.
  made.Logic->SetNoduleDecision(made.Parameters, 2, Logic::DecisionRejected);
  CHECK_INT(static_cast<int>(made.Lines().size()), 4);
  CHECK_NULL(made.Line("Nodule 2 long axis"));
  CHECK_BOOL(made.Logic->Undo(made.Parameters), true);
  CHECK_INT(static_cast<int>(made.Lines().size()), 6);
  CHECK_BOOL(made.Logic->Redo(made.Parameters), true);
  CHECK_INT(static_cast<int>(made.Lines().size()), 4);
  CHECK_POINTER(made.Line("Nodule 1 long axis"), first);
  // Moved with the table, removed with the row.
  made.Parameters->GetNoduleTableNode()->GetTable()->GetColumnByName("long_axis_3d_start_r")->SetVariantValue(0, 5.5);
  made.Logic->UpdateAxes(made.Parameters);
  double at[3];
  CHECK_BOOL(first->GetLineStartPosition(at), true);
  CHECK_DOUBLE(at[0], 5.5);
  made.Parameters->GetNoduleTableNode()->GetTable()->GetColumnByName("long_axis_3d_end_s")->SetVariantValue(2, NAN);
  made.Logic->UpdateAxes(made.Parameters);
  CHECK_INT(static_cast<int>(made.Lines().size()), 2);
  made.Parameters->GetNoduleTableNode()->RemoveRow(0);
  made.Logic->UpdateAxes(made.Parameters);
  CHECK_INT(static_cast<int>(made.Lines().size()), 0);
  return EXIT_SUCCESS;
}

int LinesLieUnderTheCTsTransformAndGoWithTheCT()
{
  AfterRun made;
  auto* const transform =
    vtkMRMLLinearTransformNode::SafeDownCast(made.Scene->AddNewNodeByClass("vtkMRMLLinearTransformNode", "T"));
  made.CT->SetAndObserveTransformNodeID(transform->GetID());
  made.Ask(true);
  CHECK_STRING(made.Line("Nodule 3 long axis")->GetTransformNodeID(), transform->GetID());
  made.Scene->RemoveNode(made.CT);
  made.Logic->RemoveOrphans();
  CHECK_INT(static_cast<int>(made.Lines().size()), 0);
  return EXIT_SUCCESS;
}

/// One patient's lines never lie over another one's images.
int LinesOfOtherCTsAreHidden()
{
  AfterRun made;
  made.Ask(true);
  vtkMRMLScalarVolumeNode* const other = made.AddCT("Other", StraightGrid());
  vtkMRMLSAM2LungParametersNode* const parameters = made.Logic->GetParametersNode(other, true);
  made.Logic->ShowOutputs(parameters);
  for (vtkMRMLMarkupsLineNode* line : made.Lines())
  {
    CHECK_BOOL(line->GetDisplayNode()->GetVisibility(), false);
  }
  made.Logic->ShowOutputs(made.Parameters);
  for (vtkMRMLMarkupsLineNode* line : made.Lines())
  {
    CHECK_BOOL(line->GetDisplayNode()->GetVisibility(), true);
  }
  return EXIT_SUCCESS;
}

int ColumnsAreThoseOfTheTableOfMeasures()
{
  // All columns of the nodule table but those that the list shows anyway; none of them is named here.
  const auto all = TableColumns(sam2lung::Uncertainty::entropy);
  CHECK_INT(Logic::GetNumberOfColumns(), static_cast<int>(all.size()) - 6);
  for (int n = 0; n < Logic::GetNumberOfColumns(); ++n)
  {
    const std::string name = Logic::GetNthColumn(n);
    CHECK_BOOL(std::any_of(all.begin(), all.end(), [&](const TableColumn& column) { return column.name == name; }), true);
    CHECK_BOOL(Logic::GetColumnTitle(name).empty(), false);
    CHECK_BOOL(Logic::GetColumnFullTitle(name).empty(), false);
    CHECK_BOOL(Logic::GetColumnDescription(name).empty(), false);
  }
  CHECK_STD_STRING(Logic::GetNthColumn(-1), "");
  CHECK_STD_STRING(Logic::GetNthColumn(Logic::GetNumberOfColumns()), "");
  CHECK_STD_STRING(Logic::GetColumnUnit("volume_mm3"), "mm³");
  CHECK_INT(Logic::GetColumnDecimals("volume_mm3"), 0);
  CHECK_INT(Logic::GetColumnDecimals("short_axis_mm"), 1);
  CHECK_INT(Logic::GetColumnDecimals("sample_dice"), 2);
  CHECK_INT(Logic::GetColumnDecimals("texture"), -1);
  CHECK_INT(Logic::GetColumnDecimals("no_such"), -1);
  // Nothing that is merely rounded is called certain.
  CHECK_STD_STRING(Logic::GetShareText(0.0), "0.00");
  CHECK_STD_STRING(Logic::GetShareText(0.001), "< 0.01");
  CHECK_STD_STRING(Logic::GetShareText(0.5), "0.50");
  CHECK_STD_STRING(Logic::GetShareText(0.997), "> 0.99");
  CHECK_STD_STRING(Logic::GetShareText(1.0), "1.00");
  CHECK_BOOL(Logic::GetColumnIsFlag("edited"), true);
  CHECK_BOOL(Logic::GetColumnIsFlag("texture"), false);
  return EXIT_SUCCESS;
}

int ColumnsAreChosenForTheSceneOrForAll()
{
  MadeScene made;
  const std::string usual = "volume_mm3 long_axis_mm uncertainty_mean nodule_probability";
  CHECK_STD_STRING(made.Logic->GetShownColumns(made.Parameters), usual);
  CHECK_STD_STRING(made.Logic->GetShownColumns(nullptr), usual);
  made.Logic->SetDefaultColumns("mean_hu texture");
  CHECK_STD_STRING(made.Logic->GetShownColumns(made.Parameters), "mean_hu texture");
  made.Logic->SetShownColumns(made.Parameters, "texture volume_mm3 no_such texture");
  CHECK_STD_STRING(made.Logic->GetShownColumns(made.Parameters), "volume_mm3 texture");
  CHECK_STD_STRING(made.Parameters->GetShownColumns(), "volume_mm3 texture");
  // The next CT begins as the last one is.
  vtkMRMLSAM2LungParametersNode* const next =
    made.Logic->GetParametersNode(made.AddCT("Next", StraightGrid()), true);
  CHECK_STD_STRING(made.Logic->GetShownColumns(next), "volume_mm3 texture");
  // Of a scene by a library with other measures: those that there are, or else the usual ones.
  made.Parameters->SetShownColumns("of_tomorrow");
  CHECK_STD_STRING(made.Logic->GetShownColumns(made.Parameters), usual);
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungAxesTest(int, char*[])
{
  CHECK_EXIT_SUCCESS(LinesAreDrawnWhereTheyAreAskedFor());
  CHECK_EXIT_SUCCESS(LinesFollowTheNodules());
  CHECK_EXIT_SUCCESS(LinesLieUnderTheCTsTransformAndGoWithTheCT());
  CHECK_EXIT_SUCCESS(LinesOfOtherCTsAreHidden());
  CHECK_EXIT_SUCCESS(ColumnsAreThoseOfTheTableOfMeasures());
  CHECK_EXIT_SUCCESS(ColumnsAreChosenForTheSceneOrForAll());
  return EXIT_SUCCESS;
}
