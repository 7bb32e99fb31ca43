#include "server/store/data_dir.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "core/base/atomic_file.h"
#include "fmt/format.h"

namespace fitd {
namespace {

// The status of a failed system call on the directory itself.
absl::Status CannotUse(int error_number, const std::string& path) {
  const std::string message = fmt::format("data dir {} is not writable: {}", path,
                                          std::generic_category().message(error_number));
  const bool denied = error_number == EROFS || error_number == EACCES || error_number == EPERM;
  return Error(denied ? absl::StatusCode::kPermissionDenied : absl::StatusCode::kInternal, message);
}

// An open-file-description lock: it goes with the process, whatever other descriptors of the file
// are closed.
absl::StatusOr<int> Lock(const std::string& directory) {
  const std::string path = directory + "/LOCK";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return CannotUse(errno, directory);
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

void Empty(const std::string& folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
    std::filesystem::remove(entry.path(), ignored);
}

}  // namespace

absl::StatusOr<std::unique_ptr<DataDir>> DataDir::Open(const std::string& path,
                                                       const Options& options) {
  std::error_code error;
  const bool is_new = !std::filesystem::exists(path, error);
  std::vector<std::string> folders = {path, path + "/tmp", path + "/checkpoints"};
  for (const BlobKind* kind : kBlobKinds)
    folders.push_back(fmt::format("{}/{}", path, kind->folder));
  for (const std::string& folder : folders) {
    std::filesystem::create_directories(folder, error);
    if (error) return CannotUse(error.value(), folder);
    if (access(folder.c_str(), R_OK | W_OK | X_OK) != 0) return CannotUse(errno, folder);
  }
  const char* network = NetworkFileSystem(options.file_system_type(path).value_or(0));
  if (network != nullptr && !options.allow_network) {
    return Error(
        absl::StatusCode::kPermissionDenied,
        fmt::format("data dir {} lies on a network file system ({}), whose locks and syncs "
                    "may not hold; choose a local disk, or set allow_network_disk",
                    path, network));
  }
  if (is_new) std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  FITD_ASSIGN_OR_RETURN(const int lock, Lock(path));
  std::unique_ptr<DataDir> directory(new DataDir(path, options.min_free_bytes, lock));
  Empty(path + "/tmp");
  return directory;
}

DataDir::~DataDir() { close(lock_); }

std::string DataDir::DatasetPath(std::string_view sha256) const {
  return BlobPath(BlobName(kDatasetBlobs, sha256));
}

std::string DataDir::WeightsPath(std::string_view sha256) const {
  return BlobPath(BlobName(kWeightsBlobs, sha256));
}

std::string DataDir::BlobPath(std::string_view name) const {
  return fmt::format("{}/{}", path_, name);
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

absl::Status DataDir::CheckFreeSpace() const {
  struct statvfs disk = {};
  if (min_free_bytes_ == 0 || statvfs(path_.c_str(), &disk) != 0) return absl::OkStatus();
  const auto free = static_cast<int64_t>(disk.f_bavail * disk.f_frsize);
  if (free >= min_free_bytes_) return absl::OkStatus();
  return ResourceExhausted(
      fmt::format("the data directory's disk has {} bytes free; new data and fits need {} "
                  "(min_free_disk_bytes)",
                  free, min_free_bytes_));
}

std::vector<std::string> DataDir::ListBlobFolders() const {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const BlobKind* kind : kBlobKinds) {
    for (const auto& entry : std::filesystem::directory_iterator(BlobPath(kind->folder), ignored))
      names.push_back(fmt::format("{}/{}", kind->folder, entry.path().filename().string()));
  }
  return names;
}

void DataDir::RemoveBlobsOtherThan(std::span<const BlobUse> uses) {
  std::set<std::string_view> used;
  for (const BlobUse& use : uses) used.insert(use.name);
  for (const std::string& name : ListBlobFolders()) {
    if (FindBlobKind(name) != nullptr && !used.contains(name)) unlink(BlobPath(name).c_str());
  }
}

void DataDir::RemoveCheckpointsOtherThan(std::span<const int64_t> jobs) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(CheckpointFolder(), ignored)) {
    const std::optional<int64_t> job = CheckpointJob(entry.path());
    const bool left = job ? std::find(jobs.begin(), jobs.end(), *job) == jobs.end()
                          : entry.path().extension() == ".tmp";
    if (left) std::filesystem::remove(entry.path(), ignored);
  }
}

TemporaryFile::~TemporaryFile() {
  if (!path_.empty()) unlink(path_.c_str());
}

absl::Status PutInPlace(std::span<NewFile> files) {
  std::set<std::string> folders;
  for (NewFile& file : files) {
    if (rename(file.file.path_.c_str(), file.target.c_str()) != 0)
      return ErrnoStatus(errno, "move a file into its place");
    file.file.path_.clear();
    folders.insert(std::filesystem::path(file.target).parent_path().string());
  }
  for (const std::string& folder : folders) FITD_RETURN_IF_ERROR(SyncDirectory(folder));
  return absl::OkStatus();
}

}  // namespace fitd
