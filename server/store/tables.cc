#include "server/store/tables.h"

#include <utility>

#include "core/base/sha256.h"

namespace fitd {
namespace {

absl::Status Lost() { return DataLoss("the file of the data set is lost; upload it again"); }

}  // namespace

absl::StatusOr<std::shared_ptr<const Table>> Tables::Open(const std::string& sha256) {
  MutexLock lock(mutex_);
  std::erase_if(open_, [](const auto& entry) { return entry.second.expired(); });
  if (const auto found = open_.find(sha256); found != open_.end()) {
    if (auto table = found->second.lock()) return table;
  }
  absl::StatusOr<std::shared_ptr<const Table>> table = Table::Open(directory_.DatasetPath(sha256));
  if (absl::IsNotFound(table.status())) return Lost();
  FITD_RETURN_IF_ERROR(table.status());
  open_[sha256] = *table;
  return table;
}

absl::StatusOr<std::shared_ptr<const Table>> Tables::OpenChecked(const std::string& sha256) {
  const bool checked = [&] {
    MutexLock lock(mutex_);
    return checked_.contains(sha256);
  }();
  if (!checked) FITD_RETURN_IF_ERROR(Check(sha256));
  return Open(sha256);
}

absl::Status Tables::Check(const std::string& sha256) {
  const absl::StatusOr<std::string> content = Sha256OfFile(directory_.DatasetPath(sha256));
  MutexLock lock(mutex_);
  checked_.erase(sha256);
  if (absl::IsNotFound(content.status())) return Lost();
  FITD_RETURN_IF_ERROR(content.status());
  if (*content != sha256) return DataLoss("the file of the data set is damaged; upload it again");
  checked_.insert(sha256);
  return absl::OkStatus();
}

void Tables::Written(const std::string& sha256) {
  MutexLock lock(mutex_);
  checked_.insert(sha256);
  open_.erase(sha256);  // What is mapped may be a damaged file that this one replaced.
}

}  // namespace fitd
