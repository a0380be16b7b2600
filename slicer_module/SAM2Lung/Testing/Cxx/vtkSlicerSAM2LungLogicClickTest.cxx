#include "SAM2LungTestScene.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLLinearTransformNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLTableNode.h>
#include <vtkSegmentation.h>

#include <vtkMath.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>

using namespace sam2lung_testing;

namespace
{

using Parameters = vtkMRMLSAM2LungParametersNode;
using Logic = vtkSlicerSAM2LungLogic;

/// With a click the tiny network outlines what lies within about 5.3 mm: its centre is the click, to about a voxel.
constexpr double NEAR_MM = 2.0;

bool OutlineAt(TestScene& test, Parameters* parameters, const Point& ras)
{
  return test.Logic->OutlineAtClick(parameters, ras[0], ras[1], ras[2]);
}

/// How many points of the outputs lie near a point of the world.
int PointsNear(Parameters* parameters, const Point& ras)
{
  vtkMRMLMarkupsFiducialNode* const points = parameters->GetNodulePointsNode();
  int count = 0;
  for (int n = 0; n < points->GetNumberOfControlPoints(); ++n)
  {
    double at[3];
    points->GetNthControlPointPositionWorld(n, at);
    count += vtkMath::Distance2BetweenPoints(at, ras.data()) <= NEAR_MM * NEAR_MM;
  }
  return count;
}

int Points(Parameters* parameters)
{
  return parameters->GetNodulePointsNode()->GetNumberOfControlPoints();
}

int NoduleAtAClickIsAddedToWhatWasFound(const std::string& bundles)
{
  TestScene test(bundles);
  Parameters* const parameters = test.AddParameters(test.AddCT());
  CHECK_BOOL(test.Logic->Segment(parameters), true);
  CHECK_INT(Points(parameters), 2);
  CHECK_INT(test.Logic->GetClickedNodule(), 0);
  int changes = 0;
  Observe(test.Logic, Logic::NodulesModifiedEvent, [&changes] { ++changes; });
  CHECK_BOOL(OutlineAt(test, parameters, NOWHERE_RAS), true);
  CHECK_INT(changes, 1);
  CHECK_INT(Points(parameters), 3);
  CHECK_INT(test.Logic->GetClickedNodule(), 3);
  CHECK_INT(PointsNear(parameters, NOWHERE_RAS), 1);
  for (const Ball& ball : TwoBalls())
  {
    CHECK_INT(PointsNear(parameters, ball.center_ras), 1);
  }
  CHECK_STD_STRING(test.Logic->GetStatusText(), test.Logic->GetResultText(parameters));
  std::cout << test.Logic->GetStatusText() << std::endl;

  // Once more at the same place: another version of the same nodule.
  CHECK_BOOL(OutlineAt(test, parameters, NOWHERE_RAS), true);
  CHECK_INT(Points(parameters), 3);
  CHECK_INT(PointsNear(parameters, NOWHERE_RAS), 1);
  // And on one that was found.
  CHECK_BOOL(OutlineAt(test, parameters, TwoBalls()[0].center_ras), true);
  CHECK_INT(Points(parameters), 3);
  return EXIT_SUCCESS;
}

/// Clicks and decisions, the last one first; a whole run ends what can be undone.
int ClicksAreUndoneOneByOne(const std::string& bundles)
{
  TestScene test(bundles);
  Parameters* const parameters = test.AddParameters(test.AddCT());
  CHECK_BOOL(test.Logic->Segment(parameters), true);
  const std::string found = test.Logic->GetResultText(parameters);
  CHECK_BOOL(OutlineAt(test, parameters, NOWHERE_RAS), true);
  test.Logic->SetNoduleAccepted(parameters, 3, false);
  CHECK_BOOL(OutlineAt(test, parameters, NOWHERE_RAS), true);
  CHECK_STD_STRING(test.Logic->GetUndoText(parameters), "Outline Nodule 3 at a click");
  CHECK_INT(test.Logic->GetNoduleDecision(parameters, 3), Logic::DecisionUndecided);
  int changes = 0;
  Observe(test.Logic, Logic::NodulesModifiedEvent, [&changes] { ++changes; });
  CHECK_BOOL(test.Logic->Undo(parameters), true);
  CHECK_INT(test.Logic->GetNoduleDecision(parameters, 3), Logic::DecisionRejected);
  CHECK_STD_STRING(test.Logic->GetUndoText(parameters), "Reject Nodule 3");
  CHECK_BOOL(test.Logic->Undo(parameters), true);
  CHECK_BOOL(test.Logic->Undo(parameters), true);
  CHECK_INT(changes, 3);
  CHECK_INT(Points(parameters), 2);
  CHECK_INT(PointsNear(parameters, NOWHERE_RAS), 0);
  CHECK_STD_STRING(test.Logic->GetResultText(parameters), found);
  CHECK_BOOL(test.Logic->Undo(parameters), false);
  // The next click gets the number that is free again.
  CHECK_BOOL(OutlineAt(test, parameters, NOWHERE_RAS), true);
  CHECK_INT(test.Logic->GetClickedNodule(), 3);
  CHECK_BOOL(test.Logic->StartSegment(parameters), true);
  CHECK_BOOL(test.Logic->Undo(parameters), false);
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusRefused);
  CHECK_INT(Points(parameters), 3);
  while (test.Logic->IsRunning())
  {
    test.Logic->ProcessEvents();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusCompleted);
  CHECK_STD_STRING(test.Logic->GetUndoText(parameters), "");
  return EXIT_SUCCESS;
}

