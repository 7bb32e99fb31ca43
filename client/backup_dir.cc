#include "client/backup_dir.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "client/names.h"
#include "client/status_macros.h"

namespace fitd::client {
namespace {

absl::Status CannotWrite(const std::string& path) {
  return absl::UnknownError(fmt::format("cannot write {}: {}", Quoted(path), std::strerror(errno)));
}

// "name" or "folder/name" of letters, digits, '.', '_' and '-', neither beginning with a dot.
bool IsSafeName(std::string_view name) {
  const size_t slash = name.find('/');
  const auto is_safe = [](std::string_view part) {
    return !part.empty() && part.front() != '.' && part.size() <= 200 &&
           part.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == part.npos;
  };
  return slash == name.npos ? is_safe(name)
                            : is_safe(name.substr(0, slash)) && is_safe(name.substr(slash + 1));
}

absl::Status SyncFolder(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return CannotWrite(path);
  const bool synced = fsync(fd) == 0;
  const absl::Status status = synced ? absl::OkStatus() : CannotWrite(path);
  close(fd);
  return status;
}

}  // namespace

class BackupDir::File {
 public:
  static absl::StatusOr<std::unique_ptr<File>> Create(std::string path,
                                                      const v1::BackupFile& announced) {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return CannotWrite(path);
    return std::unique_ptr<File>(new File(std::move(path), announced, fd));
  }
  ~File() {
    close(fd_);
    EVP_MD_CTX_free(digest_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  absl::Status Append(std::string_view data) {
    size_ += static_cast<int64_t>(data.size());
    if (size_ > announced_.size()) return Wrong("is longer than announced");
    EVP_DigestUpdate(digest_, data.data(), data.size());
    while (!data.empty()) {
      const ssize_t written = write(fd_, data.data(), data.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return CannotWrite(path_);
      data.remove_prefix(static_cast<size_t>(written));
    }
    return absl::OkStatus();
  }

  absl::Status End(const std::string& sha256) {
    if (size_ != announced_.size()) return Wrong("is shorter than announced");
    std::array<unsigned char, 32> bytes;
    EVP_DigestFinal_ex(digest_, bytes.data(), nullptr);
    std::string hex;
    for (const unsigned char byte : bytes) hex += fmt::format("{:02x}", byte);
    if (hex != sha256) return Wrong("arrived with another SHA-256 than announced");
    return fsync(fd_) == 0 ? absl::OkStatus() : CannotWrite(path_);
  }

  int64_t size() const { return size_; }

 private:
  File(std::string path, v1::BackupFile announced, int fd)
      : path_(std::move(path)), announced_(std::move(announced)), fd_(fd) {
    EVP_DigestInit_ex(digest_, EVP_sha256(), nullptr);
  }
  absl::Status Wrong(std::string_view how) const {
    return absl::DataLossError(fmt::format("{} {}", announced_.name(), how));
  }

  const std::string path_;
  const v1::BackupFile announced_;
  const int fd_;
  EVP_MD_CTX* const digest_ = EVP_MD_CTX_new();
  int64_t size_ = 0;
};

absl::StatusOr<std::unique_ptr<BackupDir>> BackupDir::Create(const std::string& path) {
  std::error_code error;
  std::filesystem::path target = std::filesystem::absolute(path, error).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();  // "backup/"
  if (path.empty() || target == target.root_path())
    return absl::InvalidArgumentError("expected a directory to write to");
  if (std::filesystem::exists(target, error) &&
      !(std::filesystem::is_directory(target, error) && std::filesystem::is_empty(target, error))) {
    return absl::InvalidArgumentError(
        fmt::format("{} exists; expected a new name or an empty directory", Quoted(path)));
  }
  const std::string partial = target.string() + ".partial";
  if (mkdir(partial.c_str(), 0700) != 0) {
    return absl::InvalidArgumentError(
        errno == EEXIST
            ? fmt::format("{} exists, of a backup that was interrupted; remove it", Quoted(partial))
            : fmt::format("cannot make {}: {}", Quoted(partial), std::strerror(errno)));
  }
  return std::unique_ptr<BackupDir>(new BackupDir(target.string(), partial));
}

BackupDir::BackupDir(std::string path, std::string partial)
    : path_(std::move(path)), partial_(std::move(partial)) {}

BackupDir::~BackupDir() {
  std::error_code ignored;
  if (!committed_) std::filesystem::remove_all(partial_, ignored);
}

absl::Status BackupDir::Add(const v1::BackupStoreResponse& part) {
  if (whole_) return absl::InternalError("the daemon sent more after the end of the backup");
  const bool in_file = part.has_data() || part.has_end_of_file();
  if (in_file != (file_ != nullptr))
    return absl::InternalError("the daemon sent parts of a backup out of order");
  switch (part.part_case()) {
    case v1::BackupStoreResponse::kFile:
      return BeginFile(part.file());
    case v1::BackupStoreResponse::kData:
      return file_->Append(part.data());
    case v1::BackupStoreResponse::kEndOfFile:
      return EndFile(part.end_of_file().sha256());
    case v1::BackupStoreResponse::kSummary:
      whole_ = true;
      if (part.summary().files() != written_.files() || part.summary().bytes() != written_.bytes())
        return absl::DataLossError("files of the backup are missing");
      return absl::OkStatus();
    case v1::BackupStoreResponse::PART_NOT_SET:
      break;
  }
  return absl::InternalError("the daemon sent an unknown part of a backup");
}

absl::Status BackupDir::BeginFile(const v1::BackupFile& file) {
  if (!IsSafeName(file.name()))
    return absl::InternalError(fmt::format("the daemon named a file {}", Quoted(file.name())));
  const std::filesystem::path path = std::filesystem::path(partial_) / file.name();
  if (mkdir(path.parent_path().c_str(), 0700) != 0 && errno != EEXIST)
    return CannotWrite(path.parent_path().string());
  FITD_ASSIGN_OR_RETURN(file_, File::Create(path.string(), file));
  return absl::OkStatus();
}

absl::Status BackupDir::EndFile(const std::string& sha256) {
  FITD_RETURN_IF_ERROR(file_->End(sha256));
  written_.set_files(written_.files() + 1);
  written_.set_bytes(written_.bytes() + file_->size());
  file_.reset();
  return absl::OkStatus();
}

absl::StatusOr<v1::BackupSummary> BackupDir::Commit() {
  if (!whole_) return absl::DataLossError("the backup ended before it was whole");
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(partial_, error)) {
    if (entry.is_directory(error)) FITD_RETURN_IF_ERROR(SyncFolder(entry.path().string()));
  }
  FITD_RETURN_IF_ERROR(SyncFolder(partial_));
  // Replaces an empty directory and nothing else.
  if (std::rename(partial_.c_str(), path_.c_str()) != 0) return CannotWrite(path_);
  committed_ = true;
  FITD_RETURN_IF_ERROR(SyncFolder(std::filesystem::path(path_).parent_path().string()));
  return written_;
}

}  // namespace fitd::client
