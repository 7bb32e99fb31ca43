// A backup as it arrives, in a directory that appears whole or not at all.

#ifndef FITD_CLIENT_BACKUP_DIR_H_
#define FITD_CLIENT_BACKUP_DIR_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fitd/v1/server_service.pb.h"

namespace fitd::client {

// Trusts the daemon with nothing: names are checked, sizes and hashes compared. Single-thread.
// Destroying it without Commit removes what was written.
class BackupDir {
 public:
  // Writes beside `path`, into "<path>.partial". INVALID_ARGUMENT when `path` exists and is not an
  // empty directory, when "<path>.partial" exists, or when neither can be made.
  static absl::StatusOr<std::unique_ptr<BackupDir>> Create(const std::string& path);
  ~BackupDir();

  // Where it is written until it is whole.
  const std::string& partial() const { return partial_; }

  // The next part. DATA_LOSS when it is not what was announced; INTERNAL for a part that breaks the
  // protocol or a name that leads elsewhere; UNKNOWN when it cannot be written.
  absl::Status Add(const v1::BackupStoreResponse& part);

  // Syncs everything and moves it to `path`. DATA_LOSS when the backup is not whole. Gives the
  // summary.
  absl::StatusOr<v1::BackupSummary> Commit();

 private:
  class File;

  BackupDir(std::string path, std::string partial);
  absl::Status BeginFile(const v1::BackupFile& file);
  absl::Status EndFile(const std::string& sha256);

  const std::string path_;
  const std::string partial_;
  std::unique_ptr<File> file_;  // The one that is being written.
  v1::BackupSummary written_;
  bool whole_ = false;  // The summary came.
  bool committed_ = false;
};

}  // namespace fitd::client

#endif  // FITD_CLIENT_BACKUP_DIR_H_
