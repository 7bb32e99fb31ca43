#include "core/train/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/data/pipeline.h"
#include "core/kernels/kernels.h"
#include "core/loss/loss.h"
#include "core/metric/metric_set.h"
#include "core/metric/resolve_metrics.h"
#include "core/plan/target_inverse.h"
#include "core/train/fit_data.h"
#include "core/train/targets.h"

namespace fitd {
namespace {

// Rows at a time.
constexpr size_t kChunk = 1024;
// A matrix of more classes would not fit into a message.
constexpr int64_t kMostConfusionClasses = 1000;

absl::StatusOr<std::vector<uint32_t>> SelectRows(const EvaluationInput& input) {
  const v1::Lineage& lineage = input.version->lineage();
  std::vector<uint32_t> all(static_cast<size_t>(input.table->rows()));
  std::iota(all.begin(), all.end(), 0U);
  if (input.rows == v1::ROW_SELECTION_UNSPECIFIED) return all;
  if (input.rows == v1::ROW_SELECTION_VALIDATION && !lineage.validation_dataset_sha256().empty() &&
      input.table_sha256 == lineage.validation_dataset_sha256()) {
    return all;
  }
  if (input.table_sha256 != lineage.dataset_sha256()) {
    return InvalidArgument(
        fmt::format("rows: the split of version {} can only be repeated on the rows that it was "
                    "trained on, those of data set {} at that time; these are others",
                    input.version->version(), lineage.dataset()));
  }
  FITD_ASSIGN_OR_RETURN(Split split, SplitForTraining(*input.table, lineage.training()));
  std::vector<uint32_t>& rows =
      input.rows == v1::ROW_SELECTION_TRAINING ? split.training : split.validation;
  if (rows.empty()) {
    return FailedPrecondition(
        fmt::format("rows: version {} was trained on all rows of this data set; none was held out",
                    input.version->version()));
  }
  return std::move(rows);
}

// The training's loss, without a gradient.
class LossSum {
 public:
  LossSum(const v1::LossSpec& spec, int64_t outputs, int64_t target_width)
      : loss_(MakeLoss(spec, /*ends_in_softmax=*/false, outputs, target_width)),
        outputs_(outputs),
        one_hot_(loss_.expand_targets ? kChunk * static_cast<size_t>(outputs) : 0) {}

  // `weights` may be null: all 1.
  void Add(const MetricBatch& batch, const float* weights) {
    const float* targets = batch.targets;
    if (loss_.expand_targets) {
      for (int64_t row = 0; row < batch.rows; ++row) {
        for (int64_t i = 0; i < outputs_; ++i)
          one_hot_[static_cast<size_t>(row * outputs_ + i)] = batch.Target(row, i);
      }
      targets = one_hot_.data();
    }
    loss_.kernel({.rows = batch.rows,
                  .outputs = outputs_,
                  .predictions = batch.predictions,
                  .targets = targets,
                  .weights = weights,
                  .row_loss = row_loss_.data(),
                  .gradient = nullptr,
                  .parameter = loss_.parameter},
                 {.index = 0, .count = 1});
    for (int64_t row = 0; row < batch.rows; ++row) sum_ += row_loss_[static_cast<size_t>(row)];
    rows_ += batch.rows;
  }

  std::optional<double> Mean() const { return Ratio(sum_, static_cast<double>(rows_)); }

 private:
  const Loss loss_;
  const int64_t outputs_;
  std::vector<float> one_hot_;
  std::vector<float> row_loss_ = std::vector<float>(kChunk);
  double sum_ = 0;
  int64_t rows_ = 0;
};

// How often each class was taken for each other.
class ClassTable {
 public:
  // `threshold`: of the one output that tells two classes apart.
  ClassTable(std::vector<std::string> names, float threshold)
      : names_(std::move(names)),
        threshold_(threshold),
        hits_(names_.size()),
        actual_(names_.size()),
        predicted_(names_.size()),
        counts_(size() <= kMostConfusionClasses ? names_.size() * names_.size() : 0) {}

  void Add(const MetricBatch& batch) {
    for (int64_t row = 0; row < batch.rows; ++row) {
      const auto actual = static_cast<size_t>(
          batch.outputs == 1 ? static_cast<int64_t>(batch.Target(row, 0)) : batch.TargetClass(row));
      const auto predicted =
          static_cast<size_t>(batch.outputs == 1 ? (batch.Prediction(row, 0) > threshold_ ? 1 : 0)
                                                 : batch.PredictedClass(row));
      ++actual_[actual];
      ++predicted_[predicted];
      if (actual == predicted) ++hits_[actual];
      if (!counts_.empty()) ++counts_[actual * names_.size() + predicted];
    }
  }

  void Report(v1::EvaluateResponse& response) const {
    if (!counts_.empty()) {
      response.mutable_confusion()->mutable_label_names()->Assign(names_.begin(), names_.end());
      response.mutable_confusion()->mutable_counts()->Assign(counts_.begin(), counts_.end());
    }
    for (size_t i = 0; i < names_.size(); ++i) {
      v1::ClassReport& report = *response.add_classes();
      const auto hits = static_cast<double>(hits_[i]);
      report.set_label(names_[i]);
      report.set_support(actual_[i]);
      if (const auto precision = Ratio(hits, static_cast<double>(predicted_[i])))
        report.set_precision(*precision);
      if (const auto recall = Ratio(hits, static_cast<double>(actual_[i])))
        report.set_recall(*recall);
      if (const auto f1 = Ratio(2 * hits, static_cast<double>(actual_[i] + predicted_[i])))
        report.set_f1(*f1);
    }
  }

