#include "SAM2LungOutputs.h"

#include "SAM2LungColors.h"
#include "SAM2LungMaps.h"
#include "SAM2LungOutputNodes.h"
#include "SAM2LungPoints.h"
#include "SAM2LungPrepare.h"
#include "SAM2LungPrevious.h"
#include "SAM2LungReading.h"
#include "SAM2LungReview.h"
#include "SAM2LungSegmentation.h"
#include "SAM2LungShow.h"
#include "SAM2LungTable.h"
#include "SAM2LungViews.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkSegment.h>

#include <vtkTable.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

namespace sam2lung_slicer
{

//----------------------------------------------------------------------------
struct Delivery::Content
{
  Content(vtkMRMLSAM2LungParametersNode* parameters, const RunInput& input, const RunOutput& output)
    : Parameters(parameters)
    , Table(MakeTable(output.nodules))
    , Output(output)
    , IjkToRas(input.ijk_to_ras)
    , WithProbability(output.probability != nullptr)
  {
    for (const auto& [earlier, now] : output.earlier)
    {
      const NoduleLook look = LookOf(NoduleInTable(parameters->GetNoduleTableNode(), earlier), output.classes);
      this->Names[now] = OwnName(parameters->GetSegmentationNode(), look);
    }
  }

  /// What a reader made of the nodule, as long as the table says what was there before.
  Reading ReadingOf(int id) const
  {
    const auto found = std::find_if(this->Output.earlier.begin(),
                                    this->Output.earlier.end(),
                                    [id](const auto& pair) { return pair.second == id; });
    return found == this->Output.earlier.end()
             ? Reading()
             : ReadingInTable(this->Parameters->GetNoduleTableNode(), found->first);
  }

  void WriteSegmentOf(std::size_t n)
  {
    vtkSegment* const segment = this->Output.segments[n];
    const int id = segment->GetLabelValue();
    if (!this->Names[id].empty())
    {
      segment->SetName(this->Names[id].c_str());
    }
    WriteSegment(this->Nodes.segmentation, this->Parameters->GetInputVolumeNode(), segment);
    ShowSegment(this->Nodes.segmentation, id, this->ReadingOf(id).decision != Decision::rejected);
  }

  /// Those that are to be seen in the views.
  std::vector<sam2lung::Nodule> Marked() const
  {
    std::set<int> numbers;
    for (vtkSegment* segment : this->Output.segments)
    {
      numbers.insert(segment->GetLabelValue());
    }
    std::vector<sam2lung::Nodule> marked;
    std::copy_if(this->Output.nodules.begin(), this->Output.nodules.end(), std::back_inserter(marked),
                 [&](const sam2lung::Nodule& nodule) { return numbers.count(static_cast<int>(nodule.id)) > 0; });
    return marked;
  }

  void WriteRows()
  {
    for (const auto& [earlier, now] : this->Output.earlier)
    {
      if (this->Output.kept.count(now) > 0)
      {
        CopyRow(this->Nodes.table, earlier, this->Table, now);
      }
      SetReading(this->Table, now, this->ReadingOf(now));
    }
    WriteTable(this->Nodes.table, this->Table, this->Output.facts, this->Output.classes);
  }

  vtkWeakPointer<vtkMRMLSAM2LungParametersNode> Parameters;
  vtkSmartPointer<vtkTable> Table;
  RunOutput Output;
  sam2lung::Matrix IjkToRas;
  bool WithProbability;
  std::map<int, std::string> Names; ///< That the user gave, by number.
  OutputNodes Nodes;
};

//----------------------------------------------------------------------------
Delivery::Delivery(vtkMRMLSAM2LungParametersNode* parameters, const RunInput& input, const RunOutput& output)
  : Held(std::make_unique<Content>(parameters, input, output))
{
  // All that takes memory was made by now, so that a failure leaves the scene as it was.
  Content* const held = this->Held.get();
  const auto then = [this](const std::function<void()>& step)
  {
    this->Steps.emplace_back(
      [step]
      {
        step();
        return false;
      });
  };
  for (int made = 1; made <= OUTPUT_NODES; ++made)
  {
    then([held] { held->Nodes = MakeOutputNodes(held->Parameters, held->WithProbability, 1); });
  }
  then([held] { held->Nodes = MakeOutputNodes(held->Parameters, held->WithProbability); });
  // Before their content: a map that isn't told its window would be looked through for one.
  then([held] { ShowVolumes(held->Nodes, held->Output.facts.uncertainty); });
  then(
    [held]
    {
      ShowMarks(held->Nodes);
      HideUnlessShown(held->Parameters);
    });
  then(
    [held]
    {
      std::vector<NoduleLook> looks;
      for (const sam2lung::Nodule& nodule : held->Output.nodules)
      {
        looks.push_back(LookOf(nodule, held->Output.classes));
      }
      WriteNoduleColors(held->Nodes.nodule_colors, looks);
    });
  then([held] { WriteImage(held->Nodes.labels, held->Output.labels, held->IjkToRas); });
  then([held] { WriteImage(held->Nodes.uncertainty, held->Output.uncertainty, held->IjkToRas); });
  if (held->WithProbability)
  {
    then([held] { WriteImage(held->Nodes.probability, held->Output.probability, held->IjkToRas); });
  }
  this->Steps.emplace_back([held] { return RemoveNextSegment(held->Nodes.segmentation); });
  for (std::size_t n = 0; n < held->Output.segments.size(); ++n)
  {
    then([held, n] { held->WriteSegmentOf(n); });
  }
  then([held] { WritePoints(held->Nodes.points, held->Marked(), held->Output.classes); });
  then([held] { held->WriteRows(); });
  then([held] { ShowAsAccepted(held->Parameters); });
}

//----------------------------------------------------------------------------
Delivery::~Delivery() = default;

//----------------------------------------------------------------------------
std::string Delivery::Problem() const
{
  vtkMRMLSAM2LungParametersNode* const parameters = this->Held->Parameters;
  const bool there = parameters && parameters->GetScene() && parameters->GetInputVolumeNode() &&
                     (this->Next <= OUTPUT_NODES ||
                      AreThere(this->Held->Nodes, parameters->GetScene(), this->Held->WithProbability));
  return there ? std::string()
               : vtkMRMLTr("vtkSlicerSAM2LungLogic",
                           "A node was removed while the result was written into it. Segment the CT again.");
}

//----------------------------------------------------------------------------
bool Delivery::Step()
{
  if (!this->Steps[this->Next]())
  {
    ++this->Next;
  }
  return this->Next < this->Steps.size();
}

//----------------------------------------------------------------------------
void WriteOutputs(vtkMRMLSAM2LungParametersNode* parameters, const RunInput& input, const RunOutput& output)
{
  RunInput with_previous = input;
  if (!with_previous.previous)
  {
    with_previous.previous = TakePrevious(parameters, input);
  }
  RunOutput prepared = output;
  Prepare(with_previous, prepared);
  Delivery delivery(parameters, with_previous, prepared);
  while (delivery.Step())
  {
  }
}

//----------------------------------------------------------------------------
std::string ResultText(vtkMRMLSAM2LungParametersNode* parameters)
{
  return TableResultText(parameters->GetNoduleTableNode());
}

//----------------------------------------------------------------------------
std::string WarningText(vtkMRMLSAM2LungParametersNode* parameters)
{
  return TableWarningText(parameters->GetNoduleTableNode());
}

//----------------------------------------------------------------------------
std::string ClassColors(vtkMRMLSAM2LungParametersNode* parameters)
{
  return TableClassColors(parameters->GetNoduleTableNode());
}

} // namespace sam2lung_slicer
