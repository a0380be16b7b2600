#include "SAM2LungNodulesBefore.h"

#include "SAM2LungColors.h"
#include "SAM2LungComparison.h"
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
#include <utility>
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

/// A volume that is written anew.
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
      // An image that isn't written, or that was no such map before.
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

  /// Puts them back, and holds what was there.
  void Exchange()
  {
    if (this->Image)
    {
      const vtkSmartPointer<vtkImageData> there = Crop(this->Node->GetImageData(), this->Changed);
      Copy(this->Image, this->Node->GetImageData(), this->Changed);
      this->Image = there;
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
struct NodulesBefore::Content
{
  Content(vtkMRMLSAM2LungParametersNode* parameters, const std::set<int>& nodules)
    : Parameters(parameters)
    , Touched(nodules)
    , Labels(parameters->GetLabelMapNode())
    , Uncertainty(parameters->GetUncertaintyVolumeNode())
    , Probability(parameters->GetProbabilityVolumeNode())
  {
    this->TakeAllButVoxels();
  }

  /// Of the nodules, what the outputs hold now.
  void TakeAllButVoxels()
  {
    this->Present = this->PresentNow();
    this->TakeRows(this->Parameters->GetNoduleTableNode());
    this->TakeMarks(this->Parameters->GetSegmentationNode(), this->Parameters->GetNodulePointsNode());
    this->TakeColors(this->Parameters->GetLabelMapNode());
  }

  /// Those of the nodules that have a row.
  std::set<int> PresentNow() const
  {
    std::set<int> present;
    for (const int id : this->Touched)
    {
      if (NoduleRow(this->Parameters->GetNoduleTableNode(), id) >= 0)
      {
        present.insert(id);
      }
    }
    return present;
  }

  void TakeRows(vtkMRMLTableNode* table)
  {
    this->HadTable = IsNoduleTable(table);
    if (this->HadTable)
    {
      this->Rows->DeepCopy(table->GetTable());
      this->Compared = ComparisonStamp(table);
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
           this->Parameters->GetNoduleTableNode() == this->Table.GetPointer() &&
           IsNoduleTable(this->Table) == this->HasTable && this->PresentNow() == this->Expected && this->Segmentation &&
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
    if (ComparisonStamp(this->Table) != this->Compared)
    {
      // Of another comparison than the one that the table holds by now, or of one that ended.
      EmptyComparison(this->Rows);
    }
    if (!IsNoduleTable(this->Table))
    {
      vtkNew<vtkTable> rows;
      rows->DeepCopy(this->Rows);
      this->Table->SetAndObserveTable(rows);
      return;
    }
    MRMLNodeModifyBlocker blocker(this->Table);
    vtkTable* const table = this->Table->GetTable();
    for (const int id : this->Touched)
    {
      if (NoduleRow(this->Rows, id) < 0)
      {
        RemoveNodule(this->Table, id);
      }
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
    for (const int id : this->Touched)
    {
      const bool has_segment =
        std::any_of(this->Segments.begin(),
                    this->Segments.end(),
                    [id](vtkSegment* segment) { return segment->GetLabelValue() == id; });
      if (!has_segment)
      {
        RemoveSegment(this->Segmentation, id);
      }
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
  std::set<int> Touched;
  std::set<int> Present;  ///< Those of them that had a row.
  std::set<int> Expected; ///< Those that have one now, unless someone removed one since.
  bool HadTable = false;
  bool HasTable = false;  ///< Whether there is one now.
  vtkNew<vtkTable> Rows; ///< All that there were.
  int Compared = 0;      ///< Which comparison's cells they have.
  std::vector<vtkSmartPointer<vtkSegment>> Segments;
  std::map<int, vtkMRMLMarkupsNode::ControlPoint> Points; ///< By their place in the list.
  std::vector<NoduleLook> Colors;
  VoxelsBefore Labels;
  VoxelsBefore Uncertainty;
  VoxelsBefore Probability;
};

//----------------------------------------------------------------------------
NodulesBefore::NodulesBefore(vtkMRMLSAM2LungParametersNode* parameters, const RunOutput& output)
{
  std::set<int> nodules = output.replaced;
  nodules.insert(static_cast<int>(output.clicked.value_or(0)));
  this->Held = std::make_unique<Content>(parameters, nodules);
}

//----------------------------------------------------------------------------
NodulesBefore::NodulesBefore(vtkMRMLSAM2LungParametersNode* parameters, const std::set<int>& nodules)
  : Held(std::make_unique<Content>(parameters, nodules))
{
}

//----------------------------------------------------------------------------
NodulesBefore::~NodulesBefore() = default;

//----------------------------------------------------------------------------
void NodulesBefore::Shrink()
{
  Content& held = *this->Held;
  vtkMRMLSAM2LungParametersNode* const parameters = held.Parameters;
  held.Table = parameters->GetNoduleTableNode();
  held.Segmentation = parameters->GetSegmentationNode();
  held.PointsNode = parameters->GetNodulePointsNode();
  held.Expected = held.PresentNow();
  held.HasTable = IsNoduleTable(held.Table);
  held.Labels.Shrink(parameters->GetLabelMapNode());
  held.Uncertainty.Shrink(parameters->GetUncertaintyVolumeNode());
  held.Probability.Shrink(parameters->GetProbabilityVolumeNode());
}

//----------------------------------------------------------------------------
bool NodulesBefore::PutBack()
{
  Content& held = *this->Held;
  if (!held.Fits())
  {
    return false;
  }
  auto there = std::make_unique<Content>(held.Parameters, held.Touched);
  held.Labels.Exchange();
  held.Uncertainty.Exchange();
  held.Probability.Exchange();
  held.PutMarksBack();
  held.PutRowsBack();
  ShowAsAccepted(held.Parameters);
  there->Table = held.Table;
  there->Segmentation = held.Segmentation;
  there->PointsNode = held.PointsNode;
  there->Expected = held.Present;
  there->HasTable = held.HadTable;
  there->Labels = held.Labels;
  there->Uncertainty = held.Uncertainty;
  there->Probability = held.Probability;
  this->Held = std::move(there);
  return true;
}

} // namespace sam2lung_slicer
