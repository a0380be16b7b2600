#include "SAM2LungMeasure.h"

#include "SAM2LungClicks.h"
#include "SAM2LungColors.h"
#include "SAM2LungLabels.h"
#include "SAM2LungMaps.h"
#include "SAM2LungMask.h"
#include "SAM2LungNodulesBefore.h"
#include "SAM2LungOutputNodes.h"
#include "SAM2LungPoints.h"
#include "SAM2LungReading.h"
#include "SAM2LungReview.h"
#include "SAM2LungSegmentation.h"
#include "SAM2LungSnapshot.h"
#include "SAM2LungTable.h"
#include "SAM2LungText.h"
#include "SAM2LungVoxels.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLTableNode.h>

#include <vtkAbstractArray.h>
#include <vtkOrientedImageData.h>
#include <vtkSegment.h>
#include <vtkSegmentation.h>
#include <vtkSegmentationConverter.h>
#include <vtkTable.h>
#include <vtkVariant.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <exception>
#include <map>
#include <optional>

#include <sam2lung/result.hpp>

namespace sam2lung_slicer
{

namespace
{

/// Around an outline, the library looks at what lies within 10 mm.
constexpr double AROUND_MM = 12.0;

using Voxels = std::vector<sam2lung::Index>;

/// The segment's voxels on the CT's grid; none: it is empty, or gone, or lies elsewhere.
Voxels VoxelsOf(vtkMRMLSAM2LungParametersNode* parameters, int id, const RunInput& input)
{
  Voxels voxels;
  vtkMRMLSegmentationNode* const node = parameters->GetSegmentationNode();
  const std::string segment_id = FindSegment(node, id);
  if (segment_id.empty())
  {
    return voxels;
  }
  // Its own voxels, with its number; where the Segment Editor left them on the CT's grid nothing has to be resampled.
  const vtkSmartPointer<vtkSegment> own = CopySegment(node, id);
  auto* const image = own ? vtkOrientedImageData::SafeDownCast(own->GetRepresentation(
                              vtkSegmentationConverter::GetSegmentationBinaryLabelmapRepresentationName()))
                          : nullptr;
  const bool here = image && LiesOn(image, parameters->GetLabelMapNode());
  const vtkSmartPointer<vtkImageData> mask =
    here ? vtkSmartPointer<vtkImageData>(image)
         : VoxelsOfSegment(node, segment_id, parameters->GetInputVolumeNode(), input);
  const Box all = BoxOf(input.ct);
  ForEachVoxel(mask && mask->GetNumberOfPoints() > 0 ? BoxOf(mask) : Box(),
               [&](int i, int j, int k)
               {
                 if (mask->GetScalarComponentAsDouble(i, j, k, 0) != 0.0 && all.Has(i, j, k))
                 {
                   voxels.push_back({ i, j, k });
                 }
               });
  return voxels;
}

std::uint16_t& LabelAt(vtkImageData* labels, const sam2lung::Index& at)
{
  return *static_cast<std::uint16_t*>(
    labels->GetScalarPointer(static_cast<int>(at[0]), static_cast<int>(at[1]), static_cast<int>(at[2])));
}

/// Takes the outlines of these nodules into the label map, in the place of what it says of them.
std::string TakeInto(vtkMRMLSAM2LungParametersNode* parameters,
                     const std::map<int, Voxels>& outlines,
                     vtkImageData* labels)
{
  auto* const first = static_cast<std::uint16_t*>(labels->GetScalarPointer());
  std::replace_if(
    first, first + labels->GetNumberOfPoints(), [&](std::uint16_t label) { return outlines.count(label) > 0; }, 0);
  for (const auto& [id, voxels] : outlines)
  {
    for (const sam2lung::Index& at : voxels)
    {
      std::uint16_t& label = LabelAt(labels, at);
      if (label != 0)
      {
        return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                             "%1 and %2 overlap; expected a voxel in one of them. Take it away from one in "
                                             "the Segment Editor, then measure again."),
                                   NoduleTitle(parameters, id).c_str(),
                                   NoduleTitle(parameters, label).c_str());
      }
      label = static_cast<std::uint16_t>(id);
    }
  }
  return {};
}

