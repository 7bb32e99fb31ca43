// Tells when something takes too long.

#ifndef FITD_SERVER_RPC_IDLE_TIMER_H_
#define FITD_SERVER_RPC_IDLE_TIMER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "core/base/mutex.h"
#include "grpcpp/alarm.h"

namespace fitd {

// Thread-safe. Owned by a shared_ptr, because gRPC may still be about to call it when nobody else
// needs it.
class IdleTimer : public std::enable_shared_from_this<IdleTimer> {
 public:
  // 0 never expires.
  explicit IdleTimer(std::chrono::microseconds limit) : limit_(limit) {}

  std::chrono::microseconds limit() const { return limit_; }

  // Calls `expired` once, on any thread, unless Stop comes first.
  void Start(std::function<void()> expired);
  // False when it has expired.
  bool Stop();

 private:
  void Expire(int64_t start);

  const std::chrono::microseconds limit_;
  Mutex mutex_;
  int64_t starts_ ABSL_GUARDED_BY(mutex_) = 0;
  bool running_ ABSL_GUARDED_BY(mutex_) = false;
  std::function<void()> expired_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<grpc::Alarm> alarm_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fitd

#endif  // FITD_SERVER_RPC_IDLE_TIMER_H_
