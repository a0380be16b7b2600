#include "SAM2LungTestScene.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLLinearTransformNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLSequenceBrowserNode.h>
#include <vtkMRMLSequenceNode.h>
#include <vtkMRMLSubjectHierarchyConstants.h>
#include <vtkMRMLSubjectHierarchyNode.h>

#include <vtkDataArray.h>
#include <vtkPointData.h>

#include <vtkPoints.h>
#include <vtkSegmentation.h>
#include <vtkThinPlateSplineTransform.h>

#include <cmath>
#include <limits>

using namespace sam2lung_testing;

namespace
{

using Parameters = vtkMRMLSAM2LungParametersNode;
using Logic = vtkSlicerSAM2LungLogic;

/// Checks that nothing is begun, with this text; `early`: and that the panel is told before.
int CheckRefused(TestScene& test, Parameters* parameters, const std::string& text, bool early = true)
{
  const int nodes = test.Scene->GetNumberOfNodes();
  CHECK_STD_STRING(test.Logic->GetInputProblem(parameters), early ? text : "");
  CHECK_BOOL(test.Logic->Segment(parameters), false);
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusRefused);
  CHECK_STD_STRING(test.Logic->GetStatusText(), text);
  CHECK_BOOL(test.Logic->IsRunning(), false);
  CHECK_INT(test.Scene->GetNumberOfNodes(), nodes);
  return EXIT_SUCCESS;
}

/// Checks what the library refuses: the run ends at once.
int CheckFailed(TestScene& test, Parameters* parameters, const std::string& text)
{
  CHECK_STD_STRING(test.Logic->GetInputProblem(parameters), "");
  CHECK_BOOL(test.Logic->Segment(parameters), false);
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusFailed);
  CHECK_STD_STRING(test.Logic->GetStatusText(), text);
  CHECK_NULL(parameters->GetLabelMapNode());
  return EXIT_SUCCESS;
}

int NodesThatAreNotThere(const std::string& bundles)
{
  TestScene test(bundles);
  CHECK_EXIT_SUCCESS(CheckRefused(test,
                                  nullptr,
                                  "There is no parameter node; expected one of the scene. Choose a CT, or make one "
                                  "with GetParametersNode()."));
  vtkNew<Parameters> outside;
  outside->SetName("P");
  CHECK_EXIT_SUCCESS(CheckRefused(test,
                                  outside,
                                  "The parameter node 'P' is not in this scene. Add it to the scene, or choose one "
                                  "that is there."));
  vtkMRMLScalarVolumeNode* const ct = test.AddCT();
  Parameters* const parameters = test.AddParameters(ct);
  test.Scene->RemoveNode(ct);
  const std::string none = "No CT of this scene is chosen. Choose a chest CT as input volume.";
  CHECK_EXIT_SUCCESS(CheckRefused(test, parameters, none));
  vtkNew<vtkMRMLScalarVolumeNode> nowhere;
  parameters->SetInputVolumeNode(nowhere);
  CHECK_EXIT_SUCCESS(CheckRefused(test, parameters, none));
  vtkNew<Logic> without_scene;
  CHECK_BOOL(without_scene->Segment(parameters), false);
  CHECK_STD_STRING(without_scene->GetStatusText(), "There is no scene. Give the logic one with SetMRMLScene().");
  return EXIT_SUCCESS;
}

/// A volume of this class whose voxels have so many values.
Parameters* WithVolume(TestScene& test, const char* class_name, const std::array<int, 3>& dims, int components)
{
  auto* const volume = vtkMRMLScalarVolumeNode::SafeDownCast(test.Scene->AddNewNodeByClass(class_name, "V"));
  if (components > 0)
  {
    vtkNew<vtkImageData> image;
    image->SetDimensions(dims.data());
    image->AllocateScalars(VTK_SHORT, components);
    volume->SetAndObserveImageData(image);
  }
  return test.AddParameters(volume);
}