/// A part of a volume's voxels as float, packed.
vtkSmartPointer<vtkImageData> Part(vtkImageData* image, const Box& box)
{
  const vtkSmartPointer<vtkImageData> part = Blank(box, VTK_FLOAT);
  ForEachVoxel(box,
               [&](int i, int j, int k)
               { part->SetScalarComponentFromDouble(i, j, k, 0, image->GetScalarComponentAsDouble(i, j, k, 0)); });
  return part;
}

/// What the outline and the maps in a box around it say of the nodule.
std::optional<sam2lung::Nodule> Measure(vtkMRMLSAM2LungParametersNode* parameters,
                                        int id,
                                        const Voxels& voxels,
                                        vtkImageData* labels,
                                        const RunInput& input,
                                        bool hounsfield)
{
  Box box;
  for (const sam2lung::Index& at : voxels)
  {
    box.Add(static_cast<int>(at[0]), static_cast<int>(at[1]), static_cast<int>(at[2]));
  }
  std::array<int, 3> margin{};
  sam2lung::Matrix matrix = input.ijk_to_ras;
  for (std::size_t axis = 0; axis < 3; ++axis)
  {
    const double spacing_mm = std::hypot(matrix[axis], matrix[4 + axis], matrix[8 + axis]);
    margin[axis] = static_cast<int>(std::ceil(AROUND_MM / spacing_mm));
  }
  box = box.Grown(margin, input.ct);
  const std::array<int, 3> start{ { box.extent[0], box.extent[2], box.extent[4] } };
  for (std::size_t row = 0; row < 3; ++row)
  {
    for (std::size_t axis = 0; axis < 3; ++axis)
    {
      matrix[4 * row + 3] += input.ijk_to_ras[4 * row + axis] * start[axis];
    }
  }
  const auto map = [&](vtkMRMLScalarVolumeNode* node)
  { return OnGrid(node, input, VTK_FLOAT) ? Part(node->GetImageData(), box) : nullptr; };
  const vtkSmartPointer<vtkImageData> ct = Part(input.ct, box);
  const vtkSmartPointer<vtkImageData> own = Crop(labels, box);
  const vtkSmartPointer<vtkImageData> probability = map(parameters->GetProbabilityVolumeNode());
  const vtkSmartPointer<vtkImageData> uncertainty = map(parameters->GetUncertaintyVolumeNode());
  const auto view = [&](vtkImageData* image)
  { return image ? std::optional(ViewOf(image, matrix)) : std::nullopt; };
  const auto probability_view = view(probability);
  const auto uncertainty_view = view(uncertainty);
  const auto result = sam2lung::Result::from_outlines(ViewOf(ct, matrix),
                                                      ViewOf(own, matrix),
                                                      probability_view ? &*probability_view : nullptr,
                                                      uncertainty_view ? &*uncertainty_view : nullptr,
                                                      hounsfield);
  for (sam2lung::Nodule nodule : result.nodules())
  {
    if (static_cast<int>(nodule.id) == id)
    {
      // From the indices of the box to those of the CT.
      for (std::size_t axis = 0; axis < 3; ++axis)
      {
        nodule.centroid_ijk[axis] += start[axis];
      }
      if (nodule.long_axis_slice)
      {
        *nodule.long_axis_slice += start[2];
      }
      return nodule;
    }
  }
  return std::nullopt;
}

void MarkEdited(vtkMRMLTableNode* node, int id)
{
  vtkAbstractArray* const cells = node->GetTable()->GetColumnByName("edited");
  cells->SetVariantValue(NoduleRow(node, id), vtkVariant(1));
  cells->Modified();
  node->GetTable()->Modified();
}

