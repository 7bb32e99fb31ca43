#include "server/store/tables.h"

#include <utility>

namespace fitd {

absl::StatusOr<std::shared_ptr<const Table>> Tables::Open(const std::string& sha256) {
  MutexLock lock(mutex_);
  std::erase_if(open_, [](const auto& entry) { return entry.second.expired(); });
  if (const auto found = open_.find(sha256); found != open_.end()) {
    if (auto table = found->second.lock()) return table;
  }
  absl::StatusOr<std::shared_ptr<const Table>> table = Table::Open(directory_.DatasetPath(sha256));
  if (absl::IsNotFound(table.status())) return DataLoss("the file of the data set is lost");
  FITD_RETURN_IF_ERROR(table.status());
  open_[sha256] = *table;
  return table;
}

}  // namespace fitd
