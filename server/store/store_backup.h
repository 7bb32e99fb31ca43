// A consistent copy of the store, part by part, while others go on writing.

#ifndef FITD_SERVER_STORE_STORE_BACKUP_H_
#define FITD_SERVER_STORE_STORE_BACKUP_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "core/base/sha256.h"
#include "core/base/status.h"
#include "fitd/v1/server_service.pb.h"
#include "server/store/store.h"

namespace fitd {

// Single-thread.
class StoreBackup {
 public:
  // Holds what is stored now: blobs by further links to their files, the database by a transaction
  // that reads. The store must outlive the backup. DATA_LOSS when a file is missing.
  static absl::StatusOr<std::unique_ptr<StoreBackup>> Begin(Store& store);
  ~StoreBackup();

  // The next part, in the order of the protocol; the last is the summary. DATA_LOSS when a file is
  // not what was stored; RESOURCE_EXHAUSTED when there is no room to copy the database.
  absl::Status Next(v1::BackupStoreResponse& part);

 private:
  struct File {
    std::string name;
    TemporaryFile held;
  };
  class Reading;

  explicit StoreBackup(Store& store);
  absl::Status Hold(std::unique_ptr<Database> reader);
  absl::Status CopyDatabase();
  absl::Status BeginFile(v1::BackupStoreResponse& part);

  Store& store_;
  std::unique_ptr<Database> reader_;  // Until the database is copied.
  std::deque<File> files_;            // Those to be sent.
  std::unique_ptr<Reading> reading_;  // The one that is being sent.
  v1::BackupSummary summary_;
};

}  // namespace fitd

#endif  // FITD_SERVER_STORE_STORE_BACKUP_H_
