#include "SAM2LungComparison.h"

#include "SAM2LungColors.h"
#include "SAM2LungReading.h"
#include "SAM2LungReview.h"
#include "SAM2LungSegmentation.h"
#include "SAM2LungShownColumns.h"
#include "SAM2LungTable.h"
#include "SAM2LungText.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLTableNode.h>

#include <vtkAbstractArray.h>
#include <vtkTable.h>
#include <vtkType.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <sstream>

namespace sam2lung_slicer
{
namespace
{

using sam2lung::ComparisonRow;

constexpr TableUnit NONE{};
constexpr TableUnit MM{ "mm", "mm", "millimeter" };
constexpr TableUnit MM3{ "mm³", "mm3", "cubic millimeter" };
constexpr TableUnit PERCENT{ "%", "%", "percent" };
constexpr TableUnit DAY{ "d", "d", "day" };

/// Attributes of the table's node, saved with the scene.
constexpr const char* PRIOR = "SAM2Lung.Prior";
constexpr const char* DAYS = "SAM2Lung.PriorDays";
constexpr const char* DOUBTS = "SAM2Lung.PriorDoubts";
constexpr const char* GONE = "SAM2Lung.PriorGone";
/// ComparisonStamp(). It stays when a comparison goes.
constexpr const char* STAMP = "SAM2Lung.PriorStamp";

struct Column
{
  const char* name;
  int type;
  TableUnit unit;
  std::string title;
  std::string description;
  vtkVariant (*cell)(const ComparisonRow& row);
};

template <double ComparisonRow::*Member>
vtkVariant Number(const ComparisonRow& row)
{
  return vtkVariant(row.*Member);
}

std::vector<Column> Columns()
{
  return {
    { "change",
      VTK_STRING,
      NONE,
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Change"),
      vtkMRMLTr("vtkSlicerSAM2LungLogic",
                "What became of it since the prior CT: new, grown, shrunk, stable, cut-off (an image may cut it off: not "
                "known), not-searched-before; empty: not compared"),
      [](const ComparisonRow& row) { return vtkVariant(std::string(sam2lung::name(row.change))); } },
    { "prior_id",
      VTK_STRING,
      NONE,
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Number in the prior"),
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Its number in the prior CT; empty: none there, or a micronodule"),
      [](const ComparisonRow& row)
      { return vtkVariant(row.prior_id == 0 ? std::string() : std::to_string(row.prior_id)); } },
    { "prior_volume_mm3",
      VTK_DOUBLE,
      MM3,
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Prior volume"),
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Volume of its outline in the prior CT"),
      Number<&ComparisonRow::prior_volume_mm3> },
    { "volume_change_percent",
      VTK_DOUBLE,
      PERCENT,
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Volume change"),
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Change of the volume of the outline, of the prior one"),
      Number<&ComparisonRow::volume_change_percent> },
    { "volume_change_percent_p05",
      VTK_DOUBLE,
      PERCENT,
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Volume change from"),
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Lower end of its 90 % interval"),
      Number<&ComparisonRow::volume_change_percent_p05> },
    { "volume_change_percent_p95",
      VTK_DOUBLE,
      PERCENT,
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Volume change to"),
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Upper end of its 90 % interval"),
      Number<&ComparisonRow::volume_change_percent_p95> },
    { "growth_probability",
      VTK_DOUBLE,
      NONE,
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "P(growth)"),
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "How probable it is that the volume grew by more than 25 %"),
      Number<&ComparisonRow::growth_probability> },
    { "diameter_change_mm",
      VTK_DOUBLE,
      MM,
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Diameter change"),
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Growth of the mean diameter (axial long and short axis)"),
      Number<&ComparisonRow::diameter_change_mm> },
    { "diameter_growth_probability",
      VTK_DOUBLE,
      NONE,
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "P(diameter growth)"),
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "How probable it is that the mean diameter grew by more than 1.5 mm"),
      Number<&ComparisonRow::diameter_growth_probability> },
    { "doubling_time_days",
      VTK_DOUBLE,
      DAY,
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Doubling time"),
      vtkMRMLTr("vtkSlicerSAM2LungLogic",
                "Days in which the volume doubles at that pace; none where it didn't grow, or the days between the scans "
                "aren't known"),
      Number<&ComparisonRow::doubling_time_days> },
    { "doubling_time_days_p05",
      VTK_DOUBLE,
      DAY,
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Doubling time from"),
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Lower end of its 90 % interval"),
      Number<&ComparisonRow::doubling_time_days_p05> },
    { "doubling_time_days_p95",
      VTK_DOUBLE,
      DAY,
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Doubling time to"),
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Upper end of its 90 % interval; none where it may not have grown"),
      Number<&ComparisonRow::doubling_time_days_p95> },
    { "probability_in_prior",
      VTK_DOUBLE,
      NONE,
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Probability in the prior"),
      vtkMRMLTr("vtkSlicerSAM2LungLogic",
                "Of a new one: highest probability of a nodule about that place in the prior CT; high: it may have been "
                "there all the same"),
      Number<&ComparisonRow::probability_in_other> },
  };
}

