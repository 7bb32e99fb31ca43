// Threads that do the work of calls. Not gRPC's own, so that a slow call holds up no other and so
// that ThreadSanitizer sees what handlers do.

#ifndef FITD_SERVER_RPC_THREAD_POOL_H_
#define FITD_SERVER_RPC_THREAD_POOL_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "core/base/mutex.h"

namespace fitd {

// Thread-safe.
class ThreadPool {
 public:
  // `niceness`: what its threads give way by to the daemon's others, 0 to 19.
  explicit ThreadPool(int threads, int niceness = 0);
  ~ThreadPool() { Stop(); }

  // False when the pool was stopped; the task is dropped then.
  [[nodiscard]] bool Post(std::function<void()> task);
  // Runs what was posted, then ends. Idempotent.
  void Stop();

 private:
  void Loop();

  const int niceness_;
  Mutex mutex_;
  CondVar posted_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // Last: they use the others.
};

}  // namespace fitd

#endif  // FITD_SERVER_RPC_THREAD_POOL_H_
