#include "vtkMRMLSAM2LungParametersNode.h"

#include <cstring>

#include <vtkCommand.h>
#include <vtkIntArray.h>
#include <vtkMRMLI18N.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLLinearTransformNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLTableNode.h>
#include <vtkMRMLTransformableNode.h>
#include <vtkNew.h>
#include <vtkSmartPointer.h>
#include <vtkObjectFactory.h>

namespace
{

constexpr char INPUT_VOLUME_ROLE[] = "inputVolume";
/// Before the name of a channel, which holds letters, digits, `-` and `_`.
constexpr char CHANNEL_ROLE[] = "channelVolume.";
constexpr char LUNG_MASK_ROLE[] = "lungMaskSegmentation";
constexpr char SEGMENTATION_ROLE[] = "segmentation";
constexpr char LABEL_MAP_ROLE[] = "labelMap";
constexpr char UNCERTAINTY_ROLE[] = "uncertaintyVolume";
constexpr char PROBABILITY_ROLE[] = "probabilityVolume";
constexpr char TABLE_ROLE[] = "noduleTable";
constexpr char POINTS_ROLE[] = "nodulePoints";
constexpr char PRIOR_ROLE[] = "priorVolume";
constexpr char PRIOR_TRANSFORM_ROLE[] = "priorTransform";
constexpr char ALIGNED_PRIOR_ROLE[] = "alignedPriorVolume";
constexpr char ALIGNED_LABELS_ROLE[] = "alignedPriorLabelMap";

/// Names of enum values as they stand in saved scenes, in the enum's order.
constexpr const char* DEVICES[] = { "auto", "cpu", "cuda" };
constexpr const char* SEARCHES[] = { "lungs", "everywhere", "segment" };
constexpr const char* UNCERTAINTIES[] = { "model", "entropy", "variance", "mutual-information" };

template <int N>
const char* NameOf(const char* const (&names)[N], int id)
{
  return 0 <= id && id < N ? names[id] : "";
}

/// -1 for a name that isn't there: the macros of MRML then keep the value.
template <int N>
int ValueOf(const char* const (&names)[N], const char* name)
{
  for (int id = 0; id < N; ++id)
  {
    if (name && !strcmp(name, names[id]))
    {
      return id;
    }
  }
  return -1;
}

vtkSmartPointer<vtkIntArray> InputEvents()
{
  const auto events = vtkSmartPointer<vtkIntArray>::New();
  events->InsertNextValue(vtkCommand::ModifiedEvent);
  events->InsertNextValue(vtkMRMLVolumeNode::ImageDataModifiedEvent);
  events->InsertNextValue(vtkMRMLTransformableNode::TransformModifiedEvent);
  return events;
}

} // namespace

//----------------------------------------------------------------------------
vtkMRMLNodeNewMacro(vtkMRMLSAM2LungParametersNode);

//----------------------------------------------------------------------------
vtkMRMLSAM2LungParametersNode::vtkMRMLSAM2LungParametersNode()
{
  this->TypeDisplayName = vtkMRMLTr("vtkMRMLSAM2LungParametersNode", "Nodule Segmentation Parameters");
  this->HideFromEditors = 1;

  // Whether the input can be segmented depends on these; the panel hears of them as this node's own changes.
  this->AddNodeReferenceRole(INPUT_VOLUME_ROLE, "inputVolumeRef", InputEvents());
  this->AddNodeReferenceRole(LUNG_MASK_ROLE, "lungMaskSegmentationRef");
  this->AddNodeReferenceRole(SEGMENTATION_ROLE, "segmentationRef");
  this->AddNodeReferenceRole(LABEL_MAP_ROLE, "labelMapRef");
  this->AddNodeReferenceRole(UNCERTAINTY_ROLE, "uncertaintyVolumeRef");
  this->AddNodeReferenceRole(PROBABILITY_ROLE, "probabilityVolumeRef");
  this->AddNodeReferenceRole(TABLE_ROLE, "noduleTableRef");
  this->AddNodeReferenceRole(POINTS_ROLE, "nodulePointsRef");
  this->AddNodeReferenceRole(PRIOR_ROLE, "priorVolumeRef");
  this->AddNodeReferenceRole(PRIOR_TRANSFORM_ROLE, "priorTransformRef");
  this->AddNodeReferenceRole(ALIGNED_PRIOR_ROLE, "alignedPriorVolumeRef");
  this->AddNodeReferenceRole(ALIGNED_LABELS_ROLE, "alignedPriorLabelMapRef");
}

