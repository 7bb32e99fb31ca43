// Stored data sets, opened. All who read one share its mapping.

#ifndef FITD_SERVER_STORE_TABLES_H_
#define FITD_SERVER_STORE_TABLES_H_

#include <map>
#include <memory>
#include <set>
#include <string>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "core/data/table.h"
#include "server/store/data_dir.h"

namespace fitd {

// Thread-safe.
class Tables {
 public:
  explicit Tables(const DataDir& directory) : directory_(directory) {}

  // The table stays readable while it is held, even when its data set is deleted. DATA_LOSS when it
  // is damaged.
  absl::StatusOr<std::shared_ptr<const Table>> Open(const std::string& sha256);

  // The same, and DATA_LOSS when the file's bytes are not those it is named by: they are read once
  // in a process that did not write them.
  absl::StatusOr<std::shared_ptr<const Table>> OpenChecked(const std::string& sha256);

  // Reads the whole file. DATA_LOSS when it is lost, or not what it is named by.
  absl::Status Check(const std::string& sha256);

  // This process wrote the file.
  void Written(const std::string& sha256);

 private:
  const DataDir& directory_;
  Mutex mutex_;
  std::map<std::string, std::weak_ptr<const Table>> open_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> checked_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fitd

#endif  // FITD_SERVER_STORE_TABLES_H_
