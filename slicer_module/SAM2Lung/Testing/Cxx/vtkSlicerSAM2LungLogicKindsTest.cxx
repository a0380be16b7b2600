/// \file
/// Models of other kinds by their folders: labels and uncertainty come out as worked out by hand.
/// onnx/tiny_models describes the bundles.

#include "SAM2LungTestScene.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLLabelMapVolumeNode.h>

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

int ModelGivesLabelAndUncertainty(const std::string& bundles, const char* model, double (*probability)(double))
{
  TestScene test(bundles);
  vtkMRMLScalarVolumeNode* const ct = test.AddCT();
  Parameters* const parameters = test.AddParameters(ct);
  parameters->SetModelFolder(bundles + "/" + model);
  parameters->SetUncertainty(Parameters::UncertaintyEntropy);
  parameters->SetUncertaintyEverywhere(true);
  CHECK_STD_STRING(test.Logic->GetInputProblem(parameters), "");
  CHECK_BOOL(test.Logic->Segment(parameters), true);

  CHECK_BOOL(probability(BALL) > 0.5 && probability(LUNG) < 0.5, true);
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
        wrong_labels += in_ball != (labels->GetScalarComponentAsDouble(i, j, k, 0) > 0.0);
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

} // namespace

int vtkSlicerSAM2LungLogicKindsTest(int argc, char* argv[])
{
  CHECK_BOOL(argc > 1, true);
  CHECK_EXIT_SUCCESS(ModelGivesLabelAndUncertainty(argv[1], "tiny-patch-clicks", PatchProbability));
  CHECK_EXIT_SUCCESS(ModelGivesLabelAndUncertainty(argv[1], "tiny-members", MembersProbability));
  return EXIT_SUCCESS;
}
