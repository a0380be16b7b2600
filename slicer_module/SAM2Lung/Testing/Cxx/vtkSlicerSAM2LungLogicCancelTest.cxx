#include "SAM2LungTestScene.h"

#include <vtkAddonTestingMacros.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>

using namespace sam2lung_testing;

namespace
{

using Parameters = vtkMRMLSAM2LungParametersNode;
using Logic = vtkSlicerSAM2LungLogic;

/// How often each kind of end comes in mid-run. Together: 50.
constexpr int TIMES = 10;

/// From at once, when the model is being loaded, to well within the slices.
void RunFor(Logic* logic, int turn)
{
  std::this_thread::sleep_for(std::chrono::milliseconds(turn * turn));
  logic->ProcessEvents();
}

/// \return how long it took, in seconds
double UntilItEnds(Logic* logic)
{
  const auto begin = std::chrono::steady_clock::now();
  while (logic->IsRunning())
  {
    logic->ProcessEvents();
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

struct End
{
  const char* Name;
  std::function<void(TestScene& test, Parameters* parameters)> Do;
  const char* Message;
};

const End ENDS[] = {
  { "Cancel", [](TestScene& test, Parameters*) { test.Logic->Cancel(); }, "Cancelled; nothing was written." },
  { "scene closed",
    [](TestScene& test, Parameters*) { test.Scene->Clear(true); },
    "Cancelled, because the scene was closed; nothing was written." },
  { "CT removed",
    [](TestScene& test, Parameters* parameters) { test.Scene->RemoveNode(parameters->GetInputVolumeNode()); },
    "Cancelled, because the CT 'CT' was removed; nothing was written." },
  { "parameter node removed",
    [](TestScene& test, Parameters* parameters) { test.Scene->RemoveNode(parameters); },
    "Cancelled, because the parameter node 'CT nodule settings' was removed; nothing was written." },
};

int RunEndsAndTheNextOneWorks(const std::string& bundles)
{
  for (const End& end : ENDS)
  {
    TestScene test(bundles);
    double longest_s = 0;
    for (int turn = 0; turn < TIMES; ++turn)
    {
      test.Scene->Clear(true);
      Parameters* const parameters = test.AddParameters(test.AddCT());
      test.MakeEndless(parameters);
      int finished = 0;
      Observe(test.Logic, Logic::FinishedEvent, [&finished] { ++finished; });
      CHECK_BOOL(test.Logic->StartSegment(parameters), true);
      RunFor(test.Logic, turn);
      end.Do(test, parameters);
      const int nodes = test.Scene->GetNumberOfNodes();
      longest_s = std::max(longest_s, UntilItEnds(test.Logic));
      CHECK_INT(finished, 1);
      test.Logic->RemoveObservers(Logic::FinishedEvent);
      CHECK_INT(test.Logic->GetStatus(), Logic::StatusCancelled);
      CHECK_STD_STRING(test.Logic->GetStatusText(), end.Message);
      CHECK_INT(test.Scene->GetNumberOfNodes(), nodes);

      Parameters* const next = test.AddParameters(test.AddCT());
      CHECK_BOOL(test.Logic->Segment(next), true);
      CHECK_NOT_NULL(next->GetLabelMapNode());
    }
    std::cout << end.Name << ": " << TIMES << " times, at most " << longest_s << " s until the end" << std::endl;
  }
  return EXIT_SUCCESS;
}

int DeletedLogicEndsItsRun(const std::string& bundles)
{
  TestScene test(bundles);
  for (int turn = 0; turn < TIMES; ++turn)
  {
    Parameters* const parameters = test.AddParameters(test.AddCT());
    test.MakeEndless(parameters);
    {
      vtkNew<Logic> logic;
      logic->SetMRMLScene(test.Scene);
      CHECK_BOOL(logic->StartSegment(parameters), true);
      RunFor(logic, turn);
    }
    CHECK_NULL(parameters->GetLabelMapNode());
    parameters->SetSamples(0);
    CHECK_BOOL(test.Logic->Segment(parameters), true);
  }
  return EXIT_SUCCESS;
}

int OtherSceneEndsTheRun(const std::string& bundles)
{
  TestScene test(bundles);
  Parameters* const parameters = test.AddParameters(test.AddCT());
  test.MakeEndless(parameters);
  vtkNew<vtkMRMLScene> other;
  for (vtkMRMLScene* scene : { static_cast<vtkMRMLScene*>(nullptr), other.GetPointer() })
  {
    test.Logic->SetMRMLScene(test.Scene);
    CHECK_BOOL(test.Logic->StartSegment(parameters), true);
    test.Logic->SetMRMLScene(scene);
    UntilItEnds(test.Logic);
    CHECK_INT(test.Logic->GetStatus(), Logic::StatusCancelled);
    CHECK_STD_STRING(test.Logic->GetStatusText(),
                     "Cancelled, because the scene was exchanged; nothing was written.");
    CHECK_NULL(parameters->GetLabelMapNode());
  }
  return EXIT_SUCCESS;
}

/// The results are there, but nobody has brought them in yet.
int CTThatIsRemovedBeforeDeliveryGetsNoOutputs(const std::string& bundles)
{
  TestScene test(bundles);
  Parameters* const parameters = test.AddParameters(test.AddCT());
  CHECK_BOOL(test.Logic->Segment(parameters), true); // so that the model is loaded
  vtkMRMLScalarVolumeNode* const ct = test.AddCT();
  Parameters* const others = test.AddParameters(ct);
  CHECK_BOOL(test.Logic->StartSegment(others), true);
  std::this_thread::sleep_for(std::chrono::seconds(2));
  test.Scene->RemoveNode(ct);
  const int nodes = test.Scene->GetNumberOfNodes();
  UntilItEnds(test.Logic);
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusCancelled);
  CHECK_INT(test.Scene->GetNumberOfNodes(), nodes);
  return EXIT_SUCCESS;
}

int CTThatChangedMeanwhileGetsNoOutputs(const std::string& bundles)
{
  TestScene test(bundles);
  vtkMRMLScalarVolumeNode* const ct = test.AddCT();
  Parameters* const parameters = test.AddParameters(ct);
  CHECK_BOOL(test.Logic->StartSegment(parameters), true);
  ct->SetOrigin(1, 2, 3);
  UntilItEnds(test.Logic);
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusCancelled);
  CHECK_STD_STRING(test.Logic->GetStatusText(),
                   "The CT 'CT' was moved or resized while it was segmented; nothing was written. Segment it again.");

  CHECK_BOOL(test.Logic->StartSegment(parameters), true);
  parameters->SetInputVolumeNode(test.AddCT());
  UntilItEnds(test.Logic);
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusCancelled);
  CHECK_STD_STRING(test.Logic->GetStatusText(),
                   "Another input volume was chosen while the CT was segmented; nothing was written. "
                   "Segment it again.");
  CHECK_NULL(parameters->GetLabelMapNode());
  return EXIT_SUCCESS;
}

