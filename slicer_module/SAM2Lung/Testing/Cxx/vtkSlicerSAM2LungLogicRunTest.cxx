#include "SAM2LungTestScene.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLTableNode.h>

#include <vtkDataArray.h>
#include <vtkPointData.h>

#include <cstring>
#include <map>

using namespace sam2lung_testing;

namespace
{

using Parameters = vtkMRMLSAM2LungParametersNode;
using Logic = vtkSlicerSAM2LungLogic;

/// Counts the logic's events, and looks at its progress.
struct Listener
{
  explicit Listener(Logic* logic)
  {
    for (unsigned long event = Logic::StartedEvent; event <= Logic::NodulesModifiedEvent; ++event)
    {
      Observe(logic, event, [this, event] { ++this->Events[event]; });
    }
    Observe(logic,
            Logic::ProgressEvent,
            [this, logic]
            {
              this->ProgressRises = this->ProgressRises && logic->GetProgress() >= this->Progress;
              this->Progress = logic->GetProgress();
            });
  }

  std::map<unsigned long, int> Events;
  bool ProgressRises{ true };
  double Progress{ 0 };
};

bool SameVoxels(vtkImageData* one, vtkImageData* other)
{
  vtkDataArray* const a = one->GetPointData()->GetScalars();
  vtkDataArray* const b = other->GetPointData()->GetScalars();
  return a->GetDataType() == b->GetDataType() && a->GetNumberOfTuples() == b->GetNumberOfTuples() &&
         !std::memcmp(a->GetVoidPointer(0), b->GetVoidPointer(0), a->GetDataSize() * a->GetDataTypeSize());
}

int RunFillsAllOutputs(const std::string& bundles)
{
  TestScene test(bundles);
  Parameters* const parameters = test.AddParameters(test.AddCT());
  parameters->SetWriteProbability(true);
  Listener heard(test.Logic);

  CHECK_STD_STRING(test.Logic->GetInputProblem(parameters), "");
  CHECK_BOOL(test.Logic->Segment(parameters), true);

  CHECK_INT(test.Logic->GetStatus(), Logic::StatusCompleted);
  CHECK_BOOL(test.Logic->IsRunning(), false);
  CHECK_STD_STRING(test.Logic->GetStatusText(), test.Logic->GetResultText(parameters));
  std::cout << test.Logic->GetStatusText() << std::endl;
  CHECK_BOOL(test.Logic->GetStatusText().empty(), false);
  CHECK_NOT_NULL(parameters->GetSegmentationNode());
  CHECK_NOT_NULL(parameters->GetLabelMapNode());
  CHECK_NOT_NULL(parameters->GetUncertaintyVolumeNode());
  CHECK_NOT_NULL(parameters->GetProbabilityVolumeNode());
  CHECK_NOT_NULL(parameters->GetNoduleTableNode());
  CHECK_INT(parameters->GetNodulePointsNode()->GetNumberOfControlPoints(), 2);
  CHECK_DOUBLE(parameters->GetLabelMapNode()->GetImageData()->GetScalarRange()[1], 2.0);

  CHECK_INT(heard.Events[Logic::StartedEvent], 1);
  CHECK_INT(heard.Events[Logic::FinishedEvent], 1);
  CHECK_INT(heard.Events[Logic::NodulesModifiedEvent], 1);
  CHECK_BOOL(heard.Events[Logic::ProgressEvent] >= 1, true);
  CHECK_BOOL(heard.ProgressRises, true);
  CHECK_DOUBLE(test.Logic->GetProgress(), 1.0);
  CHECK_POINTER(test.Logic->GetRunParametersNode(), parameters);
  return EXIT_SUCCESS;
}

int SameSeedGivesTheSameVoxels(const std::string& bundles)
{
  TestScene test(bundles);
  vtkMRMLScalarVolumeNode* const ct = test.AddCT();
  Parameters* const parameters = test.AddParameters(ct);
  CHECK_BOOL(test.Logic->Segment(parameters), true);
  vtkNew<vtkImageData> labels, uncertainty;
  labels->DeepCopy(parameters->GetLabelMapNode()->GetImageData());
  uncertainty->DeepCopy(parameters->GetUncertaintyVolumeNode()->GetImageData());

  CHECK_BOOL(test.Logic->Segment(parameters), true);
  CHECK_BOOL(SameVoxels(labels, parameters->GetLabelMapNode()->GetImageData()), true);
  CHECK_BOOL(SameVoxels(uncertainty, parameters->GetUncertaintyVolumeNode()->GetImageData()), true);
  return EXIT_SUCCESS;
}

int OtherVoxelTypesGiveTheSameLabels(const std::string& bundles)
{
  TestScene test(bundles);
  Parameters* const reference = test.AddParameters(test.AddCT());
  CHECK_BOOL(test.Logic->Segment(reference), true);
  for (int type : { VTK_INT, VTK_FLOAT, VTK_DOUBLE, VTK_LONG, VTK_LONG_LONG })
  {
    Parameters* const parameters = test.AddParameters(test.AddCT(AxialGrid(), TwoBalls(), type));
    CHECK_BOOL(test.Logic->Segment(parameters), true);
    CHECK_BOOL(
      SameVoxels(reference->GetLabelMapNode()->GetImageData(), parameters->GetLabelMapNode()->GetImageData()), true);
  }
  return EXIT_SUCCESS;
}

int RunBesideTheMainThreadIsBroughtInByProcessEvents(const std::string& bundles)
{
  TestScene test(bundles);
  Parameters* const parameters = test.AddParameters(test.AddCT());
  CHECK_BOOL(test.Logic->StartSegment(parameters), true);
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusRunning);
  CHECK_NULL(parameters->GetLabelMapNode());
  while (test.Logic->IsRunning())
  {
    test.Logic->ProcessEvents();
  }
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusCompleted);
  CHECK_NOT_NULL(parameters->GetLabelMapNode());
  return EXIT_SUCCESS;
}

