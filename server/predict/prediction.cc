#include "server/predict/prediction.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/violations.h"
#include "fmt/format.h"
#include "server/predict/classes.h"

namespace fitd {
namespace {

int64_t RowsOf(const v1::PredictRequest& request) {
  if (request.has_rows()) return request.rows().rows_size();
  return request.tensor().shape_size() > 0 ? request.tensor().shape(0) : 0;
}

class Call final : public PredictionCall {
 public:
  Call(const v1::PredictRequest& request, std::function<bool()> cancelled,
       v1::PredictResponse& response, std::function<void(const absl::Status&)> done)
      : PredictionCall(request.model(), RowsOf(request),
                       static_cast<int64_t>(request.ByteSizeLong())),
        request_(request),
        cancelled_(std::move(cancelled)),
        response_(response),
        done_(std::move(done)) {}

  bool cancelled() const override { return cancelled_(); }

  absl::StatusOr<std::vector<float>> Features(const LoadedModel& model) override {
    const bool classifies = model.pipeline.state().target().has_classes();
    const int64_t most_labels = classifies ? Classes(model).count() : 0;
    Violations violations;
    if (request_.top_k() < 0 || request_.top_k() > most_labels) {
      violations.Add("top_k", classifies
                                  ? fmt::format("is {}; allowed: 0 to {}, the number of classes",
                                                request_.top_k(), most_labels)
                                  : fmt::format("is {}; allowed: 0, as the model does not classify",
                                                request_.top_k()));
    }
    absl::StatusOr<std::vector<float>> features = Input(model);
    if (!features.ok() && !absl::IsInvalidArgument(features.status())) return features;
    violations.Add(features.status());
    FITD_RETURN_IF_ERROR(violations.ToStatus());
    return features;
  }
  absl::Status Answer(const LoadedModel& model, std::span<const float> scores) override {
    const int64_t outputs = model.predictor->outputs();
    SetServedBy(model, response_);
    response_.set_outputs(outputs);
    response_.mutable_scores()->Add(scores.begin(), scores.end());
    if (!model.pipeline.state().target().has_classes()) return absl::OkStatus();

    const Classes classes(model);
    const int64_t rows = static_cast<int64_t>(scores.size()) / outputs;
    response_.mutable_labels()->Reserve(static_cast<int>(rows));
    for (int64_t row = 0; row < rows; ++row) {
      const float* const row_scores = scores.data() + row * outputs;
      response_.add_labels(classes.Label(classes.Likeliest(row_scores)));
      if (request_.top_k() == 0) continue;
      const std::vector<float> by_class = classes.Scores(row_scores);
      v1::TopK& top = *response_.add_top_k();
      for (const int64_t index : Classes::Top(by_class, request_.top_k())) {
        v1::ScoredLabel& scored = *top.add_labels();
        scored.set_label(classes.Label(index));
        scored.set_score(by_class[static_cast<size_t>(index)]);
      }
    }
    return absl::OkStatus();
  }

  void Done(const absl::Status& status) override { done_(status); }

 private:
  absl::StatusOr<std::vector<float>> Input(const LoadedModel& model) const {
    switch (request_.input_case()) {
      case v1::PredictRequest::kTensor:
        return model.pipeline.Transform(request_.tensor());
      case v1::PredictRequest::kRows:
        return model.pipeline.Transform(request_.rows());
      case v1::PredictRequest::INPUT_NOT_SET:
        break;
    }
    Violations violations;
    violations.Add("input", "is not set; allowed: tensor, rows");
    return violations.ToStatus();
  }

  const v1::PredictRequest& request_;
  const std::function<bool()> cancelled_;
  v1::PredictResponse& response_;
  const std::function<void(const absl::Status&)> done_;
};

}  // namespace

void Prediction::Predict(const v1::PredictRequest& request, std::function<bool()> cancelled,
                         v1::PredictResponse& response,
                         std::function<void(const absl::Status&)> done) {
  executor_.Submit(
      std::make_unique<Call>(request, std::move(cancelled), response, std::move(done)));
}

}  // namespace fitd
