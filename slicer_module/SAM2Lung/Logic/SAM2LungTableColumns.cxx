#include "SAM2LungTableColumns.h"

#include "SAM2LungComparison.h"

#include <vtkMRMLI18N.h>

#include <vtkType.h>

#include <array>
#include <cstddef>
#include <cstdint>
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
constexpr TableUnit MG{ "mg", "mg", "milligram" };
constexpr TableUnit BIT{ "bit", "bit", "bit" };

template <std::uint32_t Nodule::*Member>
vtkVariant Whole(const Nodule& nodule)
{
  return vtkVariant(static_cast<int>(nodule.*Member));
}

template <bool Nodule::*Member>
vtkVariant Flag(const Nodule& nodule)
{
  return vtkVariant(nodule.*Member ? 1 : 0);
}

template <double Nodule::*Member>
vtkVariant Number(const Nodule& nodule)
{
  return vtkVariant(nodule.*Member);
}

template <std::optional<double> Nodule::*Member>
vtkVariant Optional(const Nodule& nodule)
{
  return vtkVariant((nodule.*Member).value_or(std::numeric_limits<double>::quiet_NaN()));
}

template <std::array<double, 3> Nodule::*Member, std::size_t Axis>
vtkVariant Place(const Nodule& nodule)
{
  return vtkVariant((nodule.*Member)[Axis]);
}

template <std::string Nodule::*Member>
vtkVariant Text(const Nodule& nodule)
{
  return vtkVariant(nodule.*Member);
}

/// Separated as in `nodules.csv`.
template <std::vector<std::string> Nodule::*Member>
vtkVariant Texts(const Nodule& nodule)
{
  std::string text;
  for (const std::string& part : nodule.*Member)
  {
    text += (text.empty() ? "" : REASON_SEPARATOR) + part;
  }
  return vtkVariant(text);
}

/// What the reader says; all else is the library's.
Columns ReaderColumns()
{
  const auto nothing = [](const Nodule&) { return vtkVariant(std::string()); };
  return { { "accepted",
             VTK_BIT,
             NONE,
             vtkMRMLTr("vtkSlicerSAM2LungLogic", "Accepted"),
             vtkMRMLTr("vtkSlicerSAM2LungLogic", "Whether it counts: not rejected by a reader"),
             [](const Nodule&) { return vtkVariant(1); } },
           { "decided",
             VTK_BIT,
             NONE,
             vtkMRMLTr("vtkSlicerSAM2LungLogic", "Decided"),
             vtkMRMLTr("vtkSlicerSAM2LungLogic", "Whether a reader accepted or rejected it"),
             [](const Nodule&) { return vtkVariant(0); } },
           { "comment",
             VTK_STRING,
             NONE,
             vtkMRMLTr("vtkSlicerSAM2LungLogic", "Comment"),
             vtkMRMLTr("vtkSlicerSAM2LungLogic", "What a reader wrote of it"),
             nothing },
           { "reader",
             VTK_STRING,
             NONE,
             vtkMRMLTr("vtkSlicerSAM2LungLogic", "Reader"),
             vtkMRMLTr("vtkSlicerSAM2LungLogic", "Who decided or commented last"),
             nothing },
           { "edited",
             VTK_BIT,
             NONE,
             vtkMRMLTr("vtkSlicerSAM2LungLogic", "Edited"),
             vtkMRMLTr("vtkSlicerSAM2LungLogic", "Whether its outline was edited by hand, and measured again"),
             [](const Nodule&) { return vtkVariant(0); } },
           { "clicks",
             VTK_STRING,
             NONE,
             vtkMRMLTr("vtkSlicerSAM2LungLogic", "Clicks"),
             vtkMRMLTr("vtkSlicerSAM2LungLogic", "Where a reader clicked to outline it, inside (in) or outside (out), as column, row, slice of the CT"),
             nothing } };
}

