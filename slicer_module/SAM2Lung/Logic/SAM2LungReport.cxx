#include "SAM2LungReport.h"

#include "SAM2LungExport.h"
#include "SAM2LungInput.h"
#include "SAM2LungMeasure.h"
#include "SAM2LungReading.h"
#include "SAM2LungReview.h"
#include "SAM2LungSnapshot.h"
#include "SAM2LungTable.h"
#include "SAM2LungVoxels.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLStorageNode.h>
#include <vtkMRMLTableNode.h>

#include <vtksys/FStream.hxx>
#include <vtksys/SystemTools.hxx>

#include <algorithm>
#include <cstring>
#include <ios>
#include <iterator>
#include <set>

namespace sam2lung_slicer
{
namespace
{

using Parameters = vtkMRMLSAM2LungParametersNode;

/// What a file system may not take in a name.
constexpr const char* NO_FILE_NAME = "/\\:*?\"<>|";

/// How the scene and the run's result differ.
struct Difference
{
  std::set<int> changed; ///< Numbers in the scene: outlined or edited by a reader, so that the result has another outline or none.
  std::set<int> added;   ///< Those of them that the result hasn't at all.
  std::set<int> moved;   ///< Numbers in the scene that aren't the result's.
  std::set<int> covered; ///< Numbers in the result: another outline took the place, or it was removed.
};

Difference DifferenceOf(Parameters* parameters, const Kept& kept)
{
  vtkMRMLTableNode* const table = parameters->GetNoduleTableNode();
  Difference difference;
  difference.changed = EditedNodules(parameters);
  for (const int id : NoduleIDs(table))
  {
    if (CellNumber(table, id, "clicked") > 0 || CellNumber(table, id, "edited") > 0)
    {
      difference.changed.insert(id);
    }
  }
  difference.added = difference.changed;
  for (const sam2lung::Nodule& nodule : kept.result->nodules())
  {
    const int number = static_cast<int>(nodule.id);
    const int now = kept.NumberNow(number);
    difference.added.erase(now);
    if (now == 0 || NoduleRow(table, now) < 0)
    {
      difference.covered.insert(number);
    }
    else if (now != number)
    {
      difference.moved.insert(now);
    }
  }
  return difference;
}

std::string TitlesOf(Parameters* parameters, const std::set<int>& ids)
{
  std::string titles;
  for (const int id : ids)
  {
    titles += (titles.empty() ? "" : ", ") + NoduleTitle(parameters, id);
  }
  return titles;
}

sam2lung::Decision DecisionOf(Decision decision)
{
  switch (decision)
  {
    case Decision::accepted: return sam2lung::Decision::accepted;
    case Decision::rejected: return sam2lung::Decision::rejected;
    default: return sam2lung::Decision::undecided;
  }
}

/// What the report has to say of a nodule of the result, in the words of its reader.
sam2lung::Reading ReadingOf(Parameters* parameters, int number, int now, const Difference& difference)
{
  sam2lung::Reading reading;
  reading.nodule = static_cast<std::uint32_t>(number);
  if (difference.covered.count(number) > 0)
  {
    reading.comment = vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                "In 3D Slicer a reader's outline stands in the place of this one, which was not reviewed");
    return reading;
  }
  const Reading told = ReadingInTable(parameters->GetNoduleTableNode(), now);
  reading.decision = DecisionOf(told.decision);
  reading.comment = told.comment;
  reading.reader = told.reader;
  if (difference.changed.count(now) > 0)
  {
    reading.comment = JoinComments(reading.comment,
                                   vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                             "a reader changed its outline in 3D Slicer; outline and measures here are those "
                                             "of the run, before that"));
  }
  if (now != number)
  {
    reading.comment = JoinComments(
      reading.comment,
      vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "number %1 in 3D Slicer"), std::to_string(now).c_str()));
  }
  return reading;
}

std::set<int> Without(std::set<int> all, const std::set<int>& others)
{
  for (const int other : others)
  {
    all.erase(other);
  }
  return all;
}

/// A nodule that a reader rejected is no finding, whichever outline it has.
std::set<int> NotRejected(Parameters* parameters, const std::set<int>& ids)
{
  std::set<int> left;
  std::copy_if(ids.begin(),
               ids.end(),
               std::inserter(left, left.end()),
               [parameters](int id)
               { return ReadingInTable(parameters->GetNoduleTableNode(), id).decision != Decision::rejected; });
  return left;
}

bool IsDicom(const std::string& path)
{
  vtksys::ifstream file(path.c_str(), std::ios::binary);
  char head[132] = {};
  file.read(head, sizeof head);
  return file.gcount() == static_cast<std::streamsize>(sizeof head) && !std::memcmp(head + 128, "DICM", 4);
}

} // namespace

//----------------------------------------------------------------------------
std::string FolderNamed(const std::string& folder, std::string name)
{
  std::replace_if(
    name.begin(),
    name.end(),
    [](char c) { return static_cast<unsigned char>(c) < ' ' || std::strchr(NO_FILE_NAME, c) != nullptr; },
    '_');
  // Neither hidden nor the folder above.
  name = name.empty() || name.front() == '.' ? "CT" + name : name;
  return folder + "/" + name;
}

