// The checkpoints of jobs that are not done: the two newest of each, in files.

#ifndef FITD_SERVER_STORE_CHECKPOINTS_H_
#define FITD_SERVER_STORE_CHECKPOINTS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/train/checkpoint.h"
#include "server/store/data_dir.h"

namespace fitd {

// Thread-safe for different jobs.
class Checkpoints {
 public:
  explicit Checkpoints(const DataDir& directory) : directory_(directory) {}

  // Once it is on the disk, all but the job's two newest are removed. RESOURCE_EXHAUSTED when the
  // disk is full; then those before stand.
  absl::Status Save(int64_t job, const Checkpoint& checkpoint);

  // The newest that is whole. Damaged ones are removed, after `on_damage` was told why.
  std::optional<Checkpoint> LoadNewest(
      int64_t job, const std::function<void(const absl::Status&)>& on_damage) const;

  // Steps done at the newest of each job that has any, which may be damaged.
  std::map<int64_t, int64_t> NewestSteps() const;

  // Files of the job, newest first.
  std::vector<std::string> Paths(int64_t job) const;

 private:
  const DataDir& directory_;
};

}  // namespace fitd

#endif  // FITD_SERVER_STORE_CHECKPOINTS_H_