int SecondRunIsRefusedWhileOneGoesOn(const std::string& bundles)
{
  TestScene test(bundles);
  Parameters* const parameters = test.AddParameters(test.AddCT());
  Parameters* const other = test.AddParameters(test.AddCT());
  CHECK_BOOL(test.Logic->StartSegment(parameters), true);
  CHECK_BOOL(test.Logic->Segment(other), false);
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusRefused);
  CHECK_STD_STRING(test.Logic->GetStatusText(),
                   "Something else goes on: 'CT' is being segmented; expected one thing at a time. Wait until that is done, or "
                   "cancel it.");
  CHECK_BOOL(test.Logic->Undo(parameters), false);
  CHECK_STD_STRING(test.Logic->GetStatusText(),
                   "Nothing can be undone now: 'CT' is being segmented. Wait until that is done, or cancel it.");
  CHECK_BOOL(test.Logic->Export(parameters, "."), false);
  CHECK_STD_STRING(test.Logic->GetStatusText(),
                   "Nothing can be exported now: 'CT' is being segmented. Wait until that is done, or cancel it.");
  CHECK_BOOL(test.Logic->IsRunning(), true);
  CHECK_POINTER(test.Logic->GetRunParametersNode(), parameters);
  test.Logic->ProcessEvents();
  while (test.Logic->IsRunning())
  {
    CHECK_INT(test.Logic->GetStatus(), Logic::StatusRunning);
    test.Logic->ProcessEvents();
  }
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusCompleted);
  CHECK_NULL(other->GetLabelMapNode());
  return EXIT_SUCCESS;
}

