// The nodule table: columns, units, cells, and the result in a line.

#include "SAM2LungMadeRun.h"

#include "SAM2LungOutputs.h"
#include "SAM2LungReview.h"
#include "SAM2LungTable.h"

#include <vtkAddonTestingMacros.h>
#include <vtkMRMLTableNode.h>

#include <vtkAbstractArray.h>
#include <vtkTable.h>

#include <cmath>
#include <functional>

using namespace sam2lung_testing;
using namespace sam2lung_slicer;

namespace
{

struct ExpectedColumn
{
  std::string name;
  std::string type;
  std::string unit;
  std::string ucum;
  std::function<double(const Nodule&)> number;
};

std::vector<ExpectedColumn> ExpectedColumns()
{
  using N = const Nodule&;
  return {
    { "id", "int", "", "", [](N n) { return double(n.id); } },
    { "accepted", "bit", "", "", [](N) { return 1.0; } },
    { "decided", "bit", "", "", [](N) { return 0.0; } },
    { "comment", "string", "", "", nullptr },
    { "reader", "string", "", "", nullptr },
    { "edited", "bit", "", "", [](N) { return 0.0; } },
    { "clicks", "string", "", "", nullptr },
    { "centroid_i", "double", "voxel", "", [](N n) { return n.centroid_ijk[0]; } },
    { "centroid_j", "double", "voxel", "", [](N n) { return n.centroid_ijk[1]; } },
    { "centroid_k", "double", "voxel", "", [](N n) { return n.centroid_ijk[2]; } },
    { "centroid_r", "double", "mm", "mm", [](N n) { return n.centroid_ras[0]; } },
    { "centroid_a", "double", "mm", "mm", [](N n) { return n.centroid_ras[1]; } },
    { "centroid_s", "double", "mm", "mm", [](N n) { return n.centroid_ras[2]; } },
    { "volume_mm3", "double", "mm³", "mm3", [](N n) { return n.volume_mm3; } },
    { "volume_mm3_p05", "double", "mm³", "mm3", [](N n) { return n.volume_mm3_p05; } },
    { "volume_mm3_p50", "double", "mm³", "mm3", [](N n) { return n.volume_mm3_p50; } },
    { "volume_mm3_p95", "double", "mm³", "mm3", [](N n) { return n.volume_mm3_p95; } },
    { "sample_volume_mm3_p05", "double", "mm³", "mm3", [](N n) { return n.sample_volume_mm3_p05; } },
    { "sample_volume_mm3_p50", "double", "mm³", "mm3", [](N n) { return n.sample_volume_mm3_p50; } },
    { "sample_volume_mm3_p95", "double", "mm³", "mm3", [](N n) { return n.sample_volume_mm3_p95; } },
    { "volume_spread", "double", "", "", [](N n) { return n.volume_spread; } },
    { "equivalent_diameter_mm", "double", "mm", "mm", [](N n) { return n.equivalent_diameter_mm; } },
    { "long_axis_mm", "double", "mm", "mm", [](N n) { return n.long_axis_mm; } },
    { "short_axis_mm", "double", "mm", "mm", [](N n) { return n.short_axis_mm; } },
    { "mean_hu", "double", "HU", "[hnsf'U]", [](N n) { return n.mean_hu; } },
    { "probability_inside", "double", "", "", [](N n) { return n.probability_inside; } },
    { "probability_around", "double", "", "", [](N n) { return n.probability_around; } },
    { "uncertainty_mean", "double", "bit", "bit", [](N n) { return n.uncertainty_mean; } },
    { "sample_dice", "double", "", "", [](N n) { return n.sample_dice; } },
    { "detection_rate", "double", "", "", [](N n) { return n.detection_rate; } },
    { "nodule_probability", "double", "", "", [](N n) { return n.nodule_probability.value_or(NAN); } },
    { "expected_dice", "double", "", "", [](N n) { return n.expected_dice.value_or(NAN); } },
    { "clicked", "bit", "", "", [](N n) { return double(n.clicked); } },
    { "review", "bit", "", "", [](N n) { return double(n.review); } },
    { "review_reasons", "string", "", "", nullptr },
    { "class", "string", "", "", nullptr },
    { "readers_share", "double", "", "", [](N n) { return n.readers_share.value_or(NAN); } },
    { "long_axis_3d_mm", "double", "mm", "mm", [](N n) { return n.long_axis_3d_mm; } },
    { "short_axis_3d_mm", "double", "mm", "mm", [](N n) { return n.short_axis_3d_mm; } },
    { "mean_diameter_mm", "double", "mm", "mm", [](N n) { return n.mean_diameter_mm; } },
    { "mean_diameter_mm_p05", "double", "mm", "mm", [](N n) { return n.mean_diameter_mm_p05; } },
    { "mean_diameter_mm_p95", "double", "mm", "mm", [](N n) { return n.mean_diameter_mm_p95; } },
    { "lung_rads_2022_diameter_band", "string", "", "", nullptr },
    { "lung_rads_2022_diameter_band_probabilities", "string", "", "", nullptr },
    { "lung_rads_2022_volume_band", "string", "", "", nullptr },
    { "lung_rads_2022_volume_band_probabilities", "string", "", "", nullptr },
    { "fleischner_2017_diameter_band", "string", "", "", nullptr },
    { "fleischner_2017_diameter_band_probabilities", "string", "", "", nullptr },
    { "fleischner_2017_volume_band", "string", "", "", nullptr },
    { "fleischner_2017_volume_band_probabilities", "string", "", "", nullptr },
    { "bts_2015_diameter_band", "string", "", "", nullptr },
    { "bts_2015_diameter_band_probabilities", "string", "", "", nullptr },
    { "bts_2015_volume_band", "string", "", "", nullptr },
    { "bts_2015_volume_band_probabilities", "string", "", "", nullptr },
    { "texture", "string", "", "", nullptr },
    { "solid_volume_mm3", "double", "mm³", "mm3", [](N n) { return n.solid_volume_mm3.value_or(NAN); } },
    { "solid_mean_diameter_mm", "double", "mm", "mm", [](N n) { return n.solid_mean_diameter_mm.value_or(NAN); } },
    { "calcium_mm3", "double", "mm³", "mm3", [](N n) { return n.calcium_mm3.value_or(NAN); } },
    { "fat_mm3", "double", "mm³", "mm3", [](N n) { return n.fat_mm3.value_or(NAN); } },
    { "mass_mg", "double", "mg", "mg", [](N n) { return n.mass_mg.value_or(NAN); } },
    { "side", "string", "", "", nullptr },
    { "pleura_distance_mm", "double", "mm", "mm", [](N n) { return n.pleura_distance_mm.value_or(NAN); } },
    { "touches_pleura", "string", "", "", nullptr },
    { "long_axis_slice", "double", "voxel", "", [](N n) { return n.long_axis_slice.value_or(NAN); } },
    { "long_axis_instance_number", "double", "", "", [](N n) { return n.long_axis_instance_number.value_or(NAN); } },
    { "long_axis_sop_instance_uid", "string", "", "", nullptr },
    { "long_axis_3d_start_r", "double", "mm", "mm", [](N n) { return n.long_axis_3d_start_ras[0]; } },
    { "long_axis_3d_start_a", "double", "mm", "mm", [](N n) { return n.long_axis_3d_start_ras[1]; } },
    { "long_axis_3d_start_s", "double", "mm", "mm", [](N n) { return n.long_axis_3d_start_ras[2]; } },
    { "long_axis_3d_end_r", "double", "mm", "mm", [](N n) { return n.long_axis_3d_end_ras[0]; } },
    { "long_axis_3d_end_a", "double", "mm", "mm", [](N n) { return n.long_axis_3d_end_ras[1]; } },
    { "long_axis_3d_end_s", "double", "mm", "mm", [](N n) { return n.long_axis_3d_end_ras[2]; } },
    { "short_axis_3d_start_r", "double", "mm", "mm", [](N n) { return n.short_axis_3d_start_ras[0]; } },
    { "short_axis_3d_start_a", "double", "mm", "mm", [](N n) { return n.short_axis_3d_start_ras[1]; } },
    { "short_axis_3d_start_s", "double", "mm", "mm", [](N n) { return n.short_axis_3d_start_ras[2]; } },
    { "short_axis_3d_end_r", "double", "mm", "mm", [](N n) { return n.short_axis_3d_end_ras[0]; } },
    { "short_axis_3d_end_a", "double", "mm", "mm", [](N n) { return n.short_axis_3d_end_ras[1]; } },
    { "short_axis_3d_end_s", "double", "mm", "mm", [](N n) { return n.short_axis_3d_end_ras[2]; } },
    { "change", "string", "", "", nullptr },
    { "prior_id", "string", "", "", nullptr },
    { "prior_volume_mm3", "double", "mm³", "mm3", [](N) { return double(NAN); } },
    { "volume_change_percent", "double", "%", "%", [](N) { return double(NAN); } },
    { "volume_change_percent_p05", "double", "%", "%", [](N) { return double(NAN); } },
    { "volume_change_percent_p95", "double", "%", "%", [](N) { return double(NAN); } },
    { "growth_probability", "double", "", "", [](N) { return double(NAN); } },
    { "diameter_change_mm", "double", "mm", "mm", [](N) { return double(NAN); } },
    { "diameter_growth_probability", "double", "", "", [](N) { return double(NAN); } },
    { "doubling_time_days", "double", "d", "d", [](N) { return double(NAN); } },
    { "doubling_time_days_p05", "double", "d", "d", [](N) { return double(NAN); } },
    { "doubling_time_days_p95", "double", "d", "d", [](N) { return double(NAN); } },
    { "probability_in_prior", "double", "", "", [](N) { return double(NAN); } },
  };
}

/// The second of three was classified, the others were not.
MadeRun MakeTableRun()
{
  MadeRun run = MakeRun(StraightGrid(), ThreeBalls());
  run.Output.nodules[1].nodule_probability = 0.75;
  run.Output.nodules[1].expected_dice = 0.875;
  run.Output.nodules[1].readers_share = 0.625;
  run.Output.nodules[1].class_name = "nodule";
  run.Output.nodules[1].texture = "solid";
  run.Output.nodules[1].solid_volume_mm3 = 64.5;
  run.Output.nodules[1].solid_mean_diameter_mm = 5.5;
  run.Output.nodules[1].calcium_mm3 = 0.5;
  run.Output.nodules[1].fat_mm3 = 0.25;
  run.Output.nodules[1].mass_mg = 32.5;
  run.Output.nodules[1].side = "right lung";
  run.Output.nodules[1].pleura_distance_mm = 12.5;
  run.Output.nodules[1].touches_pleura = "no";
  run.Output.nodules[1].long_axis_slice = 21;
  run.Output.nodules[1].clicked = true;
  return run;
}

int EveryColumnHasTypeUnitAndDescription()
{
  MadeScene made;
  const MadeRun run = MakeTableRun();
  WriteOutputs(made.Parameters, run.Input, run.Output);
  vtkMRMLTableNode* const table = made.Parameters->GetNoduleTableNode();
  const std::vector<ExpectedColumn> columns = ExpectedColumns();
  CHECK_INT(table->GetNumberOfColumns(), static_cast<int>(columns.size()));
  for (std::size_t n = 0; n < columns.size(); ++n)
  {
    const std::string& name = columns[n].name;
    CHECK_STD_STRING(table->GetColumnName(static_cast<int>(n)), name);
    CHECK_STD_STRING(vtkMRMLTableNode::GetValueTypeAsString(table->GetColumnType(name)), columns[n].type);
    CHECK_STD_STRING(table->GetColumnUnitLabel(name), columns[n].unit);
    CHECK_STD_STRING(table->GetColumnProperty(name, "unitCodeValue"), columns[n].ucum);
    CHECK_STD_STRING(table->GetColumnProperty(name, "unitCodingSchemeDesignator"), columns[n].ucum.empty() ? "" : "UCUM");
    CHECK_BOOL(table->GetColumnTitle(name).empty(), false);
    CHECK_BOOL(table->GetColumnDescription(name).empty(), false);
  }
  return EXIT_SUCCESS;
}

/// As earlier versions of the module wrote it.
int TableOfAnOldSceneIsUpgraded()
{
  MadeScene made;
  const MadeRun run = MakeTableRun();
  WriteOutputs(made.Parameters, run.Input, run.Output);
  SetNoduleAccepted(made.Parameters, 3, false);
  vtkMRMLTableNode* const node = made.Parameters->GetNoduleTableNode();
  node->GetTable()->GetColumnByName("clicked")->SetName("prompted");
  node->GetTable()->RemoveColumnByName("class");
  node->GetTable()->RemoveColumnByName("sample_dice");
  for (const char* column : { "decided", "comment", "reader" })
  {
    node->GetTable()->RemoveColumnByName(column);
  }
  CHECK_BOOL(IsNoduleTable(node), false);
  made.Scene->StartState(vtkMRMLScene::ImportState);
  made.Scene->EndState(vtkMRMLScene::ImportState);
  CHECK_BOOL(IsNoduleTable(node), true);
  CHECK_NULL(node->GetTable()->GetColumnByName("prompted"));
  CHECK_STD_STRING(NoduleText(made.Parameters, 2, "clicked"), "1");
  CHECK_STD_STRING(NoduleText(made.Parameters, 1, "clicked"), "0");
  CHECK_STD_STRING(NoduleText(made.Parameters, 2, "class"), "");
  CHECK_STD_STRING(NoduleText(made.Parameters, 2, "sample_dice"), "");
  CHECK_BOOL(NoduleReading(made.Parameters, 3).decision == Decision::rejected, true);
  CHECK_STD_STRING(NoduleText(made.Parameters, 3, "decided"), "1");
  // Accepted was what nobody had looked at, too.
  CHECK_BOOL(NoduleReading(made.Parameters, 2).decision == Decision::undecided, true);
  CHECK_STD_STRING(NoduleText(made.Parameters, 2, "decided"), "0");
  CHECK_STD_STRING(NoduleText(made.Parameters, 2, "comment"), "");
  CHECK_STD_STRING(ResultText(made.Parameters), "2 nodules (1 to review), 1 rejected, in 38 s on CPU. Research use only.");
  // What is such a table already stays as it is.
  const vtkMTimeType before = node->GetMTime();
  UpgradeTable(node);
  CHECK_BOOL(node->GetMTime() == before, true);
  return EXIT_SUCCESS;
}

int CellsAreTheNodules()
{
  MadeScene made;
  const MadeRun run = MakeTableRun();
  WriteOutputs(made.Parameters, run.Input, run.Output);
  vtkTable* const table = made.Parameters->GetNoduleTableNode()->GetTable();
  CHECK_INT(table->GetNumberOfRows(), 3);
  for (vtkIdType row = 0; row < 3; ++row)
  {
    const Nodule& nodule = run.Output.nodules[static_cast<std::size_t>(row)];
    for (const ExpectedColumn& column : ExpectedColumns())
    {
      const vtkVariant cell = table->GetColumnByName(column.name.c_str())->GetVariantValue(row);
      if (column.number)
      {
        const double expected = column.number(nodule);
        CHECK_BOOL(cell.ToDouble() == expected || (std::isnan(cell.ToDouble()) && std::isnan(expected)), true);
      }
    }
  }
  CHECK_STD_STRING(NoduleText(made.Parameters, 2, "review_reasons"),
                   "the samples' outlines disagree; it touches the edge of the scan");
  CHECK_STD_STRING(NoduleText(made.Parameters, 1, "review_reasons"), "");
  CHECK_STD_STRING(NoduleText(made.Parameters, 2, "class"), "nodule");
  return EXIT_SUCCESS;
}

int MissingNumbersAreEmpty()
{
  MadeScene made;
  const MadeRun run = MakeTableRun();
  WriteOutputs(made.Parameters, run.Input, run.Output);
  CHECK_STD_STRING(NoduleText(made.Parameters, 1, "nodule_probability"), "");
  CHECK_STD_STRING(NoduleText(made.Parameters, 2, "nodule_probability"), "0.75");
  CHECK_STD_STRING(NoduleText(made.Parameters, 2, "no_such_column"), "");
  CHECK_STD_STRING(NoduleText(made.Parameters, 9, "id"), "");
  CHECK_STD_STRING(NoduleText(made.Parameters, 2, "accepted"), "1");
  // A row that someone adds by hand has no number where none is known.
  vtkMRMLTableNode* const table = made.Parameters->GetNoduleTableNode();
  const int row = table->AddEmptyRow();
  CHECK_BOOL(std::isnan(table->GetTable()->GetColumnByName("volume_mm3")->GetVariantValue(row).ToDouble()), true);
  return EXIT_SUCCESS;
}

int VarianceHasNoUnit()
{
  MadeScene made;
  MadeRun run = MakeTableRun();
  run.Output.facts.uncertainty = sam2lung::Uncertainty::variance;
  WriteOutputs(made.Parameters, run.Input, run.Output);
  vtkMRMLTableNode* const table = made.Parameters->GetNoduleTableNode();
  CHECK_STD_STRING(table->GetColumnUnitLabel("uncertainty_mean"), "");
  run.Output.facts.uncertainty = sam2lung::Uncertainty::mutual_information;
  WriteOutputs(made.Parameters, run.Input, run.Output);
  CHECK_STD_STRING(table->GetColumnUnitLabel("uncertainty_mean"), "bit");
  return EXIT_SUCCESS;
}

int ResultLineSaysHowManyHowLongAndWhere()
{
  MadeScene made;
  CHECK_STD_STRING(ResultText(made.Parameters), "");
  MadeRun run = MakeTableRun();
  for (sam2lung::Nodule& nodule : run.Output.nodules)
  {
    nodule.clicked = false; // or the next run would keep it
  }
  WriteOutputs(made.Parameters, run.Input, run.Output);
  CHECK_STD_STRING(ResultText(made.Parameters), "3 nodules (1 to review) in 38 s on CPU. Research use only.");

  run.Output.facts.device = "CUDA";
  run.Output.facts.seconds = 200.4;
  run.Output.nodules.erase(run.Output.nodules.begin() + 1, run.Output.nodules.end());
  WriteOutputs(made.Parameters, run.Input, run.Output);
  CHECK_STD_STRING(ResultText(made.Parameters), "1 nodule in 3 min 20 s on CUDA. Research use only.");

  run.Output.facts.seconds = 0.2;
  run.Output.nodules.clear();
  WriteOutputs(made.Parameters, run.Input, run.Output);
  CHECK_STD_STRING(ResultText(made.Parameters), "No nodules found in less than a second on CUDA. Research use only.");

  run.Output.facts.micronodules = 2;
  run.Output.facts.min_diameter_mm = 4.5;
  WriteOutputs(made.Parameters, run.Input, run.Output);
  CHECK_STD_STRING(ResultText(made.Parameters),
                   "No nodules found, 2 below 4.5 mm not shown, in less than a second on CUDA. Research use only.");
  return EXIT_SUCCESS;
}

int FactsOfTheRunAreKept()
{
  MadeScene made;
  const MadeRun run = MakeTableRun();
  WriteOutputs(made.Parameters, run.Input, run.Output);
  vtkMRMLTableNode* const table = made.Parameters->GetNoduleTableNode();
  CHECK_STRING(table->GetAttribute("SAM2Lung.Model"), "Made model 1.0");
  CHECK_STRING(table->GetAttribute("SAM2Lung.ModelSHA256"), "0123abcd");
  CHECK_STRING(table->GetAttribute("SAM2Lung.Library"), "0.1.0");
  CHECK_STRING(table->GetAttribute("SAM2Lung.Device"), "CPU");
  CHECK_STRING(table->GetAttribute("SAM2Lung.DeviceReason"), "no CUDA");
  CHECK_STRING(table->GetAttribute("SAM2Lung.Uncertainty"), "entropy");
  CHECK_STRING(table->GetAttribute("SAM2Lung.Samples"), "25");
  CHECK_STRING(table->GetAttribute("SAM2Lung.Seed"), "7");
  CHECK_STRING(table->GetAttribute("SAM2Lung.Threshold"), "0.4");
  CHECK_STRING(table->GetAttribute("SAM2Lung.Seconds"), "38.2");
  return EXIT_SUCCESS;
}

} // namespace

int vtkSlicerSAM2LungTableTest(int, char*[])
{
  CHECK_EXIT_SUCCESS(EveryColumnHasTypeUnitAndDescription());
  CHECK_EXIT_SUCCESS(TableOfAnOldSceneIsUpgraded());
  CHECK_EXIT_SUCCESS(CellsAreTheNodules());
  CHECK_EXIT_SUCCESS(MissingNumbersAreEmpty());
  CHECK_EXIT_SUCCESS(VarianceHasNoUnit());
  CHECK_EXIT_SUCCESS(ResultLineSaysHowManyHowLongAndWhere());
  CHECK_EXIT_SUCCESS(FactsOfTheRunAreKept());
  return EXIT_SUCCESS;
}
