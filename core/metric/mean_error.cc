#include "core/metric/mean_error.h"

#include <cmath>

namespace fitd {
namespace {

double Error(const MetricBatch& batch, int64_t row, int64_t output) {
  return static_cast<double>(batch.Target(row, output)) -
         static_cast<double>(batch.Prediction(row, output));
}

}  // namespace

void MeanSquaredError::Update(const MetricBatch& batch) {
  for (int64_t row = 0; row < batch.rows; ++row) {
    for (int64_t output = 0; output < batch.outputs; ++output) {
      const double error = Error(batch, row, output);
      sum() += error * error;
    }
  }
  Count(batch.rows * batch.outputs);
}

std::optional<double> RootMeanSquaredError::Result() const {
  const std::optional<double> mean = MeanSquaredError::Result();
  return mean ? std::optional(std::sqrt(*mean)) : std::nullopt;
}

void MeanAbsoluteError::Update(const MetricBatch& batch) {
  for (int64_t row = 0; row < batch.rows; ++row) {
    for (int64_t output = 0; output < batch.outputs; ++output)
      sum() += std::abs(Error(batch, row, output));
  }
  Count(batch.rows * batch.outputs);
}

}  // namespace fitd
