// What a fit must be before it is a job.

#ifndef FITD_SERVER_JOBS_FIT_CHECK_H_
#define FITD_SERVER_JOBS_FIT_CHECK_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "core/base/status.h"
#include "core/base/violations.h"
#include "fitd/v1/job.pb.h"
#include "fitd/v1/model.pb.h"
#include "fitd/v1/search.pb.h"
#include "fitd/v1/training.pb.h"
#include "server/jobs/scheduler.h"
#include "server/store/store.h"
#include "server/store/tables.h"

namespace fitd {

// What needs no look at the store. Paths start with "spec".
void CheckFitSpec(const v1::FitSpec& spec, Violations& violations);

// Thread-safe.
class FitCheck {
 public:
  struct Options {
    int64_t max_memory_bytes = 0;  // A fit that needs more is refused,
    int64_t max_parameters = std::numeric_limits<int64_t>::max();  // and an architecture with more.
  };
  FitCheck(Tables& tables, const Scheduler& scheduler, const Options& options)
      : tables_(tables), scheduler_(scheduler), options_(options) {}

  // The job as it will be, without an id, with every default written out. `architecture` is trained
  // instead of the model's unless it is null. Faults of CheckFitSpec may be among the violations
  // already. RESOURCE_EXHAUSTED when it can never get enough memory.
  absl::StatusOr<v1::Job> Check(Transaction& transaction, v1::FitSpec asked,
                                const v1::ModelSpec* architecture, Violations& violations) const;

  // The data that fits of a search are checked against, where they are there: while they are kept,
  // Check does not open them each time.
  std::vector<std::shared_ptr<const Table>> KeepOpen(Transaction& transaction,
                                                     const v1::SearchSpec& search) const;

 private:
  Tables& tables_;
  const Scheduler& scheduler_;
  const Options options_;
};

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_FIT_CHECK_H_
