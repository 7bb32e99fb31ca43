// Precision and recall over outputs that are positive above a threshold.

#ifndef FITD_CORE_METRIC_PRECISION_RECALL_H_
#define FITD_CORE_METRIC_PRECISION_RECALL_H_

#include <cstdint>
#include <optional>

#include "core/metric/metric.h"

namespace fitd {

// Outputs above the threshold against targets other than 0, of one class or of all together.
class PositiveMetric : public Metric {
 public:
  void Update(const MetricBatch& batch) override;

 protected:
  PositiveMetric(float threshold, std::optional<int64_t> class_id)
      : Metric(3), threshold_(threshold), class_id_(class_id) {}
  double true_positives() const { return state(0); }
  double predicted_positives() const { return state(1); }
  double actual_positives() const { return state(2); }

 private:
  const float threshold_;
  const std::optional<int64_t> class_id_;
};

// True positives / predicted positives. keras.metrics.Precision, but absent rather than 0 when
// nothing was predicted positive.
class Precision final : public PositiveMetric {
 public:
  Precision(float threshold, std::optional<int64_t> class_id)
      : PositiveMetric(threshold, class_id) {}
  std::optional<double> Result() const override {
    return Ratio(true_positives(), predicted_positives());
  }
};

// True positives / actual positives. keras.metrics.Recall, but absent rather than 0 when no target
// is positive.
class Recall final : public PositiveMetric {
 public:
  Recall(float threshold, std::optional<int64_t> class_id) : PositiveMetric(threshold, class_id) {}
  std::optional<double> Result() const override {
    return Ratio(true_positives(), actual_positives());
  }
};

}  // namespace fitd

#endif  // FITD_CORE_METRIC_PRECISION_RECALL_H_