int VolumesThatAreNoCT(const std::string& bundles)
{
  TestScene test(bundles);
  CHECK_EXIT_SUCCESS(CheckRefused(test,
                                  WithVolume(test, "vtkMRMLLabelMapVolumeNode", { 4, 4, 4 }, 1),
                                  "'V' is a label map; expected a CT in Hounsfield units. Choose the CT itself as "
                                  "input volume."));
  CHECK_EXIT_SUCCESS(CheckRefused(test,
                                  WithVolume(test, "vtkMRMLVectorVolumeNode", { 4, 4, 4 }, 3),
                                  "'V' is a volume of vectors, such as a colour picture; expected a CT with one value "
                                  "a voxel, in Hounsfield units. Choose the CT itself as input volume."));
  CHECK_EXIT_SUCCESS(CheckRefused(test,
                                  WithVolume(test, "vtkMRMLScalarVolumeNode", { 4, 4, 4 }, 3),
                                  "'V' has 3 values a voxel; expected one, in Hounsfield units. Extract one with the "
                                  "module Vector to Scalar Volume."));
  CHECK_EXIT_SUCCESS(CheckRefused(test,
                                  WithVolume(test, "vtkMRMLScalarVolumeNode", { 4, 4, 4 }, 10),
                                  "'V' has 10 values a voxel, as a series over time has; expected one, in Hounsfield "
                                  "units. Choose one point of time as a volume of its own."));
  const std::string none = "'V' has no voxels; expected a loaded CT. Load its file again, or choose another volume.";
  CHECK_EXIT_SUCCESS(CheckRefused(test, WithVolume(test, "vtkMRMLScalarVolumeNode", { 4, 4, 4 }, 0), none));
  CHECK_EXIT_SUCCESS(CheckRefused(test,
                                  WithVolume(test, "vtkMRMLScalarVolumeNode", { 8, 9, 1 }, 1),
                                  "'V' has 8 x 9 x 1 voxels; expected a chest CT with at least 5 along each axis. Load the "
                                  "whole series, not a part of it."));
  CHECK_EXIT_SUCCESS(CheckRefused(test,
                                  WithVolume(test, "vtkMRMLScalarVolumeNode", { 64, 64, 2 }, 1),
                                  "'V' has 64 x 64 x 2 voxels; expected a chest CT with at least 5 along each axis. Load "
                                  "the whole series, not a part of it."));
  return EXIT_SUCCESS;
}

/// A CT of balls with other values.
Parameters* WithValues(TestScene& test, double scale, double shift)
{
  vtkMRMLScalarVolumeNode* const volume = test.AddCT(AxialGrid(), TwoBalls(), VTK_FLOAT);
  volume->SetName("V");
  vtkDataArray* const voxels = volume->GetImageData()->GetPointData()->GetScalars();
  for (vtkIdType n = 0; n < voxels->GetNumberOfTuples(); ++n)
  {
    voxels->SetComponent(n, 0, scale * voxels->GetComponent(n, 0) + shift);
  }
  return test.AddParameters(volume);
}

/// The panel tells before the button is pressed.
int ValuesThatAreNoHU(const std::string& bundles)
{
  TestScene test(bundles);
  const auto grey = [](const std::string& range)
  {
    return "'V' is no CT in Hounsfield units: its values go from about " + range +
           ", and air would be near -1000. An MR, a mask or a picture looks like that. Choose a chest CT; if this is one, "
           "load it from DICOM, or subtract what was added to its values (often 1024).";
  };
  CHECK_EXIT_SUCCESS(CheckRefused(test, WithValues(test, 1.0, 1024.0), grey("174 to 724"))); // as an MR has
  CHECK_EXIT_SUCCESS(CheckRefused(test, WithValues(test, 1 / 550.0, 850 / 550.0), grey("0 to 1"))); // as a mask has
  CHECK_EXIT_SUCCESS(CheckRefused(test,
                                  WithValues(test, 0.001, 0.0),
                                  "'V' is no CT of a chest in Hounsfield units: its values go from about -0.85 to -0.3, "
                                  "and air would be near -1000. Choose the chest CT as it came from the scanner, not a "
                                  "normalised or cropped one."));
  CHECK_EXIT_SUCCESS(CheckRefused(test,
                                  WithValues(test, 0.0, -850.0),
                                  "'V' has the same value, -850, everywhere; expected a chest CT. Choose another volume."));
  // None of them is taken for a CT by itself.
  CHECK_NULL(test.Logic->GetNewestCT());
  return EXIT_SUCCESS;
}

