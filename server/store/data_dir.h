// The directory that holds everything a daemon keeps. One daemon per directory.

#ifndef FITD_SERVER_STORE_DATA_DIR_H_
#define FITD_SERVER_STORE_DATA_DIR_H_

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "server/store/blob.h"
#include "server/store/file_system.h"

namespace fitd {

// Files are named by us, by content hash or by number; never by anything a client sends.
// Thread-safe.
//
//   LOCK            held while the daemon runs
//   fitd.db         metadata
//   fitd.db-open    there while the database is open: its log must be there too
//   datasets/<sha256>.tbl
//   weights/<sha256>.wgt
//   checkpoints/<job>-<steps>.ckp
//   tmp/            uploads and files in the making; emptied at start
class DataDir {
 public:
  struct Options {
    int64_t min_free_bytes = 0;  // See CheckFreeSpace.
    bool allow_network = false;
    // Of the directory.
    std::function<std::optional<int64_t>(const std::string&)> file_system_type = FileSystemType;
  };
  // Creates what is missing and takes the lock. UNAVAILABLE "data dir is in use by process N";
  // PERMISSION_DENIED when it cannot be written, or lies on a network file system and that is not
  // allowed.
  static absl::StatusOr<std::unique_ptr<DataDir>> Open(const std::string& path,
                                                       const Options& options);
  static absl::StatusOr<std::unique_ptr<DataDir>> Open(const std::string& path) {
    return Open(path, Options());
  }
  ~DataDir();

  std::string DatabasePath() const { return path_ + "/fitd.db"; }
  // SQLite's log, in which the newest commits are.
  std::string DatabaseLogPath() const { return DatabasePath() + "-wal"; }
  // SQLite's way back from its first change, which makes the log possible.
  std::string DatabaseJournalPath() const { return DatabasePath() + "-journal"; }
  // There while the database is open.
  std::string DatabaseMarkPath() const { return DatabasePath() + "-open"; }
  std::string DatasetPath(std::string_view sha256) const;
  std::string WeightsPath(std::string_view sha256) const;
  std::string CheckpointFolder() const { return path_ + "/checkpoints"; }
  std::string CheckpointPath(int64_t job, int64_t steps) const;
  // The job's number in the name of a checkpoint's file; nothing for other names.
  static std::optional<int64_t> CheckpointJob(const std::filesystem::path& path);
  std::string BlobPath(std::string_view name) const;
  std::string NewTemporaryPath();

  // RESOURCE_EXHAUSTED when fewer than `min_free_bytes` are free on the disk: time to take in
  // nothing new.
  absl::Status CheckFreeSpace() const;

  // The names of all files in the folders of blobs, whoever put them there.
  std::vector<std::string> ListBlobFolders() const;
  // Removes blobs that no row speaks of: left by a daemon that died between writing a file and
  // recording it. Files with names that we do not give stay.
  void RemoveBlobsOtherThan(std::span<const BlobUse> uses);
  // Likewise checkpoints but those of these jobs, and halves of checkpoints.
  void RemoveCheckpointsOtherThan(std::span<const int64_t> jobs);

 private:
  DataDir(std::string path, int64_t min_free_bytes, int lock)
      : path_(std::move(path)), min_free_bytes_(min_free_bytes), lock_(lock) {}

  const std::string path_;
  const int64_t min_free_bytes_;
  const int lock_;
  std::atomic<int64_t> next_temporary_{1};
};

struct NewFile;

// A name in tmp/ whose file, if there is one, goes away with it. Single-thread.
class TemporaryFile {
 public:
  explicit TemporaryFile(DataDir& directory) : path_(directory.NewTemporaryPath()) {}
  ~TemporaryFile();
  TemporaryFile(TemporaryFile&& other) noexcept : path_(std::exchange(other.path_, "")) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;

  const std::string& path() const { return path_; }

 private:
  friend absl::Status PutInPlace(std::span<NewFile> files);
  std::string path_;
};

// To become `target`, which may exist: content-addressed files with one name are alike.
struct NewFile {
  TemporaryFile file;
  std::string target;
};
// All of them, on the disk when it returns OK.
absl::Status PutInPlace(std::span<NewFile> files);

}  // namespace fitd

#endif  // FITD_SERVER_STORE_DATA_DIR_H_
