#include "SAM2LungOutputs.h"

#include "SAM2LungColors.h"
#include "SAM2LungMaps.h"
#include "SAM2LungOutputNodes.h"
#include "SAM2LungPoints.h"
#include "SAM2LungSegmentation.h"
#include "SAM2LungShow.h"
#include "SAM2LungTable.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkSegment.h>

#include <vtkTable.h>

namespace sam2lung_slicer
{

//----------------------------------------------------------------------------
void WriteOutputs(vtkMRMLSAM2LungParametersNode* parameters, const RunInput& input, const RunOutput& output)
{
  // All that takes memory comes first, so that a failure leaves the scene as it was.
  const auto segments = MakeSegments(output.labels, input.ijk_to_ras, output.nodules);
  const vtkSmartPointer<vtkTable> table = MakeTable(output.nodules);
  std::vector<NoduleLook> looks;
  for (const sam2lung::Nodule& nodule : output.nodules)
  {
    looks.push_back(LookOf(nodule));
  }

  const OutputNodes nodes = MakeOutputNodes(parameters, output.probability != nullptr);
  WriteNoduleColors(nodes.nodule_colors, looks);
  WriteImage(nodes.labels, output.labels, input.ijk_to_ras);
  WriteImage(nodes.uncertainty, output.uncertainty, input.ijk_to_ras);
  if (nodes.probability)
  {
    WriteImage(nodes.probability, output.probability, input.ijk_to_ras);
  }
  WriteSegments(nodes.segmentation, parameters->GetInputVolumeNode(), segments);
  WritePoints(nodes.points, output.nodules);
  WriteTable(nodes.table, table, output.facts);
  ShowOutputs(nodes, output.facts.uncertainty);
}

//----------------------------------------------------------------------------
std::string ResultText(vtkMRMLSAM2LungParametersNode* parameters)
{
  return TableResultText(parameters->GetNoduleTableNode());
}

} // namespace sam2lung_slicer
