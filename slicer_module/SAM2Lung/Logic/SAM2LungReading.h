/// \file
/// What a reader has made of a nodule: columns of the nodule table that are the reader's, not the library's. Main thread only.

#ifndef SAM2LungReading_h
#define SAM2LungReading_h

#include <string>

#include "vtkSlicerSAM2LungModuleLogicExport.h"

class vtkMRMLTableNode;
class vtkTable;

namespace sam2lung_slicer
{

enum class Decision
{
  undecided, ///< Shown like an accepted one.
  accepted,
  rejected
};

struct Reading
{
  Decision decision = Decision::undecided;
  std::string comment; ///< In one line.
  std::string reader;  ///< Who decided or wrote last; empty: not known.

  bool operator==(const Reading& other) const
  {
    return this->decision == other.decision && this->comment == other.comment && this->reader == other.reader;
  }
};

/// Columns `accepted`, `decided`, `comment` and `reader` of a nodule; a nodule that isn't there is undecided.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
Reading ReadingInTable(vtkMRMLTableNode* node, int id);
/// Writes them into a table that is in no node yet; does nothing where the nodule isn't there.
void SetReading(vtkTable* table, int id, const Reading& reading);
/// Writes them into the node's table, and tells its observers.
void WriteReading(vtkMRMLTableNode* node, int id, const Reading& reading);
/// What a reader's comment becomes in a table, which is saved as text: one line, no tab, no double quote.
std::string CommentLine(const std::string& comment);
/// Both comments, the first one first; one that is empty, or that stands in the other, adds nothing.
std::string JoinComments(const std::string& first, const std::string& second);

/// Whether a reader outlined, edited, accepted, rejected or commented on the nodule.
bool HasReadersWork(vtkMRMLTableNode* node, int id);
/// "Reviewed 3 of 10"; empty: no nodules.
std::string ReviewedText(vtkMRMLTableNode* node);

} // namespace sam2lung_slicer

#endif
