// The report of a result, with what a reader made of it.

#include "SAM2LungMadeDicom.h"
#include "SAM2LungTestScene.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLTableNode.h>
#include <vtkMRMLVolumeArchetypeStorageNode.h>

#include <vtksys/FStream.hxx>
#include <vtksys/SystemTools.hxx>

#include <algorithm>
#include <cstdlib>
#include <sstream>

using namespace sam2lung_testing;
using vtksys::SystemTools;

namespace
{

using Logic = vtkSlicerSAM2LungLogic;
using Parameters = vtkMRMLSAM2LungParametersNode;

std::string Read(const std::string& path)
{
  vtksys::ifstream file(path.c_str(), std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool Holds(const std::string& text, const std::string& part)
{
  return text.find(part) != std::string::npos;
}

int ReportSaysWhatAReaderDecided(const std::string& bundles, const std::string& folder)
{
  TestScene test(bundles);
  vtkMRMLScalarVolumeNode* const ct = test.AddCT();
  ct->SetName("a/CT: of \"May\"");
  Parameters* const parameters = test.AddParameters(ct);
  CHECK_BOOL(Holds(test.Logic->GetReportProblem(parameters, folder, false), "There is no result to export"), true);
  CHECK_BOOL(test.Logic->Segment(parameters), true);
  test.Logic->SetReaderName("AB");
  CHECK_BOOL(test.Logic->SetNoduleComment(parameters, 2, "a vessel"), true);
  CHECK_BOOL(test.Logic->SetNoduleDecision(parameters, 2, Logic::DecisionRejected), true);

  CHECK_STD_STRING(test.Logic->GetReportProblem(parameters, folder, false), "");
  CHECK_STD_STRING(test.Logic->GetReportProblem(parameters, "", false), ""); // none is chosen yet
  CHECK_STD_STRING(test.Logic->GetReportGaps(parameters), "");
  CHECK_BOOL(Holds(test.Logic->GetReportProblem(parameters, folder + "/none", false), "is no folder"), true);
  CHECK_BOOL(test.Logic->ExportReport(parameters, folder), true);
  std::cout << test.Logic->GetStatusText() << std::endl;
  const std::string written = folder + "/a_CT_ of _May_";
  CHECK_STD_STRING(test.Logic->GetReportFolder(), written);
  CHECK_STD_STRING(test.Logic->GetStatusText(), "'" + written + "' is written; report.html is its first page.");
  CHECK_BOOL(Holds(Read(written + "/report.html"), "Rejected by AB: a vessel."), true);
  CHECK_BOOL(Holds(Read(written + "/findings.txt"), "0 accepted, 1 rejected (Nodule 2), 1 undecided."), true);
  CHECK_BOOL(SystemTools::FileExists(written + "/nodules.csv", true), true);
  CHECK_BOOL(SystemTools::FileExists(written + "/segmentation.dcm", true), false);
  CHECK_BOOL(SystemTools::FileExists(written + "/outlined-by-readers.csv", true), false);

  // What is there stays.
  CHECK_BOOL(test.Logic->ExportReport(parameters, folder), false);
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusRefused);
  CHECK_BOOL(Holds(test.Logic->GetStatusText(), "is there already"), true);
  SystemTools::RemoveADirectory(written);

  // Cancelled, nothing is there.
  CHECK_BOOL(test.Logic->StartExportReport(parameters, folder), true);
  CHECK_BOOL(test.Logic->StartExportReport(parameters, folder), false);
  CHECK_BOOL(Holds(test.Logic->GetStatusText(), "Something else goes on: the report of 'a/CT: of \"May\"' is being written"), true);
  test.Logic->Cancel();
  while (test.Logic->IsRunning())
  {
    test.Logic->ProcessEvents();
  }
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusCancelled);
  CHECK_STD_STRING(test.Logic->GetReportFolder(), "");
  CHECK_BOOL(SystemTools::PathExists(written), false);
  return EXIT_SUCCESS;
}

int WhatAReaderOutlinedIsSaidAndStopsDicomObjects(const std::string& bundles, const std::string& folder)
{
  TestScene test(bundles);
  vtkMRMLScalarVolumeNode* const ct = test.AddCT();
  Parameters* const parameters = test.AddParameters(ct);
  CHECK_BOOL(test.Logic->Segment(parameters), true);
  const auto place = [&](const char* column) { return std::atof(test.Logic->GetNoduleText(parameters, 1, column).c_str()); };
  const double r = place("centroid_r"), a = place("centroid_a"), s = place("centroid_s");
  CHECK_BOOL(test.Logic->CorrectAtClick(parameters, 1, r, a, s, true), true);
  CHECK_BOOL(test.Logic->KeepCorrection(parameters), true);
  const int clicked = 1;
  CHECK_BOOL(test.Logic->OutlineAtClick(parameters, NOWHERE_RAS[0], NOWHERE_RAS[1], NOWHERE_RAS[2]), true);
  const int added = test.Logic->GetClickedNodule();
  const std::string both =
    "Nodule " + std::to_string(std::min(clicked, added)) + ", Nodule " + std::to_string(std::max(clicked, added));
  const std::string gaps = "1 outlined by a reader, not in the report: Nodule " + std::to_string(added) +
                           ". 1 changed by a reader, in the report with the run's outline and measures: Nodule 1. "
                           "Their measures stand in the table, and beside the report in outlined-by-readers.csv.";
  CHECK_STD_STRING(test.Logic->GetReportGaps(parameters), gaps);
  CHECK_INT(test.Logic->GetNumberOfUnreportedNodules(parameters), 1);
  // Rejected, it is missed nowhere.
  CHECK_BOOL(test.Logic->SetNoduleDecision(parameters, added, Logic::DecisionRejected), true);
  CHECK_INT(test.Logic->GetNumberOfUnreportedNodules(parameters), 0);
  CHECK_BOOL(Holds(test.Logic->GetReportGaps(parameters), "not in the report"), false);
  CHECK_BOOL(test.Logic->Undo(parameters), true);
  CHECK_STD_STRING(test.Logic->GetReportProblem(parameters, "", false), "");
  CHECK_BOOL(Holds(test.Logic->GetReportProblem(parameters, "", true), "a reader made or changed those of " + both), true);

  CHECK_BOOL(test.Logic->ExportReport(parameters, folder, "any.dcm"), false);
  CHECK_BOOL(Holds(test.Logic->GetStatusText(), "a reader made or changed those of " + both), true);
  CHECK_BOOL(test.Logic->ExportReport(parameters, folder), true);
  std::cout << test.Logic->GetStatusText() << std::endl;
  CHECK_BOOL(Holds(test.Logic->GetStatusText(), "report.html is its first page. " + gaps), true);
  CHECK_BOOL(Holds(Read(folder + "/CT/report.html"), "a reader changed its outline in 3D Slicer"), true);
  // Both, and not the run's other one; a record ends with a line's end.
  const std::string readers = Read(folder + "/CT/outlined-by-readers.csv");
  CHECK_INT(static_cast<int>(std::count(readers.begin(), readers.end(), '\n')), 3);
  CHECK_STD_STRING(readers.substr(0, 3), "id,");
  for (const int id : { clicked, added })
  {
    CHECK_BOOL(Holds(readers, "\r\n" + std::to_string(id) + ","), true);
  }
  return EXIT_SUCCESS;
}

/// A CT that Slicer read from DICOM files: segmentation and measures join its patient and study.
int CTOfADicomSeriesGivesDicomObjects(const std::string& bundles, const std::string& folder)
{
  TestScene test(bundles);
  const std::string series = folder + "/series";
  SystemTools::MakeDirectory(series);
  vtkMRMLScalarVolumeNode* const made = test.AddCT();
  WriteDicomSeries(made, series);
  vtkNew<vtkMRMLVolumeArchetypeStorageNode> storage;
  storage->SetFileName((series + "/1.dcm").c_str());
  auto* const ct =
    vtkMRMLScalarVolumeNode::SafeDownCast(test.Scene->AddNewNodeByClass("vtkMRMLScalarVolumeNode", "From DICOM"));
  ct->SetAndObserveStorageNodeID(test.Scene->AddNode(storage)->GetID());
  CHECK_BOOL(storage->ReadData(ct), true);
  CHECK_INT(static_cast<int>(ct->GetImageData()->GetNumberOfPoints()),
            static_cast<int>(made->GetImageData()->GetNumberOfPoints()));

  Parameters* const parameters = test.AddParameters(ct);
  CHECK_BOOL(test.Logic->Segment(parameters), true);
  test.Logic->SetReaderName("AB");
  CHECK_BOOL(test.Logic->SetNoduleDecision(parameters, 1, Logic::DecisionAccepted), true);
  const std::string file = test.Logic->GetDicomFile(parameters);
  CHECK_STD_STRING(file, series + "/1.dcm");
  CHECK_STD_STRING(test.Logic->GetReportProblem(parameters, folder, true), "");
  CHECK_BOOL(test.Logic->ExportReport(parameters, folder, file), true);
  const std::string written = folder + "/From DICOM";
  CHECK_STD_STRING(test.Logic->GetReportFolder(), written);
  for (const char* object : { "segmentation.dcm", "report.dcm", "overview.dcm" })
  {
    const std::string bytes = Read(written + "/" + object);
    CHECK_STD_STRING(bytes.substr(0, 132).substr(128), "DICM");
    CHECK_BOOL(Holds(bytes, "DOE^JANE") && Holds(bytes, MADE_STUDY_UID), true);
  }
  CHECK_BOOL(Holds(Read(written + "/report.html"), "Accepted by AB"), true);
  return EXIT_SUCCESS;
}

int NumbersOfTheRunAreSaidWhereTheTableHasOthers(const std::string& bundles, const std::string& folder)
{
  // The second ball first: it is Nodule 1 then, and keeps its number beside the first one, which a run alone calls 1.
  TestScene test(bundles);
  vtkMRMLScalarVolumeNode* const ct = test.AddCT(AxialGrid(), { TwoBalls().back() });
  Parameters* const parameters = test.AddParameters(ct);
  CHECK_BOOL(test.Logic->Segment(parameters), true);
  ct->SetAndObserveImageData(BallsImage(AxialGrid(), TwoBalls(), VTK_SHORT));
  CHECK_BOOL(test.Logic->Segment(parameters), true);
  CHECK_BOOL(test.Logic->SetNoduleComment(parameters, 1, "stays Nodule 1"), true);
  CHECK_BOOL(test.Logic->ExportReport(parameters, folder), true);
  std::cout << test.Logic->GetStatusText() << std::endl;
  CHECK_BOOL(Holds(test.Logic->GetStatusText(), "The report's numbers are the run's: Nodule 1, Nodule 3 have others there"), true);
  CHECK_BOOL(Holds(Read(folder + "/CT/report.html"), "stays Nodule 1; number 1 in 3D Slicer"), true);
  return EXIT_SUCCESS;
}

int AnotherCTOrNoResultIsRefusedByName(const std::string& bundles, const std::string& folder)
{
  TestScene test(bundles);
  vtkMRMLScalarVolumeNode* const ct = test.AddCT();
  Parameters* const parameters = test.AddParameters(ct);
  CHECK_BOOL(test.Logic->Segment(parameters), true);
  // Without a DICOM series there are no DICOM objects, and of another file none either.
  CHECK_STD_STRING(test.Logic->GetDicomFile(parameters), "");
  CHECK_STD_STRING(test.Logic->GetDicomInstance(parameters), "");
  ct->SetAttribute("DICOM.instanceUIDs", "1.2.3 1.2.4");
  CHECK_STD_STRING(test.Logic->GetDicomInstance(parameters), "1.2.3");
  const std::string file = folder + "/slice.dcm";
  vtksys::ofstream(file.c_str(), std::ios::binary) << std::string(128, '\0') << "DICM and nothing else";
  vtkNew<vtkMRMLVolumeArchetypeStorageNode> storage;
  storage->SetFileName(file.c_str());
  ct->SetAndObserveStorageNodeID(test.Scene->AddNode(storage)->GetID());
  CHECK_STD_STRING(test.Logic->GetDicomFile(parameters), file);
  CHECK_BOOL(test.Logic->ExportReport(parameters, folder, file), false);
  std::cout << test.Logic->GetStatusText() << std::endl;
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusFailed);
  CHECK_BOOL(SystemTools::PathExists(folder + "/CT"), false);
  // Voxels that changed since the run.
  *static_cast<short*>(ct->GetImageData()->GetScalarPointer()) = 7;
  CHECK_BOOL(test.Logic->ExportReport(parameters, folder), false);
  CHECK_BOOL(Holds(test.Logic->GetStatusText(), "that the result was made from"), true);
  CHECK_BOOL(SystemTools::PathExists(folder + "/CT"), false);

