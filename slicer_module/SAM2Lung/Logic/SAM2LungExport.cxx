#include "SAM2LungExport.h"

#include "SAM2LungTable.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLTableNode.h>

#include <vtkAbstractArray.h>
#include <vtkTable.h>
#include <vtkVariant.h>

#include <vtksys/FStream.hxx>
#include <vtksys/SystemTools.hxx>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <ios>
#include <system_error>
#include <vector>

namespace sam2lung_slicer
{

namespace
{

/// As in RFC 4180.
constexpr const char* LINE_END = "\r\n";

/// In quotes where it needs them, as in RFC 4180.
std::string Quoted(const std::string& text)
{
  if (text.find_first_of(",\"\r\n") == std::string::npos)
  {
    return text;
  }
  std::string quoted = "\"";
  for (const char c : text)
  {
    quoted += c == '"' ? "\"\"" : std::string(1, c);
  }
  return quoted + "\"";
}

/// In place of a character that controls a line (U+FFFD).
constexpr const char* REPLACED = "\xEF\xBF\xBD";
/// What a spreadsheet takes for the beginning of a formula, wide forms included.
constexpr std::array<const char*, 8> FORMULA{ "=",           "+",           "-",           "@",
                                              "\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D", "\xEF\xBC\xA0" };

/// As in the command line's tables: on one line, and behind an apostrophe where a spreadsheet would run it as a formula. A comment may
/// come from another scene.
std::string Disarmed(const std::string& text)
{
  const bool runs = std::any_of(FORMULA.begin(), FORMULA.end(), [&](const char* sign) { return text.rfind(sign, 0) == 0; });
  std::string line = runs ? "'" : "";
  for (const char c : text)
  {
    const auto code = static_cast<unsigned char>(c);
    line += code < 0x20 || code == 0x7F ? REPLACED : std::string(1, c);
  }
  return line;
}

/// As on the command line: flags are words, and what the model says nothing about is empty.
std::string Cell(vtkAbstractArray* cells, vtkIdType row)
{
  const vtkVariant value = cells->GetVariantValue(row);
  switch (cells->GetDataType())
  {
    case VTK_BIT: return value.ToInt() != 0 ? "true" : "false";
    case VTK_DOUBLE:
    {
      char text[32];
      std::snprintf(text, sizeof text, "%.10g", value.ToDouble());
      return std::isnan(value.ToDouble()) ? std::string() : text;
    }
    case VTK_STRING: return Quoted(Disarmed(value.ToString()));
    default: return Quoted(value.ToString());
  }
}

} // namespace

//----------------------------------------------------------------------------
std::string NodulesText(vtkMRMLTableNode* node, const std::set<int>& ids)
{
  vtkTable* const table = node->GetTable();
  std::string text;
  for (vtkIdType column = 0; column < table->GetNumberOfColumns(); ++column)
  {
    text += Quoted(table->GetColumnName(column)) + ",";
  }
  text += std::string("scan_warnings") + LINE_END;
  const std::string warnings = Quoted(TableWarningNames(node));
  for (const int id : NoduleIDs(node))
  {
    const int row = NoduleRow(node, id);
    for (vtkIdType column = 0; ids.count(id) > 0 && column < table->GetNumberOfColumns(); ++column)
    {
      text += Cell(table->GetColumn(column), row) + ",";
    }
    text += ids.count(id) > 0 ? warnings + LINE_END : std::string();
  }
  return text;
}

//----------------------------------------------------------------------------
bool WriteText(const std::string& path, const std::string& text)
{
  // Under another name first, so that nobody reads half a file.
  const std::string part = path + ".part";
  vtksys::ofstream file(part.c_str(), std::ios::binary);
  file << text;
  file.close();
  std::error_code problem;
  if (file)
  {
    std::filesystem::rename(std::filesystem::u8path(part), std::filesystem::u8path(path), problem);
  }
  if (!file || problem)
  {
    vtksys::SystemTools::RemoveFile(part);
    return false;
  }
  return true;
}

//----------------------------------------------------------------------------
std::string ExportNodules(vtkMRMLSAM2LungParametersNode* parameters, const std::string& folder)
{
  vtkMRMLTableNode* const table = parameters->GetNoduleTableNode();
  if (!IsNoduleTable(table))
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic",
                     "There is no result to export; expected a table of nodules. Segment the CT first.");
  }
  if (!vtksys::SystemTools::FileIsDirectory(folder))
  {
    return vtkMRMLI18N::Format(
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "'%1' is no folder; expected one that is there. Choose another one."),
      folder.c_str());
  }
  const std::string path = folder + "/" + EXPORTED_FILE;
  if (vtksys::SystemTools::PathExists(path))
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "'%1' is there already, perhaps another CT's; nothing was written. Choose "
                                         "another folder, or remove the file."),
                               path.c_str());
  }
  const std::vector<int> ids = NoduleIDs(table);
  return WriteText(path, NodulesText(table, { ids.begin(), ids.end() }))
           ? std::string()
           : vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                           "'%1' can't be written. Choose another folder, or make room there."),
                                 path.c_str());
}

} // namespace sam2lung_slicer
