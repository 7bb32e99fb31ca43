#include "server/jobs/waiting.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"

namespace fitd {
namespace {

std::string Reason(const QueuedJob& job, const QueueLoad& load, int64_t free_memory) {
  if (static_cast<int>(load.busy.size()) >= load.workers) return "a free worker";
  if (job.position > 1) return "the jobs before it";
  // The scheduler runs a job alone whatever it needs.
  if (load.busy.empty() || job.memory <= free_memory) return "";
  return fmt::format("memory: needs {} bytes, {} free", job.memory,
                     std::max<int64_t>(free_memory, 0));
}

}  // namespace

Waiting WhatItWaitsFor(const QueuedJob& job, const QueueLoad& load) {
  int64_t workers = load.workers - static_cast<int64_t>(load.busy.size());
  int64_t memory = load.max_memory;
  for (const QueueLoad::Busy& busy : load.busy) memory -= busy.memory;
  Waiting waiting = {.reason = Reason(job, load, memory), .time = std::nullopt};
  if (waiting.reason.empty()) return waiting;

  // Busy workers end one after the other until there is room for all up to this one. What these
  // take after that is not known.
  std::vector<QueueLoad::Busy> busy = load.busy;
  const auto key = [](const QueueLoad::Busy& worker) {
    return std::pair(worker.remaining.value_or(std::chrono::nanoseconds::max()), worker.memory);
  };
  std::sort(busy.begin(), busy.end(),
            [&](const auto& a, const auto& b) { return key(a) < key(b); });
  size_t left = busy.size();
  for (const QueueLoad::Busy& ended : busy) {
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
