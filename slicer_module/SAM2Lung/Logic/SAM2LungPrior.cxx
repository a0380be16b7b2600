#include "SAM2LungPrior.h"

#include "SAM2LungComparison.h"
#include "SAM2LungInput.h"
#include "SAM2LungNodes.h"
#include "SAM2LungReport.h"
#include "SAM2LungSideBySide.h"
#include "SAM2LungSnapshot.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLScene.h>
#include <vtkMRMLSubjectHierarchyConstants.h>
#include <vtkMRMLSubjectHierarchyNode.h>
#include <vtkMRMLTableNode.h>

#include <vtksys/SystemTools.hxx>

#include <algorithm>
#include <cctype>

namespace sam2lung_slicer
{
namespace
{

using Parameters = vtkMRMLSAM2LungParametersNode;
using Constants = vtkMRMLSubjectHierarchyConstants;

std::string NameOf(vtkMRMLNode* node)
{
  return node && node->GetName() ? node->GetName() : "";
}

/// A DICOM attribute of the study or patient of a volume; empty: not known.
std::string DicomAttribute(vtkMRMLScalarVolumeNode* volume, const std::string& level, const std::string& attribute)
{
  // Not by GetSubjectHierarchyNode(), which makes one where there is none.
  auto* const hierarchy = vtkMRMLSubjectHierarchyNode::SafeDownCast(
    volume->GetScene() ? volume->GetScene()->GetFirstNodeByClass("vtkMRMLSubjectHierarchyNode") : nullptr);
  const vtkIdType item = hierarchy ? hierarchy->GetItemByDataNode(volume) : 0;
  const vtkIdType above = item ? hierarchy->GetItemAncestorAtLevel(item, level) : 0;
  return above ? hierarchy->GetItemAttribute(above, attribute) : std::string();
}

std::string StudyDate(vtkMRMLScalarVolumeNode* volume)
{
  return DicomAttribute(volume, Constants::GetDICOMLevelStudy(), Constants::GetDICOMStudyDateAttributeName());
}

std::string PatientID(vtkMRMLScalarVolumeNode* volume)
{
  return DicomAttribute(volume, Constants::GetDICOMLevelPatient(), Constants::GetDICOMPatientIDAttributeName());
}

/// Days since the beginning of March of the year 0, of DICOM's "20240131"; none: no date.
std::optional<long> DayNumber(const std::string& date)
{
  if (date.size() != 8 || !std::all_of(date.begin(), date.end(), [](unsigned char c) { return std::isdigit(c) != 0; }))
  {
    return std::nullopt;
  }
  const long year = std::stol(date.substr(0, 4)), month = std::stol(date.substr(4, 2)), day = std::stol(date.substr(6, 2));
  if (month < 1 || month > 12 || day < 1 || day > 31)
  {
    return std::nullopt;
  }
  // Years that begin in March end with the leap day, and their months have 153 days in five.
  const long y = month > 2 ? year : year - 1, m = (month + 9) % 12;
  return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day;
}

std::optional<long> SignedDays(vtkMRMLScalarVolumeNode* earlier, vtkMRMLScalarVolumeNode* later)
{
  const std::optional<long> from = DayNumber(StudyDate(earlier)), to = DayNumber(StudyDate(later));
  return from && to ? std::optional<long>(*to - *from) : std::nullopt;
}

std::string OrderProblem(Parameters* parameters)
{
  vtkMRMLScalarVolumeNode* const prior = parameters->GetPriorVolumeNode();
  vtkMRMLScalarVolumeNode* const ct = parameters->GetInputVolumeNode();
  const std::optional<long> days = SignedDays(prior, ct);
  if (parameters->GetPriorDays() > 0.0 || !days || *days >= 0)
  {
    return {};
  }
  return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                       "The prior '%1' is of %2, after '%3' of %4; expected an earlier CT. Choose the later one "
                                       "as CT and the earlier one as prior, or say how many days lie between them."),
                             NameOf(prior).c_str(),
                             StudyDate(prior).c_str(),
                             NameOf(ct).c_str(),
                             StudyDate(ct).c_str());
}

std::string FolderProblem(Parameters* parameters)
{
  const std::string& folder = parameters->GetPriorFolder();
  if (folder.empty() || vtksys::SystemTools::FileExists(folder + "/run.json", true))
  {
    return {};
  }
  return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                       "'%1' holds no result (no run.json); expected a folder that 'sam2lung segment' or "
                                       "Export wrote. Choose another folder, or none: then the prior is segmented here."),
                             folder.c_str());
}

} // namespace

//----------------------------------------------------------------------------
std::string PriorProblem(Parameters* parameters, const Kept* kept)
{
  vtkMRMLScalarVolumeNode* const prior = parameters->GetPriorVolumeNode();
  if (!prior)
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic", "No prior is chosen. Choose an earlier CT of the same patient.");
  }
  if (prior == parameters->GetInputVolumeNode())
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic", "The prior is the CT itself. Choose an earlier CT of the same patient.");
  }
  if (!kept)
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic",
                     "There is no result at hand to compare: this CT was not segmented since the program was started or the "
                     "scene loaded, and a scene doesn't hold all of it. Press Segment nodules; what you reviewed stays.");
  }
  if (kept->search == sam2lung::Search::mask)
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic",
                     "Nodules were looked for in a segment, which the prior has not. Search in the lungs or everywhere, under "
                     "Advanced, and segment the CT again.");
  }
  std::string problem = VolumeProblem(prior);
  problem = problem.empty() ? FolderProblem(parameters) : problem;
  return problem.empty() ? OrderProblem(parameters) : problem;
}