int FirstNoduleNeedsNoRunBefore(const std::string& bundles)
{
  TestScene test(bundles);
  Parameters* const parameters = test.AddParameters(test.AddCT());
  CHECK_BOOL(OutlineAt(test, parameters, TwoBalls()[0].center_ras), true);
  CHECK_INT(Points(parameters), 1);
  CHECK_BOOL(OutlineAt(test, parameters, TwoBalls()[1].center_ras), true);
  CHECK_INT(Points(parameters), 2);
  CHECK_DOUBLE(parameters->GetLabelMapNode()->GetImageData()->GetScalarRange()[1], 2.0);
  return EXIT_SUCCESS;
}

int ClickIsAPlaceInTheWorld(const std::string& bundles)
{
  TestScene test(bundles);
  vtkMRMLScalarVolumeNode* const ct = test.AddCT();
  const double elements[16] = { 0.6, -0.8, 0, 10, 0.8, 0.6, 0, -20, 0, 0, 1, 30, 0, 0, 0, 1 };
  vtkNew<vtkMatrix4x4> to_world;
  to_world->DeepCopy(elements);
  auto* const transform =
    vtkMRMLLinearTransformNode::SafeDownCast(test.Scene->AddNewNodeByClass("vtkMRMLLinearTransformNode", "T"));
  transform->SetMatrixTransformToParent(to_world);
  ct->SetAndObserveTransformNodeID(transform->GetID());
  Point world;
  ct->TransformPointToWorld(NOWHERE_RAS.data(), world.data());
  Parameters* const parameters = test.AddParameters(ct);
  CHECK_BOOL(OutlineAt(test, parameters, world), true);
  CHECK_INT(Points(parameters), 1);
  CHECK_INT(PointsNear(parameters, world), 1);
  return EXIT_SUCCESS;
}

