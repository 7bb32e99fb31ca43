#include "server/store/store.h"

#include <unistd.h>

#include "server/store/migrations.h"

namespace fitd {

absl::StatusOr<std::unique_ptr<Store>> Store::Open(DataDir& directory, Clock clock) {
  FITD_ASSIGN_OR_RETURN(auto database, Database::Open(directory.DatabasePath()));
  FITD_RETURN_IF_ERROR(Migrate(*database));
  std::unique_ptr<Store> store(new Store(directory, std::move(database), std::move(clock)));
  FITD_RETURN_IF_ERROR(store->InTransaction([&](Transaction& transaction) {
    directory.RemoveOtherThan(transaction.datasets.AllContents(), transaction.models.AllWeights());
    return absl::OkStatus();
  }));
  return store;
}

Store::Store(DataDir& directory, std::unique_ptr<Database> database, Clock clock)
    : directory_(directory), clock_(std::move(clock)), database_(std::move(database)) {}

void Store::ListenToEvents(EventListener listener) {
  MutexLock lock(mutex_);
  event_listener_ = std::move(listener);
}

absl::Status Store::Run(absl::FunctionRef<absl::Status(Transaction&)> work) {
  MutexLock lock(mutex_);
  Transaction transaction(*database_, clock_());
  const auto rollback = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    try {
      database_->Execute("ROLLBACK");
    } catch (...) {
      // SQLite has rolled back already, as it does after a full disk.
    }
  };
  try {
    database_->Execute("BEGIN");
    if (absl::Status status = work(transaction); !status.ok()) {
      rollback();
      return status;
    }
    database_->Execute("COMMIT");
  } catch (...) {
    const absl::Status status = CurrentDatabaseError();
    rollback();
    return status;
  }
  if (event_listener_ != nullptr) {
    for (const auto& [job, event] : transaction.jobs.appended()) event_listener_(job, event);
  }
  for (const std::string& path : transaction.files_to_remove_) unlink(path.c_str());
  if (transaction.models_changed_) models_revision_.fetch_add(1, std::memory_order_release);
  return absl::OkStatus();
}

}  // namespace fitd