  // As after a scene was loaded: the table is there, and the run isn't.
  vtkNew<vtkMRMLTableNode> kept;
  kept->Copy(parameters->GetNoduleTableNode());
  parameters->SetNoduleTableNode(vtkMRMLTableNode::SafeDownCast(test.Scene->AddNode(kept)));
  CHECK_BOOL(Holds(test.Logic->GetReportProblem(parameters, folder, false), "There is no report of this result"), true);
  CHECK_BOOL(Holds(test.Logic->GetReportProblem(parameters, folder, false), "The table can be exported as it is"), true);
  CHECK_BOOL(test.Logic->ExportReport(parameters, folder), false);
  CHECK_BOOL(test.Logic->Export(parameters, folder), true);
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungReportTest(int, char* argv[])
{
  const auto folder = [&](const std::string& name)
  {
    const std::string path = std::string(argv[2]) + "/" + name;
    SystemTools::RemoveADirectory(path);
    SystemTools::MakeDirectory(path);
    return path;
  };
  CHECK_EXIT_SUCCESS(ReportSaysWhatAReaderDecided(argv[1], folder("decided")));
  CHECK_EXIT_SUCCESS(WhatAReaderOutlinedIsSaidAndStopsDicomObjects(argv[1], folder("outlined")));
  CHECK_EXIT_SUCCESS(CTOfADicomSeriesGivesDicomObjects(argv[1], folder("dicom")));
  CHECK_EXIT_SUCCESS(NumbersOfTheRunAreSaidWhereTheTableHasOthers(argv[1], folder("numbers")));
  CHECK_EXIT_SUCCESS(AnotherCTOrNoResultIsRefusedByName(argv[1], folder("refused")));
  return EXIT_SUCCESS;
}
