#include "core/base/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace fitd {
namespace {

absl::Status WriteAll(int fd, const void* data, size_t size, int64_t offset) {
  const char* bytes = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = pwrite(fd, bytes, size, offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus(errno, "write");
    bytes += written;
    size -= static_cast<size_t>(written);
    offset += written;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<AtomicFile> AtomicFile::Create(const std::string& path) {
  const std::string temporary = path + ".tmp";
  const int fd = open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return ErrnoStatus(errno, "create a file");
  return AtomicFile(path, fd);
}

AtomicFile::AtomicFile(std::string path, int fd)
    : path_(std::move(path)), temporary_path_(path_ + ".tmp"), fd_(fd) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_path_(std::move(other.temporary_path_)),
      fd_(std::exchange(other.fd_, -1)),
      size_(other.size_) {}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  close(fd_);
  unlink(temporary_path_.c_str());
}

absl::Status AtomicFile::Append(const void* data, size_t size) {
  FITD_RETURN_IF_ERROR(WriteAll(fd_, data, size, size_));
  size_ += static_cast<int64_t>(size);
  return absl::OkStatus();
}

absl::Status AtomicFile::WriteAt(int64_t offset, const void* data, size_t size) {
  FITD_RETURN_IF_ERROR(WriteAll(fd_, data, size, offset));
  size_ = std::max(size_, offset + static_cast<int64_t>(size));
  return absl::OkStatus();
}

absl::Status AtomicFile::Commit() {
  // After a failed fsync the kernel may have dropped the pages: the file is never used, and the
  // destructor removes it.
  if (fsync(fd_) != 0) return ErrnoStatus(errno, "sync a file");
  if (rename(temporary_path_.c_str(), path_.c_str()) != 0)
    return ErrnoStatus(errno, "rename a file");
  close(std::exchange(fd_, -1));
  return absl::OkStatus();
}

absl::Status SyncDirectory(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, "open a directory");
  const int result = fsync(fd);
  const int error_number = errno;
  close(fd);
  return result == 0 ? absl::OkStatus() : ErrnoStatus(error_number, "sync a directory");
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return ErrnoStatus(errno, "open a file");
  std::string contents;
  char buffer[65536];
  for (;;) {
    const ssize_t count = read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int error_number = errno;
      close(fd);
      return ErrnoStatus(error_number, "read a file");
    }
    if (count == 0) break;
    contents.append(buffer, static_cast<size_t>(count));
  }
  close(fd);
  return contents;
}

}  // namespace fitd