int OtherModality(const std::string& bundles)
{
  TestScene test(bundles);
  vtkMRMLScalarVolumeNode* const volume = test.AddCT();
  vtkMRMLSubjectHierarchyNode* const hierarchy = vtkMRMLSubjectHierarchyNode::GetSubjectHierarchyNode(test.Scene);
  const vtkIdType item = hierarchy->CreateItem(hierarchy->GetSceneItemID(), volume);
  const std::string modality = vtkMRMLSubjectHierarchyConstants::GetDICOMSeriesModalityAttributeName();
  Parameters* const parameters = test.AddParameters(volume);
  hierarchy->SetItemAttribute(item, modality, "CT");
  CHECK_STD_STRING(test.Logic->GetInputProblem(parameters), "");
  hierarchy->SetItemAttribute(item, modality, "MR");
  CHECK_EXIT_SUCCESS(CheckRefused(
    test, parameters, "'CT' is an image of the modality MR; expected a chest CT. Choose the CT, or load one."));
  return EXIT_SUCCESS;
}

int FrameOfASequence(const std::string& bundles)
{
  TestScene test(bundles);
  vtkMRMLScalarVolumeNode* const ct = test.AddCT();
  auto* const sequence =
    vtkMRMLSequenceNode::SafeDownCast(test.Scene->AddNode(vtkNew<vtkMRMLSequenceNode>().GetPointer()));
  sequence->SetDataNodeAtValue(ct, "0");
  vtkNew<vtkMRMLSequenceBrowserNode> made;
  made->SetName("B");
  auto* const browser = vtkMRMLSequenceBrowserNode::SafeDownCast(test.Scene->AddNode(made));
  browser->SetAndObserveMasterSequenceNodeID(sequence->GetID());
  browser->AddProxyNode(ct, sequence, false);
  ct->SetName("CT");
  CHECK_EXIT_SUCCESS(CheckRefused(test,
                                  test.AddParameters(ct),
                                  "'CT' shows one frame of the sequence browser 'B', which exchanges its voxels; "
                                  "expected a volume of its own. Clone it in the module Data, and choose the copy."));
  return EXIT_SUCCESS;
}

vtkMRMLLinearTransformNode* AddLinear(TestScene& test, const std::array<double, 16>& elements)
{
  auto* const transform =
    vtkMRMLLinearTransformNode::SafeDownCast(test.Scene->AddNewNodeByClass("vtkMRMLLinearTransformNode", "T"));
  vtkNew<vtkMatrix4x4> matrix;
  matrix->DeepCopy(elements.data());
  transform->SetMatrixTransformToParent(matrix);
  return transform;
}

