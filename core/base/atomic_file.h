// Files that appear whole or not at all: written under another name, synced, renamed.

#ifndef FITD_CORE_BASE_ATOMIC_FILE_H_
#define FITD_CORE_BASE_ATOMIC_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/status.h"

namespace fitd {

// Single-thread. Destroying it without Commit removes what was written.
class AtomicFile {
 public:
  // Writes to `path` + ".tmp". RESOURCE_EXHAUSTED when the disk is full.
  static absl::StatusOr<AtomicFile> Create(const std::string& path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  absl::Status Append(const void* data, size_t size);
  absl::Status Append(std::string_view bytes) { return Append(bytes.data(), bytes.size()); }
  // Overwrites bytes that were appended before.
  absl::Status WriteAt(int64_t offset, const void* data, size_t size);
  int64_t size() const { return size_; }

  // Syncs and renames to `path`. After an error nothing is left. The name is on the disk once its
  // directory is synced, or the one that the file is moved to.
  absl::Status Commit();

 private:
  AtomicFile(std::string path, int fd);
  std::string path_;
  std::string temporary_path_;
  int fd_;
  int64_t size_ = 0;
};

absl::Status SyncDirectory(const std::string& path);

absl::StatusOr<std::string> ReadFile(const std::string& path);

}  // namespace fitd

#endif  // FITD_CORE_BASE_ATOMIC_FILE_H_
