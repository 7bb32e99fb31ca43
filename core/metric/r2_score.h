// The share of the targets' variance that predictions explain.

#ifndef FITD_CORE_METRIC_R2_SCORE_H_
#define FITD_CORE_METRIC_R2_SCORE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "core/metric/metric.h"

namespace fitd {

// 1 - sum((y - p)^2) / sum((y - mean(y))^2), averaged over outputs. keras.metrics.R2Score
// (uniform_average), but absent rather than 0 or NaN when the targets of an output are all alike.
class R2Score final : public Metric {
 public:
  explicit R2Score(int64_t outputs) : sums_(static_cast<size_t>(outputs)) {}
  void Reset() override;
  void Update(const MetricBatch& batch) override;
  std::optional<double> Result() const override;

 private:
  // Targets are counted from the first row's, so that a large mean does not swallow their variance.
  struct Sums {
    double origin = 0;
    double targets = 0;
    double squares = 0;
    double residuals = 0;
  };
  std::vector<Sums> sums_;
  int64_t rows_ = 0;
};

}  // namespace fitd

#endif  // FITD_CORE_METRIC_R2_SCORE_H_
