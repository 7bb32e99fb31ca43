// Means of errors over rows and outputs.

#ifndef FITD_CORE_METRIC_MEAN_ERROR_H_
#define FITD_CORE_METRIC_MEAN_ERROR_H_

#include <cstdint>
#include <optional>

#include "core/metric/metric.h"

namespace fitd {

// mean((y - p)^2). keras.metrics.MeanSquaredError.
class MeanSquaredError : public MeanMetric {
 public:
  void Update(const MetricBatch& batch) override;
};

// sqrt(mean((y - p)^2)). keras.metrics.RootMeanSquaredError.
class RootMeanSquaredError final : public MeanSquaredError {
 public:
  std::optional<double> Result() const override;
};

// mean(|y - p|). keras.metrics.MeanAbsoluteError.
class MeanAbsoluteError final : public MeanMetric {
 public:
  void Update(const MetricBatch& batch) override;
};

}  // namespace fitd

#endif  // FITD_CORE_METRIC_MEAN_ERROR_H_
