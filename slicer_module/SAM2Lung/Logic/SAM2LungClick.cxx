// WriteClick() of SAM2LungOutputs.h.

#include "SAM2LungOutputs.h"

#include "SAM2LungClicks.h"
#include "SAM2LungColors.h"
#include "SAM2LungMaps.h"
#include "SAM2LungOutputNodes.h"
#include "SAM2LungPoints.h"
#include "SAM2LungPrepare.h"
#include "SAM2LungReading.h"
#include "SAM2LungReview.h"
#include "SAM2LungSegmentation.h"
#include "SAM2LungShow.h"
#include "SAM2LungTable.h"
#include "SAM2LungViews.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkSegment.h>

#include <vtkTable.h>

#include <algorithm>
#include <set>

namespace sam2lung_slicer
{

namespace
{

const sam2lung::Nodule* FindClicked(const RunOutput& output)
{
  const std::uint32_t id = output.clicked.value_or(0);
  const auto found = std::find_if(output.nodules.begin(),
                                  output.nodules.end(),
                                  [id](const sam2lung::Nodule& nodule) { return id != 0 && nodule.id == id; });
  return found == output.nodules.end() ? nullptr : &*found;
}

void WriteVoxels(const OutputNodes& nodes, const RunInput& input, const RunOutput& output)
{
  WriteImage(nodes.labels, output.labels, input.ijk_to_ras);
  WriteImage(nodes.uncertainty, output.uncertainty, input.ijk_to_ras);
  if (output.probability)
  {
    WriteImage(nodes.probability, output.probability, input.ijk_to_ras);
  }
}

/// Takes out what was made here of a nodule whose place another one took.
void Remove(const OutputNodes& nodes, int id)
{
  RemoveNodule(nodes.table, id);
  RemoveSegment(nodes.segmentation, id);
  RemovePoint(nodes.points, id);
}

/// Takes out what was made here of another CT, or by a model that gives regions.
void RemoveAll(const OutputNodes& nodes)
{
  WriteNoduleColors(nodes.nodule_colors, {});
  while (RemoveNextSegment(nodes.segmentation))
  {
  }
  WritePoints(nodes.points, {}, {});
}

/// What readers wrote of the nodules whose place the clicked one takes.
Reading Inherited(vtkMRMLTableNode* table, int id, const std::set<int>& replaced)
{
  Reading inherited;
  std::set<int> all = replaced;
  all.insert(id);
  for (const int each : all)
  {
    const Reading reading = ReadingInTable(table, each);
    if (!reading.comment.empty())
    {
      inherited.comment = JoinComments(inherited.comment, reading.comment);
      inherited.reader = JoinComments(inherited.reader, reading.reader);
    }
  }
  return inherited;
}

void WriteRow(const OutputNodes& nodes, const sam2lung::Nodule& nodule, const RunOutput& output, bool anew)
{
  if (anew || !IsNoduleTable(nodes.table))
  {
    WriteTable(nodes.table, MakeTable({ nodule }), output.facts, output.classes);
  }
  else
  {
    WriteNodule(nodes.table, nodule);
  }
}

} // namespace

//----------------------------------------------------------------------------
bool ClickBeginsAnew(vtkMRMLSAM2LungParametersNode* parameters, const RunInput& input)
{
  vtkMRMLLabelMapVolumeNode* const old = parameters->GetLabelMapNode();
  return (HasImage(old) && !OnGrid(old, input, VTK_UNSIGNED_SHORT)) || HasRegions(parameters->GetNoduleTableNode());
}

//----------------------------------------------------------------------------
int WriteClick(vtkMRMLSAM2LungParametersNode* parameters, const RunInput& input, const RunOutput& output)
{
  const sam2lung::Nodule* const nodule = FindClicked(output);
  if (!nodule)
  {
    return 0;
  }
  RunOutput prepared = output;
  Prepare(input, prepared);
  const bool anew = ClickBeginsAnew(parameters, input);
  const OutputNodes nodes = MakeOutputNodes(parameters, prepared.probability != nullptr);
  ShowVolumes(nodes, prepared.facts.uncertainty);
  ShowMarks(nodes);
  HideUnlessShown(parameters);
  WriteVoxels(nodes, input, prepared);
  const int id = static_cast<int>(nodule->id);
  const Reading inherited = anew ? Reading() : Inherited(nodes.table, id, prepared.replaced);
  if (anew)
  {
    RemoveAll(nodes);
  }
  for (const int replaced : prepared.replaced)
  {
    Remove(nodes, replaced);
  }
  WriteRow(nodes, *nodule, prepared, anew);
  WriteReading(nodes.table, id, inherited);
  WriteClicks(nodes.table, id, input.clicks);
  WriteNoduleColor(nodes.nodule_colors, LookOf(*nodule, prepared.classes));
  WriteSegment(nodes.segmentation, parameters->GetInputVolumeNode(), prepared.segments.front());
  WritePoint(nodes.points, *nodule, prepared.classes);
  ShowAsAccepted(parameters);
  return id;
}

} // namespace sam2lung_slicer
