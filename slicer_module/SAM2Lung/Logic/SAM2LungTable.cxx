#include "SAM2LungTable.h"

#include "SAM2LungComparison.h"
#include "SAM2LungReading.h"
#include "SAM2LungTableColumns.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLTableNode.h>

#include <vtkAbstractArray.h>
#include <vtkNew.h>
#include <vtkTable.h>
#include <vtkVariant.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <sstream>

namespace sam2lung_slicer
{

namespace
{

/// Facts about the run, as attributes of the table's node: they are saved with the scene.
constexpr const char* FACT = "SAM2Lung.";
/// What model.json calls labels that are classes.
constexpr const char* REGIONS = "regions";

void SetFact(vtkMRMLTableNode* node, const char* name, const std::string& value)
{
  node->SetAttribute((std::string(FACT) + name).c_str(), value.c_str());
}

std::string Fact(vtkMRMLTableNode* node, const char* name)
{
  const char* value = node->GetAttribute((std::string(FACT) + name).c_str());
  return value ? value : "";
}

std::string Number(double value)
{
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

/// A line each, "NAME text": names hold no space, and texts no line break.
std::string WarningLines(const std::vector<RunWarning>& warnings)
{
  std::string lines;
  for (const RunWarning& warning : warnings)
  {
    std::string text = warning.text;
    std::replace(text.begin(), text.end(), '\n', ' ');
    lines += (lines.empty() ? "" : "\n") + warning.name + " " + text;
  }
  return lines;
}

std::vector<std::string> Lines(const std::string& text)
{
  std::vector<std::string> lines;
  std::istringstream from(text);
  for (std::string line; std::getline(from, line);)
  {
    lines.push_back(line);
  }
  return lines;
}

/// A line each, as TableClassColors() gives them: names hold no line break.
std::string ColorLines(const RunClasses& classes)
{
  std::string lines;
  for (const RunClass& one : classes.list)
  {
    char color[8];
    std::snprintf(color, sizeof color, "#%02x%02x%02x", one.colour[0], one.colour[1], one.colour[2]);
    lines += (lines.empty() ? "" : "\n") + std::string(color) + " " + one.name;
  }
  return classes.Several() ? lines : std::string();
}

void WriteFacts(vtkMRMLTableNode* node, const RunFacts& facts)
{
  SetFact(node, "Model", facts.model);
  SetFact(node, "ModelSHA256", facts.model_sha256);
  SetFact(node, "Library", facts.library);
  SetFact(node, "Device", facts.device);
  SetFact(node, "DeviceReason", facts.device_reason);
  SetFact(node, "Uncertainty", UncertaintyName(facts.uncertainty));
  SetFact(node, "Samples", std::to_string(facts.samples));
  SetFact(node, "Seed", std::to_string(facts.seed));
  SetFact(node, "Threshold", Number(facts.threshold));
  SetFact(node, "Seconds", Number(facts.seconds));
  SetFact(node, "Warnings", WarningLines(facts.warnings));
  SetFact(node, "Micronodules", std::to_string(facts.micronodules));
  SetFact(node, "MinDiameter", Number(facts.min_diameter_mm));
  SetFact(node, "ShareOfSlices", facts.share_of_slices ? Number(*facts.share_of_slices) : "");
}

void DescribeColumns(vtkMRMLTableNode* node, sam2lung::Uncertainty uncertainty)
{
  node->SetAndObserveSchema(vtkSmartPointer<vtkTable>::New());
  for (const TableColumn& column : TableColumns(uncertainty))
  {
    node->SetColumnTitle(column.name, column.title);
    node->SetColumnDescription(column.name, column.description);
    node->SetColumnUnitLabel(column.name, column.unit.label);
    node->SetColumnProperty(column.name, "unitCodeMeaning", column.unit.meaning);
    node->SetColumnProperty(column.name, "unitCodeValue", column.unit.ucum);
    node->SetColumnProperty(column.name, "unitCodingSchemeDesignator", column.unit.ucum[0] ? "UCUM" : "");
    if (column.type == VTK_DOUBLE)
    {
      node->SetColumnNullValue(column.name, "nan"); // an empty cell is no zero
    }
  }
}

std::vector<int> IDs(vtkTable* table)
{
  std::vector<int> ids;
  vtkAbstractArray* column = table ? table->GetColumnByName("id") : nullptr;
  const vtkIdType rows = column ? column->GetNumberOfTuples() : 0;
  for (vtkIdType row = 0; row < rows; ++row)
  {
    ids.push_back(column->GetVariantValue(row).ToInt());
  }
  return ids;
}

void WriteRow(vtkTable* table, vtkIdType row, const sam2lung::Nodule& nodule)
{
  for (const TableColumn& column : TableColumns(sam2lung::Uncertainty::bundle))
  {
    table->GetColumnByName(column.name)->SetVariantValue(row, column.cell(nodule));
  }
}

void AddEmptyColumn(vtkTable* table, const TableColumn& column)
{
  const auto array = vtkSmartPointer<vtkAbstractArray>::Take(vtkAbstractArray::CreateArray(column.type));
  array->SetName(column.name);
  array->SetNumberOfTuples(table->GetNumberOfRows());
  const vtkVariant nothing = column.type == VTK_DOUBLE   ? vtkVariant(std::numeric_limits<double>::quiet_NaN())
                             : column.type == VTK_STRING ? vtkVariant(std::string())
                                                         : vtkVariant(0);
  for (vtkIdType row = 0; row < table->GetNumberOfRows(); ++row)
  {
    array->SetVariantValue(row, nothing);
  }
  table->AddColumn(array);
}

std::string Duration(double seconds)
{
  const long whole = std::lround(seconds);
  if (whole < 1)
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic", "less than a second");
  }
  if (whole < 120)
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 s"), std::to_string(whole).c_str());
  }
  return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 min %2 s"),
                             std::to_string(whole / 60).c_str(),
                             std::to_string(whole % 60).c_str());
}

