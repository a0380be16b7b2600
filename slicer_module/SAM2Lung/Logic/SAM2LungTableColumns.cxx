#include "SAM2LungTableColumns.h"

#include <vtkMRMLI18N.h>

#include <vtkType.h>

#include <cstddef>
#include <limits>
#include <optional>

namespace sam2lung_slicer
{

namespace
{

using sam2lung::Nodule;
using Columns = std::vector<TableColumn>;

constexpr TableUnit NONE{};
constexpr TableUnit VOXEL{ "voxel", "", "" };
constexpr TableUnit MM{ "mm", "mm", "millimeter" };
constexpr TableUnit MM3{ "mm³", "mm3", "cubic millimeter" };
constexpr TableUnit HU{ "HU", "[hnsf'U]", "Hounsfield unit" };
constexpr TableUnit BIT{ "bit", "bit", "bit" };

vtkVariant Flag(bool value)
{
  return vtkVariant(value ? 1 : 0);
}

vtkVariant Optional(const std::optional<double>& value)
{
  return vtkVariant(value.value_or(std::numeric_limits<double>::quiet_NaN()));
}

template <double Nodule::*Member>
vtkVariant Number(const Nodule& nodule)
{
  return vtkVariant(nodule.*Member);
}

template <std::size_t Axis>
vtkVariant Ijk(const Nodule& nodule)
{
  return vtkVariant(nodule.centroid_ijk[Axis]);
}

template <std::size_t Axis>
vtkVariant Ras(const Nodule& nodule)
{
  return vtkVariant(nodule.centroid_ras[Axis]);
}

/// Separated as in `nodules.csv`.
vtkVariant Reasons(const Nodule& nodule)
{
  std::string text;
  for (const std::string& reason : nodule.review_reasons)
  {
    text += (text.empty() ? "" : REASON_SEPARATOR) + reason;
  }
  return vtkVariant(text);
}

void AddNumbers(Columns& columns)
{
  columns.push_back({ "id",
                      VTK_INT,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Number"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Number in the label map"),
                      [](const Nodule& n) { return vtkVariant(static_cast<int>(n.id)); } });
  columns.push_back({ "accepted",
                      VTK_BIT,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Accepted"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Whether whoever reviewed it accepts it"),
                      [](const Nodule&) { return Flag(true); } });
}

void AddPlace(Columns& columns)
{
  const std::string ijk = vtkMRMLTr("vtkSlicerSAM2LungLogic", "Center as column, row, slice of the CT, from 0");
  const std::string ras =
    vtkMRMLTr("vtkSlicerSAM2LungLogic", "Center towards right, anterior, superior, before the CT's transforms");
  columns.push_back({ "centroid_i", VTK_DOUBLE, VOXEL, "I", ijk, Ijk<0> });
  columns.push_back({ "centroid_j", VTK_DOUBLE, VOXEL, "J", ijk, Ijk<1> });
  columns.push_back({ "centroid_k", VTK_DOUBLE, VOXEL, "K", ijk, Ijk<2> });
  columns.push_back({ "centroid_r", VTK_DOUBLE, MM, "R", ras, Ras<0> });
  columns.push_back({ "centroid_a", VTK_DOUBLE, MM, "A", ras, Ras<1> });
  columns.push_back({ "centroid_s", VTK_DOUBLE, MM, "S", ras, Ras<2> });
}

void AddVolumes(Columns& columns)
{
  columns.push_back({ "volume_mm3",
                      VTK_DOUBLE,
                      MM3,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Volume"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Volume of the outline in the label map"),
                      Number<&Nodule::volume_mm3> });
  columns.push_back({ "volume_mm3_p05",
                      VTK_DOUBLE,
                      MM3,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Volume from"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Lower end of the interval around the volume"),
                      Number<&Nodule::volume_mm3_p05> });
  columns.push_back({ "volume_mm3_p50",
                      VTK_DOUBLE,
                      MM3,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Volume, median"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Median of the volume over the samples"),
                      Number<&Nodule::volume_mm3_p50> });
  columns.push_back({ "volume_mm3_p95",
                      VTK_DOUBLE,
                      MM3,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Volume to"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Upper end of the interval around the volume"),
                      Number<&Nodule::volume_mm3_p95> });
  columns.push_back({ "sample_volume_mm3_p05",
                      VTK_DOUBLE,
                      MM3,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Sample volume, 5 %"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "5th percentile of the volume over the samples"),
                      Number<&Nodule::sample_volume_mm3_p05> });
  columns.push_back({ "sample_volume_mm3_p50",
                      VTK_DOUBLE,
                      MM3,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Sample volume, median"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Median of the volume over the samples"),
                      Number<&Nodule::sample_volume_mm3_p50> });
  columns.push_back({ "sample_volume_mm3_p95",
                      VTK_DOUBLE,
                      MM3,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Sample volume, 95 %"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "95th percentile of the volume over the samples"),
                      Number<&Nodule::sample_volume_mm3_p95> });
  columns.push_back({ "volume_spread",
                      VTK_DOUBLE,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Volume spread"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                "Standard deviation of the natural logarithm of the volume over the samples"),
                      Number<&Nodule::volume_spread> });
}

