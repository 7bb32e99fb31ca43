#include "core/metric/precision_recall.h"

namespace fitd {

void PositiveMetric::Update(const MetricBatch& batch) {
  const int64_t first = class_id_.value_or(0);
  const int64_t last = class_id_.value_or(batch.outputs - 1);
  for (int64_t row = 0; row < batch.rows; ++row) {
    for (int64_t output = first; output <= last; ++output) {
      const bool predicted = batch.Prediction(row, output) > threshold_;
      const bool actual = batch.Target(row, output) != 0;
      state(0) += predicted && actual ? 1 : 0;
      state(1) += predicted ? 1 : 0;
      state(2) += actual ? 1 : 0;
    }
  }
}

}  // namespace fitd