int ObserverMayCancelASynchronousRun(const std::string& bundles)
{
  TestScene test(bundles);
  Parameters* const parameters = test.AddParameters(test.AddCT());
  test.MakeEndless(parameters);
  Observe(test.Logic, Logic::ProgressEvent, [&test] { test.Logic->Cancel(); });
  CHECK_BOOL(test.Logic->Segment(parameters), false);
  CHECK_INT(test.Logic->GetStatus(), Logic::StatusCancelled);
  return EXIT_SUCCESS;
}

int ObserverMaySegmentCloseTheSceneAndDeleteTheLogic(const std::string& bundles)
{
  TestScene test(bundles);
  for (unsigned long event = Logic::StartedEvent; event <= Logic::NodulesModifiedEvent; ++event)
  {
    Parameters* parameters = test.AddParameters(test.AddCT());
    auto logic = vtkSmartPointer<Logic>::New();
    logic->SetMRMLScene(test.Scene);
    bool heard = false;
    Observe(logic,
            event,
            [&]
            {
              if (heard)
              {
                return;
              }
              heard = true;
              // Refused while a run goes on, begun and ended here when it is over.
              logic->Segment(parameters);
              logic->ProcessEvents();
              test.Scene->Clear(true);
              logic = nullptr;
            });
    logic.GetPointer()->Segment(parameters);
    CHECK_BOOL(heard, true);
    CHECK_NULL(logic.GetPointer());
    CHECK_INT(test.Scene->GetNumberOfNodesByClass("vtkMRMLSAM2LungParametersNode"), 0);
    CHECK_INT(test.Scene->GetNumberOfNodesByClass("vtkMRMLLabelMapVolumeNode"), 0);
  }
  return EXIT_SUCCESS;
}

int ObserverOfTheEndMayBeginTheNextRun(const std::string& bundles)
{
  TestScene test(bundles);
  Parameters* const first = test.AddParameters(test.AddCT());
  Parameters* const second = test.AddParameters(test.AddCT());
  bool began = false;
  Observe(test.Logic,
          Logic::FinishedEvent,
          [&]
          {
            if (!began)
            {
              began = true;
              test.MakeEndless(second);
              test.Logic->StartSegment(second);
            }
          });
  // It returns when its own run is over, not the next one.
  CHECK_BOOL(test.Logic->Segment(first), true);
  CHECK_BOOL(test.Logic->IsRunning(), true);
  CHECK_POINTER(test.Logic->GetRunParametersNode(), second);
  test.Logic->Cancel();
  UntilItEnds(test.Logic);
  CHECK_NOT_NULL(first->GetLabelMapNode());
  CHECK_NULL(second->GetLabelMapNode());
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungLogicCancelTest(int argc, char* argv[])
{
  CHECK_BOOL(argc > 1, true);
  const std::string bundles = argv[1];
  CHECK_EXIT_SUCCESS(RunEndsAndTheNextOneWorks(bundles));
  CHECK_EXIT_SUCCESS(DeletedLogicEndsItsRun(bundles));
  CHECK_EXIT_SUCCESS(OtherSceneEndsTheRun(bundles));
  CHECK_EXIT_SUCCESS(CTThatIsRemovedBeforeDeliveryGetsNoOutputs(bundles));
  CHECK_EXIT_SUCCESS(CTThatChangedMeanwhileGetsNoOutputs(bundles));
  CHECK_EXIT_SUCCESS(ObserverMayCancelASynchronousRun(bundles));
  CHECK_EXIT_SUCCESS(ObserverMaySegmentCloseTheSceneAndDeleteTheLogic(bundles));
  CHECK_EXIT_SUCCESS(ObserverOfTheEndMayBeginTheNextRun(bundles));
  return EXIT_SUCCESS;
}
