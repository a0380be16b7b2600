#include "SAM2LungReading.h"

#include "SAM2LungTable.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLTableNode.h>

#include <vtkAbstractArray.h>
#include <vtkTable.h>
#include <vtkVariant.h>

#include <algorithm>
#include <vector>

namespace sam2lung_slicer
{

//----------------------------------------------------------------------------
Reading ReadingInTable(vtkMRMLTableNode* node, int id)
{
  Reading reading;
  // Unticked by hand in Slicer's table, it is rejected, too.
  reading.decision = CellNumber(node, id, "accepted") == 0  ? Decision::rejected
                     : CellNumber(node, id, "decided") > 0 ? Decision::accepted
                                                           : Decision::undecided;
  reading.comment = CellText(node, id, "comment");
  reading.reader = CellText(node, id, "reader");
  return reading;
}

//----------------------------------------------------------------------------
void SetReading(vtkTable* table, int id, const Reading& reading)
{
  const int row = NoduleRow(table, id);
  const auto set = [table, row](const char* column, const vtkVariant& value)
  {
    vtkAbstractArray* const cells = row < 0 ? nullptr : table->GetColumnByName(column);
    if (cells)
    {
      cells->SetVariantValue(row, value);
      cells->Modified();
    }
  };
  set("accepted", vtkVariant(reading.decision == Decision::rejected ? 0 : 1));
  set("decided", vtkVariant(reading.decision == Decision::undecided ? 0 : 1));
  set("comment", vtkVariant(CommentLine(reading.comment)));
  set("reader", vtkVariant(CommentLine(reading.reader)));
}

//----------------------------------------------------------------------------
void WriteReading(vtkMRMLTableNode* node, int id, const Reading& reading)
{
  if (NoduleRow(node, id) >= 0)
  {
    SetReading(node->GetTable(), id, reading);
    node->GetTable()->Modified();
  }
}

//----------------------------------------------------------------------------
std::string CommentLine(const std::string& comment)
{
  std::string line = comment;
  std::replace_if(line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  // Slicer's tables put text between double quotes, and read no quote inside.
  std::replace(line.begin(), line.end(), '"', '\'');
  const std::size_t first = line.find_first_not_of(' ');
  return first == std::string::npos ? std::string() : line.substr(first, line.find_last_not_of(' ') - first + 1);
}

//----------------------------------------------------------------------------
std::string JoinComments(const std::string& first, const std::string& second)
{
  if (second.empty() || first.find(second) != std::string::npos)
  {
    return first;
  }
  return first.empty() ? second : first + "; " + second;
}

//----------------------------------------------------------------------------
bool HasReadersWork(vtkMRMLTableNode* node, int id)
{
  const Reading reading = ReadingInTable(node, id);
  return CellNumber(node, id, "clicked") > 0 || CellNumber(node, id, "edited") > 0 || reading.decision != Decision::undecided || !reading.comment.empty();
}

//----------------------------------------------------------------------------
std::string ReviewedText(vtkMRMLTableNode* node)
{
  const std::vector<int> ids = IsNoduleTable(node) ? NoduleIDs(node) : std::vector<int>();
  const auto reviewed = std::count_if(
    ids.begin(), ids.end(), [node](int id) { return ReadingInTable(node, id).decision != Decision::undecided; });
  return ids.empty() ? std::string()
                     : vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic", "Reviewed %1 of %2"),
                                           std::to_string(reviewed).c_str(),
                                           std::to_string(ids.size()).c_str());
}

} // namespace sam2lung_slicer
