// The share of predictions that are right.

#ifndef FITD_CORE_METRIC_ACCURACY_H_
#define FITD_CORE_METRIC_ACCURACY_H_

#include <cstdint>

#include "core/metric/metric.h"

namespace fitd {

// Share of outputs for which (output > threshold) equals the target. keras.metrics.BinaryAccuracy.
class BinaryAccuracy final : public MeanMetric {
 public:
  explicit BinaryAccuracy(float threshold) : threshold_(threshold) {}
  void Update(const MetricBatch& batch) override;

 private:
  const float threshold_;
};

// Share of rows whose largest output is at the target's class. keras.metrics.CategoricalAccuracy
// and SparseCategoricalAccuracy: they differ in how targets are stored, which MetricBatch hides.
class CategoricalAccuracy final : public MeanMetric {
 public:
  void Update(const MetricBatch& batch) override;
};

// Share of rows in which fewer than k outputs are larger than that of the target's class, so that
// ties at the border count as right. keras.metrics.TopKCategoricalAccuracy.
class TopKCategoricalAccuracy final : public MeanMetric {
 public:
  explicit TopKCategoricalAccuracy(int64_t k) : k_(k) {}
  void Update(const MetricBatch& batch) override;

 private:
  const int64_t k_;
};

}  // namespace fitd

#endif  // FITD_CORE_METRIC_ACCURACY_H_