vtkVariant Nothing(int type)
{
  return type == VTK_DOUBLE ? vtkVariant(std::numeric_limits<double>::quiet_NaN()) : vtkVariant(std::string());
}

std::string Attribute(vtkMRMLTableNode* node, const char* name)
{
  const char* const value = node ? node->GetAttribute(name) : nullptr;
  return value ? value : "";
}

std::string Printed(double value, const char* format)
{
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

/// As attributes hold it: all digits.
std::string Exact(double value)
{
  return Printed(value, "%.17g");
}

std::string OneLine(std::string text)
{
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

/// Whether the outline in the scene is still the run's.
bool IsRuns(vtkMRMLTableNode* node, int id)
{
  return NoduleRow(node, id) >= 0 && !(CellNumber(node, id, "clicked") > 0) && !(CellNumber(node, id, "edited") > 0);
}

/// Another comparison than before, or none.
void ChangeStamp(vtkMRMLTableNode* node)
{
  node->SetAttribute(STAMP, std::to_string(ComparisonStamp(node) + 1).c_str());
}

/// The nodule that a reader outlined or edited, and didn't reject, about a place in the CT's own frame: no further from its centre
/// than half its long axis. 0: there is none.
int ReadersNoduleAt(vtkMRMLTableNode* node, const std::array<double, 3>& place_ras)
{
  for (const int id : NoduleIDs(node))
  {
    if (IsRuns(node, id) || ReadingInTable(node, id).decision == Decision::rejected)
    {
      continue;
    }
    const double distance_mm = std::hypot(CellNumber(node, id, "centroid_r") - place_ras[0],
                                          CellNumber(node, id, "centroid_a") - place_ras[1],
                                          CellNumber(node, id, "centroid_s") - place_ras[2]);
    if (distance_mm <= CellNumber(node, id, "long_axis_mm") / 2)
    {
      return id;
    }
  }
  return 0;
}

/// Nodules that the run found in the prior alone, whether or not a reader outlined one there now.
std::vector<GoneNodule> GoneInRun(vtkMRMLTableNode* node)
{
  std::vector<GoneNodule> list;
  std::istringstream lines(Attribute(node, GONE));
  for (std::string line; std::getline(lines, line);)
  {
    GoneNodule gone;
    std::istringstream words(line);
    std::string number;
    words >> gone.change >> gone.prior;
    for (double* const value : { &gone.place_ras[0], &gone.place_ras[1], &gone.place_ras[2], &gone.volume_mm3,
                                 &gone.probability })
    {
      // By way of a text: streams don't read "nan".
      words >> number;
      *value = std::strtod(number.c_str(), nullptr);
    }
    list.push_back(gone);
  }
  return list;
}

/// "nodule 3 of the prior, 280 mm³"
std::string PriorText(const GoneNodule& gone)
{
  const std::string volume = Printed(gone.volume_mm3, "%.0f");
  return gone.prior == 0 ? vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "a nodule of the prior, %1 mm³"),
                                               volume.c_str())
                         : vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "nodule %1 of the prior, %2 mm³"),
                                               std::to_string(gone.prior).c_str(),
                                               volume.c_str());
}

