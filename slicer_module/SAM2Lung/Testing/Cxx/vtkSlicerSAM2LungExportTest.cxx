// The nodules as a file that other programs read.

#include "SAM2LungMadeRun.h"

#include "SAM2LungOutputs.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLTableNode.h>

#include <vtksys/Directory.hxx>
#include <vtksys/FStream.hxx>
#include <vtksys/SystemTools.hxx>

#include <cmath>
#include <sstream>

using namespace sam2lung_testing;
using namespace sam2lung_slicer;
using vtksys::SystemTools;

namespace
{

using Logic = vtkSlicerSAM2LungLogic;

std::string Read(const std::string& path)
{
  vtksys::ifstream file(path.c_str(), std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Records of a file as RFC 4180 has it.
std::vector<std::vector<std::string>> Records(const std::string& text)
{
  std::vector<std::vector<std::string>> records(1, { "" });
  bool quoted = false;
  for (std::size_t n = 0; n < text.size(); ++n)
  {
    const bool twice = quoted && text.compare(n, 2, "\"\"") == 0;
    if (twice)
    {
      records.back().back() += text[n++];
    }
    else if (text[n] == '"')
    {
      quoted = !quoted;
    }
    else if (!quoted && text[n] == ',')
    {
      records.back().emplace_back();
    }
    else if (!quoted && text.compare(n, 2, "\r\n") == 0)
    {
      ++n;
      records.push_back({ "" });
    }
    else
    {
      records.back().back() += text[n];
    }
  }
  records.pop_back(); // behind the last line's end
  return records;
}

std::string CellOf(const std::vector<std::vector<std::string>>& records, std::size_t row, const std::string& column)
{
  for (std::size_t n = 0; n < records.front().size(); ++n)
  {
    if (records.front()[n] == column)
    {
      return records[row][n];
    }
  }
  return "no such column";
}

MadeRun Write(MadeScene& made)
{
  MadeRun run = MakeRun(StraightGrid(), ThreeBalls());
  run.Output.facts.warnings = { { "W_THICK_SLICES", "The slices are thick." }, { "W_MADE", "Made." } };
  WriteOutputs(made.Parameters, run.Input, run.Output);
  return run;
}

int MeasuresAndReadingsStandInTheFile(const std::string& folder)
{
  MadeScene made;
  const MadeRun run = Write(made);
  made.Logic->SetReaderName("A, Dr.");
  made.Logic->SetNoduleDecision(made.Parameters, 1, Logic::DecisionAccepted);
  made.Logic->SetNoduleDecision(made.Parameters, 2, Logic::DecisionRejected);
  made.Logic->SetNoduleComment(made.Parameters, 2, "ein Gefäß, seg. 3");
  made.Logic->SetNoduleComment(made.Parameters, 3, "=1+1");
  CHECK_BOOL(made.Logic->Export(made.Parameters, folder), true);
  const std::string path = folder + "/nodules.csv";
  CHECK_STD_STRING(made.Logic->GetStatusText(), "'" + path + "' is written.");
  const auto records = Records(Read(path));
  CHECK_INT(static_cast<int>(records.size()), 4);
  vtkMRMLTableNode* const table = made.Parameters->GetNoduleTableNode();
  CHECK_INT(static_cast<int>(records.front().size()), table->GetNumberOfColumns() + 1);
  for (const auto& record : records)
  {
    CHECK_INT(static_cast<int>(record.size()), static_cast<int>(records.front().size()));
  }
  for (std::size_t row = 1; row <= 3; ++row)
  {
    const Nodule& nodule = run.Output.nodules[row - 1];
    CHECK_STD_STRING(CellOf(records, row, "id"), std::to_string(nodule.id));
    CHECK_DOUBLE_TOLERANCE(
      std::stod(CellOf(records, row, "volume_mm3")), nodule.volume_mm3, 1e-9 * nodule.volume_mm3); // ten digits
    CHECK_STD_STRING(CellOf(records, row, "nodule_probability"), "");
    CHECK_STD_STRING(CellOf(records, row, "review"), nodule.review ? "true" : "false");
    CHECK_STD_STRING(CellOf(records, row, "scan_warnings"), "W_THICK_SLICES; W_MADE");
  }
  CHECK_STD_STRING(CellOf(records, 1, "accepted"), "true");
  CHECK_STD_STRING(CellOf(records, 1, "decided"), "true");
  CHECK_STD_STRING(CellOf(records, 2, "accepted"), "false");
  CHECK_STD_STRING(CellOf(records, 2, "decided"), "true");
  CHECK_STD_STRING(CellOf(records, 2, "comment"), "ein Gefäß, seg. 3");
  CHECK_STD_STRING(CellOf(records, 2, "reader"), "A, Dr.");
  // No spreadsheet runs a comment; numbers keep their minus.
  CHECK_STD_STRING(CellOf(records, 3, "comment"), "'=1+1");
  CHECK_BOOL(std::isfinite(std::stod(CellOf(records, 3, "centroid_r"))), true);
  CHECK_STD_STRING(CellOf(records, 3, "accepted"), "true");
  CHECK_STD_STRING(CellOf(records, 3, "decided"), "false");
  // Nothing but the file.
  vtksys::Directory listed;
  listed.Load(folder);
  CHECK_INT(static_cast<int>(listed.GetNumberOfFiles()), 3); // with "." and ".."
  return EXIT_SUCCESS;
}

int FileThatIsThereStays(const std::string& folder)
{
  MadeScene made;
  Write(made);
  const std::string before = Read(folder + "/nodules.csv");
  CHECK_BOOL(made.Logic->Export(made.Parameters, folder), false);
  CHECK_INT(made.Logic->GetStatus(), Logic::StatusRefused);
  CHECK_BOOL(made.Logic->GetStatusText().find("is there already") != std::string::npos, true);
  CHECK_STD_STRING(Read(folder + "/nodules.csv"), before);
  return EXIT_SUCCESS;
}

int WhatCantBeExportedIsRefused(const std::string& folder)
{
  MadeScene made;
  CHECK_BOOL(made.Logic->Export(made.Parameters, folder), false);
  CHECK_BOOL(made.Logic->GetStatusText().find("There is no result to export") == 0, true);
  CHECK_BOOL(made.Logic->Export(nullptr, folder), false);
  CHECK_BOOL(made.Logic->GetStatusText().find("There is no parameter node") == 0, true);
  Write(made);
  CHECK_BOOL(made.Logic->Export(made.Parameters, folder + "/none"), false);
  CHECK_BOOL(made.Logic->GetStatusText().find("is no folder") != std::string::npos, true);
  CHECK_BOOL(SystemTools::PathExists(folder + "/none"), false);
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungExportTest(int, char* argv[])
{
  const std::string folder = std::string(argv[2]) + "/out";
  SystemTools::RemoveADirectory(folder);
  SystemTools::MakeDirectory(folder);
  CHECK_EXIT_SUCCESS(MeasuresAndReadingsStandInTheFile(folder));
  CHECK_EXIT_SUCCESS(FileThatIsThereStays(folder));
  CHECK_EXIT_SUCCESS(WhatCantBeExportedIsRefused(folder));
  return EXIT_SUCCESS;
}
