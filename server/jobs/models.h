// What ModelService does, without gRPC.

#ifndef FITD_SERVER_JOBS_MODELS_H_
#define FITD_SERVER_JOBS_MODELS_H_

#include <cstdint>

#include "core/base/status.h"
#include "fitd/v1/model_service.pb.h"
#include "server/store/store.h"

namespace fitd {

// Thread-safe. The codes are those of the service's comments.
class Models {
 public:
  // `max_parameters`: weights beyond which a model is refused.
  Models(Store& store, int64_t max_parameters) : store_(store), max_parameters_(max_parameters) {}

  absl::StatusOr<v1::CreateModelResponse> Create(const v1::CreateModelRequest& request);
  absl::StatusOr<v1::GetModelResponse> Get(const v1::GetModelRequest& request);
  absl::StatusOr<v1::ListModelsResponse> List(const v1::ListModelsRequest& request);
  absl::StatusOr<v1::DeleteModelResponse> Delete(const v1::DeleteModelRequest& request);
  absl::StatusOr<v1::GetModelVersionResponse> GetVersion(const v1::GetModelVersionRequest& request);
  absl::StatusOr<v1::ListModelVersionsResponse> ListVersions(
      const v1::ListModelVersionsRequest& request);
  absl::StatusOr<v1::DeleteModelVersionResponse> DeleteVersion(
      const v1::DeleteModelVersionRequest& request);
  absl::StatusOr<v1::SetModelAliasResponse> SetAlias(const v1::SetModelAliasRequest& request);

 private:
  Store& store_;
  const int64_t max_parameters_;
};

}  // namespace fitd

#endif  // FITD_SERVER_JOBS_MODELS_H_
