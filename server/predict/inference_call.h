// One ModelInfer on its way through the executor: tensors to rows, scores to tensors.

#ifndef FITD_SERVER_PREDICT_INFERENCE_CALL_H_
#define FITD_SERVER_PREDICT_INFERENCE_CALL_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "inference/grpc_service.pb.h"
#include "server/predict/model_signature.h"
#include "server/predict/prediction_executor.h"

namespace fitd {

class InferenceCall final : public PredictionCall {
 public:
  // Request and response live until `done`.
  InferenceCall(std::string reference, const inference::ModelInferRequest& request,
                std::function<bool()> cancelled, inference::ModelInferResponse& response,
                std::function<void(const absl::Status&)> done);

  bool cancelled() const override { return cancelled_(); }
  absl::StatusOr<std::vector<float>> Features(const LoadedModel& model) override;
  absl::Status Answer(const LoadedModel& model, std::span<const float> scores) override;
  void Done(const absl::Status& status) override { done_(status); }

 private:
  absl::Status Check(const LoadedModel& model, const ModelSignature& signature) const;
  // Whether the request's one input holds all columns.
  bool IsTensor(const ModelSignature& signature) const;
  // The raw values of an input; null when they are typed.
  const std::string* Raw(int input) const;
  absl::StatusOr<std::vector<float>> TensorFeatures(const LoadedModel& model) const;
  absl::StatusOr<std::vector<float>> ColumnFeatures(const LoadedModel& model) const;
  void AddOutput(const LoadedModel& model, const std::string& name, int64_t classification,
                 std::span<const float> scores);

  const inference::ModelInferRequest& request_;
  const std::function<bool()> cancelled_;
  inference::ModelInferResponse& response_;
  const std::function<void(const absl::Status&)> done_;
};

}  // namespace fitd

#endif  // FITD_SERVER_PREDICT_INFERENCE_CALL_H_
