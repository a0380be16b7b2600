// The parameter node: defaults, XML, copies, references, saved scenes, undo.

#include <sstream>
#include <string>

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLLinearTransformNode.h>
#include <vtkMRMLSAM2LungParametersNode.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLScene.h>
#include <vtkMRMLTableNode.h>
#include <vtkNew.h>
#include <vtkSmartPointer.h>
#include <vtkTestingOutputWindow.h>

using Parameters = vtkMRMLSAM2LungParametersNode;

namespace
{

/// What XML likes least.
const char* const FOLDER = "/models/Jürgen's \"best\" <1> & co";

void SetEverything(Parameters* node)
{
  node->SetLungMaskSegmentID("Segment_7");
  node->SetPriorFolder(FOLDER);
  node->SetPriorDays(181.5);
  node->SetSamples(13);
  node->SetSeed(99);
  node->SetDevice(Parameters::DeviceCUDA);
  node->SetThreshold(0.375);
  node->SetSensitivity(0.875);
  node->SetMinDiameter(2.5);
  node->SetSearch(Parameters::SearchSegment);
  node->SetUncertainty(Parameters::UncertaintyMutualInformation);
  node->SetWriteProbability(true);
  node->SetModelFolder(FOLDER);
  node->SetShareOfSlices(0.625);
  node->SetOverlayVisible(false);
  node->SetOverlayOpacity(0.75);
  node->SetAxesVisible(true);
  node->SetShownColumns("volume_mm3 mean_hu");
}

int CheckOptions(Parameters* node)
{
  CHECK_INT(node->GetSamples(), 13);
  CHECK_INT(node->GetSeed(), 99);
  CHECK_INT(node->GetDevice(), Parameters::DeviceCUDA);
  CHECK_DOUBLE(node->GetThreshold(), 0.375);
  CHECK_DOUBLE(node->GetSensitivity(), 0.875);
  CHECK_DOUBLE(node->GetMinDiameter(), 2.5);
  CHECK_INT(node->GetSearch(), Parameters::SearchSegment);
  CHECK_INT(node->GetUncertainty(), Parameters::UncertaintyMutualInformation);
  CHECK_BOOL(node->GetWriteProbability(), true);
  CHECK_STD_STRING(node->GetModelFolder(), std::string(FOLDER));
  CHECK_DOUBLE(node->GetShareOfSlices(), 0.625);
  CHECK_BOOL(node->GetOverlayVisible(), false);
  CHECK_DOUBLE(node->GetOverlayOpacity(), 0.75);
  CHECK_BOOL(node->GetAxesVisible(), true);
  CHECK_STD_STRING(node->GetShownColumns(), "volume_mm3 mean_hu");
  return EXIT_SUCCESS;
}

int TestDefaults()
{
  vtkNew<Parameters> node;
  CHECK_STRING(node->GetNodeTagName(), "SAM2LungParameters");
  const auto instance = vtkSmartPointer<vtkMRMLNode>::Take(node->CreateNodeInstance());
  CHECK_NOT_NULL(Parameters::SafeDownCast(instance));
  CHECK_INT(node->GetSamples(), 0);
  CHECK_INT(node->GetSeed(), 0);
  CHECK_INT(node->GetDevice(), Parameters::DeviceAuto);
  CHECK_DOUBLE(node->GetThreshold(), 0.0);
  CHECK_DOUBLE(node->GetMinDiameter(), 4.0);
  CHECK_DOUBLE(node->GetShareOfSlices(), -1.0);
  CHECK_INT(node->GetSearch(), Parameters::SearchLungs);
  CHECK_BOOL(node->GetOverlayVisible(), true);
  CHECK_DOUBLE(node->GetOverlayOpacity(), 0.4);
  CHECK_BOOL(node->GetAxesVisible(), false);
  CHECK_STD_STRING(node->GetShownColumns(), "");
  CHECK_NULL(node->GetInputVolumeNode());
  return EXIT_SUCCESS;
}

int TestEnumNames()
{
  for (int id = 0; id < Parameters::Device_Last; ++id)
  {
    CHECK_INT(Parameters::GetDeviceFromString(Parameters::GetDeviceAsString(id)), id);
  }
  for (int id = 0; id < Parameters::Search_Last; ++id)
  {
    CHECK_INT(Parameters::GetSearchFromString(Parameters::GetSearchAsString(id)), id);
  }
  for (int id = 0; id < Parameters::Uncertainty_Last; ++id)
  {
    CHECK_INT(Parameters::GetUncertaintyFromString(Parameters::GetUncertaintyAsString(id)), id);
  }
  CHECK_INT(Parameters::GetDeviceFromString("abacus"), -1);
  CHECK_STRING(Parameters::GetSearchAsString(99), "");
  return EXIT_SUCCESS;
}

int TestCopies()
{
  vtkNew<vtkMRMLScene> scene;
  vtkNew<Parameters> one;
  scene->AddNode(one);
  auto* ct = vtkMRMLScalarVolumeNode::SafeDownCast(scene->AddNewNodeByClass("vtkMRMLScalarVolumeNode"));
  one->SetInputVolumeNode(ct);
  SetEverything(one);

  std::ostringstream printed;
  one->Print(printed);
  CHECK_BOOL(printed.str().find("Samples: 13") != std::string::npos, true);
  CHECK_BOOL(printed.str().find(FOLDER) != std::string::npos, true);

  vtkNew<Parameters> copy;
  scene->AddNode(copy);
  copy->Copy(one);
  CHECK_EXIT_SUCCESS(CheckOptions(copy));
  CHECK_STD_STRING(copy->GetLungMaskSegmentID(), std::string("Segment_7"));
  CHECK_STD_STRING(copy->GetPriorFolder(), std::string(FOLDER));
  CHECK_DOUBLE(copy->GetPriorDays(), 181.5);
  CHECK_POINTER(copy->GetInputVolumeNode(), ct);

  vtkNew<Parameters> other;
  scene->AddNode(other);
  other->CopyOptions(one);
  CHECK_EXIT_SUCCESS(CheckOptions(other));
  CHECK_NULL(other->GetInputVolumeNode());
  CHECK_STD_STRING(other->GetLungMaskSegmentID(), std::string());
  CHECK_STD_STRING(other->GetPriorFolder(), std::string());
  CHECK_DOUBLE(other->GetPriorDays(), 0.0);

  one->SetChannelVolumeNode("PET", ct);
  one->SetChannelVolumeNode("T1", ct);
  one->SetChannelVolumeNode("T1", nullptr);
  CHECK_POINTER(one->GetChannelVolumeNode("PET"), ct);
  CHECK_NULL(one->GetChannelVolumeNode("T1"));
  CHECK_INT(static_cast<int>(one->GetChannelNames().size()), 1);
  CHECK_STD_STRING(one->GetChannelNames().front(), std::string("PET"));

  scene->RemoveNode(ct);
  CHECK_NULL(one->GetInputVolumeNode());
  CHECK_NULL(one->GetChannelVolumeNode("PET"));
  return EXIT_SUCCESS;
}

/// Writes a scene with everything set, as text.
std::string SceneAsXML()
{
  vtkNew<vtkMRMLScene> scene;
  vtkNew<Parameters> node;
  scene->AddNode(node);
  SetEverything(node);
  node->SetInputVolumeNode(
    vtkMRMLScalarVolumeNode::SafeDownCast(scene->AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")));
  node->SetLabelMapNode(
    vtkMRMLLabelMapVolumeNode::SafeDownCast(scene->AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "Labels")));
  node->SetNoduleTableNode(vtkMRMLTableNode::SafeDownCast(scene->AddNewNodeByClass("vtkMRMLTableNode", "Table")));
  node->SetChannelVolumeNode(
    "T1-post_2", vtkMRMLScalarVolumeNode::SafeDownCast(scene->AddNewNodeByClass("vtkMRMLScalarVolumeNode", "T1")));
  node->SetPriorVolumeNode(node->GetChannelVolumeNode("T1-post_2"));
  node->SetPriorTransformNode(
    vtkMRMLLinearTransformNode::SafeDownCast(scene->AddNewNodeByClass("vtkMRMLLinearTransformNode", "Laid over")));
  scene->SetSaveToXMLString(1);
  scene->Commit();
  return scene->GetSceneXMLString();
}

int TestScene()
{
  const std::string xml = SceneAsXML();
  vtkNew<vtkMRMLScene> scene;
  vtkNew<Parameters> registered;
  scene->RegisterNodeClass(registered);
  scene->SetLoadFromXMLString(1);
  scene->SetSceneXMLString(xml);
  // Twice: the second time, every ID of the file is taken and changes; references have to follow.
  for (int copies = 1; copies <= 2; ++copies)
  {
    CHECK_INT(scene->Import(), 1);
    CHECK_INT(scene->GetNumberOfNodesByClass("vtkMRMLSAM2LungParametersNode"), copies);
    auto* node =
      Parameters::SafeDownCast(scene->GetNthNodeByClass(copies - 1, "vtkMRMLSAM2LungParametersNode"));
    CHECK_EXIT_SUCCESS(CheckOptions(node));
    CHECK_STD_STRING(node->GetLungMaskSegmentID(), std::string("Segment_7"));
    CHECK_NOT_NULL(node->GetInputVolumeNode());
    CHECK_POINTER(node->GetInputVolumeNode(), scene->GetNthNodeByClass(3 * copies - 3, "vtkMRMLScalarVolumeNode"));
    CHECK_INT(static_cast<int>(node->GetChannelNames().size()), 1);
    CHECK_POINTER(node->GetChannelVolumeNode("T1-post_2"),
                  scene->GetNthNodeByClass(3 * copies - 1, "vtkMRMLScalarVolumeNode"));
    CHECK_STD_STRING(node->GetPriorFolder(), std::string(FOLDER));
    CHECK_DOUBLE(node->GetPriorDays(), 181.5);
    CHECK_POINTER(node->GetPriorVolumeNode(), node->GetChannelVolumeNode("T1-post_2"));
    CHECK_POINTER(node->GetPriorTransformNode(), scene->GetNthNodeByClass(copies - 1, "vtkMRMLLinearTransformNode"));
    CHECK_POINTER(node->GetLabelMapNode(), scene->GetNthNodeByClass(copies - 1, "vtkMRMLLabelMapVolumeNode"));
    CHECK_POINTER(node->GetNoduleTableNode(), scene->GetNthNodeByClass(copies - 1, "vtkMRMLTableNode"));
  }
  return EXIT_SUCCESS;
}

int TestUnknownEnumInSceneKeepsDefaultAndSaysSo()
{
  vtkNew<Parameters> node;
  const char* atts[] = { "device", "abacus", "samples", "5", nullptr };
  TESTING_OUTPUT_ASSERT_ERRORS_BEGIN();
  node->ReadXMLAttributes(atts);
  TESTING_OUTPUT_ASSERT_ERRORS_END();
  CHECK_INT(node->GetDevice(), Parameters::DeviceAuto);
  CHECK_INT(node->GetSamples(), 5);
  return EXIT_SUCCESS;
}

int TestUndo()
{
  vtkNew<vtkMRMLScene> scene;
  scene->SetUndoOn();
  vtkNew<Parameters> node;
  node->SetUndoEnabled(true);
  scene->AddNode(node);
  node->SetSamples(7);
  scene->SaveStateForUndo();
  node->SetSamples(8);
  node->SetModelFolder(FOLDER);
  scene->Undo();
  CHECK_INT(node->GetSamples(), 7);
  CHECK_STD_STRING(node->GetModelFolder(), std::string());
  scene->Redo();
  CHECK_INT(node->GetSamples(), 8);
  CHECK_STD_STRING(node->GetModelFolder(), std::string(FOLDER));
  return EXIT_SUCCESS;
}

} // namespace

int vtkMRMLSAM2LungParametersNodeTest1(int, char*[])
{
  CHECK_EXIT_SUCCESS(TestDefaults());
  CHECK_EXIT_SUCCESS(TestEnumNames());
  CHECK_EXIT_SUCCESS(TestCopies());
  CHECK_EXIT_SUCCESS(TestScene());
  CHECK_EXIT_SUCCESS(TestUnknownEnumInSceneKeepsDefaultAndSaysSo());
  CHECK_EXIT_SUCCESS(TestUndo());
  return EXIT_SUCCESS;
}
