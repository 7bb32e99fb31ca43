// Any bytes as a ModelInferRequest, to a model of two columns and to one of an image: a fault, or
// as many features as its rows have, and an answer.

#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "inference/grpc_service.pb.h"
#include "server/predict/inference_call.h"

namespace fitd {
namespace {

constexpr int64_t kInputs = 4;
constexpr int64_t kOutputs = 2;

class NoPredictor final : public Predictor {
 public:
  int64_t inputs() const override { return kInputs; }
  int64_t outputs() const override { return kOutputs; }
  bool Predict(const float* /*x*/, int64_t /*rows*/, float* /*y*/,
               const std::function<bool()>& /*cancelled*/,
               double* /*activity_penalty*/) const override {
    return true;
  }
  double weight_penalty() const override { return 0; }
};

LoadedModel ModelOf(v1::PipelineState state) {
  state.set_feature_width(kInputs);
  v1::ClassTarget& classes = *state.mutable_target()->mutable_classes();
  state.mutable_target()->add_columns("kind");
  classes.add_label_names("low");
  classes.add_label_names("high");
  return {1, v1::ModelVersion(), Pipeline::Load(state).value(), std::make_unique<NoPredictor>()};
}

// "size", a number, and "color", "blue" or "red".
LoadedModel Columns() {
  v1::PipelineState state;
  v1::FeatureTransform& size = *state.add_features();
  size.set_column("size");
  size.set_width(1);
  size.mutable_numeric()->set_stddev(2);
  v1::FeatureTransform& color = *state.add_features();
  color.set_column("color");
  color.set_width(3);
  color.mutable_one_hot()->add_vocabulary("blue");
  color.mutable_one_hot()->add_vocabulary("red");
  return ModelOf(std::move(state));
}

LoadedModel Image() {
  v1::PipelineState state;
  v1::FeatureTransform& image = *state.add_features();
  image.set_column("features");
  image.set_width(kInputs);
  image.mutable_array()->add_shape(2);
  image.mutable_array()->add_shape(2);
  image.mutable_array()->set_dtype(v1::DATA_TYPE_UINT8);
  return ModelOf(std::move(state));
}

void Infer(const LoadedModel& model, const inference::ModelInferRequest& request) {
  inference::ModelInferResponse response;
  InferenceCall call(
      "m", request, [] { return false; }, response, [](const absl::Status& /*status*/) {});
  const absl::StatusOr<std::vector<float>> features = call.Features(model);
  if (!features.ok()) return;
  if (static_cast<int64_t>(features->size()) != call.rows() * kInputs) std::abort();
  const std::vector<float> scores(static_cast<size_t>(call.rows() * kOutputs), 0.5f);
  if (!call.Answer(model, scores).ok()) std::abort();
  if (response.outputs_size() != response.raw_output_contents_size()) std::abort();
}

}  // namespace
}  // namespace fitd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fitd::LoadedModel columns = fitd::Columns();
  static const fitd::LoadedModel image = fitd::Image();
  inference::ModelInferRequest request;
  if (!request.ParseFromArray(data, static_cast<int>(size))) return 0;
  fitd::Infer(columns, request);
  fitd::Infer(image, request);
  return 0;
}
