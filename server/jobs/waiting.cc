#include "server/jobs/waiting.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"

namespace fitd {
namespace {

std::string Reason(const QueuedJob& job, const QueueLoad& load, int64_t free_memory) {
  if (load.free_workers <= 0) return "a free worker";
  if (job.position > 1) return "the jobs before it";
  // The scheduler runs a job alone whatever it needs.
  if (load.running.empty() || job.memory <= free_memory) return "";
  return fmt::format("memory: needs {} bytes, {} free", job.memory,
                     std::max<int64_t>(free_memory, 0));
}

}  // namespace

Waiting WhatItWaitsFor(const QueuedJob& job, const QueueLoad& load) {
  int64_t workers = load.workers - static_cast<int64_t>(load.running.size());
  int64_t memory = load.max_memory;
  for (const QueueLoad::Job& running : load.running) memory -= running.memory;
  Waiting waiting = {.reason = Reason(job, load, memory), .time = std::nullopt};
  if (waiting.reason.empty()) return waiting;

  // Running jobs end one after the other until there is room for all up to this one. What these
  // take after that is not known.
  std::vector<QueueLoad::Job> running = load.running;
  const auto key = [](const QueueLoad::Job& job) {
    return std::pair(job.remaining.value_or(std::chrono::nanoseconds::max()), job.memory);
  };
  std::sort(running.begin(), running.end(),
            [&](const auto& a, const auto& b) { return key(a) < key(b); });
  size_t left = running.size();
  for (const QueueLoad::Job& ended : running) {
    if (!ended.remaining) break;
    ++workers;
    memory += ended.memory;
    --left;
    const bool fits = job.memory_to_here <= memory || (left == 0 && job.position == 1);
    if (workers < job.position || !fits) continue;
    waiting.time = ended.remaining;
    break;
  }
  return waiting;
}

}  // namespace fitd
