#ifndef __vtkMRMLSAM2LungParametersNode_h
#define __vtkMRMLSAM2LungParametersNode_h

#include <vtkMRMLNode.h>

#include <string>
#include <vector>

#include "vtkSlicerSAM2LungModuleMRMLExport.h"

class vtkMRMLLabelMapVolumeNode;
class vtkMRMLLinearTransformNode;
class vtkMRMLMarkupsFiducialNode;
class vtkMRMLScalarVolumeNode;
class vtkMRMLSegmentationNode;
class vtkMRMLTableNode;

/// \brief What *Segment nodules* does with one CT: the input, the outputs, and how.
///
/// The only truth of the module's panel. One node stands for one CT: its outputs are made when they are absent and
/// written anew when they are set. A number that is 0 leaves the choice to the model, unless it says otherwise.
class VTK_SLICER_SAM2LUNG_MODULE_MRML_EXPORT vtkMRMLSAM2LungParametersNode : public vtkMRMLNode
{
public:
  static vtkMRMLSAM2LungParametersNode* New();
  vtkTypeMacro(vtkMRMLSAM2LungParametersNode, vtkMRMLNode);
  void PrintSelf(ostream& os, vtkIndent indent) override;

  vtkMRMLNode* CreateNodeInstance() override;
  const char* GetNodeTagName() override { return "SAM2LungParameters"; }
  void ReadXMLAttributes(const char** atts) override;
  void WriteXML(ostream& of, int indent) override;
  vtkMRMLCopyContentMacro(vtkMRMLSAM2LungParametersNode);

  /// Where the network runs.
  enum DeviceType
  {
    DeviceAuto = 0, ///< CUDA if it works, else the CPU.
    DeviceCPU,
    DeviceCUDA,     ///< An NVIDIA GPU, or an error.
    Device_Last
  };

  /// Where nodules are looked for.
  enum SearchType
  {
    SearchLungs = 0,  ///< In the lungs, which are found automatically.
    SearchEverywhere, ///< In the whole CT.
    SearchSegment,    ///< In the segment LungMaskSegmentID of LungMaskSegmentationNode.
    Search_Last
  };

  /// Kinds of uncertainty that the uncertainty volume can show.
  enum UncertaintyType
  {
    UncertaintyOfModel = 0,       ///< The model's choice.
    UncertaintyEntropy,           ///< All uncertainty, 0 to 1 bit.
    UncertaintyVariance,          ///< Of the probability over samples, 0 to 0.25.
    UncertaintyMutualInformation, ///< Of the network alone, bits.
    Uncertainty_Last
  };

  /// \name Input
  /// \{
  /// CT in HU, or the first channel of a model that takes something else.
  vtkMRMLScalarVolumeNode* GetInputVolumeNode();
  void SetInputVolumeNode(vtkMRMLScalarVolumeNode* node);
  /// A further volume, for a model that takes several: by the name of its channel, such as "PET". Those that the model doesn't
  /// name are kept and not used.
  vtkMRMLScalarVolumeNode* GetChannelVolumeNode(const std::string& channel);
  void SetChannelVolumeNode(const std::string& channel, vtkMRMLScalarVolumeNode* node);
  /// The channels for which there is a volume.
  std::vector<std::string> GetChannelNames();
  /// Used with SearchSegment.
  vtkMRMLSegmentationNode* GetLungMaskSegmentationNode();
  void SetLungMaskSegmentationNode(vtkMRMLSegmentationNode* node);
  vtkGetMacro(LungMaskSegmentID, std::string);
  vtkSetMacro(LungMaskSegmentID, std::string);
  /// \}

  /// \name Prior: an earlier CT of the same patient, with which the nodules are compared
  /// \{
  vtkMRMLScalarVolumeNode* GetPriorVolumeNode();
  void SetPriorVolumeNode(vtkMRMLScalarVolumeNode* node);
  /// Folder of results of the command line on that CT; empty: results of this module, in the scene.
  vtkGetMacro(PriorFolder, std::string);
  vtkSetMacro(PriorFolder, std::string);
  /// Days from the prior to this CT; 0: by the study dates, where they are known.
  vtkGetMacro(PriorDays, double);
  vtkSetMacro(PriorDays, double);
  /// Lays the prior CT over this one: from its own frame to that of the world. Written by a comparison.
  vtkMRMLLinearTransformNode* GetPriorTransformNode();
  void SetPriorTransformNode(vtkMRMLLinearTransformNode* node);
  /// The prior CT and its nodules once more, under that transform: what the views beside each other show. Not saved, but for
  /// nodules of a folder.
  vtkMRMLScalarVolumeNode* GetAlignedPriorVolumeNode();
  void SetAlignedPriorVolumeNode(vtkMRMLScalarVolumeNode* node);
  vtkMRMLLabelMapVolumeNode* GetAlignedPriorLabelMapNode();
  void SetAlignedPriorLabelMapNode(vtkMRMLLabelMapVolumeNode* node);
  /// \}

  /// \name Outputs: made when absent, written anew when set
  /// \{
  vtkMRMLSegmentationNode* GetSegmentationNode();
  void SetSegmentationNode(vtkMRMLSegmentationNode* node);
  vtkMRMLLabelMapVolumeNode* GetLabelMapNode();
  void SetLabelMapNode(vtkMRMLLabelMapVolumeNode* node);
  vtkMRMLScalarVolumeNode* GetUncertaintyVolumeNode();
  void SetUncertaintyVolumeNode(vtkMRMLScalarVolumeNode* node);
  /// Written only with WriteProbability.
  vtkMRMLScalarVolumeNode* GetProbabilityVolumeNode();
  void SetProbabilityVolumeNode(vtkMRMLScalarVolumeNode* node);
  vtkMRMLTableNode* GetNoduleTableNode();
  void SetNoduleTableNode(vtkMRMLTableNode* node);
  /// A point a nodule.
  vtkMRMLMarkupsFiducialNode* GetNodulePointsNode();
  void SetNodulePointsNode(vtkMRMLMarkupsFiducialNode* node);
  /// \}