 private:
  int64_t size() const { return static_cast<int64_t>(names_.size()); }

  const std::vector<std::string> names_;
  const float threshold_;
  std::vector<int64_t> hits_;
  std::vector<int64_t> actual_;
  std::vector<int64_t> predicted_;
  std::vector<int64_t> counts_;  // [classes, classes], or empty when there are too many.
};

// One for classification: over classes, or over one-hot targets.
std::optional<ClassTable> MakeClassTable(const v1::ModelVersion& version, int64_t outputs) {
  const v1::LossSpec& loss = version.lineage().training().loss();
  const v1::TargetTransform& target = version.pipeline().target();
  if (!target.has_classes() && !loss.has_categorical_crossentropy()) return std::nullopt;
  std::vector<std::string> names(target.classes().label_names().begin(),
                                 target.classes().label_names().end());
  for (auto i = static_cast<int64_t>(names.size()); i < ClassCount(outputs); ++i)
    names.push_back(std::to_string(i));
  return ClassTable(std::move(names), FromLogits(loss) ? 0.0F : 0.5F);
}

}  // namespace

absl::StatusOr<v1::EvaluateResponse> Evaluate(const EvaluationInput& input) {
  const v1::TrainingSpec& training = input.version->lineage().training();
  const int64_t outputs = input.predictor->outputs();
  FITD_ASSIGN_OR_RETURN(const Pipeline pipeline, Pipeline::Load(input.version->pipeline()));
  google::protobuf::RepeatedPtrField<v1::MetricSpec> metrics = training.metrics();
  Violations violations;
  if (!input.metrics.empty()) {
    metrics.Assign(input.metrics.begin(), input.metrics.end());
    const bool class_targets = pipeline.state().target().has_classes();
    const MetricShapes shapes = {
        .outputs = outputs, .class_targets = class_targets, .logits = FromLogits(training.loss())};
    ResolveMetrics(metrics, &shapes, "metrics", violations);
    if (!class_targets)
      CheckMetricsOfNumbers(metrics, input.table->header(), "metrics", violations);
  }
  const std::string& weight_column = training.sample_weight_column();
  const bool weighted =
      !weight_column.empty() && input.table->FindColumn(weight_column).has_value();
  const absl::StatusOr<std::unique_ptr<RowSource>> bound =
      pipeline.Bind(input.table, /*with_targets=*/true, weighted ? weight_column : "");
  if (!bound.ok() && !absl::IsInvalidArgument(bound.status())) return bound.status();
  violations.Add(bound.status());
  const absl::StatusOr<std::vector<uint32_t>> selected = SelectRows(input);
  if (absl::IsInvalidArgument(selected.status())) violations.Add(selected.status());
  FITD_RETURN_IF_ERROR(violations.ToStatus());
  FITD_RETURN_IF_ERROR(selected.status());
  if (input.validate_only) return v1::EvaluateResponse();
  const std::unique_ptr<RowSource>& source = *bound;
  const std::vector<uint32_t>& rows = *selected;
  FITD_ASSIGN_OR_RETURN(const TargetInverse inverse,
                        TargetInverse::Create(pipeline.state().target(), outputs, training.loss()));

  const KernelArithmetic arithmetic;
  const int64_t target_width = source->target_width();
  std::vector<float> features(kChunk * static_cast<size_t>(source->feature_width()));
  std::vector<float> targets(kChunk * static_cast<size_t>(target_width));
  std::vector<float> predictions(kChunk * static_cast<size_t>(outputs));
  std::vector<float> weights(weighted ? kChunk : 0);
  LossSum loss(training.loss(), outputs, target_width);
  MetricSet metric_set(metrics, outputs);
  std::optional<ClassTable> classes = MakeClassTable(*input.version, outputs);
  double activity_penalty = 0;
  for (size_t begin = 0; begin < rows.size(); begin += kChunk) {
    const std::span<const uint32_t> chunk(rows.data() + begin,
                                          std::min(kChunk, rows.size() - begin));
    source->GatherFeatures(chunk, features.data());
    source->GatherTargets(chunk, targets.data());
    if (weighted) source->GatherSampleWeights(chunk, weights.data());
    if (!input.predictor->Predict(features.data(), static_cast<int64_t>(chunk.size()),
                                  predictions.data(), input.cancelled, &activity_penalty)) {
      return absl::CancelledError();
    }
    const MetricBatch batch{.rows = static_cast<int64_t>(chunk.size()),
                            .outputs = outputs,
                            .predictions = predictions.data(),
                            .targets = targets.data(),
                            .target_width = target_width};
    loss.Add(batch, weighted ? weights.data() : nullptr);
    metric_set.Update(batch);
    if (classes) classes->Add(batch);
  }

  v1::EvaluateResponse response;
  response.set_rows(static_cast<int64_t>(rows.size()));
  const double penalties =
      input.predictor->weight_penalty() + activity_penalty / static_cast<double>(rows.size());
  std::optional<double> mean = loss.Mean();
  if (mean) *mean += penalties * inverse.loss_unit();
  *response.add_metrics() = MakeMetricValue("loss", mean);
  for (v1::MetricValue& value : metric_set.Results()) *response.add_metrics() = std::move(value);
  if (classes) classes->Report(response);
  return response;
}

}  // namespace fitd
