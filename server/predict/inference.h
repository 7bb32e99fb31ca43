// What GRPCInferenceService does, without gRPC: the Open Inference Protocol over fitd's models.

#ifndef FITD_SERVER_PREDICT_INFERENCE_H_
#define FITD_SERVER_PREDICT_INFERENCE_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/base/mutex.h"
#include "core/base/status.h"
#include "inference/grpc_service.pb.h"
#include "server/predict/model_cache.h"
#include "server/predict/prediction_executor.h"
#include "server/store/store.h"

namespace fitd {

// Thread-safe. Methods are named as the service's and give its codes; all but Infer may read from
// the disk.
class Inference {
 public:
  Inference(Store& store, ModelCache& models, PredictionExecutor& executor)
      : store_(store), models_(models), executor_(executor) {}

  static inference::ServerMetadataResponse ServerMetadata();
  absl::StatusOr<inference::ModelReadyResponse> ModelReady(
      const inference::ModelReadyRequest& request);
  absl::StatusOr<inference::ModelMetadataResponse> ModelMetadata(
      const inference::ModelMetadataRequest& request);
  absl::StatusOr<inference::ModelConfigResponse> ModelConfig(
      const inference::ModelConfigRequest& request);
  absl::StatusOr<inference::ModelStatisticsResponse> ModelStatistics(
      const inference::ModelStatisticsRequest& request);
  absl::StatusOr<inference::RepositoryIndexResponse> RepositoryIndex(
      const inference::RepositoryIndexRequest& request);
  absl::StatusOr<inference::RepositoryModelLoadResponse> RepositoryModelLoad(
      const inference::RepositoryModelLoadRequest& request);
  absl::StatusOr<inference::RepositoryModelUnloadResponse> RepositoryModelUnload(
      const inference::RepositoryModelUnloadRequest& request);

  // Returns at once; calls `done` when the response is complete, or with an error. Nobody waits for
  // an answer to a call that is `cancelled`. Request and response live until then.
  void ModelInfer(const inference::ModelInferRequest& request, std::function<bool()> cancelled,
                  inference::ModelInferResponse& response,
                  std::function<void(const absl::Status&)> done);

 private:
  // The version that a request means.
  absl::StatusOr<std::shared_ptr<const LoadedModel>> Find(const std::string& name,
                                                          const std::string& version);
  absl::Status CheckLoaded(const std::string& name) ABSL_LOCKS_EXCLUDED(mutex_);
  bool IsUnloaded(Transaction& transaction, const std::string& model) ABSL_LOCKS_EXCLUDED(mutex_);

  Store& store_;
  ModelCache& models_;
  PredictionExecutor& executor_;
  Mutex mutex_;
  // Names of models, and when they were created: one that was deleted takes its mark along.
  std::map<std::string, std::pair<int64_t, int32_t>> unloaded_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fitd

#endif  // FITD_SERVER_PREDICT_INFERENCE_H_
