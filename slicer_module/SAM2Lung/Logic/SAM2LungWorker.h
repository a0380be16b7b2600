/// \file
/// Runs the network on a thread of its own. Knows the library and the values of a run, and nothing of the scene.

#ifndef SAM2LungWorker_h
#define SAM2LungWorker_h

#include "SAM2LungRun.h"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include <sam2lung/cancel.hpp>
#include <sam2lung/options.hpp>

namespace sam2lung_slicer
{

class EngineCache;

/// How far a run is.
struct RunProgress
{
  std::optional<sam2lung::Stage> stage;  ///< None: the model is being loaded.
  std::string stage_title;               ///< The library's words for it.
  double fraction = 0;                   ///< Of the whole run, 0 to 1.
  std::optional<double> seconds_left;    ///< Estimate.
};

/// How a run ended: with an output or an error.
struct RunOutcome
{
  RunOutput output;
  std::exception_ptr error; ///< Null: it ended well.
};

/// What happened since it was asked for last.
struct RunNews
{
  std::optional<RunProgress> progress;
  std::optional<RunOutcome> outcome;
};

/// What else can be done beside the main thread: a comparison, a report. It may throw.
using Job = std::function<RunOutput(const sam2lung::ProgressFunction& progress, const sam2lung::Cancel& cancel)>;

/// One run at a time. Its functions belong on one thread, the main thread; the engine stays for later runs.
class Worker
{
public:
  Worker();
  /// Cancels the run and waits for its end.
  ~Worker();
  Worker(const Worker&) = delete;
  void operator=(const Worker&) = delete;

  /// Begins a run; the one before has ended, and its outcome was taken.
  /// \throws std::exception if there is no memory or no thread for it
  void Start(std::shared_ptr<const RunInput> input);
  /// The same of something else than a run.
  void Start(const Job& job);
  /// Asks the run to end; its outcome follows. A model that is being loaded is loaded first.
  void Cancel();
  /// Returns when there are news, or after this time.
  void WaitForNews(std::chrono::milliseconds at_most);
  RunNews TakeNews();

private:
  void Run(const Job& job, const sam2lung::Cancel& cancel);
  void Post(RunProgress progress);
  void Post(RunOutcome outcome);

  std::unique_ptr<EngineCache> Engines; ///< Of the thread, while it runs.
  std::shared_ptr<const sam2lung::Cancel> Token;
  std::thread Thread;
  std::mutex Mutex; ///< Guards Mailbox.
  std::condition_variable Posted;
  RunNews Mailbox;
};

} // namespace sam2lung_slicer

#endif
