#include "server/rpc/watcher_slots.h"

#include "fmt/format.h"

namespace fitd {

absl::StatusOr<std::unique_ptr<WatcherSlots::Slot>> WatcherSlots::Take(const std::string& peer) {
  MutexLock lock(mutex_);
  if (taken_ >= limits_.all) {
    return ResourceExhausted(
        fmt::format("the daemon has {} watchers; allowed: {} (max_watchers)", taken_, limits_.all));
  }
  int& of_peer = by_peer_[peer];
  if (of_peer >= limits_.per_connection && !peer.starts_with("unix:")) {
    return ResourceExhausted(
        fmt::format("this connection has {} watchers; allowed: {}; open another connection",
                    of_peer, limits_.per_connection));
  }
  ++of_peer;
  ++taken_;
  return std::make_unique<Slot>(*this, peer);
}

void WatcherSlots::Release(const std::string& peer) {
  MutexLock lock(mutex_);
  --taken_;
  const auto found = by_peer_.find(peer);
  if (--found->second == 0) by_peer_.erase(found);
}

}  // namespace fitd