/// Made by `cargo xtask header` from the library's table of measures.
Columns MeasureColumns(const TableUnit& UNCERTAINTY)
{
  Columns columns;
  // generated: columns
  columns.push_back({ "id",
                      VTK_INT,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Number"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Number in the label map, from 1"),
                      Whole<&Nodule::id> });
  columns.push_back({ "centroid_i",
                      VTK_DOUBLE,
                      VOXEL,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "I"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Centre as column, row, slice of the CT, from 0"),
                      Place<&Nodule::centroid_ijk, 0> });
  columns.push_back({ "centroid_j",
                      VTK_DOUBLE,
                      VOXEL,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "J"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Centre as column, row, slice of the CT, from 0"),
                      Place<&Nodule::centroid_ijk, 1> });
  columns.push_back({ "centroid_k",
                      VTK_DOUBLE,
                      VOXEL,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "K"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Centre as column, row, slice of the CT, from 0"),
                      Place<&Nodule::centroid_ijk, 2> });
  columns.push_back({ "centroid_r",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "R"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Centre towards right, anterior, superior in the CT's patient frame"),
                      Place<&Nodule::centroid_ras, 0> });
  columns.push_back({ "centroid_a",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "A"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Centre towards right, anterior, superior in the CT's patient frame"),
                      Place<&Nodule::centroid_ras, 1> });
  columns.push_back({ "centroid_s",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "S"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Centre towards right, anterior, superior in the CT's patient frame"),
                      Place<&Nodule::centroid_ras, 2> });
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
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Lower end of the interval around the volume; above 0 and at most the volume"),
                      Number<&Nodule::volume_mm3_p05> });
  columns.push_back({ "volume_mm3_p50",
                      VTK_DOUBLE,
                      MM3,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Volume, median"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Median of the volume over the samples; outside the interval its nearer end"),
                      Number<&Nodule::volume_mm3_p50> });
  columns.push_back({ "volume_mm3_p95",
                      VTK_DOUBLE,
                      MM3,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Volume to"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Upper end of the interval around the volume; at least the volume"),
                      Number<&Nodule::volume_mm3_p95> });
  columns.push_back({ "sample_volume_mm3_p05",
                      VTK_DOUBLE,
                      MM3,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Sample volume, 5 %"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "5th percentile of the volume over the samples; a sample that misses the nodule counts as 0"),
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
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Standard deviation of the natural logarithm of the volume over the samples"),
                      Number<&Nodule::volume_spread> });
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
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Longest diameter at right angles to the long axis, in the same slice"),
                      Number<&Nodule::short_axis_mm> });
  columns.push_back({ "mean_hu",
                      VTK_DOUBLE,
                      HU,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Mean HU"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Mean over the outline"),
                      Number<&Nodule::mean_hu> });
  columns.push_back({ "probability_inside",
                      VTK_DOUBLE,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Probability inside"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Mean over the outline"),
                      Number<&Nodule::probability_inside> });
  columns.push_back({ "probability_around",
                      VTK_DOUBLE,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Probability around"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Probability within 4 mm of the outline that belongs to no nodule, as a share of the outline's voxels: what may be left out"),
                      Number<&Nodule::probability_around> });
  columns.push_back({ "uncertainty_mean",
                      VTK_DOUBLE,
                      UNCERTAINTY,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Uncertainty"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Mean of the uncertainty map over the outline and the voxels that touch it"),
                      Number<&Nodule::uncertainty_mean> });
  columns.push_back({ "sample_dice",
                      VTK_DOUBLE,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Agreement"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "How well the outlines of two samples agree: mean Dice over the pairs of the first 200 samples; 1 with one sample"),
                      Number<&Nodule::sample_dice> });
  columns.push_back({ "detection_rate",
                      VTK_DOUBLE,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Detection rate"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Share of the samples that found the nodule"),
                      Number<&Nodule::detection_rate> });
  columns.push_back({ "nodule_probability",
                      VTK_DOUBLE,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Nodule probability"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Probability that it is a nodule, by the model's classifier; none if the model has no classifier"),
                      Optional<&Nodule::nodule_probability> });
  columns.push_back({ "expected_dice",
                      VTK_DOUBLE,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Expected agreement"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Dice that the outline should have with the true one; none if the model hasn't learnt it"),
                      Optional<&Nodule::expected_dice> });
  columns.push_back({ "clicked",
                      VTK_BIT,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Clicked"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Whether the network outlined it with clicks"),
                      Flag<&Nodule::clicked> });
  columns.push_back({ "review",
                      VTK_BIT,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Review"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Whether someone should look again"),
                      Flag<&Nodule::review> });
  columns.push_back({ "review_reasons",
                      VTK_STRING,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Review reasons"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Why someone should look again"),
                      Texts<&Nodule::review_reasons> });
  columns.push_back({ "class",
                      VTK_STRING,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Class"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Name of its class, as the model has it"),
                      Text<&Nodule::class_name> });
  columns.push_back({ "readers_share",
                      VTK_DOUBLE,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Readers"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Share of radiologists that would mark it, by the model's classifier; none if the model hasn't learnt it"),
                      Optional<&Nodule::readers_share> });
  columns.push_back({ "long_axis_3d_mm",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Long axis, any plane"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Longest diameter in any plane, hence in space"),
                      Number<&Nodule::long_axis_3d_mm> });
  columns.push_back({ "short_axis_3d_mm",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Short axis, any plane"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Longest diameter at right angles to that long axis, in a plane that holds it"),
                      Number<&Nodule::short_axis_3d_mm> });
  columns.push_back({ "mean_diameter_mm",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Mean diameter"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Mean of the axial long and short axis, as Lung-RADS v2022 measures: both axes to 0.1 mm, their mean to 0.1 mm"),
                      Number<&Nodule::mean_diameter_mm> });
  columns.push_back({ "mean_diameter_mm_p05",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Mean diameter from"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "5th percentile of the mean diameter over the samples; at most the mean diameter; not calibrated; a sample that misses the nodule counts as 0"),
                      Number<&Nodule::mean_diameter_mm_p05> });
  columns.push_back({ "mean_diameter_mm_p95",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Mean diameter to"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "95th percentile of the mean diameter over the samples; at least the mean diameter; not calibrated"),
                      Number<&Nodule::mean_diameter_mm_p95> });
  columns.push_back({ "lung_rads_2022_diameter_band",
                      VTK_STRING,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Lung-RADS v2022, diameter band"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Size band of the mean diameter by ACR Lung-RADS v2022 (limits 4, 6, 8, 15, 30 mm): a size band, not a recommendation"),
                      Text<&Nodule::lung_rads_2022_diameter_band> });
  columns.push_back({ "lung_rads_2022_diameter_band_probabilities",
                      VTK_STRING,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Lung-RADS v2022, diameter bands"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Share of the samples in each size band of the mean diameter by Lung-RADS v2022; a sample that misses the nodule is in the lowest"),
                      Text<&Nodule::lung_rads_2022_diameter_band_probabilities> });
  columns.push_back({ "lung_rads_2022_volume_band",
                      VTK_STRING,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Lung-RADS v2022, volume band"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Size band of the volume by ACR Lung-RADS v2022 (limits 34, 113, 268, 1767, 14137 mm³): a size band, not a recommendation"),
                      Text<&Nodule::lung_rads_2022_volume_band> });
  columns.push_back({ "lung_rads_2022_volume_band_probabilities",
                      VTK_STRING,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Lung-RADS v2022, volume bands"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Share of the samples in each size band of the volume by Lung-RADS v2022; a sample that misses the nodule is in the lowest"),
                      Text<&Nodule::lung_rads_2022_volume_band_probabilities> });
  columns.push_back({ "fleischner_2017_diameter_band",
                      VTK_STRING,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Fleischner 2017, diameter band"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Size band of the mean diameter in whole mm by Fleischner Society 2017 (6 to 8 mm): a size band, not a recommendation"),
                      Text<&Nodule::fleischner_2017_diameter_band> });
  columns.push_back({ "fleischner_2017_diameter_band_probabilities",
                      VTK_STRING,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Fleischner 2017, diameter bands"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Share of the samples in each size band of the mean diameter by Fleischner 2017; a sample that misses the nodule is in the lowest"),
                      Text<&Nodule::fleischner_2017_diameter_band_probabilities> });
  columns.push_back({ "fleischner_2017_volume_band",
                      VTK_STRING,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Fleischner 2017, volume band"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Size band of the volume by Fleischner Society 2017 (100 to 250 mm³): a size band, not a recommendation"),
                      Text<&Nodule::fleischner_2017_volume_band> });
  columns.push_back({ "fleischner_2017_volume_band_probabilities",
                      VTK_STRING,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Fleischner 2017, volume bands"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Share of the samples in each size band of the volume by Fleischner 2017; a sample that misses the nodule is in the lowest"),
                      Text<&Nodule::fleischner_2017_volume_band_probabilities> });
  columns.push_back({ "bts_2015_diameter_band",
                      VTK_STRING,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "BTS 2015, diameter band"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Size band of the axial long axis by British Thoracic Society 2015 (limits 5, 6, 8 mm): a size band, not a recommendation"),
                      Text<&Nodule::bts_2015_diameter_band> });
  columns.push_back({ "bts_2015_diameter_band_probabilities",
                      VTK_STRING,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "BTS 2015, diameter bands"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Share of the samples in each size band of the axial long axis by BTS 2015; a sample that misses the nodule is in the lowest"),
                      Text<&Nodule::bts_2015_diameter_band_probabilities> });
  columns.push_back({ "bts_2015_volume_band",
                      VTK_STRING,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "BTS 2015, volume band"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Size band of the volume by British Thoracic Society 2015 (limits 80, 300 mm³): a size band, not a recommendation"),
                      Text<&Nodule::bts_2015_volume_band> });
  columns.push_back({ "bts_2015_volume_band_probabilities",
                      VTK_STRING,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "BTS 2015, volume bands"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Share of the samples in each size band of the volume by BTS 2015; a sample that misses the nodule is in the lowest"),
                      Text<&Nodule::bts_2015_volume_band_probabilities> });
  columns.push_back({ "texture",
                      VTK_STRING,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Texture"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Solid, part-solid or ground glass by a rule of HU (see Texture); empty where values aren't HU"),
                      Text<&Nodule::texture> });
  columns.push_back({ "solid_volume_mm3",
                      VTK_DOUBLE,
                      MM3,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Solid volume"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Volume of the solid part: the largest connected part above -300 HU (Scholten et al. 2015)"),
                      Optional<&Nodule::solid_volume_mm3> });
  columns.push_back({ "solid_mean_diameter_mm",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Solid mean diameter"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Mean diameter of the solid part, measured as that of the nodule; 0 where there is none"),
                      Optional<&Nodule::solid_mean_diameter_mm> });
  columns.push_back({ "calcium_mm3",
                      VTK_DOUBLE,
                      MM3,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Calcium"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Volume of the voxels of 200 HU and more; contrast medium counts as well"),
                      Optional<&Nodule::calcium_mm3> });
  columns.push_back({ "fat_mm3",
                      VTK_DOUBLE,
                      MM3,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Fat"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Volume of the voxels of -120 to -40 HU away from the outline's edge; within ground glass blur can look like fat"),
                      Optional<&Nodule::fat_mm3> });
  columns.push_back({ "mass_mg",
                      VTK_DOUBLE,
                      MG,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Mass"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Volume times density: (mean HU + 1000) / 1000 mg per mm³"),
                      Optional<&Nodule::mass_mg> });
  columns.push_back({ "side",
                      VTK_STRING,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Side"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Right lung or left lung; empty where the lungs weren't looked for, or not both were found"),
                      Text<&Nodule::side> });
  columns.push_back({ "pleura_distance_mm",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "To the pleura"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Distance to the border of the lung mask (pleura, or hilum), to about 2 mm; 0 where it reaches beyond; none where the lungs weren't looked for"),
                      Optional<&Nodule::pleura_distance_mm> });
  columns.push_back({ "touches_pleura",
                      VTK_STRING,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Touches pleura"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Yes where the lung mask's border is 2 mm away or less, else no; empty where the lungs weren't looked for"),
                      Text<&Nodule::touches_pleura> });
  columns.push_back({ "long_axis_slice",
                      VTK_DOUBLE,
                      VOXEL,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Slice of the long axis"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Slice of the CT with the axial long axis, from 0; none where the CT's slices aren't axial"),
                      Optional<&Nodule::long_axis_slice> });
  columns.push_back({ "long_axis_instance_number",
                      VTK_DOUBLE,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Image of the long axis"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Instance number of that slice's DICOM image; none for other inputs"),
                      Optional<&Nodule::long_axis_instance_number> });
  columns.push_back({ "long_axis_sop_instance_uid",
                      VTK_STRING,
                      NONE,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "UID of that image"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "SOP instance UID of that image; empty for other inputs"),
                      Text<&Nodule::long_axis_sop_instance_uid> });
  columns.push_back({ "long_axis_3d_start_r",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Long axis, any plane, from R"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Where the long axis in any plane begins, towards right, anterior, superior in the CT's patient frame"),
                      Place<&Nodule::long_axis_3d_start_ras, 0> });
  columns.push_back({ "long_axis_3d_start_a",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Long axis, any plane, from A"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Where the long axis in any plane begins, towards right, anterior, superior in the CT's patient frame"),
                      Place<&Nodule::long_axis_3d_start_ras, 1> });
  columns.push_back({ "long_axis_3d_start_s",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Long axis, any plane, from S"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Where the long axis in any plane begins, towards right, anterior, superior in the CT's patient frame"),
                      Place<&Nodule::long_axis_3d_start_ras, 2> });
  columns.push_back({ "long_axis_3d_end_r",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Long axis, any plane, to R"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Where it ends"),
                      Place<&Nodule::long_axis_3d_end_ras, 0> });
  columns.push_back({ "long_axis_3d_end_a",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Long axis, any plane, to A"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Where it ends"),
                      Place<&Nodule::long_axis_3d_end_ras, 1> });
  columns.push_back({ "long_axis_3d_end_s",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Long axis, any plane, to S"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Where it ends"),
                      Place<&Nodule::long_axis_3d_end_ras, 2> });
  columns.push_back({ "short_axis_3d_start_r",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Short axis, any plane, from R"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Where the short axis in any plane begins, in the same frame"),
                      Place<&Nodule::short_axis_3d_start_ras, 0> });
  columns.push_back({ "short_axis_3d_start_a",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Short axis, any plane, from A"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Where the short axis in any plane begins, in the same frame"),
                      Place<&Nodule::short_axis_3d_start_ras, 1> });
  columns.push_back({ "short_axis_3d_start_s",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Short axis, any plane, from S"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Where the short axis in any plane begins, in the same frame"),
                      Place<&Nodule::short_axis_3d_start_ras, 2> });
  columns.push_back({ "short_axis_3d_end_r",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Short axis, any plane, to R"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Where it ends"),
                      Place<&Nodule::short_axis_3d_end_ras, 0> });
  columns.push_back({ "short_axis_3d_end_a",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Short axis, any plane, to A"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Where it ends"),
                      Place<&Nodule::short_axis_3d_end_ras, 1> });
  columns.push_back({ "short_axis_3d_end_s",
                      VTK_DOUBLE,
                      MM,
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Short axis, any plane, to S"),
                      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Where it ends"),
                      Place<&Nodule::short_axis_3d_end_ras, 2> });
  // end of generated
  return columns;
}

} // namespace

//----------------------------------------------------------------------------
std::vector<TableColumn> TableColumns(sam2lung::Uncertainty uncertainty)
{
  Columns columns = MeasureColumns(uncertainty == sam2lung::Uncertainty::variance ? NONE : BIT);
  const Columns of_reader = ReaderColumns();
  columns.insert(columns.begin() + 1, of_reader.begin(), of_reader.end());
  const Columns of_prior = ComparisonColumns();
  columns.insert(columns.end(), of_prior.begin(), of_prior.end());
  return columns;
}

//----------------------------------------------------------------------------
const char* UncertaintyName(sam2lung::Uncertainty uncertainty)
{
  return sam2lung::name(uncertainty);
}

} // namespace sam2lung_slicer
