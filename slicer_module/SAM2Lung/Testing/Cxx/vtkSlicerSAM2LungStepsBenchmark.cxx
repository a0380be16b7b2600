// Benchmark, no test: how long each step of a run's delivery keeps the main thread, on a CT of usual size with many nodules.
//
//   CXX_TESTS vtkSlicerSAM2LungStepsBenchmark
//
// CXX_TESTS is the program that runs the tests of the logic. A step that takes longer than 200 ms is felt.

#include "SAM2LungMadeRun.h"

#include "SAM2LungOutputs.h"
#include "SAM2LungPrepare.h"
#include "SAM2LungPrevious.h"
#include "SAM2LungReview.h"

#include <vtkAddonTestingMacros.h>

#include <array>
#include <chrono>
#include <iostream>

using namespace sam2lung_testing;
using namespace sam2lung_slicer;

namespace
{

/// 30 balls of 13 voxels along a diagonal.
MadeRun ManyNodules(const MadeScene& made, const std::array<int, 3>& dims)
{
  constexpr int RADIUS = 6;
  MadeRun run;
  run.Input.ct = made.CT->GetImageData();
  run.Input.ijk_to_ras = StraightGrid();
  run.Output.labels = MadeImage(dims, VTK_UNSIGNED_SHORT);
  run.Output.uncertainty = MadeImage(dims, VTK_FLOAT);
  run.Output.facts.device = "CPU";
  for (int id = 1; id <= 30; ++id)
  {
    const std::array<int, 3> center{ 40 + 14 * id, 60 + 11 * id, 20 + 8 * id };
    for (int k = -RADIUS; k <= RADIUS; ++k)
    {
      for (int j = -RADIUS; j <= RADIUS; ++j)
      {
        for (int i = -RADIUS; i <= RADIUS; ++i)
        {
          if (i * i + j * j + k * k <= RADIUS * RADIUS)
          {
            run.Output.labels->SetScalarComponentFromDouble(center[0] + i, center[1] + j, center[2] + k, 0, id);
          }
        }
      }
    }
    const MadeBall ball{ id, { double(center[0]), double(center[1]), double(center[2]) }, 5.0 };
    run.Output.nodules.push_back(MadeNodule(ball, StraightGrid(), 800.0));
  }
  return run;
}

template <typename Act>
void Timed(const std::string& what, const Act& act)
{
  const auto begun = std::chrono::steady_clock::now();
  act();
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
  std::cout << "  " << what << ": " << took.count() << " ms\n";
}

} // namespace

int vtkSlicerSAM2LungStepsBenchmark(int, char*[])
{
  const std::array<int, 3> dims{ 512, 512, 300 };
  MadeScene made(StraightGrid(), dims);
  MadeRun run = ManyNodules(made, dims);
  for (const char* const title : { "first run", "second run" })
  {
    std::cout << title << "\n";
    Timed("copying what was there", [&] { run.Input.previous = TakePrevious(made.Parameters, run.Input); });
    Timed("looking for edits", [&] { ReviewLoss(made.Parameters); });
    RunOutput output = run.Output;
    Prepare(run.Input, output); // beside the main thread
    Delivery delivery(made.Parameters, run.Input, output);
    bool more = true;
    for (int step = 1; more; ++step)
    {
      Timed("step " + std::to_string(step), [&] { more = delivery.Step(); });
    }
    Timed("jumping", [&] { made.Logic->JumpToNodule(made.Parameters, 1); });
  }
  return EXIT_SUCCESS;
}
