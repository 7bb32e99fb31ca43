#include "core/plan/thread_team.h"

namespace fitd {
namespace {

// About 20 microseconds: longer than a kernel call is late, shorter than anybody misses a
// processor.
constexpr int kSpins = 1000;

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Returns when the value is no longer `old`.
void AwaitChange(const std::atomic<uint32_t>& value, uint32_t old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    Pause();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadTeam::ThreadTeam(int size) : size_(size) {
  for (int i = 1; i < size; ++i) threads_.emplace_back([this, i] { Work(i); });
}

ThreadTeam::~ThreadTeam() {
  ops_ = nullptr;
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadTeam::Run(const OpList& ops) {
  const KernelArithmetic arithmetic;
  // An empty list has no barrier after which the others are known to be through with it.
  if (size_ == 1 || ops.size() == 0) return ops.Run();
  ops_ = &ops;
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  RunShare(ops, 0);
}

void ThreadTeam::Work(int index) {
  const KernelArithmetic arithmetic;
  for (uint32_t round = 0;; ++round) {
    AwaitChange(round_, round);
    if (ops_ == nullptr) return;
    RunShare(*ops_, index);
  }
}

void ThreadTeam::RunShare(const OpList& ops, int index) {
  // Once past the last barrier the list may be gone: its caller goes on.
  const size_t count = ops.size();
  for (size_t i = 0; i < count; ++i) {
    ops.Run(i, {index, size_});
    Barrier();
  }
}

void ThreadTeam::Barrier() {
  const uint32_t passed = barriers_passed_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 < size_)
    return AwaitChange(barriers_passed_, passed);
  arrived_.store(0, std::memory_order_relaxed);
  barriers_passed_.fetch_add(1, std::memory_order_release);
  barriers_passed_.notify_all();
}

}  // namespace fitd