//----------------------------------------------------------------------------
vtkMRMLSAM2LungParametersNode::~vtkMRMLSAM2LungParametersNode() = default;

//----------------------------------------------------------------------------
void vtkMRMLSAM2LungParametersNode::PrintSelf(ostream& os, vtkIndent indent)
{
  Superclass::PrintSelf(os, indent);
  vtkMRMLPrintBeginMacro(os, indent);
  vtkMRMLPrintStdStringMacro(LungMaskSegmentID);
  vtkMRMLPrintIntMacro(Samples);
  vtkMRMLPrintIntMacro(Seed);
  vtkMRMLPrintEnumMacro(Device);
  vtkMRMLPrintFloatMacro(Threshold);
  vtkMRMLPrintFloatMacro(Sensitivity);
  vtkMRMLPrintFloatMacro(MinDiameter);
  vtkMRMLPrintEnumMacro(Search);
  vtkMRMLPrintEnumMacro(Uncertainty);
  vtkMRMLPrintBooleanMacro(UncertaintyEverywhere);
  vtkMRMLPrintBooleanMacro(WriteProbability);
  vtkMRMLPrintStdStringMacro(ModelFolder);
  vtkMRMLPrintFloatMacro(ShareOfSlices);
  vtkMRMLPrintBooleanMacro(OverlayVisible);
  vtkMRMLPrintFloatMacro(OverlayOpacity);
  vtkMRMLPrintBooleanMacro(AxesVisible);
  vtkMRMLPrintStdStringMacro(ShownColumns);
  vtkMRMLPrintStdStringMacro(PriorFolder);
  vtkMRMLPrintFloatMacro(PriorDays);
  vtkMRMLPrintBooleanMacro(ZoomToNodule);
  vtkMRMLPrintBooleanMacro(LungWindow);
  vtkMRMLPrintEndMacro();
}

//----------------------------------------------------------------------------
void vtkMRMLSAM2LungParametersNode::ReadXMLAttributes(const char** atts)
{
  MRMLNodeModifyBlocker blocker(this);
  Superclass::ReadXMLAttributes(atts);
  vtkMRMLReadXMLBeginMacro(atts);
  vtkMRMLReadXMLStdStringMacro(lungMaskSegmentID, LungMaskSegmentID);
  vtkMRMLReadXMLIntMacro(samples, Samples);
  vtkMRMLReadXMLIntMacro(seed, Seed);
  vtkMRMLReadXMLEnumMacro(device, Device);
  vtkMRMLReadXMLFloatMacro(threshold, Threshold);
  vtkMRMLReadXMLFloatMacro(sensitivity, Sensitivity);
  vtkMRMLReadXMLFloatMacro(minDiameter, MinDiameter);
  vtkMRMLReadXMLEnumMacro(search, Search);
  vtkMRMLReadXMLEnumMacro(uncertainty, Uncertainty);
  vtkMRMLReadXMLBooleanMacro(uncertaintyEverywhere, UncertaintyEverywhere);
  vtkMRMLReadXMLBooleanMacro(writeProbability, WriteProbability);
  vtkMRMLReadXMLStdStringMacro(modelFolder, ModelFolder);
  vtkMRMLReadXMLFloatMacro(shareOfSlices, ShareOfSlices);
  vtkMRMLReadXMLBooleanMacro(overlayVisible, OverlayVisible);
  vtkMRMLReadXMLFloatMacro(overlayOpacity, OverlayOpacity);
  vtkMRMLReadXMLBooleanMacro(axesVisible, AxesVisible);
  vtkMRMLReadXMLStdStringMacro(shownColumns, ShownColumns);
  vtkMRMLReadXMLStdStringMacro(priorFolder, PriorFolder);
  vtkMRMLReadXMLFloatMacro(priorDays, PriorDays);
  vtkMRMLReadXMLBooleanMacro(zoomToNodule, ZoomToNodule);
  vtkMRMLReadXMLBooleanMacro(lungWindow, LungWindow);
  vtkMRMLReadXMLEndMacro();
}

