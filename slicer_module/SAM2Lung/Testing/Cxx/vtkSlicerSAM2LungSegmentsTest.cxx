// Nodules as segments: names, codes, colours, and how much of a nodule its surface holds.

#include "SAM2LungMadeRun.h"

#include "SAM2LungColors.h"
#include "SAM2LungOutputs.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLColorTableNode.h>
#include <vtkMRMLLabelMapVolumeNode.h>
#include <vtkMRMLSegmentationDisplayNode.h>
#include <vtkMRMLSegmentationNode.h>
#include <vtkMRMLVolumeDisplayNode.h>
#include <vtkOrientedImageData.h>
#include <vtkSegment.h>
#include <vtkSegmentation.h>
#include <vtkSegmentationConverter.h>
#include <vtkSlicerTerminologiesModuleLogic.h>
#include <vtkSlicerTerminologyEntry.h>

#include <vtkMassProperties.h>
#include <vtkPolyData.h>
#include <vtkTriangleFilter.h>

#include <algorithm>
#include <iostream>

using namespace sam2lung_testing;
using namespace sam2lung_slicer;

namespace
{

vtkSegmentation* SegmentationOf(MadeScene& made)
{
  return made.Parameters->GetSegmentationNode()->GetSegmentation();
}

int SegmentsAreNamedInOrder()
{
  MadeScene made;
  const MadeRun run = MakeRun(StraightGrid(), ThreeBalls());
  WriteOutputs(made.Parameters, run.Input, run.Output);
  vtkSegmentation* const segmentation = SegmentationOf(made);
  const std::vector<std::string> names = { "Nodule 1 (6 mm)", "Nodule 2 (10 mm)", "Nodule 3 (8 mm)" };
  CHECK_INT(segmentation->GetNumberOfSegments(), 3);
  for (unsigned int n = 0; n < 3; ++n)
  {
    CHECK_STD_STRING(segmentation->GetNthSegmentID(n), "Nodule_" + std::to_string(n + 1));
    CHECK_STRING(segmentation->GetNthSegment(n)->GetName(), names[n].c_str());
    CHECK_INT(segmentation->GetNthSegment(n)->GetLabelValue(), static_cast<int>(n + 1));
  }
  CHECK_STD_STRING(segmentation->GetSourceRepresentationName(), "Binary labelmap");
  CHECK_INT(segmentation->GetNumberOfLayers(), 1); // shared: saved in one layer
  auto* const display =
    vtkMRMLSegmentationDisplayNode::SafeDownCast(made.Parameters->GetSegmentationNode()->GetDisplayNode());
  CHECK_NOT_NULL(display);
  CHECK_BOOL(display->GetVisibility2DOutline(), true);
  CHECK_BOOL(display->GetVisibility2DFill(), false);
  CHECK_STD_STRING(display->GetDisplayRepresentationName3D(), "Closed surface");
  return EXIT_SUCCESS;
}

int SegmentsSayNoduleInTheLung()
{
  MadeScene made;
  const MadeRun run = MakeRun(StraightGrid(), ThreeBalls());
  WriteOutputs(made.Parameters, run.Input, run.Output);
  for (const std::string& id : SegmentationOf(made)->GetSegmentIDs())
  {
    const std::string terminology = SegmentationOf(made)->GetSegment(id)->GetTerminology();
    vtkNew<vtkSlicerTerminologyEntry> entry;
    CHECK_BOOL(vtkSlicerTerminologiesModuleLogic::DeserializeTerminologyEntry(terminology, entry), true);
    CHECK_STRING(entry->GetTerminologyContextName(), "Segmentation category and type - DICOM master list");
    CHECK_STRING(entry->GetCategoryObject()->GetCodingSchemeDesignator(), "SCT");
    CHECK_STRING(entry->GetCategoryObject()->GetCodeValue(), "49755003");
    CHECK_STRING(entry->GetCategoryObject()->GetCodeMeaning(), "Morphologically Altered Structure");
    CHECK_STRING(entry->GetTypeObject()->GetCodingSchemeDesignator(), "SCT");
    CHECK_STRING(entry->GetTypeObject()->GetCodeValue(), "27925004");
    CHECK_STRING(entry->GetTypeObject()->GetCodeMeaning(), "Nodule");
    CHECK_STRING(entry->GetRegionContextName(), "Anatomic codes - DICOM master list");
    CHECK_STRING(entry->GetRegionObject()->GetCodingSchemeDesignator(), "SCT");
    CHECK_STRING(entry->GetRegionObject()->GetCodeValue(), "39607008");
    CHECK_STRING(entry->GetRegionObject()->GetCodeMeaning(), "Lung");
    CHECK_STD_STRING(vtkSlicerTerminologiesModuleLogic::SerializeTerminologyEntry(entry), terminology);
  }
  return EXIT_SUCCESS;
}

int ColorTableNamesAndColorsAreTheSegments()
{
  MadeScene made;
  const MadeRun run = MakeRun(StraightGrid(), ThreeBalls());
  WriteOutputs(made.Parameters, run.Input, run.Output);
  auto* const colors =
    vtkMRMLColorTableNode::SafeDownCast(made.Parameters->GetLabelMapNode()->GetDisplayNode()->GetColorNode());
  CHECK_NOT_NULL(colors);
  CHECK_INT(colors->GetNumberOfColors(), 4);
  double color[4];
  colors->GetColor(0, color);
  CHECK_DOUBLE(color[3], 0.0);
  for (int id = 1; id <= 3; ++id)
  {
    vtkSegment* const segment = SegmentationOf(made)->GetSegment("Nodule_" + std::to_string(id));
    CHECK_STRING(colors->GetColorName(id), segment->GetName());
    colors->GetColor(id, color);
    CHECK_DOUBLE(color[3], 1.0);
    for (int channel = 0; channel < 3; ++channel)
    {
      CHECK_DOUBLE_TOLERANCE(color[channel], segment->GetColor()[channel], 0.5 / 255); // tables hold bytes
    }
    CHECK_BOOL(color[0] > color[2], id == 2); // warm: flagged
  }
  return EXIT_SUCCESS;
}

using Color = std::array<double, 3>;

Color Linear(const Color& color)
{
  Color linear{};
  for (std::size_t n = 0; n < 3; ++n)
  {
    linear[n] = color[n] <= 0.04045 ? color[n] / 12.92 : std::pow((color[n] + 0.055) / 1.055, 2.4);
  }
  return linear;
}

/// CIE L*a*b* of linear sRGB.
Color Lab(const Color& rgb)
{
  const double xyz[3] = { (0.4124 * rgb[0] + 0.3576 * rgb[1] + 0.1805 * rgb[2]) / 0.9505,
                          0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2],
                          (0.0193 * rgb[0] + 0.1192 * rgb[1] + 0.9505 * rgb[2]) / 1.089 };
  double f[3];
  for (int n = 0; n < 3; ++n)
  {
    f[n] = xyz[n] > 0.008856 ? std::cbrt(xyz[n]) : 7.787 * std::max(xyz[n], 0.0) + 16.0 / 116;
  }
  return { 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2]) };
}

