// Writes what happens inside fits, beside them: a fit never waits for the disk, and what many fits
// have to say goes into one transaction.

#ifndef FITD_SERVER_JOBS_JOURNAL_H_
#define FITD_SERVER_JOBS_JOURNAL_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "server/jobs/job_feeds.h"
#include "server/store/store.h"

namespace fitd {

// Thread-safe. While the store fails (a full disk) it tries again every second. A job whose entries
// were not written when the daemon ends was not finished either, and no checkpoint is newer than
// they are: it makes them again.
class Journal {
 public:
  using Entry = std::function<void(Transaction&)>;

  Journal(Store& store, JobFeeds& feeds);
  ~Journal() { Stop(); }

  // Waits only when 4,096 entries wait to be written.
  void Add(int64_t job, Entry entry);
  // Waits until all entries added before are written; false when that will not happen any more.
  bool Flush();
  // From now on a failure of the store is not waited out: what is pending is dropped and Flush
  // gives false.
  void GiveUpOnFailure();
  // Writes what is pending and ends. Idempotent.
  void Stop();

 private:
  struct Pending {
    int64_t job;
    Entry entry;
  };
  void Loop();
  absl::Status Write(const std::vector<Pending>& batch);

  Store& store_;
  JobFeeds& feeds_;
  Mutex mutex_;
  CondVar changed_;
  std::vector<Pending> pending_ ABSL_GUARDED_BY(mutex_);
  int64_t added_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t written_ ABSL_GUARDED_BY(mutex_) = 0;
  bool giving_up_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Last: it uses the others.
};

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_JOURNAL_H_
