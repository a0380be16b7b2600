/// \file
/// A model of several classes that finds instances: each finding has the name, code and colour of its class.
///
/// tiny-classes (onnx/tiny_models): the logit of nodule is 16 x - 6 and that of mass 40 x - 29, with x = (HU + 1000) / 1400 up to
/// 1: soft tissue is a nodule, and what is denser than 342 HU a mass.

#include "SAM2LungTestScene.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLColorTableNode.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLMarkupsFiducialNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLTableNode.h>
#include <vtkMRMLVolumeDisplayNode.h>
#include <vtkSegment.h>
#include <vtkSegmentation.h>

using namespace sam2lung_testing;

namespace
{

using Parameters = vtkMRMLSAM2LungParametersNode;

constexpr double DENSE_HU = 600.0;
/// Of tiny-classes.
constexpr std::array<double, 3> NODULE_COLOR{ { 230 / 255.0, 159 / 255.0, 0.0 } };
constexpr std::array<double, 3> MASS_COLOR{ { 86 / 255.0, 180 / 255.0, 233 / 255.0 } };

/// The first one of TwoBalls() is a nodule, the second one, right of it, a mass.
struct ClassesScene : TestScene
{
  explicit ClassesScene(const std::string& bundles)
    : TestScene(bundles)
    , Node(this->AddParameters(this->AddCT()))
  {
    vtkImageData* const image = this->Node->GetInputVolumeNode()->GetImageData();
    for (int k = 0; k < 20; ++k)
    {
      for (int j = 0; j < 80; ++j)
      {
        for (int i = 45; i < 90; ++i)
        {
          const bool in_ball = image->GetScalarComponentAsDouble(i, j, k, 0) > -500.0;
          image->SetScalarComponentFromDouble(i, j, k, 0, in_ball ? DENSE_HU : -850.0);
        }
      }
    }
    this->Node->SetModelFolder(bundles + "/tiny-classes");
  }

  /// Number of the finding of that class; 0: none, or several.
  int Of(const std::string& class_name)
  {
    int found = 0;
    int count = 0;
    for (int id = 1; id <= 9; ++id)
    {
      if (this->Logic->GetNoduleText(this->Node, id, "class") == class_name)
      {
        found = id;
        ++count;
      }
    }
    return count == 1 ? found : 0;
  }
  vtkSegment* Segment(int id)
  {
    return this->Node->GetSegmentationNode()->GetSegmentation()->GetSegment("Nodule_" + std::to_string(id));
  }

