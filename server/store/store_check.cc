#include "server/store/store_check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "core/base/sha256.h"
#include "core/train/checkpoint.h"
#include "fitd/v1/dataset.pb.h"
#include "fitd/v1/job.pb.h"
#include "fitd/v1/model.pb.h"
#include "fitd/v1/search.pb.h"
#include "fmt/format.h"

namespace fitd {
namespace {

constexpr int64_t kStepBytes = int64_t{64} << 20;

}  // namespace

// A file whose bytes are being hashed.
struct StoreCheck::OpenFile {
  OpenFile(std::string blob_name, int file) : name(std::move(blob_name)), fd(file) {}
  ~OpenFile() { close(fd); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  const std::string name;
  const int fd;
  Sha256 digest;
};

StoreCheck::StoreCheck(Store& store) : store_(store) {
  steps_.emplace_back([this] { CheckDatabase(); });
  steps_.emplace_back([this] { FindBlobs(); });
}

StoreCheck::~StoreCheck() = default;

bool StoreCheck::Step(std::deque<v1::StoreFinding>& findings) {
  findings_ = &findings;
  if (hashing_ != nullptr) {
    HashOn();
    return true;
  }
  if (steps_.empty()) return false;
  const std::function<void()> step = std::move(steps_.front());
  steps_.pop_front();
  step();
  return true;
}

void StoreCheck::CheckDatabase() {
  const auto add = [&](const std::string& message) {
    Add("database", v1::STORE_FAULT_DATABASE, message);
  };
  const auto database = Database::OpenReader(store_.directory().DatabasePath());
  if (!database.ok()) return add(Message(database.status()));
  try {
    Query integrity = (*database)->Prepare("PRAGMA integrity_check(100)");
    while (integrity.Next()) {
      if (integrity.Text(0) != "ok") add(integrity.Text(0));
    }
    Query references = (*database)->Prepare("PRAGMA foreign_key_check");
    while (references.Next()) {
      add(fmt::format("row {} of table {} belongs to a row of {} that is not there",
                      references.Int(1), references.Text(0), references.Text(2)));
    }
    CheckRows(**database);
  } catch (...) {
    add(Message(CurrentDatabaseError()));
  }
}

// What the schema itself does not enforce.
void StoreCheck::CheckRows(Database& database) {
  CheckMessages<v1::Model>(database, "SELECT 'model ' || name, message FROM models");
  CheckMessages<v1::ModelVersion>(
      database, "SELECT 'version ' || model || '@' || version, message FROM versions");
  CheckMessages<v1::Dataset>(database, "SELECT 'data set ' || name, message FROM datasets");
  CheckMessages<v1::Job>(database, "SELECT 'job fit-' || id, message FROM jobs");
  CheckMessages<v1::Search>(database, "SELECT 'search ' || name, message FROM searches");
  CheckMessages<v1::SearchTrial>(
      database, "SELECT 'trial ' || number || ' of search ' || search, message FROM trials");
  CheckMessages<v1::JobEvent>(
      database, "SELECT 'event ' || number || ' of job fit-' || job, message FROM events");

  Query aliases = database.Prepare(
      "SELECT model, alias, version FROM aliases a WHERE NOT EXISTS "
      "(SELECT 1 FROM versions v WHERE v.model = a.model AND v.version = a.version)");
  while (aliases.Next()) {
    Add(fmt::format("alias {}@{}", aliases.Text(0), aliases.Text(1)), v1::STORE_FAULT_DATABASE,
        fmt::format("stands for version {}, which is not there", aliases.Int(2)));
  }
  Query events = database.Prepare(
      "SELECT job, COUNT(*), MIN(number), MAX(number) FROM events GROUP BY job "
      "HAVING MIN(number) <> 1 OR MAX(number) <> COUNT(*)");
  while (events.Next()) {
    Add(fmt::format("job fit-{}", events.Int(0)), v1::STORE_FAULT_DATABASE,
        fmt::format("has {} events with the numbers {} to {}; expected 1 to {}", events.Int(1),
                    events.Int(2), events.Int(3), events.Int(1)));
  }
}

template <typename Message>
void StoreCheck::CheckMessages(Database& database, const char* sql) {
  Query query = database.Prepare(sql);
  while (query.Next()) {
    try {
      query.Get<Message>(1);
    } catch (const std::runtime_error& error) {
      Add(query.Text(0), v1::STORE_FAULT_DATABASE, error.what());
    }
  }
}

void StoreCheck::FindBlobs() {
  // Before the rows: a file that comes later is no suspect.
  const std::vector<std::string> there = store_.directory().ListBlobFolders();
  const auto uses = store_.InTransaction([](Transaction& transaction) {
    return absl::StatusOr<std::vector<BlobUse>>(transaction.Blobs());
  });
  if (!uses.ok()) return Add("database", v1::STORE_FAULT_DATABASE, Message(uses.status()));
  std::set<std::string> names;
  for (const BlobUse& use : *uses) names.insert(use.name);
  for (const std::string& name : there) {
    if (!names.contains(name))
      suspects_.push_back({name, v1::STORE_FAULT_STRAY, "belongs to nothing that is stored"});
  }
  for (const std::string& name : names) steps_.emplace_back([this, name] { CheckBlob(name); });
  steps_.emplace_back([this] { Confirm(); });
  steps_.emplace_back([this] { CheckCheckpoints(); });
}

void StoreCheck::CheckBlob(const std::string& name) {
  const BlobKind* kind = FindBlobKind(name);
  if (kind == nullptr) {
    suspects_.push_back({name, v1::STORE_FAULT_DATABASE, "the row holds no SHA-256"});
    return;
  }
  const std::string path = store_.directory().BlobPath(name);
  if (kind->content_sha256 != nullptr) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    if (!error) bytes_ += static_cast<int64_t>(size);
    CheckContent(name, kind->content_sha256(path));
    return;
  }
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return CheckContent(name, ErrnoStatus(errno, "open the file"));
  hashing_ = std::make_unique<OpenFile>(name, fd);
}

void StoreCheck::HashOn() {
  std::string piece(size_t{1} << 20, '\0');
  for (int64_t done = 0; done < kStepBytes;) {
    const ssize_t size = read(hashing_->fd, piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) {
      const std::unique_ptr<OpenFile> file = std::move(hashing_);
      if (size < 0) return CheckContent(file->name, ErrnoStatus(errno, "read the file"));
      return CheckContent(file->name, file->digest.HexDigest());
    }
    hashing_->digest.Update(piece.data(), static_cast<size_t>(size));
    done += size;
    bytes_ += size;
  }
}

void StoreCheck::CheckCheckpoints() {
  std::error_code ignored;
  for (const auto& entry :
       std::filesystem::directory_iterator(store_.directory().CheckpointFolder(), ignored)) {
    const std::string name = fmt::format("checkpoints/{}", entry.path().filename().string());
    if (entry.path().extension() == ".tmp") continue;  // Is being written.
    const std::optional<int64_t> job = DataDir::CheckpointJob(entry.path());
    const auto status = Checkpoint::Load(entry.path().string()).status();
    ++files_;
    // Jobs and their checkpoints come and go meanwhile.
    const auto active = store_.InTransaction([](Transaction& transaction) {
      return absl::StatusOr<std::vector<int64_t>>(transaction.jobs.Active());
    });
    if (!active.ok() || !std::filesystem::exists(entry.path(), ignored)) continue;
    if (!job || std::find(active->begin(), active->end(), *job) == active->end()) {
      Add("file " + name, v1::STORE_FAULT_STRAY, "belongs to nothing that is stored");
    } else if (absl::IsDataLoss(status)) {
      Add(fmt::format("checkpoint of job fit-{}", *job), v1::STORE_FAULT_DAMAGED,
          fmt::format("{}: {}", name, Message(status)));
    }
  }
}

void StoreCheck::CheckContent(const std::string& name, const absl::StatusOr<std::string>& sha256) {
  ++files_;
  if (absl::IsNotFound(sha256.status())) {
    suspects_.push_back({name, v1::STORE_FAULT_MISSING, fmt::format("{} is not there", name)});
  } else if (!sha256.ok()) {
    suspects_.push_back(
        {name, v1::STORE_FAULT_DAMAGED, fmt::format("{}: {}", name, Message(sha256.status()))});
  } else if (*sha256 != BlobSha256(name)) {
    suspects_.push_back({name, v1::STORE_FAULT_DAMAGED,
                         fmt::format("{} holds content with the SHA-256 {}", name, *sha256)});
  }
}

void StoreCheck::Confirm() {
  if (suspects_.empty()) return;
  const absl::Status status = store_.InTransaction([this](Transaction& transaction) {
    std::multimap<std::string, std::string> objects;
    for (const BlobUse& use : transaction.Blobs()) objects.emplace(use.name, use.object);
    for (const Suspect& suspect : suspects_) {
      const auto [begin, end] = objects.equal_range(suspect.name);
      std::error_code ignored;
      const bool exists =
          std::filesystem::exists(store_.directory().BlobPath(suspect.name), ignored);
      if (suspect.fault == v1::STORE_FAULT_STRAY && exists && begin == end)
        Add("file " + suspect.name, suspect.fault, suspect.message);
      if (suspect.fault == v1::STORE_FAULT_STRAY) continue;
      if (suspect.fault == v1::STORE_FAULT_MISSING && exists) continue;
      for (auto use = begin; use != end; ++use) Add(use->second, suspect.fault, suspect.message);
    }
    return absl::OkStatus();
  });
  if (!status.ok()) Add("database", v1::STORE_FAULT_DATABASE, Message(status));
}

void StoreCheck::Add(const std::string& object, v1::StoreFault fault, const std::string& message) {
  v1::StoreFinding& finding = findings_->emplace_back();
  finding.set_object(object);
  finding.set_fault(fault);
  finding.set_message(message);
}

}  // namespace fitd
