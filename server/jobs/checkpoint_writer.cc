#include "server/jobs/checkpoint_writer.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace fitd {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kLeastBetweenEpochs{1};

}  // namespace

CheckpointWriter::CheckpointWriter(Checkpoints& checkpoints, Journal& journal, Options options)
    : checkpoints_(checkpoints), journal_(journal), options_(std::move(options)) {}

CheckpointWriter::~CheckpointWriter() {
  if (!thread_.joinable()) return;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

bool CheckpointWriter::Due(bool epoch_done) {
  if (writing_.load(std::memory_order_acquire)) return false;
  const auto interval =
      epoch_done ? std::min<std::chrono::nanoseconds>(options_.interval, kLeastBetweenEpochs)
                 : options_.interval;
  return steady_clock::now() - newest_ >= interval;
}

void CheckpointWriter::Write(Checkpoint checkpoint) {
  newest_ = steady_clock::now();
  if (!thread_.joinable()) {
    try {
      thread_ = std::thread([this] { Loop(); });
    } catch (const std::system_error& error) {
      options_.on_failure(ErrnoStatus(error.code().value(), "start a thread"));
      return;
    }
  }
  writing_.store(true, std::memory_order_relaxed);
  MutexLock lock(mutex_);
  pending_ = std::move(checkpoint);
  changed_.NotifyAll();
}

void CheckpointWriter::Loop() {
  while (true) {
    std::optional<Checkpoint> checkpoint;
    {
      MutexLock lock(mutex_);
      while (!pending_ && !stopping_) changed_.Wait(mutex_);
      if (!pending_) return;
      checkpoint = std::exchange(pending_, std::nullopt);
    }
    if (journal_.Flush()) {
      const absl::Status status = checkpoints_.Save(options_.job, *checkpoint);
      if (!status.ok()) options_.on_failure(status);
    }
    checkpoint.reset();
    writing_.store(false, std::memory_order_release);
  }
}

}  // namespace fitd
