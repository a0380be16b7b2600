/// \file
/// A run from RunInput to RunOutput, on the thread that calls.

#ifndef SAM2LungEngine_h
#define SAM2LungEngine_h

#include "SAM2LungRun.h"

#include <cstdint>
#include <exception>
#include <optional>
#include <string>

#include <sam2lung/bundle.hpp>
#include <sam2lung/cancel.hpp>
#include <sam2lung/engine.hpp>

namespace sam2lung_slicer
{

/// A model on a device.
struct LoadedEngine
{
  sam2lung::Bundle bundle;
  sam2lung::Engine engine;
};

/// A model that was opened, and can't do what was asked for.
struct UnfitModel : std::exception
{
  enum class Reason
  {
    channels, ///< It takes other volumes than were chosen.
    clicks    ///< It gives regions, and no nodules that could be clicked on.
  };

  UnfitModel(Reason what_for, const sam2lung::Bundle& bundle, const RunInput& input);
  const char* what() const noexcept override { return "the model doesn't fit"; }

  Reason reason;
  std::string name;
  std::string wanted; ///< Names of the channels that it takes.
  std::string given;  ///< Those of the channels that were chosen, behind the first one.
};

/// Keeps the engine of the run before: loading one takes longer than a small run.
class EngineCache
{
public:
  /// The engine for a run: the one that is there, if model and device are the same.
  /// \throws sam2lung::Error, UnfitModel
  LoadedEngine& Get(const RunInput& input);

private:
  std::optional<LoadedEngine> Loaded;
  std::string Folder;
  sam2lung::Device Device = sam2lung::Device::automatic;
};

/// \throws sam2lung::Error, UnfitModel, std::bad_alloc
RunOutput RunOn(LoadedEngine& loaded,
                const RunInput& input,
                const sam2lung::ProgressFunction& progress,
                const sam2lung::Cancel& cancel);

} // namespace sam2lung_slicer

#endif
