#include "SAM2LungOptions.h"

#include "SAM2LungModels.h"

#include "vtkMRMLSAM2LungParametersNode.h"

#include <vtkMRMLI18N.h>
#include <vtkMRMLSegmentationNode.h>

#include <vtkSegmentation.h>

#include <vtksys/SystemTools.hxx>

#include <sam2lung/options.hpp>

#include <sstream>

namespace
{

constexpr int MAX_SAMPLES = static_cast<int>(sam2lung::max_samples);
constexpr double MAX_DIAMETER_MM = sam2lung::max_min_diameter_mm;

std::string Text(double value)
{
  std::ostringstream text;
  text << value;
  return text.str();
}

std::string NumberProblem(vtkMRMLSAM2LungParametersNode* parameters)
{
  if (parameters->GetSamples() < 0 || parameters->GetSamples() > MAX_SAMPLES)
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "Samples is %1; expected 1 to %2, or 0 for the model's number. Change it "
                                         "under Advanced."),
                               std::to_string(parameters->GetSamples()).c_str(),
                               std::to_string(MAX_SAMPLES).c_str());
  }
  if (parameters->GetSeed() < 0)
  {
    return vtkMRMLI18N::Format(
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Seed is %1; expected 0 or more. Change it under Advanced."),
      std::to_string(parameters->GetSeed()).c_str());
  }
  const double threshold = parameters->GetThreshold();
  if (!(threshold >= 0.0 && threshold < 1.0))
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "Threshold is %1; expected a probability between 0 and 1, or 0 for the "
                                         "model's. Change it under Advanced."),
                               Text(threshold).c_str());
  }
  const double sensitivity = parameters->GetSensitivity();
  if (!(sensitivity >= 0.0 && sensitivity <= 1.0))
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "Sensitivity is %1; expected a share of the nodules, above 0 and up to 1, or "
                                         "0 for the model's. Change it under Advanced."),
                               Text(sensitivity).c_str());
  }
  const double diameter = parameters->GetMinDiameter();
  if (!(diameter >= 0.0 && diameter <= MAX_DIAMETER_MM))
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "Smallest diameter is %1; expected 0 to %2 mm. Change it under Advanced."),
                               Text(diameter).c_str(),
                               Text(MAX_DIAMETER_MM).c_str());
  }
  if (!(parameters->GetShareOfSlices() <= 1.0))
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "Share of slices is %1; expected 0 to 1, or a number below 0 for the model's. "
                                         "Change it under Advanced."),
                               Text(parameters->GetShareOfSlices()).c_str());
  }
  return {};
}

/// Only a script can set a number that none of the choices has.
std::string ChoiceProblem(const char* option, int choice, int count)
{
  if (choice >= 0 && choice < count)
  {
    return {};
  }
  return vtkMRMLI18N::Format(
    vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1 is %2; expected 0 to %3. Choose it again under Advanced."),
    option,
    std::to_string(choice).c_str(),
    std::to_string(count - 1).c_str());
}

std::string ModelProblem(vtkMRMLSAM2LungParametersNode* parameters, sam2lung_slicer::Models& models)
{
  const std::string folder = parameters->GetModelFolder();
  if (folder.empty() || vtksys::SystemTools::FileExists(folder + "/model.json", true) || models.IsInstalled(folder))
  {
    return {};
  }
  return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                       "'%1' is not a folder with model.json, and no installed model has that name; expected "
                                       "one of them. Choose another model, or the one that is built in."),
                             folder.c_str());
}

} // namespace

namespace sam2lung_slicer
{

std::string OptionProblem(vtkMRMLSAM2LungParametersNode* parameters, Models& models)
{
  using Parameters = vtkMRMLSAM2LungParametersNode;
  for (const std::string& problem : {
         NumberProblem(parameters),
         ChoiceProblem("Device", parameters->GetDevice(), Parameters::Device_Last),
         ChoiceProblem("Search", parameters->GetSearch(), Parameters::Search_Last),
         ChoiceProblem("Uncertainty", parameters->GetUncertainty(), Parameters::Uncertainty_Last),
         ModelProblem(parameters, models),
       })
  {
    if (!problem.empty())
    {
      return problem;
    }
  }
  return {};
}

std::string SegmentProblem(vtkMRMLSAM2LungParametersNode* parameters)
{
  if (parameters->GetSearch() != vtkMRMLSAM2LungParametersNode::SearchSegment)
  {
    return {};
  }
  vtkMRMLSegmentationNode* const segmentation = parameters->GetLungMaskSegmentationNode();
  if (!segmentation)
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic",
                     "The search is limited to a segment, but no segmentation is chosen. Choose one under Advanced, or "
                     "search in the lungs.");
  }
  if (segmentation->GetSegmentation()->GetSegment(parameters->GetLungMaskSegmentID()))
  {
    return {};
  }
  return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                       "The segmentation '%1' has no segment '%2' to search in. Choose one of its "
                                       "segments under Advanced, or search in the lungs."),
                             segmentation->GetName() ? segmentation->GetName() : "",
                             parameters->GetLungMaskSegmentID().c_str());
}

} // namespace sam2lung_slicer
