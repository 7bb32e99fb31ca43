// What this daemon is and can do, read from the proto descriptors: there is no second list of
// kinds.

#ifndef FITD_SERVER_JOBS_SERVER_INFO_H_
#define FITD_SERVER_JOBS_SERVER_INFO_H_

#include <chrono>

#include "core/base/status.h"
#include "fitd/v1/server_service.pb.h"
#include "server/store/store.h"

namespace fitd {

// Thread-safe.
class ServerInfo {
 public:
  // Version, isa, families and uptime are found here; the rest is the caller's to know.
  ServerInfo(Store& store, int cores, int workers, v1::Limits limits);

  absl::StatusOr<v1::GetServerInfoResponse> Get();

 private:
  Store& store_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  v1::GetServerInfoResponse constant_;  // All but what changes. Constant after construction.
};

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_SERVER_INFO_H_
