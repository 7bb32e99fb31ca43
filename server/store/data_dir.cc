#include "server/store/data_dir.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "fmt/format.h"

namespace fitd {
namespace {

// An open-file-description lock: it goes with the process, whatever other descriptors of the file
// are closed.
absl::StatusOr<int> Lock(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return ErrnoStatus(errno, "open the lock file of the data directory");
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
    // The holder's process id, which an open-file-description lock does not tell.
    char holder[32] = {};
    const ssize_t size = pread(fd, holder, sizeof holder - 1, 0);
    close(fd);
    return Error(absl::StatusCode::kUnavailable,
                 fmt::format("data dir is in use by process {}", size > 0 ? holder : "?"));
  }
  const std::string own = std::to_string(getpid());
  if (ftruncate(fd, 0) != 0 || pwrite(fd, own.data(), own.size(), 0) < 0) {
    const int error_number = errno;
    close(fd);
    return ErrnoStatus(error_number, "write the lock file of the data directory");
  }
  return fd;
}

void RemoveUnnamed(const std::string& folder, std::span<const std::string> keep) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (std::find(keep.begin(), keep.end(), entry.path().stem().string()) == keep.end()) {
      std::filesystem::remove(entry.path(), ignored);
    }
  }
}

absl::Status SyncDirectory(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, "open a folder of the data directory");
  const int result = fsync(fd);
  const int error_number = errno;
  close(fd);
  return result == 0 ? absl::OkStatus()
                     : ErrnoStatus(error_number, "sync a folder of the data directory");
}

}  // namespace

absl::StatusOr<std::unique_ptr<DataDir>> DataDir::Open(const std::string& path) {
  std::error_code error;
  const bool is_new = !std::filesystem::exists(path, error);
  for (const char* folder : {"", "/datasets", "/weights", "/checkpoints", "/tmp"}) {
    std::filesystem::create_directories(path + folder, error);
    if (error)
      return ErrnoStatus(error.value(), fmt::format("create the data directory {}", path + folder));
  }
  if (is_new) std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  FITD_ASSIGN_OR_RETURN(const int lock, Lock(path + "/LOCK"));
  std::unique_ptr<DataDir> directory(new DataDir(path, lock));
  RemoveUnnamed(path + "/tmp", {});
  return directory;
}

DataDir::~DataDir() { close(lock_); }

std::string DataDir::DatasetPath(std::string_view sha256) const {
  return fmt::format("{}/datasets/{}.tbl", path_, sha256);
}

std::string DataDir::WeightsPath(std::string_view sha256) const {
  return fmt::format("{}/weights/{}.wgt", path_, sha256);
}

std::string DataDir::CheckpointPath(int64_t job, int64_t steps) const {
  return fmt::format("{}/{}-{:018}.ckp", CheckpointFolder(), job, steps);
}

std::optional<int64_t> DataDir::CheckpointJob(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  int64_t job = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), job);
  if (error != std::errc() || *end != '-' || path.extension() != ".ckp") return std::nullopt;
  return job;
}

std::string DataDir::NewTemporaryPath() {
  return fmt::format("{}/tmp/{}", path_, next_temporary_++);
}

void DataDir::RemoveOtherThan(std::span<const std::string> datasets,
                              std::span<const std::string> weights) {
  RemoveUnnamed(path_ + "/datasets", datasets);
  RemoveUnnamed(path_ + "/weights", weights);
}

void DataDir::RemoveCheckpointsOtherThan(std::span<const int64_t> jobs) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(CheckpointFolder(), ignored)) {
    const std::optional<int64_t> job = CheckpointJob(entry.path());
    if (!job || std::find(jobs.begin(), jobs.end(), *job) == jobs.end())
      std::filesystem::remove(entry.path(), ignored);
  }
}

TemporaryFile::~TemporaryFile() {
  if (!path_.empty()) unlink(path_.c_str());
}

absl::Status TemporaryFile::MoveTo(const std::string& target) {
  if (rename(path_.c_str(), target.c_str()) != 0)
    return ErrnoStatus(errno, "move a file into its place");
  path_.clear();
  return SyncDirectory(std::filesystem::path(target).parent_path().string());
}

}  // namespace fitd