/// Of a nodule that wasn't compared, since a reader outlined or edited it: what the prior has at its place.
std::string ReadersText(vtkMRMLTableNode* node, int id)
{
  std::string text;
  for (const GoneNodule& gone : GoneInRun(node))
  {
    if (ReadersNoduleAt(node, gone.place_ras) == id)
    {
      text += (text.empty() ? "" : " ") +
              vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "Outlined by a reader, not compared; here was %1."),
                                  PriorText(gone).c_str());
    }
  }
  return text;
}

/// What it is called in a count: "2 grown".
std::string Count(const std::string& change, int count)
{
  static const std::map<std::string, std::string> words{
    { "new", vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 new") },
    { "grown", vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 grown") },
    { "shrunk", vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 shrunk") },
    { "stable", vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 stable") },
    { "cut-off", vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 cut off by an image") },
    { "not-searched-before", vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 where the prior wasn't searched") },
    { "gone", vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 gone") },
    { "not-searched-now", vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 of the prior where this CT wasn't searched") },
  };
  const auto found = words.find(change);
  return vtkMRMLI18N::Format(found == words.end() ? "%1 " + change : found->second, std::to_string(count).c_str());
}

/// A word at the head of a sentence: "Grown".
std::string Headed(const std::string& change)
{
  const std::string counted = Count(change, 0);
  std::string word = counted.substr(counted.find(' ') + 1);
  word = Sentence(word);
  word.pop_back();
  return word;
}

/// "+91 % (+60 to +130 %)"
std::string PercentText(vtkMRMLTableNode* node, int id)
{
  const auto number = [&](const char* column) { return CellNumber(node, id, column); };
  std::string text = Printed(number("volume_change_percent"), "%+.0f %%");
  const double low = number("volume_change_percent_p05");
  const double high = number("volume_change_percent_p95");
  if (std::isfinite(low) && std::isfinite(high))
  {
    text += vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", " (%1 to %2)"),
                                Printed(low, "%+.0f").c_str(),
                                Printed(high, "%+.0f %%").c_str());
  }
  return text;
}

} // namespace

//----------------------------------------------------------------------------
std::vector<TableColumn> ComparisonColumns()
{
  std::vector<TableColumn> columns;
  for (const Column& column : Columns())
  {
    const auto nothing = column.type == VTK_DOUBLE ? [](const sam2lung::Nodule&) { return Nothing(VTK_DOUBLE); }
                                                   : [](const sam2lung::Nodule&) { return Nothing(VTK_STRING); };
    columns.push_back({ column.name, column.type, column.unit, column.title, column.description, nothing });
  }
  return columns;
}

//----------------------------------------------------------------------------
void WriteComparison(vtkMRMLTableNode* node,
                     const Compared& compared,
                     const Kept& current,
                     const Kept* prior,
                     const std::string& prior_name)
{
  MRMLNodeModifyBlocker blocker(node);
  vtkTable* const table = node->GetTable();
  const std::vector<Column> columns = Columns();
  EmptyComparison(table);
  std::string gone;
  for (ComparisonRow row : compared.rows)
  {
    const int prior_id = static_cast<int>(row.prior_id);
    row.prior_id = static_cast<std::uint32_t>(prior && prior_id != 0 ? prior->NumberNow(prior_id) : prior_id);
    const bool prior_runs = !prior || prior_id == 0 || IsRuns(prior->table, static_cast<int>(row.prior_id));
    // What is below the smallest diameter now has no row, and mustn't vanish without a word.
    if (!row.in_current || row.current_id == 0)
    {
      if (!prior_runs)
      {
        continue;
      }
      std::string line = sam2lung::name(row.change) + (" " + std::to_string(row.prior_id));
      for (const double value : { row.current_ras[0], row.current_ras[1], row.current_ras[2], row.prior_volume_mm3,
                                  row.probability_in_other })
      {
        line += " " + Exact(value);
      }
      gone += (gone.empty() ? "" : "\n") + line;
      continue;
    }
    const int id = current.NumberNow(static_cast<int>(row.current_id));
    const bool one_sided = !row.in_prior;
    // What the run alone calls new isn't, where a reader outlined it in the prior.
    const bool readers_in_prior = one_sided && prior && ReadersNoduleAt(prior->table, row.prior_ras) > 0;
    if (!IsRuns(node, id) || !prior_runs || readers_in_prior)
    {
      continue;
    }
    for (const Column& column : columns)
    {
      const bool of_new = std::string(column.name) == "probability_in_prior";
      const vtkVariant cell = of_new && !one_sided ? Nothing(column.type) : column.cell(row);
      table->GetColumnByName(column.name)->SetVariantValue(NoduleRow(table, id), cell);
    }
  }
  std::string doubts;
  for (const std::string& doubt : compared.doubts)
  {
    doubts += (doubts.empty() ? "" : "\n") + OneLine(Sentence(doubt));
  }
  node->SetAttribute(PRIOR, OneLine(prior_name).c_str());
  node->SetAttribute(DAYS, compared.days ? Exact(*compared.days).c_str() : "");
  node->SetAttribute(DOUBTS, doubts.c_str());
  node->SetAttribute(GONE, gone.c_str());
  ChangeStamp(node);
  table->Modified();
}

//----------------------------------------------------------------------------
int ComparisonStamp(vtkMRMLTableNode* node)
{
  return std::atoi(Attribute(node, STAMP).c_str());
}

//----------------------------------------------------------------------------
void EmptyComparison(vtkTable* rows)
{
  for (const Column& column : Columns())
  {
    vtkAbstractArray* const cells = rows->GetColumnByName(column.name);
    for (vtkIdType row = 0; cells && row < rows->GetNumberOfRows(); ++row)
    {
      cells->SetVariantValue(row, Nothing(column.type));
    }
  }
}

//----------------------------------------------------------------------------
void ForgetComparison(vtkMRMLTableNode* node)
{
  if (node->GetAttribute(PRIOR))
  {
    ChangeStamp(node);
  }
  for (const char* attribute : { PRIOR, DAYS, DOUBTS, GONE })
  {
    node->RemoveAttribute(attribute);
  }
}

//----------------------------------------------------------------------------
void EndComparison(vtkMRMLTableNode* node)
{
  if (!node || !node->GetAttribute(PRIOR))
  {
    return;
  }
  MRMLNodeModifyBlocker blocker(node);
  EmptyComparison(node->GetTable());
  ForgetComparison(node);
  node->GetTable()->Modified();
}

//----------------------------------------------------------------------------
std::string ComparisonText(vtkMRMLTableNode* node)
{
  if (!node || !node->GetAttribute(PRIOR))
  {
    return {};
  }
  std::map<std::string, int> counts;
  std::string not_compared;
  for (const int id : NoduleIDs(node))
  {
    const std::string change = CellText(node, id, "change");
    if (!change.empty())
    {
      ++counts[change];
      continue;
    }
    not_compared += (not_compared.empty() ? "" : ", ") + NoduleTitle(NoduleInTable(node, id));
  }
  for (const GoneNodule& gone : GoneNodules(node))
  {
    ++counts[gone.change];
  }
  std::string changes;
  for (const char* change : { "new", "grown", "shrunk", "stable", "cut-off", "not-searched-before", "gone",
                              "not-searched-now" })
  {
    if (counts.count(change) > 0)
    {
      changes += (changes.empty() ? "" : ", ") + Count(change, counts[change]);
    }
  }
  const std::string days = Attribute(node, DAYS);
  const std::string when =
    days.empty() ? vtkMRMLTr("vtkSlicerSAM2LungLogic", "an unknown time before (no doubling times)")
                 : vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 days before"),
                                       Printed(std::stod(days), "%.0f").c_str());
  std::string text = vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "Compared with '%1', %2: %3."),
                                         Attribute(node, PRIOR).c_str(),
                                         when.c_str(),
                                         changes.empty() ? vtkMRMLTr("vtkSlicerSAM2LungLogic", "no nodules").c_str()
                                                         : changes.c_str());
  if (!not_compared.empty())
  {
    text += " " + vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                                "Not compared, since a reader outlined or edited them, here or in the "
                                                "prior: %1."),
                                      not_compared.c_str());
  }
  return text;
}

//----------------------------------------------------------------------------
std::string ComparedWith(vtkMRMLTableNode* node)
{
  return Attribute(node, PRIOR);
}

//----------------------------------------------------------------------------
std::string ComparisonDoubts(vtkMRMLTableNode* node)
{
  return Attribute(node, DOUBTS);
}

//----------------------------------------------------------------------------
std::string ChangeText(vtkMRMLTableNode* node, int id)
{
  const std::string change = CellText(node, id, "change");
  if (change.empty())
  {
    return ReadersText(node, id);
  }
  const auto number = [&](const char* column) { return CellNumber(node, id, column); };
  const std::string head = Headed(change);
  if (!std::isfinite(number("volume_change_percent")))
  {
    const double probability = number("probability_in_prior");
    return head + "." +
           (std::isfinite(probability)
              ? " " + vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                                    "Highest probability of a nodule there in the prior: %1."),
                                          ShareText(probability).c_str())
              : std::string());
  }
  std::string text = vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1: %2 from %3 mm³ before."),
                                         head.c_str(),
                                         PercentText(node, id).c_str(),
                                         Printed(number("prior_volume_mm3"), "%.0f").c_str());
  const bool hasPairs = std::isfinite(number("growth_probability"));
  // Older folders of results keep no diameters of their samples.
  if (hasPairs && std::isfinite(number("diameter_growth_probability")))
  {
    text += " " + vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                                "P(volume +25 %) %1, P(diameter +1.5 mm) %2."),
                                      ChanceText(number("growth_probability")).c_str(),
                                      ChanceText(number("diameter_growth_probability")).c_str());
  }
  else if (hasPairs)
  {
    text += " " + vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "P(volume +25 %) %1."),
                                      ChanceText(number("growth_probability")).c_str());
  }
  const double days = number("doubling_time_days");
  if (std::isfinite(days) && change == "grown")
  {
    text += " " + vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "Doubles in %1 days."),
                                      Printed(days, "%.0f").c_str());
  }
  return text;
}

//----------------------------------------------------------------------------
std::vector<GoneNodule> GoneNodules(vtkMRMLTableNode* node)
{
  std::vector<GoneNodule> list = GoneInRun(node);
  list.erase(std::remove_if(list.begin(),
                            list.end(),
                            [node](const GoneNodule& gone) { return ReadersNoduleAt(node, gone.place_ras) > 0; }),
             list.end());
  return list;
}

//----------------------------------------------------------------------------
std::string GoneText(const GoneNodule& gone)
{
  const std::string head = gone.change == "gone" ? vtkMRMLTr("vtkSlicerSAM2LungLogic", "Gone")
                           : gone.change == "not-searched-now"
                             ? vtkMRMLTr("vtkSlicerSAM2LungLogic", "Not searched here now")
                             : vtkMRMLTr("vtkSlicerSAM2LungLogic", "Below the smallest diameter now");
  std::string text = vtkMRMLI18N::Format(
    vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1: %2"), head.c_str(), PriorText(gone).c_str());
  if (std::isfinite(gone.probability))
  {
    text += vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "; probability there now at most %1"),
                                ShareText(gone.probability).c_str());
  }
  return text;
}

} // namespace sam2lung_slicer