std::string RegionCount(std::size_t regions)
{
  return regions == 1
           ? vtkMRMLTr("vtkSlicerSAM2LungLogic", "1 region")
           : vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 regions"), std::to_string(regions).c_str());
}

/// Of a model of several classes.
std::string FindingCount(std::size_t findings)
{
  return findings == 1
           ? vtkMRMLTr("vtkSlicerSAM2LungLogic", "1 finding")
           : vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 findings"), std::to_string(findings).c_str());
}

std::string Count(std::size_t nodules, std::size_t rejected)
{
  if (nodules == 0)
  {
    return rejected == 0 ? vtkMRMLTr("vtkSlicerSAM2LungLogic", "No nodules found")
                         : vtkMRMLTr("vtkSlicerSAM2LungLogic", "No nodules");
  }
  if (nodules == 1)
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic", "1 nodule");
  }
  return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 nodules"), std::to_string(nodules).c_str());
}

} // namespace

//----------------------------------------------------------------------------
vtkSmartPointer<vtkTable> MakeTable(const std::vector<sam2lung::Nodule>& nodules)
{
  const vtkIdType rows = static_cast<vtkIdType>(nodules.size());
  vtkNew<vtkTable> table;
  for (const TableColumn& column : TableColumns(sam2lung::Uncertainty::bundle))
  {
    const auto array = vtkSmartPointer<vtkAbstractArray>::Take(vtkAbstractArray::CreateArray(column.type));
    array->SetName(column.name);
    array->SetNumberOfTuples(rows);
    table->AddColumn(array);
  }
  for (vtkIdType row = 0; row < rows; ++row)
  {
    WriteRow(table, row, nodules[static_cast<std::size_t>(row)]);
  }
  return table;
}

//----------------------------------------------------------------------------
void WriteTable(vtkMRMLTableNode* node, vtkTable* table, const RunFacts& facts, const RunClasses& classes)
{
  MRMLNodeModifyBlocker blocker(node);
  node->SetAndObserveTable(table);
  DescribeColumns(node, facts.uncertainty);
  WriteFacts(node, facts);
  ForgetComparison(node);
  SetFact(node, "Output", classes.regions ? REGIONS : "instances");
  SetFact(node, "ClassColors", ColorLines(classes));
}

//----------------------------------------------------------------------------
bool HasRegions(vtkMRMLTableNode* node)
{
  return node && Fact(node, "Output") == REGIONS;
}