//----------------------------------------------------------------------------
bool ArePairs(const Kept& one, const Kept& other)
{
  const RunFacts& a = one.facts;
  const RunFacts& b = other.facts;
  return a.model_sha256 == b.model_sha256 && a.seed == b.seed && a.samples == b.samples && a.threshold == b.threshold &&
         a.share_of_slices == b.share_of_slices && one.search == other.search && one.sensitivity == other.sensitivity;
}

//----------------------------------------------------------------------------
Parameters* PriorParameters(Parameters* parameters, const Kept& kept)
{
  vtkMRMLScalarVolumeNode* const prior = parameters->GetPriorVolumeNode();
  Parameters* node = FindParametersNode(prior->GetScene(), prior);
  node = node ? node : AddParametersNode(prior->GetScene(), prior);
  node->CopyOptions(parameters);
  // As the run was, whatever was chosen since.
  node->SetSeed(static_cast<int>(kept.facts.seed));
  node->SetSamples(static_cast<int>(kept.facts.samples));
  node->SetThreshold(kept.facts.threshold);
  node->SetModelFolder(kept.model_folder);
  node->SetSearch(kept.search == sam2lung::Search::everywhere ? Parameters::SearchEverywhere : Parameters::SearchLungs);
  node->SetSensitivity(kept.sensitivity);
  node->SetMinDiameter(kept.facts.min_diameter_mm);
  if (kept.facts.share_of_slices)
  {
    node->SetShareOfSlices(*kept.facts.share_of_slices);
  }
  return node;
}

//----------------------------------------------------------------------------
std::optional<double> DaysBetween(vtkMRMLScalarVolumeNode* earlier, vtkMRMLScalarVolumeNode* later)
{
  const std::optional<long> days = SignedDays(earlier, later);
  return days && *days > 0 ? std::optional<double>(static_cast<double>(*days)) : std::nullopt;
}

//----------------------------------------------------------------------------
CompareInput TakeComparison(Parameters* parameters, const Kept& current, const Kept* prior)
{
  vtkMRMLScalarVolumeNode* const prior_ct = parameters->GetPriorVolumeNode();
  vtkMRMLScalarVolumeNode* const ct = parameters->GetInputVolumeNode();
  CompareInput input;
  input.prior.ct = TakeCT(prior_ct);
  input.prior.name = NameOf(prior_ct);
  input.prior.result = prior ? prior->result : nullptr;
  input.prior.folder = parameters->GetPriorFolder();
  input.current.ct = TakeCT(ct);
  input.current.name = NameOf(ct);
  input.current.result = current.result;
  input.days = parameters->GetPriorDays() > 0.0 ? std::optional<double>(parameters->GetPriorDays())
                                                : DaysBetween(prior_ct, ct);
  return input;
}

//----------------------------------------------------------------------------
void DeliverComparison(Parameters* parameters,
                       const CompareInput& input,
                       const Compared& compared,
                       const Kept& current,
                       const Kept* prior)
{
  Compared told = compared;
  const std::string before = PatientID(parameters->GetPriorVolumeNode()), now = PatientID(parameters->GetInputVolumeNode());
  if (!before.empty() && !now.empty() && before != now)
  {
    told.doubts.insert(told.doubts.begin(),
                       vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                 "the two CTs have different patient IDs: is it the same patient?"));
  }
  WriteComparison(parameters->GetNoduleTableNode(), told, current, prior, input.prior.name);
  AlignPrior(parameters, input, compared);
  if (ShownSideBySide(parameters->GetScene()) == parameters)
  {
    // With what lies over the CT by now.
    ShowSideBySide(parameters);
  }
}

//----------------------------------------------------------------------------
std::string ComparisonFolder(Parameters* parameters, const std::string& folder)
{
  return FolderNamed(folder,
                     vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 compared with %2"),
                                         NameOf(parameters->GetInputVolumeNode()).c_str(),
                                         ComparedWith(parameters->GetNoduleTableNode()).c_str()));
}

//----------------------------------------------------------------------------
std::string ComparisonFilesProblem(Parameters* parameters, const Kept* kept, const std::string& folder)
{
  vtkMRMLTableNode* const table = parameters->GetNoduleTableNode();
  if (ComparisonText(table).empty())
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic",
                     "There is no comparison to export. Choose a prior CT and press Compare first.");
  }
  if (!kept || !kept->comparison || kept->comparison_stamp != ComparisonStamp(table))
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic",
                     "There are no files of this comparison: it was not made since the program was started or the scene loaded, "
                     "and a scene doesn't hold its pages and pictures. The table, which has what it found, can be exported as it "
                     "is; or press Segment nodules, which keeps what you reviewed, then Compare, and export then.");
  }
  return FolderProblem(folder, ComparisonFolder(parameters, folder));
}

} // namespace sam2lung_slicer
