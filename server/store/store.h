// Everything the daemon must not forget: metadata in SQLite, blobs in files beside it.

#ifndef FITD_SERVER_STORE_STORE_H_
#define FITD_SERVER_STORE_STORE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/base/status.h"
#include "server/store/data_dir.h"
#include "server/store/dataset_table.h"
#include "server/store/job_table.h"
#include "server/store/model_table.h"
#include "server/store/query.h"
#include "server/store/request_table.h"
#include "server/store/search_table.h"

namespace fitd {

using Clock = std::function<absl::Time()>;

// What a lambda given to InTransaction works on. Single-thread.
class Transaction {
 public:
  Transaction(Database& database, absl::Time now)
      : models(database),
        datasets(database),
        jobs(database),
        searches(database),
        requests(database),
        now_(now) {}

  ModelTable models;
  DatasetTable datasets;
  JobTable jobs;
  SearchTable searches;
  RequestTable requests;

  absl::Time now() const { return now_; }
  // Every use of a blob by a row.
  std::vector<BlobUse> Blobs();
  // Puts the file in its place when the transaction is about to commit, so that nobody deletes it
  // as unused between the two.
  void AddFile(TemporaryFile file, std::string target) {
    files_to_add_.push_back({.file = std::move(file), .target = std::move(target)});
  }
  // Deletes the file once the transaction is committed.
  void RemoveFile(std::string path) { files_to_remove_.push_back(std::move(path)); }
  // Lets whoever caches models and versions know that they are others now.
  void ModelsChanged() { models_changed_ = true; }
  // Lets whoever makes the trials of searches know that there may be something to do.
  void SearchesChanged() { searches_changed_ = true; }

 private:
  friend class Store;
  const absl::Time now_;
  std::vector<NewFile> files_to_add_;
  std::vector<std::string> files_to_remove_;
  bool models_changed_ = false;
  bool searches_changed_ = false;
};

// Thread-safe: one connection behind one mutex. After a failed read, write or sync the connection
// is replaced: what the old one holds in memory may not be what is on the disk.
class Store {
 public:
  // Opens or creates the database in the directory, checks and migrates it, and removes orphaned
  // blobs. FAILED_PRECONDITION when a newer daemon wrote it; DATA_LOSS when it is damaged or lost;
  // PERMISSION_DENIED when it cannot be written.
  static absl::StatusOr<std::unique_ptr<Store>> Open(DataDir& directory, Clock clock = absl::Now);
  ~Store();

  // Calls work(Transaction&), which returns a Status or a StatusOr; commits when it is OK, else
  // rolls back. What is returned OK is on the disk. Beside work's own errors: RESOURCE_EXHAUSTED
  // for a full disk, DATA_LOSS, INTERNAL. `work` must not call the store again.
  template <typename Work>
  std::invoke_result_t<Work, Transaction&> InTransaction(Work&& work) {
    using Result = std::invoke_result_t<Work, Transaction&>;
    if constexpr (std::is_same_v<Result, absl::Status>) {
      return Run(work);
    } else {
      std::optional<Result> result;
      absl::Status status = Run([&](Transaction& transaction) {
        result.emplace(work(transaction));
        return result->status();
      });
      if (!status.ok()) return status;
      return *std::move(result);
    }
  }

  // Called with each event that was stored, in order, before any other transaction begins: must be
  // quick and may not call back. Null for nobody.
  using EventListener = std::function<void(int64_t job, const v1::JobEvent&)>;
  void ListenToEvents(EventListener listener);
  // Called after a transaction that changed searches, or seemed to fail and may have changed them;
  // must be quick and may not call back. Null for nobody.
  void ListenToSearches(std::function<void()> listener);

  // Grows when a transaction that changed models, versions or aliases commits.
  int64_t models_revision() const { return models_revision_.load(std::memory_order_acquire); }
  DataDir& directory() { return directory_; }

 private:
  Store(DataDir& directory, std::unique_ptr<Database> database, Clock clock);
  absl::Status Run(absl::FunctionRef<absl::Status(Transaction&)> work);
  // With `wait`, tries for some seconds.
  bool Reopen(bool wait) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Reconnect() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  DataDir& directory_;
  const Clock clock_;
  std::atomic<int64_t> models_revision_{1};
  FairMutex mutex_;
  std::unique_ptr<Database> database_ ABSL_GUARDED_BY(mutex_);  // Null while it cannot be opened.
  EventListener event_listener_ ABSL_GUARDED_BY(mutex_);
  std::function<void()> search_listener_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fitd

#endif  // FITD_SERVER_STORE_STORE_H_
