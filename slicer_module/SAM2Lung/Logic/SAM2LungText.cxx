#include "SAM2LungText.h"

#include "SAM2LungEngine.h"

#include <vtkMRMLI18N.h>

#include <cctype>
#include <new>

#include <sam2lung/error.hpp>
#include <sam2lung/runtime.hpp>
#include <sam2lung/version.hpp>

namespace sam2lung_slicer
{
namespace
{

/// What to do about an error in the panel or in Slicer; empty: the library's advice says it.
std::string PanelRemedy(const std::string& error)
{
  if (error == "E_NO_LUNG")
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic", "Search everywhere or in a segment, under Advanced.");
  }
  if (error == "E_INFERENCE")
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic", "If memory ran out, choose the CPU as device under Advanced.");
  }
  if (error == "E_DEVICE")
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic", "Choose another device under Advanced.");
  }
  if (error == "E_NOT_PAIRED")
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic",
                     "Segment both with one model, seed, number of samples and threshold; a prior without a folder is segmented "
                     "so here.");
  }
  if (error == "E_REGISTRATION")
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic", "Choose a prior CT of the same patient that shows the whole lungs, as this one.");
  }
  if (error == "E_RUNTIME")
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic", "Install the extension again.");
  }
  return {};
}

std::string LibraryText(const sam2lung::Error& error, const std::string& remedy)
{
  const std::string& message = error.message();
  const std::string& own = error.remedy();
  const bool replaced = !remedy.empty() && !own.empty() && message.size() > own.size() &&
                        message.compare(message.size() - own.size(), own.size(), own) == 0;
  // The remedy is the last part of the message; what stands before it ends with a space or a new line.
  return replaced ? Sentence(message.substr(0, message.size() - own.size()) + remedy) : Sentence(message);
}

std::string DeviceName(sam2lung::Device device)
{
  return device == sam2lung::Device::cuda ? "CUDA" : "CPU";
}

std::string UnfitText(const UnfitModel& unfit)
{
  if (unfit.reason == UnfitModel::Reason::clicks)
  {
    return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                         "The model '%1' outlines regions, and no single nodules; a click adds none. "
                                         "Segment the whole CT, or choose another model under Advanced."),
                               unfit.name.c_str());
  }
  return vtkMRMLI18N::Format(vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                       "The model '%1' takes other volumes (%2) than were chosen beside the first one "
                                       "(%3): it was exchanged meanwhile. Choose its volumes again."),
                             unfit.name.c_str(),
                             unfit.wanted.c_str(),
                             unfit.given.empty() ? "-" : unfit.given.c_str());
}

} // namespace

std::string Sentence(std::string text)
{
  if (text.empty())
  {
    return text;
  }
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  const char last = text.back();
  return last == '.' || last == '\n' ? text : text + ".";
}

std::string FailureText(const std::exception_ptr& error)
{
  try
  {
    std::rethrow_exception(error);
  }
  catch (const sam2lung::Error& known)
  {
    return LibraryText(known, PanelRemedy(known.name()));
  }
  catch (const UnfitModel& unfit)
  {
    return UnfitText(unfit);
  }
  catch (const std::bad_alloc&)
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic",
                     "There is not enough memory. Close other programs, crop the CT to the chest, or resample it.");
  }
  catch (const std::exception& unknown)
  {
    return vtkMRMLI18N::Format(
      vtkMRMLTr("vtkSlicerSAM2LungLogic", "Something unexpected went wrong: %1. Please report it with this text."),
      unknown.what());
  }
  catch (...)
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic", "Something unexpected went wrong. Please report what you did.");
  }
}

std::string ComparisonFailureText(const std::exception_ptr& error)
{
  try
  {
    std::rethrow_exception(error);
  }
  catch (const sam2lung::Error& known)
  {
    if (known.name() == "E_NO_LUNG")
    {
      return LibraryText(known,
                         vtkMRMLTr("vtkSlicerSAM2LungLogic",
                                   "A comparison lays the lungs of both CTs over each other: choose CTs that show them."));
    }
  }
  catch (...)
  {
    // As of a run.
  }
  return FailureText(error);
}

std::string StageText(const RunProgress& progress)
{
  if (!progress.stage)
  {
    return vtkMRMLTr("vtkSlicerSAM2LungLogic", "Loading the model");
  }
  switch (*progress.stage)
  {
    case sam2lung::Stage::read: return vtkMRMLTr("vtkSlicerSAM2LungLogic", "Reading the CT");
    case sam2lung::Stage::lungs: return vtkMRMLTr("vtkSlicerSAM2LungLogic", "Finding the lungs");
    case sam2lung::Stage::detect: return vtkMRMLTr("vtkSlicerSAM2LungLogic", "Looking for nodules");
    case sam2lung::Stage::segment: return vtkMRMLTr("vtkSlicerSAM2LungLogic", "Segmenting slices");
    case sam2lung::Stage::click: return vtkMRMLTr("vtkSlicerSAM2LungLogic", "Outlining at the click");
    case sam2lung::Stage::registering:
      return vtkMRMLTr("vtkSlicerSAM2LungLogic", "Laying the prior over the CT");
    case sam2lung::Stage::write: return vtkMRMLTr("vtkSlicerSAM2LungLogic", "Writing the report");
    case sam2lung::Stage::nodules: return vtkMRMLTr("vtkSlicerSAM2LungLogic", "Measuring nodules");
    // A stage of a newer library.
    default: return progress.stage_title;
  }
}

std::string DeviceText()
{
  std::string text;
  try
  {
    const sam2lung::Runtime runtime = sam2lung::Runtime::load();
    for (const sam2lung::DeviceInfo& device : runtime.devices())
    {
      const std::string format = device.usable ? vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1: can be used. %2")
                                               : vtkMRMLTr("vtkSlicerSAM2LungLogic", "%1: can't be used. %2");
      text += vtkMRMLI18N::Format(format, DeviceName(device.device).c_str(), Sentence(device.reason).c_str()) + "\n";
    }
    text += "ONNX Runtime: " + runtime.library() + ", " + runtime.build() + "\n";
  }
  catch (...)
  {
    text += FailureText(std::current_exception()) + "\n";
  }
  return text + "libsam2lung: " + sam2lung::version();
}

} // namespace sam2lung_slicer