int TransformsThatChangeSizes(const std::string& bundles)
{
  TestScene test(bundles);
  vtkMRMLScalarVolumeNode* const ct = test.AddCT();
  Parameters* const parameters = test.AddParameters(ct);
  const std::string scaled =
    "'CT' lies under the transform 'T', which scales or shears it; expected a shift and a rotation at most, so that "
    "sizes in mm hold. Harden the transform on the volume in the module Transforms, or take the volume out of it.";
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const std::array<double, 16>& elements : {
         std::array<double, 16>{ 1.1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1 },   // longer
         std::array<double, 16>{ 1, 0.1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1 },   // sheared
         std::array<double, 16>{ nan, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1 },
         std::array<double, 16>{ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 },     // flat
       })
  {
    ct->SetAndObserveTransformNodeID(AddLinear(test, elements)->GetID());
    CHECK_EXIT_SUCCESS(CheckRefused(test, parameters, scaled));
  }
  for (const std::array<double, 16>& elements : {
         std::array<double, 16>{ 0.6, -0.8, 0, 5, 0.8, 0.6, 0, 6, 0, 0, 1, 7, 0, 0, 0, 1 }, // turned and shifted
         std::array<double, 16>{ -1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1 },         // mirrored
       })
  {
    ct->SetAndObserveTransformNodeID(AddLinear(test, elements)->GetID());
    CHECK_STD_STRING(test.Logic->GetInputProblem(parameters), "");
  }

  vtkNew<vtkPoints> from, to;
  for (int n = 0; n < 4; ++n)
  {
    from->InsertNextPoint(n, n * n, n * n * n);
    to->InsertNextPoint(n + n * n, n * n, n * n * n);
  }
  vtkNew<vtkThinPlateSplineTransform> spline;
  spline->SetBasisToR();
  spline->SetSourceLandmarks(from);
  spline->SetTargetLandmarks(to);
  auto* const bent =
    vtkMRMLTransformNode::SafeDownCast(test.Scene->AddNewNodeByClass("vtkMRMLTransformNode", "Bent"));
  bent->SetAndObserveTransformToParent(spline);
  ct->SetAndObserveTransformNodeID(bent->GetID());
  CHECK_EXIT_SUCCESS(CheckRefused(test,
                                  parameters,
                                  "'CT' lies under the transform 'Bent', which bends it; expected a shift and a "
                                  "rotation at most, so that sizes in mm hold. Harden the transform on the volume in "
                                  "the module Transforms, or take the volume out of it."));
  return EXIT_SUCCESS;
}

int OptionsThatThereAreNot(const std::string& bundles)
{
  TestScene test(bundles);
  vtkMRMLScalarVolumeNode* const ct = test.AddCT();
  const auto refused = [&](const std::function<void(Parameters*)>& set, const std::string& text)
  {
    Parameters* const parameters = test.AddParameters(ct);
    set(parameters);
    const int result = CheckRefused(test, parameters, text);
    test.Scene->RemoveNode(parameters);
    return result;
  };
  CHECK_EXIT_SUCCESS(refused([](Parameters* p) { p->SetSamples(10001); },
                             "Samples is 10001; expected 1 to 10000, or 0 for the model's number. Change it under "
                             "Advanced."));
  CHECK_EXIT_SUCCESS(refused([](Parameters* p) { p->SetSamples(-1); },
                             "Samples is -1; expected 1 to 10000, or 0 for the model's number. Change it under "
                             "Advanced."));
  CHECK_EXIT_SUCCESS(refused([](Parameters* p) { p->SetSeed(-3); },
                             "Seed is -3; expected 0 or more. Change it under Advanced."));
  CHECK_EXIT_SUCCESS(refused([](Parameters* p) { p->SetThreshold(1.5); },
                             "Threshold is 1.5; expected a probability between 0 and 1, or 0 for the model's. Change "
                             "it under Advanced."));
  CHECK_EXIT_SUCCESS(refused([](Parameters* p) { p->SetThreshold(std::nan("")); },
                             "Threshold is nan; expected a probability between 0 and 1, or 0 for the model's. Change "
                             "it under Advanced."));
  CHECK_EXIT_SUCCESS(refused([](Parameters* p) { p->SetSensitivity(2); },
                             "Sensitivity is 2; expected a share of the nodules, above 0 and up to 1, or 0 for the "
                             "model's. Change it under Advanced."));
  CHECK_EXIT_SUCCESS(refused([](Parameters* p) { p->SetMinDiameter(-1); },
                             "Smallest diameter is -1; expected 0 to 100 mm. Change it under Advanced."));
  CHECK_EXIT_SUCCESS(refused([](Parameters* p) { p->SetShareOfSlices(1.5); },
                             "Share of slices is 1.5; expected 0 to 1, or a number below 0 for the model's. Change it "
                             "under Advanced."));
  CHECK_EXIT_SUCCESS(refused([](Parameters* p) { p->SetShareOfSlices(std::nan("")); },
                             "Share of slices is nan; expected 0 to 1, or a number below 0 for the model's. Change it "
                             "under Advanced."));
  CHECK_EXIT_SUCCESS(refused([](Parameters* p) { p->SetDevice(9); },
                             "Device is 9; expected 0 to 2. Choose it again under Advanced."));
  CHECK_EXIT_SUCCESS(refused([](Parameters* p) { p->SetModelFolder("/nowhere"); },
                             "'/nowhere' is not a folder with model.json, and no installed model has that name; expected "
                             "one of them. Choose another model, or the one that is built in."));
  return EXIT_SUCCESS;
}

