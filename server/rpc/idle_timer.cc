#include "server/rpc/idle_timer.h"

#include <utility>

namespace fitd {

void IdleTimer::Start(std::function<void()> expired) {
  MutexLock lock(mutex_);
  running_ = true;
  if (limit_ == limit_.zero()) return;
  expired_ = std::move(expired);
  alarm_ = std::make_unique<grpc::Alarm>();
  alarm_->Set(std::chrono::system_clock::now() + limit_,
              [weak = weak_from_this(), start = ++starts_](bool on_time) {
                if (const auto self = on_time ? weak.lock() : nullptr) self->Expire(start);
              });
}

bool IdleTimer::Stop() {
  MutexLock lock(mutex_);
  return std::exchange(running_, false);
}

void IdleTimer::Expire(int64_t start) {
  std::function<void()> expired;
  {
    MutexLock lock(mutex_);
    if (!running_ || start != starts_) return;
    running_ = false;
    expired = std::move(expired_);
  }
  expired();
}

}  // namespace fitd