int ClickOutsideTheCTIsRefused(const std::string& bundles)
{
  TestScene test(bundles);
  Parameters* const parameters = test.AddParameters(test.AddCT());
  // The CT's first voxel has its centre at (-30, -20, 5), and is 0.8 mm wide.
  CHECK_BOOL(OutlineAt(test, parameters, { -30.41, -20, 5 }), false);
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusRefused);
  CHECK_STD_STRING(test.Logic->GetStatusText(),
                   "The click at (-30.4, -20.0, 5.0) mm lies outside the CT 'CT'. Click in the CT, in the middle of a "
                   "nodule.");
  CHECK_BOOL(OutlineAt(test, parameters, { std::numeric_limits<double>::quiet_NaN(), 0, 0 }), false);
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusRefused);
  CHECK_NULL(parameters->GetLabelMapNode());
  // Its rim belongs to it.
  CHECK_BOOL(OutlineAt(test, parameters, { -30.39, -20, 5 }), true);
  return EXIT_SUCCESS;
}

int ClickWhereTheModelSeesNothingChangesNothing(const std::string& bundles)
{
  TestScene test(bundles);
  Parameters* const parameters = test.AddParameters(test.AddCT());
  parameters->SetModelFolder(bundles + "/tiny-identity"); // takes no clicks
  const int nodes = test.Scene->GetNumberOfNodes();
  CHECK_BOOL(OutlineAt(test, parameters, NOWHERE_RAS), false);
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusFailed);
  CHECK_STD_STRING(test.Logic->GetStatusText(),
                   "The model sees no nodule at the click; nothing was changed. Click in the middle of a nodule, or lower "
                   "the threshold under Advanced.");
  CHECK_INT(test.Scene->GetNumberOfNodes(), nodes);
  return EXIT_SUCCESS;
}

vtkImageData* Labels(Parameters* parameters)
{
  return parameters->GetLabelMapNode()->GetImageData();
}

vtkImageData* Uncertainty(Parameters* parameters)
{
  return parameters->GetUncertaintyVolumeNode()->GetImageData();
}

int WhatWasPaintedByHandStays(const std::string& bundles)
{
  TestScene test(bundles);
  Parameters* const parameters = test.AddParameters(test.AddCT());
  CHECK_BOOL(test.Logic->Segment(parameters), true);
  // A nodule of the user's own, in a corner far from the click, and a value in the map.
  Labels(parameters)->SetScalarComponentFromDouble(2, 3, 4, 0, 9);
  Uncertainty(parameters)->SetScalarComponentFromDouble(2, 3, 4, 0, 0.125);
  CHECK_BOOL(OutlineAt(test, parameters, NOWHERE_RAS), true);
  CHECK_INT(test.Logic->GetClickedNodule(), 10);
  CHECK_DOUBLE(Labels(parameters)->GetScalarComponentAsDouble(2, 3, 4, 0), 9.0);
  CHECK_DOUBLE(Uncertainty(parameters)->GetScalarComponentAsDouble(2, 3, 4, 0), 0.125);
  CHECK_INT(Points(parameters), 3);
  return EXIT_SUCCESS;
}

int NumberOfARowWithoutVoxelsIsNotGivenAgain(const std::string& bundles)
{
  TestScene test(bundles);
  Parameters* const parameters = test.AddParameters(test.AddCT());
  CHECK_BOOL(test.Logic->Segment(parameters), true);
  auto* const label = static_cast<unsigned short*>(Labels(parameters)->GetScalarPointer());
  std::replace(label, label + Labels(parameters)->GetNumberOfPoints(), 2, 0);
  CHECK_BOOL(OutlineAt(test, parameters, NOWHERE_RAS), true);
  CHECK_INT(test.Logic->GetClickedNodule(), 3);
  CHECK_DOUBLE(Labels(parameters)->GetScalarRange()[1], 3.0);
  test.Scene->RemoveNode(parameters->GetLabelMapNode());
  CHECK_BOOL(OutlineAt(test, parameters, TwoBalls()[0].center_ras), true);
  CHECK_INT(test.Logic->GetClickedNodule(), 4);
  CHECK_DOUBLE(Labels(parameters)->GetScalarRange()[1], 4.0);
  return EXIT_SUCCESS;
}

