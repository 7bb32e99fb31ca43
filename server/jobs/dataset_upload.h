// One upload: a header, chunks into temporary files, then a stored table.

#ifndef FITD_SERVER_JOBS_DATASET_UPLOAD_H_
#define FITD_SERVER_JOBS_DATASET_UPLOAD_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/sha256.h"
#include "core/base/status.h"
#include "core/base/violations.h"
#include "fitd/v1/dataset_service.pb.h"
#include "server/store/store.h"
#include "server/store/tables.h"

namespace fitd {

// Nothing remains of one that is destroyed before Complete gave OK. Single-thread. The codes are
// those of DatasetService.UploadDataset.
class DatasetUpload {
 public:
  // `max_bytes`: of all sources, as sent.
  DatasetUpload(Store& store, Tables& tables, int64_t max_bytes)
      : store_(store), tables_(tables), max_bytes_(max_bytes) {}
  ~DatasetUpload();
  DatasetUpload(const DatasetUpload&) = delete;
  DatasetUpload& operator=(const DatasetUpload&) = delete;

  // The next message of the stream. A response when nothing more is needed: the header's hash is
  // known.
  absl::StatusOr<std::optional<v1::UploadDatasetResponse>> Add(
      const v1::UploadDatasetRequest& part);
  // After the last message. Reads the files: takes its time. What is wrong with the header is told
  // with what is wrong in the files, if there are any. CANCELLED, and nothing is stored, when
  // `cancelled()` says so: a client that is gone looks like one that is done.
  absl::StatusOr<v1::UploadDatasetResponse> Complete(const std::function<bool()>& cancelled);

 private:
  absl::StatusOr<std::optional<v1::UploadDatasetResponse>> Begin(const v1::UploadHeader& header);
  absl::Status Append(const v1::UploadChunk& chunk);
  absl::Status OpenNextSource();

  // What identifies the uploaded bytes, read as the header says.
  std::string SourceSha256(const std::string& bytes_sha256) const;
  std::string Digest(const std::string& bytes_sha256) const;
  absl::StatusOr<std::optional<v1::UploadDatasetResponse>> FindKnown(
      const std::string& bytes_sha256);
  absl::StatusOr<v1::UploadDatasetResponse> Record(Transaction& transaction,
                                                   const v1::Dataset& dataset,
                                                   const std::string& bytes_sha256);

  Store& store_;
  Tables& tables_;
  const int64_t max_bytes_;
  std::optional<v1::UploadHeader> header_;
  Violations faults_;                 // Of a header whose sources can be read all the same.
  std::vector<TemporaryFile> files_;  // One per source begun.
  int fd_ = -1;                       // Of the newest.
  int64_t bytes_ = 0;
  Sha256 hash_;
};

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_DATASET_UPLOAD_H_
