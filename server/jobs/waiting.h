// What a queued job waits for, and how long.

#ifndef FITD_SERVER_JOBS_WAITING_H_
#define FITD_SERVER_JOBS_WAITING_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fitd {

// What runs, and how much of it may.
struct QueueLoad {
  // A worker that has a job, or a stack of them.
  struct Busy {
    int64_t memory = 0;
    std::optional<std::chrono::nanoseconds> remaining = std::nullopt;  // Estimated, when known.
  };
  int workers = 1;
  int64_t max_memory = 0;
  std::vector<Busy> busy = {};
};

struct QueuedJob {
  int64_t position = 1;  // 1 for the next to start.
  int64_t memory = 0;
  int64_t memory_to_here = 0;  // Of this job and those before it.
};

struct Waiting {
  std::string reason;  // Empty when it is about to start.
  // Known when enough running jobs say when they end for it to start then.
  std::optional<std::chrono::nanoseconds> time;
};

Waiting WhatItWaitsFor(const QueuedJob& job, const QueueLoad& load);

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_WAITING_H_
