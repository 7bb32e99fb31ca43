// What ServerService does with the store as a whole, without gRPC: checks and backups.

#ifndef FITD_SERVER_JOBS_MAINTENANCE_H_
#define FITD_SERVER_JOBS_MAINTENANCE_H_

#include <functional>
#include <memory>

#include "core/base/status.h"
#include "fitd/v1/server_service.pb.h"
#include "server/jobs/scheduler.h"
#include "server/jobs/stream_source.h"
#include "server/store/store.h"

namespace fitd {

// Thread-safe. Its sources work for a while in each Next, then call `wake` and let others in; they
// must not outlive this object. The codes are those of the service's comments.
class Maintenance {
 public:
  Maintenance(Store& store, Scheduler& scheduler) : store_(store), scheduler_(scheduler) {}

  absl::StatusOr<std::unique_ptr<StreamSource<v1::CheckStoreResponse>>> Check(
      std::function<void()> wake);
  absl::StatusOr<std::unique_ptr<StreamSource<v1::BackupStoreResponse>>> Backup();

 private:
  Store& store_;
  Scheduler& scheduler_;
};

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_MAINTENANCE_H_
