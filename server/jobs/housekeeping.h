// Removes what the configured policy does not keep (docs/operations.md).

#ifndef FITD_SERVER_JOBS_HOUSEKEEPING_H_
#define FITD_SERVER_JOBS_HOUSEKEEPING_H_

#include <cstdint>

#include "fitd/v1/model.pb.h"
#include "server/store/store.h"

namespace fitd {

// Thread-safe.
class Housekeeping {
 public:
  // As in v1::ServerConfig; 0 keeps all.
  struct Options {
    int64_t keep_versions = 0;
    int64_t keep_finished_jobs = 0;
  };
  Housekeeping(Store& store, const Options& options) : store_(store), options_(options) {}

  // To be called when a job has ended. A failure is logged: the next run makes up for it.
  void Run();

 private:
  void RemoveVersions(Transaction& transaction);
  void RemoveJobs(Transaction& transaction);

  Store& store_;
  const Options options_;
};

// With its weights, unless others share them.
void RemoveVersion(Transaction& transaction, const DataDir& directory,
                   const v1::ModelVersion& version);

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_HOUSEKEEPING_H_
