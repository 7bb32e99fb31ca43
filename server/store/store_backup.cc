#include "server/store/store_backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <utility>

#include "fmt/format.h"

namespace fitd {
namespace {

constexpr char kDatabase[] = "fitd.db";
constexpr size_t kPartBytes = size_t{1} << 20;

absl::Status Damaged(const std::string& name, const std::string& why) {
  return DataLoss(fmt::format("{} {}; `fitctl server fsck` names all that is broken", name, why));
}

}  // namespace

// The file that is being sent. Its name in tmp/ goes with it.
class StoreBackup::Reading {
 public:
  Reading(File file, int fd) : file_(std::move(file)), fd_(fd) {}
  ~Reading() { close(fd_); }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  // Data, or the end of the file.
  absl::Status Next(v1::BackupStoreResponse& part) {
    std::string& data = *part.mutable_data();
    data.resize(kPartBytes);
    ssize_t size = 0;
    do {
      size = read(fd_, data.data(), data.size());
    } while (size < 0 && errno == EINTR);
    if (size < 0) return ErrnoStatus(errno, "read " + file_.name);
    if (size > 0) {
      data.resize(static_cast<size_t>(size));
      digest_.Update(data);
      return absl::OkStatus();
    }
    part.mutable_end_of_file()->set_sha256(digest_.HexDigest());
    const BlobKind* kind = FindBlobKind(file_.name);
    if (kind != nullptr && kind->content_sha256 == nullptr &&
        part.end_of_file().sha256() != BlobSha256(file_.name)) {
      return Damaged(file_.name, "is damaged");
    }
    return absl::OkStatus();
  }

 private:
  const File file_;
  const int fd_;
  Sha256 digest_;
};

absl::StatusOr<std::unique_ptr<StoreBackup>> StoreBackup::Begin(Store& store) {
  FITD_ASSIGN_OR_RETURN(auto reader, Database::OpenReader(store.directory().DatabasePath()));
  std::unique_ptr<StoreBackup> backup(new StoreBackup(store));
  FITD_RETURN_IF_ERROR(backup->Hold(std::move(reader)));
  return backup;
}

StoreBackup::StoreBackup(Store& store) : store_(store) {}

StoreBackup::~StoreBackup() = default;

absl::Status StoreBackup::Hold(std::unique_ptr<Database> reader) {
  return store_.InTransaction([&](Transaction& transaction) -> absl::Status {
    // Nobody else writes while this runs, so links and snapshot are of one moment.
    reader->Execute("BEGIN");
    reader->Prepare("SELECT COUNT(*) FROM sqlite_schema").Next();
    reader_ = std::move(reader);
    std::set<std::string> names;
    for (const BlobUse& use : transaction.Blobs()) {
      if (!names.insert(use.name).second) continue;
      const File& file = files_.emplace_back(File{use.name, TemporaryFile(store_.directory())});
      if (link(store_.directory().BlobPath(use.name).c_str(), file.held.path().c_str()) == 0)
        continue;
      if (errno == ENOENT) return Damaged(use.object, "has lost its file");
      return ErrnoStatus(errno, "hold the file of " + use.object);
    }
    return absl::OkStatus();
  });
}

absl::Status StoreBackup::CopyDatabase() {
  File& file = files_.emplace_front(File{kDatabase, TemporaryFile(store_.directory())});
  try {
    reader_->CopyTo(file.held.path());
  } catch (...) {
    return CurrentDatabaseError();
  }
  reader_.reset();
  return absl::OkStatus();
}

absl::Status StoreBackup::Next(v1::BackupStoreResponse& part) {
  if (reader_ != nullptr) FITD_RETURN_IF_ERROR(CopyDatabase());
  if (reading_ != nullptr) {
    FITD_RETURN_IF_ERROR(reading_->Next(part));
    if (part.has_end_of_file()) reading_.reset();
    return absl::OkStatus();
  }
  if (!files_.empty()) return BeginFile(part);
  *part.mutable_summary() = summary_;
  return absl::OkStatus();
}

absl::Status StoreBackup::BeginFile(v1::BackupStoreResponse& part) {
  File file = std::move(files_.front());
  files_.pop_front();
  const BlobKind* kind = FindBlobKind(file.name);
  if (kind != nullptr && kind->content_sha256 != nullptr) {
    FITD_ASSIGN_OR_RETURN(const std::string sha256, kind->content_sha256(file.held.path()));
    if (sha256 != BlobSha256(file.name)) return Damaged(file.name, "is damaged");
  }
  const int fd = open(file.held.path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return ErrnoStatus(errno, "open " + file.name);
  part.mutable_file()->set_name(file.name);
  reading_ = std::make_unique<Reading>(std::move(file), fd);
  struct stat info = {};
  if (fstat(fd, &info) != 0) return ErrnoStatus(errno, "read the size of a file");
  part.mutable_file()->set_size(info.st_size);
  summary_.set_files(summary_.files() + 1);
  summary_.set_bytes(summary_.bytes() + info.st_size);
  return absl::OkStatus();
}

}  // namespace fitd