//----------------------------------------------------------------------------
void vtkMRMLSAM2LungParametersNode::WriteXML(ostream& of, int indent)
{
  Superclass::WriteXML(of, indent);
  vtkMRMLWriteXMLBeginMacro(of);
  vtkMRMLWriteXMLStdStringMacro(lungMaskSegmentID, LungMaskSegmentID);
  vtkMRMLWriteXMLIntMacro(samples, Samples);
  vtkMRMLWriteXMLIntMacro(seed, Seed);
  vtkMRMLWriteXMLEnumMacro(device, Device);
  vtkMRMLWriteXMLFloatMacro(threshold, Threshold);
  vtkMRMLWriteXMLFloatMacro(sensitivity, Sensitivity);
  vtkMRMLWriteXMLFloatMacro(minDiameter, MinDiameter);
  vtkMRMLWriteXMLEnumMacro(search, Search);
  vtkMRMLWriteXMLEnumMacro(uncertainty, Uncertainty);
  vtkMRMLWriteXMLBooleanMacro(uncertaintyEverywhere, UncertaintyEverywhere);
  vtkMRMLWriteXMLBooleanMacro(writeProbability, WriteProbability);
  vtkMRMLWriteXMLStdStringMacro(modelFolder, ModelFolder);
  vtkMRMLWriteXMLFloatMacro(shareOfSlices, ShareOfSlices);
  vtkMRMLWriteXMLBooleanMacro(overlayVisible, OverlayVisible);
  vtkMRMLWriteXMLFloatMacro(overlayOpacity, OverlayOpacity);
  vtkMRMLWriteXMLBooleanMacro(axesVisible, AxesVisible);
  vtkMRMLWriteXMLStdStringMacro(shownColumns, ShownColumns);
  vtkMRMLWriteXMLStdStringMacro(priorFolder, PriorFolder);
  vtkMRMLWriteXMLFloatMacro(priorDays, PriorDays);
  vtkMRMLWriteXMLBooleanMacro(zoomToNodule, ZoomToNodule);
  vtkMRMLWriteXMLBooleanMacro(lungWindow, LungWindow);
  vtkMRMLWriteXMLEndMacro();
}

//----------------------------------------------------------------------------
void vtkMRMLSAM2LungParametersNode::CopyContent(vtkMRMLNode* anode, bool deepCopy /*=true*/)
{
  MRMLNodeModifyBlocker blocker(this);
  Superclass::CopyContent(anode, deepCopy);
  this->CopyOptions(vtkMRMLSAM2LungParametersNode::SafeDownCast(anode));
  vtkMRMLCopyBeginMacro(anode);
  vtkMRMLCopyStdStringMacro(LungMaskSegmentID);
  vtkMRMLCopyStdStringMacro(PriorFolder);
  vtkMRMLCopyFloatMacro(PriorDays);
  vtkMRMLCopyEndMacro();
}

//----------------------------------------------------------------------------
void vtkMRMLSAM2LungParametersNode::CopyOptions(vtkMRMLSAM2LungParametersNode* other)
{
  MRMLNodeModifyBlocker blocker(this);
  vtkMRMLCopyBeginMacro(other);
  vtkMRMLCopyIntMacro(Samples);
  vtkMRMLCopyIntMacro(Seed);
  vtkMRMLCopyEnumMacro(Device);
  vtkMRMLCopyFloatMacro(Threshold);
  vtkMRMLCopyFloatMacro(Sensitivity);
  vtkMRMLCopyFloatMacro(MinDiameter);
  vtkMRMLCopyEnumMacro(Search);
  vtkMRMLCopyEnumMacro(Uncertainty);
  vtkMRMLCopyBooleanMacro(UncertaintyEverywhere);
  vtkMRMLCopyBooleanMacro(WriteProbability);
  vtkMRMLCopyStdStringMacro(ModelFolder);
  vtkMRMLCopyFloatMacro(ShareOfSlices);
  vtkMRMLCopyBooleanMacro(OverlayVisible);
  vtkMRMLCopyFloatMacro(OverlayOpacity);
  vtkMRMLCopyBooleanMacro(AxesVisible);
  vtkMRMLCopyStdStringMacro(ShownColumns);
  vtkMRMLCopyBooleanMacro(ZoomToNodule);
  vtkMRMLCopyBooleanMacro(LungWindow);
  vtkMRMLCopyEndMacro();
}

//----------------------------------------------------------------------------
const char* vtkMRMLSAM2LungParametersNode::GetDeviceAsString(int id)
{
  return NameOf(DEVICES, id);
}

//----------------------------------------------------------------------------
int vtkMRMLSAM2LungParametersNode::GetDeviceFromString(const char* name)
{
  return ValueOf(DEVICES, name);
}

//----------------------------------------------------------------------------
const char* vtkMRMLSAM2LungParametersNode::GetSearchAsString(int id)
{
  return NameOf(SEARCHES, id);
}