double Difference(const Color& a, const Color& b)
{
  const Color x = Lab(a), y = Lab(b);
  return std::hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]);
}

/// Rows of a matrix on linear RGB: how a colour looks without one kind of cones (Machado, Oliveira and Fernandes 2009).
using Sight = std::array<Color, 3>;
constexpr Sight NORMAL{ { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } } };
constexpr Sight PROTANOPIA{ { { 0.152286, 1.052583, -0.204868 }, { 0.114503, 0.786281, 0.099216 }, { -0.003882, -0.048116, 1.051998 } } };
constexpr Sight DEUTERANOPIA{ { { 0.367322, 0.860646, -0.227968 }, { 0.280085, 0.672501, 0.047413 }, { -0.011820, 0.042940, 0.968881 } } };
constexpr Sight TRITANOPIA{ { { 1.255528, -0.076749, -0.178779 }, { -0.078411, 0.930809, 0.147602 }, { 0.004733, 0.691367, 0.303900 } } };

Color Seen(const Sight& sight, const Color& color)
{
  const Color linear = Linear(color);
  Color seen{};
  for (std::size_t row = 0; row < 3; ++row)
  {
    seen[row] = sight[row][0] * linear[0] + sight[row][1] * linear[1] + sight[row][2] * linear[2];
  }
  return seen;
}

int FlaggedAndNeighboursLookDifferentToEveryone()
{
  // CIE76; 2.3 is just noticeable, 15 is plain.
  constexpr double PLAIN = 15.0;
  for (const Sight& sight : { NORMAL, PROTANOPIA, DEUTERANOPIA, TRITANOPIA })
  {
    for (int a = 1; a <= 6; ++a)
    {
      for (int b = 1; b <= 6; ++b)
      {
        const double difference = Difference(Seen(sight, NoduleColor(a, true)), Seen(sight, NoduleColor(b, false)));
        CHECK_BOOL(difference > PLAIN, true);
      }
      for (const bool flagged : { false, true })
      {
        const double difference = Difference(Seen(sight, NoduleColor(a, flagged)), Seen(sight, NoduleColor(a + 1, flagged)));
        CHECK_BOOL(difference > PLAIN, true);
      }
    }
  }
  return EXIT_SUCCESS;
}

double SurfaceMm3(vtkPolyData* surface)
{
  vtkNew<vtkTriangleFilter> triangles;
  triangles->SetInputData(surface);
  vtkNew<vtkMassProperties> properties;
  properties->SetInputConnection(triangles->GetOutputPort());
  return properties->GetVolume();
}

