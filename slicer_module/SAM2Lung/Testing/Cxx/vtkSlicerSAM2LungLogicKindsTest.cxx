/// \file
/// Models of other kinds by their folders: labels and uncertainty come out as worked out by hand, and a hybrid's share of slices
/// is that of the parameter node.
/// onnx/tiny_models describes the bundles.

#include "SAM2LungTestScene.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLTableNode.h>

#include <algorithm>

using namespace sam2lung_testing;

namespace
{

using Parameters = vtkMRMLSAM2LungParametersNode;

/// Windowed HU of lung and of the balls: x = (HU + 1000) / 1400.
constexpr double LUNG = 150.0 / 1400.0;
constexpr double BALL = 700.0 / 1400.0;
/// Networks calculate in single precision.
constexpr double SINGLE = 2e-5;

double Sigmoid(double logit)
{
  return 1.0 / (1.0 + std::exp(-logit));
}

double EntropyBits(double p)
{
  return -p * std::log2(p) - (1.0 - p) * std::log2(1.0 - p);
}

/// tiny-patch-clicks without clicks: boxes of 4 x 8 x 8 that overlap, and all say the same.
double PatchProbability(double x)
{
  return Sigmoid(16.0 * x - 6.0);
}

/// tiny-members: three slice networks, whose probabilities are averaged.
double MembersProbability(double x)
{
  return (Sigmoid(8.0 * x - 5.0) + Sigmoid(14.0 * x - 6.0) + Sigmoid(20.0 * x - 7.0)) / 3.0;
}

/// tiny-hybrid, both networks in every slice: a quarter of the coarse one's logit and three quarters of the fine one's.
double BothProbability(double x)
{
  return Sigmoid(0.25 * (8.0 * x - 5.0) + 0.75 * (32.0 * x - 12.0));
}

/// tiny-hybrid's coarse network alone, which finds no ball.
double CoarseProbability(double x)
{
  return Sigmoid(8.0 * x - 5.0);
}

/// \param share  ShareOfSlices
int ModelGivesLabelAndUncertainty(const std::string& bundles,
                                  const char* model,
                                  double (*probability)(double),
                                  double share = -1.0)
{
  TestScene test(bundles);
  vtkMRMLScalarVolumeNode* const ct = test.AddCT();
  Parameters* const parameters = test.AddParameters(ct);
  parameters->SetModelFolder(bundles + "/" + model);
  parameters->SetUncertainty(Parameters::UncertaintyEntropy);
  parameters->SetUncertaintyEverywhere(true);
  parameters->SetShareOfSlices(share);
  CHECK_STD_STRING(test.Logic->GetInputProblem(parameters), "");
  CHECK_BOOL(test.Logic->Segment(parameters), true);

  CHECK_BOOL(probability(LUNG) < 0.5, true);
  vtkImageData* const labels = parameters->GetLabelMapNode()->GetImageData();
  vtkImageData* const uncertainty = parameters->GetUncertaintyVolumeNode()->GetImageData();
  int balls = 0;
  int wrong_labels = 0;
  double farthest_off = 0.0;
  for (int k = 0; k < 20; ++k)
  {
    for (int j = 0; j < 80; ++j)
    {
      for (int i = 0; i < 90; ++i)
      {
        const bool in_ball = ct->GetImageData()->GetScalarComponentAsDouble(i, j, k, 0) > -500.0;
        balls += in_ball;
        wrong_labels += (in_ball && probability(BALL) > 0.5) != (labels->GetScalarComponentAsDouble(i, j, k, 0) > 0.0);
        const double wanted = EntropyBits(probability(in_ball ? BALL : LUNG));
        const double off = uncertainty->GetScalarComponentAsDouble(i, j, k, 0) - wanted;
        farthest_off = std::max(farthest_off, std::abs(off));
      }
    }
  }
  CHECK_BOOL(balls > 100, true);
  CHECK_INT(wrong_labels, 0);
  CHECK_DOUBLE_TOLERANCE(farthest_off, 0.0, SINGLE);
  return EXIT_SUCCESS;
}

/// Where `share` is that of the parameter node: the one that the run went by, as the table tells.
std::string ShareOfRun(const std::string& bundles, const char* model, double share)
{
  TestScene test(bundles);
  Parameters* const parameters = test.AddParameters(test.AddCT());
  parameters->SetModelFolder(bundles + "/" + model);
  parameters->SetShareOfSlices(share);
  const bool done = test.Logic->Segment(parameters);
  return done ? parameters->GetNoduleTableNode()->GetAttribute("SAM2Lung.ShareOfSlices") : test.Logic->GetStatusText();
}

int ShareOfSlicesIsTheModelsUnlessChosen(const std::string& bundles)
{
  CHECK_STD_STRING(ShareOfRun(bundles, "tiny-hybrid", -1.0), "0.5");
  CHECK_STD_STRING(ShareOfRun(bundles, "tiny-hybrid", 0.25), "0.25");
  CHECK_STD_STRING(ShareOfRun(bundles, "tiny-plain", 0.25), ""); // one network: nothing to share
  return EXIT_SUCCESS;
}

int OnlyAHybridHasAShareOfSlices(const std::string& bundles)
{
  TestScene test(bundles);
  Parameters* const parameters = test.AddParameters(test.AddCT());
  CHECK_DOUBLE(test.Logic->GetModelShareOfSlices(nullptr), -1.0);
  CHECK_DOUBLE(test.Logic->GetModelShareOfSlices(parameters), -1.0);
  parameters->SetModelFolder(bundles + "/nothing");
  CHECK_DOUBLE(test.Logic->GetModelShareOfSlices(parameters), -1.0);
  parameters->SetModelFolder(bundles + "/tiny-hybrid");
  CHECK_DOUBLE(test.Logic->GetModelShareOfSlices(parameters), 0.5);
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungLogicKindsTest(int argc, char* argv[])
{
  CHECK_BOOL(argc > 1, true);
  CHECK_EXIT_SUCCESS(ModelGivesLabelAndUncertainty(argv[1], "tiny-patch-clicks", PatchProbability));
  CHECK_EXIT_SUCCESS(ModelGivesLabelAndUncertainty(argv[1], "tiny-members", MembersProbability));
  CHECK_EXIT_SUCCESS(ModelGivesLabelAndUncertainty(argv[1], "tiny-hybrid", BothProbability, 1.0));
  CHECK_EXIT_SUCCESS(ModelGivesLabelAndUncertainty(argv[1], "tiny-hybrid", CoarseProbability, 0.0));
  CHECK_EXIT_SUCCESS(ShareOfSlicesIsTheModelsUnlessChosen(argv[1]));
  CHECK_EXIT_SUCCESS(OnlyAHybridHasAShareOfSlices(argv[1]));
  return EXIT_SUCCESS;
}
