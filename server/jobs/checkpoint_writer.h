// Writes a fit's checkpoints beside it.

#ifndef FITD_SERVER_JOBS_CHECKPOINT_WRITER_H_
#define FITD_SERVER_JOBS_CHECKPOINT_WRITER_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/train/checkpoint.h"
#include "server/jobs/journal.h"
#include "server/store/checkpoints.h"

namespace fitd {

// Used by the fit's thread alone; writes on a thread of its own. What a fit told before a
// checkpoint is in the store before the checkpoint is on the disk.
class CheckpointWriter {
 public:
  struct Options {
    int64_t job = 0;
    std::chrono::nanoseconds interval{0};
    // Called on the writer's or the fit's thread when a checkpoint could not be written; the one
    // before stands.
    std::function<void(const absl::Status&)> on_failure;
  };
  CheckpointWriter(Checkpoints& checkpoints, Journal& journal, Options options);
  // Finishes what it writes.
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  // Whether it is time for the next: at each interval, and after an epoch once a second has passed.
  // Never while one is being written.
  bool Due(bool epoch_done);
  // Returns at once. One that still waits to be written gives way.
  void Write(Checkpoint checkpoint);

 private:
  void Loop();

  Checkpoints& checkpoints_;
  Journal& journal_;
  const Options options_;
  std::chrono::steady_clock::time_point newest_ = std::chrono::steady_clock::now();
  std::atomic<bool> writing_{false};
  Mutex mutex_;
  CondVar changed_;
  std::optional<Checkpoint> pending_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // From the first checkpoint on. Last: it uses the others.
};

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_CHECKPOINT_WRITER_H_