void AddMeasures(Columns& columns)
{
  columns.push_back({ "equivalent_diameter_mm",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Equivalent diameter"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Diameter of the sphere of that volume"),
                      Number<&Nodule::equivalent_diameter_mm> });
  columns.push_back({ "long_axis_mm",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Long axis"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Longest diameter in an axial slice"),
                      Number<&Nodule::long_axis_mm> });
  columns.push_back({ "short_axis_mm",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Short axis"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                "Longest diameter at right angles to the long axis, in the same slice"),
                      Number<&Nodule::short_axis_mm> });
  columns.push_back({ "mean_hu",
                      VTK_DOUBLE,
                      HU,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Mean HU"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Mean over the outline"),
                      Number<&Nodule::mean_hu> });
}

void AddDoubts(Columns& columns, const TableUnit& doubt)
{
  columns.push_back({ "probability_inside",
                      VTK_DOUBLE,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Probability inside"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Mean over the outline, 0 to 1"),
                      Number<&Nodule::probability_inside> });
  columns.push_back({ "probability_around",
                      VTK_DOUBLE,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Probability around"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                "Near the outline and in no nodule, as a share of the outline's voxels: what may be left out"),
                      Number<&Nodule::probability_around> });
  columns.push_back({ "uncertainty_mean",
                      VTK_DOUBLE,
                      doubt,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Uncertainty"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Mean over the outline and the voxels that touch it"),
                      Number<&Nodule::uncertainty_mean> });
  columns.push_back({ "sample_dice",
                      VTK_DOUBLE,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Agreement"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "How well the outlines of two samples agree, 0 to 1"),
                      Number<&Nodule::sample_dice> });
  columns.push_back({ "detection_rate",
                      VTK_DOUBLE,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Detection rate"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Share of the samples that found the nodule, 0 to 1"),
                      Number<&Nodule::detection_rate> });
  columns.push_back({ "nodule_probability",
                      VTK_DOUBLE,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Nodule probability"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                "The model's second opinion on whether this is a nodule, 0 to 1; empty: it has none"),
                      [](const Nodule& n) { return Optional(n.nodule_probability); } });
  columns.push_back({ "expected_dice",
                      VTK_DOUBLE,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Expected agreement"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                "How well the outline should agree with the true one, 0 to 1; empty: the model hasn't learnt it"),
                      [](const Nodule& n) { return Optional(n.expected_dice); } });
}

void AddReview(Columns& columns)
{
  columns.push_back({ "prompted",
                      VTK_BIT,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Prompted"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Whether the network was told of a point in it"),
                      [](const Nodule& n) { return Flag(n.prompted); } });
  columns.push_back({ "review",
                      VTK_BIT,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Review"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Whether someone should look again"),
                      [](const Nodule& n) { return Flag(n.review); } });
  columns.push_back({ "review_reasons",
                      VTK_STRING,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Review reasons"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Why someone should look again"),
                      Reasons });
}

} // namespace

//----------------------------------------------------------------------------
std::vector<TableColumn> TableColumns(sam2lung::Uncertainty uncertainty)
{
  Columns columns;
  AddNumbers(columns);
  AddPlace(columns);
  AddVolumes(columns);
  AddMeasures(columns);
  AddDoubts(columns, uncertainty == sam2lung::Uncertainty::variance ? NONE : BIT);
  AddReview(columns);
  return columns;
}

//----------------------------------------------------------------------------
const char* UncertaintyName(sam2lung::Uncertainty uncertainty)
{
  switch (uncertainty)
  {
    case sam2lung::Uncertainty::entropy: return "entropy";
    case sam2lung::Uncertainty::variance: return "variance";
    case sam2lung::Uncertainty::mutual_information: return "mutual-information";
    default: return "bundle";
  }
}

} // namespace sam2lung_slicer
