#include "SAM2LungWorker.h"

#include "SAM2LungEngine.h"
#include "SAM2LungPrepare.h"

#include <utility>

namespace sam2lung_slicer
{

Worker::Worker()
  : Engines(std::make_unique<EngineCache>())
{
}

Worker::~Worker()
{
  this->Cancel();
  if (this->Thread.joinable())
  {
    this->Thread.join();
  }
}

void Worker::Start(std::shared_ptr<const RunInput> input)
{
  this->Start(
    [this, input](const sam2lung::ProgressFunction& progress, const sam2lung::Cancel& cancel)
    {
      this->Post(RunProgress{});
      RunOutput output = RunOn(this->Engines->Get(*input), *input, progress, cancel);
      Prepare(*input, output);
      return output;
    });
}

void Worker::Start(const Job& job)
{
  const auto token = std::make_shared<const sam2lung::Cancel>();
  this->Thread = std::thread([this, job, token] { this->Run(job, *token); });
  this->Token = token;
}

void Worker::Cancel()
{
  if (this->Token)
  {
    this->Token->request();
  }
}

void Worker::WaitForNews(std::chrono::milliseconds at_most)
{
  std::unique_lock<std::mutex> lock(this->Mutex);
  this->Posted.wait_for(lock, at_most, [this] { return this->Mailbox.progress || this->Mailbox.outcome; });
}

RunNews Worker::TakeNews()
{
  RunNews news;
  {
    const std::lock_guard<std::mutex> lock(this->Mutex);
    std::swap(news, this->Mailbox);
  }
  if (news.outcome)
  {
    // Posting the outcome was the last that the thread did.
    this->Thread.join();
    this->Token.reset();
  }
  return news;
}

void Worker::Run(const Job& job, const sam2lung::Cancel& cancel)
{
  RunOutcome outcome;
  try
  {
    const auto progress = [this](const sam2lung::Progress& now)
    {
      this->Post(RunProgress{ now.stage, std::string(now.stage_title), now.fraction, now.seconds_left });
      return true;
    };
    outcome.output = job(progress, cancel);
  }
  catch (...)
  {
    outcome.error = std::current_exception();
  }
  this->Post(std::move(outcome));
}

void Worker::Post(RunProgress progress)
{
  const std::lock_guard<std::mutex> lock(this->Mutex);
  this->Mailbox.progress = std::move(progress);
  this->Posted.notify_one();
}

void Worker::Post(RunOutcome outcome)
{
  const std::lock_guard<std::mutex> lock(this->Mutex);
  this->Mailbox.outcome = std::move(outcome);
  this->Posted.notify_one();
}

} // namespace sam2lung_slicer