//----------------------------------------------------------------------------
int vtkMRMLSAM2LungParametersNode::GetSearchFromString(const char* name)
{
  return ValueOf(SEARCHES, name);
}

//----------------------------------------------------------------------------
const char* vtkMRMLSAM2LungParametersNode::GetUncertaintyAsString(int id)
{
  return NameOf(UNCERTAINTIES, id);
}

//----------------------------------------------------------------------------
int vtkMRMLSAM2LungParametersNode::GetUncertaintyFromString(const char* name)
{
  return ValueOf(UNCERTAINTIES, name);
}

//----------------------------------------------------------------------------
vtkMRMLScalarVolumeNode* vtkMRMLSAM2LungParametersNode::GetInputVolumeNode()
{
  return vtkMRMLScalarVolumeNode::SafeDownCast(this->GetNodeReference(INPUT_VOLUME_ROLE));
}

//----------------------------------------------------------------------------
void vtkMRMLSAM2LungParametersNode::SetInputVolumeNode(vtkMRMLScalarVolumeNode* node)
{
  this->SetAndObserveNodeReferenceID(INPUT_VOLUME_ROLE, node ? node->GetID() : nullptr);
}

//----------------------------------------------------------------------------
vtkMRMLScalarVolumeNode* vtkMRMLSAM2LungParametersNode::GetChannelVolumeNode(const std::string& channel)
{
  return vtkMRMLScalarVolumeNode::SafeDownCast(this->GetNodeReference((CHANNEL_ROLE + channel).c_str()));
}

//----------------------------------------------------------------------------
void vtkMRMLSAM2LungParametersNode::SetChannelVolumeNode(const std::string& channel, vtkMRMLScalarVolumeNode* node)
{
  this->SetAndObserveNodeReferenceID((CHANNEL_ROLE + channel).c_str(), node ? node->GetID() : nullptr, InputEvents());
}

//----------------------------------------------------------------------------
std::vector<std::string> vtkMRMLSAM2LungParametersNode::GetChannelNames()
{
  std::vector<std::string> roles;
  this->GetNodeReferenceRoles(roles);
  std::vector<std::string> channels;
  for (const std::string& role : roles)
  {
    const std::string channel = role.rfind(CHANNEL_ROLE, 0) == 0 ? role.substr(sizeof(CHANNEL_ROLE) - 1) : "";
    if (!channel.empty() && this->GetChannelVolumeNode(channel))
    {
      channels.push_back(channel);
    }
  }
  return channels;
}

//----------------------------------------------------------------------------
vtkMRMLSegmentationNode* vtkMRMLSAM2LungParametersNode::GetLungMaskSegmentationNode()
{
  return vtkMRMLSegmentationNode::SafeDownCast(this->GetNodeReference(LUNG_MASK_ROLE));
}

//----------------------------------------------------------------------------
void vtkMRMLSAM2LungParametersNode::SetLungMaskSegmentationNode(vtkMRMLSegmentationNode* node)
{
  this->SetNodeReferenceID(LUNG_MASK_ROLE, node ? node->GetID() : nullptr);
}

//----------------------------------------------------------------------------
vtkMRMLSegmentationNode* vtkMRMLSAM2LungParametersNode::GetSegmentationNode()
{
  return vtkMRMLSegmentationNode::SafeDownCast(this->GetNodeReference(SEGMENTATION_ROLE));
}

//----------------------------------------------------------------------------
void vtkMRMLSAM2LungParametersNode::SetSegmentationNode(vtkMRMLSegmentationNode* node)
{
  this->SetNodeReferenceID(SEGMENTATION_ROLE, node ? node->GetID() : nullptr);
}

//----------------------------------------------------------------------------
vtkMRMLLabelMapVolumeNode* vtkMRMLSAM2LungParametersNode::GetLabelMapNode()
{
  return vtkMRMLLabelMapVolumeNode::SafeDownCast(this->GetNodeReference(LABEL_MAP_ROLE));
}

//----------------------------------------------------------------------------
void vtkMRMLSAM2LungParametersNode::SetLabelMapNode(vtkMRMLLabelMapVolumeNode* node)
{
  this->SetNodeReferenceID(LABEL_MAP_ROLE, node ? node->GetID() : nullptr);
}

//----------------------------------------------------------------------------
vtkMRMLScalarVolumeNode* vtkMRMLSAM2LungParametersNode::GetUncertaintyVolumeNode()
{
  return vtkMRMLScalarVolumeNode::SafeDownCast(this->GetNodeReference(UNCERTAINTY_ROLE));
}

