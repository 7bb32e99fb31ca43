// What DatasetService does, without gRPC.

#ifndef FITD_SERVER_JOBS_DATASETS_H_
#define FITD_SERVER_JOBS_DATASETS_H_

#include <cstdint>
#include <memory>

#include "core/base/status.h"
#include "fitd/v1/dataset_service.pb.h"
#include "server/jobs/dataset_upload.h"
#include "server/store/store.h"
#include "server/store/tables.h"

namespace fitd {

// Thread-safe. The codes are those of the service's comments.
class Datasets {
 public:
  // `max_bytes`: of an upload, as sent.
  Datasets(Store& store, Tables& tables, int64_t max_bytes)
      : store_(store), tables_(tables), max_bytes_(max_bytes) {}

  std::unique_ptr<DatasetUpload> NewUpload() {
    return std::make_unique<DatasetUpload>(store_, tables_, max_bytes_);
  }
  absl::StatusOr<v1::GetDatasetResponse> Get(const v1::GetDatasetRequest& request);
  absl::StatusOr<v1::ListDatasetsResponse> List(const v1::ListDatasetsRequest& request);
  absl::StatusOr<v1::DeleteDatasetResponse> Delete(const v1::DeleteDatasetRequest& request);
  absl::StatusOr<v1::PreviewDatasetResponse> Preview(const v1::PreviewDatasetRequest& request);

 private:
  Store& store_;
  Tables& tables_;
  const int64_t max_bytes_;
};

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_DATASETS_H_