int LibraryErrorIsStatusAndText(const std::string& bundles)
{
  TestScene test(bundles);
  vtkMRMLScalarVolumeNode* const ct = test.AddCT();
  // Soft tissue, from fat to muscle as in a body, and a bubble of air that is no lung.
  vtkDataArray* const voxels = ct->GetImageData()->GetPointData()->GetScalars();
  for (vtkIdType n = 0; n < voxels->GetNumberOfTuples(); ++n)
  {
    voxels->SetComponent(n, 0, -100 + n % 200);
  }
  for (int n = 0; n < 6 * 6 * 4; ++n)
  {
    ct->GetImageData()->SetScalarComponentFromDouble(45 + n % 6, 40 + n / 6 % 6, 10 + n / 36, 0, -1000);
  }
  Parameters* const parameters = test.AddParameters(ct);
  parameters->SetSearch(Parameters::SearchLungs);
  const int nodes = test.Scene->GetNumberOfNodes();
  CHECK_BOOL(test.Logic->Segment(parameters), false);
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusFailed);
  std::cout << test.Logic->GetStatusText() << std::endl;
  const std::string remedy = "Search everywhere or in a segment, under Advanced.";
  const std::string message = test.Logic->GetStatusText();
  CHECK_INT(message.find("No lung was found in the volume"), 0);
  CHECK_STD_STRING(message.substr(message.size() - remedy.size()), remedy);
  CHECK_BOOL(message.find("--") == std::string::npos, true);
  CHECK_INT(test.Scene->GetNumberOfNodes(), nodes);

  // The logic can be used again.
  parameters->SetSearch(Parameters::SearchEverywhere);
  CHECK_BOOL(test.Logic->Segment(parameters), true);
  return EXIT_SUCCESS;
}

int NodesAreFoundAndMade(const std::string& bundles)
{
  TestScene test(bundles);
  CHECK_NULL(test.Logic->GetNewestCT());
  vtkMRMLScalarVolumeNode* const ct = test.AddCT();
  CHECK_POINTER(test.Logic->GetNewestCT(), ct);
  CHECK_NULL(test.Logic->GetParametersNode(ct, false));
  Parameters* const parameters = test.AddParameters(ct);
  CHECK_STRING(parameters->GetName(), "CT nodule settings");
  CHECK_POINTER(test.Logic->GetParametersNode(ct, true), parameters);
  parameters->SetSeed(7);
  parameters->SetWriteProbability(true);
  CHECK_BOOL(test.Logic->Segment(parameters), true);
  // What came after the CT are outputs.
  CHECK_POINTER(test.Logic->GetNewestCT(), ct);

  vtkMRMLScalarVolumeNode* const later = test.AddCT();
  CHECK_POINTER(test.Logic->GetNewestCT(), later);
  parameters->SetSearch(Parameters::SearchSegment);
  Parameters* const others = test.Logic->GetParametersNode(later, true);
  CHECK_INT(others->GetSeed(), 7);
  CHECK_INT(others->GetSearch(), Parameters::SearchLungs);
  CHECK_NULL(others->GetLabelMapNode());
  later->SetHideFromEditors(1);
  CHECK_POINTER(test.Logic->GetNewestCT(), ct);

  const std::string report = test.Logic->GetDeviceReport();
  std::cout << report << std::endl;
  CHECK_INT(report.find("CPU: can be used."), 0);
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungLogicRunTest(int argc, char* argv[])
{
  CHECK_BOOL(argc > 1, true);
  const std::string bundles = argv[1];
  CHECK_EXIT_SUCCESS(RunFillsAllOutputs(bundles));
  CHECK_EXIT_SUCCESS(SameSeedGivesTheSameVoxels(bundles));
  CHECK_EXIT_SUCCESS(OtherVoxelTypesGiveTheSameLabels(bundles));
  CHECK_EXIT_SUCCESS(RunBesideTheMainThreadIsBroughtInByProcessEvents(bundles));
  CHECK_EXIT_SUCCESS(SecondRunIsRefusedWhileOneGoesOn(bundles));
  CHECK_EXIT_SUCCESS(LibraryErrorIsStatusAndText(bundles));
  CHECK_EXIT_SUCCESS(NodesAreFoundAndMade(bundles));
  return EXIT_SUCCESS;
}
