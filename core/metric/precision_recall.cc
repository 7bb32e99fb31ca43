#include "core/metric/precision_recall.h"

namespace fitd {

void PositiveCounts::Reset() { true_positives_ = predicted_positives_ = actual_positives_ = 0; }

void PositiveCounts::Update(const MetricBatch& batch) {
  const int64_t first = class_id_.value_or(0);
  const int64_t last = class_id_.value_or(batch.outputs - 1);
  for (int64_t row = 0; row < batch.rows; ++row) {
    for (int64_t output = first; output <= last; ++output) {
      const bool predicted = batch.Prediction(row, output) > threshold_;
      const bool actual = batch.Target(row, output) != 0;
      true_positives_ += predicted && actual ? 1 : 0;
      predicted_positives_ += predicted ? 1 : 0;
      actual_positives_ += actual ? 1 : 0;
    }
  }
}

std::optional<double> Precision::Result() const {
  return Ratio(static_cast<double>(counts_.true_positives()),
               static_cast<double>(counts_.predicted_positives()));
}

std::optional<double> Recall::Result() const {
  return Ratio(static_cast<double>(counts_.true_positives()),
               static_cast<double>(counts_.actual_positives()));
}

}  // namespace fitd
