// Means of errors over rows and outputs.

#ifndef FITD_CORE_METRIC_MEAN_ERROR_H_
#define FITD_CORE_METRIC_MEAN_ERROR_H_

#include <cstdint>
#include <optional>

#include "core/metric/metric.h"

namespace fitd {

// mean((y - p)^2). keras.metrics.MeanSquaredError.
class MeanSquaredError : public Metric {
 public:
  void Reset() override;
  void Update(const MetricBatch& batch) override;
  std::optional<double> Result() const override;

 private:
  double sum_ = 0;
  int64_t count_ = 0;
};

// sqrt(mean((y - p)^2)). keras.metrics.RootMeanSquaredError.
class RootMeanSquaredError final : public MeanSquaredError {
 public:
  std::optional<double> Result() const override;
};

// mean(|y - p|). keras.metrics.MeanAbsoluteError.
class MeanAbsoluteError final : public Metric {
 public:
  void Reset() override;
  void Update(const MetricBatch& batch) override;
  std::optional<double> Result() const override;

 private:
  double sum_ = 0;
  int64_t count_ = 0;
};

}  // namespace fitd

#endif  // FITD_CORE_METRIC_MEAN_ERROR_H_