int NoduleThatTakesThePlaceOfTwoLeavesOneRow(const std::string& bundles)
{
  // Two balls with 2 mm between them: what is within 5.3 mm of the click joins them.
  TestScene test(bundles);
  const std::vector<Ball> balls{ { { -14.0, -2.4, 25.0 }, 2.5 }, { { -7.0, -2.4, 25.0 }, 2.5 } };
  Parameters* const parameters = test.AddParameters(test.AddCT(AxialGrid(), balls));
  CHECK_BOOL(test.Logic->Segment(parameters), true);
  CHECK_INT(Points(parameters), 2);
  CHECK_BOOL(OutlineAt(test, parameters, { -10.5, -2.4, 25.0 }), true);
  CHECK_INT(Points(parameters), 1);
  CHECK_INT(test.Logic->GetClickedNodule(), 1);
  CHECK_INT(parameters->GetNoduleTableNode()->GetNumberOfRows(), 1);
  CHECK_INT(parameters->GetSegmentationNode()->GetSegmentation()->GetNumberOfSegments(), 1);
  CHECK_DOUBLE(Labels(parameters)->GetScalarRange()[1], 1.0);
  return EXIT_SUCCESS;
}

int MapGoesOnShowingItsKindOfUncertainty(const std::string& bundles)
{
  TestScene test(bundles);
  Parameters* const parameters = test.AddParameters(test.AddCT());
  parameters->SetUncertainty(Parameters::UncertaintyVariance);
  CHECK_BOOL(test.Logic->Segment(parameters), true);
  parameters->SetUncertainty(Parameters::UncertaintyEntropy);
  CHECK_BOOL(OutlineAt(test, parameters, NOWHERE_RAS), true);
  // A variance of probabilities is a quarter at most.
  CHECK_BOOL(Uncertainty(parameters)->GetScalarRange()[1] <= 0.25, true);
  CHECK_STRING(parameters->GetNoduleTableNode()->GetAttribute("SAM2Lung.Uncertainty"), "variance");
  return EXIT_SUCCESS;
}

int OldNamesOfTheCallsWork(const std::string& bundles)
{
  TestScene test(bundles);
  Parameters* const parameters = test.AddParameters(test.AddCT());
  CHECK_BOOL(test.Logic->OutlineAtPoint(parameters, NOWHERE_RAS[0], NOWHERE_RAS[1], NOWHERE_RAS[2]), true);
  CHECK_INT(test.Logic->GetNoduleAtPoint(), 1);
  CHECK_BOOL(test.Logic->GetRunAtPoint(), true);
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungLogicClickTest(int argc, char* argv[])
{
  CHECK_BOOL(argc > 1, true);
  const std::string bundles = argv[1];
  CHECK_EXIT_SUCCESS(NoduleAtAClickIsAddedToWhatWasFound(bundles));
  CHECK_EXIT_SUCCESS(ClicksAreUndoneOneByOne(argv[1]));
  CHECK_EXIT_SUCCESS(FirstNoduleNeedsNoRunBefore(bundles));
  CHECK_EXIT_SUCCESS(ClickIsAPlaceInTheWorld(bundles));
  CHECK_EXIT_SUCCESS(ClickOutsideTheCTIsRefused(bundles));
  CHECK_EXIT_SUCCESS(ClickWhereTheModelSeesNothingChangesNothing(bundles));
  CHECK_EXIT_SUCCESS(WhatWasPaintedByHandStays(bundles));
  CHECK_EXIT_SUCCESS(NumberOfARowWithoutVoxelsIsNotGivenAgain(bundles));
  CHECK_EXIT_SUCCESS(NoduleThatTakesThePlaceOfTwoLeavesOneRow(bundles));
  CHECK_EXIT_SUCCESS(MapGoesOnShowingItsKindOfUncertainty(bundles));
  CHECK_EXIT_SUCCESS(OldNamesOfTheCallsWork(bundles));
  return EXIT_SUCCESS;
}
