#include "SAM2LungShow.h"

#include "SAM2LungMaps.h"
#include "SAM2LungOutputNodes.h"
#include "SAM2LungPoints.h"
#include "SAM2LungSegmentation.h"
#include "SAM2LungTableColumns.h"

#include <vtkMRMLColorTableNode.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLTableNode.h>

namespace sam2lung_slicer
{

//----------------------------------------------------------------------------
void ShowVolumes(const OutputNodes& nodes, sam2lung::Uncertainty uncertainty)
{
  if (FirstTime(nodes.labels, "labels"))
  {
    ShowLabels(nodes.labels, nodes.nodule_colors);
  }
  if (FirstTime(nodes.uncertainty, UncertaintyName(uncertainty)))
  {
    ShowMap(nodes.uncertainty, nodes.map_colors, MostUncertain(uncertainty));
  }
  if (nodes.probability && FirstTime(nodes.probability, "probability"))
  {
    ShowMap(nodes.probability, nodes.map_colors, 1.0);
  }
}

//----------------------------------------------------------------------------
void ShowMarks(const OutputNodes& nodes)
{
  if (FirstTime(nodes.segmentation, "segmentation"))
  {
    ShowSegments(nodes.segmentation);
  }
  if (FirstTime(nodes.points, "points"))
  {
    ShowPoints(nodes.points);
  }
}

} // namespace sam2lung_slicer