  Parameters* const Node;
};

int LooksAs(ClassesScene& test, int id, const std::string& title, const std::array<double, 3>& color)
{
  vtkSegment* const segment = test.Segment(id);
  CHECK_NOT_NULL(segment);
  const std::string name = segment->GetName();
  CHECK_STD_STRING(test.Logic->GetNoduleTitle(test.Node, id), title);
  CHECK_STD_STRING(name.substr(0, title.size() + 2), title + " (");
  auto* const labels =
    vtkMRMLColorTableNode::SafeDownCast(test.Node->GetLabelMapNode()->GetDisplayNode()->GetColorNode());
  CHECK_STRING(labels->GetColorName(id), name.c_str());
  double in_table[4];
  labels->GetColor(id, in_table);
  for (int channel = 0; channel < 3; ++channel)
  {
    CHECK_DOUBLE(segment->GetColor()[channel], color[static_cast<std::size_t>(channel)]);
    CHECK_DOUBLE_TOLERANCE(in_table[channel], color[static_cast<std::size_t>(channel)], 0.5 / 255); // tables hold bytes
  }
  const int point = test.Node->GetNodulePointsNode()->GetControlPointIndexByID(("Nodule_" + std::to_string(id)).c_str());
  CHECK_STD_STRING(test.Node->GetNodulePointsNode()->GetNthControlPointDescription(point).substr(0, name.size()), name);
  return EXIT_SUCCESS;
}

bool HasCode(vtkSegment* segment, const char* code)
{
  return segment->GetTerminology().find(code) != std::string::npos;
}

int NoduleAndMassLookAsTheirClasses(ClassesScene& test)
{
  const int nodule = test.Of("nodule");
  const int mass = test.Of("mass");
  CHECK_BOOL(nodule > 0 && mass > 0, true);
  CHECK_EXIT_SUCCESS(LooksAs(test, nodule, "Nodule " + std::to_string(nodule), NODULE_COLOR));
  CHECK_EXIT_SUCCESS(LooksAs(test, mass, "Mass " + std::to_string(mass), MASS_COLOR));
  CHECK_BOOL(HasCode(test.Segment(nodule), "~SCT^27925004^Nodule~"), true);
  CHECK_BOOL(HasCode(test.Segment(nodule), "~SCT^39607008^Lung~"), true);
  CHECK_BOOL(HasCode(test.Segment(mass), "~SCT^4147007^Mass~"), true);
  CHECK_BOOL(HasCode(test.Segment(mass), "SCT^27925004"), false);
  CHECK_STD_STRING(test.Logic->GetClassColors(test.Node), "#e69f00 nodule\n#56b4e9 mass");
  return EXIT_SUCCESS;
}

int FindingsOfARunLookAsTheirClasses(const std::string& bundles)
{
  ClassesScene test(bundles);
  CHECK_BOOL(test.Logic->Segment(test.Node), true);
  CHECK_INT(test.Node->GetNoduleTableNode()->GetNumberOfRows(), 2);
  CHECK_EXIT_SUCCESS(NoduleAndMassLookAsTheirClasses(test));
  CHECK_STD_STRING(test.Logic->GetResultText(test.Node).substr(0, 10), "2 findings");

  // Another run keeps what the user called one of them, and the class of both.
  const int nodule = test.Of("nodule");
  test.Segment(nodule)->SetName("Seen in May");
  CHECK_BOOL(test.Logic->Segment(test.Node), true);
  CHECK_STRING(test.Segment(nodule)->GetName(), "Seen in May");
  CHECK_STD_STRING(test.Logic->GetNoduleText(test.Node, nodule, "class"), "nodule");
  CHECK_DOUBLE(test.Segment(test.Of("mass"))->GetColor()[2], MASS_COLOR[2]);
  return EXIT_SUCCESS;
}

int FindingsOfClicksLookAsTheirClasses(const std::string& bundles)
{
  ClassesScene test(bundles);
  for (const Ball& ball : TwoBalls())
  {
    const Point& at = ball.center_ras;
    CHECK_BOOL(test.Logic->OutlineAtClick(test.Node, at[0], at[1], at[2]), true);
  }
  CHECK_EXIT_SUCCESS(NoduleAndMassLookAsTheirClasses(test));
  // A run keeps what was clicked on.
  CHECK_BOOL(test.Logic->Segment(test.Node), true);
  CHECK_INT(test.Node->GetNoduleTableNode()->GetNumberOfRows(), 2);
  CHECK_EXIT_SUCCESS(NoduleAndMassLookAsTheirClasses(test));
  return EXIT_SUCCESS;
}

/// Their colours say who should look again.
int NodulesOfOneClassAreColdOrWarm(const std::string& bundles)
{
  ClassesScene test(bundles);
  test.Node->SetModelFolder(bundles + "/tiny-plain");
  CHECK_BOOL(test.Logic->Segment(test.Node), true);
  CHECK_STD_STRING(test.Logic->GetClassColors(test.Node), "");
  CHECK_STD_STRING(test.Logic->GetNoduleTitle(test.Node, 2), "Nodule 2");
  CHECK_STD_STRING(test.Logic->GetNoduleTitle(test.Node, 3), "");
  for (const int id : { 1, 2 })
  {
    const bool flagged = test.Logic->GetNoduleFlagged(test.Node, id);
    const double* const color = test.Segment(id)->GetColor();
    CHECK_BOOL(color[0] > color[2], flagged);
    CHECK_BOOL(HasCode(test.Segment(id), "~SCT^27925004^Nodule~"), true);
  }
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungLogicClassesTest(int argc, char* argv[])
{
  CHECK_BOOL(argc > 1, true);
  const std::string bundles = argv[1];
  CHECK_EXIT_SUCCESS(FindingsOfARunLookAsTheirClasses(bundles));
  CHECK_EXIT_SUCCESS(FindingsOfClicksLookAsTheirClasses(bundles));
  CHECK_EXIT_SUCCESS(NodulesOfOneClassAreColdOrWarm(bundles));
  return EXIT_SUCCESS;
}
