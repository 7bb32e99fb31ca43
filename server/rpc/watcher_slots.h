// How many watchers there may be.

#ifndef FITD_SERVER_RPC_WATCHER_SLOTS_H_
#define FITD_SERVER_RPC_WATCHER_SLOTS_H_

#include <memory>
#include <string>
#include <unordered_map>

#include "core/base/mutex.h"
#include "core/base/status.h"

namespace fitd {

// Thread-safe. Must outlive the slots it gave.
class WatcherSlots {
 public:
  struct Limits {
    int all;
    int per_connection;
  };
  explicit WatcherSlots(const Limits& limits) : limits_(limits) {}

  // Given back when it is destroyed.
  class Slot {
   public:
    Slot(WatcherSlots& slots, std::string peer) : slots_(slots), peer_(std::move(peer)) {}
    ~Slot() { slots_.Release(peer_); }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

   private:
    WatcherSlots& slots_;
    const std::string peer_;
  };
  // `peer`: as gRPC names the connection ("ipv4:127.0.0.1:4711"); those of a unix socket all have
  // one name, and no limit of their own. RESOURCE_EXHAUSTED when there is none left.
  absl::StatusOr<std::unique_ptr<Slot>> Take(const std::string& peer);

 private:
  void Release(const std::string& peer);

  const Limits limits_;
  Mutex mutex_;
  int taken_ ABSL_GUARDED_BY(mutex_) = 0;
  std::unordered_map<std::string, int> by_peer_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fitd

#endif  // FITD_SERVER_RPC_WATCHER_SLOTS_H_
