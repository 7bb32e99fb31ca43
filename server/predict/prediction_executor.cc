#include "server/predict/prediction_executor.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "core/base/violations.h"
#include "fitd/v1/loss.pb.h"
#include "fmt/format.h"

namespace fitd {
namespace {

absl::Status Fault(std::string field, std::string description) {
  Violations violations;
  violations.Add(std::move(field), std::move(description));
  return violations.ToStatus();
}

// Features or outputs of one Predict: 256 MiB as floats.
constexpr int64_t kMostValues = int64_t{1} << 26;

absl::Status CheckRows(int64_t rows, int64_t values_per_row, const char* field) {
  if (rows > kMostPredictRows) {
    return ResourceExhausted(
        fmt::format("{} has {} rows; allowed: {} at most", field, rows, kMostPredictRows));
  }
  if (rows > kMostValues / values_per_row) {
    return ResourceExhausted(
        fmt::format("{} has {} rows of {} inputs or outputs; allowed: {} values at most", field,
                    rows, values_per_row, kMostValues));
  }
  if (rows == 0) return Fault(field, "has no rows; allowed: 1 or more");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<float>> Features(const LoadedModel& model,
                                            const v1::PredictRequest& request) {
  const int64_t values_per_row = std::max(model.predictor->inputs(), model.predictor->outputs());
  switch (request.input_case()) {
    case v1::PredictRequest::kTensor:
      // A tensor without axes is for the pipeline to refuse.
      if (request.tensor().shape_size() > 0) {
        FITD_RETURN_IF_ERROR(CheckRows(request.tensor().shape(0), values_per_row, "tensor.shape"));
      }
      return model.pipeline.Transform(request.tensor());
    case v1::PredictRequest::kRows:
      FITD_RETURN_IF_ERROR(CheckRows(request.rows().rows_size(), values_per_row, "rows.rows"));
      return model.pipeline.Transform(request.rows());
    case v1::PredictRequest::INPUT_NOT_SET:
      break;
  }
  return Fault("input", "is not set; allowed: tensor, rows");
}

// How the outputs of a classifier are to be read.
struct Classes {
  const v1::ClassTarget* target;
  int64_t outputs;
  bool logits;

  // One output tells two classes apart.
  int64_t count() const { return outputs == 1 ? 2 : outputs; }

  std::string Label(int64_t index) const {
    return index < target->label_names_size() ? target->label_names(static_cast<int>(index))
                                              : std::to_string(index);
  }

  // Scores by class: for one output, its own is the second's.
  std::vector<float> Scores(const float* row) const {
    if (outputs > 1) return {row, row + outputs};
    return {logits ? -*row : 1 - *row, *row};
  }

  int64_t Likeliest(const float* row) const {
    if (outputs == 1) return *row > (logits ? 0.0f : 0.5f) ? 1 : 0;
    return std::max_element(row, row + outputs) - row;
  }

  v1::TopK TopK(const float* row, int64_t k) const {
    const std::vector<float> scores = Scores(row);
    std::vector<int64_t> order(scores.size());
    std::iota(order.begin(), order.end(), int64_t{0});
    std::partial_sort(order.begin(), order.begin() + k, order.end(), [&](int64_t a, int64_t b) {
      return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
    });
    v1::TopK top;
    for (int64_t i = 0; i < k; ++i) {
      v1::ScoredLabel& scored = *top.add_labels();
      scored.set_label(Label(order[i]));
      scored.set_score(scores[order[i]]);
    }
    return top;
  }
};

}  // namespace

absl::StatusOr<v1::PredictResponse> PredictionExecutor::Predict(
    const v1::PredictRequest& request, const std::function<bool()>& cancelled) {
  FITD_ASSIGN_OR_RETURN(const std::shared_ptr<const LoadedModel> model,
                        models_.Get(request.model()));
  const v1::TargetTransform& target = model->pipeline.state().target();
  const int64_t outputs = model->predictor->outputs();
  const v1::LossSpec& loss = model->version.lineage().training().loss();
  const Classes classes{&target.classes(), outputs, loss.binary_crossentropy().from_logits()};
  const int64_t most_labels = target.has_classes() ? classes.count() : 0;
  if (request.top_k() < 0 || request.top_k() > most_labels) {
    return Fault("top_k", target.has_classes()
                              ? fmt::format("is {}; allowed: 0 to {}, the number of classes",
                                            request.top_k(), most_labels)
                              : fmt::format("is {}; allowed: 0, as the model does not classify",
                                            request.top_k()));
  }

  FITD_ASSIGN_OR_RETURN(const std::vector<float> features, Features(*model, request));
  const int64_t rows = static_cast<int64_t>(features.size()) / model->predictor->inputs();
  v1::PredictResponse response;
  response.set_model(model->version.model());
  response.set_version(model->version.version());
  response.set_outputs(outputs);
  response.mutable_scores()->Resize(static_cast<int>(rows * outputs), 0);
  float* const scores = response.mutable_scores()->mutable_data();
  if (!model->predictor->Predict(features.data(), rows, scores, cancelled))
    return absl::CancelledError();
  if (!target.has_classes()) return response;

  response.mutable_labels()->Reserve(static_cast<int>(rows));
  for (int64_t row = 0; row < rows; ++row) {
    const float* const row_scores = scores + row * outputs;
    response.add_labels(classes.Label(classes.Likeliest(row_scores)));
    if (request.top_k() > 0) *response.add_top_k() = classes.TopK(row_scores, request.top_k());
  }
  return response;
}

}  // namespace fitd
