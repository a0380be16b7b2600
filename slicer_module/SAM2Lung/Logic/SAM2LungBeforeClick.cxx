#include "SAM2LungBeforeClick.h"

#include "SAM2LungColors.h"
#include "SAM2LungLabels.h"
#include "SAM2LungMaps.h"
#include "SAM2LungPoints.h"
#include "SAM2LungReview.h"
#include "SAM2LungSegmentation.h"
#include "SAM2LungTable.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLColorTableNode.h>
#include <vtkMRMLDisplayNode.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLScene.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLTableNode.h>
#include <vtkSegment.h>

#include <vtkAbstractArray.h>
#include <vtkNew.h>
#include <vtkTable.h>
#include <vtkVariant.h>
#include <vtkWeakPointer.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <map>
#include <set>
#include <vector>

namespace sam2lung_slicer
{

namespace
{

/// The voxels in which two images on the same voxels, of one type, differ. `other` null: those that aren't 0.
Box Difference(vtkImageData* image, vtkImageData* other)
{
  Box box;
  const Box all = BoxOf(image);
  const auto bytes = static_cast<std::size_t>(image->GetScalarSize());
  const auto row_bytes = bytes * static_cast<std::size_t>(all.extent[1] - all.extent[0] + 1);
  const std::vector<char> zeros(row_bytes, 0);
  Box rows = all;
  rows.extent[1] = rows.extent[0];
  ForEachVoxel(rows,
               [&](int i, int j, int k)
               {
                 const auto* const here = static_cast<const char*>(image->GetScalarPointer(i, j, k));
                 const auto* const there =
                   other ? static_cast<const char*>(other->GetScalarPointer(i, j, k)) : zeros.data();
                 if (std::memcmp(here, there, row_bytes) == 0)
                 {
                   return;
                 }
                 for (std::size_t at = 0; at < row_bytes; at += bytes)
                 {
                   if (std::memcmp(here + at, there + at, bytes) != 0)
                   {
                     box.Add(i + static_cast<int>(at / bytes), j, k);
                   }
                 }
               });
  return box;
}

bool OnSameVoxels(vtkImageData* image, vtkImageData* other)
{
  return BoxOf(image).extent == BoxOf(other).extent && image->GetScalarType() == other->GetScalarType();
}

/// A volume that a click writes anew.
class VoxelsBefore
{
public:
  explicit VoxelsBefore(vtkMRMLVolumeNode* node)
    : Image(HasImage(node) ? node->GetImageData() : nullptr)
  {
  }

  void Shrink(vtkMRMLVolumeNode* node)
  {
    vtkImageData* const now = HasImage(node) ? node->GetImageData() : nullptr;
    if (!now || (this->Image && !OnSameVoxels(now, this->Image)))
    {
      // An image that the click doesn't write, or that was no such map before.
      this->Image = nullptr;
      return;
    }
    this->Node = node;
    this->All = BoxOf(now);
    this->Changed = Difference(now, this->Image);
    if (!this->Changed.Empty())
    {
      this->Image = this->Image ? Crop(this->Image, this->Changed) : Blank(this->Changed, now->GetScalarType());
      this->Type = now->GetScalarType();
    }
    else
    {
      this->Image = nullptr;
    }
  }

  /// Whether what is there now can take them.
  bool Fit() const
  {
    return !this->Image || (HasImage(this->Node) && BoxOf(this->Node->GetImageData()).extent == this->All.extent &&
                            this->Node->GetImageData()->GetScalarType() == this->Type);
  }