//----------------------------------------------------------------------------
void vtkMRMLSAM2LungParametersNode::SetUncertaintyVolumeNode(vtkMRMLScalarVolumeNode* node)
{
  this->SetNodeReferenceID(UNCERTAINTY_ROLE, node ? node->GetID() : nullptr);
}

//----------------------------------------------------------------------------
vtkMRMLScalarVolumeNode* vtkMRMLSAM2LungParametersNode::GetProbabilityVolumeNode()
{
  return vtkMRMLScalarVolumeNode::SafeDownCast(this->GetNodeReference(PROBABILITY_ROLE));
}

//----------------------------------------------------------------------------
void vtkMRMLSAM2LungParametersNode::SetProbabilityVolumeNode(vtkMRMLScalarVolumeNode* node)
{
  this->SetNodeReferenceID(PROBABILITY_ROLE, node ? node->GetID() : nullptr);
}

//----------------------------------------------------------------------------
vtkMRMLTableNode* vtkMRMLSAM2LungParametersNode::GetNoduleTableNode()
{
  return vtkMRMLTableNode::SafeDownCast(this->GetNodeReference(TABLE_ROLE));
}

//----------------------------------------------------------------------------
void vtkMRMLSAM2LungParametersNode::SetNoduleTableNode(vtkMRMLTableNode* node)
{
  this->SetNodeReferenceID(TABLE_ROLE, node ? node->GetID() : nullptr);
}

//----------------------------------------------------------------------------
vtkMRMLMarkupsFiducialNode* vtkMRMLSAM2LungParametersNode::GetNodulePointsNode()
{
  return vtkMRMLMarkupsFiducialNode::SafeDownCast(this->GetNodeReference(POINTS_ROLE));
}

//----------------------------------------------------------------------------
void vtkMRMLSAM2LungParametersNode::SetNodulePointsNode(vtkMRMLMarkupsFiducialNode* node)
{
  this->SetNodeReferenceID(POINTS_ROLE, node ? node->GetID() : nullptr);
}

//----------------------------------------------------------------------------
vtkMRMLScalarVolumeNode* vtkMRMLSAM2LungParametersNode::GetPriorVolumeNode()
{
  return vtkMRMLScalarVolumeNode::SafeDownCast(this->GetNodeReference(PRIOR_ROLE));
}

//----------------------------------------------------------------------------
void vtkMRMLSAM2LungParametersNode::SetPriorVolumeNode(vtkMRMLScalarVolumeNode* node)
{
  this->SetNodeReferenceID(PRIOR_ROLE, node ? node->GetID() : nullptr);
}

//----------------------------------------------------------------------------
vtkMRMLLinearTransformNode* vtkMRMLSAM2LungParametersNode::GetPriorTransformNode()
{
  return vtkMRMLLinearTransformNode::SafeDownCast(this->GetNodeReference(PRIOR_TRANSFORM_ROLE));
}

//----------------------------------------------------------------------------
void vtkMRMLSAM2LungParametersNode::SetPriorTransformNode(vtkMRMLLinearTransformNode* node)
{
  this->SetNodeReferenceID(PRIOR_TRANSFORM_ROLE, node ? node->GetID() : nullptr);
}

//----------------------------------------------------------------------------
vtkMRMLScalarVolumeNode* vtkMRMLSAM2LungParametersNode::GetAlignedPriorVolumeNode()
{
  return vtkMRMLScalarVolumeNode::SafeDownCast(this->GetNodeReference(ALIGNED_PRIOR_ROLE));
}

//----------------------------------------------------------------------------
void vtkMRMLSAM2LungParametersNode::SetAlignedPriorVolumeNode(vtkMRMLScalarVolumeNode* node)
{
  this->SetNodeReferenceID(ALIGNED_PRIOR_ROLE, node ? node->GetID() : nullptr);
}

//----------------------------------------------------------------------------
vtkMRMLLabelMapVolumeNode* vtkMRMLSAM2LungParametersNode::GetAlignedPriorLabelMapNode()
{
  return vtkMRMLLabelMapVolumeNode::SafeDownCast(this->GetNodeReference(ALIGNED_LABELS_ROLE));
}

//----------------------------------------------------------------------------
void vtkMRMLSAM2LungParametersNode::SetAlignedPriorLabelMapNode(vtkMRMLLabelMapVolumeNode* node)
{
  this->SetNodeReferenceID(ALIGNED_LABELS_ROLE, node ? node->GetID() : nullptr);
}
