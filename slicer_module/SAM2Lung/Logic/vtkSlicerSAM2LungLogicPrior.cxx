// What vtkSlicerSAM2LungLogic does with a prior CT, and with reports.

#include "SAM2LungComparison.h"
#include "SAM2LungPrior.h"
#include "SAM2LungReport.h"
#include "SAM2LungReview.h"
#include "SAM2LungSideBySide.h"
#include "vtkSlicerSAM2LungLogicInternal.h"

#include <vtkMRMLApplicationLogic.h>
#include <vtkMRMLI18N.h>
#include <vtkMRMLTableNode.h>

#include <vtkSmartPointer.h>

using namespace sam2lung_slicer;

namespace
{

vtkMRMLTableNode* TableOf(vtkMRMLSAM2LungParametersNode* parameters)
{
  return parameters ? parameters->GetNoduleTableNode() : nullptr;
}

} // namespace

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetPriorProblem(vtkMRMLSAM2LungParametersNode* parameters)
{
  return this->Internal->PriorProblem(parameters);
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::GetPriorNeedsRun(vtkMRMLSAM2LungParametersNode* parameters)
{
  return this->Internal->PriorProblem(parameters).empty() && parameters->GetPriorFolder().empty() &&
         !this->Internal->FindPrior(parameters);
}

//----------------------------------------------------------------------------
double vtkSlicerSAM2LungLogic::GetDaysSincePrior(vtkMRMLSAM2LungParametersNode* parameters)
{
  const bool there = parameters && parameters->GetPriorVolumeNode() && parameters->GetInputVolumeNode();
  return there ? DaysBetween(parameters->GetPriorVolumeNode(), parameters->GetInputVolumeNode()).value_or(-1.0) : -1.0;
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::Compare(vtkMRMLSAM2LungParametersNode* parameters)
{
  const vtkSmartPointer<vtkSlicerSAM2LungLogic> alive(this);
  return this->Internal->WaitForAll(this->Internal->BeginComparison(parameters));
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::StartCompare(vtkMRMLSAM2LungParametersNode* parameters)
{
  const vtkSmartPointer<vtkSlicerSAM2LungLogic> alive(this);
  return this->Internal->BeginComparison(parameters) != nullptr;
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetComparisonExportProblem(vtkMRMLSAM2LungParametersNode* parameters,
                                                               const std::string& folder)
{
  return this->Internal->ComparisonExportProblem(parameters, folder);
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::ExportComparison(vtkMRMLSAM2LungParametersNode* parameters, const std::string& folder)
{
  return this->Internal->ExportComparison(parameters, folder);
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetComparisonText(vtkMRMLSAM2LungParametersNode* parameters)
{
  return ComparisonText(TableOf(parameters));
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetComparisonWarningText(vtkMRMLSAM2LungParametersNode* parameters)
{
  return ComparisonDoubts(TableOf(parameters));
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetNoduleChangeText(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  return ChangeText(TableOf(parameters), id);
}

//----------------------------------------------------------------------------
int vtkSlicerSAM2LungLogic::GetNumberOfGoneNodules(vtkMRMLSAM2LungParametersNode* parameters)
{
  return static_cast<int>(GoneNodules(TableOf(parameters)).size());
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetNthGoneNoduleText(vtkMRMLSAM2LungParametersNode* parameters, int n)
{
  const std::vector<GoneNodule> list = GoneNodules(TableOf(parameters));
  return 0 <= n && n < static_cast<int>(list.size()) ? GoneText(list[static_cast<std::size_t>(n)]) : std::string();
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::JumpToNthGoneNodule(vtkMRMLSAM2LungParametersNode* parameters, int n)
{
  const std::vector<GoneNodule> list = GoneNodules(TableOf(parameters));
  if (!parameters || !parameters->GetScene() || n < 0 || n >= static_cast<int>(list.size()))
  {
    return false;
  }
  if (this->GetWhereShown(parameters) == ShownNowhere)
  {
    this->ShowCT(parameters);
  }
  JumpToPlace(parameters, list[static_cast<std::size_t>(n)].place_ras);
  return true;
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::ShowSideBySide(vtkMRMLSAM2LungParametersNode* parameters)
{
  if (!parameters || parameters->GetScene() != this->GetMRMLScene())
  {
    return false;
  }
  this->ShowCT(parameters);
  const bool shown = sam2lung_slicer::ShowSideBySide(parameters);
  if (shown && this->GetMRMLApplicationLogic())
  {
    this->GetMRMLApplicationLogic()->FitSliceToAll();
  }
  return shown;
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::GetSideBySide(vtkMRMLSAM2LungParametersNode* parameters)
{
  return parameters && ShownSideBySide(this->GetMRMLScene()) == parameters;
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::GetPriorAligned(vtkMRMLSAM2LungParametersNode* parameters)
{
  return IsPriorAligned(parameters);
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetClickProblem(vtkMRMLSAM2LungParametersNode* parameters, const std::string& volumeID)
{
  return IsShownPrior(parameters, volumeID)
           ? vtkMRMLTr("vtkSlicerSAM2LungLogic",
                       "That click was in the view of the prior (P), where nothing can be outlined; nothing was changed. Click in "
                       "the view of the CT (C).")
           : std::string();
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::EndSideBySide()
{
  sam2lung_slicer::EndSideBySide(this->GetMRMLScene());
}

//----------------------------------------------------------------------------
void vtkSlicerSAM2LungLogic::FollowLayout()
{
  sam2lung_slicer::FollowLayout(this->GetMRMLScene());
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetReportProblem(vtkMRMLSAM2LungParametersNode* parameters,
                                                     const std::string& folder,
                                                     bool dicom)
{
  return this->Internal->ReportProblem(parameters, folder, dicom);
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetReportGaps(vtkMRMLSAM2LungParametersNode* parameters)
{
  const Kept* const kept = this->Internal->Results.Find(parameters);
  const std::string gaps = kept ? ReportGaps(parameters, *kept) : std::string();
  return gaps.empty() ? gaps : gaps.substr(1);
}

//----------------------------------------------------------------------------
int vtkSlicerSAM2LungLogic::GetNumberOfUnreportedNodules(vtkMRMLSAM2LungParametersNode* parameters)
{
  const Kept* const kept = this->Internal->Results.Find(parameters);
  return kept ? static_cast<int>(UnreportedNodules(parameters, *kept).size()) : 0;
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::ExportReport(vtkMRMLSAM2LungParametersNode* parameters,
                                          const std::string& folder,
                                          const std::string& dicomFile)
{
  const vtkSmartPointer<vtkSlicerSAM2LungLogic> alive(this);
  return this->Internal->WaitFor(this->Internal->BeginReport(parameters, folder, dicomFile));
}

//----------------------------------------------------------------------------
bool vtkSlicerSAM2LungLogic::StartExportReport(vtkMRMLSAM2LungParametersNode* parameters,
                                               const std::string& folder,
                                               const std::string& dicomFile)
{
  const vtkSmartPointer<vtkSlicerSAM2LungLogic> alive(this);
  return this->Internal->BeginReport(parameters, folder, dicomFile) != nullptr;
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetReportFolder()
{
  return this->Internal->ReportFolder;
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetDicomFile(vtkMRMLSAM2LungParametersNode* parameters)
{
  return parameters ? DicomFile(parameters->GetInputVolumeNode()) : std::string();
}

//----------------------------------------------------------------------------
std::string vtkSlicerSAM2LungLogic::GetDicomInstance(vtkMRMLSAM2LungParametersNode* parameters)
{
  return parameters ? DicomInstance(parameters->GetInputVolumeNode()) : std::string();
}