  void PutBack()
  {
    if (this->Image)
    {
      Copy(this->Image, this->Node->GetImageData(), this->Changed);
      this->Node->GetImageData()->Modified();
    }
  }

private:
  vtkSmartPointer<vtkImageData> Image; ///< Null: nothing to put back.
  vtkWeakPointer<vtkMRMLVolumeNode> Node;
  Box All;
  Box Changed;
  int Type = 0;
};

/// Between tables; columns that one of them lacks stay as they are.
void CopyCells(vtkTable* from, vtkIdType from_row, vtkTable* to, vtkIdType to_row)
{
  for (vtkIdType column = 0; column < from->GetNumberOfColumns(); ++column)
  {
    vtkAbstractArray* const cells = from->GetColumn(column);
    vtkAbstractArray* const target = to->GetColumnByName(cells->GetName());
    if (target)
    {
      target->SetVariantValue(to_row, cells->GetVariantValue(from_row));
    }
  }
}

} // namespace

//----------------------------------------------------------------------------
struct BeforeClick::Content
{
  Content(vtkMRMLSAM2LungParametersNode* parameters, const RunOutput& output)
    : Parameters(parameters)
    , Clicked(static_cast<int>(output.clicked.value_or(0)))
    , Touched(output.replaced)
    , Labels(parameters->GetLabelMapNode())
    , Uncertainty(parameters->GetUncertaintyVolumeNode())
    , Probability(parameters->GetProbabilityVolumeNode())
  {
    this->Touched.insert(this->Clicked);
    this->TakeRows(parameters->GetNoduleTableNode());
    this->TakeMarks(parameters->GetSegmentationNode(), parameters->GetNodulePointsNode());
    this->TakeColors(parameters->GetLabelMapNode());
  }

  void TakeRows(vtkMRMLTableNode* table)
  {
    this->HadTable = IsNoduleTable(table);
    if (this->HadTable)
    {
      this->Rows->DeepCopy(table->GetTable());
    }
  }

  void TakeMarks(vtkMRMLSegmentationNode* segmentation, vtkMRMLMarkupsFiducialNode* points)
  {
    for (const int id : this->Touched)
    {
      const vtkSmartPointer<vtkSegment> segment = segmentation ? CopySegment(segmentation, id) : nullptr;
      if (segment)
      {
        this->Segments.push_back(segment);
      }
      const int point = points ? points->GetControlPointIndexByID(NoduleKey(id).c_str()) : -1;
      if (point >= 0)
      {
        this->Points.emplace(point, *points->GetNthControlPoint(point));
      }
    }
  }

  void TakeColors(vtkMRMLLabelMapVolumeNode* labels)
  {
    vtkMRMLColorNode* const colors = ColorsOf(labels);
    for (const int id : this->Touched)
    {
      std::array<double, 4> color{};
      if (colors && id < colors->GetNumberOfColors() && colors->GetColor(id, color.data()))
      {
        this->Colors.push_back({ id, colors->GetColorName(id), { { color[0], color[1], color[2] } } });
      }
    }
  }

  static vtkMRMLColorTableNode* ColorsOf(vtkMRMLLabelMapVolumeNode* labels)
  {
    vtkMRMLDisplayNode* const display = labels ? labels->GetDisplayNode() : nullptr;
    return display ? vtkMRMLColorTableNode::SafeDownCast(display->GetColorNode()) : nullptr;
  }

  bool Fits() const
  {
    return this->Parameters && this->Parameters->GetScene() && this->Table &&
           this->Parameters->GetNoduleTableNode() == this->Table.GetPointer() && IsNoduleTable(this->Table) &&
           NoduleRow(this->Table, this->Clicked) >= 0 && this->Segmentation &&
           this->Parameters->GetSegmentationNode() == this->Segmentation.GetPointer() && this->PointsNode &&
           this->Parameters->GetNodulePointsNode() == this->PointsNode.GetPointer() &&
           this->Parameters->GetInputVolumeNode() && this->Labels.Fit() && this->Uncertainty.Fit() &&
           this->Probability.Fit();
  }

