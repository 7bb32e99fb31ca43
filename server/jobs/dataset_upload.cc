#include "server/jobs/dataset_upload.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/base/names.h"
#include "core/base/violations.h"
#include "core/data/ingest.h"
#include "core/data/pipeline.h"
#include "fmt/format.h"
#include "server/jobs/request.h"
#include "server/jobs/time.h"
#include "server/log/log.h"

namespace fitd {
namespace {

constexpr size_t kMostChunkBytes = 1 << 20;

absl::Status Fault(std::string field, std::string description) {
  Violations violations;
  violations.Add(std::move(field), std::move(description));
  return violations.ToStatus();
}

bool IsSha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

// The columns, with what an answer has room for of their dictionaries.
google::protobuf::RepeatedPtrField<v1::ColumnSchema> ShortColumns(const v1::TableHeader& header) {
  constexpr int kMostWords = 100;
  constexpr size_t kMostBytes = size_t{64} << 10;
  google::protobuf::RepeatedPtrField<v1::ColumnSchema> columns = header.columns();
  size_t bytes = 0;
  for (v1::ColumnSchema& column : columns) {
    int kept = 0;
    while (kept < std::min(column.dictionary_size(), kMostWords)) {
      bytes += column.dictionary(kept).size();
      if (bytes > kMostBytes) break;
      ++kept;
    }
    column.mutable_dictionary()->DeleteSubrange(kept, column.dictionary_size() - kept);
  }
  return columns;
}

}  // namespace

DatasetUpload::~DatasetUpload() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<std::optional<v1::UploadDatasetResponse>> DatasetUpload::Add(
    const v1::UploadDatasetRequest& part) {
  switch (part.part_case()) {
    case v1::UploadDatasetRequest::kHeader:
      return Begin(part.header());
    case v1::UploadDatasetRequest::kChunk:
      FITD_RETURN_IF_ERROR(Append(part.chunk()));
      return std::nullopt;
    case v1::UploadDatasetRequest::PART_NOT_SET:
      break;
  }
  return Fault("part", "is not set; allowed: header, chunk");
}

absl::StatusOr<std::optional<v1::UploadDatasetResponse>> DatasetUpload::Begin(
    const v1::UploadHeader& header) {
  if (header_) return Fault("header", "came a second time; only the first message holds it");
  CheckId("header.name", header.name(), faults_);
  const std::vector<v1::SourceSpec> sources(header.sources().begin(), header.sources().end());
  const absl::Status readable = ValidateSources(sources, "header.sources");
  faults_.Add(readable);
  faults_.Add(ValidateLabels(sources, "header.sources"));
  if (!header.sha256().empty() && !IsSha256(header.sha256())) {
    faults_.Add("header.sha256",
                fmt::format("is {}; allowed: 64 digits of 0-9, a-f", Quoted(header.sha256())));
  }
  CheckRequestId("header.request_id", header.request_id(), faults_);
  if (!readable.ok()) return faults_.ToStatus();
  header_ = header;
  if (header.sha256().empty() || header.validate_only() || !faults_.empty()) return std::nullopt;
  return FindKnown(header.sha256());
}

absl::Status DatasetUpload::Append(const v1::UploadChunk& chunk) {
  if (!header_) return Fault("header", "is missing; the first message must hold it");
  if (chunk.data().size() > kMostChunkBytes) {
    return Fault("chunk.data", fmt::format("has {} bytes; allowed: {} at most", chunk.data().size(),
                                           kMostChunkBytes));
  }
  const int begun = static_cast<int>(files_.size());
  if (chunk.source() < 0 || chunk.source() >= header_->sources_size()) {
    return Fault("chunk.source", fmt::format("is {}; the header names {} sources", chunk.source(),
                                             header_->sources_size()));
  }
  if (chunk.source() < begun - 1) {
    return Fault("chunk.source",
                 fmt::format("is {} after {}; it never falls", chunk.source(), begun - 1));
  }
  bytes_ += static_cast<int64_t>(chunk.data().size());
  if (bytes_ > max_bytes_) {
    return ResourceExhausted(
        fmt::format("the upload is larger than the limit of {} bytes", max_bytes_));
  }
  while (static_cast<int>(files_.size()) <= chunk.source()) FITD_RETURN_IF_ERROR(OpenNextSource());

  FITD_RETURN_IF_ERROR(store_.directory().CheckFreeSpace());
  hash_.Update(chunk.data());
  std::string_view rest = chunk.data();
  while (!rest.empty()) {
    const ssize_t written = write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus(errno, "store the upload");
    rest.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status DatasetUpload::OpenNextSource() {
  if (fd_ >= 0) close(fd_);
  const TemporaryFile& file = files_.emplace_back(store_.directory());
  fd_ = open(file.path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  return fd_ >= 0 ? absl::OkStatus() : ErrnoStatus(errno, "create a file for the upload");
}

absl::StatusOr<v1::UploadDatasetResponse> DatasetUpload::Complete(
    const std::function<bool()>& cancelled) {
  if (cancelled()) return absl::CancelledError();
  if (!header_) return Fault("header", "is missing; the first message must hold it");
  const bool only_header = files_.empty() && (header_->validate_only() || !faults_.empty());
  if (only_header) {
    FITD_RETURN_IF_ERROR(faults_.ToStatus());
    return v1::UploadDatasetResponse();
  }
  while (static_cast<int>(files_.size()) < header_->sources_size())
    FITD_RETURN_IF_ERROR(OpenNextSource());
  const std::string bytes_sha256 = hash_.HexDigest();
  if (IsSha256(header_->sha256()) && header_->sha256() != bytes_sha256) {
    return DataLoss(fmt::format("the bytes that came have the SHA-256 {}, announced was {}",
                                bytes_sha256, header_->sha256()));
  }
  const bool stores = faults_.empty() && !header_->validate_only();
  if (stores) {
    FITD_ASSIGN_OR_RETURN(auto known, FindKnown(bytes_sha256));
    if (known) return *std::move(known);
  }

  std::vector<IngestSource> sources;
  for (int i = 0; i < header_->sources_size(); ++i)
    sources.push_back({header_->sources(i), files_[i].path(), cancelled,
                       IndexedPath("header.sources", static_cast<size_t>(i))});
  const absl::Time start = absl::Now();
  TemporaryFile table(store_.directory());
  const absl::StatusOr<IngestResult> read =
      Ingest(sources, {.allow_missing = header_->allow_missing()}, table.path());
  if (!read.ok() && !absl::IsInvalidArgument(read.status())) return read.status();
  faults_.Add(read.status());
  FITD_RETURN_IF_ERROR(faults_.ToStatus());
  if (!stores) return v1::UploadDatasetResponse();
  const IngestResult& ingested = *read;
  Log(LogLevel::kInfo, "dataset_ingested",
      {{"dataset", header_->name()},
       {"rows", ingested.header.rows()},
       {"bytes", ingested.bytes},
       {"seconds", absl::ToDoubleSeconds(absl::Now() - start)}});

  v1::Dataset dataset;
  dataset.set_name(header_->name());
  dataset.set_rows(ingested.header.rows());
  *dataset.mutable_columns() = ShortColumns(ingested.header);
  dataset.set_sha256(ingested.sha256);
  dataset.set_source_sha256(SourceSha256(bytes_sha256));
  dataset.set_bytes(ingested.bytes);
  dataset.set_feature_width(FeatureWidth(ingested.header));
  auto response = store_.InTransaction(
      [&](Transaction& transaction) -> absl::StatusOr<v1::UploadDatasetResponse> {
        if (cancelled()) return absl::CancelledError();
        transaction.AddFile(std::move(table), store_.directory().DatasetPath(dataset.sha256()));
        return Record(transaction, dataset, bytes_sha256);
      });
  if (response.ok()) tables_.Written(dataset.sha256());
  return response;
}

std::string DatasetUpload::SourceSha256(const std::string& bytes_sha256) const {
  v1::UploadHeader options;
  *options.mutable_sources() = header_->sources();
  for (v1::SourceSpec& source : *options.mutable_sources()) source.clear_file_name();
  options.set_allow_missing(header_->allow_missing());
  return Sha256Hex(RequestDigest(options) + bytes_sha256);
}

std::string DatasetUpload::Digest(const std::string& bytes_sha256) const {
  v1::UploadHeader header = *header_;
  header.clear_sha256();
  return Sha256Hex(RequestDigest(header) + bytes_sha256);
}

// An answer that needs no reading: to the same request, or for bytes that were read before and are
// stored unharmed.
absl::StatusOr<std::optional<v1::UploadDatasetResponse>> DatasetUpload::FindKnown(
    const std::string& bytes_sha256) {
  using Answer = absl::StatusOr<std::optional<v1::UploadDatasetResponse>>;
  std::optional<v1::Dataset> dataset;
  Answer answer = store_.InTransaction([&](Transaction& transaction) -> Answer {
    v1::UploadDatasetResponse known;
    FITD_ASSIGN_OR_RETURN(const bool answered, FindAnswer(transaction, header_->request_id(),
                                                          Digest(bytes_sha256), known));
    if (answered) return known;
    dataset = transaction.datasets.FindBySource(SourceSha256(bytes_sha256));
    return std::nullopt;
  });
  if (!dataset || !tables_.Check(dataset->sha256()).ok()) return answer;
  dataset->set_name(header_->name());
  return store_.InTransaction([&](Transaction& transaction) -> Answer {
    // Its last data set may have been deleted meanwhile, and the file with it.
    if (!transaction.datasets.ContentIsUsed(dataset->sha256())) return std::nullopt;
    return Record(transaction, *dataset, bytes_sha256);
  });
}

absl::StatusOr<v1::UploadDatasetResponse> DatasetUpload::Record(Transaction& transaction,
                                                                const v1::Dataset& dataset,
                                                                const std::string& bytes_sha256) {
  v1::UploadDatasetResponse response;
  if (const std::optional<v1::Dataset> taken = transaction.datasets.Find(dataset.name())) {
    if (taken->sha256() != dataset.sha256()) {
      return absl::AlreadyExistsError(fmt::format(
          "data set {} exists with other content; delete it or take another name", dataset.name()));
    }
    *response.mutable_dataset() = *taken;
  } else {
    *response.mutable_dataset() = dataset;
    *response.mutable_dataset()->mutable_create_time() = ToTimestamp(transaction.now());
    transaction.datasets.Insert(response.dataset());
  }
  if (!header_->request_id().empty()) {
    transaction.requests.Insert(header_->request_id(), Digest(bytes_sha256), response,
                                absl::ToUnixSeconds(transaction.now()));
  }
  return response;
}

}  // namespace fitd
