// The area under the receiver operating characteristic, from a histogram of the outputs.

#ifndef FITD_CORE_METRIC_AUC_H_
#define FITD_CORE_METRIC_AUC_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/metric/metric.h"

namespace fitd {

// Trapezoids between `thresholds` evenly spaced thresholds from 0 to 1, all outputs together.
// keras.metrics.AUC with curve "ROC", but absent rather than 0 when all targets are alike.
class Auc final : public Metric {
 public:
  Auc(int64_t thresholds, bool from_logits);
  void Update(const MetricBatch& batch) override;
  std::optional<double> Result() const override;

 private:
  // Bucket i: targets with an output in (i, i + 1] / (thresholds - 1). The first also holds outputs
  // of 0 and below, since Keras moves the outer thresholds a little outwards; outputs above 1 count
  // as 1. All positive targets' buckets, then all negative ones'.
  double positives(size_t bucket) const { return state(bucket); }
  double negatives(size_t bucket) const { return state(buckets_ + bucket); }

  const size_t buckets_;
  const bool from_logits_;
};

}  // namespace fitd

#endif  // FITD_CORE_METRIC_AUC_H_
