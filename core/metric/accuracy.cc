#include "core/metric/accuracy.h"

#include <algorithm>

namespace fitd {

void BinaryAccuracy::Reset() { right_ = count_ = 0; }

void BinaryAccuracy::Update(const MetricBatch& batch) {
  for (int64_t row = 0; row < batch.rows; ++row) {
    for (int64_t output = 0; output < batch.outputs; ++output) {
      const float answer = batch.Prediction(row, output) > threshold_ ? 1.0F : 0.0F;
      right_ += answer == batch.Target(row, output) ? 1 : 0;
    }
  }
  count_ += batch.rows * batch.outputs;
}

std::optional<double> BinaryAccuracy::Result() const {
  return Ratio(static_cast<double>(right_), static_cast<double>(count_));
}

void CategoricalAccuracy::Reset() { right_ = rows_ = 0; }

void CategoricalAccuracy::Update(const MetricBatch& batch) {
  for (int64_t row = 0; row < batch.rows; ++row) {
    right_ += batch.PredictedClass(row) == batch.TargetClass(row) ? 1 : 0;
  }
  rows_ += batch.rows;
}

std::optional<double> CategoricalAccuracy::Result() const {
  return Ratio(static_cast<double>(right_), static_cast<double>(rows_));
}

void TopKCategoricalAccuracy::Reset() { right_ = rows_ = 0; }

void TopKCategoricalAccuracy::Update(const MetricBatch& batch) {
  for (int64_t row = 0; row < batch.rows; ++row) {
    const float* outputs = batch.predictions + row * batch.outputs;
    const float target = outputs[batch.TargetClass(row)];
    const int64_t larger = std::count_if(outputs, outputs + batch.outputs,
                                         [&](float output) { return output > target; });
    right_ += larger < k_ ? 1 : 0;
  }
  rows_ += batch.rows;
}

std::optional<double> TopKCategoricalAccuracy::Result() const {
  return Ratio(static_cast<double>(right_), static_cast<double>(rows_));
}

}  // namespace fitd