//----------------------------------------------------------------------------
std::string FolderProblem(const std::string& folder, const std::string& path)
{
  if (folder.empty())
  {
    return {};
  }
  if (!vtksys::SystemTools::FileIsDirectory(folder))
  {
    return vtkMRMLI18N::Format(
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "'%1' is no folder; expected one that is there. Choose another one."),
      folder.c_str());
  }
  if (vtksys::SystemTools::PathExists(path))
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "'%1' is there already; nothing was written. Choose another folder, or remove it."),
                               path.c_str());
  }
  return {};
}

//----------------------------------------------------------------------------
std::string ReportFolder(Parameters* parameters, const std::string& folder)
{
  vtkMRMLScalarVolumeNode* const ct = parameters->GetInputVolumeNode();
  return FolderNamed(folder, ct && ct->GetName() ? ct->GetName() : "");
}

//----------------------------------------------------------------------------
std::string ReportProblem(Parameters* parameters, const Kept* kept, const std::string& folder, bool dicom)
{
  if (!IsNoduleTable(parameters->GetNoduleTableNode()))
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic", "There is no result to export. Segment the CT first.");
  }
  if (!kept)
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic",
                     "There is no report of this result: the CT was not segmented since the program was started or the scene "
                     "loaded, and a scene doesn't hold all that pages and DICOM objects say. The table can be exported as it is; "
                     "or press Segment nodules, which keeps what you reviewed, and export then.");
  }
  const std::string problem = FolderProblem(folder, ReportFolder(parameters, folder));
  if (!problem.empty())
  {
    return problem;
  }
  const Difference difference = dicom ? DifferenceOf(parameters, *kept) : Difference();
  if (!difference.changed.empty())
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "DICOM objects would hold the run's outlines, and a reader made or changed those of %1; "
                                         "nothing was written. Export the segmentation in the module Segmentations, or a report "
                                         "without DICOM objects, which says so."),
                               TitlesOf(parameters, difference.changed).c_str());
  }
  return {};
}

//----------------------------------------------------------------------------
std::string ReportGaps(Parameters* parameters, const Kept& kept)
{
  const Difference difference = DifferenceOf(parameters, kept);
  const std::set<int> added = NotRejected(parameters, difference.added);
  const std::set<int> changed = NotRejected(parameters, Without(difference.changed, difference.added));
  std::string text;
  if (!added.empty())
  {
    text += vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                          " %1 outlined by a reader, not in the report: %2."),
                                std::to_string(added.size()).c_str(),
                                TitlesOf(parameters, added).c_str());
  }
  if (!changed.empty())
  {
    text += vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                          " %1 changed by a reader, in the report with the run's outline and measures: "
                                          "%2."),
                                std::to_string(changed.size()).c_str(),
                                TitlesOf(parameters, changed).c_str());
  }
  if (!text.empty())
  {
    text += vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", " Their measures stand in the table, and beside the report in %1."),
                                READERS_FILE);
  }
  if (!difference.moved.empty())
  {
    text += vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                          " The report's numbers are the run's: %1 have others there, and are called so in their "
                                          "comments."),
                                TitlesOf(parameters, difference.moved).c_str());
  }
  return text;
}

//----------------------------------------------------------------------------
std::set<int> UnreportedNodules(Parameters* parameters, const Kept& kept)
{
  return NotRejected(parameters, DifferenceOf(parameters, kept).added);
}

//----------------------------------------------------------------------------
ReportInput TakeReport(Parameters* parameters, const Kept& kept, const std::string& folder, const std::string& dicom_file)
{
  ReportInput input;
  input.ct = TakeCT(parameters->GetInputVolumeNode());
  input.result = kept.result;
  input.folder = ReportFolder(parameters, folder);
  input.dicom_file = dicom_file;
  const Difference difference = DifferenceOf(parameters, kept);
  if (!difference.changed.empty())
  {
    input.readers = NodulesText(parameters->GetNoduleTableNode(), difference.changed);
  }
  for (const sam2lung::Nodule& nodule : kept.result->nodules())
  {
    const int number = static_cast<int>(nodule.id);
    input.readings.push_back(ReadingOf(parameters, number, kept.NumberNow(number), difference));
  }
  return input;
}

//----------------------------------------------------------------------------
std::string DicomFile(vtkMRMLScalarVolumeNode* volume)
{
  vtkMRMLStorageNode* const storage = volume ? volume->GetStorageNode() : nullptr;
  if (!storage)
  {
    return {};
  }
  const std::string first = storage->GetFullNameFromFileName();
  return IsDicom(first) ? first : std::string();
}

//----------------------------------------------------------------------------
std::string DicomInstance(vtkMRMLScalarVolumeNode* volume)
{
  const char* const uids = volume ? volume->GetAttribute("DICOM.instanceUIDs") : nullptr;
  const std::string all = uids ? uids : "";
  return all.substr(0, all.find(' '));
}

//----------------------------------------------------------------------------
RunOutput ReportOn(const ReportInput& input,
                   const sam2lung::ProgressFunction& progress,
                   const sam2lung::Cancel& cancel)
{
  sam2lung::ReportOptions options;
  options.readings = input.readings;
  options.dicom = !input.dicom_file.empty();
  options.dicom_source = input.dicom_file;
  options.progress = progress;
  options.cancel = &cancel;
  input.result->write_report(ViewOf(input.ct.ct, input.ct.ijk_to_ras), input.folder, options);
  return {};
}

} // namespace sam2lung_slicer