  void PutRowsBack()
  {
    if (!this->HadTable)
    {
      // As before the click there is no result at all, rather than one without a nodule.
      this->Table->SetAndObserveTable(vtkSmartPointer<vtkTable>::New());
      return;
    }
    MRMLNodeModifyBlocker blocker(this->Table);
    vtkTable* const table = this->Table->GetTable();
    if (NoduleRow(this->Rows, this->Clicked) < 0)
    {
      RemoveNodule(this->Table, this->Clicked);
    }
    // From the top, so that each finds its place.
    for (vtkIdType from = 0; from < this->Rows->GetNumberOfRows(); ++from)
    {
      const int id = this->Rows->GetValueByName(from, "id").ToInt();
      if (this->Touched.count(id) > 0)
      {
        vtkIdType to = NoduleRow(table, id);
        if (to < 0)
        {
          to = std::min(from, table->GetNumberOfRows());
          table->InsertRow(to);
        }
        CopyCells(this->Rows, from, table, to);
      }
    }
    table->Modified();
  }

  void PutMarksBack()
  {
    for (const int id : this->Touched)
    {
      RemovePoint(this->PointsNode, id);
    }
    for (const auto& [index, point] : this->Points)
    {
      this->PointsNode->InsertControlPoint(new vtkMRMLMarkupsNode::ControlPoint(point),
                                           std::min(index, this->PointsNode->GetNumberOfControlPoints()));
    }
    for (const vtkSmartPointer<vtkSegment>& segment : this->Segments)
    {
      WriteSegment(this->Segmentation, this->Parameters->GetInputVolumeNode(), segment);
    }
    const bool had_segment = std::any_of(this->Segments.begin(),
                                         this->Segments.end(),
                                         [this](vtkSegment* segment)
                                         { return segment->GetLabelValue() == this->Clicked; });
    if (!had_segment)
    {
      RemoveSegment(this->Segmentation, this->Clicked);
    }
    vtkMRMLColorTableNode* const colors = ColorsOf(this->Parameters->GetLabelMapNode());
    for (const NoduleLook& look : colors ? this->Colors : std::vector<NoduleLook>())
    {
      WriteNoduleColor(colors, look);
    }
  }

  vtkWeakPointer<vtkMRMLSAM2LungParametersNode> Parameters;
  vtkWeakPointer<vtkMRMLTableNode> Table;
  vtkWeakPointer<vtkMRMLSegmentationNode> Segmentation;
  vtkWeakPointer<vtkMRMLMarkupsFiducialNode> PointsNode;
  int Clicked;
  std::set<int> Touched; ///< The nodule at the click, and those whose place it takes.
  bool HadTable = false;
  vtkNew<vtkTable> Rows; ///< All that there were.
  std::vector<vtkSmartPointer<vtkSegment>> Segments;
  std::map<int, vtkMRMLMarkupsNode::ControlPoint> Points; ///< By their place in the list.
  std::vector<NoduleLook> Colors;
  VoxelsBefore Labels;
  VoxelsBefore Uncertainty;
  VoxelsBefore Probability;
};

//----------------------------------------------------------------------------
BeforeClick::BeforeClick(vtkMRMLSAM2LungParametersNode* parameters, const RunOutput& output)
  : Held(std::make_unique<Content>(parameters, output))
{
}

//----------------------------------------------------------------------------
BeforeClick::~BeforeClick() = default;

//----------------------------------------------------------------------------
void BeforeClick::Shrink()
{
  vtkMRMLSAM2LungParametersNode* const parameters = this->Held->Parameters;
  this->Held->Table = parameters->GetNoduleTableNode();
  this->Held->Segmentation = parameters->GetSegmentationNode();
  this->Held->PointsNode = parameters->GetNodulePointsNode();
  this->Held->Labels.Shrink(parameters->GetLabelMapNode());
  this->Held->Uncertainty.Shrink(parameters->GetUncertaintyVolumeNode());
  this->Held->Probability.Shrink(parameters->GetProbabilityVolumeNode());
}

//----------------------------------------------------------------------------
bool BeforeClick::PutBack()
{
  if (!this->Held->Fits())
  {
    return false;
  }
  this->Held->Labels.PutBack();
  this->Held->Uncertainty.PutBack();
  this->Held->Probability.PutBack();
  this->Held->PutMarksBack();
  this->Held->PutRowsBack();
  ShowAsAccepted(this->Held->Parameters);
  return true;
}

} // namespace sam2lung_slicer
