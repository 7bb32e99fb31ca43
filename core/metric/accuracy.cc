#include "core/metric/accuracy.h"

#include <algorithm>

namespace fitd {

void BinaryAccuracy::Update(const MetricBatch& batch) {
  for (int64_t row = 0; row < batch.rows; ++row) {
    for (int64_t output = 0; output < batch.outputs; ++output) {
      const float answer = batch.Prediction(row, output) > threshold_ ? 1.0F : 0.0F;
      sum() += answer == batch.Target(row, output) ? 1 : 0;
    }
  }
  Count(batch.rows * batch.outputs);
}

void CategoricalAccuracy::Update(const MetricBatch& batch) {
  for (int64_t row = 0; row < batch.rows; ++row) {
    sum() += batch.PredictedClass(row) == batch.TargetClass(row) ? 1 : 0;
  }
  Count(batch.rows);
}

void TopKCategoricalAccuracy::Update(const MetricBatch& batch) {
  for (int64_t row = 0; row < batch.rows; ++row) {
    const float* outputs = batch.predictions + row * batch.outputs;
    const float target = outputs[batch.TargetClass(row)];
    const int64_t larger = std::count_if(outputs, outputs + batch.outputs,
                                         [&](float output) { return output > target; });
    sum() += larger < k_ ? 1 : 0;
  }
  Count(batch.rows);
}

}  // namespace fitd
