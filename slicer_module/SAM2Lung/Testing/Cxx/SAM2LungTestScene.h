/// \file
/// A scene with a CT of balls, and a logic that finds them with a tiny network.
///
/// The bundle tiny-clicks calls soft tissue a nodule, so the balls are its nodules; with a click within about 5.3 mm,
/// everything is one.

#ifndef SAM2LungTestScene_h
#define SAM2LungTestScene_h

#include "vtkMRMLSAM2LungParametersNode.h"
#include "vtkSlicerSAM2LungLogic.h"

#include <vtkMRMLColorLogic.h>
#include <vtkMRMLScalarVolumeNode.h>
#include <vtkMRMLScene.h>
#include <vtkSlicerSegmentationsModuleLogic.h>

#include <vtkCallbackCommand.h>
#include <vtkImageData.h>
#include <vtkMath.h>
#include <vtkMatrix4x4.h>
#include <vtkNew.h>
#include <vtkSmartPointer.h>

#include <array>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

namespace sam2lung_testing
{

using Point = std::array<double, 3>;

struct Ball
{
  Point center_ras; ///< In the CT's own frame.
  double radius_mm;
};

/// A grid along the patient's axes, 0.8 x 0.8 x 2 mm.
inline vtkSmartPointer<vtkMatrix4x4> AxialGrid()
{
  const double elements[16] = { 0.8, 0, 0, -30, 0, 0.8, 0, -20, 0, 0, 2, 5, 0, 0, 0, 1 };
  const auto matrix = vtkSmartPointer<vtkMatrix4x4>::New();
  matrix->DeepCopy(elements);
  return matrix;
}

/// The balls of most tests, of 6 and 5 mm, in the middle slices of AxialGrid().
inline std::vector<Ball> TwoBalls()
{
  return { { { -14.0, -2.4, 25.0 }, 6.0 }, { { 26.0, 12.0, 21.0 }, 5.0 } };
}
/// In AxialGrid(), far from both balls.
constexpr Point NOWHERE_RAS{ 6.0, 28.0, 29.0 };

/// Lung with balls of soft tissue.
inline vtkSmartPointer<vtkImageData> BallsImage(vtkMatrix4x4* ijk_to_ras, const std::vector<Ball>& balls, int type)
{
  constexpr double LUNG_HU = -850, BALL_HU = -300;
  const auto image = vtkSmartPointer<vtkImageData>::New();
  image->SetDimensions(90, 80, 20);
  image->AllocateScalars(type, 1);
  const int* const dims = image->GetDimensions();
  for (int k = 0; k < dims[2]; ++k)
  {
    for (int j = 0; j < dims[1]; ++j)
    {
      for (int i = 0; i < dims[0]; ++i)
      {
        const double ijk[4] = { double(i), double(j), double(k), 1.0 };
        double ras[4];
        ijk_to_ras->MultiplyPoint(ijk, ras);
        double hu = LUNG_HU;
        for (const Ball& ball : balls)
        {
          const double distance_mm = std::sqrt(vtkMath::Distance2BetweenPoints(ras, ball.center_ras.data()));
          hu = distance_mm <= ball.radius_mm ? BALL_HU : hu;
        }
        image->SetScalarComponentFromDouble(i, j, k, 0, hu);
      }
    }
  }
  return image;
}

/// Calls `function` at each such event.
inline void Observe(vtkObject* object, unsigned long event, const std::function<void()>& function)
{
  vtkNew<vtkCallbackCommand> command;
  command->SetClientData(new std::function<void()>(function));
  command->SetClientDataDeleteCallback([](void* data) { delete static_cast<std::function<void()>*>(data); });
  command->SetCallback([](vtkObject*, unsigned long, void* data, void*)
                       { (*static_cast<std::function<void()>*>(data))(); });
  object->AddObserver(event, command);
}

/// Everything that a run needs, as an application has it.
class TestScene
{
public:
  explicit TestScene(const std::string& bundles)
    : Bundles(bundles)
  {
    this->Colors->SetMRMLScene(this->Scene);
    this->Segmentations->SetMRMLScene(this->Scene);
    this->Logic->SetMRMLScene(this->Scene);
  }

  vtkMRMLScalarVolumeNode* AddCT(vtkMatrix4x4* ijk_to_ras = AxialGrid(),
                                 const std::vector<Ball>& balls = TwoBalls(),
                                 int type = VTK_SHORT)
  {
    auto* const ct =
      vtkMRMLScalarVolumeNode::SafeDownCast(this->Scene->AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT"));
    ct->SetIJKToRASMatrix(ijk_to_ras);
    ct->SetAndObserveImageData(BallsImage(ijk_to_ras, balls, type));
    return ct;
  }

  /// For the tiny network on the CPU; the CT has no chest in which lungs could be found.
  vtkMRMLSAM2LungParametersNode* AddParameters(vtkMRMLScalarVolumeNode* ct)
  {
    vtkMRMLSAM2LungParametersNode* const parameters = this->Logic->GetParametersNode(ct, true);
    parameters->SetModelFolder(this->Bundles + "/tiny-clicks");
    parameters->SetDevice(vtkMRMLSAM2LungParametersNode::DeviceCPU);
    parameters->SetSearch(vtkMRMLSAM2LungParametersNode::SearchEverywhere);
    parameters->SetSamples(0); // whatever an earlier parameter node had
    return parameters;
  }

  /// Options of a run that takes long: it is there to be cancelled.
  void MakeEndless(vtkMRMLSAM2LungParametersNode* parameters) { parameters->SetSamples(10000); }

  const std::string Bundles;
  vtkNew<vtkMRMLScene> Scene;
  vtkNew<vtkMRMLColorLogic> Colors;
  vtkNew<vtkSlicerSegmentationsModuleLogic> Segmentations;
  vtkNew<vtkSlicerSAM2LungLogic> Logic;
};

} // namespace sam2lung_testing

#endif