/// The nodule in the outputs, but for the label map and the segment's voxels.
void Write(vtkMRMLSAM2LungParametersNode* parameters, const sam2lung::Nodule& measured)
{
  vtkMRMLTableNode* const table = parameters->GetNoduleTableNode();
  const int id = static_cast<int>(measured.id);
  const sam2lung::Nodule before = NoduleInTable(table, id);
  const Reading reading = ReadingInTable(table, id);
  const std::vector<RunClick> clicks = ClicksInTable(table, id);
  sam2lung::Nodule nodule = measured;
  nodule.class_name = before.class_name;
  nodule.clicked = before.clicked;
  WriteNodule(table, nodule);
  WriteReading(table, id, reading);
  WriteClicks(table, id, clicks);
  MarkEdited(table, id);

  NoduleLook was = LookOf(before, {});
  NoduleLook look = LookOf(nodule, {});
  if (!TableClassColors(table).empty())
  {
    // The colour of its class stays.
    double color[3] = { 0.0, 0.0, 0.0 };
    vtkMRMLSegmentationNode* const segmentation = parameters->GetSegmentationNode();
    segmentation->GetSegmentation()->GetSegment(FindSegment(segmentation, id))->GetColor(color);
    look.color = { { color[0], color[1], color[2] } };
  }
  RenameSegment(parameters->GetSegmentationNode(), was, look);
  if (vtkMRMLColorTableNode* const colors = NoduleColorsOf(parameters))
  {
    WriteNoduleColor(colors, look);
  }
  if (vtkMRMLMarkupsFiducialNode* const points = parameters->GetNodulePointsNode())
  {
    WritePoint(points, nodule, {});
  }
}

std::string Gone(vtkMRMLSAM2LungParametersNode* parameters, int id)
{
  return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                       "The segment of %1 is empty, gone, or outside the CT; expected an outline to measure. "
                                       "Draw it in the Segment Editor, or take the edit back there and reject the nodule."),
                             NoduleTitle(parameters, id).c_str());
}

} // namespace

//----------------------------------------------------------------------------
std::set<int> EditedNodules(vtkMRMLSAM2LungParametersNode* parameters)
{
  vtkMRMLTableNode* const table = parameters ? parameters->GetNoduleTableNode() : nullptr;
  return IsNoduleTable(table) && !HasRegions(table)
           ? EditedSegments(parameters->GetSegmentationNode(), parameters->GetLabelMapNode(), NoduleIDs(table))
           : std::set<int>();
}

//----------------------------------------------------------------------------
Measured MeasureAgain(vtkMRMLSAM2LungParametersNode* parameters, bool hounsfield)
{
  Measured measured;
  const auto refuse = [](const std::string& problem)
  {
    Measured refused;
    refused.problem = problem;
    return refused;
  };
  measured.nodules = EditedNodules(parameters);
  if (measured.nodules.empty())
  {
    return refuse(vtkMRMLTr("vtkSlicerSAM2LungLogic", "No segment was edited since it was measured; nothing was changed."));
  }
  const RunInput input = TakeCT(parameters->GetInputVolumeNode());
  if (!OnGrid(parameters->GetLabelMapNode(), input, VTK_UNSIGNED_SHORT))
  {
    return refuse(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                            "The label map has another grid than the CT; expected the one that the run wrote. Segment the "
                            "CT again."));
  }
  std::map<int, Voxels> outlines;
  for (const int id : measured.nodules)
  {
    outlines[id] = VoxelsOf(parameters, id, input);
    if (outlines[id].empty())
    {
      return refuse(Gone(parameters, id));
    }
  }
  const vtkSmartPointer<vtkImageData> labels = vtkSmartPointer<vtkImageData>::New();
  labels->DeepCopy(parameters->GetLabelMapNode()->GetImageData());
  const std::string overlap = TakeInto(parameters, outlines, labels);
  if (!overlap.empty())
  {
    return refuse(overlap);
  }
  std::vector<sam2lung::Nodule> nodules;
  try
  {
    for (const auto& [id, voxels] : outlines)
    {
      const auto nodule = Measure(parameters, id, voxels, labels, input, hounsfield);
      if (!nodule)
      {
        // Its row must not keep the numbers of another outline.
        return refuse(Gone(parameters, id));
      }
      nodules.push_back(*nodule);
    }
  }
  catch (...)
  {
    return refuse(FailureText(std::current_exception()));
  }
  measured.before = std::make_shared<NodulesBefore>(parameters, measured.nodules);
  WriteImage(parameters->GetLabelMapNode(), labels, input.ijk_to_ras);
  for (const sam2lung::Nodule& nodule : nodules)
  {
    Write(parameters, nodule);
  }
  measured.before->Shrink();
  ShowAsAccepted(parameters);
  return measured;
}

} // namespace sam2lung_slicer