int OutputsThatWouldOverwriteWhatIsRead(const std::string& bundles)
{
  TestScene test(bundles);
  vtkMRMLScalarVolumeNode* const ct = test.AddCT();
  Parameters* const parameters = test.AddParameters(ct);
  const std::string overwritten =
    "The CT 'CT' is also chosen as an output, which would overwrite it; expected another volume, or none for a new "
    "one. Choose it again under Advanced.";
  parameters->SetUncertaintyVolumeNode(ct);
  CHECK_EXIT_SUCCESS(CheckRefused(test, parameters, overwritten));
  parameters->SetUncertaintyVolumeNode(nullptr);
  parameters->SetProbabilityVolumeNode(ct);
  CHECK_STD_STRING(test.Logic->GetInputProblem(parameters), ""); // nothing is written there
  parameters->SetWriteProbability(true);
  CHECK_EXIT_SUCCESS(CheckRefused(test, parameters, overwritten));

  auto* const map =
    vtkMRMLScalarVolumeNode::SafeDownCast(test.Scene->AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Map"));
  parameters->SetUncertaintyVolumeNode(map);
  parameters->SetProbabilityVolumeNode(map);
  CHECK_EXIT_SUCCESS(CheckRefused(test,
                                  parameters,
                                  "'Map' is chosen as uncertainty and as probability volume; expected two volumes, or "
                                  "none for new ones. Choose them again under Advanced."));
  parameters->SetProbabilityVolumeNode(nullptr);

  auto* const lungs =
    vtkMRMLSegmentationNode::SafeDownCast(test.Scene->AddNewNodeByClass("vtkMRMLSegmentationNode", "Lungs"));
  lungs->GetSegmentation()->AddEmptySegment("left", "Left lung");
  parameters->SetSegmentationNode(lungs);
  parameters->SetLungMaskSegmentationNode(lungs);
  parameters->SetLungMaskSegmentID("left");
  CHECK_STD_STRING(test.Logic->GetInputProblem(parameters), ""); // it isn't read
  parameters->SetSearch(Parameters::SearchSegment);
  CHECK_EXIT_SUCCESS(CheckRefused(test,
                                  parameters,
                                  "'Lungs' holds the segment to search in and is also chosen as the output, which would "
                                  "overwrite it; expected another segmentation, or none for a new one. Choose it again "
                                  "under Advanced."));
  return EXIT_SUCCESS;
}

/// The outputs may be chosen while the run goes on.
int OutputThatIsChosenTooLate(const std::string& bundles)
{
  TestScene test(bundles);
  vtkMRMLScalarVolumeNode* const ct = test.AddCT();
  vtkImageData* const voxels = ct->GetImageData();
  Parameters* const parameters = test.AddParameters(ct);
  CHECK_BOOL(test.Logic->StartSegment(parameters), true);
  parameters->SetUncertaintyVolumeNode(ct);
  while (test.Logic->IsRunning())
  {
    test.Logic->ProcessEvents();
  }
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusCancelled);
  CHECK_BOOL(test.Logic->GetStatusText().find("is also chosen as an output") != std::string::npos, true);
  CHECK_POINTER(ct->GetImageData(), voxels);
  CHECK_NULL(parameters->GetLabelMapNode());
  return EXIT_SUCCESS;
}

