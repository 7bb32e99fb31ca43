// Threads that run one list of kernel calls together, call by call.

#ifndef FITD_CORE_PLAN_THREAD_TEAM_H_
#define FITD_CORE_PLAN_THREAD_TEAM_H_

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "core/nn/op_list.h"

namespace fitd {

// Single-thread for its caller, who is the team's first member. Between lists, and when a call
// takes long elsewhere, the others spin for some microseconds and then sleep.
class ThreadTeam {
 public:
  // `size` >= 1; 1 starts no thread.
  explicit ThreadTeam(int size);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int size() const { return size_; }

  // Runs the calls in order, each on all members; no member starts a call before all have done the
  // one before.
  void Run(const OpList& ops);

 private:
  void Work(int index);
  void RunShare(const OpList& ops, int index);
  void Barrier();

  const int size_;
  const OpList* ops_ = nullptr;  // Of this round; null ends the threads. Published by round_.
  alignas(64) std::atomic<uint32_t> round_{0};
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<uint32_t> barriers_passed_{0};
  std::vector<std::thread> threads_;
};

}  // namespace fitd

#endif  // FITD_CORE_PLAN_THREAD_TEAM_H_
