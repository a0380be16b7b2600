#include "SAM2LungTestScene.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLLinearTransformNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLSegmentationNode.h>

#include <vtkDataArray.h>
#include <vtkMath.h>
#include <vtkOrientedImageData.h>
#include <vtkPointData.h>
#include <vtkSegment.h>
#include <vtkSegmentation.h>
#include <vtkSegmentationConverter.h>
#include <vtkSphereSource.h>

using namespace sam2lung_testing;

namespace
{

using Parameters = vtkMRMLSAM2LungParametersNode;

/// Half the side of the boxes, in mm, that are searched around the balls.
constexpr double BOX_MM = 10.0;

/// Moves nothing of the world, but turns and shifts the frame in which a node's voxels lie.
vtkSmartPointer<vtkMatrix4x4> Turned()
{
  const double elements[16] = { 0.6, -0.8, 0, 10, 0.8, 0.6, 0, -20, 0, 0, 1, 30, 0, 0, 0, 1 };
  const auto matrix = vtkSmartPointer<vtkMatrix4x4>::New();
  matrix->DeepCopy(elements);
  return matrix;
}

vtkMRMLLinearTransformNode* AddTransform(TestScene& test, vtkMatrix4x4* to_parent)
{
  auto* const transform =
    vtkMRMLLinearTransformNode::SafeDownCast(test.Scene->AddNewNodeByClass("vtkMRMLLinearTransformNode"));
  transform->SetMatrixTransformToParent(to_parent);
  return transform;
}

vtkMRMLSegmentationNode* AddSegmentation(TestScene& test)
{
  return vtkMRMLSegmentationNode::SafeDownCast(test.Scene->AddNewNodeByClass("vtkMRMLSegmentationNode", "Boxes"));
}

/// Segments "box1" and "box2" around the two balls, in one label map that they share.
vtkMRMLSegmentationNode* AddBoxes(TestScene& test, vtkMatrix4x4* ijk_to_ras)
{
  vtkNew<vtkOrientedImageData> labels;
  labels->SetDimensions(90, 80, 20);
  labels->SetImageToWorldMatrix(AxialGrid());
  labels->AllocateScalars(VTK_UNSIGNED_CHAR, 1);
  labels->GetPointData()->GetScalars()->Fill(0);
  for (vtkIdType voxel = 0; voxel < labels->GetNumberOfPoints(); ++voxel)
  {
    const double i = voxel % 90, j = voxel / 90 % 80, k = voxel / (90 * 80);
    const double ijk[4] = { i, j, k, 1.0 };
    double ras[4];
    AxialGrid()->MultiplyPoint(ijk, ras);
    int label = 0;
    for (const Ball& ball : TwoBalls())
    {
      ++label;
      bool inside = true;
      for (int axis = 0; axis < 3; ++axis)
      {
        inside = inside && std::abs(ras[axis] - ball.center_ras[axis]) <= BOX_MM;
      }
      if (inside)
      {
        labels->GetPointData()->GetScalars()->SetComponent(voxel, 0, label);
      }
    }
  }
  labels->SetImageToWorldMatrix(ijk_to_ras);
  vtkMRMLSegmentationNode* const node = AddSegmentation(test);
  for (int label : { 1, 2 })
  {
    vtkNew<vtkSegment> segment;
    segment->SetLabelValue(label);
    segment->AddRepresentation(vtkSegmentationConverter::GetSegmentationBinaryLabelmapRepresentationName(), labels);
    node->GetSegmentation()->AddSegment(segment, "box" + std::to_string(label));
  }
  return node;
}

/// Distance between the only point of the outputs and a ball, in the CT's own frame, mm; -1: there is not one point.
double DistanceOfOnlyPoint(Parameters* parameters, const Ball& ball)
{
  vtkMRMLMarkupsFiducialNode* const points = parameters->GetNodulePointsNode();
  if (points->GetNumberOfControlPoints() != 1)
  {
    return -1;
  }
  double ras[3];
  points->GetNthControlPointPosition(0, ras);
  return std::sqrt(vtkMath::Distance2BetweenPoints(ras, ball.center_ras.data()));
}

/// A ball's voxels lie around its centre to about a voxel.
constexpr double NEAR_MM = 1.0;

int OnlyWhatLiesInTheSegmentIsFound(const std::string& bundles)
{
  TestScene test(bundles);
  vtkMRMLScalarVolumeNode* const ct = test.AddCT();
  Parameters* const parameters = test.AddParameters(ct);
  parameters->SetSearch(Parameters::SearchSegment);
  vtkMRMLSegmentationNode* const boxes = AddBoxes(test, AxialGrid());
  parameters->SetLungMaskSegmentationNode(boxes);
  const vtkMTimeType before = boxes->GetSegmentation()->GetMTime();
  for (int box : { 0, 1 })
  {
    parameters->SetLungMaskSegmentID("box" + std::to_string(box + 1));
    CHECK_BOOL(test.Logic->Segment(parameters), true);
    const double distance_mm = DistanceOfOnlyPoint(parameters, TwoBalls()[box]);
    CHECK_DOUBLE_TOLERANCE(distance_mm, NEAR_MM / 2, NEAR_MM / 2);
  }
  CHECK_BOOL(boxes->GetSegmentation()->GetMTime() == before, true);
  return EXIT_SUCCESS;
}

/// CT and segmentation lie at the same place of the world under different transforms.
int ParentTransformsOfBothCount(const std::string& bundles)
{
  vtkNew<vtkMatrix4x4> identity, back;
  vtkMatrix4x4::Invert(Turned(), back);
  for (const bool ct_is_turned : { false, true })
  {
    TestScene test(bundles);
    // The one's own frame is turned back, and its parent transform turns it to where the other lies.
    vtkNew<vtkMatrix4x4> other;
    vtkMatrix4x4::Multiply4x4(back, AxialGrid(), other);
    vtkMRMLScalarVolumeNode* const ct = test.AddCT();
    vtkMRMLSegmentationNode* const boxes = AddBoxes(test, ct_is_turned ? AxialGrid().GetPointer() : other);
    if (ct_is_turned)
    {
      ct->SetIJKToRASMatrix(other);
    }
    vtkMRMLTransformNode* const transform = AddTransform(test, Turned());
    if (ct_is_turned)
    {
      ct->SetAndObserveTransformNodeID(transform->GetID());
    }
    else
    {
      boxes->SetAndObserveTransformNodeID(transform->GetID());
    }
    Parameters* const parameters = test.AddParameters(ct);
    parameters->SetSearch(Parameters::SearchSegment);
    parameters->SetLungMaskSegmentationNode(boxes);
    parameters->SetLungMaskSegmentID("box2");
    CHECK_BOOL(test.Logic->Segment(parameters), true);
    Ball ball = TwoBalls()[1];
    if (ct_is_turned)
    {
      double in[4] = { ball.center_ras[0], ball.center_ras[1], ball.center_ras[2], 1.0 }, out[4];
      back->MultiplyPoint(in, out);
      ball.center_ras = { out[0], out[1], out[2] };
    }
    CHECK_DOUBLE_TOLERANCE(DistanceOfOnlyPoint(parameters, ball), NEAR_MM / 2, NEAR_MM / 2);
  }
  return EXIT_SUCCESS;
}

int SegmentThatIsASurfaceIsFilled(const std::string& bundles)
{
  TestScene test(bundles);
  Parameters* const parameters = test.AddParameters(test.AddCT());
  const Ball ball = TwoBalls()[1];
  vtkNew<vtkSphereSource> sphere;
  sphere->SetCenter(ball.center_ras.data());
  sphere->SetRadius(BOX_MM);
  sphere->Update();
  vtkMRMLSegmentationNode* const node = AddSegmentation(test);
  const char* const surface = vtkSegmentationConverter::GetSegmentationClosedSurfaceRepresentationName();
  node->GetSegmentation()->SetSourceRepresentationName(surface);
  vtkNew<vtkSegment> segment;
  segment->AddRepresentation(surface, sphere->GetOutput());
  node->GetSegmentation()->AddSegment(segment, "sphere");
  parameters->SetSearch(Parameters::SearchSegment);
  parameters->SetLungMaskSegmentationNode(node);
  parameters->SetLungMaskSegmentID("sphere");
  CHECK_BOOL(test.Logic->Segment(parameters), true);
  CHECK_DOUBLE_TOLERANCE(DistanceOfOnlyPoint(parameters, ball), NEAR_MM / 2, NEAR_MM / 2);
  // The user's segmentation got nothing that it hadn't.
  CHECK_BOOL(node->GetSegmentation()->ContainsRepresentation(
               vtkSegmentationConverter::GetSegmentationBinaryLabelmapRepresentationName()),
             false);
  return EXIT_SUCCESS;
}

int SegmentBesideTheCTIsRefused(const std::string& bundles)
{
  TestScene test(bundles);
  Parameters* const parameters = test.AddParameters(test.AddCT());
  vtkMRMLSegmentationNode* const boxes = AddBoxes(test, AxialGrid());
  vtkNew<vtkMatrix4x4> far;
  far->SetElement(0, 3, 500);
  boxes->SetAndObserveTransformNodeID(AddTransform(test, far)->GetID());
  parameters->SetSearch(Parameters::SearchSegment);
  parameters->SetLungMaskSegmentationNode(boxes);
  parameters->SetLungMaskSegmentID("box1");
  CHECK_BOOL(test.Logic->Segment(parameters), false);
  CHECK_INT(test.Logic->GetStatus(), vtkSlicerSAM2LungLogic::StatusRefused);
  CHECK_STD_STRING(test.Logic->GetStatusText(),
                   "The segment 'box1' of 'Boxes' is empty, or lies outside the CT 'CT'; expected where in the CT to "
                   "search. Choose another segment under Advanced, or search in the lungs.");
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungLogicMaskTest(int argc, char* argv[])
{
  CHECK_BOOL(argc > 1, true);
  const std::string bundles = argv[1];
  CHECK_EXIT_SUCCESS(OnlyWhatLiesInTheSegmentIsFound(bundles));
  CHECK_EXIT_SUCCESS(ParentTransformsOfBothCount(bundles));
  CHECK_EXIT_SUCCESS(SegmentThatIsASurfaceIsFilled(bundles));
  CHECK_EXIT_SUCCESS(SegmentBesideTheCTIsRefused(bundles));
  return EXIT_SUCCESS;
}