int SegmentsThatAreNotThere(const std::string& bundles)
{
  TestScene test(bundles);
  Parameters* const parameters = test.AddParameters(test.AddCT());
  parameters->SetSearch(Parameters::SearchSegment);
  CHECK_EXIT_SUCCESS(CheckRefused(test,
                                  parameters,
                                  "The search is limited to a segment, but no segmentation is chosen. Choose one under "
                                  "Advanced, or search in the lungs."));
  auto* const segmentation =
    vtkMRMLSegmentationNode::SafeDownCast(test.Scene->AddNewNodeByClass("vtkMRMLSegmentationNode", "Lungs"));
  parameters->SetLungMaskSegmentationNode(segmentation);
  parameters->SetLungMaskSegmentID("left");
  CHECK_EXIT_SUCCESS(CheckRefused(test,
                                  parameters,
                                  "The segmentation 'Lungs' has no segment 'left' to search in. Choose one of its "
                                  "segments under Advanced, or search in the lungs."));
  // That it is empty shows when it is looked at.
  segmentation->GetSegmentation()->AddEmptySegment("left", "Left lung");
  CHECK_EXIT_SUCCESS(CheckRefused(test,
                                  parameters,
                                  "The segment 'Left lung' of 'Lungs' is empty, or lies outside the CT 'CT'; expected "
                                  "where in the CT to search. Choose another segment under Advanced, or search in the "
                                  "lungs.",
                                  false));
  // For a click nothing is searched.
  CHECK_BOOL(test.Logic->OutlineAtClick(parameters, -14.0, -2.4, 25.0), true);
  return EXIT_SUCCESS;
}

int VoxelsThatTheLibraryRefuses(const std::string& bundles)
{
  TestScene test(bundles);
  vtkMRMLScalarVolumeNode* const holed = test.AddCT(AxialGrid(), TwoBalls(), VTK_FLOAT);
  holed->GetImageData()->SetScalarComponentFromDouble(2, 1, 0, 0, std::nan(""));
  CHECK_EXIT_SUCCESS(CheckFailed(test,
                                 test.AddParameters(holed),
                                 "The image holds 1 value(s) that are NaN or infinite, the first at voxel (2, 1, 0); "
                                 "expected finite numbers. Repair or export the image again."));
  const auto sheared = AxialGrid();
  sheared->SetElement(0, 2, 1.0);
  CHECK_EXIT_SUCCESS(CheckFailed(test,
                                 test.AddParameters(test.AddCT(sheared)),
                                 "The axes of the volume are not orthogonal (angle off by 26.565 degrees); expected a "
                                 "rectangular grid. Resample the volume to such a grid, for example with Slicer's 'Resample "
                                 "Scalar Volume', or undo the gantry tilt."));
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungLogicRefusalTest(int argc, char* argv[])
{
  CHECK_BOOL(argc > 1, true);
  const std::string bundles = argv[1];
  CHECK_EXIT_SUCCESS(NodesThatAreNotThere(bundles));
  CHECK_EXIT_SUCCESS(VolumesThatAreNoCT(bundles));
  CHECK_EXIT_SUCCESS(ValuesThatAreNoHU(bundles));
  CHECK_EXIT_SUCCESS(OtherModality(bundles));
  CHECK_EXIT_SUCCESS(FrameOfASequence(bundles));
  CHECK_EXIT_SUCCESS(TransformsThatChangeSizes(bundles));
  CHECK_EXIT_SUCCESS(OptionsThatThereAreNot(bundles));
  CHECK_EXIT_SUCCESS(OutputsThatWouldOverwriteWhatIsRead(bundles));
  CHECK_EXIT_SUCCESS(OutputThatIsChosenTooLate(bundles));
  CHECK_EXIT_SUCCESS(SegmentsThatAreNotThere(bundles));
  CHECK_EXIT_SUCCESS(VoxelsThatTheLibraryRefuses(bundles));
  return EXIT_SUCCESS;
}
