#include "server/store/store.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>

#include "server/store/migrations.h"

namespace fitd {

namespace {

// What became of a commit whose sync failed is known once the database is open again. Nothing else
// could be stored meanwhile; a disk that does not answer for two seconds is broken.
constexpr int kReopenings = 40;
constexpr std::chrono::milliseconds kReopeningInterval{50};

// What a newer daemon wrote is not even opened for writing.
absl::Status CheckVersion(const DataDir& directory) {
  std::error_code ignored;
  if (!std::filesystem::exists(directory.DatabasePath(), ignored)) return absl::OkStatus();
  // A daemon died while it made the database, which is empty yet; a reader could not undo that.
  if (std::filesystem::exists(directory.DatabaseJournalPath(), ignored)) return absl::OkStatus();
  FITD_ASSIGN_OR_RETURN(const auto reader, Database::OpenReader(directory.DatabasePath()));
  return CheckSchemaVersion(*reader);
}

// A database that was lost must not be taken for a new one: all blobs would be orphans.
absl::Status CheckNotLost(const DataDir& directory, Database& database) {
  FITD_ASSIGN_OR_RETURN(const int64_t version, StoredSchemaVersion(database));
  if (version > 0) return absl::OkStatus();
  for (const std::string& name : directory.ListBlobFolders()) {
    if (FindBlobKind(name) != nullptr)
      return DataLoss("the metadata store is lost, but files that belong to it are there");
  }
  return absl::OkStatus();
}

// A daemon that closes its database removes the log and before it the mark. Without the log SQLite
// would go back, without a word, to what the database held some time ago.
absl::Status CheckLogNotLost(const DataDir& directory) {
  std::error_code ignored;
  if (std::filesystem::exists(directory.DatabasePath(), ignored) &&
      std::filesystem::exists(directory.DatabaseMarkPath(), ignored) &&
      !std::filesystem::exists(directory.DatabaseLogPath(), ignored)) {
    return DataLoss(
        "fitd.db-wal is lost, which held the newest changes; put it back, or start on a backup. To "
        "go on with the older state in fitd.db, remove fitd.db-open");
  }
  return absl::OkStatus();
}

// Best effort: without the mark a lost log is not noticed.
void MarkOpen(const DataDir& directory) {
  const int fd = open(directory.DatabaseMarkPath().c_str(), O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0) close(fd);
}

void UnmarkOpen(const DataDir& directory) { unlink(directory.DatabaseMarkPath().c_str()); }

// In its transaction.
int64_t NumberCommit(Database& database) {
  Query query = database.Prepare("UPDATE commits SET number = number + 1 RETURNING number");
  query.Next();
  return query.Int(0);
}

bool HasCommit(Database& database, int64_t number) {
  try {
    Query query = database.Prepare("SELECT number FROM commits");
    return query.Next() && query.Int(0) >= number;
  } catch (...) {
    return false;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> Store::Open(DataDir& directory, Clock clock) {
  FITD_RETURN_IF_ERROR(CheckLogNotLost(directory));
  UnmarkOpen(directory);  // Whatever closes it now removes the log.
  FITD_RETURN_IF_ERROR(CheckVersion(directory));
  FITD_ASSIGN_OR_RETURN(auto database, Database::Open(directory.DatabasePath()));
  FITD_RETURN_IF_ERROR(database->Check());
  FITD_RETURN_IF_ERROR(CheckNotLost(directory, *database));
  FITD_RETURN_IF_ERROR(Migrate(*database));
  std::unique_ptr<Store> store(new Store(directory, std::move(database), std::move(clock)));
  FITD_RETURN_IF_ERROR(store->InTransaction([&](Transaction& transaction) {
    directory.RemoveBlobsOtherThan(transaction.Blobs());
    directory.RemoveCheckpointsOtherThan(transaction.jobs.Active());
    return absl::OkStatus();
  }));
  MarkOpen(directory);
  return store;
}

Store::~Store() { UnmarkOpen(directory_); }

std::vector<BlobUse> Transaction::Blobs() {
  std::vector<BlobUse> uses = datasets.Blobs();
  for (BlobUse& use : models.Blobs()) uses.push_back(std::move(use));
  return uses;
}

Store::Store(DataDir& directory, std::unique_ptr<Database> database, Clock clock)
    : directory_(directory), clock_(std::move(clock)), database_(std::move(database)) {}

void Store::ListenToEvents(EventListener listener) {
  FairMutexLock lock(mutex_);
  event_listener_ = std::move(listener);
}

void Store::ListenToSearches(std::function<void()> listener) {
  FairMutexLock lock(mutex_);
  search_listener_ = std::move(listener);
}

absl::Status Store::Run(absl::FunctionRef<absl::Status(Transaction&)> work) {
  FairMutexLock lock(mutex_);
  if (database_ == nullptr) FITD_RETURN_IF_ERROR(Reconnect());
  Transaction transaction(*database_, clock_());
  const auto rollback = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    try {
      database_->Execute("ROLLBACK");
    } catch (...) {
      // SQLite has rolled back already, as it does after a full disk.
    }
  };
  int64_t commit = 0;  // None without changes.
  try {
    database_->Prepare("BEGIN").Run();
    const int64_t changes = database_->changes();
    absl::Status status = work(transaction);
    if (status.ok()) status = PutInPlace(transaction.files_to_add_);
    if (!status.ok()) {
      rollback();
      return status;
    }
    if (database_->changes() != changes) commit = NumberCommit(*database_);
    database_->Prepare("COMMIT").Run();
  } catch (...) {
    const absl::Status status = CurrentDatabaseError();
    const bool io_failed = CurrentDatabaseErrorIsIo();
    rollback();
    // A commit that was reported as failed may have come back from the log.
    const bool reopened = io_failed && Reopen(/*wait=*/commit != 0);
    if (!reopened || commit == 0 || !HasCommit(*database_, commit)) return status;
  }
  if (event_listener_ != nullptr) {
    for (const auto& [job, event] : transaction.jobs.appended()) event_listener_(job, event);
  }
  for (const std::string& path : transaction.files_to_remove_) unlink(path.c_str());
  if (transaction.searches_changed_ && search_listener_ != nullptr) search_listener_();
  if (transaction.models_changed_) models_revision_.fetch_add(1, std::memory_order_release);
  return absl::OkStatus();
}

bool Store::Reopen(bool wait) {
  for (int left = wait ? kReopenings : 1; left > 0; --left) {
    if (Reconnect().ok()) return true;
    if (left > 1) std::this_thread::sleep_for(kReopeningInterval);
  }
  return false;  // The next transaction tries again.
}

absl::Status Store::Reconnect() {
  UnmarkOpen(directory_);
  database_.reset();
  FITD_ASSIGN_OR_RETURN(auto database, Database::Open(directory_.DatabasePath()));
  // A commit that was reported as failed may come back from the log. Nobody is told of it before it
  // is synced, so what the log holds goes to the database first.
  try {
    Query checkpoint = database->Prepare("PRAGMA wal_checkpoint(TRUNCATE)");
    if (!checkpoint.Next() || checkpoint.Int(0) != 0)
      return Internal("the metadata store: a reader holds up the recovery from a failed write");
  } catch (...) {
    return CurrentDatabaseError();
  }
  database_ = std::move(database);
  MarkOpen(directory_);
  // Of what came back from the log.
  if (search_listener_ != nullptr) search_listener_();
  models_revision_.fetch_add(1, std::memory_order_release);
  return absl::OkStatus();
}

}  // namespace fitd
