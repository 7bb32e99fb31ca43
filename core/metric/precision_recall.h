// Precision and recall over outputs that are positive above a threshold.

#ifndef FITD_CORE_METRIC_PRECISION_RECALL_H_
#define FITD_CORE_METRIC_PRECISION_RECALL_H_

#include <cstdint>
#include <optional>

#include "core/metric/metric.h"

namespace fitd {

// Outputs above the threshold against targets other than 0, of one class or of all together.
class PositiveCounts {
 public:
  PositiveCounts(float threshold, std::optional<int64_t> class_id)
      : threshold_(threshold), class_id_(class_id) {}
  void Reset();
  void Update(const MetricBatch& batch);

  int64_t true_positives() const { return true_positives_; }
  int64_t predicted_positives() const { return predicted_positives_; }
  int64_t actual_positives() const { return actual_positives_; }

 private:
  const float threshold_;
  const std::optional<int64_t> class_id_;
  int64_t true_positives_ = 0;
  int64_t predicted_positives_ = 0;
  int64_t actual_positives_ = 0;
};

// True positives / predicted positives. keras.metrics.Precision, but absent rather than 0 when
// nothing was predicted positive.
class Precision final : public Metric {
 public:
  Precision(float threshold, std::optional<int64_t> class_id) : counts_(threshold, class_id) {}
  void Reset() override { counts_.Reset(); }
  void Update(const MetricBatch& batch) override { counts_.Update(batch); }
  std::optional<double> Result() const override;

 private:
  PositiveCounts counts_;
};

// True positives / actual positives. keras.metrics.Recall, but absent rather than 0 when no target
// is positive.
class Recall final : public Metric {
 public:
  Recall(float threshold, std::optional<int64_t> class_id) : counts_(threshold, class_id) {}
  void Reset() override { counts_.Reset(); }
  void Update(const MetricBatch& batch) override { counts_.Update(batch); }
  std::optional<double> Result() const override;

 private:
  PositiveCounts counts_;
};

}  // namespace fitd

#endif  // FITD_CORE_METRIC_PRECISION_RECALL_H_
