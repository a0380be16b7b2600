// What vtkSlicerSAM2LungLogic does with outlines that a reader changes, and with what lists and views show of the nodules.

#include "SAM2LungAxes.h"
#include "SAM2LungMeasure.h"
#include "SAM2LungReview.h"
#include "SAM2LungShownColumns.h"
#include "SAM2LungSideBySide.h"
#include "vtkSlicerSAM2LungLogicInternal.h"

#include <vtkMRMLI18N.h>

#include <algorithm>

using namespace sam2lung_slicer;

namespace
{

/// Of no such name: one without a name.
ShownColumn FindColumn(const std::string& name)
{
  const auto& all = ChoosableColumns();
  const auto found =
    std::find_if(all.begin(), all.end(), [&name](const ShownColumn& column) { return column.name == name; });
  return found == all.end() ? ShownColumn() : *found;
}

} // namespace

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetCorrectionProblem(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  return this->Internal->CorrectionProblem(parameters, id);
}

//----------------------------------------------------------------------------
int vtkSlicerSAM2LungLogic::GetCorrectedNodule(vtkMRMLSAM2LungParametersNode* parameters)
{
  const Correction* const correction = this->Internal->OpenCorrection(parameters);
  return correction ? correction->Nodule() : 0;
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetCorrectionText(vtkMRMLSAM2LungParametersNode* parameters)
{
  const Correction* const correction = this->Internal->OpenCorrection(parameters);
  return correction ? correction->Text() : std::string();
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::KeepCorrection(vtkMRMLSAM2LungParametersNode* parameters)
{
  return this->Internal->KeepCorrection(parameters);
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::DiscardCorrection(vtkMRMLSAM2LungParametersNode* parameters)
{
  return this->Internal->DiscardCorrection(parameters);
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetNoduleClicks(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  return this->GetNoduleText(parameters, id, "clicks");
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetEditedText(vtkMRMLSAM2LungParametersNode* parameters)
{
  std::string titles;
  for (const int id : EditedNodules(parameters))
  {
    titles += (titles.empty() ? "" : ", ") + NoduleTitle(parameters, id);
  }
  return titles.empty() ? std::string()
                        : vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                                        "Edited by hand since the table was made: %1. Its measures are "
                                                        "those of the outline of before."),
                                              titles.c_str());
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::MeasureAgain(vtkMRMLSAM2LungParametersNode* parameters)
{
  return this->Internal->MeasureAgain(parameters);
}

//----------------------------------------------------------------------------
int vtkSlicerSAM2LungLogic::GetNumberOfColumns()
{
  return static_cast<int>(ChoosableColumns().size());
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetNthColumn(int n)
{
  return 0 <= n && n < GetNumberOfColumns() ? ChoosableColumns()[static_cast<std::size_t>(n)].name : std::string();
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetColumnTitle(const std::string& column)
{
  return FindColumn(column).title;
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetColumnFullTitle(const std::string& column)
{
  return FindColumn(column).full_title;
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetColumnUnit(const std::string& column)
{
  return FindColumn(column).unit;
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetColumnDescription(const std::string& column)
{
  return FindColumn(column).description;
}

//----------------------------------------------------------------------------
int vtkSlicerSAM2LungLogic::GetColumnDecimals(const std::string& column)
{
  return FindColumn(column).decimals;
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetShareText(double share)
{
  return sam2lung_slicer::ShareText(share);
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::GetColumnIsFlag(const std::string& column)
{
  return FindColumn(column).flag;
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetShownColumns(vtkMRMLSAM2LungParametersNode* parameters)
{
  const std::string own = parameters ? parameters->GetShownColumns() : std::string();
  return NamesOf(ColumnsOf(own.empty() ? this->Internal->DefaultColumns : own));
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::SetShownColumns(vtkMRMLSAM2LungParametersNode* parameters, const std::string& columns)
{
  if (parameters)
  {
    parameters->SetShownColumns(NamesOf(ColumnsOf(columns)));
  }
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::SetDefaultColumns(const std::string& columns)
{
  this->Internal->DefaultColumns = columns;
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::UpdateAxes(vtkMRMLSAM2LungParametersNode* parameters)
{
  sam2lung_slicer::UpdateAxes(parameters);
  KeepOutOfPriorView(parameters);
}