  /// \name How
  /// \{
  /// Monte-Carlo dropout samples; 0: the model's number.
  vtkGetMacro(Samples, int);
  vtkSetMacro(Samples, int);
  /// The same seed gives the same bits on a CPU; not negative.
  vtkGetMacro(Seed, int);
  vtkSetMacro(Seed, int);
  /// DeviceType.
  vtkGetMacro(Device, int);
  vtkSetMacro(Device, int);
  static const char* GetDeviceAsString(int id);
  static int GetDeviceFromString(const char* name);
  /// Probability that makes a nodule's voxel, 0 to 1; 0: the model's.
  vtkGetMacro(Threshold, double);
  vtkSetMacro(Threshold, double);
  /// Share of nodules that the model's classifier keeps, 0 to 1; 0: the model's.
  vtkGetMacro(Sensitivity, double);
  vtkSetMacro(Sensitivity, double);
  /// Findings of a smaller equivalent diameter, in mm, are only counted, unless they were clicked on; 0: all are shown.
  vtkGetMacro(MinDiameter, double);
  vtkSetMacro(MinDiameter, double);
  /// SearchType.
  vtkGetMacro(Search, int);
  vtkSetMacro(Search, int);
  static const char* GetSearchAsString(int id);
  static int GetSearchFromString(const char* name);
  /// UncertaintyType.
  vtkGetMacro(Uncertainty, int);
  vtkSetMacro(Uncertainty, int);
  static const char* GetUncertaintyAsString(int id);
  static int GetUncertaintyFromString(const char* name);
  /// Whether the uncertainty volume tells of the whole CT; else it is 0 beyond 10 mm of the nodules.
  vtkGetMacro(UncertaintyEverywhere, bool);
  vtkSetMacro(UncertaintyEverywhere, bool);
  vtkBooleanMacro(UncertaintyEverywhere, bool);
  /// Whether the probability volume is written, too.
  vtkGetMacro(WriteProbability, bool);
  vtkSetMacro(WriteProbability, bool);
  vtkBooleanMacro(WriteProbability, bool);
  /// Folder with model.json, or an installed model as `NAME` or `NAME@VERSION`; empty: the model that is built in.
  vtkGetMacro(ModelFolder, std::string);
  vtkSetMacro(ModelFolder, std::string);
  /// Share of the slices, 0 to 1, that the fine network of a hybrid sees; 0: its coarse network alone answers; below 0: the
  /// model's. Kept and not used where the model is not a hybrid.
  vtkGetMacro(ShareOfSlices, double);
  vtkSetMacro(ShareOfSlices, double);
  /// \}

  /// \name What is shown
  /// \{
  /// Whether the uncertainty lies over the CT in slice views.
  vtkGetMacro(OverlayVisible, bool);
  vtkSetMacro(OverlayVisible, bool);
  vtkBooleanMacro(OverlayVisible, bool);
  /// Its opacity, 0 to 1.
  vtkGetMacro(OverlayOpacity, double);
  vtkSetMacro(OverlayOpacity, double);
  /// Whether long and short axis in any plane are drawn as lines; vtkSlicerSAM2LungLogic::UpdateAxes() draws them.
  vtkGetMacro(AxesVisible, bool);
  vtkSetMacro(AxesVisible, bool);
  vtkBooleanMacro(AxesVisible, bool);
  /// Names of the measures that a list of the nodules shows, with spaces between them; empty: nobody chose.
  vtkGetMacro(ShownColumns, std::string);
  vtkSetMacro(ShownColumns, std::string);
  /// \}

  /// \name What a jump to a nodule does
  /// \{
  /// Whether slice views show 60 mm around it.
  vtkGetMacro(ZoomToNodule, bool);
  vtkSetMacro(ZoomToNodule, bool);
  vtkBooleanMacro(ZoomToNodule, bool);
  /// Whether the CT is shown in a lung window, 1500 HU about -600 HU.
  vtkGetMacro(LungWindow, bool);
  vtkSetMacro(LungWindow, bool);
  vtkBooleanMacro(LungWindow, bool);
  /// \}

  /// Takes over how another CT was segmented, without its input and outputs.
  void CopyOptions(vtkMRMLSAM2LungParametersNode* other);

protected:
  vtkMRMLSAM2LungParametersNode();
  ~vtkMRMLSAM2LungParametersNode() override;

  std::string LungMaskSegmentID;
  int Samples{ 0 };
  int Seed{ 0 };
  int Device{ DeviceAuto };
  double Threshold{ 0.0 };
  double Sensitivity{ 0.0 };
  double MinDiameter{ 4.0 };
  int Search{ SearchLungs };
  int Uncertainty{ UncertaintyOfModel };
  bool UncertaintyEverywhere{ false };
  bool WriteProbability{ false };
  std::string ModelFolder;
  double ShareOfSlices{ -1.0 };
  bool OverlayVisible{ true };
  double OverlayOpacity{ 0.4 };
  bool AxesVisible{ false };
  std::string ShownColumns;
  std::string PriorFolder;
  double PriorDays{ 0.0 };
  bool ZoomToNodule{ true };
  bool LungWindow{ true };

private:
  vtkMRMLSAM2LungParametersNode(const vtkMRMLSAM2LungParametersNode&) = delete;
  void operator=(const vtkMRMLSAM2LungParametersNode&) = delete;
};

#endif
