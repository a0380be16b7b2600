/// \file
/// A result's report: pages, pictures, tables, volumes and DICOM objects, with what a reader made of the nodules.

#ifndef SAM2LungReport_h
#define SAM2LungReport_h

#include "SAM2LungKept.h"
#include "SAM2LungRun.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

#include <sam2lung/cancel.hpp>
#include <sam2lung/options.hpp>
#include <sam2lung/report.hpp>
#include <sam2lung/result.hpp>

class vtkMRMLSAM2LungParametersNode;
class vtkMRMLScalarVolumeNode;

namespace sam2lung_slicer
{

/// Beside a report: the table's rows of nodules that a reader outlined or changed.
constexpr const char* READERS_FILE = "outlined-by-readers.csv";

/// Copied from the scene on the main thread.
struct ReportInput
{
  RunInput ct; ///< Voxels and geometry; of the rest nothing is used.
  std::shared_ptr<const sam2lung::Result> result;
  std::vector<sam2lung::Reading> readings;
  std::string folder;     ///< Where the report goes; it isn't there yet.
  std::string readers;    ///< Text of READERS_FILE; empty: there is nothing to say in it.
  std::string dicom_file; ///< One of the CT's DICOM series, for DICOM objects; empty: none are written.
};

/// A folder of its own in another one, called so but for what file systems may not take.
std::string FolderNamed(const std::string& folder, std::string name);
/// Why `path` can't be written into `folder` and what to do, for people; empty: it can be tried, or `folder` is empty: not chosen yet.
std::string FolderProblem(const std::string& folder, const std::string& path);

/// What stands in the way of a report and what to do, for people; empty: it can be written.
/// \param kept    the result behind the nodules; null: not at hand
/// \param folder  in which the report gets a folder of its own; empty: not chosen yet
/// \param dicom   whether DICOM objects are wanted, which can't say what a reader changed
std::string ReportProblem(vtkMRMLSAM2LungParametersNode* parameters,
                          const Kept* kept,
                          const std::string& folder,
                          bool dicom);
/// The folder of the report: named as the CT.
std::string ReportFolder(vtkMRMLSAM2LungParametersNode* parameters, const std::string& folder);
/// What the table has and the report hasn't, for people: outlines that a reader made or changed, other numbers. Empty: nothing.
std::string ReportGaps(vtkMRMLSAM2LungParametersNode* parameters, const Kept& kept);
/// Nodules of the table that a reader outlined and didn't reject, and that the report hasn't at all.
std::set<int> UnreportedNodules(vtkMRMLSAM2LungParametersNode* parameters, const Kept& kept);
/// Copies what a report needs. What a reader changed is said in the comment of the nodule.
ReportInput TakeReport(vtkMRMLSAM2LungParametersNode* parameters,
                       const Kept& kept,
                       const std::string& folder,
                       const std::string& dicom_file);
/// A file of the DICOM series that the volume was read from, as its storage node names it; empty: not known.
std::string DicomFile(vtkMRMLScalarVolumeNode* volume);
/// SOP instance UID of one of the volume's DICOM images; empty: it has none.
std::string DicomInstance(vtkMRMLScalarVolumeNode* volume);

/// Writes the report, on the thread that calls.
/// \throws sam2lung::Error, std::bad_alloc
RunOutput ReportOn(const ReportInput& input,
                   const sam2lung::ProgressFunction& progress,
                   const sam2lung::Cancel& cancel);

} // namespace sam2lung_slicer

#endif
