// The share of the targets' variance that predictions explain.

#ifndef FITD_CORE_METRIC_R2_SCORE_H_
#define FITD_CORE_METRIC_R2_SCORE_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/metric/metric.h"

namespace fitd {

// 1 - sum((y - p)^2) / sum((y - mean(y))^2), averaged over outputs. keras.metrics.R2Score
// (uniform_average), but absent rather than 0 or NaN when the targets of an output are all alike.
class R2Score final : public Metric {
 public:
  explicit R2Score(int64_t outputs)
      : Metric(1 + kSums * static_cast<size_t>(outputs)), outputs_(outputs) {}
  void Update(const MetricBatch& batch) override;
  std::optional<double> Result() const override;

 private:
  // Of each output; state(0) counts the rows. Targets are counted from the first row's (the
  // origin), so that a large mean does not swallow their variance.
  enum Sum : size_t { kOrigin, kTargets, kSquares, kResiduals, kSums };
  static size_t At(int64_t output, Sum sum) {
    return 1 + kSums * static_cast<size_t>(output) + sum;
  }

  const int64_t outputs_;
};

}  // namespace fitd

#endif  // FITD_CORE_METRIC_R2_SCORE_H_