//----------------------------------------------------------------------------
void UpgradeTable(vtkMRMLTableNode* node)
{
  vtkTable* const table = node ? node->GetTable() : nullptr;
  if (!table || !table->GetColumnByName("id") || !table->GetColumnByName("accepted") || IsNoduleTable(node))
  {
    return;
  }
  MRMLNodeModifyBlocker blocker(node);
  vtkAbstractArray* const prompted = table->GetColumnByName("prompted");
  if (prompted && !table->GetColumnByName("clicked"))
  {
    prompted->SetName("clicked");
  }
  const bool without_decisions = !table->GetColumnByName("decided");
  for (const TableColumn& column : TableColumns(sam2lung::Uncertainty::bundle))
  {
    if (!table->GetColumnByName(column.name))
    {
      AddEmptyColumn(table, column);
    }
  }
  if (without_decisions)
  {
    // Accepted was what nobody had looked at, too.
    for (const int id : IDs(table))
    {
      const bool rejected = CellNumber(node, id, "accepted") == 0;
      SetReading(table, id, { rejected ? Decision::rejected : Decision::undecided, "", "" });
    }
  }
  DescribeColumns(node, TableUncertainty(node));
  table->Modified();
}

//----------------------------------------------------------------------------
bool IsNoduleTable(vtkMRMLTableNode* node)
{
  if (!node || !node->GetTable())
  {
    return false;
  }
  for (const TableColumn& column : TableColumns(sam2lung::Uncertainty::bundle))
  {
    vtkAbstractArray* array = node->GetTable()->GetColumnByName(column.name);
    if (!array || array->GetDataType() != column.type)
    {
      return false;
    }
  }
  return true;
}

//----------------------------------------------------------------------------
std::vector<int> NoduleIDs(vtkMRMLTableNode* node)
{
  return IDs(node ? node->GetTable() : nullptr);
}

//----------------------------------------------------------------------------
int NoduleRow(vtkMRMLTableNode* node, int id)
{
  return NoduleRow(node ? node->GetTable() : nullptr, id);
}

//----------------------------------------------------------------------------
int NoduleRow(vtkTable* table, int id)
{
  const std::vector<int> ids = IDs(table);
  const auto found = std::find(ids.begin(), ids.end(), id);
  return found == ids.end() ? -1 : static_cast<int>(found - ids.begin());
}

//----------------------------------------------------------------------------
sam2lung::Nodule NoduleInTable(vtkMRMLTableNode* node, int id)
{
  sam2lung::Nodule nodule;
  nodule.id = static_cast<std::uint32_t>(id);
  nodule.review = CellNumber(node, id, "review") > 0;
  nodule.clicked = CellNumber(node, id, "clicked") > 0;
  nodule.class_name = CellText(node, id, "class");
  nodule.long_axis_mm = CellNumber(node, id, "long_axis_mm");
  nodule.volume_mm3 = CellNumber(node, id, "volume_mm3");
  nodule.centroid_ijk = {
    { CellNumber(node, id, "centroid_i"), CellNumber(node, id, "centroid_j"), CellNumber(node, id, "centroid_k") }
  };
  nodule.centroid_ras = {
    { CellNumber(node, id, "centroid_r"), CellNumber(node, id, "centroid_a"), CellNumber(node, id, "centroid_s") }
  };
  std::string reasons = CellText(node, id, "review_reasons");
  while (!reasons.empty())
  {
    const std::size_t end = reasons.find(REASON_SEPARATOR);
    nodule.review_reasons.push_back(reasons.substr(0, end));
    reasons = end == std::string::npos ? "" : reasons.substr(end + std::string(REASON_SEPARATOR).size());
  }
  return nodule;
}

//----------------------------------------------------------------------------
void CopyRow(vtkMRMLTableNode* node, int earlier, vtkTable* table, int id)
{
  const int from = NoduleRow(node, earlier);
  const int to = NoduleRow(table, id);
  for (const TableColumn& column : TableColumns(sam2lung::Uncertainty::bundle))
  {
    vtkAbstractArray* const cells = from < 0 ? nullptr : node->GetTable()->GetColumnByName(column.name);
    if (cells && to >= 0 && std::string(column.name) != "id")
    {
      table->GetColumnByName(column.name)->SetVariantValue(to, cells->GetVariantValue(from));
    }
  }
}

//----------------------------------------------------------------------------
void WriteNodule(vtkMRMLTableNode* node, const sam2lung::Nodule& nodule)
{
  MRMLNodeModifyBlocker blocker(node);
  int row = NoduleRow(node, static_cast<int>(nodule.id));
  if (row < 0)
  {
    row = node->AddEmptyRow();
  }
  WriteRow(node->GetTable(), row, nodule);
  node->GetTable()->Modified();
}