/// Largest error of the surface's volume, as a part of the table's.
int LargestSurfaceError(const std::array<double, 3>& spacing_mm, double diameter_mm, double& largest)
{
  const Matrix grid = sam2lung::axis_aligned(spacing_mm);
  std::array<int, 3> dims{};
  for (std::size_t axis = 0; axis < 3; ++axis)
  {
    dims[axis] = static_cast<int>(std::ceil((diameter_mm + 8) / spacing_mm[axis])) + 2;
  }
  largest = 0;
  // The centre on a voxel, between voxels, and elsewhere.
  for (const double shift : { 0.0, 0.5, 0.3 })
  {
    const std::array<double, 3> center{ dims[0] / 2 + shift, dims[1] / 2 + shift, dims[2] / 2 + shift };
    MadeScene made(grid, dims);
    const MadeRun run = MakeRun(grid, { { 1, center, diameter_mm / 2 } }, 0.5F, dims);
    WriteOutputs(made.Parameters, run.Input, run.Output);
    vtkNew<vtkPolyData> surface;
    CHECK_BOOL(made.Parameters->GetSegmentationNode()->GetClosedSurfaceRepresentation("Nodule_1", surface), true);
    largest = std::max(largest, std::abs(SurfaceMm3(surface) / run.Output.nodules.front().volume_mm3 - 1));
  }
  return EXIT_SUCCESS;
}

int SurfacesHoldTheTablesVolume()
{
  struct Case
  {
    std::array<double, 3> spacing_mm;
    double diameter_mm;
    double tolerance;
  };
  // A nodule of 4 mm in slices of 2 mm is two or three slices: its surface is a guess.
  for (const Case& it : std::vector<Case>{ { { 0.7, 0.7, 1.25 }, 4, 0.02 },
                                           { { 0.7, 0.7, 1.25 }, 6, 0.02 },
                                           { { 0.7, 0.7, 1.25 }, 10, 0.01 },
                                           { { 0.7, 0.7, 1.25 }, 30, 0.005 },
                                           { { 0.8, 0.8, 2.0 }, 4, 0.10 },
                                           { { 0.8, 0.8, 2.0 }, 6, 0.02 },
                                           { { 0.8, 0.8, 2.0 }, 10, 0.01 },
                                           { { 0.8, 0.8, 2.0 }, 30, 0.005 } })
  {
    double error = 1;
    CHECK_EXIT_SUCCESS(LargestSurfaceError(it.spacing_mm, it.diameter_mm, error));
    std::cout << it.diameter_mm << " mm in slices of " << it.spacing_mm[2] << " mm: " << 100 * error << " %\n";
    CHECK_BOOL(error <= it.tolerance, true);
  }
  return EXIT_SUCCESS;
}

int SlicerMakesTheSameSurfaceAgain()
{
  MadeScene made(ObliqueGrid());
  const MadeRun run = MakeRun(ObliqueGrid(), ThreeBalls());
  WriteOutputs(made.Parameters, run.Input, run.Output);
  vtkMRMLSegmentationNode* const node = made.Parameters->GetSegmentationNode();
  double before[3];
  for (int id = 1; id <= 3; ++id)
  {
    vtkNew<vtkPolyData> surface;
    CHECK_BOOL(node->GetClosedSurfaceRepresentation("Nodule_" + std::to_string(id), surface), true);
    before[id - 1] = SurfaceMm3(surface);
  }
  node->RemoveClosedSurfaceRepresentation();
  CHECK_BOOL(node->CreateClosedSurfaceRepresentation(), true);
  for (int id = 1; id <= 3; ++id)
  {
    vtkNew<vtkPolyData> surface;
    CHECK_BOOL(node->GetClosedSurfaceRepresentation("Nodule_" + std::to_string(id), surface), true);
    CHECK_DOUBLE_TOLERANCE(SurfaceMm3(surface), before[id - 1], 1e-3 * before[id - 1]);
  }
  return EXIT_SUCCESS;
}

int SurfaceOfANoduleAtTheEdgeIsClosed()
{
  MadeScene made;
  const MadeRun run = MakeRun(StraightGrid(), { { 1, { 0.0, 0.0, 0.0 }, 6.0 } });
  WriteOutputs(made.Parameters, run.Input, run.Output);
  vtkNew<vtkPolyData> surface;
  CHECK_BOOL(made.Parameters->GetSegmentationNode()->GetClosedSurfaceRepresentation("Nodule_1", surface), true);
  const double table_mm3 = run.Output.nodules.front().volume_mm3;
  CHECK_DOUBLE_TOLERANCE(SurfaceMm3(surface), table_mm3, 0.02 * table_mm3);
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungSegmentsTest(int, char*[])
{
  CHECK_EXIT_SUCCESS(SegmentsAreNamedInOrder());
  CHECK_EXIT_SUCCESS(SegmentsSayNoduleInTheLung());
  CHECK_EXIT_SUCCESS(ColorTableNamesAndColorsAreTheSegments());
  CHECK_EXIT_SUCCESS(FlaggedAndNeighboursLookDifferentToEveryone());
  CHECK_EXIT_SUCCESS(SurfacesHoldTheTablesVolume());
  CHECK_EXIT_SUCCESS(SlicerMakesTheSameSurfaceAgain());
  CHECK_EXIT_SUCCESS(SurfaceOfANoduleAtTheEdgeIsClosed());
  return EXIT_SUCCESS;
}