//----------------------------------------------------------------------------
void RemoveNodule(vtkMRMLTableNode* node, int id)
{
  const int row = NoduleRow(node, id);
  if (row >= 0)
  {
    node->RemoveRow(row);
  }
}

//----------------------------------------------------------------------------
std::string CellText(vtkMRMLTableNode* node, int id, const std::string& column)
{
  const int row = NoduleRow(node, id);
  vtkAbstractArray* array = row < 0 ? nullptr : node->GetTable()->GetColumnByName(column.c_str());
  if (!array)
  {
    return "";
  }
  const vtkVariant cell = array->GetVariantValue(row);
  return cell.IsNumeric() && std::isnan(cell.ToDouble()) ? "" : cell.ToString();
}

//----------------------------------------------------------------------------
double CellNumber(vtkMRMLTableNode* node, int id, const std::string& column)
{
  const int row = NoduleRow(node, id);
  vtkAbstractArray* array = row < 0 ? nullptr : node->GetTable()->GetColumnByName(column.c_str());
  bool valid = false;
  const double number = array ? array->GetVariantValue(row).ToDouble(&valid) : 0.0;
  return valid ? number : std::numeric_limits<double>::quiet_NaN();
}

//----------------------------------------------------------------------------
sam2lung::Uncertainty TableUncertainty(vtkMRMLTableNode* node)
{
  using Kind = sam2lung::Uncertainty;
  const std::string name = IsNoduleTable(node) ? Fact(node, "Uncertainty") : "";
  for (const Kind kind : { Kind::entropy, Kind::variance, Kind::mutual_information })
  {
    if (name == UncertaintyName(kind))
    {
      return kind;
    }
  }
  return Kind::bundle;
}

//----------------------------------------------------------------------------
std::string TableClassColors(vtkMRMLTableNode* node)
{
  return IsNoduleTable(node) ? Fact(node, "ClassColors") : "";
}

//----------------------------------------------------------------------------
std::string TableResultText(vtkMRMLTableNode* node)
{
  if (!IsNoduleTable(node) || Fact(node, "Device").empty())
  {
    return "";
  }
  std::vector<int> ids = NoduleIDs(node);
  const std::size_t all = ids.size();
  ids.erase(std::remove_if(ids.begin(), ids.end(), [node](int id) { return CellNumber(node, id, "accepted") == 0; }),
            ids.end());
  const std::size_t rejected = all - ids.size();
  const auto flagged =
    std::count_if(ids.begin(), ids.end(), [node](int id) { return CellNumber(node, id, "review") > 0; });
  std::string text = HasRegions(node)                   ? RegionCount(ids.size())
                     : !TableClassColors(node).empty() ? FindingCount(ids.size())
                                                       : Count(ids.size(), rejected);
  if (flagged > 0)
  {
    const std::string number = std::to_string(flagged);
    text += " " + vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "(%1 to review)"), number.c_str());
  }
  std::string others;
  if (rejected > 0)
  {
    const std::string number = std::to_string(rejected);
    others += vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", ", %1 rejected"), number.c_str());
  }
  if (vtkVariant(Fact(node, "Micronodules")).ToInt() > 0)
  {
    others += vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", ", %1 below %2 mm not shown"),
                                  Fact(node, "Micronodules").c_str(),
                                  Fact(node, "MinDiameter").c_str());
  }
  text += others.empty() ? "" : others + ",";
  const std::string duration = Duration(vtkVariant(Fact(node, "Seconds")).ToDouble());
  return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 in %2 on %3. Research use only."),
                             text.c_str(),
                             duration.c_str(),
                             Fact(node, "Device").c_str());
}

//----------------------------------------------------------------------------
std::string TableWarningText(vtkMRMLTableNode* node)
{
  std::string text;
  for (const std::string& line : Lines(IsNoduleTable(node) ? Fact(node, "Warnings") : ""))
  {
    text += (text.empty() ? "" : "\n") + line.substr(line.find(' ') + 1);
  }
  return text;
}

//----------------------------------------------------------------------------
std::string TableWarningNames(vtkMRMLTableNode* node)
{
  std::string names;
  for (const std::string& line : Lines(IsNoduleTable(node) ? Fact(node, "Warnings") : ""))
  {
    names += (names.empty() ? "" : REASON_SEPARATOR) + line.substr(0, line.find(' '));
  }
  return names;
}

} // namespace sam2lung_slicer
